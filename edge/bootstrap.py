"""The composition root: the only place that builds threads, sockets, clocks and files of a box."""

import asyncio
import fcntl
import gc
import random
import socket
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import structlog

from drivers.api import builtin_template, check_label, open_decoder, render_label
from edge import finding, systemd
from edge.app.approvals import Approvals
from edge.app.devicekeys import DeviceKeys
from edge.app.devicereads import DeviceReads
from edge.app.dispatch import Dispatcher
from edge.app.findings import Finding
from edge.app.floor import Floor
from edge.app.hublink import HubJournal
from edge.app.labels import WaybillLabels
from edge.app.measuring import Measuring, Now
from edge.app.ports import Committed
from edge.app.printers import PrinterBoard
from edge.app.printing import PrintQueue
from edge.app.push import Push
from edge.app.reads import Reads
from edge.app.rulekeeping import RuleKeeper
from edge.app.sandbox import Sandbox
from edge.app.sessions import Sessions
from edge.app.stockreads import StockReads
from edge.app.timers import Timers
from edge.clock import SystemClock, SystemIds, is_ntp_synchronised
from edge.config import Config
from edge.doctor.run import examine_running
from edge.domain.commands import BoxFound, CheckpointCountersign, Command
from edge.domain.rulesets import IN_FORCE_BY
from edge.domain.views import answer_view
from edge.http.admin import AdminDoor
from edge.http.app import Health, Status, make_app, status_routes
from edge.http.assets import Assets, page_root
from edge.http.blobs import BlobHandlers, blob_routes
from edge.http.certificates import CertificateError, Certificates, Pair
from edge.http.decode import DecodeHandlers, decode_routes
from edge.http.devices import DeviceDoor, DeviceHandlers, device_routes
from edge.http.doctor import DoctorHandlers, doctor_routes
from edge.http.door import Door, PortError
from edge.http.enrol import Enrolment, plain_port
from edge.http.guard import Guard
from edge.http.orders import order_routes
from edge.http.pairing import PairingHandlers, pairing_routes
from edge.http.routes import Handlers, routes
from edge.http.sandbox import SandboxHandlers, sandbox_routes
from edge.http.socket import Socket
from edge.http.stock import StockHandlers, stock_routes
from edge.store.blobs import BlobStore
from edge.store.durable import secret, write_file
from edge.store.reader import SqliteReader
from edge.store.restore import finish_switch
from edge.store.room import Room
from edge.store.runners import QUEUE_MAX, ThreadRunner
from edge.store.sqlite import NewerSchemaError, SqliteStore
from edge.store.writer import Writer
from sync.api import BoxIdentity, Checkpoint, HubAgent, LinkState, sign_checkpoint, websocket

SWITCH_INTERVAL_S: Final = 0.0001
"""Hands the interpreter over between writer and event loop soon enough (reference: sync, 4.1)."""
GC_THRESHOLDS: Final = (20_000, 20, 100)
SKEW_US_MAX: Final = 30_000_000
"""A clock that is no further from the hub's counts as confirmed by it."""

log = structlog.get_logger()


