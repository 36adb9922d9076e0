"""What the hub pushes down: taken over once, refused, or set aside; never in the way (SYNC-2)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain import commands as c
from edge.domain.model import Assignment, Box, Order, Person, RulesetRecord, Shelf
from edge.domain.personal import seal
from sync.api import Entry, decode_entry, encode_entry
from tests.domain.site import (
    BIB,
    BINS,
    MUG,
    RULES,
    TOWEL,
    WIPES,
    Site,
    changed_rules,
    gtin,
    line,
    outcome,
    person,
)

PLAIN: dict[str, Any] = {"order_id": "1001", "lines": [line(1, MUG, 1)], "carrier": "SF"}


# ---- acceptance -------------------------------------------------------------------------------


def test_an_order_becomes_a_task_and_locks_its_stock(site: Site) -> None:
    """Acceptance locks what the order needs and makes its pick task (FLOW-1, PICK-10)."""
    site.assign()
    assert (site.state(), site.stock(MUG).locked, site.stock(MUG).available) == ("ready", 2, 98)
    kinds = [draft.kind for draft in site.last.drafts] if site.last else []
    deed = ["order.assigned", "order.moved", "timer.armed", "stock.moved", "task.made"]
    assert kinds == [*deed, "timer.armed", "timer.armed"]


def test_the_same_order_twice_is_one(site: Site) -> None:
    """A second delivery of the order is refused and changes nothing (FLOW-1)."""
    site.assign()
    order = site.order()
    assert site.assign().facts["code"] == "already_assigned"
    assert (site.order(), len(site.all(Order)), site.stock(MUG).locked) == (order, 1, 2)


def test_the_same_instruction_twice_is_one(site: Site) -> None:
    """An instruction that is journalled already has no second effect and no entry (SYNC-1)."""
    before = len(site.journal)
    data = c.InstructionAccept(site.dseq, "order.assign", site.now_us, PLAIN)
    assert site.run(data, via="hub").facts == {"dseq": site.dseq, "known": True}
    assert (len(site.journal), site.all(Order)) == (before, [])


@pytest.mark.parametrize(
    ("over", "state"),
    [
        ({"type": "flying carpet"}, "hold_type"),
        ({"finance_cleared": False}, "hold_finance"),
        ({"type": "custom"}, "hold_approval"),
        ({"lines": [line(1, MUG, 2, price_fen=250_001)]}, "hold_approval"),
        ({"tags": ["duplicate_suspected"]}, "hold_duplicate"),
        ({"lines": [line(1, MUG, 101)]}, "short"),
    ],
)
def test_an_order_waits_where_a_rule_says_so(site: Site, over: dict[str, Any], state: str) -> None:
    """Unknown types and unmet conditions wait, on record; nothing is locked (FLOW-1, FLOW-2)."""
    site.assign(**over)
    assert (site.state(), site.order().task, site.stock(MUG).locked) == (state, "", 0)
    site.snapshot({MUG: 500})
    site.tell("order.release", order_id="1001")
    assert site.state() == "ready"


def test_the_hub_holds_an_order_that_nobody_picks(site: Site) -> None:
    """A held order gives stock and task back; a release starts it anew (FLOW-2)."""
    site.assign()
    task = site.task_id()
    site.tell("order.hold", order_id="1001", state="hold_customs")
    assert (site.state(), site.stock(MUG).locked, site.order().task) == ("hold_customs", 0, "")
    assert site.by("picker", c.TaskTake((task,))).code == "task_not_open"
    site.tell("order.release", order_id="1001")
    assert (site.state(), site.stock(MUG).locked) == ("ready", 2)
    assert site.take().ok
    assert site.tell("order.hold", order_id="1001", state="hold_customs").facts["code"] == (
        "not_in_state"
    )


def test_a_held_order_is_cancelled_without_a_second_unlock(site: Site) -> None:
    """What a hold has given back is not given back again (PICK-10)."""
    site.assign()
    site.tell("order.hold", order_id="1001", state="hold_quality")
    site.cancel()
    assert (site.state(), site.stock(MUG).locked) == ("cancelled", 0)


@pytest.mark.parametrize("state", ["shipped", "ready", "nowhere", "cancelled"])
def test_a_hold_leads_to_waiting_states_only(site: Site, state: str) -> None:
    """No instruction moves an order past the table: a hold names a state of waiting (FLOW-3)."""
    site.assign()
    site.tell("order.hold", order_id="1001", state=state)
    assert (outcome(site), site.state()) == (("instruction.set_aside", "malformed"), "ready")


def test_personal_data_stays_beside_the_journal(site: Site) -> None:
    """Entries hold derived facts and a salted hash; name, phone and remark stand apart (SEC-5)."""
    site.assign(remark="生日礼物，轻放", recipient={"name": "李雷", "phone": "138****8000"})
    content = site.the(Assignment, "1001")
    assert (content.phone_masked, content.remark_hits) == (True, ("生日",))
    record = site.personal[-1]
    assert record.value["remark"] == "生日礼物，轻放"
    assert content.personal == seal(record.salt, record.value)
    text = str([draft.data for draft in site.journal])
    assert [word in text for word in ("李雷", "138****", "轻放")] == [False] * 3


def test_a_fast_order_has_its_own_lane(site: Site) -> None:
    """The tag of the ruleset puts an order into the fast lane (FLOW-11)."""
    site.assign(tags=["24H"])
    assert site.order().lane == "24h"


# ---- gifts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fen", "gifts"),
    [(39_899, []), (39_900, [WIPES]), (59_899, [WIPES]), (59_900, [WIPES, BIB])],
)
def test_the_tiers_give_at_their_amounts(site: Site, fen: int, gifts: list[str]) -> None:
    """399 yuan gives wipes, 599 wipes and a bib, to the fen (GIFT-1)."""
    site.assign("1001", line(1, MUG, 1, price_fen=fen), gifts="evaluate")
    lines = site.the(Assignment, "1001").lines
    assert [each.sku for each in lines if each.gift] == gifts
    assert {each.rule for each in lines if each.gift} == (
        {"tier-599" if BIB in gifts else "tier-399"} if gifts else set()
    )


def test_charges_count_and_given_gifts_stay(site: Site) -> None:
    """Discounts count for the amount; where the hub gave the gifts, no rule is asked (GIFT-1)."""
    discount = [{"code": "D", "name": "Discount", "amount_fen": -2}]
    site.assign("1001", line(1, MUG, 1, price_fen=39_901), charges=discount, gifts="evaluate")
    site.assign("1002", line(1, MUG, 1, price_fen=60_000), gifts="given")
    assert [len(site.the(Assignment, order).lines) for order in ("1001", "1002")] == [1, 1]


def test_the_trace_says_which_rule_gave_what(site: Site) -> None:
    """The entry names rule, condition and lines (GIFT-4, RULE-3)."""
    site.assign("1001", line(4, MUG, 1, price_fen=40_000), gifts="evaluate")
    entry = site.said("gift.granted")[0]
    assert (entry.data["rule"], entry.data["missing"]) == ("tier-399", [])
    assert [(each["no"], each["sku"]) for each in entry.data["lines"]] == [(5, WIPES)]
    assert entry.rules == "default@1"


def test_a_gift_that_the_catalogue_does_not_know_is_named() -> None:
    """An unknown gift is listed as missing and does not stop the order (GIFT-1)."""
    rule = {"id": "g", "when": "true", "give": [{"sku": "NO-SUCH"}, {"sku": BIB, "tracked": False}]}
    site = Site(rules=changed_rules(gifts=[rule]))
    site.assign("1001", line(1, MUG, 1), gifts="evaluate")
    assert site.said("gift.granted")[0].data["missing"] == ["NO-SUCH"]
    assert [each.sku for each in site.the(Assignment, "1001").lines] == [MUG, BIB]


def test_a_rule_that_fails_fails_closed() -> None:
    """An expression that raises refuses the order by the rule's name; the box goes on (RULE-3)."""
    rule = {"id": "g", "when": "9 / (order.amount_fen - 40000 - 5) > 0", "give": []}
    site = Site(rules=changed_rules(gifts=[rule]))
    site.assign("1001", line(1, MUG, 1, price_fen=40_005), gifts="evaluate")
    assert outcome(site) == ("instruction.refused", "rule_error")


