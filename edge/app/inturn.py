"""The commands of one client in their order, also where some of them are put off.

A client has several commands on the wire at once. One that is put off (`busy`, `disk_full`) was not
judged, so what the same client did later must not be judged before it. What comes behind is put off
for the same reason, until one of them comes again: by then their sender has heard of it, and begins
anew with the oldest.
"""

import asyncio
from typing import Final
from weakref import WeakValueDictionary

BEHIND_MAX: Final = 100
"""Commands put off behind one; who sent so many, and none again, has given it up."""
DEVICES_MAX: Final = 1_000
"""Devices whose commands are put off at one time; the one that waits longest makes room."""


class InTurn:
    """Knows which devices were put off, and why."""

    def __init__(self) -> None:
        self._preparing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._behind: dict[str, tuple[str, set[str]]] = {}

    def preparing(self, device: str) -> asyncio.Lock:
        """Return what to hold from the arrival of a command until it is about to be submitted.

        Reading what one needs takes longer than reading what the next needs.
        """
        lock = self._preparing.get(device)
        if lock is None:
            self._preparing[device] = lock = asyncio.Lock()
        return lock

    def why_not(self, device: str, command_id: str) -> str:
        """Return the code by which a command is put off as the one before it was; "" for none."""
        code, ids = self._behind.get(device, ("", set()))
        if not code:
            return ""
        if command_id in ids or len(ids) >= BEHIND_MAX:
            del self._behind[device]
            return ""
        ids.add(command_id)
        return code

    def put_off(self, device: str, command_id: str, code: str) -> None:
        """Note that a command was put off by `code`."""
        if device not in self._behind and len(self._behind) >= DEVICES_MAX:
            del self._behind[next(iter(self._behind))]
        self._behind.setdefault(device, (code, set()))[1].add(command_id)
