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
from musicgen.visual import axis, framed, heading, seconds_ticks

_ROW = 21  # px

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
    parts = [heading(title)] if title else []
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
    times = [(100 * time / shown, f"{time:g}") for time in seconds_ticks(shown)]
    parts += axis(times, top + height, top + height + 5, top + height + 19)
    parts.append(f'<text x="-6" y="{top + height + 19}" text-anchor="end">s</text>')
    return framed(top + height + 34, f"Who plays when: {'; '.join(said)}.", parts)
