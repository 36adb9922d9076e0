"""The page on plain HTTP: the authority, its fingerprint, the way to HTTPS, and nothing else."""

import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from edge.bootstrap import BoxProcess
from edge.config import Config
from tests.http.test_certificates import write_pair
from tests.rig import Rig, config, running


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


@pytest_asyncio.fixture(name="plain")
async def _plain(tmp_path: Path) -> AsyncIterator[tuple[Rig, str]]:
    port = free_port()
    async with running(config(tmp_path, enrol_port=port, names=("192.168.7.7",))) as rig:
        yield rig, f"http://127.0.0.1:{port}"


async def test_the_authority_comes_as_android_takes_it(plain: tuple[Rig, str]) -> None:
    """DER with its type; the page shows its fingerprint in 8 groups (SEC-1, DEV-6)."""
    _, url = plain
    async with ClientSession() as http:
        async with http.get(f"{url}/ca.crt") as answer:
            der = await answer.read()
            assert answer.content_type == "application/x-x509-ca-cert"
        async with http.get(f"{url}/") as answer:
            page = await answer.text()
    digest = hashlib.sha256(der).hexdigest().upper()
    groups = [digest[at : at + 8] for at in range(0, 64, 8)]
    assert [f"<li>{group}</li>" in page for group in groups] == [True] * 8


async def test_it_takes_nothing_and_sets_no_cookie(plain: tuple[Rig, str]) -> None:
    """A strict policy, no cookie, the address of HTTPS under the name that was used (SEC-1)."""
    rig, url = plain
    port = rig.url.rpartition(":")[2]
    async with ClientSession() as http, http.get(f"{url}/") as answer:
        page = await answer.text()
        assert answer.headers.getall("Set-Cookie", []) == []
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert f'href="https://127.0.0.1:{port}/enrol/probe.html"' in page
    assert f"https://192.168.7.7:{port}/" in page


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/index.html"), ("GET", "/api/v1/tasks"), ("POST", "/api/v1/session")],
)
async def test_anything_else_is_elsewhere(plain: tuple[Rig, str], method: str, path: str) -> None:
    """421, with the way to the system in both languages (SEC-1)."""
    _, url = plain
    async with ClientSession() as http, http.request(method, f"{url}{path}") as answer:
        said = await answer.text()
        assert (answer.status, "只有登记页面" in said, "system: https://" in said) == (
            421,
            True,
            True,
        )


async def test_a_foreign_host_name_is_not_repeated(plain: tuple[Rig, str]) -> None:
    """A Host that is not the box's leads to one that is; markup in it stays text (SEC-4)."""
    _, url = plain
    headers = {"Host": "evil.example"}
    async with ClientSession() as http, http.get(f"{url}/", headers=headers) as answer:
        page = await answer.text()
    assert ("https://evil.example" in page, "https://192.168.7.7:" in page) == (False, True)


async def test_a_host_with_a_port_that_is_none_is_a_foreign_one(plain: tuple[Rig, str]) -> None:
    """Whatever a visitor calls the box, it answers with its own name (SEC-4)."""
    _, url = plain
    for host in ("box:none", "box:99999", "["):
        async with ClientSession() as http, http.get(url, headers={"Host": host}) as answer:
            assert (answer.status, "https://192.168.7.7:" in await answer.text()) == (200, True)


@asynccontextmanager
async def serving(settings: Config) -> AsyncIterator[None]:
    """Run a box that nobody asks over HTTPS."""
    box = BoxProcess(settings)
    await box.open()
    try:
        yield
    finally:
        await box.close()


async def test_with_the_sites_certificate_there_is_nothing_to_install(tmp_path: Path) -> None:
    """The page says so, and hands out no authority (SEC-1)."""
    now, port = datetime.now(UTC), free_port()
    pair = write_pair(tmp_path, "box.lan", begins=now - timedelta(1), ends=now + timedelta(days=60))
    settings = config(
        tmp_path / "box",
        enrol_port=port,
        names=("box.lan",),
        certificate=str(pair.certificate),
        key=str(pair.key),
    )
    async with serving(settings), ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/ca.crt") as answer:
            assert answer.status == 404
        async with http.get(f"http://127.0.0.1:{port}/") as answer:
            page = await answer.text()
    assert ("<section hidden>" in page, "nothing needs installing" in page) == (True, True)


async def test_the_probe_is_readable_from_the_plain_page(rig: Rig) -> None:
    """Only the probe may be fetched by another origin's page."""
    for path, policy in (("/enrol/probe.json", "cross-origin"), ("/index.html", "same-origin")):
        async with rig.http.get(f"{rig.url}{path}") as answer:
            assert answer.headers["Cross-Origin-Resource-Policy"] == policy
    async with rig.http.get(f"{rig.url}/enrol/page.template") as answer:
        assert answer.status == 404
