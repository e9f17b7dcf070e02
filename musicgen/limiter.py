"""Keeps a stream of sound below full scale by turning it down in good time, rather than cutting its peaks off.

Music that a language model asks for may be louder than any its codec has heard. Bent or cut peaks are heard as
crackle; a gain that moves in hundredths of a second is not. Knows nothing of where the sound comes from.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

CEILING = 0.98  # of full scale
REACH = 320  # samples by which a peak's gain lasts before and after it, and as many again to get there: 10 ms at 32 kHz


class Limiter:
    """Feed audio chunk by chunk, get it back a little later, nowhere above ``CEILING``; what is below it all along
    comes back as it was. Chunks cannot change a bit."""

    def __init__(self) -> None:
        self.held: Tensor | None = None  # [B, up to 4 * REACH]: what came last, for its gain looks both ways

    def push(self, audio: Tensor) -> Tensor:
        """Audio [B, n] -> as much of it [B, m] as is final."""
        held = audio.new_zeros(len(audio), 2 * REACH) if self.held is None else self.held
        sound = torch.cat([held, audio], -1)
        final = max(0, sound.shape[1] - 4 * REACH)
        self.held = sound[:, final:]
        if not final:
            return sound[:, :0]
        middle = sound[:, 2 * REACH : 2 * REACH + final]
        level = sound.abs()
        if level.max() <= CEILING:
            return middle
        allowed = CEILING / level.clamp_min(CEILING)
        least = -F.max_pool1d(-allowed, 2 * REACH + 1, 1)  # what no sample within reach exceeds
        for _ in range(2):  # two means over REACH are a smooth rise and fall that stay within what is allowed
            least = F.avg_pool1d(least, REACH + 1, 1)
        return torch.where(least < 1 - 1e-6, middle * least, middle).clamp(-CEILING, CEILING)

    def finish(self) -> Tensor:
        """The rest of the audio [B, m]."""
        if self.held is None:
            return torch.zeros(1, 0)
        return self.push(self.held.new_zeros(len(self.held), 2 * REACH))
