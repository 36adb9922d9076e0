"""A box's folder as a box leaves it, without a box: quick to make, and to break."""

import hashlib
import inspect
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

from edge.store import durable
from edge.store.sqlite import SqliteStore
from tests.store.kit import BOX, BOX_KEY, Floor

GROUPS = 25
DURABLE = tuple(name for name, found in vars(durable).items() if inspect.isfunction(found))
"""Each step that touches the disk for good; one that is added there is cut, and fails, too."""
GONE, ENDED = "SO-GONE", "SO-ENDED"
"""Orders that were cancelled: the documents of the first left the box, and a word stayed."""
PHOTO = b"\xff\xd8\xff" + b"photo" * 50


class House:
    """A data folder, a configuration, a place for backups."""

    def __init__(self, root: Path, box: str = BOX) -> None:
        self.root = root
        self.data, self.to = root / "data", root / "backups"
        self.config = root / "floorgate.toml"
        root.mkdir(exist_ok=True)
        self.config.write_text(
            f'data = "{self.data}"\n[box]\nid = "{box}"\nlanguage = "en"\n'
            '[http]\nhost = "127.0.0.1"\nport = 0\nopen_devices = true\ntls = false\n'
        )

    def live(self, groups: int = GROUPS) -> "House":
        """Let people work for so many groups of commands, and end the box cleanly."""
        (self.data / "keys").mkdir(parents=True, exist_ok=True)
        (self.data / "keys" / "box.key").write_bytes(BOX_KEY)
        photo = self.data / "blobs" / "ab" / "cd" / hashlib.sha256(PHOTO).hexdigest()
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(PHOTO)
        store = SqliteStore(self.data / "floor.db")
        floor = Floor(store).found(GONE, ENDED)
        for _ in zip(range(groups), floor.morning(Random(3)), strict=False):
            pass
        assert floor.let_go(GONE) == 1
        store.close()
        return self

    def run(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """Run a verb with `--json`; return exit code, what it said, and its errors."""
        done = subprocess.run(
            [sys.executable, "-m", "edge", *arguments, "--config", str(self.config), "--json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = json.loads(done.stdout) if done.stdout.strip() else {}
        return done.returncode, said, done.stderr

    def story(self, order: str) -> list[dict[str, Any]]:
        """Return what `floorgate journal show` tells of an order."""
        done = subprocess.run(
            [sys.executable, "-m", "edge", "journal", "show", "--order", order, "--json",
             "--config", str(self.config)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines()]

    @contextmanager
    def floor(self) -> Iterator[Floor]:
        """Give a floor on the box's database, while the box does not run."""
        with closing(SqliteStore(self.data / "floor.db")) as store:
            yield Floor(store, seed=9)

    def docs(self) -> list[tuple[Any, ...]]:
        """Return all documents but the box's own."""
        store = SqliteStore(self.data / "floor.db")
        rows = store.connection.execute("SELECT * FROM doc WHERE kind <> 'box' ORDER BY kind, id")
        found = rows.fetchall()
        store.close()
        return found


class PowerCut(BaseException):
    """The power is gone: nothing that would tidy up runs but `finally`."""


def cut_at(nth: int, monkeypatch: Any, *owners: Any) -> Callable[[], int]:
    """Let the `nth` durable step raise `PowerCut`; return how many there were."""
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count >= nth:
                raise PowerCut
            return real(*args, **more)

        return step

    for owner in owners:
        for name in DURABLE:
            monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    return lambda: count


def each_cut(
    folder: Path, monkeypatch: Any, attempt: Callable[[], bool], *, stride: int = 1
) -> Iterator[int]:
    """Attempt something on a folder as it is now, the power cut at step after step of it.

    Yields the step after each cut, and last after the attempt that came through.
    """
    pristine = folder.with_name("pristine")
    shutil.copytree(folder, pristine)
    nth, is_done = 1, False
    while not is_done:
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        with monkeypatch.context() as patched:
            cut_at(nth, patched, durable)
            with suppress(PowerCut):
                is_done = attempt()
        yield nth
        nth += stride
    shutil.rmtree(pristine)
