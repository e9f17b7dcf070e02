"""Pieces that end: all of it before the end, everybody at home together, and nothing after."""

from __future__ import annotations

import dataclasses

import pytest

from musicgen.aligned import RING, bar_seconds
from musicgen.theory import home_chord, parse_chords, parse_key
from musicgen.train.compose import Note, Part, compose
from musicgen.train.endings import CRASH, KICK, SHARE, concluded

PIECES = [(compose(seed), concluded(compose(seed))) for seed in range(80)]


def test_some_pieces_end_and_the_others_stay_as_they_were() -> None:
    ended = [piece for _, piece in PIECES if piece.ends is not None]
    assert 0.5 * SHARE < len(ended) / len(PIECES) < 1.5 * SHARE
    assert all(piece == before for before, piece in PIECES if piece.ends is None)
    assert concluded(PIECES[0][0]) == PIECES[0][1]


def test_an_end_is_a_downbeat_with_time_to_ring_and_nothing_after_it() -> None:
    for before, piece in PIECES:
        if (ends := piece.ends) is None:
            continue
        bars = ends / bar_seconds(piece.bpm, piece.meter)
        assert bars == pytest.approx(round(bars)) and ends <= piece.seconds - RING
        home = home_chord(piece.key, before.chords)
        assert piece.chords[round(bars) :] == (home,) * (len(piece.chords) - round(bars))
        assert piece.chords[: round(bars)] == before.chords[: round(bars)]
        final = [(part, note) for part in piece.parts for note in part.notes if note.start > ends - 0.02]
        assert final and all(note.start == ends for _, note in final)
        for part, note in final:
            if part.role == "drums":
                assert note.pitch in (KICK, CRASH)
            else:
                assert note.pitch % 12 in home.pitch_classes
            assert note.start + note.duration <= piece.seconds
        for part in piece.parts:
            earlier = [note for note in part.notes if note.start < ends]
            assert all(note.start + note.duration <= ends + 1e-6 for note in earlier)


def test_whoever_is_named_plays_and_who_came_in_too_late_is_left_out() -> None:
    for _, piece in PIECES:
        assert piece.parts and all(part.notes for part in piece.parts)
    before, ended = next((b, p) for b, p in PIECES if p.ends is not None)
    assert ended.ends is not None
    late = Part("flute", 73, "lead", (Note(ended.ends + 0.1, 1.0, 74, 88),))
    with_late = concluded(dataclasses.replace(before, parts=(*before.parts, late)))
    assert [part.instrument for part in with_late.parts] == [part.instrument for part in ended.parts]


def test_an_ending_worked_by_hand() -> None:
    before, piece = next((b, p) for b, p in PIECES if p.ends is not None and str(p.key).endswith("major"))
    lead = Part("flute", 73, "lead", (Note(piece.ends - 0.5, 3.0, 74, 88),))
    bare = dataclasses.replace(before, parts=(lead,))
    first, last = concluded(bare).parts[0].notes
    assert first.duration == pytest.approx(0.5)
    assert last.start == piece.ends and last.pitch % 12 == piece.key.tonic and abs(last.pitch - 74) <= 6
    assert last.velocity == 88


def test_home_is_the_tonic_chord_that_was_heard() -> None:
    assert str(home_chord(parse_key("A minor"), parse_chords("F G Am7 Am"))) == "Am7"
    assert str(home_chord(parse_key("C major"), parse_chords("C/E Cm F"))) == "C"
    assert str(home_chord(parse_key("D minor"), ())) == "Dm"
