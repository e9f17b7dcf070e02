"""What a request becomes before it decodes: the plan, the melody, audio to go on from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import sine_tune
from test_engine import ASK, KINDS, run

from musicgen import aligned
from musicgen.audio import Audio
from musicgen.engine import Engine, GenerationRequest
from musicgen.preparation import KEY_UNTOLD, prepare, with_metadata
from musicgen.request import resolve
from musicgen.telling import conditions


def follow(tune: Audio, **more) -> GenerationRequest:
    return replace(ASK, melody=tune, separation="none", **more)


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


def test_a_model_is_told_in_letters_that_its_encoder_reads(tiny_model):
    """And T5, which was trained on some languages of Europe, what stands there in one of them."""
    models = {kind: tiny_model(kind) for kind in ("aligned", "text")}
    texts = {(kind, prompt): prepare(model, resolve(replace(ASK, prompt=prompt), model.config, 600)).text
             for kind, model in models.items() for prompt in ("슬픈 피아노", "piano triste")}
    assert texts == {("aligned", "슬픈 피아노"): "sad piano", ("aligned", "piano triste"): "piano sad",
                     ("text", "슬픈 피아노"): "sad piano", ("text", "piano triste"): "piano triste"}


def test_the_features_are_the_plan_in_absolute_time(tiny_model):
    model = tiny_model("aligned")
    request = resolve(replace(ASK, duration=7.0), model.config, 600)
    prepared = prepare(model, request)
    np.testing.assert_array_equal(prepared.features, prepared.plan.aligned(350, 50))
    row, against = conditions(model, prepared, "", 90, 150)
    steady = slice(aligned.CHORD.start, aligned.MELODY.start)  # chords are told as they are
    np.testing.assert_array_equal(row.aligned[0, :, steady].numpy(), prepared.features[90:240, steady])
    assert torch.equal(against.text, 0.5 * row.text) and not against.aligned.any(), "led away from half of the words"
    bare = resolve(replace(ASK, plan="off"), model.config, 600)
    assert conditions(model, prepare(model, bare), "", 0, 100)[1] is None


@pytest.mark.parametrize("negative", ["", "violins"])
@pytest.mark.parametrize("drums", [True, False, None])
def test_where_no_drums_are_wanted_guidance_leads_away_from_drums(tiny_model, drums, negative):
    model = tiny_model("aligned")
    request = resolve(replace(ASK, plan="off", bpm=120.0, drums=drums), model.config, 600)
    _, against = conditions(model, prepare(model, request), negative, 0, 100)
    told = torch.zeros(aligned.ALIGNED_DIM)
    told[aligned.DRUMS_ON] = drums is False
    assert torch.equal(against.aligned, told.expand(1, 100, -1))


def test_a_model_trained_with_fewer_features_is_told_those(tiny_model):
    model = tiny_model("aligned")
    request = resolve(replace(ASK, instruments="piano, harp"), model.config, 600)
    whole = prepare(model, request)
    assert whole.features[:, aligned.HAS_INSTRUMENTS].all()
    fewer = replace(model, config=replace(model.config, lm=replace(model.config.lm, aligned_dim=49)))
    np.testing.assert_array_equal(prepare(fewer, request).features, whole.features[:, :49])


@pytest.mark.parametrize("more", [{}, {"plan": "off"}, {"melody": sine_tune(), "separation": "none"}])
def test_an_ending_has_to_lie_in_the_new_music(tiny_model, more):
    model, given = tiny_model("aligned"), Audio(0.1 * np.sin(np.arange(6 * 3200) / 9)[None].astype(np.float32), 3200)
    asked = replace(ASK, continue_from=given, ending=True, bpm=120.0, **more)
    late = prepare(model, resolve(replace(asked, duration=7.5), model.config, 600))
    assert late.plan.ends(7.5) is None and not late.features[:, aligned.OVER].any()
    room = prepare(model, resolve(replace(asked, duration=12.0), model.config, 600))
    assert room.plan.ending and not room.features[:300, aligned.OVER].any() and room.features[-1, aligned.OVER]


def test_with_the_plan_off_only_what_is_given_is_told(tiny_model):
    model = tiny_model("aligned")
    off = resolve(replace(ASK, plan="off"), model.config, 600)
    free = prepare(model, off)
    assert free.plan is None and not free.features.any() and free.text == "happy rock"
    told = prepare(model, replace(off, bpm=120, drums=False, key="A minor", instruments="harp"))
    assert told.plan.instruments == ("harp",) and "harp" not in told.text
    assert told.plan.bpm == 120 and not told.plan.chords and told.plan.drums is False
    assert told.features[:, aligned.HAS_BEAT].all() and not told.features[:, aligned.HAS_CHORDS].any()
    with pytest.raises(ValueError, match="Chords need a tempo"):
        prepare(model, replace(off, chords="C F"))


def test_a_metre_that_cannot_be_told_is_named(tiny_model):
    model = tiny_model("aligned")
    asked = resolve(replace(ASK, prompt="prog rock in 7/8"), model.config, 600)
    assert any("but not 7/8; it is told 4/4" in note for note in prepare(model, asked).notes)
    assert not prepare(model, replace(asked, meter="3/4")).notes


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_beat_melody_drums_and_players_are_told_louder_than_the_rest(tiny_model, tune, strength):
    """Each as a multiple of what the plan says; the rest, the flags and what guidance leads away from stay."""
    model = tiny_model("aligned")
    asked = follow(tune, duration=4.0, bpm=100, drums=False, instruments="harp", melody_strength=strength)
    prepared = prepare(model, resolve(asked, model.config, 600))
    row, against = conditions(model, prepared, "", 0, 200)
    plain, told = torch.from_numpy(prepared.features)[None], row.aligned
    none = slice(aligned.DRUMS_OFF, aligned.DRUMS_OFF + 1)
    loud = ((aligned.BEAT, 1.25), (aligned.MELODY, strength), (aligned.INSTRUMENT, 1.5), (none, 4.0))
    rest = torch.ones(aligned.ALIGNED_DIM, dtype=torch.bool)
    for columns, times in loud:
        rest[columns] = False
        assert plain[..., columns].any() and torch.equal(told[..., columns], times * plain[..., columns])
    assert torch.equal(told[..., rest], plain[..., rest])
    assert against.aligned[..., aligned.DRUMS_ON].unique().tolist() == [1.0]
    assert plain.max() == 1.0, "what was prepared is not changed"


# -- melody ----------------------------------------------------------------------------------------------------------


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


def test_a_key_by_hand_is_not_told_beside_a_melody_and_that_is_said(tiny_model, tune):
    model = tiny_model("aligned")

    def made(**more):
        return prepare(model, resolve(follow(tune, bpm=120, **more), model.config, 600))

    with_key, without = made(key="D minor"), made()
    np.testing.assert_array_equal(with_key.features, without.features)
    assert KEY_UNTOLD in with_key.notes and KEY_UNTOLD not in without.notes
    assert KEY_UNTOLD not in made(key="D minor", chords="Dm Gm").notes
    alone = resolve(replace(ASK, key="D minor"), model.config, 600)
    assert KEY_UNTOLD not in prepare(model, alone).notes


def test_roman_numerals_are_in_the_key_that_is_heard_and_chords_bring_their_own(tiny_model, tune):
    model = tiny_model("aligned")
    told = prepare(model, resolve(follow(tune, prompt="pop, i-VI-iv, 100 bpm"), model.config, 600)).plan
    assert str(told.key) == "A minor" and " ".join(map(str, told.chords)) == "Am F Dm"
    after = prepare(model, resolve(replace(ASK, prompt="pop, i-VI-iv, 100 bpm", continue_from=tune, duration=9.0),
                                   model.config, 600)).plan
    assert " ".join(map(str, after.chords)) == "Am F Dm"
    own = prepare(model, resolve(follow(tune, chords="D A Bm G", bpm=100), model.config, 600)).plan
    assert str(own.key) == "D major"


def test_an_ending_without_room_or_tempo_is_told_to_whoever_asked(tiny_model):
    model = tiny_model("aligned")
    short = prepare(model, resolve(replace(ASK, ending=True, bpm=60.0, duration=8.0), model.config, 600))
    assert short.plan.ending is False and any("no room for an ending" in note for note in short.notes)
    free = prepare(model, resolve(replace(ASK, plan="off", ending=True), model.config, 600))
    assert free.plan.ending is None and any("needs a tempo" in note for note in free.notes)
    assert not free.features[:, aligned.HAS_ENDING].any(), "it is not told to go on"


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


def test_a_first_beat_that_comes_late_is_the_second(tiny_model):
    model = tiny_model("aligned")
    time = np.arange(32_000 * 8) / 32_000
    since = (time - 0.45) % 0.5  # the beat before the first lies hardly before the recording
    clicks = (np.sin(2 * np.pi * 440 * time) * np.exp(-30 * since)).astype(np.float32)
    asked = follow(Audio(0.5 * clicks[None], 32_000), bpm=120.0)
    assert prepare(model, resolve(asked, model.config, 600)).plan.start == pytest.approx(0.05, abs=0.03)


def test_what_goes_on_keeps_the_bars_of_what_was_given(tiny_model):
    model = tiny_model("aligned")
    time = np.arange(3200 * 3) / 3200  # three seconds: a bar and a half of 4/4 at 120
    clicks = 0.5 * np.sin(2 * np.pi * 300 * time) * np.exp(-30 * (time % 0.5))
    given_audio = Audio(clicks[None].astype(np.float32), 3200)
    asked = replace(ASK, continue_from=given_audio, bpm=120.0, meter="4/4", chords="Am F", duration=9.0)
    prepared = prepare(model, resolve(asked, model.config, 600))
    assert prepared.plan.start == pytest.approx(-4.0, abs=0.06), "the loop begins with the third bar, not with a beat"


def test_rests_of_a_melody_are_left_open(tiny_model):
    model = tiny_model("aligned")
    sung, quiet = sine_tune((440.0,)).samples, np.zeros((1, 32_000), np.float32)
    asked = follow(Audio(np.concatenate([sung, quiet, sung], axis=1), 32_000), duration=3.0)
    told = prepare(model, resolve(asked, model.config, 600)).features
    assert told[20:40, aligned.HAS_MELODY].all() and told[120:140, aligned.HAS_MELODY].all()
    assert not told[70:85, aligned.HAS_MELODY].any()
    painted = replace(ASK, painting="0.5;m=0-4;c=", duration=2.0)
    told = prepare(model, resolve(painted, model.config, 600)).features
    assert told[:25, aligned.HAS_MELODY].all() and not told[25:50, aligned.HAS_MELODY].any()


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
    assert 3.9 <= begins < 4.1, "the loop begins with the first bar of the new music"
    assert (begins + prepared.plan.start) % loop == pytest.approx(0)
