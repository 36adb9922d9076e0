"""The one place where an order changes its state.

The table of states, actions and gates is ruleset data. `move` looks the action up, asks the gates
and writes `order.moved`; nothing else writes that entry, and nothing else sets a state (FLOW-3).
"""

from typing import Any

from edge.domain.gates import GATES
from edge.domain.model import Order
from edge.domain.refusals import Refusal, refused
from edge.domain.rules import Ruleset, Transition
from edge.domain.turn import Turn
from edge.domain.world import World


def choose(world: World, order: Order, action: str, rules: Ruleset) -> Transition | Refusal:
    """Return the transition that `action` takes from where `order` is, or why there is none."""
    ways = rules.transitions(action, order.state)
    if not ways:
        if rules.states[order.state].kind == "end":
            return Refusal("order_ended", {"order": order.id, "state": order.state})
        facts = {"order": order.id, "state": order.state, "action": action}
        return Refusal("not_in_state", facts)
    refusal: Refusal | None = None
    for way in ways:
        if order.freezes and not way.frozen:
            return frozen(order)
        closed = (GATES[gate](world, order, rules) for gate in way.gates)
        first_closed = next((answer for answer in closed if answer), None)
        if first_closed is None:
            return way
        refusal = refusal or first_closed
    assert refusal is not None
    return refusal


def move(turn: Turn, order: Order, action: str) -> Order:
    """Move `order` by `action`, on record; raise `RefusedError` where the table says no."""
    way = choose(turn.world, order, action, turn.rules)
    if isinstance(way, Refusal):
        raise refused(way)
    return _write(turn, order, action, way.to, gates=list(way.gates))


def try_move(turn: Turn, order: Order, action: str) -> Order:
    """Move `order` by an automatic action if its gates are open; otherwise leave it."""
    if isinstance(choose(turn.world, order, action, turn.rules), Refusal):
        return order
    return move(turn, order, action)


def wait(
    turn: Turn, order: Order, state: str, rule: str, saw: dict[str, Any] | None = None
) -> Order:
    """Put `order` into the waiting state that `rule` names, by what it saw of the order."""
    assert turn.rules.states[state].kind == "hold", state
    return _write(turn, order, "order.hold", state, rule=rule, saw=saw or {})


def _write(turn: Turn, order: Order, action: str, to: str, **why: Any) -> Order:  # noqa: ANN401
    refs = order_refs(order)
    moved = {"order": order.id, "action": action, "from": order.state, "to": to}
    turn.emit("order.moved", f"order:{order.id}", refs, **moved, **why)
    return turn.world.the(Order, order.id)


def frozen(order: Order) -> Refusal:
    """Return the refusal that a frozen order gives to everything."""
    first = order.freezes[0]
    facts = {"order": order.id, "category": first.category, "due_at": first.due_us}
    return Refusal("order_frozen", facts)


def order_refs(order: Order) -> tuple[str, ...]:
    """Return what an entry about `order` also concerns."""
    return (f"task:{order.task}",) if order.task else ()
