"""Stock movements. Every change is an entry that can be replayed; none leaves a shelf negative.

An order locks pieces of certain bins and lots (`allotting`). The documents that movements change
are written by `projections_stock` alone.
"""

from typing import Any, Final

from edge.domain.allotting import (
    Shortage,
    Want,
    allot,
    is_optimistic,
    likely_place,
    picked_stock,
    quotas,
    share_out,
)
from edge.domain.lots import note_expired
from edge.domain.model import Assignment, Count, Lock, LockSlot, Order, Piece, Shelf, shelf_id
from edge.domain.projections_stock import LOCK_SLOT_US, lock_page
from edge.domain.refusals import RefusedError
from edge.domain.timing import US_PER_S, arm_timer
from edge.domain.turn import Turn

US_PER_H: Final = 3_600 * US_PER_S
FLAG_LOCKS: Final = "stock.flag_locks"
"""Purpose of the timer that watches the age of locks; `overdue` does what is due."""
Move = tuple[str, str, int, int] | tuple[str, str, int, int, str]
"""SKU, location, change of pieces on hand there, change of pieces locked; lot where it has one."""


def lock(turn: Turn, order: Order) -> None:
    """Lock what the order needs, first expired first out (PICK-10).

    Its gate `stock_enough` was open. Where that was so against the books (PICK-11), what they
    cannot promise is locked in the likeliest bin, and is on record as `stock.trusted`.
    """
    pieces, short = allot(turn.world, order, turn.rules)
    trusted = [_trust(turn, each) for each in short]
    assert not trusted or is_optimistic(turn.world), f"{order.id} locks what is not there"
    _watch_age(turn)
    window = turn.rules.document.stock.check_window
    moves = [_move(piece, locked=piece[3]) for piece in pieces + trusted]
    _emit(turn, order, "lock", moves, check_window=0 if short else window)
    if trusted:
        turn.emit("stock.trusted", f"order:{order.id}", order=order.id, pieces=trusted)


def _watch_age(turn: Turn) -> None:
    """Arm the timer of the locks that begin now, at the first of each page."""
    page = lock_page(turn.world, turn.env.now_us)
    if turn.world.get(LockSlot, page) is None:
        rest_us = LOCK_SLOT_US - turn.env.now_us % LOCK_SLOT_US
        delay_us = turn.rules.document.stock.lock_flag_h * US_PER_H + rest_us
        arm_timer(turn, FLAG_LOCKS, f"lock_slot:{page}", delay_us)


def _trust(turn: Turn, short: Shortage) -> Piece:
    place = likely_place(turn.world, short.sku, short.lot, turn.rules)
    return short.sku, place, short.lot, short.wanted - short.available


def lock_pieces(turn: Turn, order: Order, pieces: list[Piece]) -> None:
    """Lock certain pieces for an order; they use up the quotas reserved for its tags."""
    moves = [_move(piece, locked=piece[3]) for piece in pieces]
    _emit(turn, order, "lock", moves)


def unlock(turn: Turn, order: Order, why: str = "unlock") -> None:
    """Give back what the order had locked and nobody picked; the rest is locked till it is back."""
    picked = {piece[:3]: piece[3] for piece in picked_stock(turn.world, order)}
    coming = _coming_back(turn, order)
    moves = []
    for piece in held(turn, order):
        kept = min(piece[3], max(picked.get(piece[:3], 0), coming.get(piece[:2], 0)))
        if piece[:2] in coming:
            coming[piece[:2]] = max(0, coming[piece[:2]] - kept)
        if kept < piece[3]:
            moves.append(_move(piece, locked=kept - piece[3]))
    _emit(turn, order, why, moves)


def _coming_back(turn: Turn, order: Order) -> dict[tuple[str, str], int]:
    """Return the pieces by SKU and location that are out of their bin and on their way back."""
    found: dict[tuple[str, str], int] = {}
    for item in order.put_back:
        found[item.sku, item.location] = found.get((item.sku, item.location), 0)
        found[item.sku, item.location] += item.qty - item.done
    lock = turn.world.get(Lock, order.id)
    for sku, place, _, qty in lock.shipped if lock else ():
        found[sku, place] = max(0, found.get((sku, place), 0) - qty)
    return found


def correct(turn: Turn, order: Order, at: tuple[str, str, str], missing: int) -> None:
    """Bring a bin's books down to what was found in it, and free the lock on what was not.

    Its own pieces are on their way to the totes; nothing else is there until somebody counts.
    """
    shelf = turn.world.get(Shelf, shelf_id(*at))
    if shelf is None:
        return
    locked = sum(piece[3] for piece in held(turn, order) if piece[:3] == at)
    lost = max(0, shelf.on_hand - shelf.out - shelf.pending)
    move = _move((*at, 0), on_hand=-lost, locked=-min(missing, locked))
    _emit(turn, order, "short", [move])


def lock_more(turn: Turn, order: Order, want: Want) -> list[Piece]:
    """Lock what other bins can give for an order, and return it."""
    note_expired(turn, [want.sku])
    tags = turn.world.the(Assignment, order.id).tags
    pieces, _ = share_out(turn.world, [want], tags, turn.rules)
    lock_pieces(turn, order, pieces)
    return pieces


def lock_all(turn: Turn, order: Order, want: Want) -> list[Piece]:
    """Lock all that is wanted, and return it; refuse where a lot has expired since it was asked."""
    pieces = lock_more(turn, order, want)
    got = sum(piece[3] for piece in pieces)
    if got < want.qty:
        facts = {"order": order.id, "sku": want.sku, "qty": want.qty, "available": got}
        raise RefusedError("stock_short", **facts)
    return pieces


