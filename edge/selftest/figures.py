"""The figures of a self-test and its verdict."""

from typing import Final

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measured figure. `is_least`: the target is the least that is good, else the most."""

    name: str
    zh: str
    value: float
    unit: str
    target: float
    is_least: bool = False
    of: str = ""
    """What it was measured on."""

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.value >= self.target if self.is_least else self.value <= self.target


SLOW: Final = 2.0
"""From here on times tell more of the machine than of the box."""


class Verdict(msgspec.Struct, frozen=True):
    """What a self-test came to. `problems` are faults beside the figures.

    `slowness`: how many times slower the machine was, as it began, than a quiet mini-PC.
    """

    figures: tuple[Figure, ...]
    problems: tuple[str, ...]
    took_s: float
    slowness: float = 1.0

    @property
    def is_good(self) -> bool:
        """Whether every target is reached and nothing else is wrong."""
        return all(figure.is_met for figure in self.figures) and not self.problems

    def table(self) -> str:
        """Return the figures and the verdict for people; `problems` stand beside."""
        rows = [
            f"{figure.name:<34} {figure.value:>8g} {figure.unit:<3}"
            f" {'≥' if figure.is_least else '≤'} {figure.target:<6g}"
            f" {'good' if figure.is_met else 'MISSED':<7} {figure.of}   {figure.zh}"
            for figure in self.figures
        ]
        word = "good 合格" if self.is_good else "NOT GOOD 不合格"
        if not self.is_good and self.slowness >= SLOW:
            rows.append(
                f"this machine was {self.slowness:.0f} times slower than a quiet mini-PC: "
                "test again when it is quiet   机器太慢或太忙，请空闲时再测"
            )
        return "\n".join([*rows, f"{word}, in {self.took_s:.0f} s"])

    def facts(self) -> dict[str, object]:
        """Return it for machines."""
        figures = [
            msgspec.structs.asdict(figure) | {"met": figure.is_met} for figure in self.figures
        ]
        told = {"ok": self.is_good, "figures": figures, "problems": list(self.problems)}
        return told | {"took_s": round(self.took_s, 1), "slowness": self.slowness}
