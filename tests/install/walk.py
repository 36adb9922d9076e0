"""`make try-install`: a box's life on a fresh Debian, from the archive to moving house and back.

Each step says what was done, what was seen and how long it took; the first that goes otherwise
ends the walk with what the machine said. Nothing of it touches this machine but `build/`.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.install.cuts import HOOK, SEEN, cut_everywhere, hooked, lighten
from tests.install.machine import Machine, StepError
from tests.install.releases import HERE, Releases
from tests.install.runbook import looks, lost_key, spare

TOKEN: Final = "walk-token"  # noqa: S105 - of a hub inside
NEW_TOKEN: Final = "walk-token-2"  # noqa: S105
SETUP: Final = (
    f"--yes --name 一号仓 --id W1-A --network '' --hub ws://127.0.0.1:8470/link --token {TOKEN}"
)
CONFIG: Final = "/etc/floorgate/floorgate.toml"
DATA: Final = "/var/lib/floorgate"
AS_BOX: Final = "runuser -u floorgate --"
WELL: Final = "floorgate health --wait 60"
FLOOR: Final = """
[[printers]]
id = "P1"
name = "TSPL P1"
url = "tcp://127.0.0.1:9101?lang=tspl"
[[printers]]
id = "P2"
name = "ZPL P2"
url = "tcp://127.0.0.1:9102?lang=zpl"
[[stations]]
id = "S1"
name = { zh = "一号打包台", en = "Station 1" }
printers = ["P1", "P2"]
"""
HUB_UNIT: Final = (
    "systemd-run --quiet --unit=hub --property=Restart=always floorgate hub --data /srv/hub"
    f" --port 8470 --box W1-A={TOKEN};"
    " timeout 30 bash -c 'until (: </dev/tcp/127.0.0.1/8470) 2>/dev/null; do sleep 0.1; done'"
)
"""Starts the hub, and waits until it listens."""
LOOK: Final = (
    'find /opt/floorgate -maxdepth 3 -printf "%p %l\\n"; ls /var/backups/floorgate;'
    " cat /usr/lib/systemd/system/floorgate*"
)
"""What a step of upgrade or rollback changes, but for the data themselves."""
CUT_LOOK_S: Final = 0.2
CUTS_MIN: Final = 3
EXPOSURE_MAX: Final = 1.5
PRINTER: Final = """
import asyncio
from drivers.api import announce_printer, fake_printer

async def main():
    await fake_printer("zpl", "127.0.0.1", 9103).start()
    await announce_printer("Printer to find", 9103, {"ty": "ZPL", "usb_CMD": "ZPL"}).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""
FIND: Final = "floorgate devices list | grep tcp://127.0.0.1:9103"
"""Prints the row of that printer, once the box has found it."""
OTHER: Final = (
    f"mv {DATA} {DATA}-dead; systemd-tmpfiles --create; sed -i 's/^feeds = /follows = /' {CONFIG}"
)
"""Makes the machine another one, whose disk is empty and whose configuration is a spare's."""


