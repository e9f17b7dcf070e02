"""The notes that a take was told, for other programs: its chords and its melody, as the plan and the paint say.

What was told, not what is heard: nothing here listens. Knows nothing of models or of files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from musicgen.aligned import bar_seconds
from musicgen.chroma import CHROMA_RATE, strongest
from musicgen.midi import Note, midi_file
from musicgen.painting import REST, UNTOUCHED, Painting, notes_of, parse, root_of
from musicgen.plan import Plan
from musicgen.request import plan_of
from musicgen.theory import METERS, home_chord

BASS, CHORD, MELODY = 36, 55, 72  # lowest pitch of each: C below the bass staff, G below middle C, C above it
TEMPO = 120.0  # of a file for which no tempo is known: what MIDI itself takes for granted
NOTHING = "There are no notes to write: this take was told neither chords nor a melody."

Sounding = tuple[frozenset[int], int]  # pitch classes of a chord, and the one in the bass
Span = tuple[float, float, Any]  # from, until (seconds), and what sounds then


def midi_of(recipe: Mapping[str, Any], seconds: float, melody: np.ndarray | None = None) -> bytes:
    """A take of ``seconds`` as a MIDI file that begins with it: block chords, and the melody [M, 12] it was told.

    Raises ``ValueError`` where it was told neither.
    """
    plan = plan_of(recipe) or Plan(None)
    painting = parse(recipe["painting"]) if recipe.get("painting") else None
    meter = plan.meter if plan.bpm else METERS["4/4"]
    tempo = meter.tempo(plan.bpm) if plan.bpm else TEMPO
    tracks = {"Chords": _block_chords(chords_of(plan, painting, recipe, seconds), tempo / 60),
              "Melody": _line(melody_of(melody, painting, seconds), tempo / 60)}  # fmt: skip
    if not any(tracks.values()):
        raise ValueError(NOTHING)
    return midi_file({name: notes for name, notes in tracks.items() if notes}, tempo, meter, plan.key)


def chords_of(plan: Plan, painting: Painting | None, recipe: Mapping[str, Any], seconds: float) -> list[Span]:
    """Every chord of a take with its time, struck anew at each bar; where none is told there is none."""
    begun = recipe.get("continue_from")  # it has chords of its own, which nobody told us
    given = _seconds(begun.get("seconds"), 0.0) if isinstance(begun, Mapping) else 0.0
    ends = plan.ends(_seconds(recipe.get("duration"), seconds)) if plan.key and plan.chords else None
    bar = bar_seconds(plan.bpm, plan.meter) if plan.bpm else 0.0
    last = min(seconds, math.inf if ends is None else ends)
    bars = np.arange(-plan.start % bar, last - 1e-6, bar) if bar else np.zeros(0)
    struck = {round(float(line), 6) for line in bars} | ({round(last, 6)} if last < seconds else set())
    cells = painting.chords if painting is not None and painting.harmonises else ()
    step = painting.step if painting is not None else 1.0

    def sounding(time: float) -> Sounding | None:
        chord = None
        if plan.chords and ends is not None and time >= ends:
            assert plan.key is not None
            chord = home_chord(plan.key, plan.chords)
        elif plan.chords and time >= given:
            chord = plan.chords[math.floor((time + plan.start) / bar) % len(plan.chords)]
        cell = cells[int(time / step)] if time < step * len(cells) else UNTOUCHED
        if cell == UNTOUCHED:
            return None if chord is None else (frozenset(chord.pitch_classes), chord.bass)
        notes = notes_of(cell)
        if not notes:
            return None
        return frozenset(notes), chord.bass if chord is not None and chord.bass in notes else root_of(notes)

    edges = {*struck, given, *(step * i for i in range(len(cells) + 1))}
    return _spans(edges, seconds, sounding, struck)


def _seconds(told: Any, otherwise: float) -> float:
    """What a recipe says as a number; it may be of another version, or somebody else's."""
    try:
        return float(told) if math.isfinite(told) else otherwise
    except (TypeError, OverflowError):
        return otherwise


def melody_of(melody: np.ndarray | None, painting: Painting | None, seconds: float) -> list[Span]:
    """Every note of the melody with its time: those told [M, 12], and exactly in their place those painted."""
    heard = np.full(0, REST) if melody is None else strongest(melody)
    edges = {(i + 0.5) / CHROMA_RATE for i in range(len(heard))}  # a frame of the chromagram lies around its time
    sung = painting if painting is not None and painting.sings else None
    if sung is not None:
        edges |= {sung.step * i for i in range(len(sung.melody) + 1)}

    def sounding(time: float) -> int | None:
        index = round(time * CHROMA_RATE)
        before = heard[index] if index < len(heard) else REST
        note = before if sung is None else int(sung.sung(np.array([time]), np.array([before]))[0])
        return None if note == REST else int(note)

    return _spans(edges, seconds, sounding, set())


def _spans(edges: set[float], seconds: float, sounding: Any, struck: set[float]) -> list[Span]:
    """What sounds between the ``edges``; what goes on is one span, unless it is struck anew."""
    times = sorted({0.0, seconds, *(round(edge, 6) for edge in edges if 0 < edge < seconds - 1e-5)})
    spans: list[Span] = []
    for begin, end in zip(times, times[1:], strict=False):
        what = sounding((begin + end) / 2)
        if what is None:
            continue
        if spans and spans[-1][1] == begin and spans[-1][2] == what and begin not in struck:
            spans[-1] = (spans[-1][0], end, what)
        else:
            spans.append((begin, end, what))
    return spans


def _block_chords(spans: Sequence[Span], a_second: float) -> list[Note]:
    """Close position around middle C, the bass below; ``a_second`` quarter notes."""
    return [
        Note(begin * a_second, end * a_second, pitch)
        for begin, end, (classes, bass) in spans
        for pitch in (BASS + bass, *sorted(CHORD + (one - CHORD) % 12 for one in classes))
    ]


def _line(spans: Sequence[Span], a_second: float) -> list[Note]:
    return [Note(begin * a_second, end * a_second, MELODY + one) for begin, end, one in spans]
