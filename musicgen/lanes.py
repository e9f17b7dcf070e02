"""Who plays when, as a picture: a lane a player, a bar of colour where it plays.

SVG like ``visual``'s: lines and letters in ``currentColor``, lengths across in percent. Knows nothing of models,
requests or the page.
"""

from __future__ import annotations

import math
from html import escape

from musicgen.aligned import bar_seconds
from musicgen.instruments import KIT
from musicgen.plan import Plan
from musicgen.visual import seconds_ticks

_LEFT, _RIGHT, _ROW = 44, 14, 21  # px; left and right as of a spectrogram, so that the times of both lie below another
_STYLE = (
    "font:12px system-ui,sans-serif;display:block;box-sizing:border-box;width:100%;"
    f"padding:0 {_RIGHT}px 0 {_LEFT}px;overflow:visible"
)

Stretches = dict[str, list[tuple[float, float]]]


def stretches(plan: Plan, seconds: float, since: float = 0.0, until: float = math.inf) -> Stretches:
    """From when to when each player plays in a piece of ``seconds``, drums last; empty where all play all the time.

    Only what was made: ``since`` where a recording was gone on from, ``until`` where it was stopped.
    """
    until, turns = min(seconds, until), plan.turns(seconds)
    ends = [*(turn.start for turn in turns[1:]), seconds]
    names = sorted(dict.fromkeys(name for turn in turns for name in turn.everyone), key=lambda name: name == KIT)
    return {name: [(max(turn.start, since), min(end, until)) for turn, end in zip(turns, ends, strict=False)
                   if name in turn.everyone and max(turn.start, since) < min(end, until)] for name in names}


def lanes(plan: Plan, seconds: float, since: float = 0.0, until: float = math.inf, title: str = "") -> str:
    """The picture of ``stretches``; "" for a plan in which all play all the time."""
    shown, everyone = min(seconds, until), stretches(plan, seconds, since, until)
    if not any(everyone.values()) or plan.bpm is None:
        return ""
    turns = [turn for turn in plan.turns(seconds) if turn.start < shown]
    bar, top, height = bar_seconds(plan.bpm, plan.meter), 42 if title else 20, _ROW * len(everyone)
    parts = [f'<text x="{-_LEFT}" y="14" style="font-weight:600">{escape(title)}</text>'] if title else []
    parts.append(f'<text x="-6" y="{top - 6}" text-anchor="end">bar</text>')
    for row, played in enumerate(everyone.values()):
        parts += [
            f'<rect x="{100 * start / shown:.2f}%" y="{top + _ROW * row + 1}" '
            f'width="{100 * (end - start) / shown:.2f}%" height="{_ROW - 2}" '
            'fill="var(--color-accent, currentColor)" fill-opacity=".45"/>'
            for start, end in played
        ]
    said = []
    for turn in turns:
        left = 100 * max(turn.start, since) / shown
        number = max(1, 1 + round((turn.start + plan.start) / bar))  # what was given has none
        said.append(f"from bar {number} {', '.join(turn.everyone)}")
        parts.append(f'<text x="{left:.2f}%" y="{top - 6}">{number}</text>')
        parts.append(f'<line x1="{left:.2f}%" x2="{left:.2f}%" y1="{top}" y2="{top + height}" stroke="currentColor" '
                     'stroke-opacity=".5"/>')
    parts += [f'<text x="6" y="{top + _ROW * row + 15}">{escape(name)}</text>' for row, name in enumerate(everyone)]
    for tick in seconds_ticks(shown):
        place = 100 * tick / shown
        anchor = "start" if place < 2 else "end" if place > 96 else "middle"
        parts.append(f'<text x="{place:.2f}%" y="{top + height + 14}" text-anchor="{anchor}">{tick:g}</text>')
    parts.append(f'<text x="-6" y="{top + height + 14}" text-anchor="end">s</text>')
    label = escape(f"Who plays when: {'; '.join(said)}.")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" fill="currentColor" aria-label="{label}" '
        f'height="{top + height + 28}" style="{_STYLE}">{"".join(parts)}</svg>'
    )
