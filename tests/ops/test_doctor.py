"""The doctor names each illness with the right next command, and a well box as well (OPS-3)."""

import json
import pkgutil
import re
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import edge.doctor.checks
from drivers.api import fake_printer
from edge.app.findings import Finding, is_well
from edge.config import HubConfig, load_config
from edge.doctor import run
from edge.doctor.checks import clock, disk, hub, storage
from edge.doctor.patient import Patient, samples
from edge.http import tls
from edge.http.assets import page_root
from edge.store.backup import make_backup
from edge.store.sqlite import SqliteStore
from tests.ops.house import House
from tests.rig import Rig, config, running
from tests.store.kit import START_US

NOW_US = START_US + 60_000_000
HEALTH: dict[str, Any] = {"ok": True, "seq": 9, "hub": "up", "hub_lag": 0, "printers": []}
FIGURES = {"hub_skew_seconds": 0.1, "pdas_connected": 12.0}
GIB = 1024**3
DAY_US = 86_400_000_000


def test_every_check_has_its_name_on_the_page() -> None:
    """What ails the box is named in both languages, a new check too (OPS-3)."""
    checks = {module.name for module in pkgutil.iter_modules(edge.doctor.checks.__path__)}
    for lang in ("zh", "en"):
        known = json.loads((page_root() / "locales" / f"{lang}.json").read_bytes())
        assert {name for name in checks if f"doctor.{name}" not in known} == set()


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """A well box: it runs, its hub listens, it was backed up a minute ago."""
    house = House(tmp_path / "house").live(3)
    text = house.config.read_text().replace("tls = false", "tls = true")
    house.config.write_text(text + '[hub]\nurl = "wss://hub.example/link"\n')
    tls.keep(house.data / "tls", ("localhost",), NOW_US)
    name = "floorgate-20260101T000000Z"
    make_backup(house.data, house.config, house.to, name=name, now_us=NOW_US, version="1")
    # The machine that runs the tests has a disk, a flush and a memory of its own.
    monkeypatch.setattr(disk, "disk_usage", lambda _: SimpleNamespace(free=100 * GIB))
    monkeypatch.setattr(storage, "_file_system", lambda _: "ext4")
    monkeypatch.setattr(storage, "_flush_s", lambda _: 0.001)
    monkeypatch.setattr(clock, "is_ntp_synchronised", lambda: True)
    return Patient(
        config=load_config(house.config, {}),
        now_us=NOW_US,
        health=HEALTH,
        figures=FIGURES,
        backups=house.to,
        base=tmp_path / "opt",
    )


def _old_certificate(patient: Patient) -> None:
    folder = patient.data / "tls"
    shutil.rmtree(folder)
    tls.keep(folder, ("localhost",), NOW_US - 500 * DAY_US)


def _lose_an_entry(patient: Patient) -> None:
    with closing(SqliteStore(patient.data / "floor.db")) as store:
        store.connection.execute("DELETE FROM entry WHERE seq = 7")


def _leave_unconfirmed(patient: Patient) -> None:
    patient.base.mkdir()
    (patient.base / "unconfirmed").write_text("x")


def _damage_a_photo(patient: Patient) -> None:
    photo = next(each for each in (patient.data / "blobs").rglob("*") if each.is_file())
    photo.write_bytes(b"another")


def _lose_the_key(patient: Patient) -> None:
    (patient.data / "keys" / "box.key").unlink()


PRINTER = {"id": "p1", "name": "一号机", "ok": False, "fault": "paper"}
QUEUE = {'queue_depth{queue="print"}': 9.0, 'queue_depth_max{queue="print"}': 10.0}
CHANGES: dict[str, dict[str, Any]] = {
    "clock": {"now_us": START_US - 3_600_000_000},
    "hub": {
        "health": HEALTH | {"hub": "down", "hub_lag": 70_000},
        "figures": {"hub_lag_seconds": 9_000.0},
    },
    "printers": {"health": HEALTH | {"printers": [PRINTER]}},
    "service": {"health": None, "figures": {}},
    "backups": {"now_us": NOW_US + 3 * DAY_US},
    "queues": {"figures": FIGURES | QUEUE},
}
DEEDS: dict[str, Callable[[Patient], None]] = {
    "blobs": _damage_a_photo,
    "certificate": _old_certificate,
    "journal": _lose_an_entry,
    "keys": _lose_the_key,
    "upgrade": _leave_unconfirmed,
}
PATCHES: dict[str, tuple[Any, str, Any]] = {
    "disk": (disk, "disk_usage", lambda _: SimpleNamespace(free=1)),
    "storage": (storage, "_flush_s", lambda _: 0.2),
}


