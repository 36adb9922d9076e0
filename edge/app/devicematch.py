"""Which known device a found one is, and what the journal should be told of it. Pure."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from drivers.api import Device as Seen
from drivers.api import Kind, State, place_of
from edge.domain.commands import DeviceReport
from edge.domain.ids import derived_id
from edge.domain.model import Clash, Device, Fact

IDS_MAX: Final = 16
URLS_MAX: Final = 16
CONFLICTS_MAX: Final = 8
TEXT_CHARS_MAX: Final = 256
ID_CHARS: Final = 12
LASTING: Final = ("make", "model")
"""Facts that a printer in use keeps: nobody asks it again, and after a start nobody remembers."""
_ADDRESS: Final = "host:"
"""Begins an id that is only an address."""


def bare(url: str) -> str:
    """Return a URL without what follows its question mark."""
    return url.partition("?")[0]


def strong(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids that go with the device wherever it goes."""
    return tuple(each for each in ids if not each.startswith(_ADDRESS))


def fresh_id(key: str, taken: Iterable[str]) -> str:
    """Return an id for a device of this key that none of `taken` has."""
    used, n = set(taken), 0
    while (made := derived_id("device", key, str(n))[-ID_CHARS:]) in used:
        n += 1
    return made


def known_as(seen: Seen, known: Iterable[Device]) -> Device | None:
    """Return the known device that this is: by an id, or by its place where it has no id.

    What was adopted is looked through first.
    """
    ordered = sorted(known, key=lambda device: not device.is_adopted)
    ids = set(strong(seen.ids))
    places = {place_of(bare(url)) for url in seen.urls}
    for is_adopted in (True, False):
        devices = [device for device in ordered if device.is_adopted is is_adopted]
        for device in devices:
            if ids.intersection(device.ids):
                return device
        for device in devices:
            if not device.ids and places.intersection(_places(device)):
                return device
    return None


class Answers(StrEnum):
    """Who answers at a printer's address."""

    ITSELF = "itself"
    """A device was seen that has one of its ids."""
    STRANGER = "stranger"
    """A device was seen there that has another id of the same sort, or that it shares it with."""
    NOBODY = "nobody"
    """Nothing was seen there that tells."""


def who_answers(device: Device, seen: Iterable[Seen]) -> Answers:
    """Return who answers where a device is believed to be, as far as discovery saw."""
    here = [
        each
        for each in seen
        if bare(device.url) in each.urls and each.state in (State.NEW, State.IDENTIFIED)
    ]
    known = set(device.ids)
    itself = [each for each in here if known.intersection(each.ids)]
    if any(_contradicts(device.ids, each.ids) for each in here if each not in itself):
        return Answers.STRANGER
    return Answers.ITSELF if itself else Answers.NOBODY


def _contradicts(ids: Iterable[str], others: Iterable[str]) -> bool:
    """Whether both have ids of one sort; those that are the same are not asked about here."""
    sorts = [{each.partition(":")[0] for each in strong(all_)} for all_ in (ids, others)]
    return bool(sorts[0] & sorts[1])


def _places(device: Device) -> set[str]:
    return {place_of(bare(url)) for url in (device.url, *device.urls) if url}


def is_worth_telling(seen: Seen) -> bool:
    """Whether people should hear of it: it may be a printer or a scanner, and is not renamed."""
    return seen.kind is not Kind.OTHER and not seen.replaced_by


def report_of(device_id: str, seen: Seen, known: Device | None) -> DeviceReport:
    """Return what discovery says of a device, within bounds; `known` is what was said before."""
    ids = strong(seen.ids)
    urls = seen.urls or (known.urls if known is not None else ())
    facts = {
        name: Fact(_short(fact.value), str(fact.source))
        for name, fact in seen.facts.items()
        if fact.value
    }
    if known is not None and known.is_adopted:  # once learned, what it is stays
        ids = tuple(dict.fromkeys((*known.ids, *ids)))
        facts = {name: known.facts[name] for name in LASTING if name in known.facts} | facts
    conflicts = tuple(
        Clash(str(each.clash), tuple(map(_short, each.parties[:IDS_MAX])))
        for each in seen.conflicts[:CONFLICTS_MAX]
    )
    is_adopted = known is not None and known.is_adopted
    return DeviceReport(
        device=device_id,
        is_adopted=is_adopted,
        kind=known.kind if known is not None and is_adopted else str(seen.kind),
        seen=str(seen.state),
        ids=tuple(map(_short, ids[:IDS_MAX])),
        urls=tuple(map(_short, urls[:URLS_MAX])),
        url=_short(_url(seen, known)),
        facts=facts,
        sources=tuple(sorted(str(source) for source in seen.sources)),
        conflicts=conflicts,
    )


def gone(known: Device) -> DeviceReport:
    """Return the report of a device that nothing sees any more."""
    return DeviceReport(
        device=known.id,
        is_adopted=known.is_adopted,
        kind=known.kind,
        seen=str(State.GONE),
        ids=known.ids,
        urls=known.urls,
        url=known.url,
        facts=known.facts,
        sources=known.sources,
    )


def _url(seen: Seen, known: Device | None) -> str:
    """Return how to open it: as a person wrote it, at the place where it is now."""
    if known is None or not known.is_adopted or not known.url:
        return seen.url
    before, options = bare(known.url), known.url.partition("?")[2]
    scheme = before.partition(":")[0]
    same_way = [url for url in seen.urls if url.partition(":")[0] == scheme]
    if not seen.urls or any(place_of(bare(url)) == place_of(before) for url in same_way):
        return known.url
    if same_way:
        return f"{bare(same_way[0])}?{options}" if options else bare(same_way[0])
    return seen.url


def _short(text: str) -> str:
    return text[:TEXT_CHARS_MAX]
