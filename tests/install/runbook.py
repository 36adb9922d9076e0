"""The commands of docs/OPERATIONS.md, as a person types them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "OPERATIONS.md").read_text("utf-8")
CHINESE, ENGLISH = PAGE.split('<a id="english"></a>')
SPARE, LOST_KEY = "### A spare", "### The box's key is lost"
OWN_STEP: Final = (
    "install.sh", "tar ", "cd ", " restore ", " reinit ", " spare ", "-spare", "box.key", "new-key",
    "hub-token",
)  # fmt: skip
"""Words of commands that a box's life has steps of their own for."""
NOT_HERE: Final = (
    "set-ntp", "nfs", "exportfs", "/etc/exports", "/etc/fstab", "mount ", "site.pem", "/media/",
)  # fmt: skip
"""What a machine in a folder has not: clock, mounts and disks of its own, a site's authority."""
EDITOR: Final = "nano "
BY_HAND: Final = "sed -i 's/^version = 1$/version = 2/' "
"""What a person does in the editor with a ruleset, at the least."""


def typed(text: str) -> list[str]:
    """Return the lines of the blocks of commands."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()


def looks(**named: str) -> Iterator[str]:
    """Yield what is typed to look after a well box, as root without sudo.

    `named` stands in the place of what the page leaves to the reader, such as `ID`.
    """
    for line in filter(None, typed(ENGLISH)):
        if not any(word in line for word in (*OWN_STEP, *NOT_HERE)):
            command = as_root(line).replace(EDITOR, BY_HAND)
            for name, value in named.items():
                command = re.sub(rf"\b{name}\b", value, command)
            yield command


def spare() -> Iterator[str]:
    """Yield what is typed to have a spare and to take over, as root without sudo."""
    section = _section(SPARE, "\n## ")
    for line in filter(None, typed(section)):
        if not any(word in line for word in NOT_HERE):
            yield as_root(line)


def lost_key() -> tuple[list[str], list[str]]:
    """Return what puts a lost key back, and what goes on without one, as root without sudo."""
    back, _, new = _section(LOST_KEY, "\n### ").partition("no copy is left")
    return [as_root(line) for line in typed(back)], [as_root(line) for line in typed(new)]


def _section(title: str, end: str) -> str:
    return ENGLISH.partition(title)[2].partition(end)[0]


def as_root(line: str) -> str:
    """Return a command as root types it."""
    plain = line.replace("sudo -u floorgate ", "runuser -u floorgate -- ")
    return plain.replace("| sudo ", "| ").removeprefix("sudo ")
