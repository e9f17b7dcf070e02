"""The plan: what seeds draw where prompts say nothing, and what the model is told of it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reading import PROMPTS

from musicgen import aligned
from musicgen.genres import GENRES
from musicgen.habits import BANDS, PLAIN, PLAIN_BAND, QUIET_BAND, STYLES
from musicgen.instruments import BASSES, INSTRUMENTS, KIT, MOST, WORDS, parse_instruments
from musicgen.plan import Plan
from musicgen.planning import key_of, left_open, make_plan
from musicgen.theory import METERS, Key, parse_chord, parse_chords, parse_key
from musicgen.vocabulary import COLOURS, STYLE_HINTS, STYLE_WORDS

SEEDS = st.integers(0, 2**53 - 1)


# -- drawing ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(PROMPTS, SEEDS)
def test_a_plan_is_complete_in_range_and_the_same_again(prompt, seed):
    plan = make_plan(prompt, seed)
    assert plan == make_plan(prompt, seed)
    assert plan.bpm is not None and 40 <= plan.bpm <= 220
    assert plan.key is not None and 1 <= len(plan.chords) <= 16
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


@given(SEEDS, st.sampled_from([None, *STYLES]))
def test_a_style_keeps_its_habits(seed, style):
    habits = STYLES[style] if style else PLAIN
    plan = make_plan(style or "", seed)
    if plan.meter.name == "4/4":
        assert habits.bpm[0] <= plan.bpm <= habits.bpm[1]
    loops = habits.major if plan.key.mode == "major" else habits.minor
    home = 0 if plan.key.mode == "major" else 9  # loops are written in C major and A minor
    back = [((chord.root - plan.key.tonic + home) % 12, chord.quality) for chord in plan.chords]
    assert back in [[(chord.root, chord.quality) for chord in parse_chords(loop)] for loop in loops]
    if habits.drums in (0.0, 1.0):
        assert plan.drums == bool(habits.drums)


@given(SEEDS)
def test_a_given_part_wins_over_the_words_and_leaves_the_other_parts_alone(seed):
    prompt = "rock with drums in 4/4"
    plain = make_plan(prompt, seed)
    for name, value in {"bpm": 87.0, "meter": "3/4", "drums": False}.items():
        changed = make_plan(prompt, seed, **{name: value}).to_dict()
        assert changed[name] == value
        # The metre may move a drawn tempo, for that depends on it; nothing else moves.
        others = {"bpm", "meter", "key", "chords", "drums"} - {name} - ({"bpm"} if name == "meter" else set())
        assert {part: changed[part] for part in others} == {part: plain.to_dict()[part] for part in others}
    assert make_plan("song in C major, chords: C F G", seed, key="D minor").key == Key(2, "minor")


def test_seeds_draw_different_plans():
    assert len({make_plan("pop", seed) for seed in range(50)}) > 40


def test_words_narrow_the_tempo_of_a_style():
    for seed in range(30):
        assert 112 <= make_plan("upbeat rock", seed).bpm <= 138
        assert 132 <= make_plan("fast waltz", seed).bpm <= 168


def test_a_genre_narrows_its_style():
    for seed in range(20):
        fast = make_plan("atmospheric drum and bass", seed)
        assert 166 <= fast.bpm <= 178 and fast.drums and "synth bass" in fast.instruments
        assert 126 <= make_plan("ska", seed).bpm <= 166
        assert "distorted guitar" in make_plan("epic metal", seed).instruments
        assert make_plan("a requiem", seed).instruments[0] == "choir"
        assert 166 <= make_plan("slow drum and bass", seed, bpm=170).bpm


def test_a_genre_has_keys_loops_and_metres_of_its_own():
    for seed in range(20):
        assert str(make_plan("polka", seed).meter) == "4/4" and make_plan("flamenco", seed).key.mode == "minor"
        assert make_plan("happy flamenco", seed).key.mode == "major", "what is said wins"
        assert "7" not in " ".join(map(str, make_plan("trap", seed).chords)).replace("E7", "")
        assert make_plan("metal with a guitar riff", seed).instruments[0] == "distorted guitar"
        assert make_plan("trap with a bass", seed).instruments[0] == "synth bass"
        assert make_plan("sad piano", seed).bpm <= 92 and make_plan("sad piano", seed).key.mode == "minor"


def test_a_key_is_no_mood_and_a_tempo_is_one():
    for seed in range(20):
        assert make_plan("in D minor", seed).instruments in PLAIN_BAND.bands
        assert make_plan("dark, 160 bpm", seed).instruments in PLAIN_BAND.bands
        assert make_plan("60 bpm", seed).instruments in QUIET_BAND.bands


def test_a_scene_keeps_the_genre_that_a_word_hints_at():
    assert make_plan("a haunted attic", 1, near="cinematic").bpm <= 96
    assert make_plan("a haunted attic", 1, near="techno").bpm >= 124


def test_a_refused_guitar_is_every_guitar_and_somebody_is_left_to_play():
    for seed in range(20):
        players = make_plan("metal, no guitar", seed).instruments
        assert players and not any("guitar" in name for name in players) and not set(players) <= BASSES
        assert not any(name.startswith("synth") for name in make_plan("techno without synths", seed).instruments)
        assert "distorted guitar" not in make_plan("metal with guitar but no distorted guitar", seed).instruments
        assert "synth bass" not in make_plan("trap with bass, no synth bass", seed).instruments
        assert not {"trumpet", "brass"} & set(make_plan("dixieland, no brass", seed).instruments)
        assert "organ" not in " ".join(make_plan("reggae, no organ", seed).instruments)


def test_a_mood_has_its_way_as_far_as_the_style_goes():
    for seed in range(20):
        assert 60 <= make_plan("calm piano", seed).bpm <= 92
        assert 116 <= make_plan("relaxing house", seed).bpm <= 130
        assert 60 <= make_plan("rock ballad", seed).bpm <= 84


def test_every_genre_is_a_word_for_a_style_and_its_bands_can_be_told():
    for word, genre in GENRES.items():
        assert word in STYLE_WORDS or word in STYLE_HINTS, word
        assert set(sum(genre.bands, ())) <= set(INSTRUMENTS)
        assert genre.bpm is None or 40 <= genre.bpm[0] < genre.bpm[1] <= 220
    assert set(STYLE_WORDS) >= COLOURS


def test_roman_numerals_are_read_in_the_key():
    plan = make_plan("ii7-V7-Imaj7 jazz in Bb major", 0)
    assert " ".join(map(str, plan.chords)) == "Cm7 F7 Bbmaj7"
    plan = make_plan("I-bVII-IV rock in C major", 0)
    assert " ".join(map(str, plan.chords)) == "C Bb F"
    for seed in range(9):
        assert make_plan("i-VI-III-VII trap", seed).key.mode == "minor"
    for prompt, chords in (("i-bII trap in A minor", "Am Bb"), ("i-bII-bVII-i in E phrygian", "Em F D Em"),
                           ("i-iv-vii°-i in A minor", "Am Dm Abdim Am"), ("i-bVI-bIII-bVII in A minor", "Am F C G"),
                           ("12-bar blues in E", "E7 E7 E7 E7 A7 A7 E7 E7 B7 A7 E7 B7"),
                           ("twelve bar blues in A minor", "Am7 Am7 Am7 Am7 Dm7 Dm7 Am7 Am7 Em7 Dm7 Am7 Em7"),
                           ("2-5-1 in A minor", "Bdim E Am"), ("Canon in D", "D A Bm F#m G D G A")):
        assert " ".join(map(str, make_plan(prompt, 0).chords)) == chords


def test_words_for_a_tempo_are_of_the_bar_not_of_dotted_beats():
    """A dotted beat is a beat and a half: what is fast in 4/4 is two thirds of that in 6/8."""
    for seed in range(9):
        assert 88 <= make_plan("a fast irish jig", seed).bpm <= 112
        assert make_plan("energetic folk in 6/8", seed).bpm <= 86, "a mood goes as far as the style"
        assert 104 <= make_plan("an irish jig", seed).bpm <= 118, "what is always in 6/8 has a tempo of its own"
        assert make_plan("a slow jig", seed).bpm <= 56
        assert 90 <= make_plan("a jig, 90-100 bpm", seed).bpm <= 100, "a number is a number"
        assert make_plan("jazz, not too fast", seed).bpm <= 120 and make_plan("a sad song, never slow", seed).bpm >= 84


def test_chords_say_their_key_and_roman_numerals_need_one():
    assert left_open("jazz", {}) == {"bpm", "meter", "key", "chords"}
    assert left_open("chords: D A Bm G", {"bpm": 90.0}) == {"meter"}
    assert left_open("jazz", {"chords": "C F"}) == {"bpm", "meter"}
    assert left_open("I-V-vi-IV pop", {}) == {"bpm", "meter", "key", "chords"}
    assert left_open("I-V-vi-IV pop in D major", {}) == {"bpm", "meter"}


@pytest.mark.parametrize(
    ("chords", "key"), [("C Am F G", "C major"), ("Am F C G", "A minor"), ("Am Dm E7 Am", "A minor"),
                        ("D G A D", "D major"), ("F#m D A E", "F# minor"), ("Bb Eb F", "Bb major"),
                        ("Dsus2", "D major"), ("Em7", "E minor")]
)
def test_the_key_of_chords(chords, key):
    assert key_of(parse_chords(chords)) == parse_key(key)
    assert make_plan("", 1, chords=chords).key == parse_key(key)


@pytest.mark.parametrize(
    ("parts", "words"),
    [({"bpm": 300}, "40 to 220"), ({"bpm": math.nan}, "not a number"), ({"bpm": "fast"}, "not a number"),
     ({"key": "H major"}, "not a key"), ({"meter": "7/8"}, "choose one of"), ({"chords": "C Xm"}, "not a chord"),
     ({"chords": " "}, "1 to 16")],
)
def test_bad_values_are_refused_in_a_sentence(parts, words):
    with pytest.raises(ValueError, match=words):
        make_plan("pop", 1, **parts)


@pytest.mark.parametrize(
    "values", [{"bpm": 5}, {"bpm": 90, "meter": "9/9"}, {"bpm": 90, "drums": "loud"}, {"bpm": None, "chords": "C"},
               {"bpm": 90, "start": "x"}, {"bpm": 90, "key": 7}, [], {"bpm": True}]
)
def test_a_plan_from_a_stranger_is_checked(values):
    with pytest.raises(ValueError):
        Plan.from_dict(values)


# -- features --------------------------------------------------------------------------------------------------------


def test_features_worked_by_hand():
    # 120 bpm in 4/4: a beat is half a second, 25 frames at 50 a second; a bar is 100 frames.
    plan = Plan(120.0, METERS["4/4"], Key(0, "major"), (parse_chord("C"), parse_chord("Am/E")), True)
    features = plan.aligned(400, 50)
    assert features.shape == (400, aligned.ALIGNED_DIM) and features.dtype == np.float32
    bar_sin, bar_cos = features[:, 6], features[:, 7]
    np.testing.assert_allclose(bar_cos[[0, 100, 200]], 1, atol=1e-5)  # downbeats
    np.testing.assert_allclose(bar_sin[[25, 125]], 1, atol=1e-5)  # a quarter through the bar
    np.testing.assert_allclose(features[::25, 5], 1, atol=1e-5)  # every beat
    assert set(np.flatnonzero(features[99, aligned.CHORD])) == {0, 4, 7}
    assert set(np.flatnonzero(features[100, aligned.CHORD])) == {9, 0, 4}
    assert np.flatnonzero(features[150, aligned.BASS]) == [4]
    np.testing.assert_array_equal(features[0, aligned.CHORD], features[200, aligned.CHORD])
    assert (features[:, aligned.DRUMS_ON] == 1).all() and not features[:, aligned.DRUMS_OFF].any()
    assert not features[:, aligned.MELODY].any()


@given(st.floats(40, 220), st.sampled_from(list(METERS.values())), st.floats(-20, 20), st.integers(1, 300))
def test_a_start_shifts_the_loop_in_time(bpm, meter, seconds, frames):
    shift = round(seconds * 50)
    chords = parse_chords("C Am F")
    here = Plan(bpm, meter, None, chords, None, start=shift / 50).aligned(frames, 50)
    loop = len(chords) * aligned.bar_seconds(bpm, meter)
    later = Plan(bpm, meter, None, chords, None, start=shift / 50 + loop).aligned(frames, 50)
    np.testing.assert_allclose(here[:, aligned.BEAT], later[:, aligned.BEAT], atol=1e-2)
    if shift > 0:
        whole = Plan(bpm, meter, None, chords).aligned(frames + shift, 50)
        np.testing.assert_allclose(here[:, aligned.BEAT], whole[shift:, aligned.BEAT], atol=1e-2)
        np.testing.assert_array_equal(here[:, aligned.CHORD], whole[shift:, aligned.CHORD])


def test_what_is_not_told_is_zero():
    assert not Plan(None).aligned(10, 50).any()
    only_drums = Plan(None, drums=False).aligned(10, 50)
    assert only_drums.sum() == 10 and only_drums[:, aligned.DRUMS_OFF].all()
    assert not Plan(100.0).aligned(10, 50)[:, aligned.HAS_CHORDS].any()
    assert Plan(None).describe() == "nothing beyond the text"


def test_one_line_for_people():
    plan = make_plan("", 1, bpm=90, key="A minor", meter="4/4", chords="Am F C G", drums=True,
                     instruments="piano")
    assert plan.describe() == "90 bpm, 4/4, A minor, chords Am F C G, piano, with drums, without an ending"
    plan = make_plan("with an ending", 1, bpm=90, key="A minor", chords="Am F", meter="3/4", drums=False,
                     instruments="harp, Fiddle")
    assert plan.describe() == "90 bpm, 3/4, A minor, chords Am F, harp + violin, no drums, with an ending"


# -- the end ---------------------------------------------------------------------------------------------------------


def test_a_plan_with_an_ending_comes_home_on_its_last_downbeat():
    # 120 bpm in 4/4, 9 s: bars of 2 s, the last downbeat with two seconds to ring is that of 6 s, frame 300.
    plan = Plan(120.0, METERS["4/4"], Key(9, "minor"), parse_chords("Am7 F"), ending=True)
    assert plan.ends(9.0) == pytest.approx(6.0) and plan.ends(5.0) is None
    told = plan.aligned(450, 50)
    loop = Plan(120.0, METERS["4/4"], Key(9, "minor"), parse_chords("Am7 F")).aligned(450, 50)
    assert set(np.flatnonzero(told[299, aligned.CHORD])) == {9, 0, 4, 7}
    assert set(np.flatnonzero(loop[300, aligned.CHORD])) == {5, 9, 0}
    for frame in (300, 449):
        assert set(np.flatnonzero(told[frame, aligned.CHORD])) == {9, 0, 4, 7} and told[frame, aligned.OVER] == 1
    np.testing.assert_array_equal(told[:300, : aligned.NEAR], loop[:300, : aligned.NEAR])
    np.testing.assert_array_equal(told[:, aligned.BEAT], loop[:, aligned.BEAT])
    on = Plan(120.0, METERS["4/4"], Key(9, "minor"), parse_chords("Am7 F"), ending=False).aligned(450, 50)
    assert on[:, aligned.HAS_ENDING].all() and not on[:, aligned.OVER].any()
    np.testing.assert_array_equal(on[:, : aligned.NEAR], loop[:, : aligned.NEAR])


def test_music_ends_where_an_end_is_asked_for():
    assert make_plan("jazz with an ending", 1).ending
    assert make_plan("jazz", 1).ending is False and make_plan("jazz loop", 1).ending is False
    assert make_plan("jazz loop", 1, ending=True).ending
    assert not make_plan("jazz with an ending", 1, ending=False).ending


# -- instruments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "players"),
    [
        ("calm piano in C major, 80 bpm", "piano"),
        ("jazz with a saxophone", "saxophone + piano + acoustic bass"),  # a band joins it
        ("solo saxophone, jazz", "saxophone"),
        ("jazz with saxophone, trumpet and bass", "saxophone + trumpet + acoustic bass"),
        ("funk with bass", "slap bass + electric guitar"),
        ("rock guitar", "electric guitar + electric bass"),
        ("folk guitar", "acoustic guitar + acoustic bass"),
        ("guitar", "acoustic guitar"),
        ("pop with strings, no piano", "strings + electric bass"),
        ("ambient with harp, no piano or flute", "harp + synth pad"),
        ("without violins or cello, just harp and flute", "harp + flute"),
        ("piano only, jazz", "piano"),
        ("lofi with only a piano", "piano"),
        ("tango", None),
        ("nylon-string guitar and pizzicato strings", "nylon guitar + pizzicato strings"),
        ("bright pop song with piano, electric bass and drums, C major, 112 bpm", "piano + electric bass"),
        ("차분한 피아노와 첼로", "piano + cello"),
        ("acoustic ballad with cello", "cello + piano + acoustic bass"),
        ("unplugged rock with guitar", "acoustic guitar + acoustic bass"),
        ("metal with organ, without distortion", "organ + electric guitar + electric bass"),
        ("woodwinds and a harp", "flute + clarinet + harp"),
    ],
)
def test_the_instruments_a_prompt_names_are_told(prompt, players):
    told = make_plan(prompt, 3).instruments
    assert told in GENRES["tango"].bands if players is None else " + ".join(told) == players


def test_drums_play_beside_named_instruments_only_where_a_style_or_the_words_ask_for_them():
    assert make_plan("calm piano in C major, 80 bpm", 1).drums is False
    assert make_plan("piano and drums", 1).drums is True
    assert make_plan("rock with piano", 1).drums is True


def test_what_names_nothing_gets_a_band_that_suits_much_or_one_for_its_mood():
    for seed in range(20):
        plain, quiet = make_plan("something nice", seed), make_plan("something sad", seed)
        assert plain.instruments in PLAIN_BAND.bands and quiet.instruments in QUIET_BAND.bands
        assert quiet.drums is False and quiet.bpm <= 96 and make_plan("calm", seed).instruments in QUIET_BAND.bands
        assert make_plan("something sad with drums", seed).drums is True
    assert {make_plan("something nice", seed).drums for seed in range(20)} == {True, False}


@given(SEEDS, st.sampled_from(sorted(STYLES)))
def test_where_nobody_is_named_a_band_of_the_style_plays(seed, style):
    assert make_plan(style, seed).instruments in BANDS[style].bands
    assert {make_plan(style, n).instruments for n in range(40)} == set(BANDS[style].bands)


def test_every_instrument_is_known_by_its_own_name_and_every_word_leads_to_one():
    for name in INSTRUMENTS:
        assert make_plan(name, 0).instruments[0] == name
        assert parse_instruments(name.upper()) == (name,)
    assert {name for name in WORDS.values()} - {"", "guitar", "bass", "woodwinds"} == set(INSTRUMENTS)
    for band in BANDS.values():
        assert {band.guitar, band.bass, *band.backing, *sum(band.bands, ())} <= set(INSTRUMENTS)
    assert set(BANDS) == set(STYLES)


@given(PROMPTS, SEEDS)
def test_no_prompt_names_more_than_can_be_told(prompt, seed):
    players = make_plan(prompt, seed).instruments
    assert len(set(players)) == len(players) <= MOST and set(players) <= {*INSTRUMENTS, KIT}


def test_a_list_of_instruments_is_read_and_what_is_none_is_refused():
    assert parse_instruments("piano, Double Bass and violin + piano") == ("piano", "acoustic bass", "violin")
    assert parse_instruments("woodwinds, guitar") == ("flute", "clarinet", "acoustic guitar")  # as in a prompt
    for bad, words in (("kazoo", "'kazoo' is not an instrument"), (" , ", "Name 1 to"),
                       (",".join(INSTRUMENTS), "Name 1 to"), ("piano, \x00", "not an instrument")):
        with pytest.raises(ValueError, match=words):
            parse_instruments(bad)


def test_instruments_are_told_in_every_frame():
    features = Plan(None, instruments=("flute", "piano")).aligned(7, 50)
    told = [INSTRUMENTS[i] for i in np.flatnonzero(features[3, aligned.INSTRUMENT])]
    assert told == ["piano", "flute"] and (features == features[0]).all()
    assert features.sum() == 7 * 3 and features[:, aligned.HAS_INSTRUMENTS].all()


@pytest.mark.parametrize("prompt", [
    "drums only", "funky drum loop, 100 bpm", "just drums", "a long drum solo", "rock beat, drums only", "drum beat",
    "nothing but percussion", "드럼만", "techno drum loop 130 bpm", "130 bpm, drum loop",
])  # fmt: skip
def test_drums_alone_are_told_to_be_alone(prompt):
    plan = make_plan(prompt, 1)
    assert plan.instruments == (KIT,) and plan.drums and "drums alone" in plan.describe()
    features = plan.aligned(50, 50)
    assert features[:, aligned.HAS_INSTRUMENTS].all() and features[:, aligned.DRUMS_ON].all()
    assert not features[:, aligned.INSTRUMENT].any()
    assert Plan.from_dict(plan.to_dict()) == plan


@pytest.mark.parametrize("prompt", [
    "lo-fi hip hop with a drum loop", "piano over a drum beat", "jazz, no drums", "drum and bass", "rock with drums",
    "only drums and piano", "steel drum groove", "energetic rock song with a driving drum beat",
    "hip hop, heavy drum beat and dreamy melody", "upbeat disco, steady drum beat",
])  # fmt: skip
def test_drums_in_a_band_are_not_alone(prompt):
    assert make_plan(prompt, 1).instruments != (KIT,)


def test_drums_named_among_the_instruments_are_drums():
    plan = make_plan("", 1, instruments="piano, drums")
    assert plan.instruments == ("piano",) and plan.drums
    assert make_plan("", 1, instruments="drums", drums=False).instruments == (KIT,)
    assert Plan.from_dict({"bpm": 90, "instruments": "drum kit, cello"}).instruments == ("cello",)
