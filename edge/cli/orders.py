"""`floorgate orders`."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.cli.output import FOUND_WRONG, GOOD, fail, say, say_json

if TYPE_CHECKING:
    from sync.api import Import

HUB: Final = "http://127.0.0.1:8470"


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
        return fail(f"{args.file}: {error.strerror}")
    except (ImportFault, DemoError) as error:
        return fail(str(error))
    _tell(imported, fresh, as_json=args.json)
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


def _tell(imported: "Import", fresh: int, *, as_json: bool) -> None:
    import msgspec  # noqa: PLC0415 - only this verb needs it

    facts = {
        "orders": len(imported.orders),
        "new": fresh,
        "returns": len(imported.returns),
        "articles": len(imported.catalog),
        "lines": msgspec.to_builtins(imported.counts),
        "unknown_columns": list(imported.unknown_columns),
        "rejects": msgspec.to_builtins(imported.rejects),
    }
    if as_json:
        say_json(facts)
        return
    counts = imported.counts
    say(f"{facts['orders']} orders, {fresh} of them new to the hub; {facts['returns']} returns")
    say(
        f"{counts.lines} lines: {counts.ordered} ordered, {counts.charged} charged, "
        f"{counts.returned} returned, {counts.rejected} rejected, {counts.blank} blank"
    )
    for column in imported.unknown_columns:
        say(f"column {column} was not used")
    for reject in imported.rejects:
        cause = ", ".join(f"{name}: {value}" for name, value in reject.facts.items())
        say(f"line {reject.line}: {reject.code}{f' ({cause})' if cause else ''}")
        say(f"    {reject.advice.zh} / {reject.advice.en}")