# ---- stock ------------------------------------------------------------------------------------


def test_a_snapshot_keeps_the_locks(site: Site) -> None:
    """What the hub counts replaces what lies here, not what orders have locked (PICK-10)."""
    site.assign()
    site.snapshot({MUG: 10})
    assert (site.stock(MUG).available, site.stock(MUG).locked) == (8, 2)


def test_no_shelf_goes_below_nothing(site: Site) -> None:
    """Shipping more than the books have leaves an empty shelf and says what was missing."""
    site.to_printed()
    site.snapshot({MUG: 1})
    site.prove()
    stock = site.stock(MUG)
    assert (stock.on_hand, stock.locked) == ({BINS[MUG]: 0}, 0)
    assert site.said("stock.moved")[-1].data["missing"] == [(MUG, BINS[MUG], "", 1)]


def test_a_cancelled_parcel_comes_back_into_stock(site: Site) -> None:
    """What was deducted at shipping is added when it lies in its bin again (PICK-10)."""
    site.to_shipped()
    site.cancel()
    assert site.stock(MUG).available == 98
    assert site.by("keeper", c.PutbackScan("1001", gtin(MUG), 2)).ok
    assert (site.stock(MUG).available, site.stock(TOWEL).available) == (100, 92)


# ---- rulesets ---------------------------------------------------------------------------------


