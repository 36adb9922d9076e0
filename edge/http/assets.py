"""The PDA page's files: read once, hashed; the page's service worker keeps them.

Each is compressed when it is first asked for: a box answers within a second of its start.
"""

import asyncio
import gzip
import hashlib
import mimetypes
import posixpath
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from edge.http.guard import content_security_policy
from edge.http.linking import link, link_page, link_styles

FOLDERS: Final = ("src", "enrol", "gallery", "css", "locales", "vendor", "icons", "voice")
INDEX: Final = "index.html"
FILES: Final = (INDEX, "manifest.webmanifest", "sw.js", "favicon.svg")
LEFT_OUT: Final = {".md", ".template"}
OPEN_TO_ALL: Final = "enrol/probe.json"
"""Proves to the page on plain HTTP that HTTPS works; it says nothing else."""
GZIP_SUFFIXES: Final = {".html", ".js", ".css", ".json", ".svg", ".webmanifest", ".wasm"}
HASH_CHARS: Final = 16
LIBRARY: Final = "vendor/lit.js"
_SCRIPT: Final = re.compile(rf"{re.escape(LIBRARY)}$|(?!vendor/).+\.js$")
"""What is linked; of what others made, only the library that the page stands on."""
_COMMENT: Final = re.compile(rb"(?ms)^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/[ \t]*)$")
"""A comment of a script or style that has its lines to itself."""

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("image/svg+xml", ".svg")
mimetypes.add_type("audio/ogg", ".opus")
mimetypes.add_type("application/wasm", ".wasm")


class Asset(msgspec.Struct, frozen=True):
    """One file of the page."""

    body: bytes
    can_pack: bool
    type: str
    etag: str


class Assets:
    """All files of the page, by their path."""

    def __init__(self, root: Path) -> None:
        bodies, self._policy = _bodies(root)
        self._assets = {path: _asset(path, body) for path, body in bodies.items()}
        shell = {f"/{path}": asset.etag for path, asset in sorted(self._assets.items())}
        version = hashlib.sha256(msgspec.json.encode(shell)).hexdigest()[:HASH_CHARS]
        self._packed: dict[str, bytes] = {}
        self._manifest = msgspec.json.encode({"version": version, "files": shell})

    async def manifest(self, _: web.Request) -> web.Response:
        """Answer `/assets.json`: the version of the shell, and the hash of each file."""
        headers = {"Cache-Control": "no-cache"}
        return web.Response(body=self._manifest, content_type="application/json", headers=headers)

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a file of the page; `/` is its index."""
        path = request.path.lstrip("/") or INDEX
        asset = self._assets.get(path)
        if asset is None:
            raise web.HTTPNotFound
        headers = {
            "ETag": f'"{asset.etag}"',
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
        }
        if path == INDEX:
            headers["Content-Security-Policy"] = self._policy
        if path == OPEN_TO_ALL:
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        body = asset.body
        if asset.can_pack and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = await self._pack(path, asset)
        return web.Response(body=body, headers={**headers, "Content-Type": asset.type})

    async def _pack(self, path: str, asset: Asset) -> bytes:
        if path not in self._packed:
            self._packed[path] = await asyncio.to_thread(gzip.compress, asset.body, mtime=0)
        return self._packed[path]


def without_comments(code: bytes) -> bytes:
    """Return a script or style without its comments, each line where it was; no PDA reads them."""
    return _COMMENT.sub(lambda found: b"\n" * found[0].count(b"\n"), code)


def page_root() -> Path:
    """Return the folder of the page: in the wheel, or beside the packages in a checkout."""
    packed = Path(str(files("edge"))) / "_ui_pwa"
    return packed if packed.is_dir() else Path(str(files("edge"))).parent / "ui_pwa"


@cache
def page_texts(language: str) -> dict[str, str]:
    """Return what the page says in a language, `zh` or `en`, by key."""
    folder = page_root() / "locales"
    texts: dict[str, str] = {}
    for name in (f"{language}.json", f"{language}.start.json"):
        texts |= msgspec.json.decode((folder / name).read_bytes(), type=dict[str, str])
    return texts


def _paths(root: Path) -> list[str]:
    found = [name for name in FILES if (root / name).is_file()]
    for folder in FOLDERS:
        found += [
            path.relative_to(root).as_posix()
            for path in sorted((root / folder).rglob("*"))
            if path.is_file() and path.suffix not in LEFT_OUT and "LICENSE" not in path.name
        ]
    return found


def _bodies(root: Path) -> tuple[dict[str, bytes], str]:
    """Return what each path is answered with, and the index's Content-Security-Policy."""
    bodies = {path: (root / path).read_bytes() for path in _paths(root)}
    scripts = {
        path: (body if path == LIBRARY else without_comments(body)).decode()
        for path, body in bodies.items()
        if _SCRIPT.match(path)
    }
    styles = {
        path: without_comments(body).decode()
        for path, body in bodies.items()
        if path.endswith(".css")
    }
    rest = {path: body for path, body in bodies.items() if path not in {*scripts, *styles}}
    linked = link(scripts) | link_styles(styles)
    page = link_page(bodies[INDEX].decode(), linked)
    served = {path: text.encode() for path, text in {**linked, INDEX: page.html}.items()}
    return rest | served, content_security_policy(page.scripts, page.styles)


def _asset(path: str, body: bytes) -> Asset:
    suffix = posixpath.splitext(path)[1]
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind.endswith(("json", "javascript")):
        kind += "; charset=utf-8"
    etag = hashlib.sha256(body).hexdigest()[:HASH_CHARS]
    return Asset(body, suffix in GZIP_SUFFIXES, kind, etag)
