"""`/melody` and `/codebooks` as programs and MCP clients reach them: what the page's tabs say of the same sound."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
from conftest import build_model, sine_tune
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from musicgen import audio, separation
from musicgen.chroma import CHROMA_RATE
from musicgen.engine import Engine
from musicgen.ui import codebooks, listening
from musicgen.ui.api_sounds import add_sounds
from musicgen.ui.app import launch_options
from musicgen.ui.engines import Engines

MAX_DURATION = 4.0
KINDS = {"pocket": "aligned", "stereo-small": "stereo", "stereo-melody": "melody"}


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(list(KINDS), MAX_DURATION, lambda name, _: Engine(build_model(KINDS[name]), MAX_DURATION))


@pytest.fixture(scope="module")
def served(engines, tmp_path_factory) -> Iterator[str]:
    """The endpoints over tiny models, without a page around them; their address."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("served")))
        with gr.Blocks(analytics_enabled=False) as page:
            add_sounds(engines)
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield url
        page.close()


@pytest.fixture
def client(served, tmp_path) -> Client:
    return Client(served, verbose=False, download_files=str(tmp_path / "downloads"))


def written(path: Path, sound: audio.Audio) -> str:
    audio.write(path, sound)
    return str(path)


# -- /melody ----------------------------------------------------------------------------------------------------------


def test_the_melody_is_what_the_page_keeps_of_it(client, tmp_path):
    path = written(tmp_path / "tune.wav", sine_tune())
    picture, told = client.predict(handle_file(path), "none", api_name="/melody")
    *_, (_, _, kept) = listening.show_melody(path, "none", MAX_DURATION)
    assert told["strongest"] == kept and len(kept) == 32
    moments = [round((second + 0.5) * told["frame_rate"]) for second in range(4)]
    assert [kept[moment] for moment in moments] == [9, 0, 4, 9], "A, C, E, A"
    assert told["frame_rate"] == CHROMA_RATE and told["seconds"] == 4.0
    assert told["separation"] == "none" and "from the whole sound" in told["note"]
    drawn = Image.open(picture)
    assert drawn.format == "PNG" and len(np.unique(np.asarray(drawn.convert("L")))) > 50


def test_of_a_long_recording_as_much_is_heard_as_a_take_may_have_and_a_rest_is_a_rest(client, tmp_path):
    sound = sine_tune(seconds=2.0).samples
    sound[:, 60_000:] = 0.0
    path = written(tmp_path / "long.wav", audio.Audio(sound, 32_000))
    _, told = client.predict(handle_file(path), "none", api_name="/melody")
    assert told["seconds"] == MAX_DURATION and len(told["strongest"]) == 1 + 4 * 32_000 // 4096
    assert told["strongest"][5] == 9 and told["strongest"][-5:] == [-1] * 5


def test_a_model_without_rests_is_told_a_c_in_silence(client, engines, tmp_path):
    path = written(tmp_path / "tune.wav", audio.Audio(np.pad(sine_tune().samples, ((0, 0), (64_000, 0))), 32_000))
    _, rest = client.predict(handle_file(path), "none", "pocket", api_name="/melody")
    assert rest["strongest"][:8] == [-1] * 8 and listening.NO_REST not in rest["note"]
    engines.get("stereo-melody")
    _, told = client.predict(handle_file(path), "none", "stereo-melody", api_name="/melody")
    assert told["strongest"][:8] == [0] * 8 and listening.NO_REST in told["note"]


def test_without_demucs_auto_tells_that_it_fell_back_and_demucs_alone_that_it_cannot(client, tmp_path, monkeypatch):
    def load() -> None:
        raise OSError("no network")

    absent = separation.DemucsSeparator(load)
    monkeypatch.setattr(separation, "released_demucs", lambda: absent)
    path = written(tmp_path / "tune.wav", sine_tune(seconds=0.5))
    _, told = client.predict(handle_file(path), api_name="/melody")
    assert told["separation"] == "harmonic" and "Demucs' weights are not here" in told["note"]
    with pytest.raises(AppError, match="choose the harmonic separation instead"):
        client.predict(handle_file(path), "demucs", api_name="/melody")


