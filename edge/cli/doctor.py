"""`floorgate doctor`."""

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from edge.cli import door
from edge.cli.door import UsageError
from edge.cli.output import FOUND_WRONG, GOOD, WRONG_USAGE, fail, say, say_json
from edge.cli.words import add_config, add_language, language_of, refused, worded

if TYPE_CHECKING:
    from edge.app.findings import Finding
    from edge.config import Config

FIX: Final = "sudo -u floorgate floorgate doctor --fix"
MARKS: Final = {"good": "ok  ", "note": "-   ", "warn": "WARN", "bad": "BAD "}
DESCRIPTION = """Look the box over: what was found, why it matters, and the next command. Changes
nothing, but with --fix lets the running box mend what it safely can, and looks again. A box that
does not run is looked at as far as that goes. Run it as the service's user:
sudo -u floorgate floorgate doctor"""


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    doctor = verbs.add_parser(
        "doctor",
        help="find out what is wrong, and what to do next",
        description=DESCRIPTION,
        epilog="exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage",
    )
    doctor.add_argument("check", nargs="*", metavar="CHECK", help="only these; default: all")
    add_config(doctor)
    doctor.add_argument("--backups", type=Path, metavar="DIR", help="where backups are")
    add_language(doctor)
    doctor.add_argument("--fix", action="store_true", help="let the box mend what it safely can")
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    doctor.set_defaults(run=examine)


def examine(args: argparse.Namespace) -> int:
    """Run the checks."""
    from edge.app.findings import is_well  # noqa: PLC0415 - what only this verb needs
    from edge.config import ConfigError, load_config  # noqa: PLC0415
    from edge.doctor.run import CHECKS  # noqa: PLC0415

    if unknown := set(args.check) - set(CHECKS):
        names, known = ", ".join(sorted(unknown)), ", ".join(CHECKS)
        text = worded(
            args, f"no check {names}; there are: {known}", f"没有检查 {names}；有：{known}"
        )
        return fail(text, WRONG_USAGE)
    try:
        config = load_config(args.config)
    except ConfigError as error:
        return refused(args, error, WRONG_USAGE)
    with contextlib.suppress(FileNotFoundError):
        next(Path(config.data).iterdir(), None)  # who may not look inside is told so, once
    findings = _look(config, args)
    if args.fix and any(each.fix for each in findings):
        try:
            _mend(config, findings)
        except UsageError as error:
            return refused(args, error)
        findings = _look(config, args)
    if args.json:
        say_json({"ok": is_well(findings), "findings": msgspec.to_builtins(findings)})
    else:
        _tell(findings, language_of(args))
    return GOOD if is_well(findings) else FOUND_WRONG


def _look(config: "Config", args: argparse.Namespace) -> "list[Finding]":
    from edge.clock import SystemClock  # noqa: PLC0415
    from edge.doctor.patient import Patient, ask  # noqa: PLC0415
    from edge.doctor.run import examine  # noqa: PLC0415

    health, figures = ask(config)
    patient = Patient(config=config, now_us=SystemClock().now_us(), health=health, figures=figures)
    if args.backups:
        patient = msgspec.structs.replace(patient, backups=args.backups)
    return examine(patient, args.check)


def _mend(config: "Config", findings: "list[Finding]") -> None:
    """Let the running box do each fix once."""
    for fix in dict.fromkeys(each.fix for each in findings if each.fix):
        door.ask(Path(config.data), "/doctor/fix", {"fix": fix})


def _tell(findings: "list[Finding]", language: str) -> None:
    from edge.app.findings import WRONG  # noqa: PLC0415

    for each in findings:
        say(f"{MARKS[each.severity]}  {each.check:<12} {getattr(each.found, language)}")
        if each.severity in WRONG:
            say(f"{'':18} {getattr(each.why, language)}")
        if each.severity != "good" and (step := getattr(each.next, language)):
            say(f"{'':18} -> {step}")
        if each.severity in WRONG and each.fix:
            say(f"{'':18} => {FIX}")
