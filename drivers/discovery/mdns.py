"""Printers that announce themselves by DNS-SD (RFC 6762, RFC 6763).

What was announced once may be off the net since: every round asks each known service again and
reports those that do not answer as missed (RFC 6762 section 10.4).
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from zeroconf import IPVersion, ServiceStateChange, Zeroconf, current_time_millis
from zeroconf._dns import DNSQuestion
from zeroconf._protocol.outgoing import DNSOutgoing
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf
from zeroconf.const import _CLASS_IN, _FLAGS_QR_QUERY, _TYPE_SRV

from drivers.discovery.model import Miss, Sighting, Source
from drivers.discovery.passive import SERVICE_TYPES, Service, sighting_of_service

NAMES_MAX: Final = 512
"""Services followed at once; one that fell silent makes room for a new one."""
RESOLVE_MS: Final = 3_000
RESOLVING_MAX: Final = 16
ANSWER_S: Final = 1.0
"""Responders wait up to 120 ms, lossy Wi-Fi longer."""


class MdnsSource:
    """See `drivers.discovery.manager.Watcher`."""

    source = Source.MDNS

    def __init__(
        self,
        interfaces: tuple[str, ...],
        interval_s: float,
        now_us: Callable[[], int],
        emit: Callable[[Sighting | Miss], None],
    ) -> None:
        self.interval_s = interval_s
        self._interfaces = list(interfaces)
        self._now_us = now_us
        self._emit = emit
        self._zeroconf: AsyncZeroconf | None = None
        self._browser: AsyncServiceBrowser | None = None
        self._urls: dict[tuple[str, str], tuple[str, ...]] = {}
        self._silent: dict[tuple[str, str], None] = {}
        """Those that did not answer when asked last, or were removed, the first one first."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(RESOLVING_MAX)

    async def start(self) -> None:
        """Listen; raise `OSError` when no interface can be used."""
        for address in self._interfaces:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
                own.bind((address, 0))  # fails for an address that is not ours
        zeroconf = (
            AsyncZeroconf(interfaces=self._interfaces, ip_version=IPVersion.V4Only)
            if self._interfaces
            else AsyncZeroconf(ip_version=IPVersion.V4Only)
        )
        self._zeroconf = zeroconf
        self._browser = AsyncServiceBrowser(
            zeroconf.zeroconf, list(SERVICE_TYPES), handlers=[self._heard]
        )

    async def stop(self) -> None:
        """Fall silent; may be called twice."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        browser, self._browser = self._browser, None
        if browser is not None:
            await browser.async_cancel()
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is not None:
            await zeroconf.async_close()

    async def look(self) -> None:
        """Ask every known service whether it is still there."""
        if self._zeroconf is None:
            return
        asked_ms = current_time_millis()
        question = DNSOutgoing(_FLAGS_QR_QUERY)
        for _, name in self._urls:
            question.add_question(DNSQuestion(name, _TYPE_SRV, _CLASS_IN))
        if self._urls:
            self._zeroconf.zeroconf.async_send(question)
        await asyncio.sleep(ANSWER_S)
        for (type_, name), urls in list(self._urls.items()):
            if self._answered_ms(name) >= asked_ms:
                self._tell(AsyncServiceInfo(type_, name))
            else:
                self._silent[type_, name] = None
                self._miss(urls)

    def _answered_ms(self, name: str) -> float:
        assert self._zeroconf is not None
        cache = self._zeroconf.zeroconf.cache
        records = cache.get_all_by_details(name, _TYPE_SRV, _CLASS_IN)
        return max((record.created for record in records), default=0.0)

    def _heard(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        key = (service_type, name)
        if state_change is ServiceStateChange.Removed:
            # It carries no address. A name is kept: lossy Wi-Fi removes what comes back at once.
            self._miss(self._urls.get(key, ()))
            if key in self._urls:
                self._silent[key] = None
        elif key in self._urls or self._has_room():
            task = asyncio.get_running_loop().create_task(self._resolve(zeroconf, *key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _has_room(self) -> bool:
        """Tell whether one service more may be followed; forget one that is silent, if need be."""
        if len(self._urls) + len(self._tasks) < NAMES_MAX:
            return True
        gone = next(iter(self._silent), None)
        if gone is None:
            return False
        del self._silent[gone], self._urls[gone]
        return True

    async def _resolve(self, zeroconf: Zeroconf, type_: str, name: str) -> None:
        async with self._turns:
            info = AsyncServiceInfo(type_, name)
            if await info.async_request(zeroconf, RESOLVE_MS):  # looks into the cache first
                self._tell(info)

    def _tell(self, info: AsyncServiceInfo) -> None:
        if self._zeroconf is None or not info.load_from_cache(self._zeroconf.zeroconf):
            return
        service = Service(
            info.type,
            info.name.removesuffix(f".{info.type}"),
            info.port or 0,
            tuple(info.parsed_addresses(IPVersion.V4Only)),
            info.properties,
        )
        seen = sighting_of_service(service, self._now_us())
        if seen is not None:
            self._urls[info.type, info.name] = seen.urls
            self._silent.pop((info.type, info.name), None)
            self._emit(seen)

    def _miss(self, urls: tuple[str, ...]) -> None:
        for url in urls:
            self._emit(Miss(Source.MDNS, url, self._now_us()))
