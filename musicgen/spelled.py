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
_KEY_OF = r"(?i:key(?: signature)?(?: of|:| is| ?=| -))"
_BARE_KEY = re.compile(
    rf"\b(?:{_KEY_OF} ?(?P<k>[A-G](?:{_ACCIDENTAL})?)(?![A-Za-z0-9])"
    rf"|(?i:in|key) (?P<i>[A-G](?:{_ACCIDENTAL})?)(?=$|[,.;!)|](?!\w)| (?:at|with|and)\b| \d)"
    rf"|(?:{_KEY_OF} ?(?P<l>[a-g](?:{_ACCIDENTAL})?)|in (?P<m>[b-g](?:{_ACCIDENTAL})?|a[#♯♭b]))(?=$|[,.;!)|](?!\w)))"
    rf"|(?<![\w'’.])(?P<b>[B-G](?:{_ACCIDENTAL})?|A(?:{_ACCIDENTAL}))(?= (?i:(?:jazz |slow )?blues)\b)"
)
# "a major life event": what is major or minor in no musical sense.
_HAPPENINGS = frozenset(
    "accident breakthrough breakup change character city crisis detail difference disaster event glitch headache "
    "incident inconvenience injury issue league life mistake problem role setback threat upgrade victory".split()
)
# "psytrance 145 F#", "lo-fi, G, 80 bpm": one note that stands apart.
_NOTE = re.compile(r"(?:^|[,|;(] ?|(?:\d|bpm) )(?:([A-G][#♯♭b])|(?:^|(?<=[,|;] ))([B-G]))(?i: ?maj)?(?= ?(?:$|[,|;)]))")
# "Bbm trap, 140 bpm": one minor chord that is all there is of its kind is the key, if it cannot be a word.
_LONE = re.compile(r"(?<![A-Za-z0-9#♯♭'’])([A-G])([#♯♭b]?)m(?:in)?(?![A-Za-z0-9#'’])")
_APART_BEFORE, _APART_AFTER = re.compile(r"(?:^|[,|;(-]) ?$"), re.compile(r"^ ?(?:$|[,|;)-])")
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
        name = next(filter(None, bare.groups()))
        return parse_key(name[0].upper() + name[1:].lower()), None
    if (foreign := _foreign_key(text)) is not None:
        return foreign, foreign.mode
    notes = [match[1] or match[2] for match in _NOTE.finditer(text)]
    if len(notes) == 1 and mode_only is None and not _LONE.search(text):
        return parse_key(notes[0]), None
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
    if after in _HAPPENINGS:
        return True
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
_BETWEEN = r"(?: ?[-–—→>|,/]+ ?(?:and |then )?| and | to | then | )"
_CHORDS_AFTER = re.compile(
    r"(?i:\b(?:chords?|progression|changes|vamp|turnaround)(?: progression| loop)?"
    r"(?: (?:of|is|are|like|on|over|between|from))? ?[:=]? ?\|? ?)"
    rf"({_CHORD}(?:{_BETWEEN}{_CHORD})*)"
)
_CHORDS_BEFORE = re.compile(rf"({_CHORD}(?:{_BETWEEN}{_CHORD})+)(?i: (?:chords?|progression|loop|vamp|changes)\b)")
_CHORDS_BARE = re.compile(rf"({_CHORD}(?:{_BETWEEN}{_CHORD}){{2,}})")
# Two are enough where neither can be anything else, "Dm7-G7", and one where it is all that sounds, "a Cmaj9 pad".
_FULL = {"7"} | {quality for quality in _SPELLINGS - {"", "m", "min", "maj"} if not quality.isdigit()}
_SURE = _CHORD.replace(_QUALITY, "|".join(re.escape(quality) for quality in sorted(_FULL, key=len, reverse=True)))
_CHORDS_TWO = re.compile(rf"({_SURE}{_BETWEEN}{_SURE})")
_CHORD_HELD = re.compile(rf"({_SURE})(?i: (?:chord )?(?:pads?|drones?|vamp)\b)")
_NO_CHORDS = ("ABCDEFG" * 2, "EADGBE", "DADGAD")  # "the A B C song", the strings of a guitar
# As they are typed in haste, "am f c g", "C/G/Am/F", and read out, "C major, A minor, F major".
_SMALL = _CHORD.replace("[A-G]", "[a-g]")
_SMALL_RUN = re.compile(rf"{_SMALL}(?:{_BETWEEN}{_SMALL}){{2,15}}")
_PLAIN_CHORD = rf"[A-G][#♯b♭]?(?:{_QUALITY})"
_SLASHED = re.compile(rf"(?<![\w#/]){_PLAIN_CHORD}(?:/{_PLAIN_CHORD}){{2,15}}(?![\w#/'’])")
_READ_OUT = re.compile(rf"(?<![\w#♯♭'’])([A-G])({_ACCIDENTAL})?[ -](?i:(major|maj)|minor|min)(?!\w)")
_READ_OUT_RUN = re.compile(rf"{_READ_OUT.pattern}(?:(?:{_BETWEEN}){_READ_OUT.pattern}){{2,15}}")
_ROMAN = r"(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)"
_DEGREE = rf"[b♭]?{_ROMAN}(?:maj7|7|°)?"
_ROMANS = tuple(re.compile(rf"(?<![A-Za-z0-9])({_DEGREE}(?:{between}{_DEGREE}){times})(?![A-Za-z0-9])")
                for between, times in ((" ?[-–—] ?", "{1,15}"), (" ", "{2,15}")))  # fmt: skip
