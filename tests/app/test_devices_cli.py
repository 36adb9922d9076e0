"""`floorgate devices` on a running box: from an address to a label that was scanned back."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers.api import fake_printer
from edge.cli.words import LANGUAGES, page_word, refusal_lines
from edge.domain.refusals import FAULTS
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
        assert (await devices(tmp_path, "print", device, "@S:S1"))[1]["facts"]["device"] == device
        wrong = await devices(tmp_path, "add", "gopher://x", "--name", "x")
        assert (wrong[0], wrong[1]["code"]) == (1, "device_url")
        assert (await devices(tmp_path, "adopt", device))[1]["code"] == "device_adopted"
        assert (await devices(tmp_path, "forget", device))[0] == 0
    assert (await devices(tmp_path, "list"))[0] == 2
    await printer.stop()


def test_states_and_kinds_are_called_as_on_the_page() -> None:
    """A person at a shell reads the page's word; a value without one stands for itself."""
    assert page_word("device_state", "adopted", "zh") == "使用中"
    assert page_word("device_kind", "printer", "zh") == "打印机"
    assert page_word("device_kind", "other", "zh") == "other"


def test_a_refusal_is_said_in_words_with_what_to_do() -> None:
    """A person at a shell reads what the page says, and the facts that it leaves out."""
    assert refusal_lines("unknown_device", {"device": "d9"}, "en") == [
        "No device d9", "Read the list of devices again",
    ]  # fmt: skip
    said = refusal_lines("device_url", {"problem": "no lang", "advice": ["a", 1]}, "en")
    assert (said[0], said[-1]) == ("This is no device address: no lang", "advice: a, 1")
    assert refusal_lines("unlock_code_wrong", {"left": 1}, "en")[0] == "Wrong code; 1 try left"
    assert refusal_lines("nobody_knows", {"n": None}, "zh") == ["nobody_knows", "n: —"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(FAULTS))
def test_every_refusal_has_words_at_a_shell(code: str, language: str) -> None:
    """No code is without a text, and no brace is left in one (OPS-3)."""
    text = " ".join(refusal_lines(code, {}, language))
    assert (text == code, "{" in text) == (False, False)
