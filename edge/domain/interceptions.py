"""The daily interception report: how often the hub stopped orders, and where the time went (FRZ-6).

A pure reading of entries. The stages are hub → box (issued to frozen), box → PDA (raised to shown),
PDA → person (shown to acknowledged); a stage that no entry tells of is left out of its mean.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec

from edge.domain.entries import Fact

PER_MILLE: Final = 1_000
TOO_LATE: Final = "order_ended"


class InterceptionRow(msgspec.Struct, frozen=True):
    """Interceptions of one category. Means are µs; 0 where nothing was measured."""

    category: str
    count: int
    applied: int
    revoked: int
    """Taken back, as a lot that may go again."""
    overruled: int
    """Another one counted, or the order ended meanwhile."""
    too_late: int
    """They came when the order had ended, or could not be carried out any more."""
    waiting: int
    """Neither took effect yet nor was taken back: they count down, or a supervisor decides."""
    success_pm: int
    """Of those that were not taken back, how many took effect, per mille."""
    mean_us: int
    """From issue at the hub to the effect."""
    hub_to_box_us: int
    box_to_pda_us: int
    pda_to_person_us: int


class _Tally:
    """What is added up for one category."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.outcomes: Counter[str] = Counter()
        self.spans: dict[str, list[int]] = {"whole": [], "box": [], "pda": [], "person": []}

    def row(self, category: str) -> InterceptionRow:
        applied, late = self.outcomes["applied"], self.outcomes["refused"]
        revoked = self.outcomes["revoked"] + self.outcomes["released"]
        judged = applied + late
        return InterceptionRow(
            category=category,
            count=self.outcomes.total() + len(self.open),
            applied=applied,
            revoked=revoked,
            overruled=self.outcomes.total() - judged - revoked,
            too_late=late,
            waiting=len(self.open),
            success_pm=applied * PER_MILLE // judged if judged else 0,
            mean_us=_mean(self.spans["whole"]),
            hub_to_box_us=_mean(self.spans["box"]),
            box_to_pda_us=_mean(self.spans["pda"]),
            pda_to_person_us=_mean(self.spans["person"]),
        )


def _mean(spans: list[int]) -> int:
    return sum(spans) // len(spans) if spans else 0


def interception_rows(entries: Iterable[Fact], from_us: int = 0) -> list[InterceptionRow]:
    """Return one row per category, by name, of the interceptions in `entries`.

    Of what came before `from_us` (µs UTC) only that counts which ended, or was answered, after.
    """
    reading = _Reading()
    for entry in entries:
        if note := _NOTED.get(entry.kind):
            note(reading, entry, counts=entry.at_us >= from_us)
    return [tally.row(category) for category, tally in sorted(reading.tallies.items())]


class _Reading:
    """What the entries so far have told."""

    def __init__(self) -> None:
        self.tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
        self._issued_us: dict[str, int] = {}
        self._alarms: dict[str, str] = {}

    def opened(self, entry: Fact, *, counts: bool) -> None:
        """Note that the hub froze an order; a rule's breaker and a person's stop are no such."""
        data = entry.data
        if not data["instruction"] or entry.via != "hub":
            return
        issued_us = self._issued_us[data["freeze"]] = data.get("issued_at", entry.at_us)
        if counts:
            tally = self.tallies[data["category"]]
            tally.open.add(data["freeze"])
            tally.spans["box"].append(entry.at_us - issued_us)

    def closed(self, entry: Fact, *, counts: bool) -> None:
        """Note how one ended."""
        data = entry.data
        if not counts or data["freeze"] not in self._issued_us:
            return
        tally = self.tallies[data["category"]]
        tally.open.discard(data["freeze"])
        tally.outcomes[data["outcome"]] += 1
        if data["outcome"] == "applied":
            tally.spans["whole"].append(entry.at_us - self._issued_us[data["freeze"]])

    def refused(self, entry: Fact, *, counts: bool) -> None:
        """Note one that came too late."""
        data = entry.data
        if counts and (data["kind"], data["code"]) == ("order.freeze", TOO_LATE):
            self.tallies[data["facts"].get("category", "cancel")].outcomes["refused"] += 1

    def raised(self, entry: Fact, *, counts: bool) -> None:
        """Note for which category somebody is called."""
        del counts
        if "category" in entry.data["facts"]:
            self._alarms[entry.data["alarm"]] = entry.data["facts"]["category"]

    def acked(self, entry: Fact, *, counts: bool) -> None:
        """Note how long the way to the PDA and its person took."""
        category = self._alarms.get(entry.data["alarm"])
        shown_us = entry.data.get("shown_us", 0)
        if counts and category and shown_us:
            spans = self.tallies[category].spans
            spans["pda"].append(entry.data["took_us"] - shown_us)
            spans["person"].append(shown_us)


_NOTED: Final = {
    "freeze.opened": _Reading.opened,
    "freeze.closed": _Reading.closed,
    "instruction.refused": _Reading.refused,
    "alarm.raised": _Reading.raised,
    "alarm.acked": _Reading.acked,
}
