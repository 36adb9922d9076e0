"""What a bot sees of a box: commands, reads, alarms and news, whatever carries them.

The HTTPS client of `edge.demo.client` is one such floor; a simulation puts its own in its place.
"""

from collections.abc import Sequence
from typing import Any, Protocol

Json = dict[str, Any]


class RefusedError(Exception):
    """The box said no to a read or a sign-in. `status` is HTTP's, `code` and `facts` say why."""

    def __init__(self, status: int, code: str, facts: Json | None = None) -> None:
        super().__init__(f"{status} {code} {facts or ''}".rstrip())
        self.status = status
        self.code = code
        self.facts = facts or {}


class SignedOutError(RefusedError):
    """There is no session any more: sign in again, then look where things stand."""


class FloorLostError(Exception):
    """The box did not answer for as long as one waits; what was sent may or may not be done."""


class Floor(Protocol):
    """One person's way to the box. Any method but `alarms` may raise `FloorLostError`.

    Every method but `sign_in` and `resume` may raise `SignedOutError`.
    """

    async def sign_in(self, badge: str, pin: str, station: str | None = None) -> Json:
        """Sign in and return the Session; raise `RefusedError` for a wrong badge or PIN."""

    async def resume(self) -> Json | None:
        """Return the Session that is still open, or None."""

    async def command(self, kind: str, data: Json, *, task_rev: int | None = None) -> Json:
        """Return the box's answer, `ok` or not. Sent again under one id until it is answered."""

    async def get(self, path: str) -> Json:
        """Return what `/api/v1/<path>` gives; raise `RefusedError` for a no."""

    def alarms(self) -> Sequence[Json]:
        """Return the alarms raised for this person and not yet acknowledged."""

    async def news(self, timeout_s: float) -> bool:
        """Wait until the box pushed something since the last call; False after `timeout_s`."""
