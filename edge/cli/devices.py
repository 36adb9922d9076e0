"""`floorgate devices`: the scanners and printers around this machine."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from drivers.api import Device, DriverError, Progress, Settings, State, make_discovery
from edge.cli import box_devices, fake_printers, pairing, stickers
from edge.cli.output import GOOD, WRONG_USAGE, aligned, fail, say, say_json
from edge.cli.words import driver_lines, language_of, worded

SECONDS: Final = 15.0
COLUMNS: Final = {
    "en": ("state", "kind", "name", "model", "language", "address", "seen by"),
    "zh": ("状态", "类型", "名称", "型号", "语言", "地址", "发现方式"),
}


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    devices = verbs.add_parser("devices", help="find the scanners and printers around this machine")
    group = devices.add_subparsers(title="verbs", metavar="VERB", required=True)
    for add in GROUP:
        add(group)


def _add_scan(group: "argparse._SubParsersAction[Any]") -> None:
    scan = group.add_parser(
        "scan",
        help="look for devices, print what was found",
        description="Looks by mDNS, USB, serial and HID, and in the networks that you name by "
        "UDP search, open ports, SNMP and the printers' own languages. Adopts nothing, prints "
        "nothing.",
    )
    scan.add_argument("--json", action="store_true", help="print one JSON object")
    scan.add_argument(
        "--network",
        action="append",
        default=[],
        metavar="CIDR",
        help="a network that may be searched, such as 10.0.0.0/24; can be given again",
    )
    scan.add_argument("--interface", action="append", default=[], metavar="IP",
                      help="use mDNS only on this own address; can be given again")  # fmt: skip
    scan.add_argument("--wide", action="store_true", help="allow networks larger than a /22")
    scan.add_argument("--seconds", type=float, default=SECONDS, metavar="N",
                      help="at most this long (15)")  # fmt: skip
    scan.set_defaults(run=scan_devices)


GROUP: Final[tuple[Callable[["argparse._SubParsersAction[Any]"], None], ...]] = (
    _add_scan,
    box_devices.add_list,
    box_devices.add_actions,
    fake_printers.add_fake,
    pairing.add_pair,
    stickers.add_label,
)
"""What adds each verb of the group."""


def scan_devices(args: argparse.Namespace) -> int:
    """Look once with every source, and print the devices."""
    settings = Settings(
        networks=tuple(args.network), interfaces=tuple(args.interface), is_wide=args.wide
    )
    try:
        devices, problems = asyncio.run(_scan(settings, args.seconds, is_quiet=args.json))
    except DriverError as error:
        return fail(driver_lines(args, error.subject, error.cause, error.hint), WRONG_USAGE)
    if args.json:
        say_json({"devices": [as_json(each) for each in devices], "problems": problems})
        return GOOD
    say(table(devices, language_of(args)))
    for source, problem in problems.items():
        say(f"{source}: {problem}")
    if not args.network:
        say(
            worded(
                args,
                "No network was searched: name one with --network CIDR to find silent printers.",
                "没有扫描任何网段：要找不出声的打印机，请用 --network 网段 指定。",
            )
        )
    return GOOD


async def _scan(
    settings: Settings, timeout_s: float, *, is_quiet: bool
) -> tuple[tuple[Device, ...], dict[str, str]]:
    def show(progress: Progress) -> None:
        waiting = ", ".join(progress.waiting) or "answers"
        text = f"\r\033[K… {progress.devices} found, waiting for {waiting}"
        print(text, end="", file=sys.stderr, flush=True)

    is_shown = not is_quiet and sys.stderr.isatty()
    discovery = make_discovery(settings, lambda: time.monotonic_ns() // 1_000)
    try:
        found = await discovery.scan(timeout_s, show if is_shown else None)
    finally:
        await discovery.stop()
        if is_shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    problems = {str(source): problem for source, problem in discovery.problems.items()}
    return tuple(device for device in found if device.state is not State.GONE), problems


def as_json(device: Device) -> dict[str, Any]:
    """Return a device for `--json`: its fields, and the URL that opens it."""
    return {**msgspec.to_builtins(device), "url": device.url, "language": device.language}


def table(devices: tuple[Device, ...], language: str) -> str:
    """Return the devices as an aligned table, and below each what is odd about it."""
    if not devices:
        return "没有找到设备。" if language == "zh" else "No device was found."
    rows = [COLUMNS[language], *(_row(device) for device in devices)]
    lines: list[str] = []
    for line, device in zip(aligned(rows), (None, *devices), strict=True):
        lines.append(line)
        if device is not None:
            lines += [f"  ! {conflict.clash}: {', '.join(conflict.parties)}"
                      for conflict in device.conflicts]  # fmt: skip
            if device.fact("note"):
                lines.append(f"    {device.fact('note')}")
    return "\n".join(lines)


def _row(device: Device) -> tuple[str, ...]:
    return (
        device.state,
        device.kind,
        device.fact("name") or device.key,
        f"{device.fact('make')} {device.fact('model')}".strip(),
        device.language or "?",
        device.url or "-",
        " ".join(device.sources),
    )
