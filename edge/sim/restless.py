"""A restless hand: a person's second device, on which everything is tried that is not due.

What it does is at most allowed, never wise: it finishes parcels that are not packed, scans old
labels, hands over too early, closes steps short, gives tasks back. The box must say no wherever the
law does, and the day must still end well.
"""

import asyncio
from random import Random
from typing import Final

from edge.demo.floor import FloorLostError, Json, RefusedError, SignedOutError
from edge.demo.sample import Login
from edge.sim.chance import happens
from edge.sim.evidence import ENDED
from edge.sim.floor import SimFloor
from edge.sim.printer import Paper

PAUSE_S_MAX: Final = 20.0
DRASTIC: Final = 0.15
"""Share of steps that are closed short: without a bound no order would ever ship."""


class RestlessHand:
    """Acts at random on what it finds, until stopped."""

    def __init__(
        self, floor: SimFloor, login: Login, station: str, paper: Paper, random: Random
    ) -> None:
        self._floor = floor
        self._login = login
        self._station = station
        self._paper = paper
        self._random = random
        self._is_signed_in = False
        self._is_stopping = False

    def stop(self) -> None:
        """End `run` before the next act."""
        self._is_stopping = True

    async def run(self) -> None:
        """Act until stopped."""
        while not self._is_stopping:
            await asyncio.sleep(self._random.uniform(0, PAUSE_S_MAX))
            try:
                await self._act()
            except SignedOutError:
                self._is_signed_in = False
            except (RefusedError, FloorLostError):
                continue

    async def _act(self) -> None:
        if not self._is_signed_in:
            login = self._login
            await self._floor.sign_in(login.badge, login.pin, self._station)
            self._is_signed_in = True
        orders = (await self._floor.get("orders?state="))["orders"]
        live = [order for order in orders if order["state"] not in ENDED]
        if live and not self._is_stopping:
            order = self._random.choice(orders if happens(self._random, 0.1) else live)
            kind, data = await self._idea(order)
            await self._floor.command(kind, data)

    async def _idea(self, order: Json) -> tuple[str, Json]:
        """Return something to try on an order: mostly what one's own role may do."""
        picks = happens(self._random, 0.1) != ("picker" in self._login.roles)
        if picks and order["task"]:
            return await self._with_task(order["task"])
        return self._with_parcel(order)

    def _with_parcel(self, order: Json) -> tuple[str, Json]:
        random = self._random
        about: Json = {"order_id": order["id"]}
        label = random.choice([each.code for each in self._paper.labels] or ["FG1:none:none"])
        code = {"code": random.choice((label, label, order["parcel"]["waybill"] or "none"))}
        job = order["parcel"]["job"]
        ideas: list[tuple[str, Json]] = [
            ("pack.open", {"code": order["id"]}),
            ("pack.finish", about),
            ("pack.scan", {**about, "line": 1}),
            ("waybill.print", about),
            ("waybill.prove", code),
            ("handover.scan", code),
            ("putback.scan", {**about, "code": "MUG-350"}),
        ]
        if job:
            printed = happens(random, 0.5)
            ideas.append(("waybill.resolve", {"job_id": job["id"], "printed": printed}))
            ideas.append(("waybill.reprint", {**about, "reason": "smudged"}))
            ideas.append(("slip.scan", {"code": f"FGS1:{job['id']}"}))
        return random.choice(ideas)

    async def _with_task(self, task_id: str) -> tuple[str, Json]:
        random = self._random
        task = await self._floor.get(f"tasks/{task_id}")
        about: Json = {"task_id": task_id}
        if not task["steps"]:
            return "task.take", {"task_ids": [task_id]}
        step = random.choice(task["steps"])
        at_step = {**about, "step": step["no"]}
        if happens(random, DRASTIC):
            found = random.randint(step["picked"], step["qty"])
            return "pick.short", {**at_step, "found": found, "reason": "missing"}
        ideas: list[tuple[str, Json]] = [
            ("task.take", {"task_ids": [task_id]}),
            ("task.release", {**about, "reason": "break"}),
            ("pick.scan", {**at_step, "code": step["location"]}),
            ("pick.scan", {**at_step, "code": step["sku"]}),
            ("pick.qty", {**at_step, "qty": step["qty"]}),
            ("tote.bind", {**about, "order_id": step["order"], "code": "T-01"}),
        ]
        return random.choice(ideas)
