"""Discovery: runs the sources, merges what they see, interviews what is new, watches what is known.

Three loops and an interview:
- each source looks once per its interval, or at once when something was lost (`_wake`);
- the watch knocks at each known network device; three misses make it stale, and the first wakes
  the sources that could find it elsewhere;
- each new network address is interviewed once: SNMP, then the language, under the lock of whoever
  prints there. An address outside the allowed and the attached networks is never spoken to.
Trouble of one source is kept in `problems` and touches nothing else.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Protocol

import structlog

from drivers.api import (
    Device,
    DriverError,
    Kind,
    Progress,
    Settings,
    Sighting,
    Source,
    State,
    open_printer,
)
from drivers.discovery import hid, local, nets, serialport, snmp, sweep, udp, usb
from drivers.discovery.identity import Ledger, changes
from drivers.discovery.model import Miss, host_of, place_of, scheme_of
from drivers.discovery.probe import ask_language
from drivers.transports.tcp import TcpLink

INTERVIEWS_MAX: Final = 16
"""At once."""
INTERVIEWED_MAX: Final = 4_096
"""Remembered; then all are asked anew."""
INTERVIEW_AGAIN_US: Final = 60_000_000
"""A device that did not say what it is, is asked again after so long."""
MERGE_DELAY_S: Final = 0.05
"""Sightings come in bursts; they are merged once per burst."""
REFRESH_S: Final = 5.0
"""How often devices grow stale without a sighting."""
MISS_AGAIN_S: Final = 0.5
ROUND_TIMEOUT_S: Final = 600.0
RETRY_S: Final = 5.0

log = structlog.get_logger()


class Watcher(Protocol):
    """One source. It tells what it sees by the function that it was made with."""

    source: Source
    interval_s: float

    async def start(self) -> None:
        """Begin to listen; may raise `OSError`, and is then tried again."""

    async def look(self) -> None:
        """One bounded round."""

    async def stop(self) -> None:
        """Release everything; may be called twice."""


class Discovery:
    """See `drivers.api.make_discovery`."""

    def __init__(
        self,
        settings: Settings,
        now_us: Callable[[], int],
        lock_for: Callable[[str], asyncio.Lock] | None = None,
        on_change: Callable[[Device], None] | None = None,
    ) -> None:
        """Raise `DriverError` for a network that is none, or too large to sweep unasked."""
        self._settings = settings
        self._now_us = now_us
        self._locks: dict[str, asyncio.Lock] = {}
        self._lock_for = lock_for or self._own_lock
        self._on_change = on_change or (lambda _: None)
        self._networks = nets.parse_networks(settings.networks, is_wide=settings.is_wide)
        self._ledger = Ledger()
        self._devices: tuple[Device, ...] = ()
        self._watchers = self._make_watchers()
        self._wakes = {watcher.source: asyncio.Event() for watcher in self._watchers}
        self._looked: set[Source] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._interviewed: dict[str, int] = {}
        self._interviews: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(INTERVIEWS_MAX)
        self._is_running = False
        self._is_merge_due = False
        self._changed = asyncio.Event()
        self.problems: dict[Source, str] = {}
        """What keeps a source from looking; empty when all is well."""

    def devices(self) -> tuple[Device, ...]:
        """Return all devices as they stand, the gone ones too."""
        return self._devices

    def add(self, seen: Sighting) -> None:
        """Take a sighting from outside: a device that a person named, or one adopted before."""
        self._emit(seen)

    def suspect(self, key: str) -> None:
        """Look at a device at once, because reaching it failed, and search for it elsewhere."""
        device = next((each for each in self._devices if key in each.ids), None)
        if device is not None:
            self._spawn(self._check(device))
        self._wake(Source.MDNS, Source.SWEEP, Source.UDP)

    async def start(self) -> None:
        """Begin; nothing happens when begun. No failure of a source shows here."""
        if self._is_running:
            return
        self._is_running = True
        for watcher in self._watchers:
            self._spawn(self._run(watcher))
        self._spawn(self._again(self._settings.watch_interval_s, self._watch))
        self._spawn(self._again(REFRESH_S, self._refresh))

    async def stop(self) -> None:
        """End all; may be called twice."""
        self._is_running = False
        tasks = [*self._tasks, *self._interviews.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._interviews.clear()
        for watcher in self._watchers:
            await watcher.stop()

    async def scan(
        self, timeout_s: float, on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[Device, ...]:
        """Look with all sources once, interview what is found, and return the devices.

        Ends when every source has looked once and everybody new has been asked, or in time.
        """
        await self.start()
        self._looked.clear()
        self._wake(*self._wakes)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while True:
                    done = tuple(w.source for w in self._watchers if w.source in self._looked)
                    waiting = tuple(s for s in self._wakes if s not in self._looked)
                    if on_progress is not None:
                        on_progress(Progress(done, waiting, len(self._devices)))
                    if not waiting and not self._interviews and not self._is_merge_due:
                        break
                    self._changed.clear()
                    await self._changed.wait()
        self._merge()
        return self._devices

    def _make_watchers(self) -> list[Watcher]:
        known, now_us, emit = self._settings, self._now_us, self._emit
        watchers: list[Watcher] = []
        if Source.MDNS in known.sources:
            from drivers.discovery.mdns import MdnsSource  # noqa: PLC0415 - loads zeroconf

            watchers.append(MdnsSource(known.interfaces, known.mdns_interval_s, now_us, emit))
        if Source.UDP in known.sources and self._networks:
            ports = (known.zebra_port, known.oem_port)
            watchers.append(
                udp.UdpSource(self._networks, ports, known.udp_interval_s, now_us, emit)
            )
        if Source.SWEEP in known.sources and self._networks:
            watchers.append(
                sweep.SweepSource(
                    self._networks,
                    known.sweep_ports,
                    known.sweep_interval_s,
                    known.root,
                    now_us,
                    emit,
                )
            )
        finds: dict[Source, local.Find] = {
            Source.USB: usb.find,
            Source.SERIAL: serialport.find,
            Source.HID: hid.find,
        }
        for source, find in finds.items():
            if source in known.sources:
                watchers.append(
                    local.LocalSource(
                        source, find, known.root, known.local_interval_s, now_us, emit
                    )
                )
        return watchers

    def _own_lock(self, url: str) -> asyncio.Lock:
        return self._locks.setdefault(url, asyncio.Lock())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _wake(self, *sources: Source) -> None:
        for source in sources:
            if source in self._wakes:
                self._wakes[source].set()

    async def _run(self, watcher: Watcher) -> None:
        """Look again and again; a failure is kept, told once, and tried again."""
        is_started = False
        while True:
            wake = self._wakes[watcher.source]
            wake.clear()
            try:
                async with asyncio.timeout(ROUND_TIMEOUT_S):
                    if not is_started:
                        await watcher.start()
                        is_started = True
                    await watcher.look()
                if self.problems.pop(watcher.source, ""):
                    log.info("source looks again", source=watcher.source)
            except Exception as error:  # noqa: BLE001 - a source's trouble is its own
                if watcher.source not in self.problems:
                    log.warning("source fails", source=watcher.source, cause=repr(error))
                self.problems[watcher.source] = str(error) or repr(error)
            self._looked.add(watcher.source)
            self._changed.set()
            wait_s = RETRY_S if watcher.source in self.problems else watcher.interval_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await wake.wait()

    def _emit(self, event: Sighting | Miss) -> None:
        self._ledger.add(event)
        if not self._is_merge_due:
            self._is_merge_due = True
            asyncio.get_running_loop().call_later(MERGE_DELAY_S, self._merge)

    def _merge(self) -> None:
        self._is_merge_due = False
        before, self._devices = self._devices, self._ledger.devices(self._now_us())
        for device in changes(before, self._devices):
            self._tell(device)
        for device in self._devices if self._is_running else ():
            self._interview_if_new(device)
        self._changed.set()

    def _tell(self, device: Device) -> None:
        try:
            self._on_change(device)
        except Exception:
            log.exception("device change not taken", device=device.key)

    async def _again(self, interval_s: float, work: Callable[[], Awaitable[None]]) -> None:
        """Do a round of work again and again; one that fails is told, and the next one comes."""
        while True:
            await asyncio.sleep(interval_s)
            try:
                await work()
            except Exception:
                log.exception("a round of discovery failed", round=work.__name__)

    async def _refresh(self) -> None:
        self._ledger.forget(self._now_us())
        self._merge()

    async def _watch(self) -> None:
        here = [d for d in self._devices if d.state is not State.GONE]
        await asyncio.gather(*(self._check(device) for device in here))

    async def _check(self, device: Device) -> None:
        """Knock at a network device; after a miss look for it elsewhere, and knock again."""
        url = next((u for u in device.urls if self._may_speak_to(u)), "")
        found = host_of(url)
        if found is None or self._lock_for(url).locked():
            return  # whoever uses it will notice first
        host, port = found
        for _ in range(3 if device.state is not State.STALE else 1):
            async with self._turns:
                door = await sweep.knock(host, port, sweep.CONNECT_TIMEOUT_S * 2)
            mac = nets.mac_of(host, self._settings.root)
            is_refused_by_it = door is sweep.Door.REFUSED and f"mac:{mac}" in device.ids
            if door is sweep.Door.OPEN or is_refused_by_it:
                at_us = self._now_us()
                self._emit(Sighting(source=Source.SWEEP, at_us=at_us, urls=(url,), mac=mac))
                return
            self._emit(Miss(Source.SWEEP, url, self._now_us()))
            if device.state is not State.STALE:
                self._wake(Source.MDNS, Source.SWEEP, Source.UDP)
                await asyncio.sleep(MISS_AGAIN_S)

    def _may_speak_to(self, url: str) -> bool:
        found = host_of(url)
        attached = tuple(own.network for own in nets.attached())
        return found is not None and nets.is_within(found[0], (*self._networks, *attached))

    def _interview_if_new(self, device: Device) -> None:
        if device.state not in (State.NEW, State.IDENTIFIED) or not device.urls:
            return
        place = place_of(device.urls[0])
        asked_us = self._interviewed.get(f"{device.key} {place}")
        is_open = device.state is State.NEW and (
            asked_us is None or self._now_us() - asked_us >= INTERVIEW_AGAIN_US
        )
        if place in self._interviews or not (asked_us is None or is_open):
            return
        if not self._may_speak_to(device.urls[0]):
            return
        if len(self._interviewed) >= INTERVIEWED_MAX:
            self._interviewed.clear()
        self._interviewed[f"{device.key} {place}"] = self._now_us()
        task = asyncio.get_running_loop().create_task(self._interview(device))
        self._interviews[place] = task
        task.add_done_callback(lambda _: self._interview_ended(place))

    def _interview_ended(self, place: str) -> None:
        self._interviews.pop(place, None)
        self._changed.set()

    async def _interview(self, device: Device) -> None:
        async with self._turns:
            language = device.language
            if Source.SNMP in self._settings.sources:
                language = await self._ask_snmp(device) or language
            if Source.PROBE not in self._settings.sources:
                return
            if language == "ipp" and device.kind is not Kind.PRINTER:
                await self._ask_ipp(device)
            elif not language:
                await self._ask_language(device)

    async def _ask_snmp(self, device: Device) -> str:
        """Return the language that SNMP tells, if any."""
        found = host_of(device.urls[0])
        assert found is not None
        known = self._settings
        seen = await snmp.look(
            found[0], known.snmp_port, known.community, self._now_us(), device.urls[:1]
        )
        if seen is None:
            return ""
        self._emit(seen)
        return seen.language

    async def _ask_ipp(self, device: Device) -> None:
        """Ask a device at an IPP port, which may be any web server, whether it is a printer."""
        printer = open_printer(device.url)
        try:
            model = await printer.probe()
        except DriverError:
            return  # asked again when the interview is due again
        finally:
            await printer.close()
        if model is not None:
            at_us, urls = self._now_us(), (device.url,)
            self._emit(
                Sighting(
                    source=Source.PROBE, at_us=at_us, kind=Kind.PRINTER, urls=urls, model=model
                )
            )

    async def _ask_language(self, device: Device) -> None:
        url = next((u for u in device.urls if scheme_of(u) == "tcp"), "")
        found = host_of(url)
        if found is None:
            return
        lock = self._lock_for(url)
        if lock.locked():
            return  # never in the middle of a job
        is_office = any(scheme_of(u) in ("ipp", "ipps", "lpd") for u in device.urls)
        async with lock:
            answer = await ask_language(TcpLink(*found), may_ask_text=not is_office)
        ids = dict(each.split(":", 1) for each in device.ids if not each.startswith("host:"))
        self._emit(
            Sighting(
                source=Source.PROBE,
                at_us=self._now_us(),
                urls=(url,),
                kind=answer.kind,
                uuid=ids.get("uuid", ""),
                serial=ids.get("serial", answer.serial),
                mac=ids.get("mac", ""),
                language=answer.language,
                model=answer.model,
                note=answer.note,
            )
        )
