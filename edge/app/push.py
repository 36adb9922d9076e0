"""Push: what has become durable goes to the clients that may see it.

Each client has a bounded queue. One that does not keep up is told so and cut; it comes back with
its cursor, and reads the journal from there.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from edge.app.access import hears
from edge.app.ports import Committed
from edge.app.reads import entry_view
from edge.domain.model import Session
from sync.api import decode_entry

QUEUE_MAX: Final = 500
RESUME_ENTRIES_MAX: Final = 5_000

OVER: Final = ("alarm.acked", "alarm.settled")
"""Entries behind which an alarm calls nobody any more."""
BYES: Final = {each: each for each in ("signed_out", "replaced", "shift_over")}
"""What a client is told of the end of its session; every other reason cuts it off."""


class Subscriber:
    """One client's queue of frames, and what it may see."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.frames: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_MAX)
        self.is_slow = False
        self.told_seq: int | None = None
        """The newest entry that the greeting told of or passed over; None until it is over."""
        self._me = f"person:{session.person}"

    def may_see(self, kind: str, refs: tuple[str, ...]) -> bool:
        """Tell whether this client is told of an entry.

        A picker's own scans are not among them: their answers say it all, 2,000 times a second.
        """
        return self.sees_all(kind) or self._me in refs

    def sees_all(self, kind: str) -> bool:
        """Tell whether this client is told of every entry of `kind`, whomever it names."""
        return hears(self.session.roles, kind)

    def is_called(self, alarm: dict[str, Any]) -> bool:
        """Tell whether an alarm is for this person, or for one of their roles."""
        is_mine = alarm["person"] == self.session.person
        return is_mine or not set(alarm["roles"]).isdisjoint(self.session.roles)

    def is_due(self, seq: int) -> bool:
        """Tell whether entry `seq` comes after the greeting."""
        return self.told_seq is not None and seq > self.told_seq

    def put(self, frame: bytes) -> None:
        """Queue a frame; a full queue ends the subscription."""
        if self.is_slow:
            return
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.is_slow = True

    def end(self) -> None:
        """Let the connection end after what is queued."""
        self.is_slow = self.is_slow or self.frames.full()
        if not self.frames.full():
            self.frames.put_nowait(None)


