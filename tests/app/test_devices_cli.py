"""`floorgate devices` on a running box: from an address to a label that was scanned back."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec

from drivers.api import fake_printer
from tests.rig import config, running

SECONDS_MAX = 60


async def devices(folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """Run a verb with `--json`; return exit code, what it printed, its standard error."""
    words = ("-m", "edge", "devices", *words, "--data", str(folder), "--json")
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=-1, stderr=-1)
    out, error = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    return process.returncode or 0, msgspec.json.decode(out or b"{}"), error.decode()


async def test_a_printer_is_added_tested_bound_and_forgotten(tmp_path: Path) -> None:
    """Each verb answers by its exit code; what nobody may do is refused with its reason (DEV-2)."""
    printer = fake_printer("zpl")
    await printer.start()
    async with running(config(tmp_path)):
        code, added, _ = await devices(tmp_path, "add", printer.url, "--name", "门口")
        device = added["facts"]["device"]
        assert (code, (await devices(tmp_path, "bind", device, "S1"))[0]) == (0, 0)
        assert (await devices(tmp_path, "bind", device, "S9"))[1]["code"] == "unknown_station"
        test = (await devices(tmp_path, "test", device))[1]["facts"]["test"]
        proved = await devices(tmp_path, "prove", f"@D:{device}:{test}")
        listed = (await devices(tmp_path, "list"))[1]["devices"]
        shown = [(each["name"], each["stations"], each["test"]["state"]) for each in listed]
        assert (proved[0], shown) == (0, [("门口", ["S1"], "proved")])
        wrong = await devices(tmp_path, "add", "gopher://x", "--name", "x")
        assert (wrong[0], wrong[1]["code"]) == (1, "device_url")
        assert (await devices(tmp_path, "adopt", device))[1]["code"] == "device_adopted"
        assert (await devices(tmp_path, "forget", device))[0] == 0
    assert (await devices(tmp_path, "list"))[0] == 2
    await printer.stop()
