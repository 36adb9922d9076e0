"""The page's files, the box's certificates, its configuration and its start."""

import asyncio
import gzip
import os
import sqlite3
import ssl
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import yarl
from aiohttp import ClientConnectorCertificateError, ClientSession, TCPConnector
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge.bootstrap import BoxProcess, TakenError, UnusableError
from edge.cli.door import ask
from edge.config import Config, ConfigError, HttpConfig, load_config
from edge.http.tls import keep
from sync.api import decode_entry
from tests.rig import Rig, config, running

NOW_US = 1_790_000_000_000_000
DAY_US = 86_400_000_000
NAMES = ("localhost", "127.0.0.1")

# ---- files ------------------------------------------------------------------------------------


async def test_a_file_is_compressed_and_kept_by_its_hash(rig: Rig) -> None:
    """It comes packed where that is taken, and as 304 where its hash is known (PDA-1)."""
    async with rig.http.get(f"{rig.url}/assets.json") as answer:
        manifest = msgspec.json.decode(await answer.read())
    path, etag = next(item for item in manifest["files"].items() if item[0].endswith(".js"))
    headers = {"Accept-Encoding": "gzip"}
    async with rig.http.get(f"{rig.url}{path}", headers=headers, auto_decompress=False) as answer:
        packed = await answer.read()
        assert (answer.headers["ETag"], answer.headers["Content-Encoding"]) == (f'"{etag}"', "gzip")
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert "Accept-Encoding" in answer.headers["Vary"]
    plain = {"Accept-Encoding": "identity"}
    async with rig.http.get(f"{rig.url}{path}", headers=plain) as answer:
        assert "Content-Encoding" not in answer.headers
        assert await answer.read() == gzip.decompress(packed)
    async with rig.http.get(f"{rig.url}{path}", headers={"If-None-Match": f'"{etag}"'}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


async def test_the_root_is_the_page(rig: Rig) -> None:
    """`/` answers the page itself."""
    async with rig.http.get(f"{rig.url}/") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/%2e%2e/pyproject.toml",
        "/src/%2e%2e/%2e%2e/edge/config.py",
        "/..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/src/..\\..\\edge\\config.py",
        "/src",
        "/vendor/LICENSE",
        "/test/",
        "/%00",
    ],
)
async def test_nothing_else_is_served(rig: Rig, path: str) -> None:
    """Only the page's own files are there, however a path is written (SEC-4)."""
    # the path is sent as it is written
    async with rig.http.get(yarl.URL(f"{rig.url}{path}", encoded=True)) as answer:
        assert answer.status in (400, 404)


# ---- certificates -----------------------------------------------------------------------------


def certificates(folder: Path) -> tuple[x509.Certificate, x509.Certificate]:
    """Return leaf and CA as they are sent."""
    chain = x509.load_pem_x509_certificates((folder / "leaf.pem").read_bytes())
    return chain[0], chain[1]


def names_of(leaf: x509.Certificate) -> set[str]:
    """Return the names that a certificate is for."""
    alt = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in alt}


def test_the_ca_is_good_for_this_box_alone(tmp_path: Path) -> None:
    """The CA signs no further CA and only the box's names and private addresses (SEC-1)."""
    keep(tmp_path, (*NAMES, "box.local", "192.168.1.9"), NOW_US)
    leaf, ca = certificates(tmp_path)
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    limits = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert limits.critical
    permitted = {str(each.value) for each in limits.value.permitted_subtrees or ()}
    assert {"localhost", "box.local", "10.0.0.0/8", "192.168.0.0/16"} <= permitted
    assert names_of(leaf) == {"localhost", "127.0.0.1", "box.local", "192.168.1.9"}
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    leaf.verify_directly_issued_by(ca)


async def test_the_owners_door_is_a_file_of_the_owners(rig: Rig) -> None:
    """Nobody else opens `admin.sock`; who came through it, the kernel says (SEC-4)."""
    assert (rig.box.data / "admin.sock").stat().st_mode & 0o077 == 0
    said = await asyncio.to_thread(ask, rig.box.data, "/rulesets/rollback", {"reason": "tried"})
    assert said["code"] == "no_ruleset_before"
    _, raws = await rig.box.reader.entries(0, 10_000)
    last = decode_entry(raws[-1])
    assert (last.kind, last.actor) == ("command.refused", f"uid:{os.getuid()}")


async def test_the_keys_are_the_owners(tmp_path: Path) -> None:
    """No other user of the machine reads a private key, nor what the folder holds (SEC-4)."""
    async with running(config(tmp_path / "box")) as rig:
        keys = {path.name: path for path in rig.box.data.rglob("*.key")}
        assert {"ca.key", "leaf.key", "box.key", "session.key"} <= set(keys)
        private = [rig.box.data, *keys.values()]
        assert [path.name for path in private if path.stat().st_mode & 0o077] == []


