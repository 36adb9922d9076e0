"""The virtual clock."""

import asyncio

import pytest

from edge.sim.virtual_loop import DeadlockError, VirtualLoop, run_virtually


def test_time_jumps_to_the_next_timer() -> None:
    """Sleeps take no real time and end in the order in which they are due."""

    async def main(loop: VirtualLoop) -> list[float]:
        woken: list[float] = []

        async def sleep(delay_s: float) -> None:
            await asyncio.sleep(delay_s)
            woken.append(round(loop.time(), 6))

        await asyncio.gather(sleep(86_400), sleep(0.5), sleep(3_600))
        return woken

    assert run_virtually(main) == [0.5, 3_600, 86_400]


def test_a_deadlock_is_named() -> None:
    """Where everybody waits for ever, the run ends and says who waits."""

    async def main(_: VirtualLoop) -> None:
        await asyncio.create_task(asyncio.Event().wait(), name="nobody comes")

    with pytest.raises(DeadlockError, match="nobody comes"):
        run_virtually(main)


def test_work_for_threads_is_done_on_the_spot() -> None:
    """What the service does in a thread has its result, or its error, at once."""

    async def main(loop: VirtualLoop) -> tuple[int, str, float]:
        with pytest.raises(ValueError, match="no number") as caught:
            await asyncio.to_thread(number_of, "no number")
        return await asyncio.to_thread(number_of, "7"), str(caught.value), loop.time()

    assert run_virtually(main) == (7, "no number", 0.0)


def number_of(text: str) -> int:
    if not text.isdigit():
        raise ValueError(text)
    return int(text)


def test_what_a_task_raises_unseen_is_kept() -> None:
    """An error that nobody awaits is not lost with its task."""

    async def fail() -> None:
        raise RuntimeError("unseen")

    async def main(loop: VirtualLoop) -> list[str]:
        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        del task
        return [str(fault) for fault in loop.faults]

    assert run_virtually(main) == ["unseen"]
