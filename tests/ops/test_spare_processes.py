"""A box and its spare as processes that are killed: nothing before the gap is lost (OPS-4)."""

import asyncio
import json
import os
import shutil
import signal
import sys
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from edge.bootstrap import BoxProcess, NotTheBoxError
from edge.config import load_config
from edge.store.archive import Archive, entries
from edge.store.following import SPARE
from edge.store.journal import Journal
from edge.store.replay import check_replay
from edge.store.share import Share
from sync.api import decode_entry
from tests.ops.house import House
from tests.ops.test_reinit import hub_at, link, synced
from tests.ops.test_restored_hub import until
from tests.store.kit import BOX, PEOPLE
from tests.store.test_kill import Answers, Box, Picker, prepare

SOAK = bool(os.environ.get("FLOORGATE_SOAK"))
KILLS = 40 if SOAK else 3
START_S = 60.0


class Spare:
    """`floorgate spare follow` as a process, killed and started again."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "edge", "spare", "follow"),
            *("--config", str(self._house.config)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        """End it with SIGKILL."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    def seq(self) -> int:
        """Return the newest entry that it has; 0 before its base."""
        folder = self._house.data / SPARE
        if not (folder / "floor.db").exists():
            return 0
        with closing(Journal(folder)) as journal:
            return journal.last_seq()

    async def reach(self, seq: int) -> None:
        """Wait until it has an entry."""
        async with asyncio.timeout(START_S):
            while self.seq() < seq:  # noqa: ASYNC110 - another process has no event here
                await asyncio.sleep(0.05)


async def run(house: House, *words: str) -> tuple[int, dict[str, Any]]:
    """Run a verb beside what is under way."""
    code, said, errors = await asyncio.to_thread(house.run, *words)
    assert said, errors
    return code, said


@pytest.mark.timeout(3_600 if SOAK else 240)
async def test_a_killed_box_goes_on_at_its_spare(tmp_path: Path) -> None:
    """People pick; the spare is killed again and again, then the box; the spare takes over.

    Every command that was answered before the gap is there, once; the old box does not start.
    """
    random = Random(4)
    main, spare_house = House(tmp_path), House(tmp_path / "spare")
    tasks = prepare(tmp_path)
    share = Share(tmp_path / "share")
    share.prepare(BOX, "1")
    box = Box(tmp_path)
    for house, key in ((main, "feeds"), (spare_house, "follows")):
        with house.config.open("a") as file:
            file.write(f'[spare]\n{key} = "{share}"\n')
    spare_house.data.mkdir()
    spare, answers = Spare(spare_house), Answers()
    await box.start()
    await spare.start()
    async with aiohttp.ClientSession() as http:
        pickers = [
            asyncio.create_task(Picker(box, http, answers, no).work(tasks[no::PEOPLE]))
            for no in range(PEOPLE)
        ]
        for _ in range(KILLS):
            await answers.reach(len(answers.given) + random.randint(10, 60))
            await spare.kill()
            await spare.start()
        before = set(answers.given)
        with closing(Journal(tmp_path)) as journal:
            reached = journal.last_seq()
        await spare.reach(reached)
        async with http.get(f"{box.url}/health") as answer:
            health = await answer.json()
        assert health["spare"]["share"] == str(share)
        await box.kill()
        for picker in pickers:
            picker.cancel()
        await asyncio.gather(*pickers, return_exceptions=True)
    await spare.kill()
    code, said = await run(spare_house, "spare", "take-over", "--force")
    assert (code, said["epoch"], said["fenced"]) == (0, 2, True)
    assert said["seq"] >= reached
    with closing(Journal(spare_house.data)) as journal:
        told = journal.archive.segments()
        assert check_replay(journal).ok
    assert len(told) == 1
    assert before <= await asyncio.to_thread(_archived_causes, spare_house.data)
    refused = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "serve", "--config", str(main.config)),
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    _, errors = await refused.communicate()
    assert (refused.returncode, "现在另一台机器是这个边缘盒".encode() in errors) == (4, True)


def _archived_causes(data: Path) -> set[str]:
    return {
        decode_entry(raw).cause
        for path in Archive(data / "archive").segments()
        for raw in entries(path)
    }


async def test_the_hub_fences_an_old_box(tmp_path: Path) -> None:
    """No share is left: the old box hears of the later epoch in the hub's signed welcome, ends."""
    house = House(tmp_path / "house").live(3)
    async with hub_at(tmp_path / "hub") as url:
        link(house, url, "token-of-this-test")
        await synced(house)
        other = House(tmp_path / "other")
        other.config.write_text(house.config.read_text().replace(str(house.data), str(other.data)))
        await asyncio.to_thread(_copied, house.data, other.data)
        code, _ = await run(other, "new-epoch")
        assert code == 0
        await synced(other)
        box = BoxProcess(load_config(house.config))
        await box.open()
        await until(box.failed.done)
        assert "epoch 2" in str(box.failed.result())
        await box.close()
        with pytest.raises(NotTheBoxError, match="the hub says so"):
            await BoxProcess(load_config(house.config)).open()
        fence = json.loads((house.data / "fenced.json").read_bytes())
        assert fence["epoch"] == 2
        code, said = await run(house, "new-epoch")
        assert (code, said["epoch"]) == (0, 3)
        await synced(house)


def _copied(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.sock", "lock"))
