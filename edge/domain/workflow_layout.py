"""Where the states of a workflow stand in its picture, and how its ways run between them.

Three columns: the line from the first state to the last runs down the middle, who waits stands on
the left, what comes back on the right. A way between columns is a *bus*: a trunk in the gutter,
with a stub from each state that it leaves and one arrow into the state that it leads to.
"""

from itertools import pairwise
from typing import Final

import msgspec

from edge.domain.rules import Ruleset, Transition

LEFT, MIDDLE, RIGHT = 0, 1, 2


class Card(msgspec.Struct, frozen=True):
    """A state, or several that share every way."""

    states: tuple[str, ...]
    column: int
    row: int
    stays: tuple[str, ...]
    """Actions that leave an order where it is."""
    far: tuple[tuple[str, str], ...]
    """(Action, state that it leads to) of ways that no line is drawn for."""


class Line(msgspec.Struct, frozen=True):
    """A way down the middle, from one state to the next."""

    source: str
    way: Transition


class Bus(msgspec.Struct, frozen=True):
    """A way from states to one state, through the gutter `gutter` (-1 … 2, left of column + 1)."""

    sources: tuple[str, ...]
    way: Transition
    gutter: int


class Plan(msgspec.Struct, frozen=True):
    """The picture before it has sizes."""

    cards: tuple[Card, ...]
    lines: tuple[Line, ...]
    buses: tuple[Bus, ...]


HOLD: Final = "order.hold"
"""Taken by rules at acceptance and by the hub: the table names no state for it."""
OUTER_LEFT: Final = -1
OUTER_RIGHT: Final = 2


def main_line(rules: Ruleset) -> list[str]:
    """Return the states from the first on, each by the first way that neither waits nor turns."""
    line = [rules.start]
    while True:
        ways = _ways_from(rules, line[-1])
        onward = next((way.to for way in ways if way.to and _is_on(rules, way, line)), "")
        if not onward:
            return line
        line.append(onward)


def _ways_from(rules: Ruleset, state: str) -> list[Transition]:
    return [way for way in rules.document.workflow.transitions if state in way.sources]


def _is_on(rules: Ruleset, way: Transition, line: list[str]) -> bool:
    if not way.to or way.to in line:
        return False
    return rules.states[way.to].kind != "hold" and rules.desk(way.to) != "back"


def layout(rules: Ruleset) -> Plan:
    """Return where everything stands and runs."""
    line = main_line(rules)
    column = {state: _column(rules, state, line) for state in rules.states}
    lines = []
    for source, target in pairwise(line):
        way = next(way for way in _ways_from(rules, source) if way.to == target)
        lines.append(Line(source, way))
    groups = _groups(rules, column)
    drawn = {(each.source, id(each.way)) for each in lines}
    buses, far = _buses(rules, column, groups, drawn)
    cards = []
    for row, states in enumerate(groups):
        first = states[0]
        at = line.index(first) if first in line else row
        staying = [way.action for way in _ways_from(rules, first) if not way.to]
        stays = tuple(dict.fromkeys(each for each in staying if each != HOLD))
        cards.append(Card(states, column[first], at, stays, tuple(far.get(first, ()))))
    return Plan(tuple(cards), tuple(lines), tuple(buses))


def _column(rules: Ruleset, state: str, line: list[str]) -> int:
    if state in line:
        return MIDDLE
    return RIGHT if rules.desk(state) == "back" else LEFT


def _groups(rules: Ruleset, column: dict[str, int]) -> list[tuple[str, ...]]:
    """Return the states, those of one column that share all ways together."""
    found: dict[object, list[str]] = {}
    for state in rules.states:
        ways = tuple(
            (id(way), state in way.sources, way.to == state)
            for way in rules.document.workflow.transitions
            if state in way.sources or way.to == state
        )
        alone = column[state] == MIDDLE
        found.setdefault((column[state], state if alone else ways), []).append(state)
    return [tuple(states) for states in found.values()]


def _buses(
    rules: Ruleset,
    column: dict[str, int],
    groups: list[tuple[str, ...]],
    drawn: set[tuple[str, int]],
) -> tuple[list[Bus], dict[str, list[tuple[str, str]]]]:
    first = {state: group[0] for group in groups for state in group}
    buses: list[Bus] = []
    far: dict[str, list[tuple[str, str]]] = {}
    for way in (*rules.document.workflow.transitions, *_holding(rules, groups)):
        if not way.to:
            continue
        sources = tuple(dict.fromkeys(first[each] for each in way.sources))
        by_gutter: dict[int, list[str]] = {}
        for source in sources:
            if (source, id(way)) in drawn:
                continue
            gutter = _gutter(column[source], column[way.to])
            if gutter is None:
                far.setdefault(source, []).append((way.action, way.to))
            else:
                by_gutter.setdefault(gutter, []).append(source)
        buses += [Bus(tuple(each), way, gutter) for gutter, each in by_gutter.items()]
    return buses, far


def _holding(rules: Ruleset, groups: list[tuple[str, ...]]) -> list[Transition]:
    """Return the ways into what only a rule, or the hub, lets an order wait in."""
    led_to = {way.to for way in rules.document.workflow.transitions}
    begun = [each for each in rules.states if rules.allows(HOLD, each)]
    return [
        Transition(action=HOLD, sources=(rules.start, *begun), to=group[0])
        for group in groups
        if rules.states[group[0]].kind == "hold" and group[0] not in led_to
    ]


def _gutter(source: int, target: int) -> int | None:
    """Return the gutter between two columns, or none where a line would cross the middle."""
    if source == target:
        return {LEFT: OUTER_LEFT, MIDDLE: 0, RIGHT: OUTER_RIGHT}[source]
    if abs(source - target) > 1:
        return None
    return min(source, target)
