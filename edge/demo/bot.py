"""A picker and a packer that work through a `Floor` as people do: look, scan, read the answer.

Theory of operation: a bot keeps no plan. `next_pick`, `next_pack` and `next_label` say, from the
view that the box last gave, which single action comes next; after a refusal or a loss the bot looks
again. So it goes on rightly after a restart of either side, a freeze, a cancel, or somebody else's
hands on its work.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, cycle
from random import Random
from typing import Final

from edge.demo.floor import Floor, FloorLostError, Json, RefusedError, SignedOutError
from edge.demo.sample import Login

CLUSTER_MAX: Final = 6
REFUSALS_MAX: Final = 20
"""Refusals in a row on one piece of work before the bot leaves it for now."""
WAITS_MAX: Final = 50
"""Spans of `wait_s` without progress on one piece of work before the bot leaves it for now."""
FOREIGN_CODE: Final = "9999999999994"
"""A GTIN that is in nobody's catalogue."""

Pause = Callable[[float], Awaitable[None]]
Camera = Callable[[str], Awaitable[str | None]]
"""Gives the text of the freshest label that was printed for a waybill, None before there is one."""
Action = tuple[str, Json]


@dataclass(slots=True)
class Tally:
    """What a bot did and was told."""

    scans: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    tasks: int = 0
    shipped: int = 0
    handed_over: int = 0
    put_back: int = 0
    alarms: int = 0
    mistakes: int = 0
    mistakes_accepted: int = 0
    """Wrong scans that were not refused: must stay 0."""
    sign_ins: int = 0
    losses: int = 0


@dataclass(slots=True, kw_only=True)
class Manner:
    """How a bot works: its speed, its patience, its mistakes."""

    pause: Pause = asyncio.sleep
    pace_s: float = 0.0
    """Between two actions."""
    wait_s: float = 0.5
    """Longest wait for news before looking again."""
    idle_rounds_max: int | None = None
    """Rounds without work after which the bot stops; None: it stays."""
    mistake_share: float = 0.0
    """Share of item scans before which a wrong code is scanned."""
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - seeded mistakes


class Bot:
    """What pickers and packers have in common. Subclasses say what a round of work is."""

    def __init__(
        self,
        floor: Floor,
        login: Login,
        *,
        manner: Manner | None = None,
        station: str | None = None,
    ) -> None:
        self.floor = floor
        self.tally = Tally()
        self._login = login
        self._manner = manner or Manner()
        self._station = station
        self._session: Json | None = None
        self._stopping = False

    def stop(self) -> None:
        """End `run` before the next action."""
        self._stopping = True

    async def run(self) -> Tally:
        """Work until stopped or idle; raise `RefusedError` if badge and PIN open no door."""
        idle_rounds = 0
        while not self._stopping:
            try:
                await self._enter()
                worked = await self._look_and_work()
            except SignedOutError:
                self._session = None
                await self._manner.pause(self._manner.wait_s)
                continue
            except FloorLostError:  # what was sent may be done: ask what is in hand
                self.tally.losses += 1
                self._session = None
                continue
            idle_rounds = 0 if worked else idle_rounds + 1
            if idle_rounds == self._manner.idle_rounds_max:
                break
            if not worked:
                await self._wait()
        return self.tally

    async def _look_and_work(self) -> bool:
        await self._ack_alarms()
        try:
            return await self._round()
        except SignedOutError:
            raise
        except RefusedError as error:  # a read that says no; what it was about has moved on
            self.tally.refusals[error.code] += 1
            return False

    async def _round(self) -> bool:
        """Do one piece of work; return whether there was any."""
        raise NotImplementedError

    async def _enter(self) -> None:
        if self._session is None:
            self._session = await self.floor.resume()
        if self._session is None:
            login = self._login
            self._session = await self.floor.sign_in(login.badge, login.pin, self._station)
            self.tally.sign_ins += 1

    async def _ack_alarms(self) -> None:
        for alarm in self.floor.alarms():
            answer = await self.floor.command("alarm.ack", {"alarm_id": alarm["id"]})
            self.tally.alarms += bool(answer["ok"])

    async def _do(self, kind: str, data: Json) -> Json:
        """Acknowledge what rings, act once, count what was said."""
        await self._ack_alarms()
        if self._manner.pace_s:
            await self._manner.pause(self._manner.pace_s)
        answer = await self.floor.command(kind, data)
        self.tally.scans += "code" in data
        if not answer["ok"]:
            self.tally.refusals[answer["code"]] += 1
        return answer

    async def _err(self, kind: str, data: Json, codes: Iterable[str]) -> None:
        """Now and then scan a wrong item first: the box must refuse it."""
        manner = self._manner
        if manner.random.random() >= manner.mistake_share:
            return
        answer = await self._do(kind, {**data, "code": manner.random.choice(sorted(codes))})
        self.tally.mistakes += 1
        self.tally.mistakes_accepted += bool(answer["ok"])

    async def _wait(self) -> None:
        await self.floor.news(self._manner.wait_s)


