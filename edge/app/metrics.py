"""Every figure that the box tells of itself, in one table, and the figures as they stand.

`METRICS` is the table: the text for Prometheus, `docs/METRICS.md` and the alert rules' test come
from it. A name that is not in it cannot be set. No label ever holds a person, an order or a code.
"""

from bisect import bisect_left
from typing import Final, Literal

import msgspec

PREFIX: Final = "floorgate_"
QUICK_S: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""Bounds for what should take milliseconds."""
SLOW_S: Final = (0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 90, 300, 1_800)
"""Bounds for what should take seconds."""


class Metric(msgspec.Struct, frozen=True):
    """One figure: what it is called, and what it means in both languages."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    zh: str
    en: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


def _counter(name: str, zh: str, en: str, *labels: str) -> Metric:
    return Metric(name, "counter", "", zh, en, labels)


def _gauge(name: str, unit: str, zh: str, en: str, *labels: str) -> Metric:
    return Metric(name, "gauge", unit, zh, en, labels)


def _histogram(name: str, zh: str, en: str, bounds: tuple[float, ...] = QUICK_S) -> Metric:
    return Metric(name, "histogram", "s", zh, en, bounds=bounds)


METRICS: Final = (
    _gauge("build_info", "", "运行的版本，值恒为 1", "The version that runs; always 1", "version"),
    _gauge("start_time_seconds", "s", "服务启动时刻(UTC)", "When the service started (UTC)"),
    _gauge("resident_bytes", "bytes", "占用内存", "Resident memory"),
    _gauge("ready", "", "能否接受命令", "Whether the box takes commands"),
    # journal and writer
    _counter("journal_seq", "账本最新条目的序号", "Number of the journal's newest entry"),
    _counter("commit_groups_total", "已落盘的提交组", "Groups of commands made durable"),
    _histogram("commit_seconds", "一组命令裁决并落盘的时长", "Deciding a group, until durable"),
    _histogram("command_seconds", "PDA 扫码到落盘答复的时长",
               "From a client's scan or command to its durable answer"),
    _counter("refusals_total", "被拒绝的命令，按原因", "Commands refused, by reason", "code"),
    _gauge("queue_depth", "", "各队列中等待的数量", "What waits in each queue", "queue"),
    _gauge("queue_depth_max", "", "各队列的上限", "The bound of each queue", "queue"),
    _gauge("orders", "", "订单数，按状态", "Orders, by state", "state"),
    # hub and clock
    _gauge("hub_up", "", "与订单中枢的链路是否畅通", "Whether the link to the hub is up"),
    _gauge("hub_lag_entries", "", "中枢尚未确认的条目", "Entries that the hub has not confirmed"),
    _gauge("hub_lag_seconds", "s", "中枢未确认的最旧条目已等待多久",
           "Age of the oldest entry that the hub has not confirmed"),
    _gauge("hub_skew_seconds", "s", "中枢时钟减本机时钟", "The hub's clock minus the box's"),
    _gauge("clock_trusted", "", "时钟是否被 NTP 或中枢证实",
           "Whether NTP or the hub confirms the clock"),
    # spare
    _gauge("spare_ok", "", "备机共享是否在跟进（未配置则无）",
           "Whether the spare's share is fed; absent where none is configured"),
    _gauge("spare_gap_entries", "", "备机还缺的条目", "Entries that the spare's share has not got"),
    _gauge("spare_gap_seconds", "s", "备机所缺最旧条目的时长",
           "Age of the oldest entry that the spare's share has not got"),
    # rules
    _gauge("ruleset_publish_to_first_order_seconds", "s", "最近一次规则从发布到裁决首单的时长",
           "From publishing the newest ruleset to the first order decided by it"),
    _histogram("ruleset_effect_seconds", "规则从发布到裁决首单的时长",
               "From publishing a ruleset to the first order decided by it", SLOW_S),
    # freezes
    _histogram("freeze_told_seconds", "收到拦截到所有 PDA 已通知的时长",
               "From a freeze's receipt to its frames on the way to every PDA"),
    _histogram("alarm_acknowledged_seconds", "报警发出到有人确认的时长",
               "From raising an alarm to a person's acknowledgement", SLOW_S),
    # printing
    _histogram("print_job_seconds", "打印任务从排队到被证实的时长",
               "From queueing a label to its proof", SLOW_S),
    _counter("print_jobs_total", "打印任务", "Print jobs"),
    _counter("print_jobs_printed_total", "打出并证实的任务", "Print jobs printed and proved"),
    _counter("print_jobs_faulted_total", "遇到故障的任务", "Print jobs that met a fault"),
    _counter("print_jobs_healed_total", "自愈的任务", "Of those, healed without a person"),
    _counter("print_jobs_helped_total", "靠人处理的任务", "Of those, helped by a person"),
    _gauge("print_self_healed_ratio", "", "打印自愈率（0 到 1）",
           "Healed of healed and helped; 1 where nothing met a fault"),
    _gauge("printers", "", "打印机数，按状况", "Printers, by how they are", "fault"),
    # people's devices
    _gauge("pdas_connected", "", "在线的 PDA 与打包台", "PDAs and stations that are connected"),
    # stock
    _counter("stock_checks_total", "库存检查次数", "Stock checks"),
    _gauge("stock_check_hit_ratio", "", "本地快照命中率", "Share answered by the local snapshot"),
    _gauge("stock_check_failed_ratio", "", "近期库存检查失败率",
           "Share of the newest checks that failed"),
    _gauge("stock_optimistic", "", "是否降级为乐观检查", "Whether checks are optimistic for now"),
    _counter("stock_trusted_orders_total", "乐观放行的订单", "Orders let through on trust"),
    _counter("stock_compensated_orders_total", "事后补偿的订单", "Of those, compensated later"),
    # the machine
    _gauge("disk_free_bytes", "bytes", "数据盘可用空间", "Free space where the data are"),
    _gauge("disk_stage", "", "磁盘余量：0 充足，1 偏低，2 只读",
           "Room on the disk: 0 enough, 1 low, 2 the box only reads"),
    _gauge("part_bytes", "bytes", "账本、归档、照片各占多少",
           "What journal, archive and photos take", "part"),
    _gauge("part_limit_bytes", "bytes", "各部分的上限（无上限则无）",
           "The bound of each; absent where there is none", "part"),
    _gauge("disk_size_bytes", "bytes", "数据盘大小", "Size of the disk where the data are"),
    _gauge("retention_swept_seconds", "s", "上次按期删除个人资料和照片的时刻(UTC)",
           "When what is past its time was erased last (UTC); absent before the first time"),
    _gauge("retention_waiting", "", "过期但订单未了结、暂留的记录",
           "Records past their time that stay because their orders are open"),
    _gauge("orders_let_go_seconds", "s", "上次清走已结束订单文档的时刻(UTC)",
           "When documents of ended orders left last (UTC); absent before the first time"),
    _counter("orders_let_go_total", "已清走文档的订单（历史在归档里）",
             "Orders whose documents left; the archive has their history"),
    _gauge("certificate_expires_seconds", "s", "HTTPS 证书到期时刻(UTC)",
           "When the pages' certificate ends (UTC); absent without HTTPS"),
)  # fmt: skip
"""The table, grouped as its readers look for things."""

