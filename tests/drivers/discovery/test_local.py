"""USB printers, serial ports and keyboards, in a sysfs and a /dev that the test lays out."""

import asyncio
import shutil
from pathlib import Path

from drivers.api import Kind, Settings, Source, State, make_discovery
from drivers.discovery import hid, serialport, usb
from tests.drivers.discovery.peers import device, process, tool, until

TSC = "MFG:TSC;CMD:TSPL2;MDL:TE210;CLS:PRINTER;SN:T4419210073;"


def plug_printer(root: Path, lp: str, plug: str, device_id: str) -> None:
    interface = root / "sys/devices/usb1" / plug / f"{plug}:1.0"
    interface.mkdir(parents=True)
    (interface / "ieee1284_id").write_text(device_id)
    (root / "sys/class/usbmisc" / lp).mkdir(parents=True)
    (root / "sys/class/usbmisc" / lp / "device").symlink_to(interface)


def plug_serial(root: Path, tty: str, by_id: str, **names: str) -> None:
    usb_device = root / "sys/devices/usb1" / tty
    (usb_device / "port").mkdir(parents=True)
    (usb_device / "idVendor").write_text("1a86\n")
    for name, text in names.items():
        (usb_device / name).write_text(f"{text}\n")
    (root / "sys/class/tty" / tty).mkdir(parents=True)
    (root / "sys/class/tty" / tty / "device").symlink_to(usb_device / "port")
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev" / tty).touch()
    for folder, link in (("by-id", by_id), ("by-path", f"pci-usb-0:{tty}:1.0-port0")):
        path = root / "dev/serial" / folder / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # adapters without serial numbers collide: the last one wins
        path.symlink_to(f"../../{tty}")


def test_a_usb_printer_is_known_by_its_device_id(tmp_path: Path) -> None:
    """The kernel's ieee1284_id tells make, model, language and serial number (DEV-1, DEV-2)."""
    plug_printer(tmp_path, "lp0", "1-2", TSC)
    plug_printer(tmp_path, "lp1", "1-3", "\0nonsense;;")
    known, unknown = usb.find(str(tmp_path), 5)
    assert (
        known.make,
        known.model,
        known.language,
        known.serial,
    ) == ("TSC", "TE210", "tspl", "T4419210073")
    assert (
        unknown.urls,
        unknown.usb_path,
        unknown.language,
    ) == (("usb:///dev/usb/lp1",), "1-3:1.0", "")


def test_serial_adapters_without_a_number_are_told_apart_by_their_socket(tmp_path: Path) -> None:
    """Two CH340 share one by-id name; each is listed under its own by-path."""
    by_id = "usb-1a86_USB_Serial-if00-port0"
    plug_serial(tmp_path, "ttyUSB0", by_id, product="USB Serial")
    plug_serial(tmp_path, "ttyUSB1", by_id, product="USB Serial")
    plug_serial(
        tmp_path,
        "ttyACM0",
        "usb-Honeywell_Xenon_18059B0F-if00",
        product="Honeywell Xenon",
        serial="18059B0F",
    )
    found = serialport.find(str(tmp_path), 5)
    assert [(seen.urls[0], seen.kind) for seen in found] == [
        ("serial:///dev/serial/by-id/usb-Honeywell_Xenon_18059B0F-if00", Kind.SCANNER),
        ("serial:///dev/serial/by-path/pci-usb-0:ttyUSB0:1.0-port0", Kind.UNKNOWN),
        ("serial:///dev/serial/by-path/pci-usb-0:ttyUSB1:1.0-port0", Kind.UNKNOWN),
    ]


def test_a_keyboard_is_not_called_a_scanner(tmp_path: Path) -> None:
    """HID scanners are known by their names; another keyboard is listed, and a person decides."""
    folder = tmp_path / "dev/input/by-id"
    folder.mkdir(parents=True)
    for name in ("usb-Newland_Auto-ID_Barcode_Reader-event-kbd", "usb-Dell_KB216-event-kbd"):
        (folder / name).symlink_to("../event3")
    (folder / "usb-Dell_Mouse-event-mouse").symlink_to("../event4")
    assert [(seen.name, seen.kind) for seen in hid.find(str(tmp_path), 5)] == [
        ("Dell KB216", Kind.UNKNOWN),
        ("Newland Auto-ID Barcode Reader", Kind.SCANNER),
    ]


async def test_a_plugged_printer_is_seen_and_an_unplugged_one_is_stale(tmp_path: Path) -> None:
    """Hot-plug while running: there within a round, stale the moment it is gone (DEV-1, DEV-4)."""
    now_us = 1
    settings = Settings(sources=(Source.USB,), root=str(tmp_path), local_interval_s=0.05)
    discovery = make_discovery(settings, lambda: now_us)
    await discovery.start()
    try:
        plug_printer(tmp_path, "lp0", "1-2", TSC)
        found = await until(device(discovery, lambda each: each.urls), "the plugged printer")
        assert (found.key, found.url) == ("serial:T4419210073", "usb:///dev/usb/lp0?lang=tspl")
        now_us = 1_000_000
        shutil.rmtree(tmp_path / "sys")
        await until(device(discovery, lambda each: each.state is State.STALE), "unplugged")
        now_us = 2_000_000
        plug_printer(tmp_path, "lp1", "1-4", TSC)
        back = await until(
            device(discovery, lambda each: each.state is State.IDENTIFIED), "plugged elsewhere"
        )
        assert (back.key, back.url) == ("serial:T4419210073", "usb:///dev/usb/lp1?lang=tspl")
    finally:
        await discovery.stop()


async def test_a_pty_under_a_by_path_link_comes_and_goes(tmp_path: Path) -> None:
    """Socat's pseudo terminal stands for a serial adapter; ending socat unplugs it."""
    folder = tmp_path / "dev/serial/by-path"
    folder.mkdir(parents=True)
    link = folder / "platform-floorgate-test"
    settings = Settings(sources=(Source.SERIAL,), root=str(tmp_path), local_interval_s=0.05)
    now_us = 1
    discovery = make_discovery(settings, lambda: now_us)
    await discovery.start()
    try:
        with process(tool("socat"), f"pty,raw,echo=0,link={link}", "pty,raw,echo=0"):
            found = await until(device(discovery, lambda each: each.urls), "the pty")
            now_us = 2
        assert f"usb:{link.name}" == found.key
        await until(device(discovery, lambda each: each.state is State.STALE), "unplugged")
    finally:
        await discovery.stop()
    await asyncio.sleep(0)
