"""The notation of tunes: the body of an ABC text becomes measures of notes in sixteenths.

Reads notes, rests, lengths, ties, tuplets, accidentals, changes of key, bar lines and endings. Grace notes, ornaments,
words and bowings are passed over; of notes struck together the highest is kept. Does *not* know what a tune is, which
measures belong together or whether they are whole (``airs``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from musicgen.theory import parse_pitch_class

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARPS = "FCGDAEB"  # in the order in which signatures add them
# Fifths from the major key of the same tonic to the signature of the mode.
MODES = {"maj": 0, "ion": 0, "mix": -1, "dor": -2, "min": -3, "aeo": -3, "phr": -4, "lyd": 1}


@dataclass
class Bar:
    """A measure being read: notes as (start, length, pitch) in sixteenths, and the marks around it.

    ``tied``: its first note goes on sounding from the measure before.
    """

    notes: list[tuple[Fraction, Fraction, int]] = field(default_factory=list)
    length: Fraction = Fraction(0)
    opens: bool = False
    closes: bool = False
    ending: int = 0
    tied: bool = False


TOKEN = re.compile(
    r"""(?P<skip>"[^"]*"|![^!\n]*!|\+[a-z]+\+|\{[^}]*\})
    |\[(?P<field>[A-Za-z]):(?P<value>[^\]]*)\]
    |(?P<bar>\[\||[|:][|:\]]*)\s*(?:\[?(?P<ending>[1-9])(?:[,-][1-9])*)?
    |\[(?P<volta>[1-9])
    |\[(?P<chord>[^\]|]*)\](?P<times>\d*/*\d*)
    |\((?P<tuplet>[2-9])(?::(?P<into>\d*))?(?::(?P<count>\d*))?
    |(?P<accidental>\^\^?|__?|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)(?P<long>\d*/*\d*)
    |[zx](?P<rest>\d*/*\d*)
    |(?P<broken>>+|<+)
    |(?P<tie>-)
    |(?P<stop>[&Z])
    |.""",
    re.VERBOSE | re.DOTALL,
)
NOTE = re.compile(r"(?P<accidental>\^\^?|__?|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)(?P<long>\d*/*\d*)")


def note_length(text: str) -> Fraction:
    """``""``, ``3``, ``/``, ``3/2``, ``//`` as a multiple of the unit length."""
    above, slashes, below = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # type: ignore[union-attr]
    divisor = int(below) if below else 2 ** len(slashes)
    if not divisor:
        raise ValueError(f"'{text}' is not the length of a note.")
    return Fraction(int(above or 1), divisor)


def read_signature(text: str) -> tuple[int, str, dict[str, int]]:
    """``Edor``, ``Bb``, ``A Mixolydian`` -> tonic, mode, accidental of each letter."""
    match = re.match(r"\s*([A-G][#b]?)\s*([A-Za-z]*)", text)
    mode = match[2].lower()[:3] if match else "?"
    mode = {"": "maj", "m": "min"}.get(mode, mode)
    if not match or mode not in MODES:
        raise ValueError(f"'{text.strip()}' is not a key this reader knows.")
    fifths = "FCGDAEB".index(match[1][0]) - 1 + 7 * (match[1].count("#") - match[1].count("b")) + MODES[mode]
    if abs(fifths) > 7:
        raise ValueError(f"'{text.strip()}' has too many accidentals.")
    letters = SHARPS[:fifths] if fifths > 0 else SHARPS[::-1][:-fifths]
    return parse_pitch_class(match[1]), mode, {letter: 1 if fifths > 0 else -1 for letter in letters}


def read_unit(text: str) -> Fraction:
    """``1/8`` as sixteenths."""
    match = re.match(r"\s*1/(\d+)\s*$", text)
    if not match or int(match[1]) not in (1, 2, 4, 8, 16, 32):
        raise ValueError(f"'{text.strip()}' is not a unit note length.")
    return Fraction(16, int(match[1]))


class Body:
    """The music of one tune, read token by token into bars."""

    def __init__(self, unit: Fraction, signature: dict[str, int]) -> None:
        self.unit, self.signature = unit, signature
        self.bars: list[Bar] = [Bar()]
        self.accidentals: dict[tuple[str, str], int] = {}
        self.tied: int | None = None  # pitch that the next note may prolong
        self.broken = Fraction(1)
        self.tuplet, self.tuplet_left = Fraction(1), 0

    def read(self, text: str) -> list[Bar]:
        """The bars of ``text``."""
        for token in TOKEN.finditer(text):
            if token["field"]:
                self.change(token["field"], token["value"])
            elif token["bar"]:
                self.barline(token["bar"], token["ending"])
            elif token["volta"]:
                self.bars[-1].ending = int(token["volta"])
            elif token["chord"]:
                notes = list(NOTE.finditer(token["chord"]))
                if notes:
                    pitch = max(self.pitch(note) for note in notes)
                    self.add(pitch, note_length(notes[0]["long"]) * note_length(token["times"]))
            elif token["tuplet"]:
                count = int(token["tuplet"])
                into = int(token["into"] or {2: 3, 4: 3, 8: 3}.get(count, 2)) or 2
                self.tuplet, self.tuplet_left = Fraction(into, count), int(token["count"] or count)
            elif token["letter"]:
                self.add(self.pitch(token), note_length(token["long"]))
            elif token["rest"] is not None:
                self.add(None, note_length(token["rest"]))
            elif token["broken"]:
                self.dot(token["broken"])
            elif token["tie"] and self.bars[-1].notes:
                self.tied = self.bars[-1].notes[-1][2]
            elif token["stop"]:
                raise ValueError(f"'{token['stop']}' (several voices or bars of rest) is beyond this reader.")
        return [bar for bar in self.bars if bar.length]

    def change(self, name: str, value: str) -> None:
        """A field in the middle of the tune."""
        if name == "K":
            self.signature = read_signature(value)[2]
        elif name == "L":
            self.unit = read_unit(value)
        elif name in "MV":
            raise ValueError(f"the {'metre' if name == 'M' else 'voice'} changes in mid-tune.")

    def pitch(self, note: re.Match[str]) -> int:
        """MIDI pitch of a note, by its accidental, those before it in the bar, or the signature."""
        letter, octave = note["letter"], note["octave"]
        place = (letter, octave)
        if note["accidental"]:
            mark = note["accidental"]
            self.accidentals[place] = 0 if mark == "=" else len(mark) * (1 if mark[0] == "^" else -1)
        shift = self.accidentals.get(place, self.signature.get(letter.upper(), 0))
        height = 60 + 12 * (letter.islower() + octave.count("'") - octave.count(","))
        return height + LETTERS[letter.upper()] + shift

    def add(self, pitch: int | None, length: Fraction) -> None:
        """A note, or a rest, of so many unit lengths, at the end of the last bar."""
        length *= self.unit * self.broken
        self.broken = Fraction(1)
        if self.tuplet_left:
            length *= self.tuplet
            self.tuplet_left -= 1
        bar = self.bars[-1]
        if pitch is not None and pitch == self.tied and bar.notes and sum(bar.notes[-1][:2]) == bar.length:
            start, before, _ = bar.notes[-1]
            bar.notes[-1] = (start, before + length, pitch)
        elif pitch is not None:
            bar.tied |= pitch == self.tied and not bar.length
            bar.notes.append((bar.length, length, pitch))
        self.tied = None
        bar.length += length

    def dot(self, marks: str) -> None:
        """``a>b``: the note before grows by what the next one loses."""
        bar = self.bars[-1]
        if not bar.notes or bar.notes[-1][0] + bar.notes[-1][1] != bar.length:
            return
        short = Fraction(1, 2 ** len(marks))
        first, self.broken = (2 - short, short) if marks[0] == ">" else (short, 2 - short)
        start, length, pitch = bar.notes[-1]
        bar.notes[-1] = (start, length * first, pitch)
        bar.length += length * (first - 1)

    def barline(self, mark: str, ending: str | None) -> None:
        """A bar line with its repeat signs and the number of the ending after it."""
        self.accidentals.clear()
        closes = mark.startswith(":") or "||" in mark or "]" in mark or mark.startswith("[")
        opens = mark.endswith(":") and mark != ":"
        if self.bars[-1].length:
            self.bars[-1].closes |= closes
            self.bars.append(Bar())
        elif len(self.bars) > 1:
            self.bars[-2].closes |= closes
        self.bars[-1].opens |= opens
        self.bars[-1].ending = int(ending) if ending else self.bars[-1].ending