# ---- picking ----------------------------------------------------------------------------------


def next_pick(task: Json) -> Action | None:
    """Return the next action of a task in hand, None when nothing can be done now.

    A `tote.bind` comes without its code: which tote is at hand is the picker's affair.
    """
    orders = {order["id"]: order for order in task["orders"]}
    for step in task["steps"]:
        order = orders[step["order"]]
        if step["done"] or order["frozen"] or order["ended"]:
            continue
        if not order["tote"]:
            return "tote.bind", {"task_id": task["id"], "order_id": order["id"]}
        data: Json = {"task_id": task["id"], "step": step["no"]}
        if step["check"] == "confirm" and step["scanned"]:
            return "pick.qty", {**data, "qty": step["qty"] - step["picked"]}
        places = step["expect"]["location"]
        codes = step["expect"]["codes"] if not places or task["at"] in places else places
        return "pick.scan", {**data, "code": codes[0]}
    return None


_SOMEBODY_WAS_FASTER: Final = frozenset({"task_taken", "task_not_open"})


class PickerBot(Bot):
    """Takes tasks in clusters, picks them into totes, puts back what was cancelled."""

    def __init__(
        self,
        floor: Floor,
        login: Login,
        totes: Sequence[str],
        *,
        cluster_max: int = 3,
        manner: Manner | None = None,
    ) -> None:
        super().__init__(floor, login, manner=manner)
        assert 1 <= cluster_max <= CLUSTER_MAX
        self._cluster_max = cluster_max
        self._totes: Iterator[str] = cycle(totes)
        self._task_id: str | None = None

    async def _enter(self) -> None:
        is_new = self._session is None
        await super()._enter()
        if is_new and self._session is not None and self._session["task"] is not None:
            self._task_id = self._session["task"]["id"]

    async def _round(self) -> bool:
        if self._task_id is None and await self._take():
            return True
        if self._task_id is None:
            return self._session is not None and await self._put_back()
        return await self._pick(self._task_id)

    async def _take(self) -> bool:
        """Try to take what comes first; return whether to look again at once."""
        tasks = (await self.floor.get("tasks?state=open"))["tasks"]
        lanes = {task["lane"] for task in tasks[:1]}
        ids = [task["id"] for task in tasks if task["lane"] in lanes][: self._cluster_max]
        if not ids:
            return False
        answer = await self._do("task.take", {"task_ids": ids})
        if answer["ok"]:
            self._task_id = answer["facts"]["task"]["id"]
        elif answer["code"] not in _SOMEBODY_WAS_FASTER:
            self._session = None  # perhaps there is a task in hand: ask
        return answer["ok"] or answer["code"] in _SOMEBODY_WAS_FASTER

    async def _pick(self, task_id: str) -> bool:
        """Work on the task in hand; return whether anything moved."""
        self._task_id = None  # forgotten if the box does not know it any more
        task = await self.floor.get(f"tasks/{task_id}")
        self._task_id = task_id
        moved, refusals, waits = False, 0, 0
        while self._holds(task) and refusals < REFUSALS_MAX and waits < WAITS_MAX:
            if self._stopping:
                return moved
            action = next_pick(task)
            if action is None:
                waits += 1
                await self._ack_alarms()
                await self._wait()
                task = await self.floor.get(f"tasks/{task_id}")
                continue
            answer = await self._pick_once(task, *action)
            if answer["ok"]:
                task, moved, refusals, waits = answer["facts"]["task"], True, 0, 0
            else:
                refusals += 1
                task = await self.floor.get(f"tasks/{task_id}")
        if not self._holds(task):
            self.tally.tasks += task["state"] == "done"
            self._task_id = None
        return moved

    def _holds(self, task: Json) -> bool:
        assert self._session is not None
        return bool(task["state"] == "taken" and task["picker"] == self._session["person"]["id"])

    async def _pick_once(self, task: Json, kind: str, data: Json) -> Json:
        if kind == "tote.bind":
            return await self._do(kind, {**data, "code": next(self._totes)})
        if kind == "pick.scan":
            step = next(step for step in task["steps"] if step["no"] == data["step"])
            if data["code"] in step["expect"]["codes"]:
                wrong = {step["expect"]["codes"][0] for step in task["steps"]} | {FOREIGN_CODE}
                await self._err(kind, data, wrong - set(step["expect"]["codes"]))
        return await self._do(kind, data)

    async def _put_back(self) -> bool:
        """Return the goods of one order that was cancelled in somebody's hands."""
        for short in (await self.floor.get("orders?state=put_back"))["orders"]:
            order = await self.floor.get(f"orders/{short['id']}")
            for item in order.get("put_back", ()):
                left = item["qty"] - item["done"]
                if left <= 0:
                    continue
                data = {"order_id": order["id"], "code": item["sku"], "qty": left}
                answer = await self._do("putback.scan", data)
                if answer["ok"]:
                    self.tally.put_back += left
                    return True
        return False


