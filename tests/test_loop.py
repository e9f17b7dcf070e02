"""Loops: whole bars, and no jump where the end meets the beginning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen.aligned import bar_seconds
from musicgen.audio import Audio
from musicgen.loop import SEAM, Cut, cut_of, loop_of
from musicgen.plan import Plan
from musicgen.planning import make_plan
from musicgen.theory import METERS, parse_chords

RATE = 8_000


def hum(seconds: float, frequency: float = 220.0) -> Audio:
    return Audio(0.4 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)[None].astype(np.float32),
                 RATE)  # fmt: skip


def recipe(seconds: float, **plan) -> dict:
    return {"plan": Plan(**plan).to_dict(), "duration": seconds}


@settings(max_examples=60)
@given(st.floats(50, 200), st.sampled_from(["4/4", "3/4", "6/8"]), st.floats(0.5, 20), st.floats(-3, 3))
def test_a_loop_is_whole_bars_and_closes_without_a_jump(bpm, meter, seconds, start):
    sound, bar = hum(seconds), bar_seconds(bpm, METERS[meter])
    told = recipe(seconds, bpm=bpm, meter=METERS[meter], start=start)
    if seconds < (-start % bar) + bar + SEAM:
        with pytest.raises(ValueError, match="shorter than a bar"):
            loop_of(sound, told)
        return
    out = loop_of(sound, told)
    bars = out.seconds / bar
    assert abs(bars - round(bars)) * bar <= 1 / RATE and round(bars) >= 1
    assert out.seconds <= seconds and (seconds - (-start % bar) - out.seconds) < bar + SEAM + 1 / RATE
    step = np.abs(np.diff(sound.samples[0])).max()
    assert abs(out.samples[0, 0] - out.samples[0, -1]) <= step + 1e-4, "it goes on as the take did"
    begin, seam = round((-start % bar) * RATE), round(SEAM * RATE)
    kept = sound.samples[0, begin + seam : begin + out.samples.shape[1]]
    np.testing.assert_array_equal(out.samples[0, seam:], kept)


def test_whole_rounds_of_the_chords_where_there_is_room_for_one():
    chords = parse_chords("Am F C G")
    told = recipe(13.0, bpm=120.0, chords=chords)  # bars of two seconds: six of them fit
    assert loop_of(hum(13.0), told).seconds == 8.0 and cut_of(hum(13.0), told) == Cut(0.0, 2.0, 4, 120.0)
    assert loop_of(hum(7.0), told).seconds == 6.0, "no whole round: whole bars"


def test_a_final_chord_is_left_out():
    plan = make_plan("jazz with an ending", 1, bpm=120, meter="4/4", chords="C F")
    out = loop_of(hum(11.0), {"plan": plan.to_dict(), "duration": 11.0})
    assert plan.ends(11.0) == 8.0 and out.seconds == 4.0, "what follows the loop must lie before the last chord, too"


@pytest.mark.parametrize("bad", [{}, {"plan": None}, {"plan": {"bpm": None}}, {"plan": {"bpm": "x"}}, {"plan": 3}])
def test_without_a_tempo_there_is_no_loop(bad):
    with pytest.raises(ValueError, match="no tempo"):
        loop_of(hum(4.0), bad)


def test_of_a_model_that_follows_no_plan_there_is_no_loop_whatever_tempo_was_asked():
    with pytest.raises(ValueError, match="make it with pocket"):
        loop_of(hum(4.0), {"plan": None, "plan_setting": "auto", "bpm": 120.0})
