"""Scanners at serial ports, as keyboards and over TCP, with real descriptors and sockets."""

import asyncio
import os
import pty
import shutil
import subprocess
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import DriverError, Scan, Scanner, open_scanner
from drivers.scanners.framing import Framer, Framing, read_code
from drivers.scanners.hid import CAPS_LOCK, EVENT, KEYPAD, LAYOUT, LEFT_ALT, LEFT_SHIFT, Keyboard
from drivers.scanners.tcp import ListeningScanner

HEAR_S: Final = 10.0
CHANGES_MAX: Final = 100
ASCII: Final = st.characters(min_codepoint=0x20, max_codepoint=0x7E)


# ---- framing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "texts"),
    [
        (b"6901234567892\r\n", ["6901234567892"]),
        (b"A\rB\nC\tD\x03", ["A", "B", "C", "D"]),
        (b"\x02A-01-03\x03", ["A-01-03"]),
        (b"\r\n\r\n", []),
        (b"A-01\r\nA-02\r\n", ["A-01", "A-02"]),
    ],
)
def test_terminators_end_a_code(sent: bytes, texts: list[str]) -> None:
    """CR, LF, both, TAB, ETX with STX: each ends a code, none is part of one (PICK-3)."""
    assert [scan.text for scan in Framer(Framing()).feed(sent, 0.0)] == texts


def test_a_pause_ends_a_code() -> None:
    """Without a terminator a code ends when nothing follows for the idle gap, not before."""
    framer = Framer(Framing(idle_s=0.05))
    assert framer.due_s is None
    assert framer.feed(b"A-0", 1.0) == []
    assert framer.feed(b"1", 1.04) == []
    assert framer.due_s == pytest.approx(1.09)
    assert framer.elapse(1.08) == []
    assert [scan.text for scan in framer.elapse(1.09)] == ["A-01"]
    assert framer.due_s is None


def test_aim_identifier_prefix_and_suffix_are_taken_off() -> None:
    """What the gun adds is no part of the code; the symbology is kept (PICK-3)."""
    framer = Framer(Framing(prefix=b"<<", suffix=b">>"))
    (scan,) = framer.feed(b"<<]C10106901234567892\x1d10LOT>>\r", 0.0)
    assert (scan.symbology, scan.text, scan.problem) == ("]C1", "0106901234567892\x1d10LOT", "")


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (b"A" * 2_049 + b"\r", "too_long"),
        (b"A\x07B\r", "control_characters"),
        (b"]C1\r", "empty"),
    ],
)
def test_what_is_no_code_says_so(sent: bytes, problem: str) -> None:
    """A malformed scan is returned with its problem, and the next one is whole (PICK-3)."""
    framer = Framer(Framing())
    (wrong,) = framer.feed(sent, 0.0)
    (right,) = framer.feed(b"A-01\r", 0.0)
    assert (wrong.problem, right.text, right.problem) == (problem, "A-01", "")


def test_a_code_without_its_prefix_is_refused() -> None:
    """With a prefix configured, what comes without is not of this gun."""
    (scan,) = Framer(Framing(prefix=b"S1:")).feed(b"A-01\r", 0.0)
    assert scan.problem == "frame"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_is_read_in_either_encoding(encoding: str) -> None:
    """Guns send Chinese as UTF-8 or as GB18030."""
    assert read_code("围兜 喆 42".encode(encoding)).text == "围兜 喆 42"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=8))
def test_any_chunking_gives_the_same_scans(stream: bytes, cuts: list[int]) -> None:
    """How bytes are cut on their way changes nothing; no stream raises (PICK-4)."""
    whole = Framer(Framing(length_max=64))
    pieces = Framer(Framing(length_max=64))
    expected = whole.feed(stream, 0.0) + whole.elapse(1.0)
    ends = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    scans: list[Scan] = []
    for start, end in pairwise(ends):
        scans += pieces.feed(stream[start:end], 0.0)
    assert scans + pieces.elapse(1.0) == expected


# ---- keyboards ----------------------------------------------------------------------------------


def press(code: int) -> bytes:
    """Return a key going down and up."""
    return EVENT.pack(0, 0, 1, code, 1) + EVENT.pack(0, 0, 1, code, 0) + EVENT.pack(0, 0, 0, 0, 0)


def typed(text: str) -> bytes:
    """Return the events of typing a text on a US keyboard, Enter for a line feed."""
    keys = {character: (code, at) for code, pair in LAYOUT.items()
            for at, character in enumerate(pair)}  # fmt: skip
    events = b""
    for character in text:
        code, is_shifted = (28, 0) if character == "\n" else keys[character]
        if is_shifted and character != " ":
            down, up = EVENT.pack(0, 0, 1, LEFT_SHIFT, 1), EVENT.pack(0, 0, 1, LEFT_SHIFT, 0)
            events += down + press(code) + up
        else:
            events += press(code)
    return events


