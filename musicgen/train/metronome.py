"""Hears how fast music is, for the evaluation only.

How far the onsets resemble themselves after each lag is a matter of arithmetic; which of those lags people tap to, and
which is only half of it, or the bar, is one of style. A small network learns that of rendered pieces. Knows nothing
of the pieces that are judged with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from musicgen.codec_api import Codec
from musicgen.rhythm import autocorrelation, band_onsets, smooth, tempo_matches
from musicgen.train.data import facts_of, sounding

RATE = 32_000
SECONDS = 8.0  # of what it learns from
GROUPS = 6  # of bands whose onsets are looked at apart, beside those of all
TONES = 32  # bands of the whole sound at this rate
LAGS = np.geomspace(0.1, 4.2, 240)  # seconds
TEMPI = np.geomspace(45.0, 200.0, 100)  # felt beats a minute
NEAR = 3  # of the tempi on either side of the best one share in the answer
Span = tuple[np.ndarray, float]  # audio [N], felt beats a minute


def features(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Audio [N] at 32 kHz -> likeness of the onsets at each of the lags [GROUPS + 1, LAGS], level of bands [TONES]."""
    flux, tone, rate = band_onsets(audio, RATE)
    groups = np.array_split(flux, GROUPS, axis=1)
    curves = [smooth(part.mean(axis=1)) for part in (*groups, flux)]
    at = LAGS * rate
    alike = [np.interp(at, np.arange(len(curve)), autocorrelation(curve)) for curve in curves]
    return np.stack(alike).astype(np.float32), tone.astype(np.float32)


class Metronome(nn.Module):
    """Likeness [B, GROUPS + 1, LAGS] and levels [B, TONES] -> logit of each of the tempi [B, TEMPI]."""

    def __init__(self) -> None:
        super().__init__()
        width = 48
        self.lags = nn.Sequential(
            nn.Conv1d(GROUPS + 1, width, 9, padding=4), nn.ReLU(), nn.Conv1d(width, width, 9, padding=4), nn.ReLU(),
            nn.MaxPool1d(2), nn.Conv1d(width, width, 9, padding=4), nn.ReLU(), nn.Conv1d(width, 16, 1),
        )
        self.norm, self.tones = nn.BatchNorm1d(TONES), nn.Linear(TONES, 32)
        self.leave = nn.Sequential(nn.Dropout(0.3), nn.Linear(16 * (len(LAGS) // 2) + 32, 256), nn.ReLU(),
                                   nn.Dropout(0.3), nn.Linear(256, len(TEMPI)))

    def forward(self, alike: Tensor, tone: Tensor) -> Tensor:
        """Logits [B, TEMPI]."""
        return self.leave(torch.cat([self.lags(alike).flatten(1), self.tones(self.norm(tone))], 1))

    @torch.inference_mode()
    def tempo(self, audio: np.ndarray) -> float:
        """Felt beats a minute of audio [N] at 32 kHz; 0.0 where nothing begins twice."""
        alike, tone = features(audio)
        if not alike.any():
            return 0.0
        p = self(torch.from_numpy(alike)[None], torch.from_numpy(tone)[None])[0].softmax(0).numpy()
        best = int(p.argmax())
        near = slice(max(0, best - NEAR), best + NEAR + 1)
        return float(np.exp((p[near] * np.log(TEMPI[near])).sum() / p[near].sum()))


def target(bpm: np.ndarray) -> Tensor:
    """Tempi [n] -> the distribution to be learnt [n, TEMPI]: a bell one step wide."""
    steps = np.log(bpm[:, None] / TEMPI) / np.log(TEMPI[1] / TEMPI[0])
    bell = np.exp(-0.5 * steps**2)
    return torch.from_numpy(bell / bell.sum(1, keepdims=True)).float()


def rendered_spans(shards: Iterable[Path], rng: np.random.Generator | None = None) -> Iterator[Span]:
    """Some seconds of every other piece, from anywhere while it sounds, or without ``rng`` its beginning."""
    length = round(SECONDS * RATE)
    for shard in shards:
        audio = np.load(shard.with_suffix(".npy"), mmap_mode="r")
        for clip, facts in list(zip(audio, facts_of(shard), strict=True))[::2]:
            last = max(0, round(sounding(facts, len(clip) / RATE) * RATE) - length)
            start = 0 if rng is None else rng.integers(last + 1)
            yield clip[start : start + length].astype(np.float32) / 32768, facts["bpm"]


def coded_spans(shards: Iterable[Path], codec: Codec) -> Iterator[Span]:
    """The beginning of every other piece, decoded from its codes."""
    frames = round(SECONDS * codec.frame_rate)
    for shard in shards:
        codes = np.load(shard.with_suffix(".codes.npy"))[:, :, :frames].astype(np.int64)
        for part, facts in list(zip(codes, facts_of(shard), strict=True))[::2]:
            yield codec.decode(torch.from_numpy(part)[None])[0, 0].numpy(), facts["bpm"]


def trained(spans: Iterable[Span], rounds: int = 24) -> Metronome:
    """A metronome that has heard the spans ``rounds`` times."""
    torch.manual_seed(0)
    metronome = Metronome()
    heard = [(*features(audio), bpm) for audio, bpm in spans]
    columns = [np.stack(part) for part in zip(*heard, strict=True)]
    alike, tone, wanted = torch.from_numpy(columns[0]), torch.from_numpy(columns[1]), target(columns[2])
    optimizer = torch.optim.AdamW(metronome.parameters(), lr=2e-3, weight_decay=0.05)
    batches = [order for _ in range(rounds) for order in torch.randperm(len(wanted)).split(64)]
    for i, batch in enumerate(batches):
        optimizer.param_groups[0]["lr"] = 2e-3 * (1 - i / len(batches))
        noise = 0.02 * torch.randn_like(alike[batch])
        logits = metronome(alike[batch] + noise, tone[batch])
        loss = F.cross_entropy(logits, wanted[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return metronome.eval()


def right(tempo: Callable[[np.ndarray], float], spans: Iterable[Span]) -> float:
    """The share of spans whose tempo is told within 4 %."""
    return float(np.mean([tempo_matches(tempo(audio), bpm) == "yes" for audio, bpm in spans]))
