"""Aligned conditions: what is told to the model about each frame, as features [T, A].

Beat and bar phase, the chord that sounds, the melody's pitch class, drums or none, the instruments, the end. A group
that is not told is all zeros, its flag too, so that zeros everywhere is the null condition. Knows nothing of models,
prompts or audio; times are seconds, frames are ``frame_rate`` a second.

After MusiConGen (rhythm and chords) and JASCO, which add such conditions to MusicGen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from musicgen.instruments import INSTRUMENTS, KIT
from musicgen.theory import Chord, Meter

BEAT = slice(0, 8)  # sin, cos of the phase in the sixteenth, eighth, beat and bar
CHORD = slice(8, 20)  # pitch classes of the chord, multi-hot
BASS = slice(20, 32)  # pitch class in the bass, one-hot
MELODY = slice(32, 44)  # strongest pitch class of the melody, one-hot
DRUMS_ON, DRUMS_OFF = 44, 45
HAS_BEAT, HAS_CHORDS, HAS_MELODY = 46, 47, 48
INSTRUMENT = slice(49, 49 + len(INSTRUMENTS))  # the instruments that play, multi-hot
HAS_INSTRUMENTS = INSTRUMENT.stop
# How near the end is, whether the final chord was struck, and that either is told.
NEAR, OVER, HAS_ENDING = HAS_INSTRUMENTS + 1, HAS_INSTRUMENTS + 2, HAS_INSTRUMENTS + 3
ALIGNED_DIM = HAS_ENDING + 1

FORESEEN = 4.0  # seconds before the final chord from which on it is told that the end is near
RING = 2.0  # seconds that a final chord has at least to ring out

GROUPS: dict[str, tuple[slice, ...]] = {
    "beat": (BEAT, slice(HAS_BEAT, HAS_BEAT + 1)),
    "chords": (CHORD, BASS, slice(HAS_CHORDS, HAS_CHORDS + 1)),
    "melody": (MELODY, slice(HAS_MELODY, HAS_MELODY + 1)),
    "drums": (slice(DRUMS_ON, DRUMS_OFF + 1),),
    "instruments": (slice(INSTRUMENT.start, HAS_INSTRUMENTS + 1),),
    "ending": (slice(NEAR, HAS_ENDING + 1),),
}


def bar_seconds(bpm: float, meter: Meter) -> float:
    """Length of a bar in seconds at ``bpm`` felt beats a minute."""
    return meter.beats * 60.0 / bpm


def beat_features(frames: int, frame_rate: float, bpm: float, meter: Meter, start: float = 0.0) -> np.ndarray:
    """Beat group alone, float32 [T, A]; frame 0 lies ``start`` seconds after a downbeat."""
    out = np.zeros((frames, ALIGNED_DIM), np.float32)
    beats = (np.arange(frames) / frame_rate + start) * bpm / 60.0
    # The eighth is half a beat of 4/4 and 3/4, a third of the dotted beat of 6/8.
    per_beat = (meter.pulses, meter.pulses / 2, 1.0, 1.0 / meter.beats)
    for i, rate in enumerate(per_beat):
        out[:, 2 * i] = np.sin(2 * np.pi * beats * rate)
        out[:, 2 * i + 1] = np.cos(2 * np.pi * beats * rate)
    out[:, HAS_BEAT] = 1.0
    return out


def chord_features(
    frames: int, frame_rate: float, chords: Sequence[Chord], seconds_each: float, start: float = 0.0
) -> np.ndarray:
    """Chord group alone, float32 [T, A]: ``chords`` in a loop, each ``seconds_each`` long, from ``start`` on."""
    out = np.zeros((frames, ALIGNED_DIM), np.float32)
    # A hair forward, so that a frame that falls on the bar line belongs to the new bar.
    index = np.floor((np.arange(frames) / frame_rate + start) / seconds_each + 1e-6).astype(int) % len(chords)
    for i, chord in enumerate(chords):
        rows = np.flatnonzero(index == i)
        for pitch_class in chord.pitch_classes:
            out[rows, CHORD.start + pitch_class] = 1.0
        out[rows, BASS.start + chord.bass] = 1.0
    out[:, HAS_CHORDS] = 1.0
    return out


def melody_features(frames: int, frame_rate: float, pitch_class: np.ndarray, chroma_rate: float) -> np.ndarray:
    """Melody group alone, float32 [T, A], from the argmax chroma ``pitch_class`` [M] (-1: nothing sounds)."""
    out = np.zeros((frames, ALIGNED_DIM), np.float32)
    if len(pitch_class):
        index = np.minimum(np.round(np.arange(frames) / frame_rate * chroma_rate).astype(int), len(pitch_class) - 1)
        held = np.asarray(pitch_class)[index]
        rows = np.flatnonzero(held >= 0)
        out[rows, MELODY.start + held[rows]] = 1.0
        out[:, HAS_MELODY] = 1.0
    return out


def drum_features(frames: int, drums: bool) -> np.ndarray:
    """Drum group alone, float32 [T, A]."""
    out = np.zeros((frames, ALIGNED_DIM), np.float32)
    out[:, DRUMS_ON if drums else DRUMS_OFF] = 1.0
    return out


def instrument_features(frames: int, instruments: Sequence[str]) -> np.ndarray:
    """Instrument group alone, float32 [T, A]: all ``instruments`` that play. Drums have a group of their own, and where
    they are all that plays, none of these does."""
    out = np.zeros((frames, ALIGNED_DIM), np.float32)
    for name in instruments:
        if name != KIT:
            out[:, INSTRUMENT.start + INSTRUMENTS.index(name)] = 1.0
    out[:, HAS_INSTRUMENTS] = 1.0
    return out


def ending_features(frames: int, frame_rate: float, ends: float | None) -> np.ndarray:
    """Ending group alone, float32 [T, A]: the final chord is struck after ``ends`` seconds; None: it goes on."""
    out = np.zeros((frames, ALIGNED_DIM), np.float32)
    if ends is not None:
        left = ends - np.arange(frames) / frame_rate
        over = left <= 1e-6
        out[:, NEAR] = np.where(over, 0.0, np.clip(1 - left / FORESEEN, 0, 1))
        out[:, OVER] = over
    out[:, HAS_ENDING] = 1.0
    return out


def last_downbeat(seconds: float, bpm: float, meter: Meter, start: float = 0.0) -> float | None:
    """Where a piece of ``seconds`` strikes its final chord: the last downbeat that leaves it ``RING`` seconds.

    None where there is no room for two bars before it. The piece begins ``start`` seconds after a downbeat.
    """
    bar = bar_seconds(bpm, meter)
    at = math.floor((seconds - RING + start) / bar + 1e-6) * bar - start
    return at if at >= 2 * bar - 1e-6 else None


def drop(features: np.ndarray, group: str) -> np.ndarray:
    """A copy of ``features`` [..., A] without ``group``."""
    out = features.copy()
    for columns in GROUPS[group]:
        out[..., columns] = 0.0
    return out
