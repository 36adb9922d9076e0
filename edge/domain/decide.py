"""The door of the law: a command and the state it finds, in; entries and an answer, out.

`decide` is pure. It runs in the service, in replay, in the sandbox and in the simulation. Every
command leaves at least one entry: what it did, or `command.refused` with the reason; but for an
instruction whose turn has not come.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from edge.domain import (
    adopting,
    ahead,
    alarms,
    approving,
    counting,
    deadlines,
    devices,
    erasing,
    evidence,
    founding,
    gifts,
    instructions,
    intake,
    labelling,
    letting_go,
    lockouts,
    packing,
    pairing,
    people,
    picking,
    printjobs,
    quota,
    recall,
    resending,
    returning,
    rulesets,
    sessions,
    stickers,
    timing,
    training,
)
from edge.domain import commands as c
from edge.domain import overdue as _overdue  # noqa: F401 - its timers
from edge.domain.commands import Command
from edge.domain.entries import Draft, PersonalRecord
from edge.domain.model import Order, Person, Plan, Session
from edge.domain.orders import accept_anew
from edge.domain.refusals import Refusal, RefusedError
from edge.domain.rules import Ruleset, load_ruleset
from edge.domain.rulesets import active_rules
from edge.domain.turn import Env, Turn
from edge.domain.world import World

Decider = Callable[[Turn, Any], dict[str, Any]]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender of a command is told. Kept with its id, and given again on a repeat."""

    ok: bool
    facts: dict[str, Any]
    next: str = ""
    code: str = ""


class Decision(msgspec.Struct, frozen=True):
    """The outcome of one command."""

    answer: Answer
    drafts: list[Draft]
    personal: list[PersonalRecord]
    world: World


ANSWERS_KEPT_US: Final = 7 * 86_400 * 1_000_000
"""An answer is known again for so long; a command captured earlier might be a repeat."""

_DECIDERS: Final[dict[type, tuple[Decider, str]]] = {
    c.BoxFound: (founding.found_box, ""),
    c.SessionOpen: (sessions.open_session, "tasks"),
    c.SessionClose: (sessions.close_session, "sign-in"),
    c.SessionLock: (sessions.lock_session, ""),
    c.SessionRefuse: (lockouts.refuse, ""),
    c.PersonAdd: (people.add, ""),
    c.PersonRename: (people.rename, ""),
    c.PersonRoles: (people.set_roles, ""),
    c.PersonDisable: (people.disable, ""),
    c.BadgeIssue: (people.issue_badge, ""),
    c.BadgeRevoke: (people.revoke_badge, ""),
    c.BadgeUnlock: (people.unlock_badge, ""),
    c.PinSet: (people.set_pin, ""),
    c.TaskTake: (picking.take, "pick"),
    c.TaskRelease: (picking.release, "tasks"),
    c.ToteBind: (picking.bind_tote, "pick"),
    c.PickScan: (picking.scan, "pick"),
    c.PickQty: (picking.count, "pick"),
    c.PickShort: (picking.short, "pick"),
    c.PutbackScan: (picking.put_back, "put-back"),
    c.CountScan: (counting.scan, "count"),
    c.LotScan: (recall.scan, ""),
    c.GiftSubstitute: (gifts.substitute, ""),
    c.PackOpen: (packing.open_order, "pack"),
    c.PackScan: (packing.scan, "pack"),
    c.PackFinish: (packing.finish, "label"),
    c.OrderResend: (resending.ask, ""),
    c.ReturnScan: (returning.scan, "return"),
    c.ReturnClose: (returning.close, "return"),
    c.EvidenceAttach: (evidence.attach, ""),
    c.WaybillAdopt: (adopting.adopt, "label"),
    c.WaybillPrint: (labelling.print_waybill, "label"),
    c.WaybillReprint: (labelling.reprint, "label"),
    c.WaybillResolve: (printjobs.resolve, "label"),
    c.WaybillProve: (labelling.prove, "packing"),
    c.SlipScan: (printjobs.scan_slip, "label"),
    c.PrintReport: (printjobs.report, ""),
    c.HandoverScan: (labelling.hand_over, "hand-over"),
    c.ApprovalRequest: (approving.request, ""),
    c.ApprovalDecide: (approving.decide, ""),
    c.AccountUnlock: (quota.unlock, ""),
    c.AlarmAck: (alarms.acknowledge, ""),
    c.TimerFire: (timing.fire_timer, ""),
    c.InstructionAccept: (instructions.accept, ""),
    c.RulesetActivate: (rulesets.activate, ""),
    c.RulesetRollback: (rulesets.roll_back, ""),
    c.CheckpointCountersign: (instructions.countersign, ""),
    c.SnapshotKeep: (instructions.keep_snapshot, ""),
    c.PersonalErase: (erasing.erase, ""),
    c.RetentionReport: (erasing.report, ""),
    c.OrdersLetGo: (letting_go.let_go, ""),
    c.StatusSet: (founding.refuse_status, ""),
    c.DevicePair: (pairing.pair, ""),
    c.DeviceRename: (pairing.rename, ""),
    c.DeviceRevoke: (pairing.revoke, ""),
    c.TrainingAssign: (training.assign, ""),
    c.TrainingReport: (training.report, ""),
    c.SiteConfigure: (devices.configure, ""),
    c.DeviceReport: (devices.report, ""),
    c.DeviceAdopt: (devices.adopt, ""),
    c.DeviceAdd: (devices.add, ""),
    c.DeviceBind: (devices.bind, ""),
    c.DeviceUnbind: (devices.unbind, ""),
    c.DeviceForget: (devices.forget, ""),
    c.DeviceLabel: (stickers.ask, ""),
    c.DeviceLabelReport: (stickers.report, ""),
    c.DeviceTest: (devices.test, ""),
    c.DeviceTestReport: (devices.report_test, ""),
    c.DeviceProve: (devices.prove, ""),
    c.ScanReport: (devices.report_scan, ""),
}
"""Decider of each command, and the screen that follows it."""


