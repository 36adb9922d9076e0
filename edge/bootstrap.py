"""The composition root: the only place that builds threads, sockets, clocks and files of a box."""

import asyncio
import gc
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import structlog

from drivers.api import builtin_template, check_label, render_label
from edge import finding, sparing, systemd
from edge.app.devicereads import DeviceReads
from edge.app.findings import Finding, Remedies
from edge.app.floor import Floor, Reply
from edge.app.labels import WaybillLabels
from edge.app.lettinggo import LettingGo
from edge.app.measuring import Measuring, Now
from edge.app.ports import Committed
from edge.app.printers import PrinterBoard
from edge.app.printing import PrintQueue
from edge.app.push import Push
from edge.app.reads import Reads
from edge.app.retention import DAY_US, Retention, Times
from edge.app.telling import ToldError, cause_zh
from edge.app.timers import Timers
from edge.clock import SystemClock, SystemIds, is_ntp_synchronised
from edge.config import Config
from edge.doctor.run import examine_running
from edge.domain.commands import BoxFound, Command, SnapshotKeep
from edge.domain.rulesets import IN_FORCE_BY
from edge.domain.views import answer_view
from edge.http.app import Health
from edge.http.certificates import CertificateError, Certificates
from edge.http.door import PortError
from edge.linking import Linking, signed
from edge.sparing import Feeding
from edge.store.blobs import BlobStore
from edge.store.boxkey import BoxKeyError, box_key
from edge.store.fence import RoleError, check_fence, check_is_no_spare, put_fence
from edge.store.locks import LOCK, hold
from edge.store.reader import SqliteReader
from edge.store.restore import finish_switch
from edge.store.room import Room, measure
from edge.store.runners import QUEUE_MAX, ThreadRunner
from edge.store.share import FencedError
from edge.store.sqlite import NewerSchemaError, SqliteStore
from edge.store.writer import Writer
from edge.structs import settle_structs
from edge.web import Inside, WebDoors
from sync.api import LinkState

SWITCH_INTERVAL_S: Final = 0.0001
"""Hands the interpreter over between writer and event loop soon enough (reference: sync, 4.1)."""
GC_THRESHOLDS: Final = (20_000, 20, 100)
SKEW_US_MAX: Final = 30_000_000
"""A clock that is no further from the hub's counts as confirmed by it."""

log = structlog.get_logger()


class UnusableError(ToldError):
    """The box cannot start here; the text says what to do."""


class NotTheBoxError(UnusableError):
    """Another machine is the box, or this one is a spare: starting again does not help."""


class TakenError(UnusableError):
    """Another process serves this data folder, or the port."""


def default_ruleset() -> bytes:
    """Return the ruleset that a new box starts with."""
    return files("edge.domain").joinpath("default_ruleset.toml").read_bytes()


