"""The arranger: a seed and a book of tunes become a piece, as the composer's but on a melody that people have sung.

Chooses style, tempo and band as ``compose`` does, a tune that has the metre and mode, a key in which the lead can play
it, and the order of its strains. Does *not* know where tunes come from (``airs``), which chords carry them
(``harmony``), or how they sound. The same seed and the same book always give the same piece.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from musicgen.theory import Chord, Key, Meter, parse_chords
from musicgen.train import compose as composer
from musicgen.train.airs import Strain, Tune, TuneNote
from musicgen.train.compose import SECONDS, Layer, Piece
from musicgen.train.harmony import coloured, harmonise
from musicgen.train.players import Event, Sheet
from musicgen.train.rhythms import INSTRUMENTS, Instrument
from musicgen.train.styles import STYLES, Style, names

# Old tunes are at home in some styles and guests in others.
AT_HOME = {"folk": 2.2, "country": 1.7, "classical": 1.6, "waltz": 1.4, "lullaby": 1.2, "house": 0.7, "funk": 0.7}
NOTES_PER_SECOND = (0.7, 7.0)
OUTSIDE = 0.05  # share of a tune that may be played an octave off to fit the instrument
LOWEST_SECOND = 52  # MIDI pitch below which a second voice only muddies the harmony
ATTEMPTS = 200


@dataclass(frozen=True)
class _Passage:
    """The strains one after the other on the piece's own bars: melody and chords, still in the tune's key."""

    notes: tuple[TuneNote, ...]
    chords: tuple[Chord, ...]


def strain_order(rng: Random, count: int) -> list[int]:
    """One round of the tune from any strain on, each strain twice (AABB) or once (AB)."""
    first = 0 if rng.random() < 0.6 else rng.randrange(count)
    times = 2 if rng.random() < 0.5 else 1
    return [(first + turn) % count for turn in range(count) for _ in range(times)]


def lay_out(strains: Sequence[tuple[Strain, tuple[Chord, ...]]], size: int, bars: int, begin: int) -> _Passage:
    """Play ``strains`` round and round until ``bars`` are full; the tune enters at bar ``begin``, its upbeat before.

    An upbeat takes the room it needs from the note before. Bars before ``begin`` have the first strain's harmony.
    """
    notes: list[TuneNote] = []
    first = strains[0][1]
    chords = [first[bar % len(first)] for bar in range(begin)]
    turn = 0
    while len(chords) < bars:
        strain, harmony = strains[turn % len(strains)]
        start = len(chords) * size
        for index, note in enumerate(strain.notes):
            step = start + note.step
            if step < 0:
                continue
            while index == 0 and notes and notes[-1].step >= step:
                notes.pop()
            if index == 0 and notes:
                before = notes[-1]
                notes[-1] = TuneNote(before.step, min(before.length, step - before.step), before.pitch)
            notes.append(TuneNote(step, note.length, note.pitch))
        chords += harmony
        turn += 1
    return _Passage(tuple(note for note in notes if note.step < bars * size), tuple(chords[:bars]))


def place(rng: Random, tune: Tune, notes: Sequence[TuneNote], instrument: Instrument) -> tuple[int, float]:
    """A shift in semitones to a key drawn at random, the first in which the instrument has every note.

    Also the share of the melody that stays outside its range if there is no such key.
    """
    total = sum(note.length for note in notes)
    goal = instrument.low + 0.6 * (instrument.high - instrument.low)
    mean = sum(note.length * note.pitch for note in notes) / total
    best = (0, math.inf)
    for tonic in rng.sample(range(12), 12):
        near = round(goal - mean)
        shift = near + (tonic - tune.key.tonic - near + 6) % 12 - 6
        for candidate in (shift, shift - 12, shift + 12):
            outside = sum(n.length for n in notes if not instrument.low <= n.pitch + candidate <= instrument.high)
            if outside == 0:
                return candidate, 0.0
            if outside / total < best[1]:
                best = (candidate, outside / total)
    return best


def lead_events(notes: Sequence[TuneNote], shift: int, instrument: Instrument, meter: Meter) -> list[Event]:
    """The tune as the lead plays it: in its range, each phrase of four bars swelling and sinking."""
    size = meter.beats * meter.pulses
    events = []
    for note in notes:
        pitch = note.pitch + shift
        while pitch < instrument.low:
            pitch += 12
        while pitch > instrument.high:
            pitch -= 12
        swell = math.sin(math.pi * (note.step / (4 * size) % 1.0))
        accent = 0.6 if note.step % size == 0 else 0.3 if note.step % meter.pulses == 0 else 0.0
        events.append(Event(note.step, note.length, pitch, 1.6 + 0.6 * swell + accent))
    return events


def second_voice(lead: Sequence[Event], sheet: Sheet, scale: Sequence[int], instrument: Instrument) -> list[Event]:
    """A voice in thirds and sixths below the lead; on the beats it sings notes of the chord. Quick notes pass it by."""
    events = []
    for event in lead:
        on_beat = event.step % sheet.meter.pulses == 0
        if event.length < 1.5 and not on_beat:
            continue
        tones = sheet.chords[int(event.step // sheet.bar)].pitch_classes
        below = [event.pitch - interval for interval in (3, 4, 8, 9, 5, 12)]
        fitting = [pitch for pitch in below if pitch % 12 in (tones if on_beat else scale)]
        fitting = [pitch for pitch in fitting if max(instrument.low, LOWEST_SECOND) <= pitch <= instrument.high]
        if fitting:
            events.append(Event(event.step, event.length, fitting[0], event.level - 0.6))
    return events


def _seventh_share(style: Style, mode: str) -> tuple[float, bool]:
    """How many chords of the style have sevenths, and whether even its tonic's is a small one."""
    loops = [parse_chords(loop) for loop in (style.minor if mode == "minor" else style.major)]
    chords = [chord for loop in loops for chord in loop]
    blue = any(chord == parse_chords("C7")[0] for chord in chords) and mode == "major"
    return sum("7" in chord.quality for chord in chords) / len(chords), blue