_DEGREES = ("i", "ii", "iii", "iv", "v", "vi", "vii")
_DIATONIC = (("", "m", "m", "", "", "m", "dim"), ("m", "dim", "", "m", "", "", ""))  # of a major key and a minor one
_WORD_FOR = r"(?i:(?:chord )?(?:progression|chords?|changes|turnaround|loop|vamp))"
_FIGURES = tuple(re.compile(form) for form in (
    rf"(?<![\w.:/-])([1-7](?:[ –-][1-7]){{2,7}})(?= {_WORD_FOR}\b| in [A-G](?![a-z]))",
    rf"\b{_WORD_FOR} ?[:=]? ?([1-7](?:[ –-][1-7]){{2,7}})(?![\w:/-])",
    r"(?<![\w.:/-])(2-5-1(?:-6)?|6-2-5-1|1-6-2-5|1-5-6-4|6-4-1-5)(?![\w:/-])",
))  # fmt: skip
# Progressions that have a name, in a major key and in a minor one.
_NAMED = tuple((re.compile(name, re.IGNORECASE), numerals) for name, numerals in (
    (r"\bandalusian cadence\b", ("i-VII-VI-V", "i-VII-VI-V")),
    (r"\bpachelbel\b|\bcanon (?:in d\b|chords\b|(?:chord )?progression\b)",
     ("I-V-vi-iii-IV-I-IV-V", "i-v-VI-III-iv-i-iv-V")),
    (r"\b(?:50s|fifties|doo[- ]?wop) (?:chord )?(?:progression|changes|chords)\b", ("I-vi-IV-V", "i-VI-iv-V")),
    (r"\b(?:axis (?:chord )?progression|(?:four|4)[- ]chords? (?:song|pop|progression))\b",
     ("I-V-vi-IV", "i-VI-III-VII")),
    (r"\broyal road progression\b", ("IV-V-iii-vi", "VI-VII-v-i")),
    (r"\bcircle of fifths(?: progression)?\b", ("vi-ii-V-I", "i-iv-VII-III")),
    (r"\brhythm changes\b", ("I-vi-ii-V", "i-VI-iv-V")),
    (r"\b(?:12|twelve)[ -]bars?(?: [a-z]+){0,2} (?:blues|shuffle|boogie)\b"
     r"|\bblues(?: [a-z]+){0,2},? (?:12|twelve)[ -]bars?\b",
     ("I7-I7-I7-I7-IV7-IV7-I7-I7-V7-IV7-I7-V7", "i7-i7-i7-i7-iv7-iv7-i7-i7-v7-iv7-i7-v7")),
))  # fmt: skip


def written_out(text: str) -> str:
    """The text with chords that are typed in haste, or read out, as chords are written."""
    text = _READ_OUT_RUN.sub(lambda run: _READ_OUT.sub(_short, run[0]), text)
    text = _SLASHED.sub(lambda run: run[0].replace("/", " / ") if re.search("[^A-G/]", run[0]) else run[0], text)
    return _SMALL_RUN.sub(lambda run: _capitals(run[0]) if _told_apart(run) else run[0], text)