class BoxProcess:
    """A box: built by `open`, serving until `close`."""

    def __init__(
        self, config: Config, open_store: Callable[[Path], SqliteStore] = SqliteStore
    ) -> None:
        self.config = config
        self._open_store = open_store
        self.data = Path(config.data)
        self.clock = SystemClock()
        self.ids = SystemIds()
        self.push = Push()
        self.url = ""
        self.link: Linking | None = None
        self.certificates: Certificates | None = None
        self.feeding: Feeding | None = None
        self.failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._closing: list[Callable[[], Any]] = []

    async def open(self) -> None:
        """Start everything. After a failure nothing runs."""
        try:
            await self._open()
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> None:
        try:
            await self._open_data()
        except (OSError, sqlite3.DatabaseError) as error:
            raise UnusableError(
                f"{self.data} cannot be used: {error}; nothing is lost; "
                "next: sudo -u floorgate floorgate doctor disk storage journal",
                f"{self.data} 无法使用（cannot be used）：{cause_zh(error)}；什么都没有丢；"
                "下一步：sudo -u floorgate floorgate doctor disk storage journal",
            ) from error
        self.reads = Reads(self.reader)
        self.rules = (await self.reads.box()).rules
        self.blobs = BlobStore(self.data / "blobs")
        self.room.measure = partial(measure, self.data, self.blobs, self.config.archive)
        self.floor = Floor(self.runner, self.reads, self.clock, self.ids, self.blobs)
        await self._open_devices()
        self._open_hub_link()
        self._open_retention()
        await self._open_web()
        await self._open_discovery()
        self._open_feeding()
        # What was loaded stays; looking through it again and again would stop scans for 50 ms.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()

    async def _open_data(self) -> None:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)  # people's data are in it
        self._lock()
        finish_switch(self.data)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        settle_structs()
        try:
            check_is_no_spare(self.data)
            self._open_writer()
            self._check_fence()
        except RoleError as error:
            raise NotTheBoxError(str(error), error.told("zh")) from error
        await self._found()
        self.reader = await SqliteReader.open(self.data / "floor.db")
        self._closing.append(self.reader.close)

    def _lock(self) -> None:
        taken = TakenError(
            f"{self.data} is in use by another floorgate process",
            f"{self.data} 正被另一个 floorgate 进程使用",
        )
        lock = hold(self.data / LOCK, taken)
        self._closing.append(lock.close)

    def _check_fence(self) -> None:
        share, epoch = sparing.share_of(self.config), self.writer.head.epoch
        check_fence(self.data, self.config.box.id, epoch, share, self.clock.now_us())

    def _open_retention(self) -> None:
        """Begin to erase what is past its time, and to let orders go that ended long ago."""
        days = self.config.retention
        times = Times(days.recipients_days, days.staff_days, days.photos_days, days.videos_days)
        kept_us = days.orders_days * DAY_US
        self.letting_go = LettingGo(self.floor, self.reader, self.clock, kept_us)
        self.retention = Retention(
            self.floor, self.reader, self.clock, self.blobs, times, self.letting_go,
            self._is_time_trusted,
        )  # fmt: skip
        self.retention.start()
        self._closing.append(self.retention.stop)

    def _open_feeding(self) -> None:
        """Begin to feed a spare, where one is configured."""
        if share := sparing.share_of(self.config):
            self.feeding = Feeding(self.config, share, self.clock, lambda: self.writer.head)
            self.feeding.on_fenced = self._end_fenced
            self.runner.listen(self.feeding.on_commit)
            self.feeding.start()
            self._closing.append(self.feeding.stop)

    def _end_fenced(self, error: FencedError) -> None:
        """Write nothing any more: another machine is the box."""
        self.runner.takes = lambda _: False
        self._fail(put_fence(self.data, error, self.clock.now_us()))

    def _open_writer(self) -> None:
        try:
            store = self._open_store(self.data / "floor.db")
            self._closing.append(store.close)
            self.box_key = box_key(self.data, store.connection)
        except (NewerSchemaError, BoxKeyError) as error:
            raise UnusableError(str(error), error.told("zh")) from error
        self.store = store
        self.writer = Writer(
            store,
            box=self.config.box.id,
            clock=self.clock,
            ids=self.ids,
            sign=signed(self.config.box.id, self.box_key),
            render=answer_view,
            is_time_trusted=self._is_time_trusted,
        )
        self.runner = ThreadRunner(
            self.writer,
            between=store.between_groups,
            pulse=store.pulse,
            alive=partial(systemd.notify, systemd.ALIVE),
        )
        self.runner.on_failure = self._fail
        self.room = Room(self.data, self.config.disk)
        self.runner.takes = self.room.takes
        self.runner.start()
        self._closing.append(self.runner.stop)

    def _is_time_trusted(self) -> bool:
        """Tell whether NTP or the hub confirms the wall clock."""
        link = self.link.state if self.link else None
        skew_us = link.skew_us if link and link.up else None
        return is_ntp_synchronised() or (skew_us is not None and abs(skew_us) <= SKEW_US_MAX)

    def _fail(self, error: BaseException) -> None:
        log.critical("the box stops", error=repr(error))
        if not self.failed.done():
            self.failed.set_result(error)

    async def _found(self) -> None:
        """Write the first entries of a new journal."""
        if self.writer.head.seq == 0:
            first = Command(
                id=self.ids.new_id(),
                data=BoxFound(self.config.box.name, default_ruleset()),
                via="box",
                device="box",
                actor="box",
                captured_us=self.clock.now_us(),
            )
            await self.runner.submit(first)

    async def _open_devices(self) -> None:
        self.timers = Timers(self.floor, self.reader, self.clock, self._is_time_trusted)
        labels = WaybillLabels(self.reader, self.config.box.name)
        self.board = PrinterBoard(self.clock)
        self.board.listen(self._tell_status)
        self.room.on_change = self._tell_status
        self.room.start()
        self._closing.append(self.room.stop)
        self.printing = PrintQueue(
            self.floor,
            self.reader,
            self.clock,
            self.board,
            rules=self.reads.print_rules,
            fields=labels.fields,
            render=partial(render_label, builtin_template("waybill"), check=check_label),
            render_slip=partial(render_label, builtin_template("slip"), check=check_label),
        )
        self.measuring = Measuring(
            self.reader, self.clock, self.push, self.board, self.data, self._now
        )
        self.floor.on_answer = self.measuring.on_answer
        self.runner.on_group = self.measuring.on_group
        self.devices = finding.keeper(
            self.config,
            self.floor,
            self.reader,
            self.clock,
            self.ids,
            self.board,
            self.push,
        )
        for listener in (
            self.push.on_commit,
            self.timers.on_commit,
            self.printing.on_commit,
            self.devices.on_commit,
            self._note_rules,
            self.measuring.on_commit,
        ):
            self.runner.listen(listener)
        self.timers.start()
        looks = self.config.discovery.enabled
        await self.devices.load(finding.configured(self.config), will_look=looks)
        await self.printing.start()
        self._closing += [self.timers.stop, self.printing.stop, self.devices.stop]

    async def _open_discovery(self) -> None:
        """Begin to look for devices, and to be found; neither can stop the box from working."""
        wanted = self.config.discovery
        find = partial(finding.finder, self.config, self.clock)
        await self.devices.start(find if wanted.enabled else None)
        if wanted.enabled and wanted.announce:
            announcement = finding.announcement(self.config, self.data / "tls", self.url)
            announcing = asyncio.create_task(finding.announce(announcement))
            self._closing.append(partial(finding.withdraw, announcement, announcing))

    def _open_hub_link(self) -> None:
        if self.config.hub.url:
            self.link = Linking(
                self.config,
                self.floor,
                self.reader,
                self.clock,
                key=self.box_key,
                head=lambda: self.writer.head,
                rules=lambda: self.rules,
                on_state=self._on_link,
            )
            self.runner.listen(self.link.on_commit)
            self.link.start()
            self._closing.append(self.link.stop)

    def _note_rules(self, committed: Committed) -> None:
        for draft in committed.drafts:
            if draft.kind in IN_FORCE_BY:
                self.rules = draft.data["label"]

    def _on_link(self, link: LinkState) -> None:
        if link.hub_epoch > self.writer.head.epoch:
            self._end_fenced(FencedError(link.hub_epoch, "the hub"))
        self._tell_status()

    async def _open_web(self) -> None:
        """Let people in, and those who own the box."""
        try:
            self.web = WebDoors(
                Inside(
                    config=self.config,
                    floor=self.floor,
                    reader=self.reader,
                    clock=self.clock,
                    ids=self.ids,
                    push=self.push,
                    blobs=self.blobs,
                    board=self.board,
                    device_reads=DeviceReads(self.reader, self.clock, self.board, self.devices),
                    head_seq=lambda: self.writer.head.seq,
                    status=self._status,
                    health=self._health,
                    problems=self._problems,
                    metrics=self.measuring.text,
                    examine=self._examine,
                    cut=self._cut,
                    retention=self.retention,
                    remedies=self._remedies(),
                    default_rules=default_ruleset,
                    is_time_trusted=self._is_time_trusted,
                )
            )
            self._closing.append(self.web.close)
            self.certificates = self.web.certificates
            self.url = await self.web.open()
        except CertificateError as error:
            raise UnusableError(str(error), error.told("zh")) from error
        except PortError as error:
            raise TakenError(str(error), error.told("zh")) from error

    # ---- what works ---------------------------------------------------------------------------

    def _status(self) -> dict[str, Any]:
        health = self._health()
        return {
            "hub": health.hub,
            "hub_lag": health.hub_lag,
            "printers": health.printers,
            "certificate": health.certificate,
            "disk": self.room.stage,
        }

    def _tell_status(self) -> None:
        self.push.broadcast({"t": "status"} | self._status())

    def _health(self) -> Health:
        link = self.link.state if self.link else None
        return Health(
            ok=not self.failed.done(),
            box=self.config.box.id,
            seq=self.writer.head.seq,
            rules=self.rules,
            hub=("up" if link.up else "down") if link else "none",
            hub_lag=self.writer.head.seq - link.up_cursor if link else 0,
            hub_fault=link.last_error if link else "",
            printers=[
                {
                    "id": slot.id,
                    "name": slot.name,
                    "ok": not slot.fault,
                    "fault": slot.fault,
                    "since": slot.since_us or None,
                    "holds": slot.holds or None,
                }
                for slot in self.board.slots
            ],
            certificate=self.certificates.view() if self.certificates else None,
            spare=self.feeding.view() if self.feeding else None,
            disk=self.room.stage,
            filling=self.room.filling,
        )

    async def _examine(self) -> list[Finding]:
        figures = await self.measuring.text()
        return await examine_running(self.config, self.clock.now_us(), self._health(), figures)

    async def _cut(self, snapshot: SnapshotKeep) -> Reply:
        """Name a snapshot that was stored, then remove the entries that it stands for."""
        reply = await self.floor.reply(snapshot, via="box", actor="admin")
        if reply.ok:
            self.store.cut_to = snapshot.seq
        return reply

    def _remedies(self) -> Remedies:
        """Return what the box can do about what its self-checks find."""
        remedies = {"printers": self.printing.look}
        return remedies | ({"hub": self.link.try_now} if self.link else {})

    def _problems(self) -> tuple[str, ...]:
        """Return what keeps the box from taking commands now."""
        found = {
            "writer": self.failed.done(),
            "disk": self.room.stage == "read_only",
            "busy": self.runner.waiting >= QUEUE_MAX,
        }
        return tuple(name for name, is_so in found.items() if is_so)

    def _now(self) -> Now:
        return Now(
            version=version("floorgate"),
            is_ready=not self._problems(),
            seq=self.writer.head.seq,
            groups=self.runner.groups,
            commands_waiting=self.runner.waiting,
            commands_max=QUEUE_MAX,
            link=self.link.state if self.link else None,
            is_time_trusted=self._is_time_trusted(),
            disk_stage=self.room.level,
            parts={name: (use.bytes, use.bytes_max) for name, use in self.room.uses.items()},
            spare=self.feeding.view() if self.feeding else None,
            certificate_us=self.certificates.view().expires_at if self.certificates else 0,
        )

    async def close(self) -> None:
        """Stop in the reverse order of the start; safe after a failed start."""
        while self._closing:
            close = self._closing.pop()
            try:
                result = close()
                if asyncio.iscoroutine(result):
                    await result
            except asyncio.CancelledError:  # told to stop a second time: a part may hang
                log.warning("not closed", part=_name_of(close))
            except Exception:
                log.exception("not closed", part=_name_of(close))


def _name_of(close: Callable[[], object]) -> str:
    whole = close.func if isinstance(close, partial) else close
    return getattr(whole, "__qualname__", repr(whole))


async def serve_box(
    config: Config,
    ready: Callable[[str], None],
    open_store: Callable[[Path], SqliteStore] = SqliteStore,
) -> int:
    """Serve a box until cancelled; return 1 where its store broke, so that it is started again.

    Raises:
        UnusableError: it cannot start, or another machine became the box.
    """
    box = BoxProcess(config, open_store)
    await box.open()
    try:
        ready(box.url)
        systemd.notify(systemd.READY)
        error = await box.failed
        log.critical("stopping", error=repr(error))
        if isinstance(error, RoleError):
            raise NotTheBoxError(str(error), error.told("zh")) from error
        return 1
    finally:
        systemd.notify(systemd.STOPPING)
        await box.close()