_BY_NAME: Final = {metric.name: metric for metric in METRICS}


class _Series:
    """The counts of a histogram."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum_s = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum_s += seconds

    def rows(self, name: str) -> list[str]:
        total, rows = 0, []
        for bound, count in zip((*self.bounds, "+Inf"), self.counts, strict=True):
            total += count
            rows.append(f'{name}_bucket{{le="{bound}"}} {total}')
        return [*rows, f"{name}_sum {self.sum_s:.6f}", f"{name}_count {total}"]


class Metrics:
    """The figures as they stand. One thread observes a histogram; any thread may read."""

    def __init__(self) -> None:
        self._values: dict[str, dict[tuple[str, ...], float]] = {}
        self._series = {m.name: _Series(m.bounds) for m in METRICS if m.kind == "histogram"}

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge, or a counter that is kept elsewhere."""
        metric = _BY_NAME[name]
        assert metric.kind != "histogram", name
        assert len(labels) == len(metric.labels), name
        self._values.setdefault(name, {})[labels] = +value  # a bool as number

    def add(self, name: str, *labels: str) -> None:
        """Count one more."""
        self.set(name, self._values.get(name, {}).get(labels, 0) + 1, *labels)

    def clear(self, name: str) -> None:
        """Forget a gauge's values: its labels may have changed, or nothing is known."""
        self._values.pop(name, None)

    def observe(self, name: str, seconds: float) -> None:
        """Put one duration into a histogram."""
        self._series[name].observe(max(0.0, seconds))

    def text(self) -> str:
        """Return all figures in Prometheus' text format 0.0.4."""
        rows = []
        for metric in METRICS:
            name = PREFIX + metric.name
            rows += [f"# HELP {name} {metric.en}", f"# TYPE {name} {metric.kind}"]
            if series := self._series.get(metric.name):
                rows += series.rows(name)
            for labels, value in self._values.get(metric.name, {}).items():
                rows.append(f"{name}{_labels(metric.labels, labels)} {value}")
        return "\n".join([*rows, ""])


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    pairs = (f'{n}="{_escaped(v)}"' for n, v in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}" if names else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def metrics_page() -> str:
    """Return docs/METRICS.md."""
    rows = [
        f"| `{PREFIX}{m.name}` | {m.kind} | {m.unit or '–'} |"
        f" {', '.join(f'`{each}`' for each in m.labels) or '–'} | {m.zh} | {m.en} |"
        for m in METRICS
    ]
    return "\n".join([_HEAD, *rows, ""])


_HEAD: Final = """\
# Metrics

Generated by `floorgate docs`. `GET /metrics` gives these in Prometheus' text format; a collector
needs no session. Rules for alarms before something fails are in [alerts.yml](alerts.yml); what to
do about each is in the run-book. A histogram has `_bucket`, `_sum` and `_count`. No label holds a
person, an order or a code. 由 `floorgate docs` 生成；
`GET /metrics` 无需登录；报警规则见 alerts.yml。

| metric | type | unit | labels | 含义 | meaning |
|---|---|---|---|---|---|"""
