"""Power cuts in the installer: before each of its commands, and within them by the clock.

What the steps are, the shell tells while it runs (cut.bash), so a step that is added is cut too.
"""

import re
import shutil
from pathlib import Path
from typing import Final

from tests.install.machine import Machine, StepError

SEEN: Final = "/srv/cuts"
HOOK: Final = Path(__file__).with_name("cut.bash")
SETUP: Final = "--yes --name 一号仓 --id W1-A --network '' --hub '' --token T"
HEAVY: Final = ("numpy", "opencv-python-headless", "pillow", "uvloop", "zxing-cpp", "zint-bindings")
"""Packages that setting up does without, and that only take long to lay out."""
CUTS_MIN: Final = 60
"""So many commands the installer has at least; fewer would mean that they are not seen."""
TREE: Final = (
    "for top in /opt/floorgate /etc/floorgate /var/lib/floorgate /usr/local/bin"
    " /usr/lib/systemd/system /usr/lib/sysusers.d /usr/lib/tmpfiles.d /usr/lib/udev/rules.d"
    " /usr/lib/systemd/journald.conf.d /etc/systemd/system; do"
    " find $top -name __pycache__ -prune -o -printf '%p %M %u %l ' -type f ! -name '*.pyc'"
    " ! -path '*/floorgate-*.dist-info/*'"
    " -exec sha256sum {} ';' -o ! -name __pycache__ -printf '\\n'; done 2>&1"
    " | LC_ALL=C sort"
)
"""Everything that an installation leaves: names, modes, owners, links, contents.

But for what pip notes of our own package: it names the temporary folder that it was built from."""
QUICK: Final = "cd /srv/light; export PIP_NO_COMPILE=1"
PURGE: Final = "cd /srv/light; echo yes | ./install.sh uninstall --purge"


def lighten(release: Path) -> None:
    """Leave the packages out of a release that take long to install."""
    lock = release / "requirements" / "run.txt"
    pins = re.findall(r"(?m)^[\w.-]+==.*\n(?: .*\n)*", lock.read_text())
    lock.write_text("".join(pin for pin in pins if pin.partition("==")[0].lower() not in HEAVY))


def cut_everywhere(machine: Machine, release: Path, wheels: str) -> str:
    """Cut the power everywhere in a first install; it must end as one that was never cut."""
    shutil.copytree(release, machine.root / "srv" / "light")
    shutil.copy(HOOK, machine.root / "srv")
    machine.prepare(f"ln -s {wheels} /srv/light/wheels")
    times = _by_the_clock(machine)
    by_time = machine.prepare(TREE)
    if broken := machine.prepare("dpkg --audit"):
        raise StepError(f"packages are left half installed: {broken}")
    machine.prepare(PURGE)
    commands = _before_each_command(machine)
    by_command = machine.prepare(TREE)
    machine.prepare(f"{PURGE}; {QUICK}; ./install.sh -- {SETUP}")
    uncut = machine.prepare(TREE)
    for how, tree in (("time", by_time), ("command", by_command)):
        differ = set(tree.splitlines()) ^ set(uncut.splitlines())
        if differ:
            raise StepError(f"cut by {how}, it left another box: {sorted(differ)[:9]}")
    return (
        f"cut before each of {commands} commands and {times} times by the clock; run again it"
        f" ended well, and left the same {len(uncut.splitlines())} files as one that was not cut"
    )


def _by_the_clock(machine: Machine) -> int:
    """Cut after ever longer times until it comes through; Debian's packages are missing."""
    # a process namespace ends as one, with what apt starts in sessions of its own
    said = machine.prepare(
        f"{QUICK}; s=1 cuts=-1 code=137; while [ $code = 137 ]; do code=0; timeout -s KILL $s"
        f" unshare --pid --fork --kill-child --mount-proc ./install.sh -- {SETUP} >/srv/said 2>&1"
        " || code=$?; cuts=$((cuts + 1)) s=$((s + s / 2 + 1)); done;"
        " [ $code = 0 ] || { cat /srv/said; exit $code; }; echo $cuts"
    )
    return int(said.splitlines()[-1])


def _before_each_command(machine: Machine) -> int:
    """Cut before each command once, starting from what the cut before left."""
    machine.prepare(
        f"{QUICK}; rm -f {SEEN}; code=137; while [ $code = 137 ]; do code=0; {hooked('kill')}"
        f" setsid --wait bash ./install.sh -- {SETUP} >/srv/said 2>&1 || code=$?; done;"
        " [ $code = 0 ] || { cat /srv/said; exit $code; }"
    )
    count = int(machine.prepare(f"wc -l <{SEEN}"))
    if count < CUTS_MIN:
        raise StepError(f"only {count} commands were seen")
    return count


def hooked(how: str, look: str = "") -> str:
    """Return the variables that let bash cut a script's power before its commands."""
    return f"BASH_ENV=/srv/{HOOK.name} CUT_SEEN={SEEN} CUT_HOW={how} CUT_LOOK='{look}'"
