"""Pictures for papers, slides and posts: a take with its codes, melody and spectrogram, or chromagrams alone.

All that is in a picture shares one time axis. Sharp and labelled, in colours that are ordered in lightness, but for
codes, whose numbers have no order. Drawn by matplotlib without pyplot, so any number of threads may draw at once. Knows
nothing of models, files or the page.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from musicgen import chroma
from musicgen.asked import Asked
from musicgen.theory import PITCH_NAMES
from musicgen.visual import DEPTH, MAGMA, VIRIDIS, hertz_ticks, loudness, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 10.0  # inches
DPI = 200
_OTHER_SCRIPTS = (  # taken where they are installed, for what the first font has no letters for
    "Noto Sans CJK KR", "Noto Sans CJK JP", "Noto Sans KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo",
    "Arial Unicode MS",
)


def take_figure(
    codes: np.ndarray,
    audio: np.ndarray,
    sample_rate: int,
    frame_rate: float,
    codebook_size: int,
    title: str = "",
    asked: Asked | None = None,
    players: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> Figure:
    """A take: codes int [K, T], its sound float32 [C, N] and, if any were asked for, the pitch classes asked.

    The chromagram of what is heard lies under those, with their similarity where anything was asked.
    At the top is who plays when, if that is told of the ``players``: from when to when, in seconds.
    """
    seconds = codes.shape[1] / frame_rate
    heard = chroma.chromagram(audio.mean(axis=0), sample_rate)
    heights = [1.0 + 0.15 * len(codes), *([1.6] if asked else []), 1.6, 2.6]
    if players:
        heights.insert(0, 0.4 + 0.2 * len(players))
    figure, axes = _stack(heights, max(seconds, 1 / frame_rate), title)
    if players:
        _players(axes.pop(0), players)
    _codes(axes[0], codes, codebook_size, seconds)
    if asked:
        _chroma(axes[1], asked.chroma, f"{asked.name.capitalize()} asked; similarity {asked.followed(heard):.2f}")
    _chroma(axes[-2], heard, "Heard" if asked else "Chromagram")
    _spectrum(axes[-1], audio, sample_rate)
    return figure


def chroma_figure(panels: Sequence[tuple[str, np.ndarray]], title: str = "") -> Figure:
    """Chromagrams [M, 12] by their names, one under the other; at least one."""
    seconds = max(len(values) for _, values in panels) / chroma.CHROMA_RATE
    figure, axes = _stack([1.6] * len(panels), seconds, title)
    for axis, (name, values) in zip(axes, panels, strict=True):
        _chroma(axis, values, name)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _stack(heights: Sequence[float], seconds: float, title: str) -> tuple[Figure, list[Axes]]:
    """An empty picture: axes of these heights in inches, one under the other, over ``seconds`` of time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 1.2 + sum(heights)), dpi=DPI, layout="constrained")
    figure.set_facecolor("white")
    axes = list(figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0])
    if title:
        figure.suptitle(_title(title), fontfamily=_fonts(), fontsize=12, parse_math=False)
    axes[-1].set_xlim(0, seconds)
    axes[-1].set_xlabel("time, s")
    figure.align_ylabels(axes)
    return figure, axes


def _players(axes: Axes, players: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    for row, played in enumerate(players.values()):
        axes.broken_barh([(start, end - start) for start, end in played], (row - 0.4, 0.8), facecolors="tab:cyan")
    axes.set_yticks(range(len(players)), list(players), fontsize=7)
    axes.set_ylim(len(players) - 0.5, -0.5)
    axes.set_title("Who plays when", loc="left", fontsize=10)


def _codes(axes: Axes, codes: np.ndarray, codebook_size: int, seconds: float) -> None:
    from matplotlib.colors import ListedColormap

    shown = np.ma.masked_less(codes, 0)
    image = axes.imshow(
        shown, ListedColormap(palette(codebook_size) / 255), aspect="auto", interpolation="nearest", vmin=-0.5,
        vmax=codebook_size - 0.5, extent=(0, seconds, len(codes) + 0.5, 0.5),
    )
    axes.set_yticks(range(1, len(codes) + 1))
    axes.set_ylabel("codebook")
    axes.set_title(f"Codes: {codes.shape[0]} × {codes.shape[1]}", loc="left", fontsize=10)
    axes.figure.colorbar(image, ax=axes, label="code", pad=0.01, aspect=12)


def _chroma(axes: Axes, values: np.ndarray, title: str) -> None:
    end = len(values) / chroma.CHROMA_RATE
    image = axes.imshow(
        values.T, VIRIDIS, aspect="auto", interpolation="nearest", origin="lower", vmin=0, vmax=1,
        extent=(0, end, -0.5, 11.5),
    )
    named = (0, 2, 4, 5, 7, 9, 11)
    axes.set_yticks(named, [PITCH_NAMES[pitch] for pitch in named], fontsize=7)
    axes.set_ylabel("pitch class")
    axes.set_title(title, loc="left", fontsize=10)
    axes.figure.colorbar(image, ax=axes, label="strength", pad=0.01, aspect=12)


def _spectrum(axes: Axes, audio: np.ndarray, sample_rate: int) -> None:
    decibels = loudness(audio, sample_rate, columns=1600, rows=256)
    top = max(float(decibels.max()), -60.0)
    image = axes.imshow(
        decibels - top, MAGMA, aspect="auto", interpolation="bilinear", origin="lower", vmin=-DEPTH, vmax=0,
        extent=(0, audio.shape[1] / sample_rate, 0, 1),
    )
    ticks = hertz_ticks(sample_rate)
    axes.set_yticks([place for place, _ in ticks], [label for _, label in ticks])
    axes.set_ylabel("frequency, Hz")
    axes.set_title("Spectrogram", loc="left", fontsize=10)
    axes.figure.colorbar(image, ax=axes, label="dB", pad=0.01, aspect=20)


def _title(text: str) -> str:
    """Two lines at most, of letters that some font here has: what none can draw becomes a box without a warning."""
    lines = textwrap.wrap("".join(c if c == "\n" or ord(c) in _letters() else "\u25a1" for c in text), 100)
    if len(lines) > 2:
        lines = [lines[0], lines[1][:97] + " …"]
    return "\n".join(lines)


@lru_cache(maxsize=1)
def _fonts() -> list[str]:
    from matplotlib import font_manager

    there = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in there)]


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """The code points that the fonts of a title have."""
    from matplotlib import font_manager

    found = (font_manager.get_font(font_manager.findfont(name)) for name in _fonts())
    return frozenset(code for font in found for code in font.get_charmap())
