"""What survives a power cut of the box, and the moments at which the power may go."""

import sqlite3
from enum import Enum, auto

from edge.app.ports import Head, Transaction
from edge.store.sqlite import SqliteStore


class PowerCutError(BaseException):
    """The machine is without power: nothing handles this, everything ends."""


class Cut(Enum):
    """At which moment of the next commit the power goes."""

    BEFORE_COMMIT = auto()
    """All is decided and written, nothing is durable."""
    AFTER_COMMIT = auto()
    """All is durable, nobody has been answered."""


class Disk:
    """A `Store` whose machine can lose its power; the same disk serves the box's next life."""

    def __init__(self) -> None:
        self.store = SqliteStore(":memory:")
        self.next_cut: Cut | None = None
        self.is_full = False
        self.hub_key: bytes | None = None
        """The pinned key of the hub, a file of its own in the service."""

    def head(self) -> Head:
        """Return the newest entry."""
        return self.store.head()

    def begin(self) -> Transaction:
        """Begin the group's transaction."""
        return self.store.begin()

    def commit(self) -> None:
        """Make the transaction durable, unless the power goes or there is no room."""
        if self.is_full:
            raise sqlite3.OperationalError("database or disk is full")
        cut, self.next_cut = self.next_cut, None
        if cut is Cut.BEFORE_COMMIT:
            raise PowerCutError
        self.store.commit()
        if cut is Cut.AFTER_COMMIT:
            raise PowerCutError

    def rollback(self) -> None:
        """Drop the transaction."""
        self.store.rollback()

    def close(self) -> None:
        """Throw the disk away."""
        self.store.close()
