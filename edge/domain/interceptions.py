"""The daily interception report: how often the hub stopped orders, and where the time went (FRZ-6).

A pure reading of entries. The stages are hub → box (issued to frozen), box → PDA (raised to shown),
PDA → person (shown to acknowledged); a stage that no entry tells of is left out of its mean.
"""

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
    overruled: int
    too_late: int
    """They came when the order had ended, or could not be carried out any more."""
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
        self.outcomes: dict[str, int] = {}
        self.spans: dict[str, list[int]] = {"whole": [], "box": [], "pda": [], "person": []}

    def row(self, category: str) -> InterceptionRow:
        applied, late = self._of("applied"), self._of("refused")
        judged = applied + late
        return InterceptionRow(
            category=category,
            count=sum(self.outcomes.values()),
            applied=applied,
            revoked=self._of("revoked"),
            overruled=self._of("overruled"),
            too_late=late,
            success_pm=applied * PER_MILLE // judged if judged else 0,
            mean_us=_mean(self.spans["whole"]),
            hub_to_box_us=_mean(self.spans["box"]),
            box_to_pda_us=_mean(self.spans["pda"]),
            pda_to_person_us=_mean(self.spans["person"]),
        )

    def _of(self, outcome: str) -> int:
        return self.outcomes.get(outcome, 0)

    def end(self, outcome: str) -> None:
        """Count how one of them ended."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


def _mean(spans: list[int]) -> int:
    return sum(spans) // len(spans) if spans else 0


def interception_rows(entries: Iterable[Fact]) -> list[InterceptionRow]:
    """Return one row per category, by name, of the interceptions that ended in `entries`."""
    tallies: dict[str, _Tally] = {}
    issued: dict[str, int] = {}
    alarms: dict[str, str] = {}
    for entry in entries:
        data = entry.data
        if entry.kind == "freeze.opened" and data["instruction"]:
            tally = tallies.setdefault(data["category"], _Tally())
            issued[data["freeze"]] = data.get("issued_at", entry.at_us)
            tally.spans["box"].append(entry.at_us - issued[data["freeze"]])
        elif entry.kind == "freeze.closed" and data["freeze"] in issued:
            tally = tallies[data["category"]]
            tally.end(data["outcome"])
            if data["outcome"] == "applied":
                tally.spans["whole"].append(entry.at_us - issued[data["freeze"]])
        elif entry.kind == "instruction.refused" and data["kind"] == "order.freeze":
            if data["code"] == TOO_LATE:
                tallies.setdefault(data["facts"].get("category", "cancel"), _Tally()).end("refused")
        elif entry.kind == "alarm.raised" and "category" in data["facts"]:
            alarms[data["alarm"]] = data["facts"]["category"]
        elif entry.kind == "alarm.acked" and data["alarm"] in alarms:
            _note_stages(tallies.setdefault(alarms[data["alarm"]], _Tally()), entry)
    return [tally.row(category) for category, tally in sorted(tallies.items())]


def _note_stages(tally: _Tally, acked: Fact) -> None:
    took_us, shown_us = acked.data["took_us"], acked.data.get("shown_us", 0)
    if shown_us:
        tally.spans["pda"].append(took_us - shown_us)
        tally.spans["person"].append(shown_us)
