"""The ending: a piece that stops on its tonic, everybody together, and rings out.

Knows notes and chords. Does *not* know how the piece was made (``compose``, ``arrange``) or how it sounds.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from musicgen.aligned import RING, bar_seconds
from musicgen.theory import Chord, home_chord
from musicgen.train.compose import Note, Part, Piece

SHARE = 0.4  # of the pieces come to an end; the others go on beyond their last second
EARLIEST = 10.0  # seconds: no final chord before this
SHORT, LONG = (0.2, 0.45), (1.3, 2.6)  # seconds that the final chord is held
KICK, CRASH = 36, 49  # notes of the drum kits


def concluded(piece: Piece) -> Piece:
    """``piece``, or what becomes of it when its seed says that it ends: by a draw of its own, all else as it was."""
    rng = Random(f"ending {piece.seed}")
    if rng.random() >= SHARE:
        return piece
    bar = bar_seconds(piece.bpm, piece.meter)
    bars = [n for n in range(1, len(piece.chords)) if EARLIEST <= n * bar <= piece.seconds - RING]
    if not bars:
        return piece
    # A phrase is four bars, or two; an ending after one is an ending that was expected.
    phrases = next((fitting for size in (4, 2, 1) if (fitting := [n for n in bars if n % size == 0])), bars)
    last = rng.choice(phrases if rng.random() < 0.8 else bars)
    home = home_chord(piece.key, piece.chords)
    held = rng.uniform(*(SHORT if rng.random() < 0.2 else LONG))
    chords = (*piece.chords[:last], *(home for _ in piece.chords[last:]))
    at = last * bar
    parts = tuple(_end(part, at, bar, min(held, piece.seconds - at - 0.1), home) for part in piece.parts)
    # Who would have come in with the last chord does not play at all.
    return replace(piece, chords=chords, parts=tuple(part for part in parts if part.notes), ends=at)


def _end(part: Part, at: float, bar: float, held: float, home: Chord) -> Part:
    """The part up to ``at``, where it strikes its share of the final chord if it was playing until then."""
    before = [note for note in part.notes if note.start < at - 0.03]
    kept = tuple(replace(note, duration=min(note.duration, at - note.start)) for note in before)
    recent = [note for note in before if note.start >= at - 2 * bar]
    if not recent:
        return replace(part, notes=kept)
    velocity = max(note.velocity for note in recent)
    if part.role == "drums":
        pitches = {KICK, CRASH}
    elif part.role == "bass":
        pitches = {_nearest(recent[-1].pitch, (home.bass,))}
    elif part.role == "lead":
        pitches = {_nearest(recent[-1].pitch, (home.root,))}
    else:
        voicing = list(dict.fromkeys(note.pitch for note in reversed(recent)))[:4]
        pitches = {_nearest(pitch, home.pitch_classes) for pitch in voicing}
    final = tuple(Note(at, held, pitch, velocity) for pitch in sorted(pitches))
    return replace(part, notes=kept + final)


def _nearest(pitch: int, classes: tuple[int, ...]) -> int:
    """The pitch of one of the pitch ``classes`` that lies nearest, the lower one of two."""
    return min((p for p in range(pitch - 6, pitch + 7) if p % 12 in classes), key=lambda p: (abs(p - pitch), p))
