"""Attention of one query a row to keys of which each row may see a part: by SDPA, or by xformers where asked for.

xformers is used on CUDA only, when MUSICGEN_ATTENTION=xformers says so or the caller does, and only if it can be
imported. Knows nothing of the network.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

log = logging.getLogger(__name__)

# query [R, H, E], keys and values [R, H, P, E], seen [R, P] bool -> [R, H, E]
Attention = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def by_sdpa(query: Tensor, keys: Tensor, values: Tensor, seen: Tensor) -> Tensor:
    """Torch's own attention."""
    return F.scaled_dot_product_attention(query[:, :, None], keys, values, attn_mask=seen[:, None, None])[:, :, 0]


def by_xformers(query: Tensor, keys: Tensor, values: Tensor, seen: Tensor) -> Tensor:
    """xformers' memory-efficient attention; P must be a multiple of 8."""
    from xformers.ops import memory_efficient_attention

    rows, heads, positions, _ = keys.shape
    bias = torch.zeros(rows, 1, 1, positions, dtype=query.dtype, device=query.device)
    bias = bias.masked_fill(~seen[:, None, None], -math.inf).expand(rows, heads, 1, positions)
    # xformers wants [R, positions, H, E].
    keys, values = keys.transpose(1, 2), values.transpose(1, 2)
    return memory_efficient_attention(query[:, None], keys, values, attn_bias=bias)[:, 0]


def choose_attention(device: torch.device, name: str | None = None) -> Attention:
    """The attention called ``name`` ("sdpa", "xformers"; None: as the environment says), as far as it can be had."""
    name = name or os.environ.get("MUSICGEN_ATTENTION", "sdpa")
    if name not in ("sdpa", "xformers"):
        raise ValueError(f"The attention is 'sdpa' or 'xformers', not '{name[:40]}'.")
    if name == "sdpa":
        return by_sdpa
    try:
        import xformers.ops  # noqa: F401
    except (ImportError, OSError) as error:
        log.warning("xformers cannot be used (%s); attention is by SDPA.", error)
        return by_sdpa
    if device.type != "cuda":
        log.warning("xformers needs a CUDA device; attention is by SDPA.")
        return by_sdpa
    return by_xformers
