"""Invoice files like a web shop's export, oddities included, made from a seed.

The columns and the habits are those of the UCI "Online Retail" data (D. Chen, 2015): credit notes,
postage among the goods, one article twice in an invoice, a line without a name, 600 pieces at once.
"""

import csv
import io
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from sync.hub.import_csv import COLUMNS

LINES_MAX: Final = 85
QTY_MAX: Final = 600
_OPENING: Final = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
_LOOKS: Final = ("BLUE", "STRIPED", "VINTAGE", "TINY", "OAK", "ENAMEL", "LINEN", "FOLDING")
_THINGS: Final = ("LANTERN", "TEA TIN", "EGG CUP", "BUNTING", "COASTER", "APRON", "JUG", "SPOON")
_SIZES: Final = (1, 1, 2, 3, 4, 6, 6, 8, 12, 12, 24, 48)
_FIRST_INVOICE: Final = 600_001

_ODDITIES: Final = {
    "bulk": (30, 2),
    "unnamed": (25, 4),
    "long": (40, 8),
    "return": (10, 9),
    "discount": (50, 9),
    "postage": (7, 3),
    "repeated": (6, 1),
    "guest": (13, 5),
    "comma": (9, 2),
    "spaced": (11, 3),
}
"""Each how many invoices or articles it comes, and the first that has it."""

Article = tuple[str, str, int]
"""Stock code, description, price in hundredths."""


def make_csv(*, seed: int, invoices: int, articles: int = 120) -> bytes:
    """Return a file of so many `invoices` over at most so many `articles`.

    Which invoice has which oddity follows from its place, so that a file of 20 invoices has all of
    them; everything else follows from `seed`. One invoice in ten is a credit note.
    """
    random = Random(seed)
    shelf = [_article(random, place) for place in range(articles)]
    at = _OPENING
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(COLUMNS)
    for place in range(invoices):
        at += timedelta(minutes=random.randrange(6))
        day = f"{at.month}/{at.day}/{at:%y} {at.hour}:{at.minute:02d}"
        no = f"{_FIRST_INVOICE + place}"
        customer = "" if _has(place, "guest") else str(12_000 + random.randrange(6_000))
        country = random.choice(("United Kingdom", "France", "Norway"))
        is_return = _has(place, "return")
        lines = _returned(random, shelf, place) if is_return else _sold(random, shelf, place)
        for code, name, qty, price in lines:
            money = f"{price // 100}.{price % 100:02d}".rstrip("0").rstrip(".")
            invoice = f"C{no}" if is_return else no
            out.writerow((invoice, code, name, qty, day, money, customer, country))
    return text.getvalue().encode()


Sold = tuple[str, str, int, int]
"""Stock code, description, pieces, price in hundredths."""


def _has(place: int, oddity: str) -> bool:
    every, first = _ODDITIES[oddity]
    return place % every == first


def _article(random: Random, place: int) -> Article:
    code = f"{20_000 + place * 7}" + ("", "", "A", "B")[place % 4]
    comma = ", SET OF 2" if _has(place, "comma") else ""
    spaced = " " if _has(place, "spaced") else ""
    name = f"{random.choice(_LOOKS)} {random.choice(_THINGS)} No {place}{comma}{spaced}"
    return code, name, random.randrange(19, 1_295)


def _sold(random: Random, shelf: list[Article], place: int) -> list[Sold]:
    count = LINES_MAX if _has(place, "long") else 1 + int(random.expovariate(1 / 6))
    picked = random.sample(shelf, min(count, LINES_MAX, len(shelf)))
    lines = [(code, name, random.choice(_SIZES), price) for code, name, price in picked]
    code, name, qty, price = lines[0]
    if _has(place, "bulk"):
        lines[0] = (code, name, QTY_MAX, price)
    if _has(place, "unnamed"):
        lines[0] = (code, "", 56, 0)
    if _has(place, "repeated"):
        lines.append((code, name, qty, price))
    if _has(place, "postage"):
        lines.append(("POST", "POSTAGE", random.randrange(1, 4), 1_800))
    return lines


def _returned(random: Random, shelf: list[Article], place: int) -> list[Sold]:
    if _has(place, "discount"):
        return [("D", "Discount", -1, 2_750)]
    code, name, price = random.choice(shelf)
    return [(code, name, -random.choice(_SIZES), price)]
