"""Pictures for looking at: twelve takes as spectrograms with the grid of the asked beats. Knows nothing of models."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from musicgen.theory import parse_meter
from musicgen.train.exam import Exam, Facts, caption_of
from musicgen.train.listener import RATE
from musicgen.visual import loudness

COUNT, DEPTH = 12, 70.0  # dB


def sheet(path: Path, sounds: Sequence[np.ndarray], facts: Sequence[Facts], titles: Sequence[str]) -> None:
    """A PNG of spectrograms of sounds [N] at 32 kHz, three in a row; beats as thin lines, bar lines thicker."""
    from matplotlib.figure import Figure

    rows = -(-len(sounds) // 3)
    figure = Figure(figsize=(18, 3.4 * rows), dpi=90, layout="constrained")
    axes = figure.subplots(rows, 3, squeeze=False).ravel()
    for axis in axes[len(sounds) :]:
        axis.set_visible(False)
    for axis, sound, asked, title in zip(axes, sounds, facts, titles, strict=False):
        decibels = loudness(sound[None], RATE, columns=900, rows=200)
        seconds = len(sound) / RATE
        axis.imshow(decibels, "magma", aspect="auto", origin="lower", extent=(0, seconds, 0, 1),
                    vmin=decibels.max() - DEPTH, vmax=decibels.max(), interpolation="nearest")
        meter, beat = parse_meter(asked["meter"]), 60 / asked["bpm"]
        for number in range(int(seconds / beat) + 1):
            bar = number % meter.beats == 0
            axis.axvline(number * beat, color="white", linewidth=0.9 if bar else 0.4, alpha=0.7 if bar else 0.4)
        axis.set_title("\n".join(textwrap.wrap(title, 78)[:2]), fontsize=8, loc="left", parse_math=False)
        axis.set_yticks([])
    figure.savefig(path)


def run(exam: Exam) -> dict[str, Any]:
    """Three sheets: real pieces through the codec, takes with the plan, takes of the text alone."""
    pieces = exam.pieces[:COUNT]
    facts = [piece.facts for piece in pieces]
    titles = [f"{f['bpm']:.0f} bpm, {f['meter']}, {f['key']}, {'drums' if f['drums'] else 'no drums'}: {caption_of(f)}"
              for f in facts]
    sets = {"real": exam.coded(pieces),
            "plan": [take.audio for take in exam.make(exam.plan_jobs()[:COUNT])],
            "text": [take.audio for take in exam.make(exam.text_jobs()[:COUNT])]}
    names = {}
    for name, sounds in sets.items():
        names[name] = f"spectrograms_{name}.png"
        sheet(exam.out / names[name], sounds, facts, titles)
    return {"files": names}


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    return "\n".join(f"![{name}]({file})" for name, file in result["files"].items())
