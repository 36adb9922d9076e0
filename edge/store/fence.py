"""One machine is a box at a time: what keeps a spare from serving, and an old box from writing.

A spare that takes over begins a later epoch and says so on the share; the hub hears of it. An old
box that comes back learns of the later epoch there, notes it in `fenced.json`, and stops for good:
it starts again only when its own journal has got a later epoch (`floorgate new-epoch`). A note that
cannot be read keeps the box from starting too: two machines at work as one box cost more than a
wait for a person.
"""

from pathlib import Path
from typing import Final

import msgspec
import structlog

from edge.app.telling import ToldError, cause, cause_zh
from edge.store import durable
from edge.store.feed import FeedError
from edge.store.following import SPARE
from edge.store.share import FencedError, Share
from sync.api import BROKEN_BYTES

FENCE: Final = "fenced.json"
_SPARE: Final = "make this one its spare: floorgate spare follow (section 8 of the run-book)"
_SPARE_ZH: Final = "让本机当它的备机：floorgate spare follow（运维手册第 8 节）"
_EPOCH: Final = "sudo -u floorgate floorgate new-epoch"

log = structlog.get_logger()


class RoleError(ToldError):
    """This machine may not be the box; the text says why and what to do."""


class Fence(msgspec.Struct, frozen=True):
    """A later epoch of this box that was seen elsewhere, where, and when."""

    epoch: int
    where: str
    at_us: int


def read_fence(data: Path) -> Fence | None:
    """Return the fence around a box's folder, if there is one.

    Raises:
        RoleError: there is one, and which epoch it names cannot be read.
    """
    path = data / FENCE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Fence)
    except FileNotFoundError:
        return None
    except (OSError, *BROKEN_BYTES) as error:
        raise RoleError(
            f"{path} cannot be read ({cause(error)}): it says that another machine is this box "
            f"now; where one is, {_SPARE}; where none is: {_EPOCH}",
            f"{path} 读不了（{cause_zh(error)}）：有它就表示另一台机器已是这个边缘盒；"
            f"确有另一台在用，{_SPARE_ZH}；确认没有：{_EPOCH}",
        ) from error


def lift_fence(data: Path) -> None:
    """Forget the fence of a box whose journal has just got a later epoch."""
    (data / FENCE).unlink(missing_ok=True)


def put_fence(data: Path, error: FencedError, now_us: int) -> RoleError:
    """Note a later epoch that was seen elsewhere; return why the box ends."""
    fence = Fence(error.epoch, error.where, now_us)
    durable.write_file(data / FENCE, msgspec.json.encode(fence))
    return _fenced(fence)


def check_is_no_spare(data: Path) -> None:
    """Raise `RoleError` where a machine is another one's spare."""
    if (data / SPARE).exists():
        raise RoleError(
            f"{data}: this machine is a spare; to make it the box: floorgate spare take-over; "
            f"to be no spare any more: remove {data / SPARE}",
            f"{data}：这台机器是备机；要让它成为盒子：floorgate spare take-over；"
            f"不再当备机：删除 {data / SPARE}",
        )


def check_fence(data: Path, box: str, epoch: int, share: Share | None, now_us: int) -> None:
    """Raise `RoleError` where a later epoch than the box's own was seen elsewhere.

    A share that cannot be read now says nothing; the hub may say it yet.
    """
    fence = read_fence(data)
    if fence and fence.epoch > epoch:
        raise _fenced(fence)
    if share:
        try:
            share.check_fence(box, epoch)
        except FencedError as error:
            raise put_fence(data, error, now_us) from error
        except (FeedError, OSError) as error:
            log.warning("the spare's share cannot be read", problem=str(error))


def _fenced(fence: Fence) -> RoleError:
    return RoleError(
        f"another machine is this box now: epoch {fence.epoch} runs elsewhere ({fence.where} says "
        f"so); {_SPARE}; or, where the other one is gone for good: {_EPOCH}",
        f"现在另一台机器是这个边缘盒：纪元 {fence.epoch} 在别处运行（来自 {fence.where}）；"
        f"{_SPARE_ZH}；确认另一台不再使用：{_EPOCH}",
    )
