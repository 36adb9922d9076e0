"""Orders that belong together: children of a split order, and orders that are picked as one.

A child is an order of its own, timed and signed by itself; its fulfilment code is unique and names
it wherever a code is scanned (FLOW-10). Merged orders stay two orders with one task (FLOW-13).
"""

from typing import Any, Final

import msgspec

from edge.domain.gates import untouched
from edge.domain.model import Order, Sibling
from edge.domain.orders import the_order
from edge.domain.refusals import RefusedError, refused
from edge.domain.turn import Turn
from edge.domain.workflow import frozen

Body = dict[str, Any]
SIBLINGS_MAX: Final = 50
MERGED_MAX: Final = 6
"""Orders on one cart."""


def take_sibling_status(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Keep where the other children of a split order are, as the hub knows it."""
    order = the_order(turn, str(body["order_id"]))
    siblings = msgspec.convert(body["siblings"], tuple[Sibling, ...])
    if len(siblings) > SIBLINGS_MAX:
        problem = f"siblings: at most {SIBLINGS_MAX}"
        raise RefusedError("malformed", problem=problem, kind="order.sibling_status")
    turn.emit(
        "order.siblings_told",
        f"order:{order.id}",
        order=order.id,
        siblings=msgspec.to_builtins(siblings),
        **link,
    )


def merge(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Let orders of one recipient be picked as one task; after printing it is too late."""
    ids = body["orders"]
    if not isinstance(ids, list) or not 1 < len(set(map(str, ids))) == len(ids) <= MERGED_MAX:
        problem = f"orders: 2 to {MERGED_MAX} different ids"
        raise RefusedError("malformed", problem=problem, kind="order.merge")
    orders = [the_order(turn, str(each)) for each in ids]
    for order in orders:
        _refuse_merge(turn, order)
    tasks = [order.task for order in orders]
    turn.emit(
        "order.merged",
        f"task:{tasks[0]}",
        [f"order:{order.id}" for order in orders],
        orders=[order.id for order in orders],
        task=tasks[0],
        absorbed=tasks[1:],
        **link,
    )


def _refuse_merge(turn: Turn, order: Order) -> None:
    if order.freezes:
        raise refused(frozen(order))
    if any(not copy.void for copy in order.copies):
        raise RefusedError("label_printed", order=order.id, waybill=order.waybill)
    if not turn.rules.allows("task.take", order.state):
        facts = {"order": order.id, "state": order.state, "action": "order.merge"}
        raise RefusedError("not_in_state", **facts)
    if closed := untouched(turn.world, order, turn.rules):
        raise refused(closed)
