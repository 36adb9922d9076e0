"""A hub that is away or says no is heard: in log, `/health` and doctor (OPS-3, SEC-4)."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
from structlog.testing import capture_logs

from edge.bootstrap import BoxProcess
from edge.config import load_config
from edge.doctor.checks.hub import REFUSED
from sync.api import LinkState, run_hub
from tests.http.test_enrol_page import free_port
from tests.ops.house import House
from tests.ops.test_reinit import TOKEN, hub_at, link
from tests.ops.test_restored_hub import until
from tests.store.kit import BOX


def state(box: BoxProcess) -> LinkState:
    """Return how a box's link stands."""
    assert box.link is not None
    return box.link.state


def told(logs: list[Any]) -> list[tuple[str, str]]:
    """Return what was logged of the link: level, and fault."""
    return [
        (each["log_level"], each.get("fault", ""))
        for each in logs
        if each["event"].startswith("the hub link is")
    ]


async def test_what_the_hub_says_no_to_is_logged_and_shown(tmp_path: Path) -> None:
    """The code stands where the run-book looks for it, once for many tries."""
    house = House(tmp_path / "house").live(1)
    with capture_logs() as logs:
        async with hub_at(tmp_path / "hub") as url:
            link(house, url, "another-token")
            box = BoxProcess(load_config(house.config))
            await box.open()
            await until(lambda: bool(state(box).last_error))
            assert box.link is not None
            await box.link.try_now()
            async with aiohttp.ClientSession() as http, http.get(f"{box.url}/health") as answer:
                health = await answer.json()
            await box.close()
    assert (health["hub"], health["hub_fault"]) == ("down", "bad_token")
    assert health["hub_fault"] in REFUSED
    assert told(logs) == [("warning", "bad_token")]


async def test_a_hub_that_comes_back_is_logged(tmp_path: Path) -> None:
    """First that it is away, then that all is well, with the seconds between."""
    house, port = House(tmp_path / "house").live(1), free_port()
    link(house, f"ws://127.0.0.1:{port}/link", TOKEN)
    with capture_logs() as logs:
        box = BoxProcess(load_config(house.config))
        await box.open()
        await until(lambda: bool(state(box).last_error))
        hub = asyncio.create_task(run_hub(tmp_path / "hub", "127.0.0.1", port, {BOX: TOKEN}))
        while not state(box).up:
            assert box.link is not None
            await box.link.try_now()
        await box.close()
        hub.cancel()
        await asyncio.wait((hub,))
    assert told(logs)[:2] == [("warning", "link_lost"), ("info", "")]
    assert [each["seconds"] >= 0 for each in logs if "well again" in each["event"]] == [True]
