"""Training: practice floors do what the real one does, and reach nothing of it (PDA-6)."""

import json
import sqlite3
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from edge.app.practice import IDLE_US_MAX, ROOMS_MAX, Rooms
from edge.domain.commands import FROM_PDA, KINDS
from edge.domain.lessons import LESSON_IDS, LESSONS, TOTES, codes_of, lesson_of
from edge.domain.model import Session
from edge.domain.refusals import RefusedError
from tests.domain.site import changed_rules
from tests.rig import Client, Rig, heard

PRACTICE = "/api/v1/practice"
Body = dict[str, Any]


class Trainee:
    """Somebody who does what the coach says, and says nothing else."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.session: Body = {}

    async def enter(self) -> Body:
        """Go to the practice floor."""
        status, view = await self.client.ask("POST", PRACTICE)
        assert status == 200, view
        self.session = (await self.client.get(f"{PRACTICE}/session"))["session"]
        return view  # type: ignore[no-any-return]

    async def look(self) -> Body:
        """Return what the coach says."""
        return await self.client.get(f"{PRACTICE}/lesson")  # type: ignore[no-any-return]

    async def begin(self, lesson: str) -> Body:
        """Begin a lesson."""
        status, view = await self.client.ask("POST", f"{PRACTICE}/lesson", {"lesson": lesson})
        assert status == 200, view
        return view  # type: ignore[no-any-return]

    async def do(self, kind: str, **data: Any) -> Body:
        """Give one command on the practice floor."""
        command = self.client.command(kind, data, session_id=self.session["id"])
        status, answers = await self.client.ask("POST", f"{PRACTICE}/commands", [command])
        assert status == 200, answers
        return answers[0]  # type: ignore[no-any-return]

    async def obey(self, view: Body) -> Body:
        """Do the one thing that the coach says, and return the answer."""
        if view["place"] in ("tasks", "pick"):
            return await self._pick(view)
        return await self._pack(view)

    async def _pack(self, view: Body) -> Body:
        say, facts, order = view["say"], view["facts"], view["order"]
        if say in ("check", "confirm"):
            pack = await self.client.get(f"{PRACTICE}/packing/{order}")
            line = next(x for x in pack["lines"] if x["name"] == facts["name"])
            by_hand = {"line": line["no"], "qty": 1}
            counted = {"qty": line["qty"]} if line["check"] == "confirm" else {}
            how = by_hand if say == "confirm" else {"code": line["codes"][0]} | counted
            return await self.do("pack.scan", order_id=order, **how)
        kinds = {"finish": "pack.finish", "print": "waybill.print"}
        if say in kinds:
            return await self.do(kinds[say], order_id=order)
        if say == "open":
            return await self.do("pack.open", code=facts["tote"])
        kind = {"label": "waybill.prove", "handover": "handover.scan"}[say]
        return await self.do(kind, code=await self._label())

    async def _label(self) -> str:
        while not (label := (await self.look())["label"]):
            pass
        return str(label)

    async def _pick(self, view: Body) -> Body:
        say, facts, order = view["say"], view["facts"], view["order"]
        if say == "take":
            tasks = (await self.client.get(f"{PRACTICE}/tasks"))["tasks"]
            return await self.do("task.take", task_ids=[tasks[0]["id"]])
        task = (await self.client.get(f"{PRACTICE}/session"))["session"]["task"]
        at = {"task_id": task["id"], "step": task["current"]}
        if say == "tote":
            return await self.do(
                "tote.bind", task_id=task["id"], order_id=order, code=facts["tote"]
            )
        if say == "location":
            return await self.do("pick.scan", **at, code=facts["location"])
        if say == "short":
            return await self.do("pick.short", **at, found=facts["found"], reason="missing")
        if say == "qty":
            return await self.do("pick.qty", **at, qty=facts["qty"])
        wanted = facts["other"] if say == "decoy" else facts["name"]
        goods = [good for shelf in view["shelves"] for good in shelf["goods"]]
        code = next(good["code"] for good in goods if good["name"] == wanted)
        return await self.do("pick.scan", **at, code=code)

    async def finish(self, lesson: str, *clumsy: Body) -> list[str]:
        """Do a whole lesson; return what the coach said. `clumsy`: done before the first item."""
        said, left = [], list(clumsy)
        view = await self.begin(lesson)
        while view["say"] not in ("done", "stuck"):
            if view["say"] == "item" and left:
                task = (await self.client.get(f"{PRACTICE}/session"))["session"]["task"]
                await self.do(**left.pop(), task_id=task["id"], step=task["current"])
                view = await self.look()
                continue
            said.append(view["say"])
            await self.obey(view)
            view = await self.look()
            assert len(said) < 40, said
        return said


def dump(rig: Rig) -> list[Any]:
    """Return all that the real floor keeps."""
    path = rig.box.data / "floor.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return [(name, db.execute(f"SELECT * FROM {name}").fetchall()) for name in sorted(tables)]  # noqa: S608


async def reported(client: Client, n: int) -> Body:
    """Return the trainee's row once `n` of their orders were reported."""
    while True:
        rows = (await client.get("/api/v1/training"))["trainees"]
        if rows and rows[0]["shipped"] == n:
            return rows[0]  # type: ignore[no-any-return]


