"""The composer: a seed becomes a piece of about two dozen seconds for one to six players.

Chooses style, key, metre, tempo, chords and players, and puts the players' events on the clock. Does *not* know
how the piece sounds (``render``) or how it is described (``captions``). The same seed always gives the same piece.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from musicgen.theory import METERS, Chord, Key, Meter, parse_chords
from musicgen.train import players
from musicgen.train.players import Event, Sheet
from musicgen.train.rhythms import ARP, BASS, COMP, DRUMS, INSTRUMENTS, KITS
from musicgen.train.styles import STYLES, Style, names

SECONDS = 24.0
FRAME = 0.02  # seconds; the codec's frame, on which half of the pieces put every sixteenth
LEVELS = (48, 68, 88, 108)  # the four MIDI velocities
HUMAN = 0.008  # seconds

# Instruments that can play tune and accompaniment at once.
TWO_HANDED = frozenset(
    (
        *("piano", "electric piano", "organ", "church organ", "harpsichord", "celesta", "glockenspiel", "music box"),
        *("vibraphone", "marimba", "accordion", "nylon guitar", "acoustic guitar", "electric guitar", "banjo", "harp"),
        *("strings", "synth pad"),
    )
)
RINGING = frozenset(
    ("piano", "electric piano", "celesta", "glockenspiel", "music box", "vibraphone", "harp", "nylon guitar")
)
GUITARS = frozenset(("nylon guitar", "acoustic guitar", "electric guitar"))
QUIET_STYLES = frozenset(("ambient", "lullaby", "classical", "folk", "waltz", "bossa nova", "jazz", "lo-fi hip hop"))


@dataclass(frozen=True)
class Note:
    """A sounding note: start and duration in seconds, MIDI pitch, velocity 1..127."""

    start: float
    duration: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Part:
    """What one instrument plays in one role (``lead``, ``harmony``, ``bass`` or ``drums``)."""

    instrument: str
    program: int
    role: str
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Piece:
    """A composed piece; ``chords`` holds one chord per bar, ``bpm`` counts felt beats per minute.

    ``tune`` is the title of the traditional tune it is built on, if it is; ``ends`` is when its final chord is struck,
    in seconds, if it comes to an end.
    """

    seed: int
    style: str
    mood: tuple[str, ...]
    bpm: float
    meter: Meter
    key: Key
    chords: tuple[Chord, ...]
    parts: tuple[Part, ...]
    seconds: float
    tune: str | None = None
    ends: float | None = None

    @property
    def has_drums(self) -> bool:
        """Whether any part is percussion."""
        return any(part.role == "drums" for part in self.parts)


def sixteenth(bpm: float, meter: Meter) -> float:
    """Seconds of one sixteenth note."""
    return 60.0 / bpm / meter.pulses


def transpose(chord: Chord, shift: int) -> Chord:
    """The chord ``shift`` semitones higher."""
    return replace(chord, root=(chord.root + shift) % 12, bass=(chord.bass + shift) % 12)


def choose_meter(rng: Random, style: Style) -> Meter:
    """One of the style's metres, drawn by their shares."""
    three, six = style.metres
    draw = rng.random()
    return METERS["3/4" if draw < three else "6/8" if draw < three + six else "4/4"]


def choose_bpm(rng: Random, style: Style, meter: Meter) -> tuple[float, bool]:
    """A tempo in felt beats per minute, and whether its sixteenths are whole codec frames."""
    low, high = style.bpm
    if meter.name == "6/8":
        low, high = max(56, round(0.6 * low)), max(76, round(0.68 * high))
    if rng.random() < 0.5:
        grid = [60 / (meter.pulses * FRAME * n) for n in range(3, 16)]
        fitting = [bpm for bpm in grid if low - 1 <= bpm <= high + 1]
        return rng.choice(fitting or [min(grid, key=lambda bpm: abs(bpm - (low + high) / 2))]), True
    return float(rng.randint(low, high)), False