def test_the_leaf_is_renewed_in_time(tmp_path: Path) -> None:
    """The leaf stays while it is good, and is renewed in its last third; the CA stays (SEC-1)."""
    keep(tmp_path, NAMES, NOW_US)
    first, ca = certificates(tmp_path)
    keep(tmp_path, NAMES, NOW_US + 200 * DAY_US)
    assert certificates(tmp_path)[0] == first
    later_us = NOW_US + 300 * DAY_US
    keep(tmp_path, NAMES, later_us)
    leaf, same = certificates(tmp_path)
    assert (leaf != first, same) == (True, ca)
    assert leaf.not_valid_before_utc < datetime.fromtimestamp(later_us / 1e6, UTC)


def test_another_address_needs_another_leaf(tmp_path: Path) -> None:
    """A new private address is put into a new leaf under the CA that PDAs trust (SEC-1)."""
    keep(tmp_path, NAMES, NOW_US)
    ca = certificates(tmp_path)[1]
    keep(tmp_path, (*NAMES, "10.1.2.3"), NOW_US)
    leaf, same = certificates(tmp_path)
    assert (names_of(leaf), same) == ({*NAMES, "10.1.2.3"}, ca)


@pytest.mark.parametrize("name", ["box-2.local", "203.0.113.7", "fd00::7"])
def test_a_name_outside_the_cas_limits_needs_a_new_ca(tmp_path: Path, name: str) -> None:
    """A leaf that no client would accept is not made: the CA is made anew for the name."""
    keep(tmp_path, NAMES, NOW_US)
    ca = certificates(tmp_path)[1]
    keep(tmp_path, (*NAMES, name), NOW_US)
    leaf, new = certificates(tmp_path)
    assert (new != ca, names_of(leaf)) == (True, {*NAMES, name})
    leaf.verify_directly_issued_by(new)


def test_a_power_cut_between_two_files_heals(tmp_path: Path) -> None:
    """A key that does not fit its certificate is replaced by a new pair."""
    keep(tmp_path, NAMES, NOW_US)
    (tmp_path / "leaf.key").write_bytes((tmp_path / "ca.key").read_bytes())
    keep(tmp_path, NAMES, NOW_US)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "leaf.pem", tmp_path / "leaf.key")


async def test_a_client_that_trusts_the_ca_connects_by_a_new_name(tmp_path: Path) -> None:
    """A real handshake succeeds under a name that was added after the first start (SEC-1)."""
    async with running(config(tmp_path)):
        pass
    async with running(config(tmp_path, names=("box-2.local",))) as rig:
        health = f"{rig.url}/health"
        async with rig.http.get(health, server_hostname="box-2.local") as answer:
            assert answer.status == 200
        trust = ssl.create_default_context(cafile=str(tmp_path / "tls" / "ca.pem"))
        async with ClientSession(connector=TCPConnector(ssl=trust)) as http:
            with pytest.raises(ClientConnectorCertificateError):
                await http.get(health, server_hostname="another.local")


# ---- configuration ----------------------------------------------------------------------------

GOOD = """\
data = "/var/lib/floorgate"

[http]
port = 8443

[[printers]]
id = "p1"
name = "Printer 1"
url = "tcp://10.0.0.9:9100?lang=zpl"

[[stations]]
id = "S1"
name = { zh = "一号台", en = "Station 1" }
printers = ["p1"]
"""


def load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Config:
    """Return the configuration that a text gives."""
    path = tmp_path / "floorgate.toml"
    path.write_text(text, "utf-8")
    return load_config(path, environ or {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("port =", "prt ="), r"floorgate.toml:4: .*`prt`"),
        (GOOD.replace("8443", '"many"'), r"floorgate.toml:4: .*http.port"),
        (GOOD + "[htp]\n", r"floorgate.toml:15: .*`htp`"),
        (GOOD.replace('url = "tcp', 'uri = "tcp'), r"floorgate.toml:9: .*`uri`"),
        (GOOD.replace('["p1"]', '["p9"]'), r"station S1 names unknown printers .*p9"),
        (GOOD.replace("[http]", "[http"), r"not TOML: .*line 3"),
        ("", r"`data` is missing"),
    ],
)
def test_a_wrong_configuration_names_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    """Each mistake is located, and says what is wrong (OPS-3)."""
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        (GOOD.replace("port =", "prt ="), ":4: there is no key `prt` (in `http`); write `port`",
         ":4：没有 `prt` 这个键（在 `http`）；可以写：`port`"),
        (GOOD + "[htp]\n", "; write `http`", ":15：没有 `htp` 这个键；可以写：`http`"),
        (GOOD.replace("8443", '"many"'),
         ":4: a whole number is needed, not a text in quotes (in `http.port`)",
         ":4：这里是加引号的文字，应为整数（在 `http.port`）"),
        (GOOD.replace("8443", "99999"), ":4: a whole number <= 65535 is needed (in `http.port`)",
         ":4：应为 <= 65535 的整数（在 `http.port`）"),
        (
            GOOD + '[box]\nlanguage = "fr"\n',
            "; write one of: zh, en",
            "：不能写 'fr'（在 `box.language`）；可以写：zh, en",
        ),
        (GOOD + "[disk]\nwarn_mb = 0\n", ": a whole number >= 1 is needed (in `disk.warn_mb`)",
         "：应为 >= 1 的整数（在 `disk.warn_mb`）"),
        (GOOD + '[hub]\nurl = "hub.example"\n',
         ": hub.url hub.example: write it as wss://hub.example/link",
         "：hub.url hub.example：请写成 wss://hub.example/link"),
        (GOOD + '[discovery]\nnetworks = ["10.0.0.1/24"]\n',
         ": discovery.networks: 10.0.0.1/24 has host bits set; write it as 10.0.0.0/24",
         "：discovery.networks：10.0.0.1/24 不是网段的第一个地址；请写成 10.0.0.0/24"),
        ("", ": `data` is missing", "：缺少 `data`"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_says_what_to_write_in_both_languages(
    tmp_path: Path, text: str, en: str, zh: str
) -> None:
    """A misspelt key is told its nearest name, a wrong value its choices (OPS-3)."""
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)
    assert str(raised.value).endswith(en)
    assert raised.value.told("zh").endswith(zh)
    assert raised.value.told("").splitlines() == [raised.value.told("zh"), str(raised.value)]


