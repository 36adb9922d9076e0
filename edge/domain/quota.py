"""The quota of changes to shipped orders, the lock behind it, and the code that opens it (FLOW-7).

Which commands count, on orders in which states, how many a day and for how long the lock holds is
ruleset data. The one that is too many is not done: the account is locked instead, and the hub,
which reads the entry, has an admin's code sent. The lock ends by that code, or by its timer. A day
is the site's; it begins anew only where the clock is trusted or has gone on as the boot clock has,
so that nobody gets a new quota by setting the clock.
"""

import hashlib
from typing import Any, Final, Protocol

import msgspec

from edge.domain.commands import AccountUnlock, AlarmAck, SessionClose
from edge.domain.model import Account, Order, Timer
from edge.domain.refusals import RefusedError
from edge.domain.timing import US_PER_S, arm_timer, disarm_timer, on_fire
from edge.domain.turn import Turn
from edge.domain.world import World

PURPOSE: Final = "account.unlock"
TRIES_MAX: Final = 5
"""Wrong codes before a code is spent."""
DAY_US: Final = 86_400 * US_PER_S
DRIFT_US_MAX: Final = 120 * US_PER_S
"""The wall clock may gain so much on the boot clock and still be taken for right."""
_STILL_OPEN: Final = (AccountUnlock, AlarmAck, SessionClose)


class AccountError(RefusedError):
    """A refusal that leaves its trace on the account."""

    def note(self, turn: Turn) -> None:
        """Write the trace, beside the refusal."""
        raise NotImplementedError


class QuotaError(AccountError):
    """One change too many: the account is locked, and the hub asked for a code."""

    def note(self, turn: Turn) -> None:
        """Lock the account of who sent the command."""
        person, lock_s = turn.command.actor, turn.rules.document.shipped_edits.lock_s
        subject = f"person:{person}"
        timer = arm_timer(turn, PURPOSE, subject, lock_s * US_PER_S)
        turn.emit(
            "account.locked", subject, person=person, timer=timer, lock_s=lock_s, code_wanted=True
        )


class WrongCodeError(AccountError):
    """A wrong code, which is counted; the last one that is allowed spends the code."""

    def note(self, turn: Turn) -> None:
        """Count it."""
        person = turn.command.actor
        tries = turn.world.the(Account, person).tries + 1
        spent = tries >= TRIES_MAX
        turn.emit(
            "account.code_refused", f"person:{person}", person=person, tries=tries, spent=spent
        )


def check_lock(turn: Turn) -> None:
    """Refuse what a locked account asks for; it may still give its code, and sign out."""
    account = turn.world.get(Account, turn.command.actor)
    if account is None or not account.timer or isinstance(turn.command.data, _STILL_OPEN):
        return
    if turn.command.captured_us < account.locked_us:
        return  # what was done before is a fact
    raise RefusedError("account_locked", until=turn.world.the(Timer, account.timer).due_us)


def count(turn: Turn, before: World) -> None:
    """Count a command that changed a shipped order; raise `QuotaError` where it is too many."""
    rules = turn.rules.document.shipped_edits
    if turn.command.via != "pda" or turn.command.kind not in rules.actions:
        return
    touched = [ref[6:] for draft in turn.drafts for ref in draft.refs if ref.startswith("order:")]
    orders = (before.get(Order, each) for each in dict.fromkeys(touched))
    shipped = [order.id for order in orders if order is not None and order.state in rules.states]
    if not shipped:
        return
    person = turn.command.actor
    account = turn.world.get(Account, person) or Account(id=person)
    is_new = is_new_day(turn, account)
    edits = 0 if is_new else account.edits
    if edits >= rules.per_day:
        raise QuotaError("account_locked", until=turn.env.now_us + rules.lock_s * US_PER_S)
    turn.emit(
        "account.counted",
        f"person:{person}",
        [f"order:{each}" for each in shipped],
        person=person,
        edits=edits + 1,
        day=site_day(turn) if is_new else account.day,
        day_us=turn.env.now_us if is_new else account.day_us,
        day_boot_us=turn.env.boot_us if is_new else account.day_boot_us,
        boot_id=turn.env.boot_id if is_new else account.boot_id,
    )


def site_day(turn: Turn) -> int:
    """Return the number of the site's day since 1970."""
    offset_us = turn.rules.document.shipped_edits.utc_offset_min * 60 * US_PER_S
    return (turn.env.now_us + offset_us) // DAY_US


class Day(Protocol):
    """What was counted by the site's day."""

    @property
    def day(self) -> int: ...  # noqa: D102
    @property
    def day_us(self) -> int: ...  # noqa: D102
    @property
    def day_boot_us(self) -> int: ...  # noqa: D102
    @property
    def boot_id(self) -> str: ...  # noqa: D102


def is_new_day(turn: Turn, counted: Day) -> bool:
    """Tell whether counting begins anew: a later day, and a clock to be believed."""
    if not counted.boot_id:
        return True
    if site_day(turn) <= counted.day:
        return False
    if turn.env.is_time_trusted:
        return True
    gone_us = turn.env.now_us - counted.day_us
    if counted.boot_id != turn.env.boot_id:
        return turn.env.boot_us >= DAY_US  # so long, at least, this machine has run since
    return gone_us <= turn.env.boot_us - counted.day_boot_us + DRIFT_US_MAX


# ---- opening ----------------------------------------------------------------------------------


class UnlockCode(msgspec.Struct, frozen=True):
    """The body of `account.unlock_code`: SHA-256 of salt and code, both in hex."""

    person: str
    salt: str
    code_hash: str


def receive_code(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Keep the hash of the code that an admin will tell a locked person."""
    try:
        code = msgspec.convert(body, UnlockCode)
        bytes.fromhex(code.salt)
    except ValueError as error:
        raise RefusedError("malformed", problem=str(error), kind="account.unlock_code") from error
    account = turn.world.get(Account, code.person)
    if account is None or not account.timer:
        raise RefusedError("account_open", person=code.person)
    turn.emit(
        "account.unlock_code_received",
        f"person:{code.person}",
        person=code.person,
        salt=code.salt,
        code_hash=code.code_hash,
        **link,
    )


def unlock(turn: Turn, data: AccountUnlock) -> dict[str, Any]:
    """Open the account by the admin's code."""
    account = turn.world.get(Account, turn.command.actor)
    if account is None or not account.timer:
        raise RefusedError("account_open", person=turn.command.actor)
    if not account.code_hash:
        raise RefusedError("unlock_code_missing")
    found = hashlib.sha256(bytes.fromhex(account.salt) + data.code.encode()).hexdigest()
    if found != account.code_hash:
        raise WrongCodeError("unlock_code_wrong", left=TRIES_MAX - account.tries - 1)
    disarm_timer(turn, account.timer)
    turn.emit("account.unlocked", f"person:{account.id}", person=account.id, by="code")
    return {"account": account.id}


@on_fire(PURPOSE)
def _open(turn: Turn, timer: Timer) -> None:
    person = timer.subject.partition(":")[2]
    turn.emit("account.unlocked", timer.subject, person=person, by="time")
