"""Is the clock right?"""

import sqlite3
from contextlib import closing
from typing import Final

from edge.app.findings import Finding
from edge.clock import is_ntp_synchronised
from edge.doctor.patient import US_PER_S, Patient, finding
from edge.store.journal import Journal, NoJournalError
from edge.store.sqlite import NewerSchemaError
from sync.api import BROKEN_BYTES, decode_entry

BEHIND_S_MAX: Final = 60
SKEW_S_MAX: Final = 30
WHY: Final = (
    "时限、锁定和证书都依赖时钟",
    "Deadlines, lock-outs and certificates go by it",
)
DO: Final = "timedatectl; sudo timedatectl set-ntp true"


def check(patient: Patient) -> list[Finding]:
    """Compare the clock with the journal, the hub and NTP."""
    behind_s = (_newest_us(patient) - patient.now_us) // US_PER_S
    if behind_s > BEHIND_S_MAX:
        return [
            finding(
                "clock",
                "bad",
                f"时钟比账本最新条目慢 {behind_s} 秒",
                f"The clock is {behind_s} s behind the journal's newest entry",
                why=WHY,
                do=DO,
            )
        ]
    skew_s = round(patient.figures.get("hub_skew_seconds", 0))
    if abs(skew_s) > SKEW_S_MAX:
        return [
            finding(
                "clock",
                "bad",
                f"与订单中枢相差 {skew_s} 秒",
                f"The hub's clock differs by {skew_s} s",
                why=WHY,
                do=DO,
            )
        ]
    if not is_ntp_synchronised() and "hub_skew_seconds" not in patient.figures:
        return [
            finding(
                "clock",
                "warn",
                "NTP 未同步，也没有中枢可对时",
                "Neither NTP nor the hub confirms the clock",
                why=WHY,
                do=DO,
            )
        ]
    return [finding("clock", "good", "时钟已被证实", "The clock is confirmed")]


def _newest_us(patient: Patient) -> int:
    try:
        with closing(Journal(patient.data)) as journal:
            raws = next(journal.raw(max(0, journal.last_seq() - 1)), [])
            return decode_entry(raws[0][1]).at_us if raws else 0
    except (NoJournalError, NewerSchemaError, sqlite3.DatabaseError, *BROKEN_BYTES):
        return 0  # the check of the journal says so
