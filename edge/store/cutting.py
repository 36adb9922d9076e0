"""The live journal is cut: what is older than the retention goes to the archive, and can be proved.

A cut ends at a signed head that is old enough, and that the hub has countersigned where there is
one. Beside the running box the entries up to it are packed into a segment, which is read back and
checked; replay up to it gives the documents that stand for them. Only then does the box write the
entry `projection.snapshot`, and only behind that are entries removed, a few at a time, the oldest
first. A power cut anywhere leaves a journal that is whole.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from edge.app.ports import Head
from edge.app.telling import ToldError
from edge.store.archive import ArchiveError, Segment, entries, span_of
from edge.store.journal import BOX_KEY, HUB_KEY, Journal, Start, finding_zh
from edge.store.replay import Fresh
from sync.api import (
    GENESIS,
    Checkpoint,
    Report,
    Verifier,
    decode_entry,
    is_countersigned,
    public_key,
)

COUNTERSIGNED: Final = "checkpoint.countersigned"
PAGE_ENTRIES: Final = 500


class CutError(ToldError):
    """The journal cannot be cut; the text says why and what to do."""


class Cut(msgspec.Struct, frozen=True):
    """What a journal may be cut to: its oldest entry then, and what stands for those before."""

    epoch: int
    seq: int
    head: bytes
    docs: int
    sha256: bytes
    entries: int
    """Entries that went to the archive."""


def prepare_cut(data: Path, until_us: int, *, needs_hub: bool) -> Cut | None:
    """Archive what is older than `until_us`, beside a box that may run; None where nothing is.

    Raises:
        CutError: what was written does not stand the proof.
        ArchiveError: the snapshot that the journal goes on from is missing.
        OSError: the disk is full, or may not be written.
    """
    journal = Journal(data)
    try:
        start = journal.start()
        at = _signed_head(journal, data, until_us, needs_hub=needs_hub)
        after = start if start and start.is_cut else None
        if at is None or (after and at.seq <= after.seq):
            return None
        before = Head(after.epoch, after.seq, after.head) if after else Head(at.epoch, 0, GENESIS)
        path = journal.archive.keep_entries(journal.db, before, at.seq)
        _check_segment(path, data, at)
        snapshot = _snapshot(journal, start, at)
        return Cut(at.epoch, at.seq, at.hash, *snapshot, at.seq - before.seq)
    finally:
        journal.close()


def _signed_head(journal: Journal, data: Path, until_us: int, *, needs_hub: bool) -> Head | None:
    """Return the newest signed head that is old enough, and that the hub has where it must."""
    if needs_hub:
        return _countersigned_head(journal, data, until_us)
    row = journal.db.execute(
        "SELECT epoch, seq, head FROM checkpoint WHERE at_us <= ? ORDER BY seq DESC LIMIT 1",
        (until_us,),
    ).fetchone()
    return Head(*row) if row else None


def _countersigned_head(journal: Journal, data: Path, until_us: int) -> Head | None:
    key = data / HUB_KEY
    if not key.exists():
        return None
    hub_key, found = key.read_bytes(), None
    newest = journal.head()
    for entry in map(decode_entry, _concerning(journal, "journal")):
        if entry.kind != COUNTERSIGNED or entry.data["at_us"] > until_us:
            continue
        told = entry.data
        pinned = Checkpoint(entry.box, newest.epoch, told["seq"], told["head"], told["at_us"])
        if is_countersigned(pinned, told["signature"], hub_key):
            found = Head(newest.epoch, told["seq"], told["head"])
    return found


def _concerning(journal: Journal, ref: str) -> Iterator[bytes]:
    seq = 0
    while raws := journal.timeline(ref, seq, PAGE_ENTRIES):
        yield from raws
        seq = decode_entry(raws[-1]).seq


def _check_segment(path: Path, data: Path, at: Head) -> None:
    """Read a segment back: chain, signed heads, and that it ends where the journal goes on."""
    report = check_segment(path, public_key((data / BOX_KEY).read_bytes()))
    if not report.ok or report.head != at.hash:
        why = _faulty(report) or CutError("it ends with another entry", "结尾的条目不对")
        path.unlink()
        raise CutError(
            f"{path}: {why}; see: floorgate journal verify",
            f"{path}：{why.told('zh')}；请看：floorgate journal verify",
        )


def _faulty(report: Report) -> CutError | None:
    """Return the first thing that was found, if any."""
    if not report.findings:
        return None
    found = report.findings[0]
    return CutError(found.detail, finding_zh(found))


def check_segment(path: Path, own_key: bytes) -> Report:
    """Check the chain and the signed heads of a segment of the archive.

    Raises:
        ArchiveError: it cannot be read.
    """
    span = span_of(path)
    verifier = Verifier(box=span.box, public_key=own_key, after=span.after())
    pins = list(span.pins)
    for seq, raw in enumerate(entries(path), span.after_seq + 1):
        verifier.entry(raw)
        while pins and pins[0].seq == seq:
            pin = pins.pop(0)
            signed = Checkpoint(span.box, pin.epoch, pin.seq, pin.head, pin.at_us)
            verifier.checkpoint(signed, pin.signature)
    return verifier.report()


def check_archive(data: Path) -> Iterator[tuple[Path, ToldError | None]]:
    """Check each segment, and that the next one and the live journal go on where it ends.

    Yields (file, problem), with no problem where it is good.
    """
    journal = Journal(data)
    try:
        start, own_key = journal.start(), public_key((data / BOX_KEY).read_bytes())
        last: Segment | None = None
        for path in journal.archive.segments():
            try:
                span = span_of(path)
                report = check_segment(path, own_key)
            except ArchiveError as error:
                yield path, error
                last = None  # where it ends is not known
                continue
            problem = _faulty(report)
            if last and last.epoch == span.epoch and last.end() != span.after():
                problem = CutError(
                    f"does not go on behind entry {last.to_seq}, where the one before it ends",
                    f"没有接着前一个文件结尾的第 {last.to_seq} 条",
                )
            yield path, problem
            last = span
        if start and last and not _joins(journal, start, last):
            yield (
                journal.archive.segments()[-1],
                CutError(
                    f"the live journal goes on behind entry {start.seq}, which is not its end",
                    f"账本从第 {start.seq} 条接着走，那不是归档的结尾",
                ),
            )
    finally:
        journal.close()


def _joins(journal: Journal, start: Start, last: Segment) -> bool:
    """Tell whether the newest segment ends where the journal goes on, or at an entry still here."""
    is_ahead = last.epoch == start.epoch and journal.hash_of(last.to_seq) == last.head
    return is_ahead or last.end() == (start.epoch, start.seq, start.head)


def _snapshot(journal: Journal, start: Start | None, at: Head) -> tuple[int, bytes]:
    """Store the documents as replay gives them behind an entry; return how many, and their hash."""
    fresh = Fresh()
    try:
        fresh.begin(start, journal.archive)
        for chunk in journal.raw(fresh.seq):
            fresh.apply(row for row in chunk if row[0] <= at.seq)
            if chunk[-1][0] >= at.seq:
                break
        kept = journal.archive.keep_docs(fresh.rows(), at.epoch, at.seq)
        return kept.docs, kept.sha256
    finally:
        fresh.close()
