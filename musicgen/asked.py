"""Which pitch classes a take was asked for over time: its melody's, else its chords'; and how well they are heard.

Knows nothing of models, files or pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from musicgen import chroma
from musicgen.notated import chords_of
from musicgen.painting import parse
from musicgen.request import plan_of


@dataclass(frozen=True)
class Asked:
    """The pitch classes of a "melody" or of "chords", ``chroma [M, 12]``: 1 where asked for; a row of zeros asks for
    none."""

    name: str
    chroma: np.ndarray

    def followed(self, heard: np.ndarray) -> float:
        """How alike they and what is ``heard`` [M, 12] are, where any are asked for."""
        return chroma.followed(self.chroma, heard)

    def by_chance(self, heard: np.ndarray) -> float:
        """The same in the eleven other keys, on average."""
        others = (np.roll(self.chroma, shift, axis=1) for shift in range(1, chroma.BINS))
        return float(np.mean([chroma.followed(other, heard) for other in others]))


def asked_of(recipe: Mapping[str, Any], melody: np.ndarray | None, seconds: float) -> Asked | None:
    """What a take of ``seconds`` was asked for: the ``melody`` [M, 12] it was told, else the chords of its recipe."""
    frames = int(seconds * chroma.CHROMA_RATE) + 1  # as many as a chromagram of it has
    if melody is not None and melody.any():
        return Asked("melody", melody[:frames])
    rows = np.zeros((frames, chroma.BINS), np.float32)
    plan, painting = plan_of(recipe), recipe.get("painting")
    if plan is not None:
        times = np.arange(frames) / chroma.CHROMA_RATE
        for begin, end, (classes, _) in chords_of(plan, parse(painting) if painting else None, recipe, seconds):
            rows[np.ix_((begin <= times) & (times < end), sorted(classes))] = 1.0
    return Asked("chords", rows) if rows.any() else None
