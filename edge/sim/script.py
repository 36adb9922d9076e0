"""What happens in a world: its site, its orders, what the hub says, and which misfortunes befall.

All of it follows from the seed alone, before anything runs.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Final

import msgspec

from edge.demo.sample import Login, badge_hash, gtin13
from edge.sim.box import BOX, default_ruleset
from edge.sim.chance import EPOCH_US, Weather, happens, stream
from sync.hub.core import Hub
from sync.transports.memory import NO_FAULTS, Faults

Body = dict[str, Any]
Tell = Callable[[Hub], Awaitable[object]]

MORNING_S: Final = 420.0
"""Nothing new comes after so long."""
ORDERS_MIN: Final = 3
ORDERS_MAX: Final = 6
KEPT_S: Final = (400 * 86_400, 300, 60, 30)
"""How long an order is kept that has ended: as on a floor, or so short that it goes at once."""
CARRIERS: Final = ("SF", "ZTO")
PICKER: Final = Login("P-01", "@B:1001", "482913", ("picker",))
SUPERVISOR: Final = Login("P-09", "@B:3001", "730251", ("supervisor",))
PACKER: Final = Login("P-04", "@B:2001", "618450", ("packer",))
TOTES: Final = ("T-01", "T-02", "T-03", "T-04")
_SCRYPT: Final = {"n": 2, "r": 1, "p": 1}
_SKUS: Final = ("WIPES-80", "BIB-01", "MUG-350", "TEAT-M", "BAG-M", "SOCK-5", "ICE-1")
_PRICES: Final = (1_590, 2_900, 8_900, 2_500, 45_900, 2_990, 500)
_SERVICE: Final = "ICE-1"
STATES: Final = (*("nowhere",) * 8, "ready", "picking", "picked", "packing", "packed_checked",
                 "shipped", "shipped", "put_back")  # fmt: skip
LINKS: Final = (
    NO_FAULTS,
    Faults(drop=0.03, duplicate=0.05, delay_s_max=0.4, cut=0.004),
    Faults(drop=0.12, duplicate=0.1, delay_s_max=2.0, cut=0.02),
)


class Event(msgspec.Struct, frozen=True):
    """Something that happens at a time, in virtual seconds."""

    at_s: float
    name: str
    tell: Tell | None = None
    """What the hub is asked to do; None: `name` says what befalls the world."""
    lasts_s: float = 0.0


class Trigger(msgspec.Struct, frozen=True):
    """Something that the hub says as soon as an order is in a state."""

    order: str
    state: str
    tell: Tell


class Script(msgspec.Struct, frozen=True):
    """A world before it runs."""

    site: tuple[tuple[str, list[Body]], ...]
    orders: tuple[str, ...]
    events: tuple[Event, ...]
    triggers: tuple[Trigger, ...]
    weather: Weather
    links: Faults
    skew_us: int
    """How wrong the box's clock is."""
    device_skew_us: int
    is_restless: bool
    """Whether everybody has a second device on which what is not due is tried."""
    kept_us: int
    """How long the box keeps an order that has ended."""


def write(seed: int) -> Script:
    """Return the script of one seed."""
    random = stream(seed, "script")
    orders = [
        _order(random, f"SO-{n}") for n in range(1, random.randint(ORDERS_MIN, ORDERS_MAX) + 1)
    ]
    events = [event for order in orders for event in _fate(random, order)]
    events += _oddities(random)
    is_calm = happens(random, 0.1)
    if not is_calm:
        events += _misfortunes(random)
    return Script(
        site=tuple(_site(random).items()),
        orders=tuple(order["order_id"] for order in orders),
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        triggers=tuple(each for order in orders for each in _triggers(random, order["order_id"])),
        weather=Weather() if is_calm else _weather(random),
        links=NO_FAULTS if is_calm else random.choice(LINKS),
        skew_us=_skew_us(random),
        device_skew_us=_skew_us(random),
        is_restless=happens(random, 0.5),
        kept_us=random.choice(KEPT_S) * 1_000_000,
    )


def _skew_us(random: Random) -> int:
    return random.choice((0, 0, 1, -1)) * random.randrange(3_600_000_000)


def _weather(random: Random) -> Weather:
    return Weather(
        loss=random.choice((0, 0.02, 0.1)),
        duplicate=random.choice((0, 0.05, 0.15)),
        delay_s_max=random.choice((0.01, 0.1, 0.8)),
        push_life_s=random.choice((5, 30, 300)),
        printer_fault=random.choice((0, 0.1, 0.4)),
        flush_s_max=random.choice((0.001, 0.01, 0.2)),
    )


