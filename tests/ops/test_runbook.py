"""docs/OPERATIONS.md says only what there is, and the same in both languages."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from edge.http.assets import page_root

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
CHINESE, ENGLISH = PAGE.split('<a id="english"></a>')


def commands(text: str) -> list[list[str]]:
    """Return the words of each command in the code blocks, without sudo."""
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
    return [shlex.split(re.sub(r"^sudo (-u floorgate )?", "", line)) for line in lines if line]


OURS = sorted({tuple(words) for words in commands(PAGE) if words[0] == "floorgate"})


@cache
def help_of(*verbs: str) -> str:
    """Return what a verb says of itself; nothing where there is no such verb."""
    asked = [sys.executable, "-m", "edge", *verbs, "--help"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_each_command_of_the_run_book_exists(words: tuple[str, ...]) -> None:
    """The verb is there, and takes every option that the page gives it (OPS-3)."""
    has_group = "VERB" in help_of(words[1]) or "ACTION" in help_of(words[1])
    verbs = words[1 : 3 if has_group else 2]
    said = help_of(*verbs)
    assert said, f"no such verb: {' '.join(verbs)}"
    assert [each for each in words if each.startswith("--") and each not in said] == []


def test_each_installer_verb_and_unit_of_the_run_book_exists() -> None:
    """What it does with install.sh and systemctl can be done (OPS-1, OPS-2)."""
    script = (ROOT / "install.sh").read_text("utf-8")
    units = {path.name for path in (ROOT / "systemd").iterdir()} | {"floorgate"}
    for words in commands(PAGE):
        if words[0].endswith("install.sh") and words[1:2] not in ([], ["--"]):
            assert f"install.sh {words[1]}" in script, words
        if words[0] == "systemctl":
            named = {word for word in words if word.startswith("floorgate")}
            assert named, words
            assert named <= units, words


def test_both_languages_give_the_same_commands_in_the_same_order() -> None:
    """Names aside, a reader of either language does the same."""
    plain = [[w for w in words if w.isascii() and " " not in w] for words in commands(ENGLISH)]
    other = [[w for w in words if w.isascii() and " " not in w] for words in commands(CHINESE)]
    assert other == plain
    assert CHINESE.count("\n## ") == ENGLISH.count("\n## ")


def test_each_alarm_leads_to_its_section() -> None:
    """Every runbook link of docs/alerts.yml ends at a section, in both languages (REP-2)."""
    alerts = (ROOT / "docs" / "alerts.yml").read_text("utf-8")
    linked = set(re.findall(r"OPERATIONS\.md#([\w-]+)", alerts))
    assert linked == set(re.findall(r'<a id="([\w-]+)">', ENGLISH))
    assert linked == set(re.findall(r'<a id="zh-([\w-]+)">', CHINESE))


def test_what_the_installer_says_about_pdas_is_served() -> None:
    """The enrolment page that section 3 leads to is part of the box (SEC-1)."""
    assert (page_root() / "enrol" / "page.template").is_file()
