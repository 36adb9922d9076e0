"""A SQLite VFS that sees every write and flush of a database, and can refuse them.

SQLite's own `unix` VFS does the work. Its table of file methods is copied and three entries are
replaced, so that each xWrite, xTruncate and xSync first tells a `Tap`, which may answer with an
error code of SQLite instead (https://sqlite.org/vfs.html). The library is the very one that the
`sqlite3` module uses: its symbols are sought through that module's own file.
"""

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, NamedTuple

OK = 0
FULL = 13
IOERR_WRITE = 778
IOERR_FSYNC = 1034

_P, _I, _L = ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong
_OPEN = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _P)
_WRITE = ctypes.CFUNCTYPE(_I, _P, _P, _I, _L)
_TRUNCATE = ctypes.CFUNCTYPE(_I, _P, _L)
_SYNC = ctypes.CFUNCTYPE(_I, _P, _I)


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, as far as it is read or written here; the rest is copied as it is."""

    _fields_ = [
        ("version", _I), ("file_bytes", _I), ("path_bytes_max", _I), ("next", _P),
        ("name", ctypes.c_char_p), ("data", _P), ("open", _P), ("rest", _P * 16),
    ]  # fmt: skip


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = [
        ("version", _I), ("close", _P), ("read", _P), ("write", _P), ("truncate", _P),
        ("sync", _P), ("rest", _P * 13),
    ]  # fmt: skip


class Op(NamedTuple):
    """One thing that SQLite asked of the operating system, or a mark that a test made."""

    what: str
    """write, truncate, sync or ack."""
    file: str
    at: int = 0
    """Offset of a write, size after a truncate, number given to a mark."""
    data: bytes = b""


class Tap:
    """What a VFS tells. `ops` grows while `recording`; `fault` may refuse an operation."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.recording = False
        self.fault: Callable[[Op], int] = lambda _: OK

    def told(self, op: Op) -> int:
        """Take note of `op`; return OK or the error code that SQLite shall see."""
        code = self.fault(op)
        if code == OK and self.recording:
            self.ops.append(op)
        return code


_library = ctypes.CDLL(_sqlite3.__file__)
_library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)


class _TappedVfs:
    """A VFS around the default one. Its callbacks live as long as it does."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._names: dict[int, str] = {}
        self._kept: list[Any] = []
        self._methods: dict[int, _Methods] = {}
        self._unix = _library.sqlite3_vfs_find(None)
        self.vfs = _Vfs()
        ctypes.pointer(self.vfs)[0] = self._unix[0]
        self.vfs.name = b"tapped"
        self._open_unix = _OPEN(self._unix[0].open)
        self.vfs.open = self._callback(_OPEN, self._open)

    def register(self) -> None:
        """Make this the VFS of connections that are opened from now on."""
        assert _library.sqlite3_vfs_register(ctypes.byref(self.vfs), 1) == OK

    def unregister(self) -> None:
        """Make the VFS that was there before the one of connections to come."""
        _library.sqlite3_vfs_unregister(ctypes.byref(self.vfs))
        assert _library.sqlite3_vfs_register(self._unix, 1) == OK

    def _callback(self, kind: Any, function: Callable[..., int]) -> int:
        callback = kind(function)
        self._kept.append(callback)
        return ctypes.cast(callback, _P).value or 0

    def _open(self, _: int, path: int | None, file: int, flags: int, out: int) -> int:
        # The file keeps the pointer to its path, so it is passed on as it is.
        code = self._open_unix(ctypes.addressof(self._unix[0]), path, file, flags, out)
        slot = ctypes.cast(file, ctypes.POINTER(_P))
        if code == OK and path and slot[0]:
            self._names[file] = PurePath(ctypes.string_at(path).decode()).name
            slot[0] = ctypes.addressof(self._tapped(slot[0]))
        return int(code)

    def _tapped(self, address: int) -> _Methods:
        """Return the tapped copy of the methods at `address`."""
        if address not in self._methods:
            original = _Methods.from_address(address)
            copy = _Methods()
            ctypes.pointer(copy)[0] = original
            copy.write = self._callback(_WRITE, self._writer(_WRITE(original.write)))
            copy.truncate = self._callback(_TRUNCATE, self._truncater(_TRUNCATE(original.truncate)))
            copy.sync = self._callback(_SYNC, self._syncer(_SYNC(original.sync)))
            self._methods[address] = copy
        return self._methods[address]

    def _writer(self, original: Callable[..., int]) -> Callable[..., int]:
        def write(file: int, data: int, size: int, at: int) -> int:
            op = Op("write", self._names[file], at, ctypes.string_at(data, size))
            return self._tap.told(op) or original(file, data, size, at)

        return write

    def _truncater(self, original: Callable[..., int]) -> Callable[..., int]:
        def truncate(file: int, size: int) -> int:
            return self._tap.told(Op("truncate", self._names[file], size)) or original(file, size)

        return truncate

    def _syncer(self, original: Callable[..., int]) -> Callable[..., int]:
        def sync(file: int, flags: int) -> int:
            return self._tap.told(Op("sync", self._names[file])) or original(file, flags)

        return sync


@contextmanager
def tapped() -> Iterator[Tap]:
    """Tap every database that is opened inside; close them inside too."""
    tap = Tap()
    vfs = _TappedVfs(tap)
    vfs.register()
    try:
        yield tap
    finally:
        vfs.unregister()


def library_version() -> str:
    """Return the version of SQLite that is tapped; it must be that of the `sqlite3` module."""
    _library.sqlite3_libversion.restype = ctypes.c_char_p
    version: str = _library.sqlite3_libversion().decode()
    assert version == sqlite3.sqlite_version
    return version
