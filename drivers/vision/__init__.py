"""Codes on photographs: what is read, and the process that reads it."""

from drivers.api import PICTURE_BYTES_MAX, ImageError


def check_bytes(data: bytes) -> None:
    """Raise `ImageError` where a file is too large to be looked at."""
    if len(data) > PICTURE_BYTES_MAX:
        cause = f"the file is larger than {PICTURE_BYTES_MAX:,} bytes"
        raise ImageError(cause, "send a smaller photo")
