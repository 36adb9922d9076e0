"""What `--help` and wrong usage say, in the language of the box or of the terminal."""

import argparse
import contextlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from edge.cli.output import columns
from edge.cli.words import CONFIG, known_language

_WIDE: Final = "\u2e80-\uffef"
UNIT: Final = re.compile(rf"\s*(?:[（“]*(?:[{_WIDE}]|[^\s{_WIDE}“”]+)[，。；：、）”]*|[“”])")
"""What stays on one line: a word, or a Chinese character; with the marks that belong to it."""


class Formatter(argparse.HelpFormatter):
    """Breaks lines by the columns that they take at a terminal, Chinese between any two words."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in wrapped(text, width - len(indent)))


def wrapped(text: str, width: int) -> list[str]:
    """Return a text as lines of at most so many columns, but no shorter than a word."""
    lines = [""]
    for unit in UNIT.findall(" ".join(text.split())):
        if lines[-1] and columns(lines[-1] + unit) > width:
            lines.append("")
        lines[-1] += unit if lines[-1] else unit.lstrip()
    return lines


def spoken(words: Sequence[str]) -> str:
    """Return the language that a command line is answered in: `zh`, `en`, or empty for both."""
    said = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    said.add_argument("--config", type=Path, default=CONFIG)
    said.add_argument("--language", default="")
    try:
        return known_language(said.parse_known_args(words)[0])
    except argparse.ArgumentError:  # the real parser says what is wrong
        return known_language(said.parse_args([]))


@contextlib.contextmanager
def speaking(parser: argparse.ArgumentParser, language: str) -> Iterator[None]:
    """Let a parser and those of its verbs say everything in a language."""
    for verb, each in verbs_of(parser):
        each.formatter_class = Formatter
        if language == "en":
            continue
        each.description = _said(each.description, chinese()["descriptions"].get(verb), language)
        each.epilog = _line(each.epilog, language)
        for group in each._action_groups:  # noqa: SLF001 - argparse has no public way to these
            group.title = _line(group.title, language)
        for action in told_of(each):
            action.help = _line(action.help, language)
    with _taught(chinese()["argparse"] if language == "zh" else {}):
        yield


def verbs_of(
    parser: argparse.ArgumentParser, verb: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield each verb, as it is typed, and its parser; the whole first, as an empty verb."""
    yield verb, parser
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for name, below in action.choices.items():
                yield from verbs_of(below, f"{verb} {name}".strip())


def told_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield what one parser's help lists: its arguments, and its verbs with a line each."""
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            yield from action._choices_actions  # noqa: SLF001
        else:
            yield action


@cache
def chinese() -> dict[str, dict[str, str]]:
    """Return the Chinese of all that help says."""
    return tomllib.loads(files("edge.cli").joinpath("help_zh.toml").read_text("utf-8"))


def _line(en: str | None, language: str) -> str | None:
    words = chinese()
    return _said(en, words["lines"].get(en or "", words["argparse"].get(en or "")), language)


def _said(en: str | None, zh: str | None, language: str) -> str | None:
    """Return the Chinese of a text; both where the language is not known."""
    if not (en and zh):
        return en
    return zh if language == "zh" else f"{en} {zh}"


@contextlib.contextmanager
def _taught(words: dict[str, str]) -> Iterator[None]:
    """Give argparse its own words: it asks gettext, which reads nothing but compiled catalogues."""

    def one_or_more(one: str, more: str, count: int) -> str:
        return words.get(one if count == 1 else more, one if count == 1 else more)

    asked: dict[str, Any] = vars(argparse)
    before = {name: asked[name] for name in ("_", "ngettext")}
    asked |= {"_": lambda text: words.get(text, text), "ngettext": one_or_more}
    try:
        yield
    finally:
        asked |= before
