"""State as decisions see it: the stored documents under what the decision has changed so far."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from edge.domain.model import KINDS, Doc

T = TypeVar("T", bound=Doc)
Key = tuple[str, str]
Changes = dict[Key, Doc | None]
"""What became of documents: their new form, None for one that is removed."""
Load = Callable[[type[Doc], str], Doc | None]


class World:
    """Documents by kind and id. Reads fall through to `load`; writes stay here."""

    def __init__(self, load: Load, below: tuple[Changes, ...] = ()) -> None:
        self._load = load
        self.changes: Changes = {}
        self._layers = (self.changes, *below)

    def get(self, kind: type[T], doc_id: str) -> T | None:
        """Return the document, or None where there is none."""
        key = (kind.KIND, doc_id)
        for changes in self._layers:
            if key in changes:
                found = changes[key]
                break
        else:
            found = self._load(kind, doc_id)
        assert found is None or isinstance(found, kind)
        return found

    def the(self, kind: type[T], doc_id: str) -> T:
        """Return a document that must exist."""
        found = self.get(kind, doc_id)
        assert found is not None, f"no {kind.KIND} {doc_id}"
        return found

    def put(self, doc: Doc) -> None:
        """Store the new form of a document."""
        self.changes[doc.KIND, doc.id] = doc

    def remove(self, kind: type[Doc], doc_id: str) -> None:
        """Let there be no such document any more."""
        self.changes[kind.KIND, doc_id] = None

    def edit(self, doc: T, **fields: Any) -> T:  # noqa: ANN401 - fields of the document
        """Store `doc` with `fields` replaced, and return it."""
        edited = msgspec.structs.replace(doc, **fields)
        self.put(edited)
        return edited

    def branch(self) -> "World":
        """Return a world on top of this one, to be merged or dropped."""
        return World(self._load, self._layers)

    def merge(self, branch: "World") -> None:
        """Take over what a branch changed."""
        self.changes.update(branch.changes)

    def written(self) -> list[tuple[Doc | None, Doc]]:
        """Return (old form, new form) of each document that changed."""
        return [
            (self._load(type(doc), doc.id), doc) for doc in self.changes.values() if doc is not None
        ]

    def removed(self) -> list[Doc]:
        """Return the old form of each document that is there no more."""
        keys = [key for key, doc in self.changes.items() if doc is None]
        found = (self._load(KINDS[kind], doc_id) for kind, doc_id in keys)
        return [doc for doc in found if doc is not None]


class Missing(Exception):  # noqa: N818 - a request for a document, not an error
    """A view needs a document that has not been fetched yet."""

    def __init__(self, kind: type[Any], doc_id: str) -> None:
        super().__init__(kind.__name__, doc_id)
        self.kind = kind
        self.doc_id = doc_id
