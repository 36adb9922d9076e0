"""What an order file does not say and a floor needs: barcodes, bins, stock, people to send to.

All of it is made up from the stock codes and invoice numbers alone, so the same file always gives
the same floor.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sync.hub.import_model import Item, Location, Order, Recipient, Stock, Text

BINS_PER_AISLE: Final = 20
AISLES_PER_ZONE: Final = 10
STOCK_SPARE: Final = 100
"""Pieces beyond what the file's orders need, so that a replay never runs dry."""
CARRIERS: Final = ("SF", "ZTO", "YTO", "JD")
_RESTRICTED_PREFIX: Final = "2"
"""GS1 General Specifications 1.4: prefixes 20-29 are for use inside one company."""
_BODY_SPACE: Final = 10**11

_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN: Final = ("子涵", "欣怡", "浩然", "诗涵", "宇轩", "梓萱", "俊杰", "雨桐", "明", "芳")
_PLACES: Final = (
    ("浙江省", "杭州市", "余杭区文一西路"),
    ("江苏省", "苏州市", "工业园区星湖街"),
    ("广东省", "深圳市", "南山区科苑路"),
    ("四川省", "成都市", "武侯区天府大道"),
    ("湖北省", "武汉市", "洪山区珞喻路"),
    ("山东省", "青岛市", "市南区香港中路"),
    ("上海市", "上海市", "浦东新区张杨路"),
    ("北京市", "北京市", "海淀区中关村大街"),
)


class Article(NamedTuple):
    """What a file says of one stock code."""

    name: str
    price_fen: int


def check_digit(body: str) -> str:
    """Return the GS1 check digit (General Specifications 7.9) that completes `body`."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(body)))
    return str(-total % 10)


def gtins(skus: Iterable[str]) -> dict[str, str]:
    """Return a valid GTIN-13 for each SKU, none twice.

    The number is a hash of the code; of two codes with one hash the later in sort order moves on.
    """
    taken: set[int] = set()
    found: dict[str, str] = {}
    for sku in sorted(set(skus)):
        number = _number(sku, _BODY_SPACE)
        while number in taken:
            number = (number + 1) % _BODY_SPACE
        taken.add(number)
        body = f"{_RESTRICTED_PREFIX}{number:011d}"
        found[sku] = body + check_digit(body)
    return found


def catalog_of(articles: Mapping[str, Article]) -> tuple[Item, ...]:
    """Return the catalogue of `articles`, in SKU order; both names are the file's only one."""
    codes = gtins(articles)
    return tuple(
        Item(
            sku=sku,
            codes=(codes[sku], sku),
            name=Text(articles[sku].name or sku, articles[sku].name or sku),
            weight_g=50 + _number(f"weight {sku}", 1_450),
            price_fen=articles[sku].price_fen,
        )
        for sku in sorted(articles)
    )


def shelves_of(
    catalog: Iterable[Item], orders: Iterable[Order], warehouse: str
) -> tuple[tuple[Location, ...], tuple[Stock, ...]]:
    """Return one bin per item, along the walk, holding twice what `orders` need and some."""
    needed: dict[str, int] = {}
    for order in orders:
        for line in order.lines:
            needed[line.sku] = needed.get(line.sku, 0) + line.qty
    locations: list[Location] = []
    stock: list[Stock] = []
    for index, item in enumerate(catalog):
        place = location(index, warehouse)
        locations.append(place)
        qty = 2 * needed.get(item.sku, 0) + STOCK_SPARE
        stock.append(Stock(item.sku, place.code, qty, warehouse))
    return tuple(locations), tuple(stock)


def location(index: int, warehouse: str) -> Location:
    """Return the bin at place `index` (from 0) of the walk: zone, aisle, bin, as `A-01-02`."""
    aisles, bin_index = divmod(index, BINS_PER_AISLE)
    zones, aisle = divmod(aisles, AISLES_PER_ZONE)
    zone = _letters(zones)
    return Location(f"{zone}-{aisle + 1:02d}-{bin_index + 1:02d}", zone, index + 1, warehouse)


def recipient_of(invoice: str) -> Recipient:
    """Return a made-up person for an invoice. The phones lie in one block, 199 0000 nnnn."""
    n = _number(f"recipient {invoice}", 2**40)
    province, city, street = _PLACES[n % len(_PLACES)]
    n //= len(_PLACES)
    surname = _SURNAMES[n % len(_SURNAMES)]
    n //= len(_SURNAMES)
    given = _GIVEN[n % len(_GIVEN)]
    n //= len(_GIVEN)
    address = f"{street}{n % 300 + 1}号{n % 20 + 1}幢{n % 18 + 1}0{n % 4 + 1}室"
    return Recipient(surname + given, f"1990000{n % 10_000:04d}", address, city, province)


def carrier_of(invoice: str) -> str:
    """Return the carrier of an invoice."""
    return CARRIERS[_number(f"carrier {invoice}", len(CARRIERS))]


def _number(text: str, space: int) -> int:
    """Return a number below `space` that depends on `text` alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big") % space


def _letters(index: int) -> str:
    """Return A…Z, AA, AB… as spreadsheets count columns."""
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
