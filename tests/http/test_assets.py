"""The files of the page as the box serves them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from edge.http.assets import Assets, page_root, without_comments

SHELL_BYTES_MAX = 40 * 1024


async def served(path: str) -> web.Response:
    """Return the box's answer to a browser that asks for a file."""
    request = make_mocked_request("GET", f"/{path}", headers={"Accept-Encoding": "gzip"})
    return await Assets(page_root()).serve(request)


async def test_what_the_first_paint_needs_is_at_most_40_kb_on_the_wire() -> None:
    """Page, style, texts of one language and the preloaded modules stay within 40 KB (PDA-1)."""
    index = (page_root() / "index.html").read_text("utf-8")
    paths = ["index.html", "css/app.css", "locales/zh.start.json", "src/boot.js", "src/main.js"]
    paths += re.findall(r'href="((?:src|vendor)[^"]+)"', index)
    bodies = [(await served(path)).body for path in paths]
    assert sum(len(body) for body in bodies if isinstance(body, bytes)) <= SHELL_BYTES_MAX


def test_comments_go_and_lines_stay() -> None:
    """Comments on lines of their own are dropped; casts, strings and line numbers stay."""
    script = b"// a\n/** @type {x} */ (y);\n  /**\n   * b\n   */\nconst u = '// no'; // d\n"
    kept = b"\n/** @type {x} */ (y);\n\n\n\nconst u = '// no'; // d\n"
    assert without_comments(script) == kept


def test_every_script_still_parses(tmp_path: Path) -> None:
    """What is served is the same program."""
    node = shutil.which("node")
    assert node, "node is missing; install it with: apt-get install nodejs"
    copies = []
    for at, path in enumerate(sorted((page_root() / "src").rglob("*.js"))):
        copies.append(tmp_path / f"{at}.mjs")
        copies[-1].write_bytes(without_comments(path.read_bytes()))
    imports = "".join(f"await check({str(copy)!r});\n" for copy in copies)
    script = (
        "import { readFileSync } from 'node:fs'; import { SourceTextModule } from 'node:vm';\n"
        f"const check = (p) => new SourceTextModule(readFileSync(p, 'utf-8'));\n{imports}"
    )
    command = [node, "--experimental-vm-modules", "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("path", ["vendor/lit.js", "sw.js"])
async def test_licences_stay_and_the_worker_is_served(path: str) -> None:
    """Vendored files are served as they came."""
    body = (await served(path)).body
    assert isinstance(body, bytes)
    assert body
