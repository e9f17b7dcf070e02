"""Notes painted by hand over time: a melody and chords, cell by cell, as a short text that fits a link.

``0.25;m=047-..;c=,91,`` are cells of 0.25 s. The melody has a pitch class in each (0 to 9, a, b; C is 0), ``-`` for a
rest, ``.`` for what was there before. The chords have the pitch classes that sound together as a hexadecimal number
(bit 0 is C, so 91 is C, E, G), ``0`` for none told, nothing between two commas for what was there before.
Knows nothing of models, of audio or of where the notes were painted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from musicgen.aligned import BASS, CHORD, HAS_CHORDS, HAS_MELODY, MELODY
from musicgen.theory import CHORD_QUALITIES

REST, KEPT = -1, -2  # cells of the melody that are no pitch class
UNTOUCHED = -1  # a cell of the chords
SHORTEST, LONGEST = 0.02, 10.0  # seconds a cell
MAX_CELLS = 6_000
_MELODY = {"-": REST, ".": KEPT, **{name: pitch for pitch, name in enumerate("0123456789ab")}}
_LETTERS = {cell: name for name, cell in _MELODY.items()}
_FORM = re.compile(r"(\d{1,3}(?:\.\d{1,9})?);m=([-.0-9ab]*);c=([0-9a-f,]*)", re.ASCII)
_CHORDS = {tuple(sorted(intervals)) for intervals in CHORD_QUALITIES.values()}
_WRONG = "The painted notes cannot be read; clear them and paint again."


@dataclass(frozen=True)
class Painting:
    """Cells of ``step`` seconds from the start of the take on; beyond the last one nothing is changed."""

    step: float
    melody: tuple[int, ...] = ()  # a pitch class, REST or KEPT
    chords: tuple[int, ...] = ()  # pitch classes as bits, or UNTOUCHED

    @property
    def sings(self) -> bool:
        """Whether the melody is changed anywhere."""
        return any(cell != KEPT for cell in self.melody)

    @property
    def harmonises(self) -> bool:
        """Whether the chords are changed anywhere."""
        return any(cell != UNTOUCHED for cell in self.chords)

    def __str__(self) -> str:
        chords = ",".join("" if cell == UNTOUCHED else f"{cell:x}" for cell in self.chords)
        melody = "".join(_LETTERS[cell] for cell in self.melody)
        return f"{self.step:.9f}".rstrip("0").rstrip(".") + f";m={melody};c={chords}"

    def sung(self, times: np.ndarray, before: np.ndarray) -> np.ndarray:
        """The melody at ``times`` (seconds): pitch classes int [M], -1 for a rest; ``before`` has those unpainted."""
        cells = _at(self.melody, times, self.step, KEPT)
        return np.where(cells == KEPT, before, cells)

    def apply(self, features: np.ndarray, frame_rate: float) -> np.ndarray:
        """A copy of aligned features [T, A] with what is painted in place of what they tell.

        A painted frame of the melody is told, also a rest; one that is not painted stays as it was, told or not.
        """
        out = features.copy()
        times = np.arange(len(out)) / frame_rate
        melody, chords = _at(self.melody, times, self.step, KEPT), _at(self.chords, times, self.step, UNTOUCHED)
        painted = melody != KEPT
        out[painted, MELODY] = 0.0
        out[painted, HAS_MELODY] = 1.0
        rows = np.flatnonzero(melody >= 0)
        out[rows, MELODY.start + melody[rows]] = 1.0
        for bits in set(chords[chords != UNTOUCHED].tolist()):
            rows, notes = np.flatnonzero(chords == bits), notes_of(bits)
            bass = out[rows, BASS]
            out[rows, CHORD], out[rows, BASS] = 0.0, 0.0
            out[rows, HAS_CHORDS] = float(bool(notes))
            for note in notes:
                out[rows, CHORD.start + note] = 1.0
            if notes:  # the bass stays where it was if that note still sounds
                kept = np.where(bass[:, notes].any(1), bass.argmax(1), root_of(notes))
                out[rows, BASS.start + kept] = 1.0
        return out


def parse(text: str) -> Painting:
    """Read what ``str(painting)`` wrote. Raises ``ValueError`` with one sentence."""
    found = _FORM.fullmatch(text) if isinstance(text, str) and len(text) <= 5 * MAX_CELLS else None
    if found is None:
        raise ValueError(_WRONG)
    step, melody = float(found[1]), tuple(_MELODY[name] for name in found[2])
    cells = found[3].split(",") if found[3] else []
    if any(len(cell) > 3 for cell in cells):
        raise ValueError(_WRONG)
    chords = tuple(int(cell, 16) if cell else UNTOUCHED for cell in cells)
    if not SHORTEST <= step <= LONGEST:
        raise ValueError(f"A cell of painted notes lasts {SHORTEST:g} to {LONGEST:g} seconds, not {step:g}.")
    if max(len(melody), len(chords)) > MAX_CELLS:
        raise ValueError(f"These are too many painted notes; {MAX_CELLS:,} cells are the most.")
    return Painting(step, melody, chords)


def bits_of(notes: Sequence[int]) -> int:
    """Pitch classes as bits."""
    return sum(1 << note for note in set(notes))


def notes_of(bits: int) -> list[int]:
    """The pitch classes that ``bits`` stand for, C first."""
    return [note for note in range(12) if bits >> note & 1]


def root_of(notes: Sequence[int]) -> int:
    """The root of the chord that ``notes`` are, the first of them where they are none."""
    for root in notes:
        if tuple(sorted((note - root) % 12 for note in notes)) in _CHORDS:
            return root
    return notes[0]


def _at(cells: Sequence[int], times: np.ndarray, step: float, beyond: int) -> np.ndarray:
    """The cell at each of ``times``; ``beyond`` after the last."""
    # A hair forward, so that a frame that falls on an edge belongs to the new cell.
    index = np.floor(times / step + 1e-6).astype(int)
    filled = np.array([*cells, beyond])
    return filled[np.minimum(index, len(cells))]
