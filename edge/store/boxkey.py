"""The key that a box signs its journal with, and that the hub knows it by.

It is made once, for an empty journal. Made again silently, it would break the signed heads of the
journal and every backup to come, and the hub would refuse the box: so a lost one is said.
"""

import sqlite3
from pathlib import Path
from typing import Final

from edge.app.telling import ToldError
from edge.store import durable
from edge.store.journal import BOX_KEY, HUB_KEY, box_of
from sync.api import Checkpoint, is_checkpoint_signed, public_key

_ENTRY: Final = "SELECT CAST(raw AS BLOB) FROM entry LIMIT 1"
_SIGNED: Final = """
SELECT epoch, seq, head, at_us, signature FROM checkpoint ORDER BY epoch DESC, seq DESC LIMIT 1
"""


class BoxKeyError(ToldError):
    """The journal is there without the key that it was signed with; the text says what to do."""


def box_key(data: Path, db: sqlite3.Connection) -> bytes:
    """Return the key of the box whose journal is in `db`; made where that holds no entry yet.

    Raises:
        BoxKeyError: the key is missing, damaged, or not the one that signed the newest head.
    """
    if db.execute(_ENTRY).fetchone() is None:
        return durable.secret(data / BOX_KEY)
    if fault := key_fault(data, db):
        en, zh = fault
        raise BoxKeyError(
            f"{en}; the journal is whole, and no new key is made by itself; next: put the key back "
            f"from the newest backup: sudo cp -p /var/backups/floorgate/NAME/{BOX_KEY} "
            f"{data / BOX_KEY}; where no copy is left: sudo -u floorgate floorgate new-epoch "
            "--new-key",
            f"{zh}；账本还在，盒子不会自己另做一把；下一步：从最新的备份放回："
            f"sudo cp -p /var/backups/floorgate/NAME/{BOX_KEY} {data / BOX_KEY}；"
            "哪里都没有了：sudo -u floorgate floorgate new-epoch --new-key",
        )
    return (data / BOX_KEY).read_bytes()


def key_fault(data: Path, db: sqlite3.Connection) -> tuple[str, str] | None:
    """Return in English and Chinese what is wrong with the key of a journal that has entries."""
    path = data / BOX_KEY
    if not path.is_file():
        return f"{path} is missing", f"缺少 {path}"
    key = path.read_bytes()
    if len(key) != durable.KEY_BYTES:
        return f"{path} is damaged", f"{path} 已损坏"
    if newest := db.execute(_SIGNED).fetchone():
        *at, signature = newest
        head = Checkpoint(box_of(db.execute(_ENTRY).fetchone()[0]), *at)
        if not is_checkpoint_signed(head, signature, public_key(key)):
            return (
                f"{path} is not the key that this journal was signed with",
                f"{path} 不是签这本账的密钥",
            )
    return None


def renew_key(data: Path) -> None:
    """Make another key in a box's folder; the hub is to be met anew, by a token."""
    (data / HUB_KEY).unlink(missing_ok=True)
    (data / BOX_KEY).unlink(missing_ok=True)
    durable.secret(data / BOX_KEY)
