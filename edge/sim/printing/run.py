"""One run of the hall, judged and summed up."""

from time import perf_counter
from typing import Final

import msgspec

from edge.sim.printing.hall import Hall, Ran
from edge.sim.printing.judge import Row, check, healed_pm, table
from edge.sim.virtual_loop import VirtualLoop, run_virtually

JOBS_MAX: Final = 1_000_000
HALL: Final = "mixed"
"""As warehouses have it: printers of two makes, by USB and by network."""


class Report(msgspec.Struct, frozen=True):
    """What a run came to."""

    seed: int
    hall: str
    jobs: int
    found: tuple[str, ...]
    """What is wrong; nothing where all is well."""
    labels: int
    slips: int
    faulted: int
    healed: int
    helped: int
    healed_pm: int
    by_sort: dict[str, dict[str, int]]
    """Jobs that met a fault, by the sort of the last printer that had them."""
    crashes: int
    entries: int
    simulated_h: float
    took_s: float
    table: dict[str, Row]

    def __str__(self) -> str:
        names = ("jobs", "faulted", "retried", "moved", "held", "slips", "unknown", "healed")
        lines = [f"{'fault':<30}" + "".join(f"{name:>9}" for name in names)]
        for kind, row in self.table.items():
            lines.append(f"{kind:<30}" + "".join(f"{getattr(row, name):>9}" for name in names))
        lines += [
            f"{sort}: {sums['healed']} of {sums['faulted']} healed"
            for sort, sums in self.by_sort.items()
        ]
        lines += [f"wrong: {each}" for each in self.found]
        lines.append(
            f"{self.jobs} jobs, {self.labels} labels, {self.slips} slips, {self.crashes} crashes,"
            f" {self.entries} entries, {self.simulated_h:.1f} simulated hours in {self.took_s:.1f}"
            f" s: {len(self.found)} wrong; {self.faulted} met a fault, {self.healed} healed"
            f" themselves, {self.helped} needed a person ({self.healed_pm / 10:.1f} %)"
        )
        return "\n".join(lines)


def run(jobs: int, seed: int, hall: str = HALL) -> Ran:
    """Run `jobs` labels with the faults of `seed`."""
    return run_virtually(lambda loop: _run(jobs, seed, loop, hall))


async def _run(jobs: int, seed: int, loop: VirtualLoop, hall: str) -> Ran:
    return await Hall(jobs, seed, loop, hall).run()


def judged(jobs: int, seed: int, hall: str = HALL) -> Report:
    """Run `jobs` labels, and return what the judge finds and the figures."""
    began_s = perf_counter()
    ran = run(jobs, seed, hall)
    slips = sum(bool(out.slip) for _, out in ran.out)
    return Report(
        seed=seed,
        hall=hall,
        jobs=jobs,
        found=tuple(check(ran)),
        labels=len(ran.out) - slips,
        slips=slips,
        faulted=ran.days.get("faulted", 0),
        healed=ran.days.get("healed", 0),
        helped=ran.days.get("helped", 0),
        healed_pm=healed_pm(ran),
        by_sort=_by_sort(ran),
        crashes=ran.crashes,
        entries=len(ran.journal),
        simulated_h=ran.simulated_s / 3600,
        took_s=perf_counter() - began_s,
        table=table(ran),
    )


def _by_sort(ran: Ran) -> dict[str, dict[str, int]]:
    sums = {sort: {"faulted": 0, "healed": 0} for sort in sorted(set(ran.sorts.values()))}
    for job in ran.jobs.values():
        if job.is_faulted and job.printer:
            row = sums[ran.sorts[job.printer]]
            row["faulted"] += 1
            row["healed"] += not job.is_helped
    return sums