def decide(world: World, command: Command, env: Env) -> Decision:
    """Decide one command. `world` itself is left as it was; the decision carries the new one."""
    found = command.data if isinstance(command.data, c.BoxFound) else None
    rules = load_ruleset(found.document) if found else active_rules(world)
    decider, screen = _DECIDERS[type(command.data)]
    turn = Turn(world.branch(), command, env, rules)
    try:
        _check_sender(turn)
        facts = decider(turn, command.data)
        accept_anew(turn)
        quota.count(turn, world)
        intake.follow(turn)
        ahead.follow(turn)
        deadlines.follow(turn)
        if command.via == "pda" and not turn.drafts:
            turn.emit("command.repeated", _subject(command), kind=command.kind)
        rulesets.note_first_decision(turn)
        answer = Answer(ok=True, facts=facts, next=screen)
    except instructions.EarlyError as early:
        # its turn comes; an entry would tell the hub that it was answered
        why = early.refusal
        return Decision(Answer(ok=False, facts=why.facts, code=why.code), [], [], world)
    except RefusedError as error:
        turn, answer = _refuse(world, command, env, rules, error.refusal)
        if isinstance(error, quota.AccountError):
            error.note(turn)
    except picking.LateScan as late:
        turn = Turn(world.branch(), command, env, rules)
        code = getattr(command.data, "code", "")
        refusal = picking.keep_late_scan(turn, late, code).refusal
        answer = Answer(ok=False, facts=refusal.facts, code=refusal.code)
    return Decision(answer, turn.drafts, turn.personal, turn.world)


def _check_sender(turn: Turn) -> None:
    """Hold a person's command to the session it was captured in, and to its roles."""
    command = turn.command
    if command.via != "pda" or isinstance(command.data, c.SessionOpen):
        return
    quota.check_lock(turn)
    pairing.check(turn)
    if isinstance(command.data, c.ApprovalDecide):
        _check_device(turn)
        return
    session = turn.world.get(Session, command.session)
    if session is None or session.device != command.device or session.person != command.actor:
        raise RefusedError("not_signed_in")
    person = turn.world.get(Person, session.person)
    if person is None or not person.active:
        raise RefusedError("not_signed_in")
    if turn.env.now_us - command.captured_us > ANSWERS_KEPT_US:
        raise RefusedError("too_old", captured_at=command.captured_us)
    if session.closed_us is not None and command.captured_us > session.closed_us:
        raise RefusedError("session_over", closed_at=session.closed_us)
    if sessions.is_locked(session, command):
        raise RefusedError("session_locked")
    if not turn.rules.may(session.roles, command.kind):
        needed = list(turn.rules.document.roles.get(command.kind, ()))
        raise RefusedError("role_missing", roles=needed)


def _check_device(turn: Turn) -> None:
    """Hold a signature to a device that somebody is signed in at; who signs proved who they are."""
    session = turn.world.get(Session, turn.command.session)
    if session is None or session.device != turn.command.device or session.closed_us is not None:
        raise RefusedError("not_signed_in")
    if sessions.is_locked(session, turn.command):
        raise RefusedError("session_locked")


def _refuse(
    world: World, command: Command, env: Env, rules: Ruleset, refusal: Refusal
) -> tuple[Turn, Answer]:
    """A refused command moves no state, and is on record."""
    turn = Turn(world.branch(), command, env, rules)
    alarms.tell_rule_error(turn, _subject(command), refusal)
    turn.emit(
        "command.refused",
        _subject(command),
        (*_refs(command), *_order_refs(turn, refusal)),
        command=command.kind,
        code=refusal.code,
        facts=refusal.facts,
    )
    return turn, Answer(ok=False, facts=refusal.facts, code=refusal.code)


def _order_refs(turn: Turn, refusal: Refusal) -> tuple[str, ...]:
    """Return the order that was refused something, where the command does not name it itself."""
    data = turn.command.data
    named = refusal.facts.get("order")
    if isinstance(named, str) and turn.world.get(Order, named):
        return (f"order:{named}",)
    plan = turn.world.get(Plan, getattr(data, "task_id", "") or "")
    step = getattr(data, "step", 0)
    if plan is not None and 0 < step <= len(plan.steps):
        return (f"order:{plan.steps[step - 1].order}",)
    return ()


def _subject(command: Command) -> str:
    refs = _refs(command)
    return refs[0] if refs else f"command:{command.id}"


def _refs(command: Command) -> tuple[str, ...]:
    data = command.data
    return tuple(
        f"{name.removesuffix('_id')}:{value}"
        for name in ("order_id", "task_id", "job_id", "alarm_id", "approval_id")
        if (value := getattr(data, name, ""))
    )
