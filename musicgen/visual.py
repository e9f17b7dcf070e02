"""Figures from plain arrays: codebook grid, chromagram, spectrogram, pattern diagram.

Each figure is a self-contained SVG string. Lines and letters are drawn in ``currentColor``, so a figure reads in a
light page and in a dark one, and lengths across are percentages, so the letters keep their size on a phone. Cells
travel as one PNG with a pixel per cell; drawing 30 s of codes takes a few milliseconds, which matters because it
happens while the model decodes. Knows nothing of models, requests or the page.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape

import numpy as np

from musicgen.theory import PITCH_NAMES

VIRIDIS, MAGMA = "viridis", "magma"  # ordered in lightness, safe for colour-blind eyes

LOWEST = 40.0  # Hz, of a spectrogram
DEPTH = 80.0  # dB, likewise

_LEFT = 44  # px kept for the names of the rows, as padding: 100% is then the width of the cells
_RIGHT = 14
_TOP = 22
_CELL, _CELL_LEFT, _CELL_TOP = 22, 42, 20  # px, of the diagrams of patterns
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" role="img" fill="currentColor"'
_FONT = "font:12px system-ui,sans-serif"


@lru_cache(maxsize=4)
def _ramp(name: str) -> np.ndarray:
    """The 256 colours of matplotlib's colormap ``name``, uint8 [256, 4]."""
    from matplotlib import colormaps

    return colormaps[name](np.arange(256), bytes=True)


def colours(values: np.ndarray, ramp: str = VIRIDIS) -> np.ndarray:
    """Map ``values`` in 0..1 to colours of ``ramp``; NaN becomes transparent. Returns uint8 [..., 4]."""
    place = np.clip(np.nan_to_num(np.asarray(values, np.float64)), 0, 1) * 255
    out = _ramp(ramp)[place.round().astype(int)]
    out[..., 3] = np.where(np.isnan(values), 0, 255)
    return out


@lru_cache(maxsize=8)
def palette(codebook_size: int) -> np.ndarray:
    """A colour for each code of a codebook, uint8 [codebook_size, 4]: those of a ramp, shuffled.

    The numbers of codes have no order, so colours in their order would make near numbers look like near sounds.
    """
    place = np.random.default_rng(0).permutation(codebook_size) / max(codebook_size - 1, 1)
    return colours(place)


