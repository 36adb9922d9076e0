"""`floorgate setup` and `floorgate health`: the first and the last step of an installation."""

import argparse
import asyncio
import ipaddress
import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.app.telling import ToldError, cause_zh
from edge.cli.output import FOUND_WRONG, GOOD, WRONG_USAGE, fail, say, say_json
from edge.cli.words import add_config, refused, worded

if TYPE_CHECKING:
    from edge.config import Config

DATA: Final = Path("/var/lib/floorgate")
PORT: Final = 443
TOKEN_FILE: Final = "hub-token"  # noqa: S105 - the name of a file
LOOK_S: Final = 0.5
ANSWER_S: Final = 5.0


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    setup = verbs.add_parser(
        "setup",
        help="write the box's configuration, asking for what is not given",
        description="Writes the configuration of a new box. What no option gives is asked for, "
        "with a suggestion; --yes takes every suggestion. An existing file stays as it is.",
    )
    add_config(setup)
    setup.add_argument("--data", type=Path, default=DATA, help="folder of all that it keeps")
    setup.add_argument("--name", help="the site's name, as PDAs show it")
    setup.add_argument("--id", help="the box's id at the hub, e.g. W1-A")
    setup.add_argument("--language", choices=("zh", "en"), help="language a new PDA begins in")
    setup.add_argument("--port", type=int, default=PORT, help="port of the box's pages")
    setup.add_argument(
        "--network",
        action="append",
        metavar="CIDR",
        help="network that may be probed for printers; may be given several times; '' for none",
    )
    setup.add_argument("--hub", metavar="URL", help="where the hub is; '' for a box on its own")
    setup.add_argument(
        "--certificate", type=Path, metavar="PEM",
        help="the site's own certificate with its chain; without it the box makes its own",
    )  # fmt: skip
    setup.add_argument("--key", type=Path, metavar="PEM", help="the key of that certificate")
    setup.add_argument("--token", help="the box's enrolment token at the hub")
    setup.add_argument("--yes", action="store_true", help="ask nothing")
    setup.set_defaults(run=set_up)
    health = verbs.add_parser("health", help="ask the running box how it is; exit code 0 when well")
    add_config(health)
    health.add_argument("--wait", type=float, default=0.0, metavar="S", help="wait so long for it")
    health.add_argument("--json", action="store_true", help="print one JSON object")
    health.set_defaults(run=ask_health)


# ---- the configuration ---------------------------------------------------------------------------


def set_up(args: argparse.Namespace) -> int:
    """Write the configuration of a new box."""
    if args.config.exists():
        say(
            worded(
                args,
                f"{args.config} is there already and stays as it is",
                f"{args.config} 已经存在，保持不变",
            )
        )
        return GOOD
    ask = _suggest if args.yes or not sys.stdin.isatty() else _ask
    host = socket.gethostname()
    try:
        text = _text(
            name=args.name or ask("Name of the site 站点名称", f"Floorgate {host}"),
            box=args.id or ask("Id of this box at the hub 本机在中枢的编号", host),
            language=args.language or ask("Language of a new PDA, zh or en 新 PDA 的语言", "zh"),
            data=args.data,
            port=args.port,
            names=(host, *_addresses()),
            networks=_networks(args.network, ask),
            pair=_pair(args.certificate, args.key, ask),
            hub=args.hub if args.hub is not None else ask("URL of the hub 中枢地址 (ws…)", ""),
        )
    except ToldError as error:
        return refused(args, error, WRONG_USAGE)
    args.config.parent.mkdir(parents=True, exist_ok=True)
    if args.token:
        _write(args.config.parent / "credentials" / TOKEN_FILE, args.token, 0o600)
    _write(args.config, text, 0o644)
    say(
        worded(
            args,
            f"wrote {args.config}\n"
            "next: start the box; then `floorgate admin code` lets the first admin in",
            f"已写入 {args.config}\n下一步：启动盒子；再用 `floorgate admin code` 让首位管理员登录",
        )
    )
    return GOOD


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _suggest(_: str, suggestion: str) -> str:
    return suggestion


def _ask(question: str, suggestion: str) -> str:
    return input(f"{question} [{suggestion}]: ").strip() or suggestion


def _networks(given: list[str] | None, ask: Any) -> list[str]:  # noqa: ANN401 - _ask or _suggest
    suggestion = ", ".join(_local_networks())
    question = "Networks that may be probed for printers 允许扫描打印机的网段"
    texts = given if given is not None else ask(question, suggestion).split(",")
    try:
        networks = [ipaddress.ip_network(text.strip()) for text in texts if text.strip()]
    except ValueError as error:
        raise ToldError(
            f"{error}; write a network as 192.168.7.0/24",
            f"{', '.join(texts)}：网段要写成 192.168.7.0/24 这样",
        ) from error
    wide = [str(each) for each in networks if each.num_addresses > 1024]  # noqa: PLR2004 - a /22
    if wide:
        raise ToldError(
            f"{', '.join(wide)}: too wide to probe; name parts of at most /22",
            f"{', '.join(wide)}：太大，不能扫描；请写其中不超过 /22 的网段",
        )
    return [str(network) for network in networks]


def _pair(certificate: Path | None, key: Path | None, ask: Any) -> tuple[Path, Path] | None:  # noqa: ANN401 - _ask or _suggest
    """Return the site's own certificate and key, or None where the box shall make its own."""
    if certificate is None:
        question = "The site's own certificate, PEM; empty: the box makes one 现场证书"
        certificate = Path(said) if (said := ask(question, "")) else None
    if certificate in (None, Path()):
        return None
    key = key or Path(
        ask("The key of that certificate 证书私钥", str(certificate.with_suffix(".key")))
    )
    if missing := [str(path) for path in (certificate, key) if not path.is_file()]:
        raise ToldError(
            f"{', '.join(missing)}: no such file", f"{', '.join(missing)}：没有这个文件"
        )
    return certificate.absolute(), key.absolute()