async def test_a_newcomer_is_led_through_every_lesson(rig: Rig) -> None:
    """Pick, wrong item, gift, short, pack, label, hand-over: each as the coach says (PDA-6)."""
    client = await rig.client("picker")
    trainee = Trainee(client)
    view = await trainee.enter()
    assert (view["place"], view["say"], view["done"]) == ("lesson", "choose", [])
    said = [await trainee.finish(lesson) for lesson in LESSON_IDS]
    assert said[0] == ["take", "tote", "location", "item", "item", "open", "check", "check",
                       "finish", "print", "label", "handover"]  # fmt: skip
    assert {"decoy", "gift", "confirm"} <= set(said[1])
    assert said[2].count("location") == 2
    assert "short" in said[2]
    row = await reported(client, len(LESSONS))
    done = {"wrong": 0, "wrong_pm": 0, "on_time": 4, "on_time_pm": 1000, "mistakes": 0}
    assert {name: row[name] for name in done} == done
    assert set(row["lessons"].values()) == {True}


async def test_lessons_go_by_the_ruleset_in_force(rig: Rig) -> None:
    """Counted pieces, the order's type and its carrier are those of the real floor (PDA-6)."""
    carriers = [{"id": "ZTO", "name": {"zh": "中通", "en": "ZTO"},
                 "services": [{"id": "slow", "name": {"zh": "慢", "en": "Slow"}}]}]  # fmt: skip
    types = {"known": ["deposit"]}
    rules = changed_rules(carriers=carriers, order_types=types, picking={"each_max": 1})
    await rig.tell("ruleset.publish", document=rules)
    client = await rig.client("picker")
    trainee = Trainee(client)
    await trainee.enter()
    said = [await trainee.finish(lesson) for lesson in LESSON_IDS]
    assert ("qty" in said[0], "short" in said[2]) == (True, True)
    row = await reported(client, len(LESSONS))
    assert (row["wrong"], row["mistakes"]) == (0, 0)
    order = await client.get(f"{PRACTICE}/orders/U-1001")
    assert (order["type"], order["parcel"]["carrier"]) == ("deposit", "ZTO")


async def test_a_ruleset_that_stops_the_lessons_orders_is_left_out_of_them(rig: Rig) -> None:
    """Where every order waits for somebody, lessons go by the built-in ruleset (PDA-6)."""
    rules = json.loads(changed_rules())
    rules["workflow"]["holds"].append({"state": "hold_quality", "when": "true", "id": "all"})
    await rig.tell("ruleset.publish", document=json.dumps(rules))
    assert (await rig.box.reads.ruleset())[0] == "default@2"
    client = await rig.client("picker")
    trainee = Trainee(client)
    await trainee.enter()
    assert (await trainee.finish("first"))[-1] == "handover"


