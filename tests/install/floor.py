"""Runs inside the machine, by the installed Python: a hub, two printers and people for the box.

floor.py ORDERS: assigns so many orders, has them picked, packed and labelled by bots, and prints
as JSON what box and hub then say. The hub runs beside it (`floorgate hub`), and stays.
"""

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final, Literal

from drivers.api import fake_printer
from edge.demo.client import HttpFloor, trusting
from edge.demo.crew import EYE, Camera, Crew, people
from edge.demo.floor import RefusedError
from edge.demo.hub_client import HubClient
from edge.demo.sample import make_floor
from edge.demo.summary import Inspector

HOST: Final = "127.0.0.1"
HUB: Final = f"http://{HOST}:8470"
PRINTERS: Final[dict[Literal["tspl", "zpl"], int]] = {"tspl": 9101, "zpl": 9102}
CA: Final = Path("/var/lib/floorgate/tls/ca.pem")
SEEDED: Final = Path("/srv/seeded")
STUCK_S: Final = 30.0
POLL_S: Final = 0.5


async def main(count: int) -> dict[str, object]:
    """Return what came of `count` new orders."""
    camera, problems = Camera(), list[str]()
    tls = trusting(CA)
    async with AsyncExitStack() as stack:
        for lang, port in PRINTERS.items():
            printer = fake_printer(lang, HOST, port, on_label=camera.on_label)
            await printer.start()
            stack.push_async_callback(printer.stop)
        hub = await stack.enter_async_context(HubClient(HUB))
        await _seed(hub, count)
        eye = await stack.enter_async_context(HttpFloor("https://localhost", "eye", tls=tls))
        await _signed_in(eye)
        inspector = Inspector(eye, hub)
        crew = Crew("https://localhost", tls, camera, ("S1",), say=problems.append)
        stack.push_async_callback(crew.stop)
        crew.start(1, 1)
        has_all = await inspector.until_in_step(STUCK_S)
        is_idle = await inspector.until_idle(STUCK_S)
        is_in_step = await inspector.until_in_step(STUCK_S)
        await crew.stop()
        orders = await inspector.orders()
        agree, differ = await inspector.compare(orders)
        await camera.look()
    states: dict[str, int] = {}
    for order in orders:
        states[order["state"]] = states.get(order["state"], 0) + 1
    return {
        "ok": has_all
        and is_idle
        and is_in_step
        and not differ
        and not problems
        and not camera.duplicates,
        "orders": len(orders),
        "states": states,
        "agree": agree,
        "labels": camera.printed,
        "problems": [*problems, *differ],
    }


async def _seed(hub: HubClient, count: int) -> None:
    floor = make_floor(seed=1, now_us=time.time_ns() // 1_000)
    begun = int(SEEDED.read_text()) if SEEDED.exists() else 0
    if not begun:
        await hub.send("people", people(1, 1, 1))
        await hub.send("catalog", floor.catalog)
        await hub.send("locations", floor.locations)
        await hub.send("stock", floor.stock)
        await hub.send("waybills", floor.pools)
    bodies = [
        floor.orders[n % len(floor.orders)] | {"order_id": f"WALK-{n + 1:03}"}
        for n in range(begun, begun + count)
    ]
    await hub.assign(bodies)
    SEEDED.write_text(str(begun + count))


async def _signed_in(eye: HttpFloor) -> None:
    """Sign in as soon as the people have come from the hub."""
    end_s = time.monotonic() + STUCK_S
    while time.monotonic() < end_s:
        with suppress(RefusedError):
            await eye.sign_in(EYE.badge, EYE.pin)
            return
        await asyncio.sleep(POLL_S)
    raise TimeoutError("nobody can sign in: have the people come from the hub?")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1]))), ensure_ascii=False))
