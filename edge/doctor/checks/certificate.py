"""How long is the certificate good?"""

from pathlib import Path
from typing import Final

from cryptography import x509

from edge.app.findings import Finding, Severity
from edge.doctor.patient import DAY_S, US_PER_S, Patient, finding

WARN_DAYS: Final = 30
WHY: Final = ("证书过期后 PDA 打不开页面", "Once it has ended PDAs cannot open the pages")
DO: Final = "sudo systemctl restart floorgate"
DO_OWN: Final = (
    "先换上新的证书文件，再：sudo systemctl restart floorgate",
    "Put the site's new certificate there first, then: sudo systemctl restart floorgate",
)


def check(patient: Patient) -> list[Finding]:
    """Read the leaf certificate; a start renews what is due."""
    if not patient.config.http.tls:
        return [finding("certificate", "note", "未启用 HTTPS", "HTTPS is off")]
    own = patient.config.http.certificate
    leaf = Path(own) if own else patient.data / "tls" / "leaf.pem"
    fix = "" if own else "certificate"
    do = DO_OWN if own else DO
    try:
        ends = x509.load_pem_x509_certificate(leaf.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return [
            finding(
                "certificate",
                "bad",
                f"没有可用的证书 {leaf}",
                f"There is no usable certificate {leaf}",
                why=WHY,
                do=do,
                fix=fix,
            )
        ]
    days = int(ends.timestamp() - patient.now_us / US_PER_S) // DAY_S
    if days < 0:
        return [
            finding(
                "certificate",
                "bad",
                f"证书已过期 {-days} 天",
                f"The certificate ended {-days} days ago",
                why=WHY,
                do=do,
                fix=fix,
            )
        ]
    severity: Severity = "warn" if days < WARN_DAYS else "good"
    return [
        finding(
            "certificate",
            severity,
            f"证书还有 {days} 天",
            f"The certificate is good for {days} days",
            why=WHY,
            do=do,
            fix=fix if severity == "warn" else "",
        )
    ]
