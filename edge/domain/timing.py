"""Deadlines: armed by a decision, fired once by the command `timer.fire`.

What a timer is for is its *purpose*; `@on_fire` registers what is done then. A timer that is no
longer wanted is disarmed, or fires into the void: whoever armed it looks at the state it finds.
Within one boot of the machine the boot clock counts; after a reboot the caller waits for what is
left by wall time (`edge.app.timers`).
"""

from collections.abc import Callable
from typing import Any, Final

from edge.domain.commands import TimerFire
from edge.domain.model import Timer
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn

OnFire = Callable[[Turn, Timer], None]
_PURPOSES: Final[dict[str, OnFire]] = {}
US_PER_S: Final = 1_000_000


def on_fire(purpose: str) -> Callable[[OnFire], OnFire]:
    """Register what is done when a timer of `purpose` fires."""

    def register(fire: OnFire) -> OnFire:
        assert purpose not in _PURPOSES, purpose
        _PURPOSES[purpose] = fire
        return fire

    return register


def arm_timer(
    turn: Turn, purpose: str, subject: str, delay_us: int, refs: tuple[str, ...] = ()
) -> str:
    """Arm a timer that sends `timer.fire` once, `delay_us` from now; return its id.

    `subject` is what it is about, e.g. `freeze:<id>:<order>`; its purpose reads it. Its entries
    stand in the timelines of `refs`.
    """
    assert purpose in _PURPOSES, purpose
    env, timer = turn.env, turn.env.new_id()
    turn.emit(
        "timer.armed",
        subject,
        refs,
        timer=timer,
        purpose=purpose,
        subject=subject,
        refs=list(refs),
        due_us=env.now_us + delay_us,
        delay_us=delay_us,
        due_boot_us=env.boot_us + delay_us,
        boot_id=env.boot_id,
    )
    return timer


def disarm_timer(turn: Turn, timer_id: str) -> None:
    """Let a timer never fire; one that is spent already, or none, is left as it is."""
    timer = turn.world.get(Timer, timer_id) if timer_id else None
    if timer is not None and timer.state == "armed":
        turn.emit(
            "timer.disarmed", timer.subject, timer.refs, timer=timer.id, purpose=timer.purpose
        )


def fire_timer(turn: Turn, data: TimerFire) -> dict[str, Any]:
    """Do what a timer was armed for, once.

    Raises:
        RefusedError: `timer_spent` or, before its time within one boot, `timer_early`.
    """
    timer = armed_timer(turn, data.timer_id)
    if turn.env.boot_id == timer.boot_id and turn.env.boot_us < timer.due_boot_us:
        raise RefusedError("timer_early", timer=timer.id, due_at=timer.due_us)
    turn.emit("timer.fired", timer.subject, timer.refs, timer=timer.id, purpose=timer.purpose)
    _PURPOSES[timer.purpose](turn, timer)
    return {"timer": timer.id}


def armed_timer(turn: Turn, timer_id: str) -> Timer:
    """Return a timer that has neither fired nor been disarmed, or refuse."""
    timer = turn.world.get(Timer, timer_id)
    if timer is None or timer.state != "armed":
        raise RefusedError("timer_spent", timer=timer_id)
    return timer
