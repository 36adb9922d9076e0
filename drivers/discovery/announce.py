"""DNS-SD services of our own: the box, by which a PDA finds it without typing; virtual printers."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from zeroconf import IPVersion, NonUniqueNameException, NotRunningException
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from drivers.api import DriverError
from drivers.discovery.nets import attached

BOX_TYPE: Final = "_floorgate._tcp.local."
PRINTER_TYPE: Final = "_pdl-datastream._tcp.local."
NAME_BYTES_MAX: Final = 60
"""Of a DNS label's 63, with room for a number where the name is taken."""


class Announcement:
    """Announces a service until stopped."""

    def __init__(
        self,
        service_type: str,
        name: str,
        port: int,
        txt: Mapping[str, str],
        host: str,
        interfaces: Sequence[str] = (),
    ) -> None:
        """`host` is the name under .local; no interfaces = all but the loopback."""
        self._interfaces = list(interfaces)
        label = name.replace(".", " ").encode()[:NAME_BYTES_MAX].decode("utf-8", "ignore")
        self._name = f"{label or host}.{service_type}"
        self._info = partial(
            AsyncServiceInfo,
            service_type,
            self._name,
            port=port,
            properties=dict(txt),
            server=f"{host}.local.",
        )
        self._zeroconf: AsyncZeroconf | None = None

    async def start(self) -> None:
        """Announce; raise `DriverError` where there is no network to announce on."""
        if self._zeroconf is not None:
            return
        addresses = self._interfaces or [
            own.address for own in attached() if not own.network.is_loopback
        ]
        if not addresses:
            raise self._no_network("it has no address")
        try:
            zeroconf = AsyncZeroconf(interfaces=addresses, ip_version=IPVersion.V4Only)
        except OSError as error:
            raise self._no_network(str(error)) from error
        self._zeroconf = zeroconf
        info = self._info(parsed_addresses=addresses)
        begun = asyncio.ensure_future(zeroconf.zeroconf.async_wait_for_start())
        begun.add_done_callback(lambda done: done.cancelled() or done.exception())  # heard, or not
        try:
            # shielded: a wait that is cancelled cancels zeroconf's start, and nothing can close it
            await asyncio.shield(begun)
            await (await zeroconf.async_register_service(info, allow_name_change=True))
        except NotRunningException as error:
            await self.stop()
            raise self._no_network("it does not start") from error
        except (OSError, NonUniqueNameException) as error:
            await self.stop()
            raise DriverError(
                "announce", self._name, str(error), "give the box a name of its own"
            ) from error

    def _no_network(self, cause: str) -> DriverError:
        hint = "check the box's network"
        return DriverError("announce", self._name, cause, hint, is_retryable=True)

    async def stop(self) -> None:
        """Say goodbye; may be called twice."""
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()
