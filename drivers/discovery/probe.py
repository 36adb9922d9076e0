"""Asking a device at a link which language it speaks, the harmless questions first.

1. `DLE EOT 1`: harmless everywhere; one byte with fixed bits = ESC/POS.
2. `ESC ! ?` with `ESC @` behind it: one byte = TSPL. An ESC/POS printer would take `ESC !` for
   "bold, double size"; `ESC @` takes that back.
3. Texts (`~HI`, `! U1 getvar`, `~!T`): an ESC/POS printer or an office printer would print them,
   so they are asked last, and only where the caller allows.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from drivers.api import DriverError, Kind
from drivers.printers import tspl, zpl
from drivers.transports import Link

ASK_ESCPOS: Final = b"\x10\x04\x01"
ASK_ESCPOS_MODEL: Final = b"\x1d\x49\x43"
ASK_ESCPOS_SERIAL: Final = b"\x1d\x49\x44"
ASK_TSPL: Final = tspl.ASK_STATUS + tspl.UNDO_ON_ESCPOS
ASK_TSPL_MODEL: Final = b"\r\n" + tspl.ASK_MODEL
"""The line end closes what earlier questions left in the printer's line."""
ASK_ZPL_SERIAL: Final = b'! U1 getvar "device.unique_id"\r\n'
ASK_CPCL: Final = b'! U1 getvar "appl.name"\r\n'

ANSWER_S: Final = 0.6
"""For the first byte. Printers answer real-time questions within 100 ms."""
REST_S: Final = 0.12
"""For the next byte of an answer that may be complete; 1,200 baud are 8 ms a byte."""
WHOLE_S: Final = 2.0
"""For all of an answer."""
ANSWER_BYTES_MAX: Final = 512

_ESCPOS_FIXED: Final = (0x93, 0x12)
_ESCPOS_TEXT: Final = re.compile(rb"_([\x20-\x7e]{1,80})\x00")
_ZPL_MODEL: Final = re.compile(rb"\x02([\x20-\x2b\x2d-\x7e]{1,80}),[^\x03]*\x03")
_VARIABLE: Final = re.compile(rb'"([\x20\x21\x23-\x3e\x40-\x7e][\x20\x21\x23-\x7e]{0,63})"')
"""A quoted value other than "?", which is how such printers say that they have none."""
_TSPL_TEXT: Final = re.compile(rb"([\x21-\x7e][\x20-\x7e]{1,63})\r?\n")
_TSPL_STATUS_MAX: Final = 0x7F


class Answer(msgspec.Struct, frozen=True):
    """What a device said in its own language; empty = it did not."""

    kind: Kind = Kind.UNKNOWN
    language: str = ""
    model: str = ""
    serial: str = ""
    note: str = ""


SILENT: Final = Answer()


async def ask_language(link: Link, *, may_ask_text: bool) -> Answer:
    """Open `link`, find out the language, close it. Never raises for what the device does.

    The caller holds the address: nobody else may use it meanwhile.
    """
    try:
        await link.open()
        return await _Dialogue(link).run(may_ask_text=may_ask_text)
    except DriverError as error:
        return Answer(note=error.cause)
    finally:
        link.close()


class _Dialogue:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._is_alien = ""

    async def run(self, *, may_ask_text: bool) -> Answer:
        steps: list[Callable[[], Awaitable[Answer | None]]] = [self._escpos, self._tspl]
        if may_ask_text:
            steps += [self._zpl, self._cpcl]
        for step in steps:
            answer = await step()
            if answer is not None:
                return answer
            if self._is_alien:
                return Answer(kind=Kind.OTHER, note=self._is_alien)
        return SILENT

    async def _escpos(self) -> Answer | None:
        mask, bits = _ESCPOS_FIXED
        said = await self._ask(ASK_ESCPOS, lambda held: len(held) > 1)
        if len(said) != 1 or said[0] & mask != bits:
            return None
        model = _ESCPOS_TEXT.search(await self._ask(ASK_ESCPOS_MODEL, _ESCPOS_TEXT.search))
        serial = _ESCPOS_TEXT.search(await self._ask(ASK_ESCPOS_SERIAL, _ESCPOS_TEXT.search))
        return Answer(Kind.PRINTER, "escpos", _ascii(model), _ascii(serial))

    async def _tspl(self) -> Answer | None:
        said = await self._ask(ASK_TSPL, lambda held: len(held) > 1)
        if len(said) != 1 or said[0] > _TSPL_STATUS_MAX:
            return None
        model = _TSPL_TEXT.search(await self._ask(ASK_TSPL_MODEL, _TSPL_TEXT.search))
        return Answer(Kind.PRINTER, "tspl", _ascii(model))

    async def _zpl(self) -> Answer | None:
        model = _ZPL_MODEL.search(await self._ask(zpl.ASK_MODEL, _ZPL_MODEL.search))
        if model is None:
            return None
        serial = _VARIABLE.search(await self._ask(ASK_ZPL_SERIAL, _is_quoted))
        return Answer(Kind.PRINTER, "zpl", _ascii(model), _ascii(serial))

    async def _cpcl(self) -> Answer | None:
        name = _VARIABLE.search(await self._ask(ASK_CPCL, _is_quoted))
        return Answer(Kind.PRINTER, "cpcl", _ascii(name)) if name is not None else None

    async def _ask(self, question: bytes, is_whole: Callable[[bytes], object]) -> bytes:
        """Return what came to a question, in whatever slices it came."""
        await self._link.send(question)
        held = b""
        wait_s = ANSWER_S
        end = asyncio.get_running_loop().time() + WHOLE_S
        while len(held) < ANSWER_BYTES_MAX and asyncio.get_running_loop().time() < end:
            data = await self._link.receive(wait_s)
            held += data
            if not data or is_whole(held):
                break
            wait_s = REST_S if len(held) == 1 else ANSWER_S
        self._is_alien = alien(question, held)
        return held


def alien(question: bytes, said: bytes) -> str:
    """Return what answers if it is plainly no printer, else nothing."""
    if said.startswith(b"HTTP/") or b"<html" in said.lower():
        return "answers like a web server"
    if said.startswith((b"SSH-", b"220 ")):
        return "answers like a login or mail server"
    if len(said) > 1 and question.startswith(said[: len(question)]):
        return "sends back what it is sent"
    return ""


def _is_quoted(held: bytes) -> bool:
    return held.count(b'"') > 1


def _ascii(match: re.Match[bytes] | None) -> str:
    return match[1].decode("ascii").strip() if match is not None else ""
