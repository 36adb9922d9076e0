"""The print queue at printers with real ports: proof, faults, fail-over, no second label."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from drivers.api import CopyId, Raster, fake_printer
from drivers.fakes.printer import FakePrinter
from edge.app import printing, settling
from edge.app.reads import Reads
from edge.domain.rules import PrintQueueRules
from tests.domain.site import MUG, line
from tests.rig import Client, Rig, config, heard, running


class Station:
    """A packer at a station with two printers, in front of an order that waits for its label."""

    def __init__(self, rig: Rig, printers: list[FakePrinter]) -> None:
        self.rig = rig
        self.first, self.second = printers
        self.packer = Client(rig, "")

    async def print(self) -> None:
        """Queue the label of order 1001."""
        await self.packer.must("waybill.print", order_id="1001")

    async def job(self) -> dict[str, Any]:
        """Return the newest print job of the order."""
        jobs = (await self.packer.get("/api/v1/jobs?order=1001"))["jobs"]
        found: dict[str, Any] = jobs[-1]
        return found

    async def until(self, is_right: Callable[[dict[str, Any]], bool], since: int) -> dict[str, Any]:
        """Wait for an entry about the print job that makes `is_right` true, and return its data."""
        async with self.packer.socket(since=since) as socket:
            while True:
                entry = (await heard(socket, "entry"))["entry"]
                if entry["kind"] == "print.reported" and is_right(entry["data"]):
                    found: dict[str, Any] = entry["data"]
                    return found

    @property
    def labels(self) -> list[int]:
        """Labels that came out of the two printers."""
        return [len(self.first.labels), len(self.second.labels)]


async def quick(_: Reads) -> PrintQueueRules:
    """Return rules under which nobody waits for anything but proofs."""
    return PrintQueueRules(retry_pauses_ms=(0, 0, 0), settle_s=0)


@pytest_asyncio.fixture(name="station")
async def _station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Station]:
    monkeypatch.setattr(printing, "LOOK_S", 0.01)
    monkeypatch.setattr(settling, "ASK_S", 0.01)
    async with AsyncExitStack() as stack:
        printers = [fake_printer("tspl"), fake_printer("zpl")]
        for printer in printers:
            await printer.start()
            stack.push_async_callback(printer.stop)
        urls = {"p1": printers[0].url, "p2": printers[1].url}
        monkeypatch.setattr(Reads, "print_rules", quick)
        rig = await stack.enter_async_context(running(config(tmp_path, urls)))
        yield await _ready(rig, printers)


async def _ready(rig: Rig, printers: list[FakePrinter]) -> Station:
    await rig.furnish()
    await rig.assign("1001", line(1, MUG, 1))
    station = Station(rig, printers)
    await rig.pick(await rig.client("picker"), "1001")
    station.packer = await rig.client("packer", "S1")
    await rig.pack(station.packer, "1001")
    return station


def stage(name: str) -> Callable[[dict[str, Any]], bool]:
    """Return what tells a report of a stage."""
    return lambda data: bool(data["stage"] == name)


async def test_from_the_job_to_the_proof(station: Station) -> None:
    """One label comes out, is claimed before its first byte, and proved by the printer (PRN-4)."""
    head = station.rig.box.writer.head.seq
    await station.print()
    proved = await station.until(stage("confirmed"), head)
    assert (proved["printer"], proved["grade"]) == ("p1", "printer_confirmed")
    assert station.labels == [1, 0]
    timeline = (await station.packer.get("/api/v1/orders/1001/timeline"))["entries"]
    stages = [each["data"]["stage"] for each in timeline if each["kind"] == "print.reported"]
    assert stages == ["claimed", "sent", "confirmed"]
    code = f"FG1:SF0001:{station.first.labels[0].copy_id}"
    assert (await station.packer.must("waybill.prove", code=code))["pack"]["state"] == "shipped"


async def test_a_printer_without_paper_is_passed_over(station: Station) -> None:
    """After some looks at an ill printer the station's next one prints, once (PRN-3, PRN-5)."""
    station.first.paper_out = True
    head = station.rig.box.writer.head.seq
    await station.print()
    sent = await station.until(stage("sent"), head)
    assert sent["printer"] == "p2"
    await station.until(stage("confirmed"), head)
    assert station.labels == [0, 1]
    printers = (await station.packer.get("/api/v1/printers"))["printers"]
    assert [(each["id"], each["ok"], each["fault"]) for each in printers] == [
        ("p1", False, "paper"),
        ("p2", True, ""),
    ]