class Push:
    """Hands durable entries to the clients that are connected."""

    def __init__(self) -> None:
        self._subscribers: dict[Subscriber, None] = {}
        """In the order of their coming, which is the order in which they are told."""
        self._by_kind: dict[str, tuple[Subscriber, ...]] = {}
        """Who sees all entries of a kind; found once, until somebody comes or leaves."""
        self.told_seq = 0
        """The newest entry that was handed to the clients."""

    @property
    def clients(self) -> int:
        """Clients that are connected."""
        return len(self._subscribers)

    @property
    def devices(self) -> int:
        """PDAs and stations that are connected, each once."""
        return len({subscriber.session.device for subscriber in self._subscribers})

    def clients_of(self, device: str) -> int:
        """Return how many clients of a PDA or station are connected."""
        return sum(subscriber.session.device == device for subscriber in self._subscribers)

    def is_here(self, device: str) -> bool:
        """Tell whether a PDA or station is connected."""
        return self.clients_of(device) > 0

    @property
    def fullest(self) -> int:
        """How many frames wait for the slowest client."""
        return max((subscriber.frames.qsize() for subscriber in self._subscribers), default=0)

    def subscribe(self, session: Session) -> Subscriber:
        """Return a new subscriber that is told of everything from now on."""
        subscriber = Subscriber(session)
        self._subscribers[subscriber] = None
        self._by_kind.clear()
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Tell a client no more; may be called again."""
        self._subscribers.pop(subscriber, None)
        self._by_kind.clear()

    def on_commit(self, committed: Committed) -> None:
        """Queue the frames of a durable group."""
        for stored, draft in zip(committed.entries, committed.drafts, strict=True):
            alarm = alarm_frame(draft.data, draft.at_us) if draft.kind == "alarm.raised" else None
            over = over_frame(draft.data["alarm"]) if draft.kind in OVER else None
            frame: bytes | None = None
            for subscriber in self._concerned(draft.kind, draft.refs):
                if alarm and subscriber.is_called(draft.data):
                    subscriber.put(alarm)
                if over:
                    subscriber.put(over)
                if subscriber.is_due(stored.seq) and subscriber.may_see(draft.kind, draft.refs):
                    frame = frame or entry_frame(stored.raw)
                    subscriber.put(frame)
            if draft.kind == "session.closed":
                self._close(draft.data["session"], draft.data["why"])
            if draft.kind == "session.locked":
                self._lock(draft.data["session"], draft.data["why"])
            if draft.kind == "device.revoked":
                self._cut(draft.data["pda"])
            self.told_seq = stored.seq

    def _concerned(self, kind: str, refs: tuple[str, ...]) -> Iterable[Subscriber]:
        """Return the clients that an entry may be for: most scans are for none of 200."""
        if kind == "alarm.raised" or kind in OVER or any(ref.startswith("person:") for ref in refs):
            return self._subscribers
        if kind not in self._by_kind:
            self._by_kind[kind] = tuple(s for s in self._subscribers if s.sees_all(kind))
        return self._by_kind[kind]

    def _close(self, session_id: str, why: str) -> None:
        for subscriber in self._subscribers:
            if subscriber.session.id == session_id:
                subscriber.put(encode({"t": "bye", "code": BYES.get(why, "cut")}))
                subscriber.end()

    def _lock(self, session_id: str, why: str) -> None:
        for subscriber in self._subscribers:
            if subscriber.session.id == session_id:
                subscriber.put(encode({"t": "lock", "why": why}))

    def _cut(self, device: str) -> None:
        for subscriber in self._subscribers:
            if subscriber.session.device == device:
                subscriber.put(encode({"t": "bye", "code": "revoked"}))
                subscriber.end()

    def broadcast(self, frame: dict[str, Any]) -> None:
        """Queue a frame for every client."""
        encoded = encode(frame)
        for subscriber in self._subscribers:
            subscriber.put(encoded)

    def is_connected(self, session_id: str) -> bool:
        """Tell whether the client of a session is connected."""
        return any(each.session.id == session_id for each in self._subscribers)

    def screens(self, station: str) -> int:
        """Return how many clients are connected at a station."""
        return sum(each.session.station == station for each in self._subscribers)

    def tell_station(self, station: str, frame: dict[str, Any]) -> bool:
        """Queue a frame for one screen of a station: of its newest session, the newest.

        False where nobody is signed in there.
        """
        there = [s for s in self._subscribers if s.session.station == station and not s.is_slow]
        if not there:
            return False
        newest = max(reversed(there), key=lambda each: each.session.opened_us)
        newest.put(encode(frame))
        return True

    def close(self) -> None:
        """Say good-bye to every client."""
        for subscriber in tuple(self._subscribers):
            subscriber.put(encode({"t": "bye", "code": "closing"}))
            subscriber.end()


def encode(frame: Any) -> bytes:  # noqa: ANN401 - a JSON value
    """Return a frame's bytes."""
    return msgspec.json.encode(frame)


def entry_frame(raw: bytes) -> bytes:
    """Return the frame of an entry."""
    return encode({"t": "entry", "entry": entry_view(raw)})


def alarm_frame(alarm: dict[str, Any], raised_us: int) -> bytes:
    """Return the frame of an alarm."""
    shown = {"id": alarm["alarm"], "code": alarm["code"], "facts": alarm["facts"]}
    return encode({"t": "alarm", "alarm": shown | {"raised_at": raised_us}})


def over_frame(alarm_id: str) -> bytes:
    """Return the frame that ends an alarm: it needs nobody's answer any more."""
    return encode({"t": "alarm_over", "id": alarm_id})


def visible(raw: bytes, subscriber: Subscriber) -> bool:
    """Tell whether a client may see a stored entry."""
    entry = decode_entry(raw)
    return subscriber.may_see(entry.kind, entry.refs)
