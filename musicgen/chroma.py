"""Chromagram, the argmax bottleneck, and what can be read off them (paper 2.3).

Numpy in, numpy out; the transform itself runs in torch. Knows nothing of separation, models or conditions.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from musicgen.audio import resample
from musicgen.theory import Key

SAMPLE_RATE = 32_000
N_FFT = 16_384  # also the length of the window, samples
HOP = 4_096  # samples
CHROMA_RATE = SAMPLE_RATE / HOP  # 7.8125 frames a second
BINS = 12
EPS = 1e-6  # floor of the normalisation: a frame with less power than this counts as silent

# Krumhansl and Kessler (1982): how well each pitch class fits a major and a minor key, tonic first.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


@cache
def _filters() -> torch.Tensor:
    """librosa's chroma filter bank at tuning 0 (`librosa.filters.chroma`), float32 [12, 8193].

    Each FFT bin is shared among the pitch classes by a Gaussian of their distance, and counts less the farther its
    octave lies from the fifth. Written out here because librosa compiles for half a minute before its first one.
    """
    frequencies = np.arange(1, N_FFT // 2 + 2) * (SAMPLE_RATE / N_FFT)
    semitone = BINS * np.log2(frequencies / 27.5)  # above the lowest A
    semitone = np.concatenate(([semitone[0] - 1.5 * BINS], semitone))  # a place for 0 Hz
    width = np.maximum(np.diff(semitone), 1.0)
    semitone = semitone[:-1]
    distance = np.remainder(semitone - np.arange(BINS)[:, None] + BINS / 2 + 10 * BINS, BINS) - BINS / 2
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights /= np.linalg.norm(weights, axis=0)
    weights *= np.exp(-0.5 * ((semitone / BINS - 5.0) / 2.0) ** 2)
    return torch.from_numpy(np.roll(weights, -3, axis=0)).float()  # from A to C


@cache
def _window() -> torch.Tensor:
    """Periodic Hann window of unit energy, float32 [16384]."""
    window = torch.hann_window(N_FFT)
    return window / window.square().sum().sqrt()


def chroma_power(samples: np.ndarray, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """Power in each pitch class, not normalised: samples [N] -> float32 [M, 12].

    ``M = 1 + N // 4096`` with N counted at 32 kHz, and at least 5: what is shorter is padded to a window.
    """
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1 or not samples.size:
        raise ValueError("A chromagram is made of one channel of audio with at least one sample.")
    wave = torch.from_numpy(resample(samples, sample_rate, SAMPLE_RATE))
    if (missing := N_FFT - len(wave)) > 0:
        wave = torch.nn.functional.pad(wave, (missing // 2, missing - missing // 2))
    spectrum = torch.stft(wave, N_FFT, HOP, window=_window(), center=True, pad_mode="reflect", return_complex=True)
    return (_filters() @ spectrum.abs().square()).T.contiguous().numpy()


def chromagram(samples: np.ndarray, sample_rate: int = SAMPLE_RATE, gate_db: float | None = None) -> np.ndarray:
    """Chroma of each frame, its largest bin 1: samples [N] -> float32 [M, 12] at ``CHROMA_RATE``.

    With ``gate_db`` frames that many decibels below the loudest one are all zeros (a rest is then a rest, not the
    pitch of the noise). The released melody models know no gate.
    """
    power = chroma_power(samples, sample_rate)
    loudest = power.max(axis=1, keepdims=True)
    chroma = power / np.maximum(loudest, EPS)
    if gate_db is not None:
        chroma[loudest[:, 0] < loudest.max() * 10 ** (-gate_db / 10)] = 0.0
    return chroma


def argmax_onehot(chroma: np.ndarray) -> np.ndarray:
    """The bottleneck: only the strongest bin of each frame, float32 [M, 12]; a silent frame gives bin 0."""
    return np.eye(BINS, dtype=np.float32)[np.asarray(chroma).argmax(axis=1)]


def kept(chroma: np.ndarray) -> np.ndarray:
    """What is kept of a chromagram [M, 12] that knows rests: its strongest bins, and nothing where nothing sounds."""
    return argmax_onehot(chroma) * (strongest(chroma) >= 0)[:, None]


def strongest(chroma: np.ndarray) -> np.ndarray:
    """Strongest pitch class of each frame of a chromagram [M, 12], int64 [M]; -1 where the frame is silent."""
    chroma = np.asarray(chroma)
    # A frame that sounds was normalised to a maximum of 1; below EPS it stays far under that.
    return np.where(chroma.max(axis=1) > 0.5, chroma.argmax(axis=1), -1)


def fit_frames(chroma: np.ndarray, frames: int) -> np.ndarray:
    """Tile or truncate [M, 12] to [frames, 12], as the released melody models were given theirs (235 frames)."""
    return np.resize(chroma, (frames, chroma.shape[1]))


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine similarity of two chromagrams [M, 12], averaged over the frames both have.

    A frame silent in one of them counts 0; a frame silent in both says nothing and is left out. 0.0 when none is left.
    """
    frames = min(len(a), len(b))
    a, b = np.asarray(a[:frames], np.float64), np.asarray(b[:frames], np.float64)
    length_a, length_b = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    heard = (length_a > 0) | (length_b > 0)
    if not heard.any():
        return 0.0
    cosine = (a * b).sum(axis=1) / np.maximum(length_a * length_b, 1e-12)
    return float(cosine[heard].mean())


def followed(asked: np.ndarray, heard: np.ndarray) -> float:
    """``similarity`` of two chromagrams [M, 12] where ``asked`` asks for anything: a rest of the tune is no silence."""
    asked = asked[: len(heard)]
    rows = np.flatnonzero(asked.any(axis=1))
    return similarity(asked[rows], heard[rows])


def key_fits(chroma: np.ndarray) -> dict[Key, float]:
    """Correlation of the summed chroma [M, 12] with the Krumhansl-Kessler profile of each of the 24 keys."""
    total = np.asarray(chroma, np.float64).sum(axis=0)
    if total.std() < 1e-9:
        return {Key(tonic, mode): 0.0 for tonic in range(12) for mode in ("major", "minor")}
    return {
        Key(tonic, mode): float(np.corrcoef(total, np.roll(profile, tonic))[0, 1])
        for tonic in range(12)
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
    }


def estimate_key(chroma: np.ndarray) -> Key:
    """The key whose Krumhansl-Kessler profile fits the chroma [M, 12] best."""
    fits = key_fits(chroma)
    return max(fits, key=lambda key: fits[key])
