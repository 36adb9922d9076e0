"""What may be done with an order now, and what is missing: asked before it is tried.

The same functions answer here and in the deciders, so what a greyed button says is what the command
would be told. What depends on who asks, or on the code they scan, is left to the command.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from edge.domain.gates import GATES
from edge.domain.labelling import why_not_print, why_not_prove, why_not_reprint
from edge.domain.model import Name, Order
from edge.domain.picking import why_no_put_back, why_not_pick, why_not_release, why_not_take
from edge.domain.printjobs import why_not_resolve
from edge.domain.refusals import Refusal
from edge.domain.rules import Ruleset
from edge.domain.rulesets import active_rules
from edge.domain.workflow import choose, tried
from edge.domain.world import World

Asked = Callable[[World, Order, Ruleset], Refusal | None]


class Why(msgspec.Struct, frozen=True, gc=False):
    """A reason why an action is not open."""

    code: str
    facts: dict[str, Any]


class GateView(msgspec.Struct, frozen=True, gc=False):
    """A gate of a way, and why it is closed, if it is."""

    gate: str
    name: Name
    opens: Name
    why: Why | None


class WayView(msgspec.Struct, frozen=True, gc=False):
    """A way that an action would take: to which state, through which gates."""

    to: str | None
    gates: tuple[GateView, ...]


class ActionView(msgspec.Struct, frozen=True, gc=False):
    """An action: open, or what is missing for it. `why` holds every reason, the first one first."""

    action: str
    name: Name
    open: bool
    why: tuple[Why, ...]
    ways: tuple[WayView, ...]


class Asking(msgspec.Struct, frozen=True, gc=False):
    """An order's actions, as they are now."""

    order: str
    state: str
    rules: str
    actions: tuple[ActionView, ...]


_ASKED: Final[dict[str, Asked]] = {
    "waybill.print": why_not_print,
    "waybill.reprint": why_not_reprint,
    "waybill.prove": why_not_prove,
    "waybill.resolve": why_not_resolve,
    "task.take": why_not_take,
    "tote.bind": why_not_pick,
    "pick.scan": why_not_pick,
    "pick.qty": why_not_pick,
    "pick.short": why_not_pick,
    "task.release": why_not_release,
    "putback.scan": why_no_put_back,
}
"""Actions of which the table knows only a part, or that stay within a state."""
LABEL_ACTIONS: Final = ("waybill.print", "waybill.reprint", "waybill.prove")


def reasons(world: World, order: Order, rules: Ruleset, action: str) -> list[Refusal]:
    """Return everything that closes `action`; nothing where it is open.

    The first reason is the one that the command would be refused with.
    """
    asked = _ASKED.get(action)
    answer = asked(world, order, rules) if asked else choose(world, order, action, rules)
    if not isinstance(answer, Refusal):
        return []
    found = [answer]
    for _, closed in tried(world, order, action, rules)[:1]:
        found += [each for each in closed if each.code != answer.code]
    return found


def ask(world: World, order: Order, rules: Ruleset, action: str) -> ActionView:
    """Return what stands between an order and an action."""
    closed = reasons(world, order, rules, action)
    ways = tuple(
        WayView(way.to, tuple(_gate_view(world, order, rules, code) for code in way.gates))
        for way in rules.transitions(action, order.state)
    )
    why = tuple(Why(each.code, each.facts) for each in closed)
    return ActionView(action, rules.action_name(action), not closed, why, ways)


def _gate_view(world: World, order: Order, rules: Ruleset, code: str) -> GateView:
    gate = GATES[code]
    closed = gate.check(world, order, rules)
    why = Why(closed.code, closed.facts) if closed else None
    return GateView(code, gate.name, gate.opens, why)


def actions_of(order: Order, rules: Ruleset) -> tuple[str, ...]:
    """Return the actions that are worth a button in the order's state."""
    known = rules.actions_from(order.state)
    desk = rules.desk(order.state)
    if desk == "pick":
        known += ["tote.bind", "pick.scan", "pick.short"]
    elif desk == "pack":
        known += LABEL_ACTIONS
    elif order.put_back:
        known += ["putback.scan"]
    return tuple(dict.fromkeys(known))


def asking_view(world: World, order_id: str, action: str = "") -> Asking | None:
    """Return an action of an order, or all of its state; None where there is no such order."""
    order = world.get(Order, order_id)
    if order is None:
        return None
    rules = active_rules(world)
    actions = (action,) if action else actions_of(order, rules)
    found = tuple(ask(world, order, rules, each) for each in actions)
    return Asking(order.id, order.state, rules.label, found)


def known_actions(rules: Ruleset) -> tuple[str, ...]:
    """Return every action that can be asked about."""
    return tuple(dict.fromkeys((*rules.actions, *_ASKED)))


def why_not(
    world: World, order: Order, rules: Ruleset, actions: tuple[str, ...]
) -> dict[str, list[Why]]:
    """Return, for each of `actions` that is not open to the order now, every reason."""
    found = {each: reasons(world, order, rules, each) for each in actions}
    return {
        action: [Why(each.code, each.facts) for each in closed]
        for action, closed in found.items()
        if closed
    }
