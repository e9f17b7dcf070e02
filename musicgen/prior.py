"""What codes a frame may be expected to hold, by what is told of it alone, whatever came before.

A small network without memory beside the language model. A language model goes on with what it hears, its own slips
included; this knows no history and so does not: added to the logits, it leads back to the chord, the band and the beat
that were asked for. Knows nothing of decoding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FramePrior(nn.Module):
    """Aligned features [..., A] -> log-odds of every code [..., K, V]: log q(code | told) - log q(code | nothing)."""

    def __init__(self, aligned_dim: int, codebooks: int, codebook_size: int, width: int) -> None:
        super().__init__()
        self.codebooks = codebooks
        self.hidden = nn.Linear(aligned_dim, width)
        self.codes = nn.Linear(width, codebooks * codebook_size)

    def logits(self, aligned: Tensor) -> Tensor:
        """Features [..., A] -> logits of q(code | told) [..., K, V]. What is told louder is not told more surely."""
        out = self.codes(F.gelu(self.hidden(aligned.clamp(-1, 1))))
        return out.unflatten(-1, (self.codebooks, -1))

    def forward(self, aligned: Tensor) -> Tensor:
        """The log-odds; zeros where nothing is told."""
        nothing = self.logits(torch.zeros_like(aligned[..., :1, :]))
        return self.logits(aligned).log_softmax(-1) - nothing.log_softmax(-1)