# ---- packing ----------------------------------------------------------------------------------


def next_pack(view: Json, label: str | None = None) -> Action | None:
    """Return the next action on an order at the station, None when there is nothing to do now.

    `label` is the text of its fresh label if one was seen. What becomes of a label on its way out
    of the printer is `next_label`'s affair.
    """
    if view["frozen"]:
        return None
    match view["state"]:
        case "picked":
            return "pack.open", {"code": view["tote"] or view["order"]}
        case "packing":
            return _next_check(view)
        case "shipped":
            return "handover.scan", {"code": label or view["parcel"]["waybill"]}
    return None


def _next_check(view: Json) -> Action:
    order = {"order_id": view["order"]}
    line = next((line for line in view["lines"] if not line["done"]), None)
    if line is None:
        return "pack.finish", order
    if not line["codes"] or (line["gift"] and not line["tracked"]):
        return "pack.scan", {**order, "line": line["no"]}
    data = {**order, "code": line["codes"][0]}
    if line["check"] == "confirm":
        data["qty"] = line["qty"] - line["checked"]
    return "pack.scan", data


def next_label(view: Json, label: str | None, reason: str) -> Action | None:
    """Return the next action on the parcel's label; None while the printer is at work.

    `label` is the text of the fresh label if one has come out, `reason` a code for printing again.
    """
    order = {"order_id": view["order"]}
    job = view["parcel"]["job"]
    if job is None or job["state"] == "void":
        return "waybill.print", order
    if job["state"] == "slip":
        return "slip.scan", {"code": job["slip"]}
    if job["state"] == "failed":
        return "waybill.reprint", {**order, "reason": reason}
    if job["state"] == "unknown":
        return "waybill.resolve", {"job_id": job["id"], "printed": label is not None}
    return None if label is None else ("waybill.prove", {"code": label})


class PackerBot(Bot):
    """Packs what is picked, prints, scans the fresh label that `camera` sees, hands over."""

    def __init__(
        self,
        floor: Floor,
        login: Login,
        station: str,
        camera: Camera,
        *,
        manner: Manner | None = None,
    ) -> None:
        super().__init__(floor, login, manner=manner, station=station)
        self._camera = camera
        self._reason = ""

    async def _round(self) -> bool:
        worked = False
        for order_id in await self._waiting():
            if self._stopping:
                break
            worked |= await self._pack(order_id)
        return worked

    async def _waiting(self) -> list[str]:
        """Return the orders to work on: half-done ones first, then those that wait."""
        states = ("shipped", "packed_checked")
        begun = [(await self.floor.get(f"orders?state={state}"))["orders"] for state in states]
        queue = (await self.floor.get("packing"))["orders"]
        return list(dict.fromkeys(order["id"] for order in chain(*begun, queue)))

    async def _pack(self, order_id: str) -> bool:
        """Bring one order as far as it goes; return whether anything moved."""
        view = await self.floor.get(f"packing/{order_id}")
        moved, refusals, waits = False, 0, 0
        while refusals < REFUSALS_MAX and waits < WAITS_MAX and not self._stopping:
            action = (await self._next(view)) if self._is_mine(view) else None
            if action is None and not (self._is_mine(view) and _is_printing(view)):
                break
            if action is None:
                waits += 1
                await self._wait()
                view = await self.floor.get(f"packing/{order_id}")
                continue
            answer = await self._pack_once(*action)
            moved |= answer["ok"]
            refusals = 0 if answer["ok"] else refusals + 1
            if answer["ok"] and action[0] == "handover.scan":
                break
            if not answer["ok"]:  # what the view promised has changed: let it settle
                await self._wait()
            pack = answer["facts"].get("pack") if answer["ok"] else None
            view = pack or await self.floor.get(f"packing/{order_id}")
        return moved

    def _is_mine(self, view: Json) -> bool:
        return (view["station"] or self._station) == self._station

    async def _next(self, view: Json) -> Action | None:
        waybill = view["parcel"]["waybill"]
        label = await self._camera(waybill) if waybill else None
        if not _is_printing(view):
            return next_pack(view, label)
        if not self._reason:
            self._reason = (await self.floor.get("reasons"))["reprint"][0]["code"]
        return next_label(view, label, self._reason)

    async def _pack_once(self, kind: str, data: Json) -> Json:
        if kind == "pack.scan" and "code" in data:
            await self._err(kind, data, {FOREIGN_CODE})
        answer = await self._do(kind, data)
        if answer["ok"]:
            self.tally.shipped += kind == "waybill.prove"
            self.tally.handed_over += kind == "handover.scan"
        return answer


def _is_printing(view: Json) -> bool:
    return view["state"] == "packed_checked" and not view["frozen"]
