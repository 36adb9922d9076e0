"""RULE-1 to RULE-4, walked one by one: what a ruleset may do, and what becomes of a bad one."""

import re
from typing import Any

import msgspec
import pytest

from edge.domain import commands as c
from edge.domain.model import Box, RulesetHistory
from edge.domain.rules import read
from edge.domain.trial import compare
from tests.domain.site import MUG, RULES, S, Site, changed_rules, line, outcome


def test_rule_1_every_error_is_located_and_the_old_one_stays(site: Site) -> None:
    """Three faults in one document are three located problems; the old ruleset decides on."""
    text = RULES.decode().replace("version = 1", "version = 2", 1)
    text = text.replace('to = "picking"', 'to = "pcking"', 1).replace("each_max = 5", "each_mx = 5")
    text = text.replace("order.amount_fen >= 59900", "order.amount >= 59900", 1)
    site.tell("ruleset.publish", document=text)
    facts = site.journal[-1].data["facts"]
    assert outcome(site) == ("instruction.set_aside", "ruleset_invalid")
    assert (facts["count"], len(facts["problems"])) == (3, 3)
    for problem, place in zip(
        facts["problems"],
        ["workflow.transitions[10].to", "gifts[0].when", "picking.each_mx"],
        strict=True,
    ):
        assert problem["line"] > 0
        assert problem["path"] == place
        assert all(
            problem[said][language] for said in ("text", "advice") for language in ("zh", "en")
        )
    assert site.the(Box, "box").rules == "default@1"


def test_rule_1_an_unsigned_one_is_refused(site: Site) -> None:
    """A ruleset without a verified signature never comes into force."""
    answer = site.run(c.RulesetActivate(changed_rules()))
    assert (answer.code, site.the(Box, "box").rules) == ("ruleset_unsigned", "default@1")


@pytest.mark.parametrize(
    ("boxes", "code"), [(["box-9"], "ruleset_for_other_box"), (["box-9", "box-1"], ""), ([], "")]
)
def test_rule_1_one_for_another_box_is_refused(site: Site, boxes: list[str], code: str) -> None:
    """A ruleset may name the boxes that it is for."""
    meta = {"id": "default", "version": 2, "boxes": boxes}
    assert site.run(c.RulesetActivate(changed_rules(meta=meta), "key")).code == code


def test_rule_1_a_replayed_one_is_refused(site: Site) -> None:
    """A version that was in force, or an older one, does not come back by being sent again."""
    for version, code in ((3, ""), (3, "ruleset_not_newer"), (2, "ruleset_not_newer"), (4, "")):
        document = changed_rules(meta={"id": "default", "version": version})
        assert site.run(c.RulesetActivate(document, "key")).code == code


def test_rule_2_publish_to_first_order_is_measured(site: Site) -> None:
    """The first order decided by a new ruleset says how long it took, once (RULE-2)."""
    issued_us = site.now_us
    site.tell("ruleset.publish", document=changed_rules())
    site.pass_s(3)
    site.assign("1001")
    site.assign("1002")
    measured = site.said("ruleset.first_decided")
    assert [entry.data["label"] for entry in measured] == ["default@2"]
    assert measured[0].refs == ("ruleset:default@2", "order:1001")
    assert 3 * S <= measured[0].data["since_received_us"] <= measured[0].data["since_issued_us"]
    assert site.the(RulesetHistory, "box").pushes[-1].issued_us == issued_us


def test_rule_2_orders_in_flight_keep_what_they_have(site: Site) -> None:
    """State and granted gifts stay; the new table applies to the next action."""
    site.assign("1001", line(1, MUG, 1, price_fen=40_000), gifts="evaluate")
    assert site.take("1001").ok
    roles = msgspec.toml.decode(RULES)["roles"] | {"tote.bind": ["packer"]}
    site.tell("ruleset.publish", document=changed_rules(gifts=[], roles=roles))
    assert (site.state(), len(site.said("gift.granted"))) == ("picking", 1)
    assert site.bind("1001").code == "role_missing"
    site.assign("1002", line(1, MUG, 1, price_fen=40_000), gifts="evaluate")
    assert len(site.said("gift.granted")) == 1


def _with_state(version: int, name: str) -> bytes:
    """Return a ruleset in which every order waits in a state of its own first."""
    document: dict[str, Any] = msgspec.json.decode(changed_rules())
    document["meta"]["version"] = version
    texts = {"zh": "等待拍照", "en": "Waiting: photo"}
    state = {"id": name, "kind": "hold", "owner": "keeper", "name": texts}
    workflow = document["workflow"]
    workflow["states"].append(state)
    workflow["holds"].insert(0, {"state": name, "when": "true"})
    way = {"action": "order.release", "from": [name], "to": "ready", "gates": ["stock_enough"]}
    workflow["transitions"] += [way, {**way, "action": "order.cancel", "to": "cancelled"}]
    return msgspec.json.encode(document)


