"""Pictures that a page shows as they are."""

import io

from aiohttp import web

from edge.app.reads import Reads
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.refusals import RefusedError
from edge.domain.workflow_picture import LANGUAGES, picture
from edge.http.routes import Route

QUIET_MODULES = 4
"""Light modules around a QR (ISO/IEC 18004, 6.3.8)."""


class PictureHandlers:
    """Answers requests for pictures."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def slip(self, request: web.Request) -> web.StreamResponse:
        """Return the QR of a fallback slip, dark on white on any screen."""
        job = request.match_info["id"][:ID_CHARS_MAX]
        text = await self._reads.slip(job)
        if text is None:
            raise RefusedError("unknown_job", job=job)
        return web.Response(body=qr_svg(text), content_type="image/svg+xml")

    async def workflow(self, request: web.Request) -> web.StreamResponse:
        """Draw the workflow; the state of `order`, or `state` itself, stands out."""
        query = request.query
        language = query.get("lang", "zh")
        if language not in LANGUAGES:
            problem = f"lang: one of {', '.join(LANGUAGES)}"
            raise RefusedError("malformed", problem=problem, kind="")
        state = query.get("state", "")
        if order_id := query.get("order"):
            found = await self._reads.order(order_id)
            if found is None:
                raise RefusedError("unknown_order", order=order_id)
            state = found.state
        text = picture(await self._reads.rules(), language, state)
        return web.Response(text=text, content_type="image/svg+xml")


def qr_svg(text: str) -> bytes:
    """Return a QR code as SVG, without a size of its own."""
    import segno  # noqa: PLC0415 - few boxes ever show one

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", border=QUIET_MODULES, light="#fff", omitsize=True, xmldecl=False
    )
    return out.getvalue()


def picture_routes(handlers: PictureHandlers) -> list[Route]:
    """Return the routes of pictures."""
    return [
        Route("GET", "/api/v1/print-jobs/{id}/slip.svg", handlers.slip, "The QR of a job's slip",
              refusals=("unknown_job",)),
        Route("GET", "/api/v1/workflow.svg", handlers.workflow, "The workflow as a picture",
              refusals=("unknown_order",)),
    ]  # fmt: skip
