"""What becomes of a waybill's label."""

from typing import Final

from edge.domain.commands.base import Data

NO_MARK: Final = -1
"""The printer has no odometer, or it was not read."""


class WaybillPrint(Data, frozen=True, tag="waybill.print"):
    """Print the parcel's waybill."""

    order_id: str


class WaybillProve(Data, frozen=True, tag="waybill.prove"):
    """Scan the label on the parcel."""

    code: str


class WaybillAdopt(Data, frozen=True, tag="waybill.adopt"):
    """Take a waybill written by hand, or a foreign one, for the order's own."""

    order_id: str
    code: str
    """The number that was read."""
    read: str
    """scan, photo or typed."""
    carrier: str = ""
    """Whose waybill it is; by default the order's carrier."""
    blob: str = ""
    """Of a photo: `sha256:…`, attached before."""


class WaybillReprint(Data, frozen=True, tag="waybill.reprint"):
    """Void the copy in hand and print the next."""

    order_id: str
    reason: str


class WaybillResolve(Data, frozen=True, tag="waybill.resolve"):
    """A person says whether a copy of unknown outcome came out."""

    job_id: str
    printed: bool


class SlipScan(Data, frozen=True, tag="slip.scan"):
    """Print, at this station, the label that a fallback slip stands for."""

    code: str


class PrintReport(Data, frozen=True, tag="print.report"):
    """What the print queue did with a copy."""

    FROM_CLIENTS = False
    job_id: str
    stage: str
    """One of `edge.domain.printjobs.AFTER`."""
    printer: str = ""
    mark: int = NO_MARK
    """Odometer of the printer before the copy's first byte."""
    bytes_out: int = 0
    """Most bytes of the copy that may have left."""
    proof: str = ""
    """How the printer proved it: token, odometer or job_state."""
    reason: str = ""
    """Code of what went wrong, a key of the locale files (`job_reason`)."""
    detail: str = ""
    """The device's own words."""
