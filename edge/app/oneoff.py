"""Labels printed at once or not at all: what went wrong is told, not tried again."""

import asyncio
from typing import Final

import msgspec
import structlog

from drivers.api import CopyId, DriverError, Proof, Raster
from edge.app.printers import PrinterBoard, PrinterSlot

PROOF_S: Final = 5.0
"""How long a printer may take to say that the label is out; a person sees it anyway."""

log = structlog.get_logger()


class Outcome(msgspec.Struct, frozen=True):
    """What became of a label: why it did not come out, or else how the printer proved it."""

    reason: str = ""
    """A key of the locale files (`job_reason`)."""
    proof: Proof = Proof.NONE


async def print_once(board: PrinterBoard, slot: PrinterSlot, picture: Raster, copy: str) -> Outcome:
    """Print a label, and return what became of it."""
    async with slot.lock:
        if slot.holds:
            return Outcome("busy")
        if fault := await board.look(slot):
            return Outcome(fault)
        return await _send(slot, picture, CopyId(copy))


async def _send(slot: PrinterSlot, picture: Raster, copy_id: CopyId) -> Outcome:
    try:
        mark = await slot.printer.mark()
        document = await asyncio.to_thread(slot.printer.encode, picture, copy_id)
        await slot.printer.send(document, copy_id)
        proof = await slot.printer.await_proof(copy_id, mark, PROOF_S)
    except DriverError as error:
        await slot.printer.close()
        log.info("label was not sent", printer=slot.id, problem=str(error))
        return Outcome("line")
    return Outcome(proof=proof)
