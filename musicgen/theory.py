"""Music theory in plain numbers: keys, chords, metres.

Knows nothing of audio, tensors or models. Pitch classes are integers 0..11 with C = 0.
Every parser raises ``ValueError`` with one sentence a user can act on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)

# Intervals above the root for each chord quality we write and read.
CHORD_QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "aug": (0, 4, 8),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "9": (0, 2, 4, 7, 10),
    "5": (0, 7),
}
QUALITY_SPELLINGS = {
    "maj": "", "M": "", "min": "m", "-": "m", "M7": "maj7", "Δ": "maj7", "min7": "m7", "-7": "m7",
    "o": "dim", "°": "dim", "ø": "m7b5", "+": "aug", "sus": "sus4", "7sus4": "sus4", "9sus4": "sus4",
    # What the model is told has no place for more: a colour that is left out, not a chord that is.
    "add9": "", "69": "6", "m9": "m7", "min9": "m7", "m11": "m7", "maj9": "maj7", "M9": "maj7",
    "maj13": "maj7", "11": "7", "13": "7", "7b9": "7", "7#9": "7", "7#5": "7", "7alt": "7",
    "madd9": "m", "mmaj7": "m", "mM7": "m",
}


@dataclass(frozen=True)
class Key:
    """A tonic pitch class and a mode, ``"major"`` or ``"minor"``."""

    tonic: int
    mode: str

    @property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes of the key, tonic first (natural minor)."""
        steps = MAJOR_SCALE if self.mode == "major" else MINOR_SCALE
        return tuple((self.tonic + step) % 12 for step in steps)

    def __str__(self) -> str:
        return f"{PITCH_NAMES[self.tonic]} {self.mode}"


@dataclass(frozen=True)
class Chord:
    """A root pitch class, a quality (a key of ``CHORD_QUALITIES``) and the pitch class in the bass."""

    root: int
    quality: str
    bass: int

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The pitch classes that sound, root first."""
        return tuple((self.root + step) % 12 for step in CHORD_QUALITIES[self.quality])

    def __str__(self) -> str:
        slash = "" if self.bass == self.root else f"/{PITCH_NAMES[self.bass]}"
        return f"{PITCH_NAMES[self.root]}{self.quality}{slash}"


@dataclass(frozen=True)
class Meter:
    """A bar of ``beats`` felt beats, each of ``pulses`` sixteenth notes.

    4/4 is 4 beats of 4 sixteenths, 3/4 is 3 of 4, 6/8 is 2 (dotted) beats of 6. Tempo counts felt beats.
    """

    name: str
    beats: int
    pulses: int

    @property
    def fraction(self) -> tuple[int, int]:
        """Numerator and denominator, as files have them."""
        above, below = self.name.split("/")
        return int(above), int(below)

    @property
    def quarters(self) -> int:
        """Quarter notes in a bar: what files and sequencers count, whatever beat is felt."""
        return self.beats * self.pulses // 4

    def tempo(self, bpm: float) -> float:
        """Quarter notes a minute, of ``bpm`` felt beats."""
        return bpm * self.quarters / self.beats

    def __str__(self) -> str:
        return self.name


METERS = {m.name: m for m in (Meter("4/4", 4, 4), Meter("3/4", 3, 4), Meter("6/8", 2, 6))}


def parse_pitch_class(text: str) -> int:
    """``"C"``, ``"f#"``, ``"Bb"`` -> 0..11."""
    match = re.fullmatch(r"([A-Ga-g])([#♯b♭]?)", text.strip())
    if not match:
        raise ValueError(f"'{text}' is not a note name; write one such as C, F# or Bb.")
    return (_LETTERS[match[1].upper()] + _ACCIDENTALS[match[2]]) % 12


def parse_key(text: str) -> Key:
    """``"A minor"``, ``"F# major"``, ``"Bbm"``, ``"C"`` -> Key."""
    match = re.fullmatch(
        r"([A-Ga-g])\s*([#♯b♭]|-?\s?sharp|-?\s?flat)?\s*(major|maj|minor|min|m|M)?", text.strip()
    )
    if not match:
        raise ValueError(f"'{text}' is not a key; write one such as 'C major', 'A minor' or 'F# minor'.")
    accidental = (match[2] or "").strip("- ").replace("sharp", "#").replace("flat", "b")
    mode = "minor" if match[3] in ("minor", "min", "m") else "major"
    return Key((_LETTERS[match[1].upper()] + _ACCIDENTALS[accidental]) % 12, mode)


def parse_chord(text: str) -> Chord:
    """``"Am7"``, ``"F#dim"``, ``"C/E"`` -> Chord."""
    match = re.fullmatch(r"([A-G])([#♯b♭]?)([^/\s]*)(?:/([A-G][#♯b♭]?))?", text.strip())
    quality = QUALITY_SPELLINGS.get(match[3], match[3]) if match else ""
    if not match or quality not in CHORD_QUALITIES:
        raise ValueError(f"'{text}' is not a chord this program knows; write chords such as C, Am, G7, Fmaj7 or Bdim.")
    root = (_LETTERS[match[1]] + _ACCIDENTALS[match[2]]) % 12
    return Chord(root, quality, parse_pitch_class(match[4]) if match[4] else root)


def parse_chords(text: str) -> tuple[Chord, ...]:
    """A loop such as ``"C Am F G"`` (spaces, commas, bars or dashes between chords), one chord a bar."""
    names = [name for name in re.split(r"[\s,|]+|\s-\s", text.strip()) if name and name != "-"]
    if not 1 <= len(names) <= 16:
        raise ValueError("A chord loop has 1 to 16 chords, such as 'C Am F G'.")
    return tuple(parse_chord(name) for name in names)


def home_chord(key: Key, chords: Sequence[Chord]) -> Chord:
    """The chord a piece in ``key`` ends on: the first of its ``chords`` that is the tonic's own, or the plain triad."""
    third = (key.tonic + (3 if key.mode == "minor" else 4)) % 12
    own = (c for c in chords if c.root == c.bass == key.tonic and third in c.pitch_classes)
    return next(own, Chord(key.tonic, "m" if key.mode == "minor" else "", key.tonic))


def parse_meter(text: str) -> Meter:
    """``"4/4"``, ``"3/4"``, ``"6/8"`` -> Meter."""
    meter = METERS.get(text.strip())
    if meter is None:
        raise ValueError(f"'{text}' is not a metre this program knows; choose one of {', '.join(METERS)}.")
    return meter
