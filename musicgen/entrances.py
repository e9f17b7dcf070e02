"""What the words of a prompt say of who plays when: "starts with piano alone", "the drums come in after 8 bars".

Gives it as the text of sections (``sections``), and the prompt as if all played all the time, so that "no drums at
first" does not read as no drums. Knows nothing of plans or tempi: lengths that are said in seconds are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from musicgen.instruments import KIT, refuses
from musicgen.instruments import WORDS as INSTRUMENT_WORDS
from musicgen.sections import MAX_TEXT, MOST_BARS
from musicgen.vocabulary import DRUM_WORDS, listed
from musicgen.wording import DRUM, PATTERNS

MOST = 4  # of each kind are read
USUAL, STEP = 4, 2  # bars before somebody comes in where it is not said how many; and between one and the next

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER = rf"(?:\d{{1,2}}|{'|'.join(_NUMBERS)}|sixteen)"
_PLAYERS = [word for word, name in INSTRUMENT_WORDS.items() if name] + [w for w in listed(DRUM_WORDS) if w.isascii()]
_PLAYER = "|".join(map(re.escape, sorted(_PLAYERS, key=len, reverse=True)))
_VERBS = r"(?: only)? (?:com|kick|drop|join|enter|start|fall|cut|stop|leav|rest)"
_NEXT = rf"(?:the |an? )?(?:{_PLAYER})"
# "piano, bass and drums", but not "cello, the strings join in"
_WHO = rf"(?P<who>(?:{_PLAYER})(?:(?:,? and| &| \+) {_NEXT}|, {_NEXT}(?!{_VERBS}))*)"
_AFTER = rf"after (?:about |the first )?(?P<after>{_NUMBER}) (?:bars?|measures?)"
_AT = rf"(?:at|from|on|in|with|until|till|before) (?:the )?(?:bar|measure) (?P<at>{_NUMBER})"
_LATER = r"(?:later(?: on)?|half ?way(?: through)?|after (?:a while|the intro|a few bars|some bars|a bit))\b"

_COMES = r"(?:only )?(?:(?:come|kick|drop|join|enter|start)(?:s|ing)?|coming)\b(?: in\b)?"

# Who is alone at the beginning. The first is that only where it says so.
_BEGINS = re.compile(
    r"\b(?:start|begin|open)(?:s|ing|ning)?(?: off| out)?,? with (?P<only>(?:just|only|solo|lone|nothing but) )?"
    rf"(?:(?:a|an|the|soft|quiet|gentle|lone|solo) )*{_WHO}(?P<alone> alone| only| solo| by itself)?"
    r"(?P<then>,?(?: and)? (?:then|before|until)\b)?"
)
_ALONE = tuple(map(re.compile, (
    rf"\b(?:just|only|solo) (?:the |an? )?{_WHO} (?:(?:for|in|during) (?:the first )?(?P<after>{_NUMBER}) "
    r"(?:bars?|measures?)|(?:in|during|for) the (?:intro|beginning)\b|to begin with\b|at first\b|first\b)",
    rf"\bfirst (?:only |just )?(?:the |an? )?{_WHO},? (?:and )?then\b",
    rf"\b{_WHO}(?: first| intro),? (?:and )?then\b",
    rf"\b(?:with|after|has) an? (?:(?:solo|soft|quiet|short|gentle|slow) )*{_WHO}(?:[- ]only)? intro\b",
    rf"\bintro (?:with|of|on|by) (?:just|only|solo|a lone) (?:the |an? )?{_WHO}",
)))  # fmt: skip
_ENTERS = tuple(map(re.compile, (
    rf"\b{_WHO} {_COMES} (?:only )?(?:{_AFTER}|{_AT}|{_LATER})",
    rf"\b(?:then|until|till|before) (?:the |an? )?{_WHO} {_COMES}",
)))  # fmt: skip
_ABSENT = (re.compile(
    rf"\b(?:no|without)(?: the| any)? {_WHO} (?:{_AT}|(?:for|in|during) (?:the first )?(?P<after>{_NUMBER}) "
    r"(?:bars?|measures?)|at first\b|at the (?:start|beginning)\b|in the (?:intro|beginning)\b)"
),)
_LEAVES = (re.compile(
    rf"\b{_WHO} (?:drop|fall|cut|stop|leave|rest)(?:s|ping|ting|ing)?(?: out)? "
    rf"(?:{_AFTER}|{_AT}|in the middle\b|for a while\b|for (?:a few|some) bars\b|half ?way(?: through)?\b)"
),)
_DRUMLESS = re.compile(r"\b(?:drum|beat)less (?:intro|beginning|start)\b")
_BREAKDOWN = re.compile(r"\bwith an? (?:\w+ )?breakdown\b|\bbreakdown in the middle\b")
_BUILDS = re.compile(
    r"\b(?:slowly|gradually) build(?:s|ing)?(?: up)?\b|\bbuild(?:s|ing)? up (?:slowly|gradually)\b"
    r"|\bbuild(?:s|ing)? (?:slowly|gradually|layer by layer)\b|\bslow build(?:-| )?up\b|\blayer by layer\b"
    r"|\b(?:instruments|layers|players|they) (?:join|enter|com|add|come)(?:ing|ed|s)?(?: in)? (?:one by one"
    r"|one after (?:another|the other)|gradually)\b"
)


def told_apart(lower: str) -> tuple[str, str]:
    """What a prompt in small letters says of sections, as their text ("" for nothing), and the prompt without it."""
    text = _DRUMLESS.sub("no drums in the intro", lower)
    begins, rest = _taken(text, (_BEGINS,), " with {} ")
    begins = [match for match in begins if match["only"] or match["alone"] or match["then"]]
    if not begins:
        begins, rest = _taken(text, _ALONE, " with {} ")
    enters, rest = _taken(rest, _ENTERS, " {} ")
    absent, rest = _taken(rest, _ABSENT, " with {} ")
    leaves, rest = _taken(rest, _LEAVES, " {} ")
    breakdown, rest = _taken(rest, (_BREAKDOWN,), " ")
    builds, rest = _taken(rest, (_BUILDS,), " ")

    out, done = [], 0
    coming = [(*_bars(match), match["who"]) for match in (*enters, *absent)]
    turns = {(bar, about) for bar, about, _ in coming}
    if begins and all(about for _, about in turns):  # or nobody is said to come in
        turns = {_bars(begins[0])}
    for bar, about in sorted(turns):
        if bar > done:
            missing = " + ".join(dict.fromkeys(_list(who) for until, _, who in coming if until > done))
            who = _list(begins[0]["who"]) if begins and not done else f"no {missing}"
            out.append(f"{about}{bar - done} {who}")
            done = bar
    if builds and not out:
        out = [f"~{STEP} first", f"~{STEP} first 2", f"~{STEP} first 3"]
    if leaves or breakdown:
        bar, about = _bars(leaves[0]) if leaves else (USUAL, "~")
        gone = f"no {_list(leaves[0]['who']) if leaves else 'drums'}"
        out.append(f"{about}{bar - done if bar > done else USUAL} all")
        # After so many bars they are gone for good.
        out += [f"~{USUAL} {gone}", "all"] if about else [gone]
    elif out:
        out.append("all")
    sections = " | ".join(out)
    return (sections, rest) if 0 < len(sections) <= MAX_TEXT else ("", lower)


def _taken(text: str, patterns: Sequence[re.Pattern[str]], instead: str) -> tuple[list[re.Match[str]], str]:
    """Where the patterns stand, and the text with only the players' names there."""
    found = []
    for pattern in patterns:
        matches = list(pattern.finditer(text))[:MOST]
        for match in reversed(matches):
            who = match["who"].removesuffix(" solo") if "who" in pattern.groupindex else ""
            text = text[: match.start()] + instead.format(who) + text[match.end() :]
        found += matches
    return found, re.sub(r" (?=[,.;])", "", " ".join(text.split())) if found else text


