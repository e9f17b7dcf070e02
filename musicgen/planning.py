"""How a plan comes about: what the prompt says is kept, what it leaves open is drawn by the seed from the habits of its
style, and what is given by hand wins over both.

Pure and deterministic. Knows nothing of audio, networks or how a plan is heard by a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from musicgen.genres import GENRES, Genre
from musicgen.habits import BANDS, PLAIN, PLAIN_BAND, QUIET, QUIET_BAND, STYLES, Band, Habits
from musicgen.instruments import (
    BASSES,
    KIT,
    MOST,
    UNPLUGGED,
    everyone,
    lineup,
    named_players,
    parse_instruments,
    refuses,
)
from musicgen.plan import MAX_BPM, MIN_BPM, Plan, as_chords, as_key, as_meter, check_bpm
from musicgen.reading import Reading, read_prompt
from musicgen.sections import Section, parse_sections
from musicgen.spelled import Degree
from musicgen.theory import METERS, Chord, Key, Meter, parse_chord, parse_chords

# Half of the bundled model's training pieces put every sixteenth on a whole 20 ms frame; such tempi are drawn.
GRID_SECONDS = 0.02
GUITARS = ("electric guitar", "acoustic guitar", "nylon guitar")  # for one that is refused
STANDS_IN = ("organ", "piano", "strings", "flute")  # for a band that is refused


def make_plan(
    prompt: str,
    seed: int,
    bpm: float | None = None,
    key: str | Key | None = None,
    meter: str | Meter | None = None,
    chords: str | tuple[Chord, ...] | None = None,
    drums: bool | None = None,
    instruments: str | None = None,
    ending: bool | None = None,
    sections: str | None = None,
    near: str | None = None,
) -> Plan:
    """The whole plan: values given first, then the prompt's, then the habits of its style, drawn by ``seed``.

    ``near`` is the kind of music that a prompt means which names none outright (see ``meaning``). Each part has a draw
    of its own, so that giving one leaves the others as they were. Raises ``ValueError``.
    """
    said = read_prompt(prompt)
    if near is not None and not said.settled:
        kind = read_prompt(near)
        theirs = tuple(name for name in kind.instruments if not refuses(said.unwanted, name))
        genre = kind.genre or (said.genre if said.style == kind.style else None)
        said = replace(said, style=kind.style, genre=genre, mode=said.mode or kind.mode, instruments=theirs,
                       meter=said.meter or kind.meter, solo=said.solo or kind.solo)
    habits, band = _habits(said)
    narrow = GENRES.get(said.genre or "", Genre())

    the_meter = as_meter(meter) if meter is not None else said.meter or _draw_meter(narrow, habits, seed)
    the_bpm = said.bpm if bpm is None else check_bpm(bpm)
    if the_bpm is None:
        usual = narrow.bpm or habits.bpm
        if the_meter.name == "6/8" and narrow.meter != "6/8":  # a felt beat is three eighths long, so it comes slower
            usual = 0.6 * usual[0], 0.68 * usual[1]
        the_bpm = _draw_bpm(usual, said, the_meter, seed)
    # Chords in the prompt belong to the prompt's key: a key given by hand without chords asks for a new loop.
    the_chords = as_chords(chords) if chords is not None else said.chords if key is None else ()

    the_key = as_key(key) if key is not None else said.key
    if the_key is None and the_chords:
        the_key = key_of(the_chords)
    if the_key is None:
        the_key = _draw_key(habits.minor_share if narrow.minor is None else narrow.minor, said.mode, seed)
    if not the_chords and said.degrees:
        the_chords = tuple(_on_degree(degree, the_key) for degree in said.degrees)
    if not the_chords:
        the_chords = _draw_chords(narrow, habits, the_key, seed)

    the_drums = drums if drums is not None else said.drums if said.drums is not None else narrow.drums
    if the_drums is None:  # whoever says what plays, and nothing of a style, says so if drums shall
        some = said.style is not None or not said.instruments
        the_drums = some and _random(seed, "drums").random() < habits.drums
    alone = said.drums_alone and drums is not False
    playing = (KIT,) if alone else _players(said, narrow, band, seed)
    players, the_drums = lineup(parse_instruments(instruments[:400]) if instruments else playing, the_drums)
    if ending is None:
        ending = bool(said.ending)
    plan = Plan(the_bpm, the_meter, the_key, the_chords, the_drums, instruments=players, ending=ending)
    if sections:
        by_hand = parse_sections(sections)
        if not instruments:
            plan = _joined(plan, by_hand, *_strings(said, narrow, band), drums is None and said.drums is None)
        for section in by_hand:
            section.band(plan.instruments, plan.drums)  # somebody has to play
        return replace(plan, sections=by_hand)
    told = _said_in_sections(plan, said)
    if said.sections and not told.sections and not (instruments or said.solo or alone):
        # Whoever begins alone is all there is, and there shall be others: those that suit much.
        more = (name for name in max(band.bands, key=len) if not refuses(said.unwanted, name))
        joined = _said_in_sections(replace(plan, instruments=tuple(dict.fromkeys([*players, *more]))[:MOST]), said)
        told = joined if joined.sections else plan
    return told


def _habits(said: Reading) -> tuple[Habits, Band]:
    """Habits and players of its style; where there is none, of what is calm or sad, or of what suits much."""
    if said.style:
        return STYLES[said.style], BANDS[said.style]
    asked = (said.bpm, said.bpm) if said.bpm else said.bpm_range or said.mood_range
    slow, quick = asked is not None and asked[1] <= QUIET.bpm[1], asked is not None and asked[0] >= PLAIN.bpm[0]
    calm = slow or (said.mode == "minor" and said.key is None and not quick)  # a word such as "sad"
    return (QUIET, QUIET_BAND) if calm and not said.drums else (PLAIN, PLAIN_BAND)


def _players(said: Reading, genre: Genre, band: Band, seed: int) -> tuple[str, ...]:
    """The instruments the prompt names, with the style's backing for one or two; one of the genre's or the style's
    bands if it names none."""
    def joining(name: str) -> str:
        return _usual(said, name, *GUITARS) if name.endswith("guitar") else _usual(said, name)

    guitar, bass_guitar = _strings(said, genre, band)
    named = named_players(said.instruments, guitar, bass_guitar)
    others: tuple[str, ...] = ()
    if not named and (bands := genre.bands or band.bands):
        others = _random(seed, "instruments").choice(bands)
    elif named and not said.solo:
        bass, many = any(name in BASSES for name in named), sum(name not in BASSES for name in named) > 1
        backing = genre.bands[0] if genre.bands else band.backing
        others = tuple(name for name in backing if not (bass if name in BASSES else many))
    wanted = [name for name in map(joining, others) if not refuses(said.unwanted, name)]
    if others and not named and all(name in BASSES for name in wanted):  # nobody is left to play a tune
        wanted += [name for name in STANDS_IN if not refuses(said.unwanted, name)][:1]
    return tuple(dict.fromkeys([*named, *wanted]))[:MOST]


def _usual(said: Reading, first: str, *others: str) -> str:
    """``first``, without electricity where that is wanted; one of ``others`` where it is refused."""
    first = UNPLUGGED.get(first, first) if said.acoustic else first
    return next((name for name in (first, *others) if not refuses(said.unwanted, name)), first)


def _strings(said: Reading, genre: Genre, band: Band) -> tuple[str, str]:
    """The guitar and the bass that are meant where it is not said which."""
    return (_usual(said, genre.guitar or band.guitar, *GUITARS),
            _usual(said, genre.bass or band.bass, "electric bass", "acoustic bass", "synth bass"))


def _joined(plan: Plan, sections: tuple[Section, ...], guitar: str, bass: str, drums_open: bool) -> Plan:
    """The plan with those who are named in a section and of whom it has none."""
    named = dict.fromkeys(name for section in sections if not section.without for name in section.named)
    new = [name for name in named if not any(refuses((name,), player) for player in plan.instruments)]
    players = tuple(dict.fromkeys([*plan.instruments, *named_players(new, guitar, bass)]))
    band = everyone(players, drums=False)[:MOST]
    drums = True if drums_open and KIT in named else plan.drums
    return replace(plan, instruments=band or plan.instruments, drums=drums)


def _said_in_sections(plan: Plan, said: Reading) -> Plan:
    """The plan in the sections of its prompt, if its players make them differ and somebody plays in each."""
    sections = parse_sections(said.sections) if said.sections else ()
    try:
        different = len({section.band(plan.instruments, plan.drums) for section in sections}) > 1
    except ValueError:
        different = False
    return replace(plan, sections=sections) if different else plan


def left_open(prompt: str, parts: Mapping[str, Any]) -> set[str]:
    """Which of bpm, meter, key and chords neither the prompt nor the ``parts`` given by hand say.

    Chords say their key, too. Roman numerals are chords only where a key is said.
    """
    said = read_prompt(prompt)
    key = said.key or parts.get("key")
    chords = parts.get("chords") or said.chords or (said.degrees if key else ())
    told = {"bpm": said.bpm, "meter": said.meter, "key": key or chords or None, "chords": chords or None}
    return {name for name, value in told.items() if value is None and parts.get(name) is None}


def key_of(chords: tuple[Chord, ...]) -> Key:
    """The key that holds most of the chords' notes; among equals the one whose tonic chord comes first. Of one chord
    that never moves it is its own."""
    if len({chord.root for chord in chords}) == 1:
        return Key(chords[0].root, "minor" if (chords[0].root + 3) % 12 in chords[0].pitch_classes else "major")

    def fit(candidate: Key) -> tuple[int, int, int]:
        inside = sum(pitch in candidate.scale for chord in chords for pitch in chord.pitch_classes)
        minor = candidate.mode == "minor"
        tonics = [(3 if minor else 4) in [(p - c.root) % 12 for p in c.pitch_classes] and c.root == candidate.tonic
                  for c in chords]
        first = -tonics.index(True) if any(tonics) else -len(chords)
        return inside, first, -int(minor)

    return max((Key(tonic, mode) for tonic in range(12) for mode in ("major", "minor")), key=fit)


def _random(seed: int, part: str) -> Random:
    return Random(f"{seed}:{part}")  # seeded by a string: the same on every machine and in every process


def _draw_meter(genre: Genre, habits: Habits, seed: int) -> Meter:
    if genre.meter:
        return METERS[genre.meter]
    draw = _random(seed, "meter").random()
    return METERS["3/4" if draw < habits.three else "6/8" if draw < habits.three + habits.six else "4/4"]


def _draw_bpm(usual: tuple[float, float], said: Reading, meter: Meter, seed: int) -> float:
    low, high = usual
    asked = said.bpm_range or said.mood_range
    if meter.name == "6/8" and asked is not None and not said.counted:
        asked = asked[0] / 1.5, asked[1] / 1.5
    if asked is not None:
        both = max(low, asked[0]), min(high, asked[1])
        # A word for a tempo is obeyed, a mood has its way as far as the style goes: beyond it, its nearest third.
        third = (high - low) / 3
        edge = (low, low + third) if asked[1] <= low else (high - third, high)
        low, high = both if both[0] < both[1] else asked if said.bpm_range else edge
    low, high = max(low, MIN_BPM), min(high, MAX_BPM)
    grid = [round(60 / (meter.pulses * GRID_SECONDS * n), 2) for n in range(2, 20)]
    fitting = [bpm for bpm in grid if low <= bpm <= high]
    rng = _random(seed, "bpm")
    return rng.choice(fitting) if fitting else float(round(rng.uniform(low, high)))


def _draw_key(minor_share: float, mode: str | None, seed: int) -> Key:
    rng = _random(seed, "key")
    tonic, minor = rng.randrange(12), rng.random() < minor_share
    return Key(tonic, mode or ("minor" if minor else "major"))


def _draw_chords(genre: Genre, habits: Habits, key: Key, seed: int) -> tuple[Chord, ...]:
    major, minor = genre.major_loops or habits.major, genre.minor_loops or habits.minor
    loops, written_in = (major, "C") if key.mode == "major" else (minor, "A")
    loop = _random(seed, "chords").choice(loops)
    shift = key.tonic - parse_chord(written_in).root
    moved = (replace(c, root=(c.root + shift) % 12, bass=(c.bass + shift) % 12) for c in parse_chords(loop))
    return tuple(moved)


def _on_degree(degree: Degree, key: Key) -> Chord:
    minor = key.mode == "minor"
    lowered = degree.flat and not (minor and degree.step in (2, 5, 6))  # those of the natural minor are flat already
    raised = minor and degree.step == 6 and degree.quality == "dim" and not degree.flat  # on the leading tone
    root = (key.scale[degree.step] - lowered + raised) % 12
    return Chord(root, degree.quality, root)
