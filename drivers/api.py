"""What the rest of Floorgate may know of printers and labels.

A printer is reached by one URL (`tcp://10.0.0.9:9100?lang=zpl`). The print queue above owns order,
retries and evidence; a driver moves the bytes of one copy and tells what it can prove about them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NewType, Protocol, TypeAlias

import msgspec

from drivers.discovery.model import (
    Clash,
    Conflict,
    Device,
    Fact,
    Kind,
    Progress,
    Settings,
    Sighting,
    Source,
    State,
    place_of,
)

if TYPE_CHECKING:
    import asyncio

    from drivers.discovery.announce import Announcement
    from drivers.discovery.manager import Discovery
    from drivers.fakes.cable import Cable
    from drivers.fakes.faults import FaultPlan
    from drivers.fakes.printer import FakeLabel, FakePrinter

__all__ = [
    "PICTURE_BYTES_MAX",
    "Clash",
    "Code",
    "Conflict",
    "CopyId",
    "Decoder",
    "Device",
    "DriverError",
    "Fact",
    "ImageError",
    "Kind",
    "LabelError",
    "Mark",
    "OnScan",
    "Printer",
    "PrinterStatus",
    "Progress",
    "Proof",
    "Raster",
    "Reading",
    "Scan",
    "Scanner",
    "Settings",
    "Sighting",
    "Source",
    "State",
    "announce_box",
    "announce_printer",
    "builtin_template",
    "builtin_templates",
    "check_label",
    "fake_printer",
    "labels_pdf",
    "make_discovery",
    "open_decoder",
    "open_printer",
    "open_scanner",
    "place_of",
    "raster_png",
    "render_label",
    "render_labels",
    "sample_data",
    "search_codes",
]

CopyId = NewType("CopyId", str)


class DriverError(Exception):
    """A device did not do what was asked of it.

    `op` and `subject` say what was tried on what, `cause` why it failed, `hint` what to do.
    `bytes_out` is how many bytes of a copy may have reached the device: 0 means that nothing was
    printed and a retry is safe.
    """

    def __init__(
        self,
        op: str,
        subject: str,
        cause: str,
        hint: str,
        *,
        is_retryable: bool = False,
        bytes_out: int = 0,
    ) -> None:
        super().__init__(f"{op} {subject}: {cause}")
        self.op = op
        self.subject = subject
        self.cause = cause
        self.hint = hint
        self.is_retryable = is_retryable
        self.bytes_out = bytes_out


class Reading(StrEnum):
    """What a printer says of one of its parts."""

    OK = "ok"
    BAD = "bad"
    UNKNOWN = "unknown"
    """The model cannot tell, or did not answer."""


class PrinterStatus(msgspec.Struct, frozen=True):
    """A printer's own account of itself, normalised across languages."""

    online: Reading = Reading.UNKNOWN
    paper: Reading = Reading.UNKNOWN
    ribbon: Reading = Reading.UNKNOWN
    head: Reading = Reading.UNKNOWN
    """Head or cover closed."""
    paused: Reading = Reading.UNKNOWN
    """BAD: the printer is paused."""
    busy: bool = False

    @property
    def faults(self) -> tuple[str, ...]:
        """Names of the parts that are BAD."""
        parts = ("online", "paper", "ribbon", "head", "paused")
        return tuple(part for part in parts if getattr(self, part) is Reading.BAD)


class Mark(msgspec.Struct, frozen=True):
    """The printer's odometer, read before a copy is sent."""

    labels: int
    is_lasting: bool = True
    """The count outlives a loss of power, so that standing still shows that nothing came out."""


class Proof(StrEnum):
    """How a printer shows that a copy came out."""

    TOKEN = "token"  # noqa: S105 - a completion token, not a secret
    ODOMETER = "odometer"
    JOB_STATE = "job_state"
    NONE = "none"
    """It cannot tell; only scanning the label can."""


class Raster(msgspec.Struct, frozen=True):
    """A 1-bit picture of a label: rows of packed bits, most significant first, 1 = black."""

    width: int
    """Dots."""
    height: int
    """Dots."""
    dpi: int
    rows: bytes
    """`height` rows of `ceil(width / 8)` bytes."""


class Printer(Protocol):
    """One label printer. Any method may raise `DriverError`."""

    async def probe(self) -> str | None:
        """Return the model if the device speaks this language; leaves no state in the device."""

    async def open(self) -> None:
        """Connect. After a failure the printer is closed and may be opened again."""

    async def status(self) -> PrinterStatus:
        """Return the printer's account of itself; what it cannot tell is UNKNOWN."""

    async def mark(self) -> Mark | None:
        """Return the odometer, or None where the model has none."""

    async def send(self, copy: bytes, copy_id: CopyId) -> int:
        """Send one copy and return the bytes sent; never retries.

        After a failure `DriverError.bytes_out` says how far it came.
        """

    async def await_proof(self, copy_id: CopyId, mark: Mark | None, timeout_s: float) -> Proof:
        """Wait for the device's own proof that the copy came out; NONE when it gives none."""

    async def cancel(self) -> None:
        """Drop what the device still holds of the copy; printed labels stay printed."""

    async def close(self) -> None:
        """Disconnect; may be called at any time, any number of times."""

    def encode(self, label: Raster, copy_id: CopyId) -> bytes:
        """Return the bytes that print `label` once in this printer's language. Pure."""