def _bars(match: re.Match[str]) -> tuple[int, str]:
    """After how many bars, and "~" where it is not said how many."""
    values = match.groupdict()
    said = values.get("after") or values.get("at")
    if not said:
        return USUAL, "~"
    number = int(said) if said.isdigit() else 16 if said == "sixteen" else _NUMBERS.index(said) + 1
    return max(1, min(number if values.get("after") else number - 1, MOST_BARS)), ""


def _list(who: str) -> str:
    """Players as a prompt names them, as sections do."""
    parts = re.split(r",? and (?:the |an? )?|, (?:the |an? )?| & | \+ ", who)
    return " + ".join(dict.fromkeys("drums" if DRUM.fullmatch(part) else part for part in parts))


# What is left of "with piano, bass and drums" without the bass, or the drums.
_DANGLING = re.compile(r"(?:\s*(?:\b(?:and|with|an?|the)\b|[&+,])\s*)+(?=[,.;]|$)|(?<=,) (?:and|with)\b")


def heard_of(lower: str, playing: tuple[str, ...], drums: bool) -> str:
    """The words for a section of a prompt in which only ``playing`` and, or not, ``drums`` are heard: those for players
    that rest are left out, those that play are named."""
    def kept(match: re.Match[str]) -> str:
        name = INSTRUMENT_WORDS.get(match[0], "")
        return match[0] if not name or any(refuses((name,), player) for player in playing) else ""

    text = PATTERNS[id(INSTRUMENT_WORDS)].sub(kept, lower)
    if not drums:
        text = DRUM.sub("", text)
    text = " ".join(_DANGLING.sub("", " ".join(text.split())).split()).strip(" ,")
    players = [name for name in playing if name != KIT]
    told = [*(name for name in players if name not in text), *([] if players else ["drums only"])]
    told += [] if drums else ["no drums"]
    return ", ".join(part for part in (text, *told) if part)
