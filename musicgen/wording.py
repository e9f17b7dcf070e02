"""Where the words of tables stand in a text, and which style they name.

Leaves out what is negated ("not jazz") and words for styles that are mere things there ("an empty house"). Knows which
words there are from ``vocabulary``, and nothing of what else a prompt says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from musicgen.genres import GENRES
from musicgen.instruments import WORDS as INSTRUMENT_WORDS
from musicgen.vocabulary import (
    AMBIGUOUS,
    COLOURS,
    DRUM_WORDS,
    METER_WORDS,
    MODE_WORDS,
    MOOD_TEMPO,
    STYLE_HINTS,
    STYLE_WORDS,
    TEMPO_WORDS,
    THINGS,
    listed,
)

T = TypeVar("T")

_NEGATED = re.compile(
    r"(?<!-)\b(?:no|not|without|non|never|avoid|isn't|w/o|don't|do not|doesn't|nothing|less|free of|neither|except"
    r"|instead of|rather than|anything but|everything but)(?: (?:any|a|an|the|in|too|very|so|overly|really|at all"
    r"|make it|it|be|being|sound|sounds|feel|gets?|play|use|want))*(?: [\w-]+ (?:or|nor))?[ -]$"
)
# "not slow jazz": of a style there may be a word between, but "not just jazz" is jazz, and so is "no drums jazz".
_NEGATED_STYLE = re.compile(
    r"\b(?:no|not|without|don't play|don't want)(?: (?:any|a|an|the))?"
    r"(?: (?!(?:but|just|only|drums?|percussion|vocals?|singing|lyrics|words|voices?|guitars?|piano|bass|beats?"
    r"|synths?)\b)[\w'-]+)? $"
)
# "an empty house", "my country" and "behind the old club" are no styles, "a deep house track" and "dark trap 140" are.
_THING_BEFORE = re.compile(
    r"\b(?:an?|the|my|your|his|her|our|their|this|that|in|into|behind|at)(?: (?!(?:of|and|or|with)\b)[\w'-]+){0,2} $"
)
# "a haunted house", "house of cards": things however few words there are.
_COMPOUND_BEFORE = re.compile(r"\b(?:haunted|opera|white|green|tree|dog|light) $")
_COMPOUND_AFTER = re.compile(r"^ (?:of|roads?|climbing|hall|arrest)\b")
_GENRE_BEFORE = re.compile(
    r"\b(?:deep|tech|progressive|indie|alt|acid|melodic|lo-?fi|prog|glam|southern|death|doom|nu|thrash|electro|afro"
    r"|tropical|synth|uk|alternative|90s|80s|70s|60s|50s) $"
)
_MUSIC_AFTER = re.compile(
    r"^[ -](?:music|tracks?|beats?|songs?|style|vibes?|groove|banger|anthem|loops?|bass|bpm|ballad|tunes?|jam|riffs?"
    r"|band|guitars?|drums?|instrumental|number|waltz|mix|set|bop|hit|classics?|intro|theme|score|piece|melod(?:y|ies)"
    r"|breakdown|opera|fusion|feel|mood|singer|solo|piano|organ|fiddle|flute|sound|version|cover|remix|arrangement"
    r"|composition|trailer)\b|^ \d|^ n\b"
)
BRIEF = 3  # words; what is no longer than that and ends with a style asks for it: "a movie trailer", "an opera"
_BUT = re.compile(r"\b(?:but|meets)\b")


def pattern_of(words: tuple[str, ...] | list[str]) -> re.Pattern[str]:
    """Any of ``words`` standing alone, the longest first."""
    longest = sorted((re.escape(word) for word in words), key=len, reverse=True)
    return re.compile(rf"(?<![a-z0-9])(?<![0-9]/)(?:{'|'.join(longest)})(?![a-z0-9])(?!/[0-9])")


PATTERNS: dict[int, re.Pattern[str]] = {
    id(table): pattern_of(list(table))
    for table in (STYLE_WORDS, STYLE_HINTS, METER_WORDS, MODE_WORDS, TEMPO_WORDS, MOOD_TEMPO, INSTRUMENT_WORDS)
}


# Of a kit; a "steel-drum" is none.
DRUM = re.compile(pattern_of(listed(DRUM_WORDS)).pattern.replace("(?<![a-z0-9])", "(?<![a-z0-9-])", 1))


def found(table: Mapping[str, Any], lower: str) -> list[re.Match[str]]:
    """Where words of ``table`` stand in the text, in order, without those that are negated, or that are mere things."""
    matches = PATTERNS[id(table)].finditer(lower)
    return [match for match in matches if not negated(lower, match)
            and not (table is STYLE_WORDS and _thing(lower, match))]


def negated(lower: str, match: re.Match[str]) -> bool:
    """Whether what is matched is said not to be."""
    left = before(lower, match, 60)
    style = match[0] in STYLE_WORDS and (_NEGATED_STYLE.search(left) or lower[match.end() :].startswith("-free"))
    return bool(style or _NEGATED.search(left))


def _thing(lower: str, match: re.Match[str]) -> bool:
    """Whether a word that may be a style is a thing here."""
    if match[0] not in THINGS:
        return False
    left, right = before(lower, match, 60), lower[match.end() : match.end() + 20]
    if _COMPOUND_AFTER.search(right):
        return True
    if _MUSIC_AFTER.search(right) or _GENRE_BEFORE.search(left):
        return False
    few = BRIEF - (match[0] in AMBIGUOUS)
    brief = match.end() == len(lower) and len(lower[:60].split()) <= few
    return bool(_COMPOUND_BEFORE.search(left) or (_THING_BEFORE.search(left) and not brief))


def before(text: str, match: re.Match[str], most: int) -> str:
    """What stands before a match; not all of it, so that hostile prompts cost no more than long ones."""
    return text[max(0, match.start() - most) : match.start()]


def first(table: Mapping[str, T], lower: str) -> T | None:
    """What the first word of ``table`` in the text stands for."""
    return next((table[match[0]] for match in found(table, lower)), None)


def style_of(lower: str, refused: Collection[str]) -> tuple[str | None, str | None, bool]:
    """The style, the genre that narrows it, and whether they are merely hinted at.

    That of the words that are one outright; else of those that colour one; else of those that may mean something else.
    Of two words side by side the second counts: "folk metal" is metal; and after a "but": "Beethoven but trap". What
    merely hints at a ``refused`` style does not count.
    """
    named = found(STYLE_WORDS, lower)
    plain = [match for match in named if match[0] not in COLOURS | AMBIGUOUS]
    heads = [one for one, other in zip(plain, [*plain, None][1:], strict=True)
             if other is None or lower[one.end() : other.start()] not in (" ", "-")]
    if heads and _BUT.search(lower[heads[0].end() : heads[-1].start()]):
        heads.reverse()
    for matches, hinted in ((heads, False), ([match for match in named if match[0] in COLOURS], False),
                            ([*named, *found(STYLE_HINTS, lower)], True)):
        words = [(match[0], STYLE_WORDS.get(match[0]) or STYLE_HINTS[match[0]]) for match in matches]
        styles = Counter(style for _, style in words if not (hinted and style in refused))
        if styles:
            style = styles.most_common(1)[0][0]  # the first among equals
            return style, next((word for word, its in words if its == style and word in GENRES), None), hinted
    return None, None, False


def refused_styles(lower: str) -> tuple[str, ...]:
    """The styles there shall not be, each once."""
    return tuple(dict.fromkeys(STYLE_WORDS[match[0]] for match in PATTERNS[id(STYLE_WORDS)].finditer(lower)
                               if negated(lower, match)))
