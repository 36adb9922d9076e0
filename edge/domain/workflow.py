"""The one place where an order changes its state.

The table of states, actions and gates is ruleset data. `move` looks the action up, asks the gates
and writes `order.moved`; nothing else writes that entry, and nothing else sets a state (FLOW-3).
What a state does on entry follows at once (`entering`), then its automatic actions.
"""

from typing import Any, Final

from edge.domain.entering import ENTER
from edge.domain.gates import GATES
from edge.domain.model import Order
from edge.domain.refusals import Refusal, refused
from edge.domain.rules import Ruleset, Transition
from edge.domain.turn import Turn
from edge.domain.world import World

TAKEN: Final = frozenset(
    {"order.accept", "order.hold", "order.release", "order.update", "order.rework",
     "order.reassign", "order.cancel", "order.partial", "order.substitute", "order.resend",
     "lock.overdue", "task.take", "task.release", "pack.open", "pack.scan", "pack.finish",
     "waybill.print", "waybill.reprint", "waybill.prove", "waybill.resolve", "handover.scan",
     "return.scan", "return.close"}
)  # fmt: skip
"""Actions that commands, instructions and timers take; all others are automatic or a carrier's."""


def tried(
    world: World, order: Order, action: str, rules: Ruleset
) -> list[tuple[Transition, list[Refusal]]]:
    """Return the ways of `action` from where `order` is, each with all that closes it."""
    found = []
    for way in rules.transitions(action, order.state):
        closed = [frozen(order)] if order.freezes and not way.frozen else []
        asked = (GATES[gate].check(world, order, rules) for gate in way.gates)
        found.append((way, closed + [answer for answer in asked if answer]))
    return found


def choose(world: World, order: Order, action: str, rules: Ruleset) -> Transition | Refusal:
    """Return the way that `action` takes from where `order` is, or the first reason against it."""
    ways = rules.transitions(action, order.state)
    if not ways:
        return no_way(order, action, rules)
    first: Refusal | None = None
    for way in ways:
        if order.freezes and not way.frozen:
            return frozen(order)
        asked = (GATES[gate].check(world, order, rules) for gate in way.gates)
        closed = next((answer for answer in asked if answer), None)
        if closed is None:
            return way
        first = first or closed
    assert first is not None
    return first


def no_way(order: Order, action: str, rules: Ruleset) -> Refusal:
    """Return the refusal that a state gives to an action that it does not know."""
    if rules.states[order.state].kind == "end":
        return Refusal("order_ended", {"order": order.id, "state": order.state})
    if order.freezes:
        return frozen(order)
    facts = {"order": order.id, "state": order.state, "action": action}
    return Refusal("not_in_state", facts)


def move(turn: Turn, order: Order, action: str) -> Order:
    """Move `order` by `action`, on record; raise `RefusedError` where the table says no."""
    way = choose(turn.world, order, action, turn.rules)
    if isinstance(way, Refusal):
        raise refused(way)
    if not way.to:
        return order
    return _write(turn, order, action, way.to, gates=list(way.gates))


def try_move(turn: Turn, order: Order, action: str) -> Order:
    """Move `order` by an action if its gates are open; otherwise leave it."""
    if isinstance(choose(turn.world, order, action, turn.rules), Refusal):
        return order
    return move(turn, order, action)


def settle(turn: Turn, order: Order) -> Order:
    """Take the automatic actions of the order's state, now that something about it changed."""
    for _ in turn.rules.states:  # more moves than states would be a cycle: `rules.graph` refuses it
        moved = _settle_once(turn, order)
        if moved.state == order.state:
            return moved
        order = moved
    raise AssertionError(f"automatic actions go on and on at {order.state}")


def _settle_once(turn: Turn, order: Order) -> Order:
    for action in turn.rules.states[order.state].auto:
        way = choose(turn.world, order, action, turn.rules)
        if not isinstance(way, Refusal) and way.to:
            return _enter(turn, order, action, way.to, gates=list(way.gates))
    return order


def wait(
    turn: Turn, order: Order, state: str, rule: str, saw: dict[str, Any] | None = None
) -> Order:
    """Put `order` into the waiting state that `rule` names, by what it saw of the order."""
    assert turn.rules.states[state].kind == "hold", state
    return _write(turn, order, "order.hold", state, rule=rule, saw=saw or {})


def _write(turn: Turn, order: Order, action: str, to: str, **why: Any) -> Order:  # noqa: ANN401
    return settle(turn, _enter(turn, order, action, to, **why))


def _enter(turn: Turn, order: Order, action: str, to: str, **why: Any) -> Order:  # noqa: ANN401
    refs = order_refs(order)
    moved: dict[str, Any] = {"order": order.id, "action": action, "from": order.state, "to": to}
    if turn.rules.desk(to) == "back":
        moved["back"] = True
    turn.emit("order.moved", f"order:{order.id}", refs, **moved, **why)
    for effect in turn.rules.states[to].enter:
        ENTER[effect].run(turn, turn.world.the(Order, order.id))
    return turn.world.the(Order, order.id)


def frozen(order: Order) -> Refusal:
    """Return the refusal that a frozen order gives to everything."""
    first = order.freezes[0]
    facts = {"order": order.id, "category": first.category, "due_at": first.due_us}
    return Refusal("order_frozen", facts)


def order_refs(order: Order) -> tuple[str, ...]:
    """Return what an entry about `order` also concerns."""
    return (f"task:{order.task}",) if order.task else ()
