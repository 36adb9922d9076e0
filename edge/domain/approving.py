"""Approvals: what a person may not do alone is asked, and decided once by superiors who sign.

A *kind* of approval says what is asked: the facts to judge it by, why it may be impossible, and
what the decision does. Who asks and who signs is ruleset data. A signature names the hash of the
facts that were shown; where they have changed meanwhile it is refused as stale. The last signature
decides and carries out the effect in the same turn: so a grant is bound to one request and its
content, and used once, by construction. Nobody signs their own request, and no role is above this.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Final

import msgspec

from edge.domain.alarms import raise_alarm, settle_alarm
from edge.domain.commands import ApprovalDecide, ApprovalRequest
from edge.domain.letting_go import refuse_gone
from edge.domain.model import Approval, Order, Person, Timer
from edge.domain.refusals import Refusal, RefusedError, refused
from edge.domain.timing import US_PER_S, arm_timer, disarm_timer, on_fire
from edge.domain.turn import Turn
from edge.domain.world import World

Facts = dict[str, Any]
GRANT: Final = "grant"
DENY: Final = "deny"
"""Answer that any one signer may give alone; nothing is done."""
REFER: Final = "refer"
"""Answer that decides nothing: the opinion is kept, and the next superior is asked."""
STUCK: Final = "approval_stuck"
SIGNATURES_MAX: Final = 3

_encode = msgspec.msgpack.Encoder(order="sorted").encode


def _always_open(_: World, __: Approval) -> None:
    return None


def _grant_or_deny(_: World, __: Approval) -> tuple[str, ...]:
    return (GRANT, DENY)


def _nothing(_: Turn, __: Approval) -> None:
    return None


@dataclass(frozen=True, slots=True)
class ApprovalKind:
    """What a kind of approval is about. The functions get the request as it stands."""

    facts: Callable[[World, Approval], Facts]
    """What the decision depends on, as it is now; when it changes, signatures must be anew."""
    effect: Callable[[Turn, Approval], None]
    """What a decision other than `deny` does; `approval.answer` says which it was."""
    why_not: Callable[[World, Approval], Refusal | None] = _always_open
    """Why it cannot be asked or granted now."""
    answers: Callable[[World, Approval], tuple[str, ...]] = _grant_or_deny
    denied: Callable[[Turn, Approval], None] = _nothing
    expired: Callable[[Turn, Approval], None] | None = _nothing
    """What is done when nobody decides in time; None: it waits until somebody does."""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's answer, who they are proved by badge and PIN, or by the hub's signature."""

    person: str
    roles: tuple[str, ...]
    answer: str
    facts_hash: str
    opinion: str = ""
    remote: bool = False


_KINDS: Final[dict[str, ApprovalKind]] = {}


def register_approval(name: str, kind: ApprovalKind) -> None:
    """Make a kind of approval known by its name."""
    assert name not in _KINDS, name
    _KINDS[name] = kind


def approval_kinds() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return tuple(_KINDS)


# ---- asking -----------------------------------------------------------------------------------


def request(turn: Turn, data: ApprovalRequest) -> Facts:
    """Let a person ask for something."""
    if data.kind not in _KINDS:
        raise RefusedError("approval_kind", kind=data.kind)
    ask = turn.rules.approval(data.kind).ask
    if set(ask).isdisjoint(turn.command.roles):
        raise RefusedError("role_missing", roles=list(ask))
    if data.order_id and turn.world.get(Order, data.order_id) is None:
        refuse_gone(turn.world, data.order_id)
        raise RefusedError("unknown_order", order=data.order_id)
    found = request_approval(turn, data.kind, data.order_id, data.reason, dict(data.data))
    return {"approval": found}


def request_approval(
    turn: Turn, kind: str, order_id: str, reason: str, data: dict[str, Any]
) -> str:
    """Ask for an approval on behalf of who sent the command, or of a rule; return its id.

    Raises:
        RefusedError: what `why_not` of the kind answers, or `approval_open` where the very same
            is asked already.
    """
    policy = turn.rules.approval(kind)
    approval = Approval(
        id=turn.env.new_id(),
        kind=kind,
        state="open",
        order=order_id,
        reason=reason,
        data=data,
        asked_by=turn.command.actor if turn.command.via == "pda" else "",
        asked_us=turn.env.now_us,
        facts={},
        sign=policy.sign,
        chain=policy.chain,
        remote=policy.remote,
        timeout_us=policy.timeout_s * US_PER_S,
    )
    _refuse_twice(turn.world, approval)
    if closed := _KINDS[kind].why_not(turn.world, approval):
        raise refused(closed)
    turn.emit(
        "approval.requested",
        f"approval:{approval.id}",
        _refs(approval),
        approval=approval.id,
        kind=kind,
        order=order_id,
        reason=reason,
        data=data,
        asked_by=approval.asked_by,
        facts=_KINDS[kind].facts(turn.world, approval),
        sign=approval.sign,
        chain=approval.chain,
        remote=approval.remote,
        timeout_us=approval.timeout_us,
    )
    subject = f"approval:{approval.id}"
    arm_timer(turn, "approval.timeout", subject, approval.timeout_us, _refs(approval))
    if policy.expires_s and _KINDS[kind].expired is not None:
        expires_us = policy.expires_s * US_PER_S
        arm_timer(turn, "approval.expiry", subject, expires_us, _refs(approval))
    _call(turn, approval, approval.signers())
    return approval.id


