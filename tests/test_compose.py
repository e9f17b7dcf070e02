"""The composer, its captions and its renderer keep their promises over a few dozen seeds."""

from __future__ import annotations

import importlib.util
import math
import os
import re
from pathlib import Path

import numpy as np
import pytest

from musicgen.theory import PITCH_NAMES
from musicgen.train.captions import captions, tempo_words
from musicgen.train.compose import LEVELS, SECONDS, Piece, compose, sixteenth
from musicgen.train.words import INSTRUMENT_WORDS

SEEDS = range(60)
PIECES = [compose(seed) for seed in SEEDS]
FONT = Path(os.environ.get("MUSICGEN_SOUNDFONT", "/usr/share/sounds/sf2/FluidR3_GM.sf2"))
needs_font = pytest.mark.skipif(
    importlib.util.find_spec("tinysoundfont") is None or not FONT.exists(),
    reason="rendering needs the tinysoundfont package and a General MIDI SoundFont (set MUSICGEN_SOUNDFONT)",
)


def bar_at(piece: Piece, seconds: float) -> int:
    """Index of the bar that sounds at ``seconds`` (an onset may come 10 ms early)."""
    bar = sixteenth(piece.bpm, piece.meter) * piece.meter.beats * piece.meter.pulses
    return min(len(piece.chords) - 1, int((seconds + 0.02) / bar))


def test_same_seed_same_piece() -> None:
    assert [compose(seed) for seed in SEEDS] == PIECES
    assert len({piece.parts for piece in PIECES}) == len(PIECES)


def test_notes_stay_inside_the_piece_and_the_midi_range() -> None:
    for piece in PIECES:
        assert piece.parts and all(part.notes for part in piece.parts), piece.seed
        for note in (note for part in piece.parts for note in part.notes):
            assert 0 <= note.start < note.start + note.duration <= SECONDS + 1e-6
            assert 21 <= note.pitch <= 108 and note.velocity in LEVELS


def test_a_pitch_is_released_before_it_is_struck_again() -> None:
    for part in (part for piece in PIECES for part in piece.parts):
        end: dict[int, float] = {}
        for note in part.notes:
            assert note.start >= end.get(note.pitch, 0.0) - 1e-6
            end[note.pitch] = note.start + note.duration


def test_melodies_stay_in_key() -> None:
    shares = []
    for piece in PIECES:
        notes = [note for part in piece.parts if part.role == "lead" for note in part.notes]
        total = sum(note.duration for note in notes)
        if not total:
            continue
        inside = sum(note.duration for note in notes if note.pitch % 12 in piece.key.scale)
        # Dominants of minor keys and blue sevenths leave the key, together with their chord.
        fitting = sum(
            note.duration
            for note in notes
            if note.pitch % 12 in piece.key.scale
            or note.pitch % 12 in piece.chords[bar_at(piece, note.start)].pitch_classes
        )
        assert fitting / total >= 0.95, piece.seed
        shares.append(inside / total)
    assert np.mean(shares) >= 0.95 and np.mean(np.array(shares) >= 0.85) >= 0.85


def test_bass_plays_the_chord_on_strong_beats() -> None:
    for piece in PIECES:
        unit = sixteenth(piece.bpm, piece.meter)
        bar = piece.meter.beats * piece.meter.pulses
        for part in (part for part in piece.parts if part.role == "bass"):
            for note in part.notes:
                step = note.start / unit % bar
                if min(step, bar - step) * unit < 0.0201:
                    assert note.pitch % 12 in piece.chords[bar_at(piece, note.start)].pitch_classes, piece.seed


def test_drums_are_only_in_drum_parts() -> None:
    for piece in PIECES:
        for part in piece.parts:
            assert (part.role == "drums") == ("drum" in part.instrument)
        assert piece.has_drums == any("drum" in part.instrument for part in piece.parts)


def test_metre_tempo_and_chords_agree() -> None:
    for piece in PIECES:
        bar = sixteenth(piece.bpm, piece.meter) * piece.meter.beats * piece.meter.pulses
        assert len(piece.chords) == math.ceil(SECONDS / bar - 1e-6)
        assert 47 <= piece.bpm <= 185


