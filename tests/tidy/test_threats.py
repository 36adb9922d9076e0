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


SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5,
    "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2,
    "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4,
    "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2,
    "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1,
    "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip
"""How many requirements of levels 1 and 2 a section of ASVS 5.0.0 has; they come first in it."""
RANGE = re.compile(r"\b(\d+\.\d+)\.(\d+)(?: - \1\.(\d+))?")


def test_no_requirement_of_the_standard_is_passed_over() -> None:
    """Each of the 217 that could apply is met somewhere, or a deviation, or not to be had."""
    told = set()
    for section, first, last in RANGE.findall((ROOT / PAGES[1]).read_text("utf-8")):
        told |= {f"{section}.{n}" for n in range(int(first), int(last or first) + 1)}
    asked = {f"{name}.{n + 1}" for name, count in SECTIONS.items() for n in range(count)}
    assert len(asked) == 217
    assert asked - told == set()


def test_every_threat_has_a_test_or_a_reason() -> None:
    """No row is left with good words alone."""
    rows = list(ROW.finditer((ROOT / PAGES[0]).read_text("utf-8")))
    bare = [row["id"] for row in rows if not NAMED.search(row[0]) and "| Reason: " not in row[0]]
    assert bare == []
    assert {row["id"][0] for row in rows} == set("STRIDE")