def _refuse_twice(world: World, asked: Approval) -> None:
    """Refuse what is asked already, about the same order with the same data."""
    order = world.get(Order, asked.order) if asked.order else None
    for each in order.approvals if order else ():
        known = world.the(Approval, each)
        if (known.kind, known.data) == (asked.kind, asked.data):
            raise RefusedError("approval_open", approval=known.id, order=asked.order)


def _call(turn: Turn, approval: Approval, roles: tuple[str, ...]) -> None:
    """Call those who may sign; one call at a time, however often nobody answers."""
    settle_alarm(turn, approval.call)
    subject = f"approval:{approval.id}"
    facts = {"approval": approval.id, "kind": approval.kind, "order": approval.order}
    alarm = raise_alarm(turn, subject, "approval_due", facts, roles=roles)
    turn.emit("approval.called", subject, approval=approval.id, alarm=alarm)


def _refs(approval: Approval) -> tuple[str, ...]:
    order = (f"order:{approval.order}",) if approval.order else ()
    return (*order, f"person:{approval.asked_by}") if approval.asked_by else order


# ---- what is shown ----------------------------------------------------------------------------


def facts_now(world: World, approval: Approval) -> Facts:
    """Return the facts to judge an approval by, as they are now."""
    return _KINDS[approval.kind].facts(world, approval)


def answers_now(world: World, approval: Approval) -> tuple[str, ...]:
    """Return the answers that decide an approval now."""
    return _KINDS[approval.kind].answers(world, approval)


def why_not_grant(world: World, approval: Approval) -> Refusal | None:
    """Return why nothing but `deny` is possible now."""
    return _KINDS[approval.kind].why_not(world, approval)


def facts_hash(world: World, approval: Approval) -> str:
    """Return the hash of all that a signer must have been shown: SHA-256, in hex."""
    shown = (
        approval.id,
        approval.kind,
        approval.order,
        approval.reason,
        approval.data,
        approval.asked_by,
        facts_now(world, approval),
        answers_now(world, approval),
    )
    return hashlib.sha256(_encode(shown)).hexdigest()


# ---- signing ----------------------------------------------------------------------------------


def decide(turn: Turn, data: ApprovalDecide) -> Facts:
    """Let a person sign whose badge and PIN were verified at the door."""
    command = turn.command
    person = turn.world.get(Person, command.actor)
    if person is None or not person.active or not {"badge", "pin"} <= set(command.factors):
        raise RefusedError("sign_in_failed")
    signature = Signature(
        person=person.id,
        roles=person.roles,
        answer=data.answer,
        facts_hash=data.facts_hash,
        opinion=data.opinion,
    )
    return sign(turn, data.approval_id, signature)


def sign(turn: Turn, approval_id: str, signature: Signature) -> Facts:
    """Keep an opinion; the last one that was needed decides and is carried out at once."""
    approval = turn.world.get(Approval, approval_id)
    if approval is None:
        raise RefusedError("unknown_approval", approval=approval_id)
    _check_signer(approval, signature)
    _check_answer(turn.world, approval, signature)
    seen = facts_now(turn.world, approval)
    turn.emit(
        "approval.signed",
        f"approval:{approval.id}",
        (*_refs(approval), f"person:{signature.person}"),
        approval=approval.id,
        kind=approval.kind,
        person=signature.person,
        roles=list(signature.roles),
        answer=signature.answer,
        opinion=signature.opinion,
        remote=signature.remote,
        factors=list(turn.command.factors),
        verified_us=turn.command.verified_us,
        facts=seen,
        facts_hash=signature.facts_hash,
    )
    approval = turn.world.the(Approval, approval.id)
    if signature.answer == REFER:
        _escalate(turn, approval)
    elif signature.answer == DENY or not places_left(approval):
        _decide(turn, approval, signature.answer, seen)
    approval = turn.world.the(Approval, approval.id)
    return {"approval": approval.id, "state": approval.state, "answer": approval.answer}


def _check_signer(approval: Approval, signature: Signature) -> None:
    if approval.state != "open":
        facts = {"approval": approval.id, "state": approval.state, "answer": approval.answer}
        raise RefusedError("approval_closed", **facts)
    if signature.person == approval.asked_by:
        raise RefusedError("approval_own", approval=approval.id)
    if any(each.person == signature.person for each in approval.opinions):
        raise RefusedError("approval_signed", approval=approval.id, by=signature.person)
    others = any(each.remote for each in approval.opinions if each.answer != REFER)
    if signature.remote and (not approval.remote or others):
        raise RefusedError("approval_role", approval=approval.id, roles=list(approval.signers()))
    asked = (*_given(approval), signature.roles)
    if not _seated(approval, asked):
        roles = sorted({role for place in places_left(approval) for role in place})
        raise RefusedError("approval_role", approval=approval.id, roles=roles)


