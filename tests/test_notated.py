"""The notes of a take as MIDI, read back by a parser of our own; and the chunks that say that a file is a loop."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen import audio, riff
from musicgen.chroma import CHROMA_RATE
from musicgen.loop import cut_of, loop_of, marks_of
from musicgen.midi import TICKS, Note, midi_file
from musicgen.notated import midi_of
from musicgen.painting import Painting
from musicgen.plan import Plan
from musicgen.theory import METERS, Key, parse_chords, parse_key
from musicgen.ui.files import name_of_loop

RATE = 8_000


class Parsed:
    """A MIDI file, format 1: its meta events, and the notes of each track as (tick, ticks, pitch)."""

    def __init__(self, data: bytes) -> None:
        name, size, kind, count, self.ticks = struct.unpack_from(">4sIHHH", data)
        assert (name, size, kind) == (b"MThd", 6, 1)
        self.meta: dict[int, bytes] = {}
        self.tracks: dict[str, list[tuple[int, int, int]]] = {}
        at, found = 14, 0
        while at < len(data):
            name, size = struct.unpack_from(">4sI", data, at)
            assert name == b"MTrk"
            self._track(data[at + 8 : at + 8 + size])
            at, found = at + 8 + size, found + 1
        assert at == len(data) and found == count

    def _track(self, data: bytes) -> None:
        at = tick = 0
        name, notes, sounding, over = "", [], {}, False

        def number() -> int:
            nonlocal at
            value = 0
            while True:
                byte, at = data[at], at + 1
                value = value << 7 | byte & 0x7F
                if not byte & 0x80:
                    return value

        while at < len(data):
            tick += number()
            status, at = data[at], at + 1
            assert not over and status & 0x80, "every event says what it is"
            if status == 0xFF:
                kind, at = data[at], at + 1
                length = number()
                content, at = data[at : at + length], at + length
                over = kind == 0x2F
                if kind == 3:
                    name = content.decode()
                elif not over:
                    self.meta[kind] = content
                continue
            pitch, velocity, at = data[at], data[at + 1], at + 2
            assert pitch < 128 and velocity < 128 and status >> 4 in (8, 9)
            if status >> 4 == 9:
                assert velocity and pitch not in sounding, "no note is struck while it sounds"
                sounding[pitch] = tick
            else:
                begin = sounding.pop(pitch)
                notes.append((begin, tick - begin, pitch))
        assert over and not sounding
        if name:
            self.tracks[name] = sorted(notes)


# -- the format -------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(1, 3_000), st.integers(0, 127)), max_size=30),
       st.floats(20, 400), st.sampled_from(list(METERS.values())))  # fmt: skip
def test_notes_come_back_as_they_were_given(notes, tempo, meter):
    free, kept = {}, []
    for begin, length, pitch in sorted(notes):  # one after another on each pitch; some begin as the last one ends
        if begin >= free.get(pitch, 0):
            kept.append((begin, length, pitch))
            free[pitch] = begin + length
    given_notes = [Note(begin / TICKS, (begin + length) / TICKS, pitch) for begin, length, pitch in kept]
    back = Parsed(midi_file({"A": given_notes, "B": given_notes[:1]}, tempo, meter))
    assert back.ticks == TICKS and back.tracks == {"A": sorted(kept), "B": kept[:1]}
    assert int.from_bytes(back.meta[0x51], "big") == pytest.approx(60e6 / tempo, abs=1)


def test_a_small_file_byte_by_byte():
    data = midi_file({"A": [Note(0.0, 1.0, 60)]}, 120.0, METERS["6/8"], Key(9, "minor"))
    assert data == bytes.fromhex(
        "4d546864 00000006 0001 0002 01e0"
        "4d54726b 00000019 00ff5103 07a120 00ff5804 06032408 00ff5902 0001 00ff2f00"
        "4d54726b 00000012 00ff0301 41 00903c50 8360803c00 00ff2f00"
    )


@pytest.mark.parametrize(
    ("key", "sharps"),
    [("C major", 0), ("A minor", 0), ("G major", 1), ("E minor", 1), ("F major", -1), ("Eb major", -3), ("C minor", -3),
     ("B major", 5)],
)
def test_the_key_has_its_sharps_or_flats(key, sharps):
    told = Parsed(midi_file({"A": []}, 120.0, METERS["4/4"], parse_key(key))).meta[0x59]
    assert struct.unpack(">bB", told) == (sharps, "minor" in key)


# -- takes ------------------------------------------------------------------------------------------------------------


def recipe(seconds: float, **plan) -> dict:
    return {"plan": Plan(**plan).to_dict(), "duration": seconds}


@settings(max_examples=40)
@given(st.floats(50, 200), st.sampled_from(["4/4", "3/4", "6/8"]), st.floats(1, 20), st.floats(0, 3))
def test_chords_stand_on_the_bars_and_fill_the_take(bpm, meter, seconds, start):
    told = recipe(seconds, bpm=bpm, meter=METERS[meter], chords=parse_chords("Am F G7"), start=start)
    notes = Parsed(midi_of(told, seconds)).tracks["Chords"]
    quarter = 60 / bpm * METERS[meter].beats / METERS[meter].quarters
    bar = METERS[meter].quarters * TICKS
    whole = seconds / quarter * TICKS
    assert notes[0][0] == 0 and max(begin + length for begin, length, _ in notes) == pytest.approx(whole, abs=2)
    for begin, length, pitch in notes:
        into = (begin + start / quarter * TICKS + bar / 2) % bar - bar / 2
        assert begin == 0 or abs(into) <= 2, "struck on a bar line"
        assert length <= bar + 2 and (36 <= pitch < 48 or 55 <= pitch < 67)


def test_a_loop_of_two_chords_with_an_ending():
    told = recipe(8.5, bpm=120.0, meter=METERS["4/4"], key=parse_key("C major"), chords=parse_chords("Am G/B"),
                  ending=True)  # fmt: skip
    file = Parsed(midi_of(told, 8.5))
    bar = 4 * TICKS
    minor, slash, home = (45, 57, 60, 64), (47, 55, 59, 62), (36, 55, 60, 64)
    assert file.tracks == {"Chords": [
        *((0, bar, pitch) for pitch in minor), *((bar, bar, pitch) for pitch in slash),
        *((2 * bar, bar, pitch) for pitch in minor), *((3 * bar, 5 * TICKS, pitch) for pitch in home),
    ]}, "it rings out over the bar line"  # fmt: skip
    assert file.meta == {0x51: (500_000).to_bytes(3, "big"), 0x58: bytes((4, 2, 24, 8)), 0x59: bytes((0, 0))}


def test_the_melody_is_a_track_of_its_own_and_paint_lies_over_both():
    melody = np.zeros((24, 12), np.float32)
    melody[:8, 9] = 1.0  # A, then C, then nothing
    melody[8:16, 0] = 1.0
    told = recipe(3.0, bpm=60.0, chords=parse_chords("C"))
    line = Parsed(midi_of(told, 3.0, melody)).tracks["Melody"]
    second = TICKS
    turn, over = round(7.5 / CHROMA_RATE * second), round(15.5 / CHROMA_RATE * second)
    assert line == [(0, turn, 81), (turn, over - turn, 72)]
    painted = {**told, "painting": str(Painting(0.5, (-2, 4, 4, -1), (-1, -1, 0b10010001, 0)))}
    file = Parsed(midi_of(painted, 3.0, melody))
    assert file.tracks["Melody"][:2] == [(0, second // 2, 81), (second // 2, second, 76)], "a rest after it"
    assert file.tracks["Melody"][2:] == []
    assert [note for note in file.tracks["Chords"] if note[0] == 2 * second] == [
        (2 * second, second, pitch) for pitch in (36, 55, 60, 64)]
    assert max(begin + length for begin, length, _ in file.tracks["Chords"] if begin == 0) == 3 * second // 2
    alone = Parsed(midi_of({"plan": None, "painting": str(Painting(0.5, (4,)))}, 3.0)).tracks
    assert alone == {"Melody": [(0, TICKS, 76)]}, "at 120 bpm where no tempo is known"


def test_of_a_recording_that_is_gone_on_from_no_chords_are_known():
    told = recipe(4.0, bpm=120.0, chords=parse_chords("C F")) | {"continue_from": {"seconds": 2.0}}
    assert {begin for begin, *_ in Parsed(midi_of(told, 4.0)).tracks["Chords"]} == {4 * TICKS}


@pytest.mark.parametrize("lie", [None, "x", [1], {"seconds": "x"}, {"seconds": [1]}, math.nan, math.inf, 10**400])
@pytest.mark.parametrize("name", ["duration", "continue_from"])
def test_of_a_recipe_that_lies_what_is_true_is_written(name, lie):
    told = recipe(4.0, bpm=120.0, chords=parse_chords("C F"), key=parse_key("C"), ending=True)
    assert midi_of(told | {name: lie}, 4.0) == midi_of(told, 4.0)


@pytest.mark.parametrize("bare", [{}, {"plan": None}, {"plan": Plan(90.0).to_dict(), "duration": 3.0}])
def test_where_nothing_was_told_there_are_no_notes(bare):
    with pytest.raises(ValueError, match="neither chords nor a melody"):
        midi_of(bare, 3.0)


# -- loops ------------------------------------------------------------------------------------------------------------


def hum(seconds: float) -> audio.Audio:
    return audio.Audio(0.4 * np.sin(np.arange(round(seconds * RATE)) / 6)[None].astype(np.float32), RATE)


def saved(path: Path, told: dict, seconds: float) -> dict[bytes, bytes]:
    """The chunks of a take's loop in a file."""
    sound = hum(seconds)
    audio.write(path, loop_of(sound, told), told, marks_of(sound, told))
    data = path.read_bytes()
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    return {name: data[start : start + size] for name, start, size in riff.chunks(data)}


