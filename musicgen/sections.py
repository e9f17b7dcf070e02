"""Who plays when: a piece in sections of whole bars, each with all of its players, with some, or without some.

``"4 piano | 8 all | 4 no drums | all"``: bars and players, section by section; the last may go on to the end. Besides
names there are ``all``, ``first`` (of the plan's players, drums last) and ``first 2``; ``~4`` bars are fewer where the
piece is short. Knows nothing of prompts, tempi, plans or models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from musicgen.foreign import in_english
from musicgen.instruments import BASSES, INSTRUMENTS, KIT, MOST, everyone, lineup, named_players, names_of, refuses

MOST_SECTIONS, MOST_BARS, MAX_TEXT = 16, 64, 200
ALL, FIRST = "all", "first"
SYNTAX = "write bars and players, such as 4 piano | 8 all | 4 no drums | all"


@dataclass(frozen=True)
class Section:
    """``bars`` bars (None: to the end) of the ``named`` players, of everyone but them, or of the ``first`` so many.

    Names are as they were said: "guitar" is whichever the plan has. Without names and ``first`` it is everyone. The
    bars may be ``about`` so many.
    """

    bars: int | None = None
    named: tuple[str, ...] = ()
    without: bool = False  # the named ones
    first: int = 0
    about: bool = False

    def __str__(self) -> str:
        who = f"{FIRST} {self.first}" if self.first > 1 else FIRST if self.first else ALL
        if self.named:
            who = ("no " if self.without else "") + " + ".join(self.named)
        return who if self.bars is None else f"{'~' * self.about}{self.bars} {who}"

    def band(self, instruments: tuple[str, ...], drums: bool | None) -> tuple[tuple[str, ...], bool]:
        """Who plays of a plan's ``instruments`` and ``drums``, told apart as they are (``lineup``).

        Raises ``ValueError`` where nobody is left, or nobody is known.
        """
        present = everyone(instruments, drums)
        if not present:
            raise ValueError("Sections need players; name some, or follow a plan.")
        if self.first:
            order = sorted(present, key=lambda name: (name == KIT, name in BASSES))
            playing = tuple(name for name in present if name in order[: self.first])
        elif self.without:
            playing = tuple(name for name in present if not refuses(self.named, name))
        elif self.named:
            playing = tuple(dict.fromkeys(player for name in self.named for player in _meant(name, present)))
        else:
            playing = present
        if not playing:
            raise ValueError(f"In the section '{self}' nobody plays; leave somebody in it.")
        named, kit = lineup(playing, False)
        return named, bool(kit)


def parse_sections(text: str) -> tuple[Section, ...]:
    """``"4 piano | 8 all but drums | all"`` -> sections. Raises ``ValueError`` with a sentence."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"The sections take {len(text)} characters; {MAX_TEXT} is the most.")
    parts = [part for part in _BETWEEN.split(text.lower()) if part.strip(" .")]
    if not 1 <= len(parts) <= MOST_SECTIONS:
        raise ValueError(f"Ask for 1 to {MOST_SECTIONS} sections: {SYNTAX}.")
    sections = tuple(_section(part) for part in parts)
    for section in sections[:-1]:
        if section.bars is None:
            raise ValueError(f"Say how many bars the section '{section}' has: {SYNTAX}.")
    if len(written(sections)) > MAX_TEXT:  # with all names written out
        raise ValueError(f"These are too many sections or players; written out, {MAX_TEXT} characters are the most.")
    return sections


def fitted(sections: Sequence[Section], bars: float) -> tuple[Section, ...]:
    """Those that are about so long halved, down to a bar, until the last begins in the first two thirds of ``bars``."""
    fit = tuple(sections)
    while sum(section.bars or 0 for section in fit[:-1]) > bars * 2 / 3 and any(
        section.about and (section.bars or 0) > 1 for section in fit[:-1]
    ):
        fit = tuple(replace(section, bars=max(1, section.bars // 2)) if section.about and section.bars else section
                    for section in fit)
    return fit


def written(sections: Sequence[Section]) -> str:
    """The text that ``parse_sections`` reads back."""
    return " | ".join(map(str, sections))


_BETWEEN = re.compile(r"[|;\n]|,(?=\s*[~\d])|,(?=\s*(?:all|everyone|everybody|tutti)\b)|\bthen\b")
_BARS = re.compile(
    r"^\s*(?:(~|about\b)?\s*(\d{1,4})\s*(?:x\s*)?(?:bars?|measures?)?(?:\s+of\b)?\s*[-–—:]?)?\s*(.*?)[\s.,]*$",
    re.DOTALL,
)
_EVERYONE = re.compile(r"^(?:(?:with )?(?:all|everyone|everybody|everything|tutti|(?:(?:full|whole) )?band))?$")
_WITHOUT = re.compile(r"^(?:(?:all|everyone|everything) (?:but|except|without|minus)|no|without)\b\s*(.+)$")
_FIRST = re.compile(r"^first(?: (\d|one|two|three|four|five))?(?: players?)?$")
_COUNT = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_ALONE = re.compile(r"^(?:only|just|solo)\s+|\s+(?:alone|only|solo)$")
_FILLER = re.compile(r"\b(?:the|an?)\b")


def _section(part: str) -> Section:
    match = _BARS.match(part)
    assert match is not None
    about, bars = bool(match[1]), None if match[2] is None else int(match[2])
    who = _FILLER.sub(" ", in_english(match[3])).strip()
    if bars is not None and not 1 <= bars <= MOST_BARS:
        raise ValueError(f"A section has 1 to {MOST_BARS} bars, not {bars}.")
    if _EVERYONE.match(who):
        return Section(bars, about=about)
    if first := _FIRST.match(who):
        count = _COUNT.get(first[1]) or int(first[1] or 1)
        if not count:
            raise ValueError(f"In a section somebody plays: {SYNTAX}.")
        return Section(bars, first=count, about=about)
    without = _WITHOUT.match(who)
    try:
        names = names_of((without[1] if without else _ALONE.sub("", who)).replace("/", ","))
    except ValueError as error:
        raise ValueError(f"{str(error).partition(';')[0]}; {SYNTAX}.") from None
    if not 1 <= len(names) <= MOST:
        raise ValueError(f"Name 1 to {MOST} players in a section: {SYNTAX}.")
    return Section(bars, names, bool(without), about=about)


def _meant(name: str, present: Sequence[str]) -> Sequence[str]:
    """The player itself, or whom of the plan's it may stand for, or one that joins only here."""
    if name in present:
        return (name,)
    own = [player for player in present if refuses((name,), player)]
    joins = named_players([name], "acoustic guitar", "electric bass")
    return own or [player for player in joins if player in INSTRUMENTS or player == KIT]