def _check_answer(world: World, approval: Approval, signature: Signature) -> None:
    possible = answers_now(world, approval)
    before = [each.answer for each in approval.opinions if each.answer != REFER]
    if before:
        possible = (before[0], DENY)
    if signature.answer not in (*possible, REFER):
        raise RefusedError("approval_answer", answer=signature.answer, answers=list(possible))
    if signature.facts_hash != facts_hash(world, approval):
        raise RefusedError("approval_stale", approval=approval.id)
    if signature.answer not in (DENY, REFER) and (closed := why_not_grant(world, approval)):
        raise refused(closed)


def _given(approval: Approval) -> tuple[tuple[str, ...], ...]:
    """Return the roles of everybody who signed so far."""
    return tuple(each.roles for each in approval.opinions if each.answer != REFER)


def _seated(
    approval: Approval, signers: tuple[tuple[str, ...], ...]
) -> tuple[tuple[str, ...], ...]:
    """Return distinct places for `signers`, in their order; nothing where they do not fit.

    Superiors who were called in may take any place.
    """
    superiors = set(approval.superiors())
    for places in permutations(approval.sign, len(signers)):
        if all(
            not {*place, *superiors}.isdisjoint(roles)
            for place, roles in zip(places, signers, strict=True)
        ):
            return places
    return ()


def places_left(approval: Approval) -> tuple[tuple[str, ...], ...]:
    """Return the signatures that are still due, each as the roles that may give it."""
    taken = list(_seated(approval, _given(approval)))
    left = []
    for place in approval.sign:
        if place in taken:
            taken.remove(place)
        else:
            left.append((*place, *approval.superiors()))
    return tuple(left)


def _decide(turn: Turn, approval: Approval, answer: str, seen: Facts) -> None:
    signed = [each for each in approval.opinions if each.answer == answer]
    turn.emit(
        "approval.decided",
        f"approval:{approval.id}",
        (*_refs(approval), *(f"person:{each.person}" for each in signed)),
        approval=approval.id,
        kind=approval.kind,
        order=approval.order,
        asked_by=approval.asked_by,
        answer=answer,
        facts=seen,
        by=[each.person for each in signed],
    )
    _settle(turn, approval)
    approval = turn.world.the(Approval, approval.id)
    kind = _KINDS[approval.kind]
    if answer == DENY:
        kind.denied(turn, approval)
    else:
        kind.effect(turn, approval)


# ---- time -------------------------------------------------------------------------------------


@on_fire("approval.timeout")
def _time_out(turn: Turn, timer: Timer) -> None:
    """Call in the next superior where nobody has decided (APPR-3)."""
    approval = turn.world.the(Approval, timer.subject.partition(":")[2])
    if approval.state == "open":
        _escalate(turn, approval)
        arm_timer(turn, "approval.timeout", timer.subject, approval.timeout_us, timer.refs)


def _escalate(turn: Turn, approval: Approval) -> None:
    level = min(approval.level + 1, len(approval.chain))
    turn.emit(
        "approval.escalated",
        f"approval:{approval.id}",
        _refs(approval),
        approval=approval.id,
        order=approval.order,
        level=level,
    )
    if approval.order and STUCK not in turn.world.the(Order, approval.order).marks:
        subject = f"order:{approval.order}"
        turn.emit("order.marked", subject, order=approval.order, mark=STUCK)
    approval = turn.world.the(Approval, approval.id)
    _call(turn, approval, approval.signers())


@on_fire("approval.expiry")
def _expire(turn: Turn, timer: Timer) -> None:
    """Let a request that nobody decided be void; it can be asked again."""
    approval = turn.world.the(Approval, timer.subject.partition(":")[2])
    if approval.state == "open":
        turn.emit("approval.expired", timer.subject, timer.refs, approval=approval.id)
        _settle(turn, approval)
        if (lapse := _KINDS[approval.kind].expired) is not None:
            lapse(turn, approval)


def withdraw(turn: Turn, approval_id: str, why: str) -> None:
    """Close a request that has become pointless; one that is closed is left as it is."""
    approval = turn.world.the(Approval, approval_id)
    if approval.state == "open":
        subject = f"approval:{approval.id}"
        turn.emit("approval.withdrawn", subject, _refs(approval), approval=approval.id, why=why)
        _settle(turn, approval)


def _settle(turn: Turn, approval: Approval) -> None:
    """End the timers and the call of a closed request, and its order's mark if none is stuck."""
    settle_alarm(turn, turn.world.the(Approval, approval.id).call)
    for timer in turn.world.the(Approval, approval.id).timers:
        disarm_timer(turn, timer)
    order = turn.world.get(Order, approval.order) if approval.order else None
    if order is None or STUCK not in order.marks:
        return
    waiting = [turn.world.the(Approval, each) for each in order.approvals]
    if not any(each.stuck for each in waiting):
        turn.emit("order.unmarked", f"order:{order.id}", order=order.id, mark=STUCK)
