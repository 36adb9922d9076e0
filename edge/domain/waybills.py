"""Waybill numbers: allocated ahead by the hub, bound to one parcel each, given back or spent.

A number is `free` in its pool, `reserved` for the order that it came with, `bound` to an order,
`void` once a label that may exist carries it, or `returned` to the hub. None is ever on two
parcels, and none is lost: what was pooled is free, reserved, bound, void or returned (FLOW-8,
PRN-6).
"""

import re
from typing import Any, Final

from edge.domain.alarms import raise_alarm
from edge.domain.model import Assignment, Job, Order, Pool, PoolSlot, Waybill, pool_id
from edge.domain.model.orders import LABEL_DUE
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.workflow import order_refs

Facts = dict[str, Any]
Body = dict[str, Any]

NUMBERS_MAX: Final = 1_000
"""Numbers in one instruction, and in one entry."""
_NUMBER: Final = re.compile(r"[0-9A-Za-z-]{1,40}")
_CARRIER: Final = re.compile(r"[^/\s]{0,40}")


def check_number(number: Any, kind: str) -> str:  # noqa: ANN401 - whatever was sent
    """Return a waybill number, or refuse what no label could carry."""
    if not isinstance(number, str) or _NUMBER.fullmatch(number) is None:
        problem = "a waybill number has 1 to 40 letters, digits and hyphens"
        raise RefusedError("malformed", problem=problem, kind=kind)
    return number


