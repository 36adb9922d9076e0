"""The print job's law: the table of what may be sent again, the slip, what heals."""

from itertools import product
from typing import Any

import pytest

from edge.domain import commands as c
from edge.domain.model import Job, PrintDay
from edge.domain.printstages import AFTER, slip_code
from edge.domain.resend import TABLE, Situation, Verdict, judge
from tests.domain.site import Site

SENT: dict[str, Any] = {"bytes_out": 15_000}
"""A copy of which bytes left; nobody has asked the printer since."""
MUTE = SENT | {"is_asked": True}
"""The same once it was asked, on a printer without an odometer, and with one."""
COUNTS = MUTE | {"can_count": True}
STOPPED: dict[str, Any] = {"bytes_out": None, "can_count": True, "is_line_lost": True}
"""A copy that was on its way when the service stopped; then its printer was asked."""
ASKED = STOPPED | {"is_asked": True}

FIELDS = Situation.__struct_fields__
ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("connect refused", {"bytes_out": 0}, "retry"),
    ("IPP busy", {"bytes_out": 0, "is_busy": True}, "retry"),
    ("write failed at offset 0", {"bytes_out": 0, "is_line_lost": True}, "retry"),
    ("write failed after bytes left", SENT, "reconcile"),
    ("… odometer unchanged, buffer empty", {**COUNTS, "counted": 0, "is_settled": True}, "retry"),
    ("… odometer unchanged, but just now", {**COUNTS, "counted": 0}, "reconcile"),
    ("… odometer unchanged, but busy", {**COUNTS, "counted": 0, "is_busy": True}, "wait"),
    ("… odometer one further", {**COUNTS, "counted": 1}, "proved"),
    ("… somebody else printed too", {**COUNTS, "counted": 2, "is_settled": True}, "unknown"),
    ("… no odometer", {**MUTE, "is_line_lost": True}, "unknown"),
    ("paper out after send", {**MUTE, "fault": "paper"}, "wait"),
    ("head open after send, odometer", {**COUNTS, "fault": "head", "counted": 0}, "wait"),
    ("… filled, the token came", {**MUTE, "is_proved": True}, "proved"),
    ("time-out, no read-back", {**MUTE, "is_settled": True}, "unknown"),
    ("service crash in sending", STOPPED, "reconcile"),
    ("… the printer is away", {**ASKED, "fault": "offline"}, "wait"),
    ("… odometer one further", {**ASKED, "counted": 1}, "proved"),
    ("… odometer unchanged", {**ASKED, "counted": 0, "is_settled": True}, "retry"),
    ("… job state by name", {**ASKED, "can_count": False, "is_proved": True}, "proved"),
    (
        "… a count that power loss may set back is unchanged",
        {**ASKED, "counted": 0, "is_settled": True, "is_lasting": False},
        "unknown",
    ),
    ("… nothing to ask", {**ASKED, "can_count": False}, "unknown"),
]


