"""A machine to install on: a fresh Debian in a folder, booted by systemd-nspawn.

It has its own processes, mounts and network (the loopback alone), and a real systemd as process 1.
The kernel, its clock and the disk are the host's: a power cut here ends every process at once, but
loses nothing that was written; what an unsynced write loses is simulated in tests/store.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

PACKAGES: Final = "systemd,systemd-sysv,udev,dbus,iproute2,ca-certificates,python3,python3-venv"
SUITE: Final = "bookworm"
BOOT_S_MAX: Final = 60.0
END_S_MAX: Final = 60.0
YES_S_MAX: Final = 60.0
POLL_S: Final = 0.1
NSPAWN: Final = ("systemd-nspawn", "--register=no", "--keep-unit", "--quiet")
AWAY: Final = ("PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8")


class StepError(Exception):
    """A command inside went otherwise than it should; the text is what it said."""


class Machine:
    """A Debian in a folder."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root = root
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def build(self, base: Path) -> None:
        """Make the root file system, from `base` that is made once."""
        if not (base / "complete").exists():
            shutil.rmtree(base, ignore_errors=True)
            base.mkdir(parents=True)
            command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE]
            self._host(*command, str(base / "root"))
            (base / "complete").touch()
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.parent.mkdir(parents=True, exist_ok=True)
        self._host("cp", "-a", "--reflink=auto", str(base / "root"), str(self.root))
        # debootstrap leaves these to Debian's installer
        (self.root / "etc/hostname").write_text("box\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 box\n")

    def _host(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StepError(f"{command[0]}: {(done.stdout + done.stderr)[-2000:]}")

    # ---- not booted: what a person does in a chroot, with the host's network ---------------------

    def prepare(self, script: str) -> str:
        """Run a script of the shell with no systemd, with the host's network for apt."""
        command = [*NSPAWN, "-D", str(self.root), "--pipe", "/bin/sh", "-euc", script]
        return _said(subprocess.run(command, capture_output=True, text=True, check=False))

    # ---- booted ---------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def boot(self) -> float:
        """Start it; return the seconds until systemd has started everything."""
        begun_s = time.monotonic()
        command = [*NSPAWN, "-D", str(self.root), "--private-network", "--boot"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        end_s = begun_s + BOOT_S_MAX
        while time.monotonic() < end_s and self._process.poll() is None:
            self._leader = self._leader or _leader(self._process.pid)
            if self._leader and self.ask("systemctl is-system-running") in ("running", "degraded"):
                return time.monotonic() - begun_s
            time.sleep(POLL_S)
        raise StepError(f"it does not boot: {self._log.read_text(errors='replace')[-2000:]}")

    def ask(self, script: str) -> str:
        """Return what a script of the shell prints, whatever its exit code."""
        return self._run(script).stdout.strip()

    def run(self, script: str) -> str:
        """Return what a script of the shell prints; it must end well."""
        return _said(self._run(script))

    def until(self, script: str) -> str:
        """Return what a script of the shell prints once it ends well; it may say no for a while."""
        end_s = time.monotonic() + YES_S_MAX
        while time.monotonic() < end_s:
            done = self._run(script)
            if not done.returncode:
                break
            time.sleep(POLL_S)
        return _said(done)

    def fail(self, script: str) -> str:
        """Return what a script of the shell says that must not end well."""
        done = self._run(script)
        if not done.returncode:
            raise StepError(f"it went well, and should not: {script}\n{done.stdout}")
        return (done.stdout + done.stderr).strip()

    def start(self, script: str) -> "subprocess.Popen[str]":
        """Start a script of the shell and do not wait."""
        return subprocess.Popen(
            self._inside(script),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def _run(self, script: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self._inside(script),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def _inside(self, script: str) -> list[str]:
        into = ["nsenter", "--target", str(self._leader), "--all"]
        return [*into, "env", "--ignore-environment", *AWAY, "/bin/sh", "-euc", f"cd; {script}"]

    def cut_power(self) -> None:
        """End every process at once."""
        assert self._leader
        os.kill(self._leader, signal.SIGKILL)
        self._ended()

    def shut_down(self) -> None:
        """Let systemd stop everything in order."""
        if self.is_up:
            self.ask("systemctl --no-block poweroff")
            self._ended()

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait(END_S_MAX)
        self._process, self._leader = None, 0


def _said(done: "subprocess.CompletedProcess[str]") -> str:
    if done.returncode:
        raise StepError(f"exit code {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout.strip()


def _leader(nspawn: int) -> int:
    """Return the process that is process 1 inside, 0 before there is one."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
        except (OSError, ValueError):
            continue  # it has just ended
        inside = facts["NSpid"].split()
        if int(facts["PPid"]) == nspawn and len(inside) > 1 and inside[-1] == "1":
            return int(facts["Pid"])
    return 0
