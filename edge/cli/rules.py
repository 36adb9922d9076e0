"""The arguments of `floorgate rules check | diff | sandbox | publish | rollback | show`."""

import argparse
from pathlib import Path
from typing import Any, Final

from edge.cli.words import add_config, add_language

RECENT: Final = 200
EXIT_CODES: Final = "exit codes: 0 all is well, 1 something is wrong or refused, 2 wrong usage"

RULES = """A ruleset is one versioned TOML or JSON document that says what may happen on this floor:
states, gates, gifts, carriers, approvals, timers. docs/RULESET.md explains it with examples. The
usual way: edit a copy, raise meta.version, then check, diff, sandbox, publish; rollback undoes."""
CHECK = """Read a ruleset and name every fault with its line, its path and what to write instead:
syntax, unknown keys, wrong types, names that name nothing, expressions (names, types, cost), states
out of reach or without a way out, missing texts, samples that fail. Needs no box."""
DIFF = """Compare two rulesets part by part: what was added, dropped, changed. With one file it is
compared with the ruleset in force on this box; nothing is written."""
SANDBOX = """Run the newest orders of this floor, odd orders (rare characters, Hong Kong, Macau,
Taiwan, gift sub-orders) and those of --orders through the ruleset in force and through FILE, on
copies, and show what would change. Reads only; the box may be running."""
PUBLISH = """Sign a ruleset with this box's key (keys/rules.key in its data folder; only its owner
can read it) and let it decide from the next command on. It is checked first; a bad one, an older
version, or one for another box is refused and the old one stays. The box must be running. With
--signature FILE a signature made elsewhere with the same key is used (64 bytes, or 128 hex digits);
--sign-only writes one beside the ruleset and publishes nothing."""
ROLLBACK = """Bring back the ruleset that was in force before, in one action. Orders in flight keep
their state; states that only the newer ruleset has stay for them. The box must be running."""
SHOW = """Print which ruleset is in force, who signed it, what was in force before, and for each how
long it took from its publication at the hub to the first order decided by it. --document prints
the ruleset itself, to a file by > FILE."""


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    parser = verbs.add_parser(
        "rules",
        help="check, try, publish and roll back rulesets",
        description=RULES,
        epilog=EXIT_CODES,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    check = _verb(actions, "check", "name every fault of a ruleset", CHECK, box=False)
    check.add_argument("file", type=Path, metavar="FILE", help="the ruleset")

    diff = _verb(actions, "diff", "compare rulesets part by part", DIFF)
    diff.add_argument("file", type=Path, metavar="FILE", help="the newer one")
    diff.add_argument("other", type=Path, nargs="?", metavar="OLD", help="default: that in force")

    sandbox = _verb(actions, "sandbox", "show what a ruleset would change", SANDBOX)
    sandbox.add_argument("file", type=Path, metavar="FILE", help="the ruleset")
    sandbox.add_argument(
        "--orders", type=Path, metavar="FILE", help="orders as order.assign, a JSON object a line"
    )
    sandbox.add_argument(
        "--recent", type=int, default=RECENT, metavar="N", help="newest orders; at most 200"
    )

    publish = _verb(actions, "publish", "sign a ruleset and let it decide", PUBLISH)
    publish.add_argument("file", type=Path, metavar="FILE", help="the ruleset")
    publish.add_argument("--signature", type=Path, metavar="FILE", help="made elsewhere")
    publish.add_argument("--sign-only", action="store_true", help="write FILE.sig, no more")

    rollback = _verb(actions, "rollback", "bring back the ruleset before", ROLLBACK)
    rollback.add_argument("--reason", default="", help="kept in the journal")

    show = _verb(actions, "show", "which ruleset is in force, and since when", SHOW)
    show.add_argument("--document", action="store_true", help="print the ruleset itself")


def _verb(
    actions: "argparse._SubParsersAction[Any]",
    name: str,
    short: str,
    description: str,
    *,
    box: bool = True,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=short, description=description, epilog=EXIT_CODES
    )
    if box:
        text = "the box's folder; default: that of the config"
        parser.add_argument("--data", type=Path, metavar="DIR", help=text)
        add_config(parser)
    add_language(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run, action=name)
    return parser


def _run(args: argparse.Namespace) -> int:
    from edge.cli import rules_actions  # noqa: PLC0415 - only these verbs need store and law

    code: int = getattr(rules_actions, args.action)(args)
    return code
