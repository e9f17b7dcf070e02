"""The evaluation's metronome: it learns what it is shown, and its features change with tempo, not with loudness."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicgen.rhythm import tempo_matches
from musicgen.train.metronome import GROUPS, LAGS, RATE, TEMPI, TONES, Metronome, features, right, target, trained


def beats(bpm: float, seconds: float = 8.0, seed: int = 0) -> np.ndarray:
    """Bursts of noise on the beats, softer ones between them."""
    rng = np.random.default_rng(seed)
    out = np.zeros(round(seconds * RATE), np.float32)
    for half in range(int(seconds * bpm / 30)):
        start = round(half * 30 / bpm * RATE)
        burst = rng.normal(0, 0.3 if half % 2 == 0 else 0.08, 1600) * np.exp(-np.arange(1600) / 300)
        out[start : start + 1600] += burst[: len(out[start : start + 1600])]
    return out


@pytest.fixture(scope="module")
def metronome() -> Metronome:
    return trained([(beats(bpm, seed=i), bpm) for i, bpm in enumerate(np.geomspace(60, 180, 64))], rounds=40)


@pytest.mark.parametrize("bpm", [70.0, 97.0, 133.0, 160.0])
def test_tempi_between_those_it_was_shown_are_told(metronome: Metronome, bpm: float) -> None:
    assert tempo_matches(metronome.tempo(beats(bpm, seed=99)), bpm) == "yes"


def test_right_is_a_share(metronome: Metronome) -> None:
    spans = [(beats(100.0, seed=7), 100.0), (beats(100.0, seed=8), 55.0)]
    assert right(metronome.tempo, spans) == 0.5


def test_nothing_is_heard_in_silence(metronome: Metronome) -> None:
    assert metronome.tempo(np.zeros(4 * RATE, np.float32)) == 0.0


def test_features_are_blind_to_loudness_and_see_the_period() -> None:
    alike, tone = features(beats(120.0))
    assert alike.shape == (GROUPS + 1, len(LAGS)) and tone.shape == (TONES,)
    soft, _ = features(0.05 * beats(120.0))
    assert np.allclose(alike, soft, atol=1e-3)
    whole = alike[-1]
    beat, astray = (int(np.abs(LAGS - lag).argmin()) for lag in (0.5, 0.375))
    assert whole[beat] > 0.5 > 0.2 > whole[astray]


def test_the_target_is_a_bell_around_the_tempo() -> None:
    rows = target(np.array([TEMPI[10], TEMPI[50]]))
    assert rows.argmax(1).tolist() == [10, 50]
    assert torch.allclose(rows.sum(1), torch.ones(2))
    assert rows[0, 9] == pytest.approx(float(rows[0, 11]), rel=1e-3)
