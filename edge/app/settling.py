"""Finding out, from the printer alone, what became of a copy of which bytes left."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from drivers.api import CopyId, DriverError, Mark, Proof
from edge.app.printers import OFFLINE, PrinterBoard, PrinterSlot
from edge.domain.model import Job
from edge.domain.resend import Situation, Verdict, judge
from edge.domain.rules import PrintQueueRules

ASK_S: Final = 0.5
"""How long an answer about one copy is waited for, and the pause before it is asked again."""

Tell = Callable[[str], Awaitable[bool]]


class Pending:
    """What is known of a copy while its fate is open."""

    def __init__(self, *, bytes_out: int | None, mark: Mark | None = None) -> None:
        self.bytes_out = bytes_out
        self.mark = mark
        self.is_part = False
        """Only a part of it may have left; the printer must throw that away."""
        self.is_line_lost = False
        self.reason = "silent"
        """Why a person is asked, should it come to that."""
        self.proof = ""
        """How it was proved in the end."""

    @staticmethod
    def of_stopped(job: Job) -> "Pending":
        """Return what the journal knows of a copy that was on its way when the service stopped."""
        pending = Pending(bytes_out=None, mark=Mark(job.mark) if job.mark >= 0 else None)
        pending.is_part = job.state == "sending"
        pending.is_line_lost = True
        pending.reason = "restarted"
        return pending


async def find_out(
    board: PrinterBoard,
    slot: PrinterSlot,
    copy_id: CopyId,
    pending: Pending,
    rules: PrintQueueRules,
    tell: Tell,
) -> Verdict | None:
    """Return RETRY, PROVED or UNKNOWN once one of them is sure; None when nobody asks any more.

    `tell` is called with each new fault of the printer (and with nothing between); it says whether
    anybody still asks. A printer that stays ill for `rules.hold_min` is given up: UNKNOWN.
    """
    loop = asyncio.get_running_loop()
    until_s = loop.time() + rules.hold_min * 60
    settle_s = rules.proof_s if pending.mark is None else rules.settle_s
    quiet_s: float | None = None
    told = ""
    while True:
        async with slot.lock:
            if not await tell(""):
                with suppress(DriverError):
                    await slot.printer.cancel()  # a void label need not come out any more
                return None
            found = await _ask(board, slot, copy_id, pending)
        if found.fault or found.is_busy:
            quiet_s = None
        elif quiet_s is None:
            quiet_s = loop.time()
        is_settled = quiet_s is not None and loop.time() - quiet_s >= settle_s
        verdict = judge(replace(found, is_settled=is_settled))
        if verdict not in (Verdict.WAIT, Verdict.RECONCILE):
            return verdict
        if found.fault != told:
            told = found.fault
            await tell(told)
        if loop.time() >= until_s:
            return Verdict.UNKNOWN
        await asyncio.sleep(ASK_S)


async def _ask(
    board: PrinterBoard, slot: PrinterSlot, copy_id: CopyId, pending: Pending
) -> Situation:
    """Ask a printer about a copy."""
    fault = await board.look(slot)
    if fault == OFFLINE:
        pending.is_line_lost = True
    found = Situation(
        bytes_out=pending.bytes_out,
        can_count=pending.mark is not None,
        is_asked=True,
        is_line_lost=pending.is_line_lost,
        fault=fault,
        is_busy=slot.is_busy,
    )
    if fault == OFFLINE:
        return found
    try:
        if pending.is_part:
            await slot.printer.cancel()
            pending.is_part = False
        if pending.mark is None:
            proof = await slot.printer.await_proof(copy_id, None, ASK_S)
            pending.proof = proof.value
            return replace(found, is_proved=proof is not Proof.NONE)
        if fault or slot.is_busy:
            return found
        now = await slot.printer.mark()
    except DriverError:
        await slot.printer.close()
        pending.is_line_lost = True
        return replace(found, is_line_lost=True, is_busy=True)
    if now is None:  # silent only about its odometer, for now
        return replace(found, is_busy=True)
    pending.proof = Proof.ODOMETER.value
    return replace(found, counted=now.labels - pending.mark.labels, is_lasting=now.is_lasting)
