"""A USB printer at its device file, such as `/dev/usb/lp0` (Linux `usblp`)."""

import io
import os
import stat

from drivers.api import DriverError
from drivers.transports.descriptor import DescriptorLink, Handle


class UsbLink(DescriptorLink):
    """See `drivers.transports.Link`."""

    async def _connect(self) -> Handle:
        try:
            descriptor = os.open(self.subject, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            raise self._failed(str(error)) from error
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise self._failed("it is a file, not a device")
        return io.FileIO(descriptor, "r+")

    def _failed(self, cause: str) -> DriverError:
        return DriverError(
            "open",
            self.subject,
            cause,
            "check the cable and power, the path (ls -l /dev/usb), and that this account may use"
            " it (group lp)",
            is_retryable=True,
        )
