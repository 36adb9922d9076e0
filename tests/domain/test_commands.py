"""Commands on the wire: what is taken, what is malformed, what makes two of them the same."""

import re
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain import commands as c
from edge.domain.commands import Command, Envelope, check_envelope, parse_data
from edge.domain.ids import derived_id, is_uuid, uuid7
from edge.domain.refusals import FAULTS, HTTP_STATUS, RefusedError
from tests.domain.site import START_US, S, Site

ID: Final = "019a0000-0000-7000-8000-000000000001"
WIRE_ONLY: Final = {
    *("too_large", "method_not_allowed", "origin_refused", "not_found", "locked_out", "busy"),
    *("internal", "disk_full", "id_reused", "unknown_blob"),
    *("blob_differs", "blob_offset", "media_refused", "photo_unreadable", "device_url"),
    *("device_proof", "device_unknown", "pair_code", "pair_too_often"),
    *("badge_old", "badge_not_here", "too_many", "body_late", "ruleset_not_in_force"),
    *("pin_new_needed", "pin_weak", "pin_expired", "admin_code", "badge_spent", "printer_ill"),
    *("admin_known",),
    *("no_practice", "unknown_lesson", "practice_full"),
}
"""Codes that the domain never gives: the door, the writer and the sign-in give them."""


def envelope(**over: Any) -> Envelope:
    """Return a good envelope with fields replaced."""
    good: dict[str, Any] = {
        "v": 1,
        "id": ID,
        "kind": "pick.scan",
        "device": "pda-1",
        "session_id": "s",
        "captured_at": START_US,
        "data": {"task_id": "t", "step": 1, "code": "c"},
    }
    return msgspec.convert(good | over, Envelope)


def code_of(**over: Any) -> str:
    """Return what is said of an envelope with fields replaced."""
    try:
        sent = envelope(**over)
        check_envelope(sent)
        parse_data(sent.kind, sent.data)
    except RefusedError as error:
        return error.refusal.code
    return "ok"


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({}, "ok"),
        ({"v": 2}, "malformed"),
        ({"id": "1"}, "malformed"),
        ({"id": ID.upper().replace("9", "A")}, "malformed"),
        ({"id": ID.replace("-", "")}, "malformed"),
        ({"kind": "order.ship"}, "unknown_kind"),
        ({"kind": "timer.fire", "data": {"timer_id": "t"}}, "unknown_kind"),
        ({"kind": "instruction.accept"}, "unknown_kind"),
        ({"kind": "status.set"}, "unknown_kind"),
        ({"kind": "session.open"}, "unknown_kind"),
        ({"captured_at": -1}, "malformed"),
        ({"captured_at": -(10**30)}, "malformed"),
        ({"captured_at": 10**30}, "malformed"),
        ({"device": "d" * 257}, "malformed"),
        ({"evidence": ["photo"] * 17}, "malformed"),
        ({"data": {}}, "malformed"),
        ({"data": {"task_id": "t", "step": 1, "code": "c", "why": "not"}}, "malformed"),
        ({"data": {"task_id": "t", "step": "1", "code": "c"}}, "malformed"),
        ({"data": {"task_id": "t", "step": 1.5, "code": "c"}}, "malformed"),
        ({"data": {"task_id": "t", "step": -1, "code": "c"}}, "malformed"),
        ({"data": {"task_id": "t", "step": 10**7, "code": "c"}}, "malformed"),
        ({"data": {"task_id": "t", "step": 1, "code": "c" * 257}}, "malformed"),
        ({"data": {"type": "pick.qty", "task_id": "t", "step": 1, "qty": 1}}, "malformed"),
        ({"kind": "task.take", "data": {"task_ids": ["t"] * 7}}, "malformed"),
        ({"kind": "task.take", "data": {"task_ids": ["t" * 257]}}, "malformed"),
    ],
)
def test_an_envelope_is_taken_or_refused(over: dict[str, Any], code: str) -> None:
    """Unknown kinds and fields, wrong types and numbers out of range never reach the law."""
    assert code_of(**over) == code


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(sorted(c.KINDS)) | st.text(max_size=20),
    data=st.dictionaries(
        st.sampled_from(["task_id", "step", "code", "qty", "order_id", "line", "task_ids", "type"])
        | st.text(max_size=8),
        _json,
        max_size=5,
    ),
    captured_at=st.integers(),
)
@settings(max_examples=150, deadline=None)
def test_no_body_breaks_the_parser(kind: str, data: dict[str, Any], captured_at: int) -> None:
    """Any JSON body is either refused as malformed or becomes a command that can be journalled."""
    try:
        sent = envelope(kind=kind, data=data, captured_at=captured_at)
        check_envelope(sent)
        parsed = parse_data(sent.kind, sent.data)
    except RefusedError as error:
        is_said = error.refusal.code in ("malformed", "unknown_kind", "badge_not_here")
        is_short = len(str(error.refusal.facts)) < 2_000
        assert (is_said, is_short) == (True, True)
        return
    command = Command(
        id=ID, data=parsed, device="d", actor="a", via="pda", captured_us=sent.captured_at
    )
    assert len(command.content_hash()) == 16
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(parsed), type=type(parsed)) == parsed


