"""Approvals, requirement by requirement (APPR-1 … APPR-4)."""

from typing import Any

import msgspec
import pytest

from edge.domain import commands as c
from edge.domain.approving import ApprovalKind, facts_hash, places_left, register_approval
from edge.domain.model import Alarm, Approval, Order
from edge.domain.refusals import Refusal
from tests.domain.site import BOOK, MUG, RULES, Site, line

DUAL = "test_dual"
ONE = "test_one"
H2_S = 7_200


def _kind() -> ApprovalKind:
    """Return a kind that asks about an order's tote, and marks the order when it is granted."""
    return ApprovalKind(
        facts=lambda world, asked: {"tote": world.the(Order, asked.order).tote},
        effect=lambda turn, asked: turn.emit(
            "order.marked", f"order:{asked.order}", order=asked.order, mark=f"done:{asked.answer}"
        ),
        why_not=lambda world, asked: (
            Refusal("order_ended", {"order": asked.order, "state": "cancelled"})
            if world.the(Order, asked.order).state == "cancelled"
            else None
        ),
    )


register_approval(ONE, _kind())
register_approval(DUAL, _kind())


def rules() -> bytes:
    """Return the default ruleset with the two kinds: one signature, and two."""
    document = msgspec.toml.decode(RULES)
    texts = {"name": {"zh": "试", "en": "Test"}, "answers": {}, "ask": ["packer", "supervisor"]}
    approvals = document.setdefault("approvals", {})
    approvals[ONE] = texts | {"chain": [["admin"]]}
    signs = {"sign": [["supervisor"], ["leader", "keeper"]], "remote": True, "chain": [["admin"]]}
    approvals[DUAL] = texts | signs
    return msgspec.json.encode(document)


@pytest.fixture
def site() -> Site:
    """Return a box with an order and the two kinds."""
    made = Site(rules=rules())
    made.assign()
    return made


def asked(site: Site, kind: str = ONE, who: str = "packer") -> str:
    """Ask, and return the approval's id."""
    answer = site.ask(kind, who=who, reason="because")
    assert answer.ok, answer
    return str(answer.facts["approval"])


def test_appr_1_a_grant_is_bound_to_its_request_and_used_once(site: Site) -> None:
    """A supervisor signs on the packer's PDA; the effect comes once, and is on record (APPR-1)."""
    approval = asked(site)
    answer = site.sign(approval, opinion="fine")
    assert (answer.ok, answer.facts["state"]) == (True, "decided")
    assert site.order().marks == ("done:grant",)
    assert site.sign(approval, "supervisor2").code == "approval_closed"
    signed, decided = site.said("approval.signed")[0], site.said("approval.decided")[0]
    assert (signed.actor, signed.device) == ("supervisor", "pda-packer")
    assert (decided.data["by"], decided.data["facts"]) == (["supervisor"], {"tote": ""})
    assert site.order().approvals == ()


def test_appr_1_what_was_shown_must_still_be_true(site: Site) -> None:
    """Where the facts changed since they were shown, the signature is stale (APPR-1)."""
    approval = asked(site)
    assert site.sign(approval, shown="0" * 64).code == "approval_stale"
    shown = facts_hash(site.world, site.the(Approval, approval))
    site.take()
    site.bind()
    assert site.sign(approval, shown=shown).code == "approval_stale"
    assert site.sign(approval).ok


def test_appr_1_other_goods_of_the_same_worth_are_other_facts(site: Site) -> None:
    """What a superior lets go is the order as they saw it, piece by piece (APPR-1)."""
    site.assign("1002", line(1, MUG, 1, price_fen=900_000))
    assert site.ask("hold_release", "1002", who="keeper").ok
    approval = site.approval("1002")
    shown = facts_hash(site.world, approval)
    site.tell("order.update", order_id="1002", lines=[line(1, BOOK, 1, price_fen=900_000)])
    assert site.sign(approval.id, shown=shown).code == "approval_stale"
    assert site.sign(approval.id).ok
    assert site.state("1002") == "ready"


def test_appr_1_the_signer_proves_who_they_are(site: Site) -> None:
    """No badge and PIN, no open session at the device, nobody known: no signature."""
    approval = asked(site)
    wrong: list[dict[str, Any]] = [
        {"factors": ("badge",)},
        {"factors": ()},
        {"actor": "nobody"},
        {"session": "session-none"},
        {"device": "pda-other"},
    ]
    codes = [site.sign(approval, **over).code for over in wrong]
    assert codes == ["sign_in_failed"] * 3 + ["not_signed_in"] * 2


def test_appr_2_a_dual_sign_takes_two_people_with_the_two_roles(site: Site) -> None:
    """Two supervisors are not enough; a leader beside one supervisor is (APPR-2)."""
    approval = asked(site, DUAL)
    assert site.sign(approval).facts["state"] == "open"
    assert site.sign(approval).code == "approval_signed"
    second = site.sign(approval, "supervisor2")
    assert (second.code, second.facts["roles"]) == ("approval_role", ["keeper", "leader"])
    assert places_left(site.the(Approval, approval)) == (("leader", "keeper"),)
    assert site.order().marks == ()
    assert site.sign(approval, "leader").facts["state"] == "decided"
    assert site.said("approval.decided")[0].data["by"] == ["supervisor", "leader"]


