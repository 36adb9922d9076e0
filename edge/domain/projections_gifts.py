"""What entries about gifts do: the order's lines, and the trace of each gift (GIFT-4)."""

from typing import Any

import msgspec

from edge.domain.entries import Fact
from edge.domain.model import Assignment, GiftEvent, Gifts, Line, Order, Task
from edge.domain.projecting import on
from edge.domain.world import World


def note_gift(world: World, fact: Fact, order: str, what: str, **more: Any) -> None:  # noqa: ANN401
    """Write one more event into the trace of an order's gifts."""
    gifts = world.get(Gifts, order) or Gifts(id=order)
    event = GiftEvent(what=what, at_us=fact.at_us, by=fact.actor, **more)
    world.edit(gifts, events=(*gifts.events, event))


@on("gift.granted")
def _gift_granted(world: World, fact: Fact, data: dict[str, Any]) -> None:
    assignment = world.the(Assignment, data["order"])
    gifts = tuple(msgspec.convert(line, Line) for line in data["lines"])
    world.edit(assignment, lines=assignment.lines + gifts)
    seen = {"rule": data["rule"], "when": data["when"], "saw": data.get("saw", {})}
    seen["missing"] = data["missing"]
    for gift in gifts:
        note_gift(world, fact, data["order"], "granted", line=gift.no, qty=gift.qty, data=seen)


@on("gift.substituted")
def _gift_substituted(world: World, fact: Fact, data: dict[str, Any]) -> None:
    content = world.the(Assignment, data["order"])
    order = world.the(Order, data["order"])
    lines = []
    for line in content.lines:
        if line.no != data["line"]:
            lines.append(line)
        elif not data["found"]:
            lines.append(msgspec.structs.replace(line, sku=data["to"]))
        else:
            lines.append(msgspec.structs.replace(line, qty=data["found"]))
    if data["found"]:
        old = next(line for line in content.lines if line.no == data["line"])
        new = {"no": data["new_line"], "sku": data["to"], "qty": data["qty"], "lot": ""}
        lines.append(msgspec.structs.replace(old, **new))
    world.edit(content, lines=tuple(lines))
    short = {no: found for no, found in order.short.items() if no != str(data["line"])}
    world.edit(order, short=short)
    if data.get("reopens"):
        world.edit(world.the(Task, order.task), state="open", picker="")
    kept = ("was", "to", "reason", "asked_by", "approved_by")
    seen = {name: data[name] for name in kept}
    at = {"line": data["new_line"], "qty": data["qty"]}
    note_gift(world, fact, data["order"], "substituted", data=seen, **at)
