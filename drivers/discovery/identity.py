"""Sightings become devices. Pure.

Theory of operation. The ledger keeps, of each distinct sighting, the first and last time it was
made, and of each URL the last misses. Both are sets under union, so the order in which sightings
come, and their repetition, cannot matter. `Ledger.devices` then computes the devices anew:

1. Sightings that share an id (uuid, serial, mac, usb path) are one group.
2. Groups at one place (host, or host and unusual port, or path) at one time are one device, unless
   they contradict each other by two ids of one sort. Those that do are a conflict for all to see.
3. A sighting without an id belongs to whoever was at its place at the time; else it is a device
   whose only id is the place.
4. A group is where it was seen last. An earlier place counts only if it was still seen after the
   last one first was: so DHCP moves a device, and a copied serial number is a conflict.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import combinations
from typing import Final

import msgspec

from drivers.discovery.model import (
    IPP_SCHEMES,
    Clash,
    Conflict,
    Device,
    Fact,
    Kind,
    Miss,
    Sighting,
    Source,
    State,
    host_of,
    place_of,
    scheme_of,
    url_rank,
)

SECOND_US: Final = 1_000_000
STALE_AFTER_US: Final = 120 * SECOND_US
MISSES_MAX: Final = 3
GONE_AFTER_US: Final = 600 * SECOND_US
FORGET_AFTER_US: Final = 86_400 * SECOND_US
RECORDS_MAX: Final = 4_096
TEXT_CHARS_MAX: Final = 128

ID_SORTS: Final = ("uuid", "serial", "mac", "usb_path")
FIELDS: Final = ("name", "make", "model", "language", "note")
_EMPTY_WORDS: Final = frozenset(
    {"unknown", "none", "null", "default", "serial", "serialnumber", "notset", "tobefilledbyoem"}
)
_COUNTS: Final = ("0123456789abcdef", "1234567890")
_TELLING_CHARS_MIN: Final = 4
_TRUST: Final = {source: at for at, source in enumerate(Source)}


class _Record(msgspec.Struct, frozen=True):
    """A sighting without its time, and when it was made first and last."""

    rank: int
    """Its place in an order that only the records themselves decide."""
    seen: Sighting
    first_us: int
    last_us: int


class _Span(msgspec.Struct, frozen=True):
    """From when to when something was at a place."""

    first_us: int
    last_us: int

    def distance_us(self, other: "_Span") -> int:
        """Return the gap between the two, 0 when they overlap."""
        return max(0, self.first_us - other.last_us, other.first_us - self.last_us)


def is_telling(value: str) -> bool:
    """Whether an id can tell devices apart: clones share `00000000`, `1234567890` and the like."""
    bare = "".join(c for c in value.lower() if c.isalnum())
    return (
        len(bare) >= _TELLING_CHARS_MIN
        and len(set(bare)) > 1
        and bare not in _EMPTY_WORDS
        and not any(count.startswith(bare) for count in _COUNTS)
    )


def clean(seen: Sighting) -> Sighting:
    """Return a sighting with texts bounded and printable, and ids that tell nothing left out."""
    changed: dict[str, str] = {}
    for field in (*ID_SORTS, *FIELDS):
        value = getattr(seen, field)
        text = "".join(c for c in value if c.isprintable()).strip()[:TEXT_CHARS_MAX]
        if field in ("uuid", "serial", "mac") and not is_telling(text):
            text = ""
        text = text.lower() if field in ("uuid", "mac", "language") else text
        if text != value:
            changed[field] = text
    return msgspec.structs.replace(seen, **changed) if changed else seen


class Ledger:
    """All that was seen, within `RECORDS_MAX`."""

    def __init__(self) -> None:
        self._spans: dict[Sighting, _Span] = {}
        self._misses: dict[str, tuple[int, ...]] = {}

    def add(self, event: Sighting | Miss) -> None:
        """Take a sighting or a miss; the same one twice, or in another order, changes nothing."""
        if isinstance(event, Miss):
            self._add_miss(event)
            return
        what = msgspec.structs.replace(clean(event), at_us=0)
        span = self._spans.get(what, _Span(event.at_us, event.at_us))
        self._spans[what] = _Span(min(span.first_us, event.at_us), max(span.last_us, event.at_us))
        if len(self._spans) > RECORDS_MAX:
            oldest = min(self._spans, key=lambda each: self._spans[each].last_us)
            del self._spans[oldest]

    def _add_miss(self, miss: Miss) -> None:
        times = [miss.at_us + n for n in range(MISSES_MAX)] if miss.is_certain else [miss.at_us]
        known = {*self._misses.get(miss.url, ()), *times}
        self._misses[miss.url] = tuple(sorted(known)[-MISSES_MAX:])
        if len(self._misses) > RECORDS_MAX:
            del self._misses[min(self._misses, key=lambda url: self._misses[url][-1])]

    def forget(self, now_us: int) -> None:
        """Drop what was last seen a day ago."""
        limit_us = now_us - FORGET_AFTER_US
        self._spans = {what: s for what, s in self._spans.items() if s.last_us >= limit_us}
        self._misses = {url: times for url, times in self._misses.items() if times[-1] >= limit_us}

    def devices(self, now_us: int) -> tuple[Device, ...]:
        """Return the devices as they stand at `now_us`, sorted by key."""
        spans = sorted(self._spans.items(), key=lambda each: (each[1].first_us, _content(each[0])))
        records = [_Record(n, what, s.first_us, s.last_us) for n, (what, s) in enumerate(spans)]
        known = _merge_by_place(_group_by_id(records))
        _attach(known, [record for record in records if not _tokens(record.seen)])
        clashes = _clashes(known, now_us)
        devices = [
            self._device(group, now_us, clashes[at]) for at, group in enumerate(known.groups)
        ]
        return tuple(sorted(devices, key=lambda device: device.key))

    def _device(self, group: "_Group", now_us: int, clashes: set[Conflict]) -> Device:
        facts = {field: fact for field in FIELDS if (fact := _fact(group.records, field))}
        languages = {
            f"{record.seen.source}: {record.seen.language}"
            for record in group.records
            if record.seen.language
        }
        if len({claim.partition(": ")[2] for claim in languages}) > 1:
            clashes.add(Conflict(Clash.LANGUAGE, tuple(sorted(languages))))
        kind = _kind(group.records)
        urls = group.urls
        last_us = max(record.last_us for record in group.records)
        misses = {at for url in urls for at in self._misses.get(url, ()) if at > last_us}
        is_lost = len(misses) >= MISSES_MAX
        lost_us = last_us + STALE_AFTER_US  # only the newest misses are kept: it is never later
        if is_lost:
            lost_us = min(lost_us, sorted(misses)[MISSES_MAX - 1])
        state = State.NEW
        if is_lost or now_us - last_us >= STALE_AFTER_US:
            state = State.GONE if now_us - lost_us >= GONE_AFTER_US else State.STALE
        elif _is_identified(kind, facts, urls):
            state = State.IDENTIFIED
        return Device(
            key=group.ids[0],
            ids=group.ids,
            state=state,
            kind=kind,
            urls=urls,
            facts=facts,
            sources=tuple(sorted({r.seen.source for r in group.records}, key=_TRUST.__getitem__)),
            first_us=min(record.first_us for record in group.records),
            last_us=last_us,
            conflicts=tuple(sorted(clashes, key=lambda each: (each.clash, each.parties))),
        )


class _Group:
    """The records of one device."""

    def __init__(self, records: Iterable[_Record]) -> None:
        self.records = sorted(records, key=lambda record: record.rank)
        self.tokens = frozenset(t for record in self.records for t in _tokens(record.seen))

    @cached_property
    def spans(self) -> dict[str, _Span]:
        """Each place, and from when to when the device was there, as those with an id say."""
        spans: dict[str, _Span] = {}
        told = [r for r in self.records if _tokens(r.seen)] or self.records
        for record in told:
            for url in record.seen.urls:
                place = place_of(url)
                old = spans.get(place, _Span(record.first_us, record.last_us))
                spans[place] = _Span(
                    min(old.first_us, record.first_us), max(old.last_us, record.last_us)
                )
        return spans

    @cached_property
    def places(self) -> tuple[str, ...]:
        """Where it is: the place seen last, and those still seen after that one first was."""
        spans = self.spans
        if not spans:
            return ()
        here = max(spans, key=lambda place: (spans[place].last_us, spans[place].first_us, place))
        fresh_us = spans[here].last_us - STALE_AFTER_US
        return tuple(
            sorted(
                place
                for place, span in spans.items()
                if span.last_us >= max(spans[here].first_us, fresh_us)
            )
        )

    @cached_property
    def urls(self) -> tuple[str, ...]:
        """Ways to reach it where it is, best first."""
        places = self.places
        urls = {u for r in self.records for u in r.seen.urls if place_of(u) in places}
        return tuple(sorted(urls, key=url_rank))

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """All ids, strongest first; the address is the last."""
        strong = sorted(self.tokens, key=lambda token: (ID_SORTS.index(token[0]), token[1]))
        ids = [f"{'usb' if sort == 'usb_path' else sort}:{value}" for sort, value in strong]
        for url in self.urls[:1]:
            found = host_of(url)
            ids.append(f"host:{found[0]}:{found[1]}" if found else f"host:{url}")
        return tuple(ids) or ("host:nowhere",)

    def contradicts(self, other: "_Group") -> bool:
        """Whether both have ids of one sort and share none of them."""
        for sort in ID_SORTS:
            mine = {value for of, value in self.tokens if of == sort}
            theirs = {value for of, value in other.tokens if of == sort}
            if mine and theirs and not mine & theirs:
                return True
        return False


def _content(seen: Sighting) -> tuple[object, ...]:
    return msgspec.structs.astuple(seen)


def _tokens(seen: Sighting) -> list[tuple[str, str]]:
    return [(sort, value) for sort in ID_SORTS if (value := getattr(seen, sort))]


def _group_by_id(records: Iterable[_Record]) -> list[_Group]:
    """Return one group per set of records that ids join, in an order that ids alone decide."""
    owner: dict[tuple[str, str], list[_Record]] = {}
    for record in records:
        tokens = _tokens(record.seen)
        if not tokens:
            continue
        joined = [record]
        for lot in {id(found): found for t in tokens if (found := owner.get(t))}.values():
            joined = lot + joined
        for each in joined:
            for token in _tokens(each.seen):
                owner[token] = joined
    lots = {id(lot): lot for lot in owner.values()}.values()
    return sorted((_Group(lot) for lot in lots), key=lambda group: group.ids)


class _Places:
    """Groups, and which of them stood where."""

    def __init__(self, groups: Iterable[_Group] = ()) -> None:
        self.groups: list[_Group] = []
        self._at: defaultdict[str, set[int]] = defaultdict(set)
        for group in groups:
            self.put(group)

    def put(self, group: _Group, at: int | None = None) -> None:
        """Add a group, or replace one by what it has become."""
        if at is None:
            at = len(self.groups)
            self.groups.append(group)
        else:
            self.groups[at] = group
        for place in group.spans:
            self._at[place].add(at)

    def neighbours(self, group: _Group) -> list[int]:
        """Return which groups stood where `group` did at about the same time, nearest first."""
        found: list[tuple[int, int, int]] = []
        for place, span in group.spans.items():
            for at in self._at.get(place, ()):
                theirs = self.groups[at].spans.get(place)
                if theirs is not None and (gap_us := span.distance_us(theirs)) <= STALE_AFTER_US:
                    found.append((gap_us, -theirs.last_us, at))
        return list(dict.fromkeys(at for _, _, at in sorted(found)))

    def pairs(self) -> Iterator[tuple[int, int, str]]:
        """Yield each two groups that ever stood at one place, and the place."""
        for place, held in self._at.items():
            for one, other in combinations(sorted(held), 2):
                yield one, other, place


def _merge_by_place(groups: list[_Group]) -> _Places:
    """Join groups that stood at one place at one time and do not contradict each other."""
    merged = _Places()
    for group in groups:
        near = merged.neighbours(group)
        hosts = [at for at in near if not merged.groups[at].contradicts(group)]
        if hosts:
            merged.put(_Group(merged.groups[hosts[0]].records + group.records), hosts[0])
        else:
            merged.put(group)
    return merged


def _attach(known: _Places, weak: Collection[_Record]) -> None:
    """Give each record without an id to whoever was at its place; those left are of the place."""
    alone: defaultdict[str, list[_Record]] = defaultdict(list)
    taken: defaultdict[int, list[_Record]] = defaultdict(list)
    for record in weak:
        hosts = known.neighbours(_Group([record]))
        if hosts:
            taken[hosts[0]].append(record)
        else:
            alone[next(iter(map(place_of, record.seen.urls)), "nowhere")].append(record)
    for at, records in taken.items():
        known.put(_Group(known.groups[at].records + records), at)
    for _, records in sorted(alone.items()):
        known.put(_Group(records))


def _clashes(known: _Places, now_us: int) -> defaultdict[int, set[Conflict]]:
    """Return the conflicts of each group, of what was seen within the last 120 s."""
    clashes: defaultdict[int, set[Conflict]] = defaultdict(set)
    groups = known.groups
    fresh = [
        {p: s for p, s in group.spans.items() if now_us - s.last_us < STALE_AFTER_US}
        for group in groups
    ]
    for at, with_at, place in known.pairs():
        one, other = fresh[at].get(place), fresh[with_at].get(place)
        if one is None or other is None or one.distance_us(other) > 0:
            continue
        if _share(groups[at], groups[with_at], place):
            parties = (place, *sorted((groups[at].ids[0], groups[with_at].ids[0])))
            clashes[at].add(Conflict(Clash.SHARED_ADDRESS, parties))
            clashes[with_at].add(Conflict(Clash.SHARED_ADDRESS, parties))
    for at, spans in enumerate(fresh):
        together = {frozenset(map(place_of, record.seen.urls)) for record in groups[at].records}
        for one_place, other_place in combinations(sorted(spans), 2):
            is_said = any({one_place, other_place} <= places for places in together)
            overlap = spans[one_place].distance_us(spans[other_place]) == 0
            if overlap and not is_said and _are_alike(one_place, other_place):
                clashes[at].add(Conflict(Clash.TWO_ADDRESSES, (one_place, other_place)))
    return clashes


def _are_alike(one: str, other: str) -> bool:
    """Whether both are network places: a printer on USB and Ethernet is no conflict."""
    return "://" not in one and "://" not in other


def _share(one: _Group, other: _Group, place: str) -> bool:
    """Whether two groups claim one URL there, or two MACs. A print server has a URL per printer."""
    urls = [
        {u for r in group.records for u in r.seen.urls if place_of(u) == place}
        for group in (one, other)
    ]
    macs = [{value for sort, value in group.tokens if sort == "mac"} for group in (one, other)]
    return bool(urls[0] & urls[1]) or bool(macs[0] and macs[1] and not macs[0] & macs[1])


def _fact(records: Iterable[_Record], field: str) -> Fact | None:
    """Return the most trusted word on a field, of those the latest."""
    said = sorted(
        (_TRUST[record.seen.source], -record.last_us, value, record.seen.source)
        for record in records
        if (value := getattr(record.seen, field))
    )
    return Fact(said[0][2], said[0][3]) if said else None


def _kind(records: Iterable[_Record]) -> Kind:
    said = sorted(
        (_TRUST[record.seen.source], -record.last_us, record.seen.kind)
        for record in records
        if record.seen.kind is not Kind.UNKNOWN
    )
    return said[0][2] if said else Kind.UNKNOWN


def _is_identified(kind: Kind, facts: dict[str, Fact], urls: tuple[str, ...]) -> bool:
    if kind is Kind.PRINTER:
        return "language" in facts or any(scheme_of(url) in IPP_SCHEMES for url in urls)
    return kind is not Kind.UNKNOWN


def changes(old: Iterable[Device], new: Iterable[Device]) -> Iterator[Device]:
    """Yield what is to be told: devices that changed otherwise than in `last_us`, keys replaced."""
    before = {device.key: device for device in old}
    now = {device.key: device for device in new}
    for key, device in before.items():
        if key not in now:
            heir = next((d.key for d in now.values() if _is_heir(d, device)), "")
            yield msgspec.structs.replace(device, state=State.GONE, replaced_by=heir)
    for key, device in now.items():
        was = before.get(key)
        if was is None or msgspec.structs.replace(was, last_us=device.last_us) != device:
            yield device


def _is_heir(device: Device, old: Device) -> bool:
    return old.key in device.ids or bool(set(old.urls) & set(device.urls))
