"""The plan of a piece: tempo, metre, key, chords, drums, instruments, sections, ending. How one comes about is
``planning``'s.

Pure and deterministic. Knows nothing of prompts, audio, networks or how a plan is heard by a model beyond the features
of ``aligned``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from musicgen import aligned
from musicgen.instruments import KIT, everyone, lineup, parse_instruments
from musicgen.sections import Section, fitted, parse_sections, written
from musicgen.theory import METERS, Chord, Key, Meter, home_chord, parse_chords, parse_key, parse_meter

MIN_BPM, MAX_BPM = 40.0, 220.0
DRUMS_ALONE = "drums alone"


@dataclass(frozen=True)
class Turn:
    """From ``start`` seconds on these play, as in a plan: its instruments, or drums alone, and drums or none."""

    start: float
    instruments: tuple[str, ...]
    drums: bool

    @property
    def players(self) -> tuple[tuple[str, ...], bool]:
        """Its instruments and whether there are drums, to be compared."""
        return self.instruments, self.drums

    @property
    def everyone(self) -> tuple[str, ...]:
        """The names of all that play, drums last."""
        return everyone(self.instruments, self.drums)


@dataclass(frozen=True)
class Plan:
    """What is told about a piece besides its text; a part that is None or empty is not told.

    ``bpm`` counts felt beats; ``chords`` is a loop, one chord a bar; ``start`` is where in the loop the piece begins,
    in seconds after the first chord's downbeat; ``instruments`` are all that play, drums apart, or drums alone. With an
    ``ending`` it strikes its tonic on the last downbeat that leaves it time to ring out; without, it goes on beyond its
    last second. ``sections`` say who of them plays when, from the loop's first downbeat on.
    """

    bpm: float | None
    meter: Meter = METERS["4/4"]
    key: Key | None = None
    chords: tuple[Chord, ...] = ()
    drums: bool | None = None
    start: float = 0.0
    instruments: tuple[str, ...] = ()
    ending: bool | None = None
    sections: tuple[Section, ...] = ()

    def __post_init__(self) -> None:
        if self.bpm is not None:
            check_bpm(self.bpm)
        elif self.chords or self.sections:
            raise ValueError(f"{'Chords' if self.chords else 'Sections'} need a tempo; give one such as 120 bpm.")
        if not math.isfinite(self.start):
            raise ValueError("The plan's start is not a number of seconds; use 0.")

    def aligned(self, frames: int, frame_rate: float) -> np.ndarray:
        """Features per frame, float32 [T, A], of every part that is told; zeros for the rest."""
        out = np.zeros((frames, aligned.ALIGNED_DIM), np.float32)
        if self.bpm is not None:
            out += aligned.beat_features(frames, frame_rate, self.bpm, self.meter, self.start)
            if self.chords:
                bar = aligned.bar_seconds(self.bpm, self.meter)
                out += aligned.chord_features(frames, frame_rate, self.chords, bar, self.start)
            if self.ending and self.chords and self.key and (ends := self.ends(frames / frame_rate)) is not None:
                first = math.ceil(ends * frame_rate - 1e-6)
                out[first:] = aligned.drop(out[first:], "chords")
                home = (home_chord(self.key, self.chords),)
                out[first:] += aligned.chord_features(frames - first, frame_rate, home, bar)
        turns = self.turns(frames / frame_rate)
        if not turns and self.drums is not None:
            out += aligned.drum_features(frames, self.drums)
        if not turns and self.instruments:
            out += aligned.instrument_features(frames, self.instruments)
        for i, turn in enumerate(turns):
            first = turn_frame(turn, frame_rate)
            last = turn_frame(turns[i + 1], frame_rate) if i + 1 < len(turns) else frames
            out[first:last] += aligned.drum_features(last - first, turn.drums)
            out[first:last] += aligned.instrument_features(last - first, turn.instruments)
        if self.ending is not None:
            out += aligned.ending_features(frames, frame_rate, self.ends(frames / frame_rate))
        return out

    def ends(self, seconds: float) -> float | None:
        """When a piece of ``seconds`` strikes its final chord; None when it has no ending, or no room for one."""
        if not self.ending or self.bpm is None:
            return None
        return aligned.last_downbeat(seconds, self.bpm, self.meter, self.start)

    def turns(self, seconds: float) -> tuple[Turn, ...]:
        """Who plays from when on in a piece of ``seconds``, the first from 0; empty for a plan without sections.

        Sections of the same players are one, and those that begin too late (``over``) are left out. Raises
        ``ValueError`` where a section has no players.
        """
        turns: list[Turn] = []
        until = self.over(seconds)
        for section, start in zip(self.sections, self.starts(seconds), strict=False):
            turn = Turn(start, *section.band(self.instruments, self.drums))
            if turns and start <= turns[-1].start:  # it was over before the piece began
                turns.pop()
            if not turns or (start <= until and turns[-1].players != turn.players):
                turns.append(turn)
        return tuple(turns)

    def starts(self, seconds: float) -> tuple[float, ...]:
        """When each section of a piece of ``seconds`` begins, the first with the piece; none without a tempo."""
        if not self.sections or self.bpm is None:
            return ()
        bar = aligned.bar_seconds(self.bpm, self.meter)
        sections = fitted(self.sections, (self.over(seconds) + min(0.0, self.start)) / bar)  # of what is new
        bars = accumulate((section.bars or 0 for section in sections[:-1]), initial=0)
        return tuple(max(0.0, count * bar - self.start) if count else 0.0 for count in bars)

    def over(self, seconds: float) -> float:
        """Until when a section of a piece of ``seconds`` may begin: a beat before its end, or its final chord."""
        ends = self.ends(seconds)
        return (seconds if ends is None else ends) - 60.0 / (self.bpm or MIN_BPM) + 1e-6

    def describe(self) -> str:
        """One line for people, such as ``90 bpm, 4/4, A minor, chords Am F C G, with drums``."""
        parts = [] if self.bpm is None else [f"{round(self.bpm, 1):g} bpm", str(self.meter)]
        parts += [str(self.key)] if self.key else []
        parts += [f"chords {' '.join(map(str, self.chords))}"] if self.chords else []
        alone = self.instruments == (KIT,)
        parts += [DRUMS_ALONE] if alone else [" + ".join(self.instruments)] if self.instruments else []
        parts += [] if self.drums is None or alone else ["with drums" if self.drums else "no drums"]
        parts += [f"in sections: {written(self.sections)}"] if self.sections else []
        parts += [] if self.ending is None else ["with an ending" if self.ending else "without an ending"]
        return ", ".join(parts) or "nothing beyond the text"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``from_dict`` reads them back."""
        return {
            "bpm": self.bpm,
            "meter": str(self.meter),
            "key": str(self.key) if self.key else None,
            "chords": " ".join(map(str, self.chords)) or None,
            "drums": self.drums,
            "start": self.start,
            "instruments": ", ".join(self.instruments) or None,
            "ending": self.ending,
            "sections": written(self.sections) or None,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        """The plan that ``to_dict`` wrote. Raises ``ValueError`` with a sentence for anything else."""
        if not isinstance(values, dict):
            raise ValueError("A plan is a table of bpm, meter, key, chords and drums.")
        key, chords, drums = values.get("key"), values.get("chords"), values.get("drums")
        instruments = values.get("instruments")
        ending, sections = values.get("ending"), values.get("sections")
        for name, value in (("drums", drums), ("ending", ending)):
            if value not in (True, False, None):
                raise ValueError(f"The plan's {name} must be true, false or empty.")
        bpm = values.get("bpm")
        players, drums = lineup(parse_instruments(str(instruments)[:400]) if instruments else (),
                                None if drums is None else bool(drums))  # fmt: skip
        return cls(
            bpm=None if bpm is None else check_bpm(bpm),
            meter=as_meter(values.get("meter", "4/4")),
            key=as_key(key) if key else None,
            chords=as_chords(chords) if chords else (),
            drums=drums,
            start=a_number(values.get("start", 0.0), "The plan's start"),
            instruments=players,
            ending=None if ending is None else bool(ending),
            sections=parse_sections(str(sections)) if sections else (),
        )


def turn_frame(turn: Turn, frame_rate: float) -> int:
    """The first frame of a turn."""
    return math.ceil(turn.start * frame_rate - 1e-6)


def check_bpm(bpm: Any) -> float:
    """``bpm`` as a float within 40 to 220. Raises ``ValueError``."""
    value = a_number(bpm, "The tempo")
    if not MIN_BPM <= value <= MAX_BPM:
        raise ValueError(f"A tempo of {value:g} bpm is out of range; ask for {MIN_BPM:g} to {MAX_BPM:g} bpm.")
    return value


def a_number(value: Any, what: str) -> float:
    """``value`` as a finite float. Raises ``ValueError`` that names ``what`` it is."""
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{what} is not a number: '{str(value)[:40]}'.")
    return number


def as_key(value: Any) -> Key:
    """A key, or the text of one. Raises ``ValueError``."""
    return value if isinstance(value, Key) else parse_key(str(value)[:40])


def as_meter(value: Any) -> Meter:
    """A metre, or the text of one. Raises ``ValueError``."""
    return value if isinstance(value, Meter) else parse_meter(str(value)[:40])


def as_chords(value: Any) -> tuple[Chord, ...]:
    """Chords, or the text of some. Raises ``ValueError``."""
    return value if isinstance(value, tuple) else parse_chords(str(value)[:400])
