"""Are the PDAs there?"""

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding


def check(patient: Patient) -> list[Finding]:
    """Tell how many PDAs and stations are connected; none may be right at night."""
    if patient.health is None:
        return [finding("pdas", "note", "边缘盒未运行，无从得知", "Unknown: the box does not run")]
    count = int(patient.figures.get("pdas_connected", 0))
    if not count:
        return [
            finding(
                "pdas",
                "note",
                "没有 PDA 在线",
                "No PDA is connected",
                do=(
                    "白天请检查 Wi-Fi 和 PDA 上的地址",
                    "By day: check the Wi-Fi and the address on the PDAs",
                ),
            )
        ]
    return [finding("pdas", "good", f"{count} 台在线", f"{count} are connected")]
