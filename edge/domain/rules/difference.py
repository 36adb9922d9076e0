"""What differs between two rulesets, part by part."""

from typing import Any, Final

import msgspec

from edge.domain.rules.check import read
from edge.domain.rules.problems import Path, RulesetError, path_text

SHOWN_CHARS_MAX: Final = 160
_KEYS: Final = ("id", "code", "name", "state", "action")


class Change(msgspec.Struct, frozen=True):
    """A part that was added (`before` is None), dropped (`after` is None) or changed."""

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """Return it in one line."""
        if self.before is None:
            return f"+ {self.path}: {_short(self.after)}"
        if self.after is None:
            return f"- {self.path}: {_short(self.before)}"
        return f"~ {self.path}: {_short(self.before)} → {_short(self.after)}"


def diff_documents(old: bytes, new: bytes) -> list[Change]:
    """Return what was added, dropped and changed; the order of named parts counts as well.

    Raises:
        RulesetError: one of them cannot be read as a ruleset.
    """
    found: list[Change] = []
    _compare((), _tree(old), _tree(new), found)
    return found


def _tree(raw: bytes) -> Any:  # noqa: ANN401 - a tree of tables
    document, _, problems = read(raw)
    if document is None:
        raise RulesetError(problems)
    return msgspec.to_builtins(document)


def _compare(path: Path, old: Any, new: Any, found: list[Change]) -> None:  # noqa: ANN401
    if old == new:
        return
    before, after = _named(old), _named(new)
    if before is None or after is None:
        found.append(Change(path_text(path), old, new))
        return
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            found.append(Change(path_text((*path, name)), before[name], None))
        elif name not in before:
            found.append(Change(path_text((*path, name)), None, after[name]))
        else:
            _compare((*path, name), before[name], after[name], found)
    kept = [name for name in after if name in before]
    if isinstance(new, list | tuple) and kept != [name for name in before if name in after]:
        found.append(Change(f"{path_text(path)} (order)", [*before], [*after]))


def _named(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a tree of tables
    """Return a table, or a list of parts by their names; None for anything else."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list | tuple) or not all(isinstance(each, dict) for each in value):
        return None
    named: dict[str, Any] = {}
    for each in value:
        key = next((str(each[name]) for name in _KEYS if isinstance(each.get(name), str)), "")
        if "from" in each:  # a transition has no name of its own
            key = f"{key} {'+'.join(each['from'][:3])} → {each.get('to', '')}"
        while key in named:
            key += "'"
        named[key] = each
    return named


def _short(value: Any) -> str:  # noqa: ANN401 - a tree of tables
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}…"
