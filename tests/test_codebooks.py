"""The Codebooks tab without a browser: a sound book by book, and a sentence for what is none."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import build_model, sine_tune

from musicgen import audio
from musicgen.engine import Engine
from musicgen.ui import codebooks
from musicgen.ui.engines import Engines
from musicgen.ui.shown import Update
from musicgen.ui.words import say


@pytest.fixture
def engines(tmp_path, monkeypatch) -> Engines:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    kinds = {"pocket": "aligned", "stereo-small": "stereo"}
    return Engines(list(kinds), 60.0, lambda name, _: Engine(build_model(kinds[name]), 60.0))


@pytest.fixture
def tune_file(tmp_path) -> str:
    path = tmp_path / "tune.wav"
    audio.write(path, sine_tune())
    return str(path)


def merged(updates: list[Update]) -> Update:
    return {name: value for update in updates for name, value in update.items()}


@pytest.mark.parametrize(("model", "rate", "channels"), [("pocket", 3_200, 1), ("stereo-small", 1_000, 2)])
def test_a_sound_is_heard_from_the_first_book_to_all(engines, tune_file, model, rate, channels):
    steps = list(codebooks.hear(engines, tune_file, model))
    last = merged(steps)
    sounds = [audio.read(last[f"audio{slot}"]) for slot in range(5)]
    assert {(sound.sample_rate, sound.channels, sound.samples.shape[1]) for sound in sounds} == {
        (rate, channels, 4 * rate)
    }
    assert len({sound.samples.tobytes() for sound in sounds}) == 5
    assert [re.sub("<[^>]*>", "", last[f"name{slot}"]) for slot in range(5)] == [
        "Original", "Book 1", "Books 1 to 2", "Books 1 to 3", "Books 1 to 4"
    ]
    rates = [float(re.search(r"([\d.]+) kbit/s", last[f"facts{slot}"])[1]) for slot in range(1, 5)]
    assert rates == pytest.approx([rates[0] * books for books in (1, 2, 3, 4)], abs=0.02)
    for slot in range(1, 5):
        assert re.search(r"log-mel distance [\d.]+ dB", last[f"facts{slot}"])
        assert re.search(r"spectral SNR -?[\d.]+ dB", last[f"facts{slot}"])
        assert last[f"card{slot}"]["visible"] and "<svg" in last[f"picture{slot}"]
    assert f"Its codes, encoded anew: {4 * channels} × 200" in last["grid"]
    assert "Done" in last["status"] and last["go"]["interactive"]
    shown = [name for update in steps for name in update if name.startswith("audio")]
    assert shown == sorted(shown) and len(shown) == 6
    assert "wrong corrections" in last["name5"] and str(say(codebooks.MISMATCHED)) in last["facts5"]
    assert last["card5"]["visible"] and "log-mel distance" in last["facts5"]


def test_of_a_short_sound_there_are_no_wrong_corrections(engines, tmp_path):
    path = tmp_path / "short.wav"
    audio.write(path, sine_tune().first(0.9))
    last = merged(list(codebooks.hear(engines, str(path), "pocket")))
    assert "audio4" in last and "audio5" not in last and "card5" not in last and "Done" in last["status"]


def test_of_a_long_sound_the_first_half_minute_is_taken_and_that_is_said(engines, tmp_path):
    path = tmp_path / "long.wav"
    audio.write(path, sine_tune(seconds=9.0))
    last = merged(list(codebooks.hear(engines, str(path), "pocket")))
    assert audio.read(last["audio4"]).seconds == pytest.approx(30.0)
    assert "Only the first 30 s of it are used" in last["status"]


def test_what_cannot_be_encoded_is_said_and_the_button_comes_back(engines, tmp_path, tune_file):
    silent, short, empty, text = (tmp_path / name for name in ("silent.wav", "short.wav", "empty.wav", "text.wav"))
    audio.write(silent, audio.Audio(np.zeros((1, 32_000), np.float32), 32_000))
    audio.write(short, audio.Audio(np.full((1, 100), 0.5, np.float32), 32_000))
    empty.write_bytes(b"")
    text.write_text("no sound " * 100)
    for source, model, sentence in (
        (None, "pocket", "Choose a sound first"),
        (str(silent), "pocket", "is silent"),
        (str(short), "pocket", "too short"),
        (str(empty), "pocket", "is empty"),
        (str(text), "pocket", "is not audio"),
        (str(tmp_path / "gone.wav"), "pocket", "There is no file"),
        (tune_file, "large", "This page offers"),
    ):
        last = merged(list(codebooks.hear(engines, source, model)))
        assert sentence in last["status"] and 'role="alert"' in last["status"] and last["go"]["interactive"]
        assert "audio1" not in last


def test_the_take_of_create_is_brought_over_or_missed_in_words(tune_file):
    assert codebooks.use_take(tune_file)["source"] == tune_file
    assert "no take yet" in codebooks.use_take(None)["status"] and "source" not in codebooks.use_take(None)


def test_a_new_press_clears_every_card():
    cleared = codebooks.begin()
    assert all(cleared[f"audio{slot}"] is None and not cleared[f"card{slot}"]["visible"] for slot in range(6))
    assert not cleared["go"]["interactive"]


def test_files_lie_where_the_page_serves_and_clears_them(engines, tune_file, tmp_path):
    last = merged(list(codebooks.hear(engines, tune_file, "pocket")))
    assert all(Path(last[f"audio{slot}"]).is_relative_to(tmp_path / "served") for slot in range(5))
