"""The part of a take that can be repeated without end: whole bars by its plan, its seam made inaudible.

Knows nothing of how takes are made or of files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from musicgen.aligned import RING, bar_seconds
from musicgen.audio import Audio
from musicgen.plan import Plan
from musicgen.request import plan_of, without_end
from musicgen.riff import MIDDLE_C, LoopMarks

SEAM = 0.06  # seconds over which what would come next passes into the beginning
_WHY_NOT = "A loop is cut at the bars of a take's plan, and this one has no tempo; make it with a plan or a tempo."
_NO_PLAN = "A loop is cut at the bars of a take's plan, and this take's model follows none; make it with pocket."


@dataclass(frozen=True)
class Cut:
    """Where in a take its loop lies: ``bars`` bars from its first downbeat on."""

    begin: float  # seconds
    bar: float  # seconds
    bars: int
    bpm: float  # felt beats a minute


def cut_of(sound: Audio, recipe: Mapping[str, Any]) -> Cut:
    """The longest part of a take that can follow itself: whole rounds of its chords, or else whole bars.

    It begins on the first downbeat, and leaves a final chord out. Raises ``ValueError`` when the recipe has no tempo,
    or the take not a whole bar.
    """
    plan = plan_of(recipe)
    if plan is None or plan.bpm is None:
        planless = plan is None and recipe.get("plan_setting") == "auto"
        raise ValueError(_NO_PLAN if planless else _WHY_NOT)
    bar = bar_seconds(plan.bpm, plan.meter)
    first = -plan.start % bar
    bars = math.floor((without_end(sound, recipe).seconds - first - SEAM) / bar + 1e-6)
    if bars < 1:
        raise ValueError(f"The take is shorter than a bar of its tempo, {bar:.1f} s; make a longer one.")
    bars -= bars % len(plan.chords) if 0 < len(plan.chords) <= bars else 0
    return Cut(first, bar, bars, plan.bpm)


def seconds_for(bars: int, plan: Plan) -> float:
    """The length of the shortest take that ``bars`` whole bars can be cut out of; the plan has a tempo.

    With an ending, its final chord follows the bars and rings out; of what is before it a loop takes a bar less.
    """
    assert plan.bpm is not None
    bar = bar_seconds(plan.bpm, plan.meter)
    return -plan.start % bar + bars * bar + (RING if plan.ending else SEAM)


def loop_of(sound: Audio, recipe: Mapping[str, Any]) -> Audio:
    """The part of a take that ``cut_of`` finds, so that it can follow itself.

    Its first moments are those of the bar that would follow, passing into its own: what comes after the last sample is
    what came after it in the take. Raises ``ValueError`` where there is no such part.
    """
    cut, whole, rate = cut_of(sound, recipe), without_end(sound, recipe), sound.sample_rate
    begin, length, seam = round(cut.begin * rate), round(cut.bars * cut.bar * rate), round(SEAM * rate)
    out = whole.samples[:, begin : begin + length].copy()
    after = whole.samples[:, begin + length : begin + length + seam]
    turn = np.linspace(0, np.pi / 2, after.shape[1], dtype=np.float32)  # equal power: the two are not alike
    out[:, : len(turn)] = out[:, : len(turn)] * np.sin(turn) + after * np.cos(turn)
    return replace(sound, samples=np.clip(out, -1.0, 1.0))


def marks_of(sound: Audio, recipe: Mapping[str, Any]) -> LoopMarks:
    """What other programs are to know of the loop of a take. Raises ``ValueError`` where there is none."""
    cut, plan = cut_of(sound, recipe), plan_of(recipe)
    assert plan is not None
    return LoopMarks(
        frames=round(cut.bars * cut.bar * sound.sample_rate),
        sample_rate=sound.sample_rate,
        quarters=cut.bars * plan.meter.quarters,
        tempo=plan.meter.tempo(cut.bpm),
        meter=plan.meter.fraction,
        root=None if plan.key is None else MIDDLE_C + plan.key.tonic,
    )
