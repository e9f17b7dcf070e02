"""Where the words of tables stand in a text, and which style they name.

Leaves out what is negated ("not jazz") and words for styles that are mere things there ("an empty house"). Knows which
words there are from ``vocabulary``, and nothing of what else a prompt says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from musicgen.instruments import WORDS as INSTRUMENT_WORDS
from musicgen.vocabulary import (
    AMBIGUOUS,
    COLOURS,
    METER_WORDS,
    MODE_WORDS,
    MOOD_TEMPO,
    STYLE_HINTS,
    STYLE_WORDS,
    TEMPO_WORDS,
    THINGS,
)

T = TypeVar("T")

_NEGATED = re.compile(
    r"\b(?:no|not|without|non|never|avoid|isn't|w/o|don't|do not|doesn't|nothing|less|free of)"
    r"(?: (?:any|a|an|the|too|very|so|overly|really|at all|make it|it|be|being|sound|sounds|feel|gets?))*"
    r"(?: [\w-]+ (?:or|nor))?[ -]$"
)
# "an empty house", "my country" and "behind the old club" are no styles, "a deep house track" and "dark trap 140" are.
_THING_BEFORE = re.compile(
    r"\b(?:an?|the|my|your|his|her|our|their|this|that|in|into|behind|at)(?: (?!of\b)[\w'-]+){0,2} $"
)
_GENRE_BEFORE = re.compile(
    r"\b(?:deep|tech|progressive|dark|hard|indie|classic|alt|acid|melodic|lo-?fi|heavy|soft|art|prog|glam|southern|black"
    r"|death|doom|nu|thrash|electro|future|afro|tropical|synth|uk|alternative|90s|80s|70s|60s|50s) $"
)
_BUT = re.compile(r"\b(?:but|meets)\b")
_MUSIC_AFTER = re.compile(
    r"^[ -](?:music|tracks?|beats?|songs?|style|vibes?|groove|banger|anthem|loops?|bass|bpm|ballad|tunes?|jam|riffs?"
    r"|band|guitars?|drums?|instrumental|number|waltz|mix|set|bop|hit|classics?|intro|theme|score)\b|^ \d|^ n\b"
)


def pattern_of(words: tuple[str, ...] | list[str]) -> re.Pattern[str]:
    """Any of ``words`` standing alone, the longest first."""
    longest = sorted((re.escape(word) for word in words), key=len, reverse=True)
    return re.compile(rf"(?<![a-z0-9])(?<![0-9]/)(?:{'|'.join(longest)})(?![a-z0-9])(?!/[0-9])")


PATTERNS: dict[int, re.Pattern[str]] = {
    id(table): pattern_of(list(table))
    for table in (STYLE_WORDS, STYLE_HINTS, METER_WORDS, MODE_WORDS, TEMPO_WORDS, MOOD_TEMPO, INSTRUMENT_WORDS)
}


def found(table: Mapping[str, Any], lower: str) -> list[re.Match[str]]:
    """Where words of ``table`` stand in the text, in order, without those that are negated, or that are mere things."""
    matches = PATTERNS[id(table)].finditer(lower)
    return [match for match in matches if not negated(lower, match)
            and not (table is STYLE_WORDS and _thing(lower, match))]


def negated(lower: str, match: re.Match[str]) -> bool:
    """Whether what is matched is said not to be."""
    return bool(_NEGATED.search(before(lower, match, 60)))


def _thing(lower: str, match: re.Match[str]) -> bool:
    """Whether a word that may be a style is a thing here."""
    left = before(lower, match, 60)
    return (match[0] in THINGS and bool(_THING_BEFORE.search(left)) and not _GENRE_BEFORE.search(left)
            and not _MUSIC_AFTER.search(lower[match.end() : match.end() + 20]))


def before(text: str, match: re.Match[str], most: int) -> str:
    """What stands before a match; not all of it, so that hostile prompts cost no more than long ones."""
    return text[max(0, match.start() - most) : match.start()]


def first(table: Mapping[str, T], lower: str) -> T | None:
    """What the first word of ``table`` in the text stands for."""
    return next((table[match[0]] for match in found(table, lower)), None)


def style_of(lower: str) -> tuple[str | None, bool]:
    """The style, and whether it is merely hinted at.

    That of the words that are one outright; else of those that colour one; else of those that may mean something else.
    Of two words side by side the second counts: "folk metal" is metal.
    """
    named = found(STYLE_WORDS, lower)
    plain = [match for match in named if match[0] not in COLOURS | AMBIGUOUS]
    heads = [first for first, second in zip(plain, [*plain, None][1:], strict=True)
             if second is None or lower[first.end() : second.start()] not in (" ", "-")]
    if _BUT.search(lower):  # "Beethoven but trap"
        heads.reverse()
    for words, hinted in ((heads, False), ([match for match in named if match[0] in COLOURS], False),
                          (named, True), (found(STYLE_HINTS, lower), True)):
        styles = [STYLE_WORDS.get(match[0]) or STYLE_HINTS[match[0]] for match in words]
        if hinted:
            styles = [style for style in styles if style not in refused_styles(lower)]
        if styles:
            return max(styles, key=styles.count), hinted  # max keeps the first among equals
    return None, False


def styles_named(lower: str) -> list[tuple[str, str]]:
    """The words that name a style outright or hint at one, and that style, in order; those that hint last."""
    return [(match[0], table[match[0]]) for table in (STYLE_WORDS, STYLE_HINTS) for match in found(table, lower)]


def refused_styles(lower: str) -> tuple[str, ...]:
    """The styles there shall not be, each once."""
    return tuple(dict.fromkeys(STYLE_WORDS[match[0]] for match in PATTERNS[id(STYLE_WORDS)].finditer(lower)
                               if negated(lower, match)))
