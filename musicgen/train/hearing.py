"""What is heard in a piece of audio, and how well that fits what was asked.

``hear`` analyses a sound once; ``fit`` compares it with the facts of a request, the one it was made for or another's.
Knows nothing of models or takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from musicgen.aligned import CHORD, bar_seconds, chord_features
from musicgen.chroma import CHROMA_RATE, argmax_onehot, chromagram, similarity
from musicgen.rhythm import onset_strength, pulse, tempo_matches
from musicgen.theory import parse_chord, parse_key, parse_meter
from musicgen.train.exam import Facts
from musicgen.train.listener import DRUMS, RATE, Listener, label_of

RIPPLE = 0.02  # of the onset strength


@dataclass(frozen=True)
class Heard:
    """The analysis of audio [N]: chroma [M, 12], felt beats a minute, probability of each instrument, drums or none."""

    audio: np.ndarray
    chroma: np.ndarray
    tempo: float
    instruments: dict[str, float]
    drums: bool


def onset_rate(audio: np.ndarray, sample_rate: int) -> float:
    """Onsets a second of audio [N]: peaks of the onset strength at least 50 ms apart that stand out clearly.

    That is, by a quarter of its 95th percentile, and by what held-out pieces with calm and lively captions told apart
    best: less is the ripple of held notes.
    """
    from scipy.signal import find_peaks

    envelope, rate = onset_strength(audio, sample_rate)
    prominence = max(0.25 * float(np.percentile(envelope, 95)), RIPPLE)
    peaks, _ = find_peaks(envelope, prominence=prominence, distance=round(0.05 * rate))
    return len(peaks) / (len(audio) / sample_rate)


def hear(audio: np.ndarray, listener: Listener) -> Heard:
    """Analyse audio [N] at 32 kHz."""
    audio = np.ascontiguousarray(audio, np.float32)
    found = listener.probabilities(audio)
    return Heard(
        audio=audio,
        chroma=chromagram(audio),
        tempo=listener.metronome.tempo(audio),
        instruments=found,
        drums=listener.hears_drums(found[DRUMS]),
    )


def instruments_found(heard: dict[str, float], asked: set[str]) -> float:
    """The share of the n ``asked`` instruments that are among the n most probable ones."""
    found = sorted(heard, key=heard.__getitem__, reverse=True)[: len(asked)]
    return len(asked & set(found)) / len(asked)


def asked_chroma(facts: Facts, frames: int) -> np.ndarray:
    """Pitch classes of the asked chords per chroma frame, [M, 12]."""
    chords = [parse_chord(name) for name in facts["chords"]]
    each = bar_seconds(facts["bpm"], parse_meter(facts["meter"]))
    return chord_features(frames, CHROMA_RATE, chords, each)[:, CHORD]


def fit(heard: Heard, facts: Facts) -> dict[str, float]:
    """How well what is heard fits ``facts``: figures from 0 to 1, better the larger, but for "tempo octave".

    That one counts tempi missed by a factor of two or three, which are missed in "tempo", too.
    """
    frames = len(heard.chroma)
    scale = list(parse_key(facts["key"]).scale)
    match = tempo_matches(heard.tempo, facts["bpm"])
    melody = np.array(facts["melody"])[:frames]
    one_hot = np.where(melody[:, None] >= 0, np.eye(12)[melody], 0.0)
    return {
        "tempo": float(match == "yes"),
        "tempo octave": float(match == "octave"),
        "pulse": pulse(heard.audio, RATE, facts["bpm"]),
        "in key": float(heard.chroma[:, scale].sum() / max(heard.chroma.sum(), 1e-9)),
        "chords": similarity(heard.chroma, asked_chroma(facts, frames)),
        "melody": similarity(argmax_onehot(heard.chroma), one_hot),
        "drums": float(heard.drums == facts["drums"]),
        "instruments": instruments_found(heard.instruments, {label_of(name) for name in facts["instruments"]}),
    }


Row = dict[str, float]


def mean(rows: Sequence[Row]) -> Row:
    """Figure by figure."""
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def spread(rows: Sequence[Row]) -> Row:
    """The standard error of each mean."""
    count = max(len(rows), 2)
    return {name: float(np.std([row[name] for row in rows], ddof=len(rows) > 1) / np.sqrt(count)) for name in rows[0]}


def fits(heard: Sequence[Heard], facts: Sequence[Facts], fit: Callable[[Heard, Facts], Row] = fit) -> list[Row]:
    """Each sound against its own request."""
    return [fit(h, f) for h, f in zip(heard, facts, strict=True)]


def chance(heard: Sequence[Heard], facts: Sequence[Facts], fit: Callable[[Heard, Facts], Row] = fit,
           shifts: int | None = None) -> Row:
    """The same sounds against the requests of others, averaged: of all others, or of ``shifts`` of them."""
    count = len(heard)
    used = range(1, count if shifts is None else min(count, shifts + 1))
    return mean([fit(heard[i], facts[(i + shift) % count]) for shift in used for i in range(count)])
