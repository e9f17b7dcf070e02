"""What a host asks of the page: whether it is well. Knows nothing of what is on the page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from musicgen.request import PROGRAM, VERSION
from musicgen.ui.engines import Engines


def health(engines: Engines) -> Route:
    """`/health`: JSON, open to all, without a word about anybody; 200 while the server answers."""

    async def answer(_: Request) -> JSONResponse:
        models = {name: engines.loaded(name) for name in engines.names}
        return JSONResponse({"status": "ok", "program": PROGRAM, "version": VERSION, "loaded": models})

    return Route("/health", answer)
