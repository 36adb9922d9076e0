"""Rulesets as a supervisor sees them: what is in force, what changed, the way back (RULE-2/4)."""

import asyncio

from tests.domain.site import changed_rules
from tests.rig import Rig

ROLLBACK = "/api/v1/rulesets/rollback"


async def test_what_came_into_force_is_told_with_what_it_changed(rig: Rig) -> None:
    """Label, the one before, each part that differs, and how soon the first order was decided."""
    supervisor = await rig.client("supervisor")
    first = await supervisor.get("/api/v1/rulesets")
    assert (first["back_to"], first["changes"]) == (None, [])
    await rig.tell("ruleset.publish", document=changed_rules(order_types={"known": ["deposit"]}))
    await rig.assign("1001")
    found = await supervisor.get("/api/v1/rulesets")
    assert (found["back_to"], found["pushes"][0]["label"]) == (first["rules"], found["rules"])
    assert found["pushes"][0]["took_us"] > 0
    known = next(each for each in found["changes"] if each["part"] == "order_types")
    assert (known["path"], known["after"]) == ("order_types.known", ["deposit"])


async def test_a_roll_back_is_tried_and_then_done_in_one_action(rig: Rig) -> None:
    """The trial says what would change; the roll-back counts for the ruleset that was shown."""
    supervisor = await rig.client("supervisor")
    before = (await supervisor.get("/api/v1/rulesets"))["rules"]
    await rig.tell("ruleset.publish", document=changed_rules(order_types={"known": []}))
    await rig.assign("1001")
    active = (await supervisor.get("/api/v1/rulesets"))["rules"]
    trial = await supervisor.get("/api/v1/rulesets/back/trial")
    assert (trial["rules"], trial["against"]) == (before, active)
    assert {"order": "1001", "what": "state", "before": "hold_type", "after": "ready"} in (
        trial["differences"]
    )
    stale = await supervisor.ask("POST", ROLLBACK, {"rules": before, "reason": "late"})
    assert (stale[0], stale[1]["code"]) == (409, "ruleset_not_in_force")
    done = await supervisor.ask("POST", ROLLBACK, {"rules": active, "reason": "holds too much"})
    assert (done[0], done[1]["facts"]["rules"]) == (200, before)
    found = await supervisor.get("/api/v1/rulesets")
    assert (found["rules"], found["pushes"][0]["back"]) == (before, True)


async def test_two_who_press_at_once_go_back_once(rig: Rig) -> None:
    """Each meant the ruleset that was shown: the second is told that it is in force no more."""
    supervisor = await rig.client("supervisor")
    rules = [(await supervisor.get("/api/v1/rulesets"))["rules"]]
    for version in (2, 3):
        document = changed_rules(meta={"version": version})
        await rig.tell("ruleset.publish", document=document)
        rules.append((await supervisor.get("/api/v1/rulesets"))["rules"])
    asked = {"rules": rules[2], "reason": "pressed twice"}
    done = await asyncio.gather(*(supervisor.ask("POST", ROLLBACK, asked) for _ in range(2)))
    assert sorted(status for status, _ in done) == [200, 409]
    assert (await supervisor.get("/api/v1/rulesets"))["rules"] == rules[1]


async def test_only_who_looks_over_the_floor_sees_rulesets(rig: Rig) -> None:
    """A picker sees none, a leader may look, a supervisor may go back; where there is a way."""
    picker, leader = await rig.client("picker"), await rig.client("leader")
    supervisor = await rig.client("supervisor")
    assert (await picker.ask("GET", "/api/v1/rulesets"))[0] == 403
    rules = (await leader.get("/api/v1/rulesets"))["rules"]
    assert (await leader.ask("POST", ROLLBACK, {"rules": rules}))[0] == 403
    none = await supervisor.ask("POST", ROLLBACK, {"rules": rules})
    assert none[1]["code"] == "no_ruleset_before"
    assert (await supervisor.ask("GET", "/api/v1/rulesets/back/trial"))[1]["code"] == none[1][
        "code"
    ]
