"""How far one sound is from another, in decibels: two figures that are blind to phase.

The ear hardly hears phase and a codec may make up its own, so nothing here compares waveforms sample by sample.
Knows nothing of codecs or files.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

BANDS = 64
LOWEST = 40.0  # Hz
DEPTH = 80.0  # dB below the loudest band of the original; what is softer counts as this soft


def log_mel_distance(original: np.ndarray, copy: np.ndarray, sample_rate: int) -> float:
    """Mean distance of the two log-mel spectrograms, dB: 0 is the same, 1 is hardly heard.

    The mean over all frames and bands of ``|10 log10 M(original) - 10 log10 M(copy)|``; M is the power in 64
    triangular mel bands from 40 Hz up, in windows of about 64 ms, no lower than 80 dB under the loudest of the
    original. Samples float32 [C, N]; the longer one is cut.
    """
    bank = mel_bank(_window(sample_rate), sample_rate)
    first, second = (bank @ spectrum.square() for spectrum in _spectra(original, copy, sample_rate))
    floor = max(float(first.max()) * 10 ** (-DEPTH / 10), 1e-20)
    difference = first.clamp_min(floor).log10() - second.clamp_min(floor).log10()
    return 10 * float(difference.abs().mean())


def spectral_snr(original: np.ndarray, copy: np.ndarray, sample_rate: int) -> float:
    """Energy of the original over the energy of what differs in the spectrum, dB: more is better.

    ``10 log10(sum |X|^2 / sum (|X| - |Y|)^2)`` over all frames and frequencies, X and Y the short-time spectra of the
    original and the copy: the signal-to-noise ratio, but of magnitudes. Infinite where nothing differs.
    Samples float32 [C, N]; the longer one is cut.
    """
    first, second = _spectra(original, copy, sample_rate)
    signal, noise = float(first.square().sum()), float((first - second).square().sum())
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf


@lru_cache(maxsize=8)
def mel_bank(n_fft: int, sample_rate: int) -> Tensor:
    """Triangles of height 1 that overlap by half, evenly spaced in mel (HTK): [bands, n_fft // 2 + 1].

    Bands narrower than the spectrum's resolution hold no bin and are left out.
    """
    def mel(hertz: float) -> float:
        return 2595 * math.log10(1 + hertz / 700)

    corners = 700 * (10 ** (np.linspace(mel(LOWEST), mel(sample_rate / 2), BANDS + 2) / 2595) - 1)
    low, peak, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    bank = np.minimum((bins - low) / (peak - low), (high - bins) / (high - peak)).clip(0)
    return torch.from_numpy(bank[bank.sum(1) > 0]).float()


def _window(sample_rate: int) -> int:
    """Samples in about 64 ms, a power of two: 2048 at 32 kHz."""
    return 2 ** max(5, round(math.log2(0.064 * sample_rate)))


def _spectra(original: np.ndarray, copy: np.ndarray, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Magnitudes [C, bins, frames] of both over the time they share."""
    if len(original) != len(copy):
        raise ValueError(f"Sounds of {len(original)} and of {len(copy)} channels cannot be compared.")
    samples = min(original.shape[1], copy.shape[1])
    if samples == 0:
        raise ValueError("A sound without samples cannot be compared.")
    window = _window(sample_rate)
    shape = torch.hann_window(window)

    def spectrum(sound: np.ndarray) -> Tensor:
        wave = torch.from_numpy(np.ascontiguousarray(sound[:, :samples], np.float32))
        wave = torch.nn.functional.pad(wave, (0, max(0, window - samples)))
        return torch.stft(wave, window, window // 4, window=shape, pad_mode="constant", return_complex=True).abs()

    return spectrum(original), spectrum(copy)
