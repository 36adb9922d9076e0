"""The printers of the site, and which station prints on which. Both may change at any time."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import structlog

from drivers.api import DriverError, Printer
from edge.app.ports import Clock

OFFLINE: Final = "offline"
"""The fault of a printer that cannot be reached or does not answer."""
UNSEEN: Final = "unseen"
"""The fault of a printer that has not yet shown, since the start, that it is the one adopted."""
STRANGER: Final = "stranger"
"""The fault of a printer at whose address another device answers."""

log = structlog.get_logger()


class PrinterSlot:
    """A printer of the site; one copy at a time goes through it."""

    def __init__(self, printer_id: str, name: str, printer: Printer) -> None:
        self.id = printer_id
        self.name = name
        self.printer = printer
        self.lock = asyncio.Lock()
        """Held during every exchange."""
        self.holds = ""
        """The job whose copy it may still print, though the queue has gone on; or nothing."""
        self.fault = ""
        """What is wrong with it now: offline, paper, head … or nothing."""
        self.barred = ""
        """Why nothing is sent to its address: UNSEEN, STRANGER or nothing."""
        self.since_us = 0
        """Since when it is as it is."""
        self.looks = 0
        """How often it was found ill since it was well."""
        self.is_busy = False
        """It said that it has work in hand."""
        self.can_count = False
        """It has told its odometer once."""

    @property
    def is_free(self) -> bool:
        """Whether a copy could be sent to it, as far as is known."""
        return not (self.fault or self.barred or self.holds)


class PrinterBoard:
    """What the print queue knows of printers. `group` lists a station's in the order of use."""

    def __init__(
        self,
        clock: Clock,
        slots: Iterable[PrinterSlot] = (),
        groups: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._clock = clock
        self._slots = {slot.id: slot for slot in slots}
        self._groups = dict(groups or {})
        self._listeners: list[Callable[[], None]] = []

    @property
    def slots(self) -> tuple[PrinterSlot, ...]:
        """Every printer, in the order of their coming."""
        return tuple(self._slots.values())

    def group(self, station: str) -> tuple[PrinterSlot, ...]:
        """Return the printers of a station; those that are not there are left out."""
        return tuple(self._slots[p] for p in self._groups.get(station, ()) if p in self._slots)

    def get(self, printer_id: str) -> PrinterSlot | None:
        """Return a printer, or None where it is gone."""
        return self._slots.get(printer_id)

    def add(self, slot: PrinterSlot) -> None:
        """Put a printer to use; one of the same id is replaced."""
        self._slots[slot.id] = slot
        self._tell()

    async def remove(self, printer_id: str) -> None:
        """Use a printer no more; a copy that is on its way through it ends first."""
        slot = self._slots.pop(printer_id, None)
        if slot is None:
            return
        self._tell()
        async with slot.lock:
            await slot.printer.close()

    async def move(self, printer_id: str, printer: Printer) -> None:
        """Reach a printer another way, after what goes through it now; its copies stay with it."""
        slot = self._slots.get(printer_id)
        if slot is None:
            return
        async with slot.lock:
            await slot.printer.close()
            slot.printer = printer

    def rename(self, printer_id: str, name: str) -> None:
        """Call a printer by another name."""
        self._slots[printer_id].name = name
        self._tell()

    def bar(self, printer_id: str, why: str) -> None:
        """Send nothing to a printer's address for a reason, or let it print again for none."""
        slot = self._slots.get(printer_id)
        if slot is not None and slot.barred != why:
            slot.barred = why
            self._note(slot, why)

    def bind(self, station: str, printers: tuple[str, ...]) -> None:
        """Let a station print on these, the first one first."""
        self._groups[station] = printers
        self._tell()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever a printer or a binding changes, or falls ill, or is well."""
        self._listeners.append(listener)

    async def look(self, slot: PrinterSlot) -> str:
        """Ask a printer how it is, and return its fault or nothing. The caller holds its lock."""
        if slot.barred:
            slot.looks += 1
            self._note(slot, slot.barred)
            return slot.barred
        try:
            await slot.printer.open()
            status = await slot.printer.status()
            fault = status.faults[0] if status.faults else ""
            slot.is_busy = status.busy
        except DriverError as error:
            await slot.printer.close()
            log.debug("printer does not answer", printer=slot.id, problem=str(error))
            fault, slot.is_busy = OFFLINE, False
        if fault == "online":  # the printer itself says that it is off line
            fault = OFFLINE
        slot.looks = slot.looks + 1 if fault else 0
        self._note(slot, fault)
        return fault

    def _note(self, slot: PrinterSlot, fault: str) -> None:
        """Keep how a printer is, and tell of a change; the first time is a warning."""
        if fault == slot.fault:
            return
        now_us = self._clock.now_us()
        if fault:
            log.warning("printer fell ill", printer=slot.id, fault=fault)
        else:
            took_s = round((now_us - slot.since_us) / 1e6)
            log.info("printer is well again", printer=slot.id, fault=slot.fault, took_s=took_s)
        slot.fault, slot.since_us = fault, now_us
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
