"""An event loop whose time is virtual: it jumps to the next timer as soon as nothing is ready.

Nothing outside can wake it, so that a run depends on nothing but what is run. Work that the service
hands to threads is done on the spot.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class DeadlockError(Exception):
    """Everybody waits for somebody, and no timer will ever ring."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order in which they become due; `time()` starts at 0 s."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._selector = self
        self.faults: list[BaseException | str] = []
        """What tasks raised that nobody asked for, and what the loop complained of."""
        self.set_exception_handler(self._note)

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._now_s

    def select(self, timeout: float | None) -> list[Any]:
        """Let time pass until the next timer; the base loop asks when nothing is ready."""
        if timeout is None:
            waiting = sorted(task.get_name() for task in asyncio.all_tasks(self))
            raise DeadlockError(f"no timer is set and these wait: {', '.join(waiting)}")
        self._now_s += timeout
        return []

    def _process_events(self, _: list[Any]) -> None:
        """There are no events but callbacks and timers."""

    def _write_to_self(self) -> None:
        """Nobody wakes the loop from another thread."""

    def run_in_executor(
        self,
        _: object,
        func: Callable[[*Ts], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """Run `func` now, and return its outcome as a future that is done."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the future
            future.set_exception(error)
        return future

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.faults.append(context.get("exception") or str(context["message"]))


def run_virtually(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Return what `main` returns on a virtual loop of its own; tasks that are left are cancelled.

    Raises:
        DeadlockError: where everybody waits for ever.
    """
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main(loop))
    finally:
        loop.run_until_complete(_cancel_all())
        loop.close()


async def _cancel_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
