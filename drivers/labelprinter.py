"""Label printers that talk TSPL, ZPL or ESC/POS over a link: `drivers.api.Printer`.

How a copy is proved. A copy is sent only to a printer that says it is without fault and holds
nothing. So the first completion token after it (TSPL), or the odometer being one further than its
mark (ZPL), can be of no other copy. Whoever prints on the same printer past the box breaks this;
the label's own QR, scanned back, does not depend on it. An ESC/POS printer cannot say that it holds
something, but its token names the copy.

Silence on an open connection is a fault of the printer (ZPL printers do not answer with the head
open or the roll empty), not an absence: `status` and `mark` raise, `await_proof` goes on waiting.
"""

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final

import msgspec

from drivers.api import CopyId, DriverError, Mark, Printer, PrinterStatus, Proof, Raster
from drivers.models import counts, proof_of
from drivers.printers import escpos, tspl, zpl
from drivers.printers.common import Answer, Ask, Replies, Token
from drivers.transports import Link

HEAR_OUT_MAX: Final = 64
"""Pieces of late answers dropped before a printer that never stops talking is used all the same."""
TOKENS_MAX: Final = 16
"""Tokens remembered; one copy in flight needs one."""


class Waits(msgspec.Struct, frozen=True):
    """How long a printer is given. Seconds."""

    reply_s: float = 2.0
    """For the answer to a question."""
    idle_s: float = 5.0
    """For earlier work to end, before a copy is refused."""
    poll_s: float = 0.2
    """Between looks, while waiting for idleness or proof."""


class LabelPrinter(Printer):
    """What the languages share: one exchange at a time over one link."""

    CANCEL: ClassVar[bytes]
    """Makes the printer drop what it holds."""

    def __init__(self, link: Link, replies: Replies, waits: Waits) -> None:
        self._link = link
        self._replies = replies
        self._waits = waits
        self._turn = asyncio.Lock()
        self._tokens: deque[Token] = deque(maxlen=TOKENS_MAX)
        self._last_copy: CopyId | None = None
        self._last_bytes = 0
        self._is_cut_short = False
        self._is_owed = False  # an answer

    async def open(self) -> None:
        """Connect; nothing happens when open.

        What a printer got of a copy that broke off is dropped: it would take what comes next for
        the rest of that picture. What it still owes on a cable is heard out first: a late answer
        must not be taken for the answer to a later question.
        """
        async with self._turn:
            if self._link.is_open:
                return
            await self._link.open()
            if self._is_cut_short:
                await self._link.send(self.CANCEL)
                self._is_cut_short = False
            if self._is_owed and self._link.is_cable:
                await self._hear_out()
            self._is_owed = False

    async def close(self) -> None:
        """Disconnect; may be called at any time, any number of times."""
        self._link.close()

    async def probe(self) -> str | None:
        """Return the model if the device speaks this language; leaves no state in the device."""
        async with self._turn:
            was_open = self._link.is_open
            await self._link.open()
            try:
                return await self._probe()
            finally:
                if not was_open:
                    self._link.close()

    async def status(self) -> PrinterStatus:
        """Return the printer's account of itself; raise `DriverError` where it stays silent."""
        async with self._turn:
            return await self._status("status")

    async def send(self, copy: bytes, copy_id: CopyId) -> int:
        """Send one copy to the idle printer and return the bytes sent; never retries.

        A printer that has a fault, stays busy or is silent gets nothing: the error is retryable
        and its `bytes_out` 0.
        """
        async with self._turn:
            await self._await_idle("send")
            self._tokens.clear()
            self._last_copy = copy_id
            self._last_bytes = len(copy)
            try:
                return await self._link.send(copy)
            except DriverError as error:
                self._is_cut_short = 0 < error.bytes_out < len(copy)
                raise

    async def cancel(self) -> None:
        """Drop what the printer still holds; printed labels stay printed."""
        async with self._turn:
            await self._link.send(self.CANCEL)

    @abstractmethod
    async def _probe(self) -> str | None: ...

    @abstractmethod
    async def _status(self, op: str) -> PrinterStatus: ...

    async def _await_idle(self, op: str) -> None:
        until_s = _now_s() + self._waits.idle_s
        while True:
            status = await self._status(op)
            if status.faults:
                faults = ", ".join(status.faults)
                raise self._refusal(op, f"the printer reports: {faults}", "clear the fault")
            if not status.busy:
                return
            if _now_s() >= until_s:
                raise self._refusal(
                    op, "it is busy with earlier work", "wait until that has printed, or cancel it"
                )
            await asyncio.sleep(self._waits.poll_s)

    async def _await_token(self, is_ours: Callable[[Token], bool], timeout_s: float) -> Proof:
        until_s = _now_s() + timeout_s
        while True:
            async with self._turn:
                if any(is_ours(token) for token in self._tokens):
                    return Proof.TOKEN
                left_s = until_s - _now_s()
                if left_s <= 0:
                    return Proof.NONE
                try:
                    self._hear(await self._link.receive(min(left_s, self._waits.poll_s)))
                except DriverError as error:
                    raise self._lost_in_flight(error) from error

    async def _ask(self, op: str, question: bytes, ask: Ask) -> Answer | None:
        """Return the answer, or None when none came in time."""
        until_s = _now_s() + self._waits.reply_s
        self._replies.expect(ask)
        try:
            await self._link.send(question)
            while (left_s := until_s - _now_s()) > 0:
                answer = self._hear(await self._link.receive(left_s))
                if answer is not None:
                    return answer
        except DriverError as error:
            raise self._refusal(op, error.cause, error.hint) from error
        self._replies.expect(Ask.NOTHING)
        return None

    async def _count(self, question: bytes) -> int | None:
        """Return how many labels came out; raise where the printer says nothing at all."""
        labels = await self._ask("mark", question, Ask.ODOMETER)
        if labels is None:
            await self._status("mark")  # it is silent only about its count, or raises
        return labels if isinstance(labels, int) else None

    def _hear(self, data: bytes) -> Answer | None:
        """Keep the tokens in `data`; return the answer in it, if any."""
        answer: Answer | None = None
        for said in self._replies.feed(data):
            if isinstance(said, Token):
                self._tokens.append(said)
            else:
                answer = said
        return answer

    def _refusal(self, op: str, cause: str, hint: str) -> DriverError:
        """Return the error for trouble before the first byte of a copy."""
        return DriverError(op, self._link.subject, cause, hint, is_retryable=True)

    async def _hear_out(self) -> None:
        """Drop what comes until it is quiet for as long as an answer may take."""
        for _ in range(HEAR_OUT_MAX):
            if not await self._link.receive(self._waits.reply_s):
                return

    def _give_up_waiting(self) -> None:
        """Disconnect, so that a late answer is not taken for the answer to a later question."""
        self._is_owed = True
        self._link.close()

    def _silence(self, op: str) -> DriverError:
        self._give_up_waiting()
        return self._refusal(
            op,
            "no answer on an open connection",
            "the printer has a fault: check paper, ribbon, head and lid",
        )

    def _lost_in_flight(self, error: DriverError) -> DriverError:
        return DriverError(
            "await_proof",
            self._link.subject,
            error.cause,
            "the copy may have come out: look for it and scan it, do not send it again",
            bytes_out=self._last_bytes,
        )