@given(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40), st.integers(1, 50)
)
@settings(max_examples=60, deadline=None)
def test_every_character_is_typed_whatever_the_cuts(text: str, size: int) -> None:
    """Key events give back what was typed, however the kernel hands them over."""
    events = typed(text)
    keyboard = Keyboard()
    said = b"".join(keyboard.feed(events[at : at + size]) for at in range(0, len(events), size))
    assert said.decode() == text


def test_caps_lock_turns_letters_only() -> None:
    """With Caps Lock on, letters change case and digits do not."""
    keyboard = Keyboard()
    assert keyboard.feed(press(CAPS_LOCK) + typed("a1B")) == b"A1b"


@pytest.mark.parametrize("encoding", ["gbk"])
def test_alt_and_keypad_type_gbk(encoding: str) -> None:
    """Guns that type Chinese by Alt and the keypad are understood."""
    keypad = {digit: code for code, digit in KEYPAD.items()}
    events = b""
    for character in "围兜A":
        number = int.from_bytes(character.encode(encoding))
        events += EVENT.pack(0, 0, 1, LEFT_ALT, 1)
        events += b"".join(press(keypad[int(digit)]) for digit in str(number))
        events += EVENT.pack(0, 0, 1, LEFT_ALT, 0)
    assert read_code(Keyboard().feed(events)).text == "围兜A"


@given(st.binary(max_size=24 * 20))
@settings(max_examples=100, deadline=None)
def test_any_events_are_survived(data: bytes) -> None:
    """No event, real or not, raises."""
    Keyboard().feed(data)


# ---- real devices -------------------------------------------------------------------------------


class Ear:
    """Takes scans and says when there are enough."""

    def __init__(self) -> None:
        self.scans: list[Scan] = []
        self._news = asyncio.Condition()

    async def hear(self, scan: Scan) -> None:
        async with self._news:
            self.scans.append(scan)
            self._news.notify_all()

    async def texts(self, count: int) -> list[str]:
        """Return the texts of the first `count` scans."""
        async with asyncio.timeout(HEAR_S), self._news:
            await self._news.wait_for(lambda: len(self.scans) >= count)
        return [scan.text for scan in self.scans]


class Until(Protocol):
    """Waits until a scanner is there, or gone."""

    async def __call__(self, *, is_open: bool) -> None: ...


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[Ear, Scanner, Until]]:
    """Open a scanner; also give a way to wait until it is there or gone."""
    ear = Ear()
    scanner = open_scanner(url, ear.hear)
    changes: asyncio.Queue[bool] = asyncio.Queue(CHANGES_MAX)
    scanner.on_change = changes.put_nowait

    async def until(is_open: bool) -> None:
        async with asyncio.timeout(HEAR_S):
            while scanner.is_open is not is_open:
                await changes.get()

    await scanner.start()
    try:
        yield ear, scanner, until
    finally:
        await scanner.close()


@contextmanager
def cable(folder: Path) -> Iterator[tuple[int, Path]]:
    """Give the gun's end of a serial cable, and the path of the box's end."""
    gun, box = pty.openpty()
    tty.setraw(gun)
    link = folder / "tty"
    link.symlink_to(os.ttyname(box))
    try:
        yield gun, link
    finally:
        os.close(gun)
        os.close(box)
        link.unlink()


def write(path: str, data: bytes) -> None:
    """Let the gun at the other end of a cable send."""
    Path(path).write_bytes(data)


async def test_a_serial_scanner_is_heard(tmp_path: Path) -> None:
    """Twenty codes sent at once over a serial line arrive, each once and in order (PICK-4)."""
    with cable(tmp_path) as (gun, path):
        async with listening(f"serial://{path}?baud=115200") as (ear, _, until):
            await until(is_open=True)
            codes = [f"A-{n:02}" for n in range(20)]
            os.write(gun, "".join(f"{code}\r\n" for code in codes).encode())
            assert await ear.texts(20) == codes


async def test_an_unplugged_serial_scanner_comes_back(tmp_path: Path) -> None:
    """Pulled out and plugged in again, it goes on by itself (DEV-1)."""
    socat = shutil.which("socat")
    assert socat, "socat is missing: apt-get install socat"
    ends = [str(tmp_path / name) for name in ("gun", "box")]
    command = [socat, *(f"pty,raw,echo=0,link={end}" for end in ends)]

    def plug() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command)

    plugged = plug()
    try:
        async with listening(f"serial://{ends[1]}") as (ear, _, until):
            await until(is_open=True)
            write(ends[0], b"A-01\r")
            assert await ear.texts(1) == ["A-01"]
            plugged.kill()
            plugged.wait()
            await until(is_open=False)
            plugged = plug()
            await until(is_open=True)
            write(ends[0], b"A-02\r")
            assert await ear.texts(2) == ["A-01", "A-02"]
    finally:
        plugged.kill()
        plugged.wait()