def test_habits_of_the_whole_collection() -> None:
    pieces = [compose(seed) for seed in range(600)]
    metres = [piece.meter.name for piece in pieces]
    assert 0.6 < metres.count("4/4") / 600 < 0.85 and min(metres.count("3/4"), metres.count("6/8")) > 40
    assert 0.45 < sum(piece.has_drums for piece in pieces) / 600 < 0.65
    assert len({str(piece.key) for piece in pieces}) == 24 and len({piece.style for piece in pieces}) >= 14
    on_grid = [abs(sixteenth(piece.bpm, piece.meter) / 0.02 % 1 - 0.5) > 0.4999 for piece in pieces]
    assert 0.4 < np.mean(on_grid) < 0.65
    solos = [len({part.instrument for part in piece.parts}) == 1 for piece in pieces]
    assert 0.12 < np.mean(solos) < 0.3


def named_instruments(text: str) -> set[str]:
    """The wordings of instruments found in ``text``, longest first, each stretch of text counted once."""
    found = set()
    text = re.sub(r"(no|without) (drums|percussion)|drumless|synth music", "", text.lower())  # the last is a genre
    for wording in sorted({w.lower() for words in INSTRUMENT_WORDS.values() for w in words}, key=len, reverse=True):
        text, count = re.subn(rf"\b{re.escape(wording)}\b", "#", text)
        if count:
            found.add(wording)
    return found


def test_captions_say_nothing_false_and_name_the_players() -> None:
    naming = total = 0
    for piece in PIECES:
        true_words = {w.lower() for part in piece.parts for w in INSTRUMENT_WORDS[part.instrument]}
        for text in captions(piece, 12, seed=1):
            total += 1
            named = named_instruments(text)
            naming += bool(named)
            assert named <= true_words, (piece.seed, text, named - true_words)
            for tonic, mode in re.findall(r"\b([A-G][#b]?) (major|minor)\b", text):
                assert (tonic, mode) == (PITCH_NAMES[piece.key.tonic], piece.key.mode), text
            for number in re.findall(r"(\d+) (?:bpm|BPM|beats per minute)", text):
                assert int(number) == round(piece.bpm), text
            for metre in re.findall(r"\b[346]/[48]\b", text):
                assert metre == piece.meter.name, text
            if re.search(r"(no|without) (drums|percussion)|drumless", text):
                assert not piece.has_drums, text
            if re.search(r"\b(solo|alone|unaccompanied)\b", text, re.I):
                assert len({part.instrument for part in piece.parts}) == 1, text
            for word in ("slow", "fast", "mid-tempo", "up-tempo"):
                if re.search(rf"(?<!moderately )\b{word}\b", text, re.I):
                    assert word in tempo_words(piece), text
    assert naming / total >= 0.75


def test_captions_vary_and_repeat_with_their_seed() -> None:
    piece = PIECES[0]
    assert captions(piece, 20, 3) == captions(piece, 20, 3)
    assert len(set(captions(piece, 20, 3))) == 20
    assert captions(piece, 5, 3) != captions(piece, 5, 4)


@needs_font
def test_rendering_levels_stems_and_repeatability() -> None:
    from musicgen.train.render import RATE, Renderer

    renderer = Renderer(FONT)
    chosen = [PIECES[1], PIECES[5], PIECES[7], PIECES[10]]
    first = [renderer.render(piece) for piece in chosen]
    for piece, (mix, tonal) in zip(chosen, first, strict=True):
        assert mix.shape == tonal.shape == (round(SECONDS * RATE),) and mix.dtype == np.float32
        assert 0.69 <= np.abs(mix).max() <= 0.91 and np.isfinite(mix).all()
        seconds = np.sqrt(np.mean(mix.reshape(-1, RATE) ** 2, axis=1))
        assert seconds.min() > 10 ** (-45 / 20), piece.seed
        assert np.any(mix != tonal) == any(part.role in ("bass", "drums") for part in piece.parts)
    again, _ = renderer.render(chosen[0])
    # What was played in between may leave no more than an inaudible trace.
    assert np.abs(again - first[0][0]).max() < 1e-3


@needs_font
def test_notes_start_on_their_sample() -> None:
    from musicgen.train.compose import Note, Part
    from musicgen.train.render import RATE, Renderer

    starts = (0.1, 0.7333, 1.4177)
    notes = tuple(Note(start, 0.1, 37, 108) for start in starts)
    audio = Renderer(FONT)._play([Part("drum kit", 0, "drums", notes)], 2 * RATE)
    for start in starts:
        at = round(start * RATE)
        assert np.abs(audio[at - 320 : at]).max() < 0.05 * np.abs(audio[at : at + 640]).max()
