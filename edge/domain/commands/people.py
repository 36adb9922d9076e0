"""What people ask for themselves."""

from typing import Any

import msgspec

from edge.domain.commands.base import Data


class SessionOpen(Data, frozen=True, tag="session.open"):
    """A person signs in; badge and PIN were verified at the door."""

    FROM_CLIENTS = False
    session: str
    person: str
    station: str = ""
    elsewhere: tuple[str, ...] = ()
    """Other devices at which the person is working just now."""


class SessionRefuse(Data, frozen=True, tag="session.refuse"):
    """A badge was shown with a wrong PIN.

    `who` is its wearer, or the box's own name for a badge that nobody wears.
    """

    FROM_CLIENTS = False
    who: str
    elsewhere: tuple[str, ...] = ()


class SessionLock(Data, frozen=True, tag="session.lock"):
    """Nobody used a session for long (`idle`), or it is too old (`hours`)."""

    FROM_CLIENTS = False
    session: str
    why: str


class SessionClose(Data, frozen=True, tag="session.close"):
    """A person signs out."""

    shift_over: bool = False
    """They go home: every session of theirs ends, and the next one begins with the PIN."""


class PersonAdd(Data, frozen=True, tag="person.add"):
    """Take in somebody who works here. `person` is the staff number."""

    person: str
    roles: tuple[str, ...]
    name_zh: str = ""
    name_en: str = ""


class PersonRename(Data, frozen=True, tag="person.rename"):
    """Give a person another name."""

    person: str
    name_zh: str = ""
    name_en: str = ""


class PersonRoles(Data, frozen=True, tag="person.roles"):
    """Give a person other roles."""

    person: str
    roles: tuple[str, ...]


class PersonDisable(Data, frozen=True, tag="person.disable"):
    """Send a person off, at once, or let them come back."""

    person: str
    disabled: bool = True


class BadgeIssue(Data, frozen=True, tag="badge.issue"):
    """Give a person a new badge; the box made its code, and keeps the hash."""

    FROM_CLIENTS = False
    person: str
    badge_hash: str


class BadgeRevoke(Data, frozen=True, tag="badge.revoke"):
    """Let a person's badge open nothing any more."""

    person: str
    reason: str


class BadgeUnlock(Data, frozen=True, tag="badge.unlock"):
    """Forget a person's wrong PINs."""

    person: str
    reason: str


class PinSet(Data, frozen=True, tag="pin.set"):
    """Give a person a PIN; the box made its verifier."""

    FROM_CLIENTS = False
    person: str
    verifier: dict[str, Any]
    once_until_us: int = 0
    """It lets its person choose their own until then; 0: it is their own."""


class DevicePair(Data, frozen=True, tag="device.pair"):
    """A PDA is let in; its one-time code and its key were verified at the door."""

    FROM_CLIENTS = False
    pda: str
    name: str
    key: str
    engine: str = ""
    persisted: bool = False


class DeviceRename(Data, frozen=True, tag="device.rename"):
    """Give a PDA another name."""

    pda: str
    name: str


class DeviceRevoke(Data, frozen=True, tag="device.revoke"):
    """Send a PDA off, at once."""

    pda: str
    reason: str = ""


class TrainingAssign(Data, frozen=True, tag="training.assign"):
    """Tell a person to train."""

    person: str


class TrainingReport(Data, frozen=True, tag="training.report"):
    """How one practice order went, from its task to its hand-over."""

    FROM_CLIENTS = False
    person: str
    lesson: str
    wrong: bool
    """Without a refusal a wrong parcel would have left."""
    on_time: bool
    mistakes: int
    took_s: int


class AlarmAck(Data, frozen=True, tag="alarm.ack"):
    """Acknowledge an alarm."""

    alarm_id: str
    shown_ms: int = 0
    """How long the device had shown it, by the device's own steady clock; 0: not said."""


class ApprovalRequest(Data, frozen=True, tag="approval.request"):
    """Ask a superior for what a person may not do alone; `data` says what, by kind."""

    kind: str
    order_id: str = ""
    reason: str = ""
    data: dict[str, str | int] = msgspec.field(default_factory=dict)


class ApprovalDecide(Data, frozen=True, tag="approval.decide"):
    """Sign an approval; badge and PIN of the signer were verified at the door."""

    FROM_CLIENTS = False
    approval_id: str
    facts_hash: str
    """Of what the signer was shown."""
    answer: str
    opinion: str = ""


class AccountUnlock(Data, frozen=True, tag="account.unlock"):
    """Open one's own locked account by the code that an admin sent."""

    code: str
