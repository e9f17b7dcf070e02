"""Painted notes: a text that says exactly what was painted, and features that tell it and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen import aligned, links, painting
from musicgen.aligned import BASS, CHORD, HAS_CHORDS, HAS_MELODY, MELODY
from musicgen.engine import Engine, GenerationRequest
from musicgen.painting import KEPT, REST, UNTOUCHED, Painting
from musicgen.request import request_from_recipe
from musicgen.theory import parse_chords

RATE = 50.0
steps = st.integers(2, 400).map(lambda hundredths: hundredths / 100)
paintings = st.builds(
    Painting, steps,
    st.lists(st.integers(KEPT, 11), max_size=40).map(tuple),
    st.lists(st.integers(UNTOUCHED, 0xFFF), max_size=40).map(tuple).filter(lambda cells: cells != (UNTOUCHED,)),
)


@given(paintings)
def test_what_was_painted_is_read_back(painted):
    assert painting.parse(str(painted)) == painted


def test_the_text_is_what_it_says_it_is():
    painted = painting.parse("0.25;m=0b-.;c=,91,0")
    assert painted == Painting(0.25, (0, 11, REST, KEPT), (UNTOUCHED, painting.bits_of((0, 4, 7)), 0))
    assert str(painted) == "0.25;m=0b-.;c=,91,0" and painted.sings and painted.harmonises
    assert not painting.parse("0.5;m=...;c=,,").sings and not painting.parse("0.5;m=...;c=,,").harmonises


@pytest.mark.parametrize(
    "text",
    ["", "x", "0.25;m=c;c=", "0.25;m=0;c=1000", "0.25;m=0", "0;m=0;c=", "99;m=0;c=", "nan;m=0;c=", "1e9;m=;c=",
     "0.25;m=0;c=<b>", "0.25;m=" + "0" * 7_000 + ";c=", "0.25;m=;c=" + "," * 7_000, "0" * 10**6, "٣;m=;c=", None, 3],
)
def test_anything_else_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match=r"[.]$"):
        painting.parse(text)


@settings(max_examples=50)
@given(paintings, st.integers(1, 150))
def test_features_tell_the_painted_cells_and_leave_the_rest(painted, frames):
    before = aligned.chord_features(frames, RATE, parse_chords("C Am/G"), 1.0)
    before += aligned.melody_features(frames, RATE, np.array([3, -1, 7]), 0.5)
    after = painted.apply(before, RATE)
    for t in range(frames):
        cell = int(t / RATE / painted.step + 1e-6)
        note = painted.melody[cell] if cell < len(painted.melody) else KEPT
        chord = painted.chords[cell] if cell < len(painted.chords) else UNTOUCHED
        if note == KEPT:
            assert (after[t, MELODY] == before[t, MELODY]).all() and after[t, HAS_MELODY] == before[t, HAS_MELODY]
        else:
            assert np.flatnonzero(after[t, MELODY]).tolist() == ([] if note == REST else [note])
            assert after[t, HAS_MELODY] == 1
        if chord == UNTOUCHED:
            assert (after[t, CHORD] == before[t, CHORD]).all() and (after[t, BASS] == before[t, BASS]).all()
        else:
            notes, bass = painting.notes_of(chord), np.flatnonzero(after[t, BASS]).tolist()
            assert np.flatnonzero(after[t, CHORD]).tolist() == notes and after[t, HAS_CHORDS] == bool(notes)
            assert len(bass) == bool(notes) and set(bass) <= set(notes)


def test_the_bass_stays_while_its_note_sounds_and_else_goes_to_the_root():
    before = aligned.chord_features(3, RATE, parse_chords("C/G"), 1.0)
    for notes, bass in (((7, 11, 2), 7), ((5, 9, 0), 5), ((1, 2), 1)):  # G keeps its G, F gets its root
        after = Painting(1.0, (), (painting.bits_of(notes),)).apply(before, RATE)
        assert np.flatnonzero(after[0, BASS]).tolist() == [bass]


def test_a_painted_melody_steers_the_take_and_comes_back_from_recipe_and_link(tiny_model):
    engine = Engine(tiny_model("aligned"))
    plain = GenerationRequest("calm piano", duration=2.0, seed=5, temperature=0.7)
    painted = replace(plain, painting="0.5;m=04-;c=,91")
    made = engine.generate(painted)
    assert (made.codes != engine.generate(plain).codes).any()
    asked = made.melody_chroma
    assert asked is not None and np.flatnonzero(asked[0]).tolist() == [0] and np.flatnonzero(asked[5]).tolist() == [4]
    assert not asked[9:].any()
    again = engine.generate(request_from_recipe(made.recipe))
    assert (again.codes == made.codes).all() and made.recipe["painting"] == painted.painting
    assert links.decode(links.encode(links.describe(painted, "pocket")))[0].painting == painted.painting
    unchanged = engine.generate(replace(plain, painting="0.5;m=...;c=,"))
    assert unchanged.recipe["painting"] is None and unchanged.melody_chroma is None


def test_notes_are_painted_over_a_melody_that_was_given(tiny_model, tune):
    engine = Engine(tiny_model("aligned"))
    request = GenerationRequest("piano", duration=3.0, seed=1, melody=tune, separation="none", painting="0.5;m=.6;c=")
    asked = engine.generate(request).melody_chroma
    assert asked[:, 6].nonzero()[0].tolist() == [4, 5, 6, 7]  # F sharp from 0.5 s to 1 s, at 7.8125 frames a second
    assert asked[2].argmax() == 9 and asked[-1].argmax() == 4  # the tune's A before it, its E after it


def test_released_melody_models_get_the_melody_and_others_say_that_they_take_none(tiny_model):
    painted = GenerationRequest("piano", duration=2.0, seed=1, painting="0.5;m=77-7;c=91")
    made = Engine(tiny_model("melody")).generate(painted)
    assert made.melody_chroma.argmax(1)[:4].tolist() == [7] * 4 and "chords" in made.recipe["notes"][0]
    with pytest.raises(ValueError, match="cannot follow a melody"):
        Engine(tiny_model("text")).generate(painted)
    assert "chords" in Engine(tiny_model("text")).generate(replace(painted, painting="0.5;m=;c=91")).recipe["notes"][0]
