"""Phase reconstruction: magnitudes of an STFT in, a waveform out, block by block.

The phase of each block starts from the frequencies of the spectral peaks, carried on from the block before
(a phase vocoder, after Beauregard et al. 2015, "Single Pass Spectrogram Inversion"), then a few fast
Griffin-Lim iterations (Perraudin et al. 2013) make it consistent; what was given out before stays fixed.
Knows nothing of codecs or models.
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


def overlap_add(frames: Tensor, hop: int) -> Tensor:
    """Frames [B, M, window] -> [B, (M - 1) * hop + window]."""
    batch, count, window = frames.shape
    length = (count - 1) * hop + window
    return F.fold(frames.transpose(1, 2), (1, length), (1, window), stride=(1, hop)).view(batch, length)


def inverse(spectrum: Tensor, window: int, hop: int, envelope: Tensor) -> Tensor:
    """Complex [B, M, bins] -> [B, (M - 1) * hop + window], divided by the ``envelope`` of squared windows."""
    frames = torch.fft.irfft(spectrum * (window / 4), n=window) * _window(window)
    return overlap_add(frames, hop) / envelope


def peak_phase(magnitude: Tensor, last: Tensor, hop: int) -> Tensor:
    """Phase of each bin [B, M, bins], going on from the phase ``last`` [B, bins] of the spectrum before.

    The peak a bin belongs to carries the phase: it goes on from where it was, at the frequency read off the
    parabola through the three bins of the peak, and the bins around it are locked to it.
    """
    batch, count, bins = magnitude.shape
    window = 2 * (bins - 1)
    log = (magnitude + 1e-7).log()
    left, mid, right = log[..., :-2], log[..., 1:-1], log[..., 2:]
    is_peak = F.pad((mid > left) & (mid >= right), (1, 1))
    curve = (left - 2 * mid + right).clamp_max(-1e-6)
    shift = F.pad((0.5 * (left - right) / curve).clamp(-0.5, 0.5), (1, 1))
    position = torch.arange(bins, dtype=torch.float32)
    # The nearest peak below and above each bin, by a running maximum and minimum of peak positions.
    below = torch.where(is_peak, position, -1e4).cummax(-1).values
    above = torch.where(is_peak, position, 1e4).flip(-1).cummin(-1).values.flip(-1)
    nearest = torch.where(position - below <= above - position, below, above)
    has_peak = (nearest >= 0) & (nearest < bins)
    nearest = torch.where(has_peak, nearest, position)
    frequency = nearest + torch.gather(shift, -1, nearest.long()) * has_peak
    nearest = nearest.long()
    # Around a peak the phase turns by half a circle from bin to bin (the window is centred in its frame).
    step = frequency * (2 * math.pi * hop / window) + math.pi * (torch.arange(bins) - nearest)
    phase, phases = last, []
    for m in range(count):
        phase = torch.remainder(phase.gather(-1, nearest[:, m]) + step[:, m], 2 * math.pi)
        phases.append(phase)
    return torch.stack(phases, 1)


class PhaseReconstruction:
    """Feed blocks of magnitudes, get audio; the last `REACH` spectra of each block wait for the next one."""

    MOMENTUM = 0.99

    def __init__(self, window: int, hop: int, iterations: int) -> None:
        self.window, self.hop, self.iterations = window, hop, iterations
        self.reach = math.ceil(window / hop) - 1  # spectra that overlap a given one, on each side
        self.fixed: Tensor | None = None  # complex [B, <= reach, bins]: given out, never changed again
        self.waiting: Tensor | None = None  # complex [B, <= reach, bins]: begun, may change
        self.emitted = 0  # samples given out
        self.committed = 0  # spectra fixed so far

    def push(self, magnitude: Tensor) -> Tensor:
        """Magnitudes [B, M, bins] of the next spectra -> audio [B, n] that is final."""
        return self._advance(magnitude, last=False)

    def finish(self) -> Tensor:
        """The rest of the audio [B, n]."""
        if self.waiting is None:
            return torch.zeros(1, 0)
        return self._advance(self.waiting[:, :0].abs(), last=True)

    def _advance(self, magnitude: Tensor, last: bool) -> Tensor:
        batch, _, bins = magnitude.shape
        empty = torch.zeros(batch, 0, bins, dtype=torch.complex64)
        fixed = empty if self.fixed is None else self.fixed
        waiting = empty if self.waiting is None else self.waiting
        before = torch.cat([fixed, waiting], 1)
        start = before[:, -1].angle() if before.shape[1] else math.pi * torch.arange(bins).expand(batch, -1)
        fresh = torch.polar(magnitude, peak_phase(magnitude, start, self.hop)) if magnitude.shape[1] else empty
        target = torch.cat([waiting.abs(), magnitude], 1)
        spectrum = self._iterate(fixed, torch.cat([waiting, fresh], 1), target)
        free = spectrum.shape[1]
        commit = free if last else max(0, free - self.reach)
        audio = self._emit(torch.cat([fixed, spectrum], 1), fixed.shape[1] + commit, last)
        self.committed += commit
        self.fixed = torch.cat([fixed, spectrum[:, :commit]], 1)[:, -self.reach :]
        self.waiting = spectrum[:, commit:]
        return audio

    def _envelope(self, count: int, whole_left: bool) -> Tensor:
        """Sum of squared windows under ``count`` spectra; as if more came before, unless at the very start."""
        square = _window(self.window).square()
        extra = self.reach if whole_left else 0
        total = overlap_add(square.expand(1, count + extra + self.reach, -1), self.hop)[0]
        total = total[extra * self.hop :][: (count - 1) * self.hop + self.window]
        return total.clamp_min(1e-3)

    def _iterate(self, fixed: Tensor, spectrum: Tensor, target: Tensor) -> Tensor:
        """Fast Griffin-Lim on ``spectrum`` with ``fixed`` before it."""
        count = fixed.shape[1]
        if not spectrum.shape[1]:
            return spectrum
        envelope = self._envelope(count + spectrum.shape[1], whole_left=self.committed > count)
        previous = spectrum
        for _ in range(self.iterations):
            audio = inverse(torch.cat([fixed, spectrum], 1), self.window, self.hop, envelope)
            frames = audio.unfold(-1, self.window, self.hop)[:, count:]
            rebuilt = torch.fft.rfft(frames * _window(self.window)) * (4 / self.window)
            ahead = rebuilt + self.MOMENTUM * (rebuilt - previous)
            previous = rebuilt
            spectrum = torch.polar(target, ahead.angle())
        return spectrum

    def _emit(self, spectrum: Tensor, final: int, last: bool) -> Tensor:
        """Audio that no later spectrum can touch: up to where spectrum number ``final`` begins."""
        side = (self.window - self.hop) // 2
        before = min(self.committed, self.reach)
        first = self.committed - before  # number of spectrum[:, 0]
        audio = inverse(spectrum, self.window, self.hop, self._envelope(spectrum.shape[1], first > 0))
        # Sample 0 of `audio` is sample first * hop - side of the whole.
        origin = first * self.hop - side
        total = (self.committed + final - before) * self.hop
        end = total if last else max(self.emitted, total - side)
        out = audio[:, self.emitted - origin : end - origin]
        self.emitted = end
        return out
