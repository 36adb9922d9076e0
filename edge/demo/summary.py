"""What became of a demo: when the floor is idle, and whether box, hub and journal agree."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.demo.client import HttpFloor
from edge.demo.crew import Camera, Crew
from edge.demo.fitting import Fitted
from edge.demo.floor import Json
from edge.demo.hub_client import HubClient
from edge.demo.site import BOX

POLL_S: Final = 0.25
STUCK_S: Final = 60.0
"""Without any news on the floor, work is taken for stuck."""
DIFFERENCES_SHOWN_MAX: Final = 20
VERIFY_S: Final = 120.0
WRONG_USAGE: Final = 2


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a run. `ok` says that nothing is wrong with it."""

    ok: bool
    orders: dict[str, int]
    """Orders by state at the box."""
    unfinished: list[str]
    """Orders that neither ended nor wait with a reason."""
    set_aside: int
    cancels: int
    seconds: float
    scans: int
    scans_per_s: float
    refusals: dict[str, int]
    labels: int
    duplicates: int
    agree: int
    """Orders of which box and hub say the same."""
    differences: list[str]
    printers: Fitted
    restarts: int
    failures: int
    mistakes_accepted: int
    journal: dict[str, Any]

    def text(self) -> str:
        """Return it for people."""
        states = ", ".join(f"{state} {count}" for state, count in sorted(self.orders.items()))
        refusals = ", ".join(f"{code} {n}" for code, n in sorted(self.refusals.items())) or "none"
        lines = [
            f"orders        {sum(self.orders.values())}: {states}",
            f"set aside     {self.set_aside} instructions for orders unknown here",
            f"cancels       {self.cancels} asked for by the hub in mid-pick",
            f"scans         {self.scans} in {self.seconds:.1f} s, {self.scans_per_s:.1f}/s",
            f"refusals      {refusals}",
            f"printers      {self.printers.text()}",
            f"labels        {self.labels} printed, {self.duplicates} twice",
            f"hub and box   agree on {self.agree} orders, differ on {len(self.differences)}",
            f"journal       {_journal_text(self.journal)}",
            f"restarts      {self.restarts}",
        ]
        lines += [f"  unfinished: {order}" for order in self.unfinished]
        lines += [f"  differs: {each}" for each in self.differences]
        return "\n".join([*lines, "all is well" if self.ok else "SOMETHING IS WRONG, see above"])


def _journal_text(journal: dict[str, Any]) -> str:
    if journal.get("ok") is None:
        return str(journal.get("said", "not verified"))
    verdict = "verifies" if journal["ok"] else "DOES NOT VERIFY"
    return f"{verdict}: {journal.get('entries', journal.get('seq', '?'))} entries"


