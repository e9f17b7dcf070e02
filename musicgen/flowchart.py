"""A flow chart as SVG: columns of boxes, arrows down a column, wires from one box to another.

One chart is drawn in two ways: ``wide``, the columns side by side, for a desk; or one under the other, for a phone.
Letters are as large in both. Colours are the page's, through CSS variables, with plain ones where there are none.
Knows nothing of what the boxes stand for. All texts are escaped here; a ``Picture`` is SVG made by this program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

COLUMN = 312  # px, as every length here
LETTERS = 42  # of a line that fits a box in a box; longer ones are the caller's to break
_BETWEEN = 60  # two columns side by side, with the wires
_LEFT, _RIGHT = 20, 32  # of a narrow chart, for the wires
_PAD, _INSET, _ARROW, _GAP = 12, 10, 16, 7
_TITLE, _LINE = 29, 16  # heights
_BEHIND = (6, 3)  # how far the cards behind a stacked box stick out
_INK, _PALE = "var(--body-text-color,currentColor)", "var(--body-text-color-subdued,currentColor)"
_CARD, _EDGE = "var(--block-background-fill,none)", "var(--block-border-color,currentColor)"


@dataclass(frozen=True)
class Picture:
    """Something drawn inside a box, from (0, 0)."""

    svg: str
    height: int


@dataclass(frozen=True)
class Box:
    """A title, lines under it, a number at its right."""

    title: str
    lines: tuple[str, ...] = ()
    aside: str = ""
    tone: str = "flow"  # the CSS variable of its colour is --flow-<tone>
    name: str = ""  # what a wire calls it
    inside: tuple[Box, ...] = ()
    picture: Picture | None = None
    follows: bool = True  # whether an arrow leads here from the box above
    source: bool = False  # something that is given: filled, with round ends
    absent: bool = False  # something that is not there: dashed
    stacked: bool = False  # many of the same


@dataclass(frozen=True)
class Column:
    """Boxes one under the other."""

    title: str
    boxes: tuple[Box, ...]
    aside: str = ""


@dataclass(frozen=True)
class Wire:
    """From one box to another, by their names; ``gutter`` is the one beside column ``gutter`` that it runs in."""

    start: str
    end: str
    gutter: int
    tone: str = "flow"
    shift: int = 0  # px further down at its end, where several end at one box


@dataclass(frozen=True)
class Chart:
    """What is drawn: heading, columns, wires."""

    title: str
    subtitle: str
    columns: tuple[Column, ...]
    wires: tuple[Wire, ...] = ()


@dataclass(frozen=True)
class _Place:
    column: int
    left: float
    right: float
    y: float  # of its title


def describe(chart: Chart) -> str:
    """The chart in words, for those who do not see it."""

    def told(box: Box) -> str:
        rest = "; ".join([*box.lines, *(told(inner) for inner in box.inside)])
        return f"{box.title}: {rest}" if rest else box.title

    parts = [f"{column.title}: " + ". ".join(map(told, column.boxes)) for column in chart.columns]
    return f"{chart.subtitle}. " + ". ".join(parts) + "."


def flowchart(chart: Chart, wide: bool) -> str:
    """The chart as a self-contained SVG, its columns side by side or one under the other."""
    top, heights = 56, [_column_height(column) for column in chart.columns]
    parts = [_text(0 if wide else _LEFT, 18, chart.title, 17, True),
             _text(0 if wide else _LEFT, 39, chart.subtitle, 13, tone=_PALE)]
    places: dict[str, _Place] = {}
    for i, column in enumerate(chart.columns):
        x, y = (i * (COLUMN + _BETWEEN), top) if wide else (_LEFT, top + sum(heights[:i]) + 20 * i)
        parts += _column(column, i, x, y, max(heights) if wide else heights[i], places)
    parts += [_wire(wire, places, _rail(chart.wires, wire), wide) for wire in chart.wires]
    count = len(chart.columns)
    width = count * COLUMN + (count - 1) * _BETWEEN if wide else _LEFT + COLUMN + _RIGHT
    height = top + (max(heights) if wide else sum(heights) + 20 * (count - 1)) + 2
    shape = "wide" if wide else "narrow"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" class="flowchart {shape}" '
        f'aria-labelledby="flow-title-{shape} flow-desc-{shape}" viewBox="0 0 {width} {height}" '
        'style="font-family:inherit;width:100%;height:auto">'
        f'<title id="flow-title-{shape}">{_plain(chart.title)}</title>'
        f'<desc id="flow-desc-{shape}">{_plain(describe(chart))}</desc>{"".join(parts)}</svg>'
    )


def cells(values: np.ndarray, width: float, height: float, numbers: bool = False) -> Picture:
    """A grid of ``values`` [rows, columns], the more the stronger; below 0 a cell is empty. ``numbers`` writes them.

    A cell is ``width`` by ``height``; row 0 is drawn at the top.
    """
    most = max(float(values.max()), 1.0)
    parts = [_rect(0, row * height, len(values[0]) * width - 1.5, height - 1.5, 2,
                   'fill="var(--tone)" fill-opacity=".07"') for row in range(len(values))]
    for (row, column), value in np.ndenumerate(values):
        if value < 0:
            continue
        x, y, shade = column * width, row * height, 0.18 + 0.42 * float(value) / most
        parts.append(_rect(x, y, width - 1.5, height - 1.5, 2, f'fill="var(--tone)" fill-opacity="{shade:.2f}"'))
        if numbers:
            parts.append(_text(x + width / 2 - 0.75, y + height / 2 + 3, str(int(value)), 10.5, anchor="middle"))
    return Picture("".join(parts), round(len(values) * height))


def bars(values: np.ndarray, width: float, height: float) -> Picture:
    """Upright bars around a middle line, ``values`` in 0..1 [rows, columns], a row under the other."""
    parts = []
    for (row, column), value in np.ndenumerate(values):
        tall = max(1.5, float(value) * (height - 4))
        parts.append(f'<rect x="{column * width:g}" y="{(row + 0.5) * height - tall / 2:.1f}" width="{width - 1.5:g}" '
                     f'height="{tall:.1f}" rx="1" fill="var(--tone)" fill-opacity=".75"/>')
    return Picture("".join(parts), round(len(values) * height))


def _height(box: Box) -> float:
    height: float = _TITLE + _LINE * len(box.lines)
    if box.picture:
        height += box.picture.height + 6
    height += sum(_height(inner) + _GAP for inner in box.inside)
    return height + (4 if box.lines or box.inside or box.picture else 0)


def _column_height(column: Column) -> float:
    return 38 + sum(_height(box) + _gap(box, i) for i, box in enumerate(column.boxes)) + _PAD


def _gap(box: Box, index: int) -> float:
    """Above a box of a column: where another story begins there is more room."""
    if index == 0:
        return 0
    return _ARROW + (_BEHIND[0] if box.stacked else 0 if box.follows else 4)


def _column(
    column: Column, index: int, x: float, y: float, height: float, places: dict[str, _Place]
) -> Iterator[str]:
    yield _rect(x + 0.5, y, COLUMN - 1, height, 12, f'fill="{_CARD}" stroke="{_EDGE}"')
    yield _text(x + _PAD, y + 24, column.title, 13.5, True, _PALE)
    yield _text(x + COLUMN - _PAD, y + 24, column.aside, 13.5, True, _PALE, "end")
    room = height - _column_height(column)  # spread, so that columns side by side end together
    spread = min(room / max(len(column.boxes) - 1, 1), 24)
    at = y + 38
    for i, box in enumerate(column.boxes):
        gap = _gap(box, i) + (spread if i else 0)
        if i and box.follows:
            yield _arrow_down(x + COLUMN / 2, at, at + gap - (_BEHIND[0] if box.stacked else 0))
        at += gap
        yield from _box(box, index, x + _PAD, at, COLUMN - 2 * _PAD, places)
        at += _height(box)


def _box(box: Box, column: int, x: float, y: float, width: float, places: dict[str, _Place]) -> Iterator[str]:
    height = _height(box)
    places[box.name or box.title] = _Place(column, x, x + width, y + _TITLE / 2)
    yield f'<g style="{_tone(box.tone)}">'
    round_ends = min(height / 2, 15) if box.source else 8
    if box.stacked:
        for behind in _BEHIND:
            yield _rect(x + behind, y - behind, width, height, 8,
                        f'fill="{_CARD}" stroke="var(--tone)" stroke-opacity=".35"')
    strength, dashed = (".22" if box.source else ".07"), ' stroke-dasharray="4 3"' if box.absent else ""
    if box.stacked:
        yield _rect(x, y, width, height, 8, f'fill="{_CARD}"')
    yield _rect(x, y, width, height, round_ends, f'fill="var(--tone)" fill-opacity="{0 if box.absent else strength}" '
                f'stroke="var(--tone)" stroke-opacity=".5"{dashed}')
    yield _text(x + _INSET, y + 19, box.title, 13, True, _PALE if box.absent else _INK)
    yield _text(x + width - _INSET, y + 19, box.aside, 12, tone=_PALE, anchor="end")
    at = y + _TITLE
    for line in box.lines:
        yield _text(x + _INSET, at + 9, line, 12.5, tone=_PALE)
        at += _LINE
    if box.picture:
        yield f'<g transform="translate({x + _INSET:g},{at + 2:g})">{box.picture.svg}</g>'
        at += box.picture.height + 6
    for inner in box.inside:
        yield from _box(inner, column, x + _INSET, at, width - 2 * _INSET, places)
        at += _height(inner) + _GAP
    yield "</g>"


def _rail(wires: Sequence[Wire], wire: Wire) -> int:
    """Which of the gutter's parallel lines is the wire's: those that end at one box share nothing but the end."""
    return [other for other in wires if other.gutter == wire.gutter].index(wire)


def _wire(wire: Wire, places: dict[str, _Place], rail: int, wide: bool) -> str:
    start, end = places[wire.start], places[wire.end]
    if wide:
        out, into = start.column <= wire.gutter, end.column <= wire.gutter  # at the right side of a box, or its left
        x = (wire.gutter + 1) * COLUMN + wire.gutter * _BETWEEN + 14 + 11 * rail
    else:
        out = into = wire.gutter == 0  # what the model is told runs at the right, what it makes at the left
        x = _LEFT + COLUMN + 7 + 7 * rail if out else _LEFT - 7 - 7 * rail
    y0, y1 = start.y, end.y + wire.shift
    x0, x1 = (start.right if out else start.left), (end.right + 5 if into else end.left - 5)
    bend = min(6.0, abs(y1 - y0) / 2)
    turn = bend if y1 > y0 else -bend
    a, b = (bend if x > x0 else -bend), (bend if x1 > x else -bend)
    path = (f"M{x0:g} {y0:g}H{x - a:g}Q{x:g} {y0:g} {x:g} {y0 + turn:g}V{y1 - turn:g}"
            f"Q{x:g} {y1:g} {x + b:g} {y1:g}H{x1:g}")
    tip = 5 if x1 > x else -5
    return (
        f'<g style="{_tone(wire.tone)}"><path d="{path}" fill="none" stroke="var(--tone)" '
        f'stroke-width="1.75"/><circle cx="{x0:g}" cy="{y0:g}" r="2.5" fill="var(--tone)"/>'
        f'<path d="M{x1 + tip:g} {y1:g}l{-2 * tip:g} -4v8z" fill="var(--tone)"/></g>'
    )


def _arrow_down(x: float, y0: float, y1: float) -> str:
    return (f'<path d="M{x:g} {y0:g}V{y1 - 5:g}" stroke="{_PALE}" stroke-width="1.5"/>'
            f'<path d="M{x:g} {y1 - 1:g}l-4 -7h8z" fill="{_PALE}"/>')


def _rect(x: float, y: float, width: float, height: float, radius: float, look: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" {look}/>'


def _text(
    x: float, y: float, text: str, size: float, bold: bool = False, tone: str = _INK, anchor: str = "start"
) -> str:
    if not text:
        return ""
    weight = ' font-weight="600"' if bold else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{weight}{place} fill="{tone}">{_plain(text)}</text>'


def _tone(name: str) -> str:
    """Sets the colour of what is drawn inside: as a variable, for pages have their own mind about `color`."""
    return f"--tone:var(--flow-{name},currentColor)"


def _plain(text: str) -> str:
    """Escaped, and without what XML has no letter for."""
    return escape("".join(letter if letter.isprintable() else " " for letter in text))