@pytest.mark.parametrize(("known", "verdict"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_what_may_be_sent_again(known: dict[str, Any], verdict: str) -> None:
    """Each row of the resend table (PRN-2, PRN-4)."""
    assert judge(Situation(**known)) == verdict


def test_bytes_that_left_are_sent_again_only_on_proof() -> None:
    """Of all situations there are, RETRY comes of no byte or of an odometer that stands still."""
    values: dict[str, tuple[Any, ...]] = dict.fromkeys(FIELDS, (False, True))
    values |= {"bytes_out": (0, 1, None), "fault": ("", "paper"), "counted": (None, 0, 1, 2)}
    for chosen in product(*values.values()):
        known = Situation(**dict(zip(values, chosen, strict=True)))
        if judge(known) is Verdict.RETRY and known.bytes_out != 0:
            still = (known.counted, known.is_settled, known.is_busy, known.fault)
            assert still == (0, True, False, "")


def test_every_row_of_the_table_decides_something() -> None:
    """No row is idle: each has a situation in which it is the first that fits."""
    copies = [Situation(**known) for _, known, _ in ROWS]
    deciding = {next(name for name, fits, _ in TABLE if fits(copy)) for copy in copies}
    assert {name for name, _, _ in TABLE} == deciding


# ---- the slip ---------------------------------------------------------------------------------


def job(site: Site) -> Job:
    """Return the newest print job of the order."""
    return site.the(Job, site.order().copies[-1].job)


def slipped(site: Site) -> Site:
    """Bring order 1001 to where a slip stands for its label."""
    site.to_checked()
    assert site.by("packer", c.WaybillPrint("1001")).ok
    assert site.report("slip", reason="no_printer").ok
    return site


def test_a_slip_is_no_label(site: Site) -> None:
    """A slip proves nothing, ships nothing, and cannot be said to be the label (FLOW-4, PRN-3)."""
    slipped(site)
    assert (job(site).state, site.order().grade) == ("slip", "accepted")
    assert site.report("slip_printed", printer="p9").ok
    assert (job(site).state, site.state()) == ("slip", "packed_checked")
    assert site.prove().code == "label_printing"
    assert site.by("packer", c.WaybillPrint("1001")).code == "label_printing"
    said = site.by("packer", c.WaybillResolve(job(site).id, printed=True))
    assert said.code == "label_printing"


def test_scanning_a_slip_prints_the_label_once(site: Site) -> None:
    """The slip queues the same copy, at the station where it is scanned, and is then spent."""
    slipped(site)
    code = slip_code(job(site).id)
    assert code.isascii()
    assert site.by("packer", c.SlipScan(code)).ok
    assert (job(site).state, job(site).n, len(site.order().copies)) == ("queued", 1, 1)
    assert site.by("packer", c.SlipScan(code)).code == "slip_spent"
    for stage in ("claimed", "sent"):
        assert site.report(stage).ok
    assert site.prove().ok
    assert site.state() == "shipped"


@pytest.mark.parametrize("code", ["FGS1:", "FGS1:no such job", "FG1:SF0001:x", "赠品", ""])
def test_what_is_no_slip_prints_nothing(site: Site, code: str) -> None:
    """Other codes are refused (PRN-3)."""
    slipped(site)
    assert site.by("packer", c.SlipScan(code)).code == "not_a_slip"


def test_a_slip_of_a_frozen_order_prints_nothing(site: Site) -> None:
    """A freeze closes the way through a slip as well (FRZ-2)."""
    slipped(site)
    site.freeze(category="remark")
    assert site.by("packer", c.SlipScan(slip_code(job(site).id))).code == "order_frozen"


def test_the_queue_cannot_take_a_job_from_a_person(site: Site) -> None:
    """What waits for a person is not claimed or held again; only a late proof still counts."""
    slipped(site)
    for stage in set(AFTER) - {"confirmed", "slip_printed"}:
        assert site.report(stage).code == "outcome_known"
    assert site.report("confirmed").ok
    assert site.order().grade == "printer_confirmed"


# ---- healing ----------------------------------------------------------------------------------


def day(site: Site) -> dict[str, int]:
    """Return the counts of the only day, those that are not 0."""
    (found,) = site.all(PrintDay)
    names = ("jobs", "printed", "faulted", "healed", "helped", "withdrawn")
    return {name: count for name in names if (count := getattr(found, name))}


def test_a_job_that_met_no_fault_is_not_healed(site: Site) -> None:
    """Only jobs that met a fault count for the self-healed share (PRN-3)."""
    site.to_shipped()
    assert day(site) == {"jobs": 1, "printed": 1}


def test_a_job_that_came_through_by_itself_is_healed(site: Site) -> None:
    """Faults, then a proof, and nobody did more than scan the label."""
    site.to_checked()
    assert site.by("packer", c.WaybillPrint("1001")).ok
    for stage in ("retry", "retry", "claimed", "sent", "held", "confirmed"):
        assert site.report(stage).ok
    assert site.prove().ok
    assert day(site) == {"jobs": 1, "printed": 1, "faulted": 1, "healed": 1}


@pytest.mark.parametrize("stage", ["unknown", "slip", "failed"])
def test_a_job_for_which_a_person_was_asked_is_not_healed(site: Site, stage: str) -> None:
    """It counts as helped, once, whatever comes after."""
    site.to_checked()
    assert site.by("packer", c.WaybillPrint("1001")).ok
    assert site.report("retry").ok
    assert site.report(stage).ok
    assert site.by("packer", c.WaybillResolve(job(site).id, printed=False)).ok
    assert day(site) == {"jobs": 1, "faulted": 1, "helped": 1}


def test_a_job_whose_order_ended_is_withdrawn(site: Site) -> None:
    """A cancelled order's label neither heals nor fails; a reprint by a person is help."""
    site.to_checked()
    assert site.by("packer", c.WaybillPrint("1001")).ok
    assert site.report("retry").ok
    site.cancel()
    assert day(site) == {"jobs": 1, "faulted": 1, "withdrawn": 1}