async def test_with_nowhere_else_to_go_it_waits_for_paper(station: Station) -> None:
    """With both printers empty the job waits, and goes on by itself when one is filled (PRN-5)."""
    station.first.paper_out = station.second.paper_out = True
    head = station.rig.box.writer.head.seq
    await station.print()
    waiting = await station.until(lambda data: data["printer"] == "p2", head)
    assert (waiting["stage"], waiting["reason"]) == ("retry", "paper")
    assert (await station.job())["state"] == "queued"
    station.second.paper_out = False
    await station.until(stage("confirmed"), head)
    assert station.labels == [0, 1]


async def test_a_printer_that_is_gone_is_passed_over(station: Station) -> None:
    """A refused connection leads to the next printer of the station (PRN-3, DEV-4)."""
    await station.first.stop()
    head = station.rig.box.writer.head.seq
    await station.print()
    assert (await station.until(stage("sent"), head))["printer"] == "p2"
    await station.until(stage("confirmed"), head)
    assert station.labels == [0, 1]


async def test_a_cut_in_the_middle_is_unknown(station: Station) -> None:
    """When bytes may have reached the printer nothing is sent again by itself (PRN-2, PRN-4)."""
    station.first.cut_after_bytes = 400
    head = station.rig.box.writer.head.seq
    await station.print()
    await station.until(stage("unknown"), head)
    job = await station.job()
    assert (job["state"], job["attempts"], station.labels) == ("unknown", 1, [0, 0])
    await station.packer.must("waybill.resolve", job_id=job["id"], printed=False)
    await station.print()
    await station.until(stage("confirmed"), station.rig.box.writer.head.seq - 6)
    assert sum(station.labels) == 1
    assert (await station.job())["n"] == 2


async def test_a_stop_in_the_middle_is_unknown(station: Station) -> None:
    """A service that ends while bytes leave says after its restart that nobody knows (PRN-2)."""
    station.first.bytes_per_s = 200
    head = station.rig.box.writer.head.seq
    await station.print()
    await station.until(stage("claimed"), head)
    await station.rig.box.close()
    await station.first.stop()
    station.first.bytes_per_s = None
    await station.first.start()
    async with running(station.rig.box.config) as again:
        station.packer.rig = again
        await station.until(stage("unknown"), head)
        job = await station.job()
        assert (job["state"], job["reason"]) == ("unknown", "restarted")
        assert station.labels == [0, 0]


async def test_a_queued_job_survives_a_restart(station: Station) -> None:
    """A job of which no byte left is printed after the restart, once (PRN-2)."""
    station.first.paper_out = station.second.paper_out = True
    head = station.rig.box.writer.head.seq
    await station.print()
    await station.until(lambda data: data["printer"] == "p2", head)
    await station.rig.box.close()
    station.first.paper_out = False
    async with running(station.rig.box.config) as again:
        station.rig = station.packer.rig = again
        await station.until(stage("confirmed"), head)
    assert station.labels == [1, 0]


async def test_a_cancelled_label_is_not_printed(station: Station) -> None:
    """A job that is voided while it waits never leaves (FRZ-5)."""
    station.first.paper_out = station.second.paper_out = True
    head = station.rig.box.writer.head.seq
    await station.print()
    await station.until(lambda data: data["printer"] == "p2", head)
    keeper = await station.rig.client("keeper")
    async with keeper.socket() as socket:
        await heard(socket, "hello")
        await station.rig.tell("order.freeze", order_id="1001", countdown_s=0)
        while (await heard(socket, "entry"))["entry"]["kind"] != "freeze.closed":
            pass
    station.first.paper_out = station.second.paper_out = False
    await station.rig.assign("1002", line(1, MUG, 1))
    await station.rig.pick(await station.rig.client("picker", device="pda-2"), "1002")
    await station.rig.pack(station.packer, "1002")
    await station.packer.must("waybill.print", order_id="1002")
    await station.until(stage("confirmed"), head)
    assert sum(station.labels) == 1
    assert (await station.job())["state"] == "void"


async def test_a_fault_of_ours_ends_one_job_only(station: Station) -> None:
    """A label that cannot be made fails its job with the reason; the next one is printed."""
    queue = station.rig.box.printing
    render = queue._render

    def broken(_: dict[str, Any]) -> Any:
        raise ZeroDivisionError

    queue._render = broken
    head = station.rig.box.writer.head.seq
    await station.print()
    failed = await station.until(stage("failed"), head)
    assert failed["reason"] == "internal"
    queue._render = render
    await station.packer.must("waybill.reprint", order_id="1001", reason="not_out")
    await station.until(stage("confirmed"), head)
    assert station.labels == [1, 0]