class LabelError(Exception):
    """A template or its data cannot make a label. `path` locates the fault, `hint` mends it."""

    def __init__(self, path: str, cause: str, hint: str) -> None:
        super().__init__(f"{path}: {cause}")
        self.path = path
        self.cause = cause
        self.hint = hint


class Scan(msgspec.Struct, frozen=True):
    """What a scanner read."""

    raw: bytes
    """The bytes as they came."""
    text: str
    symbology: str = ""
    """AIM identifier (ISO/IEC 15424), e.g. `]C1`, where the scanner sends it."""
    problem: str = ""
    """Why it is no code: too_long, frame, control_characters, empty; or nothing."""


OnScan: TypeAlias = Callable[[Scan], Awaitable[None]]
"""Is given each scan and awaited before the next; raising loses that scan and no other."""


class Scanner(Protocol):
    """A fixed scanner. It is looked for again when it goes away."""

    subject: str
    """How people name it, for logs."""
    is_open: bool
    on_change: Callable[[bool], None]
    """Called when the scanner comes (True) or goes."""

    async def start(self) -> None:
        """Begin to listen."""

    async def close(self) -> None:
        """Stop; may be called at any time."""


def open_scanner(url: str, on_scan: OnScan) -> Scanner:
    """Return a scanner for `url`, not yet started: serial, hid, tcp or tcp-listen."""
    from drivers.scanners.registry import make_scanner  # noqa: PLC0415 - loads when first used

    return make_scanner(url, on_scan)


PICTURE_BYTES_MAX: Final = 32 * 1024 * 1024
"""A larger file is no photo that anybody sends."""


class ImageError(Exception):
    """A picture cannot be read. `cause` says why, `hint` what to send instead."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


class Code(msgspec.Struct, frozen=True):
    """A code found on a picture."""

    text: str
    symbology: str
    """Its name, e.g. `EAN-13`, `Code 128`, `QR Code`."""
    aim: str
    """AIM identifier (ISO/IEC 15424), e.g. `]C1`."""
    corners: tuple[tuple[int, int], ...]
    """Four (x, y) in pixels of the picture as sent, from the code's top left clockwise."""
    reader: str
    """Which reader saw it: zxing or zbar."""


class Decoder(Protocol):
    """Reads codes from pictures; nothing of it runs before the first one comes."""

    async def decode(self, data: bytes) -> list[Code]:
        """Return the codes on a picture, from top to bottom; raise `ImageError`."""

    async def close(self) -> None:
        """End what runs."""


def open_decoder() -> Decoder:
    """Return what reads codes from pictures, in processes of its own."""
    from drivers.vision.decoder import WorkerDecoder  # noqa: PLC0415 - loads when first used

    return WorkerDecoder()


def search_codes(grey: Any) -> list[Code]:  # noqa: ANN401 - a NumPy array
    """Return the codes in rows of grey pixels (uint8), in this process: for benches and tests."""
    from drivers.vision.pipeline import search  # noqa: PLC0415 - OpenCV loads when first used

    return list(search(grey).values())


def open_printer(url: str) -> Printer:
    """Return a closed printer for `url`; raise `DriverError` that teaches how one is written.

    The scheme (tcp, serial, usb, ipp, ipps) says how it is reached, `lang` (tspl, zpl, escpos) what
    it speaks.
    """
    from drivers.registry import make_printer  # noqa: PLC0415 - drivers load when first used

    return make_printer(url)


def render_label(
    template: Mapping[str, Any],
    data: Mapping[str, Any],
    dpi: int = 203,
    check: Callable[[Raster, Sequence[str]], None] | None = None,
) -> Raster:
    """Render the label `template` (see docs/DRIVER_GUIDE.md) with `data`; raise `LabelError`.

    `check` is called with the label and the values that its codes must carry, so that a label
    whose codes do not read can be refused before it leaves.
    """
    from drivers.fonts import system_font  # noqa: PLC0415 - fonts and numpy load when first used
    from drivers.labels.render import render  # noqa: PLC0415

    return render(template, data, dpi, system_font(), check)


def render_labels(
    template: Mapping[str, Any],
    data: Mapping[str, Any],
    dpi: int = 203,
    check: Callable[[Raster, Sequence[str]], None] | None = None,
) -> list[Raster]:
    """Render as many labels as the list needs that `template` names in `pages_over`."""
    from drivers.fonts import system_font  # noqa: PLC0415 - fonts and numpy load when first used
    from drivers.labels.render import render_pages  # noqa: PLC0415

    return render_pages(template, data, dpi, system_font(), check)


