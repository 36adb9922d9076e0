"""The demo's floor is whole, and its orders are ones that an import would take."""

import hashlib
import json

from edge.demo.sample import DemoFloor, gtin13, make_floor, pin_verifier
from sync.hub.imports import parse_orders

NOW_US = 1_790_000_000_000_000
FLOOR = make_floor(seed=1, now_us=NOW_US)


def amount_fen(floor: DemoFloor, place: int) -> int:
    return sum(line["qty"] * line["price_fen"] for line in floor.orders[place]["lines"])


def test_a_seed_makes_the_same_floor_again() -> None:
    """A floor depends on its seed and start time alone."""
    assert make_floor(seed=1, now_us=NOW_US) == FLOOR
    assert make_floor(seed=2, now_us=NOW_US) != FLOOR


def test_everything_refers_to_something() -> None:
    """Each ordered SKU is in the catalogue and in stock, in a bin that exists, one SKU a bin."""
    skus = {item["sku"] for item in FLOOR.catalog}
    bins = [pile["location"] for pile in FLOOR.stock]
    assert len(skus) == len(FLOOR.catalog) == 24
    assert {pile["sku"] for pile in FLOOR.stock} == skus
    assert {place["code"] for place in FLOOR.locations} >= set(bins)
    assert len(set(bins)) == len(bins)
    assert {place["zone"] for place in FLOOR.locations} == {"A", "B", "C"}
    assert skus >= {line["sku"] for order in FLOOR.orders for line in order["lines"]}
    assert skus >= {"WIPES-80", "BIB-01"}


def test_the_orders_show_what_the_product_does() -> None:
    """One is 24H, two earn gifts, one has 40 pieces, a rare name, a birthday (GIFT-1, RULE-5)."""
    evaluated = [place for place, one in enumerate(FLOOR.orders) if one["gifts"] == "evaluate"]
    assert len(FLOOR.orders) == 12
    assert [order["order_id"] for order in FLOOR.orders if "24H" in order["tags"]] == ["SO-1002"]
    assert all(amount_fen(FLOOR, place) >= 39_900 for place in evaluated)
    assert max(line["qty"] for order in FLOOR.orders for line in order["lines"]) == 40
    assert "㛃䶮" in {order["recipient"]["name"] for order in FLOOR.orders}
    assert any("生日" in order["remark"] for order in FLOOR.orders)


def test_the_orders_are_importable() -> None:
    """The demo's orders pass the import's own checks as JSON lines."""
    raw = "\n".join(json.dumps(order, ensure_ascii=False) for order in FLOOR.orders).encode()
    result = parse_orders(raw, kind="jsonl", warehouse="W1")
    assert (len(result.orders), result.rejects) == (12, ())


def test_badges_and_pins_are_kept_as_proofs() -> None:
    """A person's record holds the badge's hash and a PIN verifier, never badge or PIN (SEC-2)."""
    kept = json.dumps(FLOOR.people)
    for login in FLOOR.logins:
        assert login.badge not in kept
        assert login.pin not in kept
    person, login = FLOOR.people[0], FLOOR.logins[0]
    salt = bytes.fromhex(person["pin"]["salt"])
    assert person["badge_hash"] == hashlib.sha256(login.badge.encode()).hexdigest()
    assert person["pin"] == pin_verifier(login.pin, salt)
    assert [len(FLOOR.logins_of(role)) for role in ("picker", "packer", "admin")] == [3, 2, 1]


def test_gtins_are_valid() -> None:
    """Every item's first code is a GTIN-13 with the right check digit, none twice (PICK-3)."""
    codes = [item["codes"][0] for item in FLOOR.catalog]
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(code)) % 10 == 0
    assert gtin13(0) == "2000000000008"
