"""Codes on photographs: what is read, and the process that reads it."""

from typing import Final

BYTES_MAX: Final = 32 * 1024 * 1024
"""The largest file that is taken for a picture. Here, so that asking for it loads no library."""
