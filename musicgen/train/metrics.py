"""Distances between two waveforms, as the codec is trained and judged by. Knows nothing of models."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

SCALES = (2048, 1024, 512, 256, 128)
MELS = 64


@lru_cache(maxsize=16)
def _mel_bank(n_fft: int, sample_rate: int) -> Tensor:
    """Triangular mel filters [min(MELS, n_fft / 8), bins]."""
    import librosa

    return torch.from_numpy(librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=min(MELS, n_fft // 8)))


def _stft(audio: Tensor, n_fft: int) -> Tensor:
    """Audio [B, N] -> magnitudes [B, bins, M]."""
    window = torch.hann_window(n_fft, device=audio.device)
    return torch.stft(audio, n_fft, n_fft // 4, window=window, return_complex=True).abs()


def log_mel(audio: Tensor, n_fft: int, sample_rate: int = 32_000) -> Tensor:
    """Audio [B, N] -> log10 mel magnitudes [B, mels, M], floored at 1e-5 of full scale."""
    return log_mel_of(_stft(audio, n_fft), n_fft, sample_rate)


def log_mel_of(magnitude: Tensor, n_fft: int, sample_rate: int = 32_000) -> Tensor:
    """STFT magnitudes [B, bins, M] of a Hann window -> log10 mel magnitudes [B, mels, M], floored likewise."""
    return (_mel_bank(n_fft, sample_rate).to(magnitude.device) @ (magnitude * (4 / n_fft)) + 1e-5).log10()


def mel_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of log10 mel spectra over five resolutions: [B, N], [B, N] -> []."""
    return torch.stack([(log_mel(a, n) - log_mel(b, n)).abs().mean() for n in SCALES]).mean()


def linear_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of |STFT|^0.4 over five resolutions: [B, N], [B, N] -> []."""
    terms = [((_stft(a, n) * 4 / n).pow(0.4) - (_stft(b, n) * 4 / n).pow(0.4)).abs().mean() for n in SCALES]
    return torch.stack(terms).mean()
