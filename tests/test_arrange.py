"""Tunes are read, harmonised and arranged as promised: on tunes written here, so that no collection is needed."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from musicgen.theory import METERS, Key, parse_chord
from musicgen.train.airs import Strain, Tune, TuneNote, load_tunes, read_book, read_tune, split
from musicgen.train.arrange import arrange, lay_out, lead_events, second_voice, strain_order
from musicgen.train.captions import captions
from musicgen.train.compose import SECONDS, Piece, sixteenth
from musicgen.train.harmony import coloured, fit, harmonise
from musicgen.train.players import Sheet
from musicgen.train.rhythms import INSTRUMENTS


def abc(body: str, key: str = "C", metre: str = "4/4", unit: str = "1/4", title: str = "Tune") -> str:
    return f"X:1\nT:{title}\nM:{metre}\nL:{unit}\nK:{key}\n{body}\n"


TWINKLE = abc("CCGG|AAG2|FFEE|DDC2::GGFF|EED2|GGFF|EED2:|", title="Twinkle")
BOOK = [
    TWINKLE,
    abc("cdec|cdec|efg2|efg2|g/a/g/f/ ec|g/a/g/f/ ec|cGc2|cGc2|]", title="Brother James"),
    abc("E|A2Bc|dcB2|cBAG|A3E|A2Bc|dcBA|GEFG|A3:|", "Am", title="Grey Morning"),
    abc("G2A GFE|C2E G3|A2G FED|G3 E3|G2A GFE|C2E G2c|B2A GFD|C3 C3:|", "C", "6/8", "1/8", "Round the Green"),
    abc("A2B c2d|e2d c2A|G2A B2G|A3 E3|A2B c2d|e2d c2A|G2F E2D|A3 A3:|", "Am", "6/8", "1/8", "Over the Moor"),
    abc("d>ed|cAF|DFA|G2E|d>ed|cAF|EGC|F3:|", "F", "3/4", "1/4", "Old Augustine"),
    abc("A2B|c2d|e2c|B2E|A2B|c2A|B2G|A3:|", "Am", "3/4", "1/4", "The Mill Wheel"),
    abc("c/d/e/c/|g/f/e/d/|c/e/g/e/|dB|c/d/e/c/|g/f/e/d/|e/c/d/B/|c2:|", "C", "2/4", "1/4", "Quick Feet"),
]
TUNES = [read_tune(text) for text in BOOK]
PIECES = [arrange(seed, TUNES) for seed in range(5_000_000, 5_000_080)]


def lead_of(piece: Piece):
    return next(part for part in piece.parts if part.role == "lead")


def test_same_seed_same_piece() -> None:
    assert [arrange(piece.seed, TUNES) for piece in PIECES] == PIECES
    assert len({piece.parts for piece in PIECES}) == len(PIECES)


def test_pieces_have_the_form_of_composed_ones() -> None:
    for piece in PIECES:
        bar = sixteenth(piece.bpm, piece.meter) * piece.meter.beats * piece.meter.pulses
        assert len(piece.chords) == math.ceil(SECONDS / bar - 1e-6)
        assert piece.seconds == SECONDS and piece.tune in {tune.title for tune in TUNES}
        assert [part.role for part in piece.parts].count("lead") == 1
        for part in piece.parts:
            assert part.notes, (piece.seed, part.instrument)
            end: dict[int, float] = {}
            for note in part.notes:
                assert 0 <= note.start < note.start + note.duration <= SECONDS + 1e-6
                assert 21 <= note.pitch <= 108 and 1 <= note.velocity <= 127
                assert note.start >= end.get(note.pitch, 0.0) - 1e-6
                end[note.pitch] = note.start + note.duration
        assert len(captions(piece, 5, piece.seed)) == 5


def test_the_lead_plays_in_its_range_and_in_the_key() -> None:
    for piece in PIECES:
        part = lead_of(piece)
        details = INSTRUMENTS[part.instrument]
        assert all(details.low <= note.pitch <= details.high for note in part.notes)
        inside = sum(note.duration for note in part.notes if note.pitch % 12 in piece.key.scale)
        assert inside >= 0.9 * sum(note.duration for note in part.notes), piece.seed


def test_the_lead_plays_the_tune() -> None:
    moves = {tune.title: [strain for strain in tune.strains] for tune in TUNES}
    for piece in PIECES:
        pitches = [note.pitch for note in lead_of(piece).notes]
        played = [(b - a) % 12 for a, b in zip(pitches, pitches[1:], strict=False)]
        found = 0
        for strain in moves[piece.tune or ""]:
            tune = [note.pitch for note in strain.notes if note.step >= 0][:8]
            steps = [(b - a) % 12 for a, b in zip(tune, tune[1:], strict=False)]
            found += any(played[at : at + len(steps)] == steps for at in range(len(played)))
        assert found, piece.seed


def test_keys_metres_and_modes_vary() -> None:
    assert len({piece.key.tonic for piece in PIECES}) == 12
    assert {(piece.meter.name, piece.key.mode) for piece in PIECES} == {
        (metre, mode) for metre in METERS for mode in ("major", "minor")
    }
    assert 0.2 < np.mean([piece.has_drums for piece in PIECES]) < 0.7


def test_chords_carry_the_melody() -> None:
    shares = []
    for piece in PIECES:
        bar = sixteenth(piece.bpm, piece.meter) * piece.meter.beats * piece.meter.pulses
        held = total = 0.0
        for note in lead_of(piece).notes:
            chord = piece.chords[min(len(piece.chords) - 1, int((note.start + 0.02) / bar))]
            held += note.duration * (note.pitch % 12 in chord.pitch_classes)
            total += note.duration
        shares.append(held / total)
    assert np.mean(shares) > 0.65 and min(shares) > 0.4


def test_strains_begin_and_end_at_home_with_a_dominant_before() -> None:
    homes, dominants = [], []
    for tune in TUNES:
        for seed in range(10):
            chords = harmonise(Random(seed), tune, tune.strains[-1])
            assert len(chords) == tune.strains[-1].bars
            homes.append(chords[-1].root == tune.key.tonic)
            dominants.append((chords[-2].root - tune.key.tonic) % 12 in (7, 10))
    assert np.mean(homes) > 0.85 and np.mean(dominants) > 0.5


def test_sevenths_come_only_where_the_melody_leaves_room() -> None:
    tune = TUNES[0]
    triads = harmonise(Random(0), tune, tune.strains[0])
    assert coloured(Random(0), tune, tune.strains[0], triads, 0.0, False) == triads
    full = coloured(Random(0), tune, tune.strains[0], triads, 1.0, False)
    # The first bar, C C G G, has no room for the B of Cmaj7.
    assert str(full[0]) == "C" and any("7" in chord.quality for chord in full)
    assert [chord.root for chord in full] == [chord.root for chord in triads]


def test_a_chord_is_judged_by_what_it_holds_and_what_clashes() -> None:
    weights = [0.0] * 12
    weights[0] = weights[4] = 0.5
    scale = Key(0, "major").scale
    scores = {name: fit(weights, parse_chord(name), scale) for name in ("C", "Am", "F", "Em", "E", "Cm")}
    assert scores["C"] > scores["F"] and scores["Am"] > scores["F"]
    assert max(scores["E"], scores["Cm"]) < scores["F"]


def test_held_out_tunes_and_their_versions_are_not_in_training() -> None:
    titled = [read_tune(abc("CDEF|GABc|cBAG|FEDC|", title="x" * n)) for n in range(1, 400)]
    assert 0.005 < np.mean([tune.held_out for tune in titled]) < 0.08
    kept_out = next(tune.title for tune in titled if tune.held_out)
    trained = [tune for tune in TUNES if not tune.held_out]
    assert split(trained) == (tuple(trained), ())
    # The same tune in another key under another title is in neither set.
    version = Tune(kept_out, TUNES[1].key, TUNES[1].scale, TUNES[1].meter, TUNES[1].strains)
    higher = Strain(tuple(TuneNote(n.step, n.length, n.pitch + 2) for n in trained[1].strains[0].notes), 8)
    other = Tune("Another title", Key(2, "major"), TUNES[1].scale, TUNES[1].meter, (higher,))
    training, held = split([*trained, version, other])
    assert held == (version,)
    assert training == tuple(tune for tune in trained if tune.title != "Brother James")
    assert len(training) == len(trained) - 1


def test_the_kind_of_dance_and_an_article_do_not_move_a_title_across() -> None:
    for name in ("Old Mill", "Green Hill", "Red Fox", "xxxx", "xx"):
        titles = (name, f"The {name}", f"{name} -- Reel", f"{name} jig".upper())
        assert len({read_tune(abc("CDEF|GABc|cBAG|FEDC|", title=title)).held_out for title in titles}) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("X:1\nT:No key\nM:4/4\nCDEF|", "title"),
        (abc("CDEFG|CDEFG|CDEFG|CDEFG|", metre="5/4"), "metre"),
        (abc("CDEF|GABc|cBAG|FEDC|", key="Hp"), "key"),
        (abc("CDEF|GABc|cBAG|FEDC|", key="Q"), "key"),
        (abc("CDEF|GABc|cBAG|FEDC|", unit="nothing"), "unit"),
        (abc("CDEF|GAB|cBAG|FEDC|"), "whole bars"),
        (abc("CD|"), "whole bars"),
        (abc(""), "whole bars"),
        (abc("C,,,DEF|GABc|cBAG|c''EDC|"), "semitones"),
        (abc("CDEF|GABc|\nM:3/4\ncBA|GFE|"), "metre changes"),
        (abc("CDEF&EFGA|GABc|cBAG|FEDC|"), "voices"),
        (abc("CDEF/0|GABc|cBAG|FEDC|"), "length"),
        ("", "needs"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_tune(text)


def test_damaged_text_never_does_worse_than_be_refused() -> None:
    rng = Random(0)
    for text in BOOK:
        for _ in range(60):
            at = rng.randrange(len(text))
            damaged = text[:at] + rng.choice('[]|:(){}"!<>-/9^=_~%K\x00') + text[at + rng.randrange(4) :]
            try:
                read_tune(damaged)
            except ValueError:
                pass
    assert len(list(read_book("junk\n" + "\n".join([BOOK[0], "X:2\nT:broken", BOOK[2]])))) == 2


def test_folders_are_read_and_empty_ones_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="no .abc files"):
        load_tunes([tmp_path])
    (tmp_path / "b.abc").write_text("\n\n".join(BOOK[:3]))
    (tmp_path / "a.abc").write_bytes(BOOK[3].encode() + b"\n\xff\xfe\n" + BOOK[0].encode())
    assert [tune.title for tune in load_tunes([tmp_path])] == [TUNES[i].title for i in (3, 0, 1, 2)]


def test_no_usable_tune_is_said_so() -> None:
    with pytest.raises(ValueError, match="tunes"):
        arrange(0, [])


def notes_of(body: str, **how: str) -> list[tuple[float, float, int]]:
    return [(n.step, n.length, n.pitch) for n in read_tune(abc(body, **how)).strains[0].notes]


def test_lengths_accidentals_and_ornaments_by_hand() -> None:
    rest = "|C4|C4|C4|"
    assert notes_of("C>D E<F" + rest)[:4] == [(0, 6, 60), (6, 2, 62), (8, 2, 64), (10, 6, 65)]
    thirds = notes_of("(3C/D/E/ F2 G" + rest)[:5]
    assert thirds[1] == pytest.approx((4 / 3, 4 / 3, 62)) and thirds[3:] == [(4, 8, 65), (12, 4, 67)]
    # An accidental holds to the end of its bar and for its octave only; the signature for all.
    assert [p for *_, p in notes_of("^FF=Ff|F" + "C3|C4|C4|", key="G")[:5]] == [66, 66, 65, 78, 66]
    assert notes_of('"Am"{cd}vC !f!~D [EGc] z' + rest)[:3] == [(0, 4, 60), (4, 4, 62), (8, 4, 72)]
    assert notes_of("C2D2-|D2C2|C4|C4|")[:3] == [(0, 8, 60), (8, 16, 62), (24, 8, 60)]
    assert notes_of("C3/2D/E2 % remark" + "\n|C4|C4|C4|")[:3] == [(0, 6, 60), (6, 2, 62), (8, 8, 64)]


def test_repeats_endings_and_upbeats_by_hand() -> None:
    tune = read_tune(abc("G|C4|D4|E4|1 F3:|2 A3||B|c4|d4|e4|c3|]"))
    assert [strain.bars for strain in tune.strains] == [4, 4]
    assert [n.pitch for n in tune.strains[0].notes] == [67, 60, 62, 64, 69]
    assert tune.strains[0].notes[0].step == -4 and tune.strains[1].notes[0].step == -4
    # Two bars of 2/4 are one of ours; quick ones are stretched instead.
    assert read_tune(abc("CD|EF|GA|Bc|CD|EF|GA|Bc|", metre="2/4")).strains[0].bars == 4
    quick = read_tune(BOOK[7])
    assert quick.strains[0].bars == 4 and quick.meter.name == "4/4"
    sixteenths = read_tune(abc("CDECCDEC|GFEDGFED|CEGECEGE|cccccccc|", metre="2/4", unit="1/16"))
    assert sixteenths.strains[0].bars == 4 and sixteenths.strains[0].notes[1].step == 2


def test_modes_find_their_key_by_hand() -> None:
    body = "{0}2|{0}4|{0}4|{0}4|{0}4|"
    assert read_tune(abc(body.format("D"), "Ddor")).key == Key(2, "minor")
    assert read_tune(abc(body.format("D"), "D Mixolydian")).key == Key(2, "major")
    assert read_tune(abc(body.format("D"), "D Mixolydian")).scale == (2, 4, 6, 7, 9, 11, 0)
    # Written with the signature of G major, but at rest on E.
    assert read_tune(abc("E2B2|E2G2|B2E2|E4|", "G")).key == Key(4, "minor")
    assert read_tune(TWINKLE).key == Key(0, "major")


def test_a_tune_worked_by_hand() -> None:
    tune = read_tune(TWINKLE)
    first, second = tune.strains
    assert (first.bars, second.bars) == (4, 4)
    assert [n.pitch for n in first.notes] == [60, 60, 67, 67, 69, 69, 67, 65, 65, 64, 64, 62, 62, 60]
    assert first.notes[6] == TuneNote(24.0, 8.0, 67)
    chords = harmonise(Random(1), tune, first)
    assert chords[0] == parse_chord("C") and chords[-1] in (parse_chord("C"), parse_chord("G"))
    # Ten bars: the strain, the strain again and half of it once more; the tune enters with bar 2.
    passage = lay_out([(first, chords)], 16, 10, 2)
    assert passage.chords == (*chords[:2], *chords, *chords)
    assert passage.notes[0] == TuneNote(32.0, 4.0, 60) and len(passage.notes) == 28
    sheet = Sheet(tune.key, tune.meter, passage.chords)
    lead = lead_events(passage.notes, 12, INSTRUMENTS["violin"], tune.meter)
    assert [event.pitch for event in lead[:3]] == [72, 72, 79]
    below = second_voice(lead, sheet, tune.scale, INSTRUMENTS["piano"])
    high = {event.step: event.pitch for event in lead}
    assert below and all(3 <= high[event.step] - event.pitch <= 12 for event in below)
    assert all(event.pitch % 12 in sheet.chords[int(event.step // 16)].pitch_classes for event in below)


def test_an_upbeat_takes_its_room_from_the_note_before() -> None:
    strain = Strain((TuneNote(-4.0, 4.0, 67), TuneNote(0.0, 16.0, 60)), 1)
    passage = lay_out([(strain, (parse_chord("C"),))], 16, 2, 0)
    assert passage.notes == (TuneNote(0.0, 12.0, 60), TuneNote(12.0, 4.0, 67), TuneNote(16.0, 16.0, 60))


def test_strains_are_played_in_turn() -> None:
    for seed in range(20):
        order = strain_order(Random(seed), 3)
        assert sorted(set(order)) == [0, 1, 2] and len(order) in (3, 6)
        assert [order.count(index) for index in range(3)] == [len(order) // 3] * 3


def test_shards_take_tunes_by_their_seed(tmp_path) -> None:
    from musicgen.train import data
    from musicgen.train.compose import compose

    alphabet = [abc("CDEF|GABc|cBAG|FED" + letter, title=letter * n) for letter in "Cc" for n in range(1, 60)]
    (tmp_path / "all.abc").write_text("\n".join(BOOK + alphabet))
    training, held = data.books((tmp_path,))
    assert training and held
    assert data.make_piece(3, (tmp_path,)) == compose(3)
    assert data.make_piece(data.HELD_OUT, (tmp_path,)) == compose(data.HELD_OUT)
    assert data.make_piece(data.ARRANGED, (tmp_path,)).tune in {tune.title for tune in training}
    assert data.make_piece(data.ARRANGED_HELD_OUT, (tmp_path,)).tune in {tune.title for tune in held}