def check_label(label: Raster, values: Sequence[str]) -> None:
    """Raise `LabelError` unless each of `values` can be read from `label`; for `check` above."""
    from drivers.labels import selfcheck  # noqa: PLC0415 - the reader loads when first used

    selfcheck.check_label(label, values)


def builtin_templates() -> tuple[str, ...]:
    """Return the names of the templates that ship with Floorgate."""
    from drivers.templates import BUILTIN  # noqa: PLC0415

    return BUILTIN


def builtin_template(name: str) -> dict[str, Any]:
    """Return a built-in template; raise `LabelError` where there is none of that name."""
    from drivers.templates import load_template  # noqa: PLC0415

    return load_template(name)


def sample_data(name: str) -> dict[str, Any]:
    """Return example data that fills every field of the built-in template `name`."""
    from drivers.templates import load_sample  # noqa: PLC0415

    return load_sample(name)


def raster_png(label: Raster) -> bytes:
    """Return `label` as a PNG picture."""
    from drivers.labels.preview import png  # noqa: PLC0415 - Pillow loads when first used

    return png(label)


def labels_pdf(labels: Sequence[Raster]) -> bytes:
    """Return `labels` as a PDF, a page each, in their true size."""
    from drivers.labels.preview import pdf  # noqa: PLC0415 - Pillow loads when first used

    return pdf(labels)


def fake_printer(
    lang: Literal["tspl", "zpl", "escpos"],
    host: str = "127.0.0.1",
    port: int = 0,
    out_dir: Path | None = None,
    model: str = "",
    on_label: "Callable[[FakeLabel], None] | None" = None,
    *,
    has_network: bool = True,
) -> "FakePrinter":
    """Return a virtual printer, not yet started, that renders what real bytes ask of it.

    Without a network it is reached by `printer_at` only.
    """
    from drivers.fakes.printer import FakePrinter  # noqa: PLC0415 - a demo's and test's need

    printer = FakePrinter(lang, host, port, out_dir, model, on_label)
    printer.has_network = has_network
    return printer


def make_discovery(
    settings: Settings,
    now_us: Callable[[], int],
    lock_for: "Callable[[str], asyncio.Lock] | None" = None,
    on_change: Callable[[Device], None] | None = None,
) -> "Discovery":
    """Return discovery, not yet started.

    `now_us` is a clock that does not go back. `lock_for(url)` returns the lock that whoever prints
    on that address holds during a job: discovery never opens an address whose lock is held.
    `on_change` is called on the event loop with each device that is new or changed; one whose
    `replaced_by` is set lives on under that key.
    """
    from drivers.discovery.manager import Discovery  # noqa: PLC0415 - zeroconf loads when used

    return Discovery(settings, now_us, lock_for, on_change)


def announce_box(
    box_id: str, name: str, port: int, fingerprint: str, interfaces: Sequence[str] = ()
) -> "Announcement":
    """Return the box's own DNS-SD service, not yet started, for PDAs that look for it."""
    from drivers.discovery.announce import BOX_TYPE, Announcement  # noqa: PLC0415 - zeroconf

    txt = {"v": "1", "id": box_id, "name": name, "fp": fingerprint, "path": "/"}
    return Announcement(BOX_TYPE, name, port, txt, f"floorgate-{box_id}", interfaces)


def announce_printer(
    name: str, port: int, txt: Mapping[str, str], interfaces: Sequence[str] = ("127.0.0.1",)
) -> "Announcement":
    """Return a virtual printer's DNS-SD service (`_pdl-datastream._tcp`), not yet started."""
    from drivers.discovery.announce import PRINTER_TYPE, Announcement  # noqa: PLC0415 - zeroconf

    return Announcement(PRINTER_TYPE, name, port, txt, f"printer-{port}", interfaces)


def seeded_faults(seed: int, share: float, for_s_max: float = 1.0) -> "FaultPlan":
    """Return a `plan` for a virtual printer in which a `share` of labels meets a fault."""
    from drivers.fakes.faults import seeded_faults as make  # noqa: PLC0415 - as above

    return make(seed, share, for_s_max=for_s_max)


def plug_cable(fake: "FakePrinter", path: Path) -> "Cable":
    """Return a cable, not yet plugged in, at whose other end hosts find a pty at `path`."""
    from drivers.fakes.cable import Cable  # noqa: PLC0415 - as above

    return Cable(fake, path)


def printer_at(
    fake: "FakePrinter", reply_s: float = 2.0, poll_s: float = 0.2, *, is_cable: bool = False
) -> Printer:
    """Return a closed printer that reaches a virtual one within this process.

    `is_cable`: as by USB, where the printer keeps half a picture when the line breaks.
    """
    from drivers.labelprinter import Waits  # noqa: PLC0415 - a demo's and test's need
    from drivers.registry import printer_over  # noqa: PLC0415

    return printer_over(
        fake.link(is_cable=is_cable), fake.lang, Waits(reply_s=reply_s, poll_s=poll_s)
    )
