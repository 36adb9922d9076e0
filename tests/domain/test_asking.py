"""What is said before an action is tried is what trying it is told (FLOW-3)."""

from typing import Final

import pytest

from edge.domain.asking import ask, known_actions
from tests.domain.site import Site
from tests.domain.test_table import COMMANDS, STATES

ASKED: Final = {
    "task.take", "task.release", "tote.bind", "pick.scan", "pick.short", "pack.open", "pack.scan",
    "pack.finish", "waybill.print", "waybill.prove", "waybill.reprint", "waybill.resolve",
    "handover.scan", "order.resend", "return.scan", "return.close", "order.hold", "order.release",
    "order.reassign", "putback.scan",
}  # fmt: skip
"""Actions that can be asked about, and sent as a command of the same name."""
APPROVED: Final = {"order.release": "hold_release", "order.partial": "partial"} | {
    "order.substitute": "substitute"
}
"""Actions that are done by an approval."""
OF_A_TASK: Final = {"task.take", "task.release", "tote.bind", "pick.scan", "pick.short"}
OF_A_LABEL: Final = {"waybill.prove", "waybill.resolve", "handover.scan"}
OF_WHO: Final = {"task_in_hand": "task_taken", "qty_mismatch": "ok"}
"""What only the person or the very scan decides, and what stands there for everybody else."""


def comparable(site: Site, action: str) -> bool:
    """Tell whether there is something to send: an order without a task or label has no scan."""
    order = site.order()
    return not (
        (action in OF_A_TASK and not order.task) or (action in OF_A_LABEL and not order.waybill)
    )


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("is_frozen", [False, True], ids=["open", "frozen"])
def test_asking_before_answers_what_trying_answers(state: str, *, is_frozen: bool) -> None:
    """Each action's first reason, asked before, is what the command is then told (FLOW-3)."""
    pairs = {action: action for action in ASKED} | APPROVED
    for action, command in sorted([*pairs.items(), ("order.release", "order.release")]):
        site = Site()
        STATES[state](site)
        if is_frozen:
            site.freeze(category="remark")
        if not comparable(site, action):
            continue
        asked = ask(site.world, site.order(), site.rules, action)
        said = asked.why[0].code if asked.why else "ok"
        told = COMMANDS[command](site)
        assert (asked.open, action, said) == (not asked.why, action, OF_WHO.get(told, told))


def test_every_action_that_people_take_is_asked_about_in_the_table(site: Site) -> None:
    """What is left out happens by itself, or is what the hub's word sets going."""
    by_itself = {auto for state in site.rules.states.values() for auto in state.auto}
    by_hub = {"order.accept", "order.update", "order.rework", "order.cancel", "lock.overdue"}
    by_hub |= {"carrier.trouble", "carrier.recovered", "pick.finish"}
    by_step = {"pick.qty"}  # of each step its own
    known = set(known_actions(site.rules)) - by_itself - by_hub - by_step
    assert known == ASKED | set(APPROVED)
