"""Approvals and freezes on every path: one decision, by the right people; frozen means still."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.domain import commands as c
from edge.domain.model import Approval
from tests.domain.shrinking import SHRINKS
from tests.domain.site import PEOPLE, Site

ANSWERS = st.sampled_from(["cancel", "rush", "address", "remark", "deny", "refer", "grant"])
CATEGORIES = st.sampled_from(["cancel", "rush", "address", "remark", "return"])


class Desk(RuleBasedStateMachine):
    """The hub contradicts itself about two orders while everybody tries to sign."""

    def __init__(self) -> None:
        super().__init__()
        self.site = Site()
        for order in ("1001", "1002"):
            self.site.assign(order)

    @rule(order=st.sampled_from(["1001", "1002"]), category=CATEGORIES)
    def intercept(self, order: str, category: str) -> None:
        """Freeze an order."""
        self.site.freeze(order, category)

    @rule(order=st.sampled_from(["1001", "1002"]), category=CATEGORIES)
    def revoke(self, order: str, category: str) -> None:
        """Take an interception back."""
        self.site.tell("order.revoke", order_id=order, category=category)

    @rule(who=st.sampled_from(sorted(PEOPLE)), answer=ANSWERS, nth=st.integers(0, 3))
    def sign(self, who: str, answer: str, nth: int) -> None:
        """Sign some approval, open or not, as anybody."""
        asked = self.site.all(Approval)
        if asked:
            self.site.sign(asked[nth % len(asked)].id, who, answer)

    @rule(purpose=st.sampled_from(["freeze.effect", "approval.timeout"]))
    def wait(self, purpose: str) -> None:
        """Let timers of a purpose run out."""
        self.site.fire_timers(purpose)

    @rule(order=st.sampled_from(["1001", "1002"]))
    def take(self, order: str) -> None:
        """Try to pick an order; a frozen one is refused."""
        frozen = bool(self.site.order(order).freezes)
        answer = self.site.take(order)
        assert not (frozen and answer.ok)
        if answer.ok:
            self.site.by("picker", c.TaskRelease(self.site.task_id(order), "break"))

    @invariant()
    def each_is_decided_once_by_the_right_people(self) -> None:
        """No approval has two decisions, or one that nobody signed who may (APPR-2, APPR-4)."""
        decided = [draft.data for draft in self.site.said("approval.decided")]
        assert len({each["approval"] for each in decided}) == len(decided)
        for each in decided:
            assert all({"supervisor", "admin"} & set(PEOPLE[by]) for by in each["by"])

    @invariant()
    def effects_come_once(self) -> None:
        """No freeze ends twice, and no contested one counts without a decision (FRZ-3)."""
        closed = [draft.data["freeze"] for draft in self.site.said("freeze.closed")]
        assert len(set(closed)) == len(closed)
        assert len(self.site.said("order.rushed")) <= len(
            [d for d in self.site.said("freeze.opened") if d.data["category"] == "rush"]
        )

    @invariant()
    def who_waits_is_asked(self) -> None:
        """An order with contested freezes has exactly one open question about them."""
        for order in ("1001", "1002"):
            contested = self.site.order(order).contested
            assert len(contested) != 1
            assert len(self.site.order(order).approvals) == bool(contested)


TestDesk = SHRINKS(Desk.TestCase)
TestDesk.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