@dataclass(frozen=True)
class Layer:
    """One player in the band before the notes exist: what it does, on which instrument."""

    job: str
    instrument: str


def _pick(rng: Random, text: str, taken: Iterable[str]) -> str | None:
    free = [name for name in names(text) if name not in taken]
    return rng.choice(free) if free else None


def band(rng: Random, style: Style, meter: Meter) -> list[Layer]:
    """Who plays: a soloist (about a fifth), a duo or trio (a third) or a band."""
    kits = style.kits if style.drums and _drum_patterns(style, meter) else ""
    if kits and style.drum_share >= 0.75 and rng.random() < 0.035:
        return [Layer("drums", rng.choice(names(kits)))]
    draw = rng.random()
    if draw < 0.22 and style.solo:
        instrument = rng.choice(names(style.solo))
        if instrument not in TWO_HANDED:
            return [Layer("lead", instrument)]
        if style.arp_kind == "slow" and rng.random() < 0.35:
            return [Layer("arp", instrument)]
        return [Layer("lead", instrument), Layer("left", instrument)]
    if draw < 0.53:
        small = ["lead comp", "lead arp", "lead comp bass", "arp pad", "lead pad arp", "comp bass", "lead pad"]
        if kits and rng.random() < 0.75 * style.drum_share:
            small = ["comp bass drums", "lead bass drums", "lead comp drums", "arp bass drums", "lead arp drums"]
        jobs = rng.choice(small).split()
    else:
        chances = (("lead", 0.85), ("comp", 0.92), ("pad", 0.4), ("arp", 0.35), ("bass", 0.95))
        jobs = [job for job, chance in chances if rng.random() < chance]
        if kits and rng.random() < style.drum_share:
            jobs.append("drums")
    sources = {"lead": style.lead, "comp": style.comp, "pad": style.pad, "arp": style.arp, "bass": style.bass}
    layers: list[Layer] = []
    for job in jobs:
        taken = {layer.instrument for layer in layers}
        name = rng.choice(names(kits)) if job == "drums" else _pick(rng, sources[job], taken)
        if name:
            layers.append(Layer(job, name))
    if not {"lead", "comp", "arp"} & {layer.job for layer in layers}:
        name = _pick(rng, style.comp, {layer.instrument for layer in layers}) or names(style.comp)[0]
        layers.append(Layer("comp", name))
    return layers


def _drum_patterns(style: Style, meter: Meter) -> tuple[str, ...]:
    return tuple(pattern for name in names(style.drums) for pattern in DRUMS[name].get(meter.name, ()))


def _rhythms(table: dict[str, dict[str, tuple[str, ...]]], rng: Random, choices: str, meter: Meter) -> list[str]:
    """One pattern, or two that alternate, of a rhythm family that exists in this metre."""
    families = [name for name in names(choices) if meter.name in table[name]] or ["beats"]
    patterns = table[rng.choice(families)][meter.name]
    first = rng.choice(patterns)
    return [first, rng.choice(patterns)] if rng.random() < 0.3 else [first]


def _left_hand(rng: Random, sheet: Sheet, style: Style, instrument: str) -> list[Event]:
    """The accompaniment a soloist plays below the tune."""
    meter = sheet.meter.name
    base = max(50, INSTRUMENTS[instrument].low - 5)
    kind = rng.choice(("arp", "arp", "stride", "chords"))
    if kind == "arp" or instrument in ("harp", "banjo"):
        slow = meter == "4/4" and style.arp_kind == "slow"
        return players.arpeggio(sheet, rng.choice(ARP["4/4 slow" if slow else meter]), base, 0, instrument in RINGING)
    if kind == "stride" and instrument in ("piano", "nylon guitar", "accordion", "harpsichord"):
        return players.stride(sheet, COMP["oompah"][meter][0], base + 2, 0)
    return players.comp(sheet, _rhythms(COMP, rng, "hold, ballad, beats", sheet.meter), base, 3, 0, False)


