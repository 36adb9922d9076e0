"""PINs: made into verifiers and checked, off the loop, few at once (scrypt, RFC 7914)."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, Final, TypeVar

from edge.app.ports import BusyError
from edge.domain.pins import DIGITS, why_weak

AT_ONCE_MAX: Final = 2
"""Each costs 16 MB and 50 ms of a core."""
WAITING_MAX: Final = 64
COST: Final = {"n": 2**14, "r": 8, "p": 1}
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32
_NOBODY: Final = {**COST, "salt": "00" * SALT_BYTES, "hash": "00" * HASH_BYTES}
T = TypeVar("T")


class PinChecks:
    """Does scrypt's work for the door."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE_MAX)
        self._waiting = 0

    async def is_right(self, pin: str, verifier: dict[str, Any] | None) -> bool:
        """Tell whether a PIN is right; without a verifier, False after the same work."""
        return await self._work(lambda: _is_pin(pin, verifier or _NOBODY)) and verifier is not None

    async def verifier(self, pin: str) -> dict[str, Any]:
        """Return what a PIN can be checked against."""
        return await self._work(lambda: _verifier(pin))

    async def _work(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise BusyError
        self._waiting += 1
        try:
            async with self._free:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def new_pin() -> str:
    """Return a PIN that lets its person choose their own."""
    while True:
        pin = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        if not why_weak(pin):
            return pin


def _verifier(pin: str) -> dict[str, Any]:
    salt = secrets.token_bytes(SALT_BYTES)
    found = hashlib.scrypt(pin.encode(), salt=salt, dklen=HASH_BYTES, **COST)
    return {**COST, "salt": salt.hex(), "hash": found.hex()}


def _is_pin(pin: str, verifier: dict[str, Any]) -> bool:
    found = hashlib.scrypt(
        pin.encode(),
        salt=bytes.fromhex(verifier["salt"]),
        n=verifier["n"],
        r=verifier["r"],
        p=verifier["p"],
        dklen=len(verifier["hash"]) // 2,
    )
    return hmac.compare_digest(found, bytes.fromhex(verifier["hash"]))
