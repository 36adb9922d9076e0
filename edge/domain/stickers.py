"""Stickers and the label of the box, printed on whichever printer a person chose (DEV-6, PRN-7)."""

from typing import Any, Final

from edge.domain import commands as c
from edge.domain.devices import (
    TEST_CHARS,
    printer_of,
    read_sticker,
    sticker_code,
    the_device,
    the_station,
)
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.world import World

STATION: Final = "@S:"
"""Begins the code of a station's sticker, and no other code."""


def station_code(station_id: str) -> str:
    """Return the text of a station's QR."""
    return f"{STATION}{station_id}"


def ask(turn: Turn, data: c.DeviceLabel) -> dict[str, Any]:
    """Ask a printer for a label of the site; it leaves at most once."""
    printer = printer_of(turn.world, data.device)
    code, refs = _subject(turn.world, data.code)
    label = turn.env.new_id()[-TEST_CHARS:]
    turn.emit("device.label_asked", f"device:{printer.id}", refs, device=printer.id, label=label,
              code=code)  # fmt: skip
    return {"device": printer.id, "label": label}


def _subject(world: World, code: str) -> tuple[str, tuple[str, ...]]:
    """Return the code of a sticker, and whose it is; nothing where the label is that of the box."""
    if not code:
        return "", ()
    if code.startswith(STATION):
        station = the_station(world, code.removeprefix(STATION))
        return station_code(station.id), (f"station:{station.id}",)
    device, _ = read_sticker(world, code)
    return sticker_code(device.id), (f"device:{device.id}",)


def report(turn: Turn, data: c.DeviceLabelReport) -> dict[str, Any]:
    """Write down what became of a label."""
    printer = the_device(turn.world, data.device)
    if printer.label is None or printer.label.id != data.label or printer.label.state != "asked":
        raise RefusedError("outcome_known", device=printer.id)
    state = "failed" if data.reason else "confirmed" if data.proof else "sent"
    turn.emit("device.label_reported", f"device:{printer.id}", device=printer.id, label=data.label,
              state=state, proof=data.proof, reason=data.reason)  # fmt: skip
    return {"device": printer.id}
