"""Magnitudes, frequencies and delays of an STFT in, a waveform out, block by block: a phase vocoder.

The phase of each spectral peak goes on from where it was, at the frequency it is told (Flanagan and Golden 1966,
"Phase Vocoder"); the bins around a peak are locked to it (Laroche and Dolson 1999) by the delay they are told: where
in the window their sound lies. One pass, no iterations. Knows nothing of codecs or models.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def _window(size: int) -> Tensor:
    return torch.hann_window(size)


def spectra(audio: Tensor, window: int, hop: int) -> Tensor:
    """Audio [B, N] -> complex STFT [B, N / hop, bins]; spectrum m is centred on sample (m + 1/2) * hop.

    Scaled so that a sine of amplitude 1 peaks at 1.
    """
    side = (window - hop) // 2
    frames = F.pad(audio, (side, side)).unfold(-1, window, hop)
    return torch.fft.rfft(frames * _window(window).to(audio.device)) * (4 / window)


def frequencies(spectrum: Tensor, hop: int) -> Tensor:
    """How far the sound in each bin lies from the bin's own frequency, in bins: complex [B, M, bins] -> [B, M, bins].

    Read off how the phase moved since the spectrum before (the first one has none and gives 0); the truth that a
    decoder learns. Unambiguous within window / hop / 2 bins.
    """
    bins = spectrum.shape[-1]
    per_bin = math.pi * hop / (bins - 1)  # radians a hop
    turn = F.pad((spectrum[:, 1:] * spectrum[:, :-1].conj()).angle(), (0, 0, 1, 0))
    turn = turn - per_bin * torch.arange(bins, device=turn.device)
    turn[:, 0] = 0.0
    return (torch.remainder(turn + math.pi, 2 * math.pi) - math.pi) / per_bin


def delays(spectrum: Tensor) -> Tensor:
    """When in the window the sound in each bin lies: complex [B, M, bins] -> [B, M, bins] in half windows, -1..1.

    0 is the middle, as of a lasting tone; read off how the phase differs from the bin below. Bin 0 gives 0.
    """
    turn = (spectrum[..., 1:] * spectrum[..., :-1].conj()).angle()
    # A sound in the middle turns by half a circle from bin to bin.
    return F.pad(-(torch.remainder(turn, 2 * math.pi) - math.pi) / math.pi, (1, 0))


def overlap_add(frames: Tensor, hop: int) -> Tensor:
    """Frames [B, M, window] -> [B, (M - 1) * hop + window]."""
    batch, count, window = frames.shape
    length = (count - 1) * hop + window
    return F.fold(frames.transpose(1, 2), (1, length), (1, window), stride=(1, hop)).view(batch, length)


def inverse(spectrum: Tensor, window: int, hop: int) -> Tensor:
    """Complex [B, M, bins] -> the overlapping sum [B, (M - 1) * hop + window], to be divided by ``envelope``."""
    return overlap_add(torch.fft.irfft(spectrum * (window / 4), n=window) * _window(window), hop)


def envelope(count: int, window: int, hop: int) -> Tensor:
    """The overlapping sum of ``count`` squared windows, [1, (count - 1) * hop + window]."""
    return overlap_add(_window(window).square().expand(1, count, -1), hop)


def peak_phase(magnitude: Tensor, frequency: Tensor, delay: Tensor, last: Tensor, hop: int) -> Tensor:
    """Phase of each bin [B, M, bins], going on from the phase ``last`` [B, bins] of the spectrum before.

    ``frequency`` and ``delay`` are those of the functions above. The peak a bin belongs to carries the phase.
    """
    batch, count, bins = magnitude.shape
    left, mid, right = magnitude[..., :-2], magnitude[..., 1:-1], magnitude[..., 2:]
    is_peak = F.pad((mid > left) & (mid >= right), (1, 1))
    position = torch.arange(bins, dtype=torch.float32)
    # The nearest peak below and above each bin, by a running maximum and minimum of peak positions.
    below = torch.where(is_peak, position, -1e4).cummax(-1).values
    above = torch.where(is_peak, position, 1e4).flip(-1).cummin(-1).values.flip(-1)
    nearest = torch.where(position - below <= above - position, below, above)
    nearest = torch.where((nearest >= 0) & (nearest < bins), nearest, position).long()
    turn = (nearest + frequency.gather(-1, nearest)) * (math.pi * hop / (bins - 1))
    # In double precision: a sum over hundreds of bins, of which small differences are taken.
    profile = (math.pi * (1 - delay.double())).cumsum(-1)
    step = torch.remainder(turn + (profile - profile.gather(-1, nearest)), 2 * math.pi).float()
    phase, phases = last, []
    for m in range(count):
        phase = torch.remainder(phase.gather(-1, nearest[:, m]) + step[:, m], 2 * math.pi)
        phases.append(phase)
    return torch.stack(phases, 1)


class PhaseVocoder:
    """Feed blocks of spectra, get audio; half of what a window overlaps waits for the next block."""

    def __init__(self, window: int, hop: int) -> None:
        self.window, self.hop = window, hop
        self.last: Tensor | None = None  # [B, bins]: phase of the last spectrum so far
        self.tail = self.tail_envelope = torch.zeros(1, 0)  # the sum of windows that more will be added to
        self.skip = (window - hop) // 2  # samples before the first one, still to be dropped

    def push(self, magnitude: Tensor, frequency: Tensor, delay: Tensor) -> Tensor:
        """The next spectra, each [B, M, bins] with M > 0 -> audio [B, n] that is final."""
        batch, count, bins = magnitude.shape
        last = math.pi * torch.arange(bins).expand(batch, -1) if self.last is None else self.last
        phase = peak_phase(magnitude, frequency, delay, last, self.hop)
        self.last = phase[:, -1]
        total = inverse(torch.polar(magnitude, phase), self.window, self.hop)
        under = envelope(count, self.window, self.hop)
        total[:, : self.tail.shape[1]] += self.tail
        under[:, : self.tail.shape[1]] += self.tail_envelope
        end = count * self.hop
        self.tail, self.tail_envelope = total[:, end:], under[:, end:]
        out = (total[:, :end] / under[:, :end].clamp_min(1e-3))[:, self.skip :]
        self.skip = max(0, self.skip - end)
        return out

    def finish(self) -> Tensor:
        """The rest of the audio [B, n]."""
        if self.last is None:
            return torch.zeros(1, 0)
        rest = self.tail / self.tail_envelope.clamp_min(1e-3)
        return rest[:, self.skip : (self.window - self.hop) // 2]
