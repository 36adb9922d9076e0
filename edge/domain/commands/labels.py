"""What becomes of a waybill's label."""

from edge.domain.commands.base import Data


class WaybillPrint(Data, frozen=True, tag="waybill.print"):
    """Print the parcel's waybill."""

    order_id: str


class WaybillProve(Data, frozen=True, tag="waybill.prove"):
    """Scan the label on the parcel."""

    code: str


class WaybillReprint(Data, frozen=True, tag="waybill.reprint"):
    """Void the copy in hand and print the next."""

    order_id: str
    reason: str


class WaybillResolve(Data, frozen=True, tag="waybill.resolve"):
    """A person says whether a copy of unknown outcome came out."""

    job_id: str
    printed: bool


class PrintReport(Data, frozen=True, tag="print.report"):
    """What the print queue did with a copy."""

    FROM_CLIENTS = False
    job_id: str
    stage: str
    """claimed, sent, confirmed, retry, moved, failed or unknown."""
    bytes_out: int = 0
    proof: str = ""
    reason: str = ""
    printer: str = ""
