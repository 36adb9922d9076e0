"""A box on a disk whose flush takes 8 ms: what an SSD without power-loss protection needs."""

import sys
import threading
from pathlib import Path
from typing import Final

import uvloop

from edge import logs
from edge.bootstrap import serve_box
from edge.config import load_config
from edge.store.sqlite import SqliteStore

FLUSH_S: Final = 0.008

_never = threading.Event()


class SlowStore(SqliteStore):
    """A store whose commit takes `FLUSH_S` more."""

    def commit(self) -> None:
        """Flush, slowly."""
        _never.wait(FLUSH_S)
        super().commit()


def _ready(url: str) -> None:
    print(f"serving {url}", flush=True)


if __name__ == "__main__":
    logs.start()
    uvloop.run(serve_box(load_config(Path(sys.argv[-1])), _ready, open_store=SlowStore))
