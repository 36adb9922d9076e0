"""What a browser makes of the box's certificates, case by case: the regression test of our CA.

The page of the last step of enrolment says what works: `secure` and `worker` (it reloads offline).
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Error, Page, Playwright

from edge.bench.handheld import ARGS, CHROMIUM
from edge.bootstrap import BoxProcess
from edge.http import tls
from tests.e2e.pda import WAIT_MS, Pda
from tests.e2e.test_https import trusting_home
from tests.http.test_certificates import write_pair
from tests.rig import PIN, Rig, badge, config, running

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMES = ("box.lan", "192.168.7.7")
RULES = "MAP box.lan 127.0.0.1, MAP 192.168.7.7 127.0.0.1, MAP bank.example 127.0.0.1"
CLICK_THROUGH = "setTimeout(() => document.querySelector('#proceed-link').click())"
"""What a person does who ignores Chromium's warning."""

Leaf = Callable[[Path], tuple[Path, Path]]


@pytest_asyncio.fixture(loop_scope="session", scope="module", name="rig")
async def _rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with running(config(tmp_path_factory.mktemp("box"), names=NAMES)) as rig:
        await rig.furnish()
        yield rig


@asynccontextmanager
async def browsing(
    playwright: Playwright, home: dict[str, str], profile: Path
) -> AsyncIterator[Page]:
    """Open a browser that keeps its profile."""
    context: BrowserContext = await playwright.chromium.launch_persistent_context(
        profile, executable_path=CHROMIUM, args=[*ARGS, f"--host-resolver-rules={RULES}"],
        env={**home}, service_workers="allow",
    )  # fmt: skip
    try:
        page = context.pages[0]
        page.set_default_timeout(WAIT_MS)
        yield page
    finally:
        await context.close()


async def probe(page: Page, url: str, seen: tuple[str, ...]) -> tuple[str | None, ...]:
    """Return what the page of the last step says of `secure` and `worker`, awaiting `seen`."""
    try:
        await page.goto(f"{url}/enrol/probe.html")
    except Error as error:
        if "ERR_CERT_INVALID" in str(error):
            return ("ERR_CERT_INVALID",)
        await page.locator("#proceed-link").wait_for(state="attached")
        await page.evaluate(CLICK_THROUGH)
    await page.wait_for_selector("html[data-ready]")
    await page.wait_for_selector(f"#worker[data-is={seen[-1]}]")
    return tuple(
        [await page.locator(row).get_attribute("data-is") for row in ("#secure", "#worker")]
    )


async def kept(page: Page, name: str) -> None:
    """Wait until the PDA has written `name` to its disk."""
    asked = (
        "new Promise((done) => { indexedDB.open('floor').onsuccess = (e) => {"
        f" e.target.result.transaction('saved').objectStore('saved').get('{name}')"
        ".onsuccess = (r) => { e.target.result.close();"
        " done(r.target.result?.level === 'expired'); }; }; })"
    )
    async with asyncio.timeout(WAIT_MS / 1000):
        while not await page.evaluate(asked):  # noqa: ASYNC110 - the page has no event for it
            await asyncio.sleep(0.05)