def test_a_ruleset_decides_from_the_next_command(site: Site) -> None:
    """A published ruleset is active at once; entries carry its version (RULE-2, RULE-3)."""
    site.tell("ruleset.publish", document=changed_rules(order_types={"known": []}).decode())
    assert site.the(Box, "box").rules == "default@2"
    site.assign()
    assert (site.state(), site.journal[-1].rules) == ("hold_type", "default@2")


BAD_RULES: list[tuple[dict[str, Any], str]] = [
    ({"gifts": [{"id": "g", "when": "order.", "give": []}]}, "gifts[0].when"),
    ({"gifts": [{"id": "g", "when": "customer.level == 1", "give": []}]}, "unknown name customer"),
    ({"gifts": [{"id": "g", "when": "1 == 1 " * 100, "give": []}]}, "longer than 500"),
    ({"labels": {"proof_least": "none"}}, "labels.proof_least"),
    ({"labels": {"colour": "red"}}, "colour"),
]


@pytest.mark.parametrize(("change", "place"), BAD_RULES)
def test_a_bad_ruleset_is_set_aside(site: Site, change: dict[str, Any], place: str) -> None:
    """Every fault is located, and the old ruleset stays (RULE-1)."""
    site.tell("ruleset.publish", document=changed_rules(**change))
    assert outcome(site) == ("instruction.set_aside", "ruleset_invalid")
    assert place in str(site.journal[-1].data["facts"]["problems"])
    assert site.the(Box, "box").rules == "default@1"


def _workflow(**change: Any) -> bytes:
    document = msgspec.json.decode(changed_rules())
    workflow = document["workflow"]
    workflow["states"] = [
        {**state, **change.get(state["id"], {})}
        for state in workflow["states"]
        if state["id"] not in change.get("drop", ())
    ]
    for transition in workflow["transitions"]:
        transition["from"] = [s for s in transition["from"] if s not in change.get("drop", ())]
    workflow["transitions"] += change.get("transitions", [])
    workflow["holds"] += change.get("holds", [])
    return msgspec.json.encode(document)


BAD_WORKFLOWS: list[tuple[dict[str, Any], str]] = [
    ({"transitions": [{"action": "a", "from": ["ready"], "to": "shipped"}]}, "shipped needs"),
    (
        {
            "transitions": [
                {
                    "action": "a",
                    "from": ["ready"],
                    "to": "shipped",
                    "gates": ["all_checked", "label_proved"],
                    "frozen": True,
                }
            ]
        },
        "no freeze",
    ),
    ({"transitions": [{"action": "a", "from": ["moon"], "to": "ready"}]}, "unknown state moon"),
    (
        {"transitions": [{"action": "a", "from": ["ready"], "to": "ready", "gates": ["g"]}]},
        "unknown gate g",
    ),
    ({"holds": [{"state": "shipped", "when": "true"}]}, "not a state of kind hold"),
    ({"shipped": {"kind": "hold"}}, "shipped must be there, of kind floor"),
    ({"ready": {"kind": "start"}}, "exactly one state is of kind start"),
    ({"picked": {"kind": "limbo"}}, "kind limbo"),
    ({"drop": ["hold_drawing"]}, "unknown state hold_drawing"),
    ({"drop": ["cancelled"]}, "unknown state cancelled"),
]


@pytest.mark.parametrize(("change", "place"), BAD_WORKFLOWS)
def test_no_ruleset_opens_a_second_way_to_shipped(
    site: Site, change: dict[str, Any], place: str
) -> None:
    """A workflow that would ship without proof, trap orders or lose them is refused (FLOW-4)."""
    site.tell("ruleset.publish", document=_workflow(**change))
    found = site.run(c.RulesetActivate(_workflow(**change), "key")).facts["problems"]
    assert place in str(found)
    assert site.the(Box, "box").rules == "default@1"


