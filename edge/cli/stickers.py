"""`floorgate devices label`: the box's own label, and stickers for its stations and printers."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.cli.output import GOOD, WRONG_USAGE, fail, say
from edge.cli.words import driver_lines, of_system, refused, worded

if TYPE_CHECKING:
    from drivers.api import Raster
    from edge.config import Config

LABEL: Final = """Make labels to stick on. --box: the box's own, with the address that a new PDA
scans, that of its pages, and the fingerprint of its authority, read from the configuration.
--stickers: one for each station and each adopted device of the running box; scanning a station's
signs in there, scanning a device's binds it."""
PDF, PNG = ".pdf", ".png"


def add_label(group: "argparse._SubParsersAction[Any]") -> None:
    """Add the verb."""
    from edge.cli.door import add_box  # noqa: PLC0415 - what only this verb needs

    label = group.add_parser("label", help="the box's own label, and stickers", description=LABEL)
    add_box(label)
    what = label.add_mutually_exclusive_group(required=True)
    what.add_argument("--box", action="store_true", help="the label of the box")
    what.add_argument("--stickers", action="store_true", help="a sticker each, as PDF")
    label.add_argument("-o", "--out", type=Path, required=True, metavar="OUT",
                       help="a .pdf, or for one label a .png")  # fmt: skip
    label.set_defaults(run=make_labels)


def make_labels(args: argparse.Namespace) -> int:
    """Write the labels that were asked for."""
    from drivers.api import LabelError  # noqa: PLC0415 - what only this verb needs
    from edge.cli.door import UsageError  # noqa: PLC0415
    from edge.config import ConfigError, load_config  # noqa: PLC0415

    try:
        labels = _box(load_config(args.config)) if args.box else _stickers(args)
        content = _encode(labels, args.out)
        args.out.write_bytes(content)
    except LabelError as error:
        return fail(driver_lines(args, error.path, error.cause, error.hint))
    except (ConfigError, UsageError) as error:
        return refused(args, error, WRONG_USAGE)
    except OSError as error:
        return refused(args, of_system(error), WRONG_USAGE)
    size = f"{labels[0].width} × {labels[0].height}"
    say(
        worded(
            args,
            f"{args.out}: {len(labels)} of {size} dots",
            f"{args.out}：{len(labels)} 张，{size} 点",
        )
    )
    return GOOD


def _encode(labels: "list[Raster]", out: Path) -> bytes:
    from drivers.api import labels_pdf, raster_png  # noqa: PLC0415
    from edge.cli.door import UsageError  # noqa: PLC0415

    if not labels:
        raise UsageError(
            "there is no station and nothing adopted to make stickers for",
            "没有打包台，也没有启用的设备，没有可做的标签",
        )
    if out.suffix == PDF:
        return labels_pdf(labels)
    if out.suffix == PNG and len(labels) == 1:
        return raster_png(labels[0])
    raise UsageError(
        f"{out}: {len(labels)} labels; write them as .pdf, or one as .png",
        f"{out}：共 {len(labels)} 张；请写成 .pdf，只有一张时可以写 .png",
    )


def _render(template: str, fields: dict[str, Any]) -> "Raster":
    from drivers.api import builtin_template, check_label, render_label  # noqa: PLC0415

    return render_label(builtin_template(template), fields, check=check_label)


def _box(config: "Config") -> "list[Raster]":
    from edge.boxlabel import box_fields  # noqa: PLC0415 - what only this verb needs

    return [_render("box", box_fields(config))]


def _stickers(args: argparse.Namespace) -> "list[Raster]":
    from edge.app.ownlabels import station_fields  # noqa: PLC0415 - what only this verb needs
    from edge.cli import door  # noqa: PLC0415

    found = door.ask(door.folder_of(args), "/devices")
    fields = [station_fields(each["id"], each["name"]["zh"]) for each in found["stations"]]
    for device in found["devices"]:
        if device["adopted"]:
            model = f"{device['make']} {device['model']}".strip()
            shown = {"code": device["sticker"], "name": device["name"], "model": model}
            shown["station"] = " ".join(device["stations"])
            fields.append({name: text for name, text in shown.items() if text})
    return [_render("sticker", each) for each in fields]
