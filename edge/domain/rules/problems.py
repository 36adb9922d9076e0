"""What is wrong with a ruleset: every fault, where it stands, and what to write instead."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from edge.domain.model import Name
from edge.domain.rules.wording import TEXT_CHARS_MAX, choices, worded

Path = tuple[str | int, ...]
"""Where something stands in a document: keys and positions from the top."""
LineOf = Callable[[Path], int]
"""Path → line in the source, from 1; 0 where that is not known."""

PROBLEMS_MAX: Final = 100
"""More are counted, not listed."""
_IS_BARE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Problem(msgspec.Struct, frozen=True):
    """One fault: its sort (`code`), what it is about (`facts`), what is wrong, and what to do."""

    path: str
    line: int
    code: str
    facts: dict[str, str | int]
    text: Name
    advice: Name

    def told(self, language: str) -> str:
        """Return all of it in one line of `zh` or `en`."""
        is_zh = language == "zh"
        where = [f"第 {self.line} 行" if is_zh else f"line {self.line}"] if self.line else []
        where += [self.path] if self.path else []
        said = ("：" if is_zh else ": ").join([*where, getattr(self.text, language)])
        advice = getattr(self.advice, language)
        return f"{said}{'；' if is_zh else '; '}{advice}" if advice else said

    def __str__(self) -> str:
        """Return it in English."""
        return self.told("en")


def problem(
    path: str, line: int, key: str, facts: dict[str, str | int], advice: Name | None = None
) -> Problem:
    """Return a fault as `wording` words it; `advice` stands in for what is written there."""
    words = worded(key, facts)
    code = key.partition(".")[0]
    return Problem(path, line, code, facts, words.text, advice or words.advice)


class RulesetError(Exception):
    """A ruleset cannot be used. `problems` names every fault with its place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Report:
    """Collects problems. Those of a part whose shape is wrong already are not repeated."""

    def __init__(self, line_of: LineOf) -> None:
        self._line_of = line_of
        self._misshapen: set[Path] = set()
        self._found: dict[tuple[int, str, str], Problem] = {}
        self._dropped = 0

    def fault(
        self, path: Path, key: str, *, advice: Name | None = None, **facts: str | int
    ) -> None:
        """Report a fault, by its key in `wording`."""
        found = problem(path_text(path), self._line_of(path), key, facts, advice)
        self._add(path, found)

    def misshapen(
        self, path: Path, key: str, *, advice: Name | None = None, **facts: str | int
    ) -> None:
        """Report a fault of shape; what else could be said of this place is not."""
        self.fault(path, key, advice=advice, **facts)
        self._misshapen.add(path)

    def unknown(self, path: Path, sort: str, name: str, known: Iterable[str]) -> None:
        """Report a name that names nothing, with those that there are."""
        facts: dict[str, str | int] = {"sort": sort, "name": name}
        advice = choices(name, known)
        found = problem(path_text(path), self._line_of(path), "unknown", facts, advice)
        self._add(path, msgspec.structs.replace(found, code=f"unknown_{sort}"))

    def unique(self, path: Path, key: str, values: Sequence[str]) -> None:
        """Report what stands twice in the list at `path`, whose items have `values` as `key`."""
        seen: set[str] = set()
        for at, value in enumerate(values):
            if value in seen:
                self.fault((*path, at, key), "twice", value=value)
            seen.add(value)

    def _add(self, path: Path, found: Problem) -> None:
        if any(path[:end] in self._misshapen for end in range(len(path) + 1)):
            return
        key = (found.line, found.path, found.text.en)
        if key in self._found or len(self._found) < PROBLEMS_MAX:
            self._found.setdefault(key, found)
        else:
            self._dropped += 1

    @property
    def count(self) -> int:
        """How many there are so far."""
        return len(self._found) + self._dropped

    @property
    def problems(self) -> list[Problem]:
        """All of them, by line."""
        found = sorted(self._found.values(), key=lambda each: (each.line, each.path))
        if self._dropped:
            found.append(problem("", 0, "more", {"count": self._dropped}))
        return found


def path_text(path: Path) -> str:
    """Return a path as people write it: `workflow.transitions[12].gates[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and _IS_BARE.issuperset(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part[:TEXT_CHARS_MAX]}"]'
    return text