def test_a_new_state_needs_no_release(site: Site) -> None:
    """States and ways are data: an order walks through a state that no code knows (FLOW-2)."""
    document = msgspec.json.decode(changed_rules())
    name = {"zh": "等待拍照", "en": "Waiting: photo"}
    document["workflow"]["states"].append(
        {"id": "hold_photo", "kind": "hold", "owner": "keeper", "name": name}
    )
    document["workflow"]["holds"].insert(0, {"state": "hold_photo", "when": "true"})
    document["workflow"]["transitions"][3]["from"].append("hold_photo")
    site.tell("ruleset.publish", document=msgspec.json.encode(document))
    site.assign()
    assert site.state() == "hold_photo"
    site.tell("order.release", order_id="1001")
    assert site.state() == "ready"


def test_only_a_newer_version_comes_into_force(site: Site) -> None:
    """The same version again, with the same or other content, is refused; so is an older one."""
    site.tell("ruleset.publish", document=changed_rules(picking={"each_max": 9}))
    for change in ({"each_max": 9}, {"each_max": 1}):
        site.tell("ruleset.publish", document=changed_rules(picking=change))
        assert outcome(site) == ("instruction.refused", "ruleset_not_newer")
    site.tell("ruleset.publish", document=RULES)
    assert outcome(site) == ("instruction.refused", "ruleset_not_newer")
    assert site.the(Box, "box").rules == "default@2"
    assert len(site.all(RulesetRecord)) == 2


# ---- what cannot be handled -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("order.teleport", {}, "unknown_kind"),
        ("order.assign", {}, "malformed"),
        ("order.assign", {"order_id": 7, "lines": []}, "malformed"),
        ("order.assign", {"order_id": "x" * 65, "lines": []}, "malformed"),
        ("order.assign", PLAIN | {"lines": []}, "malformed"),
        ("order.assign", PLAIN | {"lines": [line(1, MUG, 0)]}, "malformed"),
        ("order.assign", PLAIN | {"lines": [line(1, MUG, 2**40)]}, "malformed"),
        ("order.assign", PLAIN | {"lines": [line(1, MUG, 1), line(1, BIB, 1)]}, "malformed"),
        ("order.assign", PLAIN | {"routing": {"score": 0.93}}, "malformed"),
        ("order.assign", PLAIN | {"recipient": "李雷"}, "malformed"),
        ("order.assign", PLAIN | {"service": "x" * 300_000}, "too_large"),
        ("order.freeze", {"order_id": "9999"}, "unknown_order"),
        ("order.revoke", {}, "malformed"),
        ("location.upsert", {"items": [{"code": "A-1", "zone": "A", "walk": "one"}]}, "malformed"),
        ("location.upsert", {"items": [{"code": 7, "zone": "A", "walk": 1}]}, "malformed"),
        ("catalog.upsert", {"items": [{"sku": "X", "codes": [1]}]}, "malformed"),
        ("catalog.upsert", {"items": "all"}, "malformed"),
        ("catalog.upsert", {"items": [{}] * 1_001}, "malformed"),
        ("stock.snapshot", {"items": [{"sku": MUG, "location": "A", "qty": -1}]}, "malformed"),
        ("stock.snapshot", {"items": [{"sku": 7, "location": "A", "qty": 1}]}, "malformed"),
        ("waybill.pool", {"carrier": "SF", "numbers": ["n"] * 1_001}, "malformed"),
        ("people.upsert", {"items": [person("x", ()) | {"pin": {"n": 2**40}}]}, "malformed"),
        ("people.upsert", {"items": [person("x", ()) | {"roles": [1]}]}, "malformed"),
        ("people.upsert", {"items": [person("x", ()) | {"badge_hash": ["h"]}]}, "malformed"),
        ("ruleset.publish", {"document": 10**9}, "malformed"),
        ("ruleset.publish", {"document": b"\xff\xfe"}, "ruleset_invalid"),
    ],
)
def test_what_cannot_be_handled_is_set_aside(
    site: Site, kind: str, body: dict[str, Any], code: str
) -> None:
    """It is kept with its reason, changes nothing else, and the next one is taken (SYNC-2)."""
    before = {key: doc for key, doc in site.docs.items() if key[0] != "box"}
    site.tell(kind, **body)
    assert outcome(site) == ("instruction.set_aside", code)
    assert {key: doc for key, doc in site.docs.items() if key[0] != "box"} == before
    assert site.the(Box, "box").dseq == site.dseq
    site.assign("2002", line(1, MUG, 1))
    assert site.state("2002") == "ready"


