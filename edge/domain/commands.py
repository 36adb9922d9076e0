"""What the floor can be asked to do: one struct per kind, and the envelope they come in."""

import hashlib
from typing import Any, Final

import msgspec

from edge.domain.ids import is_uuid
from edge.domain.refusals import RefusedError

COMMAND_VERSION: Final = 1
CODE_CHARS_MAX: Final = 256
TASKS_TAKEN_MAX: Final = 6
EVIDENCE_MAX: Final = 16
QTY_MAX: Final = 1_000_000
TIME_US_MAX: Final = 2**53
"""The year 2255; the largest whole number that every JSON reader keeps exactly."""


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The data of one command."""


class SessionOpen(_Data, frozen=True, tag="session.open"):
    """A person signs in; badge and PIN were verified at the door."""

    session: str
    person: str
    station: str = ""


class SessionClose(_Data, frozen=True, tag="session.close"):
    """A person signs out."""


class TaskTake(_Data, frozen=True, tag="task.take"):
    """Take open tasks as one cluster."""

    task_ids: tuple[str, ...]


class TaskRelease(_Data, frozen=True, tag="task.release"):
    """Give a task back with what is picked."""

    task_id: str
    reason: str


class ToteBind(_Data, frozen=True, tag="tote.bind"):
    """Bind a tote to an order of a task."""

    task_id: str
    order_id: str
    code: str


class PickScan(_Data, frozen=True, tag="pick.scan"):
    """Scan the location or an item of a step."""

    task_id: str
    step: int
    code: str


class PickQty(_Data, frozen=True, tag="pick.qty"):
    """Confirm the counted quantity of a step."""

    task_id: str
    step: int
    qty: int


class PickShort(_Data, frozen=True, tag="pick.short"):
    """Close a step with fewer pieces than asked."""

    task_id: str
    step: int
    found: int
    reason: str


class PackOpen(_Data, frozen=True, tag="pack.open"):
    """Open a tote or an order for packing."""

    code: str


class PackScan(_Data, frozen=True, tag="pack.scan"):
    """Check a piece, several pieces of a counted line, or a gift without a code."""

    order_id: str
    code: str = ""
    line: int = 0
    qty: int = 1


class PackFinish(_Data, frozen=True, tag="pack.finish"):
    """Close the parcel."""

    order_id: str
    weight_g: int = 0


class WaybillPrint(_Data, frozen=True, tag="waybill.print"):
    """Print the parcel's waybill."""

    order_id: str


class WaybillProve(_Data, frozen=True, tag="waybill.prove"):
    """Scan the label on the parcel."""

    code: str


class WaybillReprint(_Data, frozen=True, tag="waybill.reprint"):
    """Void the copy in hand and print the next."""

    order_id: str
    reason: str


class WaybillResolve(_Data, frozen=True, tag="waybill.resolve"):
    """A person says whether a copy of unknown outcome came out."""

    job_id: str
    printed: bool


class PrintReport(_Data, frozen=True, tag="print.report"):
    """What the print queue did with a copy."""

    job_id: str
    stage: str
    """claimed, sent, confirmed, retry, moved, failed or unknown."""
    bytes_out: int = 0
    proof: str = ""
    reason: str = ""
    printer: str = ""


class HandoverScan(_Data, frozen=True, tag="handover.scan"):
    """Scan a parcel out to its carrier."""

    code: str


class PutbackScan(_Data, frozen=True, tag="putback.scan"):
    """Return picked goods of an ended order to their bin."""

    order_id: str
    code: str
    qty: int = 1


class AlarmAck(_Data, frozen=True, tag="alarm.ack"):
    """Acknowledge an alarm."""

    alarm_id: str


class TimerFire(_Data, frozen=True, tag="timer.fire"):
    """A deadline has come."""

    timer_id: str


class InstructionAccept(_Data, frozen=True, tag="instruction.accept"):
    """An instruction of the hub, its signature verified at the door."""

    dseq: int
    instruction_kind: str
    issued_at: int
    body: Any


class RulesetActivate(_Data, frozen=True, tag="ruleset.activate"):
    """Make a ruleset the one that decides."""

    document: bytes


