"""What the words of a prompt say about tempo, metre, key, chords, drums, instruments and style.

Looks for numbers and for the words of ``habits``; understands "no" and "without". Draws nothing and decides nothing:
what is not said stays None. Knows nothing of plans, audio or models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from musicgen.habits import (
    DRUM_WORDS,
    METER_WORDS,
    MODE_WORDS,
    NO_DRUM_WORDS,
    STYLE_HINTS,
    STYLE_WORDS,
    TEMPO_WORDS,
)
from musicgen.instruments import MOST
from musicgen.instruments import WORDS as INSTRUMENT_WORDS
from musicgen.theory import CHORD_QUALITIES, METERS, Chord, Key, Meter, parse_chord, parse_key


@dataclass(frozen=True)
class Reading:
    """What a prompt says; None or empty where it says nothing."""

    style: str | None = None  # a key of habits.STYLES
    bpm: float | None = None
    bpm_range: tuple[float, float] | None = None  # from words such as "slow", or from "90-100 bpm"
    key: Key | None = None
    mode: str | None = None  # "major" or "minor", also from words such as "sad"
    meter: Meter | None = None
    chords: tuple[Chord, ...] = ()
    degrees: tuple[tuple[int, str], ...] = ()  # (scale degree 0..6, quality) from Roman numerals
    drums: bool | None = None
    drums_alone: bool = False  # and nothing else
    instruments: tuple[str, ...] = ()  # as they are named: "guitar" may be any of them (see instruments.py)
    unwanted: tuple[str, ...] = ()  # instruments there shall not be, as they are named
    solo: bool = False  # one of the instruments alone
    ending: bool | None = None  # False for a loop, or for what shall go on


def read_prompt(prompt: str) -> Reading:
    """What ``prompt`` says, in English or with Korean key words. Never raises for a string."""
    text = re.sub(r"\s+", " ", prompt).strip()
    lower = text.lower()
    style = _most_named(STYLE_WORDS, lower) or _most_named(STYLE_HINTS, lower)
    meter_word = _first(METER_WORDS, lower)
    mode_word = _first(MODE_WORDS, lower)
    bpm, bpm_range = _tempo(lower)
    key, mode = _key(text)
    instruments, unwanted = _instruments(lower)
    drums = _drums(lower)
    if key is not None and mode is None:
        key = Key(key.tonic, mode_word or key.mode)
    return Reading(
        style=style,
        bpm=bpm,
        bpm_range=bpm_range,
        key=key,
        mode=key.mode if key else mode or mode_word,
        meter=METERS[meter_word] if meter_word else None,
        chords=_chords(text),
        degrees=_degrees(text),
        drums=drums,
        drums_alone=bool(drums and not instruments and _DRUMS_ALONE.search(lower)),
        instruments=instruments,
        unwanted=unwanted,
        solo=bool(_SOLO.search(lower)),
        ending=_ending(lower),
    )


# -- words ----------------------------------------------------------------------------------------------------------

_NEGATED = re.compile(
    r"\b(?:no|not|without|non|never|avoid|isn't|w/o)(?: (?:any|a|an|the|too|very|so|overly|really))*[ -]$"
)


def _pattern(words: tuple[str, ...] | list[str]) -> re.Pattern[str]:
    """Any of ``words`` standing alone, the longest first."""
    longest = sorted((re.escape(word) for word in words), key=len, reverse=True)
    return re.compile(rf"(?<![a-z0-9/])(?:{'|'.join(longest)})(?![a-z0-9/])")


_PATTERNS: dict[int, re.Pattern[str]] = {
    id(table): _pattern(list(table))
    for table in (STYLE_WORDS, STYLE_HINTS, METER_WORDS, MODE_WORDS, TEMPO_WORDS, INSTRUMENT_WORDS)
}


def _named(table: dict, lower: str) -> list:
    """The values of the words of ``table`` in the text, in order, without those that are negated."""
    found = _PATTERNS[id(table)].finditer(lower)
    return [table[match[0]] for match in found if not _NEGATED.search(_before(lower, match, 40))]


def _before(text: str, match: re.Match[str], most: int) -> str:
    """What stands before a match; not all of it, so that hostile prompts cost no more than long ones."""
    return text[max(0, match.start() - most) : match.start()]


def _first(table: dict[str, str], lower: str) -> str | None:
    found = _named(table, lower)
    return found[0] if found else None


def _most_named(table: dict[str, str], lower: str) -> str | None:
    """The style named most often, the earlier among equals; "waltz" yields to any other (it is a metre too)."""
    found = _named(table, lower)
    others = [name for name in found if name != "waltz"] or found
    return max(others, key=others.count) if others else None  # max keeps the first among equals


# -- tempo ----------------------------------------------------------------------------------------------------------

_NUMBER = r"(\d{2,4}(?:\.\d+)?)"
_BPM = r" ?-?(?:bpm|b\.p\.m\.?|beats? (?:per|a) minute|비피엠)"
_BPM_RANGE = re.compile(rf"(?<![\d.]){_NUMBER} ?(?:-|–|to|~) ?{_NUMBER}{_BPM}")
_BPM_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?<![\d.]){_NUMBER}{_BPM}",
        rf"(?:bpm|tempo)(?: (?:of|is|at|around|about))? ?[:=]? ?{_NUMBER}(?![\d.]*\d)",
        rf"[♩=] ?= ?{_NUMBER}",
        # "at 120", but not "at 128 kbps", "at 60 %", "at 12:30"
        r"\bat (?:around |about )?(\d{2,3})(?= ?(?:$|[,.;!)](?!\d)| (?:in|with|and|without|no)\b))",
    )
)


def _tempo(lower: str) -> tuple[float | None, tuple[float, float] | None]:
    span = _BPM_RANGE.search(lower)
    if span:
        low, high = sorted((_fold(float(span[1])), _fold(float(span[2]))))
        return (low, None) if low == high else (None, (low, high))
    for form in _BPM_FORMS:
        match = form.search(lower)
        if match and float(match[1]) > 0:
            return _fold(float(match[1])), None
    found = _named(TEMPO_WORDS, lower)
    return None, found[0] if found else None


def _fold(bpm: float) -> float:
    """A tempo beyond the range is the same music felt at half or double time."""
    while bpm > 220:
        bpm /= 2
    while bpm < 40:
        bpm *= 2
    return round(bpm, 2)


# -- key ------------------------------------------------------------------------------------------------------------

_MODES = {
    "major": "major", "maj": "major", "minor": "minor", "min": "minor", "m": "minor", "dorian": "minor",
    "aeolian": "minor", "phrygian": "minor", "lydian": "major", "mixolydian": "major", "ionian": "major",
}
_KEY = re.compile(
    r"(?P<lead>\b(?:in|key(?: of| is)?|key ?[:=]|in the key of) ?)?"
    r"(?<![A-Za-z0-9#♯♭'’])(?P<letter>[A-Ga-g])(?P<accidental>[#♯♭b]|[ -](?:sharp|flat))?[ -]?"
    r"(?P<mode>major|minor|maj|min|m|dorian|aeolian|phrygian|lydian|mixolydian|ionian)(?![A-Za-z0-9#])(?P<after> ?\w*)",
)
_BARE_KEY = re.compile(
    r"\b(?:key(?: of|:| is| =) ?(?P<k>[A-G])(?P<ka>[#♯♭b]|[ -](?:sharp|flat))?(?![A-Za-z0-9])"
    r"|in (?P<i>[A-G])(?P<ia>[#♯♭b]|[ -](?:sharp|flat))?(?=$|[,.;!)]| (?:at|with|and)\b))"
)
_KOREAN_KEY = re.compile(r"(올림|내림)?([가나다라마바사]) ?(장조|단조)")
_KOREAN_NOTES = dict(zip("다라마바사가나", "CDEFGAB", strict=True))


def _key(text: str) -> tuple[Key | None, str | None]:
    """The key, and its mode where that is said with it; ``(None, mode)`` for "in a minor key"."""
    mode_only: str | None = None
    for match in _KEY.finditer(text):
        letter, accidental, after = match["letter"], (match["accidental"] or "").strip(" -"), match["after"].strip()
        mode = _MODES[match["mode"]]
        if match["mode"] == "m" and (letter.islower() or not match["lead"]):
            continue  # "Am" alone is a chord; "a m" is nothing
        if letter in "aA" and not accidental and _is_article(match, after, text):
            mode_only = mode
            continue
        return parse_key(f"{letter}{accidental} {mode}"), mode
    bare = _BARE_KEY.search(text)
    if bare:
        name = (bare["k"] or bare["i"]) + (bare["ka"] or bare["ia"] or "").strip(" -")
        return parse_key(name), None
    korean = _KOREAN_KEY.search(text)
    if korean:
        accidental = {"올림": "#", "내림": "b", None: ""}[korean[1]]
        mode = "major" if korean[3] == "장조" else "minor"
        return parse_key(f"{_KOREAN_NOTES[korean[2]]}{accidental} {mode}"), mode
    return None, mode_only


def _is_article(match: re.Match[str], after: str, text: str) -> bool:
    """Whether the "a" of "a minor ..." is the article: "in a minor key", "a minor setback", "A minor key song"."""
    if after in ("key", "mode", "scale", "mood", "feel", "tonality", "tone", "chord", "chords", "progression"):
        return match["letter"] == "a" or not match["lead"]
    if match["letter"] == "A" or match["lead"]:
        return False
    return after not in ("", "at", "with", "and") or not re.search(r"(?:^|[,;:(-] ?)$", text[: match.start()])


# -- chords ---------------------------------------------------------------------------------------------------------

_SPELLINGS = [*CHORD_QUALITIES, "M7", "min7", "maj", "min", "sus", "add9", "°", "ø", "+"]
_QUALITY = "|".join(re.escape(quality) for quality in sorted(_SPELLINGS, key=len, reverse=True))
_CHORD = rf"(?<![A-Za-z0-9#])[A-G][#♯b♭]?(?:{_QUALITY})(?:/[A-G][#♯b♭]?)?(?![A-Za-z0-9#/'’])(?! ?(?:major|minor))"
_BETWEEN = r"(?: ?[-–—→>|,]+ ?| )"
_CHORDS_AFTER = re.compile(
    rf"(?i:\b(?:chords?|progression|changes|코드)(?: progression| loop)?(?: (?:of|is|are|like))? ?[:=]? ?\|? ?)"
    rf"({_CHORD}(?:{_BETWEEN}{_CHORD})*)"
)
_CHORDS_BEFORE = re.compile(rf"({_CHORD}(?:{_BETWEEN}{_CHORD})+)(?i: (?:chords?|progression|loop|vamp|changes)\b)")
_CHORDS_BARE = re.compile(rf"({_CHORD}(?:{_BETWEEN}{_CHORD}){{2,}})")
_ROMAN = r"(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)"
_DEGREE = rf"{_ROMAN}(?:maj7|7|°)?"
_ROMANS = re.compile(rf"(?<![A-Za-z0-9])({_DEGREE}(?: ?[-–—] ?{_DEGREE}){{1,15}})(?![A-Za-z0-9])")
_DEGREES = ("i", "ii", "iii", "iv", "v", "vi", "vii")


def _chords(text: str) -> tuple[Chord, ...]:
    for form in (_CHORDS_AFTER, _CHORDS_BEFORE, _CHORDS_BARE):
        match = form.search(text)
        if match:
            return tuple(parse_chord(name) for name in re.findall(_CHORD, match[1])[:16])
    return ()


def _degrees(text: str) -> tuple[tuple[int, str], ...]:
    """``"ii7-V7-Imaj7"`` -> ((1, "m7"), (4, "7"), (0, "maj7")): lower case is minor, ° diminished."""
    match = _ROMANS.search(text)
    found = []
    for numeral, extra in re.findall(rf"({_ROMAN})(maj7|7|°)?", match[1]) if match else []:
        minor = "m" if numeral.islower() else ""
        quality = {"": minor, "7": minor + "7", "maj7": "maj7", "°": "dim"}[extra]
        found.append((_DEGREES.index(numeral.lower()), quality))
    return tuple(found)


# -- drums and instruments -----------------------------------------------------------------------------------------

_SPLIT = re.compile(r" ?, ?")
_DRUM = re.compile(_pattern(_SPLIT.split(DRUM_WORDS)).pattern.replace("(?<![a-z0-9/])", "(?<![a-z0-9-])", 1))
_NO_DRUM = _pattern(_SPLIT.split(NO_DRUM_WORDS))
# Words with a drum or a beat in them that say nothing about drums.
_OTHER_BEATS = re.compile(r"steel drums?|beats? (?:per|a) minute|heart ?beats?|ear ?drums?|felt beats?")
# One instrument alone: "solo acoustic guitar", but not "rock with a guitar solo".
_SOLO = re.compile(
    r"\bsolo (?:[a-z-]+ )?(?:piano|guitar|violin|cello|flute|harp|organ|vibraphone|marimba|clarinet|sax(?:ophone)?"
    r"|trumpet|accordion|harpsichord|music box|celesta|banjo|synth)\b"
)
_NO = (
    r"\b(?:no|without|w/o|minus|lacking|excluding|avoid|skip|omit|remove|zero|free of|absence of|lack of"
    r"|(?:don't|do not|doesn't|does not|not) (?:have|want|use|add|include|need|any))"
)
_ITEM = r"(?!(?:but|with|just|only|plus)\b)[\w'-]+(?: (?!(?:but|with|just|only|plus|and|or|nor)\b)[\w'-]+)?"
_NO_BEFORE = re.compile(rf"{_NO}(?: (?:any|a|the|real|live|other))*(?: {_ITEM} ?(?:or|nor|and|/|&))*(?: any| the)? $")
_NO_LIST_BEFORE = re.compile(rf"{_NO} {_ITEM}(?: ?, ?{_ITEM})* ?, $")
_OR_AFTER = re.compile(r"^(?: ?, ?[\w'-]+)* ?,? (?:or|nor)\b")
_NO_AFTER = re.compile(r"^ ?[:=]? ?(?:none|no|off|absent)\b(?! \w)")


# "Drums only", or a drum loop that is the thing itself: "a fast drum loop", but not "lo-fi with a drum loop".
_DRUMS_ALONE = re.compile(
    r"\b(?:drums?|percussion|beats?) (?:only|alone|solos?)\b"
    r"|\b(?:only|just|solo|nothing but) (?:the |a )?(?:drums?|percussion)\b"
    r"|(?<!with )(?<!with a )(?<!over )(?<!over a )(?<!and )(?<!and a )(?<!on a )(?<!plus )"
    r"\b(?:drums?|percussion) (?:loop|beat|groove|break|pattern|track|fill)s?\b|드럼만|드럼 솔로|드럼 루프"
)


def _drums(lower: str) -> bool | None:
    none_said = bool(_NO_DRUM.search(lower) or _SOLO.search(lower))
    rest = _OTHER_BEATS.sub(" ", _NO_DRUM.sub(" ", lower))
    for match in _DRUM.finditer(rest):
        if _refused(rest, match):
            none_said = True
        else:
            return True
    return False if none_said else None


_LOOP = re.compile(r"\b(?:loop|loops|loopable|looping|looped|seamless(?:ly)?|endless(?:ly)?|never-ending)\b|루프|반복")
_END = re.compile(r"\b(?:ending|final chord|outro|finale|cadence)\b|엔딩|아웃트로")


def _ending(lower: str) -> bool | None:
    def refused(text: str, match: re.Match[str]) -> bool:
        return bool(_refused(text, match) or _NEGATED.search(_before(text, match, 40)))

    loops = any(not refused(lower, match) for match in _LOOP.finditer(lower))
    rest = _LOOP.sub(" ", lower)
    ends = [not refused(rest, match) for match in _END.finditer(rest)]
    return False if loops or (ends and not any(ends)) else True if ends else None


def _refused(text: str, match: re.Match[str]) -> bool:
    """Whether what is matched is named as what there shall not be."""
    before, after = _before(text, match, 100), text[match.end() : match.end() + 100]
    in_list = _NO_LIST_BEFORE.search(before) and _OR_AFTER.search(after)
    return bool(_NO_BEFORE.search(before) or in_list or _NO_AFTER.search(after))


def _instruments(lower: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wanted and what is refused, each once, in order, no more than can be told."""
    lists: tuple[list[str], list[str]] = ([], [])
    for match in _PATTERNS[id(INSTRUMENT_WORDS)].finditer(lower):
        if INSTRUMENT_WORDS[match[0]]:
            lists[_refused(lower, match)].append(INSTRUMENT_WORDS[match[0]])
    wanted, unwanted = (tuple(dict.fromkeys(names))[:MOST] for names in lists)
    return wanted, unwanted
