"""`floorgate orders import` against a hub in a process of its own."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.demo.orders import make_csv


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[str]:
    """A reference hub that knows one box."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "hub", "--data", str(tmp_path / "hub")),
        *("--port", "0", "--box", "W1-A=token"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = (await process.stdout.readline()).decode()
    yield ready.split()[-1]
    process.terminate()
    await process.communicate()


async def import_file(path: Path, hub: str, *options: str) -> tuple[int, str, str]:
    """Return exit code, output and errors of the verb."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "orders", "import", str(path), "--hub", hub, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), said.decode()


async def orders_at(hub: str) -> list[dict[str, Any]]:
    """Return the hub's orders."""
    async with aiohttp.ClientSession() as http, http.get(f"{hub}/api/v1/orders") as response:
        found: list[dict[str, Any]] = (await response.json())["orders"]
        return found


async def test_good_file_reaches_the_hub_once(tmp_path: Path, hub: str) -> None:
    """Orders and returns of a file are told to the hub; the same file again adds none (FLOW-1)."""
    path = tmp_path / "morning.csv"
    path.write_bytes(make_csv(seed=3, invoices=25, articles=40))

    code, out, _ = await import_file(path, hub, "--json")
    again_code, again, _ = await import_file(path, hub, "--json")

    first, second = json.loads(out), json.loads(again)
    assert (code, again_code) == (0, 0)
    assert (first["orders"], first["new"], first["returns"]) == (23, 23, 2)
    assert (second["orders"], second["new"]) == (23, 0)
    assert len(await orders_at(hub)) == 23


async def test_bad_lines_are_named_with_advice(tmp_path: Path, hub: str) -> None:
    """A line that cannot be used is told with number, reason and advice; the rest is taken."""
    path = tmp_path / "morning.csv"
    raw = make_csv(seed=3, invoices=5)
    path.write_bytes(raw + b"700001,22,TEA TIN,-3,12/1/10 9:00,1.5,1,France\r\n")

    code, out, _ = await import_file(path, hub)

    assert code == 1
    assert "negative_quantity (got: -3)" in out
    assert "只有退单（C 开头）可以是负数。" in out
    assert "Only a return" in out
    assert len(await orders_at(hub)) == 5


async def test_hub_that_is_no_hub_is_told(tmp_path: Path) -> None:
    """An address that is none is named, and nothing is sent."""
    path = tmp_path / "morning.csv"
    path.write_bytes(make_csv(seed=3, invoices=5))

    code, _, said = await import_file(path, "nowhere")

    assert code == 1
    assert "nowhere" in said
    assert "http://host:port" in said
    assert "nowhere 不是网址" in said
