"""The static key/value cache: what earlier steps left for later ones, allocated once.

Knows nothing of the network: only shapes. ``H`` heads, ``E`` head width, ``P`` positions.
"""

from __future__ import annotations

import torch
from torch import Tensor


class KVCache:
    """Keys and values of the self-attention [layers, B, H, P, E], and those of the cross-attention, computed once.

    ``length`` positions are filled. A forward pass writes the new ones of every layer with ``update``, then moves
    ``length`` forward by ``advance``.
    """

    def __init__(
        self,
        layers: int,
        rows: int,
        heads: int,
        positions: int,
        head_dim: int,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        cross: list[tuple[Tensor, Tensor]] | None = None,
    ) -> None:
        """``cross``: keys and values of the text [B, H, L, E] for each layer, where the model cross-attends."""
        shape = (layers, rows, heads, positions, head_dim)
        # Written to at once, not when first used: whoever asks how much memory is free must not count this.
        self.keys = torch.empty(shape, device=device, dtype=dtype).zero_()
        self.values = torch.empty(shape, device=device, dtype=dtype).zero_()
        self.cross = cross
        self.length = 0

    @property
    def positions(self) -> int:
        """How many positions fit."""
        return self.keys.shape[3]

    def update(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write new keys and values [B, H, n, E] of one layer; return all so far [B, H, length + n, E]."""
        end = self.length + keys.shape[2]
        if end > self.positions:
            raise ValueError(f"The cache holds {self.positions} positions, but needs {end}; allocate a longer one.")
        self.keys[layer, :, :, self.length : end] = keys
        self.values[layer, :, :, self.length : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def advance(self, steps: int) -> None:
        """Count ``steps`` new positions as filled, once every layer has written them."""
        self.length += steps
