"""How far one sound is from another: nothing for itself, blind to phase and sign, worse the more is wrong."""

from __future__ import annotations

import math

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen.fidelity import BANDS, LOWEST, log_mel_distance, mel_bank, spectral_snr

RATE = 16_000


def noise(seed: int = 0, seconds: float = 0.5, channels: int = 1) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return (0.1 * draw.standard_normal((channels, round(RATE * seconds)))).astype(np.float32)


@settings(max_examples=15)
@given(st.integers(0, 99), st.floats(0.001, 1.0), st.integers(1, 2))
def test_a_sound_is_no_distance_from_itself_and_its_mirror_image(seed, seconds, channels):
    sound = noise(seed, seconds, channels)
    for copy in (sound, -sound):
        assert log_mel_distance(sound, copy, RATE) == 0
        assert spectral_snr(sound, copy, RATE) == math.inf


@settings(max_examples=15)
@given(st.floats(-20, 20))
def test_a_change_of_level_is_told_in_decibels(decibels):
    sound = noise()
    copy = sound * np.float32(10 ** (decibels / 20))
    assert log_mel_distance(sound, copy, RATE) == pytest.approx(abs(decibels), abs=1e-2)


def test_half_as_loud_is_a_signal_to_noise_ratio_of_six_decibels():
    sound = noise()
    assert spectral_snr(sound, sound / 2, RATE) == pytest.approx(20 * math.log10(2), abs=1e-3)
    assert spectral_snr(sound, 0 * sound, RATE) == pytest.approx(0, abs=1e-6)
    assert spectral_snr(0 * sound, sound, RATE) == -math.inf


def test_more_noise_is_farther():
    sound, wrong = noise(0), noise(1)
    copies = [sound + np.float32(share) * wrong for share in (0.01, 0.1, 0.5, 1.0)]
    distances = [log_mel_distance(sound, copy, RATE) for copy in copies]
    ratios = [spectral_snr(sound, copy, RATE) for copy in copies]
    assert distances == sorted(distances) and ratios == sorted(ratios, reverse=True)


def test_what_nobody_hears_counts_for_nothing():
    sound = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)[None]
    assert log_mel_distance(sound, sound + 1e-7 * noise(0, 1.0), RATE) < 0.05


def test_the_longer_one_is_cut_and_unequal_channels_are_refused():
    sound = noise()
    assert log_mel_distance(sound, np.pad(sound, ((0, 0), (0, 500))), RATE) == 0
    with pytest.raises(ValueError, match="1 and of 2 channels"):
        spectral_snr(sound, noise(channels=2), RATE)
    with pytest.raises(ValueError, match="without samples"):
        log_mel_distance(sound, sound[:, :0], RATE)


@pytest.mark.parametrize("rate", [1_000, 3_200, 32_000, 192_000])
def test_every_rate_has_its_bands(rate):
    sound = noise()
    assert 0 < log_mel_distance(sound, noise(1), rate) < 20


def test_the_bank_is_librosas():
    ours = mel_bank(2048, 32_000).numpy()
    theirs = librosa.filters.mel(sr=32_000, n_fft=2048, n_mels=BANDS, fmin=LOWEST, htk=True, norm=None)
    assert np.allclose(ours, theirs[theirs.sum(1) > 0], atol=1e-5)
