"""What a ruleset would change, tried on copies: recent orders of this floor, and orders made odd.

Reads only. The orders go through the same `decide` twice, under the ruleset in force and under the
new one, on scratch floors (`edge.domain.trial`); what differs is told order by order.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from edge.app.ports import Reader
from edge.domain.model import Assignment, Box, RulesetRecord
from edge.domain.rules import Problem, RulesetError, in_force
from edge.domain.trial import Body, Difference, compare, judge
from sync.api import decode_entry

RECENT_MAX: Final = 200
ENTRIES_BACK_MAX: Final = 40_000
"""How far back in the journal recent orders are looked for."""
CHUNK: Final = 2_000
GIVEN_MAX: Final = 200
GIVEN_PREFIX: Final = "given/"
"""Of a made order's id; after it comes what it tries, named by the page's `sample.…` texts."""

_LINE: Final = {"no": 1, "sku": "TRIAL-1", "qty": 1, "price_fen": 19_900}
_DEAR: Final = {"no": 1, "sku": "TRIAL-1", "qty": 2, "price_fen": 39_900}


def _given(name: str, recipient: dict[str, str], **over: Any) -> Body:  # noqa: ANN401
    body = {"order_id": f"{GIVEN_PREFIX}{name}", "carrier": "SF", "service": "standard"}
    return {**body, "lines": [_LINE], "gifts": "evaluate", "recipient": recipient, **over}


GIVEN: Final[tuple[Body, ...]] = (
    _given("odd_characters", {"name": "龘靐 O'Néill \U0001f469\u200d\U0001f680",
                              "phone": "13800000000", "address": "𠮷野路1号\u200b#3–4“后门”"},
           remark="生日\U0001f382;急诊\n'--"),
    _given("hong_kong", {"name": "陳大文", "phone": "+852 6123 4567", "city": "香港",
                         "address": "九龍旺角彌敦道700號12樓B室"}, type="cross_border"),
    _given("macau", {"name": "何小姐", "phone": "+853 6612 3456", "city": "澳門",
                     "address": "澳門新馬路61號永光廣場8樓"}, type="cross_border"),
    _given("taiwan", {"name": "林志明", "phone": "+886 912 345 678", "city": "台北市",
                      "address": "台北市信義區市府路45號3樓之2"}, type="cross_border"),
    _given("masked_phone", {"name": "李*", "phone": "138****0000", "address": "文一路 1 号"}),
    _given("vague_address", {"name": "王", "phone": "13800000000", "address": "老地方"}),
    _given("gift_order", {"name": "赵", "phone": "13800000000", "address": "文一路 1 号"},
           type="gift_only", parent="given/parent", gifts="given",
           lines=[{**_LINE, "gift": True, "tracked": False, "price_fen": 0}]),
    _given("two_tiers", {"name": "赵", "phone": "13800000000", "address": "文一路 1 号"},
           lines=[_DEAR]),
    _given("fast_lane", {"name": "赵", "phone": "13800000000", "address": "文一路 1 号"},
           tags=["24H"]),
    _given("unknown_type", {"name": "赵", "phone": "13800000000", "address": "文一路 1 号"},
           type="flying_carpet"),
)  # fmt: skip
"""Orders that every ruleset is tried on beside the floor's own."""


class SandboxReport(msgspec.Struct, frozen=True):
    """What a ruleset would change."""

    rules: str
    """The one that was tried."""
    against: str
    """The one in force."""
    recent: int
    given: int
    problems: list[Problem]
    """What keeps it from being used; with any of these nothing was tried."""
    differences: list[Difference]


class Sandbox:
    """Tries rulesets against the orders of this floor."""

    def __init__(self, reader: Reader, head_seq: Callable[[], int]) -> None:
        self._reader = reader
        self._head_seq = head_seq
        self._one = asyncio.Lock()

    async def run(
        self, document: bytes, given: list[Body], recent: int = RECENT_MAX
    ) -> SandboxReport:
        """Return what `document` would change; one trial at a time, in a thread of its own."""
        async with self._one:
            box = await self._reader.doc(Box, "box")
            assert isinstance(box, Box)
            record = await self._reader.doc(RulesetRecord, box.rules)
            assert isinstance(record, RulesetRecord)
            orders = await self._recent(self._head_seq(), min(recent, RECENT_MAX))
            more = [*GIVEN, *given[:GIVEN_MAX]]
            return await asyncio.to_thread(_try, record.document, document, box.rules, orders, more)

    async def _recent(self, head_seq: int, most: int) -> list[Body]:
        """Return the newest orders as the hub would assign them again, the newest first."""
        found: list[str] = []
        before = head_seq
        while len(found) < most and before > max(0, head_seq - ENTRIES_BACK_MAX):
            after = max(0, before - CHUNK)
            _, raws = await self._reader.entries(after, before - after)
            entries = [decode_entry(raw) for raw in raws]
            found += [
                entry.data["order"] for entry in reversed(entries) if entry.kind == "order.assigned"
            ]
            before = after
        bodies = [await self._body(order_id) for order_id in found[:most]]
        return [body for body in bodies if body]

    async def _body(self, order_id: str) -> Body:
        content = await self._reader.doc(Assignment, order_id)
        if not isinstance(content, Assignment):
            return {}
        personal = await self._reader.personal(f"order:{order_id}") or {}
        fields = msgspec.to_builtins(content)
        own = [line for line in fields["lines"] if not line.get("rule")]
        # A waybill number given ahead belongs to one order and cannot be given again.
        return {
            **{name: value for name, value in fields.items() if name not in ("id", "waybill")},
            **personal,
            "order_id": order_id,
            "paid_at": content.paid_us,
            "promise": content.promise_us,
            "lines": own,
            "gifts": "evaluate" if len(own) < len(fields["lines"]) else "given",
        }


def _try(
    old: bytes, new: bytes, against: str, orders: list[Body], given: list[Body]
) -> SandboxReport:
    problems: list[Problem] = []
    differences: list[Difference] = []
    rules = ""
    try:
        judge(new)
        rules = in_force(new).label
        differences = compare(old, new, [*orders, *given])
    except RulesetError as error:
        problems = error.problems
    return SandboxReport(rules, against, len(orders), len(given), problems, differences)
