"""While the page is served: what lies around is swept, and what strangers send or name is bounded."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from gradio import processing_utils
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from musicgen.ui import files, served

HOUR, DAY = 3_600.0, 86_400.0


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def written(*names: str, size: int = 1) -> list[Path]:
    """A file in a new folder for each name, "kind/file"."""
    paths = [files.new_folder(Path(name).parent.name) / Path(name).name for name in names]
    for path in paths:
        path.write_bytes(bytes(size))
    return paths


def left(paths: list[Path]) -> list[bool]:
    return [path.exists() for path in paths]


# -- sweeping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "there"), [(0, [True] * 4), (1.1, [True, False, False, True]), (25, [False, False, False, True])]
)
def test_files_go_after_a_day_and_sound_as_it_came_after_an_hour(folder, hours, there):
    paths = written("take/a.wav", "live/0.wav", "inside/scores", "icon/dice.svg")
    (empty := folder / "empty").mkdir()
    files.sweep({str(paths[3])}, time.time() + hours * HOUR)
    assert left(paths) == there and empty.exists() == (hours < 1)
    assert [path.parent.exists() for path in paths] == there


def test_an_upload_that_broke_off_and_a_link_of_gradios_go_too(folder):
    paths = [folder / "tmpabc", folder / "deep_links" / "x" / "state.json"]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    files.sweep(now=time.time() + 2 * DAY)
    assert list(folder.iterdir()) == []


def test_where_there_is_too_much_the_oldest_goes(folder, monkeypatch):
    paths = []
    for name in "abcd":
        paths += written(f"take/{name}.wav", size=100)
        time.sleep(0.02)  # files of one moment have no order
    monkeypatch.setattr(files, "MOST_BYTES", 250)
    files.sweep({str(paths[0])})
    assert left(paths) == [True, False, True, True], "the first is kept whatever it takes"
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    files.sweep({str(paths[0])})
    assert left(paths) == [True, False, False, True], "half of what there is room for"


def test_what_cannot_be_deleted_stops_no_sweep(folder, monkeypatch):
    paths = written("take/a.wav", "take/b.wav")
    unlink = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda path: unlink(path if path.name == "b.wav" else path.parent))
    files.sweep(now=time.time() + 2 * DAY)
    assert left(paths) == [True, False]


def test_it_is_swept_as_long_as_it_is_served_whatever_happens(folder, monkeypatch):
    swept: list[set[str]] = []

    def sweep(kept: set[str]) -> None:
        swept.append(kept)
        raise RuntimeError("a disk that is gone")

    monkeypatch.setattr(served, "SWEPT", 0.0)
    monkeypatch.setattr(served, "sweep", sweep)
    blocks = {1: SimpleNamespace(keep_in_cache={"/icon.svg"}), 2: object()}
    app = SimpleNamespace(get_blocks=lambda: SimpleNamespace(blocks=blocks))

    async def serve() -> None:
        async with served.served(app):
            assert isinstance(processing_utils.async_transport, served.Bounded)
            while len(swept) < 3:
                await asyncio.sleep(0)

    asyncio.run(serve())
    assert swept[0] == {"/icon.svg"} and processing_utils.async_transport is None


# -- what is sent -----------------------------------------------------------------------------------------------------


async def _length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def sent(path: str, content: bytes, whole: bool = True) -> httpx.Response:
    """The answer to a request, which says how long it is or not."""

    async def parts():
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    async def ask() -> httpx.Response:
        app = served.Door(Starlette(routes=[Route("/{rest:path}", _length, methods=["POST"])]))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            return await client.post(path, content=content if whole else parts())

    return asyncio.run(ask())


@pytest.mark.parametrize("whole", [True, False])
def test_a_request_is_as_large_as_any_that_is_needed_and_no_larger(whole):
    small, large = bytes(served.MOST_SENT), bytes(served.MOST_SENT + 1)
    assert sent("/gradio_api/queue/join", small, whole).text == str(served.MOST_SENT)
    answer = sent("/gradio_api/queue/join", large, whole)
    assert answer.status_code == 413 and answer.text == served.TOO_MUCH
    assert sent("/studio/gradio_api/upload", large, whole).text == str(len(large))


@pytest.mark.parametrize("path", ["/gradio_api/process_recording", "/gradio_api/process_recording/"])
def test_what_the_page_does_not_need_is_not_there(path):
    assert sent(path, b"a film").status_code == 404


# -- what is named by its address -------------------------------------------------------------------------------------


def fetched(folder: Path, monkeypatch, answer: httpx.Response) -> Path:
    """Where Gradio puts a file that is named by its address."""

    async def way_to(host: str) -> httpx.MockTransport:
        return httpx.MockTransport(lambda request: answer)

    async def fetch() -> str:
        async with served.served(SimpleNamespace()):
            return await processing_utils.async_ssrf_protected_download("https://a.example/b.wav", str(folder))

    monkeypatch.setattr(served, "way_to", way_to)
    return Path(asyncio.run(fetch()))


async def _endless():
    while True:
        yield bytes(100_000)


def test_a_file_at_an_address_arrives_as_it_is(folder, monkeypatch):
    assert fetched(folder, monkeypatch, httpx.Response(200, content=b"sound")).read_bytes() == b"sound"


def test_what_is_packed_is_not_unpacked(folder, monkeypatch):
    packed = {"Content-Encoding": "gzip"}

    async def parts():
        yield b"no gzip at all"

    answer = httpx.Response(200, headers=packed, content=parts())
    assert fetched(folder, monkeypatch, answer).read_bytes() == b"no gzip at all"


@pytest.mark.parametrize(
    ("name", "value", "sentence"), [("MOST_FETCHED", 1_000_000, "too large"), ("PATIENCE", -1.0, "upload it instead")]
)
def test_a_file_that_has_no_end_is_one_sentence(folder, monkeypatch, name, value, sentence):
    monkeypatch.setattr(served, name, value)
    with pytest.raises(gr.Error, match=sentence):
        fetched(folder, monkeypatch, httpx.Response(200, content=_endless()))
    assert not list(folder.rglob("b.wav"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1"])
def test_no_address_leads_into_the_house(host, monkeypatch):
    async def elsewhere(name: str) -> list[str]:  # what it asks once the machine has found no public address
        return []

    monkeypatch.setattr("safehttpx.async_resolve_hostname_google", elsewhere)
    with pytest.raises(ValueError, match="failed validation"):
        asyncio.run(served.way_to(host))
