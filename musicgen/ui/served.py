"""What goes on beside the page while it is served: its files are swept, what strangers send and name is bounded.

Knows nothing of what is on the page.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr
import httpx
import safehttpx
from gradio import processing_utils
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from musicgen.ui.files import sweep

log = logging.getLogger(__name__)

SWEPT = 60.0  # seconds from one sweep to the next
MOST_SENT = 4_000_000  # bytes of a request that is no upload; a page sends some ten thousand
MOST_FETCHED, PATIENCE = 40_000_000, 60.0  # bytes of a file that is named by its address, seconds until it is here
# What Gradio does for any page, and this one does not need: ffmpeg, at once, on whatever comes (its tool that records
# the screen saves what it recorded as it is then).
CLOSED = ("/gradio_api/process_recording",)
UPLOAD = "/gradio_api/upload"  # has a limit of its own
TOO_MUCH = f"This request is too large: {MOST_SENT / 1e6:g} MB are the most. Send files as uploads."
TOO_LARGE = f"The file at this address is too large: {MOST_FETCHED / 1e6:g} MB are the most; cut it, or save it as MP3."
TOO_SLOW = f"The file at this address did not come within {PATIENCE:g} seconds; upload it instead."


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[None]:
    """As long as the page is served, ``app`` being Gradio's."""
    sweeping = asyncio.create_task(_sweep_on(app))
    before, processing_utils.async_transport = processing_utils.async_transport, Bounded()  # type: ignore[assignment]
    try:
        yield
    finally:
        processing_utils.async_transport = before
        sweeping.cancel()


async def _sweep_on(app: Any) -> None:
    while True:
        try:
            blocks = app.get_blocks().blocks.values()
            kept = {path for block in blocks for path in getattr(block, "keep_in_cache", ())}  # such as icons
            await asyncio.to_thread(sweep, kept)
        except Exception:
            log.exception("The served files could not be swept.")
        await asyncio.sleep(SWEPT)


class Door:
    """Lets no request in that is larger than any that is needed: the server would read all of it before it is looked
    at."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path, sent = scope.get("path", ""), 0
        if scope["type"] != "http" or path.endswith(UPLOAD):
            return await self._app(scope, receive, send)
        if path.rstrip("/").endswith(CLOSED):
            return await PlainTextResponse("Not here.", 404)(scope, receive, send)
        if int(Headers(scope=scope).get("content-length", 0)) > MOST_SENT:
            return await PlainTextResponse(TOO_MUCH, 413)(scope, receive, send)

        async def counted() -> Message:  # who does not say how much is coming
            nonlocal sent
            message = await receive()
            sent += len(message.get("body", b""))
            if sent > MOST_SENT:
                raise HTTPException(413, TOO_MUCH)
            return message

        return await self._app(scope, counted, send)


class Bounded(httpx.AsyncBaseTransport):
    """The way to a file that is named by its address: out of the house, as Gradio's own, but not for ever.

    Gradio holds what comes in memory, and unpacks what comes packed.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask for what is not packed, and hand on no more of it than may be."""
        transport = await way_to(request.url.host)
        request.headers["Accept-Encoding"] = "identity"
        answer = await transport.handle_async_request(request)
        headers = [(name, value) for name, value in answer.headers.raw if name.lower() != b"content-encoding"]
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        return httpx.Response(answer.status_code, headers=headers, stream=_Counted(answer.stream, transport))


async def way_to(host: str) -> httpx.AsyncBaseTransport:
    """To the hub's hosts as they are, to others by a public address of theirs. Raises ``ValueError``."""
    if safehttpx.matches_domain_whitelist(host, processing_utils.PUBLIC_HOSTNAME_WHITELIST):
        return httpx.AsyncHTTPTransport()
    return safehttpx.AsyncSecureTransport(await safehttpx.async_validate_url(host))


class _Counted(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, transport: httpx.AsyncBaseTransport) -> None:
        self._stream, self._transport = stream, transport

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came, begun = 0, time.monotonic()
        async for part in self._stream:
            came += len(part)
            if came > MOST_FETCHED:
                raise gr.Error(TOO_LARGE, print_exception=False)
            if time.monotonic() - begun > PATIENCE:
                raise gr.Error(TOO_SLOW, print_exception=False)
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
        await self._transport.aclose()
