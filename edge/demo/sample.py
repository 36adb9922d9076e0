"""The demo's own floor: a small shop for baby and home, its people, bins, totes and orders.

Everything follows from the seed and the start time, so the same demo can be shown again. Badges and
PINs are printed on the demo page; they guard nothing but made-up orders.
"""

import hashlib
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

Body = dict[str, Any]
"""One item of an instruction's body, as contracts name its fields."""

SCRYPT_N: Final = 2**14
SCRYPT_R: Final = 8
SCRYPT_P: Final = 1
SALT_BYTES: Final = 16
HOUR_US: Final = 3_600_000_000
STOCK_PIECES: Final = 200
POOL_NUMBERS: Final = 500
CARRIERS: Final = ("SF", "ZTO")


class Article(NamedTuple):
    """A line of the shop's catalogue."""

    sku: str
    zh: str
    en: str
    weight_g: int
    price_fen: int


ARTICLES: Final = (
    Article("WIPES-80", "婴儿湿巾 80抽", "Baby wipes, 80", 420, 1_590),
    Article("BIB-01", "防水围兜", "Waterproof bib", 60, 2_900),
    Article("MUG-350", "保温杯 350ml", "Thermos mug 350 ml", 280, 8_900),
    Article("DIAPER-M", "纸尿裤 M码 50片", "Diapers M, 50", 1_450, 7_900),
    Article("DIAPER-L", "纸尿裤 L码 46片", "Diapers L, 46", 1_520, 7_900),
    Article("BOTTLE-240", "宽口奶瓶 240ml", "Wide-neck bottle 240 ml", 150, 6_800),
    Article("TEAT-M", "奶嘴 M号 2只", "Teats M, 2", 30, 2_500),
    Article("BOWL-3", "吸盘碗三件套", "Suction bowls, set of 3", 310, 4_500),
    Article("SPOON-2", "硅胶软勺 2支", "Silicone spoons, 2", 40, 1_990),
    Article("TOWEL-G", "纱布浴巾", "Gauze bath towel", 260, 5_900),
    Article("SOCK-5", "婴儿棉袜 5双", "Cotton baby socks, 5 pairs", 90, 2_990),
    Article("HAT-S", "新生儿胎帽", "Newborn cap", 35, 1_690),
    Article("QUILT-A", "四季空调被", "All-season quilt", 1_100, 12_900),
    Article("PILLOW-K", "儿童乳胶枕", "Latex pillow for children", 650, 9_900),
    Article("LAMP-N", "感应小夜灯", "Night light with sensor", 120, 3_900),
    Article("SOAP-4", "洗衣皂 4块", "Laundry soap, 4", 800, 1_990),
    Article("LOTION-200", "婴儿润肤乳 200ml", "Baby lotion 200 ml", 230, 4_900),
    Article("SHAMPOO-300", "洗发沐浴二合一 300ml", "Hair and body wash 300 ml", 340, 4_200),
    Article("THERMO-E", "电子体温计", "Digital thermometer", 25, 3_500),
    Article("BLOCKS-60", "木质积木 60块", "Wooden blocks, 60", 1_300, 8_800),
    Article("BOOK-C", "布书 认识动物", "Cloth book, animals", 70, 2_200),
    Article("BAG-M", "妈咪包", "Nappy bag", 720, 15_900),
    Article("GUARD-8", "防撞角 8个", "Corner guards, 8", 95, 1_290),
    Article("STICKER-1", "身高贴", "Height chart sticker", 110, 1_590),
)

