"""The part of the composition root that has to do with the web: what is served, and where."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from drivers.api import (
    builtin_template,
    check_label,
    labels_pdf,
    open_decoder,
    render_label,
    render_labels,
    sample_data,
)
from edge import systemd
from edge.app.alarmlog import AlarmLog
from edge.app.approvals import Approvals
from edge.app.badgedesk import BadgeDesk
from edge.app.devicekeys import DeviceKeys
from edge.app.devicereads import DeviceReads
from edge.app.dispatch import Dispatcher
from edge.app.findings import Finding, Remedies
from edge.app.firstadmin import FirstAdmin
from edge.app.floor import Floor, Reply
from edge.app.ports import Blobs, Clock, Ids
from edge.app.practice import TrainingReads
from edge.app.printers import PrinterBoard
from edge.app.push import Push
from edge.app.reads import Reads
from edge.app.retention import Retention
from edge.app.rulebook import RuleBook
from edge.app.rulekeeping import RuleKeeper
from edge.app.sandbox import Sandbox
from edge.app.sessions import Sessions
from edge.app.sessionwatch import SessionWatch
from edge.app.staff import Staff
from edge.app.stockreads import StockReads
from edge.app.tasks import Tasks
from edge.config import Config
from edge.domain.commands import SnapshotKeep
from edge.http.admin import AdminDoor
from edge.http.alarms import AlarmHandlers, alarm_routes
from edge.http.app import Health, Status, make_app, status_routes
from edge.http.assets import Assets, page_root
from edge.http.blobs import BlobHandlers, blob_routes
from edge.http.certificates import Certificates, Pair
from edge.http.decode import DecodeHandlers, decode_routes
from edge.http.devices import DeviceDoor, DeviceHandlers, device_routes
from edge.http.doctor import Clinic, DoctorHandlers, doctor_routes
from edge.http.door import Door
from edge.http.enrol import Enrolment, plain_port
from edge.http.guard import Guard
from edge.http.limits import Limits
from edge.http.orders import order_routes
from edge.http.pairing import PairingHandlers, pairing_routes
from edge.http.people import PeopleHandlers, people_routes
from edge.http.practice import PracticeHandlers, practice_routes
from edge.http.routes import Handlers, Route, routes
from edge.http.rules import RuleHandlers, rule_routes
from edge.http.sandbox import SandboxHandlers, sandbox_routes
from edge.http.sheet import SheetHandlers, sheet_routes
from edge.http.socket import Socket
from edge.http.stock import StockHandlers, stock_routes
from edge.practice import practice_rooms
from edge.store.durable import secret
from edge.store.reader import SqliteReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What the doors lead to."""

    config: Config
    floor: Floor
    reader: SqliteReader
    clock: Clock
    ids: Ids
    push: Push
    blobs: Blobs
    board: PrinterBoard
    device_reads: DeviceReads
    head_seq: Callable[[], int]
    status: Callable[[], dict[str, Any]]
    health: Callable[[], Health]
    problems: Callable[[], tuple[str, ...]]
    metrics: Callable[[], Awaitable[str]]
    examine: Callable[[], Awaitable[list[Finding]]]
    cut: Callable[[SnapshotKeep], Awaitable[Reply]]
    retention: Retention
    remedies: Remedies
    default_rules: Callable[[], bytes]
    is_time_trusted: Callable[[], bool]


