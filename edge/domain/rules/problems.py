"""What is wrong with a ruleset: every fault, where it stands, and what to write instead."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Final

import msgspec

Path = tuple[str | int, ...]
"""Where something stands in a document: keys and positions from the top."""
LineOf = Callable[[Path], int]
"""Path → line in the source, from 1; 0 where that is not known."""

PROBLEMS_MAX: Final = 100
"""More are counted, not listed."""
TEXT_CHARS_MAX: Final = 300
CHOICES_MAX: Final = 30
_IS_BARE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault. `code` names its sort, `text` says it, `advice` says what to do."""

    path: str
    line: int
    code: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        """Return all of it in one line."""
        where = [f"line {self.line}"] if self.line else []
        where += [self.path] if self.path else []
        advice = f"; {self.advice}" if self.advice else ""
        return f"{': '.join([*where, self.text])}{advice}"


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

    def fault(self, path: Path, code: str, text: str, advice: str = "") -> None:
        """Report a fault."""
        if any(path[:end] in self._misshapen for end in range(len(path) + 1)):
            return
        place = path_text(path)
        problem = Problem(
            place, self._line_of(path), code, text[:TEXT_CHARS_MAX], advice[:TEXT_CHARS_MAX]
        )
        key = (problem.line, place, problem.text)
        if key in self._found or len(self._found) < PROBLEMS_MAX:
            self._found.setdefault(key, problem)
        else:
            self._dropped += 1

    def misshapen(self, path: Path, code: str, text: str, advice: str = "") -> None:
        """Report a fault of shape; what else could be said of this place is not."""
        self.fault(path, code, text, advice)
        self._misshapen.add(path)

    def unknown(self, path: Path, what: str, name: str, known: Iterable[str]) -> None:
        """Report a name that names nothing, with those that there are."""
        code = f"unknown_{what.replace(' ', '_')}"
        self.fault(path, code, f"unknown {what} {name}", choices(name, known))

    def unique(self, path: Path, key: str, values: Sequence[str]) -> None:
        """Report what stands twice in the list at `path`, whose items have `values` as `key`."""
        seen: set[str] = set()
        for at, value in enumerate(values):
            if value in seen:
                self.fault((*path, at, key), "twice", f"{value} twice", "call one otherwise")
            seen.add(value)

    @property
    def count(self) -> int:
        """How many there are so far."""
        return len(self._found) + self._dropped

    @property
    def problems(self) -> list[Problem]:
        """All of them, by line."""
        found = sorted(self._found.values(), key=lambda each: (each.line, each.path))
        if self._dropped:
            found.append(Problem("", 0, "more", f"{self._dropped} problems more", "mend these"))
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


def choices(name: str, known: Iterable[str]) -> str:
    """Return advice for `name`: the nearest of `known`, and what there is."""
    names = sorted(known)
    near = get_close_matches(name[:TEXT_CHARS_MAX], names, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    shown = ", ".join(names[:CHOICES_MAX]) + (", …" if len(names) > CHOICES_MAX else "")
    return f"{meant}one of {shown}" if names else "there is none"