_BINS: Final = {"A": 8, "B": 8, "C": 8}
_PEOPLE: Final = (
    ("P-01", "王小梅", "Wang Xiaomei", ("picker",), "@B:1001", "482913"),
    ("P-02", "李强", "Li Qiang", ("picker",), "@B:1002", "730164"),
    ("P-03", "赵敏", "Zhao Min", ("picker",), "@B:1003", "295807"),
    ("P-04", "陈静", "Chen Jing", ("packer",), "@B:2001", "618450"),
    ("P-05", "刘洋", "Liu Yang", ("packer",), "@B:2002", "904372"),
    ("P-06", "周国华", "Zhou Guohua", ("keeper",), "@B:3001", "157293"),
    ("P-07", "孙丽", "Sun Li", ("leader",), "@B:4001", "836015"),
    ("P-08", "郭建军", "Guo Jianjun", ("supervisor",), "@B:5001", "361948"),
    ("P-09", "林涛", "Lin Tao", ("admin",), "@B:9001", "570826"),
)
_TOTES: Final = 24
_STATIONS: Final = (("S1", "一号台", "Station 1"), ("S2", "二号台", "Station 2"))
_RECIPIENTS: Final = (
    ("张伟", "浙江省", "杭州市", "余杭区文一西路998号3幢502室"),
    ("㛃䶮", "江苏省", "苏州市", "工业园区星湖街218号A7楼"),
    ("欧阳娜娜", "广东省", "深圳市", "南山区科苑路15号科兴科学园B1栋"),
    ("阿依古丽·买买提", "新疆维吾尔自治区", "乌鲁木齐市", "天山区解放南路77号1单元301室"),
    ("陈大文", "香港特别行政区", "香港", "九龙弥敦道688号12楼C室"),
    ("何敏", "四川省", "成都市", "武侯区天府大道1700号环球中心W2"),
)


class Want(NamedTuple):
    """What makes one of the demo's orders worth showing."""

    lines: tuple[tuple[str, int], ...]
    tags: tuple[str, ...] = ()
    gifts: str = "given"
    remark: str = ""
    recipient: int = 0
    level: str = "regular"


_WANTS: Final = (
    Want((("BOTTLE-240", 1), ("TEAT-M", 2))),
    Want((("MUG-350", 1),), tags=("24H",), recipient=5),
    Want((("BAG-M", 1), ("QUILT-A", 1), ("PILLOW-K", 1), ("BOWL-3", 1)), gifts="evaluate"),
    Want((("SOAP-4", 40), ("GUARD-8", 2)), recipient=2),
    Want((("TOWEL-G", 1), ("BOOK-C", 1)), recipient=1),
    Want((("BLOCKS-60", 1), ("STICKER-1", 1)), remark="生日礼物，请包装好一点", recipient=3),
    Want((("DIAPER-M", 2), ("WIPES-80", 3))),
    Want((("LAMP-N", 1), ("THERMO-E", 1)), recipient=4),
    Want((("BAG-M", 2), ("QUILT-A", 2), ("MUG-350", 1)), gifts="evaluate", level="platinum"),
    Want((("SOCK-5", 2), ("HAT-S", 2), ("SPOON-2", 1)), recipient=5),
    Want((("LOTION-200", 1), ("SHAMPOO-300", 1)), recipient=2),
    Want((("DIAPER-L", 3), ("BIB-01", 2)), recipient=1),
)
"""One plain, one for today, one with a gift, one of 40 pieces, one whose name few fonts have, …"""


class Login(NamedTuple):
    """What a person, or a bot, needs to sign in."""

    person: str
    badge: str
    pin: str
    roles: tuple[str, ...]


class DemoFloor(msgspec.Struct, frozen=True):
    """A whole floor: lists of the items that the hub's instructions carry, and the way in."""

    catalog: tuple[Body, ...]
    locations: tuple[Body, ...]
    stock: tuple[Body, ...]
    people: tuple[Body, ...]
    orders: tuple[Body, ...]
    """Bodies of `order.assign`."""
    pools: tuple[Body, ...]
    """Bodies of `waybill.pool`."""
    stations: tuple[Body, ...]
    totes: tuple[str, ...]
    logins: tuple[Login, ...]

    def logins_of(self, role: str) -> tuple[Login, ...]:
        """Return the people with `role`."""
        return tuple(login for login in self.logins if role in login.roles)


