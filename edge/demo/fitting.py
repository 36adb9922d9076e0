"""Putting the demo's printers to use, as whoever installs a box does.

The box finds them by itself. They are adopted, print a test label, and its code, read back, binds
them to their stations: the same commands as on the page of devices. Where this machine carries no
announcements, the printers are named by their addresses instead, and that is said.
"""

import asyncio
import time
from collections import Counter
from typing import Any, Final

import msgspec

from edge.demo.client import HttpFloor
from edge.demo.crew import FITTER, Camera
from edge.demo.floor import Json
from edge.demo.site import DemoError, Site

FIND_S: Final = 10.0
"""How long the box may take to find a printer, before it is named by hand."""
TEST_S: Final = 20.0
POLL_S: Final = 0.1
BY_HAND: Final = "manual"


class Fitted(msgspec.Struct, frozen=True):
    """How the printers came to be in use."""

    found_by: dict[str, int]
    """Printers, by the source that the box found them by."""
    proved: int
    """Of how many the test label was read back."""
    seconds: float

    def text(self) -> str:
        """Return it in one line."""
        by = ", ".join(f"{count} by {source}" for source, count in sorted(self.found_by.items()))
        return f"{by}; adopted, {self.proved} test labels read back, in {self.seconds:.1f} s"


class Fitter:
    """Puts the printers of a demo to use; those that are in use stay so."""

    def __init__(
        self, floor: HttpFloor, camera: Camera, site: Site, *, find_s: float = FIND_S
    ) -> None:
        self._floor = floor
        self._camera = camera
        self._site = site
        self._find_s = find_s

    async def fit(self) -> Fitted:
        """Return once every printer prints for its stations; raise `DemoError` where one cannot."""
        begun_s = time.monotonic()
        await self._floor.sign_in(FITTER.badge, FITTER.pin)
        end_s = begun_s + self._find_s
        found = [await self._found(lang, end_s) for lang in self._site.languages()]
        stickers = await asyncio.gather(*(self._put_to_use(device) for device in found))
        for station in (await self._floor.get("stations"))["stations"]:
            await self._bind(station, stickers)
        ready = [await self._floor.get(f"devices/{device['id']}") for device in found]
        await self._floor.sign_out()
        return Fitted(
            found_by=dict(Counter(_source(device) for device in ready)),
            proved=sum(not device["test"]["due"] for device in ready),
            seconds=round(time.monotonic() - begun_s, 1),
        )

    async def _found(self, lang: str, end_s: float) -> Json:
        """Return the printer of a language as the box sees it; name it where it stays unseen."""
        url = self._site.printer_url(lang)
        while True:
            for device in (await self._floor.get("devices"))["devices"]:
                if device["url"].partition("?")[0] == url.partition("?")[0]:
                    return dict(device)
            if time.monotonic() >= end_s:
                break
            await asyncio.sleep(POLL_S)
        named = {"url": url, "name": self._site.printer_name(lang), "kind": "printer"}
        added = await self._do("device.add", named)
        return await self._floor.get(f"devices/{added['device']}")

    async def _put_to_use(self, device: Json) -> str:
        """Adopt and test a printer; return the code that binds it."""
        if not device["adopted"]:
            name = self._site.printer_name(device["language"])
            await self._do("device.adopt", {"device": device["id"], "name": name})
        if device["test"]["due"]:
            await self._do("device.test", {"device": device["id"]})
            end_s = time.monotonic() + TEST_S
            while time.monotonic() < end_s:
                await self._camera.look()
                if code := self._camera.stickers.get(device["id"]):
                    return code
                await asyncio.sleep(POLL_S)
        return str(device["sticker"])  # binds, and proves nothing

    async def _bind(self, station: Json, stickers: list[str]) -> None:
        """Bind all printers to a station, each second one in the other order."""
        wanted = stickers if self._site.prefers_first(station["id"]) else stickers[::-1]
        bound = [printer["id"] for printer in station["printers"]]
        if bound != [_device_of(code) for code in wanted]:
            for code in reversed(wanted):  # what is bound last comes first
                await self._do("device.bind", {"code": code, "station": station["id"]})

    async def _do(self, kind: str, data: dict[str, Any]) -> Json:
        answer = await self._floor.command(kind, data)
        if not answer["ok"]:
            raise DemoError(f"{kind}: {answer['code']} {answer.get('facts', '')}")
        return dict(answer["facts"])


def _source(device: Json) -> str:
    """Return who found a device; what was named by hand was found by nobody."""
    return next((each for each in device["sources"] if each != BY_HAND), BY_HAND)


def _device_of(sticker: str) -> str:
    return sticker.split(":")[1]
