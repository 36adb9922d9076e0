"""Approvals and freezes on every path: one decision, by the right people; frozen means still."""

from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.domain import commands as c
from edge.domain.approving import facts_hash
from edge.domain.model import Approval, Timer
from tests.domain.shrinking import SHRINKS
from tests.domain.site import MUG, PEOPLE, Site, changed_rules, line

ANSWERS = st.sampled_from(["cancel", "rush", "address", "remark", "deny", "refer", "grant"])
CATEGORIES = st.sampled_from(["cancel", "rush", "address", "remark", "return"])
ORDERS = st.sampled_from(["1001", "1002"])
WAITING: Final = "1003"
"""An order that waits, and is asked for by approvals that two people sign and that expire."""
TWO_SIGN: Final = changed_rules(
    approvals={
        "hold_release": {
            "name": {"zh": "放行", "en": "Release"},
            "ask": ["keeper", "leader", "supervisor"],
            "sign": [["supervisor", "admin"], ["supervisor", "leader"]],
            "chain": [["admin"]],
            "expires_s": 3600,
            "answers": {
                "grant": {"zh": "放行", "en": "It goes on"},
                "deny": {"zh": "等待", "en": "It waits"},
            },
        }
    }
)
SIGNERS: Final = {"freeze_conflict": 1, "hold_release": 2}
"""People who must sign a grant, by kind."""
CLOSING: Final = ("approval.decided", "approval.expired", "approval.withdrawn")


class Desk(RuleBasedStateMachine):
    """The hub contradicts itself about orders while everybody tries to sign whatever was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.site = Site(rules=TWO_SIGN)
        self.shown: dict[str, str] = {}
        for order in ("1001", "1002"):
            self.site.assign(order)
        self.site.assign(WAITING, finance_cleared=False)

    @rule(order=ORDERS, category=CATEGORIES)
    def intercept(self, order: str, category: str) -> None:
        """Freeze an order."""
        self.site.freeze(order, category)

    @rule(order=ORDERS, category=CATEGORIES)
    def revoke(self, order: str, category: str) -> None:
        """Take an interception back."""
        self.site.tell("order.revoke", order_id=order, category=category)

    @rule(who=st.sampled_from(["keeper", "leader", "supervisor"]))
    def ask(self, who: str) -> None:
        """Ask for the order that waits."""
        asked = self.site.ask("hold_release", WAITING, who=who)
        if asked.ok:
            newest = asked.facts["approval"]
            self.shown[newest] = facts_hash(self.site.world, self.site.the(Approval, newest))

    @rule(qty=st.integers(1, 3))
    def change(self, qty: int) -> None:
        """Change the order, so that it waits again, and to ask for it is another question."""
        self.site.tell("order.update", order_id=WAITING, lines=[line(1, MUG, qty)])

    @rule(who=st.sampled_from(sorted(PEOPLE)), answer=ANSWERS, nth=st.integers(0, 3))
    def sign(self, who: str, answer: str, nth: int) -> None:
        """Sign some approval, open or not, as anybody."""
        asked = self.site.all(Approval)
        if asked:
            self.site.sign(asked[nth % len(asked)].id, who, answer)

    @rule(who=st.sampled_from(["supervisor", "leader", "admin"]), nth=st.integers(0, 3))
    def sign_what_was_shown(self, who: str, nth: int) -> None:
        """Grant by what was shown when it was asked: refused where that has changed (APPR-1)."""
        if self.shown:
            asked = list(self.shown)[nth % len(self.shown)]
            now = facts_hash(self.site.world, self.site.the(Approval, asked))
            answer = self.site.sign(asked, who, shown=self.shown[asked])
            assert not answer.ok or self.shown[asked] == now

    @rule(purpose=st.sampled_from(["freeze.effect", "approval.timeout", "approval.expiry"]))
    def wait(self, purpose: str) -> None:
        """Let timers of a purpose run out."""
        self.site.fire_timers(purpose)

    @rule(nth=st.integers(0, 9))
    def fire_any(self, nth: int) -> None:
        """Fire a timer that is early, spent or disarmed: only one that is due is done (FRZ-1)."""
        timers = self.site.all(Timer)
        if timers:
            timer = timers[-1 - nth % len(timers)]
            is_due = timer.state == "armed" and timer.due_boot_us <= self.site.boot_us
            assert self.site.run(c.TimerFire(timer.id), via="timer").ok == is_due

    @rule(order=ORDERS)
    def take(self, order: str) -> None:
        """Try to pick an order; a frozen one is refused."""
        frozen = bool(self.site.order(order).freezes)
        answer = self.site.take(order)
        assert not (frozen and answer.ok)
        if answer.ok:
            self.site.by("picker", c.TaskRelease(self.site.task_id(order), "break"))

    @invariant()
    def each_is_decided_once_by_the_right_people(self) -> None:
        """No approval has two decisions, or one that not everybody signed who must (APPR-2/4)."""
        decided = [draft.data for draft in self.site.said("approval.decided")]
        assert len({each["approval"] for each in decided}) == len(decided)
        for each in decided:
            signers = 1 if each["answer"] == "deny" else SIGNERS[each["kind"]]
            assert len(set(each["by"])) == len(each["by"]) >= signers
            assert each["asked_by"] not in each["by"]
            roles = [role for by in each["by"] for role in PEOPLE[by]]
            assert {"supervisor", "leader", "admin"} >= set(roles)
            assert each["kind"] != "freeze_conflict" or "leader" not in roles

    @invariant()
    def nobody_signs_what_is_closed(self) -> None:
        """A grant of what was closed last is refused, whoever brings it (APPR-1)."""
        closed = [each for each in self.site.all(Approval) if each.state != "open"]
        for asked in closed[-1:]:
            assert not any(self.site.sign(asked.id, who).ok for who in ("supervisor", "admin"))

    @invariant()
    def what_is_closed_is_never_signed_or_used_again(self) -> None:
        """Decided, expired and withdrawn are final, and a grant has its effect once (APPR-1)."""
        closed: dict[str, str] = {}
        used: set[str] = set()
        for draft in self.site.journal:
            asked = draft.data.get("approval", "")
            if draft.kind in ("approval.signed", "approval.escalated", *CLOSING):
                assert asked not in closed
            if draft.kind in CLOSING:
                assert draft.kind == f"approval.{self.site.the(Approval, asked).state}"
                closed[asked] = draft.data.get("answer", "")
            elif draft.kind == "order.released":
                assert closed.get(asked) == "grant"
                assert asked not in used
                used.add(asked)

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
TestDesk.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