async def test_mistakes_are_counted_and_a_leader_sees_them(rig: Rig) -> None:
    """A wrong item makes a wrong shipment of the order, a scan left out a mistake only (PDA-6)."""
    client = await rig.client("picker")
    trainee = Trainee(client)
    await trainee.enter()
    wrong = {"kind": "pick.scan", "code": codes_of(["TRAIN-CUP"])[0]}
    await trainee.finish("first", wrong, wrong)
    await trainee.finish("first", {"kind": "pick.qty", "qty": 1})
    await trainee.finish("short", {"kind": "pick.short", "found": 0, "reason": "missing"})
    leader = await rig.client("leader")
    row = await reported(leader, 3)
    assert (row["wrong"], row["wrong_pm"], row["mistakes"]) == (2, 666, 4)
    everybody = await leader.get("/api/v1/training")
    assert {"picker", "packer"} <= {each["id"] for each in everybody["people"]}
    assert (await client.get("/api/v1/training"))["people"] == []


async def test_who_is_slow_is_late(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that takes longer than the lesson allows is not on time (PDA-6)."""
    client = await rig.client("packer")
    trainee = Trainee(client)
    await trainee.enter()
    await trainee.begin("alone")
    boot_us, allowed = rig.box.clock.boot_us, lesson_of("alone")
    assert allowed is not None
    late = (allowed.allowed_s + 1) * 1_000_000
    monkeypatch.setattr(rig.box.clock, "boot_us", lambda: boot_us() + late)
    await trainee.finish("alone")
    row = await reported(client, 1)
    assert (row["on_time"], row["wrong"]) == (0, 0)


async def test_a_leader_assigns_training_and_the_next_sign_in_leads_there(rig: Rig) -> None:
    """What is due stands in the session until all lessons are done (PDA-6)."""
    leader = await rig.client("leader")
    await leader.must("training.assign", person="picker")
    answer = await leader.do("training.assign", person="nobody")
    assert (answer["ok"], answer["code"]) == (False, "unknown_person")
    client = await rig.client("picker")
    assert client.session["training"] is True
    answer = await client.do("training.assign", person="packer")
    assert answer["code"] == "role_missing"
    trainee = Trainee(client)
    await trainee.enter()
    for lesson in LESSON_IDS:
        assert (await client.get("/api/v1/session"))["session"]["training"] is True
        await trainee.finish(lesson)
    await reported(leader, len(LESSONS))
    assert (await client.get("/api/v1/session"))["session"]["training"] is False


@pytest.mark.parametrize("seed", range(3))
async def test_no_training_command_changes_anything_of_the_real_floor(rig: Rig, seed: int) -> None:
    """Whatever is sent there, with ids of either floor: no row here differs (PDA-6)."""
    random = Random(seed)
    await rig.assign("L-1")
    client = await rig.client("picker", device="pda-t")
    live = (await client.get("/api/v1/orders/L-1"))["task"]
    trainee = Trainee(client)
    await trainee.enter()
    view = await trainee.begin("care")
    await trainee.obey(view)
    tasks = [live, (await client.get(f"{PRACTICE}/session"))["session"]["task"]["id"]]
    goods = [good["code"] for shelf in view["shelves"] for good in shelf["goods"]]
    codes = [*goods, *TOTES, "A-01-01", "U-01", "MUG-01", "L-1", view["order"], "SF0001"]
    values: dict[str, Callable[[], Any]] = {
        "task_ids": lambda: [random.choice(tasks)], "task_id": lambda: random.choice(tasks),
        "order_id": lambda: random.choice(["L-1", view["order"]]), "person": lambda: "picker",
        "code": lambda: random.choice(codes), "step": lambda: random.randint(1, 3),
        "qty": lambda: random.randint(1, 3), "line": lambda: random.randint(1, 3),
        "found": lambda: random.randint(0, 2), "reason": lambda: "missing",
        "location": lambda: random.choice(codes), "kind": lambda: "gift", "pda": lambda: "pda-t",
        "device": lambda: "P1", "station": lambda: "S1", "url": lambda: "tcp://127.0.0.1:9100",
        "name": lambda: "x", "job_id": lambda: tasks[0], "printed": lambda: True,
        "alarm_id": lambda: tasks[0], "return_code": lambda: "C2", "read": lambda: "typed",
    }  # fmt: skip
    kinds = sorted(FROM_PDA - {"session.close", "evidence.attach"})
    before = dump(rig)
    for _ in range(80):
        kind = random.choice(kinds)
        wanted = [name for name in values if random.random() < 0.9]
        fields = {"task.take": ["task_ids"], "tote.bind": ["task_id", "order_id", "code"],
                  "pick.scan": ["task_id", "step", "code"],
                  "pick.short": ["task_id", "step", "found", "reason"]}.get(kind)  # fmt: skip
        data = {name: values[name]() for name in (fields or wanted[:4])}
        data = data if fields else {n: v for n, v in data.items() if n in _fields(kind)}
        command = client.command(kind, data, session_id=trainee.session["id"])
        await client.ask("POST", f"{PRACTICE}/commands", [command])
    assert dump(rig) == before


def _fields(kind: str) -> tuple[str, ...]:
    fields: tuple[str, ...] = KINDS[kind].__struct_fields__
    return fields


async def test_the_practice_floor_is_pushed_and_its_codes_are_pictures(rig: Rig) -> None:
    """Its websocket tells of its own entries only; codes come as QR, and no other text (PDA-6)."""
    client = await rig.client("picker")
    status, answer = await client.ask("GET", f"{PRACTICE}/lesson")
    assert (status, answer["code"]) == (404, "no_practice")
    trainee = Trainee(client)
    await trainee.enter()
    url = f"{rig.url}{PRACTICE}/ws"
    async with rig.http.ws_connect(
        url, headers={"Authorization": f"Bearer {client.token}"}
    ) as socket:
        assert (await heard(socket, "hello"))["session"]["station"]["id"] == "U1"
        await trainee.begin("first")
        assert "U-1001" in str(await heard(socket, "entry"))
    headers = {"Authorization": f"Bearer {client.token}"}
    async with rig.http.get(
        f"{rig.url}{PRACTICE}/code.svg", params={"text": "U-01"}, headers=headers
    ) as picture:
        assert (picture.status, picture.content_type) == (200, "image/svg+xml")
    assert (await client.ask("GET", f"{PRACTICE}/code.svg?text=B-1001"))[0] == 404
    assert (await client.ask("POST", f"{PRACTICE}/lesson", {"lesson": "x"}))[0] == 404
    assert (await client.ask("DELETE", PRACTICE))[0] == 200
    assert (await client.ask("GET", f"{PRACTICE}/tasks"))[0] == 404


class _Room:
    def __init__(self) -> None:
        self.is_closed = False

    async def close(self) -> None:
        self.is_closed = True


class _Clock:
    boot_id = "b"

    def __init__(self) -> None:
        self.us = 0

    def boot_us(self) -> int:
        return self.us

    def now_us(self) -> int:
        return self.us


async def test_practice_floors_are_bounded_and_an_idle_one_makes_room() -> None:
    """The seventeenth trainee is refused until somebody was away for half an hour."""

    async def make(_: Session) -> _Room:
        return _Room()

    clock = _Clock()
    rooms: Rooms[_Room] = Rooms(clock, make)
    sessions = [
        Session(id=str(n), person=str(n), device="d", roles=(), opened_us=0)
        for n in range(ROOMS_MAX + 1)
    ]
    first, *_ = [await rooms.enter(each) for each in sessions[:-1]]
    with pytest.raises(RefusedError):
        await rooms.enter(sessions[-1])
    clock.us = IDLE_US_MAX
    await rooms.enter(sessions[-1])
    assert first.is_closed
    await rooms.close()
