"""What must be true of a run, judged from the paper and the journal, and the table of it.

The judge keeps its own books and shares no code with the queue or the projections.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from edge.sim.printing.faults import Kind
from edge.sim.printing.hall import COUNTING, Ran
from sync.api import Entry

Found = Iterator[str]
SHARE_PM_LEAST: Final = 992
HELPED_FEW: Final = 2
"""So few say nothing about the share in a short run."""
FOUND_MAX: Final = 20
_GOOD: Final = ("claimed", "sent", "confirmed")
_ENDS: Final = ("confirmed", "retry", "unknown", "failed", "slip")


class Row(msgspec.Struct):
    """What became of the jobs that one kind of fault was meant for."""

    jobs: int = 0
    faulted: int = 0
    """Something went wrong with them, by this fault or in the wake of another's."""
    retried: int = 0
    moved: int = 0
    """Printed by another printer than the one that was tried first."""
    held: int = 0
    """Waited for by their printer, or asked about, before they were proved or sent again."""
    slips: int = 0
    unknown: int = 0
    healed: int = 0


class Books(msgspec.Struct):
    """What the journal says of one job."""

    order: str
    stages: list[str]
    printers: list[str]
    is_printed: bool = False
    is_helped: bool = False
    is_moved: bool = False
    """Another printer than the first that was tried took it."""

    @property
    def is_faulted(self) -> bool:
        """Whether anything went wrong with it."""
        return any(stage not in _GOOD for stage in self.stages)


def books(journal: list[Entry]) -> dict[str, Books]:
    """Return what the journal says of each job."""
    found: dict[str, Books] = {}
    for entry in journal:
        data = entry.data
        if entry.kind == "print.queued":
            found[data["job"]] = Books(data["order"], [], [])
        elif entry.kind == "print.reported":
            job = found[data["job"]]
            job.stages.append(data["stage"])
            if data["stage"] in ("claimed", "retry") and data["printer"]:
                job.printers.append(data["printer"])
                job.is_moved |= data["printer"] != job.printers[0]
            job.is_printed |= data["stage"] == "confirmed"
            job.is_helped |= data["stage"] in ("unknown", "slip", "failed")
        elif entry.kind == "waybill.proved":
            found[data["job"]].is_printed = True
    return found


def printed_once(ran: Ran) -> Found:
    """No copy comes out twice; of two labels of a parcel the later is marked as a copy."""
    copies = Counter(out.copy_id for _, out in ran.out if not out.slip)
    yield from (
        f"copy {copy} came out {count} times" for copy, count in copies.items() if count > 1
    )
    numbers: dict[str, list[int]] = defaultdict(list)
    for _, out in ran.out:
        if not out.slip:
            numbers[out.waybill].append(out.n)
    for waybill, each in numbers.items():
        if len(each) != len(set(each)):
            yield f"{waybill} has labels numbered {sorted(each)}"


def none_lost(ran: Ran) -> Found:
    """Every order ends shipped, with its proved label on the floor; nobody waits for ever."""
    yield from (f"order {order} did not come to an end" for order in ran.late)
    there = {out.copy_id for _, out in ran.out}
    for order, state in ran.states.items():
        if state != "shipped":
            yield f"order {order} ends {state}"
    for job in ran.jobs.values():
        if job.state == "proved" and job.copy not in there:
            yield f"copy {job.copy} is proved and never came out"
        if job.state not in ("proved", "void"):
            yield f"job {job.id} ends {job.state}"


def proofs_are_true(ran: Ran) -> Found:
    """What a printer is said to have confirmed lies on the floor."""
    there = {out.copy_id for _, out in ran.out}
    for entry in ran.journal:
        if entry.kind == "print.reported" and entry.data["stage"] == "confirmed":
            copy = ran.jobs[entry.data["job"]].copy
            if copy not in there:
                yield f"copy {copy} was confirmed and never came out"


def one_in_flight(ran: Ran) -> Found:
    """A printer is given no copy before the fate of the last one is decided."""
    holds: dict[str, str] = {}
    for entry in ran.journal:
        if entry.kind == "waybill.proved":
            holds = {printer: job for printer, job in holds.items() if job != entry.data["job"]}
        if entry.kind != "print.reported":
            continue
        job, stage, printer = (entry.data[name] for name in ("job", "stage", "printer"))
        if stage == "claimed":
            if holds.get(printer, job) != job:
                yield f"{printer} was given {job} while it had {holds[printer]}"
            holds[printer] = job
        elif stage in _ENDS and holds.get(printer) == job:
            del holds[printer]


def healing_is_counted(ran: Ran) -> Found:
    """The box's own count of what healed is the one that its journal gives."""
    kept = books(ran.journal).values()
    faulted = [job for job in kept if job.is_faulted]
    healed = sum(job.is_printed and not job.is_helped for job in faulted)
    helped = sum(job.is_helped for job in faulted)
    said = tuple(ran.days.get(name, 0) for name in ("jobs", "faulted", "healed", "helped"))
    counted = (len(kept), len(faulted), healed, helped)
    if said != counted:
        yield f"the box counts {said}, its journal gives {counted}"


def heals_itself(ran: Ran) -> Found:
    """Where printers can count, at least the bar's share heals without a person."""
    helped, ended = ran.days["helped"], ran.days["helped"] + ran.days["healed"]
    spared = max(HELPED_FEW, ended * (1000 - SHARE_PM_LEAST) // 1000)
    if ran.hall in COUNTING and helped > spared:
        share_pm = healed_pm(ran)
        yield f"self-healed {share_pm / 10:.1f} %, less than {SHARE_PM_LEAST / 10:.1f} %"


def nothing_broke(ran: Ran) -> Found:
    """Nothing raised that nobody handles, and no label came out spoilt."""
    yield from ran.broken
    if ran.spoilt:
        yield f"{ran.spoilt} labels came out spoilt"


CHECKS: Final[tuple[Callable[[Ran], Found], ...]] = (
    nothing_broke,
    printed_once,
    none_lost,
    proofs_are_true,
    one_in_flight,
    healing_is_counted,
    heals_itself,
)


def check(ran: Ran) -> list[str]:
    """Return what is wrong with a run, each with the name of its check."""
    return [f"{each.__name__}: {found}" for each in CHECKS for found in list(each(ran))[:FOUND_MAX]]


def healed_pm(ran: Ran) -> int:
    """Return the self-healed share per mille, as the box reports it."""
    ended = ran.days.get("healed", 0) + ran.days.get("helped", 0)
    return ran.days.get("healed", 0) * 1000 // ended if ended else 1000


def table(ran: Ran) -> dict[str, Row]:
    """Return what became of the first labels, by the fault that was meant for them."""
    rows = {kind.value: Row() for kind in Kind}
    seen: set[str] = set()
    for job in books(ran.journal).values():
        if job.order in seen:
            continue
        seen.add(job.order)
        row = rows[ran.faults[job.order].kind.value]
        row.jobs += 1
        row.faulted += job.is_faulted
        row.retried += "retry" in job.stages
        row.moved += job.is_moved
        row.held += bool({"held", "asked"} & set(job.stages))
        row.slips += "slip" in job.stages
        row.unknown += "unknown" in job.stages
        row.healed += job.is_faulted and job.is_printed and not job.is_helped
    return rows
