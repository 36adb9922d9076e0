"""The box's certificate while it runs, and the site's own in its place."""

import asyncio
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.bootstrap import BoxProcess, UnusableError
from edge.config import Config, ConfigError, HttpConfig, load_config
from edge.http.certificates import CertificateError, Certificates, Pair
from tests.rig import config, running

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAMES = ("localhost", "127.0.0.1", "box.lan")


class ManualClock:
    """A clock that stands until it is moved."""

    boot_id = "boot-1"

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def now_us(self) -> int:
        """Return the wall time."""
        return int(self.now.timestamp()) * 1_000_000

    def boot_us(self) -> int:
        """Return the time since boot."""
        return self.now_us()


def write_pair(
    folder: Path,
    *names: str,
    begins: datetime = NOW - DAY,
    ends: datetime = NOW + 90 * DAY,
) -> Pair:
    """Write a site's certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site")])
    alt = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(alt, critical=False)
        .sign(key, hashes.SHA256())
    )
    pair = Pair(folder / "site.pem", folder / "site.key")
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pair.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pair


async def served(port: int) -> tuple[asyncio.StreamWriter, bytes]:
    """Connect, and return the connection with the certificate that it was given."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return writer, found


async def test_a_renewed_leaf_is_served_and_open_connections_stay(tmp_path: Path) -> None:
    """New connections get the new leaf at once; the one that is open still carries (SEC-1)."""
    clock = ManualClock()
    certificates = Certificates(tmp_path, NAMES, clock)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=certificates.context)
    port = server.sockets[0].getsockname()[1]
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    reader, held = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
    before = held.get_extra_info("ssl_object").getpeercert(binary_form=True)
    clock.now += 300 * DAY
    certificates.refresh()
    fresh, after = await served(port)
    held.write(b"still here")
    assert (await reader.readexactly(10), after != before) == (b"still here", True)
    assert certificates.view().days == 396
    for writer in (held, fresh):
        writer.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("newest", "is_let_in"), [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)]
)
def test_nothing_older_than_tls_1_2_is_spoken(
    tmp_path: Path, newest: ssl.TLSVersion, is_let_in: bool
) -> None:
    """A client that speaks TLS 1.1 at most is turned away before a byte of HTTP (SEC-1)."""
    here = Certificates(tmp_path, NAMES, ManualClock()).context
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    theirs.check_hostname, theirs.verify_mode = False, ssl.CERT_NONE
    theirs.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # that it is deprecated is why it is tried
        theirs.minimum_version = ssl.TLSVersion.TLSv1
        theirs.maximum_version = newest
    to_box, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = theirs.wrap_bio(to_client, to_box)
    box = here.wrap_bio(to_box, to_client, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    expected = ssl.SSLWantReadError if is_let_in else ssl.SSLError
    with pytest.raises(ssl.SSLError) as said:
        box.do_handshake()
    assert said.type is expected
    assert is_let_in or said.value.reason == "UNSUPPORTED_PROTOCOL"


def test_a_wrong_clock_at_boot_is_got_over(tmp_path: Path) -> None:
    """What a clock made that ran ahead is made again once the time is confirmed, and not before.

    A clock that is behind changes nothing: what PDAs trust stays what they trust (SEC-1).
    """
    clock, trusted = ManualClock(NOW + 9_000 * DAY), [False]
    keep = Certificates(tmp_path, NAMES, clock, is_time_trusted=lambda: trusted[0])
    ahead = keep.ca_der
    clock.now = NOW
    keep.refresh()
    assert keep.ca_der == ahead
    trusted[0] = True
    keep.refresh()
    right, view = keep.ca_der, keep.view()
    assert right != ahead
    assert (view.days, view.level) == (396, "ok")
    clock.now, trusted[0] = NOW - 9_000 * DAY, False
    again = Certificates(tmp_path, NAMES, clock, is_time_trusted=lambda: trusted[0])
    assert (again.ca_der, again.view().expires_at) == (right, view.expires_at)


def test_a_site_certificate_is_served_though_the_clock_is_behind(tmp_path: Path) -> None:
    """While nobody confirms the time the box serves what it has; confirmed, it says no (SEC-1)."""
    pair = write_pair(tmp_path, "box.lan", begins=NOW + DAY)
    assert Certificates(tmp_path, NAMES, ManualClock(), pair).view().source == "site"
    with pytest.raises(CertificateError, match="is the box's clock right"):
        Certificates(tmp_path, NAMES, ManualClock(), pair, is_time_trusted=lambda: True)


@pytest.mark.parametrize(
    ("days", "level"), [(31, "ok"), (30, "soon"), (8, "soon"), (7, "urgent"), (0, "expired")]
)
def test_the_end_is_told_in_time(tmp_path: Path, days: int, level: str) -> None:
    """Warnings come 30 and 7 days ahead (SEC-1, REP-2)."""
    pair = write_pair(tmp_path, "box.lan", ends=NOW + days * DAY)
    seen = Certificates(tmp_path, NAMES, ManualClock(), pair).view()
    assert (seen.source, seen.days, seen.level) == ("site", days, level)


def test_a_replaced_site_certificate_is_taken_up(tmp_path: Path) -> None:
    """Files that the site replaced are read again; broken ones leave the old in force (SEC-1)."""
    clock = ManualClock()
    pair = write_pair(tmp_path, "box.lan", ends=NOW + 10 * DAY)
    certificates = Certificates(tmp_path, NAMES, clock, pair)
    pair.certificate.write_text("half a fi")
    certificates.refresh()
    assert certificates.view().days == 10
    write_pair(tmp_path, "box.lan", ends=NOW + 80 * DAY)
    certificates.refresh()
    assert certificates.view().days == 80


def test_a_wildcard_covers_one_label(tmp_path: Path) -> None:
    """`*.shop.example` is for box.shop.example, not for a name below it."""
    pair = write_pair(tmp_path, "*.shop.example")
    assert Certificates(tmp_path, ("localhost", "box.shop.example"), ManualClock(), pair).is_site
    with pytest.raises(CertificateError, match="name the box as the certificate does"):
        Certificates(tmp_path, ("localhost", "a.box.shop.example"), ManualClock(), pair)


def test_what_cannot_serve_is_named_with_what_to_do(tmp_path: Path) -> None:
    """Each mistake in the site's files has its own words (SEC-1, OPS-3)."""
    pair = write_pair(tmp_path, "box.lan")
    other = write_pair(tmp_path / "..", "x")
    der = tmp_path / "der.crt"
    der.write_bytes(ssl.PEM_cert_to_DER_cert(pair.certificate.read_text()))
    future = tmp_path / "future"
    future.mkdir()
    late = write_pair(future, "box.lan", begins=NOW + DAY)
    nameless = tmp_path / "nameless"
    nameless.mkdir()
    cases = [
        (Pair(tmp_path / "none.pem", pair.key), "none.pem: No such file .* readable by the user"),
        (Pair(pair.certificate, other.key), "is not the key of .*site.pem; set http.key"),
        (Pair(der, pair.key), "not a certificate in PEM form; convert it: openssl x509"),
        (Pair(pair.certificate, pair.certificate), "not an unencrypted private key in PEM form"),
        (late, "is good from 2026-11-23 on; is the box's clock right"),
        (write_pair(nameless, "other.lan"), "is for other.lan, and http.names has box.lan"),
    ]
    for broken, says in cases:
        with pytest.raises(CertificateError, match=says):
            Certificates(tmp_path, NAMES, ManualClock(), broken, is_time_trusted=lambda: True)


def test_certificate_and_key_go_together(tmp_path: Path) -> None:
    """One of the two keys alone is a mistake of the configuration (SEC-1)."""
    path = tmp_path / "floorgate.toml"
    path.write_text('data = "x"\n[http]\ncertificate = "a.pem"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"floorgate.toml:3: .*set both"):
        load_config(path, {})


async def test_a_box_with_a_broken_certificate_says_so(tmp_path: Path) -> None:
    """It does not start, and names the file (SEC-1)."""
    http = HttpConfig(host="127.0.0.1", port=0, certificate="none.pem", key="none.key")
    with pytest.raises(UnusableError, match=r"none\.pem"):
        await BoxProcess(Config(str(tmp_path), http=http)).open()


async def test_health_and_metrics_tell_the_certificate(tmp_path: Path) -> None:
    """Who watches the box sees the end come (REP-2)."""
    async with running(config(tmp_path)) as rig:
        health = await (await rig.client()).get("/health")
        shown = health["certificate"]
        assert (shown["source"], shown["days"], shown["level"]) == ("box", 395, "ok")
        async with rig.http.get(f"{rig.url}/metrics") as answer:
            assert "floorgate_certificate_expires_seconds 1" in await answer.text()
