"""The box's own certificate in a browser that trusts its CA, and in one that does not (SEC-1)."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Playwright, async_playwright

from edge.bench.handheld import ARGS, CHROMIUM
from edge.bootstrap import BoxProcess
from edge.config import Config, HttpConfig

pytestmark = pytest.mark.asyncio(loop_scope="session")

REGISTERED = """
Promise.race([
  navigator.serviceWorker.ready.then((r) => r.active.scriptURL.includes('/sw.js')),
  new Promise((done) => setTimeout(() => done(false), 8000)),
])
"""


def trusting_home(home: Path, ca: Path) -> dict[str, str]:
    """Return the environment of a browser that trusts `ca`: Chromium reads HOME's NSS store."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    certutil = ["certutil", "-d", f"sql:{store}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    add = ["-A", "-t", "C,,", "-n", "floorgate", "-i", str(ca)]
    subprocess.run([*certutil, *add], check=True)
    return {**os.environ, "HOME": str(home)}


async def visit(playwright: Playwright, folder: Path, url: str, env: dict[str, str]) -> Any:
    """Open the page in a fresh profile; return what it knows of its own security."""
    context = await playwright.chromium.launch_persistent_context(
        folder, executable_path=CHROMIUM, args=ARGS, env={**env}
    )
    try:
        page = context.pages[0]
        await page.goto(url)
        secure = await page.evaluate("isSecureContext")
        registered = await page.evaluate(REGISTERED)
        await context.set_offline(offline=True)
        await page.reload()
        return secure, registered, await page.locator("main").count()
    finally:
        await context.close()


async def test_a_trusting_browser_installs_the_page(tmp_path: Path) -> None:
    """With the box's CA the page is secure, registers and reloads offline (SEC-1, PDA-1)."""
    box = BoxProcess(Config(str(tmp_path / "box"), http=HttpConfig(host="127.0.0.1", port=0)))
    await box.open()
    try:
        env = trusting_home(tmp_path / "home", tmp_path / "box" / "tls" / "ca.pem")
        async with async_playwright() as playwright:
            seen = await visit(playwright, tmp_path / "profile", f"{box.url}/", env)
        assert seen == (True, True, 1)
    finally:
        await box.close()


async def test_a_stranger_browser_is_stopped(tmp_path: Path) -> None:
    """Without the CA the browser refuses the page rather than show it (SEC-1)."""
    box = BoxProcess(Config(str(tmp_path / "box"), http=HttpConfig(host="127.0.0.1", port=0)))
    await box.open()
    try:
        env = {**os.environ, "HOME": str(tmp_path)}
        async with async_playwright() as playwright:
            with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
                await visit(playwright, tmp_path / "profile", f"{box.url}/", env)
    finally:
        await box.close()
