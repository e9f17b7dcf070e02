"""What the words of a prompt say about its tempo: in figures, in words such as "slow", by a mood.

Knows nothing of what else a prompt says, but that a figure after a style or a player is a tempo, too.
"""

from __future__ import annotations

import math
import re

from musicgen.instruments import WORDS as INSTRUMENT_WORDS
from musicgen.vocabulary import MOOD_TEMPO, STYLE_WORDS, TEMPO_WORDS
from musicgen.wording import DRUM, PATTERNS, before, first, found, negated

SLOWEST, FASTEST = 40.0, 220.0  # felt beats a minute
NOT_SLOW, NOT_FAST = 84.0, 0.9  # what is not slow has at least, and of a quick word's least what is not quick

_NUMBER = r"(\d{2,4}(?:\.\d+)?)"
_BPM = r"(?:-?ish)? ?-?(?:bpm|b\.p\.m\.?|beats? (?:per|a) minute)"
_BPM_RANGE = re.compile(rf"(?<![\d.]){_NUMBER} ?(?:bpm ?)?(?:-|–|to|~|and) ?{_NUMBER}{_BPM}")
_BPM_RANGE_AFTER = re.compile(
    rf"\b(?:bpm|tempo)(?: (?:of|is|at|around|about|range|from))* ?[:=]? ?(?:{_NUMBER} ?(?:-|–|to|~) ?{_NUMBER}"
    rf"|between {_NUMBER} and {_NUMBER})(?![\d.]*\d)"
)
_BPM_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?<![\d.]){_NUMBER}{_BPM}",
        rf"(?:bpm|tempo|metronome)(?: (?:of|is|at|around|about|approximately))* ?[:=]? ?{_NUMBER}(?![\d.]*\d)",
        rf"(?:♩|\bq|\bquarter(?: note)?s?) ?= ?{_NUMBER}",
        rf"(?<![\d.]){_NUMBER} tempo\b",
        # "at 120", but not "at 17", "at 128 kbps", "at 60 %", "at 12:30"
        r"(?:\bat (?:around |about )?|@ ?|~ ?)([5-9]\d|1\d\d|2[0-2]\d)"
        r"(?= ?(?:$|[,.;!)](?!\d)| (?:in|with|and|without|no)\b))",
    )
)
_BARE = re.compile(
    r"^,? (?:beat |music |track )?(\d{2,3})(?:ish|-ish)?"
    r"(?= ?(?:$|[,.;|)])| [a-g](?:[#♯b♭]m?|m|min|maj| minor| major)(?!\w))"
)
_APART = re.compile(
    r"(?:^|[;|(] ?|, |\b(?:minor|major|maj|min|[a-g][#♯b♭]?m|loop|groove|riff|beat) )"
    r"(?:around |about |ca\.? )?(\d{2,3})(?:ish|-ish)?(?= ?(?:$|[,;|)]))"
)
_BARE_RANGE = re.compile(r"^,? (\d{2,3}) ?[-–] ?(\d{2,3}) ?(?=$|[,.;|)])")
_BARE_BEFORE = re.compile(r"(?:^|[,;|] ?)(\d{2,3}) $")
_PASSING = re.compile(r"^ (?:intro|build|start|arpeggios?|runs?)\b")  # not the tempo of the piece


def tempo_of(lower: str) -> tuple[float | None, tuple[float, float] | None, bool]:
    """The tempo, or a range of it and whether that was said in beats a minute."""
    span = _BPM_RANGE.search(lower) or _BPM_RANGE_AFTER.search(lower)
    both = [float(end) for end in span.groups() if end] if span else []
    if both and min(both) > 0:
        low, high = sorted(map(_fold, both))
        return (low, None, False) if low == high else (None, (low, high), True)
    for form in _BPM_FORMS:
        match = form.search(lower)
        if match and float(match[1]) > 0:
            return _fold(float(match[1])), None, False
    for match in found(STYLE_WORDS, lower):  # "techno 130", "house 124-126", "140 trap"
        after = lower[match.end() : match.end() + 18]
        span = _BARE_RANGE.search(after)
        if span and 60 <= float(span[1]) < float(span[2]) <= 200:
            return None, (float(span[1]), float(span[2])), True
        number = _BARE.search(after) or _BARE_BEFORE.search(before(lower, match, 6))
        if number and 60 <= float(number[1]) <= 200:
            return float(number[1]), None, False
    players = (DRUM, PATTERNS[id(INSTRUMENT_WORDS)]) if found(STYLE_WORDS, lower) else ()  # "disco strings 118"
    ends = [match.end() for form in players for match in form.finditer(lower)]
    numbers = [_BARE.search(lower[end : end + 18]) for end in ends]
    for number in (*numbers, *_APART.finditer(lower)):  # "bossa nova, nylon guitar, 120"
        if number and 60 <= float(number[1]) <= 200:
            return float(number[1]), None, False
    for match in found(TEMPO_WORDS, lower):
        if not _PASSING.search(lower[match.end() : match.end() + 20]):
            return None, TEMPO_WORDS[match[0]], False
    return None, None, False


def leaning_of(lower: str) -> tuple[float, float] | None:
    """The tempi that a mood leans to, within what "not too fast" and "never slow" leave."""
    mood = first(MOOD_TEMPO, lower)
    low, high = 0.0, math.inf
    for match in PATTERNS[id(TEMPO_WORDS)].finditer(lower):
        if negated(lower, match):
            slowest, fastest = TEMPO_WORDS[match[0]]
            if fastest <= 90:
                low = max(low, NOT_SLOW)
            elif slowest >= 110:
                high = min(high, NOT_FAST * slowest)
    if (low, high) == (0.0, math.inf):
        return mood
    low, high = (max(low, mood[0]), min(high, mood[1])) if mood and low < mood[1] and mood[0] < high else (low, high)
    return (max(low, SLOWEST), min(high, FASTEST)) if low < high else mood


def _fold(bpm: float) -> float:
    """A tempo above 0 and beyond the range is the same music felt at half or double time."""
    while bpm > FASTEST:
        bpm /= 2
    while bpm < SLOWEST:
        bpm *= 2
    return round(bpm, 2)
