"""The engine: windows, seams, streaming, seeds and settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import build_model, sine_tune
from hypothesis import given
from hypothesis import strategies as st

from musicgen import engine
from musicgen.decoding import Window, decode
from musicgen.engine import Engine, GenerationRequest, Span, count_steps, window_generator, windows
from musicgen.lm import LM
from musicgen.patterns import MONO_NAMES, PATTERN_NAMES, get_pattern
from musicgen.preparation import prepare
from musicgen.request import resolve, sampling_params
from musicgen.sound import Sound, fade_out
from musicgen.telling import conditions

KINDS = ("text", "melody", "stereo", "aligned")
ASK = GenerationRequest("happy rock", duration=2.0, seed=5)


def run(model, request):
    """Events and result."""
    generation = Engine(model).start(request)
    events = list(generation)
    return events, generation.result()


# -- windows ---------------------------------------------------------------------------------------------------------


@given(st.integers(1, 400), st.integers(0, 300), st.integers(2, 60), st.data())
def test_windows_cover_the_take_once(total, known, window, data):
    stride = data.draw(st.integers(1, window))
    known = min(known, total - 1)
    done = known
    for span in windows(total, known, window, stride):
        assert 0 <= span.start and span.frames <= window
        assert span.start + span.known == done, "a window begins with what is there and goes on without a gap"
        assert span.frames > span.known, "every window makes something"
        done = span.start + span.frames
    assert done == total


@pytest.mark.parametrize("name", MONO_NAMES)
def test_the_steps_of_a_take_are_those_of_its_windows(name):
    """Against what the patterns hold: a window's steps from the first that has a frame which is not known yet."""
    config, pattern = build_model("text").config, get_pattern(name, 4)
    window, stride = config.window(pattern)
    for total in (1, 40, window, window + 1, 3 * window):
        slow = 0
        for span in windows(total, 0, window, stride):
            new = [any(t >= span.known for t, _ in step) for step in pattern.steps(span.frames)]
            slow += len(new) - new.index(True)
        assert count_steps(config, pattern, total) == slow
        assert total > window or slow == pattern.step_count(total)
    more = count_steps(config, pattern, 3 * window) - pattern.step_count(3 * window)
    assert (more > window) == (name in ("coarse_first", "musiclm")), "what is known of a second half comes after new"


def test_windows_by_hand():
    assert windows(100, 0, 150, 90) == [Span(0, 100, 0)]
    # 30 s windows that move by 18 s, at 50 frames a second: 12 s of context.
    assert windows(3000, 0, 1500, 900) == [Span(0, 1500, 0), Span(900, 1500, 600), Span(1800, 1200, 600)]
    assert windows(1500, 1400, 1500, 900) == [Span(0, 1500, 1400)]
    assert windows(2000, 1400, 1500, 900) == [Span(800, 1200, 600)]


def test_a_window_has_no_more_steps_than_the_model_has_seen(tiny_model):
    config = tiny_model("text").config  # windows of 3 s
    limited = replace(config, lm=replace(config.lm, max_steps=200))
    delay, flattening = get_pattern("delay", 4), get_pattern("flattening", 4)
    assert config.window(delay) == config.window(flattening) == (150, 90)
    assert limited.window(delay) == (150, 90)
    assert limited.window(flattening) == (50, 30), "as much of it is kept in mind"


def test_noise_of_a_window_depends_on_seed_and_number_alone():
    draws = {(s, w): torch.rand(4, generator=window_generator(s, w)).tolist() for s in (0, 1) for w in (0, 1)}
    assert draws[0, 0] == torch.rand(4, generator=window_generator(0, 0)).tolist()
    assert len({tuple(values) for values in draws.values()}) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_one_window_equals_the_plain_loop(tiny_model, kind):
    model = tiny_model(kind)
    request = resolve(replace(ASK, negative_prompt="noise"), model.config, 600)
    row, against = conditions(model, prepare(model, request), request.negative_prompt, 0, 100)
    pattern = get_pattern(request.pattern, model.config.lm.codebooks)
    params = sampling_params(request, model.config)
    codes = decode(
        model.lm, Window(row, pattern, 100, against, None, params, request.guidance, window_generator(5, 0))
    )
    np.testing.assert_array_equal(Engine(model).generate(request).codes, codes.numpy())


def test_later_windows_do_not_touch_earlier_ones(tiny_model):
    model = tiny_model("text")
    short, long = (Engine(model).generate(replace(ASK, duration=seconds)) for seconds in (3.0, 7.0))
    np.testing.assert_array_equal(long.codes[:, :150], short.codes)
    assert long.codes.shape == (4, 350)


def test_what_a_take_needs_while_it_runs_does_not_grow_with_its_length(tiny_model, monkeypatch):
    model = tiny_model("text")
    held: list[int] = []
    new_cache = LM.new_cache

    def noted(lm, prepared, steps):
        cache = new_cache(lm, prepared, steps)
        held.append(cache.keys.numel())
        return cache

    monkeypatch.setattr(LM, "new_cache", noted)
    Engine(model).generate(replace(ASK, duration=20.0))
    assert len(held) > 8 and max(held) == held[0], "one window's keys and values, however many windows there are"


