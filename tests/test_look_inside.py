"""A take looked into on the How it works tab, without a browser: what is told of it, a code at a time, and why not."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest
from conftest import build_model, sine_tune

from musicgen import audio
from musicgen.engine import Engine
from musicgen.inside import divergence, scores
from musicgen.request import request_from_recipe
from musicgen.takes import Codes
from musicgen.ui import handlers, inside
from musicgen.ui.engines import Engines
from musicgen.ui.files import OLD_SECONDS, sweep
from musicgen.ui.run import Run
from musicgen.ui.settings import Settings
from musicgen.ui.shown import Made, Update


@pytest.fixture
def engines(tmp_path, monkeypatch) -> Engines:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    kinds = {"pocket": "told", "small": "text"}
    return Engines(list(kinds), 60.0, lambda name, _: Engine(build_model(kinds[name]), 60.0))


@pytest.fixture
def tune_file(tmp_path) -> str:
    audio.write(tmp_path / "tune.wav", sine_tune())
    return str(tmp_path / "tune.wav")


def make(engines: Engines, **settings) -> Made:
    values = {"prompt": "calm piano, 120 bpm", "duration": 2.0, "seed": "3", "separation": "none"} | settings
    updates = handlers.generate(engines, Settings(**values), Run())
    return [update["shown"] for update in updates if "shown" in update][-1]


def looked_into(engines: Engines, *given, **more) -> Update:
    return {name: value for update in inside.look(engines, *given, **more) for name, value in update.items()}


def rows(answer: str, size: int = 24) -> np.ndarray:
    return np.frombuffer(b64decode(json.loads(answer)["rows"]), "<f4").reshape(-1, size)


def refused(last: Update, sentence: str) -> None:
    assert escape(sentence) in last["status"] and 'role="alert"' in last["status"]
    assert last["go"]["interactive"] and "looked" not in last


@pytest.mark.parametrize("model", ["pocket", "small"])
def test_what_the_browser_is_told_is_what_the_take_was_drawn_from(engines, model):
    settings = {"guidance": "2.5", "temperature": "1.2", "top_k": "7", "prior": "0.75", "negative_prompt": "loud"}
    made = make(engines, model=model, **settings)
    last = looked_into(engines, made)
    found = scores(engines.get(model).model, request_from_recipe(made.recipe), made.codes.values)
    told = json.loads(last["inside"].props["base"])
    assert (told["guidance"], told["temperature"], told["topK"], told["topP"]) == (2.5, 1.2, 7, 0.0)
    assert told["prior"] == (0.75 if model == "pocket" else None)
    assert told["factors"] == [1.0] * 4 and told["start"] == 0 and told["size"] == 24
    assert np.allclose(told["moved"], divergence(found.logits), rtol=0.01, atol=1e-6)
    looked = last["looked"]
    first = json.loads(last["inside"].props["scores"])
    assert first["book"] == 0 and first["frame"] == int(np.argmax(told["moved"][0]))
    for frame, book in ((0, 0), (17, 2), (made.codes.values.shape[1] - 1, 3)):
        answer = inside.place(looked, f"{frame},{book}")["inside"].props["scores"]
        expected = [*found.logits[frame, book], *([] if found.odds is None else [found.odds[frame, book]])]
        assert np.array_equal(rows(answer), expected)
        said = json.loads(answer)
        assert said["code"] == made.codes.values[book, frame] and said["step"] == frame + book
        assert said["name"] == first["name"] == told["name"] == looked.name
    assert "Choose a place" in last["status"] and "were read" not in last["status"] and last["go"]["interactive"]
    said = last["inside"].props["base"] + last["inside"].props["scores"]
    assert looked.file not in said, "where the scores lie is told to nobody"


def test_a_greedy_take_is_told_as_one_code_to_draw_from(engines):
    for how in ({"greedy": True}, {"temperature": "0"}):
        told = json.loads(looked_into(engines, make(engines, top_p="0.9", **how))["inside"].props["base"])
        assert (told["temperature"], told["topK"], told["topP"]) == (1.0, 1, 0.0)


def test_the_bars_of_the_plan_are_told_with_their_chords(engines):
    made = make(engines, bpm="120", chords="C F", meter="4/4", duration=5.0)
    told = json.loads(looked_into(engines, made)["inside"].props["base"])
    assert told["bars"] == [[0.0, "C"], [2.0, "F"]]  # the window is three seconds long
    assert "Seconds 0.0 to 3.0 of it were read" in looked_into(engines, made)["status"]
    assert json.loads(looked_into(engines, make(engines, follow_plan=False))["inside"].props["base"])["bars"] == []
    assert json.loads(looked_into(engines, make(engines, model="small"))["inside"].props["base"])["bars"] == []


def test_a_long_take_is_looked_into_from_any_second_on(engines):
    made = make(engines, duration=5.0)
    last = looked_into(engines, made, since=4.0)
    assert json.loads(last["inside"].props["base"])["start"] == 200
    assert "Seconds 4.0 to 4.8 of it were read" in last["status"], "where its window ends"
    refused(looked_into(engines, made, since=5.0), "from an earlier second on")


def test_a_place_that_is_none_changes_nothing(engines):
    looked = looked_into(engines, make(engines))["looked"]
    for chosen in ("", None, "0", "x,0", "-1,0", "0,4", "100000,0", "1,2,3", "0,-1", "nan,0", "../../etc,0"):
        assert inside.place(looked, chosen) == {}, chosen
    assert "press the button again" in inside.place(None, "0,0")["status"], "forgotten: it says what to do"


def test_what_was_read_goes_with_the_next_press_and_after_a_while(engines):
    looked = looked_into(engines, make(engines))["looked"]
    cleared = inside.begin(looked)
    assert cleared["looked"] is None and cleared["inside"].props["base"] == "" and not Path(looked.file).exists()
    assert "no longer here" in inside.place(looked, "0,0")["status"]
    looked = looked_into(engines, make(engines))["looked"]
    sweep(now=time.time() + 2 * OLD_SECONDS)
    assert "no longer here" in inside.place(looked, "0,0")["status"]
    inside.forget(looked)
    inside.forget(None)


def test_the_audio_of_a_take_has_to_be_there_and_the_same(engines, tune_file, tmp_path):
    for name in ("melody", "continue_from"):
        made = make(engines, duration=5.0, **{name: tune_file})
        assert "inside" in looked_into(engines, made)
        gone = replace(made, asked=replace(made.asked, **{name: str(tmp_path / "gone.wav")}))
        refused(looked_into(engines, gone), "audio that is no longer here")
        now = {"melody": None, "continue_from": None} | {name: tune_file}
        assert "inside" in looked_into(engines, gone, now["melody"], now["continue_from"])
        audio.write(tmp_path / "other.wav", sine_tune((220.0, 330.0)))
        now[name] = str(tmp_path / "other.wav")
        refused(looked_into(engines, gone, now["melody"], now["continue_from"]), "audio that is no longer here")


def test_of_a_continuation_the_new_music_is_looked_into(engines, tune_file):
    last = looked_into(engines, make(engines, duration=5.0, continue_from=tune_file))
    told, looked = json.loads(last["inside"].props["base"]), last["looked"]
    assert told["start"] == 200 and looked.codes.shape == (4, 50)
    assert "Seconds 4.0 to 5.0 of it were read" in last["status"]


def test_what_cannot_be_looked_into_is_said_and_the_button_comes_back(engines):
    refused(looked_into(engines, None), "There is no take yet")
    made = make(engines)
    refused(looked_into(engines, replace(made, asked=replace(made.asked, model="small"))),
            "made by the model 'tiny-told', which is not offered here")
    refused(looked_into(engines, replace(made, asked=replace(made.asked, model="large"))), "This page offers")
    none = Codes(made.codes.values[:, :0], made.codes.frame_rate, 24)
    refused(looked_into(engines, replace(made, codes=none)), "Too little of this take")
    others = Codes(made.codes.values[:2], made.codes.frame_rate, 24)
    refused(looked_into(engines, replace(made, codes=others)), "not of this model")
    refused(looked_into(engines, replace(made, recipe={**made.recipe, "prompt": 7})), "must be text")


def test_a_model_that_is_not_loaded_is_and_that_is_said(engines):
    made = make(engines)
    fresh = Engines(["pocket"], 60.0, lambda *_: Engine(build_model("told"), 60.0))
    told = [update["status"] for update in inside.look(fresh, made) if "status" in update]
    assert "Loading pocket" in told[0] and "Reading the take again" in told[1] and 'role="progressbar"' in told[1]


