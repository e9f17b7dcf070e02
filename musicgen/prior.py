"""What codes a frame may be expected to hold, by what is told of it alone, whatever came before.

A small network without memory beside the language model. A language model goes on with what it hears, its own slips
included; this knows no history and so does not: added to the logits, it leads back to the chord, the band and the beat
that were asked for. Knows nothing of decoding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from musicgen.aligned import drop

# How much the chords' part in it counts, 1: as learned. What a model plays strays from them the most. By what 192 takes
# obeyed at 1, 1.5 and 2: at 1.5 more lies in the key and nothing else changes; at 2 tempo and instruments suffer.
CHORDS = 1.5


class FramePrior(nn.Module):
    """Aligned features [..., A] -> log-odds of every code [..., K, V]: log q(code | told) - log q(code | nothing)."""

    def __init__(self, aligned_dim: int, codebooks: int, codebook_size: int, width: int) -> None:
        super().__init__()
        self.codebooks = codebooks
        self.hidden = nn.Linear(aligned_dim, width)
        self.codes = nn.Linear(width, codebooks * codebook_size)

    def logits(self, aligned: Tensor) -> Tensor:
        """Features [..., A] -> logits of q(code | told) [..., K, V]. What is told louder is not told more surely."""
        return self._scored(self._seen(aligned))

    def forward(self, aligned: Tensor) -> Tensor:
        """The log-odds, chords counted ``CHORDS`` times; zeros where nothing is told."""
        chordless = torch.from_numpy(drop(aligned.numpy(force=True), "chords")).to(aligned.device)
        told = self._seen(aligned)
        led = told + (CHORDS - 1) * (told - self._seen(chordless))  # the rest is linear: logits add up like that, too
        nothing = self._seen(torch.zeros_like(aligned[..., :1, :]))
        return self._scored(led).log_softmax(-1) - self._scored(nothing).log_softmax(-1)

    def _seen(self, aligned: Tensor) -> Tensor:
        return F.gelu(self.hidden(aligned.clamp(-1, 1)))

    def _scored(self, hidden: Tensor) -> Tensor:
        return self.codes(hidden).unflatten(-1, (self.codebooks, -1))
