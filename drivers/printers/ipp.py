"""IPP: office printers, and label printers that take pages.

A copy is one Print-Job whose job-name is the copy id, so that it is found again by name after a
crash. The job's state is the proof: completed, and without errors.

Sources: RFC 8011 (job-state 5.3.7, printer-state-reasons 5.4.12, status codes appendix B); PWG
5100.14 "IPP Everywhere" (pwg-raster-document-…-supported).
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import msgspec

from drivers.api import CopyId, PrinterStatus, Raster, Reading
from drivers.labels.preview import pdf, png
from drivers.printers.common import check_copy, reading
from drivers.printers.documents import PWG_SYNC, pwg_raster

PWG, PDF, PNG = "image/pwg-raster", "application/pdf", "image/png"

PRINTER_ATTRIBUTES: Final = (
    "printer-make-and-model",
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "document-format-supported",
    "pwg-raster-document-type-supported",
    "pwg-raster-document-resolution-supported",
)
JOB_ATTRIBUTES: Final = ("job-id", "job-name", "job-state", "job-state-reasons")

_PRINTER_PROCESSING, _PRINTER_STOPPED = 4, 5
_JOB_CANCELED, _JOB_ABORTED, _JOB_COMPLETED = 7, 8, 9

_PAPER: Final = ("media-empty", "media-needed")
_HEAD: Final = ("door-open", "cover-open", "interlock-open")
_RIBBON: Final = ("marker-supply-empty", "toner-empty", "developer-empty")
_PAUSED: Final = ("paused", "moving-to-paused")
_HARMLESS: Final = ("none", "media-low", "marker-supply-low", "toner-low", "spool-area-full")


class Takes(msgspec.Struct, frozen=True):
    """What documents a printer takes."""

    formats: tuple[str, ...] = (PWG,)
    pwg_types: tuple[str, ...] = ("black_1",)
    dpis: tuple[int, ...] = ()
    """Resolutions of its PWG raster; none given: any."""

    def format(self, dpi: int) -> str:
        """Return the best format for a label: dot for dot if it can be, else in its size."""
        is_exact = not self.dpis or dpi in self.dpis
        has_pwg = PWG in self.formats and {"black_1", "sgray_8"} & {*self.pwg_types}
        order = [PDF, PNG] if not (has_pwg and is_exact) else []
        found = next((each for each in order if each in self.formats), "")
        return found or (PWG if has_pwg else "")


def takes(attributes: Mapping[str, Any]) -> Takes:
    """Return what a printer's attributes say that it takes."""
    return Takes(
        formats=_words(attributes, "document-format-supported"),
        pwg_types=_words(attributes, "pwg-raster-document-type-supported"),
        dpis=_dpis(attributes.get("pwg-raster-document-resolution-supported")),
    )


def encode(label: Raster, copy_id: CopyId, printer: Takes) -> bytes:
    """Return the document that prints `label` once on a printer that `takes` it."""
    check_copy(label, copy_id)
    match printer.format(label.dpi):
        case "application/pdf":
            return pdf([label])
        case "image/png":
            return png(label)
        case _:
            return pwg_raster(label, is_gray="black_1" not in printer.pwg_types)


def format_of(document: bytes) -> str:
    """Return the format of a document that `encode` made."""
    if document.startswith(PWG_SYNC):
        return PWG
    return PDF if document.startswith(b"%PDF") else PNG


def parse_status(attributes: Mapping[str, Any]) -> PrinterStatus:
    """Return what a printer's state and reasons say; a reason that only reports is no fault.

    Jam and what has no field of its own show as not online.
    """
    state = attributes.get("printer-state")
    faults = [_fault(reason) for reason in _words(attributes, "printer-state-reasons")]
    found = {fault for fault in faults if fault}
    if state == _PRINTER_STOPPED and not found:
        found.add("online")
    if attributes.get("printer-is-accepting-jobs") is False:
        found.add("online")
    if not isinstance(state, int):
        return PrinterStatus()
    return PrinterStatus(
        online=reading("online" in found),
        paper=reading("paper" in found),
        head=reading("head" in found),
        ribbon=Reading.BAD if "ribbon" in found else Reading.UNKNOWN,
        paused=reading("paused" in found),
        busy=state == _PRINTER_PROCESSING,
    )


def _fault(reason: str) -> str:
    """Return the part that a reason says is BAD, or nothing."""
    keyword, _, severity = reason.rpartition("-")
    if severity not in ("error", "warning", "report"):
        keyword, severity = reason, "error"
    if severity == "report" or keyword in _HARMLESS:
        return ""
    for part, words in (("paper", _PAPER), ("head", _HEAD), ("ribbon", _RIBBON)):
        if keyword in words:
            return part
    if keyword in _PAUSED:
        return "paused"
    return "online" if severity == "error" else ""


REPLY_BYTES_MAX: Final = 1_000_000
_END_OF_ATTRIBUTES: Final = 3
_FIRST_VALUE_TAG: Final = 0x10
_HEADER_BYTES: Final = 8


def is_sound(reply: bytes) -> bool:
    """Return whether the lengths in a reply hold, so that a parser comes to its end."""
    at = _HEADER_BYTES
    while at < len(reply) <= REPLY_BYTES_MAX:
        tag = reply[at]
        at += 1
        if tag == _END_OF_ATTRIBUTES:
            return True
        for _ in range(2 if tag >= _FIRST_VALUE_TAG else 0):  # a name and a value
            length = int.from_bytes(reply[at : at + 2], signed=True)
            if length < 0:
                return False
            at += 2 + length
    return False


class JobEnd(Enum):
    """How far a job is."""

    OPEN = 0
    PRINTED = 1
    NOT_PRINTED = 2
    """Canceled, aborted, or completed with errors: nobody knows what came out."""


def parse_job(attributes: Mapping[str, Any]) -> JobEnd:
    """Return how far a job is."""
    state = attributes.get("job-state")
    reasons = _words(attributes, "job-state-reasons")
    if state == _JOB_COMPLETED and "job-completed-with-errors" not in reasons:
        return JobEnd.PRINTED
    is_over = state in (_JOB_CANCELED, _JOB_ABORTED, _JOB_COMPLETED)
    return JobEnd.NOT_PRINTED if is_over else JobEnd.OPEN


def _words(attributes: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = attributes.get(name, ())
    if isinstance(found, str):
        return (found,)
    if not isinstance(found, Sequence):
        return ()
    return tuple(word for word in found if isinstance(word, str))


def _dpis(found: Any) -> tuple[int, ...]:  # noqa: ANN401 - whatever a printer says
    """Return the resolutions that are the same both ways, in dots per inch."""
    many = found if isinstance(found, list) else [found]
    square = [each for each in many if isinstance(each, tuple) and len(each) > 1]
    return tuple(each[0] for each in square if isinstance(each[0], int) and each[0] == each[1])