def roughness(audio: np.ndarray, hop: int) -> np.ndarray:
    """The largest jump from sample to sample, and the largest change of slope, of each frame: [2, T]."""
    frames = audio.shape[1] // hop
    out = []
    for order in (1, 2):
        jumps = np.abs(np.diff(audio, order, prepend=audio[:, :1].repeat(order, 1))).max(0)
        out.append(jumps[: frames * hop].reshape(frames, hop).max(1))
    return np.stack(out)


def assert_no_click(audio: np.ndarray, hop: int, seams: list[int]) -> None:
    """At frames ``seams`` nothing is rougher than what the material has elsewhere."""
    rough = roughness(audio, hop)
    near = np.unique([frame + side for frame in seams for side in (-1, 0)])
    elsewhere = np.delete(rough, near, axis=1)
    assert (rough[:, near].max(1) <= 1.05 * elsewhere.max(1)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_no_click_where_a_window_takes_over(tiny_model, kind):
    model = tiny_model(kind)
    # Two seconds given, then windows of 3 s that move by 1.8 s: the join of given and new is a seam, too.
    tune = sine_tune((110.0, 147.0))
    asked = replace(ASK, duration=9.0, continue_from=tune, plan="off")
    seams = [span.start + span.known for span in windows(450, 100, 150, 90)]
    assert seams == [100, 190, 280, 370]
    result = Engine(model).generate(asked)
    assert_no_click(result.audio, model.codec.hop, seams)


def test_a_click_would_be_seen():
    rng = np.random.default_rng(0)
    sound = np.cumsum(rng.uniform(-0.01, 0.01, (1, 20_000)), axis=1)
    assert_no_click(sound, 20, [200, 400])
    for click in (np.arange(20_000) == 4_000, np.arange(20_000) >= 8_000):
        with pytest.raises(AssertionError):
            assert_no_click(sound + 0.05 * click, 20, [200, 400])


# -- streaming -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("duration", [0.1, 2.0, 7.0])
def test_chunks_joined_are_the_result_and_the_decoded_codes(tiny_model, kind, duration):
    model = tiny_model(kind)
    events, result = run(model, replace(ASK, duration=duration))
    codec = model.codec
    frames = round(duration * 50)
    assert result.codes.shape == (codec.codebooks, frames)
    assert result.codes.min() >= 0 and result.codes.max() < codec.codebook_size
    chunks = [event.audio for event in events if event.audio is not None]
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), result.audio)
    whole = codec.decode(torch.from_numpy(result.codes.astype(np.int64))[None])[0].numpy()
    assert result.audio.shape == (codec.channels, frames * codec.hop)
    np.testing.assert_allclose(result.audio, fade_out(whole, round(0.03 * codec.sample_rate)), atol=2e-5)
    assert result.audio.dtype == np.float32 and not result.audio[:, -1].any()


@pytest.mark.parametrize("kind", KINDS)
def test_sound_comes_early_in_pieces_long_enough(tiny_model, kind):
    model = tiny_model(kind)
    events, _ = run(model, replace(ASK, duration=7.0))
    heard = [event for event in events if event.audio is not None]
    seconds = [event.audio.shape[1] / model.codec.sample_rate for event in heard]
    assert heard[0].frames_done <= 75 and seconds[0] >= 0.8
    assert all(length >= 1.0 for length in seconds[1:-1])
    assert len(heard) >= 5


def test_events_only_ever_add(tiny_model):
    events, result = run(tiny_model("text"), replace(ASK, duration=7.0))
    before = events[0]
    for event in events[1:]:
        known = before.codes >= 0
        np.testing.assert_array_equal(event.codes[known], before.codes[known])
        assert event.frames_done >= before.frames_done
        assert (event.codes[:, : event.frames_done] >= 0).all(), "complete means complete in every codebook"
        assert event.seconds_left is None or event.seconds_left >= 0
        before = event
    assert before.frames_done == before.frames_total == 350 and before.seconds_left == 0
    np.testing.assert_array_equal(before.codes, result.codes)