# -- /codebooks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "rate", "channels"), [("pocket", 3_200, 1), ("stereo-small", 1_000, 2)])
def test_the_books_sound_and_measure_as_on_their_tab(client, engines, tmp_path, monkeypatch, model, rate, channels):
    path = written(tmp_path / "tune.wav", sine_tune())
    files, told = client.predict(handle_file(path), model, api_name="/codebooks")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "tab"))
    shown = {name: value for update in codebooks.hear(engines, path, model) for name, value in update.items()}
    assert [row["books"] for row in told] == [1, 2, 3, 4] and len(files) == 4
    for slot, (file, row) in enumerate(zip(files, told, strict=True), start=1):
        assert Path(file).read_bytes() == Path(shown[f"audio{slot}"]).read_bytes()
        sound = audio.read(file)
        assert (sound.sample_rate, sound.channels, sound.samples.shape[1]) == (rate, channels, 4 * rate)
        for what, value in (("([\\d.]+) kbit/s", round(row["kilobits"], 2)),
                            ("log-mel distance ([\\d.]+)", round(row["log_mel_distance"], 1)),
                            ("spectral SNR (-?[\\d.]+)", round(row["spectral_snr"], 1))):
            assert float(re.search(what, shown[f"facts{slot}"])[1]) == pytest.approx(value, abs=0.11)
    assert len({Path(file).read_bytes() for file in files}) == 4


# -- what is no sound, and what is described --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api", "sound", "more", "sentence"),
    [
        ("/melody", None, {}, "Send an audio file"),
        ("/melody", "silent", {}, "is silent"),
        ("/melody", "text", {}, "is not audio"),
        ("/melody", "tune", {"separation": "magic"}, "choose one of auto, demucs, harmonic, none"),
        ("/codebooks", None, {}, "Send an audio file"),
        ("/codebooks", "silent", {}, "is silent"),
        ("/codebooks", "text", {}, "is not audio"),
        ("/codebooks", "empty", {}, "is empty"),
        ("/codebooks", "short", {}, "at least 0.1 seconds"),
        ("/codebooks", "tune", {"model": "large"}, "large"),
    ],
)
def test_bad_input_is_one_sentence(client, tmp_path, api, sound, more, sentence):
    files = {name: tmp_path / f"{name}.wav" for name in ("tune", "silent", "short", "text", "empty")}
    audio.write(files["tune"], sine_tune(seconds=0.25))
    audio.write(files["silent"], audio.Audio(np.zeros((1, 32_000), np.float32), 32_000))
    audio.write(files["short"], audio.Audio(np.full((1, 100), 0.5, np.float32), 32_000))
    files["text"].write_text("no sound " * 100)
    files["empty"].write_bytes(b"")
    given = {} if sound is None else {"sound": handle_file(files[sound])}
    with pytest.raises(AppError, match=sentence):
        client.predict(**given, **more, api_name=api)


def test_every_input_has_a_default_and_a_description(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/melody", "/codebooks"}
    for name, wanted in (("/melody", ["sound", "separation", "model"]), ("/codebooks", ["sound", "model"])):
        parameters = endpoints[name]["parameters"]
        assert [parameter["parameter_name"] for parameter in parameters] == wanted
        assert all(parameter["parameter_has_default"] for parameter in parameters)
        assert endpoints[name]["description"].startswith("Hear")


def mcp(url: str, method: str, params: dict) -> dict:
    answer = httpx.post(
        f"{url}gradio_api/mcp/", timeout=60, headers={"Accept": "application/json, text/event-stream"},
        json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
    )
    return json.loads(re.findall("^data: (.*)$", answer.text, re.M)[-1])["result"]


def test_mcp_describes_both_and_brings_the_picture_and_the_sounds(served, tmp_path):
    tools = {tool["name"]: tool for tool in mcp(served, "tools/list", {})["tools"]}
    assert set(tools) == {"melody", "codebooks"}
    assert "harmonic" in tools["melody"]["inputSchema"]["properties"]["separation"]["description"]
    assert "strongest pitch class" in tools["melody"]["description"]
    assert tools["codebooks"]["inputSchema"]["properties"]["model"]["enum"] == list(KINDS)

    file = tmp_path / "tune.wav"
    audio.write(file, sine_tune(seconds=0.5))
    sent = f"data:audio/wav;base64,{base64.b64encode(file.read_bytes()).decode()}"
    melody = mcp(served, "tools/call", {"name": "melody", "arguments": {"sound": sent, "separation": "none"}})
    assert not melody.get("isError")
    assert "'frame_rate': 7.8125" in str(melody["content"])
    link = re.search(r"http[^'\" ]*melody\.png", str(melody["content"]))[0]
    assert Image.open(io.BytesIO(httpx.get(link).raise_for_status().content)).format == "PNG"
    books = mcp(served, "tools/call", {"name": "codebooks", "arguments": {"sound": sent}})
    links = re.findall(r"http[^'\" ]*books-\d\.wav", str(books["content"]))
    assert not books.get("isError") and links
    assert audio.read(httpx.get(links[-1]).raise_for_status().content).seconds == pytest.approx(2.0, abs=0.05)
