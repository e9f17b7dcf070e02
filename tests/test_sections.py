"""Who plays when: sections by hand and in prompts, what the model is told of them, the windows they make."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import sine_tune
from hypothesis import given
from hypothesis import strategies as st

from musicgen import aligned, links
from musicgen.decoding import Window, decode
from musicgen.engine import Engine, GenerationRequest, Span, window_generator, windows
from musicgen.entrances import heard_of, told_apart
from musicgen.instruments import GUITAR, INSTRUMENTS, KIT
from musicgen.lanes import lanes, stretches
from musicgen.meaning import nearest_kind
from musicgen.patterns import get_pattern
from musicgen.plan import Plan, Turn
from musicgen.planning import make_plan
from musicgen.preparation import Part, prepare
from musicgen.reading import read_prompt, unstructured
from musicgen.request import request_from_recipe, resolve, sampling_params
from musicgen.sections import MOST_BARS, Section, fitted, parse_sections, written
from musicgen.telling import LOUDNESS, conditions
from musicgen.theory import METERS, Key, parse_chords
from musicgen.ui import after, before
from musicgen.ui.settings import Settings

BAND = ("piano", "electric bass", "distorted guitar")
# Two seconds a bar, and four a section: windows of the tiny models hold three seconds.
ASK = GenerationRequest("rock with drums", duration=10.0, seed=5, bpm=120.0, meter="4/4", drums=True,
                        instruments="piano, electric bass", sections="2 piano | 2 all | no drums")  # fmt: skip

names = st.lists(st.sampled_from([*INSTRUMENTS, KIT, GUITAR, "bass"]), min_size=1, max_size=4, unique=True).map(tuple)
whoever = st.one_of(
    st.just({}), names.map(lambda who: {"named": who}), names.map(lambda who: {"named": who, "without": True}),
    st.integers(1, 9).map(lambda first: {"first": first}),
)
anything = st.builds(
    lambda bars, about, who: Section(bars, about=about, **who), st.integers(1, MOST_BARS), st.booleans(), whoever
)


# -- as text ---------------------------------------------------------------------------------------------------------


@given(st.lists(anything, min_size=1, max_size=4), st.booleans())
def test_what_is_written_is_read_back(sections, open_end):
    if open_end:
        sections[-1] = replace(sections[-1], bars=None, about=False)
    if len(written(sections)) <= 200:
        assert parse_sections(written(sections)) == tuple(sections)


@pytest.mark.parametrize(("text", "same"), [
    ("4 piano | 8 all | 4 no drums | all", "4 piano | 8 all | 4 no drums | all"),
    ("4 bars of piano alone, 8 bars all, 4 without drums, bass", "4 piano | 8 all | 4 no drums + bass"),
    ("4: Piano then everyone", "4 piano | all"),
    ("2 first\n2 the first 2 players\ntutti", "2 first | 2 first 2 | all"),
    ("8 all but the guitar; 4 drums only; the full band", "8 no guitar | 4 drums | all"),
    ("4 드럼 없이 | all", "4 no drums | all"),
    ("16", "16 all"), ("4 bars - piano, all", "4 piano | all"),
    ("4 first two | 4 piano/bass", "4 first 2 | 4 piano + bass"),
    ("4-piano | 4 everything but drums", "4 piano | 4 no drums"),
    ("~4 piano | about 8 | all", "~4 piano | ~8 all | all"),
])  # fmt: skip
def test_people_write_them_in_many_ways(text, same):
    assert written(parse_sections(text)) == same


@pytest.mark.parametrize(("text", "why"), [
    ("piano | all", "Say how many bars the section 'piano' has"), ("0 piano", "1 to 64 bars, not 0"),
    ("99 all", "1 to 64 bars, not 99"), ("4 kazoo", "'kazoo' is not an instrument the model knows; write bars"),
    ("4 nobody", "is not an instrument"), (" | ", "Ask for 1 to 16"),
    ("1 all|" * 17, "Ask for 1 to 16"), ("4 first 0 | all", "somebody plays"),
    ("4 all | " * 60, "200 is the most"), ("1 lute|" * 16, "200 characters are the most"),
    ("4 +", "Name 1 to 8"), ("4 no &", "Name 1 to 8"), ("4 " + "+".join(INSTRUMENTS[:9]), "Name 1 to 8"),
])  # fmt: skip
def test_a_wrong_one_gets_a_sentence(text, why):
    with pytest.raises(ValueError, match=why):
        parse_sections(text)
    with pytest.raises(ValueError, match=why):
        resolve(replace(ASK, sections=text), _config(), 600)


def _config():
    from conftest import build_model

    return build_model("aligned").config


@pytest.mark.parametrize(("text", "playing"), [
    ("all", (BAND, True)), ("first", (("piano",), False)), ("first 2", (("piano", "distorted guitar"), False)),
    ("first 3", (BAND, False)), ("first 4", (BAND, True)), ("no drums", (BAND, False)),
    ("no guitar", (("piano", "electric bass"), True)), ("no piano + bass", (("distorted guitar",), True)),
    ("guitar + bass", (("distorted guitar", "electric bass"), False)), ("drums", ((KIT,), True)),
    ("flute + drums", (("flute",), True)), ("no piano + guitar + bass", ((KIT,), True)),
])  # fmt: skip
def test_who_plays_by_hand(text, playing):
    """Whom the plan has is meant: its guitar, its bass; who is named besides joins; the bass and then the drums come
    last."""
    assert parse_sections(text)[0].band(BAND, True) == playing


def test_somebody_has_to_play():
    with pytest.raises(ValueError, match="'no drums' nobody plays"):
        parse_sections("no drums")[0].band((KIT,), True)
    with pytest.raises(ValueError, match="need players"):
        parse_sections("all")[0].band((), None)
    with pytest.raises(ValueError, match="nobody plays"):
        make_plan("piano", 1, sections="4 no piano | all", instruments="piano", drums=False)
    assert not make_plan("drum loop, the drums come in after 4 bars", 1).sections, "of a prompt they are left out"


# -- in a plan -------------------------------------------------------------------------------------------------------


def plan_of(sections: str, **more) -> Plan:
    values = {"bpm": 120.0, "meter": METERS["4/4"], "key": Key(9, "minor"), "chords": parse_chords("Am F"),
              "drums": True, "instruments": BAND}
    return Plan(**values | more, sections=parse_sections(sections))


def test_turns_by_hand():
    """A bar lasts two seconds."""
    assert plan_of("2 first | 1 all | no drums").turns(30.0) == (
        Turn(0.0, ("piano",), False), Turn(4.0, BAND, True), Turn(6.0, BAND, False))  # fmt: skip
    assert plan_of("2 all | 2 all | 1 no drums").turns(30.0) == (Turn(0.0, BAND, True), Turn(8.0, BAND, False))
    assert plan_of("2 all | no drums").turns(4.0) == (Turn(0.0, BAND, True),), "what begins with the end is never heard"
    assert len(plan_of("2 all | no drums").turns(4.4)) == 1, "nor what has no beat left"
    # With an upbeat of half a second; with a final chord at 8 s, which is everybody's.
    assert [turn.start for turn in plan_of("1 first | all", start=-0.5).turns(9.0)] == [0.0, 2.5]
    assert [turn.start for turn in plan_of("2 first | 2 all | first", ending=True).turns(10.0)] == [0.0, 4.0]
    # The loop began three seconds before the piece: the first section is over, of the second there is one bar.
    late = plan_of("1 first | 1 all | 1 no drums | all", start=3.0).turns(9.0)
    assert [(turn.start, turn.drums) for turn in late] == [(0.0, True), (1.0, False), (3.0, True)]
    assert plan_of("1 first | all").turns(0.2) == (Turn(0.0, ("piano",), False),), "however short it is"
    assert Plan(None).turns(5.0) == () and plan_of("all", bpm=90.0).turns(5.0)[0].players == (BAND, True)


@pytest.mark.parametrize(("text", "bars", "fit"), [
    ("~4 first | all", 16, "~4 first | all"), ("~4 first | all", 6, "~4 first | all"),
    ("~4 first | all", 5, "~2 first | all"), ("~2 first | ~2 first 2 | all", 6, "~2 first | ~2 first 2 | all"),
    ("~4 first | all", 2, "~1 first | all"), ("4 first | all", 2, "4 first | all"),
    ("~8 all | 2 no drums | all", 6, "~2 all | 2 no drums | all"), ("~64 all", 1, "~64 all"),
])  # fmt: skip
def test_what_is_about_so_long_fits_a_short_piece(text, bars, fit):
    assert written(fitted(parse_sections(text), bars)) == fit


@given(st.lists(anything, min_size=1, max_size=5), st.floats(1.0, 60.0), st.floats(60, 200), st.sampled_from([0, -0.7]))
def test_a_section_is_told_as_a_plan_of_its_players_would_be(sections, seconds, bpm, start):
    """The oracle: the same plan with that band and no sections, cut out."""
    plan = plan_of("all", bpm=bpm, start=start)
    try:
        plan = replace(plan, sections=tuple(sections))
        turns = plan.turns(seconds)
    except ValueError:
        return  # nobody plays
    frames = max(1, round(seconds * 50))
    told = plan.aligned(frames, 50)
    assert turns[0].start == 0 and all(one.start < other.start for one, other in zip(turns, turns[1:], strict=False))
    assert all(one.players != other.players for one, other in zip(turns, turns[1:], strict=False))
    for turn, end in zip(turns, [*(turn.start for turn in turns[1:]), seconds], strict=True):
        alone = replace(plan, sections=(), instruments=turn.instruments, drums=turn.drums).aligned(frames, 50)
        inside = slice(int(np.ceil(turn.start * 50 - 1e-6)), int(np.ceil(end * 50 - 1e-6)))
        np.testing.assert_array_equal(told[inside], alone[inside])


def test_a_plan_keeps_its_sections():
    plan = plan_of("2 first | no drums")
    assert Plan.from_dict(plan.to_dict()) == plan and "in sections: 2 first | no drums" in plan.describe()
    assert Plan.from_dict(replace(plan, sections=()).to_dict()).sections == ()
    with pytest.raises(ValueError, match="Sections need a tempo"):
        Plan(None, sections=parse_sections("all"))


# -- in prompts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prompt", "sections"), [
    ("lo-fi hip hop, starts with piano alone, then drums", "~4 piano | all"),
    ("begins with just a guitar", "~4 guitar | all"),
    ("rock, opening with the bass and drums, then everyone", "~4 bass + drums | all"),
    ("rock, the drums come in after 8 bars", "8 no drums | all"),
    ("jazz, drums kick in at bar 5", "4 no drums | all"),
    ("the piano joins later, strings from the start", "~4 no piano | all"),
    ("no drums at first, jazz trio", "~4 no drums | all"), ("no drums until bar 9, funk", "8 no drums | all"),
    ("funk without drums for the first two bars", "2 no drums | all"),
    ("begins with solo cello, the strings join in at bar 9, drums come in after four bars",
     "4 cello | 4 no strings | all"),
    ("bass comes in at bar 3, drums come in at bar 5", "2 no bass + drums | 2 no drums | all"),
    ("edm, the drums drop out after 8 bars", "8 all | no drums"),
    ("pop, the drums drop out in the middle", "~4 all | ~4 no drums | all"),
    ("house with a breakdown", "~4 all | ~4 no drums | all"),
    ("slowly building orchestral piece", "~2 first | ~2 first 2 | ~2 first 3 | all"),
    ("ambient, layer by layer", "~2 first | ~2 first 2 | ~2 first 3 | all"),
    ("pop with a soft piano intro", "~4 piano | all"), ("guitar intro, then the band kicks in", "~4 guitar | all"),
    ("just drums for 4 bars, then the bass joins", "4 drums | all"), ("intro with only piano", "~4 piano | all"),
    ("first the piano, then drums", "~4 piano | all"), ("piano solo first, then all", "~4 piano | all"),
    ("drumless intro, house", "~4 no drums | all"), ("ambient pads, then the beat drops", "~4 no drums | all"),
    ("strings, until the drums kick in", "~4 no drums | all"), ("only drums in the intro, rock", "~4 drums | all"),
    ("the beat drops after 8 bars, edm", "8 no drums | all"), ("no drums from bar 9 on, rock", "8 all | no drums"),
    ("no drums after 8 bars, rock", "8 all | no drums"),
    ("rock, after 8 bars, the drums come in", "8 no drums | all"),
    ("no drums or bass at first, house", "~4 no drums + bass | all"),
    ("jazz, at bar 9 the drums start", "8 no drums | all"),
    ("the band comes in after 4 bars, jazz", "4 first | all"), ("house, intro without drums", "~4 no drums | all"),
    ("piano alone for 4 bars, then strings", "4 piano | all"),
    ("piano alone at first, then the band", "~4 piano | all"),
    ("starts with a soft, quiet piano alone", "~4 piano | all"), ("8-bar piano intro, rock", "8 piano | all"),
    ("starts with 8 bars of piano, then drums", "8 piano | all"),
    ("no drums during the intro, pop", "~4 no drums | all"),
    ("slow build, techno", "~2 first | ~2 first 2 | ~2 first 3 | all"),
    ("strings fade in after 4 bars, piano", "4 no strings | all"),
    ("techno with a breakdown after 16 bars", "16 all | ~4 no drums | all"),
    ("eventually the drums come in, jazz", "~4 no drums | all"),
    ("rock with a drum breakdown", "~4 all | ~4 drums | all"),
    ("rock with a half-time breakdown", "~4 all | ~4 no drums | all"),
    ("starts with drums only and then bass enters at bar 3", "2 drums | all"),
    ("first piano, then bass, then drums", "~4 piano | ~2 piano + bass | all"),
    ("lo-fi, starts with only a soft piano, then the double bass comes in, and finally drums",
     "~4 piano | ~2 piano + acoustic bass | all"),
    ("drums first, then bass, then guitar and strings, then everything",
     "~4 drums | ~2 drums + bass | ~2 drums + bass + guitar + strings | all"),
    ("starts with 8 bars of piano, then bass, then drums", "8 piano | ~2 piano + bass | all"),
    ("starts with piano, then bass after 8 bars, then drums at bar 17", "8 piano | 8 piano + bass | all"),
    ("house, first drums, then bass, then synth, with a breakdown",
     "~4 drums | ~2 drums + bass | ~4 all | ~4 no drums | all"),
    ("violin, then cello, then the whole band, drums stop after 16 bars",
     "~4 violin | ~2 violin + cello | 10 all | no drums"),
])  # fmt: skip
def test_prompts_that_say_who_plays_when(prompt, sections):
    said = read_prompt(prompt)
    assert said.sections == sections and parse_sections(sections)
    assert told_apart(said.rest) == ("", said.rest) == (read_prompt(said.rest).sections, said.rest), "nothing is left"


@pytest.mark.parametrize("prompt", [
    "piano", "no drums", "solo piano", "starts with a piano and a violin", "piano intro", "build me a house",
    "bluegrass breakdown with banjo", "starts slow, with piano", "guitar only", "a drum solo", "drop the drums",
    "no drums in bar 5", "rock, don't start with piano alone", "never starts with only drums", "no slow build-up",
    "rock without a slow build-up", "a song that doesn't build up slowly", "jazz, not with a breakdown",
    "don't let the drums come in after 8 bars", "drums come in at bar 1", "drums come in after 99 bars",
    "with a nervous breakdown", "he slowly builds up courage", "slowly builds a fire",
    "synthwave, no drums, beatless intro",
    "starts with piano before midnight", "starts with a piano and then stops", "car with a breakdown on the motorway",
    "music to come in from the cold", "the horse kicks in the stable", "end with drums", "cut the drums",
    "a bar at night, piano after midnight", "building a house", "slow jazz", "start the car, then piano", "rests",
    "podcast intro with synth", "jazz until dawn", "a march, drums first", "before the drums started it was quiet",
    "music for the first snow, then piano", "chill beat starts my day",
    "enter the dragon", "the band joins the parade", "four bars of blues", "piano, then bass",
    "piano then guitar then piano", "don't start with piano, then bass, then drums", 
    "first we run, then we hide, then rest",
    "in the morning piano, then coffee, then work",
])  # fmt: skip
def test_prompts_that_do_not(prompt):
    said = read_prompt(prompt)
    assert (said.sections, said.rest) == ("", "")


def test_whoever_is_away_at_first_is_in_the_band():
    late = make_plan("jazz trio with piano, no drums at first", 1)
    assert late.drums and written(late.sections) == "~4 no drums | all"
    for prompt in ("funk, starts with piano alone, then the band", "funk, piano solo first, then everyone",
                   "sad music that starts with piano alone", "starts with piano alone, then the band joins"):
        alone = make_plan(prompt, 1)
        assert len(alone.instruments) > 1 and written(alone.sections) == "~4 piano | all", "the piano is no solo"
    duo = make_plan("piano and drums, no drums at first", 1)
    assert duo.instruments == ("piano",) and duo.drums and duo.sections, "nobody joins who need not"
    by_hand = make_plan("jazz, no drums at first", 1, sections="2 all | first")
    assert written(by_hand.sections) == "2 all | first", "what is set by hand wins"
    for prompt in ("solo piano that builds up slowly", "piano, no drums, with a breakdown"):
        assert not make_plan(prompt, 1).sections, "nothing would change"


def test_who_is_named_in_a_section_by_hand_joins_the_band():
    joined = make_plan("rock", 1, sections="4 harp | 8 all | no drums")
    assert "harp" in joined.instruments and len(joined.instruments) > 1
    assert joined.instruments == tuple(name for name in joined.turns(60.0)[1].everyone if name != KIT)
    kit = make_plan("calm piano", 1, sections="4 drums | all")
    assert kit.drums and kit.turns(60.0)[0].everyone == (KIT,)
    assert not make_plan("calm piano", 1, drums=False, sections="4 flute + drums | all").turns(60.0)[1].drums
    strings = {"metal": "distorted guitar", "jazz": "electric guitar", "calm piano": "acoustic guitar"}
    for prompt, guitar in strings.items():
        begins = make_plan(prompt, 1, sections="4 guitar | all").turns(60.0)[0]
        assert begins.everyone == (guitar,), "the style's own"
    assert make_plan("house", 1, sections="4 bass | all").turns(60.0)[0].everyone == ("synth bass",)
    fixed = make_plan("rock", 1, instruments="piano", sections="4 harp | all")
    assert fixed.instruments == ("piano",), "who plays is given by hand, too"


def test_what_a_prompt_means_is_judged_without_its_sections():
    dragon = "a knight rides against a dragon"
    assert unstructured(f"{dragon}, layer by layer") == dragon and unstructured(dragon) == dragon
    plain, built = (make_plan(text, 1, near=nearest_kind(unstructured(text)))
                    for text in (dragon, f"{dragon}, slow build-up"))
    assert replace(built, sections=()) == plain and built.sections


@pytest.mark.parametrize(("prompt", "playing", "drums", "read"), [
    ("rock with distorted guitar, bass and drums", ("distorted guitar", "electric bass"), False,
     "rock with distorted guitar, bass, electric bass, no drums"),
    ("rock with distorted guitar, bass and drums", ("electric bass",), True, "rock, bass and drums, electric bass"),
    ("rock with distorted guitar, bass and drums", (KIT,), True, "rock, drums, drums only"),
    ("sad, 80 bpm", ("piano",), False, "sad, 80 bpm, piano, no drums"), ("", ("harp",), False, "harp, no drums"),
    ("rock, no guitar", ("piano",), True, "rock, piano"),
    ("jazz, no drums, piano and bass", ("piano",), False, "jazz, piano, no drums"),
    ("piano without drums or bass", ("piano",), False, "piano, no drums"),
    ("drum and bass, 174 bpm", ("synth pad",), False, "drum and bass, 174 bpm, synth pad, no drums"),
    ("120 beats per minute, piano", ("piano",), False, "120 beats per minute, piano, no drums"),
    ("guitar-driven indie rock", ("piano",), False, "guitar-driven indie rock, piano, no drums"),
    ("don't use drums, piano", ("piano",), False, "piano, no drums"),
    ("percussion only", ("piano",), False, "piano, no drums"),
])  # fmt: skip
def test_what_is_read_where_somebody_rests(prompt, playing, drums, read):
    assert heard_of(prompt, playing, drums) == read


@pytest.mark.parametrize("text", [
    "piano, ", "piano, then ", "first a bass, then drums, then ", "piano, drum, ", "drums + ", "starts with a soft ",
    "after 8 bars ",
])  # fmt: skip
def test_long_texts_are_read_in_a_straight_line(text):
    """As many phrases as are read at most, however long the text."""
    assert len(told_apart((text * 400)[:2000])[0]) <= 200 and heard_of((text * 400)[:2000], ("piano",), False)


# -- on its way to the model -----------------------------------------------------------------------------------------


def test_each_section_is_told_its_own_words(tiny_model):
    model = tiny_model("aligned")
    prepared = prepare(model, resolve(ASK, model.config, 600))
    assert prepared.parts == (Part(0, "rock, piano, no drums"), Part(200, "rock with drums"),
                              Part(400, "rock, piano, electric bass, no drums"))  # fmt: skip
    assert prepared.turns == (200, 400) and prepared.notes == ()
    for start, frames, text in ((0, 150, "rock, piano, no drums"), (200, 200, "rock with drums")):
        row, _ = conditions(model, prepared, "", start, frames)
        assert torch.equal(row.text, model.conditioner.text([text])[0])
    plain = prepare(model, resolve(replace(ASK, sections=None), model.config, 600))
    assert plain.parts == plain.turns == ()


def test_that_drums_rest_is_told_as_that_there_are_none(tiny_model):
    model = tiny_model("aligned")

    def told(**more) -> np.ndarray:
        prepared = prepare(model, resolve(replace(ASK, **more), model.config, 600))
        row, against = conditions(model, prepared, "", 400, 100)
        assert against.aligned[0, :, aligned.DRUMS_ON].eq(1).all(), "led away from them"
        return row.aligned[0, :, aligned.DRUMS_OFF].numpy()

    assert (told() == LOUDNESS["no drums"]).all() and (told(sections=None, drums=False) == told()).all()


def test_what_cannot_be_told_is_said(tiny_model):
    def notes(kind="aligned", **more):
        model = tiny_model(kind)
        return " ".join(prepare(model, resolve(replace(ASK, **more), model.config, 600)).notes)

    assert "would begin after 8.0 s" in notes(duration=7.0) and not notes(duration=9.0)
    assert "only the bundled model" in notes("text")
    silence = replace(sine_tune(), samples=np.full((1, 32_000), 1e-3, np.float32))  # no beat is heard in it
    assert "Sections need a tempo" in notes(melody=silence, separation="none", bpm=None)
    with pytest.raises(ValueError, match="Sections need a tempo"):
        notes(plan="off", bpm=None)
    with pytest.raises(ValueError, match="need players"):
        notes(plan="off", instruments=None, drums=None)


# -- in windows ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 900), st.integers(0, 500), st.integers(1, 200), st.data())
def test_no_window_hears_across_a_turn(total, known, window, data):
    stride, known = data.draw(st.integers(1, window)), min(known, total - 1)
    turns = data.draw(st.lists(st.integers(1, 900), max_size=4))
    spans = windows(total, known, window, stride, turns)
    done = known
    for span in spans:
        assert span.start + span.known == done and span.known < span.frames <= window
        done = span.start + span.frames
        for turn in turns:
            assert turn <= max(known, span.start) or turn >= done
    assert done == total
    for turn in turns:
        assert not known < turn < total or any((span.start, span.known) == (turn, 0) for span in spans)
    assert windows(total, known, window, stride, [0, known, total]) == windows(total, known, window, stride)


def test_windows_with_turns_by_hand():
    assert windows(400, 0, 150, 90, [100, 300]) == [
        Span(0, 100, 0), Span(100, 150, 0), Span(190, 110, 60), Span(300, 100, 0)]  # fmt: skip
    assert windows(300, 120, 150, 90, [100, 200]) == [Span(60, 140, 60), Span(200, 100, 0)], "given is given"


def test_a_take_in_sections_is_its_windows_one_after_the_other(tiny_model):
    """The oracle: each window by the plain loop, told what its section is told."""
    model = tiny_model("aligned")
    request = resolve(ASK, model.config, 600)
    prepared, pattern = prepare(model, request), get_pattern(request.pattern, 4)
    codes = np.full((4, prepared.frames), -1)
    for number, span in enumerate(windows(prepared.frames, 0, *model.config.window(pattern), [200, 400])):
        row, against = conditions(model, prepared, "", span.start, span.frames)
        known = torch.from_numpy(codes[:, span.start : span.start + span.known])
        window = Window(row, pattern, span.frames, against, known if span.known else None,
                        sampling_params(request, model.config), request.guidance, window_generator(5, number))
        codes[:, span.start : span.start + span.frames] = decode(model.lm, window).numpy()
    np.testing.assert_array_equal(Engine(model).generate(ASK).codes, codes)


def test_a_section_knows_nothing_of_those_after_it(tiny_model):
    model = tiny_model("aligned")
    first, other = (Engine(model).generate(replace(ASK, sections=f"2 piano | {rest}")) for rest in ("all", "4 first 2"))
    np.testing.assert_array_equal(first.codes[:, :200], other.codes[:, :200])
    assert (first.codes[:, 200:] != other.codes[:, 200:]).any()


def test_steps_of_a_take_in_sections(tiny_model):
    """Each section pays for the delay of its own first frame."""
    model = tiny_model("aligned")
    start = Engine(model).start
    whole, two = start(replace(ASK, duration=3.0, sections=None)), start(replace(ASK, duration=3.0, sections="1 piano"
                                                                               " | all"))  # fmt: skip
    assert whole.steps == 153 and whole.step_of.shape == (150, 4)
    assert two.steps == 103 + 53 and two.step_of is None


def test_the_recipe_makes_the_same_again(tiny_model):
    engine = Engine(tiny_model("aligned"))
    made = engine.generate(replace(ASK, sections="2 bars piano, then all"))
    assert made.recipe["sections"] == "2 bars piano, then all"
    assert made.recipe["plan"]["sections"] == "2 piano | all"
    np.testing.assert_array_equal(engine.generate(request_from_recipe(made.recipe)).codes, made.codes)


# -- on the page and in links ----------------------------------------------------------------------------------------


def test_a_picture_of_who_plays_when():
    picture = ET.fromstring(lanes(plan_of("2 first | 1 all | no drums"), 10.0))
    assert picture.attrib["aria-label"] == (
        "Who plays when: from bar 1 piano; from bar 3 piano, electric bass, distorted guitar, drums; from bar 4 piano, "
        "electric bass, distorted guitar."
    )
    boxes = [node.attrib for node in picture.iter() if node.tag.endswith("rect")]
    assert len(boxes) == 1 + 4 + 3 and boxes[0]["width"] == "40.00%"
    assert lanes(replace(plan_of("all"), sections=()), 10.0) == ""
    stopped = stretches(plan_of("2 first | 1 all | no drums"), 10.0, since=1.0, until=5.0)
    assert stopped == {"piano": [(1.0, 4.0), (4.0, 5.0)], "electric bass": [(4.0, 5.0)],
                       "distorted guitar": [(4.0, 5.0)], KIT: [(4.0, 5.0)]}  # fmt: skip
    for since, until in ((3.0, 3.0), (4.0, 3.0), (0.0, 0.0)):  # stopped before, or within, what was given
        assert lanes(plan_of("2 first | all"), 10.0, since, until) == ""
    assert 'width="20.00%"' in lanes(plan_of("2 first | 1 all | no drums"), 10.0, until=5.0)


def test_the_page_shows_them_before_and_keeps_them():
    settings = Settings(prompt="jazz, the drums come in after 2 bars", seed="3")
    shown = before.show_plan(settings)
    assert "in sections: 2 no drums | all" in shown and 'aria-label="Who plays when' in shown
    assert before.fill_plan(settings)["sections"] == "2 no drums | all"
    assert "lanes" not in before.show_plan(replace(settings, prompt="jazz"))
    set_by_hand = replace(settings, sections="4 piano | all")
    assert "sections" in before.by_hand(set_by_hand)["by_hand"]
    asked = set_by_hand.request()
    assert links.decode(links.encode(links.describe(asked, "pocket")))[0].sections == "4 piano | all"
    assert "kazoo" in before.show_plan(replace(settings, sections="4 kazoo | all"))
    with pytest.raises(ValueError, match="at most 200 characters"):
        links.understand({"sections": ["4 all"]})
    with pytest.raises(ValueError, match="must be text"):
        resolve(replace(ASK, sections=16), _config(), 600)
    assert "lanes" not in before.show_plan(replace(settings, bpm="120", key="C", meter="4/4", chords="C",
                                                   continue_from="a.wav")), "where its bars lie is not known yet"
    assert "sections" not in before.by_hand(set_by_hand, planned=False)["by_hand"]


def test_a_take_that_is_gone_on_from_leaves_its_sections_behind(tmp_path, tiny_model):
    """They are counted from the first bar, which is there already."""
    from musicgen.audio import Audio, write
    from musicgen.takes import Codes
    from musicgen.ui.shown import Made

    made = Engine(tiny_model("aligned")).generate(ASK)
    path = tmp_path / "take.wav"
    write(path, Audio(made.audio, made.sample_rate))
    take = Made(str(path), Codes(made.codes, 50.0, 24), made.recipe, (), Settings(sections="2 piano | all"))
    assert after.go_on(take, 120.0)["sections"] == ""
    said = replace(take, asked=Settings(prompt="jazz, starts with piano alone"))
    assert after.go_on(said, 120.0)["sections"] == "all", "the words still say how it began"
    assert after.again(take)["sections"] == "2 piano | all"
    assert after.anew(take, 7)["sections"] == "2 piano | 2 all | no drums", "the plan of the take"
    assert aligned.ALIGNED_DIM == made.plan.aligned(10, 50).shape[1]
