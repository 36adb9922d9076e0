"""Peers that nobody here wrote, each with a configuration, sockets and folders of its own.

avahi and dbus run in a mount namespace with an empty /run, so nothing of the machine is touched.
"""

import asyncio
import contextlib
import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from drivers.api import Device
from drivers.discovery.manager import Discovery

T = TypeVar("T")
DEBIAN: Final = {
    "avahi-daemon": "avahi-daemon",
    "avahi-publish": "avahi-utils",
    "avahi-browse": "avahi-utils",
    "dbus-daemon": "dbus",
    "ippeveprinter": "cups-ipp-utils",
    "snmpd": "snmpd",
    "socat": "socat",
    "ip": "iproute2",
    "unshare": "util-linux",
}
WAIT_S: Final = 20.0
CLONE_NEWNET: Final = 0x4000_0000


def tool(name: str) -> str:
    """Return the path of a peer's program; fail with the command that installs it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert found is not None, f"{name} is missing: apt-get install {DEBIAN[name]}"
    return found


@contextlib.contextmanager
def process(*command: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program and end it, and only it, afterwards."""
    child = subprocess.Popen(
        command,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        assert child.stdout is not None
        child.stdout.close()


async def until(condition: Callable[[], T | None], what: str, timeout_s: float = WAIT_S) -> T:
    """Return what `condition` says once that is true of it; look every 20 ms."""
    try:
        async with asyncio.timeout(timeout_s):
            while not (found := condition()):  # noqa: ASYNC110 - peers signal nothing
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not in {timeout_s:g} s: {what}") from None
    return found


def device(discovery: Discovery, wanted: Callable[[Device], object]) -> Callable[[], Device | None]:
    """Return a function that returns the first device that is wanted."""
    return lambda: next((each for each in discovery.devices() if wanted(each)), None)


def _line(running: subprocess.Popen[bytes]) -> bytes:
    assert running.stdout is not None
    return running.stdout.readline()


_PRIVATE: Final = """
mount -t tmpfs tmpfs /run
echo 'avahi:x:0:0::/:/bin/false' > "$1/passwd"; mount --bind "$1/passwd" /etc/passwd
echo 'avahi:x:0:' > "$1/group"; mount --bind "$1/group" /etc/group
shift; exec "$@"
"""
"""avahi-daemon wants /run and a user `avahi`; here both are its own, so nobody need be root."""


class Avahi:
    """A DNS-SD responder of its own: `avahi-daemon` with a private message bus."""

    def __init__(self, folder: Path, interface: str, prefix: tuple[str, ...]) -> None:
        self._folder = folder
        self._interface = interface
        self._prefix = prefix
        self._stack = contextlib.ExitStack()
        self.env = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus"}

    async def start(self) -> None:
        """Begin to respond."""
        bus, conf = self._folder / "bus.conf", self._folder / "avahi.conf"
        bus.write_text(
            "<busconfig><type>system</type>"
            f"<listen>unix:path={self._folder}/bus</listen><auth>EXTERNAL</auth><auth>ANONYMOUS"
            "</auth><allow_anonymous/><policy context='default'><allow user='*'/><allow own='*'/>"
            "<allow send_destination='*'/><allow receive_sender='*'/></policy></busconfig>"
        )
        conf.write_text(
            "[server]\nhost-name=floorgate-peer\nuse-ipv6=no\n"
            f"allow-interfaces={self._interface}\nratelimit-interval-usec=0\n"
            "[publish]\npublish-workstation=no\npublish-hinfo=no\n"
        )
        self.run(tool("dbus-daemon"), "--nofork", "--nopidfile", f"--config-file={bus}")
        await until((self._folder / "bus").exists, "dbus-daemon listens")
        daemon = (tool("avahi-daemon"), "--no-drop-root", "--no-chroot", "--no-rlimits")
        running = self.run(
            *(tool("unshare"), "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",))),
            *("sh", "-euc", _PRIVATE, "sh", str(self._folder), *daemon, "-f", str(conf)),
        )
        said: list[bytes] = []
        async with asyncio.timeout(WAIT_S):
            while b"startup complete" not in (line := await asyncio.to_thread(_line, running)):
                assert line, f"avahi-daemon ended: {b''.join(said).decode(errors='replace')}"
                said.append(line)

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        """Run a program on this responder's bus, until the responder stops."""
        return self._stack.enter_context(process(*self._prefix, *command, env=self.env))

    def publish(self, name: str, type_: str, port: int, *txt: str) -> subprocess.Popen[bytes]:
        """Announce a service until the returned process ends; waits for the responder itself."""
        words = (tool("avahi-publish"), "-f", "-s", name, type_, str(port), *txt)
        return self.run(*words)

    def stop(self) -> None:
        """End everything that was run."""
        self._stack.close()


@contextlib.asynccontextmanager
async def avahi(
    folder: Path, interface: str = "lo", prefix: tuple[str, ...] = ()
) -> AsyncIterator[Avahi]:
    """Run a responder on one interface."""
    responder = Avahi(folder, interface, prefix)
    try:
        await responder.start()
        yield responder
    finally:
        responder.stop()


def _enter(namespace: str) -> None:
    """Move the calling thread into a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open() as file:
        if libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")


async def in_namespace(name: str, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on a loop of its own, in a thread that stands in a network namespace.

    A cancelled caller cancels it.
    """
    outer = asyncio.get_running_loop()
    done: asyncio.Future[T] = outer.create_future()
    inner: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = []

    async def work() -> T:
        task = asyncio.ensure_future(make())
        inner.append((asyncio.get_running_loop(), task))
        return await task

    def thread() -> None:
        try:
            _enter(name)
            result = asyncio.run(work())
        except BaseException as error:  # noqa: BLE001 - told to the caller
            outer.call_soon_threadsafe(_settle, done.set_exception, error)
        else:
            outer.call_soon_threadsafe(_settle, done.set_result, result)

    def _settle(settle: Callable[[Any], None], value: object) -> None:
        if not done.done():
            settle(value)

    worker = threading.Thread(target=thread, name=f"netns {name}")
    worker.start()
    try:
        return await done
    finally:
        for loop, task in inner:
            with contextlib.suppress(RuntimeError):  # it ended by itself
                loop.call_soon_threadsafe(task.cancel)
        await asyncio.to_thread(worker.join)
