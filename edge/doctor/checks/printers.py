"""Do the printers work?"""

from typing import Any, Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

WHY: Final = ("打不出面单，订单就发不了货", "Without a label no order ships")
DO: Final = (
    "到打印机旁看电源、纸、碳带、网线；然后：sudo -u floorgate floorgate devices list",
    "Look at it: power, paper, ribbon, cable; then: sudo -u floorgate floorgate devices list",
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
    named = f"{printer['name']} ({printer['id']})"
    zh, en = (_fault(printer["fault"], language) for language in ("zh", "en"))
    texts = (f"{named}：{zh}", f"{named}: {en}")
    return finding("printers", "bad", *texts, why=WHY, do=DO, fix="printers")


def _fault(fault: str, language: str) -> str:
    """Return what ails a printer, in the page's words."""
    from edge.http.assets import page_texts  # noqa: PLC0415 - only an ill printer needs them

    return page_texts(language).get(f"job_reason.{fault}", fault)
