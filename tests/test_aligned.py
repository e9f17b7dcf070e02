"""Aligned features: phases turn with the tempo, chords change on bar lines, nothing told is nothing at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.aligned import (
    ALIGNED_DIM,
    BASS,
    BEAT,
    CHORD,
    DRUMS_OFF,
    DRUMS_ON,
    GROUPS,
    HAS_ENDING,
    HAS_MELODY,
    MELODY,
    NEAR,
    OVER,
    RING,
    bar_seconds,
    beat_features,
    chord_features,
    drop,
    drum_features,
    ending_features,
    instrument_features,
    last_downbeat,
    melody_features,
)
from musicgen.theory import METERS, parse_chords

meters = st.sampled_from(sorted(METERS))


def everything(frames: int = 200) -> np.ndarray:
    chords = parse_chords("C Am F G")
    return (
        beat_features(frames, 50.0, 120.0, METERS["4/4"])
        + chord_features(frames, 50.0, chords, 2.0)
        + melody_features(frames, 50.0, np.array([0, 4, -1, 7]), 1.0)
        + drum_features(frames, True)
        + instrument_features(frames, ["piano", "banjo"])
        + ending_features(frames, 50.0, 3.0)
    )


def test_the_groups_share_no_column_and_leave_none() -> None:
    columns = [c for parts in GROUPS.values() for part in parts for c in range(ALIGNED_DIM)[part]]
    assert sorted(columns) == list(range(ALIGNED_DIM))


@given(dropped=st.sets(st.sampled_from(sorted(GROUPS))))
def test_dropping_a_group_takes_it_alone(dropped: set[str]) -> None:
    full = everything()
    rest = full
    for group in dropped:
        rest = drop(rest, group)
    for group, parts in GROUPS.items():
        for part in parts:
            assert np.array_equal(rest[:, part], np.zeros_like(rest[:, part]) if group in dropped else full[:, part])
    if dropped == set(GROUPS):
        assert not rest.any()


@given(bpm=st.floats(40, 220), name=meters, start=st.floats(-3, 3))
def test_phases_lie_on_the_circle_and_return_each_bar(bpm: float, name: str, start: float) -> None:
    meter = METERS[name]
    bar = bar_seconds(bpm, meter)
    now = beat_features(50, 50.0, bpm, meter, start)
    later = beat_features(50, 50.0, bpm, meter, start + bar)
    assert np.allclose(now[:, BEAT], later[:, BEAT], atol=1e-3)
    pairs = now[:, BEAT].reshape(50, 4, 2)
    assert np.allclose((pairs**2).sum(-1), 1.0, atol=1e-5)


def test_four_four_at_120_by_hand() -> None:
    """A beat is 25 frames, a bar 100: at frame 0 every phase is 0, at frame 50 the bar is half over."""
    features = beat_features(101, 50.0, 120.0, METERS["4/4"])
    assert np.allclose(features[0, BEAT], [0, 1] * 4)
    assert np.allclose(features[50, 6:8], [0, -1], atol=1e-5)
    assert np.allclose(features[25, 4:6], [0, 1], atol=1e-5)
    assert np.allclose(features[100, BEAT], features[0, BEAT], atol=1e-4)


def test_chords_change_on_the_bar_line_and_loop() -> None:
    features = chord_features(500, 50.0, parse_chords("C Am/E F G"), 2.0)
    held = [tuple(np.flatnonzero(row)) for row in features[:, CHORD]]
    assert held[0] == held[99] == (0, 4, 7)
    assert held[100] == (0, 4, 9)
    assert held[400] == (0, 4, 7)
    assert features[100, BASS].argmax() == 4


@given(st.floats(0.4, 5.0))
def test_every_frame_has_one_bass_note(each: float) -> None:
    assert (chord_features(300, 50.0, parse_chords("Dm7 G7"), each)[:, BASS].sum(1) == 1).all()


def test_a_melody_is_held_until_the_next_frame_and_rests() -> None:
    features = melody_features(200, 50.0, np.array([0, 4, -1, 7]), 1.0)
    assert features[0, MELODY].argmax() == 0
    assert features[60, MELODY].argmax() == 4
    assert features[100, MELODY].sum() == 0 and features[100, HAS_MELODY] == 1
    assert not melody_features(10, 50.0, np.array([]), 1.0).any()


@pytest.mark.parametrize("drums", [True, False])
def test_drums(drums: bool) -> None:
    features = drum_features(3, drums)
    assert features[:, DRUMS_ON].all() == drums and features[:, DRUMS_OFF].all() == (not drums)
    assert features.sum() == 3


def test_an_end_is_foreseen_and_then_over() -> None:
    told = ending_features(500, 50.0, 6.0)
    assert told[:, HAS_ENDING].all()
    assert not told[:100, NEAR].any() and told[200, NEAR] == pytest.approx(0.5) and told[299, NEAR] > 0.99
    assert not told[:300, OVER].any() and told[300:, OVER].all() and not told[300:, NEAR].any()
    on = ending_features(500, 50.0, None)
    assert on[:, HAS_ENDING].all() and on.sum() == 500


def test_the_last_downbeat_by_hand() -> None:
    # 120 bpm in 4/4: a bar is two seconds.
    assert last_downbeat(20.0, 120.0, METERS["4/4"]) == pytest.approx(18.0)
    assert last_downbeat(19.9, 120.0, METERS["4/4"]) == pytest.approx(16.0)
    assert last_downbeat(20.0, 120.0, METERS["4/4"], start=0.5) == pytest.approx(17.5)
    assert last_downbeat(5.0, 120.0, METERS["4/4"]) is None


@given(seconds=st.floats(1, 300), bpm=st.floats(40, 220), name=meters, start=st.floats(0, 5))
def test_a_final_chord_falls_on_a_bar_line_and_has_time_to_ring(
    seconds: float, bpm: float, name: str, start: float
) -> None:
    at, bar = last_downbeat(seconds, bpm, METERS[name], start), bar_seconds(bpm, METERS[name])
    if at is not None:
        bars = (at + start) / bar
        assert bars == pytest.approx(round(bars), abs=1e-6)
        assert 2 * bar - 1e-3 <= at <= seconds - RING + 1e-3
    else:
        assert seconds - RING < 3 * bar + 1e-3
