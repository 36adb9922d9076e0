"""Alarms: what a person, or whoever has a role, must acknowledge."""

from typing import Any, Final, Literal

from edge.domain.commands import AlarmAck
from edge.domain.model import Alarm
from edge.domain.refusals import Refusal, RefusedError
from edge.domain.turn import Turn

AlarmCode = Literal[
    "approval_due",
    "badge_locked",
    "badge_twice",
    "carrier_late",
    "carrier_missing",
    "deadline_missed",
    "device_locked",
    "label_due",
    "locks_overdue",
    "message",
    "order_frozen",
    "order_frozen_cancel",
    "rule_error",
    "ruleset_goods",
    "stock_degraded",
]
"""Why a person is called. Each has a text in the locales and a row in the run-book."""
RULE_ERROR: Final = "rule_error"
"""Code of a rule that failed to answer, and of the card that says so."""
RULES_KEEPERS: Final = ("supervisor",)
"""Who is told of what is wrong with a rule."""


def raise_alarm(
    turn: Turn,
    subject: str,
    code: AlarmCode,
    facts: dict[str, Any],
    *,
    person: str = "",
    roles: tuple[str, ...] = (),
) -> str:
    """Call for a person, or for anybody with one of `roles`; return the alarm's id."""
    assert bool(person) != bool(roles), "an alarm is for a person or for roles"
    alarm = turn.env.new_id()
    whom = (f"person:{person}",) if person else ()
    turn.emit(
        "alarm.raised",
        subject,
        (*whom, f"alarm:{alarm}"),
        alarm=alarm,
        person=person,
        roles=list(roles),
        code=code,
        facts=facts,
    )
    return alarm


def settle_alarm(turn: Turn, alarm_id: str) -> None:
    """Take back a call whose occasion has gone, unless somebody has acknowledged it."""
    alarm = turn.world.get(Alarm, alarm_id)
    if alarm is not None and alarm.is_open:
        turn.emit("alarm.settled", f"alarm:{alarm.id}", alarm=alarm.id)


def tell_rule_error(turn: Turn, subject: str, refusal: Refusal) -> None:
    """Give the supervisor a card, where a rule failed to answer (RULE-3)."""
    if refusal.code == RULE_ERROR:
        raise_alarm(turn, subject, RULE_ERROR, refusal.facts, roles=RULES_KEEPERS)


def acknowledge(turn: Turn, data: AlarmAck) -> dict[str, Any]:
    """Keep when a person acknowledged an alarm (FRZ-4); one of a role does so for all of it."""
    alarm = turn.world.get(Alarm, data.alarm_id)
    if alarm is None:
        raise RefusedError("unknown_alarm", alarm=data.alarm_id)
    actor = turn.command.actor
    if alarm.person != actor and set(alarm.roles).isdisjoint(turn.command.roles):
        raise RefusedError("not_yours", alarm=alarm.id)
    if alarm.acked_us is not None:
        raise RefusedError("already_acked", alarm=alarm.id)
    order = alarm.facts.get("order")
    refs = (*((f"order:{order}",) if order else ()), f"person:{actor}")
    turn.emit(
        "alarm.acked",
        f"alarm:{alarm.id}",
        refs,
        alarm=alarm.id,
        took_us=turn.env.now_us - alarm.raised_us,
        shown_us=min(data.shown_ms * 1_000, turn.env.now_us - alarm.raised_us),
    )
    return {"alarm": alarm.id}
