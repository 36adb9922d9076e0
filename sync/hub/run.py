"""Running the reference hub: its files, its sockets, its clean end."""

import asyncio
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from sync import keys
from sync.durable import sync_folder
from sync.hub.app import make_app
from sync.hub.clock import SystemClock
from sync.hub.core import Hub, ThreadRunner
from sync.hub.store.sqlite import SqliteHubStore

KEY_FILE: Final = "hub.key"
STORE_FILE: Final = "hub.sqlite3"
SHUTDOWN_S: Final = 5.0


async def run_hub(
    data: Path,
    host: str,
    port: int,
    boxes: Mapping[str, str],
    *,
    warehouses: Mapping[str, str] | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the hub at `host`:`port` from the folder `data` until cancelled, then clean up.

    `boxes` maps box names to enrolment tokens, `warehouses` box names to the warehouse served.
    `on_ready` is called with the URL once the door is open (port 0 picks a free one). Raises
    `OSError` when the port or the folder cannot be used.
    """
    private_key, store = _open(data)
    run = ThreadRunner()
    try:
        hub = Hub(
            store=store,
            private_key=private_key,
            clock=SystemClock(),
            random=random.SystemRandom(),
            run=run,
        )
        for box, token in boxes.items():
            await hub.enrol(box, token, warehouse=(warehouses or {}).get(box, ""))
        await _serve(hub, host, port, on_ready)
    finally:
        run.close()
        store.close()


async def _serve(hub: Hub, host: str, port: int, on_ready: Callable[[str], None] | None) -> None:
    runner = web.AppRunner(make_app(hub), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        if on_ready is not None:
            address = runner.addresses[0]
            on_ready(f"http://{address[0]}:{address[1]}")
        await asyncio.Event().wait()
    finally:
        hub.end_links()
        await runner.cleanup()


def _open(data: Path) -> tuple[bytes, SqliteHubStore]:
    data.mkdir(parents=True, exist_ok=True)
    return _load_or_make_key(data / KEY_FILE), SqliteHubStore(data / STORE_FILE)


def _load_or_make_key(path: Path) -> bytes:
    """Return the hub's private key; made at first start, readable by its owner alone."""
    if not path.exists():
        made = path.with_suffix(".new")
        made.unlink(missing_ok=True)
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(keys.KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        made.rename(path)
        sync_folder(path.parent)  # boxes pin the key as soon as it is made
    key = path.read_bytes()
    if len(key) != keys.KEY_BYTES:
        raise OSError(f"{path} is not a hub key: {len(key)} bytes; restore it from a backup")
    return key
