"""What the words of a prompt say of who plays when: "starts with piano alone", "the drums come in after 8 bars".

Gives it as the text of sections (``sections``), and the prompt as if all played all the time, so that "no drums at
first" does not read as no drums; and of a prompt the words that are left where some of its players rest. In English
alone. Knows nothing of plans or tempi: lengths that are said in seconds are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from musicgen.instruments import KIT, names_of, refuses
from musicgen.instruments import WORDS as INSTRUMENT_WORDS
from musicgen.sections import MAX_TEXT, MOST_BARS, Section, written
from musicgen.vocabulary import DRUM_WORDS, listed
from musicgen.wording import DRUM, PATTERNS

MOST_PHRASES = 4  # of each kind are read
USUAL, STEP = 4, 2  # bars before somebody comes in where it is not said how many; and between one and the next

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER = rf"(?:\d{{1,2}}|{'|'.join(_NUMBERS)}|sixteen)"
_BARS = r"(?:bars?|measures?)"
_PLAYERS = [word for word, name in INSTRUMENT_WORDS.items() if name] + [w for w in listed(DRUM_WORDS) if w.isascii()]
_PLAYER = rf"(?:{'|'.join(map(re.escape, sorted(_PLAYERS, key=len, reverse=True)))})"
_VERBS = r"(?: only)? (?:com|kick|drop|join|enter|start|fad|swell|fall|cut|stop|leav|rest)"
_NEXT = rf"(?:the |an? )?{_PLAYER}"
# "piano, bass and drums", but not "cello, the strings join in"; no more than a band, or hostile texts take long.
_WHO = rf"(?P<who>{_PLAYER}(?:(?:,? (?:and|or)| &| \+) {_NEXT}|, {_NEXT}(?!{_VERBS})){{0,7}})"
_BAND = r"(?:(?:full|whole|rest of the) )?(?:band|rest|others|everyone|everybody|everything)"
_AFTER = rf"after (?:about |the first )?(?P<after>{_NUMBER}) {_BARS}\b"
_FOR = rf"(?:for|in|during) (?:the first )?(?P<after>{_NUMBER}) {_BARS}\b"
_BAR = rf"(?:the )?(?:bar|measure) (?P<at>{_NUMBER})\b"
_LATER = r"(?:later(?: on)?|half ?way(?: through)?|after (?:a while|the intro|a few bars|some bars|a bit))\b"
_FIRST = (
    r"(?:(?:in|during|for) the (?:intro|beginning|start)|at the (?:start|beginning)|to begin with|at first|first)\b"
)
_COMES = (
    r"(?:(?:only|should|will|eventually) )*(?:(?:come|kick|drop|join|enter|start|fade|swell)(?:s|ing)?|coming)\b"
    r"(?: in\b)?(?: only)?"
)
_WHEN = rf"(?:{_AFTER}|(?:at|from|on|in|with|until|till|before) {_BAR}|{_LATER})"
_SOFT = r"(?:(?:an?|the|soft|quiet|gentle|lone|lonely|solo|single|simple|slow|warm|sad|distant|muted|clean|short),? )*"
_OPENS = r"(?:start|begin|open)(?:s|ing|ning)?(?: off| out)?,? with"
_THEN = rf"(?P<then>,?(?: and)? then\b(?= (?:the |an? )?(?:[\w-]+ ){{0,2}}?(?:{_PLAYER}|all|full|{_BAND})\b))"

# "First piano, then bass, and finally drums": one after another, at least three.
_UNNAMED = re.compile(r"\?P<\w+>")
_STAGE = (
    rf"(?:(?:(?:add|bring|come|enter)(?:s|ing)?(?: in)? )?(?:the |an? )?{_SOFT}(?:{_WHO}|all|{_BAND})"
    rf"(?: (?:alone|first|only|solo|by itself)\b)?(?: {_COMES})?(?: {_WHEN})?)"
)
_NEXTLY = r"(?:,?(?: and)? (?:then|next|finally|lastly|at last|after that)\b,?(?: finally,?)? )"
_STAGES = re.compile(_UNNAMED.sub("?:", (
    rf"\b(?:(?:{_OPENS}|first(?: comes)?,?) "
    rf"(?:just |only |nothing but )?)?(?:{_NUMBER} {_BARS} of )?"
    rf"{_STAGE}(?:{_NEXTLY}{_STAGE}){{2,{MOST_PHRASES}}}(?![\w-])"
)))
_STAGE_WHO, _STAGE_WHEN = re.compile(rf"\b{_WHO}"), re.compile(rf"\b{_WHEN}")
_STAGE_LONG = re.compile(rf"(?P<after>{_NUMBER}) {_BARS} of ")

# Who is alone at the beginning; of the first, where it says so.
_BEGINS = re.compile(
    rf"\b{_OPENS} (?P<only>(?:just|only|solo|lone|nothing but) )?"
    rf"(?P<long>(?P<after>{_NUMBER}) {_BARS} of )?{_SOFT}{_WHO}(?P<alone> (?:alone|only|solo|by itself)\b)?{_THEN}?"
)
_ALONE = tuple(map(re.compile, (
    rf"\b(?:just|only|solo) (?:the |an? )?{_WHO} (?:{_FOR}|{_FIRST})",
    rf"\b{_WHO} (?:alone|only|solo|by itself) (?:{_FOR}|{_FIRST})",
    rf"\b(?:first (?:only |just )?{_SOFT})?{_WHO}(?: (?:alone|first|intro|solo))+{_THEN}",
    rf"\bfirst (?:only |just )?{_SOFT}{_WHO}{_THEN}",
    rf"\b(?:(?:with|after|has) an? )?(?P<after>{_NUMBER})[- ]bars? {_WHO}(?:[- ]only)? intro\b",
    rf"\b(?:with|after|has) {_SOFT}{_WHO}(?:[- ]only)? intro\b",
    rf"\bintro (?:with|of|on|by) (?:just|only|solo|a lone) (?:the |an? )?{_WHO}",
)))  # fmt: skip
_ENTERS = tuple(map(re.compile, (
    rf"\b{_WHO} {_COMES} {_WHEN}",
    rf"\b(?:{_AFTER}|at {_BAR}|later|eventually),? (?:the |an? )?{_WHO} {_COMES}",
    rf"\b(?:then|until|till|before) (?:the |an? )?{_WHO} {_COMES}",
)))  # fmt: skip
_ALL_ENTER = (re.compile(rf"\b(?:the )?{_BAND} {_COMES} {_WHEN}"),)
_ABSENT = tuple(map(re.compile, (
    rf"\b(?:no|without)(?: the| any)? {_WHO} (?:(?:until|till|before) {_BAR}|{_FOR}|{_FIRST})",
    rf"\bintro (?:without|with no)(?: the| any)? {_WHO}",
)))  # fmt: skip
_LEAVES = tuple(map(re.compile, (
    rf"\b{_WHO} (?:drop|fall|cut|stop|leave|rest)(?:s|ping|ting|ing)?(?: out)? "
    rf"(?:{_AFTER}|(?:at|from|on|in) {_BAR}|in the middle\b|for a while\b|for (?:a few|some) bars\b"
    r"|half ?way(?: through)?\b)",
    rf"\b(?:no|without)(?: the| any)? {_WHO} (?:{_AFTER}|from {_BAR}(?: on)?)",
)))  # fmt: skip
_DRUMLESS = re.compile(r"\b(?:drum|beat)less (?:intro|beginning|start)\b")
_BREAKDOWN = tuple(map(re.compile, (
    rf"\bwith an? (?:(?:short|long|big|quiet|soft|calm|ambient|melodic|drumless|half-time) )*(?:{_WHO} )?breakdown\b"
    rf"(?! on\b| of\b)(?: (?:{_AFTER}|(?:at|from|in) {_BAR}|in the middle\b))?",
    r"\bbreakdown in the middle\b",
)))  # fmt: skip
_ENDS = r"(?=$|[,.;!]| (?:to|into|towards?|with|from|over|until|and)\b)"
_BUILDS = tuple(map(re.compile, (
    rf"\b(?:slowly|gradually) (?:building(?: up)?\b|builds?(?: up)?{_ENDS})",
    rf"\bbuild(?:s|ing)?(?: up)? (?:slowly|gradually|layer by layer|over time)\b{_ENDS}",
    r"\b(?:slow|gradual) build(?:[- ]?up)?\b(?! of\b)", r"\blayer by layer\b",
    r"\b(?:instruments?|layers?|players?) (?:are )?(?:join|enter|com|add|come)(?:ing|ed|s)?(?: in)? (?:one by one"
    r"|one at a time|one after (?:another|the other)|gradually)\b",
)))  # fmt: skip
_REFUSED = re.compile(
    r"\b(?:no|not|never|without|dont|doesnt|don't|doesn't|do not|does not|nothing) (?:[\w']+ ){0,2}$"
)


def told_apart(lower: str) -> tuple[str, str]:
    """What a prompt in small letters says of sections, as their text ("" for nothing), and the prompt without it."""
    text = lower if "no drums" in lower else _DRUMLESS.sub("no drums in the intro", lower)
    stages, text = _staged(text)
    begins, rest = _taken(text, (_BEGINS,), "with")
    begins = [match for match in begins if any(match[name] for name in ("only", "long", "alone", "then"))]
    if not begins:
        begins, rest = _taken(text, _ALONE, "with")
    enters, rest = _taken(rest, _ENTERS)
    together, rest = _taken(rest, _ALL_ENTER)
    absent, rest = _taken(rest, _ABSENT, "with", refusals=True)
    leaves, rest = _taken(rest, _LEAVES, refusals=True)
    breakdown, rest = _taken(rest, _BREAKDOWN)
    builds, rest = _taken(rest, _BUILDS)

    out = list(stages)
    done = sum(section.bars or 0 for section in out)
    coming = [(*_bars(match), _names(match)) for match in (*enters, *absent)]
    turns = {(bar, about) for bar, about, _ in coming} | {_bars(match) for match in together}
    if stages:
        turns = set()
    elif begins and all(about for _, about in turns):  # or nobody is said to come in
        turns = {_bars(begins[0])}
    for bar, about in sorted(turns):
        missing = tuple(dict.fromkeys(name for until, _, names in coming if until > done for name in names))
        if bar > done and (missing or not done):
            alone = _names(begins[0]) if begins and not done else ()
            first = int(not alone and not missing)
            out.append(Section(bar - done, alone or missing, without=not alone and not first, first=first, about=about))
            done = bar
    if builds and not out:
        out = [Section(STEP, first=count, about=True) for count in (1, 2, 3)]
    if leaves:
        bar, about = _bars(leaves[0])
        out.append(Section(bar - done if bar > done else USUAL, about=about))
        gone = Section(USUAL if about else None, _names(leaves[0]), without=True, about=bool(about))
        out += [gone, Section()] if about else [gone]  # after so many bars they are gone for good
    elif breakdown:
        bar, about = _bars(breakdown[0])
        who = _names(breakdown[0])
        out += [Section(bar - done if bar > done else USUAL, about=about),
                Section(USUAL, who or (KIT,), without=not who, about=True), Section()]
    elif out:
        out.append(Section())
    sections = written(out)
    return (sections, rest) if 0 < len(sections) <= MAX_TEXT else ("", lower)


def _staged(text: str) -> tuple[list[Section], str]:
    """The sections of those who are said to come in one after another, but for the last, of all; and the text with only
    their names there."""
    match = _STAGES.search(text)
    if not match or _refused(text, match):
        return [], text
    stages = re.split(_NEXTLY, match[0])
    named = [_STAGE_WHO.search(stage) for stage in stages]
    whens = [_STAGE_WHEN.search(stage) for stage in stages[1:]]
    whens[0] = whens[0] or _STAGE_LONG.search(stages[0])
    out: list[Section] = []
    playing: tuple[str, ...] = ()
    done, last = 0, len(stages) - 1
    for i, who in enumerate(named):
        names = _names(who) if who else ()
        if not set(names) - set(playing) and (names or i < last):
            return [], text  # "piano, then guitar, then piano"
        if i:
            when = whens[i - 1]
            bar, about = _bars(when) if when else (0, True)
            bar, about = (bar, about) if bar > done else (done + (STEP if done else USUAL), True)
            out.append(Section(bar - done, playing, about=about))
            done = bar
        playing = tuple(dict.fromkeys([*playing, *names]))
    band = ", ".join(who["who"] for who in named if who)
    return out, _tidied(f"{text[: match.start()]} with {band} {text[match.end() :]}")


def _refused(text: str, match: re.Match[str]) -> bool:
    return bool(_REFUSED.search(text[: match.start()][-60:]))


def _tidied(text: str) -> str:
    """A text out of which words were taken."""
    return re.sub(r" (?=[,.;])", "", " ".join(text.split())).strip(" ,")


def _taken(
    text: str, patterns: Sequence[re.Pattern[str]], joint: str = "", refusals: bool = False
) -> tuple[list[re.Match[str]], str]:
    """Where the patterns stand, and the text with only the players' names there, after ``joint``.

    What is refused ("don't start with piano alone") stays, unless the patterns are of ``refusals`` themselves.
    """
    found = []
    for pattern in patterns:
        matches = list(pattern.finditer(text))[:MOST_PHRASES]
        if not refusals:
            matches = [match for match in matches if not _refused(text, match)]
        for match in reversed(matches):
            groups = match.groupdict()
            who = (groups.get("who") or "").removesuffix(" solo")
            instead = f" {joint} {who}{',' if groups.get('then') else ''} " if who else " "
            text = text[: match.start()] + instead + text[match.end() :]
        found += matches
    return found, _tidied(text) if found else text


def _bars(match: re.Match[str]) -> tuple[int, bool]:
    """After how many bars, and whether that is about, for it is not said; after none where it cannot be."""
    values = match.groupdict()
    said = values.get("after") or values.get("at")
    if not said:
        return USUAL, True
    number = int(said) if said.isdigit() else 16 if said == "sixteen" else _NUMBERS.index(said) + 1
    number -= 0 if values.get("after") else 1
    return number if number <= MOST_BARS else 0, False


def _names(match: re.Match[str]) -> tuple[str, ...]:
    """The players that a phrase names, as sections name them."""
    who = match.groupdict().get("who")
    parts = re.split(r",? (?:and|or) (?:the |an? )?|, (?:the |an? )?| & | \+ ", who) if who else []
    return names_of(",".join(KIT if DRUM.fullmatch(part) else part for part in parts))


# What is left of "with piano, bass and drums" without the bass, or the drums.
_LINKS = r"(?:and|or|with|an?|the|only|of)"
_DANGLING = re.compile(
    rf"(?:\s*(?:\b{_LINKS}\b|[&+,/])\s*)+(?=[,.;]|$)|(?:(?<=,)|(?<=, )|^)\s*(?:\b(?:and|or|with|only)\b\s*)+"
)
_UNWANTED = re.compile(
    r"(?:\b(?:no|without|w/o|minus|less|neither|(?:don't|do not|doesn't) (?:use|want|add|play|have)|not)"
    r"(?: (?:any|the|an?))?|,? (?:or|nor)) $"
)
_COUNTS = re.compile(r" (?:per|a) minute")


def heard_of(lower: str, playing: Sequence[str], drums: bool) -> str:
    """The words for a section of a prompt in which only ``playing`` and, or not, ``drums`` are heard: those for players
    that rest are left out, those that play are named."""
    kept: list[re.Match[str]] = []
    gone: list[re.Match[str]] = []
    for match in PATTERNS[id(INSTRUMENT_WORDS)].finditer(lower):
        name = INSTRUMENT_WORDS[match[0]]
        plays = not name or any(refuses((name,), player) for player in playing)
        (kept if plays else gone).append(match)
    for match in () if drums else DRUM.finditer(lower):
        part = any(other.start() < match.end() and match.start() < other.end() for other in kept)
        gone += [] if part or _COUNTS.match(lower, match.end()) else [match]
    text = lower
    for match in sorted(gone, key=lambda match: match.start(), reverse=True):
        if lower[match.end() : match.end() + 1] != "-":  # "guitar-driven"
            before = lower[: match.start()]
            refused = _UNWANTED.search(before)
            text = text[: refused.start() if refused else match.start()] + text[match.end() :]
    text = " ".join(_DANGLING.sub(" ", " ".join(text.split())).split()).strip(" ,")
    text = re.sub(r" (?=[,.;])", "", text)
    players = [name for name in playing if name != KIT]
    told = [*(name for name in players if name not in text), *([] if players else ["drums only"])]
    told += [] if drums else ["no drums"]
    return ", ".join(part for part in (text, *told) if part)
