"""The book of tunes: ABC text becomes a key, a metre and strains of notes on whole bars; some tunes are held out.

Does *not* know how notes are spelled (``notation``), how a tune is harmonised (``harmony``) or played (``arrange``).

Meant for two printed collections whose tunes are in the public domain and whose volunteer transcriptions carry no
restriction: *Ryan's Mammoth Collection* (Boston 1883) and *O'Neill's Music of Ireland* (Chicago 1903). The corpus of
the ``music21`` package holds both as ABC (folders ``ryansMammoth`` and ``oneills1850``); only the text is read, the
package is not needed. A tune this reader cannot make sense of, or in a metre we have no use for, is a ``ValueError``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from musicgen.theory import METERS, Key, Meter
from musicgen.train.notation import LETTERS, Bar, Body, read_signature, read_unit

MINOR_MODES = frozenset(("dor", "min", "aeo", "phr"))
HELD_OUT_OF_100 = 3
BARS = (4, 24)  # of a strain worth playing
SPAN = 29  # semitones from the lowest note to the highest


@dataclass(frozen=True)
class TuneNote:
    """A note in sixteenths from the first downbeat of its strain (an upbeat is negative) and MIDI pitch."""

    step: float
    length: float
    pitch: int


@dataclass(frozen=True)
class Strain:
    """A part of a tune between repeat signs, in whole bars; the upbeat comes before bar 0."""

    notes: tuple[TuneNote, ...]
    bars: int


@dataclass(frozen=True)
class Tune:
    """A melody; ``scale`` holds the pitch classes of its mode (mixolydian counts as major, dorian as minor)."""

    title: str
    key: Key
    scale: tuple[int, ...]
    meter: Meter
    strains: tuple[Strain, ...]

    @property
    def held_out(self) -> bool:
        """Whether the tune is kept from training: by its title, so the same in every collection and order."""
        words = re.sub(r"[^a-z ]", "", self.title.lower().split("--")[0]).split()
        plain = "".join(word for word in words if word not in ("the", "a", "reel", "jig", "hornpipe", "clog"))
        return int.from_bytes(hashlib.sha256(plain.encode()).digest()[:4], "big") % 100 < HELD_OUT_OF_100

    @property
    def openings(self) -> frozenset[tuple[int, ...]]:
        """How each strain sets out, whatever its key: tunes that share one are versions of each other."""
        found = set()
        for strain in self.strains:
            pitches = [note.pitch for note in strain.notes if note.step >= 0][:11]
            found.add(tuple(b - a for a, b in zip(pitches, pitches[1:], strict=False)))
        return frozenset(found)


def _groups(bars: Sequence[Bar]) -> Iterator[list[Bar]]:
    """The bars of each strain; of first and second endings the second is kept."""
    group: list[Bar] = []
    first: int | None = None  # where in the group its first ending begins
    for index, bar in enumerate(bars):
        if bar.opens and group:
            yield group
            group, first = [], None
        if bar.ending == 1:
            first = len(group)
        elif bar.ending > 1 and first is not None:
            group, first = group[:first], None
        group.append(bar)
        following = bars[index + 1].ending if index + 1 < len(bars) else 0
        if bar.closes and not (first is not None and following > 1):
            yield group
            group, first = [], None
    if group:
        yield group


def _strain(group: Sequence[Bar], full: int) -> Strain | None:
    """Notes of a strain on its grid of bars; None if a bar inside it has the wrong length."""
    upbeat = group[0].length if group[0].length < full and len(group) > 1 else Fraction(0)
    notes: list[TuneNote] = []
    at = -upbeat
    for index, bar in enumerate(group):
        last = index == len(group) - 1
        if bar.length > full or (bar.length < full and not last and not (index == 0 and upbeat)):
            return None
        here = [TuneNote(float(at + start), float(length), pitch) for start, length, pitch in bar.notes]
        if bar.tied and notes:
            notes[-1] = replace(notes[-1], length=notes[-1].length + here.pop(0).length)
        notes += here
        at += bar.length
    bars = len(group) - bool(upbeat)
    return Strain(tuple(notes), bars) if notes and notes[-1].step >= 0 else None


def _scaled(strain: Strain, double: bool) -> Strain:
    """A strain in 2/4 as one in 4/4: at twice the length, or two bars joined to one."""
    if not double:
        return replace(strain, bars=strain.bars // 2)
    return replace(strain, notes=tuple(TuneNote(2 * n.step, 2 * n.length, n.pitch) for n in strain.notes))


def _shares(notes: Iterable[TuneNote]) -> list[float]:
    """How much of the sound belongs to each pitch class."""
    share = [0.0] * 12
    for note in notes:
        share[note.pitch % 12] += note.length
    return [length / (sum(share) or 1.0) for length in share]


def _home(
    tonic: int, mode: str, signature: dict[str, int], strains: Sequence[Strain], bar: int
) -> tuple[Key, tuple[int, ...]]:
    """Key and scale: transcribers often write the signature's major key over a tune that rests elsewhere."""
    collection = sorted((pitch + signature.get(letter, 0)) % 12 for letter, pitch in LETTERS.items())
    if mode == "maj":
        everywhere = _shares(note for strain in strains for note in strain.notes)
        # The whole last bar, for its last note may already be an upbeat.
        closes = [
            _shares(note for note in strain.notes if note.step >= (strain.bars - 1) * bar)
            for strain in (strains[0], strains[-1])
        ]

        def rest(degree: int) -> float:
            there = (tonic + degree) % 12
            heard = everywhere[there] + 0.4 * everywhere[(there + 7) % 12]
            return heard + 0.25 * closes[0][there] + 0.35 * closes[1][there] + 0.33 * (degree == 0)

        degree = max((0, 2, 7, 9), key=rest)
        tonic, mode = (tonic + degree) % 12, {0: "maj", 2: "dor", 7: "mix", 9: "min"}[degree]
    start = min(range(7), key=lambda index: (collection[index] - tonic) % 12)
    return Key(tonic, "minor" if mode in MINOR_MODES else "major"), tuple(collection[start:] + collection[:start])


