"""The workflow of a ruleset as a picture (SVG): for the documents and for a PDA's screen."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

import msgspec

from edge.domain.gates import GATES
from edge.domain.model import Name
from edge.domain.rules import Ruleset
from edge.domain.workflow_layout import LEFT, MIDDLE, RIGHT, Bus, Card, Line, Plan, layout

LANGUAGES: Final = ("zh", "en")
CARD_PX_MIN: Final = 232
NAME_PX: Final = 15.8
NAMES_PX: Final = 13.8
TEXT_PX: Final = 11.5
"""Sizes of type, with what bold adds."""
LINE_PX: Final = 17
PAD_PX: Final = 12
PORT_PX: Final = 37
"""Between two ways into or out of one side of a card: a label and its gates fit."""
LANE_PX: Final = 12
ZONE_PX: Final = 178
"""Beside a card: room for what a way is called."""
GAP_PX: Final = 34
MARGIN_PX: Final = 28
GATES_SHOWN_MAX: Final = 2
"""Of a way in a gutter; the page lists them all."""

AFTER_ALL: Final = 1e9
LAST_NARROW: Final = 0x2E7F
"""Characters behind this one are as wide as high."""

_ROLES: Final = {
    "picker": Name("拣货员", "picker"),
    "packer": Name("打包员", "packer"),
    "keeper": Name("仓管员", "keeper"),
    "leader": Name("组长", "shift leader"),
    "supervisor": Name("仓库主管", "supervisor"),
    "admin": Name("管理员", "admin"),
}
_STAYS: Final = Name("可做", "here")
_STYLE: Final = """
text{font-family:system-ui,"Noto Sans CJK SC","Noto Sans SC",sans-serif;fill:#1c2733}
.card{stroke-width:1.5}.start,.floor{fill:#e8f1fd;stroke:#2b6cb0}.hold{fill:#fff4d6;stroke:#b7791f}
.end{fill:#e6f6ec;stroke:#2f855a}.back{fill:#fdeaea;stroke:#c53030}
.end.over{fill:#eef0f2;stroke:#5a6878}
.now{stroke-width:5;stroke:#6b21a8}
.name{font-size:15px;font-weight:600}.names{font-size:13px;font-weight:600}
.role{font-size:11px;fill:#4a5868}.more{font-size:11px;fill:#33404f}
.way{font-size:12px}.gate{font-size:10.5px;fill:#5a6878}
.line{fill:none;stroke:#51606f;stroke-width:1.4}.turn{stroke:#c53030}.wait{stroke:#b7791f}
"""


class Box(msgspec.Struct):
    """A card with its place, and its ports on each side (px)."""

    card: Card
    x: float
    y: float
    height: float
    lines: list[tuple[str, str]]
    """(Style, text) below one another."""
    ports: dict[int, list[tuple[float, int, str]]] = {}
    """Side (-1 left, 1 right) → (y of the other end, number of the bus, `out` or `in`)."""

    @property
    def middle(self) -> float:
        """The y of its centre."""
        return self.y + self.height / 2


def picture(rules: Ruleset, language: str, current: str = "") -> str:
    """Return the workflow as SVG; the card of the state `current` stands out."""
    return _Picture(rules, language, current).draw()


class _Picture:
    def __init__(self, rules: Ruleset, language: str, current: str) -> None:
        self._rules, self._language, self._current = rules, language, current
        self._plan: Plan = layout(rules)
        self._boxes: dict[str, Box] = {}

    def _say(self, name: Name) -> str:
        return name.zh if self._language == "zh" else name.en

    def draw(self) -> str:
        """Return the picture."""
        for card in self._plan.cards:
            box = self._box(card)
            self._boxes |= dict.fromkeys(card.states, box)
        self._card_px = max(self._text_px(box) for box in self._unique())
        self._note_ports()
        self._place()
        lanes = self._lanes()
        self._shift(lanes)
        parts = [part for line in self._plan.lines for part in self._draw_line(line)]
        for number, bus in enumerate(self._plan.buses):
            parts += self._draw_bus(number, bus, lanes[number])
        for box in self._unique():
            parts += self._draw_box(box)
        boxes = self._unique()
        width = max(box.x + self._card_px for box in boxes) + self._outer(lanes, RIGHT) + MARGIN_PX
        height = max(box.y + box.height for box in boxes) + MARGIN_PX
        marker = (
            '<marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" '
            'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#51606f"/></marker>'
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}">\n<style>{_STYLE}</style>\n'
            f"<defs>{marker}</defs>\n"
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
        )

    def _unique(self) -> list[Box]:
        return [self._boxes[card.states[0]] for card in self._plan.cards]

    # ---- sizes ----------------------------------------------------------------------------

    def _box(self, card: Card) -> Box:
        states = [self._rules.states[each] for each in card.states]
        lines: list[tuple[str, str]] = []
        style = "name" if len(states) == 1 else "names"
        for state in states:
            if lines:
                lines.append(("role", ""))
            role = self._say(_ROLES.get(state.owner, Name(state.owner, state.owner)))
            lines.append((style, self._say(state.name)))
            lines.append(("role", f"{state.id} · {role}"))
        if card.stays:
            actions = "、".join if self._language == "zh" else ", ".join
            named = actions(self._say(self._rules.action_name(each)) for each in card.stays)
            lines += [
                ("more", row) for row in _wrap(f"{self._say(_STAYS)}: {named}", CARD_PX_MIN - 24)
            ]
        for action, to in card.far:
            name = self._say(self._rules.action_name(action))
            lines.append(("more", f"{name} → {self._say(self._rules.states[to].name)}"))
        height = 2 * PAD_PX + _height(lines)
        return Box(card=card, x=0, y=0, height=height, lines=lines, ports={-1: [], 1: []})

    def _text_px(self, box: Box) -> float:
        """Return how wide a card must be for its text."""
        sizes = {"name": NAME_PX, "names": NAMES_PX}
        widest = max(_width(text) * sizes.get(style, TEXT_PX) for style, text in box.lines)
        return max(CARD_PX_MIN, widest + 2 * PAD_PX + 8)

    def _note_ports(self) -> None:
        """Count the ways on each side of each card; a side needs room for all of them."""
        for number, bus in enumerate(self._plan.buses):
            for source in bus.sources:
                box = self._boxes[source]
                box.ports[_side(box.card.column, bus.gutter)].append((0, number, "out"))
            box = self._boxes[str(bus.way.to)]
            box.ports[_side(box.card.column, bus.gutter)].append((0, number, "in"))
        for box in self._unique():
            needed = (max(len(ports) for ports in box.ports.values()) + 1) * PORT_PX
            box.height = max(box.height, needed)

    def _place(self) -> None:
        middle = sorted((b for b in self._unique() if b.card.column == MIDDLE), key=_row)
        gates = {line.source: len(line.way.gates) for line in self._plan.lines}
        y: float = MARGIN_PX
        for box in middle:
            box.y = y
            y += box.height + GAP_PX + LINE_PX * (1 + gates.get(box.card.states[0], 0))
        for column in (LEFT, RIGHT):
            side = [box for box in self._unique() if box.card.column == column]
            wanted = sorted((self._wanted(box), at, box) for at, box in enumerate(side))
            y = MARGIN_PX
            for want, _, box in wanted:
                box.y = y if want == AFTER_ALL else max(y, want - box.height / 2)
                y = box.y + box.height + GAP_PX

    def _wanted(self, box: Box) -> float:
        """Return where a card at the side would best stand: beside what leads to it."""
        near = [
            self._boxes[each].middle
            for bus in self._plan.buses
            for each in (*bus.sources, str(bus.way.to))
            if {*bus.sources, str(bus.way.to)} & set(box.card.states)
            and self._boxes[each].card.column == MIDDLE
        ]
        return sum(near) / len(near) if near else AFTER_ALL

    # ---- ways -----------------------------------------------------------------------------

    def _lanes(self) -> dict[int, int]:
        """Return the lane of each trunk in its gutter: none overlap in one lane."""
        for box in self._unique():
            for ports in box.ports.values():
                ports[:] = sorted((self._other_end(box, n, way), n, way) for _, n, way in ports)
        taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
        lanes = {}
        for number, bus in enumerate(self._plan.buses):
            ends = [self._port(each, number, "out")[1] for each in bus.sources]
            ends.append(self._port(str(bus.way.to), number, "in")[1])
            low, high = min(ends) - 4, max(ends) + 4
            lane = 0
            while any(a < high and low < b for a, b in taken.get((bus.gutter, lane), ())):
                lane += 1
            taken.setdefault((bus.gutter, lane), []).append((low, high))
            lanes[number] = lane
        return lanes

    def _other_end(self, box: Box, number: int, way: str) -> float:
        bus = self._plan.buses[number]
        if way == "out":
            return self._boxes[str(bus.way.to)].middle
        ends = [self._boxes[each].middle for each in bus.sources]
        return sum(ends) / len(ends) if ends else box.middle

    def _port(self, state: str, number: int, way: str) -> tuple[float, float]:
        """Return where a way touches a card."""
        box = self._boxes[state]
        side = _side(box.card.column, self._plan.buses[number].gutter)
        ports = box.ports[side]
        at = next(n for n, port in enumerate(ports) if port[1:] == (number, way))
        step = box.height / (len(ports) + 1)
        return box.x + (self._card_px if side > 0 else 0), box.y + step * (at + 1)

    def _outer(self, lanes: dict[int, int], column: int) -> float:
        gutter = -1 if column == LEFT else 2
        used = [lane for n, lane in lanes.items() if self._plan.buses[n].gutter == gutter]
        return ZONE_PX + LANE_PX * (max(used) + 1) if used else 0

    def _shift(self, lanes: dict[int, int]) -> None:
        """Give every column its x, now that the widths of the gutters are known."""
        x = MARGIN_PX + self._outer(lanes, LEFT)
        self._gutters: dict[int, float] = {-1: x}
        for column in (LEFT, MIDDLE, RIGHT):
            for box in self._unique():
                if box.card.column == column:
                    box.x = x
            x += self._card_px
            self._gutters[column] = x
            used = [lane for n, lane in lanes.items() if self._plan.buses[n].gutter == column]
            x += 2 * ZONE_PX + LANE_PX * (max(used, default=0) + 1)

    def _trunk_x(self, gutter: int, lane: int) -> float:
        if gutter < 0:
            return self._gutters[-1] - ZONE_PX - LANE_PX * lane
        return self._gutters[gutter] + ZONE_PX + LANE_PX * lane

    def _draw_bus(self, number: int, bus: Bus, lane: int) -> Iterator[str]:
        x = self._trunk_x(bus.gutter, lane)
        end_x, end_y = self._port(str(bus.way.to), number, "in")
        look = self._look(bus)
        for source in bus.sources:
            from_x, from_y = self._port(source, number, "out")
            yield f'<path class="line{look}" d="M{from_x:.0f} {from_y:.0f}H{x:.0f}V{end_y:.0f}"/>'
            yield f'<circle cx="{from_x:.0f}" cy="{from_y:.0f}" r="2.5" fill="#51606f"/>'
        tip = f'marker-end="url(#tip)" d="M{x:.0f} {end_y:.0f}H{end_x:.0f}"'
        yield f'<path class="line{look}" {tip}/>'
        is_left = end_x > x
        label_x, anchor = (end_x - 12, "end") if is_left else (end_x + 12, "start")
        yield _text("way", label_x, end_y - 4, self._action(bus), anchor)
        if bus.way.gates:
            yield _text("gate", label_x, end_y + 12, self._gates(bus.way.gates), anchor)

    def _look(self, bus: Bus) -> str:
        target = self._rules.states[str(bus.way.to)]
        if target.desk == "back":
            return " turn"
        return " wait" if target.kind == "hold" else ""

    def _action(self, bus: Bus | Line) -> str:
        return self._say(self._rules.action_name(bus.way.action))

    def _gates(self, gates: tuple[str, ...]) -> str:
        shown = [self._say(GATES[gate].name) for gate in gates[:GATES_SHOWN_MAX]]
        more = [f"+{len(gates) - GATES_SHOWN_MAX}"] if len(gates) > GATES_SHOWN_MAX else []
        return " · ".join(shown + more)

    def _draw_line(self, line: Line) -> Iterator[str]:
        source, target = self._boxes[line.source], self._boxes[str(line.way.to)]
        x, y = source.x + self._card_px / 2, source.y + source.height
        tip = f'marker-end="url(#tip)" d="M{x:.0f} {y:.0f}V{target.y:.0f}"'
        yield f'<path class="line" {tip}/>'
        yield _text("way", x + 10, y + 18, self._action(line))
        for n, gate in enumerate(line.way.gates):
            yield _text("gate", x + 10, y + 18 + LINE_PX * (n + 1), self._say(GATES[gate].name))

    # ---- cards ----------------------------------------------------------------------------

    def _draw_box(self, box: Box) -> Iterator[str]:
        state = self._rules.states[box.card.states[0]]
        look = "back" if state.desk == "back" and state.kind != "end" else state.kind
        look += " over" if state.desk == "back" else ""
        now = " now" if self._current in box.card.states else ""
        place = f'x="{box.x:.0f}" y="{box.y:.0f}" height="{box.height:.0f}"'
        yield f'<rect class="card {look}{now}" {place} width="{self._card_px:.0f}" rx="10"/>'
        y = box.middle - _height(box.lines) / 2
        for style, text in box.lines:
            y += LINE_PX if text else LINE_PX / 2
            if text:
                yield _text(style, box.x + 14, y - 4, text)


def _row(box: Box) -> int:
    return box.card.row


def _height(lines: list[tuple[str, str]]) -> float:
    """Return the height of a card's text; an empty line is half a line."""
    return sum(LINE_PX if text else LINE_PX / 2 for _, text in lines)


def _side(column: int, gutter: int) -> int:
    """Return the side of a card of `column` that faces `gutter`."""
    return 1 if gutter >= column else -1


def _width(text: str) -> float:
    """Return the width of a text in em, well enough to wrap it."""
    return sum(1.0 if ord(char) > LAST_NARROW else 0.56 for char in text)


def _wrap(text: str, width_px: float, size_px: float = 11) -> Iterable[str]:
    row = ""
    for word in text.replace("、", "、 ").split(" "):
        longer = f"{row} {word}" if row and not row.endswith("、") else row + word
        if row and _width(longer) * size_px > width_px:
            yield row
            row = word
        else:
            row = longer
    yield row


def _text(style: str, x: float, y: float, text: str, anchor: str = "start") -> str:
    place = f'x="{x:.0f}" y="{y:.0f}"'
    end = ' text-anchor="end"' if anchor == "end" else ""
    return f'<text class="{style}" {place}{end}>{escape(text)}</text>'
