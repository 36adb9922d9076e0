"""Bots bring every order to its end through the protocol alone, whatever happens on the way."""

import copy
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from edge.demo.bot import FOREIGN_CODE, Manner, PackerBot, PickerBot, next_label, next_pack
from edge.demo.floor import FloorLostError, Json, RefusedError, SignedOutError
from edge.demo.sample import Login

PICKER = Login("P-01", "@B:1001", "482913", ("picker",))
PACKER = Login("P-04", "@B:2001", "618450", ("packer",))
TOTES = ("T-01", "T-02", "T-03", "T-04", "T-05")
ROUNDS = 3


class NoError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Box:
    """A floor in memory: the protocol's answers for one way through the day, no more."""

    def __init__(self, orders: dict[str, list[tuple[str, int]]]) -> None:
        self.states = dict.fromkeys(orders, "ready")
        self.frozen: dict[str, Json] = {}
        self.totes: dict[str, str] = {}
        self.jobs: dict[str, Json] = {}
        self.labels: dict[str, str] = {}
        self.put_back: dict[str, list[Json]] = {order: [] for order in orders}
        self.checked = {order: [0] * len(lines) for order, lines in orders.items()}
        self.stations: dict[str, str] = {}
        self.lines = orders
        self.tasks = {f"task-{order}": self._task(f"task-{order}", [order]) for order in orders}
        self.alarms: list[Json] = []
        self.scans = 0
        self.cancel_at_scan: dict[int, str] = {}
        self.print_states: list[str] = []

    # what is shown

    def get(self, path: str) -> Json:  # noqa: PLR0911 - a table of resources
        head, _, rest = path.partition("/")
        match head, rest:
            case "tasks?state=open", "":
                tasks = [task for task in self.tasks.values() if task["state"] == "open"]
                return {"tasks": copy.deepcopy(tasks)}
            case "tasks", task_id:
                return self._task_view(self.tasks[task_id])
            case "packing", "":
                return {"orders": [{"id": one} for one in self._in("picked", "packing")]}
            case "packing", order:
                return self._pack_view(order)
            case "reasons", "":
                return {"reprint": [{"code": "not_out"}]}
            case "orders", order:
                return {"id": order, "put_back": copy.deepcopy(self.put_back[order])}
        return {"orders": [{"id": one} for one in self._in(path.partition("=")[2])]}

    def _in(self, *states: str) -> list[str]:
        return [order for order, state in self.states.items() if state in states]

    def _task(self, task_id: str, orders: list[str]) -> Json:
        steps = [
            {"order": order, "sku": sku, "location": f"A-{sku}", "qty": qty, "picked": 0,
             "check": "each" if qty <= 5 else "confirm", "scanned": False, "done": False,
             "expect": {"location": [f"A-{sku}"], "codes": [sku], "qty": qty}}
            for order in orders for sku, qty in self.lines[order] if sku != "CARD"
        ]  # fmt: skip
        for no, step in enumerate(steps, start=1):
            step["no"] = no
        return {"id": task_id, "lane": "normal", "state": "open", "picker": None, "at": None,
                "order_ids": orders, "steps": steps}  # fmt: skip

    def _task_view(self, task: Json) -> Json:
        orders = [
            {"id": order, "tote": self.totes.get(order), "frozen": self.frozen.get(order),
             "ended": self.states[order] if self._is_over(order) else None}
            for order in task["order_ids"]
        ]  # fmt: skip
        return copy.deepcopy(task | {"orders": orders})

    def _pack_view(self, order: str) -> Json:
        lines = [
            {"no": no, "codes": [sku] if sku != "CARD" else [], "gift": sku == "CARD",
             "tracked": sku != "CARD", "qty": qty, "checked": checked, "done": checked == qty,
             "check": "each" if qty <= 5 else "confirm"}
            for no, ((sku, qty), checked)
            in enumerate(zip(self.lines[order], self.checked[order], strict=True), start=1)
        ]  # fmt: skip
        job = self.jobs.get(order)
        return copy.deepcopy(
            {"order": order, "state": self.states[order], "station": self.stations.get(order),
             "tote": self.totes.get(order), "lines": lines, "frozen": self.frozen.get(order),
             "parcel": {"waybill": job and f"W-{order}", "job": job}}
        )  # fmt: skip

    def _is_over(self, order: str) -> bool:
        return self.states[order] in ("put_back", "cancelled")

    # what happens

    def tick(self) -> None:
        """What goes on by itself: printers print, countdowns end."""
        for order, job in self.jobs.items():
            if job["state"] == "queued":
                job["state"] = self.print_states.pop(0) if self.print_states else "sent"
                if job["state"] == "sent":
                    self.labels[f"W-{order}"] = f"FG1:W-{order}:{job['id']}"
        for order in list(self.frozen):
            del self.frozen[order]
            picked = [
                {"sku": step["sku"], "qty": step["picked"], "done": 0}
                for task in self.tasks.values()
                for step in task["steps"]
                if step["order"] == order and step["picked"]
            ]
            self.put_back[order] = picked
            self.states[order] = "put_back" if picked else "cancelled"
            self._finish_tasks()

    def cancel(self, order: str) -> None:
        self.frozen[order] = {"category": "cancel", "due_at": 0}
        self.alarms.append({"id": f"alarm-{order}", "code": "order_frozen"})

    def act(self, person: str, station: str | None, kind: str, data: Json) -> Json:
        order = data.get("order_id", "")
        if order in self.frozen:
            raise NoError("order_frozen")
        match kind:
            case "alarm.ack":
                self.alarms = [one for one in self.alarms if one["id"] != data["alarm_id"]]
                return {}
            case "task.take":
                return {"task": self._take(person, data["task_ids"])}
            case "tote.bind":
                if data["code"] in self.totes.values():
                    raise NoError("tote_in_use")
                self.totes[order] = data["code"]
                return {"task": self._task_view(self.tasks[data["task_id"]])}
            case "pick.scan" | "pick.qty":
                return {"task": self._pick(self.tasks[data["task_id"]], kind, data)}
            case "putback.scan":
                item = next(one for one in self.put_back[order] if one["sku"] == data["code"])
                item["done"] += data["qty"]
                if all(one["done"] == one["qty"] for one in self.put_back[order]):
                    self.states[order] = "cancelled"
                    self.totes.pop(order, None)
                return {"order": order}
        return self._pack(station, kind, data)

    def _take(self, person: str, task_ids: list[str]) -> Json:
        tasks = [self.tasks[task_id] for task_id in task_ids]
        if any(task["state"] != "open" for task in tasks):
            raise NoError("task_taken")
        orders = [order for task in tasks for order in task["order_ids"]]
        for task in tasks[1:]:
            task |= {"state": "merged", "steps": []}
        tasks[0] |= self._task(task_ids[0], orders) | {"state": "taken", "picker": person}
        self.states |= dict.fromkeys(orders, "picking")
        return self._task_view(tasks[0])

    def _pick(self, task: Json, kind: str, data: Json) -> Json:
        self.scans += 1
        if self.scans in self.cancel_at_scan:
            self.cancel(self.cancel_at_scan[self.scans])
        step = task["steps"][data["step"] - 1]
        if step["order"] in self.frozen:
            raise NoError("order_frozen")
        if kind == "pick.qty":
            assert (step["scanned"], data["qty"]) == (True, step["qty"])
            step["picked"] = step["qty"]
        elif data["code"] in step["expect"]["location"]:
            task["at"] = step["location"]
        elif data["code"] not in step["expect"]["codes"]:
            raise NoError("wrong_item")
        elif task["at"] != step["location"]:
            raise NoError("location_first")
        elif step["check"] == "confirm":
            step["scanned"] = True
        else:
            step["picked"] += 1
        step["done"] = step["picked"] == step["qty"]
        self._finish_tasks()
        return self._task_view(task)

    def _finish_tasks(self) -> None:
        for task in self.tasks.values():
            open_orders = {
                step["order"]
                for step in task["steps"]
                if not step["done"] and not self._is_over(step["order"])
            }
            for order in set(task["order_ids"]) - open_orders:
                if self.states[order] == "picking" and task["state"] == "taken":
                    self.states[order] = "picked"
            if not open_orders and task["state"] == "taken":
                task["state"] = "done"

    def _pack(self, station: str | None, kind: str, data: Json) -> Json:
        code = data.get("code", "")
        order = data.get("order_id", "")
        match kind:
            case "pack.open":
                order = next(one for one, tote in self.totes.items() if tote == code)
                self.states[order], self.stations[order] = "packing", station or ""
            case "pack.scan":
                skus = [sku for sku, _ in self.lines[order]]
                if "line" not in data and code not in skus:
                    raise NoError("wrong_item")
                at = data["line"] - 1 if "line" in data else skus.index(code)
                self.checked[order][at] += data.get("qty", 1)
                assert self.checked[order][at] <= self.lines[order][at][1]
            case "pack.finish":
                self.states[order] = "packed_checked"
                del self.totes[order]
            case "waybill.print" | "waybill.reprint":
                n = self.jobs.get(order, {"n": 0})["n"] + 1
                self.jobs[order] = {"id": f"{order}-{n}", "n": n, "state": "queued"}
            case "waybill.resolve":
                order = data["job_id"].partition("-")[0]
                self.jobs[order]["state"] = "sent" if data["printed"] else "failed"
            case "waybill.prove":
                order = code.split(":")[1].removeprefix("W-")
                if code.split(":")[2] != self.jobs[order]["id"]:
                    raise NoError("label_old_copy")
                self.states[order] = "shipped"
            case "handover.scan":
                self.states[code.split(":")[1].removeprefix("W-")] = "handed_over"
                return {}
        return {"pack": self._pack_view(order)}


