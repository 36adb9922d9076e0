"""What a state does when an order arrives: stock, tasks, labels and totes follow the state."""

from edge.domain import stock
from edge.domain.approving import withdraw
from edge.domain.carrier_truth import await_record
from edge.domain.effects import close_freeze
from edge.domain.entering import ENTER, effect
from edge.domain.gates import lines_closed, picked_pieces
from edge.domain.model import Order, Task
from edge.domain.orders import drop_task, finish_task_if_done, make_pick_task
from edge.domain.turn import Turn
from edge.domain.waybills import void_label
from edge.domain.workflow import order_refs

__all__ = ["ENTER"]


@effect("锁定库存", "lock the stock")
def lock_stock(turn: Turn, order: Order) -> None:
    """Lock what the order needs, unless its task goes on."""
    if not _has_work(turn, order):
        stock.unlock(turn, order)
        stock.lock(turn, order)


@effect("生成拣货任务", "make the pick task")
def make_task(turn: Turn, order: Order) -> None:
    """Make the pick task, unless there is one with something to do."""
    if not _has_work(turn, order):
        make_pick_task(turn, order)


def _has_work(turn: Turn, order: Order) -> bool:
    task = turn.world.get(Task, order.task) if order.task else None
    if task is None or task.state not in ("open", "taken"):
        return False
    return lines_closed(turn.world, order, turn.rules) is not None


@effect("释放库存", "release the stock")
def unlock_stock(turn: Turn, order: Order) -> None:
    """Give back what the order had locked and nobody picked."""
    stock.unlock(turn, order)


@effect("撤销拣货任务", "withdraw the pick task")
def withdraw_task(turn: Turn, order: Order) -> None:
    """Drop a task that nobody has begun."""
    task = turn.world.get(Task, order.task) if order.task else None
    if task is not None and task.state == "open" and task.orders == (order.id,):
        drop_task(turn, order.task)


@effect("结束任务", "end the task")
def end_task(turn: Turn, order: Order) -> None:
    """Close the order's task when none of its orders needs it any more."""
    if order.task:
        finish_task_if_done(turn, order.task)


@effect("扣减库存", "deduct the stock")
def ship_stock(turn: Turn, order: Order) -> None:
    """Deduct what was picked, and give the locks back."""
    stock.ship(turn, order)


@effect("等待承运记录", "await the carrier's record")
def await_carrier(turn: Turn, order: Order) -> None:
    """Give the carrier its time to know the parcel."""
    await_record(turn, order)


@effect("作废面单", "void the waybill")
def void_waybill(turn: Turn, order: Order) -> None:
    """Void every live copy of the waybill, and its number."""
    void_label(turn, order, reason=order.state, number_too=True)


@effect("撤回审批", "withdraw what was asked")
def withdraw_approvals(turn: Turn, order: Order) -> None:
    """Close the requests about an order that has ended."""
    for approval in order.approvals:
        withdraw(turn, approval, "order_ended")


@effect("开归位清单", "open the put-back")
def open_put_back(turn: Turn, order: Order) -> None:
    """List what was picked and is still in the house, to be returned to its bins."""
    pieces = [] if order.away else [list(piece) for piece in picked_pieces(turn.world, order)]
    if pieces:
        refs = order_refs(order)
        turn.emit("putback.opened", f"order:{order.id}", refs, order=order.id, items=pieces)


@effect("释放周转箱", "free the tote")
def free_tote(turn: Turn, order: Order) -> None:
    """Let the order's tote be used again."""
    if order.tote:
        turn.emit("tote.freed", f"order:{order.id}", order=order.id, tote=order.tote)


@effect("作废拣货记录", "void the pick")
def void_pick(turn: Turn, order: Order) -> None:
    """Begin anew: what was picked, checked and shipped no longer counts for this order."""
    subject, refs = f"order:{order.id}", order_refs(order)
    turn.emit("pick.voided", subject, refs, order=order.id, gone=order.away)


@effect("解除退货冻结", "lift the freeze of a return")
def lift_return(turn: Turn, order: Order) -> None:
    """Close the freeze that held the order while it came back."""
    for freeze in order.freezes:
        if freeze.category == "return":
            close_freeze(turn, order.id, freeze, "applied")