def _events(rng: Random, layer: Layer, sheet: Sheet, style: Style, quiet: bool, alone: bool) -> list[Event]:
    """The events of one layer; ``alone`` when no tune stands above the harmony."""
    meter, instrument = sheet.meter, layer.instrument
    if layer.job == "drums":
        return players.drums(rng, sheet, rng.choice(_drum_patterns(style, meter)), rng.choice((4, 4, 8)), quiet)
    details = INSTRUMENTS[instrument]
    back = 1 if alone else 0
    if layer.job == "lead":
        pentatonic = rng.random() < style.pentatonic
        return players.melody(rng, sheet, rng.choice(style.melody), details.low, details.high, 2, pentatonic)
    if layer.job == "left":
        return _left_hand(rng, sheet, style, instrument)
    if layer.job == "bass":
        low = max(28, details.low) if instrument != "cello" else 36
        return players.bass(rng, sheet, _rhythms(BASS, rng, style.bass_rhythms, meter), low, 1)
    if layer.job == "pad":
        return players.comp(
            sheet, [COMP["hold"][meter.name][0]], max(61 if alone else 57, details.low + 2), 3, back, False
        )
    if layer.job == "arp":
        kind = f"{meter.name} {style.arp_kind}".strip()
        centre = min(details.high - 14, max(62 if alone else 58, details.low + 4))
        ring = instrument in RINGING and style.arp_kind != "fast"
        return players.arpeggio(sheet, rng.choice(ARP.get(kind, ARP[meter.name])), centre, back, ring)
    patterns = _rhythms(COMP, rng, style.comp_rhythms, meter)
    if instrument == "distorted guitar" and style.power_chords:
        return players.power(sheet, patterns, 1)
    voices = 4 if any(len(chord.pitch_classes) > 3 for chord in sheet.chords) else 3
    centre = 57 if instrument in GUITARS else 60 if alone else 56
    centre = max(centre, details.low + 3) if details.low > 60 else centre
    return players.comp(sheet, patterns, centre, voices, back, instrument in GUITARS)


def entries(rng: Random, layers: list[Layer], bars: int, phrase: int) -> dict[str, int]:
    """The bar in which each job starts: usually at once, sometimes the tune or the drums wait for a phrase."""
    starts = {layer.job: 0 for layer in layers}
    if len(layers) >= 3 and bars >= 2 * phrase + 1:
        for job, chance in (("lead", 0.2), ("drums", 0.1), ("pad", 0.15)):
            if job in starts and rng.random() < chance:
                starts[job] = phrase
    return starts


@dataclass(frozen=True)
class Timing:
    """From sixteenths to seconds, and how far a player is off at a note."""

    seconds: Callable[[float], float]
    jitter: Callable[[], float]


def timing(rng: Random, bpm: float, meter: Meter, swing: float, on_grid: bool) -> Timing:
    """The clock of a piece: exact on the grid, elsewhere two times out of three a little human."""
    humanised = not on_grid and rng.random() < 2 / 3
    jitter = (lambda: rng.uniform(-HUMAN, HUMAN)) if humanised else (lambda: 0.0)
    return Timing(_clock(bpm, meter, swing, on_grid), jitter)


def _clock(bpm: float, meter: Meter, swing: float, on_grid: bool) -> Callable[[float], float]:
    """A function from sixteenths to seconds, with swung eighths in 4/4 and 3/4."""
    unit = sixteenth(bpm, meter)

    def seconds(step: float) -> float:
        if meter.pulses == 4 and swing != 0.5:
            beat, within = divmod(step, 4)
            bent = within * 2 * swing if within <= 2 else 4 * swing + (within - 2) * 2 * (1 - swing)
            step = 4 * beat + bent
        time = step * unit
        return round(round(time / FRAME) * FRAME, 6) if on_grid else time

    return seconds


def _velocity(level: float) -> int:
    """MIDI velocity of a loudness step; between two steps, between their velocities."""
    level = max(0.0, min(3.0, level))
    low = min(2, int(level))
    return round(LEVELS[low] + (level - low) * (LEVELS[low + 1] - LEVELS[low]))