class BoxFloor:
    """A `Floor` onto a `Box`: loses answers and sessions where it is told to."""

    def __init__(self, box: Box, *, lose: Sequence[int] = (), sign_out: Sequence[int] = ()) -> None:
        self.box = box
        self.session: Json | None = None
        self.commands = 0
        self.lose, self.sign_out = set(lose), set(sign_out)
        self.station: str | None = None

    async def sign_in(self, badge: str, pin: str, station: str | None = None) -> Json:
        person = {PICKER.badge: PICKER, PACKER.badge: PACKER}[badge]
        if pin != person.pin:
            raise RefusedError(401, "sign_in_failed")
        self.station = station
        self.session = {"person": {"id": person.person}}
        return self.session | {"task": self._task()}

    async def resume(self) -> Json | None:
        return self.session and self.session | {"task": self._task()}

    def _task(self) -> Json | None:
        assert self.session is not None
        mine = {"state": "taken", "picker": self.session["person"]["id"]}
        return next((one for one in self.box.tasks.values() if one | mine == one), None)

    async def command(self, kind: str, data: Json, *, task_rev: int | None = None) -> Json:
        assert task_rev is None
        self.commands += 1
        if self.commands in self.sign_out:
            self.session = None
        if self.session is None:
            raise SignedOutError(401, "session_over")
        try:
            facts = self.box.act(self.session["person"]["id"], self.station, kind, data)
        except NoError as refused:
            return {"ok": False, "code": refused.code, "facts": {}}
        if self.commands in self.lose:
            raise FloorLostError(kind)
        return {"ok": True, "facts": facts}

    async def get(self, path: str) -> Json:
        if self.session is None:
            raise SignedOutError(401, "session_over")
        return self.box.get(path)

    def alarms(self) -> Sequence[Json]:
        return tuple(self.box.alarms)

    async def news(self, timeout_s: float) -> bool:
        assert timeout_s > 0
        self.box.tick()
        return True


