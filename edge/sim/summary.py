"""Many worlds: run, judged and summed up."""

from collections.abc import Iterable
from time import perf_counter
from typing import Final

import msgspec

from edge.sim.checkers import check
from edge.sim.world import run_world

FOUND_MAX: Final = 20
"""Findings kept of one world."""


class Judged(msgspec.Struct, frozen=True):
    """One world and what is wrong with it."""

    seed: int
    found: tuple[str, ...]
    journal: str
    """Hash of the newest entry, in hex: the same seed has the same."""
    entries: int
    simulated_s: float
    commands: int
    crashes: int
    losses: int
    took_s: float


class Summary(msgspec.Struct, frozen=True):
    """Worlds together."""

    seeds: int
    wrong: tuple[int, ...]
    """Seeds of the worlds in which something is wrong."""
    simulated_h: float
    entries: int
    commands: int
    crashes: int
    losses: int
    took_s: float
    speed_up: float
    """Simulated time per real time."""

    def __str__(self) -> str:
        return (
            f"{self.seeds} worlds, {len(self.wrong)} wrong: {self.simulated_h:.1f} simulated hours,"
            f" {self.commands} commands, {self.entries} entries, {self.crashes} crashes,"
            f" {self.losses} messages lost, in {self.took_s:.1f} s ({self.speed_up:.0f} times"
            " real time)"
        )


def rerun(seed: int) -> str:
    """Return the command that runs one world again."""
    return f"floorgate sim --seed {seed}"


def judge(seed: int) -> Judged:
    """Run one world and let every checker judge it."""
    began_s = perf_counter()
    outcome = run_world(seed)
    journal = outcome.evidence.journal
    return Judged(
        seed=seed,
        found=tuple(check(outcome.evidence)[:FOUND_MAX]),
        journal=journal[-1].hash.hex() if journal else "",
        entries=len(journal),
        simulated_s=outcome.simulated_s,
        commands=outcome.commands,
        crashes=outcome.crashes,
        losses=outcome.losses,
        took_s=perf_counter() - began_s,
    )


def sum_up(worlds: Iterable[Judged]) -> Summary:
    """Return the sums over `worlds`."""
    all_of_them = list(worlds)
    simulated_s = sum(world.simulated_s for world in all_of_them)
    took_s = sum(world.took_s for world in all_of_them)
    return Summary(
        seeds=len(all_of_them),
        wrong=tuple(world.seed for world in all_of_them if world.found),
        simulated_h=simulated_s / 3600,
        entries=sum(world.entries for world in all_of_them),
        commands=sum(world.commands for world in all_of_them),
        crashes=sum(world.crashes for world in all_of_them),
        losses=sum(world.losses for world in all_of_them),
        took_s=took_s,
        speed_up=simulated_s / took_s if took_s else 0.0,
    )
