"""The engine: windows, streaming, seeds, turns, plans, melodies, continuation, the checks, the recipe."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import build_model, sine_tune
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen import aligned, engine, scheduler
from musicgen.audio import Audio
from musicgen.decoding import Window, decode
from musicgen.engine import Engine, GenerationRequest, Span, fade_out, window_generator, windows
from musicgen.errors import Busy
from musicgen.lm import LM
from musicgen.patterns import PATTERN_NAMES, get_pattern
from musicgen.preparation import conditions, prepare, with_metadata
from musicgen.request import MAX_SEED, request_from_recipe, resolve, sampling_params
from musicgen.scheduler import AHEAD
from musicgen.stepper import Track

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


def test_windows_by_hand():
    assert windows(100, 0, 150, 90) == [Span(0, 100, 0)]
    # 30 s windows that move by 18 s, at 50 frames a second: 12 s of context.
    assert windows(3000, 0, 1500, 900) == [Span(0, 1500, 0), Span(900, 1500, 600), Span(1800, 1200, 600)]
    assert windows(1500, 1400, 1500, 900) == [Span(0, 1500, 1400)]
    assert windows(2000, 1400, 1500, 900) == [Span(800, 1200, 600)]


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


@given(st.lists(st.integers(0, 700), max_size=12), st.booleans())
def test_sound_that_went_out_stays_true_whatever_the_codec_holds_back(lengths, greedy_player):
    """A decoder without look-ahead is the hardest case: the fade must not reach into what is playing already."""

    class Prompt:
        push = staticmethod(lambda codes: codes.float())  # [1, K, n] -> [1, C, n]: a code is a sample
        finish = staticmethod(lambda: torch.zeros(1, 1, 0))

    codec = SimpleNamespace(decoder=Prompt, sample_rate=1_000, channels=1)
    sound = engine._Sound(SimpleNamespace(codec=codec, device=torch.device("cpu")))
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


@pytest.mark.parametrize(
    "change",
    [{"prompt": "calm piano"}, {"negative_prompt": "noise"}, {"temperature": 0.5}, {"top_k": 2}, {"top_p": 0.3},
     {"guidance": 1.0}, {"greedy": True}, {"bpm": 80}],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_reaches_the_model(tiny_model, kind, change):
    make = Engine(tiny_model(kind)).generate
    assert (make(ASK).codes != make(replace(ASK, **change)).codes).any()


def test_what_is_not_set_is_the_models_own(tiny_model):
    model = tiny_model("text")
    own = model.config.sampling
    explicit = replace(ASK, temperature=own.temperature, top_k=own.top_k, top_p=own.top_p, guidance=own.guidance,
                       pattern="delay")
    np.testing.assert_array_equal(Engine(model).generate(ASK).codes, Engine(model).generate(explicit).codes)


# -- turns -----------------------------------------------------------------------------------------------------------


def test_one_decodes_the_others_wait_and_say_so(tiny_model, monkeypatch):
    monkeypatch.setattr(engine, "WAIT_SECONDS", 0.001)
    shared = Engine(tiny_model("text"), slots=1)
    first, second, third = (shared.start(replace(ASK, seed=seed)) for seed in (1, 2, 3))
    next(first)
    assert next(second).message == "waiting, 1 ahead"
    assert next(third).message == "waiting, 2 ahead"
    second.close()  # whoever waits may leave
    assert next(third).message == "waiting, 1 ahead"
    first.close()
    events = list(third)
    assert events[-1].frames_done == 100
    np.testing.assert_array_equal(
        third.result().codes, Engine(tiny_model("text")).generate(replace(ASK, seed=3)).codes
    )
    assert second.result().codes.shape == (4, 0) and second.result().audio.shape == (1, 0)


def test_requests_at_once_do_not_meet(tiny_model):
    shared = Engine(tiny_model("aligned"))
    requests = [replace(ASK, prompt=prompt, duration=1.0, seed=i) for i, prompt in enumerate(("jazz", "rock", "folk"))]
    alone = [Engine(tiny_model("aligned")).generate(request).codes for request in requests]
    together: dict[int, np.ndarray] = {}
    workers = [
        threading.Thread(target=lambda i=i: together.update({i: shared.generate(requests[i]).codes}))
        for i in range(len(requests))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for i, codes in enumerate(alone):
        np.testing.assert_array_equal(together[i], codes)


def test_four_streams_at_once_are_each_what_they_are_alone(tiny_model):
    model = tiny_model("aligned")
    requests = [
        replace(ASK, prompt="jazz", duration=1.0, seed=1), replace(ASK, duration=7.0, seed=2, pattern="parallel"),
        replace(ASK, duration=3.0, seed=3, greedy=True, guidance=1.0), replace(ASK, negative_prompt="noise", seed=4),
    ]  # fmt: skip
    shared = Engine(model)
    generations = {i: shared.start(request) for i, request in enumerate(requests)}
    chunks: dict[int, list[np.ndarray]] = {i: [] for i in generations}
    running = dict(generations)
    while running:  # one event of each in turn: all four are open until the shortest ends
        for i, generation in list(running.items()):
            event = next(generation, None)
            if event is None:
                del running[i]
            elif event.audio is not None:
                chunks[i].append(event.audio)
    for i, request in enumerate(requests):
        alone = Engine(model).generate(request)
        np.testing.assert_array_equal(generations[i].result().codes, alone.codes)
        np.testing.assert_array_equal(np.concatenate(chunks[i], axis=1), alone.audio)


def test_a_full_queue_is_told_before_the_start(tiny_model, monkeypatch):
    shared = Engine(tiny_model("text"), slots=1)
    running = [shared.start(ASK) for _ in range(1 + scheduler.WAITING)]
    monkeypatch.setattr(engine, "WAIT_SECONDS", 0.001)
    for generation in running:
        next(generation)
    assert shared.busy
    with pytest.raises(Busy, match="busy, 17 requests are ahead"):
        shared.start(ASK)
    for generation in running:
        generation.close()
    assert not shared.busy


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


def test_there_is_no_jump_at_a_seam(tiny_model):
    model = tiny_model("text")
    result = Engine(model).generate(replace(ASK, duration=7.0))
    hop, jumps = model.codec.hop, np.abs(np.diff(result.audio[0]))
    seams = [150, 240]  # frames at which a new window takes over: 3 s, then every 1.8 s
    for seam in seams:
        near = jumps[(seam - 1) * hop : (seam + 1) * hop]
        assert near.max() <= np.quantile(jumps, 0.999) * 1.5


def test_closing_stops_the_model_and_keeps_what_is_there(monkeypatch):
    model = build_model("text")
    calls = 0
    step = Track.step

    def counted(track):
        nonlocal calls
        calls += 1
        step(track)

    monkeypatch.setattr(Track, "step", counted)
    shared = Engine(model)
    generation = shared.start(replace(ASK, duration=7.0))
    events = [next(generation) for _ in range(9)]
    generation.close()
    result = generation.result()
    made = calls
    assert made < 80 + 2 * AHEAD + 10, "eight events after the first, and no more than is made ahead"
    done = events[-1].frames_done
    assert result.codes.shape == (4, done) and (result.codes >= 0).all()
    assert result.audio.shape == (1, done * 20) and not result.audio[:, -1].any()
    np.testing.assert_array_equal(result.codes, Engine(model).generate(replace(ASK, duration=7.0)).codes[:, :done])
    assert list(generation) == []
    assert shared.generate(ASK).codes.shape == (4, 100), "the turn was given back"


def test_closing_from_another_thread_stops_it(tiny_model):
    generation = Engine(tiny_model("text")).start(replace(ASK, duration=600.0))
    begun, seen = threading.Event(), []

    def consume():
        for event in generation:
            seen.append(event.frames_done)
            begun.set()

    worker = threading.Thread(target=consume)
    worker.start()
    begun.wait()
    generation.close()
    worker.join()
    assert seen[-1] < 30_000


# -- plan ------------------------------------------------------------------------------------------------------------


def test_only_aligned_models_have_a_plan(tiny_model):
    planned = Engine(tiny_model("aligned")).start(replace(ASK, bpm=100, key="D minor"))
    assert planned.plan.bpm == 100 and str(planned.plan.key) == "D minor" and planned.plan.chords
    assert planned.recipe["plan"] == planned.plan.to_dict()
    assert Engine(tiny_model("text")).start(ASK).plan is None


def test_other_models_are_told_in_the_words_they_were_trained_with():
    asked = GenerationRequest("happy rock.", bpm=130.0, key="A minor", drums=False)
    assert with_metadata(asked) == "happy rock. bpm: 130. key: A minor. no drums"
    assert with_metadata(GenerationRequest("happy rock.")) == "happy rock."
    assert with_metadata(GenerationRequest(bpm=92.5)) == "bpm: 92.5"


def test_the_features_are_the_plan_in_absolute_time(tiny_model):
    model = tiny_model("aligned")
    request = resolve(replace(ASK, duration=7.0), model.config, 600)
    prepared = prepare(model, request)
    np.testing.assert_array_equal(prepared.features, prepared.plan.aligned(350, 50))
    row, against = conditions(model, prepared, "", 90, 150)
    np.testing.assert_array_equal(row.aligned[0].numpy(), prepared.features[90:240])
    assert against is None


def test_with_the_plan_off_only_what_is_given_is_told(tiny_model):
    model = tiny_model("aligned")
    off = resolve(replace(ASK, plan="off"), model.config, 600)
    free = prepare(model, off)
    assert free.plan is None and not free.features.any() and free.text == "happy rock"
    told = prepare(model, replace(off, bpm=120, drums=False, key="A minor"))
    assert told.plan.bpm == 120 and not told.plan.chords and told.plan.drums is False
    assert told.features[:, aligned.HAS_BEAT].all() and not told.features[:, aligned.HAS_CHORDS].any()
    with pytest.raises(ValueError, match="Chords need a tempo"):
        prepare(model, replace(off, chords="C F"))


# -- melody ----------------------------------------------------------------------------------------------------------


def follow(tune: Audio, **more) -> GenerationRequest:
    return replace(ASK, melody=tune, separation="none", **more)


def test_an_aligned_model_is_told_the_tune_note_by_note(tiny_model, tune):
    model = tiny_model("aligned")
    prepared = prepare(model, resolve(follow(tune, duration=6.0), model.config, 600))
    heard = prepared.features[:, aligned.MELODY]
    for second, pitch_class in enumerate((9, 0, 4, 9)):  # A C E A
        middle = heard[50 * second + 15 : 50 * second + 35]
        assert (middle.argmax(1) == pitch_class).all() and (middle.sum(1) == 1).all()
    assert prepared.features[:200, aligned.HAS_MELODY].all()
    assert not prepared.features[200:, aligned.HAS_MELODY].any(), "what comes after the tune is free"
    assert any("goes on freely" in note for note in prepared.notes)
    assert str(prepared.plan.key) == "A minor"
    # Nobody gave chords, and drawn ones would quarrel with the tune.
    assert not prepared.plan.chords and not prepared.features[:, aligned.HAS_CHORDS].any()
    given_chords = prepare(model, resolve(follow(tune, chords="Am F", bpm=120), model.config, 600))
    assert given_chords.features[:, aligned.HAS_CHORDS].all() and given_chords.plan.bpm == 120


def test_a_beat_is_taken_from_the_melody_unless_the_words_give_one(tiny_model):
    model = tiny_model("aligned")
    time = np.arange(32_000 * 8) / 32_000
    since = (time - 0.2) % 0.5  # a click every half second from 0.2 s on: 120 bpm
    clicks = (np.sin(2 * np.pi * 440 * time) * np.exp(-30 * since) * (time > 0.2)).astype(np.float32)
    rhythm = Audio(0.5 * clicks[None], 32_000)
    plan = prepare(model, resolve(follow(rhythm), model.config, 600)).plan
    assert plan.bpm == pytest.approx(120, rel=0.03)
    assert -plan.start % (60 / plan.bpm) == pytest.approx(0.2, abs=0.06)
    assert prepare(model, resolve(follow(rhythm, prompt="rock at 90"), model.config, 600)).plan.bpm == 90


@pytest.mark.parametrize("kind", ["melody", "aligned"])
def test_two_melodies_make_two_takes(tiny_model, kind):
    make = Engine(tiny_model(kind)).generate
    first, second = make(follow(sine_tune())), make(follow(sine_tune((392.0, 311.13))))
    assert (first.codes != second.codes).any()
    assert first.melody_chroma.shape[1] == 12 and set(np.unique(first.melody_chroma)) <= {0.0, 1.0}
    assert make(ASK).melody_chroma is None


def test_a_prepended_melody_follows_absolute_time_and_starts_again(tiny_model, tune):
    model = tiny_model("melody")
    prepared = prepare(model, resolve(follow(tune, duration=7.0), model.config, 600))
    rows = len(prepared.chroma)
    for start in (0, 90, 180):
        melody = conditions(model, prepared, "", start, 150)[0].melody[0].numpy()
        first = round(start / 50 * 7.8125)
        np.testing.assert_array_equal(melody, prepared.chroma[(first + np.arange(20)) % rows])


# -- continuation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("duration", [5.0, 9.0])
def test_a_continuation_begins_with_what_was_given(tiny_model, kind, duration):
    model = tiny_model(kind)
    # Four seconds, longer than a window; low notes, for the tiny codec ends at 500 Hz.
    given_audio = sine_tune((110.0, 147.0, 165.0, 110.0))
    # Without sampling, only what was given can make a difference.
    asked = replace(ASK, duration=duration, greedy=True, plan="off")
    events, result = run(model, replace(asked, continue_from=given_audio))
    codec = model.codec
    expected = codec.encode(
        torch.from_numpy(given_audio.resampled(codec.sample_rate).with_channels(codec.channels).samples)[None]
    )[0].numpy()
    np.testing.assert_array_equal(result.codes[:, :200], expected[:, :200])
    assert result.codes.shape[1] == duration * 50
    assert result.audio.shape[1] == duration * codec.sample_rate
    assert any(event.frames_done >= 200 for event in events)
    other = Engine(model).generate(replace(asked, continue_from=sine_tune((220.0, 330.0) * 2)))
    assert (other.codes[:, 200:] != result.codes[:, 200:]).any(), "what comes depends on what was"


def test_a_continuation_keeps_the_beat_and_leaves_the_given_chords_alone(tiny_model):
    model = tiny_model("aligned")
    request = replace(ASK, continue_from=sine_tune(), duration=8.0, bpm=120)
    prepared = prepare(model, resolve(request, model.config, 600))
    assert not prepared.features[:200, aligned.HAS_CHORDS].any() and prepared.features[200:, aligned.HAS_CHORDS].all()
    loop = len(prepared.plan.chords) * 2.0
    begins = -prepared.plan.start
    assert 4.0 <= begins < 4.5, "the loop begins with the first beat of the new music"
    assert (begins + prepared.plan.start) % loop == pytest.approx(0)


# -- checks ----------------------------------------------------------------------------------------------------------

SILENCE = Audio(np.zeros((1, 32_000), np.float32), 32_000)
BAD = [
    ({"duration": 0}, "more than 0"), ({"duration": -1}, "more than 0"), ({"duration": math.nan}, "must be a number"),
    ({"duration": 601}, "at most 600"), ({"duration": math.inf}, "must be a number"),
    ({"duration": "ten"}, "must be a number"), ({"temperature": -1}, "temperature"),
    ({"temperature": math.nan}, "temperature"), ({"top_k": -1}, "Top-k"), ({"top_k": 2.5}, "Top-k"),
    ({"top_p": 1.5}, "Top-p"), ({"top_p": math.nan}, "Top-p"), ({"guidance": -1}, "guidance"),
    ({"guidance": 100}, "guidance"), ({"guidance": math.inf}, "guidance"), ({"seed": -1}, "seed"),
    ({"seed": 2**60}, "seed"), ({"seed": 1.5}, "seed"), ({"seed": True}, "seed"),
    ({"pattern": "zigzag"}, "not a pattern"), ({"pattern": "0,1"}, "delays"),
    ({"prompt": "x" * 2_001}, "2,000"), ({"negative_prompt": "x" * 2_001}, "2,000"), ({"prompt": None}, "must be text"),
    ({"bpm": 10}, "40 to 220"), ({"key": "H"}, "not a key"), ({"meter": "5/4"}, "metre"), ({"chords": "X"}, "chord"),
    ({"plan": "maybe"}, "'auto' or 'off'"), ({"drums": "loud"}, "Drums"), ({"separation": "magic"}, "separation"),
    ({"melody": sine_tune()}, "follows no melody"), ({"continue_from": SILENCE}, "silent"),
    ({"continue_from": sine_tune(), "duration": 4.0}, "4.0 s already"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), BAD, ids=lambda value: str(value)[:30])
def test_bad_values_are_refused_at_once_in_one_sentence(tiny_model, change, words):
    with pytest.raises(ValueError, match=words) as caught:
        Engine(tiny_model("text")).stream(replace(ASK, **change))  # not even iterated
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_a_silent_melody_is_refused(tiny_model):
    with pytest.raises(ValueError, match="silent"):
        Engine(tiny_model("aligned")).start(follow(SILENCE))


@settings(max_examples=40)
@given(st.text(max_size=300), st.integers(0, MAX_SEED))
def test_any_prompt_can_be_asked(tiny_model, prompt, seed):
    model = tiny_model("aligned")
    resolved = resolve(GenerationRequest(prompt, seed=seed), model.config, 600)
    assert resolved.prompt.isprintable()
    assert resolve(resolved, model.config, 600) == resolved, "resolving twice changes nothing"
    json.dumps(Engine(model).start(resolved).recipe, allow_nan=False).encode("utf-8")


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


@pytest.mark.parametrize("recipe", [{}, [], {"prompt": "x"}, None])
def test_what_is_no_recipe_is_refused(recipe):
    with pytest.raises(ValueError, match="not a recipe"):
        request_from_recipe(recipe)


def test_fade_by_hand():
    audio = np.ones((2, 6), np.float32)
    np.testing.assert_allclose(fade_out(audio, 4)[1], [1, 1, 0.853553, 0.5, 0.146447, 0], atol=1e-6)
    assert (audio == 1).all()
    np.testing.assert_array_equal(fade_out(audio[:, :0], 4), audio[:, :0])
