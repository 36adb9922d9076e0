"""The parts of a diagnostics bundle. Each is text, and none holds a person's data or a secret.

What may be in a bundle is chosen, not filtered: no part is a copy of a file. Lists of names, of
orders and of the journal's contents are left out; the journal is told by counts and heads.
"""

import contextlib
import io
import json
import platform
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.config import Config
from edge.doctor.patient import answer_of
from edge.logs import HIDDEN, PHONE
from edge.store.journal import Journal, NoJournalError
from edge.store.sqlite import NewerSchemaError
from sync.api import decode_entry

LOG_LINES_MAX: Final = 2_000
PART_BYTES_MAX: Final = 4 * 1024 * 1024
RUN_S_MAX: Final = 60.0
ENTRIES_COUNTED_MAX: Final = 20_000
NEWEST: Final = "SELECT raw FROM entry ORDER BY seq DESC LIMIT ?"
KINDS: Final = "SELECT kind, count(*) FROM doc GROUP BY kind ORDER BY kind"

_TROUBLE: Final = (
    OSError, ValueError, sqlite3.Error, subprocess.SubprocessError,
    NoJournalError, NewerSchemaError,
)  # fmt: skip

Parts = dict[str, str]


def parts(config: Config, config_file: Path) -> Parts:
    """Return the parts by file name; one that cannot be had says why."""
    makers: dict[str, Callable[[], str]] = {
        "versions.json": _versions,
        "config.json": lambda: _config(config),
        "health.json": lambda: _ask(config, "/health"),
        "ready.json": lambda: _ask(config, "/health/ready"),
        "metrics.txt": lambda: _ask(config, "/metrics"),
        "journal.json": lambda: _journal(Path(config.data)),
        "disk.json": lambda: _disk(Path(config.data)),
        "log.txt": _log,
        "doctor.json": lambda: _doctor(config_file),
    }
    return {name: _tried(make) for name, make in makers.items()}


def write(path: Path, made: Parts) -> None:
    """Write the archive, readable by its owner alone."""
    path.touch()
    path.chmod(0o600)  # also where it was there before
    with tarfile.open(path, "w:gz") as archive:
        for name, text in made.items():
            raw = text.encode()[-PART_BYTES_MAX:]
            member = tarfile.TarInfo(f"floorgate-bundle/{name}")
            member.size, member.mode = len(raw), 0o600
            archive.addfile(member, io.BytesIO(raw))


def _tried(make: Callable[[], str]) -> str:
    try:
        return make()
    except _TROUBLE as error:
        return f"not to be had: {type(error).__name__}: {error}\n"


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _versions() -> str:
    libraries = {each.name: each.version for each in distributions()}
    return _json(
        {
            "floorgate": version("floorgate"),
            "python": sys.version,
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
            "kernel": platform.release(),
            "machine": platform.machine(),
            "sqlite": sqlite3.sqlite_version,
            "openssl": ssl.OPENSSL_VERSION,
            "libraries": libraries,
        }
    )


def _config(config: Config) -> str:
    """Return the configuration; the token, and what a URL may carry of a login, is hidden."""
    told: dict[str, Any] = msgspec.to_builtins(config)
    hub = told["hub"]
    hub["token"] = HIDDEN if hub["token"] else ""
    hub["url"] = _no_login(hub["url"])
    told["discovery"]["community"] = HIDDEN
    for printer in told["printers"]:
        printer["url"] = _no_login(printer["url"])
    return _json(told)


def _no_login(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    login, at, host = place.rpartition("@")
    query = path.partition("?")[0] if "token=" in path else path
    return f"{scheme}{separator}{HIDDEN + at if login else ''}{host}{slash}{query}"


def _ask(config: Config, path: str) -> str:
    return answer_of(config, path).decode()


def _journal(data: Path) -> str:
    """Return heads and counts, nothing of what the entries say."""
    with contextlib.closing(Journal(data)) as journal:
        rows = journal.db.execute("SELECT min(seq), max(seq), count(*) FROM entry").fetchone()
        epoch, head = journal.db.execute(
            "SELECT epoch, hex(hash) FROM entry ORDER BY seq DESC LIMIT 1"
        ).fetchone() or (0, "")
        kinds = Counter(_kinds(journal.db))
        docs = dict(journal.db.execute(KINDS).fetchall())
    facts = dict(zip(("first_seq", "head_seq", "entries"), rows, strict=True))
    return _json(facts | {"epoch": epoch, "head": head, "kinds": kinds, "documents": docs})


def _kinds(db: sqlite3.Connection) -> Iterator[str]:
    """Yield the kind of each of the newest entries."""
    for (raw,) in db.execute(NEWEST, (ENTRIES_COUNTED_MAX,)):
        yield decode_entry(raw).kind


def _disk(data: Path) -> str:
    usage = shutil.disk_usage(data)
    sizes = {path.name: path.stat().st_size for path in sorted(data.iterdir()) if path.is_file()}
    return _json({"total": usage.total, "free": usage.free, "files": sizes})


def _log() -> str:
    """Return the service's newest log lines; they hold nothing personal, see `edge.logs`."""
    asked = ("-u", "floorgate", "-n", str(LOG_LINES_MAX), "--no-pager", "-o", "short-iso")
    done = subprocess.run(  # noqa: S603 - wherever systemd has put it
        ["journalctl", *asked],  # noqa: S607
        capture_output=True, text=True, check=True, timeout=RUN_S_MAX,
    )  # fmt: skip
    return PHONE.sub(HIDDEN, done.stdout)


def _doctor(config_file: Path) -> str:
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "edge", "doctor", "--config", str(config_file), "--json"],
        capture_output=True, text=True, check=False, timeout=RUN_S_MAX,
    )  # fmt: skip
    return done.stdout or done.stderr
