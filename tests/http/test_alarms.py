"""Alarms over the API: what waits for an answer, and what was answered by whom (FRZ-4)."""

import pytest

from edge.app import reads
from edge.domain.model import Alarm
from tests.rig import Rig


async def test_who_answered_an_alarm_is_in_the_log_of_the_day(rig: Rig) -> None:
    """The newest first, with whom it called, and who answered when (FRZ-4)."""
    picker, supervisor = await rig.client("picker"), await rig.client("supervisor")
    for order in ("1001", "1002"):
        await rig.assign(order)
        task = next(
            each["id"]
            for each in (await picker.get("/api/v1/tasks"))["tasks"]
            if each["orders"][0]["id"] == order
        )
        await picker.must("task.take", task_ids=[task])
        await rig.tell("order.freeze", order_id=order, category="cancel", countdown_s=600)
        await picker.must("task.release", task_id=task, reason="break")
    first, second = (await picker.get("/api/v1/alarms"))["alarms"]
    await picker.must("alarm.ack", alarm_id=first["id"])
    found = (await supervisor.get("/api/v1/alarm-log"))["alarms"]
    assert [each["id"] for each in found] == [second["id"], first["id"]]
    assert (found[0]["acked_at"], found[0]["acked_by"]) == (None, None)
    assert found[1]["acked_by"] == found[1]["person"]
    assert found[1]["person"]["id"] == "picker"
    assert found[1]["acked_at"] >= found[1]["raised_at"]


async def test_others_see_their_own_alarms_alone(rig: Rig) -> None:
    """A packer is not told of a picker's alarm; whoever has the role of a call is (SEC-3)."""
    await rig.tell("message.show", text={"zh": "停线", "en": "Stop"}, roles=["packer"])
    packer, picker = await rig.client("packer"), await rig.client("picker")
    assert [each["code"] for each in (await packer.get("/api/v1/alarm-log"))["alarms"]] == [
        "message"
    ]
    assert (await picker.get("/api/v1/alarm-log"))["alarms"] == []


async def test_what_calls_a_person_is_told_behind_any_number_of_calls_of_their_role(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that nobody of a role answers hide no alarm of who comes back (FRZ-4)."""
    monkeypatch.setattr(reads, "LIST_MAX", 3)
    leader = await rig.client("leader")
    text = {"zh": "看一下", "en": "Look"}
    for _ in range(4):
        await rig.tell("message.show", text=text, roles=["leader"])
    await rig.tell("message.show", text=text, person="leader")
    told = (await leader.get("/api/v1/alarms"))["alarms"]
    (own,) = await rig.box.reader.find(Alarm, "person", "leader", 9)
    assert (len(told), told[-1]["id"]) == (3, own)
