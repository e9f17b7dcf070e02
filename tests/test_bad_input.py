"""What a person may do wrong, from the page's handlers and over HTTP: one sentence each, or it just works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from conftest import build_model
from gradio_client import Client

from musicgen import audio
from musicgen.engine import Engine
from musicgen.ui import handlers, listening
from musicgen.ui.app import build, launch_options
from musicgen.ui.engines import Engines
from musicgen.ui.run import Run
from musicgen.ui.settings import Settings
from musicgen.ui.shown import Update

MAX_DURATION = 8.0


@pytest.fixture
def engine() -> Engine:
    return Engine(build_model("aligned"), MAX_DURATION)


@pytest.fixture
def engines(engine, tmp_path, monkeypatch) -> Engines:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    return Engines(["pocket"], MAX_DURATION, lambda *_: engine)


def last(engines: Engines, **settings) -> Update:
    """All updates of one press, the later over the earlier."""
    steps = handlers.generate(engines, Settings(**{"duration": 1.0, "seed": "1"} | settings), Run())
    return {name: value for update in steps for name, value in update.items()}


def refused(update: Update) -> str:
    """The one sentence of a press that made nothing."""
    assert "take" not in update and update["generate"]["interactive"] and 'role="alert"' in update["status"]
    assert update["status"].count("<p") == 1 and "Traceback" not in update["status"]
    return update["status"]


def sine(seconds: float, rate: int) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def file(folder: Path, kind: str) -> str:
    """A file that somebody might choose, by what is wrong with it."""
    path = folder / f"{kind}.{'flac' if kind == 'hour' else 'mp3' if kind == 'cut-mp3' else 'wav'}"
    if kind == "text":
        path.write_text("no sound at all\n" * 100)
    elif kind == "empty":
        path.touch()
    elif kind == "not-a-number":
        soundfile.write(path, np.append(sine(1, 8_000), np.nan), 8_000, subtype="FLOAT")
    elif kind == "six-channels":
        soundfile.write(path, np.stack([sine(1, 48_000)] * 6, axis=1), 48_000)
    else:
        seconds, rate = {"8-kHz": (1, 8_000), "192-kHz": (1, 192_000), "hour": (3600, 1_000)}.get(kind, (3, 32_000))
        silent = kind in ("silent", "hour")
        soundfile.write(path, np.zeros(round(seconds * rate)) if silent else sine(seconds, rate), rate)
    if kind.startswith("cut"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return str(path)


BAD = {
    "text": "is not audio that this program can read; use WAV", "empty": "is empty (0 bytes); choose another file",
    "cut-wav": "is cut off", "cut-mp3": "is cut off", "hour": "lasts longer than 600 s",
    "silent": "is silent; choose", "not-a-number": "values that are not numbers",
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_one_sentence_wherever_it_is_given(engines, tmp_path, kind):
    path = file(tmp_path, kind)
    for name in ("melody", "continue_from"):
        assert BAD[kind] in refused(last(engines, duration=5.0, **{name: path}))
    *_, (shown, _, heard) = listening.show_melody(path, "none", 5.0)
    assert BAD[kind] in shown and 'role="alert"' in shown and heard == []


@pytest.mark.parametrize("kind", ["8-kHz", "192-kHz", "six-channels"])
def test_an_unusual_file_just_works(engines, tmp_path, kind):
    path = file(tmp_path, kind)
    assert "similarity" in last(engines, melody=path, separation="none")["pitches"]
    made = last(engines, duration=2.0, continue_from=path)
    assert audio.read(made["take"]["value"]).seconds == pytest.approx(2, abs=0.1)


PROMPTS = ["", "   \n", "a\x00b\x07\x1b[31m\u202e", "🎹🎷 큰 북 👩‍👩‍👧", "<script>alert(1)</script>"]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_any_words_are_words(engines, prompt):
    made = last(engines, prompt=prompt)
    assert "Done" in made["status"] and '"seed": 1' in made["recipe"]
    assert not set("\x00\x07\x1b\u202e") & set(made["made"][0].recipe["prompt"])
    assert "<script" not in "".join(str(made[name]) for name in ("status", "facts", "grid", "spectrum"))


def test_a_book_is_no_prompt(engines):
    for name in ("prompt", "negative_prompt"):
        assert "10,000 characters long; 2,000 is the most" in refused(last(engines, **{name: "x" * 10_000}))


def test_who_presses_a_dozen_times_gets_the_last_take_and_leaves_nothing_running(engines, engine):
    run, presses = None, []
    for seed in range(12):
        run = handlers.begin(run)["run"]
        steps = handlers.generate(engines, Settings(duration=1.0, seed=str(seed)), run)
        presses.append((steps, next(steps) if seed % 2 else None))  # some wait, some are being made
        if seed % 3 == 0 and seed < 11:
            handlers.stop(run)
    ends = [{name: value for update in steps for name, value in update.items()} for steps, _ in presses]
    assert all("Stopped" in end["status"] for end in ends[:-1])
    assert "Done" in ends[-1]["status"] and ends[-1]["made"][0].recipe["seed"] == 11
    assert not engine.busy


# -- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("served")
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        page = build(Engines(["pocket"], MAX_DURATION, lambda *_: Engine(build_model("aligned"), MAX_DURATION)))
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield url
        page.close()


def asked(address: str, **values) -> str:
    """What `/generate` answers to values sent as they are, without a client that means well."""
    told = httpx.get(f"{address}gradio_api/info").json()["named_endpoints"]["/generate"]["parameters"]
    data = [values.get(one["parameter_name"], one["parameter_default"]) for one in told]
    event = httpx.post(f"{address}gradio_api/call/generate", json={"data": data}).raise_for_status().json()["event_id"]
    return httpx.get(f"{address}gradio_api/call/generate/{event}", timeout=60).text


@pytest.mark.parametrize("path", ["../../secret.wav", "{folder}/secret.wav", "/etc/passwd"])
def test_a_file_that_nobody_uploaded_is_neither_read_nor_served(address, tmp_path, path):
    soundfile.write(tmp_path / "secret.wav", sine(3, 8_000), 8_000)
    path = path.format(folder=tmp_path)
    given = {"path": path, "meta": {"_type": "gradio.FileData"}}
    for name in ("melody", "continue_from"):
        answer = asked(address, duration=4.0, **{name: given})
        assert "event: error" in answer and "event: complete" not in answer
    assert httpx.get(f"{address}gradio_api/file={path}").status_code in (403, 404)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"seed": "7; drop"}, "The seed must be a number or left empty"), ({"seed": {"a": 1}}, "must be a number"),
        ({"top_k": "many"}, "Top-k must be a number"), ({"duration": "long"}, "The duration must be a number"),
        ({"duration": None}, "The duration must be a number"), ({"ending": ["auto"]}, "ending must be one of auto"),
        ({"greedy": "false"}, "Greedy must be true or false, not 'false'"), ({"greedy": [1]}, "must be true or false"),
        ({"follow_plan": "no"}, "Following a plan must be true or false"),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_one_sentence(address, values, sentence):
    assert sentence in asked(address, **values)


@pytest.mark.parametrize(
    ("path", "status"),
    [("gradio_api/queue/join", 413), ("gradio_api/process_recording", 404), ("monitoring/summary", 403)],
)
def test_what_nobody_needs_is_not_let_in(address, path, status):
    """Requests of any size, a tool that runs ffmpeg at once on what comes, figures of what was asked for."""
    content = b'{"data": "' + bytes(5_000_000)
    answer = httpx.get(address + path) if "summary" in path else httpx.post(address + path, content=content)
    assert answer.status_code == status


def test_what_the_page_wrote_goes_when_it_closes(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    page = build(Engines(["pocket"], MAX_DURATION, lambda *_: Engine(build_model("aligned"), MAX_DURATION)))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    client = Client(url, verbose=False, download_files=str(tmp_path / "mine"))
    client.predict("a", duration=1.0, api_name="/generate")
    written = list((tmp_path / "served").rglob("*.wav"))
    page.close()
    assert written and not [one for one in written if one.exists()]
