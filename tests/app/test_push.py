"""Push: who hears what, in what order, and what becomes of one who does not keep up."""

from typing import Any

import msgspec
import pytest

from edge.app.ports import Committed, StoredEntry
from edge.app.push import QUEUE_MAX, Push, Subscriber
from edge.domain.entries import Draft
from edge.domain.model import Session
from sync.api import Entry, encode_entry


def session(role: str, person: str = "me") -> Session:
    """Return an open session."""
    return Session(id=f"s-{person}", person=person, device="d", roles=(role,), opened_us=0)


def committed(*kinds: str, first: int = 1, refs: tuple[str, ...] = (), **data: Any) -> Committed:
    """Return a durable group with one entry of each kind."""
    drafts = [Draft(0, 0, kind, "x", refs, "a", "d", "pda", "c", "r", data) for kind in kinds]
    stored = []
    for seq, draft in enumerate(drafts, first):
        fields = msgspec.structs.asdict(draft) | {"seq": seq}
        raw = encode_entry(Entry(v=1, box="b", epoch=1, **fields))
        stored.append(StoredEntry(seq, b"", raw, draft.refs))
    return Committed(stored, drafts)


def joined(push: Push, role: str, person: str = "me") -> Subscriber:
    """Return a subscriber whose greeting is over."""
    subscriber = push.subscribe(session(role, person))
    subscriber.told_seq = 0
    return subscriber


def frames(subscriber: Subscriber) -> list[str]:
    """Return what is queued: kinds of entries, types of other frames."""
    found = []
    while not subscriber.frames.empty():
        raw = subscriber.frames.get_nowait()
        frame: dict[str, Any] = msgspec.json.decode(raw) if raw else {"t": "end"}
        found.append(frame["entry"]["kind"] if frame["t"] == "entry" else frame["t"])
    return found


KINDS = ("task.taken", "pack.opened", "stock.moved", "freeze.opened", "session.opened")


@pytest.mark.parametrize(
    ("role", "hears"),
    [
        ("picker", ["task.taken", "freeze.opened"]),
        ("packer", ["task.taken", "pack.opened", "freeze.opened"]),
        ("keeper", list(KINDS[:-1])),
        ("supervisor", list(KINDS)),
        ("stranger", []),
    ],
)
def test_each_role_hears_its_kinds(role: str, hears: list[str]) -> None:
    """A role is told of the kinds of entry that it works with, and of no others (SEC-3)."""
    push = Push()
    one = joined(push, role)
    push.on_commit(committed(*KINDS))
    assert frames(one) == hears


def test_what_names_a_person_reaches_them() -> None:
    """An entry that refers to a person is heard by that person, whatever the role."""
    push = Push()
    me, other = joined(push, "picker"), joined(push, "picker", "other")
    push.on_commit(committed("session.opened", refs=("person:me",)))
    assert (frames(me), frames(other)) == (["session.opened"], [])


def test_an_alarm_goes_to_its_person() -> None:
    """An alarm is a frame of its own for every device of the person it is for (FRZ-4)."""
    push = Push()
    one, two, other = (
        joined(push, "picker"),
        joined(push, "picker"),
        joined(push, "picker", "other"),
    )
    mine = ("person:me",)
    push.on_commit(
        committed("alarm.raised", refs=mine, person="me", roles=[], alarm="a1", code="c", facts="")
    )
    told = ["alarm", "alarm.raised"]
    assert (frames(one), frames(two), frames(other)) == (told, told, [])


def test_nothing_is_told_twice_around_the_greeting() -> None:
    """Entries up to the greeting's last are left out, later ones come (SYNC-1)."""
    push = Push()
    one = push.subscribe(session("keeper"))
    push.on_commit(committed("a", "b", first=1))
    assert (frames(one), push.told_seq) == ([], 2)
    one.told_seq = 3
    push.on_commit(committed("c", "d", first=3))
    assert frames(one) == ["d"]


def test_who_does_not_keep_up_is_cut() -> None:
    """A full queue ends one subscription and no other; nothing is dropped in the middle."""
    push = Push()
    slow, quick = joined(push, "keeper"), joined(push, "keeper", "quick")
    for at in range(QUEUE_MAX + 5):
        push.on_commit(committed("a", first=at + 1))
        frames(quick)
    assert (slow.is_slow, quick.is_slow) == (True, False)
    assert frames(slow) == ["a"] * QUEUE_MAX
    slow.put(b"{}")
    assert frames(slow) == []


def test_leaving_is_for_good() -> None:
    """Whoever left hears no more; leaving twice does no harm."""
    push = Push()
    one = joined(push, "keeper")
    push.leave(one)
    push.leave(one)
    push.on_commit(committed("a"))
    assert (frames(one), push.clients) == ([], 0)


def test_a_closed_session_ends_its_own_connections() -> None:
    """`bye` and the end reach the connections of the closed session only (SEC-2)."""
    push = Push()
    one, other = joined(push, "picker"), joined(push, "picker", "other")
    push.on_commit(committed("session.closed", session="s-me", why="signed_out"))
    assert (frames(one), frames(other)) == (["bye", "end"], [])


def test_an_alarm_for_a_role_goes_to_everybody_who_has_it() -> None:
    """Each supervisor who is signed in hears it, and nobody else does (APPR-1)."""
    push = Push()
    heard = [joined(push, role, role) for role in ("supervisor", "packer", "picker")]
    alarm: dict[str, Any] = {
        "person": "",
        "roles": ["supervisor"],
        "alarm": "a1",
        "code": "c",
        "facts": {},
    }
    push.on_commit(committed("alarm.raised", **alarm))
    assert [frames(each).count("alarm") for each in heard] == [1, 0, 0]


def test_a_picker_hears_of_a_priority() -> None:
    """A priority pick pops up on PDAs; it reorders the list of whoever may take it (RULE-5)."""
    push = Push()
    picker = joined(push, "picker")
    push.on_commit(committed("order.prioritised", "stock.moved", refs=("order:1",)))
    assert frames(picker) == ["order.prioritised"]
