"""The commands of docs/OPERATIONS.md, as a person types them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "OPERATIONS.md").read_text("utf-8")
CHINESE, ENGLISH = PAGE.split('<a id="english"></a>')
OWN_STEP: Final = (
    "install.sh", "tar ", "cd ", " restore ", " reinit ", " spare ", "-spare", "nfs-", "exportfs",
)  # fmt: skip
"""Words of commands that a box's life has steps of their own for, or needs a second machine for."""
NOT_HERE: Final = ("set-ntp", " adopt ")
"""What a machine in a folder cannot do: its clock is the host's, and nothing is on its network."""


def typed(text: str) -> list[str]:
    """Return the lines of the blocks of commands."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()


def looks(**named: str) -> Iterator[str]:
    """Yield what is typed to look after a well box, as root without sudo.

    `named` stands in the place of what the page leaves to the reader, such as `ID`.
    """
    for line in filter(None, typed(ENGLISH)):
        if not any(word in line for word in (*OWN_STEP, *NOT_HERE)):
            command = line.replace("sudo -u floorgate ", "runuser -u floorgate -- ")
            for name, value in named.items():
                command = re.sub(rf"\b{name}\b", value, command)
            yield command.removeprefix("sudo ")
