"""The certificate that the box's pages are served with, for as long as the box runs.

It is the box's own (edge/http/tls.py) or the site's, which the configuration names. Looked at now
and then, a leaf that nears its end is renewed, and files that the site has replaced are read again:
new connections get the new certificate, those that are open stay.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from edge.app.ports import Clock
from edge.app.telling import ToldError, cause_zh
from edge.http import tls

DAY_US: Final = 86_400_000_000
SOON_DAYS: Final = 30
URGENT_DAYS: Final = 7
WATCH_S: Final = 600.0
GROUPS: Final = 8
FILE_BYTES_MAX: Final = 1024 * 1024

log = structlog.get_logger()

Level = Literal["ok", "soon", "urgent", "expired"]


class CertificateError(ToldError):
    """The site's certificate cannot be used; the text says why and what to do."""


class CertificateView(msgspec.Struct, frozen=True):
    """Whose certificate it is, from when until when it is good (µs), and how soon that ends."""

    source: Literal["box", "site"]
    begins_at: int
    expires_at: int
    days: int
    level: Level


class Pair(msgspec.Struct, frozen=True):
    """The files of the site's own certificate (with its chain) and key, both PEM."""

    certificate: Path
    key: Path


class Certificates:
    """Keeps one TLS context supplied with a certificate. `names` begin with `localhost`."""

    def __init__(
        self,
        folder: Path,
        names: tuple[str, ...],
        clock: Clock,
        own: Pair | None = None,
        *,
        is_time_trusted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._folder = folder
        self._names = names
        self._clock = clock
        self._own = own
        self._is_time_trusted = is_time_trusted
        self._loaded: bytes = b""
        self._begins_us = self._expires_us = 0
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load()

    @property
    def is_site(self) -> bool:
        """Whether the site's own certificate is served."""
        return self._own is not None

    @property
    def ca_der(self) -> bytes:
        """The box's authority, as a PDA takes it in."""
        return (self._folder / "ca.crt").read_bytes()

    def refresh(self) -> None:
        """Renew or reread what is due. What cannot be used is said, and the old one stays."""
        try:
            self._load()
        except (CertificateError, OSError) as error:
            log.warning("the certificate stays as it was", problem=str(error))
        now = self.view()
        if now.level != "ok":
            log.warning("the certificate nears its end", days=now.days, source=now.source)

    async def watch(self) -> None:
        """Refresh every ten minutes, off the loop, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_S)
            await asyncio.to_thread(self.refresh)

    def view(self) -> CertificateView:
        """Return until when the certificate is good."""
        left_us = self._expires_us - self._clock.now_us()
        days = left_us // DAY_US
        return CertificateView(
            source="site" if self._own else "box",
            begins_at=self._begins_us,
            expires_at=self._expires_us,
            days=days,
            level=_level(left_us),
        )

    def fingerprint(self) -> list[str]:
        """Return the SHA-256 of the box's authority in 8 groups of hex, as the label shows it."""
        return fingerprint(self.ca_der)

    def _load(self) -> None:
        now_us, is_trusted = self._clock.now_us(), self._is_time_trusted()
        if self._own:
            certificate, key = self._own.certificate, self._own.key
            check_pair(self._own, self._names, now_us, is_time_trusted=is_trusted)
        else:
            tls.keep(self._folder, self._names, now_us, is_time_trusted=is_trusted)
            certificate, key = self._folder / "leaf.pem", self._folder / "leaf.key"
        raw = certificate.read_bytes()
        if raw == self._loaded:
            return
        self.context.load_cert_chain(certificate, key)
        self._loaded = raw
        leaf = x509.load_pem_x509_certificate(raw)
        self._begins_us = int(leaf.not_valid_before_utc.timestamp()) * 1_000_000
        self._expires_us = int(leaf.not_valid_after_utc.timestamp()) * 1_000_000


def fingerprint(der: bytes) -> list[str]:
    """Return the SHA-256 of a certificate in 8 groups of 8 hex digits."""
    digest = x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex().upper()
    size = len(digest) // GROUPS
    return [digest[at : at + size] for at in range(0, len(digest), size)]


def check_pair(
    own: Pair, names: tuple[str, ...], now_us: int, *, is_time_trusted: bool = False
) -> None:
    """Raise `CertificateError` where a site's certificate and key cannot serve the box.

    One that has expired is served all the same: PDAs then work offline and say why, which is more
    than they could do with none. So is one that is not valid yet by a clock that nobody confirms:
    the box may have just been switched on. A name that it does not cover is only told.
    """
    leaf, key = _read(own.certificate), _read(own.key)
    try:
        certificate = x509.load_pem_x509_certificate(leaf)
    except ValueError as error:
        raise CertificateError(
            f"{own.certificate}: not a certificate in PEM form; convert it: "
            "openssl x509 -inform der -in FILE",
            f"{own.certificate}：不是 PEM 格式的证书；请转换：openssl x509 -inform der -in 文件",
        ) from error
    try:
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise CertificateError(
            f"{own.key}: not an unencrypted private key in PEM form; openssl pkey -in FILE removes "
            "a word",
            f"{own.key}：不是未加密的 PEM 私钥；去掉口令：openssl pkey -in 文件",
        ) from error
    if _public(private.public_key()) != _public(certificate.public_key()):
        raise CertificateError(
            f"{own.key} is not the key of {own.certificate}; set http.key to the one it was made "
            "with",
            f"{own.key} 不是 {own.certificate} 的私钥；请把 http.key 设为与它配对的私钥",
        )
    now = datetime.fromtimestamp(now_us / 1e6, UTC)
    if certificate.not_valid_before_utc > now:
        begins = certificate.not_valid_before_utc.date()
        early = CertificateError(
            f"{own.certificate} is good from {begins} on; is the box's clock right?",
            f"{own.certificate} 从 {begins} 起才有效；盒子的时钟对吗？",
        )
        if is_time_trusted:
            raise early
        log.error("the site's certificate is not valid yet", problem=str(early))
    if certificate.not_valid_after_utc <= now:
        log.error("the site's certificate has expired; PDAs work offline until it is replaced")
    _check_names(own, certificate, [name for name in names if not tls.is_loopback(name)])


def _check_names(own: Pair, certificate: x509.Certificate, names: list[str]) -> None:
    """Hold a certificate to the names by which PDAs call the box: it must cover one at least."""
    try:
        alt = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        have = [str(name.value) for name in alt]
    except x509.ExtensionNotFound:
        have = []
    missing = [name for name in names if not any(_covers(each, name) for each in have)]
    if not have or (names and len(missing) == len(names)):
        raise CertificateError(
            f"{own.certificate} is for {', '.join(have) or 'no name'}, and http.names has "
            f"{', '.join(names) or 'none'}: name the box as the certificate does",
            f"{own.certificate} 签给 {', '.join(have) or '（没有名称）'}，而 http.names 是 "
            f"{', '.join(names) or '（空）'}：请按证书里的名称来写",
        )
    if missing:
        log.warning("the site's certificate does not cover every name", missing=missing)


def _covers(pattern: str, name: str) -> bool:
    """Match a name as RFC 6125 does: `*` stands for one whole first label."""
    if pattern.startswith("*."):
        return name.partition(".")[2].lower() == pattern[2:].lower()
    return pattern.lower() == name.lower()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX)
    except OSError as error:
        raise CertificateError(
            f"{path}: {error.strerror}; it must be there, and readable by the user of the service",
            f"{path}：{cause_zh(error)}；文件必须存在，并且服务的用户（floorgate）可读",
        ) from error


def _public(key: Any) -> bytes:  # noqa: ANN401 - any kind of public key
    found: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found


def _level(left_us: int) -> Level:
    if left_us <= 0:
        return "expired"
    if left_us <= URGENT_DAYS * DAY_US:
        return "urgent"
    return "soon" if left_us <= SOON_DAYS * DAY_US else "ok"
