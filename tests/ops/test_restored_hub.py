"""A restored box and its hub: the hub sees it, keeps what it had, and takes what comes (SYNC-5)."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from edge.bootstrap import BoxProcess
from edge.clock import SystemClock, SystemIds
from edge.config import BoxConfig, Config, HttpConfig, HubConfig
from edge.domain.commands import RulesetActivate
from edge.store.backup import make_backup
from edge.store.restore import begin_epoch, stage, switch
from sync.api import run_hub

UNTIL_S = 10.0


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(UNTIL_S):
        while not is_so():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.01)


async def synced(config: Config) -> BoxProcess:
    """Start a box and wait until its hub has all of its journal."""
    box = BoxProcess(config)
    await box.open()
    assert box.link is not None
    link = box.link
    await until(lambda: link.state.up and link.state.up_cursor == box.writer.head.seq)
    return box


async def test_the_hub_takes_a_restored_box_in_its_new_epoch(tmp_path: Path) -> None:
    """Rewound under its old numbers it is refused; in the next epoch it goes on at entry 1."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    hub = asyncio.create_task(
        run_hub(tmp_path / "hub", "127.0.0.1", 0, {"W1": "token"}, on_ready=ready.set_result)
    )
    url = (await ready).replace("http", "ws") + "/link"
    config = Config(
        data=str(tmp_path / "box"),
        box=BoxConfig(id="W1"),
        http=HttpConfig(host="127.0.0.1", port=0, tls=False, open_devices=True),
        hub=HubConfig(url=url, token="token"),  # noqa: S106 - of a hub in this test
    )
    (tmp_path / "floorgate.toml").write_text("")
    data = tmp_path / "box"
    box = await synced(config)
    await box.close()
    made = make_backup(
        data, tmp_path / "floorgate.toml", tmp_path / "b",
        name="floorgate-20260101T000000Z", now_us=1, version="1",
    )  # fmt: skip
    box = await synced(config)
    for _ in range(3):
        await box.floor.submit(RulesetActivate(b"x"), via="hub")
    assert box.link is not None
    link = box.link
    await until(lambda: link.state.up_cursor == box.writer.head.seq)
    await box.close()

    (stage(made.path, made.manifest, data) / "unused").touch()
    switch(data, "20260101T000000Z")  # as by hand, without a new epoch: the hub notices
    box = BoxProcess(config)
    await box.open()
    assert box.link is not None
    rewound = box.link
    await until(lambda: rewound.state.last_error == "epoch_behind")
    await box.close()

    head = begin_epoch(stage(made.path, made.manifest, data), "W1", 2, SystemClock(), SystemIds())
    switch(data, "20260101T000001Z")
    box = await synced(config)
    assert (box.writer.head.epoch, head.seq) == (2, 1)
    await box.close()
    hub.cancel()
