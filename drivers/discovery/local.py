"""What is plugged into the box: compared with what was plugged in before, every two seconds."""

from collections.abc import Callable

from drivers.discovery.model import Miss, Sighting, Source
from drivers.discovery.rounds import Rounds

Find = Callable[[str, int], list[Sighting]]
"""Takes the root folder and the time, returns what is plugged in. Reads, and changes nothing."""


class LocalSource(Rounds):
    """See `drivers.discovery.manager.Watcher`."""

    def __init__(
        self,
        source: Source,
        find: Find,
        root: str,
        interval_s: float,
        now_us: Callable[[], int],
        emit: Callable[[Sighting | Miss], None],
    ) -> None:
        self.source = source
        self.interval_s = interval_s
        self._find = find
        self._root = root
        self._now_us = now_us
        self._emit = emit
        self._urls: frozenset[str] = frozenset()

    async def look(self) -> None:
        """Tell what is there, and what is there no more."""
        now_us = self._now_us()
        found = self._find(self._root, now_us)
        for seen in found:
            self._emit(seen)
        urls = frozenset(url for seen in found for url in seen.urls)
        for url in self._urls - urls:
            self._emit(Miss(self.source, url, now_us, is_certain=True))
        self._urls = urls
