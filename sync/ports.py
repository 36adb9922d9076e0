"""What the agent needs from the box around it, and what it tells it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from sync.messages import Instruction


class BoxIdentity(msgspec.Struct, frozen=True):
    """Who this box is on the link."""

    box: str
    name: str
    epoch: int
    private_key: bytes
    """32 bytes, Ed25519."""
    token: str | None = None
    """Enrolment token; used until the hub's key is pinned."""
    hub_key: bytes | None = None
    """The pinned public key of the hub, 32 bytes; None before the first contact."""

    def __repr__(self) -> str:
        return f"BoxIdentity(box={self.box!r}, epoch={self.epoch})"


class LinkState(msgspec.Struct, frozen=True):
    """How the link to the hub stands; times are µs UTC by the box's clock."""

    up: bool = False
    since_us: int = 0
    """Since when `up` is what it is."""
    up_cursor: int = 0
    """Newest entry that the hub has acknowledged."""
    lag_entries: int = 0
    """Durable entries that the hub has not acknowledged."""
    skew_us: int | None = None
    """The hub's clock minus the box's; None until measured."""
    last_error: str = ""
    """Code of the last fault (`SyncError.code`); empty after a good contact."""
    last_hint: str = ""
    """What to do about it, in English."""
    is_quarantined: bool = False
    """The hub takes no entries of this epoch: it saw a fork."""
    hub_epoch: int = 0
    """Epoch that the hub holds, where it proved itself and refuses the box's as another one."""


class BoxJournal(Protocol):
    """The box's journal as the link sees it."""

    def head(self) -> tuple[int, int]:
        """Return the epoch and number of the newest durable entry (seq 0: none yet)."""

    async def read(self, after_seq: int, n: int) -> tuple[bytes, list[bytes]]:
        """Return the hash of entry `after_seq` and up to `n` raw entries behind it, in order."""

    async def down_cursor(self) -> int:
        """Return the `dseq` of the newest journalled instruction, 0 for none."""

    async def accept(self, instructions: Sequence[Instruction]) -> None:
        """Return once all `instructions` are journalled, in their order; idempotent by their ids.

        One that the box cannot handle is set aside by an entry, never raised.
        """

    def rules(self) -> str:
        """Return the version of the ruleset in force."""

    async def pin_hub(self, hub_key: bytes) -> None:
        """Return once `hub_key` is durably the only hub key that this box trusts."""


class Clock(Protocol):
    """Where time comes from."""

    def now_us(self) -> int:
        """Return wall time in µs UTC."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""


class Link(Protocol):
    """One open connection that carries whole frames either way."""

    async def send(self, frame: bytes) -> None:
        """Send one frame; raise `LinkLostError` once the connection has ended."""

    async def receive(self) -> bytes:
        """Return the next frame; raise `LinkLostError` at the end.

        A frame that is too big, or of a wrong type, raises `MalformedError`.
        """

    async def close(self) -> None:
        """End the connection; may be called any number of times."""


Connect = Callable[[], Awaitable[Link]]
"""Opens one link to the hub; raises `LinkLostError` when it cannot."""
