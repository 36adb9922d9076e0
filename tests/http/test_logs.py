"""Log lines: their shape, their level, their repeats, and what never stands in them."""

import io
import json
import logging
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from edge import logs
from tests.rig import PIN, Rig, badge

NAME, PHONE, STREET = "欧阳测试甲", "13912345678", "机密大道 77 号"
HUB_TOKEN = "hub-token-4711"  # noqa: S105 - planted


class Lines:
    """What was logged, and the clock by which repeats are counted."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.now_s = 0.0
        logs.start(self.stream, lambda: self.now_s)

    @property
    def text(self) -> str:
        """Everything, as it was written."""
        return self.stream.getvalue()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Each line without its priority."""
        return [json.loads(line[3:]) for line in self.text.splitlines()]


@pytest.fixture(name="lines")
def _lines() -> Iterator[Lines]:
    before, handlers = structlog.get_config(), logging.root.handlers[:]
    yield Lines()
    structlog.configure(**before)
    logging.root.handlers[:] = handlers


def test_a_line_has_its_priority_and_is_one_object(lines: Lines) -> None:
    """Journald reads the priority, and a traceback does not make two lines of one (REP-2)."""
    log = structlog.get_logger()
    log.warning("printer fell ill", printer="P1")
    try:
        int("no number")
    except ValueError:
        log.exception("request failed")
    logging.getLogger("aiohttp.server").error("bad %s", "request")
    warning, error, foreign = lines.text.splitlines()
    assert [line[:3] for line in (warning, error, foreign)] == ["<4>", "<3>", "<3>"]
    assert json.loads(warning[3:])["printer"] == "P1"
    assert "ValueError: invalid literal" in json.loads(error[3:])["exception"]
    assert json.loads(foreign[3:])["library"] == "aiohttp.server"


def test_repeats_are_left_out_and_counted(lines: Lines) -> None:
    """An event passes ten times a minute; the first of the next minute says how many were not."""
    log = structlog.get_logger()
    for _ in range(100):
        log.warning("source fails")
    log.warning("another")
    lines.now_s = logs.PERIOD_S
    log.warning("source fails")
    assert len(lines.events) == logs.BURST_MAX + 2
    assert lines.events[-1]["left_out"] == 90


def test_the_level_changes_at_run_time(lines: Lines) -> None:
    """SIGUSR1 turns debug lines on and SIGUSR2 off, also for loggers that were there before."""
    log = structlog.get_logger()
    acts: dict[int, Any] = {}
    logs.obey_signals(lambda number, act, level: acts.update({number: (act, level)}))
    log.debug("one")
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        act, level = acts[number]
        act(level)
        log.debug("two")
    assert [event["event"] for event in lines.events] == ["two"]


def test_what_names_a_secret_is_hidden(lines: Lines) -> None:
    """Whatever a careless line says: no token, PIN, key or telephone number is in it (SEC-4)."""
    structlog.get_logger().warning(
        f"call {PHONE}", hub_token=HUB_TOKEN, pin=PIN, keys=["k1"], mapping="stays", n=13912345678
    )
    (event,) = lines.events
    assert event["event"] == "call [hidden]"
    assert (event["hub_token"], event["pin"], event["keys"]) == ("[hidden]",) * 3
    assert event["mapping"] == "stays"


async def test_a_commands_id_is_on_every_line_about_it(lines: Lines, rig: Rig) -> None:
    """What is logged while a command is answered names it, refused ones too."""
    logs.set_level(logs.EVERYTHING)
    picker = await rig.client("picker")
    command = picker.command("task.take", {"task_ids": ["nothing"]})
    await picker.send(command)
    (line,) = (each for each in lines.events if each.get("command") == command["id"])
    assert line["event"] == "command answered"
    assert (line["kind"], line["code"]) == ("task.take", "unknown_task")


async def test_who_is_turned_away_is_on_record(lines: Lines, rig: Rig) -> None:
    """A role or an origin that may not: a line says what was asked for, and from where (SEC-4)."""
    picker = await rig.client("picker")
    await picker.ask("GET", "/api/v1/people")
    await picker.ask("GET", "/api/v1/orders/1001", headers={"Origin": "https://evil.example"})
    told = [each for each in lines.events if each["event"] == "request refused"]
    assert [(each["code"], each["path"], each["who"]) for each in told] == [
        ("role_missing", "/api/v1/people", picker.device),
        ("origin_refused", "/api/v1/orders/{id}", "127.0.0.1"),
    ]


async def test_nothing_personal_and_no_secret_is_told(lines: Lines, rig: Rig) -> None:
    """A floor full of marked data leaves no trace of it in log, metrics, health and journal."""
    logs.set_level(logs.EVERYTHING)
    recipient = {"name": NAME, "phone": PHONE, "address": STREET, "city": "杭州"}
    await rig.assign("1001", recipient=recipient)
    await rig.assign("1002", recipient=recipient | {"phone": "139****5678"})
    picker, packer = await rig.client("picker"), await rig.client("packer", "S1")
    for order in ("1001", "1002"):
        await rig.pick(picker, order)
        await rig.pack(packer, order)
        await packer.do("waybill.print", order_id=order)
    await rig.tell("order.freeze", order_id="1001", category="address", recipient=recipient)
    await rig.tell("order.assign", order_id="1003", lines=NAME, recipient=[PHONE, STREET])
    body = {"badge": badge("picker"), "pin": "000000", "device": "d"}
    await picker.ask("POST", "/api/v1/session", body)
    await picker.ask("POST", "/api/v1/commands", [{"v": NAME, "kind": PHONE, "data": STREET}])
    await picker.do("pick.scan", task_id="x", step=1, code="6901234567892")
    client = await rig.client()
    told = [lines.text, str(await client.get("/health"))]
    async with rig.http.get(f"{rig.url}/metrics") as answer:
        told.append(await answer.text())
    _, raws = await rig.box.reader.entries(0, 10_000)
    journal = b"".join(raws)
    session_key = (rig.box.data / "keys" / "session.key").read_bytes()
    secrets = [PIN, badge("picker"), badge("packer"), picker.token, session_key.hex()]
    for marked in (NAME, PHONE, STREET, *secrets):
        assert [marked for text in told if marked in text] == []
    for marked in (NAME, PHONE, STREET, *secrets):
        assert marked.encode() not in journal, marked
    assert lines.text.count("command answered") > 20
