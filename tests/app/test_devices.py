"""Devices on a running box: found, adopted, tested, bound, moved, lost, back (DEV-1…5, PRN-7)."""

import asyncio
import io
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image

from drivers.api import Source, announce_printer, fake_printer
from drivers.fakes.printer import FakePrinter
from edge.app import devices, printing
from edge.app.reads import Reads
from edge.config import Config, DiscoveryConfig
from edge.domain.rules import PrintQueueRules
from tests.domain.site import MUG, line
from tests.rig import Client, Rig, config, heard, running

WAIT_S = 20.0


class Hall:
    """A box, a keeper who watches its devices, and what stands around."""

    def __init__(self, rig: Rig, keeper: Client, stack: AsyncExitStack) -> None:
        self.rig = rig
        self.keeper = keeper
        self.uuid = str(uuid.uuid4())
        """Of the printer here: others on this machine may be announced at the same time."""
        self._stack = stack

    async def printer(self, lang: Any = "zpl") -> FakePrinter:
        """Switch a printer on."""
        printer = fake_printer(lang)
        await printer.start()
        self._stack.push_async_callback(printer.stop)
        return printer

    async def announce(self, printer: FakePrinter) -> Any:
        """Let a printer announce itself; it keeps its UUID wherever it is."""
        service = announce_printer("Zebra 门口", printer.port, {"UUID": self.uuid, "ty": "ZD421"})
        await service.start()
        self._stack.push_async_callback(service.stop)
        return service

    async def until(self, is_right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the device that is right, looking again after each entry about devices."""
        since = self.rig.box.writer.head.seq
        async with asyncio.timeout(WAIT_S), self.keeper.socket(since=since) as socket:
            while True:
                found = (await self.keeper.get("/api/v1/devices"))["devices"]
                for each in found:
                    if is_right(each):
                        device: dict[str, Any] = each
                        return device
                await _next(socket)

    async def entry(self, kind: str, since: int, **data: Any) -> dict[str, Any]:
        """Return the data of the next entry of a kind that has these data."""
        async with asyncio.timeout(WAIT_S), self.keeper.socket(since=since) as socket:
            while True:
                entry = (await heard(socket, "entry"))["entry"]
                if entry["kind"] == kind and data.items() <= entry["data"].items():
                    found: dict[str, Any] = entry["data"]
                    return found

    @property
    def head(self) -> int:
        """The newest entry's number."""
        return self.rig.box.writer.head.seq

    @property
    def slots(self) -> list[str]:
        """What the print queue may print on."""
        return [slot.id for slot in self.rig.box.board.slots]


async def _next(socket: Any) -> None:
    """Return when the box tells of a device or of its printers' health."""
    while True:
        frame = await socket.receive_json(timeout=WAIT_S)
        if frame["t"] == "status" or (
            frame["t"] == "entry" and frame["entry"]["kind"].startswith("device.")
        ):
            return


async def quick(_: Reads) -> PrintQueueRules:
    """Return rules under which nobody waits for anything but proofs."""
    return PrintQueueRules(retry_pauses_ms=(0, 0, 0), settle_s=0)


@pytest.fixture(name="settings")
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(printing, "LOOK_S", 0.01)
    monkeypatch.setattr(printing, "WATCH_S", 0.1)
    monkeypatch.setattr(devices, "CALM_S", 0.0)
    monkeypatch.setattr(Reads, "print_rules", quick)
    here = DiscoveryConfig(
        interfaces=("127.0.0.1",), sources=(Source.MDNS, Source.PROBE), announce=False
    )
    site = config(tmp_path)
    named = msgspec.structs.replace(site.http, names=("192.168.7.7",))
    return msgspec.structs.replace(site, discovery=here, http=named)


@pytest_asyncio.fixture(name="hall")
async def _hall(settings: Config) -> AsyncIterator[Hall]:
    async with AsyncExitStack() as stack:
        rig = await stack.enter_async_context(running(settings))
        await rig.furnish()
        yield Hall(rig, await rig.client("keeper"), stack)


async def test_a_printer_from_found_to_back_again(hall: Hall) -> None:
    """Found → adopted → test label → scanned back and bound → moves → lost → back (DEV-2…4)."""
    first = await hall.printer()
    service = await hall.announce(first)
    mine = f"uuid:{hall.uuid}"
    found = await hall.until(lambda each: each["state"] == "identified" and mine in each["ids"])
    assert (found["kind"], found["adopted"], found["url"]) == ("printer", False, first.url)
    assert (hall.slots, first.odometer) == ([], 0)
    packer = await hall.rig.client("packer", "S1")
    assert (await packer.get("/api/v1/devices"))["devices"] == []
    refused = await packer.do("device.bind", code=found["sticker"])
    assert refused["code"] == "device_not_adopted"

    await hall.keeper.must("device.adopt", device=found["id"], name="门口 Zebra")
    head = hall.head
    label = await packer.must("device.test", device=found["id"])
    outcome = await hall.entry("device.test_reported", head, test=label["test"])
    assert (outcome["state"], first.odometer) == ("printed", 1)
    code = f"{found['sticker']}:{label['test']}"
    await packer.must("device.bind", code=code)
    station = (await packer.get("/api/v1/stations"))["stations"][0]
    shown = station["printers"][0]
    assert (shown["name"], shown["test"]["state"], shown["test"]["due"]) == (
        "门口 Zebra", "proved", False,
    )  # fmt: skip
    assert (await packer.get("/api/v1/session"))["session"]["station"]["printers"] == [found["id"]]

    await _ship(hall, packer, "1001")
    assert first.odometer == 2
    await service.stop()
    await first.stop()
    second = await hall.printer()
    await hall.announce(second)
    await hall.until(lambda each: each["url"] == second.url and each["state"] == "adopted")
    await _ship(hall, packer, "1002")
    assert (first.odometer, second.odometer, len(hall.slots)) == (2, 1, 1)

    await second.stop()
    await hall.until(lambda each: each["id"] == found["id"] and each["fault"] == "offline")
    await second.start()
    await hall.until(lambda each: each["id"] == found["id"] and each["fault"] == "")
    await _ship(hall, packer, "1003")
    assert second.odometer == 2


async def _ship(hall: Hall, packer: Client, order_id: str) -> None:
    """Pick, pack and label an order; return when the printer has proved its label."""
    await hall.rig.assign(order_id, line(1, MUG, 1))
    picker = await hall.rig.client("picker")
    await hall.rig.pick(picker, order_id)
    await hall.rig.pack(packer, order_id)
    head = hall.head
    await packer.must("waybill.print", order_id=order_id)
    await hall.entry("print.reported", head, stage="confirmed")


async def test_nothing_prints_on_a_stranger_at_a_printers_address(settings: Config) -> None:
    """While the box is off the address changes hands: the printer is barred until it shows (DEV-2).

    Its own id at another address lets it print there; the stranger gets no byte of a label.
    """
    async with AsyncExitStack() as around:
        async with running(settings) as rig:
            await rig.furnish()
            hall = Hall(rig, await rig.client("keeper"), around)
            own_id = f"uuid:{hall.uuid}"
            first = await hall.printer()
            service = await hall.announce(first)
            found = await hall.until(
                lambda each: own_id in each["ids"] and each["state"] == "identified"
            )
            await hall.keeper.must("device.adopt", device=found["id"], name="A")
            packer = await rig.client("packer", "S1")
            await packer.must("device.bind", code=found["sticker"])
        await service.stop()
        await first.stop()
        stranger = fake_printer("zpl", port=first.port)
        await stranger.start()
        around.push_async_callback(stranger.stop)
        other = announce_printer("B", stranger.port, {"UUID": str(uuid.uuid4()), "usb_CMD": "ZPL"})
        await other.start()
        around.push_async_callback(other.stop)

        async with running(settings) as rig:
            rig.dseq = hall.rig.dseq
            again = Hall(rig, await rig.client("keeper"), around)
            again.uuid, hall = hall.uuid, again
            mine = (found["id"], "stranger")
            await hall.until(lambda each: (each["id"], each["fault"]) == mine)
            assert hall.slots == [found["id"]]
            elsewhere = await hall.printer()
            await hall.announce(elsewhere)
            mine = (found["id"], elsewhere.url)
            await hall.until(lambda each: (each["id"], each["url"]) == mine)
            packer = await rig.client("packer", "S1")
            await _ship(hall, packer, "1001")
            assert (stranger.odometer, elsewhere.odometer) == (0, 1)


async def test_jobs_of_a_lost_printer_move_on(hall: Hall) -> None:
    """Two printers are added by hand; without the first the second prints (DEV-4, PRN-3)."""
    one, two = await hall.printer("tspl"), await hall.printer("zpl")
    admin, packer = await hall.rig.client("admin"), await hall.rig.client("packer", "S1")
    wrong = await admin.do("device.add", url="tcp://10.0.0.1?lang=cobol", name="x")
    assert (wrong["code"], bool(wrong["facts"]["advice"])) == ("device_url", True)
    for printer in (two, one):
        added = await admin.must("device.add", url=printer.url, name=printer.lang)
        await packer.must("device.bind", code=f"@D:{added['device']}")
    bound = (await packer.get("/api/v1/stations"))["stations"][0]["printers"]
    assert [each["name"] for each in bound] == ["tspl", "zpl"]
    await one.stop()
    await _ship(hall, packer, "1001")
    assert (one.odometer, two.odometer) == (0, 1)
    await admin.must("device.forget", device=bound[1]["id"])
    await hall.until(lambda each: each["adopted"] and hall.slots == [bound[0]["id"]])


async def test_a_test_label_that_does_not_come_out_says_why(hall: Hall) -> None:
    """Without paper the test fails with the reason, and is not tried again by itself (PRN-7)."""
    printer = await hall.printer("tspl")
    printer.paper_out = True
    admin = await hall.rig.client("admin")
    head = hall.head
    device = (await admin.must("device.add", url=printer.url, name="desk"))["device"]
    await admin.must("device.test", device=device)
    failed = await hall.entry("device.test_reported", head, device=device)
    assert (failed["state"], failed["reason"], printer.odometer) == ("failed", "paper", 0)


async def test_stickers_and_the_boxs_label_come_out_of_the_chosen_printer(hall: Hall) -> None:
    """Each says what it should, with the printer's own proof; without paper it says why (PRN-7)."""
    printer = await hall.printer("zpl")
    admin = await hall.rig.client("admin")
    device = (await admin.must("device.add", url=printer.url, name="desk"))["device"]
    gun = {"url": "tcp://127.0.0.1:9", "name": "Gun", "kind": "scanner"}
    scanner = (await admin.send(admin.command("device.add", gun)))[0]["facts"]["device"]

    async def outcome(code: str) -> tuple[str, str, str]:
        head = hall.head
        label = (await admin.must("device.label", device=device, code=code))["label"]
        said = await hall.entry("device.label_reported", head, label=label)
        return said["state"], said["proof"], said["reason"]

    for code in ("@S:S1", f"@D:{scanner}", "@S:S1"):
        assert await outcome(code) == ("confirmed", "odometer", "")
        (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(printer.labels[-1].png)))
        assert read.text == code
    assert await outcome("") == ("confirmed", "odometer", "")
    printer.paper_out = True
    assert await outcome("@S:S1") == ("failed", "", "paper")
    assert printer.odometer == 4