class UnusableError(Exception):
    """The box cannot start here; the text says what to do."""


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
        self.agent: HubAgent | None = None
        self.certificates: Certificates | None = None
        self.failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: list[Callable[[], Any]] = []

    async def open(self) -> None:
        """Start everything. After a failure nothing runs."""
        try:
            await self._open()
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self._lock()
        finish_switch(self.data)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._open_writer()
        await self._found()
        self.reader = await SqliteReader.open(self.data / "floor.db")
        self._closing.append(self.reader.close)
        self.reads = Reads(self.reader)
        self.stock = StockReads(self.reader)
        self.rules = (await self.reads.box()).rules
        self.blobs = BlobStore(self.data / "blobs")
        self.floor = Floor(self.runner, self.reads, self.clock, self.ids, self.blobs)
        await self._open_devices()
        self._open_hub_link()
        await self._open_http()
        await self._open_admin_door()
        await self._open_discovery()
        # What was loaded stays; looking through it again and again would stop scans for 50 ms.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)

    def _lock(self) -> None:
        lock = (self.data / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise TakenError(f"{self.data} is in use by another floorgate process") from error
        self._closing.append(lock.close)

    def _open_writer(self) -> None:
        self.box_key = secret(self.data / "keys" / "box.key")
        try:
            store = self._open_store(self.data / "floor.db")
        except NewerSchemaError as error:
            raise UnusableError(str(error)) from error
        self.writer = Writer(
            store,
            box=self.config.box.id,
            clock=self.clock,
            ids=self.ids,
            sign=self._sign,
            render=answer_view,
            is_time_trusted=self._is_time_trusted,
        )
        self.runner = ThreadRunner(
            self.writer,
            between=store.checkpoint_if_due,
            pulse=store.pulse,
            alive=partial(systemd.notify, systemd.ALIVE),
        )
        self.runner.on_failure = self._fail
        self.room = Room(self.data, self.config.disk)
        self.runner.takes = self.room.takes
        self.runner.start()
        self._closing += [store.close, self.runner.stop]

    def _is_time_trusted(self) -> bool:
        """Tell whether NTP or the hub confirms the wall clock."""
        link = self.agent.state if self.agent else None
        skew_us = link.skew_us if link and link.up else None
        return is_ntp_synchronised() or (skew_us is not None and abs(skew_us) <= SKEW_US_MAX)

    def _sign(self, epoch: int, seq: int, head: bytes, at_us: int) -> bytes:
        return sign_checkpoint(
            Checkpoint(self.config.box.id, epoch, seq, head, at_us), self.box_key
        )

    def _fail(self, error: BaseException) -> None:
        log.critical("the writer stopped", error=repr(error))
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
            self.floor, self.reader, self.clock, self.ids, self.board, self.push
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
        await self.timers.start()
        await self.devices.load(finding.configured(self.config))
        await self.printing.start()
        self._closing += [self.timers.stop, self.printing.stop, self.devices.stop]

    async def _open_discovery(self) -> None:
        """Begin to look for devices, and to be found; neither can stop the box from working."""
        wanted = self.config.discovery
        find = partial(finding.finder, self.config, self.clock)
        await self.devices.start(find if wanted.enabled else None)
        if wanted.enabled and wanted.announce:
            announcement = finding.announcement(self.config, self.data / "tls", self.url)
            self._closing.append(announcement.stop)
            self._spawn(finding.announce(announcement))

    def _open_hub_link(self) -> None:
        if not self.config.hub.url:
            return
        pinned = self.data / "keys" / "hub.pub"
        identity = BoxIdentity(
            box=self.config.box.id,
            name=self.config.box.name,
            epoch=self.writer.head.epoch,
            private_key=self.box_key,
            token=self.config.hub.token or systemd.credential("hub-token") or None,
            hub_key=pinned.read_bytes() if pinned.exists() else None,
        )
        journal = HubJournal(
            self.floor,
            self.reader,
            head=lambda: self.writer.head,
            rules=lambda: self.rules,
            pin=lambda key: asyncio.to_thread(write_file, pinned, key),
        )
        self.agent = HubAgent(
            identity=identity,
            journal=journal,
            connect=websocket(self.config.hub.url),
            clock=self.clock,
            random=random.SystemRandom(),
            on_state=self._on_link,
            on_countersign=self._on_countersign,
        )
        self.runner.listen(self._tell_hub)
        agent = self.agent
        task = asyncio.create_task(agent.run())
        self._closing.append(task.cancel)

    def _tell_hub(self, committed: Committed) -> None:
        assert self.agent is not None
        self.agent.notify()
        if signed := committed.checkpoint:
            box = self.config.box.id
            checkpoint = Checkpoint(box, signed.epoch, signed.seq, signed.head, signed.at_us)
            self.agent.checkpoint(checkpoint, signed.signature)

    def _on_countersign(self, done: Checkpoint, signature: bytes) -> None:
        data = CheckpointCountersign(done.seq, done.at_us, done.head, signature)
        self._spawn(self.floor.submit(data, via="hub", actor="hub"))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _note_rules(self, committed: Committed) -> None:
        for draft in committed.drafts:
            if draft.kind in IN_FORCE_BY:
                self.rules = draft.data["label"]

    def _on_link(self, _: LinkState) -> None:
        self._tell_status()

    async def _open_http(self) -> None:
        sessions = Sessions(
            self.floor,
            self.reads,
            self.clock,
            self.ids,
            secret=secret(self.data / "keys" / "session.key"),
            stations=self.config.stations,
            printers=lambda station: tuple(slot.id for slot in self.board.group(station)),
        )
        self.device_keys = DeviceKeys(
            self.floor, self.reader, self.clock, open_devices=self.config.http.open_devices
        )
        guard = Guard(sessions, self.device_keys, frozenset(self.config.http.origins))
        dispatcher = Dispatcher(
            self.floor,
            self.reader,
            sessions,
            self.push,
            self.clock,
            status=self._status,
            head_seq=lambda: self.writer.head.seq,
        )
        conversations = Socket(guard, dispatcher, self.push)
        handlers = Handlers(
            self.floor, self.reads, sessions, Approvals(self.floor, sessions, self.clock), guard
        )
        sandbox = SandboxHandlers(Sandbox(self.reader, lambda: self.writer.head.seq), guard)
        self.device_reads = DeviceReads(self.reader, self.clock, self.board, self.devices)
        self.decoder = open_decoder()
        self._closing.append(self.decoder.close)
        status = Status(self._health, self._problems, self.measuring.text)
        assets = Assets(page_root())
        table = [
            *routes(handlers),
            *blob_routes(BlobHandlers(self.blobs, guard)),
            *sandbox_routes(sandbox),
            *decode_routes(DecodeHandlers(self.decoder, guard)),
            *device_routes(DeviceHandlers(self.device_reads, guard)),
            *order_routes(self.reads, guard),
            *stock_routes(StockHandlers(self.stock, guard)),
            *doctor_routes(DoctorHandlers(self._examine, guard)),
            *pairing_routes(PairingHandlers(self.device_keys, self.reads, guard)),
            *status_routes(status),
        ]
        self.app = make_app(table, guard, conversations, assets, version("floorgate"))
        await self._open_doors(conversations)

    async def _open_doors(self, conversations: Socket) -> None:
        """Open the port of the box's pages, and the plain one of the enrolment page."""
        config, handed = self.config.http, systemd.listening()
        self.certificates = self._certificates() if config.tls else None
        tls = self.certificates.context if self.certificates else None
        door = Door(self.app, "http.port")
        self._closing += [door.close, conversations.close]
        try:
            port = await door.open(config.host, config.port, handed=handed, tls=tls)
            self.url = f"{'https' if config.tls else 'http'}://localhost:{port}"
            if self.certificates:
                await self._open_enrolment(self.certificates, port, handed)
        except PortError as error:
            raise TakenError(str(error)) from error

    def _certificates(self) -> Certificates:
        config = self.config.http
        own = Pair(Path(config.certificate), Path(config.key)) if config.certificate else None
        try:
            return Certificates(self.data / "tls", self._names(), self.clock, own)
        except CertificateError as error:
            raise UnusableError(str(error)) from error

    async def _open_enrolment(
        self, certificates: Certificates, port: int, handed: dict[int, socket.socket]
    ) -> None:
        self._closing.append(asyncio.create_task(certificates.watch()).cancel)
        config, names = self.config, self._names()
        if plain := plain_port(config.http.enrol_port, handed):
            page = Enrolment(page_root() / "enrol", certificates, names, config.box.name, port)
            door = Door(page.app(), "http.enrol_port")
            self._closing.append(door.close)
            await door.open(config.http.host, plain, handed=handed)

    async def _open_admin_door(self) -> None:
        keeper = RuleKeeper(self.floor, secret(self.data / "keys" / "rules.key"))
        door = AdminDoor(
            self.data, keeper, DeviceDoor(self.floor, self.device_reads), self.device_keys
        )
        await door.open()
        self._closing.append(door.close)

    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("localhost", "127.0.0.1", *self.config.http.names)))

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
        link = self.agent.state if self.agent else None
        return Health(
            ok=not self.failed.done(),
            box=self.config.box.id,
            seq=self.writer.head.seq,
            rules=self.rules,
            hub=("up" if link.up else "down") if link else "none",
            hub_lag=self.writer.head.seq - link.up_cursor if link else 0,
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
        )

    async def _examine(self) -> list[Finding]:
        figures = await self.measuring.text()
        return await examine_running(self.config, self.clock.now_us(), self._health(), figures)

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
            link=self.agent.state if self.agent else None,
            is_time_trusted=self._is_time_trusted(),
            disk_stage=self.room.level,
            certificate_us=self.certificates.view().expires_at if self.certificates else 0,
        )

    async def close(self) -> None:
        """Stop in the reverse order of the start; safe after a failed start."""
        while self._closing:
            result = self._closing.pop()()
            if asyncio.iscoroutine(result):
                await result


async def serve_box(
    config: Config,
    ready: Callable[[str], None],
    open_store: Callable[[Path], SqliteStore] = SqliteStore,
) -> int:
    """Serve a box until cancelled; return 1 where its store broke, so that it is started again."""
    box = BoxProcess(config, open_store)
    await box.open()
    try:
        ready(box.url)
        systemd.notify(systemd.READY)
        error = await box.failed
        log.critical("stopping", error=repr(error))
        return 1
    finally:
        systemd.notify(systemd.STOPPING)
        await box.close()
