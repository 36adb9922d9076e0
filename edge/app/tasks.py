"""Background work of a part of the box: none of it fails in silence, all of it ends together."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

AGAIN_S: Final = 5.0
"""Pause before work that failed begins again."""

Work = Coroutine[Any, Any, object]


class Tasks:
    """The tasks of one part, in the order of their coming."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[object], None] = {}

    def start(self, work: Work, name: str) -> None:
        """Do `work` once; a failure of it is told."""
        task: asyncio.Task[object] = asyncio.create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._ended)

    def keep(self, begin: Callable[[], Work], name: str) -> None:
        """Do work that goes on for good: after a failure, which is told, it begins again."""
        self.start(_again(begin, name), name)

    def cancel(self) -> None:
        """End all, without waiting for it."""
        for task in self._tasks:
            task.cancel()

    async def stop(self) -> None:
        """End all; may be called twice."""
        tasks = tuple(self._tasks)
        self.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[object]") -> None:
        self._tasks.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if error is not None and not task.cancelling():  # what fails as it is ended has ended
            _tell(f"{task.get_name()} failed", error)


async def _again(begin: Callable[[], Work], name: str) -> None:
    while True:
        try:
            await begin()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            _tell(f"{name} failed, and begins again", error)
            await asyncio.sleep(AGAIN_S)
        else:
            return


def _tell(what: str, error: BaseException) -> None:
    """Tell the loop: the service's logs it, the simulation's counts it as a fault."""
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": what, "exception": error})