async def test_the_queue_is_seen_with_what_can_be_done(station: Station) -> None:
    """Jobs that are not done are listed with their proof and the actions that help (PRN-4)."""
    station.first.cut_after_bytes = 400
    head = station.rig.box.writer.head.seq
    await station.print()
    await station.until(stage("unknown"), head)
    (job,) = (await station.packer.get("/api/v1/print-jobs?station=S1"))["jobs"]
    assert (job["state"], job["printer"]) == ("unknown", "p1")
    assert job["grade"] in ("none", "sent")  # as much as the kernel took
    assert job["actions"] == ["waybill.prove", "waybill.resolve"]
    assert (await station.packer.get("/api/v1/print-jobs?station=S2"))["jobs"] == []
    leader = await station.rig.client("leader")
    (day,) = (await leader.get("/api/v1/reports/print-healing"))["days"]
    assert (day["jobs"], day["faulted"], day["helped"], day["healed_pm"]) == (1, 1, 1, 0)
    async with station.rig.http.get(f"{station.rig.url}/metrics") as answer:
        assert "floorgate_print_jobs_helped_total 1\n" in await answer.text()


async def test_without_a_printer_a_slip_stands_for_the_label(station: Station) -> None:
    """No printer of the station works: the slip's QR, scanned later, prints the label (PRN-3)."""
    board = station.rig.box.board
    board.bind("S1", ())
    head = station.rig.box.writer.head.seq
    await station.print()
    printed = await station.until(stage("slip_printed"), head)
    assert (printed["state"], station.labels) == ("slip", [1, 0])
    job = await station.job()
    assert job["slip"] == f"FGS1:{job['id']}"
    board.bind("S1", ("p2",))
    await station.packer.must("slip.scan", code=job["slip"])
    await station.until(stage("confirmed"), head)
    assert (station.labels, (await station.job())["n"]) == ([1, 1], 1)


async def test_a_printer_may_go_and_another_come(station: Station) -> None:
    """A job goes to the printers that are bound now; one that is taken away gets none (DEV-4)."""
    board = station.rig.box.board
    await board.remove("p1")
    head = station.rig.box.writer.head.seq
    await station.print()
    assert (await station.until(stage("confirmed"), head))["printer"] == "p2"
    assert [slot.id for slot in board.slots] == ["p2"]


async def test_what_came_out_before_the_answer_is_found_by_the_count(station: Station) -> None:
    """The line breaks after the label left: the odometer proves it, nothing is sent again."""
    station.rig.box.board.bind("S1", ("p2",))
    head = station.rig.box.writer.head.seq

    def out(_: object) -> None:
        station.second.mute = True
        station.second.reboot()

    station.second.on_label = out
    await station.print()
    asked = await station.until(stage("asked"), head)
    assert asked["reason"] == "line"
    station.second.mute = False
    proved = await station.until(stage("confirmed"), head)
    assert (proved["proof"], station.labels) == ("odometer", [0, 1])


async def test_a_label_that_the_printer_holds_is_waited_for(station: Station) -> None:
    """Paper out after the send: nothing is sent again, the printer prints it when filled."""
    station.rig.box.board.bind("S1", ("p2",))
    station.second.seconds_per_label = 0.2
    head = station.rig.box.writer.head.seq
    await station.print()
    await station.until(stage("sent"), head)
    station.second.paper_out = True
    await station.rig.box.board.slots[1].printer.close()
    held = await station.until(stage("held"), head)
    assert (held["reason"], held["state"], station.labels) == ("paper", "sent", [0, 0])
    station.second.paper_out = False
    await station.until(stage("confirmed"), head)
    assert station.labels == [0, 1]


async def test_a_label_is_encoded_off_the_event_loop(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that answers scans makes no printer's bytes: 4 ms each for ZPL (PRN-1)."""
    threads: list[int] = []
    slot = station.rig.box.board.get("p1")
    assert slot is not None
    encode = slot.printer.encode

    def noted(label: Raster, copy_id: CopyId) -> bytes:
        threads.append(threading.get_ident())
        return encode(label, copy_id)

    monkeypatch.setattr(slot.printer, "encode", noted)
    head = station.rig.box.writer.head.seq
    await station.print()
    await station.until(stage("confirmed"), head)
    assert len(threads) == 1
    assert threading.get_ident() not in threads
