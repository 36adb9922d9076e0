"""What may be done with an order, its story, and the workflow's picture, over HTTP."""

from tests.domain.site import MUG, line
from tests.rig import Rig


async def test_why_not_over_http(rig: Rig) -> None:
    """An action of an order is answered with all that is missing; nonsense is named (FLOW-3)."""
    await rig.assign("1001", line(1, MUG, 2))
    picker = await rig.client("picker")
    found = await picker.get("/api/v1/orders/1001/why-not?action=pack.open")
    assert [each["why"][0]["code"] for each in found["actions"]] == ["not_in_state"]
    every = await picker.get("/api/v1/orders/1001/why-not")
    assert {each["action"]: each["open"] for each in every["actions"]}["task.take"] is True
    status, answer = await picker.ask("GET", "/api/v1/orders/1001/why-not?action=fly")
    assert (status, answer["code"]) == (400, "malformed")
    status, answer = await picker.ask("GET", "/api/v1/orders/none/why-not")
    assert (status, answer["code"]) == (404, "unknown_order")


async def test_the_story_of_an_order_answers_every_why(rig: Rig) -> None:
    """Each step says action, rule and version, data, who, device; refusals are steps (AUD-2)."""
    await rig.assign("1001", line(1, MUG, 2))
    picker = await rig.client("picker")
    task = (await picker.get("/api/v1/tasks"))["tasks"][0]["id"]
    await picker.must("task.take", task_ids=[task])
    wrong = await picker.do("pick.scan", task_id=task, step=1, code="nonsense")
    assert wrong["code"] == "wrong_bin"
    steps = (await picker.get("/api/v1/orders/1001/timeline"))["steps"]
    moved = [(each["moved"]["from"], each["moved"]["to"]) for each in steps if each["moved"]]
    assert moved == [("received", "ready"), ("ready", "picking")]
    taken = next(each for each in steps if each["action"] == "task.take")
    assert (taken["who"]["id"], taken["rules"]) == ("picker", "default@1")
    assert set(taken["who"]["name"]) == {"zh", "en"}
    said = next(each for each in steps if each["refused"])
    assert (said["action"], said["refused"]["code"]) == ("pick.scan", "wrong_bin")
    assert steps[0]["gates"] == []


async def test_the_workflow_is_drawn_with_the_order_in_its_state(rig: Rig) -> None:
    """The picture is SVG of the active ruleset; the order's own state stands out."""
    await rig.assign("1001", line(1, MUG, 2))
    picker = await rig.client("picker")
    url = f"{rig.url}/api/v1/workflow.svg?order=1001&lang=en"
    headers = {"Authorization": f"Bearer {picker.token}"}
    async with rig.http.get(url, headers=headers) as response:
        text = await response.text()
        assert (response.status, response.content_type) == (200, "image/svg+xml")
    assert text.count(' now"') == 1
    status, answer = await picker.ask("GET", "/api/v1/workflow.svg?lang=fr")
    assert (status, answer["code"]) == (400, "malformed")


async def test_return_codes_are_suggested(rig: Rig) -> None:
    """What a person typed suggests a code (RET-1)."""
    picker = await rig.client("picker")
    found = await picker.get("/api/v1/return-codes?text=有臭味")
    assert (len(found["codes"]), found["suggest"]) == (12, ["Q2"])
    assert found["bins"] == {"bin": "RETURNS", "quarantine": "QUARANTINE"}
