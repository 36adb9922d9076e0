"""The envelope that commands come in, and how it is read."""

import hashlib
import sys
from typing import Any, Final

import msgspec

from edge.domain import badges
from edge.domain.commands import box, devices, evidence, floor, labels, people
from edge.domain.commands.base import (
    CODE_CHARS_MAX,
    COMMAND_VERSION,
    COMMAND_VERSION_OLDEST,
    DATA_FIELDS_MAX,
    EVIDENCE_MAX,
    TASKS_TAKEN_MAX,
    TIME_US_MAX,
    Data,
    Gs1,
)
from edge.domain.ids import is_uuid
from edge.domain.refusals import RefusedError

_MODULES: Final = (box, devices, evidence, floor, labels, people)
"""Their commands are the kinds there are."""
KINDS: Final[dict[str, type[Data]]] = {
    str(struct.__struct_config__.tag): struct
    for struct in Data.__subclasses__()
    if sys.modules[struct.__module__] in _MODULES
}
FROM_PDA: Final = frozenset(kind for kind, struct in KINDS.items() if struct.FROM_CLIENTS)
"""Kinds that a client may send."""


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
    data: Data
    device: str
    actor: str
    via: str
    captured_us: int
    session: str = ""
    roles: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    """What the actor proved at the door just now: `badge`, `pin`."""
    verified_us: int = 0
    """When that was."""
    evidence: tuple[str, ...] = ()
    gs1: Gs1 | None = None
    """What its `code` carries, where that is a GS1 code."""

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


def parse_data(kind: str, data: dict[str, Any]) -> Data:
    """Return the typed data of a command of `kind`; raise `RefusedError` if there is no such thing.

    Beyond types it holds every text to `CODE_CHARS_MAX` and every number to `NUMBER_MAX`.
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
    if not COMMAND_VERSION_OLDEST <= envelope.v <= COMMAND_VERSION:
        problem = f"v must be {COMMAND_VERSION_OLDEST} to {COMMAND_VERSION}"
        raise RefusedError("malformed", problem=problem, kind=envelope.kind)
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
        most = TASKS_TAKEN_MAX
        if isinstance(value, dict):
            values, most = (*value, *value.values()), 2 * DATA_FIELDS_MAX
        if len(values) > most:
            raise RefusedError("malformed", problem=f"{name} has too many items", kind=kind)
        for each in values:
            if isinstance(each, str) and len(each) > CODE_CHARS_MAX:
                raise RefusedError("malformed", problem=f"{name} is too long", kind=kind)
            if isinstance(each, str) and each.startswith(badges.PREFIX):
                raise RefusedError("badge_not_here")
            if type(each) is int and not 0 <= each <= KINDS[kind].NUMBER_MAX:
                raise RefusedError("malformed", problem=f"{name} is out of range", kind=kind)