def fill_pool(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Take over numbers that the hub allocated ahead; one that is known already is passed over."""
    carrier, service = _pool_of(body, "waybill.pool")
    sent = body["numbers"]
    if not isinstance(sent, list) or len(sent) > NUMBERS_MAX:
        problem = f"numbers: a list of ≤ {NUMBERS_MAX}"
        raise RefusedError("malformed", problem=problem, kind="waybill.pool")
    numbers = [check_number(each, "waybill.pool") for each in dict.fromkeys(sent)]
    known = [each for each in numbers if turn.world.get(Waybill, each) is not None]
    fresh = sorted(set(numbers) - set(known), key=numbers.index)
    turn.emit(
        "waybill.pooled",
        "waybills",
        carrier=carrier,
        service=service,
        numbers=fresh,
        known=known,
        **link,
    )


def recall_pool(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Give the free numbers of a carrier, or of one of its services, back to the hub."""
    carrier, service = _pool_of(body, "waybill.recall")
    turn.emit("waybill.recalled", "waybills", carrier=carrier, service=service, **link)
    return_free(turn, carrier, service, reason="recalled")


def return_free(turn: Turn, carrier: str, service: str = "", *, reason: str) -> None:
    """Return what is free in a pool, and in the pools of the carrier's services where it is all."""
    top = turn.world.get(Pool, pool_id(carrier, service))
    if top is None:
        return
    for pool in (top.id, *(pool_id(carrier, each) for each in top.services)):
        numbers = _free_numbers(turn, turn.world.the(Pool, pool))
        for at in range(0, len(numbers), NUMBERS_MAX):
            turn.emit(
                "waybill.returned",
                "waybills",
                pool=pool,
                numbers=numbers[at : at + NUMBERS_MAX],
                reason=reason,
            )


def reserve(turn: Turn, order_id: str, number: str) -> None:
    """Keep the number that came with an order for it, unless another parcel has it."""
    found = turn.world.get(Waybill, number)
    if found is None or found.state == "free":
        content = turn.world.the(Assignment, order_id)
        turn.emit(
            "waybill.reserved",
            f"order:{order_id}",
            (f"waybill:{number}",),
            order=order_id,
            waybill=number,
            carrier=content.carrier,
        )


def owner_of(turn: Turn, order_id: str, number: str) -> str | None:
    """Return whose a number is that is not `order_id`'s to use: an order, or nobody's any more."""
    found = turn.world.get(Waybill, number)
    if found is None or found.state == "free":
        return None
    if found.order == order_id and found.state in ("reserved", "bound"):
        return None
    return found.order


def bind(turn: Turn, order: Order) -> Order:
    """Bind the number that came with the order, or the next of its carrier's pool (PRN-6)."""
    content = turn.world.the(Assignment, order.id)
    if content.waybill:
        return bind_number(turn, order, content.waybill, content.carrier)
    pool, slot, number = _next_of_pool(turn, content)
    _emit_bound(turn, order, number, content.carrier, pool=pool, slot=slot)
    _tell_if_low(turn, turn.world.the(Pool, pool), content.carrier)
    return turn.world.the(Order, order.id)


def bind_number(turn: Turn, order: Order, number: str, carrier: str) -> Order:
    """Bind a number that did not come from a pool's turn, unless another parcel has it."""
    if (owner := owner_of(turn, order.id, number)) is not None:
        raise RefusedError("waybill_in_use", waybill=number, order=owner)
    _emit_bound(turn, order, number, carrier, pool="", slot=None)
    return turn.world.the(Order, order.id)


def _emit_bound(
    turn: Turn, order: Order, number: str, carrier: str, *, pool: str, slot: int | None
) -> None:
    turn.emit(
        "waybill.bound",
        f"order:{order.id}",
        (f"waybill:{number}",),
        order=order.id,
        waybill=number,
        carrier=carrier,
        pool=pool,
        slot=slot,
    )


def void_label(turn: Turn, order: Order, *, reason: str, number_too: bool) -> None:
    """Void every live copy of the order's waybill.

    With `number_too` the number goes as well: back to where it came from while no printer was
    asked for a copy of it, and otherwise it is spent.
    """
    live = [copy.id for copy in order.copies if not copy.void]
    number = order.waybill or _reserved(turn, order)
    is_spent = number_too and bool(order.waybill) and may_exist(turn, order)
    if live or is_spent:
        turn.emit(
            "waybill.voided",
            f"order:{order.id}",
            [f"job:{copy.job}" for copy in order.copies if copy.id in live],
            order=order.id,
            waybill=order.waybill,
            copies=live,
            reason=reason,
            number_too=is_spent,
        )
    if number_too and number and not is_spent:
        _give_back(turn, order, number, reason)


def recall_label(turn: Turn, order: Order, reason: str, *, number_too: bool = False) -> None:
    """Void a label that may be on the parcel, and call its packer to take it off (FRZ-4)."""
    is_live = any(not copy.void for copy in order.copies)
    void_label(turn, order, reason=reason, number_too=number_too)
    if is_live and order.packer:
        facts = {"order": order.id, "reason": reason, "due_at": 0}
        raise_alarm(turn, f"order:{order.id}", LABEL_DUE, facts, person=order.packer)


def may_exist(turn: Turn, order: Order) -> bool:
    """Tell whether a label with the order's number may be in the world."""
    jobs = (turn.world.the(Job, copy.job) for copy in order.copies)
    return any(job.attempts and job.waybill == order.waybill for job in jobs)


def _reserved(turn: Turn, order: Order) -> str:
    number = turn.world.the(Assignment, order.id).waybill
    found = turn.world.get(Waybill, number) if number else None
    return number if found and (found.state, found.order) == ("reserved", order.id) else ""


def _give_back(turn: Turn, order: Order, number: str, reason: str) -> None:
    """Put an unused number into its pool again; one that came with the order goes to the hub."""
    pool = turn.world.the(Waybill, number).pool
    subject, refs = f"order:{order.id}", (f"waybill:{number}",)
    more = {"order": order.id, "reason": reason}
    if pool:
        turn.emit("waybill.released", subject, refs, waybill=number, pool=pool, **more)
    else:
        turn.emit("waybill.returned", subject, refs, numbers=[number], pool="", **more)


def queue_copy(turn: Turn, order: Order, station: str, *, ahead: bool = False) -> Facts:
    """Queue the next copy of the order's waybill at a station; its number is bound with it."""
    if not order.waybill:
        order = bind(turn, order)
    job, copy, n = turn.env.new_id(), turn.env.new_id(), len(order.copies) + 1
    turn.emit(
        "print.queued",
        f"order:{order.id}",
        (f"job:{job}", f"waybill:{order.waybill}", *order_refs(order)),
        order=order.id,
        job=job,
        copy=copy,
        n=n,
        waybill=order.waybill,
        station=station,
        printer="",
        **({"ahead": True} if ahead else {}),
    )
    return {"order_id": order.id, "job": job}


def _next_of_pool(turn: Turn, content: Assignment) -> tuple[str, int, str]:
    """Return pool, slot and number of the next free one: of the service, then of the carrier."""
    for name in dict.fromkeys(
        (pool_id(content.carrier, content.service), pool_id(content.carrier, ""))
    ):
        pool = turn.world.get(Pool, name) or Pool(id=name)
        for slot in range(pool.head, pool.tail):
            number = turn.world.the(PoolSlot, f"{name}/{slot}").number
            if turn.world.the(Waybill, number).state == "free":
                return name, slot, number
    raise RefusedError("no_waybill_number", carrier=content.carrier)


def _free_numbers(turn: Turn, pool: Pool) -> list[str]:
    numbers = dict.fromkeys(  # one that was given back has a slot behind its first one
        turn.world.the(PoolSlot, f"{pool.id}/{slot}").number for slot in range(pool.head, pool.tail)
    )
    return [each for each in numbers if turn.world.the(Waybill, each).state == "free"]


def _tell_if_low(turn: Turn, pool: Pool, carrier: str) -> None:
    """Tell the hub, once until the pool is filled again, that its numbers run out."""
    low = turn.rules.pool_low(carrier)
    if pool.free < low and not pool.is_low_told:
        turn.emit("waybill.pool_low", "waybills", pool=pool.id, free=pool.free, low=low)


def _pool_of(body: Body, kind: str) -> tuple[str, str]:
    carrier, service = body["carrier"], body.get("service") or ""
    if not all(isinstance(each, str) and _CARRIER.fullmatch(each) for each in (carrier, service)):
        problem = "carrier and service: at most 40 characters, no slash, no space"
        raise RefusedError("malformed", problem=problem, kind=kind)
    return carrier, service
