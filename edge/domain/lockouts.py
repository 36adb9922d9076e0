"""Wrong PINs: counted by badge *and* device, so that nobody can lock a whole shift out.

Five in a row with one badge at one device make it wait there, longer each time. Fifteen a day hold
the badge until a superior resets it: at that device alone, or everywhere where several devices were
used, of which each counts for no more than five. So one stolen PDA closes no badge elsewhere.
Thirty within an hour close the device itself until it is paired again. A badge that nobody wears is
counted like others, under a name that only this box can make of it.

Waits are counted by the boot clock. After a reboot a wait begins anew with the boot: setting the
wall clock opens nothing.
"""

from typing import Any, Final

import msgspec

from edge.domain.alarms import raise_alarm
from edge.domain.commands import SessionRefuse
from edge.domain.model import AtDevice, BadgeTries, DeviceTries, Pda, Person
from edge.domain.quota import is_new_day, site_day
from edge.domain.refusals import Refusal
from edge.domain.timing import US_PER_S
from edge.domain.turn import Turn
from edge.domain.world import World

ROW_MAX: Final = 5
WAIT_US: Final = 60 * US_PER_S
WAIT_US_MAX: Final = 900 * US_PER_S
DAY_MAX: Final = 15
DAY_PER_DEVICE_MAX: Final = 5
"""What one device adds to the count that closes a badge everywhere."""
DEVICE_MAX: Final = 30
HOUR_US: Final = 3_600 * US_PER_S
DEVICES_MAX: Final = 32
"""Devices remembered per badge: those where most went wrong."""
TOLD: Final = ("supervisor",)


class Boot(msgspec.Struct, frozen=True):
    """Where the boot clock stands."""

    id: str
    us: int

    def left_us(self, wait_us: int, began: "Boot") -> int:
        """Return what is left of a wait; after a reboot it began with the boot."""
        gone_us = self.us - began.us if self.id == began.id else self.us
        return max(0, wait_us - gone_us)


def why_locked(world: World, who: str, device: str, boot: Boot) -> Refusal | None:
    """Return why a badge may not be tried at a device now; nothing where it may."""
    tries = world.get(DeviceTries, device)
    if tries is not None and tries.count >= DEVICE_MAX:
        left_us = boot.left_us(HOUR_US, Boot(tries.boot_id, tries.boot_us))
        if left_us:
            return Refusal("device_locked", {"seconds": _seconds(left_us)})
    badge = world.get(BadgeTries, who)
    at = badge.at.get(device) if badge else None
    if badge is not None and (badge.is_locked or (at is not None and at.is_held)):
        return Refusal("badge_locked", {})
    left_us = boot.left_us(at.wait_us, Boot(at.boot_id, at.boot_us)) if at else 0
    return Refusal("locked_out", {"seconds": _seconds(left_us)}) if left_us else None


def _seconds(left_us: int) -> int:
    return -(-left_us // US_PER_S)


def refuse(turn: Turn, data: SessionRefuse) -> dict[str, Any]:
    """Count a wrong PIN; tell superiors of what it closes."""
    badge, at = _after(turn, data.who)
    device, env = turn.command.device, turn.env
    counted = sum(min(each.today, DAY_PER_DEVICE_MAX) for each in badge.at.values())
    is_locked = badge.is_locked or counted >= DAY_MAX
    hour = turn.world.get(DeviceTries, device)
    boot = Boot(env.boot_id, env.boot_us)
    is_running = hour is not None and boot.left_us(HOUR_US, Boot(hour.boot_id, hour.boot_us)) > 0
    count, began_us = (hour.count + 1, hour.boot_us) if hour and is_running else (1, env.boot_us)
    person = data.who if turn.world.get(Person, data.who) else ""
    turn.emit(
        "session.refused",
        f"person:{person}" if person else f"pda:{device}",
        who=data.who,
        at={each: msgspec.to_builtins(tries) for each, tries in badge.at.items()},
        is_locked=is_locked,
        day=badge.day,
        day_us=badge.day_us,
        day_boot_us=badge.day_boot_us,
        boot_id=badge.boot_id,
        device_count=count,
        device_boot_us=began_us if hour and hour.boot_id == env.boot_id else env.boot_us,
        device_boot_id=env.boot_id,
    )
    _tell(turn, person, at, is_newly_locked=is_locked and not badge.is_locked)
    if data.elsewhere and person and at.row == 1:
        tell_of_two(turn, person, data.elsewhere)
    if count == DEVICE_MAX:
        _close_device(turn, device)
    return {}


def _after(turn: Turn, who: str) -> tuple[BadgeTries, AtDevice]:
    """Return a badge's tries with one more at the command's device, and those at this device."""
    badge = turn.world.get(BadgeTries, who) or BadgeTries(id=who)
    env, device = turn.env, turn.command.device
    if is_new_day(turn, badge):
        at = {d: msgspec.structs.replace(each, today=0) for d, each in badge.at.items()}
        day = {"day": site_day(turn), "day_us": env.now_us, "day_boot_us": env.boot_us}
        badge = msgspec.structs.replace(badge, at=at, boot_id=env.boot_id, **day)
    known = badge.at.get(device) or AtDevice()
    row, today = known.row + 1, known.today + 1
    wait_us = min(WAIT_US << min(row - ROW_MAX, 8), WAIT_US_MAX) if row >= ROW_MAX else 0
    new = AtDevice(
        row=row,
        today=today,
        wait_us=wait_us,
        boot_us=env.boot_us,
        boot_id=env.boot_id,
        is_held=known.is_held or today >= DAY_MAX,
    )
    at = badge.at | {device: new}
    while len(at) > DEVICES_MAX:
        del at[min(at.keys() - {device}, key=lambda d: (at[d].is_held, at[d].row, at[d].today))]
    return msgspec.structs.replace(badge, at=at), new


def _tell(turn: Turn, person: str, at: AtDevice, *, is_newly_locked: bool) -> None:
    is_newly_held = at.is_held and at.today == DAY_MAX
    if person and (is_newly_held or is_newly_locked):
        facts = {"person": person, "device": turn.command.device, "everywhere": is_newly_locked}
        raise_alarm(turn, f"person:{person}", "badge_locked", facts, roles=TOLD)


def tell_of_two(turn: Turn, person: str, elsewhere: tuple[str, ...]) -> None:
    """Tell superiors that a badge is shown here while its wearer works at another device."""
    facts = {"person": person, "device": turn.command.device, "elsewhere": list(elsewhere)}
    raise_alarm(turn, f"person:{person}", "badge_twice", facts, roles=TOLD)


def _close_device(turn: Turn, device: str) -> None:
    pda = turn.world.get(Pda, device)
    if pda is not None and pda.revoked_us is None:
        turn.emit("device.revoked", f"pda:{device}", pda=device, reason="wrong_pins")
    raise_alarm(turn, f"pda:{device}", "device_locked", {"device": device}, roles=TOLD)
