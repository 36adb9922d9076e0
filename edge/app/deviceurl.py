"""Whether a device's address, written by a person, is one that a driver takes."""

from drivers.api import DriverError, Scan, open_printer, open_scanner
from edge.domain.commands import DeviceAdd
from edge.domain.foreign import in_both
from edge.domain.refusals import RefusedError


def check_device_url(data: DeviceAdd) -> None:
    """Raise `RefusedError` where no driver takes the URL; nothing is opened."""
    try:
        if data.kind == "scanner":
            open_scanner(data.url, _ignore)
        else:
            open_printer(data.url)
    except DriverError as error:
        problem, advice = in_both(error.cause), in_both(error.hint)
        raise RefusedError("device_url", problem=problem, advice=advice) from error


async def _ignore(_: Scan) -> None:
    """Stand in for whoever will hear the scanner."""