# ---- the site ---------------------------------------------------------------------------------


def _site(random: Random) -> dict[str, list[Body]]:
    bins = [f"A-01-{n:02d}" for n in range(1, len(_SKUS) + 2)]
    places = random.sample(bins, len(_SKUS))
    return {
        "catalog": [
            {"sku": sku, "codes": [gtin13(n)], "name": {"zh": sku, "en": sku}, "price_fen": price}
            for n, (sku, price) in enumerate(zip(_SKUS, _PRICES, strict=True))
        ],
        "locations": [{"code": each, "zone": "A", "walk": n} for n, each in enumerate(bins)],
        "people": [_person(random, login) for login in (PICKER, PACKER, SUPERVISOR)],
        "stock": [
            {"sku": sku, "location": place, "qty": random.choice((3, 12, 40))}
            for sku, place in zip(_SKUS, places, strict=True)
        ],
        "waybills": [
            {"carrier": carrier, "numbers": [f"{carrier}{n:06d}" for n in range(12)]}
            for carrier in CARRIERS
        ],
    }


def _person(random: Random, login: Login) -> Body:
    salt = random.randbytes(16)
    digest = hashlib.scrypt(login.pin.encode(), salt=salt, dklen=32, **_SCRYPT)
    return {
        "id": login.person,
        "name": {"zh": login.person, "en": login.person},
        "roles": list(login.roles),
        "badge_hash": badge_hash(login.badge),
        "pin": {"salt": salt.hex(), **_SCRYPT, "hash": digest.hex()},
    }


def _order(random: Random, order_id: str) -> Body:
    lines = []
    for no, sku in enumerate(random.sample(_SKUS[2:6], random.randint(1, 3)), start=1):
        line = {"no": no, "sku": sku, "qty": random.choice((1, 1, 2, 3, 8))}
        lines.append(line | {"price_fen": _PRICES[_SKUS.index(sku)]})
    if happens(random, 0.2):
        lines.append({"no": 8, "sku": "BIB-01", "qty": 1, "gift": True, "tracked": False})
    if happens(random, 0.15):
        lines.append({"no": 9, "sku": _SERVICE, "qty": 1, "service": True})
    order: Body = {
        "order_id": order_id,
        "type": "normal" if happens(random, 0.95) else "moon_landing",
        "tags": ["24H"] if happens(random, 0.3) else [],
        "paid_at": EPOCH_US,
        "finance_cleared": happens(random, 0.9),
        "lines": lines,
        "recipient": {"name": "张伟", "phone": "19900000001", "address": "文一西路998号"},
        "carrier": random.choice(CARRIERS),
        "gifts": random.choice(("given", "evaluate")),
    }
    if happens(random, 0.2):
        order["waybill"] = f"OWN-{order_id}"
    return order


# ---- what the hub says ------------------------------------------------------------------------


def _fate(random: Random, order: Body) -> list[Event]:
    """Assign an order, and perhaps stop it, take that back, or let it go on."""
    order_id = order["order_id"]
    at_s = random.uniform(1, MORNING_S / 2)
    events = [Event(at_s, f"assign {order_id}", lambda hub: hub.assign([order]))]
    if happens(random, 0.1):
        events.append(Event(at_s + 20, f"again {order_id}", lambda hub: hub.assign([order])))
    at_s += random.uniform(0, MORNING_S / 3)
    fate = random.choices(("stop", "relent", "clash", "live"), (3, 2, 1, 4))[0]
    if fate == "stop":
        events.append(_change(at_s, order_id, "cancel", random.randint(0, 20)))
    elif fate == "relent":
        category = random.choice(("cancel", "address", "rush"))
        events.append(_change(at_s, order_id, category, 20))
        events.append(_change(at_s + random.uniform(0, 30), order_id, "revoke"))
    elif fate == "clash":
        events.append(_change(at_s, order_id, "rush", random.randint(0, 15)))
        events.append(_change(at_s + random.uniform(0, 10), order_id, "cancel", 10))
    if happens(random, 0.7):
        body = {"order_id": order_id}
        at_s += random.uniform(0, 40)
        events.append(_instruct(at_s, "order.release", body))
    return events


