"""The threat model, the standard's list and the page's goals name tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FILE = re.compile(r"`((?:edge|ui_pwa|docs|tests)/[\w/.]+\.\w+)`")
ROW = re.compile(r"^\| (?P<id>[STRIDE]\d+) \|.*$", re.MULTILINE)
PAGES = ("docs/THREAT_MODEL.md", "docs/ASVS.md", "docs/PDA_GOALS.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_named_test_is_there(page: str) -> None:
    """A row that names a test which was renamed or removed is out of date."""
    text = (ROOT / page).read_text("utf-8")
    found = {file: (ROOT / file).read_text("utf-8") for file, _ in NAMED.findall(text)}
    gone = [name for file, name in NAMED.findall(text) if f"def {name}(" not in found[file]]
    gone += [file for file in FILE.findall(text) if not (ROOT / file).exists()]
    assert gone == []


def test_every_threat_has_a_test_or_a_reason() -> None:
    """No row is left with good words alone."""
    rows = list(ROW.finditer((ROOT / PAGES[0]).read_text("utf-8")))
    bare = [row["id"] for row in rows if not NAMED.search(row[0]) and "| Reason: " not in row[0]]
    assert bare == []
    assert {row["id"][0] for row in rows} == set("STRIDE")
