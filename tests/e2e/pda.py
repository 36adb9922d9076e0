"""A handheld in a browser, and a wedge that types as scanners do."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Literal

from playwright.async_api import Browser, BrowserContext, CDPSession, Page

from edge.bench import handheld

WAIT_MS = 30_000
POLL_S = 0.02
OPENED: list["Pda"] = []
"""The handhelds of the test that is running: where it fails, they tell what they show."""
SHORT_ID = re.compile(r"…(?=\d)")
PHONE = {"width": 360, "height": 640}
SPY = """
window.signals = [];
window.pressed = [];
addEventListener('keydown', (e) => { window.pressed.push([e.key, Math.round(e.timeStamp)]);
  if (window.pressed.length > 60) window.pressed.shift(); }, true);
navigator.vibrate = (p) => { window.signals.push(p.length); return true; };
"""
TELL = """(async () => { const frame = await Promise.race([
    new Promise((done) => requestAnimationFrame(() => done('paints'))),
    new Promise((done) => setTimeout(() => done('paints nothing'), 1000))]);
  return [location.href, frame, document.visibilityState, navigator.onLine ? 'on-line' : 'off-line',
    `ready for ${Math.round(performance.now())} ms`, JSON.stringify(window.pressed),
    ...[...document.querySelectorAll('#main, dialog[open]')].map((each) => each.innerText),
  ].join('\\n'); })()"""
REST = """
(() => {
  const SOON_MS = 250; // what the page puts off for longer is of no screen
  const { clearTimeout, fetch, requestAnimationFrame, setTimeout } = window;
  const under = new Set(); // all that is under way
  const begin = (what) => { under.add(what); return () => under.delete(what); };
  const until = (what, promise) => {
    const over = begin([what]);
    promise.then(over, over);
    return promise;
  };
  window.fetch = (...of) => until(of[0], fetch(...of));
  const { json } = Response.prototype;
  Response.prototype.json = function () { return until(this.url, json.call(this)); };
  window.requestAnimationFrame = (work) => {
    const over = begin(['frame']);
    return requestAnimationFrame((now) => { over(); work(now); });
  };
  window.setTimeout = (work, ms = 0, ...of) => {
    const timer = setTimeout(() => { under.delete(timer); work(...of); }, ms);
    if (ms <= SOON_MS) under.add(timer);
    return timer;
  };
  window.clearTimeout = (timer) => { under.delete(timer); clearTimeout(timer); };
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...of) {
    const [tx, over] = [transaction.apply(this, of), begin(['disk', of[0]])];
    for (const end of ['complete', 'abort']) tx.addEventListener(end, over);
    return tx;
  };
  window.WebSocket = class extends WebSocket {
    asked = new Map(); // commands without an answer, by id
    constructor(...of) {
      super(...of);
      const all = () => this.asked.forEach((over) => over());
      const opened = begin(['link']);
      for (const end of ['error', 'message']) this.addEventListener(end, opened);
      this.addEventListener('close', () => { opened(); all(); });
      this.addEventListener('message', ({ data }) => {
        const { t, id } = JSON.parse(data);
        if (t === 'answer') this.asked.get(id)?.();
      });
    }
    send(data) {
      const { t, cmd } = JSON.parse(data);
      if (t === 'cmd') this.asked.set(cmd.id, begin([cmd.kind]));
      super.send(data);
    }
  };
  const whole = () => performance.getEntriesByName('whole').length > 0;
  window.underWay = () => [...under, ...(whole() ? [] : ['the page itself'])];
  const calm = () => !window.underWay().length;
  const frame = () => new Promise((painted) => requestAnimationFrame(painted));
  window.atRest = async () => {
    while (!calm()) await new Promise((go) => setTimeout(go, 10));
    await frame();
    await frame();
    return calm();
  };
})();
"""
"""Knows what the page has asked for, put off, and not yet painted; the product pays nothing for it.
"""
EMPTY_PAD = """!!document.querySelector('#layer[open] .keys')
  && !document.querySelector('#layer .shown')?.textContent.includes('●')"""
FRESH_PAD = f"{EMPTY_PAD} && !document.querySelector('#layer .notice.wrong')"
RENEWING = """{ const every = window.setInterval;
  window.setInterval = (work, ms) => every(work, ms === 60_000 ? 200 : ms); }"""
"""A page that looks five times a second, not once a minute, whether a newer one waits."""
NETWORK_NOISE = ("Failed to load resource", "WebSocket connection to", "ERR_INTERNET_DISCONNECTED")


class Pda:
    """A handheld: a browser context, its page, and its scanner."""

    page: Page

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.errors: list[str] = []
        self._cdp: CDPSession | None = None
        OPENED.append(self)

    async def told(self) -> str:
        """Return what the handheld shows and what came to it, for whoever wonders at a failure."""
        try:
            async with asyncio.timeout(5):
                return str(await self.page.evaluate(TELL)) + "".join(self.errors)
        except Exception as gone:  # noqa: BLE001 - told instead
            return f"{self.url}: {gone!r}"

    async def open(self) -> None:
        """Open the page anew, as after a swap of the battery."""
        self.page = await self.context.new_page()
        self._cdp = None
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("console", lambda said: self._error(said.text, said.type))
        self.page.on("pageerror", lambda error: self._error(str(error)))
        await self.page.goto(self.url)
        await self.ready()

    async def ready(self) -> None:
        """Wait until handlers live."""
        await self.page.wait_for_selector("html[data-ready]")

    def _error(self, text: str, kind: str = "error") -> None:
        if kind == "error" and not any(noise in text for noise in NETWORK_NOISE):
            self.errors.append(text)

    async def keeps_page(self) -> None:
        """Wait until the service worker holds the page and every screen is loaded."""
        await self.until("navigator.serviceWorker.getRegistration().then((r) => !!r?.active)")
        await self.until("performance.getEntriesByName('whole').length > 0")

    async def cdp(self) -> CDPSession:
        """Return the page's protocol session."""
        self._cdp = self._cdp or await self.context.new_cdp_session(self.page)
        return self._cdp

    async def scan(self, text: str, *, prefix: str = "~", end: str = "Enter") -> None:
        """Type `text` as a wedge does: all keys at once, none waited for."""
        await handheld.keys(await self.cdp(), text, prefix=prefix, end=end, stamped=True)

    async def commit(self, text: str, *, enter: bool = True) -> None:
        """Commit `text` as an input method does, as scanners with factory settings do."""
        await handheld.commit(await self.cdp(), text, enter=enter)

    async def sees(self, text: str) -> None:
        """Wait until `text` is on the screen; `…1001` is an order's id, which is never broken."""
        shown = SHORT_ID.sub("…\u2060", text)
        await self.page.get_by_text(shown).first.wait_for()

    async def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true. The page's CSP forbids Playwright's own."""
        await _poll(lambda: self.page.evaluate(expression))

    async def settled(self) -> None:
        """Wait until what was asked for has come, been kept and been painted."""
        try:
            await self.until("window.atRest()")
        except TimeoutError:
            raise AssertionError(await self.page.evaluate("window.underWay()")) from None

    async def when(self, holds: Callable[[], object]) -> None:
        """Wait until something holds on the box's side."""

        async def ask() -> object:
            return holds()

        await _poll(ask)

    async def drained(self) -> None:
        """Wait until the box has answered everything."""
        await self.until("!document.querySelector('.link:not(.up), .link small, .banner')")

    async def sign_in(self, badge: str, pin: str) -> None:
        """Scan the badge, touch the PIN on a pad that is fresh: an older one may be open."""
        await self.scan(badge)
        await self.until(FRESH_PAD)
        await self.type_pin(pin)

    async def type_pin(self, pin: str) -> None:
        """Touch a PIN where nothing is typed yet; printed digits are never taken."""
        await self.until(EMPTY_PAD)
        for digit in pin:
            await self.page.get_by_role("button", name=digit, exact=True).click()
        await self.page.locator("#layer .act.main").click()

    async def kept(self) -> int:
        """Return how many commands stand in the PDA's outbox on disk."""
        count: int = await self.page.evaluate(
            "new Promise((done) => { indexedDB.open('floor').onsuccess = (e) => {"
            " e.target.result.transaction('outbox').objectStore('outbox').count()"
            ".onsuccess = (c) => { e.target.result.close(); done(c.target.result); }; }; })"
        )
        return count


Theme = Literal["light", "dark"]
MakePda = Callable[..., Awaitable[Pda]]


async def open_context(
    browser: Browser,
    url: str,
    *,
    size: dict[str, int] | None = None,
    theme: Theme = "light",
    open_now: bool = True,
    touch: bool = True,
) -> Pda:
    """Return a handheld of its own, with its page open unless told otherwise."""
    shape = size or PHONE
    context = await browser.new_context(
        viewport={"width": shape["width"], "height": shape["height"]},
        locale="zh-CN",
        color_scheme=theme,
        has_touch=touch,
    )
    await context.add_init_script(SPY + REST)
    pda = Pda(context, url)
    if open_now:
        await pda.open()
    return pda


async def _poll(ask: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(WAIT_MS / 1000):
        while not await ask():  # noqa: ASYNC110 - the page has no event to wait for
            await asyncio.sleep(POLL_S)
