"""What clients see of an approval: who asks, for what, on what data, what each answer will do."""

from typing import Any

import msgspec

from edge.domain.approving import REFER, answers_now, facts_hash, facts_now, places_left
from edge.domain.approving import why_not_grant as _why_not_grant
from edge.domain.asking import Why
from edge.domain.model import Approval, Name, Opinion
from edge.domain.rulesets import active_rules
from edge.domain.world import World


class AnswerView(msgspec.Struct, frozen=True, gc=False):
    """An answer that is possible, and what it will do."""

    answer: str
    does: Name | None


class ApprovalView(msgspec.Struct, frozen=True, gc=False):
    """A request as who decides it must see it; `facts_hash` goes with the signature."""

    id: str
    kind: str
    name: Name
    state: str
    order: str | None
    reason: str
    data: dict[str, Any]
    asked_by: str | None
    asked_at: int
    facts: dict[str, Any]
    facts_hash: str
    answers: tuple[AnswerView, ...]
    why_not: Why | None
    due: tuple[tuple[str, ...], ...]
    """Signatures that are still needed: of which roles each."""
    level: int
    stuck: bool
    opinions: tuple[Opinion, ...]
    answer: str | None


def approval_view(world: World, approval_id: str) -> ApprovalView | None:
    """Return an approval, or None where there is none.

    One that is closed shows the facts on which it was asked, and no answers.
    """
    approval = world.get(Approval, approval_id)
    if approval is None:
        return None
    policy = active_rules(world).approval(approval.kind)
    is_open = approval.state == "open"
    closed = _why_not_grant(world, approval) if is_open else None
    answers = (*answers_now(world, approval), REFER) if is_open else ()
    return ApprovalView(
        id=approval.id,
        kind=approval.kind,
        name=policy.name,
        state=approval.state,
        order=approval.order or None,
        reason=approval.reason,
        data=approval.data,
        asked_by=approval.asked_by or None,
        asked_at=approval.asked_us,
        facts=facts_now(world, approval) if is_open else approval.facts,
        facts_hash=facts_hash(world, approval) if is_open else "",
        answers=tuple(AnswerView(each, policy.answers.get(each)) for each in answers),
        why_not=Why(closed.code, closed.facts) if closed else None,
        due=places_left(approval) if is_open else (),
        level=approval.level,
        stuck=approval.stuck,
        opinions=approval.opinions,
        answer=approval.answer or None,
    )