def test_rule_4_one_action_rolls_back(site: Site) -> None:
    """The ruleset before decides again; a state that only the newer one has keeps its ways out."""
    site.tell("ruleset.publish", document=_with_state(2, "hold_photo"))
    site.assign("1001")
    assert site.state("1001") == "hold_photo"
    answer = site.run(c.RulesetRollback("wrong rule"), via="cli", actor="admin")
    assert answer.facts == {"rules": "default@1", "before": "default@2"}
    assert site.said("ruleset.rolled_back")[0].data["kept"] == ["hold_photo"]
    site.assign("1002")
    assert (site.state("1002"), site.journal[-1].rules) == ("ready", "default@1")
    site.tell("order.release", order_id="1001")
    assert site.state("1001") == "ready"


def test_rule_4_rolling_back_goes_on_to_the_first(site: Site) -> None:
    """Each roll-back leads one further; states of all that was left stay; then there is none."""
    site.tell("ruleset.publish", document=_with_state(2, "hold_photo"))
    document = msgspec.json.decode(_with_state(3, "hold_photo"))
    second = msgspec.json.decode(_with_state(3, "hold_call"))["workflow"]
    document["workflow"]["states"].append(second["states"][-1])
    document["workflow"]["transitions"] += second["transitions"][-2:]
    site.tell("ruleset.publish", document=msgspec.json.encode(document))
    for label in ("default@2", "default@1"):
        assert site.run(c.RulesetRollback()).facts["rules"] == label
    assert {"hold_photo", "hold_call"} <= set(site.rules.states)
    assert site.run(c.RulesetRollback()).code == "no_ruleset_before"


def test_rule_4_what_was_left_does_not_come_back_by_its_old_number(site: Site) -> None:
    """After a roll-back the next ruleset needs a version above all that were in force."""
    site.tell("ruleset.publish", document=changed_rules())
    site.run(c.RulesetRollback())
    assert site.run(c.RulesetActivate(changed_rules(), "key")).code == "ruleset_not_newer"
    third = changed_rules(meta={"id": "default", "version": 3})
    assert site.run(c.RulesetActivate(third, "key")).ok


def test_rule_1_its_own_samples_must_pass(site: Site) -> None:
    """A ruleset that does not do what its samples say is refused; one that does is used."""
    order = {"order_id": "S", "gifts": "evaluate",
             "lines": [{"no": 1, "sku": "M", "qty": 1, "price_fen": 39_900}]}  # fmt: skip
    for gifts, code in ((["WIPES-80 ×1 (tier-399)"], ""), ([], "ruleset_invalid")):
        sample = {"name": "399", "order": order, "expect": {"state": "ready", "gifts": gifts}}
        meta = {"version": 2 if gifts else 3}
        answer = site.run(c.RulesetActivate(changed_rules(samples=[sample], meta=meta), "key"))
        assert answer.code == code
    (problem,) = answer.facts["problems"]
    assert problem["path"] == "samples[0].expect.gifts"
    assert "WIPES-80" in problem["text"]["zh"]


def test_rule_3_holds_and_gifts_name_rule_and_data(site: Site) -> None:
    """The entry of a decision names the ruleset, the rule and what it saw of the order."""
    site.assign("1001", line(1, MUG, 1, price_fen=600_000), gifts="evaluate")
    gift, hold = site.said("gift.granted")[0], site.said("order.moved")[-1]
    assert (gift.rules, gift.data["rule"]) == ("default@1", "tier-599")
    assert gift.data["saw"] == {"amount_fen": 600_000}
    assert (hold.rules, hold.data["rule"]) == ("default@1", "over-5000-or-custom")
    assert hold.data["saw"] == {"amount_fen": 600_000, "type": "normal"}


def test_rule_3_a_rule_that_fails_calls_for_the_supervisor() -> None:
    """A rule that cannot be answered fails closed, and a card names it."""
    rule = {"id": "g", "when": "9 / (order.amount_fen - 40000 - 5) > 0", "give": []}
    site = Site(rules=changed_rules(gifts=[rule]))
    site.assign("1001", line(1, MUG, 1, price_fen=40_005), gifts="evaluate")
    assert outcome(site) == ("instruction.refused", "rule_error")
    alarm = site.said("alarm.raised")[-1].data
    assert (alarm["code"], alarm["roles"]) == ("rule_error", ["supervisor"])
    assert alarm["facts"]["rule"] == rule["when"]


