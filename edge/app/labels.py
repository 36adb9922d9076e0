"""What stands on a waybill: gathered from the order, its recipient and the catalogue."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from edge.app.ports import Reader
from edge.app.reads import Reads, view_of
from edge.domain.gates import needed_at_packing
from edge.domain.label_views import carrier_names
from edge.domain.model import Assignment, Job, Line, Order, Sku
from edge.domain.rulesets import active_rules
from edge.domain.world import World

ITEMS_SHOWN: Final = 6


class WaybillLabels:
    """Gathers the fields of the template `waybill`."""

    def __init__(self, reader: Reader, box_name: str) -> None:
        self._reader = reader
        self._reads = Reads(reader)
        self._box_name = box_name

    async def fields(self, job: Job, now_us: int) -> dict[str, Any]:
        """Return the template's data for one copy."""
        data = await view_of(self._reader, lambda world: content_of(world, job, now_us))
        personal = await self._reads.recipient(job.order)
        recipient = personal.get("recipient", {})
        return data | {
            "recipient": {
                "name": recipient.get("name", ""),
                "phone": recipient.get("phone", ""),
                "address": recipient.get("address", ""),
                "city": f"{recipient.get('province', '')} {recipient.get('city', '')}".strip(),
            },
            "sender": self._box_name,
            "box": self._box_name,
        }


def content_of(world: World, job: Job, now_us: int) -> dict[str, Any]:
    """Return what a copy says of its parcel: what is sent, not what was ordered."""
    order = world.the(Order, job.order)
    content = world.the(Assignment, job.order)
    packed = zip(content.lines, needed_at_packing(world, order), strict=True)
    lines = [msgspec.structs.replace(line, qty=qty) for line, qty in packed if qty]
    goods = [line for line in lines if not line.gift]
    gifts = [line for line in lines if line.gift]
    rules = active_rules(world)
    carrier, service = carrier_names(rules, content.carrier, content.service)
    offset = timedelta(minutes=rules.document.site.utc_offset_min)
    printed = datetime.fromtimestamp(now_us / 1e6, UTC) + offset
    data: dict[str, Any] = {
        "waybill": job.waybill,
        "carrier": {"zh": carrier.zh, "en": carrier.en},
        "service": service.zh,
        "order": job.order,
        "copy_id": job.copy,
        "copy": job.n,
        "lines_total": len(lines),
        "pieces_total": sum(line.qty for line in lines),
        "items": [{"name": _name(world, line), "qty": line.qty} for line in goods[:ITEMS_SHOWN]],
        "parcel": {"n": 1, "of": 1},
        "printed_at": printed.strftime("%Y-%m-%d %H:%M"),
    }
    if gifts:
        named = "、".join(f"{_name(world, line)}{line.qty}件" for line in gifts)
        data["gifts_text"] = f"赠品：{named}"
    if content.remark_hits:
        data["remark_flag"] = True
    if order.weight_g:
        data["weight"] = f"{order.weight_g / 1000:.2f} kg"
    return data


def _name(world: World, line: Line) -> str:
    return world.the(Sku, line.sku).name.zh