def test_a_missing_configuration_says_what_to_do(tmp_path: Path) -> None:
    """The error names the file and the option that gives another."""
    with pytest.raises(ConfigError, match=r"none.toml: .*--config FILE"):
        load_config(tmp_path / "none.toml", {})


def test_the_environment_wins(tmp_path: Path) -> None:
    """A variable sets a value over the file's; others are not touched."""
    changed = {"FLOORGATE_HTTP_PORT": "9443", "FLOORGATE_HUB_URL": "ws://hub", "HTTP_PORT": "1"}
    made = load(tmp_path, GOOD, changed)
    assert (made.http.port, made.hub.url, made.data) == (9443, "ws://hub", "/var/lib/floorgate")
    assert load(tmp_path, GOOD, {"FLOORGATE_DISK_STOP_MB": "9"}).disk.stop_mb == 9
    with pytest.raises(ConfigError, match="port"):
        load(tmp_path, GOOD, {"FLOORGATE_HTTP_PORT": "many"})
    with pytest.raises(ConfigError, match=r"a table is needed, not a whole number \(in `box`\)"):
        load(tmp_path, f"box = 1\n{GOOD}".replace("[box]", "[hub]"), {"FLOORGATE_BOX_ID": "b"})


# ---- starting ---------------------------------------------------------------------------------


async def test_a_folder_in_use_is_said(rig: Rig) -> None:
    """A second box on the same data folder does not start, and says why (SYNC-5)."""
    second = BoxProcess(rig.box.config)
    with pytest.raises(TakenError, match="in use by another floorgate process"):
        await second.open()
    assert (await (await rig.client()).get("/health"))["ok"]


async def test_a_port_in_use_is_said(rig: Rig, tmp_path: Path) -> None:
    """A port that is taken is named with what to do; the failed start leaves nothing running."""
    port = int(rig.url.rpartition(":")[2])
    other = msgspec.structs.replace(config(tmp_path / "b"), http=_http(rig, port))
    second = BoxProcess(other)
    with pytest.raises(
        TakenError, match=f"127.0.0.1:{port} cannot be opened .*set http.port"
    ) as said:
        await second.open()
    assert f"(pid {os.getpid()}) has it" in str(said.value)
    assert f"(pid {os.getpid()}) 占用着它；请结束占用它的程序，或改 http.port" in said.value.told(
        "zh"
    )
    async with running(config(tmp_path / "b")):
        pass


async def test_a_newer_database_is_said(tmp_path: Path) -> None:
    """A folder that a newer Floorgate wrote is left alone, with what to do (OPS-2)."""
    folder = tmp_path / "b"
    folder.mkdir()
    db = sqlite3.connect(folder / "floor.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(UnusableError, match="install the newer Floorgate again"):
        await BoxProcess(config(folder)).open()


def _http(rig: Rig, port: int) -> HttpConfig:
    return msgspec.structs.replace(rig.box.config.http, port=port)


async def test_a_restart_goes_on_where_it_stood(tmp_path: Path) -> None:
    """Sessions, tasks and answers are there again after a restart (PICK-5, PICK-7)."""
    async with running(config(tmp_path)) as rig:
        await rig.furnish()
        await rig.assign("1001")
        picker = await rig.client("picker")
        task = (await picker.get("/api/v1/tasks"))["tasks"][0]["id"]
        take = picker.command("task.take", {"task_ids": [task]})
        assert (await picker.send(take))[0]["ok"]
    async with running(config(tmp_path)) as again:
        picker.rig = again
        session = (await picker.get("/api/v1/session"))["session"]
        assert (session["id"], session["task"]["id"]) == (picker.session["id"], task)
        repeated = (await picker.send(take))[0]
        assert (repeated["ok"], repeated["repeated"]) == (True, True)
