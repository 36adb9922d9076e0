"""Placeholders and conditions: how a label's data gets into its template."""

import re
import string
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from drivers.api import LabelError

TEXT_CHARS_MAX: Final = 1_000
"""Longest text of one element, filled in."""

_NAME: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_CONDITION: Final = re.compile(r"(!?)([A-Za-z_][\w.]*)(?:\s*>\s*(\d{1,9}))?")


class Text(msgspec.Struct, frozen=True):
    """A text with placeholders: pairs of (words, field name or "")."""

    path: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def is_fixed(self) -> bool:
        """Whether it has no placeholder."""
        return not any(name for _, name in self.pairs)

    def fill(self, data: Mapping[str, Any]) -> str:
        """Return the text with the values of `data`; raise `LabelError` where one is missing."""
        filled = "".join(
            words + (_shown(self.path, name, data) if name else "") for words, name in self.pairs
        )
        if len(filled) > TEXT_CHARS_MAX:
            raise LabelError(
                self.path,
                f"the text is {len(filled)} characters long",
                f"a label text has at most {TEXT_CHARS_MAX}",
            )
        return filled


class Condition(msgspec.Struct, frozen=True):
    """`field`: present and not empty. `!field`: the opposite. `field > n`: a larger number."""

    path: str
    name: str
    is_negated: bool
    over: int | None

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Return whether it holds for `data`."""
        value = lookup(self.name, data)
        if self.over is None:
            return bool(value) is not self.is_negated
        if value is None:
            raise LabelError(self.path, f"the data has no '{self.name}'", "give a whole number")
        if not isinstance(value, int):
            cause = f"'{self.name}' is {value!r}, which is not a whole number"
            raise LabelError(self.path, cause, "give a whole number")
        return value > self.over


def compile_text(path: str, text: str) -> Text:
    """Return `text` ready to fill; `{{` and `}}` stand for braces."""
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise LabelError(path, str(error), "write {field}, and {{ for a brace itself") from error
    pairs = []
    for words, name, spec, conversion in parsed:
        if name is not None and (spec or conversion or not _NAME.fullmatch(name)):
            raise LabelError(
                path, f"'{{{name}}}' is not a field name", "write {name} or {group.name}"
            )
        pairs.append((words, name or ""))
    return Text(path, tuple(pairs))


def compile_condition(path: str, condition: str) -> Condition:
    """Return the condition written as `field`, `!field` or `field > n`."""
    match = _CONDITION.fullmatch(condition)
    if match is None or (match[1] and match[3]):
        raise LabelError(
            path, f"'{condition}' is not a condition", "write field, !field or field > 1"
        )
    return Condition(path, match[2], bool(match[1]), int(match[3]) if match[3] else None)


def lookup(name: str, data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of the dotted `name` in `data`, or None."""
    value: Any = data
    for step in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def _shown(path: str, name: str, data: Mapping[str, Any]) -> str:
    value = lookup(name, data)
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None:
        raise LabelError(
            path,
            f"the data has no '{name}'",
            f'give it, or draw the element only "when": "{name.partition(".")[0]}"',
        )
    raise LabelError(
        path, f"'{name}' is a {type(value).__name__}", "a label shows text and whole numbers"
    )