def ship(turn: Turn, order: Order) -> None:
    """Deduct what was picked, and give the locks back.

    What the shelf did not have by the books is on record as `missing`, and is to be counted.
    """
    moves: list[Move] = []
    missing: list[Piece] = []
    picked = picked_stock(turn.world, order)
    for sku, place, lot, qty in picked:
        shelf = turn.world.get(Shelf, shelf_id(sku, place, lot))
        there = min(qty, shelf.on_hand if shelf else 0)
        moves.append(_move((sku, place, lot, there), on_hand=-there))
        if there < qty:
            missing.append((sku, place, lot, qty - there))
    moves += [_move(piece, locked=-piece[3]) for piece in held(turn, order)]
    out = [(sku, place, lot, -qty) for sku, place, lot, qty in picked]
    _emit(turn, order, "ship", moves, out=out, missing=missing)
    for piece in missing:
        open_count(turn, piece[:3], reason="missing", order=order.id)


def check_bin(expected: str, scanned: str) -> None:
    """Refuse pieces that were laid into another bin than theirs; not every scan names one."""
    if scanned and scanned != expected:
        raise RefusedError("wrong_bin", expected=expected, got=scanned)


def put_back(turn: Turn, order: Order, sku: str, place: str, qty: int) -> None:
    """Book pieces that lie in their bin again: their lock ends, or they return from a shipment."""
    lock = turn.world.get(Lock, order.id)
    pieces, shipped = (lock.pieces, lock.shipped) if lock else ((), ())
    # what had left comes first: an order that is sent again holds locks for its next parcel
    back = _part(shipped, sku, place, qty)
    kept = _part(pieces, sku, place, qty - sum(piece[3] for piece in back))
    left = qty - sum(piece[3] for piece in kept + back)
    # what is left was scanned too late: it went out of its bin, and out of no book
    out = [(*piece[:3], -piece[3]) for piece in kept]
    out += [(sku, place, "", -left)] if left else []
    moves = [_move(piece, locked=-piece[3]) for piece in kept]
    _emit(turn, order, "putback", moves or ([(sku, place, 0, 0)] if left else []), out=out)
    _emit(turn, order, "return", [_move(piece, on_hand=piece[3]) for piece in back])


def lay_back(turn: Turn, order: Order, piece: Piece) -> None:
    """Book pieces that lie in their bin again, and were never counted as picked from it."""
    _emit(turn, order, "putback", [_move(piece)], out=[(*piece[:3], -piece[3])])


def come_back(turn: Turn, order: Order, sku: str, place: str, qty: int) -> None:
    """Book pieces of a shipment that came back into `place`."""
    lock = turn.world.get(Lock, order.id)
    moves: list[Move] = []
    gone: list[Piece] = []
    for piece in lock.shipped if lock else ():
        take = min(qty, piece[3]) if piece[0] == sku else 0
        if take > 0:
            gone.append((*piece[:3], -take))
            moves.append(_move((sku, place, piece[2], take), on_hand=take))
            qty -= take
    _emit(turn, order, "returned", moves, shipped=gone)


def _part(pieces: tuple[Piece, ...], sku: str, place: str, qty: int) -> list[Piece]:
    """Return at most `qty` of an order's pieces of a bin."""
    found = []
    for piece in pieces:
        take = min(qty, piece[3])
        if piece[:2] == (sku, place) and take > 0:
            found.append((*piece[:3], take))
            qty -= take
    return found


def held(turn: Turn, order: Order) -> tuple[Piece, ...]:
    """Return the pieces that an order has locked."""
    lock = turn.world.get(Lock, order.id)
    return lock.pieces if lock else ()


def open_count(turn: Turn, shelf: tuple[str, str, str], *, reason: str, order: str = "") -> None:
    """Ask for a count of a shelf, unless it is asked for already."""
    sku, location, lot = shelf
    count = turn.world.get(Count, shelf_id(*shelf))
    if not location or (count is not None and count.state != "done"):
        return
    refs = [f"location:{location}", *([f"order:{order}"] if order else [])]
    data = {"sku": sku, "location": location, "lot": lot, "reason": reason, "order": order}
    turn.emit("count.opened", f"sku:{sku}", refs, **data)


def _move(piece: Piece, on_hand: int = 0, locked: int = 0) -> Move:
    sku, location, lot, _ = piece
    return (sku, location, on_hand, locked, lot) if lot else (sku, location, on_hand, locked)


def _emit(turn: Turn, order: Order, why: str, moves: list[Move], **more: Any) -> None:  # noqa: ANN401
    if moves:
        skus = dict.fromkeys(f"sku:{move[0]}" for move in moves)
        if why != "ship":
            more["quotas"] = _quotas(turn, order, moves)
        more = {name: rows for name, rows in more.items() if rows}
        turn.emit(
            "stock.moved", f"order:{order.id}", skus, order=order.id, why=why, moves=moves, **more
        )


def _quotas(turn: Turn, order: Order, moves: list[Move]) -> list[tuple[str, str, int]]:
    """Return (SKU, quota, pieces): what the moves take of the quotas reserved for the order."""
    tags = turn.world.the(Assignment, order.id).tags
    taken = [
        (sku, quota.id, sum(move[3] for move in moves if move[0] == sku))
        for sku in dict.fromkeys(move[0] for move in moves)
        for quota in quotas(turn.world, sku, turn.rules)
        if quota.tag in tags
    ]
    return [each for each in taken if each[2]]
