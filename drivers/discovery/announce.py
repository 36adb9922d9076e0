"""The box's own DNS-SD service, by which a PDA finds it without typing."""

from collections.abc import Sequence
from typing import Final

from zeroconf import IPVersion, NonUniqueNameException
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from drivers.api import DriverError
from drivers.discovery.nets import attached

SERVICE_TYPE: Final = "_floorgate._tcp.local."
NAME_BYTES_MAX: Final = 60
"""Of a DNS label's 63, with room for " (2)" where the name is taken."""


class Announcement:
    """Announces until stopped."""

    def __init__(
        self, box_id: str, name: str, port: int, fingerprint: str, interfaces: Sequence[str]
    ) -> None:
        self._addresses = list(interfaces) or [
            own.address for own in attached() if not own.network.is_loopback
        ]
        label = name.replace(".", " ").encode()[:NAME_BYTES_MAX].decode("utf-8", "ignore")
        self._info = AsyncServiceInfo(
            SERVICE_TYPE,
            f"{label or box_id}.{SERVICE_TYPE}",
            port=port,
            parsed_addresses=self._addresses,
            properties={"v": "1", "id": box_id, "name": name, "fp": fingerprint, "path": "/"},
            server=f"floorgate-{box_id}.local.",
        )
        self._zeroconf: AsyncZeroconf | None = None

    async def start(self) -> None:
        """Announce; raise `DriverError` where there is no network to announce on."""
        if self._zeroconf is not None:
            return
        try:
            zeroconf = AsyncZeroconf(interfaces=self._addresses, ip_version=IPVersion.V4Only)
        except OSError as error:
            raise DriverError(
                "announce", SERVICE_TYPE, str(error), "check the box's network", is_retryable=True
            ) from error
        self._zeroconf = zeroconf
        try:
            await (await zeroconf.async_register_service(self._info, allow_name_change=True))
        except (OSError, NonUniqueNameException) as error:
            await self.stop()
            raise DriverError(
                "announce", SERVICE_TYPE, str(error), "give the box a name of its own"
            ) from error

    async def stop(self) -> None:
        """Say goodbye; may be called twice."""
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()
