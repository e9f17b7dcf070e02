"""The chromagram against slow and foreign computations of the same definition."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen.chroma import (
    CHROMA_RATE,
    HOP,
    N_FFT,
    argmax_onehot,
    chromagram,
    estimate_key,
    fit_frames,
    followed,
    similarity,
    strongest,
)
from musicgen.theory import Chord, Key, parse_chords, parse_key

RATE = 32_000


def tone(pitch: float, seconds: float, rate: int = RATE) -> np.ndarray:
    """A note by its MIDI number with a few overtones, float32 [N]."""
    time = np.arange(int(seconds * rate)) / rate
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    return sum(0.2 / k * np.sin(2 * np.pi * k * frequency * time) for k in (1, 2, 3)).astype(np.float32)


def chord(chord: Chord, seconds: float) -> np.ndarray:
    return sum(tone(60 + pitch_class, seconds) for pitch_class in chord.pitch_classes)


def slow_chromagram(samples: np.ndarray) -> np.ndarray:
    """The definition, frame by frame in numpy with librosa's own filter bank: the oracle."""
    import librosa

    filters = librosa.filters.chroma(sr=RATE, n_fft=N_FFT, tuning=0.0)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    padded = np.pad(samples.astype(np.float64), N_FFT // 2, mode="reflect")
    rows = []
    for start in range(0, len(samples) + 1, HOP):
        power = np.abs(np.fft.rfft(padded[start : start + N_FFT] * window)) ** 2 / (window**2).sum()
        row = filters @ power
        rows.append(row / max(row.max(), 1e-6))
    return np.array(rows)


def test_equals_the_slow_definition():
    rng = np.random.default_rng(0)
    samples = (tone(64, 2.3) + 0.01 * rng.standard_normal(int(2.3 * RATE))).astype(np.float32)
    np.testing.assert_allclose(chromagram(samples), slow_chromagram(samples), atol=2e-4)


def test_equals_transformers_features():
    """transformers' extractor wants torchaudio, which is often broken: the same spectrogram is put in its place."""
    import torch

    from musicgen.compat import guard_torchaudio

    guard_torchaudio()
    from transformers.audio_utils import chroma_filter_bank

    # Without torchaudio the package hides the class, so its file is loaded by itself.
    package = importlib.util.find_spec("transformers.models.musicgen_melody")
    path = Path(package.origin).with_name("feature_extraction_musicgen_melody.py")
    spec = importlib.util.spec_from_file_location(f"{package.name}.extractor_by_itself", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    extractor = module.MusicgenMelodyFeatureExtractor.__new__(module.MusicgenMelodyFeatureExtractor)
    extractor.n_fft = N_FFT
    extractor.chroma_filters = torch.from_numpy(
        chroma_filter_bank(sampling_rate=RATE, num_frequency_bins=N_FFT, tuning=0, num_chroma=12)
    ).float()
    window = torch.hann_window(N_FFT)

    def spectrogram(wave):
        out = torch.stft(wave, N_FFT, HOP, window=window, center=True, pad_mode="reflect", return_complex=True)
        return (out.abs() / window.pow(2).sum().sqrt()) ** 2

    extractor.spectrogram = spectrogram
    melody = np.concatenate([tone(pitch, 0.7) for pitch in (60, 64, 67, 71, 74, 65)])
    for samples in (melody, melody[:9_000]):  # the short one is padded to one window by both
        theirs = extractor._torch_extract_fbank_features(torch.from_numpy(samples)[None])[0].numpy()
        np.testing.assert_array_equal(argmax_onehot(chromagram(samples)), theirs)


@pytest.mark.parametrize("pitch", range(60, 72))
def test_a_note_lands_on_its_pitch_class(pitch):
    assert set(strongest(chromagram(tone(pitch, 1.0)))) == {pitch % 12}


@settings(max_examples=20)
@given(st.integers(100, 100_000), st.floats(0.01, 1.0))
def test_frames_and_range(length, volume):
    samples = (volume * np.random.default_rng(length).standard_normal(length)).astype(np.float32)
    chroma = chromagram(samples)
    assert chroma.shape == (1 + max(length, N_FFT) // HOP, 12)
    assert chroma.min() >= 0 and chroma.max() == 1.0
    onehot, found = argmax_onehot(chroma), strongest(chroma)
    np.testing.assert_array_equal(onehot.sum(axis=1), 1)
    sounding = found >= 0
    np.testing.assert_array_equal(onehot.argmax(axis=1)[sounding], found[sounding])
    assert sounding.any() and (chroma[~sounding] <= 0.5).all()


def test_volume_and_rate_do_not_matter():
    loud = strongest(chromagram(tone(69, 2.0)))
    np.testing.assert_array_equal(strongest(chromagram(0.01 * tone(69, 2.0))), loud)
    np.testing.assert_array_equal(strongest(chromagram(tone(69, 2.0, 44_100), 44_100)), loud)


def test_silence():
    chroma = chromagram(np.zeros(RATE, np.float32))
    assert not chroma.any()
    assert set(strongest(chroma)) == {-1}
    np.testing.assert_array_equal(argmax_onehot(chroma)[:, 0], 1)  # the null melody is bin 0
    with pytest.raises(ValueError, match="at least one sample"):
        chromagram(np.zeros(0, np.float32))


def test_gate_makes_rests():
    noise = 1e-4 * np.random.default_rng(0).standard_normal(3 * RATE)
    samples = (np.concatenate([tone(60, 3.0), np.zeros(3 * RATE)]) + np.concatenate([noise, noise])).astype(np.float32)
    assert -1 not in strongest(chromagram(samples))
    gated = strongest(chromagram(samples, gate_db=50))
    half = int(3 * CHROMA_RATE)
    assert set(gated[: half - 2]) == {0}
    assert set(gated[half + 4 :]) == {-1}


def test_fit_frames():
    chroma = np.arange(36.0).reshape(3, 12)
    np.testing.assert_array_equal(fit_frames(chroma, 2), chroma[:2])
    np.testing.assert_array_equal(fit_frames(chroma, 7), chroma[[0, 1, 2, 0, 1, 2, 0]])


def test_what_is_followed_is_compared_where_something_was_asked():
    asked = np.eye(12)[[0, 0, 4, 4]]
    heard = np.eye(12)[[0, 0, 4, 7, 7]]
    assert followed(asked, heard) == pytest.approx(0.75)
    asked[1] = asked[3] = 0.0
    assert followed(asked, heard) == 1.0 > similarity(asked, heard)
    assert followed(np.zeros((4, 12)), heard) == 0.0 and followed(np.tile(asked, (3, 1)), heard[:2]) == 1.0


def test_similarity():
    a, b = argmax_onehot(np.eye(12)), argmax_onehot(np.roll(np.eye(12), 1, axis=1))
    assert similarity(a, a) == pytest.approx(1.0)
    assert similarity(a, b) == 0.0
    assert similarity(a, np.concatenate([a[:6], b[6:]])) == pytest.approx(0.5)
    silent = np.zeros((12, 12))
    assert similarity(a, silent) == 0.0
    assert similarity(silent, silent) == 0.0
    # Frames silent in both are left out; those silent in one count nothing.
    assert similarity(np.concatenate([a, silent]), np.concatenate([a, silent])) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("chords", "key"),
    [("C F G C", "C major"), ("Am Dm E7 Am", "A minor"), ("Eb Ab Bb Eb", "Eb major"), ("F#m Bm C#7 F#m", "F# minor")],
)
def test_key_of_cadences(chords, key):
    samples = np.concatenate([chord(one, 1.0) for one in parse_chords(chords)])
    assert estimate_key(chromagram(samples)) == parse_key(key)


@given(st.integers(0, 11))
def test_key_follows_transposition(shift):
    scale = np.zeros((1, 12))
    scale[0, [0, 2, 4, 5, 7, 9, 11]] = 1
    scale[0, 0] = 2
    assert estimate_key(np.roll(scale, shift, axis=1)) == Key(shift, "major")
