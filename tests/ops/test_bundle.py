"""`floorgate bundle`: what is in the archive, and what never is."""

import asyncio
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from edge.bootstrap import BoxProcess
from edge.bundle import parts, write
from edge.config import Config
from edge.logs import HIDDEN
from tests.domain.site import PEOPLE
from tests.http.test_certificates import write_pair
from tests.rig import PIN, Rig, badge, config

MARKED = ("欧阳测试甲", "13912345678", "机密大道 77 号", "hub-token-4711", "user:sesame")


async def test_a_bundle_of_a_floor_full_of_people_names_nobody(rig: Rig, tmp_path: Path) -> None:
    """Customers, staff, badges, PINs, tokens and keys are in no part of it (OPS-3, SEC-4)."""
    name, phone, street, token, login = MARKED
    await rig.assign("1001", recipient={"name": name, "phone": phone, "address": street})
    picker = await rig.client("picker")
    await rig.pick(picker, "1001")
    config = _config(rig.box, token, login)
    made = await asyncio.to_thread(parts, config, tmp_path / "floorgate.toml")
    told = "".join(made.values())
    keys = [path.read_bytes().hex() for path in (rig.box.data / "keys").iterdir()]
    staff = [person for person in PEOPLE if f'"{person}"' in told]
    found = [each for each in (*MARKED, PIN, badge("picker"), picker.token, *keys) if each in told]
    assert (found, staff) == ([], [])


async def test_a_bundle_tells_how_the_box_is(rig: Rig, tmp_path: Path) -> None:
    """Versions, configuration, health, figures and the journal's head are in the archive."""
    await rig.assign("1001")
    made = await asyncio.to_thread(parts, _config(rig.box, "t", "u:p"), tmp_path / "floorgate.toml")
    journal = msgspec.json.decode(made["journal.json"])
    assert journal["head_seq"] == rig.box.writer.head.seq
    assert sum(journal["kinds"].values()) == journal["entries"]
    assert msgspec.json.decode(made["health.json"])["ok"]
    assert "floorgate_commit_seconds_count" in made["metrics.txt"]
    assert "aiohttp" in msgspec.json.decode(made["versions.json"])["libraries"]
    told = msgspec.json.decode(made["config.json"])
    assert (told["hub"]["token"], told["discovery"]["community"]) == (HIDDEN, HIDDEN)
    assert told["hub"]["url"] == "wss://[hidden]@hub.example/link"
    file = tmp_path / "bundle.tar.gz"
    await asyncio.to_thread(write, file, made)
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as archive:
        assert {Path(member.name).name for member in archive} == set(made)


async def test_a_bundle_asks_a_box_that_has_the_sites_certificate(tmp_path: Path) -> None:
    """It is not for the name localhost, and is known all the same (SEC-1, OPS-3)."""
    day = timedelta(days=1)
    now = datetime.now(UTC)
    pair = write_pair(tmp_path, "127.0.0.1", "box.lan", begins=now - day, ends=now + 90 * day)
    own, key = str(pair.certificate), str(pair.key)
    box = BoxProcess(config(tmp_path / "box", certificate=own, key=key))
    await box.open()
    try:
        asked = _config(box, "t", "u:p")
        made = await asyncio.to_thread(parts, asked, tmp_path / "floorgate.toml")
    finally:
        await box.close()
    assert msgspec.json.decode(made["health.json"])["ok"]


def test_an_archive_is_its_owners_alone_where_a_file_was_before(tmp_path: Path) -> None:
    """What stood there for all to read is not read by all now (OPS-3, SEC-4)."""
    file = tmp_path / "bundle.tar.gz"
    file.touch(mode=0o644)
    write(file, {"a.txt": "a"})
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_bundle_of_a_box_that_is_down_says_so(tmp_path: Path) -> None:
    """Without a journal and without a running box the other parts are there (OPS-3)."""
    made = parts(Config(data=str(tmp_path)), tmp_path / "floorgate.toml")
    assert made["journal.json"].startswith("not to be had: NoJournalError")
    assert made["health.json"].startswith("not to be had")
    assert "libraries" in made["versions.json"]


def _config(box: BoxProcess, token: str, login: str) -> Config:
    """Return the configuration of the running box as its file would say it."""
    port = int(box.url.rpartition(":")[2])
    replace, said = msgspec.structs.replace, box.config
    hub = replace(said.hub, url=f"wss://{login}@hub.example/link?token={token}", token=token)
    return replace(said, http=replace(said.http, port=port), hub=hub)
