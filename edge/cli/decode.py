"""`floorgate decode`: what codes are on a picture."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

import msgspec

from edge.cli.output import FOUND_WRONG, GOOD, say, say_json


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    decode = verbs.add_parser(
        "decode",
        help="read the codes on pictures",
        description="Reads every bar code, QR code, DataMatrix and PDF417 on pictures, with its "
        "GS1 parts. Exit code 1 when there is a picture on which nothing was read.",
    )
    decode.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JPEG, PNG, WebP …")
    decode.add_argument("--json", action="store_true", help="print JSON lines")
    decode.set_defaults(run=decode_files)


def decode_files(args: argparse.Namespace) -> int:
    """Read the codes on each file."""
    return asyncio.run(_decode(args.files, as_json=args.json))


def _read(file: Path) -> bytes:
    """Return what a file holds; of one that is too large just enough to show it."""
    from drivers.api import PICTURE_BYTES_MAX  # noqa: PLC0415 - what only this verb needs

    with file.open("rb") as opened:
        return opened.read(PICTURE_BYTES_MAX + 1)


async def _decode(files: list[Path], *, as_json: bool) -> int:
    from drivers.api import ImageError, open_decoder  # noqa: PLC0415 - what only this verb needs
    from edge.app.decoding import describe  # noqa: PLC0415

    decoder = open_decoder()
    code = GOOD
    try:
        for file in files:
            problem, codes = "", []
            try:
                data = await asyncio.to_thread(_read, file)
                codes = describe(await decoder.decode(data))
            except OSError as error:
                problem = f"{error.strerror}"
            except ImageError as error:
                problem = f"{error.cause}; {error.hint}"
            if not codes:
                code = FOUND_WRONG
            if as_json:
                found = msgspec.to_builtins(codes)
                say_json({"file": str(file), "codes": found, "problem": problem})
            else:
                say(f"{file}: {problem or ('no code' if not codes else f'{len(codes)} code(s)')}")
                for each in codes:
                    where = f"{each.corners[0][0]},{each.corners[0][1]}"
                    mark = "  waybill?" if each.waybill else ""
                    say(f"  {each.symbology:12} {each.text!r}  at {where}{mark}")
    finally:
        await decoder.close()
    return code
