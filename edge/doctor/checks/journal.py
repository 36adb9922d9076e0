"""Is the journal whole?"""

import sqlite3
from contextlib import closing
from typing import Final

from edge.app.findings import Finding
from edge.app.telling import cause_zh
from edge.doctor.patient import Patient, finding
from edge.store.journal import Journal, NoJournalError, check_chain, finding_zh
from edge.store.sqlite import NewerSchemaError

WHY: Final = ("账本是一切的依据", "Everything rests on the journal")
DO: Final = (
    "sudo systemctl stop floorgate.socket floorgate.service; sudo ls -t /var/backups/floorgate; "
    "sudo -u floorgate floorgate restore /var/backups/floorgate/NAME --replace; "
    "sudo systemctl start floorgate.socket floorgate.service"
)
NEWER: Final = (
    "安装更新的版本：在它的安装包目录里 sudo ./install.sh",
    "Install the newer version, in the folder of its archive: sudo ./install.sh",
)


def check(patient: Patient) -> list[Finding]:
    """Check chain and signatures; in a running box only that it can be read."""
    try:
        with closing(Journal(patient.data)) as journal:
            if not patient.is_deep:
                seq = journal.last_seq()
                return [finding("journal", "good", f"账本 {seq} 条", f"{seq} entries")]
            report = check_chain(journal, patient.data)
    except NoJournalError as error:
        return _bad(f"账本打不开：{cause_zh(error)}", f"No journal: {error}")
    except NewerSchemaError as error:
        return _bad(f"数据库版本比程序新：{cause_zh(error)}", str(error), NEWER)
    except sqlite3.DatabaseError as error:
        return _bad(f"数据库损坏：{cause_zh(error)}", f"The database is damaged: {error}")
    if not report.ok:
        worst = report.findings[0]
        look = f"sudo -u floorgate floorgate journal verify; {DO}"
        return _bad(f"账本有误：{finding_zh(worst)}", f"The journal is wrong: {worst.detail}", look)
    texts = (f"账本 {report.entries} 条，链完整", f"{report.entries} entries, the chain is whole")
    return [finding("journal", "good", *texts)]


def _bad(zh: str, en: str, do: str | tuple[str, str] = DO) -> list[Finding]:
    return [finding("journal", "bad", zh, en, why=WHY, do=do)]
