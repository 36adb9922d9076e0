"""The documents of which the floor's state is made; `model.base` says what a document is."""

from edge.domain.model.approvals import Approval, Opinion
from edge.domain.model.base import Doc, Name
from edge.domain.model.labels import Job, Pool, PoolSlot, PrintDay, Waybill, pool_id
from edge.domain.model.orders import (
    Assignment,
    Charge,
    Copy,
    Evidence,
    Fix,
    Freeze,
    Line,
    Order,
    PutBack,
)
from edge.domain.model.people import Alarm, Hands, Person, Session, Timer
from edge.domain.model.picking import Plan, Step, Task, Tote
from edge.domain.model.site import (
    Box,
    Code,
    Location,
    Push,
    RulesetHistory,
    RulesetRecord,
    Sku,
)
from edge.domain.model.stock import (
    Count,
    Ledger,
    Lock,
    LockSlot,
    Lot,
    LotOrders,
    Piece,
    Shelf,
    Stock,
    StockChecks,
    lot_id,
    shelf_id,
)

__all__ = [
    "KINDS",
    "Alarm",
    "Approval",
    "Assignment",
    "Box",
    "Charge",
    "Code",
    "Copy",
    "Count",
    "Doc",
    "Evidence",
    "Fix",
    "Freeze",
    "Hands",
    "Job",
    "Ledger",
    "Line",
    "Location",
    "Lock",
    "LockSlot",
    "Lot",
    "LotOrders",
    "Name",
    "Opinion",
    "Order",
    "Person",
    "Piece",
    "Plan",
    "Pool",
    "PoolSlot",
    "PrintDay",
    "Push",
    "PutBack",
    "RulesetHistory",
    "RulesetRecord",
    "Session",
    "Shelf",
    "Sku",
    "Step",
    "Stock",
    "StockChecks",
    "Task",
    "Timer",
    "Tote",
    "Waybill",
    "lot_id",
    "pool_id",
    "shelf_id",
]

KINDS: dict[str, type[Doc]] = {doc.KIND: doc for doc in Doc.__subclasses__()}
