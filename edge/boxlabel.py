"""What stands on the label of the box itself: where a new PDA finds it, and what it trusts."""

import ipaddress
import ssl
from pathlib import Path
from typing import Final

from drivers.api import LabelError
from edge.config import Config
from edge.http.certificates import fingerprint

GROUPS_A_LINE: Final = 2
HTTP_PORT, HTTPS_PORT = 80, 443


def box_fields(config: Config) -> dict[str, str]:
    """Return the fields of the template `box`; raise `LabelError` where they are not known yet."""
    ca = Path(config.data) / "tls" / "ca.pem"
    if not config.http.tls:
        raise LabelError("http.tls", "without it no PDA trusts the box", "turn it on, and restart")
    if not config.http.names:
        raise LabelError("http.names", "it is empty", "write the box's address or name there")
    try:
        groups = fingerprint(ssl.PEM_cert_to_DER_cert(ca.read_text()))
    except FileNotFoundError as error:
        missing = f"{ca.name} is missing"
        raise LabelError(str(ca), missing, "start the box once: it makes it") from error
    addresses = [name for name in config.http.names if _is_address(name)]
    names = [name for name in config.http.names if not _is_address(name)]
    plain, host = config.http.enrol_port or HTTP_PORT, (addresses or names)[0]
    lines = [groups[at : at + GROUPS_A_LINE] for at in range(0, len(groups), GROUPS_A_LINE)]
    return {
        "site": config.box.name,
        "id": config.box.id,
        "enrol_url": _url("http", host, plain, HTTP_PORT),
        "url": _url("https", (names or addresses)[0], config.http.port, HTTPS_PORT),
        "fingerprint": "\n".join(" ".join(line) for line in lines),
    }


def _url(scheme: str, host: str, port: int, usual: int) -> str:
    return f"{scheme}://{host}/" if port == usual else f"{scheme}://{host}:{port}/"


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
