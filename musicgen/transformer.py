"""The transformer (paper 2.4): pre-norm layers of self-attention, cross-attention and feed-forward, without biases.

Knows nothing of codes, text or patterns: vectors [B, P, D] in, vectors [B, P, D] out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from musicgen.kv_cache import KVCache


def causal_mask(new: int, past: int, padding: Tensor | None, device: torch.device) -> Tensor | None:
    """Which of ``past + new`` positions each of the ``new`` ones may see: bool [B or 1, 1, new, past + new].

    ``padding [B]``: how many positions at the left of a row are padding. None is returned when everything may be seen
    or when plain causality will do (``new`` positions after nothing): SDPA has a faster way for both.
    """
    if padding is None and (past == 0 or new == 1):
        return None
    key = torch.arange(past + new, device=device)
    query = key[past:, None]
    seen = key <= query
    if padding is None:
        return seen[None, None]
    # A padding position sees itself alone, for a softmax over nothing is not a number; nobody sees it.
    return (seen & (key >= padding[:, None, None]) | (key == query))[:, None]


class SelfAttention(nn.Module):
    """Causal multi-head attention, queries, keys and values by one matrix."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None, cache: KVCache | None, layer: int) -> Tensor:
        """``x [B, n, D]`` -> [B, n, D]; ``mask`` from ``causal_mask``."""
        rows, new, dim = x.shape
        query, key, value = self.qkv(x).view(rows, new, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        if cache is not None:
            key, value = cache.update(layer, key, value)
        causal = mask is None and new > 1
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
        return self.out(mixed.transpose(1, 2).reshape(rows, new, dim))


class CrossAttention(nn.Module):
    """Multi-head attention to the text."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dim, dim, bias=False)
        self.key_value = nn.Linear(dim, 2 * dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)

    def keys_values(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Projected text [B, L, D] -> keys, values [B, H, L, E]; the same at every step."""
        rows, length, dim = text.shape
        key, value = self.key_value(text).view(rows, length, 2, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        return key, value

    def forward(self, x: Tensor, keys_values: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        """``x [B, n, D]`` -> [B, n, D]; ``mask [B, 1, 1, L]`` bool, at least one True in each row."""
        rows, new, dim = x.shape
        query = self.query(x).view(rows, new, self.heads, dim // self.heads).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(query, *keys_values, attn_mask=mask)
        return self.out(mixed.transpose(1, 2).reshape(rows, new, dim))


class Layer(nn.Module):
    """One pre-norm layer."""

    def __init__(self, dim: int, heads: int, ffn_dim: int, cross_attention: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-5)
        self.self_attn = SelfAttention(dim, heads)
        self.norm_cross = nn.LayerNorm(dim, eps=1e-5) if cross_attention else None
        self.cross_attn = CrossAttention(dim, heads) if cross_attention else None
        self.norm2 = nn.LayerNorm(dim, eps=1e-5)
        self.linear1 = nn.Linear(dim, ffn_dim, bias=False)
        self.linear2 = nn.Linear(ffn_dim, dim, bias=False)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None,
        text: Tensor | tuple[Tensor, Tensor] | None,
        text_mask: Tensor | None,
        cache: KVCache | None,
        layer: int,
    ) -> Tensor:
        """``x [B, n, D]`` -> [B, n, D]; ``text`` is [B, L, D] or its keys and values."""
        x = x + self.self_attn(self.norm1(x), mask, cache, layer)
        if self.cross_attn is not None and self.norm_cross is not None and text is not None:
            keys_values = self.cross_attn.keys_values(text) if isinstance(text, Tensor) else text
            x = x + self.cross_attn(self.norm_cross(x), keys_values, text_mask)
        return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))


class Transformer(nn.Module):
    """The stack of layers and the last norm."""

    def __init__(self, dim: int, layers: int, heads: int, ffn_dim: int, cross_attention: bool) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"The width {dim} is not divisible by {heads} heads.")
        self.layers = nn.ModuleList(Layer(dim, heads, ffn_dim, cross_attention) for _ in range(layers))
        self.norm = nn.LayerNorm(dim, eps=1e-5)

    def forward(
        self,
        x: Tensor,
        text: Tensor | None = None,
        text_mask: Tensor | None = None,
        padding: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor:
        """``x [B, n, D]`` -> [B, n, D], causal over positions.

        ``text [B, L, D]`` is attended to where ``text_mask [B, L]`` is True; ``padding [B]`` counts positions at the
        left of each row that are none. With a cache ``x`` holds only the new positions, and the text comes from it.
        """
        new, past = x.shape[1], cache.length if cache is not None else 0
        mask = causal_mask(new, past, padding, x.device)
        text_mask = None if text_mask is None else text_mask[:, None, None, :]
        for i, layer in enumerate(self.layers):
            source = cache.cross[i] if cache is not None and cache.cross is not None else text
            x = layer(x, mask, source, text_mask, cache, i)
        if cache is not None:
            cache.advance(new)
        return self.norm(x)
