"""What the words of a prompt say about tempo, metre, key, chords, drums, instruments and style.

Looks for numbers and for the words of ``vocabulary``; understands "no" and "without". Draws nothing and decides
nothing: what is not said stays None. Knows nothing of plans, audio or models.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from musicgen.entrances import told_apart
from musicgen.foreign import in_english
from musicgen.instruments import MOST
from musicgen.instruments import WORDS as INSTRUMENT_WORDS
from musicgen.misspelt import LEAST, mend
from musicgen.spelled import Degree, lone_key, mode_of, spelled_chords, spelled_degrees, spelled_key, written_out
from musicgen.tempi import leaning_of, tempo_of
from musicgen.theory import METERS, Chord, Key, Meter
from musicgen.vocabulary import DRUM_WORDS, EMOJI, KIT_PARTS, METER_WORDS, MODE_WORDS, NO_DRUM_WORDS, listed
from musicgen.wording import DRUM, PATTERNS, before, first, found, negated, pattern_of, refused_styles, style_of

_PICTURE = re.compile("|".join(EMOJI))
COGNATE = 7  # letters that a word has to have for being taken for an English one where the others are foreign
MAX_PROMPT = 2_000  # characters; a request may not have more, and no more are read


@dataclass(frozen=True)
class Reading:
    """What a prompt says; None or empty where it says nothing."""

    style: str | None = None  # a key of habits.STYLES
    hinted: bool = False  # by a word, that is, which may as well mean something else
    unlike: tuple[str, ...] = ()  # styles there shall not be
    genre: str | None = None  # a key of genres.GENRES: what narrows the style
    bpm: float | None = None
    bpm_range: tuple[float, float] | None = None  # from words such as "slow", or from "90-100 bpm"
    counted: bool = False  # whether that range was said in beats a minute
    mood_range: tuple[float, float] | None = None  # what a mood such as "calm", or "not too fast", leans to
    key: Key | None = None
    mode: str | None = None  # "major" or "minor", also from words such as "sad"
    meter: Meter | None = None
    odd_meter: str | None = None  # a metre that cannot be told, such as "7/8"
    chords: tuple[Chord, ...] = ()
    degrees: tuple[Degree, ...] = ()  # from Roman numerals
    drums: bool | None = None
    drums_alone: bool = False  # and nothing else
    instruments: tuple[str, ...] = ()  # as they are named: "guitar" may be any of them (see instruments.py)
    unwanted: tuple[str, ...] = ()  # instruments there shall not be, as they are named
    solo: bool = False  # nobody beside the instruments it names
    acoustic: bool = False  # whoever joins them shall need no current
    ending: bool | None = None  # False for a loop, or for what shall go on
    sections: str = ""  # who plays when, as ``sections`` writes it
    rest: str = ""  # beside sections: what else the prompt says, in small letters

    @property
    def settled(self) -> bool:
        """Whether it says what kind of music it is: by an instrument, or by a style that is more than hinted at."""
        return bool(self.instruments) or (self.style is not None and not self.hinted)


def read_prompt(prompt: str) -> Reading:
    """What ``prompt`` says, in English or with key words of other languages. Never raises for a string."""
    return _read(prompt[:MAX_PROMPT])


def understood(prompt: str) -> str:
    """The prompt as it is read: music words of other languages in English, misspelt ones as they are meant."""
    text = _PICTURE.sub(lambda match: f" {EMOJI[match[0]]} ", prompt[:MAX_PROMPT].replace("’", "'"))
    text = unicodedata.normalize("NFC", text)
    english = in_english(text)
    return mend(english, LEAST if english == text else COGNATE)


def unstructured(prompt: str) -> str:
    """The prompt without what it says of who plays when."""
    said = read_prompt(prompt)
    return said.rest if said.sections else prompt


@lru_cache(maxsize=64)  # plan, style and page each ask for the same prompt, several times a key pressed
def _read(prompt: str) -> Reading:
    text = written_out(re.sub(r"\s+", " ", understood(prompt)).strip())
    lower = re.sub(r"(?<=[a-z]{2})/(?=[a-z]{2})", " / ", text.lower())  # "guitar/bass", but not "w/o"
    sections, lower = told_apart(lower)
    refused = refused_styles(lower)
    style, genre, hinted = style_of(lower, refused)
    metres = [match[0] for match in found(METER_WORDS, lower)]
    meter_word = next((word for word in metres if "/" in word), metres[0] if metres else None)  # figures before words
    bpm, bpm_range, counted = tempo_of(lower)
    instruments, unwanted = _instruments(lower)
    solo = bool(_SOLO.search(lower))
    drums = _drums(lower, solo)
    key, mode = spelled_key(text)
    leaning = first(MODE_WORDS, lower)
    chords, degrees = spelled_chords(text), spelled_degrees(text, (key.mode if mode and key else leaning) == "minor")
    if key is None and not chords and not degrees and (key := lone_key(text)):
        mode = key.mode
    if mode is None:
        mode = mode_of(degrees) or leaning
    if key is not None:
        key = Key(key.tonic, mode or key.mode)
    return Reading(
        style=style,
        hinted=hinted,
        unlike=refused,
        genre=genre,
        bpm=bpm,
        bpm_range=bpm_range,
        counted=counted,
        mood_range=leaning_of(lower),
        key=key,
        mode=key.mode if key else mode,
        meter=METERS[METER_WORDS[meter_word]] if meter_word else METERS["3/4"] if _IN_THREE.search(lower) else None,
        odd_meter=odd[0] if (odd := _ODD_METER.search(lower)) else None,
        chords=chords,
        degrees=degrees,
        drums=drums,
        drums_alone=bool(drums and not instruments and _drums_alone(lower)),
        instruments=instruments,
        unwanted=unwanted,
        solo=solo,
        acoustic=any(not negated(lower, match) for match in _ACOUSTIC.finditer(lower)),
        ending=_ending(lower),
        sections=sections,
        rest=lower if sections else "",
    )


_ODD_METER = re.compile(r"(?<![\d/])(?:5/4|7/4|5/8|7/8|9/8|11/8)(?![\d/])")
_IN_THREE = re.compile(r"\bin (?:three|3)(?=$|[,.;]| time\b| feel\b)")


# -- drums and instruments -----------------------------------------------------------------------------------------

_NO_DRUM = pattern_of(listed(NO_DRUM_WORDS))
# Words with a drum or a beat in them that say nothing about drums.
_OTHER_BEATS = re.compile(
    r"steel drums?|beats? (?:per|a) minute|heart ?beats?|ear ?drums?|felt beats?|kick(?:s|ing)? (?:back|off)"
    r"|(?:penalty|free|corner|high) kicks?|skips? a beat|beats? (?:me|him|her|them|us|it|the)\b"
    r"|brush(?:es|ing) (?:her|his|my|their|the)\b|clap (?:your|their|my|our) hands"
)
_PLAYER = "|".join(map(re.escape, sorted((word for word, name in INSTRUMENT_WORDS.items() if name),
                                         key=len, reverse=True)))  # fmt: skip
_PARTS = frozenset(listed(KIT_PARTS))
# "acoustic pop", but not "acoustic guitar", which says nothing of the others.
_ACOUSTIC = re.compile(rf"\bunplugged\b|(?<!-)\bacoustic\b(?!-?(?: (?:and|or|&))? (?:{_PLAYER}|drums?|kit)\b)")
_ONLY = r"(?<!not )(?:only|just|nothing (?:but|except)|no instruments? (?:but|except|besides|other than))"
# What is named and nobody else: "solo acoustic guitar", "piano only", but not "rock with a guitar solo".
_SOLO = re.compile(
    rf"\bsolo (?:[a-z-]+ )?(?:{_PLAYER})\b|\bpiano solo\b|\b(?:{_PLAYER}) (?:only|alone)\b"
    rf"|\b{_ONLY} (?:an? |the )?(?:[a-z-]+ )?(?:{_PLAYER})\b"
    r"|\bno other instruments?\b|\bnothing else\b|\bby itself\b|\bunaccompanied\b"
)
_NO = (
    r"\b(?:no|without|w/o|minus|lacking|excluding|avoid|skip|omit|remove|zero|free of|absence of|lack of"
    r"|hates?|dislikes?|can't stand|leave out|take out|get rid of|ditch|rather than"
    r"|(?:turn|switch) off|(?:kill|mute|cut|lose)(?= the )"
    r"|(?P<but>except(?: for)?|other than|(?:everything|anything|all|every instrument) but)"
    r"|(?:don't|do not|doesn't|does not|not) (?:have|want|use|add|include|need|any|like|play))"
)
_NONE_BUT = re.compile(r"\b(?:no|nothing|none|nobody|without|not)\b[^,.;]*$")  # "no instruments except the piano"
_ITEM = r"(?!(?:but|with|just|only|plus)\b)[\w'-]+(?: (?!(?:but|with|just|only|plus|and|or|nor)\b)[\w'-]+)?"
_KIND = (
    r"(?:any|a|the|real|live|other|heavy|loud|lead|rhythm|background|electric|electronic|acoustic|programmed|big|hard)"
)
_NO_BEFORE = re.compile(
    rf"(?:{_NO}(?: {_KIND})*(?: {_ITEM} ?(?:or|nor|and|/|&))*|\binstead of|(?<!why )\bnot)(?: any| the| an?)? $"
)
_NO_LIST_BEFORE = re.compile(rf"{_NO} {_ITEM}(?: ?, ?{_ITEM})* ?, $")
_NO_LIST_OR = re.compile(
    rf"{_NO} {_ITEM}(?: ?, ?(?!(?:no|but|with|just|only|plus|and|or|nor)\b)[\w'-]+)+ ?,? (?:or|nor) $"
)
_OR_AFTER = re.compile(r"^(?: ?, ?[\w'-]+)* ?,? (?:or|nor)\b")
_NO_AFTER = re.compile(
    r"^(?: ?[:=]? ?(?:none|no|off|absent)\b(?! \w)|-(?:less|free)\b"
    r"| (?:(?:is|are) not |isn't |aren't |not )(?:needed|wanted|necessary|required|allowed)\b)"
)
# "leave the drums out", "replace the piano with a harp"
_APART_FROM = tuple((re.compile(rf"\b(?:{left})(?: out)?(?: the| any| all| an?)? $"), re.compile(rf"^ (?:{right})\b"))
                    for left, right in (("leave|take|turn|switch|cut|keep", "out|off|away"),
                                        ("replac(?:e|ing)|swap(?:ping)?", "with|for|by")))  # fmt: skip


_DISTORTION = re.compile(r"\b(?:distortion|distorted|overdrive|fuzz)\b")
_BEATS = "|".join(re.escape(word) for word in listed(DRUM_WORDS) if word.isascii())
_DRUMS_ALONE = re.compile(
    r"\b(?:drums?|percussion|beats?) (?:only|alone|solos?)\b"
    rf"|\b(?:{_ONLY}|solo) (?:the |an? )?(?:{_BEATS}|[a-z-]+ drums?)\b(?! (?:and|with)\b(?! (?:{_BEATS})\b))"
)
# A drum loop that is the thing itself, "a fast drum loop", but neither one of several things nor under a melody.
_DRUM_LOOP = re.compile(r"\b(?:drums?|percussion) (?:(?P<part>beat|groove)|loop|break|pattern|track|fill)s?\b")
_BESIDE = re.compile(r"\b(?:with|over|and|on|plus|featuring|under)(?: [\w'-]+){0,3} $")
_LISTED = re.compile(r",(?: [\w'-]+){0,3} $")
_TUNEFUL = re.compile(r"\b(?:melod\w+|chords?|harmon\w+|riffs?|horns?|vocals?|bass)\b")


def _drums_alone(lower: str) -> bool:
    if _DRUMS_ALONE.search(lower):
        return True
    for match in _DRUM_LOOP.finditer(lower):
        left = before(lower, match, 60)
        part = _BESIDE.search(left) or (match["part"] and _LISTED.search(left))
        if not part and all(_refused(lower, tune) for tune in _TUNEFUL.finditer(lower)):
            return True
    return False


def _drums(lower: str, solo: bool) -> bool | None:
    none_said = solo or bool(_NO_DRUM.search(lower))
    parts = set()
    rest = _OTHER_BEATS.sub(" ", _NO_DRUM.sub(" ", lower))
    for match in DRUM.finditer(rest):
        if not _refused(rest, match):
            return True
        if match[0] in _PARTS:
            parts.add(match[0].split()[0].rstrip("s"))
        else:
            none_said = True
    return False if none_said or parts >= {"kick", "snare"} else None  # a kit without its claps is one


_LOOP = re.compile(
    r"\b(?:fad(?:e|es|ing) out|loops?|loopable|looping|looped|seamless(?:ly)?|endless(?:ly)?|never-ending)\b"
)
_END = re.compile(
    r"\b(?:ending|final chord|final note|outro|finale|(?:final|closing|perfect) cadence"
    r"|big finish|stinger|logo (?:sting|reveal)|victory fanfare"
    r"|game over|(?:podcast|news|youtube|channel) intro|at the end(?! of\b)"
    r"|ends? (?:with|on) (?:an? |the )?(?:[\w-]+ )?(?:chord|note|bang|hit|flourish|finish|crash|tonic|cadence))\b"
)


def _ending(lower: str) -> bool | None:
    def refused(text: str, match: re.Match[str]) -> bool:
        return bool(_refused(text, match) or negated(text, match))

    loops = any(not refused(lower, match) for match in _LOOP.finditer(lower))
    rest = _LOOP.sub(" ", lower)
    ends = [not refused(rest, match) for match in _END.finditer(rest)]
    return False if loops or (ends and not any(ends)) else True if ends else None


def _refused(text: str, match: re.Match[str]) -> bool:
    """Whether what is matched is named as what there shall not be."""
    left, after = before(text, match, 100), text[match.end() : match.end() + 100]
    in_list = _NO_LIST_BEFORE.search(left) and _OR_AFTER.search(after)
    direct = _NO_BEFORE.search(left)
    if direct and direct["but"] and _NONE_BUT.search(left[: direct.start()]):
        direct = None
    apart = any(one.search(left) and other.search(after) for one, other in _APART_FROM)
    return bool(direct or in_list or apart or _NO_LIST_OR.search(left) or _NO_AFTER.search(after))


def _instruments(lower: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wanted and what is refused, each once, in order, no more than can be told."""
    lists: tuple[list[str], list[str]] = ([], [])
    for match in PATTERNS[id(INSTRUMENT_WORDS)].finditer(lower):
        if INSTRUMENT_WORDS[match[0]]:
            lists[_refused(lower, match)].append(INSTRUMENT_WORDS[match[0]])
    lists[1].extend("distorted guitar" for match in _DISTORTION.finditer(lower) if _refused(lower, match))
    wanted, unwanted = (tuple(dict.fromkeys(names))[:MOST] for names in lists)
    return wanted, unwanted