def test_an_order_with_an_unknown_item_is_refused_by_name(site: Site) -> None:
    """The hub is told which SKU this box does not know."""
    site.assign("1001", line(1, "NO-SUCH", 1))
    assert outcome(site) == ("instruction.refused", "unknown_item")
    assert site.journal[-1].data["facts"]["got"] == "NO-SUCH"


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.binary(max_size=6)
    | st.text(max_size=8)
    | st.sampled_from(["1001", MUG, "SF", "cancel", "hold_quality", "evaluate"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
_GOOD: dict[str, dict[str, Any]] = {
    "catalog.upsert": {"items": [{"sku": "N", "name": {"zh": "新", "en": "new"}, "codes": []}]},
    "location.upsert": {"items": [{"code": "Z-1", "zone": "Z", "walk": 9}]},
    "people.upsert": {"items": [person("new", ("picker",))]},
    "stock.snapshot": {"items": [{"sku": MUG, "location": "A-01-01", "qty": 5}]},
    "waybill.pool": {"carrier": "SF", "numbers": ["SF9"]},
    "order.assign": PLAIN | {"order_id": "3003", "tags": ["24H"], "gifts": "evaluate"},
    "order.update": {"order_id": "1001", "recipient": {"phone": "139", "address": "文二路 9 号"}},
    "tag.set": {"order_id": "1001", "tags": ["key_review"], "remove": ["24H"]},
    "carrier.switch": {"order_id": "1001", "carrier": "ZTO", "service": "standard"},
    "order.release": {"order_id": "1001"},
    "order.hold": {"order_id": "1001", "state": "hold_quality"},
    "order.freeze": {"order_id": "1001", "category": "cancel", "countdown_s": 3},
    "order.revoke": {"order_id": "1001", "category": "cancel"},
    "order.carrier_status": {"order_id": "1001", "status": "first scan"},
    "ruleset.publish": {"document": "[meta]"},
}


@st.composite
def _instructions(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A known instruction in which values were replaced, added or removed, at the top or below."""
    kind = draw(st.sampled_from(sorted(_GOOD)))
    body = msgspec.msgpack.decode(msgspec.msgpack.encode(_GOOD[kind]))
    target = body
    nested = [each for each in (body.get("items"), body.get("lines")) if each]
    if nested:
        target = draw(st.sampled_from([body, nested[0][0]]))
    for key in draw(st.sets(st.sampled_from([*sorted(target), "extra"]), max_size=2)):
        target.pop(key, None)
        target |= draw(st.just({}) | st.fixed_dictionaries({key: _values}))
    return kind, body


@given(_instructions())
@settings(max_examples=150, deadline=None)
def test_no_instruction_breaks_the_box(asked: tuple[str, dict[str, Any]]) -> None:
    """Whatever a body holds: answered by an entry, storable, readable again, and the next comes."""
    kind, body = asked
    site = Site()
    site.assign()
    before = len(site.journal)
    assert site.tell(kind, **body).ok
    assert len(site.journal) > before
    assert site.the(Box, "box").dseq == site.dseq
    for seq, draft in enumerate(site.journal[before:], 1):
        fields = msgspec.structs.asdict(draft) | {"seq": seq}
        raw = encode_entry(Entry(v=1, box="b", epoch=1, **fields))
        assert decode_entry(raw).seq == seq
    for doc in filter(None, site.docs.values()):
        raw = msgspec.msgpack.encode(doc)
        assert msgspec.msgpack.decode(raw, type=type(doc)) == doc
        assert all(isinstance(word, str) for pair in doc.terms().items() for word in pair)
    assert all(shelf.on_hand >= 0 for shelf in site.all(Shelf))
    assert site.all(Person) != []
    site.assign("4004", line(1, BIB, 1))
    assert site.load(Order, "4004") is not None


def test_no_instruction_is_taken_before_its_turn(site: Site) -> None:
    """The hub's numbers have no gaps: what comes too early is refused, and taken in its turn."""
    late = c.InstructionAccept(site.dseq + 2, "order.assign", 0, {"order_id": "1002"})
    early = site.run(late, via="hub", actor="hub")
    assert (early.code, early.facts["expected"]) == ("instruction_early", site.dseq + 1)
    site.assign("1001")
    assert site.run(late, via="hub", actor="hub").facts["code"] == "malformed"
    assert site.run(late, via="hub", actor="hub").facts["known"]
