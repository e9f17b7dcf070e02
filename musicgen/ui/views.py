"""Small pieces of HTML the page shows. Knows nothing of engines or sessions: values in, HTML out.

Sentences that ``sentences`` knows are told in the reader's language; where a text may be any object it may be a phrase
of ``words``. Gradio translates one phrase in a value and shows the mark of a second as it is: two notes that are known
each stand in a ``gr.HTML`` of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from musicgen import visual
from musicgen.ui.words import find, say

if TYPE_CHECKING:
    from musicgen.patterns import Pattern

# What the words mean; once on each tab that uses them. All codecs on the page have 50 frames a second.
TERMS = (
    "A <b>frame</b> is 20 ms of sound. A <b>code</b> is the number of an entry in a <b>codebook</b>, a list of 1,024 "
    "(pocket's codec) or 2,048 (EnCodec); the entries of a frame are added up."
)
UNTAUGHT = "Not one of the seven orders this model learned; it is told which codes each step holds, but may fail."
HALF_WAY = "The length must be known before the first step, and sound begins half-way through the first window."


def plain(text: Any) -> str:
    """``text`` without any HTML of its own; what is known of it as a phrase that the browser translates."""
    if not isinstance(text, str):
        return str(text)
    before, known, after = find(text)
    return escape(before) + (str(say(known)) if known else "") + escape(after)


def note(text: Any) -> str:
    """A quiet line."""
    return f'<p class="note">{plain(text)}</p>'


def verbatim(text: str) -> str:
    """A quiet line that may hold a visitor's own words: nothing in it is taken for a phrase."""
    return f'<p class="note">{escape(text)}</p>'


def warning(text: str) -> str:
    """A line to be noticed."""
    return f'<p class="caution">{plain(text)}</p>'


def problem(text: str) -> str:
    """Why there is no result."""
    return f'<p class="trouble" role="alert">{plain(text)}</p>'


def progress(text: Any, share: float | None = None) -> str:
    """A line and, with ``share`` in 0..1, a bar."""
    bar = ""
    if share is not None:
        percent = round(100 * share)
        bar = (
            f'<div class="progress" role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100" '
            f'aria-label="progress"><div style="width:{percent}%"></div></div>'
        )
    # What counts up twice a second is not read out over the music.
    live = "polite" if share is None or share >= 1 else "off"
    return f'<p class="status" aria-live="{live}">{plain(text)}</p>{bar}'


def facts(items: Sequence[str], explained: Mapping[str, str] | None = None) -> str:
    """A row of short facts; after them those that are ``explained`` to who points at them."""
    chips = [f"<li>{escape(item)}</li>" for item in items]
    chips += [f'<li title="{escape(why)}">{escape(item)}</li>' for item, why in (explained or {}).items()]
    return f'<ul class="facts">{"".join(chips)}</ul>'


def seconds(value: float) -> str:
    """A length of time for people: ``0.8 s``, ``42 s``, ``2 min 5 s``."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def pattern_card(pattern: Pattern, frames: int, steps: int, doubt: str = "") -> str:
    """A small diagram of the pattern, the ``steps`` that ``frames`` take, and a warning if there is a ``doubt``."""
    shown = 4
    layout = pattern.layout(shown)
    diagram = visual.pattern_diagram(layout.frame_of.numpy(), shown, f"The pattern {pattern.name} over {shown} frames")
    nature = "exact: no code is assumed independent of another" if pattern.exact else "inexact"
    playing = "" if pattern.streams else f" {HALF_WAY}"
    name = pattern.name.replace("_", " ")
    text = (
        f'<p class="note"><b>{escape(name)}</b>: {steps} steps for {frames} frames, {nature}. '
        f"{escape(pattern.description)}{playing}</p>"
    )
    return diagram + text + (warning(doubt) if doubt else "")