class CheckpointCountersign(_Data, frozen=True, tag="checkpoint.countersign"):
    """The hub holds every entry up to a checkpoint, and signed its head."""

    seq: int
    at_us: int
    head: bytes
    signature: bytes


class BoxFound(_Data, frozen=True, tag="box.found"):
    """The first command of a box: its name and the ruleset that it starts with."""

    name: str
    document: bytes


class StatusSet(_Data, frozen=True, tag="status.set"):
    """Somebody tried to write a status. Always refused, and on record (FLOW-3)."""

    order_id: str
    status: str = ""


KINDS: dict[str, type[_Data]] = {
    str(struct.__struct_config__.tag): struct for struct in _Data.__subclasses__()
}
FROM_PDA: Final = frozenset(KINDS) - {
    "session.open",
    "box.found",
    "checkpoint.countersign",
    "print.report",
    "timer.fire",
    "instruction.accept",
    "ruleset.activate",
    "status.set",
}
"""Kinds that a client may send; the others come from the box itself."""


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command on the wire."""

    v: int
    id: str
    kind: str
    device: str
    session_id: str
    captured_at: int
    data: dict[str, Any]
    task_rev: int | None = None
    evidence: tuple[str, ...] = ()


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command whose sender is known. `via`: pda, hub, timer, driver, cli or box."""

    id: str
    data: _Data
    device: str
    actor: str
    via: str
    captured_us: int
    session: str = ""
    roles: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The command's kind, e.g. `pick.scan`."""
        return str(self.data.__struct_config__.tag)

    def content_hash(self) -> bytes:
        """Return the hash that tells this command from another of the same id.

        Times are no part of it: the box bounds them by its own clock, which goes on meanwhile.
        """
        content = (self.data, self.device, self.session, self.evidence)
        return hashlib.sha256(_encoder.encode(content)).digest()[:16]


_encoder = msgspec.msgpack.Encoder(order="sorted")


def parse_data(kind: str, data: dict[str, Any]) -> _Data:
    """Return the typed data of a command of `kind`; raise `RefusedError` if there is no such thing.

    Beyond types it holds every text to `CODE_CHARS_MAX` and every number to `QTY_MAX`.
    """
    struct = KINDS.get(kind)
    if struct is None:
        raise RefusedError("unknown_kind", kind=kind[:CODE_CHARS_MAX])
    try:
        parsed = msgspec.convert(data | {"type": kind}, struct)
    except msgspec.ValidationError as error:
        raise RefusedError("malformed", problem=str(error)[:CODE_CHARS_MAX], kind=kind) from error
    if kind in FROM_PDA:
        _check_bounds(kind, data)
    return parsed


def check_envelope(envelope: Envelope) -> None:
    """Raise `RefusedError` where an envelope's own fields make no sense."""
    if envelope.v != COMMAND_VERSION:
        raise RefusedError("malformed", problem=f"v must be {COMMAND_VERSION}", kind=envelope.kind)
    if not is_uuid(envelope.id):
        raise RefusedError("malformed", problem="id must be a UUID", kind=envelope.kind)
    if envelope.kind not in FROM_PDA:
        raise RefusedError("unknown_kind", kind=envelope.kind[:CODE_CHARS_MAX])
    if not 0 <= envelope.captured_at <= TIME_US_MAX:
        problem = "captured_at must be µs since 1970"
        raise RefusedError("malformed", problem=problem, kind=envelope.kind)
    if len(envelope.device) > CODE_CHARS_MAX or len(envelope.evidence) > EVIDENCE_MAX:
        raise RefusedError("malformed", problem="device or evidence too long", kind=envelope.kind)


def _check_bounds(kind: str, data: dict[str, Any]) -> None:
    for name, value in data.items():
        values = value if isinstance(value, list | tuple) else (value,)
        if len(values) > TASKS_TAKEN_MAX:
            raise RefusedError("malformed", problem=f"{name} has too many items", kind=kind)
        for each in values:
            if isinstance(each, str) and len(each) > CODE_CHARS_MAX:
                raise RefusedError("malformed", problem=f"{name} is too long", kind=kind)
            if type(each) is int and not 0 <= each <= QTY_MAX:
                raise RefusedError("malformed", problem=f"{name} is out of range", kind=kind)