def _interfaces() -> list[ipaddress.IPv4Interface]:
    """Return the machine's private addresses with their networks."""
    try:
        said = subprocess.run(
            ["ip", "-json", "-4", "address", "show", "up"],  # noqa: S607 - iproute2, wherever
            capture_output=True, check=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return []
    found = [
        ipaddress.IPv4Interface(f"{each['local']}/{each['prefixlen']}")
        for link in json.loads(said)
        for each in link.get("addr_info", ())
    ]
    return [each for each in found if each.is_private and not each.is_loopback]


def _addresses() -> list[str]:
    return [str(each.ip) for each in _interfaces()]


def _local_networks() -> list[str]:
    """Return the /24 around each of the machine's addresses: what a first probe may look at."""
    near = {
        ipaddress.ip_network(f"{each.ip}/{max(24, each.network.prefixlen)}", strict=False)
        for each in _interfaces()
    }
    return sorted(str(network) for network in near)


def _text(  # noqa: PLR0913 - one for each thing that is asked
    *,
    name: str,
    box: str,
    language: str,
    data: Path,
    port: int,
    names: tuple[str, ...],
    networks: list[str],
    pair: tuple[Path, Path] | None,
    hub: str,
) -> str:
    if language not in ("zh", "en"):
        raise ToldError(f"language {language}: write zh or en", f"语言 {language}：请写 zh 或 en")
    if hub and not hub.startswith(("ws://", "wss://")):
        raise ToldError(
            f"hub {hub}: write it as wss://hub.example/link",
            f"中枢 {hub}：请写成 wss://hub.example/link",
        )

    def quoted(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)  # TOML takes JSON's strings and lists

    own = f"certificate = {quoted(str(pair[0]))}\nkey = {quoted(str(pair[1]))}\n" if pair else ""
    return f"""\
# The box's configuration. After a change: sudo systemctl restart floorgate
# What each part is for: OPERATIONS.md; a key that is not known is named at the start.
data = {quoted(str(data))}

[box]
id = {quoted(box)}
name = {quoted(name)}
language = {quoted(language)}

[http]
port = {port}
# further names and addresses that PDAs may call the box by; the certificate is made for them
names = {quoted(list(dict.fromkeys(names)))}
{own}
[hub]
url = {quoted(hub)}

[disk]
# a file that may be removed to go on at once when the disk is full
ballast_mb = 256

[discovery]
# nothing outside these networks is ever probed
networks = {quoted(networks)}
"""


# ---- is it well? ---------------------------------------------------------------------------------


def ask_health(args: argparse.Namespace) -> int:
    """Ask the running box how it is."""
    from edge.config import ConfigError, load_config  # noqa: PLC0415 - what only this verb needs
    from edge.doctor.patient import trust  # noqa: PLC0415

    try:
        config = load_config(args.config)
    except ConfigError as error:
        return refused(args, error, WRONG_USAGE)
    scheme = "https" if config.http.tls else "http"
    url = f"{scheme}://localhost:{config.http.port}/health"
    try:
        trust(config)
    except OSError as error:
        own, see = config.http.certificate, "sudo -u floorgate floorgate doctor certificate"
        if not own:
            raise
        return fail(
            worded(
                args,
                f"{own} cannot be read: {error.strerror}; look at: {see}",
                f"{own} 读不了：{cause_zh(error)}；请看：{see}",
            )
        )
    health, problem = asyncio.run(_wait(url, config, args.wait))
    if args.json:
        say_json(health or {"ok": False, "problem": str(problem)})
    elif health:
        is_well, entries = health["ok"], health["seq"]
        en, zh = _ROOM[health["disk"]]
        say(
            worded(
                args,
                f"{config.box.name}: {'well' if is_well else 'ill'}, {entries} entries{en}",
                f"{config.box.name}：{'正常' if is_well else '不正常'}，{entries} 条{zh}",
            )
        )
    else:
        return fail(
            worded(
                args,
                f"{url} does not answer: {problem}; look at: sudo journalctl -u floorgate -n 50",
                f"{url} 没有应答：{cause_zh(problem)}；请看：sudo journalctl -u floorgate -n 50",
            )
        )
    return GOOD if health.get("ok") else FOUND_WRONG


_DISK: Final = "sudo -u floorgate floorgate doctor disk"
_ROOM: Final = {
    "ok": ("", ""),
    "low": (f"; the disk fills: {_DISK}", f"；磁盘快满：{_DISK}"),
    "read_only": (
        f"; takes no commands, the disk has no room: {_DISK}",
        f"；不接受命令，磁盘没有空间：{_DISK}",
    ),
}
"""What is said besides of the room on the disk."""


async def _wait(url: str, config: "Config", wait_s: float) -> tuple[dict[str, Any], Exception]:
    """Return what the box says of itself, waiting until it is well; or why it says nothing."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + wait_s
    while True:
        health, problem = await asyncio.to_thread(_look, url, config)
        if health.get("ok") or loop.time() >= until_s:
            return health, problem
        await asyncio.sleep(LOOK_S)


def _look(url: str, config: "Config") -> tuple[dict[str, Any], Exception]:
    from edge.doctor.patient import trust  # noqa: PLC0415 - what only this verb needs

    try:
        context = trust(config)  # a new box makes its authority while it is waited for
        with urllib.request.urlopen(url, timeout=ANSWER_S, context=context) as answer:  # noqa: S310
            return json.load(answer), Exception()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None)  # what urllib wraps
        return {}, reason if isinstance(reason, Exception) else error
