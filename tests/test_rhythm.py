"""Tempo, pulse and phase of rhythms whose tempo is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen.rhythm import beat_offset, onset_strength, pulse, tempo, tempo_matches


def drums(bpm: float, seconds: float = 10.0, rate: int = 32_000, start: float = 0.1, hats: float = 0.0) -> np.ndarray:
    """A low drum on each beat from ``start`` on, and a soft hi-hat on the eighths between."""
    rng = np.random.default_rng(0)
    out = np.zeros(int(rate * seconds), np.float32)
    time = np.arange(int(0.05 * rate)) / rate
    noise = rng.standard_normal(len(time)) * np.exp(-time * 160)
    drum = np.exp(-time * 80) * np.sin(2 * np.pi * 120 * time) + 0.3 * noise
    hat = hats * rng.standard_normal(len(time)) * np.exp(-time * 160)
    for i, moment in enumerate(np.arange(start, seconds - 0.06, 30.0 / bpm)):
        at = int(moment * rate)
        out[at : at + len(time)] += hat if i % 2 else drum
    return out


@pytest.mark.parametrize("bpm", [50, 75, 93.75, 120, 133, 150, 180])
def test_tempo_of_a_metronome(bpm):
    assert tempo(drums(bpm), 32_000) == pytest.approx(bpm, rel=0.01)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_tempo_with_hats_at_other_rates(rate):
    assert tempo(drums(107, rate=rate, hats=0.2), rate) == pytest.approx(107, rel=0.01)


@settings(max_examples=15)
@given(st.floats(60, 180))
def test_tempo_is_right_or_an_octave_away(bpm):
    assert tempo_matches(tempo(drums(bpm, hats=0.1), 32_000), bpm) != "no"


def test_tempo_stays_in_its_bounds():
    assert 100 <= tempo(drums(75), 32_000, low=100, high=200) <= 200


def test_volume_does_not_matter():
    samples = drums(100)
    loud, _ = onset_strength(samples, 32_000)
    soft, rate = onset_strength(0.01 * samples, 32_000)
    np.testing.assert_allclose(loud, soft, atol=1e-5)
    assert rate == 100.0
    assert len(loud) == 1001


def test_onsets_stand_out_where_they_are():
    envelope, rate = onset_strength(drums(120, start=0.3), 32_000)
    moments = (0.3 + 0.5 * np.arange(19)) * rate
    assert np.abs(envelope.argmax() - moments).min() <= 2
    near = np.abs(np.arange(len(envelope))[:, None] - moments).min(axis=1) <= 6
    assert envelope[near].sum() > 0.9 * envelope.sum()


def test_nothing_pulses_in_silence_or_in_a_moment():
    for samples in (np.zeros(64_000, np.float32), np.zeros(0, np.float32), np.ones(100, np.float32)):
        assert tempo(samples, 32_000) == 0.0
        assert pulse(samples, 32_000) == 0.0


def test_pulse_of_a_beat_and_of_noise():
    assert pulse(drums(120, hats=0.2), 32_000) > 0.9
    assert pulse(drums(120), 32_000, bpm=120) > 0.9
    noise = np.random.default_rng(0).standard_normal((8, 8 * 32_000)).astype(np.float32)
    assert np.mean([pulse(row, 32_000) for row in noise]) < 0.2


@pytest.mark.parametrize("start", [0.0, 0.07, 0.21, 0.4])
def test_beat_offset(start):
    found = beat_offset(drums(120, start=start, hats=0.1), 32_000, 120)
    distance = abs(found - start)
    assert min(distance, 0.5 - distance) < 0.015
    assert 0 <= found < 0.5


def test_beat_offset_wants_a_tempo():
    with pytest.raises(ValueError, match="greater than zero"):
        beat_offset(drums(120), 32_000, 0)


@pytest.mark.parametrize(
    ("estimated", "asked", "verdict"),
    [(120, 120, "yes"), (124, 120, "yes"), (126, 120, "no"), (60, 120, "octave"), (240, 120, "octave"),
     (40, 120, "octave"), (180, 120, "no"), (0, 120, "no")],
)  # fmt: skip
def test_tempo_matches(estimated, asked, verdict):
    assert tempo_matches(estimated, asked) == verdict
