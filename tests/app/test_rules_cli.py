"""`floorgate rules`, in processes of their own, against a running box (RULE-1, RULE-4)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.domain.site import RULES, changed_rules

SECONDS_MAX = 60
VERB = (sys.executable, "-m", "edge", "rules")


class Box:
    """A served box and its data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        config = folder / "box.toml"
        config.write_text(
            f'data = "{folder}/data"\n[box]\nid = "box-1"\n'
            '[http]\nhost = "127.0.0.1"\nport = 0\nopen_devices = true\ntls = false\n'
        )
        command = [sys.executable, "-m", "edge", "serve", "--config", str(config)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("serving ")

    def rules(self, *words: str) -> tuple[int, Any, str]:
        """Run a verb with `--json`; return exit code, what it printed, its standard error."""
        on_box = () if words[0] == "check" else ("--data", f"{self.folder}/data")
        return run("rules", *words, "--json", *on_box)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(SECONDS_MAX)
        assert self.process.stdout is not None
        self.process.stdout.close()


def run(*words: str) -> tuple[int, Any, str]:
    """Run `floorgate`; return exit code, the JSON it printed, and its standard error."""
    command = [sys.executable, "-m", "edge", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A running box."""
    box = Box(tmp_path_factory.mktemp("rules"))
    yield box
    box.stop()


def test_publish_show_diff_sandbox_rollback(box: Box, tmp_path: Path) -> None:
    """The whole way of a ruleset, each step by its verb; a roll-back takes one (RULE-4)."""
    file = tmp_path / "site.json"
    file.write_bytes(changed_rules(gifts=[], picking={"each_max": 9}))
    orders = tmp_path / "orders.jsonl"
    lines = [{"no": 1, "sku": "M", "qty": 1, "price_fen": 45_000}]
    orders.write_text(json.dumps({"order_id": "X", "gifts": "evaluate", "lines": lines}))

    assert box.rules("check", str(file))[:2] == (
        0, {"ok": True, "rules": "default@2", "problems": []}
    )  # fmt: skip
    changes = box.rules("diff", str(file))[1]["changes"]
    assert {"path": "picking.each_max", "before": 5, "after": 9} in changes
    report = box.rules("sandbox", str(file), "--orders", str(orders))[1]
    assert {"order": "X", "what": "gifts", "before": "WIPES-80 ×1 (tier-399)", "after": "-"} in (
        report["differences"]
    )
    code, answer, _ = box.rules("publish", str(file))
    assert (code, answer["facts"]) == (0, {"rules": "default@2", "before": "default@1"})
    shown = box.rules("show")[1]
    assert shown["rules"] == "default@2"
    assert shown["history"]["pushes"][-1]["signed_by"].startswith("key:")
    again = box.rules("publish", str(file))
    assert (again[0], again[1]["code"]) == (1, "ruleset_not_newer")
    code, answer, _ = box.rules("rollback", "--reason", "gifts were missing")
    assert (code, answer["facts"]["rules"]) == (0, "default@1")


def test_a_wrong_signature_is_refused(box: Box, tmp_path: Path) -> None:
    """Signed elsewhere with the same key: good; for other bytes, or no signature: refused."""
    file, other = tmp_path / "a.json", tmp_path / "b.json"
    file.write_bytes(changed_rules(meta={"id": "signed", "version": 1}))
    other.write_bytes(changed_rules(meta={"id": "signed", "version": 2}))
    assert box.rules("publish", str(file), "--sign-only")[0] == 0
    signature = str(tmp_path / "a.json.sig")
    refused = box.rules("publish", str(other), "--signature", signature)
    assert (refused[0], refused[1]["code"]) == (1, "ruleset_unsigned")
    assert box.rules("publish", str(file), "--signature", signature)[0] == 0
    (tmp_path / "none.sig").write_text("")
    unsigned = box.rules("publish", str(other), "--signature", str(tmp_path / "none.sig"))
    assert (unsigned[0], unsigned[1]["code"]) == (1, "ruleset_unsigned")
    (tmp_path / "none.sig").write_text("no signature")
    assert box.rules("publish", str(other), "--signature", str(tmp_path / "none.sig"))[0] == 2


def test_a_bad_file_is_refused_by_the_box_too(box: Box, tmp_path: Path) -> None:
    """`publish` of a faulty ruleset names every fault, and the old one stays (RULE-1)."""
    file = tmp_path / "bad.toml"
    text = RULES.decode().replace("version = 1", "version = 7", 1)
    file.write_text(text.replace('to = "picking"', 'to = "x"', 1).replace("each_max", "each_mx", 1))
    before = box.rules("show")[1]["rules"]
    code, answer, _ = box.rules("publish", str(file))
    assert (code, answer["code"], answer["facts"]["count"]) == (1, "ruleset_invalid", 2)
    assert box.rules("show")[1]["rules"] == before


def test_faults_are_told_in_the_language_of_the_terminal(tmp_path: Path) -> None:
    """Each fault has its words and advice in Chinese and in English (RULE-1)."""
    file = tmp_path / "bad.toml"
    file.write_text(RULES.decode().replace("each_max = 5", 'each_max = "5"', 1))
    told = {}
    for language in ("zh", "en"):
        command = [*VERB, "check", str(file), "--language", language]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told[language] = done.stdout.splitlines()
    line = RULES.decode()[: RULES.decode().index("each_max = 5")].count("\n") + 1
    assert told["zh"] == [
        f"{file}: 第 {line} 行：picking.each_max：这里是文字，应为整数；请写整数",
        f"{file}: 1 个问题",
    ]
    needed = "picking.each_max: a text, where a whole number is needed"
    assert told["en"] == [
        f"{file}: line {line}: {needed}; write a whole number",
        f"{file}: problems found: 1",
    ]


def test_a_closed_pipe_ends_a_verb_quietly(tmp_path: Path) -> None:
    """What is piped into `head` leaves no traceback."""
    command = [*VERB, "check", str(tmp_path / "none.toml"), "--json"]
    (tmp_path / "none.toml").write_text("")
    writes = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writes.stdout is not None
    assert writes.stderr is not None
    writes.stdout.close()
    with writes.stderr:
        said = writes.stderr.read()
    assert (said, writes.wait(SECONDS_MAX)) == (b"", 141)


def test_check_needs_no_box(tmp_path: Path) -> None:
    """It names every fault of a file with line and path, and exits 1; a missing file is usage."""
    file = tmp_path / "bad.toml"
    file.write_text(RULES.decode().replace('owner = "picker"', 'owner = "pikker"', 1))
    code, found, _ = run("rules", "check", str(file), "--json")
    assert (code, [each["path"] for each in found["problems"]]) == (1, ["workflow.states[9].owner"])
    assert found["problems"][0]["line"] > 0
    assert run("rules", "check", str(tmp_path / "none"))[0] == 2
    assert run("rules", "rollback", "--data", str(tmp_path))[0] == 2
    file.write_bytes(b"x" * 5_000_000)
    assert run("rules", "check", str(file), "--json")[0] == 1
