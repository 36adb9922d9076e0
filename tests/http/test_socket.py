"""The websocket over TLS: answers in order, entries once, alarms until acknowledged."""

import asyncio

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from edge.app import dispatch
from edge.app.ports import BusyError, Outcome
from edge.domain.commands import COMMAND_VERSION, COMMAND_VERSION_OLDEST, Command
from edge.store.runners import DISK_FULL
from tests.domain.site import BINS, MUG, gtin, line
from tests.rig import RECEIVE_S, Client, Rig, heard


async def take(rig: Rig, picker: Client, order_id: str = "1001") -> str:
    """Let a picker take the task of a new order of many single pieces, tote and bin scanned."""
    await rig.assign(order_id, *[line(no, MUG, 5) for no in range(1, 21)])
    task: str = (await picker.get(f"/api/v1/orders/{order_id}"))["task"]
    await picker.must("task.take", task_ids=[task])
    await picker.must("tote.bind", task_id=task, order_id=order_id, code="T-1")
    await picker.must("pick.scan", task_id=task, step=1, code=BINS[MUG])
    return task


async def entries(socket: ClientWebSocketResponse, until: int) -> list[int]:
    """Return the numbers of the entries that come, up to `until`."""
    found: list[int] = []
    while not found or found[-1] < until:
        found.append((await heard(socket, "entry"))["entry"]["seq"])
    return found


async def test_hello_says_who_and_where(rig: Rig) -> None:
    """The first frame names box, rules, hub, session, and the newest entry."""
    picker = await rig.client("picker")
    async with picker.socket() as socket:
        hello = await socket.receive_json(timeout=RECEIVE_S)
    assert (hello["t"], hello["box"], hello["hub"]) == ("hello", "Test hall", "none")
    assert (hello["rules"], hello["seq"], hello["printers"]) == (
        "default@1",
        rig.box.writer.head.seq,
        [],
    )
    assert hello["session"] == picker.session


