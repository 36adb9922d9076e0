"""The box's own certificate authority and leaf, made at first start.

The CA is ECDSA P-256, path length 0, name-constrained to what the leaf needs plus the private
address ranges (RFC 1918, RFC 5280 4.2.1.10), so that a PDA which trusts it trusts it for nothing
else. The leaf is renewed when two thirds of its life are over or the box has another name; a name
that the CA may not vouch for needs a new CA, which PDAs must be enrolled with again.
"""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFE: Final = timedelta(days=3650)
LEAF_LIFE: Final = timedelta(days=396)
RENEW_WITHIN: Final = LEAF_LIFE / 3
CLOCK_SLACK: Final = timedelta(days=2)
"""How far behind a PDA's clock may be on the day of making: a day off, and then some."""
PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")

log = structlog.get_logger()

Key = ec.EllipticCurvePrivateKey


def keep(
    folder: Path, names: tuple[str, ...], now_us: int, *, is_time_trusted: bool = False
) -> None:
    """Make or renew what is due of authority and leaf in `folder`: `leaf.pem` and `leaf.key`.

    `names` are the DNS names and IP addresses of the box, `localhost` first. What was made while
    the clock was wrong, and is not valid by a clock that is confirmed, is made again.
    """
    now = datetime.fromtimestamp(now_us / 1e6, UTC)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_file, leaf_file = folder / "ca.pem", folder / "leaf.pem"
    is_new = not ca_file.exists()
    if not is_new and (foreign := _foreign(ca_file.read_bytes(), names)):
        log.warning("new certificate authority: enrol the PDAs again", for_names=foreign)
        is_new = True
    if not is_new and is_time_trusted and not _is_valid(ca_file, now):
        log.warning("new certificate authority: enrol the PDAs again", made="by a wrong clock")
        is_new = True
    if is_new:
        _write_ca(folder, names, now)
    is_early = is_time_trusted and leaf_file.exists() and not _is_valid(leaf_file, now)
    if is_new or is_early or not leaf_file.exists() or _is_stale(folder, names, now):
        _write_leaf(folder, names, now)


def _is_valid(file: Path, now: datetime) -> bool:
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


def _is_stale(folder: Path, names: tuple[str, ...], now: datetime) -> bool:
    leaf = x509.load_pem_x509_certificate((folder / "leaf.pem").read_bytes())
    alt = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    have = {str(name.value) for name in alt}
    is_due = have != set(names) or leaf.not_valid_after_utc - now < RENEW_WITHIN
    # Power may be cut between the files of key and certificate.
    return is_due or not _is_key_of(leaf, folder / "leaf.key")


def has_authority(folder: Path) -> bool:
    """Tell whether an authority lies in `folder` with its key, so that PDAs can go on with it."""
    try:
        ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    except (OSError, ValueError):
        return False
    return _is_key_of(ca, folder / "ca.key")


def _is_key_of(certificate: x509.Certificate, file: Path) -> bool:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError):
        return False
    return key.public_key() == certificate.public_key()


def _foreign(ca_pem: bytes, names: tuple[str, ...]) -> list[str]:
    """Return those of `names` that the CA's constraints do not permit."""
    ca = x509.load_pem_x509_certificate(ca_pem)
    limits = ca.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = [each.value for each in limits.permitted_subtrees or ()]
    return [name for name in names if not any(_covers(each, name) for each in permitted)]


def _covers(permitted: object, name: str) -> bool:
    if isinstance(permitted, str):
        return name == permitted or name.endswith(f".{permitted}")
    assert isinstance(permitted, ipaddress.IPv4Network | ipaddress.IPv6Network)
    return _is_ip(name) and ipaddress.ip_address(name) in permitted


def _write_ca(folder: Path, names: tuple[str, ...], now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Floorgate local CA")])
    dns = [x509.DNSName(each) for each in names if not _is_ip(each)]
    networks = [*PRIVATE_NETWORKS, *(each for each in names if _is_ip(each))]
    permitted = [*dns, *(x509.IPAddress(ipaddress.ip_network(net)) for net in networks)]
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = _builder(name, name, key, now, CA_LIFE)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_ca=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(folder / "ca.key", key)
    _write(folder / "ca.crt", certificate.public_bytes(serialization.Encoding.DER))
    _write(folder / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM))


def _write_leaf(folder: Path, names: tuple[str, ...], now: datetime) -> None:
    ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    ca_key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alt = x509.SubjectAlternativeName(
        [
            x509.IPAddress(ipaddress.ip_address(each)) if _is_ip(each) else x509.DNSName(each)
            for each in names
        ]
    )
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = _builder(subject, ca.subject, key, now, LEAF_LIFE)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alt, critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write_key(folder / "leaf.key", key)
    chain = (certificate, ca)
    pem = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain)
    _write(folder / "leaf.pem", pem)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + life)
    )


def _key_usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: Key) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(path, pem)


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    fresh = path.with_suffix(f"{path.suffix}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Tell whether a name or address only means this machine."""
    return name == "localhost" or (_is_ip(name) and ipaddress.ip_address(name).is_loopback)
