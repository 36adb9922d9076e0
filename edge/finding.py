"""The part of the composition root that has to do with devices: looking, listening, being found."""

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from drivers.api import (
    Device,
    DriverError,
    Raster,
    Settings,
    announce_box,
    builtin_template,
    check_label,
    make_discovery,
    open_printer,
    open_scanner,
    render_label,
)
from edge.app.devices import DeviceKeeper, Finder
from edge.app.fixedscanners import FixedScanners, Screens
from edge.app.floor import Floor
from edge.app.ownlabels import OwnLabels
from edge.app.ports import Clock, Ids, Reader
from edge.app.printers import PrinterBoard
from edge.boxlabel import box_fields
from edge.config import Config
from edge.domain.commands import ConfiguredPrinter, ConfiguredStation, SiteConfigure

ANNOUNCE_AGAIN_S: Final = 30.0
LOCAL_HOSTS: Final = ("127.0.0.1", "localhost", "::1")

log = structlog.get_logger()


class Service(Protocol):
    """A DNS-SD service of our own."""

    async def start(self) -> None:
        """Announce; raise `DriverError` where there is no network to announce on."""

    async def stop(self) -> None:
        """Say goodbye; may be called twice."""


def configured(config: Config) -> SiteConfigure:
    """Return what the configuration says of printers and stations."""
    printers = tuple(ConfiguredPrinter(each.id, each.name, each.url) for each in config.printers)
    stations = tuple(ConfiguredStation(s.id, s.name, s.printers) for s in config.stations)
    return SiteConfigure(printers, stations)


def keeper(
    config: Config,
    floor: Floor,
    reader: Reader,
    clock: Clock,
    ids: Ids,
    board: PrinterBoard,
    screens: Screens,
) -> DeviceKeeper:
    """Return the keeper of this box's devices, not yet loaded."""
    scanners = FixedScanners(floor, clock, ids, screens, open_scanner)
    labels = OwnLabels(floor, board, _render, partial(box_fields, config))
    return DeviceKeeper(floor, reader, clock, board, scanners, labels, open_printer)


def _render(template: str, fields: dict[str, Any]) -> Raster:
    return render_label(builtin_template(template), fields, check=check_label)


def finder(
    config: Config,
    clock: Clock,
    lock_for: Callable[[str], asyncio.Lock],
    on_change: Callable[[Device], None],
) -> Finder:
    """Return discovery as the configuration wants it, not yet started."""
    wanted = config.discovery
    settings = Settings(
        networks=wanted.networks,
        is_wide=wanted.wide,
        interfaces=_own_addresses(config),
        sources=wanted.sources,
        community=wanted.community,
    )
    return make_discovery(settings, clock.boot_us, lock_for, on_change)


def announcement(config: Config, tls: Path, url: str) -> Service:
    """Return the box's own DNS-SD service, with the fingerprint of its authority (DEV-6)."""
    fingerprint = ""
    if config.http.tls:
        pem = (tls / "ca.pem").read_text()
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    port = int(url.rpartition(":")[2])
    box = config.box
    return announce_box(box.id, box.name, port, fingerprint, _own_addresses(config))


async def announce(service: Service) -> None:
    """Announce the box; where there is no network for it yet, say so once and try again.

    After a power cut a box is up before the switch that it hangs on.
    """
    is_told = False
    while True:
        try:
            return await service.start()
        except DriverError as error:
            if not is_told:
                log.warning("the box is not announced", cause=error.cause, hint=error.hint)
            if not error.is_retryable:
                return None
        is_told = True
        await asyncio.sleep(ANNOUNCE_AGAIN_S)


async def withdraw(service: Service, announcing: "asyncio.Task[None]") -> None:
    """Say goodbye; an announcement that is still under way ends first."""
    announcing.cancel()
    await asyncio.gather(announcing, return_exceptions=True)
    await service.stop()


def _own_addresses(config: Config) -> tuple[str, ...]:
    """Return where to listen and announce: a box that serves the loopback only stays there."""
    is_local = config.http.host in LOCAL_HOSTS
    return config.discovery.interfaces or (LOCAL_HOSTS[:1] if is_local else ())