def png(pixels: np.ndarray) -> bytes:
    """Encode uint8 [height, width, 4] as PNG."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 4 * width), np.uint8)  # a leading 0: no filter
    rows[:, 1:] = pixels.reshape(height, 4 * width)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = zlib.compress(rows.tobytes(), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def seconds_ticks(seconds: float, most: int = 7) -> list[float]:
    """At most ``most`` round times from 0 to ``seconds``."""
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600):
        count = math.floor(seconds / step + 1e-9) + 1
        if count <= most:
            return [i * step for i in range(count)]
    return [0.0, seconds]


def token_grid(
    codes: np.ndarray,
    frame_rate: float,
    codebook_size: int,
    step_of: np.ndarray | None = None,
    title: str = "",
) -> str:
    """Codes int [K, T] (-1: not predicted yet, and not drawn), a row a codebook, coloured by ``palette``.

    The lower axis is time; with ``step_of`` int [T, K] (from 0) the upper one tells which step of the pattern, counted
    from 1, predicted the frame in the first codebook.
    """
    books, frames = codes.shape
    pixels = palette(codebook_size)[np.clip(codes, 0, codebook_size - 1)]
    pixels[codes < 0] = 0
    ticks = seconds_ticks(frames / frame_rate)
    upper = []
    if step_of is not None:
        for t in ticks:
            frame = min(round(t * frame_rate), frames - 1)
            upper.append((100 * frame / frames, str(int(step_of[frame, 0]) + 1)))
    names = [(100 * (k + 0.5) / books, f"k {k + 1}") for k in range(books)]
    height, top = max(26 * books, 84), _TOP + (32 if upper else 20)
    panel = _panel(pixels, top, height, "", names, frames / frame_rate, upper=upper, last=True)
    done = int((codes >= 0).sum())
    caption = title or f"Codes: {done} of {books} × {frames} predicted"
    return framed(top + height + 34, caption, [heading(caption), panel])


def chromagrams(panels: Sequence[tuple[str, np.ndarray]], rate: float, title: str) -> str:
    """Chromagrams [M, 12] one under the other, C at the bottom, with one time axis; ``rate`` is frames a second."""
    seconds = max((len(chroma) for _, chroma in panels), default=0) / rate
    names = [(100 * (11 - p + 0.5) / 12, PITCH_NAMES[p]) for p in (0, 2, 4, 7, 9, 11)]
    parts, top, height = [heading(title)], _TOP, 108
    for i, (name, chroma) in enumerate(panels):
        longest = np.full((max(round(seconds * rate), 1), 12), np.nan)
        longest[: len(chroma)] = chroma
        top += 20
        parts.append(_panel(colours(longest.T[::-1]), top, height, name, names, seconds, last=i == len(panels) - 1))
        top += height + 4
    return framed(top + 30, title, parts)


def loudness(audio: np.ndarray, sample_rate: int, columns: int = 600, rows: int = 128) -> np.ndarray:
    """Log-magnitude spectrum of float32 [C, N], dB [rows, columns]: low first, rows evenly spaced in log frequency."""
    mono = np.asarray(audio, np.float32).mean(axis=0)
    window = 2048
    mono = np.pad(mono, (window // 2, window // 2 + max(0, window - len(mono))))
    starts = np.linspace(0, len(mono) - window, min(columns, max(2, len(mono) // 256))).astype(int)
    shape = np.hanning(window).astype(np.float32)
    power = np.stack([np.abs(np.fft.rfft(mono[s : s + window] * shape)) for s in starts], axis=1)
    edges = np.geomspace(LOWEST, sample_rate / 2, rows + 1) * window / sample_rate
    # A row takes the loudest bin inside it, or the nearest one where bins are wider than rows.
    bands = np.stack([
        power[int(a) : max(int(np.ceil(b)), int(a) + 1)].max(axis=0) for a, b in zip(edges[:-1], edges[1:], strict=True)
    ])
    return 20 * np.log10(np.maximum(bands, 1e-9))


def hertz_ticks(sample_rate: int) -> list[tuple[float, str]]:
    """Round frequencies and where they lie in ``loudness``: the share of its height, from below."""
    high = sample_rate / 2
    return [
        (math.log(hertz / LOWEST) / math.log(high / LOWEST), label)
        for hertz, label in ((100, "100"), (300, "300"), (1000, "1 k"), (3000, "3 k"), (10_000, "10 k"))
        if LOWEST < hertz < high
    ]


def spectrogram(
    audio: np.ndarray, sample_rate: int, title: str = "Spectrogram", columns: int = 600, loudest: float | None = None
) -> str:
    """The ``loudness`` of float32 [C, N], ``DEPTH`` dB deep, over time and log frequency.

    ``loudest`` is the level in dB that gets the lightest colour: give several pictures the same one to compare them.
    """
    decibels = loudness(audio, sample_rate, columns)
    top = max(decibels.max(), -60.0) if loudest is None else loudest
    values = np.clip((decibels - top) / DEPTH + 1, 0, 1)
    names = [(100 * (1 - place), label) for place, label in hertz_ticks(sample_rate)]
    seconds = audio.shape[1] / sample_rate
    panel = _panel(colours(values[::-1], MAGMA), _TOP + 2, 150, "", names, seconds, last=True, smooth=True)
    return framed(_TOP + 2 + 150 + 34, title, [heading(f"{title}, Hz"), panel])


def pattern_diagram(frame_of: np.ndarray, frames: int, title: str) -> str:
    """A pattern from ``frame_of`` int [S, K] (the frame predicted at a step, -1: none): columns are steps.

    The number in a cell is the frame, coloured by frame, so a diagonal of one colour is one frame of sound.
    """
    steps, books = frame_of.shape
    fills = colours(np.linspace(0.25, 1, max(frames, 2)))
    parts = [f'<text x="{_CELL_LEFT}" y="12">step 1 to {steps}</text>', *_book_names(books)]
    for s, k in np.ndindex(steps, books):
        frame = int(frame_of[s, k])
        if frame < 0:
            x, y = _CELL_LEFT + _CELL * s, _CELL_TOP + _CELL * k
            parts.append(f'<circle cx="{x + _CELL // 2}" cy="{y + _CELL // 2}" r="1.5" opacity=".35"/>')
        else:
            parts.append(_cell(s, k, frame + 1, fills[frame % len(fills)], s + 1, (frame, k)))
    return _cells_svg(steps, books, title, parts)


def pattern_grid(step_of: np.ndarray, title: str) -> str:
    """The codes of a few frames, ``step_of`` int [T, K] (from 0): columns are frames, the number is the step.

    Colours as in ``pattern_diagram``. The row below tells after which step a frame is whole and can be heard.
    """
    frames, books = step_of.shape
    fills = colours(np.linspace(0.25, 1, max(frames, 2)))
    parts = [f'<text x="{_CELL_LEFT}" y="12">frame 1 to {frames}</text>', *_book_names(books)]
    for t, k in np.ndindex(frames, books):
        step = int(step_of[t, k]) + 1
        parts.append(_cell(t, k, step, fills[t], step, (t, k)))
    y = _CELL_TOP + _CELL * books
    parts.append(f'<text x="{_CELL_LEFT - 6}" y="{y + 15}" text-anchor="end">heard</text>')
    for t in range(frames):
        x, whole = _CELL_LEFT + _CELL * t, int(step_of[t].max()) + 1
        parts.append(
            f'<g data-step="{whole}"><path d="M{x + 6} {y + 4}l10 6l-10 6z"/></g>'
        )
    return _cells_svg(frames, books + 1, title, parts)


def _book_names(books: int) -> list[str]:
    return [
        f'<text x="{_CELL_LEFT - 6}" y="{_CELL_TOP + _CELL * k + 15}" text-anchor="end">k {k + 1}</text>'
        for k in range(books)
    ]


def _cell(column: int, row: int, number: int, fill: np.ndarray, step: int, code: tuple[int, int]) -> str:
    """A square with a number, marked with the step at which ``code``, a frame and a codebook from 0, becomes known."""
    x, y = _CELL_LEFT + _CELL * column, _CELL_TOP + _CELL * row
    red, green, blue, _ = (int(value) for value in fill)
    ink = "#fff" if 0.3 * red + 0.59 * green + 0.11 * blue < 120 else "#111"
    return (
        f'<g data-step="{step}" data-code="{code[0]},{code[1]}">'
        f'<rect x="{x}" y="{y}" width="{_CELL - 2}" height="{_CELL - 2}" rx="3" '
        f'fill="rgb({red},{green},{blue})"/>'
        f'<text x="{x + _CELL // 2 - 1}" y="{y + 14}" text-anchor="middle" fill="{ink}">{number}</text></g>'
    )


def _cells_svg(columns: int, rows: int, title: str, parts: Sequence[str]) -> str:
    width, height = _CELL_LEFT + _CELL * columns + 2, _CELL_TOP + _CELL * rows + 2
    return (
        f'{_SVG} aria-label="{escape(title)}" viewBox="0 0 {width} {height}" '
        f'style="{_FONT};width:{width}px;max-width:100%;height:auto;display:block">'
        f"{''.join(parts)}</svg>"
    )


def framed(height: int, label: str, parts: Sequence[str]) -> str:
    """A picture as wide as its place, ``height`` px high, read out as ``label``; 100 % is between its margins."""
    return (
        f'{_SVG} aria-label="{escape(label)}" height="{height}" style="{_FONT};display:block;'
        f'box-sizing:border-box;width:100%;padding:0 {_RIGHT}px 0 {_LEFT}px;overflow:visible">'
        f'{"".join(parts)}</svg>'
    )


def heading(text: str) -> str:
    """The title of a picture, at its top left."""
    return f'<text x="{-_LEFT}" y="14" style="font-weight:600">{escape(text)}</text>'


def _panel(
    pixels: np.ndarray,
    top: int,
    height: int,
    name: str,
    rows: Sequence[tuple[float, str]],
    seconds: float,
    upper: Sequence[tuple[float, str]] = (),
    last: bool = False,
    smooth: bool = False,
) -> str:
    """Cells uint8 [rows, columns, 4] with a frame, row names and, under the last panel, the time axis."""
    data = base64.b64encode(png(pixels)).decode()
    source = f"data:image/png;base64,{data}"
    rendering = "auto" if smooth else "pixelated"
    parts = [
        '<rect width="100%" height="100%" fill="currentColor" fill-opacity=".06"/>',
        f'<image href="{source}" width="100%" height="100%" preserveAspectRatio="none" image-rendering="{rendering}"/>',
        '<rect width="100%" height="100%" fill="none" stroke="currentColor" stroke-opacity=".4"/>',
    ]
    for place, label in rows:
        y = height * place / 100
        parts.append(f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    if upper:
        named = ((-20, "step"), (-8, "of k 1"))
        parts += [f'<text x="-6" y="{y}" text-anchor="end">{word}</text>' for y, word in named]
        parts += axis(upper, 0, -5, -8)
    if name:
        parts.append(f'<text x="0" y="-5" opacity=".85">{escape(name)}</text>')
    if last and seconds > 0:
        ticks = seconds_ticks(seconds)
        parts.append(f'<text x="-6" y="{height + 19}" text-anchor="end">s</text>')
        parts += axis([(100 * t / seconds, f"{t:g}") for t in ticks], height, height + 5, height + 19)
    return f'<svg y="{top}" width="100%" height="{height}" overflow="visible">{"".join(parts)}</svg>'


def axis(labels: Sequence[tuple[float, str]], start: int, end: int, baseline: int) -> Iterator[str]:
    """Tick lines from ``start`` to ``end`` and their labels; places are percentages across."""
    for place, label in labels:
        anchor = "start" if place < 2 else "end" if place > 96 else "middle"
        yield f'<line x1="{place:.2f}%" x2="{place:.2f}%" y1="{start}" y2="{end}" stroke="currentColor"/>'
        yield f'<text x="{place:.2f}%" y="{baseline}" text-anchor="{anchor}">{escape(label)}</text>'
