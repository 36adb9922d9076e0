"""What people ask for themselves."""

from edge.domain.commands.base import Data


class SessionOpen(Data, frozen=True, tag="session.open"):
    """A person signs in; badge and PIN were verified at the door."""

    FROM_CLIENTS = False
    session: str
    person: str
    station: str = ""


class SessionClose(Data, frozen=True, tag="session.close"):
    """A person signs out."""


class AlarmAck(Data, frozen=True, tag="alarm.ack"):
    """Acknowledge an alarm."""

    alarm_id: str