async def test_configured_printers_work_whatever_ails_discovery(tmp_path: Path) -> None:
    """A network that is none keeps discovery from beginning; the box says so, and goes on."""
    printer = fake_printer("tspl")
    await printer.start()
    wrong = DiscoveryConfig(networks=("10.0.0.0/99",), announce=False)
    settings = msgspec.structs.replace(config(tmp_path, {"p1": printer.url}), discovery=wrong)
    async with running(settings) as rig:
        await rig.furnish()
        keeper = await rig.client("keeper")
        shown = await keeper.get("/api/v1/devices")
        assert [(each["id"], each["state"], each["configured"]) for each in shown["devices"]] == [
            ("p1", "adopted", True)
        ]
        assert "10.0.0.0/99" in shown["problems"]["discovery"]
        stack = AsyncExitStack()
        packer = await rig.client("packer", "S1")
        await _ship(Hall(rig, keeper, stack), packer, "1001")
        assert printer.odometer == 1
    await printer.stop()


async def test_a_fixed_scanner_speaks_to_its_stations_screen(hall: Hall) -> None:
    """Its codes reach the newest screen of its station; with nobody there they are on record."""
    dialled: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    gun_end = await asyncio.start_server(lambda _, w: dialled.set_result(w), "127.0.0.1", 0)
    url = f"tcp://127.0.0.1:{gun_end.sockets[0].getsockname()[1]}"
    admin = await hall.rig.client("admin")
    data = {"url": url, "name": "tunnel", "kind": "scanner"}
    added = (await admin.send(admin.command("device.add", data)))[0]
    gun = added["facts"]["device"]
    await admin.must("device.bind", code=f"@D:{gun}", station="S1")
    async with asyncio.timeout(WAIT_S):
        wire = await dialled
    head = hall.head
    wire.write(b"6901234567892\r\n" * 3)
    noted = await hall.entry("scan.unclaimed", head)
    assert noted == {"device": gun, "station": "S1", "codes": 1}
    packer = await hall.rig.client("packer", "S1")
    async with packer.socket() as old, packer.socket() as new:
        for each in (old, new):
            await heard(each, "hello")
        wire.write(b"]C1SF0001\r\n")
        frame = await heard(new, "scan")
    assert (frame["code"], frame["symbology"], frame["device"]) == ("SF0001", "]C1", gun)
    station = (await packer.get("/api/v1/stations"))["stations"][0]
    assert [(each["id"], each["fault"]) for each in station["scanners"]] == [(gun, "")]
    wire.close()
    gun_end.close()
