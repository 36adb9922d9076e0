"""Looking for open printing ports in the networks that the operator allowed. Connects only."""

import asyncio
import ipaddress
from collections import defaultdict
from collections.abc import Callable
from enum import Enum
from itertools import product
from typing import Final

from drivers.discovery.model import IPP_PORT, LPD_PORT, Miss, Sighting, Source, place_of
from drivers.discovery.nets import attached, mac_of
from drivers.discovery.rounds import Rounds

IN_FLIGHT_MAX: Final = 64
CONNECT_TIMEOUT_S: Final = 0.3


class Door(Enum):
    """What became of a connection."""

    OPEN = 1
    REFUSED = 2
    """Somebody is there, and said no."""
    SILENT = 3


async def knock(host: str, port: int, timeout_s: float = CONNECT_TIMEOUT_S) -> Door:
    """Connect, send nothing, hang up."""
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return Door.REFUSED
    except OSError:  # TimeoutError is one
        return Door.SILENT
    writer.transport.abort()
    return Door.OPEN


def url_of(host: str, port: int) -> str:
    """Return how a printer at that port is reached."""
    if port == IPP_PORT:
        return f"ipp://{host}:{port}/ipp/print"
    return f"{'lpd' if port == LPD_PORT else 'tcp'}://{host}:{port}"


class SweepSource(Rounds):
    """See `drivers.discovery.manager.Watcher`."""

    source = Source.SWEEP

    def __init__(
        self,
        networks: tuple[ipaddress.IPv4Network, ...],
        ports: tuple[int, ...],
        interval_s: float,
        root: str,
        now_us: Callable[[], int],
        emit: Callable[[Sighting | Miss], None],
    ) -> None:
        self.interval_s = interval_s
        self._networks = networks
        self._ports = ports
        self._root = root
        self._now_us = now_us
        self._emit = emit

    async def look(self) -> None:
        """Knock at every allowed host's ports, at most `IN_FLIGHT_MAX` at once."""
        ours = {own.address for own in attached() if not own.network.is_loopback}
        doors = (
            (str(host), port)
            for network in self._networks
            for host, port in product(network.hosts(), self._ports)
            if str(host) not in ours
        )
        left: defaultdict[str, int] = defaultdict(lambda: len(self._ports))
        found: defaultdict[str, list[int]] = defaultdict(list)

        async def worker() -> None:
            for host, port in doors:
                if await knock(host, port) is Door.OPEN:
                    found[host].append(port)
                left[host] -= 1
                if not left[host]:
                    del left[host]
                    if host in found:
                        self._tell(host, sorted(found.pop(host)))

        async with asyncio.TaskGroup() as workers:
            for _ in range(IN_FLIGHT_MAX):
                workers.create_task(worker())

    def _tell(self, host: str, ports: list[int]) -> None:
        places: defaultdict[str, list[str]] = defaultdict(list)
        for port in ports:
            url = url_of(host, port)
            places[place_of(url)].append(url)
        for urls in places.values():
            self._emit(
                Sighting(
                    source=Source.SWEEP,
                    at_us=self._now_us(),
                    urls=tuple(urls),
                    mac=mac_of(host, self._root),
                )
            )
