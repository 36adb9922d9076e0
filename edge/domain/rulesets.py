"""Which ruleset decides: how one comes into force, is measured, and gives way to the one before.

Activation is one entry, so it is atomic: what is decided before it goes by the old ruleset, what is
decided after it by the new one. Orders in flight keep their state, gifts that were granted stay,
timers that run keep their deadline; the new table applies to each order's next action. No state
that was in force may vanish, because orders may be in it: a ruleset that drops one is refused, and
a roll-back keeps the states of what it leaves, with their ways out.
"""

from typing import Any, Final

import msgspec

from edge.domain.alarms import RULES_KEEPERS, raise_alarm
from edge.domain.commands import RulesetActivate, RulesetRollback
from edge.domain.model import Box, RulesetHistory, RulesetRecord, Sku
from edge.domain.refusals import RefusedError
from edge.domain.rules import (
    Problem,
    Ruleset,
    RulesetError,
    in_force,
    load_ruleset,
    locate,
    problem,
)
from edge.domain.turn import Turn
from edge.domain.waybills import return_free
from edge.domain.world import World

Facts = dict[str, Any]
PROBLEMS_TOLD_MAX: Final = 40
GOODS_TOLD_MAX: Final = 20
BY_HUB: Final = "hub"
"""Who signed what came as an instruction: its signature covers the document."""
BY_BOX: Final = "box"
"""Who signed the ruleset that the box was founded with: it came with the program."""
IN_FORCE_BY: Final = frozenset({"ruleset.activated", "ruleset.rolled_back"})
"""Entries that bring a ruleset, their `label`, into force."""
_DECISIONS: Final = frozenset({"order.assigned", "order.moved"})


def active_rules(world: World) -> Ruleset:
    """Return the ruleset that decides now."""
    record = world.the(RulesetRecord, world.the(Box, "box").rules)
    history = world.get(RulesetHistory, "box")
    left = history.left if history else ()
    return in_force(
        record.document, tuple(world.the(RulesetRecord, label).document for label in left)
    )


def publish(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Activate what the hub published."""
    document = body["document"]
    raw = document.encode() if isinstance(document, str) else document
    if not isinstance(raw, bytes):
        raise RefusedError("malformed", problem="document: text or bytes", kind="ruleset.publish")
    activate(turn, RulesetActivate(raw, BY_HUB), **link)


def activate(turn: Turn, data: RulesetActivate, **link: Any) -> Facts:  # noqa: ANN401
    """Let a ruleset decide from the next command on; a bad one is refused and the old one stays."""
    if not data.signed_by:
        raise RefusedError("ruleset_unsigned")
    from edge.domain.trial import judge  # noqa: PLC0415 - a trial decides, and this is decided

    try:
        judge(data.document)
        rules = load_ruleset(data.document)
    except RulesetError as error:
        raise bad_ruleset(error.problems) from error
    _check_place(turn, rules, data.document)
    turn.emit(
        "ruleset.activated",
        f"ruleset:{rules.label}",
        (f"ruleset:{turn.rules.label}",),
        label=rules.label,
        document=data.document,
        signed_by=data.signed_by,
        before=turn.rules.label,
        **link,
    )
    _leave_carriers(turn, rules)
    unknown = _unknown_goods(turn.world, rules)
    if unknown:
        facts = {"rules": rules.label, "skus": unknown}
        subject = f"ruleset:{rules.label}"
        raise_alarm(turn, subject, "ruleset_goods", facts, roles=RULES_KEEPERS)
    more = {"unknown_skus": unknown} if unknown else {}
    return {"rules": rules.label, "before": turn.rules.label, **more}


def _unknown_goods(world: World, rules: Ruleset) -> list[str]:
    """Return the SKUs of gifts and quotas that the catalogue does not know.

    They are told and not refused: the catalogue may come after the ruleset.
    """
    gifts = (give.sku for gift in rules.document.gifts for give in gift.give)
    quotas = (quota.sku for quota in rules.document.stock.quotas)
    named = sorted({*gifts, *quotas})
    return [sku for sku in named if world.get(Sku, sku) is None][:GOODS_TOLD_MAX]


def bad_ruleset(problems: list[Problem]) -> RefusedError:
    """Return the refusal of a ruleset, with its problems as they are told to people."""
    told = msgspec.to_builtins(problems[:PROBLEMS_TOLD_MAX])
    return RefusedError("ruleset_invalid", count=len(problems), problems=told)


def _check_place(turn: Turn, rules: Ruleset, document: bytes) -> None:
    """Refuse a ruleset that is another box's, or not newer, or that drops a state."""
    meta = rules.document.meta
    box = turn.env.box
    if meta.boxes and box not in meta.boxes:
        raise RefusedError("ruleset_for_other_box", boxes=list(meta.boxes), box=box)
    newest = _history(turn.world).newest.get(meta.id, 0)
    if meta.version <= newest:
        raise RefusedError("ruleset_not_newer", rules=rules.label, newest=newest)
    if dropped := sorted(set(turn.rules.states) - set(rules.states)):
        facts: dict[str, str | int] = {"states": ", ".join(dropped)}
        line = locate(document)(("workflow", "states"))
        raise bad_ruleset([problem("workflow.states", line, "dropped_state", facts)])


def roll_back(turn: Turn, data: RulesetRollback) -> Facts:
    """Let the ruleset that was active before decide again (RULE-4)."""
    if data.rules not in ("", turn.rules.label):
        raise RefusedError("ruleset_not_in_force", rules=data.rules, active=turn.rules.label)
    history = _history(turn.world)
    if not history.before:
        raise RefusedError("no_ruleset_before", rules=turn.rules.label)
    label = history.before[-1]
    own = in_force(turn.world.the(RulesetRecord, label).document)
    turn.emit(
        "ruleset.rolled_back",
        f"ruleset:{label}",
        (f"ruleset:{turn.rules.label}",),
        label=label,
        before=turn.rules.label,
        reason=data.reason,
        kept=sorted(set(turn.rules.states) - set(own.states)),
    )
    _leave_carriers(turn, own)
    return {"rules": label, "before": turn.rules.label}


def _leave_carriers(turn: Turn, rules: Ruleset) -> None:
    """Give the free waybill numbers of carriers that are switched off back to the hub."""
    for carrier in rules.document.carriers:
        if carrier.off:
            return_free(turn, carrier.id, reason="switched_off")


def note_first_decision(turn: Turn) -> None:
    """Measure how long a published ruleset took to decide its first order (RULE-2)."""
    moved = next((draft for draft in turn.drafts if draft.kind in _DECISIONS), None)
    if moved is None:
        return
    push = _history(turn.world).pushes[-1:]
    if not push or push[0].first_us or push[0].signed_by == BY_BOX:
        return
    if push[0].label != turn.rules.label:
        return  # it came into force in this very turn
    now_us = turn.env.now_us
    turn.emit(
        "ruleset.first_decided",
        f"ruleset:{turn.rules.label}",
        (moved.subject,),
        label=turn.rules.label,
        by=moved.kind,
        since_issued_us=now_us - push[0].issued_us if push[0].issued_us else None,
        since_received_us=now_us - push[0].received_us,
    )


def _history(world: World) -> RulesetHistory:
    return world.get(RulesetHistory, "box") or RulesetHistory(id="box")