async def camera_of(box: Box, waybill: str) -> str | None:
    return box.labels.get(waybill)


async def no_pause(_seconds: float) -> None:
    return


def manner(**change: Any) -> Manner:
    change.setdefault("pause", no_pause)
    return Manner(idle_rounds_max=ROUNDS, **change)


def picker(floor: BoxFloor, **change: Any) -> PickerBot:
    return PickerBot(floor, PICKER, TOTES, manner=manner(**change))


def packer(floor: BoxFloor, **change: Any) -> PackerBot:
    box = floor.box
    return PackerBot(
        floor, PACKER, "S1", lambda text: camera_of(box, text), manner=manner(**change)
    )


ORDERS = {"o1": [("a", 2), ("b", 1)], "o2": [("a", 1)], "o3": [("c", 40)], "o4": [("d", 1)]}


async def test_a_morning_ends_with_every_order_handed_over() -> None:
    """Clusters are picked, counts confirmed, gifts without a code checked (PICK-1, GIFT-2)."""
    box = Box({**ORDERS, "o5": [("e", 1), ("CARD", 1)]})
    picked = await picker(BoxFloor(box)).run()
    packed = await packer(BoxFloor(box)).run()
    assert set(box.states.values()) == {"handed_over"}
    assert (picked.tasks, packed.shipped, packed.handed_over) == (2, 5, 5)
    assert picked.refusals + packed.refusals == {}
    assert box.totes == {}


@pytest.mark.parametrize("seed", range(3))
async def test_wrong_scans_are_made_and_refused(seed: int) -> None:
    """Seeded mistakes are each refused, and the work ends all the same (PICK-2)."""
    box = Box(ORDERS)
    wrong = {"mistake_share": 0.5, "random": Random(seed)}
    picked = await picker(BoxFloor(box), **wrong).run()
    packed = await packer(BoxFloor(box), **wrong).run()
    assert picked.mistakes + packed.mistakes > 0
    assert picked.mistakes_accepted + packed.mistakes_accepted == 0
    assert (picked.refusals + packed.refusals)["wrong_item"] == picked.mistakes + packed.mistakes
    assert set(box.states.values()) == {"handed_over"}


@pytest.mark.parametrize("at", range(1, 14, 3))
async def test_lost_answers_and_sessions_cost_nothing(at: int) -> None:
    """Where an answer or the session is lost, the bot looks again and goes on (PICK-7)."""
    box = Box(ORDERS)
    floors = [BoxFloor(box, lose=(at, at + 7), sign_out=(at + 3,)) for _ in range(2)]
    picked = await picker(floors[0]).run()
    packed = await packer(floors[1]).run()
    assert set(box.states.values()) == {"handed_over"}
    assert picked.losses + packed.losses >= 2
    assert picked.sign_ins + packed.sign_ins == 4


