"""What `decide` writes and `apply` reads: entries before they have a place in the chain."""

from typing import Any, Final, Protocol

import msgspec

LINK_DSEQ: Final = "dseq"
"""Key in an entry's data that names the hub's instruction it answers."""


class Fact(Protocol):
    """The part of an entry that says what happened; drafts and journal entries both have it."""

    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def at_us(self) -> int: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def actor(self) -> str: ...  # noqa: D102
    @property
    def device(self) -> str: ...  # noqa: D102
    @property
    def via(self) -> str: ...  # noqa: D102
    @property
    def data(self) -> dict[str, Any]: ...  # noqa: D102


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An entry as decided; the writer adds box and epoch, and holds `seq` to the chain."""

    at_us: int
    device_at_us: int
    kind: str
    subject: str
    refs: tuple[str, ...]
    actor: str
    device: str
    via: str
    cause: str
    rules: str
    data: dict[str, Any]
    seq: int = 0
    """Its place in the journal."""


class PersonalRecord(msgspec.Struct, frozen=True):
    """Personal data that an entry only names by its salted hash; `key` is e.g. `order:1001`.

    An empty value erases what is kept under the key.
    """

    key: str
    salt: bytes
    value: dict[str, Any]
