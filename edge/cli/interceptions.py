"""What `floorgate journal interceptions` prints."""

import argparse
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from typing import Final

import msgspec

from edge.cli.output import GOOD, aligned, say, say_json
from edge.cli.words import language_of, page_text
from edge.clock import SystemClock
from edge.domain.interceptions import InterceptionRow, interception_rows
from edge.domain.model import Name
from edge.store.journal import Journal
from sync.api import Entry, decode_entry

BEFORE: Final = timedelta(days=1)
"""How long before the day those may have begun that ended in it."""
COLUMNS: Final = (
    Name("类别", "category"), Name("次数", "count"), Name("生效", "applied"),
    Name("撤回", "revoked"), Name("被否", "overruled"), Name("太晚", "too late"),
    Name("等待", "waiting"), Name("成功率", "success"), Name("平均用时", "mean time"),
    Name("中枢→盒子", "hub → box"), Name("盒子→PDA", "box → PDA"), Name("PDA→人", "PDA → person"),
)  # fmt: skip
NONE: Final = Name("{day}：没有拦截", "{day}: nothing was intercepted")


def tell_interceptions(args: argparse.Namespace, journal: Journal) -> int:
    """Print the day's interceptions, a row a category."""
    day: date = args.day or _today()
    begins, ends = (_us(each) for each in (day, day + timedelta(days=1)))
    entries = _since(journal, _us(day - BEFORE))
    rows = interception_rows(takewhile(lambda entry: entry.at_us < ends, entries), begins)
    if args.json:
        say_json({"day": day.isoformat(), "interceptions": msgspec.to_builtins(rows)})
        return GOOD
    language = language_of(args)
    if not rows:
        say(getattr(NONE, language).format(day=day))
        return GOOD
    heads = [getattr(column, language) for column in COLUMNS]
    for line in aligned([heads, *(_cells(row, language) for row in rows)]):
        say(line)
    return GOOD


def _cells(row: InterceptionRow, language: str) -> list[str]:
    counts = (row.count, row.applied, row.revoked, row.overruled, row.too_late, row.waiting)
    times = (row.mean_us, row.hub_to_box_us, row.box_to_pda_us, row.pda_to_person_us)
    return [
        page_text(f"category.{row.category}", language),
        *map(str, counts),
        f"{row.success_pm / 10:.1f} %" if row.applied + row.too_late else "–",
        *(f"{each / 1_000_000:.1f} s" if each else "–" for each in times),
    ]


def _today() -> date:
    return datetime.fromtimestamp(SystemClock().now_us() / 1e6, UTC).astimezone().date()


def _us(day: date) -> int:
    """Return when a day begins on this machine's wall clock, µs UTC."""
    return int(datetime(day.year, day.month, day.day).astimezone().timestamp() * 1_000_000)


def _since(journal: Journal, at_us: int) -> Iterator[Entry]:
    """Yield the entries from a moment on; it is searched, not read up to."""
    numbers = range(journal.last_seq())
    after = bisect_left(numbers, at_us, key=lambda seq: _at_us(journal, seq))
    for chunk in journal.raw(after):
        yield from (decode_entry(raw) for _, raw in chunk)


def _at_us(journal: Journal, after: int) -> int:
    """Return when the entry behind number `after` was made."""
    chunk: list[tuple[int, bytes]] = next(journal.raw(after), [])
    return decode_entry(chunk[0][1]).at_us if chunk else 0
