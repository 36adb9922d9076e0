"""`floorgate print`: look at labels and check templates without a printer."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from edge.app.telling import ToldError, cause_zh
from edge.cli.output import GOOD, WRONG_USAGE, fail, say, say_json
from edge.cli.words import driver_lines, of_system, refused, worded

if TYPE_CHECKING:
    from drivers.api import Raster

LANGUAGES: Final = ("tspl", "zpl", "escpos")
PICTURES: Final = ("png", "pdf")
TEMPLATE_BYTES_MAX: Final = 1_000_000


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    parser = verbs.add_parser("print", help="render labels and check templates")
    group = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    render = group.add_parser(
        "render",
        help="a label as a picture or as a printer's bytes",
        description="Renders TEMPLATE (a built-in name, or a JSON or TOML file) with data, reads "
        "its codes back, and writes what a printer would get, or a picture. "
        "Example: floorgate print render waybill -o waybill.png",
    )
    _add_template(render)
    render.add_argument("--lang", choices=(*LANGUAGES, *PICTURES), help="default: by OUT's ending")
    render.add_argument(
        "-o", "--out", type=Path, required=True, metavar="OUT", help="the file to write"
    )
    render.set_defaults(run=print_render)
    check = group.add_parser("check", help="find the mistakes of a template")
    _add_template(check)
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run=print_check)
    templates = group.add_parser("templates", help="list the templates that are built in")
    templates.add_argument("--json", action="store_true", help="print one JSON object")
    templates.set_defaults(run=print_templates)


def _add_template(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("template", metavar="TEMPLATE", help="built-in name, or a file")
    parser.add_argument("--data", type=Path, metavar="FILE", help="JSON; default: the sample's own")
    parser.add_argument("--dpi", type=int, default=203, help="dots per inch of the printer")


class _InputError(ToldError):
    """A file cannot be used; the text says why."""


def print_render(args: argparse.Namespace) -> int:
    """Render a label."""
    from drivers.api import DriverError, LabelError  # noqa: PLC0415 - what only this verb needs

    lang = args.lang or args.out.suffix.removeprefix(".")
    if lang not in (*LANGUAGES, *PICTURES):
        known = ", ".join((*LANGUAGES, *PICTURES))
        return fail(
            worded(args, f"--lang: one of {known}", f"--lang：请写 {known} 之一"), WRONG_USAGE
        )
    try:
        content = _encode(_labels(args), lang)
        args.out.write_bytes(content)
    except LabelError as error:
        return fail(driver_lines(args, error.path, error.cause, error.hint))
    except DriverError as error:
        return fail(driver_lines(args, error.subject, error.cause, error.hint))
    except _InputError as error:
        return refused(args, error, WRONG_USAGE)
    except OSError as error:
        return refused(args, of_system(error), WRONG_USAGE)
    size = f"{len(content):,}"
    say(worded(args, f"{args.out}: {size} bytes", f"{args.out}：{size} 字节"))
    return GOOD


def _labels(args: argparse.Namespace) -> "list[Raster]":
    """Render what the arguments name, with its codes read back."""
    from drivers.api import (  # noqa: PLC0415
        builtin_template,
        builtin_templates,
        check_label,
        render_labels,
        sample_data,
    )

    is_builtin = args.template in builtin_templates()
    template = builtin_template(args.template) if is_builtin else _read(Path(args.template))
    data = _read(args.data) if args.data else sample_data(args.template) if is_builtin else {}
    return render_labels(template, data, args.dpi, check_label)


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > TEMPLATE_BYTES_MAX:
            raise _InputError(
                f"{path}: larger than {TEMPLATE_BYTES_MAX:,} bytes",
                f"{path}：大于 {TEMPLATE_BYTES_MAX:,} 字节",
            )
        decode = msgspec.toml.decode if path.suffix == ".toml" else msgspec.json.decode
        return decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise _InputError(f"{path}: {error.strerror}", f"{path}：{cause_zh(error)}") from error
    except (ValueError, RecursionError) as error:
        raise _InputError(f"{path}: {error}", f"{path}：{cause_zh(error)}") from error


def _encode(labels: "list[Raster]", lang: str) -> bytes:
    from drivers.api import CopyId, labels_pdf, open_printer, raster_png  # noqa: PLC0415

    if lang == "pdf":
        return labels_pdf(labels)
    if len(labels) > 1 and lang == "png":
        raise _InputError(
            f"this makes {len(labels)} labels: write them as pdf",
            f"共 {len(labels)} 张标签：请写成 pdf",
        )
    if lang == "png":
        return raster_png(labels[0])
    printer = open_printer(f"tcp://localhost?lang={lang}")  # stays closed: encoding needs no link
    return b"".join(printer.encode(label, CopyId(f"sample-{n}")) for n, label in enumerate(labels))


def print_check(args: argparse.Namespace) -> int:
    """Check a template by rendering it."""
    from drivers.api import LabelError  # noqa: PLC0415

    try:
        labels = _labels(args)
    except LabelError as error:
        if args.json:
            problem = {"path": error.path, "cause": error.cause, "hint": error.hint}
            say_json({"ok": False, "problem": problem})
            return 1
        return fail(driver_lines(args, error.path, error.cause, error.hint))
    except _InputError as error:
        return refused(args, error, WRONG_USAGE)
    first = labels[0]
    facts = {"labels": len(labels), "width": first.width, "height": first.height, "dpi": first.dpi}
    if args.json:
        say_json({"ok": True} | facts)
    else:
        size = f"{first.width} × {first.height}"
        say(
            worded(
                args,
                f"{args.template}: good; {len(labels)} of {size} dots",
                f"{args.template}：没有问题；{len(labels)} 张，{size} 点",
            )
        )
    return GOOD


def print_templates(args: argparse.Namespace) -> int:
    """List the built-in templates."""
    from drivers.api import builtin_template, builtin_templates  # noqa: PLC0415

    sizes = {name: builtin_template(name)["size_mm"] for name in builtin_templates()}
    if args.json:
        say_json({name: {"size_mm": size} for name, size in sizes.items()})
    else:
        for name, (width, height) in sizes.items():
            say(f"{name:10} {width} × {height} mm")
    return GOOD
