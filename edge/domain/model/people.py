"""People, their sessions, and what calls for them: alarms and timers."""

from typing import Any

import msgspec

from edge.domain.model.base import Doc


class Person(Doc, frozen=True, kw_only=True):
    """Somebody who works here. Name and PIN verifier are personal data, kept beside the journal."""

    KIND = "person"
    roles: tuple[str, ...] = ()
    badge_hash: str = ""
    """Nothing where there is no badge."""
    active: bool = True
    badge_us: int = 0
    """When this box issued the badge."""
    pin: str = ""
    """set, once (it must be replaced at the first sign-in), or nothing."""
    off_us: int = 0
    """Since when this person works here no more."""

    def terms(self) -> dict[str, str]:
        """Return the badge's hash."""
        return {"badge": self.badge_hash} if self.badge_hash else {}


class Hands(Doc, frozen=True, kw_only=True):
    """What a person (the id) has in hand."""

    KIND = "hands"
    task: str = ""


class Session(Doc, frozen=True, kw_only=True):
    """A person at a device, from sign-in to sign-out."""

    KIND = "session"
    person: str
    device: str
    roles: tuple[str, ...]
    opened_us: int
    station: str = ""
    closed_us: int | None = None
    locked_us: int | None = None
    """From then on it waits for a badge."""

    def terms(self) -> dict[str, str]:
        """Return the device, and whether it is locked, while the session is open."""
        if self.closed_us is not None:
            return {}
        return {"device": self.device, "open": "free" if self.locked_us is None else "locked"}


class PinProof(msgspec.Struct, frozen=True, gc=False):
    """That a person gave their PIN at a device: at which entry, and when by the boot clock."""

    seq: int
    boot_us: int
    boot_id: str


class Seat(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A device (the id): the session that is open at it, and who gave a PIN there lately."""

    KIND = "seat"
    session: str = ""
    pins: dict[str, PinProof] = msgspec.field(default_factory=dict)


class Presence(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A person's open sessions, the oldest first, and their shift.

    PINs given up to entry `since_seq` count no more: a shift ended, or who they are was changed.
    """

    KIND = "presence"
    sessions: tuple[str, ...] = ()
    shift_us: int = 0
    since_seq: int = 0


class AtDevice(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Wrong PINs of one badge at one device: in a row, today, and how long it waits from then."""

    row: int = 0
    today: int = 0
    wait_us: int = 0
    boot_us: int = 0
    boot_id: str = ""
    is_held: bool = False
    """Until a superior resets it."""


class BadgeTries(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """Wrong PINs of a person's badge, by device; the day is the site's, as in `Account`."""

    KIND = "badge_tries"
    at: dict[str, AtDevice] = msgspec.field(default_factory=dict)
    is_locked: bool = False
    """At every device, until a superior resets it."""
    day: int = 0
    day_us: int = 0
    day_boot_us: int = 0
    boot_id: str = ""


class DeviceTries(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """Wrong PINs at a device (the id) within the hour that began at `boot_us`."""

    KIND = "device_tries"
    count: int = 0
    boot_us: int = 0
    boot_id: str = ""


class Pda(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A PDA or station that a person let in. `key`: its public one, SPKI as hex (P-256)."""

    KIND = "pda"
    name: str
    key: str
    engine: str = ""
    persisted: bool = False
    paired_us: int
    paired_by: str
    revoked_us: int | None = None


class Trainee(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """How a person (the id) did in training, and whether they were told to train."""

    KIND = "trainee"
    assigned_us: int = 0
    """Since when it is due; 0 where it is not."""
    done: tuple[str, ...] = ()
    """Lessons done since then."""
    shipped: int = 0
    wrong: int = 0
    on_time: int = 0
    mistakes: int = 0
    last_us: int = 0


class Alarm(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """Something that one person, or anybody with one of `roles`, must acknowledge."""

    KIND = "alarm"
    person: str = ""
    roles: tuple[str, ...] = ()
    code: str
    facts: dict[str, Any]
    raised_us: int
    acked_us: int | None = None
    acked_by: str = ""
    settled_us: int | None = None
    """When its occasion had gone, acknowledged or not."""

    @property
    def is_open(self) -> bool:
        """Somebody has still to acknowledge it."""
        return self.acked_us is None and self.settled_us is None

    def terms(self) -> dict[str, str]:
        """Return the person or the roles while somebody has still to acknowledge it."""
        if not self.is_open:
            return {}
        named = {"person": self.person} if self.person else {}
        return named | {f"role:{role}": "due" for role in self.roles}


class Timer(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A deadline that fires once. `state`: armed, fired or disarmed."""

    KIND = "timer"
    purpose: str
    subject: str
    refs: tuple[str, ...] = ()
    due_us: int
    delay_us: int
    due_boot_us: int
    boot_id: str
    state: str

    def terms(self) -> dict[str, str]:
        """Return `armed` until it fired or was disarmed."""
        return {"state": "armed"} if self.state == "armed" else {}


class Deadlines(Doc, frozen=True, kw_only=True):
    """Timers of the ruleset that run for an order (the id): rule → timer."""

    KIND = "deadlines"
    timers: dict[str, str]


class Account(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """What a person (the id) has changed of shipped orders today, and their lock."""

    KIND = "account"
    edits: int = 0
    day: int = 0
    """The site's day since 1970; begun at `day_us`, and `day_boot_us` of boot `boot_id`."""
    day_us: int = 0
    day_boot_us: int = 0
    boot_id: str = ""
    timer: str = ""
    """Ends the lock; nothing where there is none."""
    locked_us: int = 0
    salt: str = ""
    code_hash: str = ""
    tries: int = 0
