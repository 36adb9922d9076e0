"""The keeper of devices: what discovery sees becomes entries, what is adopted is put to use.

Two directions meet here, and both are level-triggered, so nothing is missed for good:
- discovery → journal. Whenever discovery tells of a change, and every few seconds, each device that
  it sees is matched to a known one and reported where it differs. Only what differs is an entry.
- journal → use. Whenever devices or stations change, the print queue's printers and the fixed
  scanners are brought in line with what is adopted and bound. A found device is in neither.

A printer that works is left alone by discovery: its lock says so, and we tell discovery that it is
there. One that cannot be reached is searched for at once, and followed to its new address.

While the box was off an address may have changed hands. So after a start a printer that has an id
is barred until it was seen, or until nothing contradicted it for `SHOW_US`; and a stranger at its
address is never printed on.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol
from weakref import WeakValueDictionary

import structlog

from drivers.api import Device as Seen
from drivers.api import DriverError, Kind, Printer, Sighting, Source, State, place_of
from edge.app.devicematch import (
    Answers,
    bare,
    fresh_id,
    gone,
    is_worth_telling,
    known_as,
    report_of,
    who_answers,
)
from edge.app.fixedscanners import FixedScanners
from edge.app.floor import Floor
from edge.app.oneoff import Outcome
from edge.app.ownlabels import OwnLabels
from edge.app.ports import Clock, Committed, Reader
from edge.app.printers import OFFLINE, STRANGER, UNSEEN, PrinterBoard, PrinterSlot
from edge.app.tasks import Tasks
from edge.domain.commands import DeviceReport, SiteConfigure
from edge.domain.devices import STICKER
from edge.domain.model import Device, Equipment, Station
from edge.domain.model.devices import EQUIPMENT
from edge.domain.stickers import STATION

LOOK_S: Final = 5.0
"""Between looks at what discovery sees, where it tells of no change."""
CALM_S: Final = 0.2
"""Discovery tells of changes in bursts; they are taken together."""
GRACE_US: Final = 150_000_000
"""So long after a start a device that nothing sees is not yet called gone."""
REMIND_US: Final = 30_000_000
"""Between words to discovery that an adopted device is in use and well."""
SHOW_US: Final = 15_000_000
"""So long after a start a printer may take to be seen, before it is believed to be itself: enough
for an announcement, and for a sweep of 254 addresses with its questions."""
REPORTS_MAX: Final = 8
REPORTS_US: Final = 600_000_000
"""A device is reported at most `REPORTS_MAX` times in so long: a bad cable fills no journal."""

log = structlog.get_logger()


class Finder(Protocol):
    """What this keeper needs of discovery; see `drivers.api.make_discovery`."""

    problems: dict[Source, str]

    async def start(self) -> None:
        """Begin to look."""

    async def stop(self) -> None:
        """End; may be called twice."""

    def devices(self) -> tuple[Seen, ...]:
        """Return all devices as they stand."""

    def add(self, seen: Sighting) -> None:
        """Take a sighting from outside."""

    def suspect(self, key: str) -> None:
        """Look at a device at once."""


MakeFinder = Callable[[Callable[[str], asyncio.Lock], Callable[[Seen], None]], Finder]


class DeviceKeeper:
    """Knows the devices and stations of the site while the box runs."""

    def __init__(
        self,
        floor: Floor,
        reader: Reader,
        clock: Clock,
        board: PrinterBoard,
        scanners: FixedScanners,
        labels: OwnLabels,
        open_printer: Callable[[str], Printer],
    ) -> None:
        self._floor = floor
        self._reader = reader
        self._clock = clock
        self._board = board
        self._scanners = scanners
        self._labels = labels
        self._open_printer = open_printer
        self._devices: dict[str, Device] = {}
        self._stations: dict[str, Station] = {}
        self._urls: dict[str, str] = {}
        """How each printer that is in use is reached."""
        self._finder: Finder | None = None
        self._problem = ""
        """Why there is no discovery."""
        self._must_show = False
        """Printers that come into use now may be others than those that were adopted."""
        self._keys: dict[str, str] = {}
        """Discovery's key of each device."""
        self._ours = asyncio.Lock()
        """Held for good: whoever asks for it is told that the address is in use."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._reports: dict[str, deque[int]] = {}
        self._reminded_us: dict[str, int] = {}
        self._offline: set[str] = set()
        self._started_us = 0
        self._is_stale = asyncio.Event()
        self._refreshing = asyncio.Lock()
        self._news = asyncio.Event()
        self._tasks = Tasks()

    @property
    def problems(self) -> dict[str, str]:
        """What keeps discovery's sources from looking, by source."""
        if self._problem:
            return {"discovery": self._problem}
        found = self._finder.problems if self._finder is not None else {}
        return {str(source): problem for source, problem in found.items()}

    def is_scanner_open(self, device_id: str) -> bool:
        """Tell whether an adopted scanner is there."""
        return self._scanners.is_open(device_id)

    def screens(self, station: str) -> int:
        """Return how many screens of a station are connected."""
        return self._scanners.screens(station)

    # ---- life ---------------------------------------------------------------------------------

    async def load(self, configured: SiteConfigure, *, will_look: bool) -> None:
        """Take over the configuration, and put to use what is adopted.

        With discovery to come (`will_look`), a printer that has an id is to be seen first.
        """
        self._must_show = will_look
        await self._ours.acquire()
        await self._floor.insist(configured, via="box", actor="config")
        await self._refresh()
        for device in self._devices.values():
            if device.test is not None and device.test.state == "asked":
                await self._labels.report_test(device.id, device.test.id, "restarted")
            if device.label is not None and device.label.state == "asked":
                await self._labels.report(device.id, device.label.id, Outcome("restarted"))
        self._must_show = False
        self._board.listen(self._on_board)

    async def start(self, make: MakeFinder | None) -> None:
        """Begin to follow: discovery where there is one, and the journal always."""
        self._started_us = self._clock.boot_us()
        self._tasks.start(self._keep_up(), "devices used")
        if make is None:
            return
        try:
            self._finder = make(self._lock_for, lambda _: self._news.set())
        except DriverError as error:
            log.error("discovery cannot begin", cause=error.cause, hint=error.hint)  # noqa: TRY400
            self._problem = f"{error}; {error.hint}"
            for slot in self._board.slots:
                self._board.bar(slot.id, "")  # nobody will tell
            return
        self._remind(self._finder)
        await self._finder.start()
        self._tasks.start(self._follow(self._finder), "devices seen")

    async def stop(self) -> None:
        """End all; may be called after a failed start, and twice."""
        await self._tasks.stop()
        if self._finder is not None:
            await self._finder.stop()
        await self._scanners.close()

    def on_commit(self, committed: Committed) -> None:
        """Note that devices or stations changed; print the labels that were asked for."""
        kinds = [draft.kind for draft in committed.drafts]
        if any(kind.startswith(("device.", "station.")) for kind in kinds):
            self._is_stale.set()
        for draft in committed.drafts:
            if draft.kind == "device.test_asked":
                self._tasks.start(self._test(draft.data["device"]), "test label")
            elif draft.kind == "device.label_asked":
                self._tasks.start(self._stick(draft.data["device"]), "sticker")
            elif draft.kind in ("device.bound", "device.unbound"):  # holds before the answer does
                station = draft.data["station"] if draft.kind == "device.bound" else ""
                self._scanners.belongs(draft.data["device"], station)

    async def _test(self, device_id: str) -> None:
        await self._refresh()  # it may have been adopted a moment ago
        found = await self._reader.doc(Device, device_id)
        if isinstance(found, Device) and found.test is not None:
            await self._labels.test(found, self._station_name(device_id))

    async def _stick(self, device_id: str) -> None:
        await self._refresh()
        printer = self._devices.get(device_id)
        if printer is None or printer.label is None:
            return
        code = printer.label.code
        subject: Station | Device | None = None
        if code.startswith(STATION):
            subject = self._stations.get(code.removeprefix(STATION))
        elif code:
            subject = self._devices.get(code.removeprefix(STICKER))
        if code and subject is None:  # forgotten a moment ago
            await self._labels.report(printer.id, printer.label.id, Outcome("label"))
            return
        place = self._station_name(subject.id) if subject is not None else ""
        await self._labels.stick(printer, subject, place)

    def _station_name(self, device_id: str) -> str:
        named = (
            s.name.zh for s in self._stations.values() if device_id in (*s.printers, *s.scanners)
        )
        return next(named, "")

    async def _keep_up(self) -> None:
        """Put to use what the journal says, whenever it says something new."""
        while True:
            await self._is_stale.wait()
            try:
                await self._refresh()
            except Exception:
                log.exception("devices are not put to use")
                self._is_stale.set()
                await asyncio.sleep(LOOK_S)

    async def _follow(self, finder: Finder) -> None:
        """Report what discovery sees; a failure is told, and the next round comes."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            await asyncio.sleep(CALM_S)
            self._news.clear()
            try:
                self._admit(finder)
                self._remind(finder)
                await self._report(finder)
            except Exception:
                log.exception("devices are not followed")
                await asyncio.sleep(LOOK_S)

    # ---- journal → use ------------------------------------------------------------------------

    async def _refresh(self) -> None:
        """Read devices and stations anew, and put to use what is adopted."""
        async with self._refreshing:
            await self._put_to_use()

    async def _put_to_use(self) -> None:
        while True:  # what changed while it was read would otherwise be undone for a moment
            self._is_stale.clear()
            async with self._reader.snapshot() as held:
                known = await held.doc(Equipment, EQUIPMENT)
                if not isinstance(known, Equipment):
                    return
                devices = [await held.doc(Device, each) for each in known.devices]
                stations = [await held.doc(Station, each) for each in known.stations]
            if not self._is_stale.is_set():
                break
        self._devices = {each.id: each for each in devices if isinstance(each, Device)}
        before, self._stations = self._stations, {}
        self._stations = {each.id: each for each in stations if isinstance(each, Station)}
        adopted = [device for device in self._devices.values() if device.is_adopted]
        used = {device.id for device in adopted}
        self._reminded_us = {d: us for d, us in self._reminded_us.items() if d in used}
        self._use_printers({each.id: each for each in adopted if each.kind == "printer"})
        for station_id in {*before, *self._stations}:
            station = self._stations.get(station_id)
            printers = station.printers if station is not None else ()
            if printers != (before[station_id].printers if station_id in before else ()):
                self._board.bind(station_id, printers)
        owners = {gun: s.id for s in self._stations.values() for gun in s.scanners}
        guns = {each.id: each.url for each in adopted if each.kind == "scanner"}
        await self._scanners.use(guns, owners)

    def _use_printers(self, wanted: dict[str, Device]) -> None:
        for device_id in [each for each in self._urls if each not in wanted]:
            del self._urls[device_id]
            self._tasks.start(self._board.remove(device_id), "printer goes")
        for device in wanted.values():
            name = device.fact("name") or device.id
            slot = self._board.get(device.id)
            if slot is not None and slot.name != name:
                self._board.rename(device.id, name)
            if self._urls.get(device.id) == device.url:
                continue
            try:
                printer = self._open_printer(device.url)
            except DriverError as error:
                log.warning("printer cannot be used", device=device.id, problem=str(error))
                continue
            self._urls[device.id] = device.url
            if slot is None:
                slot = PrinterSlot(device.id, name, printer)
                slot.barred = UNSEEN if self._must_show and _has_identity(device) else ""
                self._board.add(slot)
            else:
                log.info("printer is elsewhere", device=device.id, url=device.url)
                self._tasks.start(self._board.move(device.id, printer), "printer moves")

    # ---- discovery → journal ------------------------------------------------------------------

    async def _report(self, finder: Finder) -> None:
        """Report what differs from what is known."""
        here: set[str] = set()
        for seen in finder.devices():
            if not is_worth_telling(seen):
                continue
            known = known_as(seen, [d for d in self._devices.values() if d.id not in here])
            if known is None and seen.state in (State.STALE, State.GONE):
                continue
            device_id = known.id if known else fresh_id(seen.key, (*self._devices, *here))
            here.add(device_id)
            self._keys[device_id] = seen.key
            await self._tell(report_of(device_id, seen, known), known)
        if self._clock.boot_us() - self._started_us < GRACE_US:
            return
        for device in tuple(self._devices.values()):
            if device.id not in here and device.seen != State.GONE:
                await self._tell(gone(device), device)

    async def _tell(self, report: DeviceReport, known: Device | None) -> None:
        """Send a report that says something new, unless its device spoke too often lately."""
        if known is not None and _says_nothing(report, known):
            return
        now_us = self._clock.boot_us()
        told = self._reports.setdefault(report.device, deque(maxlen=REPORTS_MAX))
        if len(told) == REPORTS_MAX and now_us - told[0] < REPORTS_US:
            return
        told.append(now_us)
        outcome = await self._floor.insist(report, via="driver", actor="discovery")
        if not outcome.answer.ok:
            log.warning("device is not listed", device=report.device, code=outcome.answer.code)

    def _admit(self, finder: Finder) -> None:
        """Bar the printers at whose address others answer; let those print that were seen."""
        seen = finder.devices()
        is_late = self._clock.boot_us() - self._started_us >= SHOW_US
        for device in self._devices.values():
            slot = self._board.get(device.id)
            if slot is None or not _has_identity(device):
                continue
            answers = who_answers(device, seen)
            if answers is Answers.STRANGER:
                self._board.bar(slot.id, STRANGER)
            elif answers is Answers.ITSELF or (slot.barred == UNSEEN and is_late):
                self._board.bar(slot.id, "")

    # ---- what discovery is told ---------------------------------------------------------------

    def _lock_for(self, url: str) -> asyncio.Lock:
        """Return the lock of an address; of a printer that works, one that is never free."""
        place = place_of(bare(url))
        for device_id, used in self._urls.items():
            if place_of(bare(used)) == place:
                slot = self._board.get(device_id)
                is_asked = slot is not None and (slot.barred or slot.fault == OFFLINE)
                return slot.lock if slot is not None and is_asked else self._ours
        return self._locks.setdefault(place, asyncio.Lock())

    def _on_board(self) -> None:
        """Have a printer looked for that was just lost."""
        offline = {slot.id for slot in self._board.slots if slot.fault == OFFLINE}
        lost, self._offline = offline - self._offline, offline
        for device_id in sorted(lost):
            if self._finder is not None and device_id in self._keys:
                self._finder.suspect(self._keys[device_id])

    def _remind(self, finder: Finder) -> None:
        """Tell discovery of what is adopted: at first, and again while it is well."""
        now_us = self._clock.boot_us()
        where = {each.key: each for each in finder.devices()}
        for device in self._devices.values():
            told_us = self._reminded_us.get(device.id)
            slot = self._board.get(device.id)
            if slot is not None and slot.barred:
                continue  # what we believe must not count as seen
            if not device.is_adopted or (told_us is not None and now_us - told_us < REMIND_US):
                continue
            if told_us is not None and not self._is_well(device, where):
                continue
            self._reminded_us[device.id] = now_us
            finder.add(_sighting(device, now_us))

    def _is_well(self, device: Device, where: dict[str, Seen]) -> bool:
        """Whether it was reached where we believe it to be, and discovery says nothing else."""
        if device.kind == "scanner":
            return self._scanners.is_open(device.id)
        slot = self._board.get(device.id)
        seen = where.get(self._keys.get(device.id, ""))
        is_here = seen is None or place_of(bare(device.url)) in map(place_of, seen.urls)
        return slot is not None and slot.fault != OFFLINE and is_here


def _has_identity(device: Device) -> bool:
    """Whether a printer can be told from another one at its address.

    What the configuration names is whatever stands there.
    """
    return device.kind == "printer" and bool(device.ids) and not device.configured_url


def _says_nothing(report: DeviceReport, known: Device) -> bool:
    """Whether a report is what is known; what a person said of a field is not discovery's."""
    manual = {name: f for name, f in known.facts.items() if f.source == str(Source.MANUAL)}
    return report.facts | manual == known.facts and all(
        getattr(report, field) == getattr(known, field)
        for field in ("kind", "seen", "ids", "urls", "url", "sources", "conflicts")
    )


def _sighting(device: Device, at_us: int) -> Sighting:
    """Return what a person said of a device, as a sighting."""
    fields = {"uuid": "uuid", "serial": "serial", "mac": "mac", "usb": "usb_path"}
    ids: dict[str, str] = {}
    for each in device.ids:
        sort, _, value = each.partition(":")
        if sort in fields:
            ids.setdefault(fields[sort], value)
    return Sighting(
        source=Source.MANUAL,
        at_us=at_us,
        kind=Kind(device.kind),
        urls=(bare(device.url),),
        name=device.fact("name"),
        language=_language(device),
        **ids,
    )


def _language(device: Device) -> str:
    """Return the language that the device's URL names; IPP needs no name."""
    return device.url.partition("lang=")[2].partition("&")[0]
