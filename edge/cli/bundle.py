"""`floorgate bundle`: what somebody far away needs to help, without anything personal or secret."""

import argparse
from pathlib import Path
from typing import Any

from edge.app.telling import cause_zh
from edge.cli.output import GOOD, WRONG_USAGE, fail, say
from edge.cli.words import add_config, refused, worded

DESCRIPTION = """Write one archive (tar.gz) with versions, the configuration without secrets, what
the running box says of its health and its figures, the newest log lines, how many entries of each
kind the journal has, and what the doctor finds. It holds no customer, no person, no secret; every
part is text: look through it before you send it. Run it as the service's user or as root."""


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verb."""
    bundle = verbs.add_parser(
        "bundle",
        help="write an archive for those who help, without personal data",
        description=DESCRIPTION,
    )
    add_config(bundle)
    bundle.add_argument("--out", type=Path, required=True, metavar="FILE", help="ends in .tar.gz")
    bundle.set_defaults(run=write_bundle)


def write_bundle(args: argparse.Namespace) -> int:
    """Gather the parts and write the archive; a part that cannot be had says why."""
    from edge.bundle import parts, write  # noqa: PLC0415 - what only this verb needs
    from edge.config import ConfigError, load_config  # noqa: PLC0415

    try:
        config = load_config(args.config)
    except ConfigError as error:
        return refused(args, error, WRONG_USAGE)
    try:
        write(args.out, parts(config, args.config))
    except OSError as error:
        return fail(
            worded(
                args,
                f"{args.out}: {error.strerror}; give another with --out FILE",
                f"{args.out}：{cause_zh(error)}；请用 --out 文件 指定另一个",
            )
        )
    say(worded(args, f"wrote {args.out}", f"已写入 {args.out}"))
    return GOOD
