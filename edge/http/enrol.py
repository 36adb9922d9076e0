"""The page on plain HTTP by which a PDA learns to trust the box; nothing else is served there.

It hands out the box's certificate authority, its fingerprint and the steps to install it, and tries
whether HTTPS works. It takes nothing, sets no cookie, and knows nobody.
"""

import html
import string
from collections.abc import Container
from pathlib import Path
from typing import Final

import segno
from aiohttp import web

from edge.http.certificates import Certificates
from edge.http.tls import is_loopback

PAGE: Final = "page.template"
FILES: Final = {"enrol.css": "text/css", "enrol.js": "text/javascript"}
HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443
QR_CHARS_MAX: Final = 200
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src https:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
ELSEWHERE: Final = (
    "这里只有登记页面。This port has the enrolment page only.\n"
    "登记 / enrol: http://{host}/\n"
    "系统 / system: {url}\n"
)


def plain_port(configured: int | None, handed: Container[int]) -> int:
    """Return the port of the page, or 0 for none: unset, it is 80 where systemd opened it."""
    if configured is not None:
        return configured
    return HTTP_PORT if HTTP_PORT in handed else 0


class Enrolment:
    """Answers on the plain port. `root` holds its files; `https_port` has the box's pages."""

    def __init__(
        self,
        root: Path,
        certificates: Certificates,
        names: tuple[str, ...],
        site: str,
        https_port: int,
    ) -> None:
        self._certificates = certificates
        self._names = names
        self._site = site
        self._template = string.Template((root / PAGE).read_text("utf-8"))
        self._files = {f"/{name}": (root / name).read_bytes() for name in FILES}
        self._https_port = https_port

    def app(self) -> web.Application:
        """Return the application of the plain port."""
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get("/ca.crt", self._authority)
        for path in self._files:
            app.router.add_get(path, self._file)
        app.router.add_route("*", "/{path:.*}", self._elsewhere)
        app.on_response_prepare.append(_dress)
        return app

    def _host(self, request: web.Request) -> str:
        """Return the box's name as the visitor wrote it, if it is one of the box's."""
        try:
            asked = request.url.host or ""
        except ValueError:  # with a port that is none
            asked = ""
        known = [name for name in self._names if not is_loopback(name)] or ["localhost"]
        return asked if asked in self._names else known[0]

    def url(self, host: str) -> str:
        """Return the address of the box's pages under one of its names."""
        port = "" if self._https_port == HTTPS_PORT else f":{self._https_port}"
        return f"https://{host}{port}/"

    async def _page(self, request: web.Request) -> web.Response:
        host = self._host(request)
        url = self.url(host)
        is_site = self._certificates.is_site
        groups = [] if is_site else self._certificates.fingerprint()
        others = [self.url(name) for name in self._names if not is_loopback(name)]
        filled = self._template.substitute(
            site=html.escape(self._site),
            url=html.escape(url),
            others=" ".join(f"<code>{html.escape(each)}</code>" for each in others or [url]),
            qr=_qr(f"http://{request.host}/"),
            fingerprint="".join(f"<li>{group}</li>" for group in groups),
            authority="hidden" if is_site else "",
            no_authority="" if is_site else "hidden",
        )
        return web.Response(text=filled, content_type="text/html", charset="utf-8")

    async def _authority(self, _: web.Request) -> web.Response:
        """Answer the authority as DER, which is what Android's installer takes."""
        if self._certificates.is_site:
            raise web.HTTPNotFound
        headers = {"Content-Disposition": 'attachment; filename="floorgate-ca.crt"'}
        return web.Response(
            body=self._certificates.ca_der,
            content_type="application/x-x509-ca-cert",
            headers=headers,
        )

    async def _file(self, request: web.Request) -> web.Response:
        kind = FILES[request.path.lstrip("/")]
        return web.Response(body=self._files[request.path], content_type=kind, charset="utf-8")

    async def _elsewhere(self, request: web.Request) -> web.Response:
        """Say where everything else is: 421, this server does not answer for it (RFC 9110)."""
        host = self._host(request)
        said = ELSEWHERE.format(host=request.host, url=self.url(host))
        return web.Response(status=421, text=said, headers={"Link": f"<{self.url(host)}>"})


async def _dress(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _qr(text: str) -> str:
    """Return a QR code as the data of a picture."""
    code = segno.make(text[:QR_CHARS_MAX], error="m", micro=False)
    return html.escape(code.svg_data_uri(border=4, light="#fff"))
