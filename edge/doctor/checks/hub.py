"""Does the hub have what the floor did?"""

from typing import Final
from urllib.parse import urlsplit

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding
from edge.store.journal import HUB_KEY

LAG_S_MAX: Final = 300
LOG: Final = "sudo journalctl -u floorgate -g hub -n 20"
PORTS: Final = {"wss": 443, "ws": 80}
GIVE: Final = (
    "echo TOKEN | sudo tee /etc/floorgate/credentials/hub-token; sudo systemctl restart floorgate"
)
MEET: Final = f"sudo rm {{hub_key}}; {GIVE}"
"""The box meets its hub anew by a token only where it has pinned none."""
EPOCH: Final = (
    "sudo systemctl stop floorgate.socket floorgate.service; "
    "sudo -u floorgate floorgate new-epoch; "
    "sudo systemctl start floorgate.socket floorgate.service"
)
EDIT: Final = "sudo nano /etc/floorgate/floorgate.toml; sudo systemctl restart floorgate"
_TWIN: Final = (
    "中枢有本编号的另一份账本：先确认没有第二台机器用它",
    "The hub has another journal under this id: make sure that no second machine runs as it",
)
_NEW_TOKEN: Final = (
    "请在中枢为本盒发一个新的令牌",
    "make a new token for this box there",
)
REFUSED: Final = {
    "no_token": (f"中枢还不认识本盒的密钥，也没有令牌；{_NEW_TOKEN[0]}",
                 f"The hub does not know this box's key, and there is no token; {_NEW_TOKEN[1]}",
                 GIVE),
    "bad_token": ("中枢说这不是本盒的令牌；请重新抄一遍",
                  "The hub says that this is not the token of this box; copy it again", GIVE),
    "token_spent": (f"中枢说令牌已经用过；{_NEW_TOKEN[0]}",
                    f"The hub says that the token was used before; {_NEW_TOKEN[1]}", GIVE),
    "wrong_key": (f"中枢记住的是另一把密钥；{_NEW_TOKEN[0]}",
                  f"The hub knows this box by another key; {_NEW_TOKEN[1]}", MEET),
    "unknown_box": ("中枢不认识这个盒子编号；请检查 [box] 的 id，或在中枢登记它",
                    "The hub does not know this id; check `id` of [box], or enrol it there", EDIT),
    "hub_key": (f"中枢的密钥与记住的不同；请检查中枢地址；中枢确实重建了的，{_NEW_TOKEN[0]}",
                "The hub's key is not the pinned one; check its address; where the hub was really "
                "built anew, " + _NEW_TOKEN[1], MEET),
    "hub_proof": ("它不能证明自己是中枢；请检查中枢地址和令牌",
                  "It cannot prove that it is the hub; check address and token", EDIT),
    "version": ("中枢和盒子的版本不合；请升级旧的一方",
                "Hub and box speak no common version; upgrade the older one", LOG),
    "epoch_behind": (*_TWIN, EPOCH),
    "fork": (*_TWIN, EPOCH),
    "quarantined": (*_TWIN, EPOCH),
}  # fmt: skip
"""What the hub says no to: in Chinese, in English, and the next command."""
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
    if refused := REFUSED.get(patient.health.get("hub_fault", "")):
        zh, en, do = refused
        do = do.format(hub_key=patient.data / HUB_KEY)
        texts = (f"{zh}；{lag} 条未上传", f"{en}; {lag} entries wait")
        return [finding("hub", "bad", *texts, why=WHY, do=do)]
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
