"""The command line."""

import argparse

from edge.cli import (
    admin,
    archive,
    backup,
    bench,
    bundle,
    decode,
    demo,
    devices,
    docs,
    doctor,
    journal,
    labels,
    orders,
    reinit,
    rules,
    selftest,
    services,
    setup,
    sim,
    spare,
)
from edge.cli.output import WRONG_USAGE

VERBS = (
    services,
    setup,
    backup,
    spare,
    archive,
    reinit,
    doctor,
    demo,
    journal,
    orders,
    devices,
    labels,
    rules,
    decode,
    docs,
    sim,
    selftest,
    bundle,
    bench,
    admin,
)


def main() -> None:
    """Run `floorgate`."""
    parser = argparse.ArgumentParser(
        prog="floorgate",
        description="The box through which every order of a warehouse moves by a real action.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for module in VERBS:
        module.add_verbs(verbs)
    args = parser.parse_args()
    if not hasattr(args, "run"):
        parser.print_help()
        raise SystemExit(WRONG_USAGE)
    raise SystemExit(args.run(args))


if __name__ == "__main__":
    main()
