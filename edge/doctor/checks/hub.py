"""Does the hub have what the floor did?"""

from typing import Final
from urllib.parse import urlsplit

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

LAG_S_MAX: Final = 300
LOG: Final = "sudo journalctl -u floorgate -g hub -n 20"
PORTS: Final = {"wss": 443, "ws": 80}
WHY: Final = (
    "中枢看不到现场，取消和改址也到不了",
    "The hub does not see the floor; cancels and changes do not arrive",
)


def check(patient: Patient) -> list[Finding]:
    """Look at the link and at what waits for it."""
    url = patient.config.hub.url
    if not url:
        return [finding("hub", "note", "未配置订单中枢", "No hub is configured")]
    if patient.health is None:
        return [finding("hub", "note", "边缘盒未运行，无从得知", "Unknown: the box does not run")]
    lag = patient.health["hub_lag"]
    waits_s = int(patient.figures.get("hub_lag_seconds", 0))
    if patient.health["hub"] != "up":
        return [
            finding(
                "hub",
                "bad" if waits_s > LAG_S_MAX else "warn",
                f"链路中断，{lag} 条未上传，最旧 {waits_s} 秒",
                f"The link is down, {lag} entries wait, the oldest for {waits_s} s",
                why=WHY,
                do=f"{_reach(url)}; {LOG}",
                fix="hub",
            )
        ]
    if waits_s > LAG_S_MAX:
        return [
            finding(
                "hub",
                "warn",
                f"{lag} 条未确认，最旧 {waits_s} 秒",
                f"{lag} entries wait, the oldest for {waits_s} s",
                why=WHY,
                do=LOG,
            )
        ]
    return [
        finding("hub", "good", f"链路畅通，{lag} 条在途", f"The link is up, {lag} entries wait")
    ]


def _reach(url: str) -> str:
    """Return a command that says whether the hub can be reached, by what every Debian has."""
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme, 443)
    return f"timeout 5 bash -c ': </dev/tcp/{parts.hostname}/{port}' && echo OK"
