"""The desk where approvals are signed: any badge, any device, once (APPR-1, APPR-2, APPR-4)."""

from typing import Any

import msgspec

from edge.domain.lockouts import ROW_MAX
from tests.rig import PIN, Client, Rig, badge, heard, new_id


async def question(rig: Rig, picker: Client) -> dict[str, Any]:
    """Let the hub contradict itself about an order, and return what is asked."""
    await rig.assign("1001")
    for category in ("cancel", "rush"):
        await rig.tell("order.freeze", order_id="1001", category=category)
    approval = (await picker.get("/api/v1/orders/1001"))["approvals"][0]
    view: dict[str, Any] = await picker.get(f"/api/v1/approvals/{approval}")
    return view


async def sign(
    at: Client, view: dict[str, Any], who: str = "supervisor", **over: Any
) -> tuple[int, Any]:
    """Sign at somebody's device, and return status and answer."""
    body = {
        "id": new_id(),
        "badge": badge(who),
        "pin": PIN,
        "facts_hash": view["facts_hash"],
        "answer": "cancel",
        "opinion": "seen",
    }
    return await at.ask("POST", f"/api/v1/approvals/{view['id']}/decide", body | over)


async def test_appr_1_a_supervisor_signs_on_the_pickers_pda(rig: Rig) -> None:
    """They see all there is to judge, sign on the device at hand, and it is done (APPR-1)."""
    picker = await rig.client("picker")
    view = await question(rig, picker)
    assert {each["answer"] for each in view["answers"]} == {"cancel", "rush", "deny", "refer"}
    assert all(each["does"]["zh"] and each["does"]["en"] for each in view["answers"])
    status, answer = await sign(picker, view)
    assert (status, answer["facts"]["state"]) == (200, "decided")
    entries = (await picker.get("/api/v1/orders/1001/timeline"))["entries"]
    signed = next(each for each in entries if each["kind"] == "approval.signed")
    assert (signed["actor"], signed["device"]) == ("supervisor", "pda-picker")
    assert (signed["data"]["factors"], signed["data"]["facts"]) == (["badge", "pin"], view["facts"])
    assert PIN not in msgspec.json.encode(entries).decode()


async def test_the_same_signature_twice_is_one(rig: Rig) -> None:
    """Sent again it gets the first answer; with other content it is refused (APPR-1)."""
    picker = await rig.client("picker")
    view = await question(rig, picker)
    one = new_id()
    first = await sign(picker, view, id=one)
    again = await sign(picker, view, id=one)
    assert (again[0], again[1]["repeated"], again[1]["facts"]) == (200, True, first[1]["facts"])
    assert (await sign(picker, view, id=one, answer="rush"))[1]["code"] == "id_reused"
    assert (await sign(picker, view, "supervisor2"))[1]["code"] == "approval_closed"


async def test_who_is_not_a_superior_signs_nothing(rig: Rig) -> None:
    """Wrong role, wrong PIN, no badge, no session, stale facts: refused, nothing decided."""
    picker = await rig.client("picker")
    view = await question(rig, picker)
    outside = await rig.client()
    outside.token = badge("nobody")
    asked: tuple[tuple[Client, dict[str, Any], int, str], ...] = (
        (picker, {"who": "picker"}, 403, "approval_role"),
        (picker, {"who": "admin"}, 403, "approval_role"),
        (picker, {"pin": "000000"}, 401, "sign_in_failed"),
        (picker, {"badge": "@B:none"}, 401, "sign_in_failed"),
        (picker, {"facts_hash": "0" * 64}, 409, "approval_stale"),
        (picker, {"id": "one"}, 400, "malformed"),
        (outside, {}, 401, "not_signed_in"),
    )
    for client, over, status, code in asked:
        found = await sign(client, view, **over)
        assert (found[0], found[1]["code"]) == (status, code)
    assert (await picker.get("/api/v1/orders/1001"))["approvals"] == [view["id"]]
    command = picker.command("approval.decide", {"approval_id": view["id"]})
    assert (await picker.send(command))[0]["code"] == "unknown_kind"


async def test_wrong_pins_lock_the_badge_at_this_device(rig: Rig) -> None:
    """Signing and signing in share their count of wrong tries (APPR-1, SEC-4)."""
    picker = await rig.client("picker")
    view = await question(rig, picker)
    for _ in range(ROW_MAX):
        assert (await sign(picker, view, pin="0"))[1]["code"] == "sign_in_failed"
    assert (await sign(picker, view))[0] == 429
    other = await rig.client("packer", "S1")
    assert (await sign(other, view))[0] == 200


async def test_superiors_are_told_and_others_are_not(rig: Rig) -> None:
    """Who may decide hears of it and finds it in their list; a picker does not (APPR-1)."""
    picker, boss = await rig.client("picker"), await rig.client("supervisor")
    async with boss.socket() as socket:
        await heard(socket, "hello")
        view = await question(rig, picker)
        alarm = (await heard(socket, "alarm"))["alarm"]
    assert (alarm["code"], alarm["facts"]["approval"]) == ("approval_due", view["id"])
    assert [each["id"] for each in (await boss.get("/api/v1/approvals"))["approvals"]] == [
        view["id"]
    ]
    assert await picker.get("/api/v1/approvals") == {"approvals": []}
    assert await picker.get("/api/v1/alarms") == {"alarms": []}
    await boss.must("alarm.ack", alarm_id=alarm["id"])
    assert await boss.get("/api/v1/alarms") == {"alarms": []}
