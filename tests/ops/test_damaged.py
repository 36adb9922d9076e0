"""A database that is damaged, or out of reach: each command says so, and what to do (OPS-3)."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.ops.house import House

PAGE_BYTES = 4096
VERBS = (
    "archive",
    "archive --check",
    "backup --to {root}/out",
    "new-epoch",
    "new-epoch --new-key",
    "reinit --from-hub",
    "journal verify",
    "journal show",
    "journal show --order SO-00001",
    "journal interceptions",
    "journal export -o {root}/out",
    "replay --check",
    "rules show",
    "rules sandbox {rules}",
    "rules diff {rules}",
    "spare status",
    "erase --show",
    "bundle --out {root}/out.tar.gz",
    "doctor journal",
    "serve",
)
AS_NOBODY = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""What makes root ask for leave, as others must."""
RULES = Path(__file__).resolve().parents[2] / "edge" / "domain" / "default_ruleset.toml"
IN_CHINESE = ("archive", "rules show", "doctor journal")
WELL = ("archive --check", "bundle", "spare status", "erase", "reinit")
"""What does not read those pages: it may end well, or say something else."""


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house whose database has lost everything but its first page."""
    house = House(tmp_path_factory.mktemp("damaged")).live(3)
    database = house.data / "floor.db"
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(PAGE_BYTES)
        file.write(b"\xff" * (size - PAGE_BYTES))
    return house


@pytest.mark.parametrize(
    ("verb", "language"),
    [*((verb, "en") for verb in VERBS), *((verb, "zh") for verb in IN_CHINESE)],
)
def test_a_damaged_database_is_said(
    damaged: House, tmp_path: Path, verb: str, language: str
) -> None:
    """No command ends in a traceback: it names the folder, the damage, and what to do."""
    house = House(tmp_path / "house")
    shutil.copytree(damaged.data, house.data)
    house.config.write_text(house.config.read_text().replace('"en"', f'"{language}"'))
    words = verb.format(root=tmp_path, rules=RULES).split()
    done = subprocess.run(
        [sys.executable, "-m", "edge", *words, "--config", str(house.config)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    if not verb.startswith(WELL):
        assert done.returncode == 1, said
        assert str(house.data) in said or verb.startswith("doctor")
        assert ("malformed" if language == "en" else "已损坏") in said


@pytest.mark.parametrize(
    "verb",
    [
        "journal verify",
        "replay --check",
        "rules show",
        "archive",
        "erase",
        "new-epoch",
        "doctor",
        "health",
        "devices list",
        "devices label --stickers -o {out}",
    ],
)
def test_who_may_not_read_the_box_is_told_as_whom_to_run_it(tmp_path: Path, verb: str) -> None:
    """The folder is the service's own: a command typed without `sudo -u floorgate` says so."""
    house = House(tmp_path).live(1)
    words = verb.format(out=tmp_path / "box.pdf").split()
    house.data.chmod(0)
    try:
        done = subprocess.run(
            [*AS_NOBODY, sys.executable, "-m", "edge", *words, "--config", house.config],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        house.data.chmod(0o700)
    assert "Traceback" not in done.stderr
    assert done.returncode in (1, 2)
    assert "sudo -u floorgate floorgate …" in done.stderr
