"""Evidence: photos and videos of an order, and the tags that demand them (RULE-5, RET-3)."""

import re
from typing import Any, Final

from edge.domain.commands import EvidenceAttach
from edge.domain.entries import PersonalRecord
from edge.domain.model import Assignment, Evidence, Order
from edge.domain.orders import the_order
from edge.domain.personal import picture_key, seal
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.workflow import order_refs, settle

EVIDENCE_PER_ORDER_MAX: Final = 32
TAGS_MAX: Final = 32
TAG_CHARS_MAX: Final = 64
_KINDS: Final = {"photo": "image/", "video": "video/"}
"""Kind of evidence → how its media type begins."""
_BLOB: Final = re.compile(r"sha256:[0-9a-f]{64}")


def attach(turn: Turn, data: EvidenceAttach) -> dict[str, Any]:
    """Attach a blob, which the door found in the store; it moves nothing by itself."""
    order = the_order(turn, data.order_id)
    begins = _KINDS.get(data.kind)
    if begins is None or not data.media_type.startswith(begins) or not _BLOB.fullmatch(data.blob):
        problem = "kind: photo or video, as the blob is; blob: sha256:…"
        raise RefusedError("malformed", problem=problem, kind="evidence.attach")
    evidence = Evidence(kind=data.kind, blob=data.blob, state=order.state)
    if evidence in order.evidence:
        return {"order_id": order.id}
    if len(order.evidence) >= EVIDENCE_PER_ORDER_MAX:
        raise RefusedError("evidence_full", order=order.id, max=EVIDENCE_PER_ORDER_MAX)
    salt, value = turn.env.new_salt(), {"order": order.id}
    key = picture_key(data.kind, data.blob, order.id)
    turn.personal.append(PersonalRecord(key, salt, value))
    turn.emit(
        "evidence.attached",
        f"order:{order.id}",
        order_refs(order),
        order=order.id,
        evidence=data.kind,
        blob=data.blob,
        size=data.size,
        media_type=data.media_type,
        state=order.state,
        personal=seal(salt, value),
    )
    settle(turn, turn.world.the(Order, order.id))
    return {"order_id": order.id}


def set_tags(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Take over tags that the hub sets on an order, or takes off it."""
    order = the_order(turn, str(body["order_id"]))
    put, off = _tags(body, "tags"), _tags(body, "remove")
    old = turn.world.the(Assignment, order.id).tags
    tags = [each for each in dict.fromkeys((*old, *put)) if each not in off]
    if len(tags) > TAGS_MAX:
        raise RefusedError("malformed", problem=f"at most {TAGS_MAX} tags", kind="tag.set")
    subject = f"order:{order.id}"
    turn.emit("order.tagged", subject, order=order.id, tags=tags, put=put, off=off, **link)


def _tags(body: dict[str, Any], name: str) -> list[str]:
    tags = body.get(name) or []
    is_good = isinstance(tags, list) and all(
        isinstance(each, str) and 0 < len(each) <= TAG_CHARS_MAX for each in tags
    )
    if not is_good:
        problem = f"{name}: a list of texts of ≤ {TAG_CHARS_MAX} characters"
        raise RefusedError("malformed", problem=problem, kind="tag.set")
    return tags