def of_the_box(*names: str, life: timedelta = tls.LEAF_LIFE, age: timedelta = timedelta(0)) -> Leaf:
    """Return a maker of leaves that the box's CA signs."""

    def make(folder: Path) -> tuple[Path, Path]:
        now = datetime.now(UTC) - age
        before, tls.LEAF_LIFE = tls.LEAF_LIFE, life  # type: ignore[misc]
        try:
            tls._write_leaf(folder, names, now)
        finally:
            tls.LEAF_LIFE = before  # type: ignore[misc]
        return folder / "leaf.pem", folder / "leaf.key"

    return make


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Make a certificate that nobody vouches for."""
    now = datetime.now(UTC)
    pair = write_pair(folder, "box.lan", begins=now, ends=now + timedelta(days=30))
    return pair.certificate, pair.key


GOOD, CLICKED, STRANGER = ("good", "good"), ("good", "bad"), ("ERR_CERT_INVALID",)
OWN = of_the_box("localhost", *NAMES)
LONG = of_the_box("box.lan", life=timedelta(days=3000))


@pytest.mark.parametrize(
    ("host", "is_trusted", "leaf", "seen"),
    [
        pytest.param("box.lan", False, OWN, CLICKED, id="untrusted, clicked through"),
        pytest.param("box.lan", False, self_signed, CLICKED, id="self-signed, clicked through"),
        pytest.param("box.lan", True, of_the_box("192.168.7.7"), CLICKED, id="another name"),
        pytest.param("box.lan", True, OWN, GOOD, id="trusted, DNS name"),
        pytest.param("192.168.7.7", True, OWN, GOOD, id="trusted, address"),
        pytest.param("box.lan", True, LONG, GOOD, id="a leaf of 3000 days"),
        pytest.param("bank.example", True, of_the_box("bank.example"), STRANGER,
                     id="a name the CA may not vouch for"),
    ],
)  # fmt: skip
async def test_what_a_certificate_is_good_for(
    rig: Rig, playwright: Playwright, tmp_path: Path,
    host: str, is_trusted: bool, leaf: Leaf, seen: tuple[str, ...],
) -> None:  # fmt: skip
    """Trusted: works offline. Clicked through: works, never offline. Foreign: refused (SEC-1)."""
    keys = rig.box.data / "tls"
    assert rig.box.certificates is not None
    rig.box.certificates.context.load_cert_chain(*leaf(keys))
    home = trusting_home(tmp_path / "home", keys / "ca.pem") if is_trusted else {
        **os.environ, "HOME": str(tmp_path),
    }  # fmt: skip
    port = rig.url.rpartition(":")[2]
    async with browsing(playwright, home, tmp_path / "profile") as page:
        assert await probe(page, f"https://{host}:{port}", seen) == seen


async def test_clicked_through_it_works_and_says_what_does_not(
    rig: Rig, playwright: Playwright, tmp_path: Path
) -> None:
    """Without the CA somebody signs in and works; that nothing is kept offline is told (SEC-1)."""
    assert rig.box.certificates is not None
    rig.box.certificates.context.load_cert_chain(*OWN(rig.box.data / "tls"))
    url = f"https://box.lan:{rig.url.rpartition(':')[2]}"
    home = {**os.environ, "HOME": str(tmp_path)}
    async with browsing(playwright, home, tmp_path / "profile") as page:
        assert await probe(page, url, CLICKED) == CLICKED
        await page.goto(f"{url}/")
        await page.wait_for_selector("html[data-ready]")
        pda = Pda(page.context, url)
        pda.page = page
        await pda.sign_in(badge("picker"), PIN)
        await page.locator(".link.up").wait_for()
        await page.locator("header .menu").click()
        await page.get_by_role("button", name="状态与设置", exact=True).click()
        await pda.sees("不行：请安装边缘盒证书")
        await page.get_by_role("button", name="English", exact=True).click()
        await pda.sees("No: install the box's certificate")


@pytest.mark.parametrize(
    ("host", "seen"),
    [("box.lan", ("bad", "bad")), ("192.168.7.7", ("bad", "bad")), ("localhost", GOOD)],
)
async def test_plain_http_is_secure_on_this_machine_only(
    playwright: Playwright, tmp_path: Path, host: str, seen: tuple[str, str]
) -> None:
    """Over plain HTTP a PDA gets no worker and no keys; the page itself says so (SEC-1, G14)."""
    box = BoxProcess(config(tmp_path / "box", tls=False))
    await box.open()
    try:
        port = box.url.rpartition(":")[2]
        home = {**os.environ, "HOME": str(tmp_path)}
        async with browsing(playwright, home, tmp_path / "profile") as page:
            assert await probe(page, f"http://{host}:{port}", seen) == seen
            if host != "localhost":
                await page.goto(f"http://{host}:{port}/")
                await page.get_by_text("连接不安全").wait_for()
                await page.get_by_text("This address is not secure").wait_for()
    finally:
        await box.close()


async def test_an_expired_leaf_leaves_an_offline_page_that_says_why(
    rig: Rig, playwright: Playwright, tmp_path: Path
) -> None:
    """The page loads from the PDA, keeps what it has, and names the cause (SEC-1, PDA-1, G13)."""
    keys = rig.box.data / "tls"
    certificates = rig.box.certificates
    assert certificates is not None
    certificates.context.load_cert_chain(*OWN(keys))
    home = trusting_home(tmp_path / "home", keys / "ca.pem")
    url = f"https://box.lan:{rig.url.rpartition(':')[2]}/"
    async with browsing(playwright, home, tmp_path / "profile") as page:
        assert await probe(page, url.rstrip("/"), GOOD) == GOOD
        await page.goto(url)
        await page.wait_for_selector("html[data-ready]")
        pda = Pda(page.context, url)
        pda.page = page
        await pda.sign_in(badge("picker"), PIN)
        await page.locator(".link.up").wait_for()
        expired = of_the_box("localhost", *NAMES, age=timedelta(days=400))(keys)
        certificates.context.load_cert_chain(*expired)
        certificates._expires_us = int(datetime.now(UTC).timestamp() - 60) * 1_000_000
        rig.box._tell_status()
        await kept(page, "certificate")
    async with browsing(playwright, home, tmp_path / "profile") as page:
        await page.goto(url)
        await page.wait_for_selector("html[data-ready]")
        await page.get_by_text("边缘盒证书已过期").wait_for()
