"""The page behind another server, under a path of it: what it plays, shows and saves is found there, too."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from conftest import build_model
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from test_browser import LONG, ask, browser, fetched, finished, plays, pytestmark, visit  # noqa: F401

from musicgen import audio
from musicgen.engine import Engine
from musicgen.ui.app import build, launch_options
from musicgen.ui.engines import Engines

PATH = "/music/studio"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


def proxy(inner: str) -> Starlette:
    """Hands on what lies under PATH, without PATH, as an ordinary web server is told to; all else is not found."""
    client = httpx.AsyncClient(base_url=inner, timeout=None)

    async def hand_on(request: Request) -> Response:
        headers = {**request.headers, "x-forwarded-host": request.headers["host"], "x-forwarded-proto": "http"}
        asked = client.build_request(request.method, f"/{request.path_params['rest']}", headers=headers,
                                     params=request.query_params, content=await request.body())  # fmt: skip
        answer = await client.send(asked, stream=True)
        kept = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        return StreamingResponse(answer.aiter_raw(), answer.status_code, kept, background=BackgroundTask(answer.aclose))

    async def own_icon(_: Request) -> Response:  # browsers ask every host for it
        return Response(status_code=204)

    return Starlette(routes=[Route(PATH + "/{rest:path}", hand_on, methods=["GET", "POST", "HEAD"]),
                             Route("/favicon.ico", own_icon)])  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, socket.socket() as listening:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("served")))
        patch.setenv("GRADIO_ROOT_PATH", PATH)
        page = build(Engines(["pocket"], LONG, lambda name, _: Engine(build_model("aligned"), LONG)))
        _, inner, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(proxy(inner), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}{PATH}/"
        server.should_exit = True
        page.close()
        thread.join()


def test_a_take_is_heard_while_it_is_made_and_can_be_saved(visit):  # noqa: F811
    page = visit()
    ask(page, "calm piano", 3, seed=4)
    page.click("#generate")
    plays(page)
    address = finished(page, 4)
    assert PATH in address
    assert abs(audio.read(fetched(address)).seconds - 3) < 0.1
    page.wait_for_selector("#live[data-state=ended]", state="attached")
    assert float(page.get_attribute("#live", "data-played")) > 2.9, "every chunk came through"
