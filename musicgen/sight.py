"""What a code can see of the others when it is predicted: the codes of earlier steps, and no others.

It is what the patterns differ in. Two counts sum it up: how much of its own frame a code sees, and how much of the
frames before it the first codebook does. Knows nothing of models: it turns numbers into numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from musicgen.patterns import Pattern

BEFORE = 3  # frames before its own that are looked at


@dataclass(frozen=True)
class Seen:
    """So many codes of so many."""

    count: int
    of: int

    @property
    def share(self) -> float:
        """0 to 1; of nothing, all is seen."""
        return self.count / self.of if self.of else 1.0

    def __str__(self) -> str:
        return f"{self.count} of {self.of}"


def coarser(step_of: Tensor, frame: int, codebook: int) -> Seen:
    """What a code sees of the coarser codes of its own frame; ``step_of [T, K]`` as in ``Layout``."""
    steps = step_of[frame]
    return Seen(int((steps[:codebook] < steps[codebook]).sum()), codebook)


def earlier(step_of: Tensor, frame: int, codebook: int) -> Seen:
    """What a code sees of the up to ``BEFORE`` frames before its own, all codebooks."""
    past = step_of[max(0, frame - BEFORE) : frame]
    return Seen(int((past < step_of[frame, codebook]).sum()), past.numel())


def later(step_of: Tensor, frame: int, codebook: int) -> int:
    """How many codes of frames after its own a code sees."""
    return int((step_of[frame + 1 :] < step_of[frame, codebook]).sum())


def beside(step_of: Tensor, frame: int, codebook: int) -> int:
    """How many other codes share its step."""
    return int((step_of == step_of[frame, codebook]).sum()) - 1


def blind(pattern: Pattern) -> tuple[int, int]:
    """How many pairs of codes share a step, for each frame: pairs of one frame, and pairs of different frames.

    Two codebooks meet in every frame or in none: where their lines have the same slope and lie whole strides apart.
    """
    meeting = [
        a.offset == b.offset
        for a, b in combinations(pattern.lines, 2)
        if (a.stride, a.blocks) == (b.stride, b.blocks) and (a.offset - b.offset) % a.stride == 0
    ]
    return sum(meeting), len(meeting) - sum(meeting)


def own_frame(pattern: Pattern) -> Seen:
    """What all codes of a frame together see of the coarser ones of it."""
    step_of = _middle(pattern)
    each = [coarser(step_of, BEFORE, k) for k in range(pattern.codebooks)]
    return Seen(sum(seen.count for seen in each), sum(seen.of for seen in each))


def past(pattern: Pattern) -> Seen:
    """What codebook 1, which carries the music, sees of the ``BEFORE`` frames before its own."""
    return earlier(_middle(pattern), BEFORE, 0)


def _middle(pattern: Pattern) -> Tensor:
    """``step_of`` of enough frames; which of two codes comes first is the same in any longer piece."""
    layout = pattern.layout(BEFORE + 1 + max(line.offset for line in pattern.lines))
    return torch.as_tensor(layout.step_of)
