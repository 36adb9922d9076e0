"""Are the photos and videos there, and what they were?"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from edge.app.findings import Finding, Severity
from edge.doctor.patient import Patient, finding
from edge.store.feed import PICTURES
from edge.store.journal import Journal, NoJournalError
from edge.store.share import blob_path
from edge.store.sqlite import NewerSchemaError

READ_MAX: Final = 100
"""So many of the newest are read as a whole."""
NAMED_MAX: Final = 5
_NAME: Final = re.compile(r"[0-9a-f]{64}")
WHY: Final = (
    "照片是凭证；从中枢重建的边缘盒没有旧照片，那是正常的",
    "Photos are evidence; after a rebuild from the hub it is normal that older ones are missing",
)
DO: Final = (
    "sudo ls -t /var/backups/floorgate | head -n 1; "
    "sudo cp -rnp /var/backups/floorgate/NAME/blobs /var/lib/floorgate/"
)


def check(patient: Patient) -> list[Finding]:
    """Compare the files with the records; read the newest where it may take its time."""
    try:
        with closing(Journal(patient.data)) as journal:
            named = set(_named(journal.db))
    except (NoJournalError, NewerSchemaError, sqlite3.DatabaseError):
        return []  # what the check of the journal says
    files = [path for path in (patient.data / "blobs").glob("*/*/*") if _NAME.fullmatch(path.name)]
    missing = [sha for sha in named if not (patient.data / blob_path(sha)).exists()]
    newest = sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)[:READ_MAX]
    damaged = [path for path in newest if patient.is_deep and not _is_whole(path)]
    if missing or damaged:
        texts = (
            f"照片和视频缺 {len(missing)} 个，坏 {len(damaged)} 个",
            f"Photos and videos: {len(missing)} missing, {len(damaged)} damaged",
        )
        severity: Severity = "bad" if damaged else "warn"
        remove = "".join(f"sudo rm {path}; " for path in damaged[:NAMED_MAX])
        return [finding("blobs", severity, *texts, why=WHY, do=remove + DO)]
    texts = (f"照片和视频 {len(files)} 个，齐全", f"{len(files)} photos and videos, none missing")
    return [finding("blobs", "good", *texts)]


def _named(db: sqlite3.Connection) -> Iterator[str]:
    """Yield the hashes of the pictures that records speak of."""
    for kind in PICTURES:
        last = f"{kind[:-1]};"
        for (key,) in db.execute(
            "SELECT key FROM personal WHERE key > ? AND key < ?", (kind, last)
        ):
            yield key.split(":")[1]


def _is_whole(path: Path) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == path.name