class WebDoors:
    """The port of the box's pages, the plain one of the enrolment page, and the owner's socket."""

    def __init__(self, inside: Inside) -> None:
        """Build everything that is served; nothing listens yet.

        Raises:
            CertificateError: the site's own certificate cannot be served.
        """
        self._inside = inside
        config = inside.config
        self._data = Path(config.data)
        self._tasks = Tasks()
        self._closing: list[Callable[[], Coroutine[Any, Any, None] | None]] = [self._tasks.stop]
        self.device_keys = DeviceKeys(
            inside.floor,
            inside.reader,
            inside.clock,
            open_devices=config.http.open_devices,
            is_online=inside.push.is_here,
        )
        self.watch = SessionWatch(inside.floor, inside.reader, inside.push, inside.clock)
        inside.floor.on_use = self.watch.note_use
        self._sessions = Sessions(
            inside.floor,
            Reads(inside.reader),
            inside.clock,
            inside.ids,
            secret=secret(self._data / "keys" / "session.key"),
            stations=config.stations,
            printers=lambda station: tuple(slot.id for slot in inside.board.group(station)),
            elsewhere=self.watch.elsewhere,
        )
        self._badges = BadgeDesk(
            inside.floor,
            Reads(inside.reader),
            self._sessions,
            inside.board,
            inside.clock,
            inside.ids,
            render=partial(render_label, builtin_template("badge"), check=check_label),
            site=config.box.name,
        )
        self._staff = Staff(inside.reader)
        self.first_admin = FirstAdmin(
            inside.floor, self._staff, self._sessions, self._badges, inside.clock, inside.ids
        )
        self.limits = Limits(inside.clock)
        origins = frozenset(config.http.origins)
        self._guard = Guard(self._sessions, self.device_keys, self.limits, origins)
        self._socket = Socket(
            self._dispatcher(), inside.push, self.limits.devices, on_leave=self.device_keys.saw
        )
        self.certificates = self._certificates() if config.http.tls else None
        self._clinic = Clinic(inside.examine, self._remedies())
        table, assets = self._table(), Assets(page_root())
        self.app = make_app(table, self._guard, self._socket, assets, version("floorgate"))

    async def open(self) -> str:
        """Listen, and return the address of the box's pages on this machine.

        Raises:
            PortError: a port cannot be opened. What is open then is closed by `close`.
        """
        http, handed = self._inside.config.http, systemd.listening()
        door = Door(self.app, "http.port")
        self._closing += [door.close, self._socket.close]
        tls = self.certificates.context if self.certificates else None
        port = await door.open(http.host, http.port, handed=handed, tls=tls)
        if self.certificates:
            await self._open_enrolment(self.certificates, port, handed)
        await self._open_admin_door()
        self._tasks.keep(self.watch.run, "sessions")
        return f"{'https' if http.tls else 'http'}://localhost:{port}"

    async def close(self) -> None:
        """Stop listening, with a good-bye to every client; safe to call twice."""
        while self._closing:
            result = self._closing.pop()()
            if asyncio.iscoroutine(result):
                await result

    def _dispatcher(self) -> Dispatcher:
        inside = self._inside
        return Dispatcher(
            inside.floor,
            inside.reader,
            self._sessions,
            inside.push,
            inside.clock,
            status=inside.status,
            head_seq=inside.head_seq,
        )

    def _table(self) -> list[Route]:
        """Return every route of the API."""
        inside = self._inside
        reads = Reads(inside.reader)
        decoder = open_decoder()
        self._closing.append(decoder.close)
        approvals = Approvals(inside.floor, self._sessions, inside.clock)
        sandbox = Sandbox(inside.reader, inside.head_seq)
        return [
            *alarm_routes(AlarmHandlers(reads, AlarmLog(inside.reader, inside.clock))),
            *rule_routes(RuleHandlers(RuleBook(inside.reader, sandbox), inside.floor)),
            *routes(Handlers(inside.floor, reads, self._sessions, approvals, self._guard)),
            *blob_routes(BlobHandlers(inside.blobs)),
            *sandbox_routes(SandboxHandlers(sandbox)),
            *decode_routes(DecodeHandlers(decoder)),
            *device_routes(DeviceHandlers(inside.device_reads)),
            *order_routes(reads),
            *stock_routes(StockHandlers(StockReads(inside.reader))),
            *doctor_routes(DoctorHandlers(self._clinic)),
            *pairing_routes(PairingHandlers(self.device_keys)),
            *practice_routes(self._practice()),
            *people_routes(PeopleHandlers(self._staff, self._badges, self.first_admin)),
            *sheet_routes(SheetHandlers(_sheet)),
            *status_routes(Status(inside.health, inside.problems, inside.metrics)),
        ]

    def _remedies(self) -> Remedies:
        """Return what the box can do about what its self-checks find."""
        if not self.certificates:
            return self._inside.remedies
        renew = partial(asyncio.to_thread, self.certificates.refresh)
        return {**self._inside.remedies, "certificate": renew}

    def _practice(self) -> PracticeHandlers:
        inside, reads = self._inside, Reads(self._inside.reader)
        rooms = practice_rooms(
            inside.floor, reads, inside.clock, inside.ids, inside.default_rules, self._guard
        )
        self._closing.append(rooms.close)
        return PracticeHandlers(rooms, TrainingReads(inside.reader, reads))

    def _certificates(self) -> Certificates:
        http = self._inside.config.http
        own = Pair(Path(http.certificate), Path(http.key)) if http.certificate else None
        return Certificates(
            self._data / "tls",
            self._names(),
            self._inside.clock,
            own,
            is_time_trusted=self._inside.is_time_trusted,
        )

    async def _open_enrolment(
        self, certificates: Certificates, https_port: int, handed: dict[int, socket.socket]
    ) -> None:
        self._tasks.keep(certificates.watch, "certificate")
        config = self._inside.config
        if plain := plain_port(config.http.enrol_port, handed):
            page = Enrolment(
                page_root() / "enrol", certificates, self._names(), config.box.name, https_port
            )
            door = Door(page.app(), "http.enrol_port")
            self._closing.append(door.close)
            await door.open(config.http.host, plain, handed=handed)

    async def _open_admin_door(self) -> None:
        floor = self._inside.floor
        keeper = RuleKeeper(floor, secret(self._data / "keys" / "rules.key"))
        devices = DeviceDoor(floor, self._inside.device_reads)
        door = AdminDoor(
            self._data,
            keeper,
            devices,
            self.device_keys,
            self._inside.cut,
            self._inside.retention,
            self.first_admin,
            self._clinic,
        )
        self._closing.append(door.close)
        await door.open()

    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("localhost", "127.0.0.1", *self._inside.config.http.names)))


def _sheet() -> bytes:
    """Return what a PDA is set up with, as a PDF."""
    names = ("calibration", "cards")
    pages = [render_labels(builtin_template(name), sample_data(name)) for name in names]
    return labels_pdf([page for some in pages for page in some])
