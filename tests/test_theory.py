"""Keys, chords and metres: what people write is what is meant, and nonsense gets a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.theory import (
    CHORD_QUALITIES,
    METERS,
    PITCH_NAMES,
    Chord,
    Key,
    parse_chord,
    parse_chords,
    parse_key,
    parse_meter,
    parse_pitch_class,
)

pitch_classes = st.integers(0, 11)


@given(tonic=pitch_classes, mode=st.sampled_from(["major", "minor"]))
def test_a_key_reads_back_what_it_writes(tonic: int, mode: str) -> None:
    key = Key(tonic, mode)
    assert parse_key(str(key)) == key
    assert len(set(key.scale)) == 7 and key.scale[0] == tonic


@given(root=pitch_classes, bass=pitch_classes, quality=st.sampled_from(sorted(CHORD_QUALITIES)))
def test_a_chord_reads_back_what_it_writes(root: int, bass: int, quality: str) -> None:
    chord = Chord(root, quality, bass)
    assert parse_chord(str(chord)) == chord
    assert chord.pitch_classes[0] == root


@given(st.text(max_size=12))
def test_any_text_is_a_chord_or_a_sentence(text: str) -> None:
    try:
        parse_chord(text)
    except ValueError as error:
        assert str(error).endswith(".")


def test_the_relative_keys_share_their_notes() -> None:
    assert set(parse_key("C major").scale) == set(parse_key("A minor").scale) == {0, 2, 4, 5, 7, 9, 11}


@pytest.mark.parametrize(
    ("text", "key"),
    [("C", Key(0, "major")), ("f# minor", Key(6, "minor")), ("Bbm", Key(10, "minor")),
     ("E flat major", Key(3, "major")),
     ("c sharp min", Key(1, "minor")), ("Am", Key(9, "minor")), ("CM", Key(0, "major"))],
)
def test_spellings_of_a_key(text: str, key: Key) -> None:
    assert parse_key(text) == key


def test_chords_worked_by_hand() -> None:
    assert parse_chord("G7").pitch_classes == (7, 11, 2, 5)
    assert parse_chord("Bbmaj7").pitch_classes == (10, 2, 5, 9)
    assert parse_chord("C/E").bass == 4
    assert [str(chord) for chord in parse_chords("C, Am | F - G")] == ["C", "Am", "F", "G"]
    assert parse_chord("Cb").root == 11
    assert parse_chord("G7sus4").pitch_classes == (7, 0, 2), "the third is what is suspended"


@pytest.mark.parametrize("text", ["H", "Cfoo", "", "c am", "|", " ".join(["C"] * 17)])
def test_bad_chords_get_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"chord.*\.$"):
        parse_chords(text)


def test_meters() -> None:
    assert {name: (m.beats, m.pulses) for name, m in METERS.items()} == {"4/4": (4, 4), "3/4": (3, 4), "6/8": (2, 6)}
    with pytest.raises(ValueError, match="4/4, 3/4, 6/8"):
        parse_meter("7/8")


def test_note_names() -> None:
    assert [parse_pitch_class(name) for name in PITCH_NAMES] == list(range(12))
    with pytest.raises(ValueError, match="note name"):
        parse_pitch_class("X")
