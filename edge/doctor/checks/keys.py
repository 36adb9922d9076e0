"""Is the box still who the hub and the PDAs know?"""

from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding
from edge.store.journal import BOX_KEY, DATABASE

CA_KEY: Final = "tls/ca.key"
WHY: Final = {
    BOX_KEY: (
        "中枢凭它认这台盒子；没有它就重启会做新的，中枢不再接受，要新令牌",
        "The hub knows the box by it; a restart without it makes another, which needs a new token",
    ),
    CA_KEY: (
        "没有它，盒子的证书到期不能续，PDA 要重新装证书",
        "Without it the box cannot renew its certificate, and PDAs must be enrolled again",
    ),
}


def check(patient: Patient) -> list[Finding]:
    """Look for the keys that cannot be made again."""
    data = patient.data
    if not (data / DATABASE).exists():
        return []  # a new box has none, and what is lost the check of the journal says
    own = patient.config.http.tls and not patient.config.http.certificate
    missing = [key for key in (BOX_KEY, *((CA_KEY,) if own else ())) if not (data / key).is_file()]
    return [
        finding(
            "keys",
            "bad",
            f"缺少 {data / key}",
            f"{data / key} is missing",
            why=WHY[key],
            do=(
                "sudo ls -t /var/backups/floorgate; "
                f"sudo cp -p /var/backups/floorgate/NAME/{key} {data / key}"
            ),
        )
        for key in missing
    ] or [finding("keys", "good", "密钥都在", "The keys are there")]
