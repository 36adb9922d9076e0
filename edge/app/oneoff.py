"""Labels printed at once or not at all: what went wrong is told, not tried again."""

from typing import Final

import structlog

from drivers.api import CopyId, DriverError, Proof, Raster
from edge.app.printers import PrinterBoard, PrinterSlot

PROOF_S: Final = 5.0
"""How long a printer may take to say that the label is out; a person sees it anyway."""

log = structlog.get_logger()


async def print_once(board: PrinterBoard, slot: PrinterSlot, picture: Raster, copy: str) -> str:
    """Print a label; return why it did not come out, or nothing where it left."""
    async with slot.lock:
        if slot.holds:
            return "busy"
        if fault := await board.look(slot):
            return fault
        return await _send(slot, picture, CopyId(copy))


async def _send(slot: PrinterSlot, picture: Raster, copy_id: CopyId) -> str:
    try:
        mark = await slot.printer.mark()
        await slot.printer.send(slot.printer.encode(picture, copy_id), copy_id)
        proof = await slot.printer.await_proof(copy_id, mark, PROOF_S)
    except DriverError as error:
        await slot.printer.close()
        log.info("label was not sent", printer=slot.id, problem=str(error))
        return "line"
    if proof is Proof.NONE:
        log.debug("printer does not prove its label", printer=slot.id)
    return ""