def test_a_loop_says_its_tempo_metre_length_and_key(tmp_path):
    told = recipe(6.5, bpm=80.0, key=parse_key("G major"), chords=parse_chords("G C"))
    chunks = saved(tmp_path / "a.wav", told, 6.5)
    # Flags (root is set, to be stretched), root G, unknown, 8 beats, 4/4, 80.0.
    assert chunks[b"acid"] == bytes.fromhex("06000000 4300 0080 00000000 08000000 0400 0400 0000a042")
    # 125,000 ns a sample, G, one loop: from 0 to the last of 6 s, for ever.
    assert chunks[b"smpl"] == bytes.fromhex(
        "00000000 00000000 48e80100 43000000 00000000 00000000 00000000 01000000 00000000"
        "00000000 00000000 00000000 7fbb0000 00000000 00000000"
    )
    assert audio.read_recipe(tmp_path / "a.wav") == told
    assert soundfile.info(tmp_path / "a.wav").frames == 48_000 == audio.read(tmp_path / "a.wav").samples.shape[1]


def test_in_six_eight_they_count_quarter_notes(tmp_path):
    told = recipe(4.5, bpm=60.0, meter=METERS["6/8"])
    acid = saved(tmp_path / "a.wav", told, 4.5)[b"acid"]
    assert struct.unpack("<IHHfIHHf", acid) == (4, 60, 0x8000, 0.0, 6, 8, 6, 90.0), "and no root where there is no key"