class TsplPrinter(LabelPrinter):
    """A TSPL printer. Proof: its completion token; some models count their labels besides."""

    CANCEL = tspl.CANCEL

    def __init__(self, link: Link, waits: Waits, gap_mm: float) -> None:
        super().__init__(link, tspl.Replies(), waits)
        self._gap_mm = gap_mm
        self._counts: bool | None = None
        """None: not known before the printer has told its model."""

    def encode(self, label: Raster, copy_id: CopyId) -> bytes:
        """Return the bytes that print `label` once. Pure."""
        return tspl.encode(label, copy_id, self._gap_mm)

    async def mark(self) -> Mark | None:
        """Return the count of the idle printer, or None where the model has none."""
        async with self._turn:
            await self._await_idle("mark")
            if self._counts is None:
                model = await self._ask("mark", tspl.ASK_MODEL, Ask.MODEL)
                self._counts = counts("tspl", str(model)) if model is not None else None
            labels = await self._count(tspl.ASK_ODOMETER) if self._counts else None
            return Mark(labels) if labels is not None else None

    async def await_proof(self, copy_id: CopyId, mark: Mark | None, timeout_s: float) -> Proof:
        """Wait for the completion token of the copy sent last; NONE when it does not come."""
        del mark
        if copy_id != self._last_copy:
            return Proof.NONE
        return await self._await_token(lambda token: token.status == 0, timeout_s)

    async def _probe(self) -> str | None:
        if await self._ask("probe", tspl.ASK_STATUS, Ask.STATUS) is None:
            await self._link.send(tspl.UNDO_ON_ESCPOS)
            return None
        model = await self._ask("probe", tspl.ASK_MODEL, Ask.MODEL)
        return model if isinstance(model, str) else "TSPL"  # with a fault it keeps its name back

    async def _status(self, op: str) -> PrinterStatus:
        answer = await self._ask(op, tspl.ASK_STATUS, Ask.STATUS)
        if not isinstance(answer, PrinterStatus):
            raise self._silence(op)
        return answer


