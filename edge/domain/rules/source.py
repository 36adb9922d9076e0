"""Reads the text of a ruleset, and finds the lines on which its parts stand.

Neither parser says where a value stood, so the text of a faulty document is walked once more. The
walk is over text that has parsed, or up to where it did not: it may stop anywhere, and then what
lies behind is located by what contains it.
"""

import contextlib
import json
import re
import tomllib
from typing import Any, Final

from edge.domain.rules.problems import LineOf, Path, RulesetError, problem

DEPTH_MAX: Final = 24
"""A document is nowhere deeper than half of this."""
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^\s.=:\[\]{}",]+')
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'(?:.|\n)*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_PLAIN: Final = re.compile(r"[^\s,\]}#]+")
_NAME: Final = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_DEEP_KEY: Final = re.compile(rf"(?<![\w-])(?:{_NAME}\.[ \t]*+){{{DEPTH_MAX}}}")
"""The TOML parser's memory grows with the square of a dotted key's length."""
_TOML_AT: Final = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")


def parse(raw: bytes) -> dict[str, Any]:
    """Return the tables of a document: JSON if it begins with a brace, TOML otherwise.

    Raises:
        RulesetError: it is neither; the problem names the line.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unreadable(line, "utf8") from error
    if deep := _DEEP_KEY.search(text):
        raise _too_deep(text.count("\n", 0, deep.start()) + 1)
    try:
        return _parse_json(text) if is_json(text) else tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        at = _TOML_AT.search(str(error))
        line = int(at[1]) if at and at[1] else text.count("\n") + 1
        raise _unreadable(line, "toml", said=str(error)) from error
    except json.JSONDecodeError as error:
        raise _unreadable(error.lineno, "json", said=error.msg) from error
    except RecursionError as error:
        raise _too_deep(0) from error
    except _TwiceError as error:
        raise _unreadable(0, "twice", key=str(error)) from error
    except ValueError as error:  # a number of thousands of digits
        raise _unreadable(0, "value", said=str(error)) from error


def is_json(text: str) -> bool:
    """Tell whether a document is JSON."""
    return text.lstrip()[:1] == "{"


class _TwiceError(Exception):
    """A key stands twice in one object of JSON."""


def _unreadable(line: int, what: str, **facts: str | int) -> RulesetError:
    return RulesetError([problem("", line, f"syntax.{what}", facts)])


def _too_deep(line: int) -> RulesetError:
    return _unreadable(line, "deep")


def _parse_json(text: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _TwiceError(twice)
        return table

    table: dict[str, Any] = json.loads(text, object_pairs_hook=once)
    return table


def locate(raw: bytes) -> LineOf:
    """Return what finds the line of a path; of what is not there, that of what should hold it."""
    lines: dict[Path, int] = {}

    def line_of(path: Path) -> int:
        if not lines:
            walk = _Walk(raw.decode(errors="replace"))
            with contextlib.suppress(_LostError):
                walk.document()
            lines.update(walk.lines)
            lines[()] = 0
        while path not in lines:
            path = path[:-1]
        return lines[path]

    return line_of


class _LostError(Exception):
    """The walk does not understand the text here."""


class _Walk:
    """Finds keys and values; knows no more of their meaning than where they begin and end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._mark = ":" if is_json(text) else "="
        self._at = 0
        self._line = 1
        self._counted = 0
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        """Walk through all of it."""
        if self._mark == ":":
            self._value(())
            return
        table: Path = ()
        tables: dict[Path, int] = {}
        while self._skip() < len(self._text):
            if self._text[self._at] == "[":
                table = self._header(tables)
            else:
                self._pair(table)

    def _header(self, tables: dict[Path, int]) -> Path:
        double = self._text.startswith("[[", self._at)
        self._at += 1 + double
        path: Path = ()
        for key in self._keys("]"):
            path = (*path, key)
            self._note(path)
            if path in tables:
                path = (*path, tables[path])
        if double:
            base = path[:-1] if path and isinstance(path[-1], int) else path
            tables[base] = tables.get(base, -1) + 1
            path = (*base, tables[base])
        self._at += 1 + double
        self._note(path)
        return path

    def _pair(self, table: Path, depth: int = 0) -> None:
        path = table
        begin = self._at
        for key in self._keys(self._mark):
            path = (*path, key)
            self._note(path, begin)
        self._at += 1
        self._value(path, depth)

    def _keys(self, end: str) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip()
            found = _KEY.match(self._text, self._at)
            if found is None or len(keys) == DEPTH_MAX:
                raise _LostError
            keys.append(_unquoted(found[0]))
            self._at = found.end()
            self._skip()
            if self._text.startswith(end, self._at):
                return keys
            if not self._text.startswith(".", self._at):
                raise _LostError
            self._at += 1

    def _value(self, path: Path, depth: int = 0) -> None:
        self._skip()
        self.lines.setdefault(path, self._line_at(self._at))
        first = self._text[self._at : self._at + 1]
        if depth == DEPTH_MAX or not first:
            raise _LostError
        if first == "[":
            self._items(path, "]", depth)
        elif first == "{":
            self._items(path, "}", depth)
        else:
            pattern = _STRING if first in "\"'" else _PLAIN
            found = pattern.match(self._text, self._at)
            if found is None:
                raise _LostError
            self._at = found.end()

    def _items(self, path: Path, end: str, depth: int) -> None:
        self._at += 1
        n = 0
        while True:
            self._skip()
            if self._text.startswith(end, self._at):
                self._at += 1
                return
            if end == "]":
                self._value((*path, n), depth + 1)
            else:
                self._pair(path, depth + 1)
            n += 1
            self._skip()
            if self._text.startswith(",", self._at):
                self._at += 1
            elif not self._text.startswith(end, self._at):
                raise _LostError

    def _skip(self) -> int:
        found = _BLANK.match(self._text, self._at)
        assert found is not None
        self._at = found.end()
        return self._at

    def _note(self, path: Path, at: int | None = None) -> None:
        self.lines.setdefault(path, self._line_at(self._at if at is None else at))

    def _line_at(self, at: int) -> int:
        if at > self._counted:
            self._line += self._text.count("\n", self._counted, at)
            self._counted = at
        return self._line


def _unquoted(key: str) -> str:
    if key[:1] == '"':
        try:
            return str(json.loads(key))
        except ValueError:
            return key[1:-1]
    return key[1:-1] if key[:1] == "'" else key
