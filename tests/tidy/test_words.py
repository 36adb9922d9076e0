"""What a person at a shell is told has both languages."""

import argparse
import ast
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.__main__ import command_line
from edge.cli.helping import UNIT, chinese, told_of, verbs_of, wrapped
from edge.cli.output import columns

ROOT = Path(__file__).resolve().parents[2]
TELLS = {"say", "fail"}
"""What prints a line; the text it is given comes from `worded`, or is the same in any language."""
WORD = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
"""Two words of English: what a table, a name or a mark has not."""
SAME = {"serving {}", "hub at {}", "{} => floorgate doctor --fix"}
"""What whoever started a service reads of it, and commands."""
HAN = re.compile(r"[\u4e00-\u9fff]")
PLAIN = {"%(prog)s：%(message)s\n"}
"""What is Chinese by its marks alone."""
DEVELOPERS = {"bench.py", "demo.py", "docs.py", "fake_printers.py", "labels.py", "orders.py"}
"""Verbs of whoever builds Floorgate or an order hub; the run-book names none of them."""


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield place and text of each line that a file prints in English alone."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in TELLS and call.args:
            text = _literal(call.args[0])
            if WORD.search(text) and text not in SAME:
                yield f"{path.name}:{call.lineno}", text


def _literal(node: ast.expr) -> str:
    """Return what stands in a text as it is, with `{}` for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(each) for each in node.values)
    return "{}"


def test_no_verb_of_the_run_book_prints_a_line_in_english_alone() -> None:
    """`say` and `fail` get their texts from `worded`, which needs both (OPS-3).

    An error's two texts are demanded by the types: `ToldError(en, zh)`.
    """
    verbs = sorted((ROOT / "edge" / "cli").glob("*.py"))
    found = [each for path in verbs if path.name not in DEVELOPERS for each in _texts(path)]
    assert found == []
    assert len(verbs) - len(DEVELOPERS) > len(DEVELOPERS)


def _one_line(text: str | None) -> list[str]:
    return [" ".join(text.split())] if text else []


def test_each_verb_and_argument_explains_itself_in_both_languages() -> None:
    """`--help` has a line for everything, and help_zh.toml its Chinese and nothing besides."""
    zh = chinese()
    lines, descriptions = set(), set()
    for verb, parser in verbs_of(command_line()):
        descriptions |= {verb} if parser.description else set()
        lines.update(_one_line(parser.epilog))
        lines.update(group.title or "" for group in parser._action_groups)
        for action in told_of(parser):
            assert action.help, f"{verb} {action.dest} has no line"
            lines.add(action.help)
    assert sorted(lines - {*zh["lines"], *zh["argparse"]}) == []
    assert sorted(set(zh["lines"]) - lines) == []
    assert descriptions == set(zh["descriptions"])
    assert all(
        HAN.search(text) for table in zh.values() for text in table.values() if text not in PLAIN
    )


def test_what_argparse_says_of_wrong_usage_is_known_as_it_says_it() -> None:
    """The Chinese of its words stands under their English, as the library has them."""
    source = inspect.getsource(argparse)
    known = {repr(text)[1:-1] for text in chinese()["argparse"]}
    assert sorted(text for text in known if text not in source) == []


@pytest.mark.parametrize(
    ("locale", "says"),
    [
        ("zh_CN.UTF-8", ["用法：floorgate restore", "缺少参数：FILE"]),
        ("en_GB.UTF-8", ["usage: floorgate restore", "are required: FILE"]),
    ],
)
def test_wrong_usage_is_told_in_the_language_of_the_terminal(locale: str, says: list[str]) -> None:
    """Where no box says another; exit code 2 (OPS-3)."""
    command = [sys.executable, "-m", "edge", "restore", "--config", "/none"]
    ran = subprocess.run(
        command, env=os.environ | {"LC_ALL": locale}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert [each for each in says if each not in ran.stderr] == []


def test_where_neither_box_nor_terminal_says_a_language_both_are_said(tmp_path: Path) -> None:
    """A start from systemd with a broken configuration is read by whoever looks (OPS-3)."""
    command = [sys.executable, "-m", "edge", "serve", "--config", str(tmp_path / "none.toml")]
    ran = subprocess.run(
        command, env=os.environ | {"LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        f"floorgate: {tmp_path}/none.toml：没有这个文件或文件夹；请用 --config 文件 指定另一个",
        f"{tmp_path}/none.toml: No such file or directory; give another with --config FILE",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('language = "zh"', ["没有 `dta` 这个键"]),
        ("language = 'en'", ["there is no key `dta`"]),
        ("language = zh", ["不是 TOML", "not TOML"]),
        ('language = "fr"', ["没有 `dta` 这个键", "there is no key `dta`"]),
    ],
)
def test_a_wrong_configuration_is_told_in_the_language_that_it_says(
    tmp_path: Path, line: str, said: list[str]
) -> None:
    """In both where it says none that can be read, whatever the terminal speaks (OPS-3)."""
    config = tmp_path / "floorgate.toml"
    config.write_text(f'dta = "/d"\n[box]\n{line}\n', "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "edge", "serve", "--config", str(config)],
        env=os.environ | {"LC_ALL": "en_GB.UTF-8"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = ran.stderr.splitlines()
    assert (ran.returncode, len(lines)) == (1, len(said)), ran.stderr
    assert [each for each, words in zip(lines, said, strict=True) if words not in each] == []


@given(st.text("ab 盒子，。（）“”\n", max_size=80), st.integers(10, 30))
def test_wrapped_text_keeps_every_character_within_the_width(text: str, width: int) -> None:
    """All but white space stays, in order; no line is wider, but where a word with its marks is."""
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert [line for line in lines if columns(line) > width and len(UNIT.findall(line)) > 1] == []
