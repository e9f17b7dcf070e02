"""The players: each turns a chord loop into the events of one role (comping, arpeggio, bass, drums, melody).

Works in sixteenth notes and MIDI pitches. Does *not* know about seconds, instruments' sounds, styles or audio.
All chance comes from the ``random.Random`` handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from musicgen.theory import Chord, Key, Meter
from musicgen.train.rhythms import CADENCE, DRUM_KEYS, MELODY


@dataclass(frozen=True)
class Event:
    """A note in sixteenths from the start of the piece; ``level`` 0..3 is its loudness step.

    Triplets fall between the sixteenths, and a phrase swells between the steps of loudness.
    """

    step: float
    length: float
    pitch: int
    level: float


@dataclass(frozen=True)
class Sheet:
    """What every player reads: key, metre and one chord per bar."""

    key: Key
    meter: Meter
    chords: tuple[Chord, ...]

    @property
    def bar(self) -> int:
        """Sixteenths in a bar."""
        return self.meter.beats * self.meter.pulses

    @property
    def strong(self) -> tuple[int, ...]:
        """The sixteenths of a bar that carry the harmony: the downbeat and the middle of even bars."""
        return (0,) if self.meter.beats == 3 else (0, self.bar // 2)


def hits(pattern: str) -> list[tuple[int, int, str]]:
    """Onsets of a rhythm string as (step, length in steps, character)."""
    found = []
    for step, mark in enumerate(pattern):
        if mark in "-.":
            continue
        length = 1
        while step + length < len(pattern) and pattern[step + length] == "-":
            length += 1
        found.append((step, length, mark))
    return found


def chord_scale(key: Key, chord: Chord, pentatonic: bool = False) -> tuple[int, ...]:
    """Pitch classes to improvise with over a chord: the key, bent where the chord leaves it."""
    scale = list(key.scale)
    if pentatonic:
        left_out = (3, 6) if key.mode == "major" else (1, 5)
        scale = [tone for index, tone in enumerate(scale) if index not in left_out]
    for tone in chord.pitch_classes:
        if tone in key.scale:
            continue
        # A foreign third is a raised neighbour (E7 in A minor), a foreign seventh a lowered one (C7 in C).
        raised = (tone - chord.root) % 12 in (4, 8, 11)
        for neighbour in ((tone - 1) % 12, (tone + 1) % 12) if raised else ((tone + 1) % 12, (tone - 1) % 12):
            if neighbour in scale and neighbour not in chord.pitch_classes:
                scale[scale.index(neighbour)] = tone
                break
    return tuple(scale)


def voicings(chords: Sequence[Chord], centre: int, voices: int) -> list[tuple[int, ...]]:
    """Close voicings around ``centre`` that move as little as possible from one chord to the next."""
    result: list[tuple[int, ...]] = []
    for chord in chords:
        tones = list(chord.pitch_classes)
        if len(tones) > voices:
            # The fifth says least about a chord.
            tones = [tone for tone in tones if (tone - chord.root) % 12 != 7][:voices]
        candidates = []
        for turn in range(len(tones)):
            order = tones[turn:] + tones[:turn]
            for octave in range(2, 8):
                pitches = [12 * octave + order[0]]
                for tone in order[1:]:
                    pitches.append(pitches[-1] + ((tone - pitches[-1]) % 12 or 12))
                candidates.append(tuple(pitches))

        def cost(pitches: tuple[int, ...]) -> float:
            away = abs(sum(pitches) / len(pitches) - centre)
            if not result or len(result[-1]) != len(pitches):
                return away
            moves = sum(abs(a - b) for a, b in zip(pitches, result[-1], strict=True))
            return moves + 0.6 * away + 3 * max(0.0, away - 5)

        result.append(min(candidates, key=lambda pitches: (cost(pitches), pitches)))
    return result


def comp(sheet: Sheet, patterns: Sequence[str], centre: int, voices: int, level: int, low_root: bool) -> list[Event]:
    """Chords struck in rhythm; ``patterns`` alternate bar by bar. ``low_root`` adds the root below (guitars)."""
    events = []
    for bar, pitches in enumerate(voicings(sheet.chords, centre, voices)):
        if low_root:
            lowest = pitches[0] - 12
            pitches = (lowest + (sheet.chords[bar].root - lowest) % 12, *pitches)
            pitches = tuple(dict.fromkeys(pitches))
        for step, length, mark in hits(patterns[bar % len(patterns)]):
            loud = level + (mark == "X")
            events += [Event(bar * sheet.bar + step, length, pitch, loud) for pitch in pitches]
    return events


def power(sheet: Sheet, patterns: Sequence[str], level: int) -> list[Event]:
    """Root, fifth and octave in the low register, for distorted guitars."""
    events = []
    for bar, chord in enumerate(sheet.chords):
        root = 40 + (chord.root - 40) % 12
        for step, length, mark in hits(patterns[bar % len(patterns)]):
            for pitch in (root, root + 7, root + 12):
                events.append(Event(bar * sheet.bar + step, length, pitch, level + (mark == "X")))
    return events


def arpeggio(sheet: Sheet, pattern: str, centre: int, level: int, ring: bool) -> list[Event]:
    """A broken chord; ``ring`` lets every note sound to the end of its bar, as with a pedal."""
    events = []
    for bar, pitches in enumerate(voicings(sheet.chords, centre, 3)):
        for step, length, mark in hits(pattern):
            index = int(mark)
            pitch = pitches[index % len(pitches)] + 12 * (index // len(pitches))
            long = sheet.bar - step if ring else length
            events.append(Event(bar * sheet.bar + step, long, pitch, level + (step in sheet.strong)))
    return events


def stride(sheet: Sheet, pattern: str, centre: int, level: int) -> list[Event]:
    """A left hand that plays the root on the downbeat and the chord afterwards."""
    events = []
    for bar, pitches in enumerate(voicings(sheet.chords, centre, 3)):
        root = 36 + (sheet.chords[bar].bass - 36) % 12
        events.append(Event(bar * sheet.bar, sheet.meter.pulses, root, level + 1))
        for step, length, _ in hits(pattern):
            if step:
                events += [Event(bar * sheet.bar + step, length, pitch, level) for pitch in pitches]
    return events


def bass(rng: Random, sheet: Sheet, patterns: Sequence[str], low: int, level: int) -> list[Event]:
    """Roots, fifths and approaches to the next root within an octave and a half above ``low``."""
    events = []
    last = low + 7
    for bar, chord in enumerate(sheet.chords):
        options = [pitch for pitch in range(low, low + 15) if pitch % 12 == chord.bass]
        root = min(options, key=lambda pitch: abs(pitch - last))
        following = sheet.chords[bar + 1] if bar + 1 < len(sheet.chords) else sheet.chords[0]
        target = min((p for p in range(low, low + 15) if p % 12 == following.bass), key=lambda p: abs(p - root))
        tones = chord.pitch_classes
        fifth = root + (tones[2] - root) % 12 if len(tones) > 2 else root + 7
        fifth -= 12 if fifth > low + 16 else 0
        scale = chord_scale(sheet.key, following)
        below = next(target - move for move in (1, 2, 3) if (target - move) % 12 in scale)
        above = next(target + move for move in (1, 2, 3) if (target + move) % 12 in scale)
        approach = below if below >= low and (root < target or rng.random() < 0.5) else above
        third = root + (tones[1] - root) % 12
        choices = {"R": root, "5": fifth, "8": root + 12, "3": third, "a": approach}
        for step, length, mark in hits(patterns[bar % len(patterns)]):
            # Whatever falls on a strong beat has to belong to the chord.
            pitch = root if mark == "a" and step in sheet.strong else choices[mark]
            events.append(Event(bar * sheet.bar + step, length, pitch, level + (step % sheet.bar == 0)))
        last = root
    return events


def drums(rng: Random, sheet: Sheet, pattern: str, every: int, soft: bool) -> list[Event]:
    """A pattern with a fill at the end of every ``every`` bars; ``soft`` plays quieter and without crashes."""
    rows = {row[0]: row[2:] for row in pattern.split()}
    loud = {"X": 2, "x": 1, "o": 0}
    beat = sheet.meter.pulses
    fills = ("SSSS", "SSTL", "S-TL", "SSTT", "S-SS") if not soft else ("S-S-", "--SS", "S---")
    fill = rng.choice(fills)
    toms = {"S": 38, "T": 47, "L": 43}
    events = []
    for bar in range(len(sheet.chords)):
        start = bar * sheet.bar
        fill_bar = bar % every == every - 1
        end = sheet.bar - beat if fill_bar else sheet.bar
        for name, row in rows.items():
            for step, mark in enumerate(row[: sheet.bar]):
                if mark in loud and step < end:
                    level = loud[mark] + (0 if soft or name in "HMTOD" else 1)
                    events.append(Event(start + step, 1, DRUM_KEYS[name], level))
        if fill_bar:
            stretched = fill if beat == 4 else fill[:2] + "-" + fill[2:] + "-"
            for step, mark in enumerate(stretched):
                if mark in toms:
                    events.append(Event(start + end + step, 1, toms[mark], 0 if soft else min(3, 1 + step // 2)))
        if not soft and bar % (2 * every) == 0:
            events.append(Event(start, 4, 49, 2))
    return events


def _contour(rng: Random, count: int) -> list[int]:
    """Scale steps from the first note: mostly stepwise, never far away."""
    places = [0]
    while len(places) < count:
        move = rng.choices((-1, 1, -2, 2, 0, 3, -3), (30, 30, 9, 9, 10, 3, 3))[0]
        if abs(places[-1] + move) <= 3:
            places.append(places[-1] + move)
    return places


def melody(
    rng: Random, sheet: Sheet, liveliness: str, low: int, high: int, level: int, pentatonic: bool
) -> list[Event]:
    """A tune made of a one or two bar motif that returns fitted to each chord and closes on a long note."""
    rhythms = MELODY[liveliness][sheet.meter.name]
    shapes: dict[str, tuple[str, list[int]]] = {}
    for token in "ABV":
        rhythm = rng.choice(rhythms)
        shapes[token] = (rhythm, _contour(rng, len(hits(rhythm))))
    # The variation keeps the motif's rhythm but turns its second half around.
    rhythm, places = shapes["A"]
    middle = len(places) // 2
    shapes["V"] = (rhythm, places[:middle] + [2 * places[middle] - place for place in places[middle:]])
    for token in "cC":
        rhythm = rng.choice(CADENCE[sheet.meter.name])
        shapes[token] = (rhythm, _contour(rng, len(hits(rhythm))))
    form = rng.choice(("ABAC", "AAVC", "ABVC", "AVAC", "ABAcABAC", "AVAcABVC", "AAVcAABC"))
    spare = max(0, high - low - 17)
    # The upper half of the range keeps the tune clear of the harmony.
    floor = low + rng.randint((spare + 1) // 2, spare)
    ceiling = min(high, floor + 17)
    anchors: dict[str, int] = {}
    last = (floor + ceiling) // 2 + rng.randint(-2, 2)
    events: list[Event] = []
    recent: list[int] = []
    for bar, chord in enumerate(sheet.chords):
        token = form[bar % len(form)]
        rhythm, places = shapes[token]
        pitch_classes = chord_scale(sheet.key, chord, pentatonic)
        scale = [pitch for pitch in range(floor - 1, ceiling + 2) if pitch % 12 in pitch_classes]
        inside = [tone for tone in chord.pitch_classes if tone in pitch_classes]
        tones = inside if len(inside) >= 2 else list(chord.pitch_classes)
        if token == "C" and sheet.key.tonic in tones:
            tones = [sheet.key.tonic] if rng.random() < 0.6 else tones
        chordal = [pitch for pitch in range(floor - 1, ceiling + 2) if pitch % 12 in tones]
        # A returning motif starts where it started before, as near as the chord allows.
        goal = anchors.setdefault(token, last)
        first = min(chordal, key=lambda pitch: (abs(pitch - goal), abs(pitch - last)))
        home = min(range(len(scale)), key=lambda index: abs(scale[index] - first))
        for (step, length, _), place in zip(hits(rhythm), places, strict=True):
            index = home + place
            if index < 0:
                index = -index
            if index >= len(scale):
                index = 2 * (len(scale) - 1) - index
            pitch = scale[max(0, min(len(scale) - 1, index))]
            if step in sheet.strong or length > sheet.meter.pulses or (bar, step) == (0, 0):
                # Near misses are settled by the smaller melodic step, but not by standing still.
                pitch = min(chordal, key=lambda p: (abs(p - pitch) // 2, p == last, abs(p - last)))
            if abs(pitch - last) > 7:
                # Wide leaps are hard to sing: take the chord tone a third or so away, in the same direction.
                pitch = min(chordal, key=lambda option: abs(option - last - (4 if pitch > last else -4)))
            if recent[-2:] == [pitch, pitch]:
                pitch = min((p for p in chordal if p != pitch), key=lambda option: abs(option - pitch), default=pitch)
            events.append(Event(bar * sheet.bar + step, length, pitch, level + (step in sheet.strong)))
            recent.append(pitch)
            last = pitch
    return events
