"""The figures that the box tells of itself: the table, the text, the page, the alarms."""

import re
from pathlib import Path

import msgspec
import pytest

from edge.app.metrics import METRICS, PREFIX, Metrics, metrics_page
from tests.rig import Rig

DOCS = Path(__file__).parents[2] / "docs"


async def _text(rig: Rig) -> str:
    async with rig.http.get(f"{rig.url}/metrics") as answer:
        return await answer.text()


def _value(text: str, name: str) -> float:
    return float(next(r for r in text.splitlines() if r.startswith(f"{name} ")).split()[1])


def test_the_page_is_up_to_date() -> None:
    """docs/METRICS.md is generated from the table; write it by: make docs."""
    assert (DOCS / "METRICS.md").read_text("utf-8") == metrics_page()


def test_every_metric_says_what_it_is() -> None:
    """Names are unique and carry their unit; every metric has its meaning in both languages."""
    assert len({m.name for m in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.en
        assert re.search(r"[\u4e00-\u9fff]", metric.zh), metric.name
        unit = {"s": "_seconds", "bytes": "_bytes"}.get(metric.unit, "")
        assert metric.name.endswith(unit), metric.name


def test_each_alarm_asks_for_figures_that_there_are() -> None:
    """docs/alerts.yml names metrics of the table only, with a text in both languages (REP-2)."""
    text = (DOCS / "alerts.yml").read_text("utf-8")
    rules = msgspec.yaml.decode(text)["groups"][0]["rules"]
    known = {PREFIX + m.name for m in METRICS} | {
        f"{PREFIX}{m.name}_bucket" for m in METRICS if m.kind == "histogram"
    }
    for rule in rules:
        assert set(re.findall(r"floorgate_\w+", rule["expr"])) <= known, rule["alert"]
        assert rule["for"]
        assert {"summary", "zh", "runbook"} == set(rule["annotations"])
    asked = " ".join(rule["expr"] for rule in rules)
    for due in ("disk_free", "queue_depth", "hub_lag_seconds > 300", "clock", "certificate"):
        assert due in asked


def test_a_histogram_counts_into_every_bound_above() -> None:
    """A bucket holds all that took no longer than its bound; the last holds everything."""
    metrics = Metrics()
    for took_s in (0.001, 0.0011, 3.0, 99.0):
        metrics.observe("commit_seconds", took_s)
    rows = dict(row.rsplit(" ", 1) for row in metrics.text().splitlines() if row[0] != "#")
    buckets = 'floorgate_commit_seconds_bucket{le="%s"}'
    assert rows[buckets % "0.001"] == "1"
    assert rows[buckets % "0.002"] == "2"
    assert rows[buckets % "5"] == "3"
    assert rows[buckets % "+Inf"] == "4"
    assert rows["floorgate_commit_seconds_count"] == "4"
    with pytest.raises(KeyError):
        metrics.set("nothing", 1)


async def test_a_floor_at_work_fills_the_figures(rig: Rig) -> None:
    """Scans, refusals, commits, freezes, alarms and queues are counted and timed (REP-2)."""
    await rig.assign("1001")
    picker = await rig.client("picker")
    await rig.pick(picker, "1001")
    await picker.do("task.take", task_ids=["nothing"])
    await rig.assign("1002")
    await rig.tell("order.freeze", order_id="1002", category="cancel", countdown_s=600)
    async with picker.socket():
        text = await _text(rig)
    assert _value(text, "floorgate_command_seconds_count") == 9
    assert _value(text, "floorgate_commit_seconds_count") >= 10
    assert _value(text, "floorgate_freeze_told_seconds_count") == 1
    assert _value(text, "floorgate_ready") == 1
    assert _value(text, "floorgate_pdas_connected") == 1
    assert 'floorgate_refusals_total{code="unknown_task"} 1' in text
    assert 'floorgate_orders{state="picked"} 1' in text
    assert 'floorgate_queue_depth_max{queue="commands"} 4000' in text
    expires_s = _value(text, "floorgate_certificate_expires_seconds")
    assert expires_s * 1e6 > rig.box.clock.now_us()
    for metric in METRICS:
        assert f"# TYPE floorgate_{metric.name} {metric.kind}\n" in text
    row = re.compile(r"[a-z_]+(\{[^{}]+\})? -?[\d.e+-]+")
    rows = [each for each in text.splitlines() if not each.startswith("#")]
    assert [each for each in rows if not row.fullmatch(each)] == []


async def test_live_and_ready_are_apart(rig: Rig) -> None:
    """A box whose writer broke is neither; both say so with 503."""
    client = await rig.client()
    assert await client.ask("GET", "/health/live") == (200, {"ok": True})
    assert await client.ask("GET", "/health/ready") == (200, {"ok": True, "problems": []})
    rig.box.failed.set_result(OSError("broken"))
    assert await client.ask("GET", "/health/live") == (503, {"ok": False})
    assert await client.ask("GET", "/health/ready") == (503, {"ok": False, "problems": ["writer"]})