def _choose(rng: Random, tunes: Sequence[Tune]) -> tuple[str, Meter, float, bool, Tune]:
    """Style, metre, tempo, whether it is on the grid, and a tune that moves at a natural pace at that tempo."""
    for _ in range(ATTEMPTS):
        weights = [style.weight * AT_HOME.get(name, 1.0) for name, style in STYLES.items()]
        style_name = rng.choices(list(STYLES), weights)[0]
        style = STYLES[style_name]
        meter = composer.choose_meter(rng, style)
        bpm, on_grid = composer.choose_bpm(rng, style, meter)
        mode = "minor" if rng.random() < style.minor_share else "major"
        fitting = [tune for tune in tunes if tune.meter == meter and tune.key.mode == mode]
        if not fitting:
            continue
        tune = rng.choice(fitting)
        notes = sum(len(strain.notes) for strain in tune.strains)
        steps = sum(strain.bars for strain in tune.strains) * meter.beats * meter.pulses
        if NOTES_PER_SECOND[0] <= notes / (steps * composer.sixteenth(bpm, meter)) <= NOTES_PER_SECOND[1]:
            return style_name, meter, bpm, on_grid, tune
    raise ValueError("None of the tunes goes with any style; read more of them.")


def _led_band(rng: Random, style: Style, meter: Meter) -> list[Layer]:
    """A band of the style that has a lead."""
    while True:
        layers = composer.band(rng, style, meter)
        if any(layer.job == "lead" for layer in layers):
            return layers


def _add_second(rng: Random, style: Style, layers: list[Layer]) -> list[Layer]:
    """One band in four has a second voice: another melody instrument, or the lead's own second string or hand."""
    lead = next(layer.instrument for layer in layers if layer.job == "lead")
    if not 2 <= len(layers) <= 5 or any(layer.job == "left" for layer in layers) or rng.random() >= 0.25:
        return layers
    free = [name for name in names(style.lead) if name not in {layer.instrument for layer in layers}]
    return [*layers, Layer("second", rng.choice(free) if free and rng.random() < 0.6 else lead)]


def arrange(seed: int, tunes: Sequence[Tune]) -> Piece:
    """Arrange one of ``tunes``, which and how being decided by ``seed``."""
    rng = Random(f"arrange {seed}")
    for _ in range(ATTEMPTS):
        style_name, meter, bpm, on_grid, tune = _choose(rng, tunes)
        style = STYLES[style_name]
        layers = _add_second(rng, style, _led_band(rng, style, meter))
        lead = INSTRUMENTS[next(layer.instrument for layer in layers if layer.job == "lead")]
        bars, size = composer.count_bars(bpm, meter), meter.beats * meter.pulses
        starts = composer.entries(rng, layers, bars, 4 if bars >= 12 else 2)
        share, blue = _seventh_share(style, tune.key.mode)
        harmonies = []
        for strain in tune.strains:
            triads = harmonise(rng, tune, strain)
            harmonies.append((strain, coloured(rng, tune, strain, triads, share, blue)))
        order = strain_order(rng, len(tune.strains))
        passage = lay_out([harmonies[index] for index in order], size, bars, starts.pop("lead", 0))
        shift, outside = place(rng, tune, passage.notes, lead)
        if outside <= OUTSIDE:
            break
    else:
        raise ValueError("None of the tunes fits the range of an instrument; read more of them.")
    key = Key((tune.key.tonic + shift) % 12, tune.key.mode)
    sheet = Sheet(key, meter, tuple(composer.transpose(chord, shift) for chord in passage.chords))
    melody = lead_events(passage.notes, shift, lead, meter)
    written = {"lead": melody}
    second = next((layer for layer in layers if layer.job == "second"), None)
    if second:
        scale = [(pitch + shift) % 12 for pitch in tune.scale]
        written["second"] = second_voice(melody, sheet, scale, INSTRUMENTS[second.instrument])
        if len(written["second"]) < len(melody) // 3:
            layers.remove(second)
    clock = composer.timing(rng, bpm, meter, style.swing, on_grid)
    parts = composer.perform(rng, style_name, sheet, layers, clock, starts, written)
    mood = composer.choose_mood(rng, style, key.mode)
    return Piece(seed, style_name, mood, bpm, meter, key, sheet.chords, parts, SECONDS, tune.title)