def test_appr_2_one_no_ends_a_dual_sign(site: Site) -> None:
    """One of two who denies decides; both opinions are kept (APPR-2, APPR-3)."""
    approval = asked(site, DUAL)
    site.sign(approval)
    assert site.sign(approval, "leader", "deny", opinion="not today").facts["answer"] == "deny"
    kept = [(each.person, each.answer) for each in site.the(Approval, approval).opinions]
    assert (kept, site.order().marks) == ([("supervisor", "grant"), ("leader", "deny")], ())


def test_appr_3_unanswered_it_goes_to_the_next_superior(site: Site) -> None:
    """After two hours the chain's next is called in, and the order is marked stuck (APPR-3)."""
    approval = asked(site)
    assert site.sign(approval, "admin").code == "approval_role"
    site.fire_timers("approval.timeout")
    assert site.order().marks == ("approval_stuck",)
    assert {alarm.roles for alarm in site.alarms("")} == {("supervisor",), ("supervisor", "admin")}
    assert site.sign(approval, "admin").ok
    assert site.order().marks == ("done:grant",)


def test_appr_3_however_often_nobody_answers_there_is_one_call(site: Site) -> None:
    """A superior finds one alarm of a request that waited overnight, and none of a decided one."""
    approval = asked(site)
    for calls in range(1, 4):
        site.fire_timers("approval.timeout")
        called = [each for each in site.all(Alarm) if each.is_open]
        assert [each.roles for each in called] == [("supervisor", "admin")]
        assert len(site.said("alarm.settled")) == calls
    assert site.the(Approval, approval).call == called[0].id
    assert site.sign(approval, "admin").ok
    assert [each for each in site.all(Alarm) if each.is_open] == []


def test_appr_3_an_opinion_may_pass_the_decision_on(site: Site) -> None:
    """Who would not decide says so; it is kept, and the next superior is asked at once."""
    approval = asked(site)
    assert site.sign(approval, answer="refer", opinion="above me").facts["state"] == "open"
    assert site.the(Approval, approval).level == 1
    assert site.sign(approval, "admin").facts["state"] == "decided"
    assert [each.opinion for each in site.the(Approval, approval).opinions] == ["above me", ""]


def test_appr_3_a_request_expires(site: Site) -> None:
    """What nobody decided in a day is void, and may be asked anew."""
    approval = asked(site)
    assert site.ask(ONE, reason="again").code == "approval_open"
    site.fire_timers("approval.expiry")
    assert site.sign(approval).code == "approval_closed"
    assert asked(site) != approval


def test_appr_4_nobody_approves_their_own_request(site: Site) -> None:
    """A supervisor who asked cannot sign; another can (APPR-4)."""
    approval = asked(site, who="supervisor")
    assert site.sign(approval, at="supervisor").code == "approval_own"
    assert site.sign(approval, "supervisor2").ok


def test_appr_4_no_role_is_above_the_rules(site: Site) -> None:
    """An admin whom the rule does not name cannot sign, nor ask (APPR-4)."""
    approval = asked(site)
    assert site.sign(approval, "admin").code == "approval_role"
    assert site.sign(approval, "packer2").code == "approval_role"
    assert site.ask(ONE, who="admin").code == "role_missing"


def test_a_request_must_make_sense(site: Site) -> None:
    """Unknown kinds, orders, answers and approvals are refused; what cannot be is not asked."""
    assert site.ask("make_coffee").code == "approval_kind"
    assert site.ask(ONE, "404").code == "unknown_order"
    approval = asked(site)
    assert site.sign(approval, answer="perhaps").code == "approval_answer"
    gone = site.run(
        c.ApprovalDecide("none", "", "grant"),
        via="pda", actor="supervisor", device="pda-packer", session="session-packer",
        factors=("badge", "pin"),
    )  # fmt: skip
    assert gone.code == "unknown_approval"
    site.cancel()
    assert site.sign(approval).facts["state"] == "withdrawn"
    assert site.ask(ONE).code == "order_ended"


def cosign(site: Site, approval: str, **over: Any) -> str:
    """Let the hub sign; return the refusal or `ok`."""
    body = {
        "approval_id": approval,
        "person": "boss-far-away",
        "roles": ["leader"],
        "answer": "grant",
        "facts_hash": facts_hash(site.world, site.the(Approval, approval)),
    }
    return str(site.tell("approval.decide", **body | over).facts.get("code", "ok"))


def test_appr_2_one_of_two_may_sign_through_the_hub(site: Site) -> None:
    """The second signature comes from afar, under the hub's own signature (APPR-2)."""
    approval = asked(site, DUAL)
    assert cosign(site, approval) == "ok"
    assert cosign(site, approval, person="another", roles=["supervisor"]) == "approval_role"
    assert site.sign(approval).facts["state"] == "decided"
    assert [each.remote for each in site.the(Approval, approval).opinions] == [True, False]


def test_appr_2_the_hub_is_held_to_the_same_rules(site: Site) -> None:
    """Not where the rule forbids it, for who asked, on stale facts, or with made-up roles."""
    one, two = asked(site), asked(site, DUAL)
    assert cosign(site, one, roles=["supervisor"]) == "approval_role"
    assert cosign(site, two, person="packer", roles=["leader"]) == "approval_own"
    assert cosign(site, two, person="packer2", roles=["leader"]) == "approval_role"
    assert cosign(site, two, facts_hash="0") == "approval_stale"
    assert cosign(site, two, person=7) == "malformed"
    assert site.the(Approval, two).opinions == ()
