"""Ways to reach a device. Each moves bytes and knows nothing of what they mean."""

from typing import Protocol


class Link(Protocol):
    """A connection to one device. Any method may raise `DriverError`."""

    subject: str
    """How people name the other end, for errors."""
    is_cable: bool
    """Whether an answer to a question of an earlier connection can come in a later one."""

    @property
    def is_open(self) -> bool:
        """Whether bytes can be sent."""

    async def open(self) -> None:
        """Connect; nothing happens when open. After a failure it is closed."""

    async def send(self, data: bytes) -> int:
        """Send all of `data` and return its length.

        After a failure the link is closed and `DriverError.bytes_out` is how many bytes may have
        reached the device: those that the system took, none of the rest.
        """

    async def receive(self, timeout_s: float) -> bytes:
        """Return what has come, at least a byte; b"" when nothing came in time."""

    def close(self) -> None:
        """Disconnect; may be called at any time, any number of times."""