def _triggers(random: Random, order_id: str) -> tuple[Trigger, ...]:
    """Stop an order at a point of its way, mostly to relent; and tell of the carrier's scan."""
    category = random.choice(("cancel", "address", "rush"))
    relents = happens(random, 0.8)
    relents_after_s = random.uniform(0, 12)

    async def tell(hub: Hub) -> None:
        await hub.change(order_id, category, {"countdown_s": 10})
        if relents:
            await asyncio.sleep(relents_after_s)
            await hub.change(order_id, "revoke", {})

    async def scanned(hub: Hub) -> None:
        said = {"status": "in_transit", "waybill_valid": True, "first_scan_at": EPOCH_US}
        await hub.instruct(BOX, "order.carrier_status", {"order_id": order_id, **said})

    stop = Trigger(order_id, random.choice(STATES), tell)
    return stop, Trigger(order_id, "handed_over", scanned)


def _change(at_s: float, order_id: str, verb: str, countdown_s: int | None = None) -> Event:
    payload = {} if countdown_s is None else {"countdown_s": countdown_s, "reason": "asked to"}

    async def tell(hub: Hub) -> None:
        await hub.change(order_id, verb, payload)

    return Event(at_s, f"{verb} {order_id}", tell)


def _instruct(at_s: float, kind: str, body: Body) -> Event:
    return Event(at_s, f"instruct {kind}", lambda hub: hub.instruct(BOX, kind, body))


def _oddities(random: Random) -> list[Event]:
    """What a box must set aside or refuse without losing its step, and a new ruleset."""
    count = random.randint(1, 4)
    events = [
        _instruct(random.uniform(0, MORNING_S), *random.choice(NONSENSE)) for _ in range(count)
    ]
    if happens(random, 0.5):
        events.append(_instruct(random.uniform(0, MORNING_S), *_new_ruleset(random)))
    return events


NONSENSE: Final[tuple[tuple[str, Body], ...]] = (
    ("moon.phase", {"phase": "full"}),
    ("order.freeze", {}),
    ("order.freeze", {"order_id": "SO-404", "category": "cancel"}),
    ("order.freeze", {"order_id": "SO-1", "category": ["cancel"], "countdown_s": "soon"}),
    ("order.revoke", {"order_id": "SO-1", "instruction": 7}),
    ("order.assign", {"order_id": "SO-X", "lines": [{"no": 1, "sku": "MUG-350", "qty": -1}]}),
    ("order.assign", {"order_id": "SO-Y", "lines": [{"no": 1, "sku": "NOT-KNOWN", "qty": 1}]}),
    ("order.assign", {"order_id": ["SO-Z"], "lines": None, "recipient": "somebody"}),
    ("catalog.upsert", {"items": [{"sku": "BAD-1", "codes": "x", "name": 3}]}),
    ("location.upsert", {"items": [{"code": 5, "zone": None, "walk": "far"}]}),
    ("people.upsert", {"items": ["P-01"]}),
    ("people.upsert", {"items": [{"id": "P-9", "roles": "boss", "badge_hash": 1, "pin": 0,
                                  "name": 1}]}),
    ("stock.snapshot", {"items": [{"sku": ["MUG-350"], "location": {}, "qty": "many"}]}),
    ("stock.snapshot", {"items": {"sku": "MUG-350"}}),
    ("waybill.pool", {"carrier": "SF", "numbers": 12}),
    ("order.carrier_status", {"order_id": "SO-1", "status": {"deep": [1, 2.5]}}),
    ("order.hold", {"order_id": "SO-1", "state": "shipped"}),
    ("order.release", {"order_id": None}),
    ("ruleset.publish", {"document": "meta = 3"}),
    ("ruleset.publish", {"document": 3}),
    ("ruleset.publish", {"document": "{" + " " * 300_000}),
    ("waybill.pool", {"carrier": "SF", "numbers": ["9" * 4_000] * 100}),
)  # fmt: skip


def _new_ruleset(random: Random) -> tuple[str, Body]:
    text = default_ruleset().decode().replace("version = 1", "version = 2", 1)
    changes = (
        ("each_max = 5", "each_max = 1"),
        ('proof_least = "scan_confirmed"', 'proof_least = "printer_confirmed"'),
        ("cancel = 15", "cancel = 5"),
    )
    old, new = random.choice(changes)
    assert old in text, old
    return "ruleset.publish", {"document": text.replace(old, new, 1)}


# ---- what befalls -----------------------------------------------------------------------------

MISFORTUNES: Final = (
    *("kill", "before commit", "after commit", "print", "power", "full"),  # of the box
    *("hub", "wan", "clock"),
)


def _misfortunes(random: Random) -> list[Event]:
    return [
        Event(
            random.uniform(0, MORNING_S),
            random.choice(MISFORTUNES),
            lasts_s=random.choice((0.2, 3.0, 40.0)),
        )
        for _ in range(random.randint(0, 6))
    ]