class Walk:
    """The steps, in order; each returns what was seen."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine(folder / "machine", folder / "console.log")
        self._folder = folder
        self._base = folder / "debian"
        self._releases = Releases(folder / "releases")
        self._orders = 0
        self._first = ""

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Return every step with its title."""
        return [
            ("a fresh Debian by debootstrap", self.make_machine),
            ("install from the archive, before systemd runs", self.install),
            ("first boot", self.boot),
            ("units as systemd sees them", self.look_at_units),
            ("the first orders: picked, packed, labelled", lambda: self.work(3)),
            ("doctor on the well box", self.examine),
            ("the run-book's commands, as it gives them", self.follow_runbook),
            ("doctor on six sick boxes", self.make_sick),
            ("kill -9", self.kill),
            ("a writer that hangs: the watchdog", self.hang),
            ("bad configurations", self.misconfigure),
            ("the box dies, its spare takes over", self.take_over),
            ("orders at the spare", lambda: self.work(1)),
            ("backup", self.back_up),
            ("upgrade, power cut in its steps", self.upgrade_with_power_cuts),
            ("orders after the upgrade", lambda: self.work(2)),
            ("upgrade to a version that never gets well", self.upgrade_to_broken),
            ("rollback by hand, power cut in its steps", self.roll_back_with_power_cuts),
            ("orders after the rollback", lambda: self.work(2)),
            ("a disk is lost: restore from the backup", self.restore),
            ("disk and key are lost: built again from the hub", self.rebuild),
            ("the box's key is lost: put back, then made anew", self.lose_key),
            ("orders after that", lambda: self.work(2)),
            ("uninstall keeps the data, install finds them", self.reinstall),
            ("shut down", self.shut_down),
            ("power cut in each step of a first install", self.cut_install),
        ]

    # ---- the beginning --------------------------------------------------------------------------

    def make_machine(self) -> str:
        """Build the root file system and the archive."""
        self.machine.build(self._base)
        archive = self._releases.first()
        self._first = archive.name.removeprefix("floorgate-").removesuffix(".tar.gz")
        shutil.copy(archive, self.machine.root / "srv")
        shutil.copy(Path(__file__).with_name("floor.py"), self.machine.root / "srv")
        return f"{archive.name}, {archive.stat().st_size >> 20} MB with its packages"

    def cut_install(self) -> str:
        """Install on a machine that is only for this, cutting its power everywhere."""
        machine = Machine(self._folder / "cut-machine", self._folder / "cut.log")
        machine.build(self._base)
        release = self._releases.newer("0.0.1")
        lighten(release)
        archive = next((self.machine.root / "srv").glob("floorgate-*.tar.gz"))
        shutil.copy(archive, machine.root / "srv")
        machine.prepare("cd /srv; tar xf floorgate-*.tar.gz --wildcards '*/wheels'")
        said = cut_everywhere(machine, release, "/srv/floorgate-*/wheels")
        shutil.rmtree(machine.root)
        return said

    def install(self) -> str:
        """Unpack and run the installer, as OPERATIONS.md says."""
        said = self.machine.prepare(
            f"cd /srv; tar xf floorgate-*.tar.gz; cd floorgate-*/; ./install.sh -- {SETUP}"
        )
        config = self.machine.root / CONFIG[1:]
        text = config.read_text()
        # bots have no PDA to pair; everything else stays as the installer wrote it
        text = text.replace("[http]\n", "[http]\nopen_devices = true\n")
        # and nothing but the loopback is on its network
        text = text.replace("[discovery]\n", '[discovery]\ninterfaces = ["127.0.0.1"]\n')
        config.write_text(text + FLOOR)
        return said

    def boot(self) -> str:
        """Boot; the box must come up by itself."""
        took_s = self.machine.boot()
        return f"up after {took_s:.1f} s\n{self.machine.run(WELL)}"

    def look_at_units(self) -> str:
        """Ask systemd what it thinks of the units."""
        units = "floorgate.service floorgate-backup.service"
        self.machine.run(f"systemd-analyze verify {units} floorgate.socket floorgate-backup.timer")
        rows = self.machine.run(
            "for unit in floorgate floorgate-backup; do"
            " systemd-analyze security --no-pager $unit.service | tail -n 1; done"
        )
        worst = max(float(row.split(":")[1].split()[0]) for row in rows.splitlines())
        if worst > EXPOSURE_MAX:
            raise StepError(f"exposed: {rows}")
        who = self.machine.run("systemctl show floorgate -p User,MainPID,WatchdogUSec,NRestarts")
        return f"{rows}\n{who.replace(chr(10), ' ')}"

    # ---- work -----------------------------------------------------------------------------------

    def work(self, count: int) -> str:
        """Let bots carry `count` orders to their end."""
        if self.machine.ask("systemctl is-active hub") != "active":
            self.machine.run(HUB_UNIT)
        said = self.machine.run(f"/opt/floorgate/current/bin/python /srv/floor.py {count}")
        told = json.loads(said.splitlines()[-1])
        self._orders += count
        if not told["ok"] or told["orders"] != self._orders:
            raise StepError(f"{self._orders} orders were sent: {said}")
        return f"{told['states']}, {told['labels']} labels, box and hub agree on {told['agree']}"

    def examine(self) -> str:
        """Let the doctor look at a well box."""
        return self.machine.ask(f"{AS_BOX} floorgate doctor --language en || true")

    def follow_runbook(self) -> str:
        """Type what the run-book says to look after a well box; each command must end well."""
        script = self.machine.root / "srv" / "printer.py"
        script.write_text(PRINTER)
        python = "/opt/floorgate/current/bin/python"
        self.machine.run(f"systemd-run --quiet --unit=printer {python} /srv/printer.py")
        found = self.machine.until(FIND)
        seen = [found]
        for command in looks(ID=found.split()[0], NAME="none"):
            begun_s = time.monotonic()
            # what those two find depends on how busy the machine is, and on what was not done yet
            (self.machine.ask if command.endswith(("selftest", "doctor")) else self.machine.run)(
                command
            )
            seen.append(f"{time.monotonic() - begun_s:5.1f} s  {command}")
        return "\n".join(seen)

    # ---- trouble --------------------------------------------------------------------------------

    def make_sick(self) -> str:
        """Make six illnesses one after the other, and let the doctor name each."""
        own = f"{DATA}/tls"
        illnesses = {
            "hub": ("systemctl stop hub", HUB_UNIT),
            "service": ("systemctl stop floorgate.socket floorgate.service",
                        "systemctl start floorgate.socket floorgate.service"),
            "units": ("systemctl stop floorgate-backup.timer",
                      "systemctl start floorgate-backup.timer"),
            "upgrade": ("touch /opt/floorgate/unconfirmed", "rm /opt/floorgate/unconfirmed"),
            "certificate": (f"mv {own}/leaf.pem {own}/leaf", f"mv {own}/leaf {own}/leaf.pem"),
            "disk": ("mount -t tmpfs -o size=20m none /var/backups/floorgate",
                     "umount /var/backups/floorgate"),
        }  # fmt: skip
        seen = []
        for check, (harm, mend) in illnesses.items():
            self.machine.run(harm)
            said = self.machine.ask(f"{AS_BOX} floorgate doctor {check} --language en || true")
            self.machine.run(f"{mend}; {WELL}")
            if "WARN" not in said and "BAD" not in said:
                raise StepError(f"not found: {check}\n{said}")
            seen.append(f"{check}:\n{said}")
        return "\n".join(seen)

    def kill(self) -> str:
        """Kill the box as no process can prevent; systemd says when it was ready again."""
        killed = self.machine.run(
            "cut -d' ' -f1 /proc/uptime; systemctl kill --signal=KILL --kill-whom=main floorgate;"
            " sleep 0.2"
        )
        self.machine.run(WELL)
        ready = self.machine.run(
            "systemctl show floorgate -p ActiveEnterTimestampMonotonic --value"
        )
        policy = self.machine.run("systemctl show floorgate -p Restart,RestartUSec,NRestarts")
        took_s = int(ready) / 1e6 - float(killed)
        return f"serving again after {took_s:.1f} s; {policy.replace(chr(10), ' ')}"

    def hang(self) -> str:
        """Stop the box without ending it; only the watchdog can find that."""
        before = self.machine.run("systemctl show floorgate -p MainPID --value")
        begun_s = time.monotonic()
        self.machine.run(f"kill -STOP {before}")
        self.machine.run(
            f"for _ in $(seq 60); do now=$(systemctl show floorgate -p MainPID --value);"
            f' [ "$now" != {before} ] && [ "$now" != 0 ] && exit 0; sleep 1; done; exit 1'
        )
        self.machine.run(WELL)
        why = self.machine.run("journalctl -u floorgate --no-pager | grep -i watchdog | tail -n 1")
        return f"serving again after {time.monotonic() - begun_s:.0f} s: {why.split(': ', 1)[-1]}"

    def misconfigure(self) -> str:
        """Break the configuration; the log must say what and where, and the old one must work."""
        faults = {
            "unknown key": f"sed -i 's/^data = /dta = /' {CONFIG}",
            "wrong type": f"sed -i 's/^open_devices = true/open_devices = 7/' {CONFIG}",
            "no certificate": f"sed -i '/^open_devices/a certificate = \"/none.pem\"' {CONFIG}",
            "no TOML": f"echo '[[' >> {CONFIG}",
        }
        seen = []
        for what, harm in faults.items():
            self.machine.run(
                f"cp -p {CONFIG} /srv/kept; {harm}; systemctl restart floorgate || true"
            )
            said = self.machine.run(
                "timeout 60 sh -c 'until journalctl -u floorgate -n 9 -o cat --no-pager"
                f' | grep "^floorgate: {CONFIG}" | tail -n 1 | grep .; do sleep 0.5; done\''
            )
            self.machine.run(f"cp -p /srv/kept {CONFIG}; systemctl restart floorgate; {WELL}")
            seen.append(f"{what}: {said}")
        return "\n".join(seen)

    def take_over(self) -> str:
        """Feed a share, lose the box, and go on as its spare, by the run-book's own commands."""
        steps, seen = spare(), []
        for step in steps:
            # take-over says no while the dead box was alive just now
            seen.append(self.machine.until(step))
            if "spare prepare" in step:
                feeds = '\\n[spare]\\nfeeds = "/srv/floorgate-spare"\\n'
                self.machine.run(
                    f"printf '{feeds}' >> {CONFIG}; systemctl restart floorgate; {WELL}"
                )
                self.machine.until(f"{AS_BOX} floorgate spare status")
            elif "disable --now floorgate.socket" in step:
                self.machine.run(OTHER)
        self.machine.run(f"rm -rf {DATA}-dead")
        return "\n".join(filter(None, seen))

    # ---- backup, upgrade, rollback, restore -----------------------------------------------------

    def back_up(self) -> str:
        """Run the backup as its timer does."""
        self.machine.run("systemctl start floorgate-backup.service")
        return self.machine.run("du -sh /var/backups/floorgate/*")

    def upgrade_with_power_cuts(self) -> str:
        """Cut the power in the steps of an upgrade; after each boot the box must serve."""
        self._bring("9.0.0")
        seen = self._cut_in_steps("cd /srv/9.0.0; {hooked} ./install.sh")
        if "9.0.0" not in self._running():
            raise StepError(f"not upgraded: {self._running()}")
        return seen

    def _cut_in_steps(self, script: str) -> str:
        """Cut the power after each command of a script that changed what is installed, once each.

        After each boot the box serves; the script is run again until it comes through.
        """
        self.machine.run(f"rm -f {SEEN} {SEEN}.end")
        shutil.copy(HOOK, self.machine.root / "srv")
        hook = f"trap 'touch {SEEN}.end' EXIT; {script}"
        script = hook.format(hooked=f"{hooked('wait', LOOK)} bash")
        seen = []
        while True:
            begun = self.machine.start(script)
            self.machine.run(
                f"until [ -e {SEEN}.now ] || [ -e {SEEN}.end ]; do sleep {CUT_LOOK_S}; done"
            )
            if (self.machine.root / f"{SEEN}.end"[1:]).exists():
                break
            before = self.machine.run(f"rm {SEEN}.now; tail -n 1 {SEEN}")
            self.machine.cut_power()
            begun.wait()
            self.boot()
            seen.append(f"before line {before}: booted, {self._running()} serves")
        said, _ = begun.communicate()
        if begun.returncode or len(seen) < CUTS_MIN:
            raise StepError(f"after {len(seen)} cuts: {said}")
        return "\n".join([*seen, said])

    def upgrade_to_broken(self) -> str:
        """Install a version that cannot serve; the installer must go back by itself."""
        self._bring("9.1.0", is_broken=True)
        said = self.machine.fail("cd /srv/9.1.0; ./install.sh")
        if "9.0.0" not in self._running():
            raise StepError(f"not gone back: {self._running()}\n{said}")
        return "\n".join(said.splitlines()[-6:])

    def roll_back_with_power_cuts(self) -> str:
        """Go back to the first version: the one before that was ever well."""
        again = "[ ! -e /opt/floorgate/previous ] ||"  # what was ended before the cut is not begun
        seen = self._cut_in_steps(f"cd /srv/floorgate-*/; {again} {{hooked}} ./install.sh rollback")
        if self._first not in self._running():
            raise StepError(f"not gone back: {self._running()}\n{seen}")
        return f"{seen}\n{self.machine.run(WELL)}"

    def restore(self) -> str:
        """Lose all data, and restore them."""
        self.machine.run("systemctl start floorgate-backup.service")
        before = self.machine.run("floorgate health")
        self.machine.run(f"systemctl stop floorgate; rm -rf {DATA}/*")
        newest = self.machine.run("ls -td /var/backups/floorgate/floorgate-* | head -n 1")
        said = self.machine.run(
            f"{AS_BOX} floorgate restore {newest} --config {CONFIG};"
            f" systemctl start floorgate; {WELL}"
        )
        replayed = self.machine.run(f"{AS_BOX} floorgate replay --check --data {DATA}")
        return f"before: {before}\n{said}\n{replayed}"

    def rebuild(self) -> str:
        """Lose data and key, with no backup; the hub makes a new token."""
        self.machine.run(f"systemctl stop hub; sleep 1; {HUB_UNIT.replace(TOKEN, NEW_TOKEN)}")
        self.machine.run(f"systemctl stop floorgate.socket floorgate.service; rm -rf {DATA}/*")
        said = self.machine.run(f"{AS_BOX} floorgate reinit --from-hub --token {NEW_TOKEN}")
        self.machine.run(f"systemctl start floorgate.socket floorgate.service; {WELL}")
        return f"{said}\n{self.machine.run(f'{AS_BOX} floorgate replay --check')}"

    def lose_key(self) -> str:
        """Lose the key of a sound journal, with a backup of it and without."""
        back, new = lost_key()
        self.machine.run("systemctl start floorgate-backup.service")
        stop = "systemctl stop floorgate.socket floorgate.service"
        self.machine.run(f"{stop}; mv {DATA}/keys/box.key /srv/")
        self.machine.run("systemctl start --no-block floorgate.socket floorgate.service")
        seen = [self.machine.until("journalctl -u floorgate -o cat | grep -e --new-key")]
        newest = self.machine.run("ls -t /var/backups/floorgate | head -n 1")
        seen += [self.machine.run(line.replace("NAME", newest)) for line in back]
        seen.append(self.machine.run(f"cmp /srv/box.key {DATA}/keys/box.key; {WELL}"))
        token = f"{NEW_TOKEN}-again"
        self.machine.run(f"systemctl stop hub; sleep 1; {HUB_UNIT.replace(TOKEN, token)}")
        self.machine.run(f"rm {DATA}/keys/box.key")
        seen += [self.machine.run(line.replace("TOKEN", token)) for line in new]
        return "\n".join(seen)

    def reinstall(self) -> str:
        """Uninstall, look that the data stay, install again."""
        gone = self.machine.run("cd /srv/floorgate-*/; ./install.sh uninstall")
        self.machine.run(
            f"test -e {DATA}/floor.db; test ! -e /usr/lib/systemd/system/floorgate.service"
        )
        self.machine.run("cd /srv/floorgate-*/; ./install.sh")
        return f"{gone}\n{self.machine.run(WELL)}"

    def shut_down(self) -> str:
        """Stop in order."""
        begun_s = time.monotonic()
        self.machine.shut_down()
        return f"down after {time.monotonic() - begun_s:.1f} s"

    # ---- helpers --------------------------------------------------------------------------------

    def _bring(self, version: str, *, is_broken: bool = False) -> None:
        """Put the folder of a release into the machine, with the packages of the first one."""
        folder = self._releases.newer(version, is_broken=is_broken)
        shutil.copytree(folder, self.machine.root / "srv" / version)
        self.machine.run(f"ln -s /srv/floorgate-*/wheels /srv/{version}/wheels")

    def _running(self) -> str:
        return self.machine.run("basename $(readlink /opt/floorgate/current)")


def main() -> int:
    """Walk, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=HERE / "build" / "try-install")
    parser.add_argument("--until", help="stop after the step whose title has this text")
    args = parser.parse_args()
    if os.geteuid():
        print("try-install: a machine of its own needs root. Repeat with: sudo make try-install")
        return 2
    begun_s = time.monotonic()
    walk = Walk(args.folder)
    steps = walk.steps()
    try:
        for number, (title, step) in enumerate(steps, start=1):
            print(f"\n{number:2}/{len(steps)} {title}", flush=True)
            step_s = time.monotonic()
            seen = step()
            print("".join(f"      {line}\n" for line in seen.splitlines()), end="")
            print(f"      … {time.monotonic() - step_s:.1f} s", flush=True)
            if args.until and args.until in title:
                break
    except StepError as error:
        print(f"\ntry-install: {error}", file=sys.stderr)
        return 1
    finally:
        if walk.machine.is_up:
            walk.machine.cut_power()
    print(f"\nwalked to the end in {time.monotonic() - begun_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