def ill(patient: Patient, monkeypatch: pytest.MonkeyPatch, way: str) -> Patient:
    """Return the patient with one illness."""
    if way in PATCHES:
        monkeypatch.setattr(*PATCHES[way])
    if way in DEEDS:
        DEEDS[way](patient)
    return msgspec.structs.replace(patient, **CHANGES.get(way, {}))


def wrong(findings: list[Finding]) -> list[Finding]:
    """Return what is wrong, but for what is missing on the machine of the tests."""
    machine = ("memory", "fonts", "units", "scanners", "libraries")
    return [each for each in findings if not is_well([each]) and each.check not in machine]


def test_a_well_box_is_well(patient: Patient) -> None:
    """Every check says something, and none that anything is wrong."""
    findings = run.examine(patient)
    assert wrong(findings) == []
    assert {each.check for each in findings} == set(run.CHECKS)


@pytest.mark.parametrize(
    ("way", "severity", "command"),
    [
        ("disk", "bad", "du -xh"),
        ("certificate", "bad", "systemctl restart floorgate"),
        ("clock", "bad", "timedatectl"),
        ("hub", "bad", "</dev/tcp/hub.example/443"),
        ("printers", "bad", "floorgate devices list"),
        ("journal", "bad", "floorgate restore"),
        ("keys", "bad", "cp -p /var/backups/floorgate/NAME/keys/box.key"),
        ("blobs", "bad", "cp -rnp /var/backups/floorgate"),
        ("service", "bad", "journalctl -u floorgate"),
        ("backups", "warn", "systemctl start floorgate-backup"),
        ("storage", "warn", "vmstat"),
        ("upgrade", "warn", "install.sh rollback"),
        ("queues", "warn", "floorgate doctor storage"),
    ],
)
def test_each_illness_is_named_with_the_next_command(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, way: str, severity: str, command: str
) -> None:
    """One thing is wrong: that check says so, in both languages, with what to do; REP-2."""
    found = wrong(run.examine(ill(patient, monkeypatch, way)))
    assert {(each.check, each.severity) for each in found} == {(way, severity)}
    for language in ("zh", "en"):
        assert getattr(found[0].found, language)
        assert getattr(found[0].why, language)
        assert command in getattr(found[0].next, language)
    assert re.search("[\u4e00-\u9fff]", found[0].why.zh)


@pytest.mark.parametrize("code", hub.REFUSED)
def test_what_the_hub_says_no_to_is_said(patient: Patient, code: str) -> None:
    """Not as a link that is down: the way on is another one (OPS-3, SEC-4)."""
    health = HEALTH | {"hub": "down", "hub_fault": code, "hub_lag": 7}
    linked = msgspec.structs.replace(patient.config, hub=HubConfig("ws://127.0.0.1:1/link"))
    (found,) = hub.check(msgspec.structs.replace(patient, health=health, config=linked))
    zh, en, do = hub.REFUSED[code]
    assert (found.severity, found.next.en) == (
        "bad",
        do.format(hub_key=patient.data / "keys" / "hub.pub"),
    )
    assert (found.found.zh, found.found.en) == (f"{zh}；7 条未上传", f"{en}; 7 entries wait")


