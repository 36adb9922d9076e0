"""What clients see of the carrier's truth, and of labels that cannot be printed as they are."""

from typing import Any

import msgspec

from edge.domain.model import Name, Order
from edge.domain.rules import Ruleset
from edge.domain.rulesets import active_rules
from edge.domain.world import World


class CarrierView(msgspec.Struct, frozen=True, gc=False):
    """What the carrier says of a parcel, beside what the floor knows: red where late or missing."""

    status: str | None
    valid: bool
    first_scan_at: int | None
    late: bool
    missing: bool


def carrier_view(order: Order) -> CarrierView:
    """Return the carrier's truth about an order."""
    return CarrierView(
        status=order.carrier_status or None,
        valid=order.carrier_valid,
        first_scan_at=order.carrier_scan_us or None,
        late=order.carrier_mark == "late",
        missing=order.carrier_mark == "missing",
    )


class SuggestView(msgspec.Struct, frozen=True, gc=False):
    """A carrier and service that would take an order."""

    carrier: str
    service: str
    carrier_name: Name
    service_name: Name


class FixRow(msgspec.Struct, frozen=True, gc=False):
    """An order in the fix queue: why its waybill is not printed (code and facts), what would help.

    `rule_name` is what the carrier's rule says to people, where one was broken.
    """

    order: str
    state: str
    lane: str
    code: str
    facts: dict[str, Any]
    rule_name: Name | None
    suggest: tuple[SuggestView, ...]
    since: int


def fix_row(world: World, order_id: str) -> FixRow | None:
    """Return an order's row of the fix queue, or None where it is not in it."""
    order = world.get(Order, order_id)
    if order is None or order.fix is None:
        return None
    rules, fix = active_rules(world), order.fix
    return FixRow(
        order=order.id,
        state=order.state,
        lane=order.lane,
        code=fix.code,
        facts=fix.facts,
        rule_name=_rule_name(rules, fix.facts),
        suggest=tuple(
            SuggestView(carrier, service, *carrier_names(rules, carrier, service))
            for carrier, service in fix.suggest
        ),
        since=fix.since_us,
    )


def _rule_name(rules: Ruleset, facts: dict[str, Any]) -> Name | None:
    carrier = rules.carriers.get(facts.get("carrier", ""))
    names = {each.id: each.name for each in carrier.forbids} if carrier else {}
    return names.get(facts.get("rule", ""))


def carrier_names(rules: Ruleset, carrier: str, service: str) -> tuple[Name, Name]:
    """Return what a carrier and its service are called; their ids where the rules say nothing."""
    known = rules.carriers.get(carrier)
    services = {each.id: each.name for each in known.services} if known else {}
    return (
        known.name if known else Name(carrier, carrier),
        services.get(service) or Name(service, service),
    )
