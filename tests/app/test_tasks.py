"""Background work does not fail in silence, and one part's fault is not another's."""

import asyncio

from edge.app.tasks import AGAIN_S, Tasks
from edge.sim.virtual_loop import VirtualLoop, run_virtually


class Work:
    """Work that fails as often as it is told to, and then goes on for good."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.begun_s: list[float] = []

    async def go_on(self) -> None:
        self.begun_s.append(asyncio.get_running_loop().time())
        if len(self.begun_s) <= self.failures:
            raise LookupError(f"failure {len(self.begun_s)}")
        await asyncio.Event().wait()


def test_work_for_good_begins_again_after_a_failure() -> None:
    """What goes on for good is begun again after a pause, and each failure is told."""

    async def main(loop: VirtualLoop) -> Work:
        tasks, work = Tasks(), Work(failures=2)
        tasks.keep(work.go_on, "work")
        await asyncio.sleep(3 * AGAIN_S)
        await tasks.stop()
        await tasks.stop()
        assert [str(fault) for fault in loop.faults] == ["failure 1", "failure 2"]
        return work

    assert run_virtually(main).begun_s == [0, AGAIN_S, 2 * AGAIN_S]


def test_work_done_once_fails_aloud() -> None:
    """A failure of work that is done once is told, and ends no other; what was ended is not."""

    async def main(loop: VirtualLoop) -> list[str]:
        tasks, other = Tasks(), Work(failures=0)
        tasks.start(Work(failures=1).go_on(), "one")
        tasks.start(other.go_on(), "other")
        await asyncio.sleep(1)
        tasks.cancel()
        await asyncio.sleep(1)
        return [str(fault) for fault in loop.faults]

    assert run_virtually(main) == ["failure 1"]
