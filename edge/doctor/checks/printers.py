"""Do the printers work?"""

from typing import Any, Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

WHY: Final = ("打不出面单，订单就发不了货", "Without a label no order ships")
DO: Final = (
    "到打印机旁看电源、纸、碳带、网线；然后运行 floorgate devices scan",
    "Look at it: power, paper, ribbon, cable; then: floorgate devices scan",
)


def check(patient: Patient) -> list[Finding]:
    """Name each printer that says it cannot print."""
    if patient.health is None:
        return [
            finding("printers", "note", "边缘盒未运行，无从得知", "Unknown: the box does not run")
        ]
    printers = patient.health["printers"]
    ill = [printer for printer in printers if not printer["ok"]]
    if not ill:
        many = len(printers)
        return [finding("printers", "good", f"{many} 台打印机正常", f"{many} printers are well")]
    return [_of(printer) for printer in ill]


def _of(printer: dict[str, Any]) -> Finding:
    what = f"{printer['name']} ({printer['id']}): {printer['fault']}"
    return finding("printers", "bad", what, what, why=WHY, do=DO, fix="printers")