def read_tune(text: str) -> Tune:
    """One tune in ABC; ``ValueError`` says why it cannot be used."""
    fields: dict[str, str] = {}
    body: list[str] = []
    for line in text.splitlines():
        line = re.sub(r"(?<!\\)%.*", "", line).rstrip("\\ \t\r")
        match = re.match(r"([A-Za-z]):(?![|:])(.*)", line)
        if match and "K" not in fields:
            fields.setdefault(match[1], match[2].strip())
        elif match and match[1] in "KLMV":
            body.append(f"[{match[1]}:{match[2].strip()}]")
        elif not match and "K" in fields:
            body.append(line)
    if not {"T", "K", "M"} <= set(fields):
        raise ValueError("A tune in ABC needs its title (T:), metre (M:) and key (K:).")
    metre = {"C": "4/4", "C|": "4/4", "2/2": "4/4"}.get(fields["M"], fields["M"])
    if metre not in (*METERS, "2/4"):
        raise ValueError(f"{fields['T']}: the metre '{metre}' is none of {', '.join(METERS)} and 2/4.")
    full = {"2/4": 8, "3/4": 12, "6/8": 12, "4/4": 16}[metre]
    try:
        tonic, mode, signature = read_signature(fields["K"])
        read = Body(read_unit(fields.get("L", "1/16" if metre == "2/4" else "1/8")), signature).read("\n".join(body))
    except ValueError as error:
        raise ValueError(f"{fields['T']}: {error}") from None
    whole = [strain for strain in (_strain(group, full) for group in _groups(read)) if strain]
    if metre == "2/4" and whole:
        notes = [note.length for strain in whole for note in strain.notes]
        double = sum(notes) / len(notes) < 1.75 or any(strain.bars % 2 for strain in whole)
        whole = [_scaled(strain, double) for strain in whole]
    strains = [strain for strain in whole if BARS[0] <= strain.bars <= BARS[1]]
    pitches = [note.pitch for strain in strains for note in strain.notes]
    if not strains or max(pitches) - min(pitches) > SPAN:
        raise ValueError(f"{fields['T']}: no strain of {BARS[0]} to {BARS[1]} whole bars within {SPAN} semitones.")
    meter = METERS["4/4" if metre == "2/4" else metre]
    key, scale = _home(tonic, mode, signature, strains, meter.beats * meter.pulses)
    return Tune(fields["T"], key, scale, meter, tuple(strains))


def read_book(text: str) -> Iterator[Tune]:
    """The tunes of a file, one after each ``X:``; what cannot be used is left out."""
    for block in re.split(r"(?m)^(?=X:)", text):
        if block.startswith("X:"):
            try:
                yield read_tune(block)
            except ValueError:
                continue


def load_tunes(folders: Iterable[Path]) -> tuple[Tune, ...]:
    """All usable tunes of the ``.abc`` files in ``folders``, by file name, each title and opening once."""
    tunes: dict[tuple[str, frozenset[tuple[int, ...]]], Tune] = {}
    for folder in folders:
        files = sorted(folder.rglob("*.abc"))
        if not files:
            raise ValueError(f"There are no .abc files in {folder}.")
        for path in files:
            for tune in read_book(path.read_text(encoding="utf-8", errors="replace")):
                tunes.setdefault((tune.title.lower(), tune.openings), tune)
    return tuple(tunes.values())


def split(tunes: Iterable[Tune]) -> tuple[tuple[Tune, ...], tuple[Tune, ...]]:
    """Tunes to train on and tunes held out; versions of a held-out tune under other titles are in neither."""
    tunes = tuple(tunes)
    held = tuple(tune for tune in tunes if tune.held_out)
    known = frozenset(opening for tune in held for opening in tune.openings)
    return tuple(tune for tune in tunes if not tune.held_out and not tune.openings & known), held
