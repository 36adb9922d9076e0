"""Fixed scanners: each belongs to one station, and its scans go to that station's screen (DEV-5).

The screen handles the code as if its own scanner had read it. Where nobody is signed in, nothing
happens but an entry: a code alone means nothing without a person.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import structlog

from drivers.api import DriverError, OnScan, Scan, Scanner
from edge.app.floor import Floor
from edge.app.ports import Clock, Ids
from edge.domain.commands import ScanReport

UNCLAIMED_US: Final = 60_000_000
"""A scanner's scans that nobody claims are on record once in so long, with their number."""

log = structlog.get_logger()

OpenScanner = Callable[[str, OnScan], Scanner]


class Screens(Protocol):
    """Whoever reaches the screens of stations."""

    def screens(self, station: str) -> int:
        """Return how many screens of a station are connected."""

    def tell_station(self, station: str, frame: dict[str, Any]) -> bool:
        """Hand a frame to the station's screen; False where nobody is signed in there."""


class _Ear:
    """One adopted scanner."""

    def __init__(self, url: str, scanner: Scanner) -> None:
        self.url = url
        self.scanner = scanner
        self.unclaimed = 0
        self.told_us: int | None = None


class FixedScanners:
    """Listens to the adopted scanners."""

    def __init__(
        self, floor: Floor, clock: Clock, ids: Ids, screens: Screens, open_scanner: OpenScanner
    ) -> None:
        self._floor = floor
        self._clock = clock
        self._ids = ids
        self._screens = screens
        self._open_scanner = open_scanner
        self._ears: dict[str, _Ear] = {}
        self._stations: dict[str, str] = {}

    def is_open(self, device_id: str) -> bool:
        """Tell whether a scanner is there."""
        ear = self._ears.get(device_id)
        return ear is not None and ear.scanner.is_open

    def screens(self, station: str) -> int:
        """Return how many screens of a station are connected."""
        return self._screens.screens(station)

    def belongs(self, device_id: str, station: str) -> None:
        """Let a scanner speak for a station from now on, or for none."""
        self._stations[device_id] = station

    async def use(self, urls: dict[str, str], stations: dict[str, str]) -> None:
        """Listen to exactly these scanners (id → URL), each for its station (id → station)."""
        self._stations = dict(stations)
        for device_id, ear in tuple(self._ears.items()):
            if urls.get(device_id) != ear.url:
                del self._ears[device_id]
                await ear.scanner.close()
        for device_id, url in urls.items():
            if device_id not in self._ears:
                await self._listen(device_id, url)

    async def _listen(self, device_id: str, url: str) -> None:
        async def on_scan(scan: Scan) -> None:
            await self._heard(device_id, scan)

        try:
            scanner = self._open_scanner(url, on_scan)
        except DriverError as error:
            log.warning("scanner cannot be used", device=device_id, problem=str(error))
            return
        self._ears[device_id] = _Ear(url, scanner)
        await scanner.start()

    async def _heard(self, device_id: str, scan: Scan) -> None:
        """Hand a scan to the station's screen, or note that nobody claimed it."""
        frame = {
            "t": "scan",
            "id": self._ids.new_id(),
            "device": device_id,
            "code": "" if scan.problem else scan.text,
            "symbology": scan.symbology,
            "problem": scan.problem,
            "at": self._clock.now_us(),
        }
        station = self._stations.get(device_id, "")
        if station and self._screens.tell_station(station, frame):
            return
        ear = self._ears.get(device_id)
        if ear is None:  # given up while this scan was on its way
            return
        ear.unclaimed += 1
        now_us = self._clock.boot_us()
        if ear.told_us is not None and now_us - ear.told_us < UNCLAIMED_US:
            return
        codes, ear.unclaimed, ear.told_us = ear.unclaimed, 0, now_us
        data = ScanReport(device_id, station, codes)
        await self._floor.insist(data, via="driver", actor="scanning")

    async def close(self) -> None:
        """Stop listening; may be called twice."""
        await self.use({}, {})
