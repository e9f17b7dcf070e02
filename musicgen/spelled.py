"""Keys, chords and Roman numerals as people spell them in a sentence.

Where a letter may be an article or a chord a key, the words around it decide. Knows nothing of styles, plans or
audio.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from musicgen.theory import CHORD_QUALITIES, QUALITY_SPELLINGS, Chord, Key, parse_chord, parse_key


class Degree(NamedTuple):
    """A chord on a degree of the scale, 0..6; ``flat`` is a semitone below the major scale's."""

    step: int
    quality: str
    flat: bool = False


# -- key ------------------------------------------------------------------------------------------------------------

_MODES = {
    "major": "major", "maj": "major", "minor": "minor", "min": "minor", "m": "minor", "dorian": "minor",
    "aeolian": "minor", "phrygian": "minor", "lydian": "major", "mixolydian": "major", "ionian": "major",
}
_ACCIDENTAL = r"[#♯♭b]|[ -](?i:sharp|flat)"
_KEY = re.compile(
    r"(?P<lead>\b(?i:in the key of|in|key(?: of| is)?|key ?[:=-]) ?)?"
    rf"(?<![A-Za-z0-9#♯♭'’])(?P<letter>[A-Ga-g])(?P<accidental>{_ACCIDENTAL})?[ -]?(?i:harmonic |melodic |natural )?"
    r"(?P<mode>(?i:major|minor|maj|min|dorian|aeolian|phrygian|lydian|mixolydian|ionian)|m)(?![A-Za-z0-9#])"
    r"(?P<after> ?\w*)",
)
_BARE_KEY = re.compile(
    rf"\b(?:(?i:key(?: of|:| is| =| -)) ?(?P<k>[A-G])(?P<ka>{_ACCIDENTAL})?(?![A-Za-z0-9])"
    rf"|(?i:in|key) (?P<i>[A-G])(?P<ia>{_ACCIDENTAL})?(?=$|[,.;!)|]| (?:at|with|and)\b))"
)
# "Bbm trap, 140 bpm": one minor chord that is all there is of its kind is the key, if it cannot be a word.
_LONE = re.compile(r"(?<![A-Za-z0-9#♯♭'’])([A-G])([#♯♭b]?)m(?:in)?(?![A-Za-z0-9#'’])")
_APART_BEFORE, _APART_AFTER = re.compile(r"(?:^|[,|;(-]) ?$"), re.compile(r"^ ?(?:$|[,|;)-])")
_KOREAN_KEY = re.compile(r"(올림|내림)?([가나다라마바사]) ?(장조|단조)")
_KOREAN_LETTER = re.compile(r"(?<![A-Za-z0-9#])([A-G])([#♯♭b]?) ?(장조|단조|메이저|마이너)")
_KOREAN_MODES = {"장조": "major", "메이저": "major", "단조": "minor", "마이너": "minor"}
_KOREAN_NOTES = dict(zip("다라마바사가나", "CDEFGAB", strict=True))
# "la menor", "si bémol majeur", "fa diesis minore"
_SUNG = re.compile(
    r"(?<!\w)(?P<lead>en )?(?P<note>d[oó]|r[eéê]|mi|f[aá]|sol|l[aá]|si)"
    r"(?:[ -]?(?P<sharp>#|sostenido|sustenido|di[eè]se|diesis)|[ -]?(?P<flat>♭|b[eé]mol(?:le)?))?"
    r"[ -](?:(?P<major>mayor|maior|majeur|maggiore)|menor|mineur|minore)(?!\w)", re.IGNORECASE,
)
_SUNG_NOTES = dict(zip(("do", "re", "mi", "fa", "sol", "la", "si"), "CDEFGAB", strict=True))
# "a-Moll", "Fis-Dur", "in h-Moll"
_GERMAN = re.compile(r"(?<!\w)(?P<lead>in )?([a-h])(is|es|s)?(?P<gap>[ -])(dur|moll)(?!\w)", re.IGNORECASE)


def spelled_key(text: str) -> tuple[Key | None, str | None]:
    """The key, and its mode where that is said with it; ``(None, mode)`` for "in a minor key"."""
    mode_only: str | None = None
    for match in _KEY.finditer(text):
        letter, accidental = match["letter"], (match["accidental"] or "").strip(" -").lower()
        after, mode = match["after"].strip().lower(), _MODES[match["mode"].lower()]
        if match["mode"] == "m" and (letter.islower() or not match["lead"]):
            continue  # "Am" alone is a chord; "a m" is nothing
        if letter in "aA" and not accidental and _is_article(match, after, text):
            mode_only = mode
            continue
        return parse_key(f"{letter}{accidental} {mode}"), mode
    bare = _BARE_KEY.search(text)
    if bare:
        name = (bare["k"] or bare["i"]) + (bare["ka"] or bare["ia"] or "").strip(" -").lower()
        return parse_key(name), None
    mixed = _KOREAN_LETTER.search(text)
    if mixed:
        mode = _KOREAN_MODES[mixed[3]]
        return parse_key(f"{mixed[1]}{mixed[2]} {mode}"), mode
    korean = _KOREAN_KEY.search(text)
    if korean:
        accidental = {"올림": "#", "내림": "b", None: ""}[korean[1]]
        mode = _KOREAN_MODES[korean[3]]
        return parse_key(f"{_KOREAN_NOTES[korean[2]]}{accidental} {mode}"), mode
    if (foreign := _foreign_key(text)) is not None:
        return foreign, foreign.mode
    return None, mode_only