class Inspector:
    """Looks at box and hub through their public APIs."""

    def __init__(self, eye: HttpFloor, hub: HubClient) -> None:
        self._eye = eye
        self._hub = hub
        self._kinds: dict[str, str] = {}

    async def in_step(self) -> bool:
        """Tell whether the box has all that the hub said, and the hub all that the floor did."""
        box = (await self._hub.get(f"boxes/{BOX}"))["box"]
        return bool(
            box["is_up"] and box["down_cursor"] == box["instructions"] and not box["lag_entries"]
        )

    async def until_in_step(self, timeout_s: float) -> bool:
        """Wait for `in_step`; return False after `timeout_s`."""
        loop = asyncio.get_running_loop()
        end_at = loop.time() + timeout_s
        while loop.time() < end_at:
            if await self.in_step():
                return True
            await asyncio.sleep(POLL_S)
        return False

    async def until_idle(self, stuck_s: float = STUCK_S) -> bool:
        """Wait until every order ended or waits; return False if nothing moves for `stuck_s`."""
        loop = asyncio.get_running_loop()
        moved_at, cursor = loop.time(), -1
        while loop.time() - moved_at < stuck_s:
            counts = (await self._eye.get("orders?state=received"))["counts"]
            if not await self._unfinished(counts):
                return True
            if self._eye.cursor != cursor:
                moved_at, cursor = loop.time(), self._eye.cursor
            await asyncio.sleep(POLL_S)
        return False

    async def orders(self) -> list[Json]:
        """Return all orders of the box."""
        found: list[Json] = []
        after: str | None = ""
        while after is not None:
            page = await self._eye.get(f"orders?after={after}")
            found += page["orders"]
            after = page["next"]
        return found

    async def compare(self, orders: Iterable[Json]) -> tuple[int, list[str]]:
        """Return how many orders box and hub agree on, and the others."""
        here = {order["id"]: order["state"] for order in orders}
        there = await self._hub.get(f"boxes/{BOX}/orders")
        differ = [
            f"{order}: box {here.get(order)}, hub {there.get(order)}"
            for order in sorted(here.keys() | there.keys())
            if here.get(order) != there.get(order)
        ]
        return len(here.keys() | there.keys()) - len(differ), differ

    async def set_aside(self) -> int:
        """Return how many instructions wait for a person."""
        return len((await self._hub.get(f"boxes/{BOX}"))["box"]["set_aside"])

    async def unfinished(self, orders: Iterable[Json]) -> list[str]:
        """Return the orders that neither ended nor wait with a reason, and what they are in."""
        kinds = await self._state_kinds()
        return [
            f"{order['id']} {order['state']}{' (frozen)' * bool(order['frozen'])}"
            for order in orders
            if kinds[order["state"]] not in ("end", "hold") or order["frozen"]
        ]

    async def _unfinished(self, counts: dict[str, int]) -> bool:
        kinds = await self._state_kinds()
        if any(count and kinds[state] not in ("end", "hold") for state, count in counts.items()):
            return True
        return bool(await self.unfinished(await self.orders()))

    async def _state_kinds(self) -> dict[str, str]:
        if not self._kinds:
            workflow = (await self._eye.get("workflow"))["workflow"]
            self._kinds = {state["id"]: state["kind"] for state in workflow["states"]}
        return self._kinds


async def summarise(
    inspector: Inspector,
    crew: Crew,
    camera: Camera,
    *,
    box_data: Path,
    seconds: float,
    cancels: int,
    restarts: int,
    printers: Fitted,
) -> Summary:
    """Return the summary of a run that is over."""
    await camera.look()
    orders = await inspector.orders()
    unfinished = await inspector.unfinished(orders)
    agree, differences = await inspector.compare(orders)
    journal = await verify_journal(box_data)
    tally = crew.tally()
    wrong = (
        unfinished,
        differences,
        camera.duplicates,
        crew.failures,
        tally.mistakes_accepted,
        journal.get("ok") is False,
    )
    return Summary(
        ok=not any(wrong),
        orders=dict(sorted(Counter(order["state"] for order in orders).items())),
        unfinished=unfinished[:DIFFERENCES_SHOWN_MAX],
        set_aside=await inspector.set_aside(),
        cancels=cancels,
        seconds=round(seconds, 1),
        scans=tally.scans,
        scans_per_s=round(tally.scans / max(seconds, POLL_S), 1),
        refusals=dict(sorted(tally.refusals.items())),
        labels=camera.printed,
        duplicates=camera.duplicates,
        agree=agree,
        differences=differences[:DIFFERENCES_SHOWN_MAX],
        printers=printers,
        restarts=restarts,
        failures=crew.failures,
        mistakes_accepted=tally.mistakes_accepted,
        journal=journal,
    )


async def verify_journal(box_data: Path) -> dict[str, Any]:
    """Return what `floorgate journal verify` says; `ok` None where it cannot be asked."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", "journal", "verify", "--data", str(box_data), "--json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, said = await asyncio.wait_for(process.communicate(), VERIFY_S)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        raise
    if process.returncode == WRONG_USAGE:
        return {"ok": None, "said": "not verified: this version has no such verb"}
    try:
        found = json.loads(out)
    except ValueError:
        return {"ok": False, "said": said.decode(errors="replace")[-300:]}
    return {"ok": process.returncode == 0, **{k: v for k, v in found.items() if k != "ok"}}