def test_libsndfile_reads_them_as_we_mean_them(tmp_path):
    told = recipe(6.5, bpm=80.0, meter=METERS["3/4"], key=parse_key("A minor"))
    saved(tmp_path / "a.wav", told, 6.5)
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        info = soundfile._ffi.new("char[44]")
        assert soundfile._snd.sf_command(file._file, 0x10E0, info, 44)  # SFC_GET_LOOP_INFO
        above, below, mode, beats, bpm, root = struct.unpack_from("<hhiifi", bytes(soundfile._ffi.buffer(info)))
    assert (above, below, beats, bpm, root) == (3, 4, cut_of(hum(6.5), told).bars * 3, 80.0, 69)
    assert mode == 801, "a loop, forward"


def test_only_a_wav_has_a_place_for_it(tmp_path):
    told = recipe(4.5, bpm=120.0)
    audio.write(tmp_path / "a.flac", loop_of(hum(4.5), told), told, marks_of(hum(4.5), told))
    assert audio.read_recipe(tmp_path / "a.flac") == told


@pytest.mark.parametrize(
    ("prompt", "plan", "name"),
    [
        ("lo-fi hip hop, mellow electric piano", {"key": parse_key("G major")}, "lo-fi-hip-hop-80bpm-Gmaj-2bars-7.wav"),
        ("Jazz", {"key": parse_key("F# minor"), "bpm": 92.54}, "jazz-92.5bpm-Fsharpmin-2bars-7.wav"),
        ("", {"bpm": 45.0}, "musicgen-45bpm-1bar-7.wav"),
        ("../../é", {}, "musicgen-80bpm-2bars-7.wav"),
    ],
)
def test_the_name_of_a_loop_says_what_one_looks_for(prompt, plan, name):
    told = recipe(6.5, **({"bpm": 80.0} | plan)) | {"prompt": prompt, "seed": 7}
    assert name_of_loop(told, cut_of(hum(6.5), told)) == name


def test_marks_are_those_of_the_loop():
    told = recipe(6.5, bpm=87.3, start=0.7)
    marks = marks_of(hum(6.5), told)
    assert marks.frames == loop_of(hum(6.5), told).samples.shape[1]
    assert marks.frames / RATE == pytest.approx(60 * marks.quarters / marks.tempo, abs=1 / RATE)
    assert replace(marks, root=None) == marks
