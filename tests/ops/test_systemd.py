"""The unit files are valid and tight, and the service speaks to systemd as they expect."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import edge.store.runners
from edge import systemd
from edge.bench.service import RESTART_S
from edge.store.runners import ThreadRunner
from edge.store.sqlite import SqliteStore
from tests.store.kit import Floor

UNITS = Path(__file__).resolve().parents[2] / "systemd"
EXPOSURE_TENTHS_MAX = 15
"""What `systemd-analyze security` may give the box at most, in tenths."""
HEAR_S = 30.0


def tool(name: str) -> str:
    """Return the path of one of systemd's tools."""
    found = shutil.which(name)
    assert found, f"{name} is missing: apt-get install systemd"
    return found


def installed(unit: str, folder: Path) -> Path:
    """Return a copy of a unit whose program is there, as on an installed box."""
    text = (UNITS / unit).read_text("utf-8")
    copy = folder / unit
    copy.write_text(text.replace("/opt/floorgate/current/bin/floorgate", "/bin/true"), "utf-8")
    return copy


@pytest.mark.parametrize("unit", sorted(path.name for path in UNITS.glob("*.service")))
def test_the_units_are_tight(unit: str, tmp_path: Path) -> None:
    """`systemd-analyze security` gives at most 1.5 (OPS-1)."""
    command = [tool("systemd-analyze"), "security", "--offline=true", "--no-pager"]
    threshold = f"--threshold={EXPOSURE_TENTHS_MAX}"
    judged = subprocess.run(
        [*command, threshold, str(installed(unit, tmp_path))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-200:] + judged.stderr


def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say (OPS-1)."""
    names = sorted(path.name for path in UNITS.glob("floorgate*.*") if path.suffix in
                   (".service", ".socket", ".timer"))  # fmt: skip
    units = [str(installed(name, tmp_path)) for name in names]
    assert len(units) >= 4
    said = subprocess.run(
        [tool("systemd-analyze"), "verify", "--man=no", *units],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_the_bench_counts_the_wait_before_a_restart() -> None:
    """The figure of a recovery under systemd is made with the wait that the unit names."""
    lines = (UNITS / "floorgate.service").read_text("utf-8").splitlines()
    assert f"RestartSec={RESTART_S * 1_000:.0f}ms" in lines


def test_user_and_groups_are_made() -> None:
    """`systemd-sysusers` takes the entry (OPS-1)."""
    said = subprocess.run(
        [tool("systemd-sysusers"), "--dry-run", str(UNITS / "floorgate.sysusers")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr


def test_udev_rules_are_well_formed() -> None:
    """Each rule is matches and assignments, separated by commas (OPS-1)."""
    part = r'[A-Z]+(\{\w+\})?(==|!=|=|\+=)"[^"]*"'
    rules = [line for line in (UNITS / "60-floorgate.rules").read_text("utf-8").splitlines()
             if line and not line.startswith("#")]  # fmt: skip
    assert len(rules) == 4
    assert [rule for rule in rules if not re.fullmatch(rf"{part}(, {part})*", rule)] == []


# ---- what the service says ----------------------------------------------------------------------


@contextmanager
def notified(folder: Path) -> Iterator[tuple[socket.socket, str]]:
    """Give a socket that hears what is said to systemd, and its address."""
    path = folder / "notify"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ears:
        ears.bind(str(path))
        ears.settimeout(HEAR_S)
        yield ears, str(path)


def configured(folder: Path, port: int) -> Path:
    """Return the configuration of a box in `folder`."""
    config = folder / "floorgate.toml"
    config.write_text(
        f'data = "{folder}/data"\n[http]\nhost = "127.0.0.1"\nport = {port}\n', "utf-8"
    )
    return config


def test_the_service_says_when_it_is_ready_and_when_it_stops(tmp_path: Path) -> None:
    """READY comes when the pages are there, STOPPING at the end, and life signs with writes."""
    with notified(tmp_path) as (ears, address):
        box = subprocess.Popen(
            [sys.executable, "-m", "edge", "serve", "--config", str(configured(tmp_path, 0))],
            env={**os.environ, "NOTIFY_SOCKET": address},
            stdout=subprocess.DEVNULL,
        )
        try:
            heard = [ears.recv(100).decode()]
            while heard[-1] != systemd.READY:
                heard.append(ears.recv(100).decode())
            assert systemd.ALIVE in heard, "the box was founded: that was a durable write"
            box.send_signal(signal.SIGTERM)
            while heard[-1] != systemd.STOPPING:
                heard.append(ears.recv(100).decode())
            assert box.wait(HEAR_S) == 0
        finally:
            box.kill()
            box.wait()


async def test_a_quiet_writer_pulses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing to do the writer writes all the same, and only then says that it lives."""
    monkeypatch.setattr(edge.store.runners, "PULSE_S", 0.01)
    path = tmp_path / "floor.db"
    with closing(SqliteStore(path)) as store, notified(tmp_path) as (ears, address):
        floor = Floor(store).found()
        before = (tmp_path / "floor.db-wal").stat().st_size
        written: list[int] = []

        def pulse() -> None:
            store.pulse()
            written.append((tmp_path / "floor.db-wal").stat().st_size)

        environ = {"NOTIFY_SOCKET": address}
        runner = ThreadRunner(
            floor.writer,
            pulse=pulse,
            alive=lambda: systemd.notify(systemd.ALIVE, environ),
        )
        runner.start()
        heard = [ears.recv(100).decode() for _ in range(3)]
        runner.stop()
    assert heard == [systemd.ALIVE] * 3
    assert before < written[0] < written[1] < written[2]


def test_a_socket_of_systemd_is_taken(tmp_path: Path) -> None:
    """The box serves on the port that systemd opened for it, and opens none itself (OPS-1)."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with notified(tmp_path) as (ears, address):
        box = subprocess.Popen(
            [tool("systemd-socket-activate"), "-l", f"127.0.0.1:{port}", "--fdname=http",
             "-E", f"NOTIFY_SOCKET={address}", "-E", f"PATH={os.environ['PATH']}",
             sys.executable, "-m", "edge", "serve", "--config", str(configured(tmp_path, port))],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until_listening(port)
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            url = f"https://127.0.0.1:{port}/health"
            with urllib.request.urlopen(url, timeout=HEAR_S, context=context) as answer:
                assert answer.status == 200
            heard = [ears.recv(100).decode()]
            while heard[-1] != systemd.READY:
                heard.append(ears.recv(100).decode())
        finally:
            box.terminate()
            assert box.wait(HEAR_S) == 0


def until_listening(port: int) -> None:
    """Wait until something listens on a port, without connecting to it."""
    wanted = f":{port:04X} "
    tables = Path("/proc/net/tcp")
    while not any(wanted in line and " 0A " in line for line in tables.read_text().splitlines()):
        os.sched_yield()


def test_credentials_are_read(tmp_path: Path) -> None:
    """A secret comes from the unit's folder of credentials, and from nowhere else (SEC-4)."""
    (tmp_path / "floorgate_hub-token").write_text("secret\n", "utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert systemd.credential("hub-token", environ) == "secret"
    assert systemd.credential("other", environ) == ""
    assert systemd.credential("hub-token", {}) == ""
