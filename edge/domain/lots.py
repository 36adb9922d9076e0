"""Lots: what a scanned code says of one, and which may not leave the house (PICK-2, PICK-9)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from edge.domain.commands import Command
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.model import Code, Lot, Sku, Step, Stock, lot_id
from edge.domain.refusals import RefusedError
from edge.domain.rules import Ruleset
from edge.domain.turn import Turn
from edge.domain.world import World

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARS_MAX)]


def today(turn: Turn) -> str:
    """Return the site's day, `YYYY-MM-DD`."""
    return day_of(turn.env.now_us, turn.rules)


def day_of(at_us: int, rules: Ruleset) -> str:
    """Return the site's day at an instant, `YYYY-MM-DD`."""
    offset = timedelta(minutes=rules.document.site.utc_offset_min)
    return (datetime.fromtimestamp(at_us // 1_000_000, UTC) + offset).date().isoformat()


def names(command: Command, code: str) -> tuple[str, ...]:
    """Return all that a scanned code may be known by: itself, and the GTIN that it carries."""
    return (code, *command.gs1.codes) if command.gs1 else (code,)


def sku_of(world: World, named: Iterable[str]) -> Sku | None:
    """Return the catalogue item that one of some codes names, or None."""
    for name in named:
        known = world.get(Code, name)
        sku = world.get(Sku, known.sku if known else name)
        if sku is not None and name in sku.named_by:
            return sku
    return None


def check_lot(turn: Turn, step: Step) -> str:
    """Return the lot of the piece that was scanned for a step; refuse one that must not leave.

    Raises:
        RefusedError: `lot_needed`, `lot_frozen`, `lot_expired`, `wrong_lot` or `expiry_needed`.
    """
    gs1 = turn.command.gs1
    scanned = gs1.lot if gs1 else ""
    if step.needs_lot and not scanned:
        raise RefusedError("lot_needed", sku=step.sku)
    lot = scanned or step.lot
    expiry = gs1.expiry if gs1 else ""
    if lot or expiry:
        expiry = _refuse_bad(turn, step.sku, lot, expiry)
    if scanned and step.lots_ok and scanned not in step.lots_ok:
        raise RefusedError("wrong_lot", sku=step.sku, expected=step.lot, got=scanned)
    if step.needs_expiry and not expiry:
        raise RefusedError("expiry_needed", sku=step.sku)
    return lot


def refuse_bad_piece(turn: Turn, sku: str) -> None:
    """Refuse a scanned piece whose lot is frozen, or whose last day is past."""
    gs1 = turn.command.gs1
    if gs1 is not None:
        _refuse_bad(turn, sku, gs1.lot, gs1.expiry)


def _refuse_bad(turn: Turn, sku: str, lot: str, expiry: str) -> str:
    """Refuse a frozen or expired lot; return its last day, or nothing where nobody knows it."""
    known = turn.world.get(Lot, lot_id(sku, lot)) if lot else None
    if known is not None and known.frozen:
        raise RefusedError("lot_frozen", sku=sku, lot=lot, reason=known.frozen)
    expiry = expiry or (known.expiry if known else "")
    if expiry and expiry < today(turn):
        raise RefusedError("lot_expired", sku=sku, lot=lot, expiry=expiry)
    return expiry


def note_expired(turn: Turn, skus: Iterable[str]) -> None:
    """Mark lots whose last day is past, so that nothing of them is promised any more.

    A clock that was wrong, and is set back, gives them back.
    """
    day = today(turn)
    for sku in dict.fromkeys(skus):
        stock = turn.world.get(Stock, sku)
        for lot in dict.fromkeys(lot for _, lot in stock.places if lot) if stock else ():
            known = turn.world.get(Lot, lot_id(sku, lot))
            if known is not None and known.expired != ("" < known.expiry < day):
                kind = "lot.in_date" if known.expired else "lot.expired"
                turn.emit(kind, f"sku:{sku}", sku=sku, lot=lot, expiry=known.expiry)