async def test_a_keyboard_scanner_is_heard(tmp_path: Path) -> None:
    """Key events from a descriptor become codes (DEV-1)."""
    fifo = tmp_path / "event0"
    os.mkfifo(fifo)
    keep = os.open(fifo, os.O_RDWR)
    try:
        async with listening(f"hid://{fifo}") as (ear, _, until):
            await until(is_open=True)
            os.write(keep, typed("LOC A-01_b\n6901234567892\n"))
            assert await ear.texts(2) == ["LOC A-01_b", "6901234567892"]
    finally:
        os.close(keep)


async def test_a_waiting_scanner_is_dialled_again() -> None:
    """The box connects, and connects again when the scanner restarts (DEV-1)."""
    lines = iter([b"A-01\r\n", b"A-02\r\n"])

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(next(lines, b""))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with listening(f"tcp://127.0.0.1:{port}") as (ear, _, _):
        assert (await ear.texts(2))[:2] == ["A-01", "A-02"]
    server.close()


@asynccontextmanager
async def dialled() -> AsyncIterator[tuple[Ear, int]]:
    """A port of the box that scanners dial."""
    async with listening("tcp-listen://127.0.0.1:0") as (ear, scanner, until):
        await until(is_open=True)
        assert isinstance(scanner, ListeningScanner)
        yield ear, scanner.port


async def say(port: int, data: bytes) -> bytes:
    """Send to the box's port and return its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    async with asyncio.timeout(HEAR_S):
        answer = await reader.read()
    writer.close()
    return answer


async def test_scanners_that_dial_are_answered_after_the_scan() -> None:
    """Bare codes, RTscan's form and HTTP: handled first, then answered (DEV-1)."""
    async with dialled() as (ear, port):
        assert await say(port, b"A-01\r\nA-02\r\n") == b""
        assert await say(port, b"vgdecoderesult=A-03&&devicenumber=7") == b"code=0000&&desc=ok"
        posted = b"POST / HTTP/1.1\r\nHost: box\r\nContent-Length: 4\r\n\r\nA-04"
        assert (await say(port, posted)).startswith(b"HTTP/1.1 200 ")
        assert await ear.texts(4) == ["A-01", "A-02", "A-03", "A-04"]


@pytest.mark.parametrize(
    "hostile",
    [
        b"POST / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\nx",
        b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nshort",
        b"POST " + b"x" * 100_000,
        b"\x16\x03\x01" + bytes(range(256)) * 40,
        b"vgdecoderesult=",
    ],
)
async def test_a_hostile_client_disturbs_nobody(hostile: bytes) -> None:
    """Whatever a client sends, the next scanner is served."""
    async with dialled() as (ear, port):
        await say(port, hostile)
        before = len(ear.scans)
        await say(port, b"A-01\r")
        assert (await ear.texts(before + 1))[-1] == "A-01"


async def test_a_failing_handler_loses_one_scan_only(tmp_path: Path) -> None:
    """An error in handling a scan does not stop the scanner."""
    heard: list[str] = []
    done = asyncio.Event()

    async def handle(scan: Scan) -> None:
        if scan.text == "A-01":
            raise RuntimeError("a fault of ours")
        heard.append(scan.text)
        done.set()

    with cable(tmp_path) as (gun, path):
        scanner = open_scanner(f"serial://{path}", handle)
        there = asyncio.Event()
        scanner.on_change = lambda _: there.set()
        await scanner.start()
        await there.wait()
        os.write(gun, b"A-01\rA-02\r")
        async with asyncio.timeout(HEAR_S):
            await done.wait()
        await scanner.close()
    assert heard == ["A-02"]


@pytest.mark.parametrize(
    "url",
    ["", "A-01", "ftp://x", "tcp://host", "tcp://host:99999", "serial://", "hid://",
     "serial:///dev/x?baud=fast", "serial:///dev/x?speed=1", "tcp://h:1?idle_ms=0"],
)  # fmt: skip
def test_a_wrong_url_is_explained(url: str) -> None:
    """Each mistake in a scanner's URL is refused with an example."""
    with pytest.raises(DriverError, match="open") as refused:
        open_scanner(url, Ear().hear)
    assert "serial://" in refused.value.hint