def test_two_commands_are_the_same_by_their_content() -> None:
    """Other data, device, session or evidence make another command; time does not (PICK-5)."""
    fields: dict[str, Any] = {"id": ID, "device": "d", "actor": "a", "via": "pda"}
    fields["captured_us"] = S
    data = c.PickScan("t", 1, "c")
    first = Command(data=data, **fields)
    again = Command(data=c.PickScan("t", 1, "c"), **fields | {"id": "another", "captured_us": 0})
    assert first.content_hash() == again.content_hash()
    others = [
        Command(data=c.PickScan("t", 1, "d"), **fields),
        Command(data=c.PickQty("t", 1, 1), **fields),
        Command(data=data, **fields | {"device": "e"}),
        Command(data=data, **fields, session="s"),
        Command(data=data, **fields, evidence=("photo",)),
    ]
    hashes = {each.content_hash() for each in [first, *others]}
    assert len(hashes) == 1 + len(others)


@given(st.integers(0, 2**48 * 1000 - 1), st.binary(min_size=10, max_size=10))
@settings(max_examples=100)
def test_ids_are_uuids_that_sort_by_time(now_us: int, random: bytes) -> None:
    """A made id is a UUIDv7 in canonical form, before every id of a later millisecond."""
    made = uuid7(now_us, random)
    assert is_uuid(made)
    assert (made[14], made[19] in "89ab") == ("7", True)
    later = (now_us + 1000) % (2**48 * 1000)
    assert (uuid7(later, b"\0" * 10) > made) == (later > now_us)


def test_derived_ids_belong_to_their_parts() -> None:
    """The same parts give the same id, other parts or other borders another one."""
    assert derived_id("timer", "1", "b") == derived_id("timer", "1", "b")
    assert len({derived_id("ab", "c"), derived_id("a", "bc"), derived_id("abc")}) == 3
    assert is_uuid(derived_id("x"))


def test_every_refusal_has_a_status_and_a_test() -> None:
    """Each code that the domain can give is provoked by a test of this folder; no code is idle."""
    folder = Path(__file__).parent
    texts = [path.read_text("utf-8") for path in folder.glob("test_*.py") if path != Path(__file__)]
    provoked = set(re.findall(r"[a-z_]+", " ".join(texts)))
    assert set(FAULTS) - provoked - WIRE_ONLY - {"unknown_kind"} == set()
    assert {fault for fault in FAULTS.values() if fault not in HTTP_STATUS} == set()


def test_every_code_is_given_somewhere() -> None:
    """No refusal stands in the list that no code gives, but for those kept for later."""
    root = Path(__file__).parents[2] / "edge"
    sources = [path.read_text("utf-8") for path in root.rglob("*.py") if path.name != "refusals.py"]
    named = set(re.findall(r'"([a-z_]+)"', " ".join(sources)))
    assert set(FAULTS) - named == set()


def test_the_first_entries_found_the_box() -> None:
    """A new journal begins with the box and its ruleset."""
    site = Site()
    assert [draft.kind for draft in site.journal[:2]] == ["box.founded", "ruleset.activated"]


def test_a_countersignature_is_kept() -> None:
    """The hub's signature of a checkpoint is an entry of its own (AUD-1)."""
    site = Site()
    site.run(c.CheckpointCountersign(5, S, b"h" * 32, b"s" * 64), via="hub")
    assert site.journal[-1].kind == "checkpoint.countersigned"