async def test_a_burst_is_answered_in_order(rig: Rig) -> None:
    """A hundred scans sent at once are each answered, in their order, and each counts (PICK-4)."""
    picker = await rig.client("picker")
    task = await take(rig, picker)
    commands = [
        picker.command("pick.scan", {"task_id": task, "step": at // 5 + 1, "code": gtin(MUG)})
        for at in range(100)
    ]
    async with picker.socket() as socket:
        for command in commands:
            await socket.send_json({"t": "cmd", "cmd": command})
        answers = [await heard(socket, "answer") for _ in commands]
    assert [answer["id"] for answer in answers] == [command["id"] for command in commands]
    assert {answer["ok"] for answer in answers} == {True}
    order = await picker.get("/api/v1/orders/1001")
    assert order["state"] == "picked"


@pytest.mark.parametrize(("code", "status"), [("busy", 429), ("disk_full", 507)])
async def test_none_passes_one_that_was_put_off(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, code: str, status: int
) -> None:
    """What is on the wire behind a command that was put off waits until it comes again (PICK-4)."""
    picker = await rig.client("picker")
    task = await take(rig, picker)
    submit = rig.box.runner.submit
    had_no_place: list[str] = []

    async def submit_all_but_one(command: Command) -> Outcome:
        if command.kind != "pick.scan" or had_no_place:
            return await submit(command)
        had_no_place.append(command.id)
        if code == "busy":
            raise BusyError
        return DISK_FULL

    monkeypatch.setattr(rig.box.runner, "submit", submit_all_but_one)
    scans = [
        picker.command("pick.scan", {"task_id": task, "step": 1, "code": gtin(MUG)})
        for _ in range(4)
    ]
    async with picker.socket() as socket:
        for scan in scans:
            await socket.send_json({"t": "cmd", "cmd": scan})
        first = [await heard(socket, "answer") for _ in scans]
        for scan in scans:
            await socket.send_json({"t": "cmd", "cmd": scan})
        again = [await heard(socket, "answer") for _ in scans]
    assert [(each["code"], each["status"]) for each in first] == [(code, status)] * 4
    assert [each["facts"]["task"]["steps"][0]["picked"] for each in again] == [1, 2, 3, 4]


async def test_a_command_of_an_earlier_session_goes_before_those_behind_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes longer to check is not passed on its way to the journal (PICK-4, PDA-1)."""
    before = await rig.client("picker")
    task = await take(rig, before)
    kept = before.command("pick.scan", {"task_id": task, "step": 1, "code": gtin(MUG)})
    picker = await rig.client("picker")
    now = picker.command("task.release", {"task_id": task, "reason": "shift_over"})
    order: list[str] = []
    submit = rig.box.runner.submit

    async def submit_noted(command: Command) -> Outcome:
        order.append(command.kind)
        return await submit(command)

    monkeypatch.setattr(rig.box.runner, "submit", submit_noted)
    async with picker.socket() as socket:
        for command in (kept, now):
            await socket.send_json({"t": "cmd", "cmd": command})
        assert (await heard(socket, "answer"))["ok"]
        await heard(socket, "answer")
    assert order == ["pick.scan", "task.release"]


async def test_one_command_by_either_door(rig: Rig) -> None:
    """A command answered on the websocket is repeated by POST, and has one effect (PICK-5)."""
    picker = await rig.client("picker")
    task = await take(rig, picker)
    scan = picker.command("pick.scan", {"task_id": task, "step": 1, "code": gtin(MUG)})
    async with picker.socket() as socket:
        await socket.send_json({"t": "cmd", "cmd": scan})
        first = await heard(socket, "answer")
    again = (await picker.send(scan))[0]
    assert (first["facts"]["said"], again["repeated"]) == ("item", True)
    assert (await picker.get(f"/api/v1/tasks/{task}"))["steps"][0]["picked"] == 1


BAD_FRAMES = [
    ("{", "malformed"),
    ("[]", "malformed"),
    ('{"t": "cmd"}', "malformed"),
    ('{"t": "what"}', "malformed"),
    ('{"t": 1}', "malformed"),
    ('{"t": "cmd", "cmd": {"v": 1}}', "malformed"),
    ("\x00", "malformed"),
]


async def test_garbage_is_answered_and_the_talk_goes_on(rig: Rig) -> None:
    """A frame that means nothing gets one error; the next good one its answer (SEC-4)."""
    picker = await rig.client("picker")
    async with picker.socket() as socket:
        for frame, code in BAD_FRAMES:
            await socket.send_str(frame)
            answer = await heard(socket, "answer")
            assert (answer["ok"], answer["code"], answer["status"]) == (False, code, 400)
        await socket.send_json({"t": "ping"})
        pong = await heard(socket, "pong")
    assert abs(pong["now"] - rig.box.clock.now_us()) < 60_000_000


async def test_a_fault_of_ours_is_answered_and_the_talk_goes_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails in the box itself is answered `internal`; one that cannot be greeted is cut."""

    async def fails(*_: object) -> None:
        raise LookupError

    picker = await rig.client("picker")
    async with picker.socket() as socket:
        await heard(socket, "hello")
        with monkeypatch.context() as broken:
            broken.setattr(rig.box.floor, "handle", fails)
            for _ in range(3):
                command = picker.command("task.release", {"task_id": "T"})
                await socket.send_json({"t": "cmd", "cmd": command})
                answer = await heard(socket, "answer")
                assert (answer["id"], answer["code"]) == (command["id"], "internal")
        await socket.send_json({"t": "ping"})
        await heard(socket, "pong")
    monkeypatch.setattr(rig.box.web._socket._dispatcher, "greet", fails)
    async with picker.socket() as socket:
        assert (await socket.receive(timeout=RECEIVE_S)).type is WSMsgType.CLOSE


async def test_one_listeners_fault_is_not_anothers(rig: Rig) -> None:
    """A part that cannot take what was committed keeps it from no other part."""

    def fails(_: object) -> None:
        raise LookupError

    rig.box.runner._listeners.insert(0, fails)
    keeper = await rig.client("keeper")
    async with keeper.socket() as socket:
        await heard(socket, "hello")
        await rig.assign("1001")
        assert (await heard(socket, "entry"))["entry"]["kind"]
    rig.box.runner._listeners.remove(fails)


@pytest.mark.parametrize("sent", [b"\x00\x01", "x" * (dispatch.FRAME_BYTES_MAX + 1)])
async def test_binary_and_oversized_frames_end_the_talk(rig: Rig, sent: bytes | str) -> None:
    """What is no text frame of a bounded size closes the connection with its reason (SEC-4)."""
    picker = await rig.client("picker")
    async with picker.socket() as socket:
        await heard(socket, "hello")
        await (socket.send_bytes(sent) if isinstance(sent, bytes) else socket.send_str(sent))
        message = await socket.receive(RECEIVE_S)
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        assert socket.close_code in ((1003,) if isinstance(sent, bytes) else (1009, 1006))
    assert (await picker.get("/health"))["ok"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Origin": "https://evil.example"}, 403), ({"Authorization": "Bearer nobody.x"}, 401)],
)
async def test_nobody_else_is_let_in(rig: Rig, headers: dict[str, str], status: int) -> None:
    """A foreign page's or a forged connection is refused before it is a websocket (SEC-4)."""
    picker = await rig.client("picker")
    with pytest.raises(WSServerHandshakeError) as refused:
        async with picker.socket(headers=headers):
            pass
    assert refused.value.status == status


@pytest.mark.parametrize("since", ["yesterday", pytest.param("9" * 5_000, id="5,000 digits")])
async def test_a_bad_cursor_is_malformed(rig: Rig, since: str) -> None:
    """`since` is a number, and no longer than any that the box gave out."""
    picker = await rig.client("picker")
    status, answer = await picker.ask("GET", f"/api/v1/ws?since={since}")
    assert (status, answer["code"]) == (400, "malformed")


async def test_each_entry_comes_once_and_in_order(rig: Rig) -> None:
    """While the floor moves on, a client that resumes hears every entry once, in order (SYNC-1)."""
    keeper = await rig.client("keeper")
    begin = rig.box.writer.head.seq
    moving = asyncio.create_task(_orders(rig, 40))
    cursor = begin
    found: list[int] = []
    while not moving.done() or cursor < rig.box.writer.head.seq:
        async with keeper.socket(since=cursor) as socket:
            hello = await heard(socket, "hello")
            assert hello["since"] == cursor
            if hello["seq"] > cursor:
                found += await entries(socket, hello["seq"])
                cursor = found[-1]
        await asyncio.sleep(0)
    await moving
    assert found == list(range(begin + 1, rig.box.writer.head.seq + 1))


async def _orders(rig: Rig, n: int) -> None:
    for at in range(n):
        await rig.assign(f"20{at:02}", line(1, MUG, 1))


async def test_a_client_that_missed_too_much_is_told(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit nothing is sent again: hello's `since` says from where entries come."""
    monkeypatch.setattr(dispatch, "RESUME_ENTRIES_MAX", 3)
    keeper = await rig.client("keeper")
    async with keeper.socket(since=1) as socket:
        hello = await heard(socket, "hello")
        assert hello["since"] == hello["seq"] == rig.box.writer.head.seq
        await rig.assign("1001", line(1, MUG, 1))
        assert (await heard(socket, "entry"))["entry"]["seq"] == hello["seq"] + 1


async def test_a_page_that_speaks_too_old_a_version_is_told(rig: Rig) -> None:
    """Below the oldest version that is understood the box says so, and hangs up (PDA-1)."""
    picker = await rig.client("picker")
    for version in (COMMAND_VERSION, COMMAND_VERSION_OLDEST):
        async with picker.socket(v=version) as socket:
            await heard(socket, "hello")
    async with picker.socket(v=COMMAND_VERSION_OLDEST - 1) as socket:
        assert (await heard(socket, "bye"))["code"] == "page_old"
    status, answer = await picker.ask("GET", "/api/v1/ws?v=new")
    assert (status, answer["code"]) == (400, "malformed")


async def test_a_cursor_from_another_life_starts_anew(rig: Rig) -> None:
    """A cursor beyond the journal's end, as after a restore, is not waited for."""
    keeper = await rig.client("keeper")
    async with keeper.socket(since=10**12) as socket:
        assert (await heard(socket, "hello"))["since"] == rig.box.writer.head.seq


async def test_roles_see_what_concerns_them(rig: Rig) -> None:
    """A picker hears of tasks, not of stock or sessions; a keeper hears of all (SEC-3)."""
    picker, keeper = await rig.client("picker"), await rig.client("keeper")
    async with picker.socket() as of_picker, keeper.socket() as of_keeper:
        await heard(of_picker, "hello")
        await heard(of_keeper, "hello")
        await rig.assign("1001", line(1, MUG, 1))
        kinds = [(await heard(of_keeper, "entry"))["entry"]["kind"] for _ in range(5)]
        made = ["order.assigned", "order.moved", "timer.armed", "stock.moved", "task.made"]
        assert kinds == made
        seen = [(await heard(of_picker, "entry"))["entry"]["kind"] for _ in range(2)]
        assert seen == ["order.moved", "task.made"]


async def test_an_alarm_comes_until_it_is_acknowledged(rig: Rig) -> None:
    """A cancel reaches the holder's PDA, again after each connect, until acknowledged (FRZ-4)."""
    picker = await rig.client("picker")
    await take(rig, picker)
    async with picker.socket() as socket:
        await heard(socket, "hello")
        await rig.tell("order.freeze", order_id="1001", category="cancel", countdown_s=600)
        alarm = (await heard(socket, "alarm"))["alarm"]
        assert (alarm["code"], alarm["facts"]["order"]) == ("order_frozen_cancel", "1001")
    async with picker.socket() as socket:
        assert (await heard(socket, "alarm"))["alarm"] == alarm
        ack = picker.command("alarm.ack", {"alarm_id": alarm["id"]})
        await socket.send_json({"t": "cmd", "cmd": ack})
        assert (await heard(socket, "answer"))["ok"]
    assert await picker.get("/api/v1/alarms") == {"alarms": []}


async def test_an_alarm_of_a_role_is_over_when_one_of_it_answers(rig: Rig) -> None:
    """The others' PDAs fall silent at once, and one that was away is not called (FRZ-4)."""
    one = await rig.client("packer", device="pda-1")
    other = await rig.client("packer", device="pda-2")
    async with one.socket() as first, other.socket() as second:
        assert (await heard(first, "hello"))["alarms"] == []
        await rig.tell("message.show", text={"zh": "停线", "en": "Stop"}, roles=["packer"])
        alarm = (await heard(second, "alarm"))["alarm"]["id"]
        async with other.socket() as third:
            assert (await heard(third, "hello"))["alarms"] == [alarm]
        await one.must("alarm.ack", alarm_id=alarm)
        assert await heard(second, "alarm_over") == {"t": "alarm_over", "id": alarm}
    async with other.socket() as again:
        assert (await heard(again, "hello"))["alarms"] == []


async def test_a_frozen_order_takes_no_scan(rig: Rig) -> None:
    """From the durable freeze on, the next scan of any PDA is refused (FRZ-2)."""
    picker = await rig.client("picker")
    task = await take(rig, picker)
    await rig.tell("order.freeze", order_id="1001", category="cancel", countdown_s=600)
    answer = await picker.do("pick.scan", task_id=task, step=1, code=gtin(MUG))
    assert (answer["status"], answer["code"]) == (409, "order_frozen")


async def test_the_effect_comes_by_itself(rig: Rig) -> None:
    """When the countdown is over the box cancels the order, nobody asked (FRZ-1)."""
    keeper = await rig.client("keeper")
    await rig.assign("1001", line(1, MUG, 1))
    async with keeper.socket() as socket:
        await heard(socket, "hello")
        await rig.tell("order.freeze", order_id="1001", category="cancel", countdown_s=0)
        while (await heard(socket, "entry"))["entry"]["kind"] != "freeze.closed":
            pass
    assert (await keeper.get("/api/v1/orders/1001"))["state"] == "cancelled"


async def test_signing_out_says_goodbye(rig: Rig) -> None:
    """The session's own websocket ends with `bye signed_out`; others go on (SEC-2)."""
    one = await rig.client("picker", device="pda-1")
    two = await rig.client("picker", device="pda-2")
    async with one.socket() as first, two.socket() as second:
        await heard(first, "hello")
        await heard(second, "hello")
        await one.ask("DELETE", "/api/v1/session")
        assert (await heard(first, "bye"))["code"] == "signed_out"
        assert (await first.receive(RECEIVE_S)).type is WSMsgType.CLOSE
        await second.send_json({"t": "ping"})
        await heard(second, "pong")


async def test_a_closing_box_says_goodbye(rig: Rig) -> None:
    """Every client hears `bye closing` before the connection ends."""
    picker = await rig.client("picker")
    async with picker.socket() as socket:
        await heard(socket, "hello")
        closing = asyncio.create_task(rig.box.close())
        assert (await heard(socket, "bye"))["code"] == "closing"
        await socket.receive(RECEIVE_S)
    await closing
    assert rig.box.push.clients == 0
