"""`floorgate orders`."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.cli.output import FOUND_WRONG, GOOD, fail, say, say_json
from edge.cli.words import of_system, refused, worded
from edge.domain.foreign import in_chinese

if TYPE_CHECKING:
    from sync.api import Import, Reject

HUB: Final = "http://127.0.0.1:8470"
LINES: Final = (
    "{counts.lines} lines: {counts.ordered} ordered, {counts.charged} charged, "
    "{counts.returned} returned, {counts.rejected} rejected, {counts.blank} blank"
)
LINES_ZH: Final = (
    "{counts.lines} 行：订货 {counts.ordered}，费用 {counts.charged}，"
    "退货 {counts.returned}，没收下 {counts.rejected}，空行 {counts.blank}"
)


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    orders = verbs.add_parser("orders", help="orders in files").add_subparsers(
        title="actions", metavar="ACTION", required=True
    )
    send = orders.add_parser("import", help="send the orders of a file to a hub")
    send.add_argument("file", type=Path, metavar="FILE", help=".csv or .jsonl")
    send.add_argument("--hub", default=HUB, help="the hub's address")
    send.add_argument("--box", help="who is asked for the file's returns, where there are several")
    send.add_argument("--json", action="store_true", help="print one JSON object")
    send.set_defaults(run=send_orders)


def send_orders(args: argparse.Namespace) -> int:
    """Send everything in a file to a hub, and tell of each line that was not taken."""
    from edge.demo.site import DemoError  # noqa: PLC0415 - only this verb needs it
    from sync.api import ImportFault, read_orders  # noqa: PLC0415

    try:
        imported = read_orders(args.file, warehouse="")
        fresh = asyncio.run(_send(imported, args.hub, args.box))
    except OSError as error:
        return refused(args, of_system(error))
    except ImportFault as fault:
        en, zh = f"{args.file}: {fault}", f"{args.file}：{fault.hint.zh}{_facts(fault.facts)}"
        return fail(worded(args, en, zh))
    except DemoError as error:
        return fail(worded(args, str(error), in_chinese(str(error))))
    _tell(args, imported, fresh)
    return FOUND_WRONG if imported.rejects else GOOD


async def _send(imported: "Import", hub_url: str, box: str | None) -> int:
    """Send articles, bins, stock, orders and returns; return how many orders were new."""
    from edge.demo.hub_client import HubClient  # noqa: PLC0415 - only this verb needs it
    from edge.demo.site import DemoError  # noqa: PLC0415

    async with HubClient(hub_url) as hub:
        boxes = [each["box"] for each in (await hub.get("boxes"))["boxes"]]
        if box is None and len(boxes) > 1 and imported.returns:
            raise DemoError(f"the file has returns: name one of {', '.join(boxes)} with --box")
        await hub.send_site(imported)
        fresh = await hub.assign(imported.orders)
        for note in imported.returns:
            await hub.ask_return(box or boxes[0], note)
        return fresh


def _tell(args: argparse.Namespace, imported: "Import", fresh: int) -> None:
    import msgspec  # noqa: PLC0415 - only this verb needs it

    orders, returns, counts = len(imported.orders), len(imported.returns), imported.counts
    facts = {
        "orders": orders,
        "new": fresh,
        "returns": returns,
        "articles": len(imported.catalog),
        "lines": msgspec.to_builtins(counts),
        "unknown_columns": list(imported.unknown_columns),
        "rejects": msgspec.to_builtins(imported.rejects),
    }
    if args.json:
        say_json(facts)
        return
    told = [
        (
            f"{orders} orders, {fresh} of them new to the hub; {returns} returns",
            f"订单 {orders} 个，其中 {fresh} 个是中枢没有的；退单 {returns} 个",
        ),
        (LINES.format(counts=counts), LINES_ZH.format(counts=counts)),
        *(
            (f"column {each} was not used", f"没有用到列 {each}")
            for each in imported.unknown_columns
        ),
        *map(_rejected, imported.rejects),
    ]
    for en, zh in told:
        say(worded(args, en, zh))


def _rejected(line: "Reject") -> tuple[str, str]:
    at = f"{line.code}{_facts(line.facts)}"
    return f"line {line.line}: {at}\n    {line.advice.en}", (
        f"第 {line.line} 行：{at}\n    {line.advice.zh}"
    )


def _facts(facts: dict[str, str]) -> str:
    return f" ({', '.join(f'{name}: {value}' for name, value in facts.items())})" if facts else ""
