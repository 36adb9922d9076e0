"""The command line's way to a running box: the socket in its data folder."""

import argparse
import http.client
import json
import os
import socket
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from edge.app.telling import ToldError, cause_zh
from edge.cli.output import FOUND_WRONG, GOOD, fail, say, say_json
from edge.cli.words import add_config, language_of, refusal_lines
from edge.config import ConfigError, load_config

ANSWER_S_MAX: Final = 30.0


class UsageError(ToldError):
    """What was asked cannot be done; the text says what to do."""


def add_box(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which box is meant."""
    text = "the box's folder; default: that of the config"
    parser.add_argument("--data", type=Path, metavar="DIR", help=text)
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def folder_of(args: argparse.Namespace) -> Path:
    """Return the data folder of the box that is meant."""
    try:
        return Path(args.data or load_config(args.config).data)
    except ConfigError as error:
        raise UsageError(
            f"{error}; or name the box's folder with --data DIR",
            f"{error.told('zh')}；也可以用 --data 目录 指定边缘盒的数据目录",
        ) from error


class _Door(http.client.HTTPConnection):
    """HTTP over the running box's own socket."""

    def __init__(self, folder: Path) -> None:
        super().__init__("box", timeout=ANSWER_S_MAX)
        self._folder = folder

    def connect(self) -> None:
        """Connect to `admin.sock` through its folder: a socket's path holds 107 bytes."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_S_MAX)
        folder = os.open(self._folder, os.O_PATH | os.O_DIRECTORY)
        try:
            self.sock.connect(f"/proc/self/fd/{folder}/admin.sock")
        finally:
            os.close(folder)


def ask(folder: Path, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read from the running box, or send it `body`, and return its answer."""
    door = _Door(folder)
    try:
        headers = {"Content-Type": "application/json"}
        method, raw = ("GET", None) if body is None else ("POST", json.dumps(body))
        door.request(method, path, raw, headers)
        response = door.getresponse()
        is_json = "json" in response.headers["Content-Type"]
        if response.status == HTTPStatus.NOT_FOUND and not is_json:
            raise UsageError(
                f"the box in {folder} is older than this command: restart it",
                f"{folder} 里运行的边缘盒比本命令旧：请重启它",
            )
        answer: dict[str, Any] = json.loads(response.read())
    except PermissionError as error:
        raise UsageError(
            f"{folder} lets only its owner in: sudo -u floorgate floorgate …",
            f"{folder} 只有其所有者能进：sudo -u floorgate floorgate …",
        ) from error
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise UsageError(
            f"no box is running in {folder}: start it (sudo systemctl start floorgate), then again",
            f"{folder} 里没有边缘盒在运行：请先启动（sudo systemctl start floorgate）再试",
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UsageError(
            f"the box in {folder} did not answer: {error}",
            f"{folder} 里的边缘盒没有应答：{cause_zh(error)}",
        ) from error
    finally:
        door.close()
    return answer


def told(args: argparse.Namespace, answer: dict[str, Any]) -> int:
    """Print what the box answered, and return the exit code for it."""
    facts = answer.get("facts", {})
    if args.json:
        say_json(answer)
    elif not answer["ok"]:
        rest = {name: fact for name, fact in facts.items() if name != "problems"}
        said = refusal_lines(answer.get("code", ""), rest, language_of(args))
        return fail("\n  ".join([*said, *facts.get("problems", [])]))
    else:
        say("\n".join(f"{name}: {value}" for name, value in facts.items()))
    return GOOD if answer["ok"] else FOUND_WRONG
