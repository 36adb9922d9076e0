"""Everything that a demo runs: hub and box as processes, printers, WAN and Wi-Fi in this one."""

import asyncio
import ssl
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from drivers.api import DriverError, announce_printer, fake_printer
from edge.demo.access_point import AccessPoint
from edge.demo.children import Child
from edge.demo.client import trusting
from edge.demo.crew import Camera
from edge.demo.relay import Relay
from edge.demo.site import BOX, HOST, DemoError, Site
from edge.finding import Service

if TYPE_CHECKING:
    from collections.abc import Coroutine

SECONDS_PER_LABEL: Final = 0.02
MAKE: Final = "Floorgate"


class Stage:
    """The demo's machines. `say` is told what starts and what is started again."""

    def __init__(self, site: Site, say: Callable[[str], None]) -> None:
        self.site = site
        self.camera = Camera()
        self.printers = [
            fake_printer(
                lang, HOST, site.port(lang), out_dir=site.labels, on_label=self.camera.on_label
            )
            for lang in ("tspl", "zpl")
        ]
        self._services = [
            _service(site, each.lang, each.model)
            for each in self.printers
            if not site.names_printers
        ]
        self._announcing: list[asyncio.Task[None]] = []
        self.wan = Relay(HOST, site.port("wan"), site.port("hub"))
        self.wifi: AccessPoint | None = None
        self.children: list[Child] = []
        self._say = say

    @property
    def restarts(self) -> int:
        """How often a child had to be started again."""
        return sum(child.restarts for child in self.children)

    @property
    def ca_file(self) -> Path:
        """The box's own authority."""
        return self.site.box_data / "tls" / "ca.pem"

    @property
    def tls(self) -> ssl.SSLContext:
        """What a client needs to trust the box."""
        return trusting(self.ca_file)

    async def start(self) -> None:
        """Start all machines; the Wi-Fi comes with `open_doors`."""
        site = self.site
        site.check_ports()
        token = site.prepare()
        for printer in self.printers:
            printer.seconds_per_label = SECONDS_PER_LABEL
            await printer.start()
        self._announcing = [asyncio.create_task(self._announce(each)) for each in self._services]
        await self.wan.start()
        hub = ["hub", "--data", str(site.hub_data), "--port", str(site.port("hub"))]
        await self._child("hub", [*hub, "--box", f"{BOX}={token}"])
        await self._child("box", ["serve", "--config", str(site.config_file)])

    async def _announce(self, service: Service) -> None:
        try:
            await service.start()
        except DriverError as error:
            self._say(f"a printer cannot announce itself here: {error.cause}")

    async def _child(self, name: str, arguments: Sequence[str]) -> None:
        self._say(f"starting the {name}")
        child = Child(name, arguments, self.site.logs / f"{name}.log", self._say)
        self.children.append(child)
        await child.start()

    async def open_doors(self, own: list[web.RouteDef]) -> AccessPoint:
        """Start the Wi-Fi, with the demo's own routes beside the box's."""
        site = self.site
        doors = {door: site.port(door) for door in ("pda", "station")}
        self.wifi = AccessPoint(site.box_url, self.tls, host=site.listen, doors=doors, own=own)
        certificate = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        folder = self.ca_file.parent
        certificate.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
        try:
            await self.wifi.start(certificate)
        except OSError as error:
            raise DemoError(f"{site.listen} cannot be opened: {error.strerror}") from error
        return self.wifi

    async def stop(self) -> None:
        """Stop all machines; may be called after a failed start."""
        stops: list[Coroutine[None, None, None]] = [child.stop() for child in self.children]
        if self.wifi is not None:
            await self.wifi.stop()
        for task in self._announcing:
            task.cancel()
        await asyncio.gather(*self._announcing, return_exceptions=True)
        stops += [service.stop() for service in self._services]
        await asyncio.gather(*stops)
        await self.wan.stop()
        for printer in self.printers:
            await printer.stop()


def _service(site: Site, lang: str, model: str) -> Service:
    """Return what a printer says of itself; its identity stays when the demo's ports change."""
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{site.root}/{lang}")
    txt = {
        "txtvers": "1",
        "ty": f"{MAKE} {model}",
        "usb_MFG": MAKE,
        "usb_MDL": model,
        "usb_CMD": lang.upper(),
        "UUID": str(identity),
    }
    port = site.port(lang)
    return announce_printer(f"{MAKE} {lang.upper()} {port}", port, txt)
