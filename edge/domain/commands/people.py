"""What people ask for themselves."""

import msgspec

from edge.domain.commands.base import Data


class SessionOpen(Data, frozen=True, tag="session.open"):
    """A person signs in; badge and PIN were verified at the door."""

    FROM_CLIENTS = False
    session: str
    person: str
    station: str = ""


class SessionClose(Data, frozen=True, tag="session.close"):
    """A person signs out."""


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
