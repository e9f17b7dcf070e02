"""Onset strength, tempo, pulse and the place of the first beat.

Signal processing in plain numpy: knows nothing of models or plans. Tempo counts felt beats a minute, times are seconds.
"""

from __future__ import annotations

import numpy as np

ENVELOPE_RATE = 100.0  # onset frames a second, as near as whole samples allow
_WINDOW = 0.032  # seconds
_BANDS = 36
_COMPRESSION = 10.0
_SMOOTHING = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
_PRIOR_BPM, _PRIOR_OCTAVES = 112.0, 1.0  # a wide log-normal belief about where people tap
_SHORTEST_PULSE = 0.12  # seconds; nearer than this an envelope resembles itself whatever the rhythm


def band_onsets(samples: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray, float]:
    """How much begins at each moment in bands of equal width on a logarithmic axis: spectral flux of samples [N].

    -> (float32 [F, bands], level of each band over the whole sound [bands], frames a second).
    """
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1:
        raise ValueError("Onset strength is measured on one channel of audio.")
    hop = max(1, round(sample_rate / ENVELOPE_RATE))
    size = 2 ** round(np.log2(sample_rate * _WINDOW))
    frames = len(samples) // hop + 1
    padded = np.pad(samples, (size // 2, size // 2 + hop))
    stretches = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:frames]
    magnitude = np.abs(np.fft.rfft(stretches * np.hanning(size).astype(np.float32), axis=1))
    edges = np.unique(np.geomspace(2, magnitude.shape[1], _BANDS + 1).astype(int))  # at least one bin each
    bands = np.add.reduceat(magnitude[:, : edges[-1]], edges[:-1], axis=1) / np.diff(edges)
    # Relative to the loudest band, so that the result does not depend on the volume; compressed, but not so much
    # that a soft hi-hat counts like the drum on the beat.
    level = np.log1p(_COMPRESSION * bands / max(float(bands.max()), 1e-9))
    flux = np.maximum(np.diff(level, axis=0, prepend=level[:1]), 0.0)
    return flux.astype(np.float32), level.mean(axis=0), sample_rate / hop


def smooth(flux: np.ndarray) -> np.ndarray:
    """[F] -> float32 [F]: an onset between two frames, or played a little late, still meets its neighbours."""
    padded = np.pad(flux, len(_SMOOTHING) // 2, mode="edge")
    return np.convolve(padded, _SMOOTHING / _SMOOTHING.sum(), "valid").astype(np.float32)


def onset_strength(samples: np.ndarray, sample_rate: int) -> tuple[np.ndarray, float]:
    """How much begins at each moment: samples [N] -> (float32 [F], frames a second)."""
    flux, _, rate = band_onsets(samples, sample_rate)
    return smooth(flux.mean(axis=1)), rate


def autocorrelation(envelope: np.ndarray) -> np.ndarray:
    """Normalised autocorrelation [F]: 1 at lag 0, each lag averaged over the frames that it has."""
    centred = np.asarray(envelope, np.float64) - np.mean(envelope)
    count = len(centred)
    spectrum = np.fft.rfft(centred, 2 * count)
    raw = np.fft.irfft(np.abs(spectrum) ** 2)[:count]
    if raw[0] <= 1e-12 * count:
        return np.zeros(count)
    return raw / (count - np.arange(count)) / (raw[0] / count)


def _at(curve: np.ndarray, index: np.ndarray | float) -> np.ndarray:
    """Values of ``curve`` at fractional positions."""
    return np.interp(index, np.arange(len(curve)), curve)


def tempo(samples: np.ndarray, sample_rate: int, low: float = 45.0, high: float = 200.0) -> float:
    """Felt beats a minute of samples [N], within [low, high]; 0.0 where nothing pulses or it is too short to tell."""
    envelope, rate = onset_strength(samples, sample_rate)
    correlation = autocorrelation(envelope)
    longest = 0.75 * len(correlation)  # lags beyond have too few frames to be believed
    if not correlation.any() or longest < rate * 60.0 / high:
        return 0.0
    bpms = np.exp(np.arange(np.log(low), np.log(high) + 1e-9, 0.002))
    periods = rate * 60.0 / bpms
    comb = np.zeros(len(bpms))
    for i, period in enumerate(periods):
        count = int(min(8, longest // period))
        if count:
            comb[i] = _at(correlation, period * np.arange(1, count + 1)).mean()
    # When half the period repeats just as well, the half is the beat.
    half = np.maximum(_at(correlation, periods / 2), 0.0) / np.maximum(_at(correlation, periods), 1e-3)
    doubt = np.where(bpms * 2 <= high, np.clip((half - 0.85) / 0.15, 0.0, 1.0), 0.0)
    prior = np.exp(-0.5 * (np.log2(bpms / _PRIOR_BPM) / _PRIOR_OCTAVES) ** 2)
    score = np.maximum(comb, 0.0) * prior * (1.0 - 0.4 * doubt)
    best = int(score.argmax())
    return float(bpms[best]) if score[best] > 0 else 0.0


def pulse(samples: np.ndarray, sample_rate: int, bpm: float | None = None) -> float:
    """Strength of the pulse, 0..1: autocorrelation of the onsets at the beat, or at its half, third or quarter.

    ``bpm`` None takes the tempo that is heard. Noise gives about 0.1, a metronome about 1.
    """
    envelope, rate = onset_strength(samples, sample_rate)
    if bpm is None:
        bpm = tempo(samples, sample_rate)
    correlation = autocorrelation(envelope)
    if bpm <= 0 or not correlation.any():
        return 0.0
    best = 0.0
    for part in (1, 2, 3, 4):
        lag = rate * 60.0 / bpm / part
        if rate * _SHORTEST_PULSE <= lag < 0.75 * len(correlation):
            best = max(best, float(_at(correlation, lag + np.array([-1.0, -0.5, 0.0, 0.5, 1.0])).max()))
    return min(best, 1.0)


def tempo_matches(estimated: float, asked: float, tolerance: float = 0.04) -> str:
    """``"yes"`` within the tolerance, ``"octave"`` at twice, thrice, half or a third of the tempo, else ``"no"``."""
    if estimated <= 0 or asked <= 0:
        return "no"
    for factor, verdict in ((1.0, "yes"), (2.0, "octave"), (0.5, "octave"), (3.0, "octave"), (1 / 3, "octave")):
        if abs(estimated / (asked * factor) - 1.0) <= tolerance:
            return verdict
    return "no"


def beat_offset(samples: np.ndarray, sample_rate: int, bpm: float) -> float:
    """Seconds from the start of samples [N] to the first beat at ``bpm``, in [0, 60 / bpm)."""
    if not bpm > 0:
        raise ValueError("A tempo is a number of beats a minute greater than zero.")
    envelope, rate = onset_strength(samples, sample_rate)
    period = rate * 60.0 / bpm
    phases = np.arange(0.0, period, 0.5)
    last = max(len(envelope) - 1, 1)
    grid = phases[:, None] + period * np.arange(int(last // period) + 1)
    inside = grid <= last
    strength = (_at(envelope, grid) * inside).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    return float(phases[strength.argmax()] / rate)
