"""Stock movements. Every change is an entry that can be replayed; none leaves a shelf negative."""

from edge.domain.gates import picked_pieces
from edge.domain.model import Assignment, Order, Stock
from edge.domain.turn import Turn

Move = tuple[str, str, int, int]
"""SKU, location, change of pieces on hand there, change of pieces locked."""
Missing = tuple[str, str, int]
"""SKU, location, pieces that were picked there and that the books do not have."""


def _tracked(turn: Turn, order: Order) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for line in turn.world.the(Assignment, order.id).lines:
        if line.tracked and not line.service:
            wanted[line.sku] = wanted.get(line.sku, 0) + line.qty
    return wanted


def lock(turn: Turn, order: Order) -> None:
    """Lock what the order needs; its gate `stock_enough` was open."""
    _emit(turn, order, "lock", [(sku, "", 0, qty) for sku, qty in _tracked(turn, order).items()])


def unlock(turn: Turn, order: Order) -> None:
    """Give back what the order had locked."""
    _emit(turn, order, "unlock", [(sku, "", 0, -qty) for sku, qty in _tracked(turn, order).items()])


def ship(turn: Turn, order: Order) -> None:
    """Deduct what was picked, and give the locks back.

    What the shelf did not have by the books is on record as `missing`, for a count.
    """
    moves: list[Move] = []
    missing: list[Missing] = []
    for sku, place, qty in picked_pieces(turn.world, order):
        taken = -sum(each[2] for each in moves if each[:2] == (sku, place))
        there = min(qty, max(0, _on_hand(turn, sku, place) - taken))
        moves.append((sku, place, -there, 0))
        if there < qty:
            missing.append((sku, place, qty - there))
    moves += [(sku, "", 0, -qty) for sku, qty in _tracked(turn, order).items()]
    _emit(turn, order, "ship", moves, missing=missing)


def _on_hand(turn: Turn, sku: str, place: str) -> int:
    stock = turn.world.get(Stock, sku)
    return stock.on_hand.get(place, 0) if stock else 0


def best_location(turn: Turn, sku: str) -> str:
    """Return the location with the most pieces of `sku`, or nothing where none is known."""
    stock = turn.world.get(Stock, sku)
    if stock is None or not stock.on_hand:
        return ""
    return max(sorted(stock.on_hand), key=lambda place: stock.on_hand[place])


def _emit(
    turn: Turn, order: Order, why: str, moves: list[Move], missing: list[Missing] | None = None
) -> None:
    if moves:
        more = {} if missing is None else {"missing": missing}
        turn.emit("stock.moved", f"order:{order.id}", order=order.id, why=why, moves=moves, **more)