def _short(chord: re.Match[str]) -> str:
    sign = {"sharp": "#", "flat": "b"}.get((spelled := (chord[2] or "").strip(" -").lower()), spelled)
    return f"{chord[1]}{sign}{'' if chord[3] else 'm'}"


def _capitals(run: str) -> str:
    return re.sub(_SMALL, lambda chord: chord[0][0].upper() + chord[0][1:], run)


def _told_apart(run: re.Match[str]) -> bool:
    """Whether small letters are chords: not all of them bare, and nothing before them in their part of the sentence."""
    left = run.string[max(0, run.start() - 16) : run.start()]
    alone = re.search(r"(?:^|[,;:|(\[=]|\b(?i:chords?|progression|changes)) ?$", left)
    return bool(alone and re.search(r"(?<![a-z#])[a-g][#♯♭b]?(?:m|7|maj|sus|dim|add)", run[0]))


def spelled_chords(text: str) -> tuple[Chord, ...]:
    for form in (_CHORDS_AFTER, _CHORDS_BEFORE, _CHORDS_BARE, _CHORDS_TWO, _CHORD_HELD):
        match = form.search(text)
        names = re.findall(_CHORD, match[1])[:16] if match else []
        letters = form is _CHORDS_BARE and (len(names) > 3 or names[:1] == ["A"])
        if names and not (letters and any("".join(names) in row for row in _NO_CHORDS)):
            return tuple(parse_chord(name) for name in names)
    return ()


def spelled_degrees(text: str, minor: bool = False) -> tuple[Degree, ...]:
    """``"ii7-V7-Imaj7"`` -> the degrees 1, 4 and 0 as m7, 7 and maj7: lower case is minor, ° diminished.

    Figures, "2-5-1", and the names of progressions, "12-bar blues", are those of a minor key if ``minor``.
    """
    match = next((found for form in _ROMANS if (found := form.search(text))), None)
    if match is None:
        named = next((numerals for name, numerals in _NAMED if name.search(text)), None)
        if named is not None:
            return spelled_degrees(named[minor])
        return tuple(Degree(step, _DIATONIC[minor][step]) for step in _figures(text))
    degrees = []
    for flat, numeral, extra in re.findall(rf"([b♭])?({_ROMAN})(maj7|7|°)?", match[1]) if match else []:
        third = "m" if numeral.islower() else ""
        quality = {"": third, "7": third + "7", "maj7": "maj7", "°": "dim"}[extra]
        degrees.append(Degree(_DEGREES.index(numeral.lower()), quality, bool(flat)))
    lowered = {"m": "dim", "m7": "m7b5"} if mode_of(tuple(degrees)) == "minor" else {}  # "ii-V-i"
    return tuple(one._replace(quality=lowered.get(one.quality, one.quality)) if one.step == 1 and not one.flat
                 and after.step == 4 else one for one, after in zip(degrees, degrees[1:] + degrees[:1], strict=True))


def unnamed(text: str) -> str:
    """The text without the names of progressions."""
    for name, _ in _NAMED:
        text = name.sub(" ", text)
    return text


def _figures(text: str) -> tuple[int, ...]:
    """The degrees of "1-5-6-4 progression", "1 5 6 4 in C", "2-5-1"; none of "1-2-3"."""
    match = next((found for form in _FIGURES if (found := form.search(text))), None)
    steps = tuple(int(figure) - 1 for figure in re.findall(r"[1-7]", match[1])) if match else ()
    return () if steps == tuple(range(len(steps))) else steps


def mode_of(degrees: tuple[Degree, ...]) -> str | None:
    """The mode that a chord on the tonic tells, or else more of the others than not; None where none does."""
    minor = {degree: degree.quality.startswith("m") and degree.quality != "maj7" for degree in degrees}
    home = next((degree for degree in degrees if degree.step == 0), None)
    if home is not None:
        return "minor" if minor[home] else "major"
    plain = [degree for degree in degrees if not degree.flat and degree.quality != "dim"]
    votes = sum(1 if minor[d] == (d.step in (1, 2, 5)) else -1 for d in plain if d.step != 4 or minor[d])
    return "major" if votes > 0 else "minor" if votes < 0 else None
