"""Requests: every value is looked at, what is wrong is one sentence, and a recipe makes the take again."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import sine_tune
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine import ASK, KINDS

from musicgen.audio import Audio, read, write
from musicgen.engine import Engine, GenerationRequest
from musicgen.painting import Painting
from musicgen.planning import make_plan
from musicgen.request import MAX_SEED, beginning_of, make_recipe, request_from_recipe, resolve
from musicgen.ui.settings import Settings

SILENCE = Audio(np.zeros((1, 32_000), np.float32), 32_000)
BAD = [
    ({"duration": 0}, "more than 0"), ({"duration": -1}, "more than 0"), ({"duration": math.nan}, "must be a number"),
    ({"duration": 601}, "at most 600"), ({"duration": math.inf}, "must be a number"),
    ({"duration": "ten"}, "must be a number"), ({"temperature": -1}, "temperature"),
    ({"temperature": math.nan}, "temperature"), ({"top_k": -1}, "Top-k"), ({"top_k": 2.5}, "Top-k"),
    ({"top_p": 1.5}, "Top-p"), ({"top_p": math.nan}, "Top-p"), ({"guidance": -1}, "guidance"),
    ({"guidance": 100}, "guidance"), ({"guidance": math.inf}, "guidance"), ({"prior": -0.1}, "0, which is off, and 10"),
    ({"prior": 11}, "prior's weight"), ({"prior": math.nan}, "prior's weight"), ({"seed": -1}, "seed"),
    ({"seed": 2**60}, "seed"), ({"seed": 1.5}, "seed"), ({"seed": True}, "seed"),
    ({"pattern": "zigzag"}, "not a pattern"), ({"pattern": "0,1"}, "delays"),
    ({"prompt": "x" * 2_001}, "2,000"), ({"negative_prompt": "x" * 2_001}, "2,000"), ({"prompt": None}, "must be text"),
    ({"bpm": 10}, "40 to 220"), ({"key": "H"}, "not a key"), ({"meter": "5/4"}, "metre"), ({"chords": "X"}, "chord"),
    ({"melody_strength": 0}, "between 0.5 and 4"), ({"melody_strength": "much"}, "must be a number"),
    ({"plan": "maybe"}, "'auto' or 'off'"), ({"drums": "loud"}, "Drums"), ({"separation": "magic"}, "separation"),
    ({"melody": sine_tune()}, "cannot follow a melody"), ({"continue_from": SILENCE}, "silent"),
    ({"continue_from": sine_tune(), "duration": 4.0}, "4.0 s already"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), BAD, ids=lambda value: str(value)[:30])
def test_bad_values_are_refused_at_once_in_one_sentence(tiny_model, change, words):
    with pytest.raises(ValueError, match=words) as caught:
        Engine(tiny_model("text")).stream(replace(ASK, **change))  # not even iterated
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_a_silent_melody_is_refused(tiny_model):
    with pytest.raises(ValueError, match="silent"):
        Engine(tiny_model("aligned")).start(replace(ASK, melody=SILENCE, separation="none"))


@settings(max_examples=40)  # the first prompt loads the text encoder
@given(st.text(max_size=300), st.integers(0, MAX_SEED))
def test_any_prompt_can_be_asked(tiny_model, prompt, seed):
    model = tiny_model("aligned")
    resolved = resolve(GenerationRequest(prompt, seed=seed), model.config, 600)
    assert resolved.prompt.isprintable()
    assert resolve(resolved, model.config, 600) == resolved, "resolving twice changes nothing"
    json.dumps(Engine(model).start(resolved).recipe, allow_nan=False).encode("utf-8")


def test_words_alone_are_drawn_warmer_where_the_model_says_so(tiny_model):
    """What is told little and drawn cold gets stuck on held notes."""
    config = tiny_model("aligned").config
    sampling = replace(config.sampling, temperature=0.7, words_temperature=1.0)
    for own, alone in ((sampling, 1.0), (replace(sampling, words_temperature=0.0), 0.7)):
        model = replace(config, sampling=own)

        def temperature(**changes):
            return resolve(replace(ASK, **changes), model, 60.0).temperature  # noqa: B023 - asked at once

        assert temperature(plan="off") == alone and temperature() == 0.7
        assert temperature(plan="off", melody=sine_tune(), separation="none") == 0.7
        assert temperature(plan="off", painting=str(Painting(0.5, (0, 4, 7), ()))) == 0.7
        assert temperature(plan="off", temperature=0.3) == 0.3


# -- recipe ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_recipe_makes_the_take_again(tiny_model, kind):
    model = tiny_model(kind)
    tune = sine_tune() if kind in ("melody", "aligned") else None
    asked = replace(ASK, seed=None, melody=tune, separation="none", bpm=111, top_k=9)
    result = Engine(model).generate(asked)
    recipe = json.loads(json.dumps(result.recipe, allow_nan=False))
    again = Engine(model).generate(request_from_recipe(recipe, melody=tune))
    np.testing.assert_array_equal(again.codes, result.codes)
    assert again.recipe == result.recipe
    assert recipe["model"] == f"tiny-{kind}" and recipe["version"] and recipe["temperature"] == 1.0
    assert (recipe["melody"] is not None) == (tune is not None)
    if tune is not None:
        assert len(recipe["melody"]["sha256"]) == 64 and recipe["melody"]["seconds"] == 4.0
        with pytest.raises(ValueError, match="--melody"):
            request_from_recipe(recipe)


def test_music_goes_on_from_before_a_final_chord_unless_a_recipe_went_on_from_all_of_it(tmp_path):
    plan = make_plan("", 1, bpm=120.0, meter="4/4", chords="C F", ending=True)
    path, sound = tmp_path / "take.wav", Audio(0.1 * np.sin(np.arange(9 * 3200) / 9)[None].astype(np.float32), 3200)
    write(path, sound, {"duration": 9.0, "plan": plan.to_dict()})
    whole = read(path)
    assert beginning_of(path).seconds == pytest.approx(6.0) == Settings(continue_from=str(path)).request(
        ).continue_from.seconds  # fmt: skip
    followed = make_recipe(replace(ASK, continue_from=whole), "a", None, ())
    assert beginning_of(path, followed).seconds == whole.seconds
    write(path, sound, {"duration": "long", "plan": plan.to_dict()})  # somebody else's
    assert beginning_of(path).seconds == whole.seconds


@pytest.mark.parametrize("recipe", [{}, [], {"prompt": "x"}, None])
def test_what_is_no_recipe_is_refused(recipe):
    with pytest.raises(ValueError, match="not a recipe"):
        request_from_recipe(recipe)
