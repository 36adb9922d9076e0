"""What the checks look at: the configuration, the folders, and what the running box says."""

import re
import ssl
import urllib.request
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.app.findings import Finding, Severity
from edge.config import Config
from edge.domain.model import Name

ANSWER_S: Final = 5.0
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
US_PER_S: Final = 1_000_000
DAY_S: Final = 86_400
_SAMPLE: Final = re.compile(
    r"^floorgate_(\w+(?:\{[^}\n]*\})?) ([-+]?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)$", re.MULTILINE
)


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """A box as it is looked at."""

    config: Config
    now_us: int
    health: dict[str, Any] | None = None
    """What `/health` says; None where no box answers."""
    figures: dict[str, float] = {}
    """What `/metrics` says, by name with labels, without the prefix."""
    is_deep: bool = True
    """Whether checks may take seconds of a processor."""
    backups: Path = Path("/var/backups/floorgate")
    base: Path = Path("/opt/floorgate")

    @property
    def data(self) -> Path:
        """Return the box's folder."""
        return Path(self.config.data)


def finding(
    check: str,
    severity: Severity,
    zh: str,
    en: str,
    *,
    why: tuple[str, str] = ("", ""),
    do: str | tuple[str, str] = "",
    fix: str = "",
) -> Finding:
    """Return a finding; `do` is a command, or an advice in Chinese and English."""
    step = Name(do, do) if isinstance(do, str) else Name(*do)
    return Finding(check, severity, Name(zh, en), Name(*why), step, fix)


def ask(config: Config) -> tuple[dict[str, Any] | None, dict[str, float]]:
    """Return what a running box says of itself; None and nothing where none answers."""
    try:
        health = msgspec.json.decode(answer_of(config, "/health"), type=dict[str, Any])
        return health, samples(answer_of(config, "/metrics").decode())
    except (OSError, ValueError):
        return None, {}


def trust(config: Config) -> ssl.SSLContext | None:
    """Return what this machine's own box is known by: its authority, or the site's certificate.

    The site's certificate is not for the name localhost; it is pinned instead.
    """
    own, ca = config.http.certificate, Path(config.data) / "tls" / "ca.pem"
    if own:
        context = ssl.create_default_context(cafile=own)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context
    return ssl.create_default_context(cafile=str(ca)) if ca.exists() else None


def samples(text: str) -> dict[str, float]:
    """Return the values in Prometheus' text format, by name with labels, without the prefix."""
    return {name: float(value) for name, value in _SAMPLE.findall(text)}


def answer_of(config: Config, path: str) -> bytes:
    """Return what the running box on this machine answers."""
    scheme = "https" if config.http.tls else "http"
    url = f"{scheme}://localhost:{config.http.port}{path}"
    with urllib.request.urlopen(url, timeout=ANSWER_S, context=trust(config)) as answer:  # noqa: S310
        raw: bytes = answer.read(ANSWER_BYTES_MAX)
        return raw
