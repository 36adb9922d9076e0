"""The language probe: safe order, odd answers, wrong languages, silence."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Kind, fake_printer
from drivers.discovery.probe import (
    ANSWER_BYTES_MAX,
    ASK_CPCL,
    ASK_ESCPOS,
    ASK_ESCPOS_MODEL,
    ASK_ESCPOS_SERIAL,
    ASK_TSPL,
    ASK_TSPL_MODEL,
    ASK_ZPL_SERIAL,
    SILENT,
    Answer,
    ask_language,
)
from drivers.transports.tcp import TcpLink

TEXT_PROBES = (b"~HI", b"getvar", b"~!T")
ESCPOS = {ASK_ESCPOS: b"\x16", ASK_ESCPOS_MODEL: b"_TM-T20III\0", ASK_ESCPOS_SERIAL: b"_J8XK1\0"}
TSPL = {ASK_TSPL: b"\x20", ASK_TSPL_MODEL: b"TE210\r\n"}
ZPL = {b"~HI": b"\x02ZD421-203dpi,V93.21,8,8176KB\x03\r\n", ASK_ZPL_SERIAL: b'"D2J204"'}
CPCL = {ASK_CPCL: b'"V67.19.15Z"'}


@contextlib.asynccontextmanager
async def device(
    answers: Mapping[bytes, bytes], slice_bytes: int = 0
) -> AsyncIterator[tuple[TcpLink, list[bytes]]]:
    """Run a device that answers questions, whole or in slices; yield a link and what it heard."""
    heard: list[bytes] = []
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with contextlib.suppress(OSError):
            while data := await reader.read(1_024):
                heard.append(data)
                answer = answers.get(data, answers.get(b"", b""))
                for at in range(0, len(answer), slice_bytes or len(answer) or 1):
                    writer.write(answer[at : at + (slice_bytes or len(answer))])
                    await writer.drain()
                    await asyncio.sleep(0.03 if slice_bytes else 0)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield TcpLink("127.0.0.1", server.sockets[0].getsockname()[1]), heard
        await asyncio.gather(*(task for task in serving if task is not None))


@pytest.mark.parametrize("slice_bytes", [0, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (ESCPOS, Answer(Kind.PRINTER, "escpos", "TM-T20III", "J8XK1")),
        (TSPL, Answer(Kind.PRINTER, "tspl", "TE210")),
        (ZPL, Answer(Kind.PRINTER, "zpl", "ZD421-203dpi", "D2J204")),
        (CPCL, Answer(Kind.PRINTER, "cpcl", "V67.19.15Z")),
    ],
    ids=["escpos", "tspl", "zpl", "cpcl"],
)
async def test_each_language_is_told(
    answers: Mapping[bytes, bytes], expected: Answer, slice_bytes: int
) -> None:
    """A printer of each language is known by its own answers, however they come (DEV-2)."""
    async with device(answers, slice_bytes) as (link, _):
        assert expected == await ask_language(link, may_ask_text=True)
        assert not link.is_open


async def test_an_escpos_printer_hears_nothing_that_it_would_print() -> None:
    """The harmless question comes first, and an answer to it ends the questions of others."""
    async with device(ESCPOS) as (link, heard):
        await ask_language(link, may_ask_text=True)
    assert heard == [ASK_ESCPOS, ASK_ESCPOS_MODEL, ASK_ESCPOS_SERIAL]


async def test_texts_are_asked_only_where_allowed() -> None:
    """An office printer would print them; `ESC @` always follows `ESC ! ?`."""
    async with device({}) as (link, heard):
        assert await ask_language(link, may_ask_text=False) == SILENT
    assert heard == [ASK_ESCPOS, ASK_TSPL]
    assert ASK_TSPL.endswith(b"\x1b@")


@pytest.mark.parametrize(
    ("said", "kind", "note"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Kind.OTHER, "answers like a web server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Kind.OTHER, "answers like a login or mail server"),
        (ASK_ESCPOS, Kind.OTHER, "sends back what it is sent"),
        (b"\xff\xff\xff\xff", Kind.UNKNOWN, ""),
        (b"\xff", Kind.UNKNOWN, ""),
    ],
)
async def test_what_is_no_printer_is_not_taken_for_one(said: bytes, kind: Kind, note: str) -> None:
    """Servers on the printer's port, echoes and noise are no language."""
    async with device({b"": said}) as (link, _):
        answer = await ask_language(link, may_ask_text=True)
    assert ("", kind, note) == (answer.language, answer.kind, answer.note)


async def test_a_flood_is_cut_off() -> None:
    """A device that never stops talking is read no further than the limit."""
    async with device({b"": bytes(100 * ANSWER_BYTES_MAX)}) as (link, _):
        async with asyncio.timeout(10):
            assert (await ask_language(link, may_ask_text=True)).language == ""


async def test_a_device_that_hangs_up_or_is_not_there_is_unknown() -> None:
    """A refused or broken connection ends the probe with its cause, not with an error."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answer = await ask_language(TcpLink("127.0.0.1", port), may_ask_text=True)
    assert (answer.language, answer.kind) == ("", Kind.UNKNOWN)
    server.close()
    await server.wait_closed()
    answer = await ask_language(TcpLink("127.0.0.1", port), may_ask_text=True)
    assert answer.note


@pytest.mark.parametrize("lang", ["tspl", "zpl", "escpos"])
async def test_virtual_printers_are_known_and_print_nothing(lang: str) -> None:
    """Our virtual printers name their language and model, and no label comes out."""
    printer = fake_printer(lang)  # type: ignore[arg-type]
    await printer.start()
    answer = await ask_language(TcpLink(printer.host, printer.port), may_ask_text=True)
    await printer.stop()
    assert (lang, printer.model, 0) == (answer.language, answer.model, printer.odometer)


class Scripted:
    """A link that answers each question with the next of its answers."""

    subject = "scripted"
    is_cable = False
    is_open = True

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers
        self._now = b""

    async def open(self) -> None:
        return

    async def send(self, data: bytes) -> int:
        self._now = self._answers.pop(0) if self._answers else b""
        return len(data)

    async def receive(self, timeout_s: float) -> bytes:
        del timeout_s
        said, self._now = self._now, b""
        return said

    def close(self) -> None:
        return


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_answers_end_in_a_verdict(answers: list[bytes]) -> None:
    """Invariant: whatever is answered, the probe ends, with a known language or none."""
    answer = asyncio.run(ask_language(Scripted(answers), may_ask_text=True))
    assert answer.language in {"", "escpos", "tspl", "zpl", "cpcl"}
    assert (answer.kind is Kind.PRINTER) == bool(answer.language)
    assert answer.model.isascii()
