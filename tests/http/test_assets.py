"""The files of the page as the box serves them."""

import asyncio
import gzip
import hashlib
import json
import posixpath
import re
from base64 import b64encode
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from edge.http.assets import Assets, page_root, without_comments
from tests.javascript import run_node

SHELL_BYTES_MAX = 40 * 1000
FIRST = ("icons/icon.svg", "locales/zh.start.json")


async def served(path: str) -> web.Response:
    """Return the box's answer to a browser that asks for a file."""
    request = make_mocked_request("GET", f"/{path}", headers={"Accept-Encoding": "gzip"})
    return await Assets(page_root()).serve(request)


async def body(path: str) -> bytes:
    """Return a file as it is on the wire."""
    told = (await served(path)).body
    assert isinstance(told, bytes)
    return told


async def files() -> dict[str, str]:
    """Return the list that the service worker keeps the page by."""
    told = (await Assets(page_root()).manifest(make_mocked_request("GET", "/assets.json"))).body
    assert isinstance(told, bytes)
    kept: dict[str, str] = json.loads(told)["files"]
    return kept


async def test_what_the_first_paint_needs_is_at_most_40_kb_on_the_wire() -> None:
    """Page, style, texts of one language and the scripts stay within 40 kB (PDA-1)."""
    index = await body("")
    asked = re.findall(r'(?:href|src)="((?:src|css|vendor)[^"]+)"', gzip.decompress(index).decode())
    assert {"src/start.js", "src/main.js"} == set(asked)
    paths = [*FIRST, *asked]
    assert len(index) + sum([len(await body(path)) for path in paths]) <= SHELL_BYTES_MAX


async def test_what_stands_in_the_page_runs_by_its_hash_only() -> None:
    """The first paint waits for no second file, and the policy allows those two texts (SEC-4)."""
    answer = await served("")
    policy = answer.headers["Content-Security-Policy"]
    html = gzip.decompress(await body("")).decode()
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(rf"<{tag}>(.+?)</{tag}>", html, re.DOTALL)
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        (sources,) = re.findall(rf"{directive} ([^;]+);", policy)
        assert f"'sha256-{digest}'" in sources.split()
    assert "unsafe-inline" not in policy
    assert "sha256-" not in (await served("gallery/index.html")).headers.get(
        "Content-Security-Policy", ""
    )


def test_comments_go_and_lines_stay() -> None:
    """Comments on lines of their own are dropped; casts, strings and line numbers stay."""
    script = b"// a\n/** @type {x} */ (y);\n  /**\n   * b\n   */\nconst u = '// no'; // d\n"
    kept = b"\n/** @type {x} */ (y);\n\n\n\nconst u = '// no'; // d\n"
    assert without_comments(script) == kept


async def test_every_script_parses_and_imports_what_is_served(tmp_path: Path) -> None:
    """What is served is JavaScript, and asks for nothing that is not."""
    paths = await files()
    copies: list[Path] = []
    missing: list[str] = []
    for path in [path for path in paths if re.match(r"/(src|enrol|gallery)/.+\.js$", path)]:
        copies.append(tmp_path / f"{len(copies)}.mjs")
        copies[-1].write_bytes(gzip.decompress(await body(path[1:])))
        asked = re.findall(r"(?:from |import\()'([^']+)'", copies[-1].read_text("utf-8"))
        found = [posixpath.normpath(posixpath.join(posixpath.dirname(path), to)) for to in asked]
        missing += [f"{path}: {to}" for to in found if to not in paths]
    assert missing == []
    imports = "".join(f"await check({str(copy)!r});\n" for copy in copies)
    script = (
        "import { readFileSync } from 'node:fs'; import { SourceTextModule } from 'node:vm';\n"
        f"const check = (p) => new SourceTextModule(readFileSync(p, 'utf-8'));\n{imports}"
    )
    how = ("--experimental-vm-modules", "--input-type=module", "-e", script)
    await asyncio.to_thread(run_node, *how)


async def test_the_library_keeps_its_licence() -> None:
    """What others made travels with the name of who made it."""
    assert b"@license" in gzip.decompress(await body("src/start.js"))


@pytest.mark.parametrize("path", ["sw.js", "vendor/zxing/reader/index.js"])
async def test_what_is_no_module_of_the_page_is_served_as_it_is(path: str) -> None:
    """The worker and the camera's reader are not joined to anything."""
    assert gzip.decompress(await body(path)).strip() != b""