def _foreign_key(text: str) -> Key | None:
    """The key as it is sung in the south of Europe, or called in German, where B is a semitone below H."""
    for match in _SUNG.finditer(text):
        if match["major"] and match["major"].lower() == "mayor" and not match["lead"]:
            continue  # "the LA mayor"
        plain = unicodedata.normalize("NFD", match["note"].lower()).encode("ascii", "ignore").decode()
        if (note := _SUNG_NOTES.get(plain)) is None:
            continue  # a letter that only folds to one of these, such as the Turkish i without a dot
        accidental = "#" if match["sharp"] else "b" if match["flat"] else ""
        return parse_key(f"{note}{accidental} {'major' if match['major'] else 'minor'}")
    for match in _GERMAN.finditer(text):
        if match["gap"] == " " and not match["lead"]:
            continue  # "a gangster and a moll"
        note, sign = match[2].upper(), (match[3] or "").lower()
        accidental = "#" if sign == "is" else "b" if sign or note == "B" else ""
        return parse_key(f"{note.replace('H', 'B')}{accidental} {'major' if match[5].lower() == 'dur' else 'minor'}")
    return None


def _is_article(match: re.Match[str], after: str, text: str) -> bool:
    """Whether the "a" of "a minor ..." is the article: "in a minor key", "a minor setback", "A minor key song"."""
    if after in ("key", "mode", "scale", "mood", "feel", "tonality", "tone", "chord", "chords", "progression"):
        return match["letter"] == "a" or not match["lead"]
    if match["letter"] == "A" or match["lead"] or after == "":
        return False
    return after not in ("at", "with", "and") or not re.search(r"(?:^|[,;:(-] ?)$", text[: match.start()])


def lone_key(text: str) -> Key | None:
    """The key that stands as a minor chord by itself, "F#m" or ", Cm,"; None where there are several or none."""
    found = list(_LONE.finditer(text))
    if len(found) != 1:
        return None
    match = found[0]
    apart = _APART_BEFORE.search(text[max(0, match.start() - 2) : match.start()]) and _APART_AFTER.search(
        text[match.end() : match.end() + 2]
    )
    return parse_key(f"{match[1]}{match[2]} minor") if match[2] or apart else None


# -- chords ---------------------------------------------------------------------------------------------------------

# In a sentence a dash parts two chords, and "Go" and "10 AM" are none.
_SPELLINGS = {*CHORD_QUALITIES, *QUALITY_SPELLINGS} - {"-", "-7", "o", "M"}
_QUALITY = "|".join(re.escape(quality) for quality in sorted(_SPELLINGS, key=len, reverse=True))
_CHORD = rf"(?<![A-Za-z0-9#])[A-G][#♯b♭]?(?:{_QUALITY})(?:/[A-G][#♯b♭]?)?(?![A-Za-z0-9#/'’])(?! ?(?:major|minor))"
_BETWEEN = r"(?: ?[-–—→>|,]+ ?(?:and )?| and | )"
_CHORDS_AFTER = re.compile(
    rf"(?i:\b(?:chords?|progression|changes|코드)(?: progression| loop)?(?: (?:of|is|are|like))? ?[:=]? ?\|? ?)"
    rf"({_CHORD}(?:{_BETWEEN}{_CHORD})*)"
)
_CHORDS_BEFORE = re.compile(rf"({_CHORD}(?:{_BETWEEN}{_CHORD})+)(?i: (?:chords?|progression|loop|vamp|changes)\b)")
_CHORDS_BARE = re.compile(rf"({_CHORD}(?:{_BETWEEN}{_CHORD}){{2,}})")
_ROMAN = r"(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)"
_DEGREE = rf"[b♭]?{_ROMAN}(?:maj7|7|°)?"
_ROMANS = tuple(re.compile(rf"(?<![A-Za-z0-9])({_DEGREE}(?:{between}{_DEGREE}){times})(?![A-Za-z0-9])")
                for between, times in ((" ?[-–—] ?", "{1,15}"), (" ", "{2,15}")))  # fmt: skip
_DEGREES = ("i", "ii", "iii", "iv", "v", "vi", "vii")


def spelled_chords(text: str) -> tuple[Chord, ...]:
    for form in (_CHORDS_AFTER, _CHORDS_BEFORE, _CHORDS_BARE):
        match = form.search(text)
        if match:
            return tuple(parse_chord(name) for name in re.findall(_CHORD, match[1])[:16])
    return ()


def spelled_degrees(text: str) -> tuple[Degree, ...]:
    """``"ii7-V7-Imaj7"`` -> the degrees 1, 4 and 0 as m7, 7 and maj7: lower case is minor, ° diminished."""
    match = next((found for form in _ROMANS if (found := form.search(text))), None)
    degrees = []
    for flat, numeral, extra in re.findall(rf"([b♭])?({_ROMAN})(maj7|7|°)?", match[1]) if match else []:
        minor = "m" if numeral.islower() else ""
        quality = {"": minor, "7": minor + "7", "maj7": "maj7", "°": "dim"}[extra]
        degrees.append(Degree(_DEGREES.index(numeral.lower()), quality, bool(flat)))
    return tuple(degrees)


def mode_of(degrees: tuple[Degree, ...]) -> str | None:
    """The mode that a chord on the tonic tells; None where there is none."""
    home = next((degree.quality for degree in degrees if degree.step == 0), None)
    return None if home is None else "minor" if home.startswith("m") and home != "maj7" else "major"