def test_a_full_disk_of_the_backups_costs_no_ballast(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies on the box's own disk makes no room on another; the reason is another: OPS-2."""
    other = Path("/dev/shm")  # noqa: S108 - a disk of its own on every Linux
    (patient.data / "ballast").touch()
    monkeypatch.setattr(
        disk, "disk_usage", lambda path: SimpleNamespace(free=1 if path == other else 1 << 40)
    )
    (found,) = wrong(disk.check(msgspec.structs.replace(patient, backups=other)))
    assert (found.severity, found.why.en) == ("bad", disk.WHY_BACKUPS[1])
    assert "ballast" not in found.next.en


def test_what_is_to_be_typed_can_be_typed() -> None:
    """Next commands are for the one who may, and by what every Debian has (OPS-3)."""
    folder = Path(edge.doctor.checks.__path__[0])
    for path in folder.glob("*.py"):
        text = path.read_text("utf-8")
        assert re.findall(r"(?<!-u )(?<!-u floorgate )\bfloorgate [a-z]+", text) == [], path
        assert re.findall(r"(?<!sudo )\b(?:journalctl|dmesg|systemctl \w+)\b", text) == [], path
        assert re.findall(r"\b(?:curl|iostat|netstat|ifconfig)\b", text) == [], path


def test_a_check_that_breaks_is_a_finding(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other checks are heard all the same."""

    def broken(_: Patient) -> list[Finding]:
        raise RuntimeError("no such thing")

    monkeypatch.setitem(run.CHECKS, "memory", broken)
    found = [each for each in run.examine(patient) if each.check == "memory"]
    assert [each.severity for each in found] == ["warn"]
    assert "no such thing" in found[0].found.en


def test_the_command_line_examines_a_box_that_does_not_run(tmp_path: Path) -> None:
    """Exit code 1 and JSON; only the checks that were named; an unknown one is wrong usage."""
    house = House(tmp_path / "house").live(2)
    code, said, errors = house.run("doctor", "journal", "service")
    assert (code, said["ok"]) == (1, False), errors
    assert [(each["check"], each["severity"]) for each in said["findings"]] == [
        ("journal", "good"),
        ("service", "bad"),
    ]
    assert house.run("doctor", "journal")[0] == 0
    assert house.run("doctor", "nonsense")[0] == 2


async def test_supervisors_see_the_findings_as_cards(rig: Rig) -> None:
    """The running box examines itself for those who may mend it; a picker may not ask (SEC-3)."""
    supervisor = await rig.client("supervisor")
    cards = (await supervisor.get("/api/v1/doctor"))["findings"]
    assert {each["check"] for each in cards} == set(run.CHECKS)
    assert ("service", "good") in {(each["check"], each["severity"]) for each in cards}
    picker = await rig.client("picker")
    status, answer = await picker.ask("GET", "/api/v1/doctor")
    assert (status, answer["code"]) == (403, "role_missing")


async def test_the_box_mends_what_it_safely_can(rig: Rig) -> None:
    """A leaf near its end is a card with a fix: asked for, it is renewed (OPS-3, SEC-3)."""
    supervisor = await rig.client("supervisor")
    folder = rig.box.data / "tls"
    shutil.rmtree(folder)
    tls.keep(folder, ("localhost",), time.time_ns() // 1_000 - 380 * DAY_US)

    def certificate(answer: dict[str, Any]) -> tuple[str, str]:
        card = next(each for each in answer["findings"] if each["check"] == "certificate")
        return card["severity"], card["fix"]

    assert certificate(await supervisor.get("/api/v1/doctor")) == ("warn", "certificate")
    status, answer = await supervisor.ask("POST", "/api/v1/doctor/fix", {"fix": "certificate"})
    assert (status, certificate(answer)) == (200, ("good", ""))
    status, answer = await supervisor.ask("POST", "/api/v1/doctor/fix", {"fix": "everything"})
    assert (status, answer["code"]) == (400, "malformed")
    picker = await rig.client("picker")
    status, answer = await picker.ask("POST", "/api/v1/doctor/fix", {"fix": "certificate"})
    assert (status, answer["code"]) == (403, "role_missing")


async def test_a_printer_is_asked_again_at_once(tmp_path: Path) -> None:
    """Paper was put in: whoever does not want to wait presses the button (OPS-3, PRN-5)."""
    printer = fake_printer("tspl", "127.0.0.1", 0)
    await printer.start()
    printer.paper_out = True
    url = f"tcp://127.0.0.1:{printer.port}?lang=tspl"
    async with running(config(tmp_path / "box", {"p1": url})) as rig:
        await rig.furnish()
        supervisor = await rig.client("supervisor")

        async def fixed() -> list[tuple[str, str]]:
            fix = {"fix": "printers"}
            _, answer = await supervisor.ask("POST", "/api/v1/doctor/fix", fix)
            cards = [each for each in answer["findings"] if each["check"] == "printers"]
            return [(each["severity"], each["fix"]) for each in cards]

        assert await fixed() == [("bad", "printers")]
        printer.paper_out = False
        assert await fixed() == [("good", "")]
    await printer.stop()


LINES = r"(floorgate_[a-z]{1,9} [0-9.e+-]{1,9}\n){1,9}"


@given(st.text(max_size=99) | st.from_regex(LINES, fullmatch=True))
def test_no_figures_break_the_reader(text: str) -> None:
    """Whatever stands at /metrics: figures, or nothing; never a fault."""
    assert all(name and isinstance(value, float) for name, value in samples(text).items())


def test_figures_are_read_by_name_and_label() -> None:
    """Comments are no figures; labels are part of the name."""
    text = '# HELP floorgate_ready 1\nfloorgate_ready 1\nfloorgate_q{a="b"} 2.5e+3\n'
    assert samples(text) == {"ready": 1.0, 'q{a="b"}': 2_500.0}
