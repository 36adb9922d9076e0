"""Every fault of a document's shape: unknown and missing keys, wrong types, texts left empty.

The library that converts documents reports the first fault only. This walk reports them all, and
returns the document with something harmless in each faulty place, so that the rest can be checked
in the same go. On its way it collects what the structs mark (`document.marks`): expressions, and
names that must name something.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import inspect

from edge.domain.model import Name
from edge.domain.rules.problems import Path, Report
from edge.domain.rules.wording import choices

LIST_ITEMS_MAX: Final = 2_000
EXTRA_KEYS_MAX: Final = 40
"""Unknown keys of one table that are named one by one."""
TEXT_CHARS_MAX: Final = 20_000
INT_MAX: Final = 2**53
_HALF: Final = re.compile("[\\ud800-\\udfff]")
"""JSON lets half of a UTF-16 pair stand alone; nothing could store it."""


class Mark(msgspec.Struct, frozen=True):
    """A value that a struct marks as more than a text."""

    path: Path
    sort: str
    """`expression`, or what kind of thing it names: `state`, `gate`, `role` …"""
    value: str


class Shape:
    """Reads a tree of tables as a type, reporting to `report`."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.marks: list[Mark] = []
        self._readers: dict[type, Callable[[Any, Any, Path], Any]] = {
            inspect.Metadata: self._marked,
            inspect.StructType: self._struct,
            inspect.VarTupleType: self._list,
            inspect.ListType: self._list,
            inspect.DictType: self._dict,
            inspect.UnionType: self._union,
            inspect.StrType: self._text,
            inspect.IntType: self._int,
            inspect.BoolType: self._bool,
            inspect.LiteralType: self._literal,
        }

    def read(self, kind: inspect.Type, value: Any, path: Path = ()) -> Any:  # noqa: ANN401
        """Return `value` so that it converts to `kind`."""
        reader = self._readers.get(type(kind))
        return reader(kind, value, path) if reader else value

    def _marked(self, kind: Any, value: Any, path: Path) -> Any:  # noqa: ANN401
        sort = (kind.extra or {}).get("mark")
        if sort and isinstance(value, str):
            self.marks.append(Mark(path, sort, value))
        return self.read(kind.type, value, path)

    def _list(self, kind: Any, value: Any, path: Path) -> Any:  # noqa: ANN401
        if not self._is(list, value, path):
            return []
        most = kind.max_length or LIST_ITEMS_MAX
        if len(value) > most:
            self._wrong(path, "out_of_range.items", most=most)
        items = value[:most]
        return [self.read(kind.item_type, item, (*path, n)) for n, item in enumerate(items)]

    def _bool(self, _: Any, value: Any, path: Path) -> Any:  # noqa: ANN401
        return value if self._is(bool, value, path) else False

    def _is(self, wanted: type, value: Any, path: Path) -> bool:  # noqa: ANN401
        if type(value) is wanted:
            return True
        self._wrong(path, "wrong_type", got=type(value).__name__, wanted=wanted.__name__)
        return False

    def _wrong(
        self, path: Path, key: str, *, advice: Name | None = None, **facts: str | int
    ) -> None:
        self._report.misshapen(path, key, advice=advice, **facts)

    def _struct(self, kind: inspect.StructType, value: Any, path: Path) -> Any:  # noqa: ANN401
        if not self._is(dict, value, path):
            value = {}
        fields = {field.encode_name: field for field in kind.fields}
        extra = [name for name in value if name not in fields]
        for name in extra[:EXTRA_KEYS_MAX]:
            advice = choices(name, fields)
            self._wrong((*path, name), "unknown_key", advice=advice, name=name[:40])
        if len(extra) > EXTRA_KEYS_MAX:
            self._report.fault(path, "unknown_key.many", count=len(extra))
        read = {}
        for name, field in fields.items():
            place = (*path, name)
            if name in value and not field.required and value[name] == field.default:
                read[name] = value[name]  # nothing is named by what stands for nothing
            elif name in value:
                read[name] = self.read(field.type, value[name], place)
                if name in ("zh", "en") and isinstance(value[name], str):
                    self._spoken(value[name], place)
            elif field.required:
                self._wrong(place, "missing_key", name=name)
                read[name] = self._nothing(field.type)
        return read

    def _spoken(self, text: str, path: Path) -> None:
        if not text.strip():
            self._report.fault(path, "missing_text", language=path[-1])

    def _dict(self, kind: inspect.DictType, value: Any, path: Path) -> Any:  # noqa: ANN401
        if not self._is(dict, value, path):
            return {}
        read = {}
        for key, item in list(value.items())[:LIST_ITEMS_MAX]:
            self.read(kind.key_type, key, (*path, key))
            read[key] = self.read(kind.value_type, item, (*path, key))
        return read

    def _union(self, kind: inspect.UnionType, value: Any, path: Path) -> Any:  # noqa: ANN401
        if value is None and any(isinstance(each, inspect.NoneType) for each in kind.types):
            return None
        first = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
        return self.read(first, value, path)

    def _text(self, kind: inspect.StrType, value: Any, path: Path) -> str:  # noqa: ANN401
        if not self._is(str, value, path):
            return ""
        least, most = kind.min_length or 0, kind.max_length or TEXT_CHARS_MAX
        if not least <= len(value) <= most:
            self._wrong(path, "out_of_range.chars", least=least, most=most)
            return ""
        if kind.pattern and not re.search(kind.pattern, value):
            self._wrong(path, "out_of_range.pattern", pattern=kind.pattern)
        if not value.isprintable() and _HALF.search(value):
            self._wrong(path, "out_of_range.half")
            return ""
        return str(value)

    def _int(self, kind: inspect.IntType, value: Any, path: Path) -> int:  # noqa: ANN401
        least = 0 if kind.ge is None else int(kind.ge)
        most = INT_MAX if kind.le is None else int(kind.le)
        if not self._is(int, value, path):
            return max(least, 0)
        if not least <= value <= most:
            self._wrong(path, "out_of_range.number", least=least, most=most)
            return max(least, 0)
        return int(value)

    def _literal(self, kind: inspect.LiteralType, value: Any, path: Path) -> Any:  # noqa: ANN401
        if value not in kind.values or isinstance(value, bool):
            advice = choices(str(value), map(str, kind.values))
            self._wrong(path, "out_of_range.value", advice=advice, value=str(value)[:40])
            return kind.values[0]
        return value

    def _nothing(self, kind: inspect.Type) -> Any:  # noqa: ANN401
        """Return the least value of a type; its faults were told."""
        return Shape(Report(lambda _: 0)).read(kind, None)