def test_the_time_left_by_hand(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(engine.time, "monotonic", lambda: now[0])
    clock = engine._Clock(20)
    for _ in range(4):
        now[0] += 2
        clock.tick()
    assert clock.seconds_left() is None, "too few to judge by"
    for _ in range(6):
        now[0] += 2
        clock.tick()
    assert clock.seconds_left() == 20, "ten steps are left, of two seconds each"


@given(st.lists(st.integers(0, 700), max_size=12), st.booleans())
def test_sound_that_went_out_stays_true_whatever_the_codec_holds_back(lengths, greedy_player):
    """A decoder without look-ahead is the hardest case: the fade must not reach into what is playing already."""

    class Prompt:
        push = staticmethod(lambda codes: codes.float())  # [1, K, n] -> [1, C, n]: a code is a sample
        finish = staticmethod(lambda: torch.zeros(1, 1, 0))

    codec = SimpleNamespace(decoder=Prompt, sample_rate=1_000, channels=1)
    sound = Sound(SimpleNamespace(codec=codec, device=torch.device("cpu")))
    whole, out = np.ones((1, sum(lengths)), np.int32), []
    for length in lengths:
        sound.push(whole[:, sound.frames : sound.frames + length])
        if greedy_player and (chunk := sound.take()) is not None:
            out.append(chunk)
    sound.finish(whole[:, sound.frames :])
    if (chunk := sound.take()) is not None:
        out.append(chunk)
    expected = fade_out(whole.astype(np.float32), 30)
    np.testing.assert_array_equal(np.concatenate([np.zeros((1, 0)), *out], axis=1), expected)
    np.testing.assert_array_equal(sound.joined(), expected)


@pytest.mark.parametrize("ending", [True, False])
def test_a_take_that_ends_fades_while_its_final_chord_rings_and_no_other_does(tiny_model, ending):
    model = tiny_model("told")
    events, result = run(model, replace(ASK, duration=9.0, bpm=120.0, ending=ending))
    rate = model.codec.sample_rate
    whole = model.codec.decode(torch.from_numpy(result.codes.astype(np.int64))[None])[0].numpy()
    expected = fade_out(fade_out(whole, round(1.5 * rate)) if ending else whole, round(0.03 * rate))
    np.testing.assert_allclose(result.audio, expected, atol=2e-5)
    chunks = [event.audio for event in events if event.audio is not None]
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), result.audio)
    assert result.plan.ends(9.0) <= 9.0 - 1.5 if ending else result.plan.ends(9.0) is None


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 90))
def test_parts_fade_as_the_whole_they_are_of_does(lengths, samples):
    whole = np.ones((2, sum(lengths)), np.float32)
    ends = np.cumsum(lengths)
    parts = [fade_out(whole[:, end - length : end], samples, int(ends[-1] - end))
             for length, end in zip(lengths, ends, strict=True)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), fade_out(whole, samples))


@pytest.mark.parametrize("name", [*PATTERN_NAMES, "1|2,3,4", "0,2,1,0"])
def test_every_pattern_makes_every_code(tiny_model, name):
    events, result = run(tiny_model("text"), replace(ASK, duration=4.0, pattern=name))
    assert (result.codes >= 0).all() and result.audio.shape == (1, 4_000)
    assert result.recipe["pattern"] == name


# -- seeds and settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_codes_other_seed_others(tiny_model, kind):
    make = Engine(tiny_model(kind)).generate
    first = make(ASK)
    np.testing.assert_array_equal(first.codes, make(ASK).codes)
    np.testing.assert_array_equal(first.audio, make(ASK).audio)
    assert (first.codes != make(replace(ASK, seed=6)).codes).any()


def test_a_drawn_seed_is_recorded_and_makes_the_take_again(tiny_model):
    make = Engine(tiny_model("text")).generate
    first = make(replace(ASK, seed=None))
    np.testing.assert_array_equal(make(replace(ASK, seed=first.recipe["seed"])).codes, first.codes)
    assert first.recipe["seed"] != make(replace(ASK, seed=None)).recipe["seed"]


@pytest.fixture(scope="module")
def unchanged(tiny_model) -> Callable[[str], np.ndarray]:
    """The codes that each kind of model makes of ``ASK``."""
    return cache(lambda kind: Engine(tiny_model(kind)).generate(ASK).codes)


@pytest.mark.parametrize(
    "change",
    [{"prompt": "calm piano"}, {"negative_prompt": "noise"}, {"temperature": 0.5}, {"top_k": 2}, {"top_p": 0.3},
     {"guidance": 1.0}, {"greedy": True}, {"bpm": 80}],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_reaches_the_model(tiny_model, unchanged, kind, change):
    assert (Engine(tiny_model(kind)).generate(replace(ASK, **change)).codes != unchanged(kind)).any()


def test_what_is_not_set_is_the_models_own(tiny_model):
    model = tiny_model("text")
    own = model.config.sampling
    explicit = replace(ASK, temperature=own.temperature, top_k=own.top_k, top_p=own.top_p, guidance=own.guidance,
                       pattern="delay")
    np.testing.assert_array_equal(Engine(model).generate(ASK).codes, Engine(model).generate(explicit).codes)


def test_fade_by_hand():
    audio = np.ones((2, 6), np.float32)
    np.testing.assert_allclose(fade_out(audio, 4)[1], [1, 1, 0.853553, 0.5, 0.146447, 0], atol=1e-6)
    assert (audio == 1).all()
    np.testing.assert_array_equal(fade_out(audio[:, :0], 4), audio[:, :0])
