"""What callers of the hub's API may ask for, and the instructions that it becomes. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from sync.hub.store import Box, Told
from sync.messages import Instruction

CHUNK_ITEMS_MAX: Final = 200
LIST_ITEMS_MAX: Final = 50_000
ID_CHARS_MAX: Final = 64
COUNTDOWN_S: Final = 15
COUNTDOWN_S_MAX: Final = 3600
TOP: Final = 3
SCORE_PM_MIN: Final = 700
SCORE_PM_SPAN: Final = 290

KINDS: Final = {
    "catalog": "catalog.upsert",
    "locations": "location.upsert",
    "people": "people.upsert",
    "stock": "stock.snapshot",
    "rulesets": "ruleset.publish",
    "waybills": "waybill.pool",
}
"""Instruction kind by the list's name in the API."""
CATEGORIES: Final = frozenset({"cancel", "address", "remark", "rush", "return"})


class HubError(Exception):
    """A request that the hub cannot meet. `status` is the HTTP status, `hint` says what to do."""

    def __init__(self, code: str, facts: dict[str, Any], hint: str, status: int = 422) -> None:
        super().__init__(f"{code} {facts}")
        self.code = code
        self.facts = facts
        self.hint = hint
        self.status = status


def broadcasts(
    what: str,
    payload: object,
    boxes: Sequence[Box],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (box, kind, body) for a list of records, at most `CHUNK_ITEMS_MAX` items in each.

    A record with a `warehouse` goes to that one's box, others to every box.
    """
    kind = KINDS[what]
    by_box: dict[str, list[dict[str, Any]]] = {}
    for item in _items(payload):
        warehouse = str(item.get("warehouse", ""))
        targets = [box_of(warehouse, boxes)] if warehouse else [box.box for box in boxes]
        if not targets:
            raise HubError("no_box", {}, "enrol a box first", 409)
        content = {name: value for name, value in item.items() if name != "warehouse"}
        for box in targets:
            by_box.setdefault(box, []).append(content)
    for box, items in by_box.items():
        for body in _bodies(what, items):
            yield box, kind, body


def orders(
    payload: object,
    boxes: Sequence[Box],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (box, body of `order.assign`) for a list of orders, each with its routing."""
    for order in _items(payload):
        order_id = _text(order, "order_id")
        lines = order.get("lines")
        if not isinstance(lines, list) or not lines:
            raise HubError("order_invalid", {"order_id": order_id}, "an order needs lines")
        body = dict(order)
        wanted = str(body.pop("warehouse", ""))
        if not body.get("routing"):
            body["routing"] = route(body, boxes, wanted)
        yield box_of(wanted or _first_choice(order_id, body["routing"]), boxes), body


def route(order: dict[str, Any], boxes: Sequence[Box], wanted: str = "") -> dict[str, Any]:
    """Return the routing decision for `order`: the same for the same order and warehouses."""
    names = sorted({box.warehouse or box.box for box in boxes})

    def score_pm(warehouse: str) -> int:
        seed = f"{order['order_id']}|{warehouse}".encode()
        drawn = int.from_bytes(hashlib.sha256(seed).digest()[:4], "big")
        return SCORE_PM_MIN + drawn % SCORE_PM_SPAN

    scored = sorted(((score_pm(name), name) for name in names), reverse=True)
    ranked = sorted(scored, key=lambda pair: pair[1] != wanted)[:TOP]
    constraints = [f"warehouse:{wanted}"] if wanted else []
    constraints += [f"tag:{tag}" for tag in order.get("tags") or []]
    constraints += [f"carrier:{order['carrier']}"] if order.get("carrier") else []
    return {
        "score_pm": ranked[0][0] if ranked else 0,
        "top3": [{"warehouse": name, "score_pm": score} for score, name in ranked],
        "constraints": constraints,
    }


def change(
    order_id: str,
    verb: str,
    payload: object,
    told: Sequence[Told],
) -> tuple[str, dict[str, Any]]:
    """Return kind and body that ask the floor to change an order: a freeze, or its revocation."""
    facts = payload if isinstance(payload, dict) else {}
    if verb == "revoke":
        return "order.revoke", _revoked(order_id, told)
    if verb not in CATEGORIES:
        hint = f"one of revoke, {', '.join(sorted(CATEGORIES))}"
        raise HubError("verb_unknown", {"verb": verb}, hint, 404)
    countdown_s = facts.get("countdown_s", COUNTDOWN_S)
    if not isinstance(countdown_s, int) or not 0 <= countdown_s <= COUNTDOWN_S_MAX:
        hint = f"whole seconds, 0 to {COUNTDOWN_S_MAX}"
        raise HubError("countdown_invalid", {"countdown_s": str(countdown_s)}, hint)
    body = {
        **facts,
        "order_id": order_id,
        "category": verb,
        "countdown_s": countdown_s,
        "reason": str(facts.get("reason", "")),
    }
    return "order.freeze", body


def _revoked(order_id: str, told: Sequence[Told]) -> dict[str, Any]:
    freezes = [one for one in told if one.kind == "order.freeze"]
    if not freezes:
        hint = "there is nothing to revoke: no freeze was sent for this order"
        raise HubError("not_frozen", {"order_id": order_id}, hint, 409)
    newest = freezes[-1]
    body = msgspec.msgpack.decode(newest.b, type=Instruction).body
    category = body.get("category")
    return {"order_id": order_id, "instruction": newest.id, "category": category}


def box_of(warehouse: str, boxes: Sequence[Box]) -> str:
    """Return the box that serves `warehouse`; raise `HubError` if none does."""
    exact = [box.box for box in boxes if warehouse and warehouse in (box.warehouse, box.box)]
    rest = [box.box for box in boxes if not box.warehouse]
    found = exact or rest or ([boxes[0].box] if len(boxes) == 1 and not warehouse else [])
    if not found:
        hint = "enrol a box for it, or name another warehouse"
        raise HubError("no_box", {"warehouse": warehouse}, hint, 409)
    return found[0]


def _first_choice(order_id: str, routing: object) -> str:
    match routing:
        case {"top3": [{"warehouse": str(warehouse)}, *_]}:
            return warehouse
        case {"top3": []}:
            return ""
    hint = "routing is {score_pm, top3: [{warehouse, score_pm}], constraints: []}"
    raise HubError("order_invalid", {"order_id": order_id, "field": "routing"}, hint)


def _bodies(what: str, items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if what == "rulesets":
        yield from items
    elif what == "waybills":
        for pool in items:
            numbers = pool.get("numbers")
            if not isinstance(numbers, list):
                raise HubError("waybills_invalid", {}, "each item needs carrier and numbers[]")
            for chunk in _chunks(numbers):
                yield {**pool, "numbers": chunk}
    elif what == "stock":
        for chunk in _stock_chunks(items):
            yield {"items": chunk}
    else:
        for chunk in _chunks(items):
            yield {"items": chunk}


def _stock_chunks(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Keep the bins of one SKU together: a snapshot replaces all that was known of it."""
    chunk: list[dict[str, Any]] = []
    by_sku = sorted(items, key=lambda item: str(item.get("sku")))
    for _, bins in groupby(by_sku, key=lambda item: str(item.get("sku"))):
        shelf = list(bins)
        if chunk and len(chunk) + len(shelf) > CHUNK_ITEMS_MAX:
            yield chunk
            chunk = []
        chunk = chunk + shelf
    if chunk:
        yield chunk


def _chunks(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), CHUNK_ITEMS_MAX):
        yield items[start : start + CHUNK_ITEMS_MAX]


def _items(payload: object) -> list[dict[str, Any]]:
    if not isinstance(payload, list) or not all(isinstance(item, dict) for item in payload):
        raise HubError("malformed", {}, "the body is a JSON list of objects", 400)
    if len(payload) > LIST_ITEMS_MAX:
        hint = f"send at most {LIST_ITEMS_MAX} at a time"
        raise HubError("too_many", {"items": len(payload)}, hint, 413)
    return payload


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= ID_CHARS_MAX:
        hint = f"{name} is a text of 1 to {ID_CHARS_MAX} characters"
        raise HubError("order_invalid", {name: str(value)[:ID_CHARS_MAX]}, hint)
    return value
