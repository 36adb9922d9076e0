"""What libraries and drivers say is known in Chinese."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.domain.foreign import TABLES, in_chinese

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile("[\u4e00-\u9fff]")
FILES = [
    *(ROOT / "drivers/transports").glob("*.py"),
    *(ROOT / "drivers/vision").glob("*.py"),
    *(ROOT / "drivers/labels").glob("*.py"),
    ROOT / "drivers/fonts.py",
    ROOT / "drivers/templates.py",
    ROOT / "drivers/discovery/nets.py",
    ROOT / "drivers/registry.py",
    ROOT / "drivers/scanners/registry.py",
    ROOT / "edge/boxlabel.py",
]
"""Whose errors a person at a site meets: addresses, networks, cables, photos, labels."""
ERRORS = ("DriverError", "ImageError", "LabelError")


def said(path: Path) -> list[str]:
    """Return the texts that a module's errors are raised with, {} where something is filled in.

    A registry says what is wrong with an address by `ValueError`s.
    """
    errors = (*ERRORS, "ValueError") if path.stem == "registry" else ERRORS
    calls = [
        call
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in errors
    ]
    texts = [_template(each) for call in calls for each in call.args]
    return [text for text in texts if " " in text]


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    return "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_person_at_a_site_meets_is_known_in_chinese(path: Path) -> None:
    """Each cause and each hint, as it is raised (DEV-2, OPS-3)."""
    filled = [text.replace("{}", "7") for text in said(path)]
    assert [text for text in filled if not CHINESE.search(in_chinese(text))] == []


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("a = ", "值写得不对：文字要加引号（文件末尾）"),
        ("[box\nid = 1", "表名后面缺 ]（第 1 行第 5 列）"),
        ("a = 1\na = 2", "同一个键写了两次（文件末尾）"),
        ("[a]\n[a]", "('a',) 写了两次（第 2 行第 3 列）"),
        ('a = "x', "文字缺右边的引号（文件末尾）"),
        ("a 1", "键的后面缺 =（第 1 行第 3 列）"),
        ("a = 1 2", "一行只能写一项：后面多了东西（第 1 行第 7 列）"),
    ],
)
def test_what_is_wrong_with_a_toml_file_is_said_in_chinese(text: str, chinese: str) -> None:
    """A slip in the configuration is named with its place (OPS-3, RULE-1)."""
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    assert in_chinese(str(caught.value)) == chinese


@given(st.text(max_size=99))
@example("Expected {}")
def test_any_text_comes_back(text: str) -> None:
    """What is not known stays as it is; nothing breaks."""
    assert in_chinese(text) == text or CHINESE.search(in_chinese(text))


def test_each_chinese_text_takes_what_is_filled_in() -> None:
    """As many places in Chinese as in English."""
    for table in TABLES:
        for english, chinese in table.items():
            assert len(set(re.findall(r"\{\d\}", chinese))) == english.count("{}"), english
