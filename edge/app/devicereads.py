"""What is asked of devices and stations: the journal's word, and how they are at this moment."""

from collections import Counter
from functools import partial
from typing import Protocol

import msgspec

from edge.app.ports import Clock, Reader
from edge.app.printers import OFFLINE, PrinterBoard
from edge.app.reads import Views
from edge.domain.device_views import (
    DeviceView,
    StationDevice,
    StationView,
    device_view,
    station_view,
)
from edge.domain.devices import equipment
from edge.domain.model import Equipment, Job, Session
from edge.domain.refusals import RefusedError
from edge.domain.rules import Ruleset
from edge.domain.rulesets import active_rules


class Keeper(Protocol):
    """What only the running box knows of devices."""

    @property
    def problems(self) -> dict[str, str]:
        """What keeps discovery's sources from looking, by source."""

    def is_scanner_open(self, device_id: str) -> bool:
        """Tell whether an adopted scanner is there."""

    def screens(self, station: str) -> int:
        """Return how many screens of a station are connected."""


class DeviceList(msgspec.Struct, frozen=True):
    """The devices, adopted ones first, and what keeps discovery from looking."""

    devices: list[DeviceView]
    problems: dict[str, str]


class DeviceReads:
    """Answers what clients ask of devices."""

    def __init__(self, reader: Reader, clock: Clock, board: PrinterBoard, keeper: Keeper) -> None:
        self._reader = reader
        self._clock = clock
        self._board = board
        self._keeper = keeper

    async def devices(self, session: Session | None = None) -> DeviceList:
        """Return all devices to whoever may adopt them; to others what is adopted."""
        async with self._reader.snapshot() as held:
            views = Views(held)
            rules = await views.run(active_rules)
            known = await views.run(equipment)
            jobs = await self._jobs(held, known)
            found = [await self._device(views, each, rules, jobs) for each in known.devices]
        may_see_all = session is None or rules.may(session.roles, "device.adopt")
        shown = [each for each in found if each is not None and (may_see_all or each.adopted)]
        shown.sort(key=lambda each: (not each.adopted, each.kind, each.name, each.id))
        return DeviceList(shown, self._keeper.problems if may_see_all else {})

    async def device(self, device_id: str, session: Session | None = None) -> DeviceView:
        """Return a device; refuse where there is none, or none that the caller may see."""
        for view in (await self.devices(session)).devices:
            if view.id == device_id:
                return view
        raise RefusedError("unknown_device", device=device_id)

    async def stations(self) -> list[StationView]:
        """Return the stations, with the printers and scanners that are bound to them."""
        now_us = self._clock.now_us()
        async with self._reader.snapshot() as held:
            views = Views(held)
            rules = await views.run(active_rules)
            known = await views.run(equipment)
            found = [
                await views.run(partial(station_view, station_id=each, rules=rules, now_us=now_us))
                for each in known.stations
            ]
        return [
            msgspec.structs.replace(
                station,
                printers=[self._with_fault(each, "printer") for each in station.printers],
                scanners=[self._with_fault(each, "scanner") for each in station.scanners],
                screens=self._keeper.screens(station.id),
            )
            for station in found
        ]

    async def _device(
        self, views: Views, device_id: str, rules: Ruleset, jobs: Counter[str]
    ) -> DeviceView | None:
        now_us = self._clock.now_us()
        shown = partial(device_view, device_id=device_id, rules=rules, now_us=now_us)
        view = await views.run(shown)
        if view is None or not view.adopted:
            return view
        fault = self._fault(view.id, view.kind)
        return msgspec.structs.replace(view, fault=fault, jobs=jobs[view.id])

    def _with_fault(self, shown: StationDevice, kind: str) -> StationDevice:
        return msgspec.structs.replace(shown, fault=self._fault(shown.id, kind))

    def _fault(self, device_id: str, kind: str) -> str:
        """Return what ails an adopted device: a key of the locale files (`job_reason`)."""
        if kind == "scanner":
            return "" if self._keeper.is_scanner_open(device_id) else OFFLINE
        slot = self._board.get(device_id)
        return slot.fault if slot is not None else OFFLINE

    async def _jobs(self, held: Reader, known: Equipment) -> Counter[str]:
        """Return how many jobs wait for each printer: those of stations whose first it is."""
        waiting = await held.counts(Job, "active")
        jobs: Counter[str] = Counter()
        for station in known.stations:
            for slot in self._board.group(station)[:1]:
                jobs[slot.id] += waiting.get(station, 0)
        return jobs
