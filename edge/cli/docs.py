"""`floorgate docs`: writes the documents that are generated from the code."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from edge.cli.output import GOOD, fail, say


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verb."""
    docs = verbs.add_parser("docs", help="write the documents that are generated from the code")
    docs.add_argument("names", nargs="*", metavar="NAME", help="only these; default: all")
    docs.add_argument("--out", type=Path, default=Path("docs"), help="folder to write them to")
    docs.set_defaults(run=write_docs)


def write_docs(args: argparse.Namespace) -> int:
    """Write the named pages, or all."""
    unknown = set(args.names) - set(PAGES)
    if unknown:
        return fail(f"no generated page {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}")
    if not args.out.is_dir():
        return fail(f"{args.out} is no folder; run it in the checkout, or give --out DIR")
    for name in args.names or PAGES:
        file, text = PAGES[name]
        path = args.out / file
        path.write_text(text(), "utf-8")
        say(f"{path}")
    return GOOD


def _workflow() -> str:
    from edge.bootstrap import default_ruleset  # noqa: PLC0415 - only this verb needs it
    from edge.domain.rules import load_ruleset  # noqa: PLC0415
    from edge.domain.workflow_doc import workflow_page  # noqa: PLC0415

    return workflow_page(load_ruleset(default_ruleset()))


def _picture(language: str) -> str:
    from edge.bootstrap import default_ruleset  # noqa: PLC0415
    from edge.domain.rules import load_ruleset  # noqa: PLC0415
    from edge.domain.workflow_picture import picture  # noqa: PLC0415

    return picture(load_ruleset(default_ruleset()), language)


def _ruleset() -> str:
    from edge.domain.ruleset_doc import ruleset_page  # noqa: PLC0415

    return ruleset_page()


def _ruleset_schema() -> str:
    from edge.domain.ruleset_doc import ruleset_schema  # noqa: PLC0415

    return ruleset_schema()


def _metrics() -> str:
    from edge.app.metrics import metrics_page  # noqa: PLC0415

    return metrics_page()


def _access() -> str:
    from edge.app.access import access_page  # noqa: PLC0415

    return access_page()


PAGES: Final[dict[str, tuple[str, Callable[[], str]]]] = {
    "workflow": ("WORKFLOW.md", _workflow),
    "workflow-zh": ("img/workflow-zh.svg", lambda: _picture("zh")),
    "workflow-en": ("img/workflow-en.svg", lambda: _picture("en")),
    "ruleset": ("RULESET.md", _ruleset),
    "metrics": ("METRICS.md", _metrics),
    "access": ("ACCESS.md", _access),
    "ruleset-schema": ("ruleset.schema.json", _ruleset_schema),
}
"""Name of each generated page, its file, and what writes it."""
