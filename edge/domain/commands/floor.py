"""What pickers and packers do."""

from edge.domain.commands.base import Data


class TaskTake(Data, frozen=True, tag="task.take"):
    """Take open tasks as one cluster."""

    task_ids: tuple[str, ...]


class TaskRelease(Data, frozen=True, tag="task.release"):
    """Give a task back with what is picked."""

    task_id: str
    reason: str


class ToteBind(Data, frozen=True, tag="tote.bind"):
    """Bind a tote to an order of a task."""

    task_id: str
    order_id: str
    code: str


class PickScan(Data, frozen=True, tag="pick.scan"):
    """Scan the location or an item of a step."""

    task_id: str
    step: int
    code: str


class PickQty(Data, frozen=True, tag="pick.qty"):
    """Confirm the counted quantity of a step."""

    task_id: str
    step: int
    qty: int


class PickShort(Data, frozen=True, tag="pick.short"):
    """Close a step with fewer pieces than asked."""

    task_id: str
    step: int
    found: int
    reason: str


class PackOpen(Data, frozen=True, tag="pack.open"):
    """Open a tote or an order for packing."""

    code: str


class PackScan(Data, frozen=True, tag="pack.scan"):
    """Check a piece, several pieces of a counted line, or a gift without a code."""

    order_id: str
    code: str = ""
    line: int = 0
    qty: int = 1


class PackFinish(Data, frozen=True, tag="pack.finish"):
    """Close the parcel."""

    order_id: str
    weight_g: int = 0


class HandoverScan(Data, frozen=True, tag="handover.scan"):
    """Scan a parcel out to its carrier."""

    code: str


class PutbackScan(Data, frozen=True, tag="putback.scan"):
    """Return picked goods of an ended order to their bin; `location` is the bin's scanned code."""

    order_id: str
    code: str
    qty: int = 1
    location: str = ""


class CountScan(Data, frozen=True, tag="count.scan"):
    """Say how many pieces of an item lie in a bin, without being told how many should."""

    location: str
    code: str
    qty: int
    lot: str = ""


class LotScan(Data, frozen=True, tag="lot.scan"):
    """Stop the lot of an item in hand, or let it go again."""

    code: str
    reason: str
    frozen: bool = True
    lot: str = ""


class GiftSubstitute(Data, frozen=True, tag="gift.substitute"):
    """Ask for another gift in place of one that is short; without `sku`, for the suggestion."""

    order_id: str
    line: int
    reason: str
    sku: str = ""


class OrderResend(Data, frozen=True, tag="order.resend"):
    """Ask a superior to have a shipped order sent again."""

    order_id: str
    reason: str


class ReturnScan(Data, frozen=True, tag="return.scan"):
    """Take a parcel back by its label; with `order_id`, a piece of it by its own code.

    `location` is the scanned code of the bin that the piece was laid into.
    """

    code: str
    return_code: str = ""
    order_id: str = ""
    qty: int = 1
    text: str = ""
    location: str = ""


class ReturnClose(Data, frozen=True, tag="return.close"):
    """End a return of which not everything came back."""

    order_id: str
