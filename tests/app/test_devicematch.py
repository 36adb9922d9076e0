"""Which known device a found one is, and what is told of it (DEV-2)."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Clash, Conflict, Fact, Kind, Source, State
from drivers.api import Device as Seen
from edge.app.devicematch import (
    IDS_MAX,
    URLS_MAX,
    Answers,
    fresh_id,
    known_as,
    report_of,
    who_answers,
)
from edge.domain.model import Device
from edge.domain.model import Fact as Told

NINE, SEVEN = "tcp://10.0.0.9:9100", "tcp://10.0.0.7:9100"


def seen(*ids: str, url: str = NINE, **over: Any) -> Seen:
    """Return what discovery sees of a printer."""
    fields: dict[str, Any] = {"kind": Kind.PRINTER, "state": State.IDENTIFIED, "urls": (url,)}
    return Seen(key=ids[0], ids=ids, **fields | over)


def known(name: str, *ids: str, url: str = NINE, used: bool = True) -> Device:
    """Return a device that is listed."""
    return Device(id=name, kind="printer", ids=ids, urls=(url,), url=url, adopted_us=int(used))


def test_an_id_counts_more_than_a_place_and_adoption_more_than_either() -> None:
    """By id wherever it is; by place only what has no id; whatever is adopted comes first."""
    a, b = known("a", "serial:1", url=SEVEN), known("b", url=NINE)
    found = seen("serial:1", "mac:aa", "host:10.0.0.9:9100")
    assert known_as(found, [b, a]) is a
    assert known_as(found, [b]) is b
    assert known_as(seen("serial:2", "host:10.0.0.7:9100", url=SEVEN), [a, b]) is None
    fresh = known("c", "serial:1", used=False)
    assert known_as(found, [fresh, b]) is b
    assert known_as(found, [fresh]) is fresh
    configured = known("p1", url="tcp://10.0.0.9?lang=zpl")
    assert known_as(found, [configured]) is configured


def test_a_moved_printer_keeps_what_a_person_wrote() -> None:
    """The place changes, the options of its URL stay; at its place nothing changes (DEV-2)."""
    used = known("a", "serial:1", url=f"{NINE}?lang=zpl&proof=token")
    assert report_of("a", seen("serial:1"), used).url == f"{NINE}?lang=zpl&proof=token"
    moved = report_of("a", seen("serial:1", "mac:aa", url=SEVEN), used)
    assert (moved.url, moved.ids) == (f"{SEVEN}?lang=zpl&proof=token", ("serial:1", "mac:aa"))
    lost = report_of("a", seen("serial:1", urls=(), state=State.GONE), used)
    assert (lost.url, lost.urls, lost.seen) == (used.url, used.urls, "gone")


def test_a_printer_in_use_keeps_its_make_and_model() -> None:
    """After a start nobody asks it again; what is seen anew counts, a passing note does not."""
    facts = {name: Told(name.upper(), "probe") for name in ("make", "model", "note")}
    used = msgspec.structs.replace(known("a", "serial:1"), facts=facts)
    said = report_of("a", seen("serial:1", facts={"model": Fact("ZD421", Source.MDNS)}), used).facts
    assert said == {"make": Told("MAKE", "probe"), "model": Told("ZD421", "mdns")}
    found = msgspec.structs.replace(used, adopted_us=0)
    assert report_of("a", seen("serial:1"), found).facts == {}


def test_who_answers_is_told_by_ids_of_one_sort() -> None:
    """Another serial number at the URL is a stranger; another sort of id tells nothing (DEV-2)."""
    used = known("a", "serial:1", url=f"{NINE}?lang=zpl")
    own, other = seen("serial:1"), seen("serial:2")
    assert who_answers(used, []) is Answers.NOBODY
    assert who_answers(used, [own]) is Answers.ITSELF
    assert who_answers(used, [other]) is Answers.STRANGER
    assert who_answers(used, [own, other]) is Answers.STRANGER
    assert who_answers(used, [seen("mac:aa"), seen("host:10.0.0.9:9100")]) is Answers.NOBODY
    assert who_answers(used, [seen("serial:2", url=SEVEN)]) is Answers.NOBODY
    assert who_answers(used, [seen("serial:2", state=State.GONE)]) is Answers.NOBODY


texts = st.text(max_size=400)


@settings(max_examples=50, deadline=None)
@given(
    ids=st.lists(texts, min_size=1, max_size=40),
    urls=st.lists(texts, max_size=40),
    name=texts,
    parties=st.lists(texts, max_size=40),
    adopted=st.booleans(),
)
def test_a_report_is_bounded(
    ids: list[str], urls: list[str], name: str, parties: list[str], adopted: bool
) -> None:
    """Whatever a source claims, what goes to the journal is short (nonsense TXT records)."""
    conflict = Conflict(Clash.SHARED_ADDRESS, tuple(parties))
    facts = {"name": Fact(name, Source.MDNS)}
    found = seen(*ids, urls=tuple(urls), facts=facts, conflicts=(conflict,) * 20)
    report = report_of("a", found, known("a", used=adopted))
    assert len(report.ids) <= IDS_MAX
    assert len(report.urls) <= URLS_MAX
    said = [*report.ids, *report.urls, report.url, *(f.value for f in report.facts.values())]
    said += [party for clash in report.conflicts for party in clash.parties]
    assert all(len(text) <= 256 for text in said)
    assert len(report.conflicts) <= 8


def test_an_id_is_not_given_twice() -> None:
    """The same key gives the same id, unless another device has it."""
    first = fresh_id("host:10.0.0.9:9100", ())
    assert first == fresh_id("host:10.0.0.9:9100", ("x",))
    assert fresh_id("host:10.0.0.9:9100", (first,)) not in ("", first)
