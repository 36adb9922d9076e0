"""A real browser on a real port, and a wedge that types as scanners do."""

import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Playwright, async_playwright

from edge.bench.handheld import ARGS, CHROMIUM
from tests.e2e.pda import OPENED, MakePda, Pda, Theme, open_context
from tests.e2e.peer import Peer
from tests.e2e.realbox import RealBox, real_box


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each test that fails print what its handhelds show."""
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = telling(item.obj)


def telling(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Return `test`, which tells when it fails."""

    @functools.wraps(test)
    async def tells(**given: object) -> None:
        OPENED.clear()
        try:
            await test(**given)
        except BaseException:
            for pda in OPENED:
                print(await pda.told(), flush=True)  # noqa: T201 - pytest shows it
            raise

    return tells


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """What drives browsers: one process for all of them."""
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """Chromium as Debian ships it."""
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
    yield browser
    await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def peer() -> AsyncIterator[Peer]:
    """A pretended box on a free port of this machine."""
    peer = Peer()
    runner = web.AppRunner(peer.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield peer
    await peer.cut()
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def make_pda(browser: Browser, peer: Peer) -> AsyncIterator[MakePda]:
    """Make handhelds; at the end none may have had an error in its console."""
    made: list[Pda] = []

    async def make(
        *,
        size: dict[str, int] | None = None,
        theme: Theme = "light",
        open_now: bool = True,
        touch: bool = True,
    ) -> Pda:
        pda = await open_context(
            browser, peer.url, size=size, theme=theme, open_now=open_now, touch=touch
        )
        made.append(pda)
        return pda

    yield make
    errors = [error for pda in made for error in pda.errors]
    for pda in made:
        await pda.context.close()
    assert errors == []


@pytest_asyncio.fixture(loop_scope="session")
async def pda(make_pda: MakePda) -> Pda:
    """A handheld with the sign-in screen open."""
    return await make_pda()


@pytest_asyncio.fixture(loop_scope="session")
async def box(tmp_path: Path) -> AsyncIterator[RealBox]:
    """A real box with a small floor, a virtual printer and three orders."""
    async with real_box(tmp_path) as box:
        yield box


@pytest_asyncio.fixture(loop_scope="session")
async def handheld(browser: Browser, box: RealBox) -> AsyncIterator[Callable[..., Any]]:
    """Make handhelds that talk to the real box."""
    made: list[Pda] = []

    async def make(*, size: dict[str, int] | None = None, theme: Theme = "light") -> Pda:
        pda = await open_context(browser, box.process.url + "/", size=size, theme=theme)
        made.append(pda)
        return pda

    yield make
    errors = [error for pda in made for error in pda.errors]
    for pda in made:
        await pda.context.close()
    assert errors == []
