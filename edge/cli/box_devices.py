"""`floorgate devices list`, `adopt` and what else is done with the devices of a running box."""

import argparse
from typing import Any, Final

from edge.cli.output import GOOD, WRONG_USAGE, aligned, say, say_json
from edge.cli.words import language_of, page_word, refused, worded

COLUMNS: Final = {
    "en": ("id", "state", "kind", "name", "model", "language", "address", "stations", "ill"),
    "zh": ("编号", "状态", "类型", "名称", "型号", "语言", "地址", "打包台", "故障"),
}
LIST = """Print what the running box found and what it uses: what is ill, where it is, which station
prints on it, and what keeps discovery from looking."""
ADOPT = """Put a found device to use. Nothing prints and nothing scans before. What discovery could
not tell, say: --kind, and for a printer --language."""
ADD = """Name a device by its address and put it to use: tcp://10.0.0.9?lang=zpl, ipp://10.0.0.8/…,
usb:///dev/usb/lp0?lang=tspl, serial:///dev/serial/by-id/…?baud=9600&lang=escpos; scanners
with --kind scanner: hid:///dev/input/by-id/…, serial:///…, tcp://10.0.0.7:23 (it waits), or
tcp-listen://0.0.0.0:2001 (it dials us)."""
BIND = """Bind a device to a station: a printer becomes its first one, a scanner belongs to it
alone. At the station itself the device's sticker is scanned instead."""
PRINT = """Print a sticker on a printer in use, once: the one that carries CODE, or without a CODE
the label of the box itself. What became of it stands on the printer's page."""
TEST = """Print one test label: the device's sticker. Scan it back, at the station or with
`floorgate devices prove CODE`."""

NEXT: Final = {
    "adopt": (
        "next: sudo -u floorgate floorgate devices test ID",
        "下一步：sudo -u floorgate floorgate devices test 编号",
    ),
    "test": (
        "next: scan the label back, at the station or with devices prove CODE",
        "下一步：把测试标签扫回来，在打包台扫，或用 devices prove 码",
    ),
}
"""What is to be done after a verb."""
DEVICE: Final = "its id, as list shows it"
NAME: Final = "what it is called here"
KIND: Final = "what it is"


def add_list(group: "argparse._SubParsersAction[Any]") -> None:
    """Add `list`."""
    parser = _verb(group, "list", "what the box found, and what it uses", LIST)
    parser.set_defaults(run=_list)


def add_actions(group: "argparse._SubParsersAction[Any]") -> None:
    """Add the verbs that change something."""
    adopt = _verb(group, "adopt", "put a found device to use", ADOPT)
    adopt.add_argument("device", metavar="ID", help=DEVICE)
    adopt.add_argument("--name", default="", help=NAME)
    adopt.add_argument("--kind", choices=("printer", "scanner"), default="", help=KIND)
    adopt.add_argument(
        "--language", choices=("tspl", "zpl", "escpos"), default="", help="what the printer speaks"
    )
    adopt.set_defaults(run=_do, verb="adopt", takes=("device", "name", "kind", "language"))

    add = _verb(group, "add", "name a device by its address", ADD)
    add.add_argument("url", metavar="URL", help="its address")
    add.add_argument("--name", required=True, help=NAME)
    add.add_argument("--kind", choices=("printer", "scanner"), default="printer", help=KIND)
    add.set_defaults(run=_do, verb="add", takes=("url", "name", "kind"))

    bind = _verb(group, "bind", "bind a device to a station", BIND)
    unbind = _verb(group, "unbind", "take a device from a station", "Take a device from a station.")
    for parser in (bind, unbind):
        parser.add_argument("device", metavar="ID", help=DEVICE)
        parser.add_argument("station", metavar="STATION", help="the station's id")
    bind.set_defaults(run=_bind)
    unbind.set_defaults(run=_do, verb="unbind", takes=("device", "station"))

    forget = _verb(group, "forget", "use a device no more", "Use a device no more.")
    test = _verb(group, "test", "print a test label", TEST)
    for name, parser in (("forget", forget), ("test", test)):
        parser.add_argument("device", metavar="ID", help=DEVICE)
        parser.set_defaults(run=_do, verb=name, takes=("device",))
    label = _verb(group, "print", "print a sticker, or the label of the box", PRINT)
    label.add_argument("device", metavar="ID", help="the printer")
    label.add_argument("code", metavar="CODE", nargs="?", default="",
                       help="@S:STATION or @D:ID; without it, the label of the box")  # fmt: skip
    label.set_defaults(run=_do, verb="label", takes=("device", "code"))
    prove = _verb(group, "prove", "a test label was scanned back", "Say what the test label reads.")
    prove.add_argument("code", metavar="CODE", help="what the scanner read")
    prove.set_defaults(run=_do, verb="prove", takes=("code",))


def _verb(
    group: "argparse._SubParsersAction[Any]", name: str, short: str, description: str
) -> argparse.ArgumentParser:
    from edge.cli.door import add_box  # noqa: PLC0415 - what only these verbs need

    parser: argparse.ArgumentParser = group.add_parser(name, help=short, description=description)
    add_box(parser)
    return parser


def _do(args: argparse.Namespace) -> int:
    return _send(args, args.verb, {name: getattr(args, name) for name in args.takes})


def _bind(args: argparse.Namespace) -> int:
    return _send(args, "bind", {"code": f"@D:{args.device}", "station": args.station})


def _send(args: argparse.Namespace, verb: str, data: dict[str, str]) -> int:
    from edge.cli import door  # noqa: PLC0415 - what only these verbs need

    try:
        code = door.told(args, door.ask(door.folder_of(args), f"/devices/{verb}", data))
    except door.UsageError as error:
        return refused(args, error, WRONG_USAGE)
    if code == GOOD and verb in NEXT and not args.json:
        say(worded(args, *NEXT[verb]))
    return code


def _list(args: argparse.Namespace) -> int:
    from edge.cli import door  # noqa: PLC0415 - what only these verbs need

    try:
        found = door.ask(door.folder_of(args), "/devices")
    except door.UsageError as error:
        return refused(args, error, WRONG_USAGE)
    if args.json:
        say_json(found)
        return GOOD
    language = language_of(args)
    rows = [COLUMNS[language], *(_row(device, language) for device in found["devices"])]
    for line, device in zip(aligned(rows), (None, *found["devices"]), strict=True):
        say(line)
        for conflict in device["conflicts"] if device else ():
            clash, parties = conflict["clash"], ", ".join(conflict["parties"])
            said = page_word("device_clash", clash, language).replace("{parties}", parties)
            say(f"  ! {said}")
    for source, problem in found["problems"].items():
        say(f"{source}: {problem}")
    return GOOD


def _row(device: dict[str, Any], language: str) -> tuple[str, ...]:
    model = f"{device['make']} {device['model']}".strip()
    return (
        device["id"],
        page_word("device_state", device["state"], language),
        page_word("device_kind", device["kind"], language),
        device["name"],
        model,
        device["language"] or "?",
        device["url"],
        " ".join(device["stations"]),
        page_word("job_reason", device["fault"], language),
    )
