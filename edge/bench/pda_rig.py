"""A box in this process and a handheld in Chromium beside it, for what is measured on the page."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright

from edge.bench import handheld
from edge.bench.child import pin_hash
from edge.bench.floor import PIN, BenchFloor
from edge.bootstrap import BoxProcess
from edge.config import Config, DiscoveryConfig, HttpConfig
from edge.domain.commands import InstructionAccept
from edge.domain.model import Box

SLOWER: Final = 4
"""How much slower than this machine a PDA is taken to be."""
WIFI: Final = {"offline": False, "latency": 20, "downloadThroughput": 1_250_000,
               "uploadThroughput": 1_250_000}  # fmt: skip
"""10 Mbit/s and 20 ms, as Chromium's protocol names them."""
WAIT_S_MAX: Final = 15.0
CLOSE_S_MAX: Final = 4.0
POLL_S: Final = 0.005
BARE: Final = """<!doctype html><title>-</title><p id="count">0</p>
<script type="module">performance.mark('ready');
const db = await new Promise((done) => { const open = indexedDB.open('bare');
  open.onupgradeneeded = () => open.result.createObjectStore('rows', { autoIncrement: true });
  open.onsuccess = () => done(open.result); });
let n = 0;
addEventListener('keydown', ({ key }) => { if (key !== 'Enter') return;
  const tx = db.transaction('rows', 'readwrite', { durability: 'strict' });
  tx.objectStore('rows').add({ n });
  tx.oncomplete = () => requestAnimationFrame(() => {
    n += 1; document.querySelector('#count').textContent = n; }); });
document.documentElement.dataset.ready = '';</script>"""
"""A page that keeps each Enter on the disk and counts it: the least that a scan can cost."""


class Site:
    """A box with orders to pick, and the browser that its handhelds are opened in."""

    def __init__(self, box: BoxProcess, browser: Browser, trust: str) -> None:
        self.box, self.browser = box, browser
        self.trust = trust
        """The flag by which Chromium trusts the box's own certificate."""
        self.url = f"{box.url}/"

    async def instruct(self, kind: str, body: dict[str, Any]) -> None:
        """Carry out an instruction of the hub."""
        known = await self.box.reader.doc(Box, "box")
        assert isinstance(known, Box)
        data = InstructionAccept(known.dseq + 1, kind, self.box.clock.now_us(), body)
        told = await self.box.floor.submit(data, via="hub", actor="hub")
        assert told.answer.ok, told.answer

    @asynccontextmanager
    async def handheld(self, *, script: str = "", bare: bool = False) -> AsyncIterator["Handheld"]:
        """Open a handheld of its own; `bare` shows `BARE` in place of the box's page."""
        context = await self.browser.new_context(
            viewport={"width": 360, "height": 640}, locale="zh-CN", has_touch=True
        )
        if script:
            await context.add_init_script(script)
        if bare:
            await context.route("**/bare", lambda route: route.fulfill(
                body=BARE, content_type="text/html"
            ))  # fmt: skip
        page = await context.new_page()
        page.set_default_timeout(WAIT_S_MAX * 1e3)
        pda = Handheld(context, page, await context.new_cdp_session(page))
        pda.url = f"{self.url}bare" if bare else self.url
        try:
            yield pda
        finally:  # a page that hangs would hold up what is measured next
            with suppress(TimeoutError):
                await asyncio.wait_for(context.close(), CLOSE_S_MAX)


class Handheld:
    """A page and its scanner."""

    url: str

    def __init__(self, context: BrowserContext, page: Page, cdp: CDPSession) -> None:
        self.context, self.page, self.cdp = context, page, cdp

    async def open(self) -> None:
        """Go to the page, and wait until it listens."""
        await self.page.goto(self.url)
        await self.page.wait_for_selector("html[data-ready]")

    async def throttle(self, *, wifi: bool = False) -> None:
        """Be as slow as a PDA; `wifi` also on the line."""
        await self.cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        if wifi:
            await self.cdp.send("Network.enable")
            await self.cdp.send("Network.emulateNetworkConditions", WIFI)

    async def js(self, expression: str) -> Any:  # noqa: ANN401 - whatever it is
        """Return what an expression is; unlike Playwright's own, it is no gesture of a person."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        told = await self.cdp.send("Runtime.evaluate", asked)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        await until(lambda: self.js(f"Boolean({expression})"))

    async def scan(self, code: str) -> None:
        """Scan `code` by the trigger."""
        await handheld.keys(self.cdp, code, prefix="~")

    async def kept(self) -> None:
        """Wait until the service worker holds the page and every screen is loaded."""
        await self.until("navigator.serviceWorker.getRegistration().then((r) => !!r?.active)")
        await self.until("performance.getEntriesByType('resource')"
                         ".some((r) => r.name.endsWith('follow.js'))")  # fmt: skip

    async def pick(self, person: int) -> None:
        """Sign in, take the first task, bind a tote, go to the first bin."""
        await self.scan(f"@B:{person}")
        await self.page.wait_for_selector("#layer[open] .keys")
        for digit in PIN:
            await self.page.get_by_role("button", name=digit, exact=True).tap()
        await self.page.locator("#layer .act.main").tap()
        await self.page.wait_for_selector(".row")
        await self.scan("@C:OK")
        await self.page.wait_for_selector(".tote.now")
        await self.scan(f"T-{person}")
        await self.page.wait_for_selector(".place.now")
        await self.scan(await self.js("document.querySelector('.place .code').textContent"))
        await self.page.wait_for_selector(".item.now")

    async def item(self) -> str:
        """Return the code of the item that is wanted."""
        asked = "fetch('/api/v1/session').then((r) => r.json())"
        task = (await self.js(asked))["session"]["task"]
        code: str = task["steps"][task["current"] - 1]["expect"]["codes"][0]
        return code


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Wait until something holds that no event tells of."""
    async with asyncio.timeout(WAIT_S_MAX):
        while not await holds():  # noqa: ASYNC110 - the page has no event to wait for
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def site(folder: Path, *, orders: int, pieces: int) -> AsyncIterator[Site]:
    """Run a box with an order of `pieces` pieces for each of `orders` pickers, and a browser."""
    data = folder / "box"
    data.mkdir()
    floor = BenchFloor(data / "floor.db", each_max=pieces)
    floor.stock_up()
    floor.assign(range(orders), qty=pieces, lines=1)
    floor.make_people(orders, pin_hash())
    floor.store.close()
    box = BoxProcess(
        Config(
            str(data),
            http=HttpConfig(host="127.0.0.1", port=0, open_devices=True),
            discovery=DiscoveryConfig(enabled=False),
        )
    )
    await box.open()
    trust = f"--ignore-certificate-errors-spki-list={_key_hash(data / 'tls' / 'leaf.pem')}"
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=handheld.CHROMIUM, args=[*handheld.ARGS, trust],
                handle_sigint=False, handle_sigterm=False, handle_sighup=False,
            )  # fmt: skip
            try:
                yield Site(box, browser, trust)
            finally:  # one that was killed does not answer
                with suppress(TimeoutError):
                    await asyncio.wait_for(browser.close(), CLOSE_S_MAX)
    finally:
        await asyncio.wait_for(box.close(), CLOSE_S_MAX)


def _key_hash(leaf: Path) -> str:
    """Return the hash by which Chromium trusts one key."""
    key = x509.load_pem_x509_certificate(leaf.read_bytes()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
