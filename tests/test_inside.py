"""A take's scores again: those it was drawn from, whatever the model, the pattern, and what it was told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import sine_tune

from musicgen import decoding, inside, stepper
from musicgen.audio import Audio
from musicgen.decoding import Window, decode_steps
from musicgen.engine import Engine, GenerationRequest, GenerationResult, window_generator, windows
from musicgen.errors import ModelUnavailable
from musicgen.patterns import get_pattern
from musicgen.preparation import prepare
from musicgen.request import request_from_recipe, resolve, sampling_params
from musicgen.sampling import SamplingParams, guide, sample
from musicgen.telling import bias, conditions

KINDS = ["told", "aligned", "text", "melody", "stereo"]
CLOSE = dict(rtol=1e-4, atol=2e-3)  # of scores of some tens


@pytest.fixture
def drawn_from(monkeypatch) -> list[torch.Tensor]:
    """The mixed scores [K, V] of every step that is made from now on, in order."""
    seen: list[torch.Tensor] = []

    def watched(logits: torch.Tensor, params: SamplingParams, noise: torch.Tensor | None) -> torch.Tensor:
        seen.append(logits.clone())
        return sample(logits, params, noise)

    for module in (stepper, decoding):
        monkeypatch.setattr(module, "sample", watched)
    return seen


def mixed(found: inside.Scores) -> torch.Tensor:
    """[T, K, V]"""
    told, without = torch.from_numpy(found.logits).unbind(2)
    leaning = 0.0 if found.odds is None else (found.prior * torch.from_numpy(found.odds)).half().float()
    return guide(told, without, found.guidance) + leaning


def check(found: inside.Scores, seen: list[torch.Tensor], first: int) -> None:
    """Every score is that of the step that drew its code; ``first`` is the first step that was made."""
    again = mixed(found)
    for t, k in np.ndindex(found.steps.shape):
        expected = seen[int(found.steps[t, k]) - first][k]
        torch.testing.assert_close(again[t, k], expected, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked", [
    {},
    {"guidance": 1.0, "plan": "off"},
    {"negative_prompt": "drums, loud", "pattern": "flattening", "guidance": 5.0},
    {"pattern": "coarse_first", "bpm": 120.0, "ending": True, "prior": 2.0},
], ids=["plain", "unguided", "negative", "coarse first"])
def test_they_are_those_the_take_was_drawn_from(tiny_model, drawn_from, kind, asked):
    model = tiny_model(kind)
    take = Engine(model).generate(GenerationRequest("slow calm waltz", duration=2.0, seed=4, **asked))
    found = inside.scores(model, request_from_recipe(take.recipe), take.codes)
    assert found.start == 0 and found.logits.shape == (*take.codes.T.shape, 2, model.config.lm.codebook_size)
    assert np.array_equal(found.codes, take.codes)
    check(found, drawn_from, 0)


@pytest.mark.parametrize("kind", ["told", "melody"])
def test_they_are_those_of_the_simple_loop(tiny_model, drawn_from, kind):
    model = tiny_model(kind)
    request = resolve(GenerationRequest("quick reggae", duration=1.0, seed=8), model.config, 60.0)
    prepared, pattern = prepare(model, request), get_pattern("delay", model.config.lm.codebooks)
    row, against = conditions(model, prepared, "", 0, prepared.frames)
    window = Window(row, pattern, prepared.frames, against, None, sampling_params(request, model.config),
                    request.guidance, window_generator(8, 0), bias(model, row, request.prior))
    tokens = torch.stack([tokens for _, tokens in decode_steps(model.lm, window)], dim=-1)
    codes = pattern.layout(prepared.frames).revert(tokens[None])[0].numpy()
    check(inside.scores(model, request, codes), drawn_from, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_greedy_take_the_code_is_always_the_likeliest(tiny_model, kind):
    model = tiny_model(kind)
    take = Engine(model).generate(GenerationRequest("funk with brass", duration=2.0, seed=1, greedy=True))
    found = inside.scores(model, request_from_recipe(take.recipe), take.codes)
    assert np.array_equal(mixed(found).argmax(-1).numpy().T, found.codes) and not found.params.draws


def test_a_melody_is_told_again(tiny_model, drawn_from):
    for kind in ("told", "melody"):
        model = tiny_model(kind)
        del drawn_from[:]
        asked = GenerationRequest("piano", duration=2.0, seed=2, melody=sine_tune(), separation="none")
        take = Engine(model).generate(asked)
        again = request_from_recipe(take.recipe, melody=sine_tune())
        check(inside.scores(model, again, take.codes), drawn_from, 0)
        with pytest.raises(AssertionError):
            check(inside.scores(model, replace(again, melody=None), take.codes), drawn_from, 0)


@pytest.mark.parametrize("seconds", [1.0, 2.0], ids=["short", "longer than the context"])
def test_of_a_continuation_what_is_new_is_scored(tiny_model, drawn_from, seconds):
    model = tiny_model("told")
    begun = Audio(sine_tune().samples[:, : round(32_000 * seconds)], 32_000)
    take = Engine(model).generate(GenerationRequest("piano", duration=4.0, seed=2, continue_from=begun))
    found = inside.scores(model, request_from_recipe(take.recipe, continue_from=begun), take.codes)
    given = round(seconds * model.codec.frame_rate)
    assert found.start == given
    last = given + len(found.logits)
    assert np.array_equal(found.codes, take.codes[:, given:last]) and last == {1.0: 150, 2.0: 40 + 150}[seconds]
    check(found, drawn_from, int(found.steps.min()))


def test_of_a_long_take_the_first_window_is_read(tiny_model, drawn_from):
    model = tiny_model("told")
    take = Engine(model).generate(GenerationRequest("piano", duration=6.0, seed=3))
    found = inside.scores(model, request_from_recipe(take.recipe), take.codes)
    assert found.codes.shape == (4, 150)
    check(found, drawn_from, 0)


def test_of_a_long_take_the_window_that_made_a_second_is_read_from_there_on(tiny_model, drawn_from):
    model = tiny_model("told")
    take = Engine(model).generate(GenerationRequest("piano", duration=6.0, seed=3))
    request, pattern, rate = request_from_recipe(take.recipe), get_pattern("delay", 4), model.codec.frame_rate
    made = 0  # steps in the windows before
    for span in windows(take.codes.shape[1], 0, *model.config.window(pattern)):
        layout = pattern.layout(span.frames)
        first = int(layout.step_of[span.known :].min())
        for frame in (span.start + span.known, span.start + span.known + 7, span.start + span.frames - 1):
            found = inside.scores(model, request, take.codes, frame / rate)
            assert found.start == frame
            assert np.array_equal(found.codes, take.codes[:, frame : span.start + span.frames])
            check(found, drawn_from, first - made)
        made += layout.steps - first
    assert made == len(drawn_from)
    with pytest.raises(ValueError, match="from an earlier second on"):
        inside.scores(model, request, take.codes, 6.0)


def test_no_more_is_read_than_is_safe(tiny_model, monkeypatch):
    model = tiny_model("told")
    take = Engine(model).generate(GenerationRequest("piano", duration=2.0, seed=3))
    whole = inside.scores(model, request_from_recipe(take.recipe), take.codes)
    monkeypatch.setattr(inside, "MOST_BYTES", 40 * 4 * 2 * 24 * 4 + 5)
    found = inside.scores(model, request_from_recipe(take.recipe), take.codes)
    assert found.codes.shape == (4, 40)
    assert np.allclose(found.logits, whole.logits[:40], **CLOSE)
    monkeypatch.setattr(inside, "free_bytes", lambda _: 1000)
    with pytest.raises(ModelUnavailable, match="but only 1 MB are free"):
        inside.scores(model, request_from_recipe(take.recipe), take.codes)


@pytest.mark.parametrize("pattern", ["delay", "parallel", "flattening", "coarse_first"])
def test_of_a_take_that_was_stopped_all_is_scored_whose_past_is_known(tiny_model, drawn_from, pattern):
    model = tiny_model("told")
    whole: GenerationResult = Engine(model).generate(GenerationRequest("piano", duration=2.0, seed=3, pattern=pattern))
    found = inside.scores(model, request_from_recipe(whole.recipe), whole.codes[:, :30]) if (
        pattern != "coarse_first") else None
    if found is None:  # of the later codebooks the whole of the first was read
        with pytest.raises(ValueError, match="Too little of this take"):
            inside.scores(model, request_from_recipe(whole.recipe), whole.codes[:, :30])
        return
    assert found.codes.shape[1] == {"delay": 28, "parallel": 30, "flattening": 30}[pattern]
    check(found, drawn_from, 0)


def test_what_is_not_the_models_is_refused_in_words(tiny_model):
    model = tiny_model("told")
    request = GenerationRequest("piano", duration=1.0, seed=3)
    for codes in (np.zeros((8, 50), int), np.full((4, 50), 24)):
        with pytest.raises(ValueError, match="not of this model"):
            inside.scores(model, request, codes)
    with pytest.raises(ValueError, match="Too little"):
        inside.scores(model, request, np.zeros((4, 0), int))


def test_the_divergence_is_that_of_the_two_distributions():
    logits = torch.randn(5, 4, 2, 9, generator=torch.Generator().manual_seed(0))
    found = torch.from_numpy(inside.divergence(logits.numpy()))
    p, q = (logits[:, :, row].softmax(-1) for row in (inside.TOLD, inside.WITHOUT))
    torch.testing.assert_close(found, (p * (p / q).log()).sum(-1).T)
    same = logits[:, :, :1].expand(-1, -1, 2, -1)
    assert inside.divergence(same.numpy()).max() < 1e-6
