"""`floorgate setup` writes a configuration that the box takes; `floorgate health` asks it."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge.bootstrap import BoxProcess
from edge.cli.setup import _wait
from edge.config import load_config
from tests.http.test_enrol_page import free_port

HAN = re.compile(r"[\u4e00-\u9fff]")
LINES_MIN = 25
"""So many the installer has at least; fewer would mean that they are not seen."""
ROOT = Path(__file__).resolve().parents[2]


def floorgate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        [sys.executable, "-m", "edge", *arguments],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_what_setup_writes_the_box_takes(tmp_path: Path) -> None:
    """Names with quotes and Chinese, networks and hub arrive as given (OPS-1)."""
    config = tmp_path / "etc" / "floorgate.toml"
    done = floorgate(
        "setup", "--config", str(config), "--data", str(tmp_path / "data"), "--yes",
        "--name", '一号仓 "A"', "--id", "W1-A", "--network", "192.168.7.0/24",
        "--network", "10.1.2.0/24", "--hub", "wss://hub.example/link", "--token", "secret",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    made = load_config(config, {})
    assert (made.box.name, made.box.id, made.box.language) == ('一号仓 "A"', "W1-A", "zh")
    assert made.discovery.networks == ("192.168.7.0/24", "10.1.2.0/24")
    assert (made.hub.url, made.hub.token, made.http.port) == ("wss://hub.example/link", "", 443)
    token = config.parent / "credentials" / "hub-token"
    assert (token.read_text("utf-8"), token.stat().st_mode & 0o777) == ("secret", 0o600)


def test_the_sites_certificate_is_taken_over(tmp_path: Path) -> None:
    """Certificate and key stand in the configuration; a file that is not there is named (SEC-1)."""
    config, pem = tmp_path / "floorgate.toml", tmp_path / "site.pem"
    pem.touch()
    setup = ("setup", "--config", str(config), "--yes", "--certificate", str(pem))
    missing = floorgate(*setup)
    assert (missing.returncode, "site.key: no such file" in missing.stderr) == (2, True)
    pem.with_suffix(".key").touch()
    assert floorgate(*setup).returncode == 0
    made = load_config(config, {})
    assert (made.http.certificate, made.http.key) == (str(pem), str(pem.with_suffix(".key")))


def test_setup_leaves_a_configuration_alone(tmp_path: Path) -> None:
    """Run again, it changes nothing (OPS-1)."""
    config = tmp_path / "floorgate.toml"
    config.write_text("data = 'x'\n", "utf-8")
    done = floorgate("setup", "--config", str(config), "--yes", "--name", "other")
    assert (done.returncode, config.read_text("utf-8")) == (0, "data = 'x'\n")
    assert done.stdout == f"{config} 已经存在，保持不变\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--network", "192.168.0.0/16"), "too wide to probe"),
        (("--network", "192.168.7.300/24"), "192.168.7.300/24"),
        (("--hub", "hub.example"), "write it as wss://"),
    ],
)
def test_setup_refuses_what_the_box_could_not_use(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    """A wrong answer is named, and nothing is written."""
    config = tmp_path / "floorgate.toml"
    done = floorgate("setup", "--config", str(config), "--yes", *arguments)
    assert (done.returncode, config.exists()) == (2, False)
    assert said in done.stderr


def test_health_says_what_to_look_at_when_nobody_answers(tmp_path: Path) -> None:
    """Exit code 1 and the next command (OPS-3)."""
    config = tmp_path / "floorgate.toml"
    config.write_text(f'data = "{tmp_path}"\n[http]\nport = 1\n', "utf-8")
    done = floorgate("health", "--config", str(config))
    assert (done.returncode, "journalctl -u floorgate" in done.stderr) == (1, True)
    said = json.loads(floorgate("health", "--config", str(config), "--json").stdout)
    assert (said["ok"], "refused" in said["problem"]) == (False, True)
    with config.open("a") as file:
        file.write('certificate = "/nowhere/site.pem"\nkey = "/nowhere/site.key"\n')
    done = floorgate("health", "--config", str(config))
    assert (done.returncode, "/nowhere/site.pem 读不了" in done.stderr) == (1, True), done.stderr


async def test_health_knows_a_box_that_made_its_authority_while_it_waited(tmp_path: Path) -> None:
    """What a new box is known by is not there yet when a person begins to wait for it (OPS-1)."""
    port, file = free_port(), tmp_path / "floorgate.toml"
    file.write_text(
        f'data = "{tmp_path}/data"\n[http]\nhost = "127.0.0.1"\nport = {port}\nenrol_port = 0\n'
        "[discovery]\nenabled = false\n",
        "utf-8",
    )
    config = load_config(file)
    waiting = asyncio.create_task(_wait(f"https://localhost:{port}/health", config, 30.0))
    box = BoxProcess(config)
    await box.open()
    health, problem = await waiting
    assert health.get("ok"), problem
    await box.close()


def test_the_installer_names_only_units_that_are_there() -> None:
    """Every unit of install.sh lies in systemd/, and every one of systemd/ is installed (OPS-1)."""
    script = (ROOT / "install.sh").read_text("utf-8")
    listed = re.search(r'^units="([^"]+)"', script, re.MULTILINE)
    assert listed is not None
    named = set(listed[1].split())
    there = {path.name for path in (ROOT / "systemd").glob("*")
             if path.suffix in (".service", ".socket", ".timer")}  # fmt: skip
    assert named == there
    subprocess.run(["sh", "-n", str(ROOT / "install.sh")], check=True)


def test_each_line_of_the_installer_is_in_both_languages() -> None:
    """English first, Chinese after it: `say EN ZH`, `fail WHAT HINT WHAT_ZH HINT_ZH` (OPS-1)."""
    script = (ROOT / "install.sh").read_text("utf-8").replace("\\\n", " ")
    calls = re.findall(r'\b(?:say|fail) ((?:"[^"]*"\s*)+)', script)
    lines = [re.findall(r'"([^"]*)"', call) for call in calls if '"$1' not in call]
    assert len(lines) >= LINES_MIN
    for texts in lines:
        halves = texts[: len(texts) // 2], texts[len(texts) // 2 :]
        assert [bool(HAN.search(" ".join(half))) for half in halves] == [False, True], texts


@pytest.mark.parametrize(
    ("config", "locale", "said"),
    [
        ("", "zh_CN.UTF-8", ["floorgate: 甲"]),
        ("", "en_GB.UTF-8", ["floorgate: a"]),
        ("", "C.UTF-8", ["floorgate: 甲", "floorgate: a"]),
        ('language = "en"', "zh_CN.UTF-8", ["floorgate: a"]),
        ('language = "zh"', "en_GB.UTF-8", ["floorgate: 甲"]),
    ],
)
def test_the_installer_speaks_as_the_box_does(
    tmp_path: Path, config: str, locale: str, said: list[str]
) -> None:
    """Its language is the box's, else the terminal's; where neither says one, it says both."""
    (tmp_path / "floorgate.toml").write_text(f"[box]\n{config}\n")
    script = (ROOT / "install.sh").read_text("utf-8")
    functions = re.findall(r"^(?:language|say)\(\) \{.*?^\}$", script, re.DOTALL | re.MULTILINE)
    text = "\n".join([f"config={tmp_path}/floorgate.toml", *functions, "say a 甲"])
    done = subprocess.run(
        ["sh", "-euc", text], env={"PATH": os.defpath, "LC_ALL": locale}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == said
