"""`floorgate journal` and `floorgate replay`: what they print, and how they exit."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from edge.__main__ import main
from edge.store.sqlite import SqliteStore
from tests.store.kit import BOX_KEY, Floor

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `floorgate` with arguments; return its exit code."""

    def floorgate(*args: object) -> int:
        monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
        monkeypatch.setattr(sys, "argv", ["floorgate", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return floorgate


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """The folder of a box that is running: its store is open."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "box.key").write_bytes(BOX_KEY)
    store = SqliteStore(tmp_path / "floor.db")
    floor = Floor(store).found()
    for _ in zip(range(40), floor.morning(Random(2)), strict=False):
        floor.clock.us += 5_000_000
    yield tmp_path
    store.close()


def write(data: Path, sql: str) -> None:
    """Change the database behind the box's back."""
    store = SqliteStore(data / "floor.db")
    assert store.connection.execute(sql).rowcount == 1
    store.close()


def test_verify_says_that_all_is_well(
    data: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole journal of a running box exits 0 and says what was seen (AUD-1)."""
    assert run("journal", "verify", "--data", data) == 0
    assert capsys.readouterr().out.startswith("good: box box-1, epoch 1, ")
    assert run("journal", "verify", "--data", data, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["box"], told["findings"]) == (True, "box-1", [])
    assert told["checkpoints"] >= 3
    assert told["entries"] == told["seq"]


DAMAGES = {
    "changed": "UPDATE entry SET raw = replace(raw, 'order', 'Order') WHERE seq = 20",
    "missing": "DELETE FROM entry WHERE seq = 20",
    "malformed": "UPDATE entry SET raw = 'text' WHERE seq = 20",
    "checkpoint_signature": (
        "UPDATE checkpoint SET signature = x'' WHERE seq = (SELECT min(seq) FROM checkpoint)"
    ),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_verify_names_what_is_wrong(
    data: Path, run: Run, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """A changed, missing or broken entry, or a false signature, is named with exit 1 (AUD-1)."""
    write(data, DAMAGES[kind])
    assert run("journal", "verify", "--data", data, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    first = next(each for each in told["findings"] if each["kind"] == kind)
    assert told["ok"] is False
    assert first["seq"] == 20 or kind == "checkpoint_signature"
    assert run("journal", "verify", "--data", data) == 1
    out = capsys.readouterr().out
    assert first["detail"] in out
    assert "NOT GOOD" in out


def test_verify_finds_a_journal_that_was_cut_short(
    data: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """A signed head behind the last entry shows that the newest entries are gone (AUD-1)."""
    store = SqliteStore(data / "floor.db")
    pinned = store.connection.execute("SELECT max(seq) FROM checkpoint").fetchone()[0]
    store.connection.execute("DELETE FROM entry WHERE seq >= ?", (pinned,))
    store.close()
    assert run("journal", "verify", "--data", data) == 1
    assert f"checkpoint {pinned} names an entry not before it" in capsys.readouterr().out


def test_an_export_is_checked_without_the_box(
    data: Path, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`export` writes a file that `verify` finds good, and finds bad when a byte is changed."""
    out = tmp_path / "journal.fgj"
    assert run("journal", "export", "--data", data, "-o", out) == 0
    capsys.readouterr()
    assert run("journal", "verify", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    content = bytearray(out.read_bytes())
    content[content.index(b"SO-00001")] ^= 1
    out.write_bytes(content)
    assert run("journal", "verify", out) == 1
    assert "NOT GOOD" in capsys.readouterr().out
    out.write_bytes(content[:-3])
    assert run("journal", "verify", out, "--json") == 1
    assert "ends in the middle" in json.loads(capsys.readouterr().out)["problem"]


def test_an_export_holds_no_personal_data(data: Path, run: Run, tmp_path: Path) -> None:
    """Name, phone and address of recipients and workers are not in an export (SEC-5)."""
    out = tmp_path / "journal.fgj"
    assert run("journal", "export", "--data", data, "-o", out) == 0
    content = out.read_bytes()
    private = ["张伟", "19900000001", "文一路", "员工1"]
    assert [text for text in private if text.encode() in content] == []


def test_show_prints_the_newest_entries(
    data: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a filter the last entries come, oldest first."""
    assert run("journal", "show", "--data", data, "--limit", 3) == 0
    lines = capsys.readouterr().out.splitlines()
    seqs = [int(line.split()[0]) for line in lines]
    assert run("journal", "verify", "--data", data, "--json") == 0
    last = json.loads(capsys.readouterr().out)["seq"]
    assert seqs == [last - 2, last - 1, last]


def test_show_prints_an_orders_timeline(
    data: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --order each entry about the order comes, from its assignment on (AUD-2)."""
    assert run("journal", "show", "--data", data, "--order", "SO-00001", "--json") == 0
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [entry["kind"] for entry in entries][:4] == [
        "order.assigned", "order.moved", "stock.moved", "task.made",
    ]  # fmt: skip
    assert {"order:SO-00001" in entry["refs"] for entry in entries} == {True}
    after = entries[3]["seq"]
    shown = ("journal", "show", "--data", data, "--order", "SO-00001", "--after", after)
    assert run(*shown, "--json") == 0
    rest = [json.loads(line)["seq"] for line in capsys.readouterr().out.splitlines()]
    assert rest == [entry["seq"] for entry in entries[4:]]


def test_replay_says_that_all_is_equal(
    data: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """`replay --check` of a running box exits 0."""
    assert run("replay", "--check", "--data", data, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["differences"]) == (True, [])


def test_replay_names_differences(data: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A state that was set by hand in the database is found, with exit 1 (FLOW-3)."""
    write(data, "UPDATE doc SET body = replace(body, 'pick', 'pack')"
                " WHERE kind='order' AND id='SO-00001'")  # fmt: skip
    assert run("replay", "--check", "--data", data) == 1
    out = capsys.readouterr().out
    assert "order SO-00001: " in out
    assert "NOT EQUAL" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("journal", "verify", "--data", "/nowhere"), "no such file"),
        (("journal", "verify", "--config", "/nowhere"), "--data DIR"),
        (("journal", "verify", "/nowhere.fgj"), "No such file"),
        (("journal", "verify", "file", "--data", "folder"), "not both"),
        (("journal", "show", "--limit", "0"), "at least 1"),
        (("journal", "export"), "-o"),
        (("journal",), "ACTION"),
        (("replay",), "--check"),
    ],
)
def test_wrong_usage_exits_2(
    run: Run, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], said: str
) -> None:
    """A folder or file that is not there, or arguments that make no sense, exit 2 and say so."""
    assert run(*args) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_order_is_said_so(
    data: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """`show --order` of an order that never was exits 1."""
    assert run("journal", "show", "--data", data, "--order", "SO-9") == 1
    assert "no order SO-9" in capsys.readouterr().err


def test_a_day_s_interceptions_are_told(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """By category, in both languages, for the day that is asked for (FRZ-6)."""
    store = SqliteStore(tmp_path / "floor.db")
    floor = Floor(store).found()
    order, assign = floor.assign()
    floor.run(assign)
    floor.run(floor.instruct("order.freeze", {"order_id": order, "category": "cancel"}))
    day = datetime.fromtimestamp(floor.clock.us / 1_000_000, UTC).astimezone().date()
    asked = ("journal", "interceptions", "--data", tmp_path, "--day")
    assert run(*asked, day, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["day"] == str(day)
    assert [(row["category"], row["count"], row["waiting"]) for row in told["interceptions"]] == [
        ("cancel", 1, 1)
    ]
    assert run(*asked, day, "--language", "zh") == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["类别", "次数"]
    assert row.split()[:2] == ["取消", "1"]
    assert run(*asked, day + timedelta(days=1), "--language", "en") == 0
    assert capsys.readouterr().out.endswith(": nothing was intercepted\n")
    store.close()


def test_a_box_that_is_busy_erases_later(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`floorgate erase` says what the box answered, whatever it is (SEC-5)."""
    busy = {"ok": False, "code": "busy", "facts": {"seconds": 1}, "hint": "busy"}
    monkeypatch.setattr("edge.cli.erase.ask", lambda *_: busy)
    for more in ((), ("--show",)):
        assert run("erase", "--data", tmp_path, *more) == 1
        assert "The box is busy" in capsys.readouterr().err
