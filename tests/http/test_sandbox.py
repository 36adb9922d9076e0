"""Trying a ruleset over the API: what it would change, and who may ask (RULE-4)."""

from tests.domain.site import changed_rules
from tests.rig import Rig


async def test_a_supervisor_sees_what_a_ruleset_would_change(rig: Rig) -> None:
    """Recent orders and made ones are decided on copies; the floor stays as it is."""
    await rig.assign("1001")
    supervisor = await rig.client("supervisor")
    seq = (await supervisor.get("/health"))["seq"]
    document = changed_rules(order_types={"known": []}).decode()
    status, report = await supervisor.ask(
        "POST", "/api/v1/rulesets/sandbox", {"document": document}
    )
    assert (status, report["recent"], report["problems"]) == (200, 1, [])
    assert {"order": "1001", "what": "state", "before": "ready", "after": "hold_type"} in (
        report["differences"]
    )
    assert (await supervisor.get("/health"))["seq"] == seq


async def test_others_may_not_and_faults_are_named(rig: Rig) -> None:
    """A picker is refused; a faulty ruleset is answered with its problems."""
    picker, supervisor = await rig.client("picker"), await rig.client("supervisor")
    path, body = "/api/v1/rulesets/sandbox", {"document": "meta = 3"}
    assert (await picker.ask("POST", path, body))[0] == 403
    status, report = await supervisor.ask("POST", path, body)
    assert (status, report["differences"]) == (200, [])
    assert [each["path"] for each in report["problems"]] == ["workflow", "meta"]


async def test_the_latency_of_a_push_is_a_metric(rig: Rig) -> None:
    """How long the last ruleset took to decide its first order stands in the metrics (RULE-2)."""
    await rig.tell("ruleset.publish", document=changed_rules())
    await rig.assign("1001")
    async with rig.http.get(f"{rig.url}/metrics") as answer:
        rows = [row for row in (await answer.text()).splitlines() if row[0] != "#"]
    lines = dict(row.rsplit(" ", 1) for row in rows)
    assert float(lines["floorgate_ruleset_publish_to_first_order_seconds"]) > 0
