"""The documents of which the floor's state is made.

A document is what the journal says of one thing now. It is never edited in place: `apply` puts a
new one for each entry, and the store keeps the newest. What changes with every scan is small and
apart from what is fixed when the thing is made (`Task` and `Plan`, `Order` and `Assignment`).
Where defaults are left out of the bytes, a text's default is the empty one: another is left out or
not by the identity of the string, and the bytes would depend on where it came from.

Times are µs UTC, money is fen, mass is grams. `doc_id` names a document within its kind; `terms`
are the words it can be found by.
"""

from typing import ClassVar

import msgspec


class Doc(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One document; `KIND` is its kind in the store. Documents form no cycles: no collector."""

    KIND: ClassVar[str]
    id: str

    def terms(self) -> dict[str, str]:
        """Return the words by which this document can be found."""
        return {}


class Name(msgspec.Struct, frozen=True, gc=False):
    """A text for people, in both languages."""

    zh: str
    en: str
