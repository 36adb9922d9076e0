# `make` lists what can be done. `make demo` and `make test` set up what they need by themselves.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euc
MAKEFLAGS += --no-print-directory

# tests start hundreds of processes: each module is compiled once
unexport PYTHONDONTWRITEBYTECODE

PY := .venv/bin/python
PYTEST := $(PY) -m pytest
# two workers, a file stays on one where its tests share something; PYTEST_ARGS="-n 0 -x -k name" looks closer
PYTEST_ARGS ?= -n 2 --dist loadfile
PAGE_TESTS := $(wildcard ui_pwa/test/*.test.js ui_pwa/test/*.test.mjs)
STAGES := lint types imports unit $(if $(PAGE_TESTS),page) \
  $(if $(wildcard tests/sim/test_*.py),sim) $(if $(wildcard tests/e2e/test_*.py),e2e)
ARGS ?=
# 2,000 power cuts and 500 kills; an end at each step of backup, restore, spare and rebuild;
# 15 minutes of seeds and 50,000 labels; 10,000 scans in a browser
PART ?= tests/store tests/ops tests/sim tests/e2e/test_chaos.py

.PHONY: help setup setup-run demo test lint types imports unit page sim e2e soak bench docs fmt lock clean \
  install uninstall release screens try-install transcript enrol

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install all that demo and test need (fast when it is there)
	@scripts/setup.sh test

setup-run:
	@scripts/setup.sh run

demo: setup-run ## the main job with a hub, the box and two virtual printers; ARGS="--speed 60"
	@exec .venv/bin/floorgate demo $(ARGS)

test: setup ## all checks and tests, as CI runs them
	@exec scripts/check.sh $(STAGES)

lint: setup ## ruff: rules and format
	@$(PY) -m ruff check --quiet .
	$(PY) -m ruff format --check --quiet . || {
	  $(PY) -m ruff format --check . | head -20; echo "lint: repair it by: make fmt"; exit 1; }

types: setup ## mypy, strict
	@$(PY) -m mypy

imports: setup ## who may import whom
	@.venv/bin/lint-imports --no-cache --no-logo

unit: setup ## unit, property and tidy tests
	@$(PYTEST) tests --ignore=tests/sim --ignore=tests/e2e --ignore=tests/bench $(PYTEST_ARGS)

transcript: setup ## what the requirement tests send and see, id by id
	@$(PY) -m tests.domain.transcript

enrol: setup ## from the box's label to a new PDA's first scan, zh and en: each step with its time
	@$(PYTEST) tests/e2e/test_enrol.py -k to_its_first_scan -n 0 -q -s

page: setup ## the PDA page's own tests and types, in Node.js
	@.venv/bin/node --test $(PAGE_TESTS)
	for project in ui_pwa/tsconfig.json ui_pwa/tsconfig.sw.json; do
	  .venv/bin/node .venv/node/node_modules/typescript/lib/tsc.js -p $$project; done

sim: setup ## hub, box and bots on a virtual clock, 200 seeds
	@$(PYTEST) tests/sim $(PYTEST_ARGS) --dist load # worlds share nothing

e2e: setup ## the whole in real processes and a real browser
	@$(PYTEST) tests/e2e $(PYTEST_ARGS) --tb short --dist worksteal # no long file is left for last

soak: setup ## the long runs, hours: power cuts, kills, many seeds, 10,000 scans; PART=tests/store
	@for part in $(PART); do
	  echo "soak: $$part; each line says how far it is"
	  FLOORGATE_SOAK=1 $(PYTEST) $$part -n 0 -s -v --durations 3
	done

bench: setup ## the figures, each beside the floor measured with it; ARGS="--json"
	@exec .venv/bin/floorgate bench all $(ARGS)

docs: setup ## write the generated documents
	@exec .venv/bin/floorgate docs

fmt: setup ## format, and repair what ruff can
	@$(PY) -m ruff check --quiet --fix-only .
	$(PY) -m ruff format --quiet .

lock: ## renew requirements/*.txt from pyproject.toml; ARGS="--upgrade" takes new versions
	@scripts/lock.sh $(ARGS)

clean: ## remove .venv, caches and demo data
	@rm -rf .venv .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find edge drivers sync tests -name __pycache__ -type d -prune -exec rm -rf {} +

install: ## put Floorgate on this machine, or upgrade it; as root; ARGS="-- --yes --name Hall"
	@./install.sh $(ARGS)

uninstall: ## remove it again; data stay; as root
	@./install.sh uninstall $(ARGS)

release: ## an archive with install.sh in dist/; ARGS=--with-wheels for a site without internet
	@scripts/release.sh $(ARGS)

screens: setup ## photograph every screen of the page into build/screens/index.html
	$(PY) -m tests.e2e.contact_sheet build/screens

try-install: ## a box's life on a fresh Debian in build/: install, upgrade, power cuts, restore; as root
	@scripts/setup.sh walk
	$(PY) -m tests.install.walk $(ARGS)