def make_floor(
    *, seed: int, now_us: int, warehouse: str = "W1", scrypt_n: int = SCRYPT_N
) -> DemoFloor:
    """Return the demo's floor as of `now_us` (µs UTC); the same arguments give the same floor.

    `scrypt_n` is what a PIN costs to guess: 50 ms of a core for each person, and each sign-in.
    """
    random = Random(seed)  # noqa: S311 - the same floor again for the same seed
    bins = [f"{zone}-01-{n:02d}" for zone, count in _BINS.items() for n in range(1, count + 1)]
    assert len(bins) >= len(ARTICLES)
    return DemoFloor(
        catalog=tuple(_item(article, place) for place, article in enumerate(ARTICLES)),
        locations=tuple(
            {"code": code, "zone": code[0], "walk": walk, "warehouse": warehouse}
            for walk, code in enumerate(bins, start=1)
        ),
        stock=tuple(
            {"sku": article.sku, "location": code, "qty": STOCK_PIECES, "warehouse": warehouse}
            for article, code in zip(ARTICLES, random.sample(bins, len(ARTICLES)), strict=True)
        ),
        people=tuple(_person(row, random.randbytes(SALT_BYTES), scrypt_n) for row in _PEOPLE),
        orders=tuple(_order(random, place, now_us) for place in range(len(_WANTS))),
        pools=tuple(_pool(carrier, place) for place, carrier in enumerate(CARRIERS, start=1)),
        stations=tuple({"id": code, "name": {"zh": zh, "en": en}} for code, zh, en in _STATIONS),
        totes=tuple(f"T-{n:02d}" for n in range(1, _TOTES + 1)),
        logins=tuple(Login(who, badge, pin, roles) for who, _, _, roles, badge, pin in _PEOPLE),
    )


def badge_hash(badge: str) -> str:
    """Return how the box knows a badge: the hex SHA-256 of its code."""
    return hashlib.sha256(badge.encode()).hexdigest()


def pin_verifier(pin: str, salt: bytes, n: int = SCRYPT_N) -> Body:
    """Return what proves a PIN without holding it: scrypt (RFC 7914), bytes as hex."""
    digest = hashlib.scrypt(pin.encode(), salt=salt, n=n, r=SCRYPT_R, p=SCRYPT_P)
    return {"salt": salt.hex(), "n": n, "r": SCRYPT_R, "p": SCRYPT_P, "hash": digest.hex()}


def gtin13(number: int) -> str:
    """Return a GTIN-13 for use inside one company (prefix 2; GS1 General Specifications 1.4)."""
    body = f"2{number:011d}"
    total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(body))
    return body + str(-total % 10)


def _item(article: Article, place: int) -> Body:
    return {
        "sku": article.sku,
        "codes": [gtin13(70_010 + 13 * place), article.sku],
        "name": {"zh": article.zh, "en": article.en},
        "weight_g": article.weight_g,
        "price_fen": article.price_fen,
        "lot": False,
        "expiry": False,
    }


def _person(row: tuple[str, str, str, tuple[str, ...], str, str], salt: bytes, n: int) -> Body:
    person, zh, en, roles, badge, pin = row
    return {
        "id": person,
        "name": {"zh": zh, "en": en},
        "roles": list(roles),
        "badge_hash": badge_hash(badge),
        "pin": pin_verifier(pin, salt, n),
        "active": True,
    }


def _pool(carrier: str, place: int) -> Body:
    numbers = [f"{carrier}{place}{n:011d}" for n in range(1, POOL_NUMBERS + 1)]
    return {"carrier": carrier, "numbers": numbers}


def _order(random: Random, place: int, now_us: int) -> Body:
    want = _WANTS[place]
    prices = {article.sku: article.price_fen for article in ARTICLES}
    name, province, city, address = _RECIPIENTS[want.recipient]
    paid_at = now_us - random.randrange(1, 50) * 60_000_000
    return {
        "order_id": f"SO-{1001 + place}",
        "type": "normal",
        "tags": list(want.tags),
        "paid_at": paid_at,
        "promise": paid_at + (24 if want.tags else 48) * HOUR_US,
        "finance_cleared": True,
        "lines": [
            {
                "no": no,
                "sku": sku,
                "qty": qty,
                "price_fen": prices[sku],
                "gift": False,
                "tracked": True,
                "service": False,
            }
            for no, (sku, qty) in enumerate(want.lines, start=1)
        ],
        "charges": [],
        "recipient": {
            "name": name,
            "phone": f"1990000{random.randrange(10_000):04d}",
            "address": address,
            "city": city,
            "province": province,
        },
        "carrier": CARRIERS[place % len(CARRIERS)],
        "service": "standard",
        "gifts": want.gifts,
        "customer_level": want.level,
        "remark": want.remark,
    }
