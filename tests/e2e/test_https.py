"""The box's own certificate in a browser that trusts its CA, and in one that does not (SEC-1)."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Playwright

from edge.bench.handheld import ARGS, CHROMIUM
from edge.bootstrap import BoxProcess
from edge.config import Config, HttpConfig
from tests.e2e.pda import WAIT_MS

pytestmark = pytest.mark.asyncio(loop_scope="session")

REGISTERED = "navigator.serviceWorker.ready.then((r) => r.active.scriptURL.includes('/sw.js'))"


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
        async with asyncio.timeout(WAIT_MS / 1000):
            registered = await page.evaluate(REGISTERED)
        await context.set_offline(offline=True)
        await page.reload()
        return secure, registered, await page.locator("main").count()
    finally:
        await context.close()


async def test_a_trusting_browser_installs_the_page(playwright: Playwright, tmp_path: Path) -> None:
    """With the box's CA the page is secure, registers and reloads offline (SEC-1, PDA-1)."""
    box = BoxProcess(Config(str(tmp_path / "box"), http=HttpConfig(host="127.0.0.1", port=0)))
    await box.open()
    try:
        env = trusting_home(tmp_path / "home", tmp_path / "box" / "tls" / "ca.pem")
        seen = await visit(playwright, tmp_path / "profile", f"{box.url}/", env)
        assert seen == (True, True, 1)
    finally:
        await box.close()


async def test_a_stranger_browser_is_stopped(playwright: Playwright, tmp_path: Path) -> None:
    """Without the CA the browser refuses the page rather than show it (SEC-1)."""
    box = BoxProcess(Config(str(tmp_path / "box"), http=HttpConfig(host="127.0.0.1", port=0)))
    await box.open()
    try:
        env = {**os.environ, "HOME": str(tmp_path)}
        with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
            await visit(playwright, tmp_path / "profile", f"{box.url}/", env)
    finally:
        await box.close()
