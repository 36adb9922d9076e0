"""`floorgate decode`: what codes are on a picture."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

import msgspec

from edge.cli.output import FOUND_WRONG, GOOD, say, say_json
from edge.cli.words import language_of


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
    return asyncio.run(_decode(args))


def _read(file: Path) -> bytes:
    """Return what a file holds; of one that is too large just enough to show it."""
    from drivers.api import PICTURE_BYTES_MAX  # noqa: PLC0415 - what only this verb needs

    with file.open("rb") as opened:
        return opened.read(PICTURE_BYTES_MAX + 1)


async def _decode(args: argparse.Namespace) -> int:
    from drivers.api import ImageError, open_decoder  # noqa: PLC0415 - what only this verb needs
    from edge.app.decoding import describe  # noqa: PLC0415
    from edge.app.telling import cause, cause_zh, told  # noqa: PLC0415
    from edge.domain.foreign import in_chinese  # noqa: PLC0415

    decoder, language = open_decoder(), language_of(args)
    code = GOOD
    try:
        for file in args.files:
            problem, codes = "", []
            try:
                data = await asyncio.to_thread(_read, file)
                codes = describe(await decoder.decode(data))
            except OSError as error:
                problem = told(cause(error), cause_zh(error), language)
            except ImageError as error:
                problem = told(
                    f"{error.cause}; {error.hint}",
                    f"{in_chinese(error.cause)}；{in_chinese(error.hint)}",
                    language,
                )
            if not codes:
                code = FOUND_WRONG
            if args.json:
                found = msgspec.to_builtins(codes)
                say_json({"file": str(file), "codes": found, "problem": problem})
            else:
                count = len(codes)
                read = told(
                    f"{count} code(s)" if codes else "no code",
                    f"{count} 个条码" if codes else "没有条码",
                    language,
                )
                say(f"{file}: {problem or read}")
                for each in codes:
                    where = f"{each.corners[0][0]},{each.corners[0][1]}"
                    mark = told("  waybill?", "  面单号？", language) if each.waybill else ""
                    say(f"  {each.symbology:12} {each.text!r}  @ {where}{mark}")
    finally:
        await decoder.close()
    return code