async def test_a_new_picker_bot_goes_on_with_the_task_in_hand() -> None:
    """A bot that starts where another died resumes the person's task (PICK-7)."""
    box = Box(ORDERS)
    first = picker(BoxFloor(box))
    first.floor.lose = {4}  # type: ignore[attr-defined]
    await first._enter()
    assert await first._round()
    with pytest.raises(FloorLostError):
        await first._round()
    assert [task["state"] for task in box.tasks.values()].count("taken") == 1
    second = await picker(BoxFloor(box)).run()
    assert second.tasks == 2
    assert set(box.states.values()) == {"picked"}


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6])
async def test_a_cancel_in_mid_pick_is_obeyed(at: int) -> None:
    """The alarm is acknowledged, the rest is picked, the goods go back (FRZ-4, FRZ-5)."""
    box = Box(ORDERS)
    box.cancel_at_scan = {at: "o1"}
    tally = await picker(BoxFloor(box)).run()
    assert box.states == {"o1": "cancelled", "o2": "picked", "o3": "picked", "o4": "picked"}
    assert tally.alarms == 1
    assert tally.put_back == sum(item["qty"] for item in box.put_back["o1"])
    assert all(item["done"] == item["qty"] for item in box.put_back["o1"])


@pytest.mark.parametrize("states", [["failed"], ["unknown"], ["unknown", "failed", "failed"]])
async def test_a_label_that_does_not_come_out_is_printed_again(states: list[str]) -> None:
    """After a failed or unknown copy the packer decides and the next one is proved (PRN-2)."""
    box = Box({"o1": [("a", 1)]})
    box.print_states = list(states)
    await picker(BoxFloor(box)).run()
    tally = await packer(BoxFloor(box)).run()
    assert box.states == {"o1": "handed_over"}
    assert box.jobs["o1"]["n"] == len(states) + 1
    assert tally.shipped == 1


async def test_an_order_of_another_station_is_left_alone() -> None:
    """A packer does not touch what is open at the other station."""
    box = Box({"o1": [("a", 1)]})
    await picker(BoxFloor(box)).run()
    box.states["o1"], box.stations["o1"] = "packing", "S2"
    floor = BoxFloor(box)
    await packer(floor).run()
    assert (box.states["o1"], floor.commands) == ("packing", 0)


async def test_a_shortage_of_totes_ends_when_a_packer_frees_one() -> None:
    """A tote that is in use is refused, and the next is tried when it comes by (PICK-1)."""
    box = Box(ORDERS)
    few = PickerBot(BoxFloor(box), PICKER, TOTES[:3], manner=manner())
    tally = await few.run()
    assert sorted(box.states.values()) == ["picked", "picked", "picked", "picking"]
    assert tally.refusals["tote_in_use"] > 0
    await packer(BoxFloor(box)).run()
    await few.run()
    await packer(BoxFloor(box)).run()
    assert set(box.states.values()) == {"handed_over"}


async def test_a_wrong_pin_stops_the_bot() -> None:
    """A bot that cannot sign in says so instead of trying for ever (SEC-2)."""
    bot = PickerBot(BoxFloor(Box(ORDERS)), PICKER._replace(pin="000000"), TOTES, manner=manner())
    with pytest.raises(RefusedError) as caught:
        await bot.run()
    assert caught.value.code == "sign_in_failed"


async def test_a_pace_is_kept_by_the_injected_pause() -> None:
    """Every action waits for the pause that was given, and for no clock."""
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    tally = await picker(BoxFloor(Box({"o1": [("a", 1)]})), pause=pause, pace_s=2.5).run()
    assert paused == [2.5] * (tally.scans + 1)


def test_the_next_action_follows_from_the_view() -> None:
    """A frozen order has no next action; a label is proved only once seen (FRZ-7, PRN-4)."""
    view = Box({"o1": [("a", 1)]})._pack_view("o1")
    assert next_pack(view | {"state": "packing", "frozen": {"category": "cancel"}}) is None
    job = {"id": "j", "state": "sent"}
    sent = view | {"state": "packed_checked", "parcel": {"waybill": "W", "job": job}}
    assert next_label(sent, None, "torn") is None
    assert next_label(sent, "FG1:W:j", "torn") == ("waybill.prove", {"code": "FG1:W:j"})


def test_the_foreign_code_is_a_valid_gtin() -> None:
    """The mistake a bot makes is one that a scanner could read."""
    assert sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(FOREIGN_CODE)) % 10 == 0
