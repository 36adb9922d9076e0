"""The order in which open tasks are offered (FLOW-11, RULE-5)."""

from tests.domain.site import MUG, line
from tests.rig import Rig

NORMAL = 230
"""More than a list of tasks holds."""


async def test_flow_11_a_full_normal_queue_delays_no_24h_order(rig: Rig) -> None:
    """Whoever is free next is offered P0, then the oldest 24H task, whatever else waits."""
    for n in range(NORMAL):
        await rig.assign(f"N-{n:04}", line(1, MUG, 1))
    await rig.assign("F-1", line(1, MUG, 1), tags=["24H"])
    await rig.assign("F-2", line(1, MUG, 1), tags=["24H"])
    await rig.assign("P-1", line(1, MUG, 1), customer_level="platinum")
    await rig.assign("P-2", line(1, MUG, 1), customer_level="platinum", tags=["24H"])
    picker = await rig.client("picker")
    tasks = (await picker.get("/api/v1/tasks"))["tasks"]
    first = [task["orders"][0]["id"] for task in tasks[:6]]
    assert first == ["P-2", "P-1", "F-1", "F-2", "N-0000", "N-0001"]
    await picker.must("task.take", task_ids=[tasks[2]["id"]])
    later = (await picker.get("/api/v1/tasks"))["tasks"]
    assert [task["orders"][0]["id"] for task in later[:3]] == ["P-2", "P-1", "F-2"]