class ZplPrinter(LabelPrinter):
    """A ZPL printer. Proof: its odometer."""

    CANCEL = zpl.CANCEL

    def __init__(self, link: Link, waits: Waits) -> None:
        super().__init__(link, zpl.Replies(), waits)

    def encode(self, label: Raster, copy_id: CopyId) -> bytes:
        """Return the bytes that print `label` once. Pure."""
        return zpl.encode(label, copy_id)

    async def mark(self) -> Mark | None:
        """Return the odometer of the idle printer, or None where the model has none."""
        async with self._turn:
            await self._await_idle("mark")  # earlier labels must not count as the next one
            labels = await self._count(zpl.ASK_ODOMETER)
            return Mark(labels) if labels is not None else None

    async def await_proof(self, copy_id: CopyId, mark: Mark | None, timeout_s: float) -> Proof:
        """Wait for the odometer to pass `mark`; NONE when it does not, or without a mark.

        A printer silent to the end costs `reply_s` more and is disconnected, so that what it
        answers later is not taken for the mark of another copy.
        """
        del copy_id  # the mark was read for it
        until_s = _now_s() + timeout_s
        while mark is not None:
            async with self._turn:
                try:
                    labels = await self._ask("await_proof", zpl.ASK_ODOMETER, Ask.ODOMETER)
                except DriverError as error:
                    raise self._lost_in_flight(error) from error
            if isinstance(labels, int) and labels > mark.labels:
                return Proof.ODOMETER
            left_s = until_s - _now_s()
            if left_s <= 0:
                if labels is None:
                    self._give_up_waiting()
                break
            await asyncio.sleep(min(left_s, self._waits.poll_s))
        return Proof.NONE

    async def _probe(self) -> str | None:
        model = await self._ask("probe", zpl.ASK_MODEL, Ask.MODEL)
        if model is None:
            await self._link.send(zpl.UNDO_ON_LINES)
        return model if isinstance(model, str) else None

    async def _status(self, op: str) -> PrinterStatus:
        answer = await self._ask(op, zpl.ASK_STATUS, Ask.STATUS)
        if answer is None:  # some stop answering ~HS in a fault, and still name it here
            answer = await self._ask(op, zpl.ASK_ERRORS, Ask.EXTENDED)
        if not isinstance(answer, PrinterStatus):
            raise self._silence(op)
        return answer


class EscposPrinter(LabelPrinter):
    """An ESC/POS printer. Proof: the process id of the copy, on models that have it."""

    CANCEL = escpos.CANCEL

    def __init__(self, link: Link, waits: Waits, *, has_process_id: bool | None = None) -> None:
        super().__init__(link, escpos.Replies(), waits)
        self._has_process_id = has_process_id
        self._counts: bool | None = None
        """None, of either: not known before the printer has told its model."""

    def encode(self, label: Raster, copy_id: CopyId) -> bytes:
        """Return the bytes that print `label` once. Pure, once `mark` has asked for the model."""
        return escpos.encode(label, copy_id, has_process_id=bool(self._has_process_id))

    async def mark(self) -> Mark | None:
        """Return the count of cuts, or None; learn once from the model's name what it can prove.

        The manual keeps the count's last steps out of what a loss of power leaves.
        """
        async with self._turn:
            await self._await_idle("mark")
            if self._counts is None:
                model = await self._ask("mark", escpos.ASK_MODEL, Ask.MODEL)
                self._counts = counts("escpos", str(model or ""))
                if self._has_process_id is None:
                    self._has_process_id = proof_of("escpos", str(model or "")) is Proof.TOKEN
            cuts = await self._count(escpos.ASK_ODOMETER) if self._counts else None
            return Mark(cuts, is_lasting=False) if cuts is not None else None

    async def await_proof(self, copy_id: CopyId, mark: Mark | None, timeout_s: float) -> Proof:
        """Wait for the process id of the copy; NONE when it does not come, or without one."""
        del mark
        if not self._has_process_id:
            return Proof.NONE
        ours = escpos.process_id(copy_id)
        return await self._await_token(lambda token: token.job == ours, timeout_s)

    async def _probe(self) -> str | None:
        if await self._ask("probe", escpos.ASK_LANGUAGE, Ask.LANGUAGE) is None:
            await self._link.send(escpos.UNDO_ON_LINES)
            return None
        model = await self._ask("probe", escpos.ASK_MODEL, Ask.MODEL)
        return model if isinstance(model, str) else "ESC/POS"

    async def _status(self, op: str) -> PrinterStatus:
        answer = await self._ask(op, escpos.ASK_STATUS, Ask.STATUS)
        if answer is None:  # some know only the automatic status
            answer = await self._ask(op, escpos.ASK_AUTO_STATUS, Ask.EXTENDED)
        if not isinstance(answer, PrinterStatus):
            raise self._silence(op)
        return answer


def _now_s() -> float:
    return asyncio.get_running_loop().time()