@pytest.mark.parametrize("section", ["priorities", "print_ahead", "timers", "breakers"])
def test_rule_3_wherever_a_rule_fails_the_supervisor_has_a_card(section: str) -> None:
    """A rule of any section that cannot be answered is told, and the order is not lost (RULE-3)."""
    when = "9 / (order.amount_fen - 40000 - 5) > 0"
    name = {"zh": "错", "en": "wrong"}
    timer = {"starts": ["order.assigned"], "ends": ["order.moved:shipped"], "after_s": 9}
    rule = {"id": "r", "when": when}
    sections: dict[str, Any] = {
        "priorities": {"rules": [rule | {"name": name}]},
        "print_ahead": [rule | {"station": "S1"}],
        "timers": [rule | timer | {"name": name}],
        "breakers": [rule | {"name": name}],
    }
    site = Site(rules=changed_rules(**{section: sections[section]}))
    site.assign("1001", line(1, MUG, 1, price_fen=40_005))
    card = next(each.data for each in site.said("alarm.raised") if each.data["roles"])
    assert (card["code"], card["roles"]) == ("rule_error", ["supervisor"])
    assert card["facts"]["rule"] == when
    assert site.state() == "ready"


def test_rule_1_goods_that_the_catalogue_does_not_know_are_told(site: Site) -> None:
    """Gifts and quotas may name goods of tomorrow: the ruleset counts, and the keeper is told."""
    quota = {"id": "q", "sku": "NOT-YET", "qty": 1, "tag": "VIP"}
    raw = changed_rules(stock={"quotas": [quota]})
    answer = site.run(c.RulesetActivate(raw, "key"), via="cli")
    assert answer.facts["unknown_skus"] == ["NOT-YET"]
    card = site.said("alarm.raised")[-1].data
    assert (card["code"], card["facts"]["skus"]) == ("ruleset_goods", ["NOT-YET"])


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        ({"stock": {"quotas": [{"id": "q", "sku": "", "qty": 1, "tag": "V"}]}}, "[0].sku"),
        ({"stock": {"quotas": [{"id": "q", "sku": "A", "qty": 0, "tag": "V"}]}}, "[0].qty"),
        ({"stock": {"quotas": [{"id": "q", "sku": "A", "qty": 1, "tag": "V"}] * 2}}, "[1].id"),
        ({"gifts": [{"id": "g", "when": "true", "give": [{"sku": "A B"}]}]}, "give[0].sku"),
        ({"gifts": [{"id": "g", "when": "true", "give": [{"sku": "A"}] * 2}]}, "give[1].sku"),
    ],
)
def test_rule_1_references_to_goods_are_checked(sections: dict[str, Any], place: str) -> None:
    """A SKU that can be none, no pieces, the same goods or quota twice: each with its place."""
    found = read(changed_rules(**sections))[2]
    assert [each.path.endswith(place) for each in found] == [True]


def test_rule_1_the_samples_cover_every_tag(site: Site) -> None:
    """Each tag that the shipped ruleset knows stands in an order of its samples (RULE-1)."""
    document = site.rules.document
    said = re.findall(r"'(\w+)' in order\.tags", RULES.decode())
    known = {*said, document.lanes.fast_tag, *(t for rule in document.evidence for t in rule.tags)}
    shown = {tag for sample in document.samples for tag in sample.order.get("tags", ())}
    assert known - shown == set()


def test_rule_4_the_sandbox_shows_what_would_change() -> None:
    """The same decisions on copies, under the old and the new ruleset, order by order."""
    bodies: list[dict[str, Any]] = [
        {"order_id": "A", "gifts": "evaluate", "lines": [line(1, MUG, 1, price_fen=45_000)]},
        {"order_id": "B", "lines": [line(1, MUG, 1, price_fen=100)]},
        {"order_id": "C", "type": "new", "lines": [line(1, MUG, 1, price_fen=100)]},
        {"order_id": 7},
    ]
    new = changed_rules(gifts=[], order_types={"known": ["normal", "new"]})
    found = [
        (each.order, each.what, each.before, each.after) for each in compare(RULES, new, bodies)
    ]
    assert found == [
        ("A", "gifts", "WIPES-80 ×1 (tier-399)", "-"),
        ("C", "state", "hold_type", "ready"),
        ("C", "rule", "type-unknown", "-"),
    ]
