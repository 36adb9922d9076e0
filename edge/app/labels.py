"""What stands on a waybill: gathered from the order, its recipient and the catalogue."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from edge.app.ports import Reader
from edge.app.reads import Reads, view_of
from edge.domain.label_views import carrier_names
from edge.domain.model import Assignment, Job, Line, Order, Sku
from edge.domain.rulesets import active_rules
from edge.domain.world import World

ITEMS_SHOWN: Final = 6
SITE_UTC_OFFSET: Final = timedelta(hours=8)


class WaybillLabels:
    """Gathers the fields of the template `waybill`."""

    def __init__(self, reader: Reader, box_name: str) -> None:
        self._reader = reader
        self._reads = Reads(reader)
        self._box_name = box_name

    async def fields(self, job: Job, now_us: int) -> dict[str, Any]:
        """Return the template's data for one copy."""
        data = await view_of(self._reader, lambda world: _content(world, job))
        personal = await self._reads.recipient(job.order)
        recipient = personal.get("recipient", {})
        printed = datetime.fromtimestamp(now_us / 1e6, UTC) + SITE_UTC_OFFSET
        return data | {
            "recipient": {
                "name": recipient.get("name", ""),
                "phone": recipient.get("phone", ""),
                "address": recipient.get("address", ""),
                "city": f"{recipient.get('province', '')} {recipient.get('city', '')}".strip(),
            },
            "sender": self._box_name,
            "printed_at": printed.strftime("%Y-%m-%d %H:%M"),
            "box": self._box_name,
        }


def _content(world: World, job: Job) -> dict[str, Any]:
    order = world.the(Order, job.order)
    content = world.the(Assignment, job.order)
    goods = [line for line in content.lines if not line.gift]
    gifts = [line for line in content.lines if line.gift]
    carrier, service = carrier_names(active_rules(world), content.carrier, content.service)
    data: dict[str, Any] = {
        "waybill": job.waybill,
        "carrier": {"zh": carrier.zh, "en": carrier.en},
        "service": service.zh,
        "order": job.order,
        "copy_id": job.copy,
        "copy": job.n,
        "lines_total": len(content.lines),
        "pieces_total": sum(line.qty for line in content.lines),
        "items": [{"name": _name(world, line), "qty": line.qty} for line in goods[:ITEMS_SHOWN]],
        "parcel": {"n": 1, "of": 1},
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
