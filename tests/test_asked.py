"""The pitch classes a take was asked for: those of its melody or of its chords, moment by moment."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from musicgen.asked import Asked, asked_of
from musicgen.audio import Audio
from musicgen.chroma import BINS, CHROMA_RATE, chromagram, estimate_key
from musicgen.painting import KEPT, UNTOUCHED, Painting, bits_of
from musicgen.plan import Plan
from musicgen.theory import parse_chords, parse_key
from musicgen.ui.shown import draw_pitches

PLAN = Plan(120.0, key=parse_key("C major"), chords=parse_chords("C G"))  # a bar is 2 s
C, G = {0, 4, 7}, {7, 11, 2}


def recipe(plan: Plan | None = PLAN, **more) -> dict:
    """As it comes back from a file."""
    return json.loads(json.dumps({"plan": None if plan is None else plan.to_dict(), "duration": 8.0} | more))


def at(asked: Asked, second: float) -> set[int]:
    return set(np.flatnonzero(asked.chroma[round(second * CHROMA_RATE)]).tolist())


def test_the_chords_of_a_plan_change_with_its_bars():
    asked = asked_of(recipe(), None, 8.0)
    assert asked.name == "chords" and asked.chroma.shape == (int(8 * CHROMA_RATE) + 1, BINS)
    assert [at(asked, second) for second in (0.1, 1.9, 2.1, 3.9, 4.1, 6.1)] == [C, C, G, G, C, G]


def test_what_was_given_to_go_on_from_has_chords_nobody_told_us():
    asked = asked_of(recipe(continue_from={"seconds": 3.0}), None, 8.0)
    assert not asked.chroma[: round(2.9 * CHROMA_RATE)].any() and at(asked, 3.2) == G


def test_painted_chords_are_those_that_were_asked():
    painted = Painting(1.0, (KEPT,) * 4, (UNTOUCHED, bits_of([5, 9, 0]), 0, UNTOUCHED))
    asked = asked_of(recipe(painting=str(painted)), None, 8.0)
    assert [at(asked, second) for second in (0.5, 1.5, 2.5, 3.5)] == [C, {0, 5, 9}, set(), G]


def test_a_melody_goes_before_the_chords():
    tune = np.eye(BINS)[[9] * 200]
    asked = asked_of(recipe(), tune, 4.0)
    assert asked.name == "melody" and len(asked.chroma) == int(4 * CHROMA_RATE) + 1 and at(asked, 1.0) == {9}
    assert asked_of(recipe(), np.zeros((100, BINS)), 4.0).name == "chords", "a melody of rests asks for nothing"


@pytest.mark.parametrize("plan", [None, Plan(120.0), Plan(None)])
def test_where_no_pitch_is_asked_for_there_is_nothing(plan):
    assert asked_of(recipe(plan), None, 4.0) is None


def test_a_plan_that_cannot_be_read_asks_for_nothing():
    assert asked_of({"plan": {"bpm": "fast"}, "duration": 4.0}, None, 4.0) is None


def test_by_chance_is_the_same_in_the_other_keys():
    asked = asked_of(recipe(), None, 8.0)
    assert asked.followed(asked.chroma) == pytest.approx(1.0)
    # Moved round by all twelve steps each of 3 notes meets each of 3 once; 3 of these 9 in the key itself.
    assert asked.by_chance(asked.chroma) == pytest.approx(6 / 3 / 11)


def chord(hertz: list[float], seconds: float = 4.0, rate: int = 32_000) -> Audio:
    time = np.arange(round(seconds * rate)) / rate
    return Audio(sum(0.2 * np.sin(2 * np.pi * f * time) for f in hertz).astype(np.float32)[None], rate)


def test_the_page_shows_chords_over_what_is_heard_and_tells_right_from_wrong():
    asked = asked_of(recipe(Plan(120.0, chords=parse_chords("C"))), None, 4.0)
    shown = draw_pitches(asked, chord([261.63, 329.63, 392.0]))
    assert "Chords: asked and heard, similarity 0.9" in shown and "By chance (the same chords" in shown
    wrong = draw_pitches(asked, chord([277.18, 349.23, 415.3]))
    assert re.search(r"similarity 0\.[01]", wrong)


def test_where_nothing_was_asked_the_page_shows_what_is_heard_and_its_key():
    sound = chord([261.63, 293.66, 329.63, 349.23, 392.0, 440.0, 493.88])
    shown = draw_pitches(None, sound)
    key = estimate_key(chromagram(sound.mono(), sound.sample_rate))
    assert "Chromagram" in shown and f"closest to {key}." in shown and "similarity" not in shown
    assert "closest" not in draw_pitches(None, Audio(np.zeros((1, 32_000), np.float32), 32_000))