def _notes(events: Iterable[Event], clock: Timing) -> tuple[Note, ...]:
    """Put events on the clock, end each pitch before it is struck again, and keep inside the piece."""
    sounding: dict[int, int] = {}
    notes: list[Note] = []
    for event in sorted(set(events), key=lambda event: (event.step, event.pitch, -event.level)):
        start = max(0.0, clock.seconds(event.step) + clock.jitter())
        end = min(SECONDS, clock.seconds(event.step + 0.95 * event.length))
        if start >= SECONDS - 0.05:
            continue
        if event.pitch in sounding:
            before = notes[sounding[event.pitch]]
            if start - before.start < 0.03:
                continue
            gap = min(before.duration, start - before.start - 0.005)
            notes[sounding[event.pitch]] = replace(before, duration=gap)
        sounding[event.pitch] = len(notes)
        notes.append(Note(start, max(0.05, end - start), event.pitch, _velocity(event.level)))
    clipped = (replace(note, duration=min(note.duration, SECONDS - note.start)) for note in notes)
    return tuple(sorted(clipped, key=lambda note: (note.start, note.pitch)))


def count_bars(bpm: float, meter: Meter) -> int:
    """How many bars a piece has; the last one may be cut off."""
    return math.ceil(SECONDS / (sixteenth(bpm, meter) * meter.beats * meter.pulses) - 1e-6)


def choose_mood(rng: Random, style: Style, mode: str) -> tuple[str, ...]:
    """Two or three words the style offers in this mode."""
    moods = names(style.moods_minor if mode == "minor" else style.moods_major)
    return tuple(rng.sample(moods, rng.choice((2, 2, 3))))


def perform(
    rng: Random,
    style_name: str,
    sheet: Sheet,
    layers: list[Layer],
    clock: Timing,
    starts: Mapping[str, int],
    written: Mapping[str, Sequence[Event]],
) -> tuple[Part, ...]:
    """Let the band play from ``sheet``, each job from its bar in ``starts``; what is ``written`` is played as it is."""
    alone = all(layer.job != "lead" for layer in layers)
    roles = {"lead": "lead", "bass": "bass", "drums": "drums"}
    parts = []
    for layer in layers:
        events = written.get(layer.job)
        if events is None:
            events = _events(rng, layer, sheet, STYLES[style_name], style_name in QUIET_STYLES, alone)
        begin = starts.get(layer.job, 0) * sheet.bar
        notes = _notes((event for event in events if event.step >= begin), clock)
        program = KITS[layer.instrument] if layer.job == "drums" else INSTRUMENTS[layer.instrument].program
        parts.append(Part(layer.instrument, program, roles.get(layer.job, "harmony"), notes))
    return tuple(parts)


def compose(seed: int) -> Piece:
    """Compose the piece that belongs to ``seed``."""
    rng = Random(seed)
    style_name = rng.choices(list(STYLES), [style.weight for style in STYLES.values()])[0]
    style = STYLES[style_name]
    meter = choose_meter(rng, style)
    bpm, on_grid = choose_bpm(rng, style, meter)
    mode = "minor" if rng.random() < style.minor_share else "major"
    key = Key(rng.randrange(12), mode)
    loop = parse_chords(rng.choice(style.minor if mode == "minor" else style.major))
    shift = key.tonic - (9 if mode == "minor" else 0)
    bars = count_bars(bpm, meter)
    sheet = Sheet(key, meter, tuple(transpose(loop[bar % len(loop)], shift) for bar in range(bars)))
    mood = choose_mood(rng, style, mode)
    layers = band(rng, style, meter)
    clock = timing(rng, bpm, meter, style.swing, on_grid)
    starts = entries(rng, layers, bars, 4 if len(loop) >= 4 else 2)
    parts = perform(rng, style_name, sheet, layers, clock, starts, {})
    return Piece(seed, style_name, mood, bpm, meter, key, sheet.chords, parts, SECONDS)
