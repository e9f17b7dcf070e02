"""Attention of one query a row to keys of which each row may see a part: by SDPA, or by xformers where asked for.

xformers is used on CUDA only, when MUSICGEN_ATTENTION=xformers says so or the caller does, and only if it runs there.
Knows nothing of the network.
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

# query [R, H, E], keys and values [R, H, P, E], bias [R, P] of the query's dtype -> [R, H, E]
Attention = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def bias_of(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """What is added to the scores of positions [R, P] of which the True ones are seen.

    Made once for all layers of a step: each would turn a mask of bools into this by kernels of its own.
    """
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, -math.inf)


def by_sdpa(query: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
    """Torch's own attention."""
    return F.scaled_dot_product_attention(query[:, :, None], keys, values, attn_mask=bias[:, None, None])[:, :, 0]


def by_xformers(query: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
    """xformers' memory-efficient attention; P must be a multiple of 8."""
    from xformers.ops import memory_efficient_attention

    rows, heads, positions, _ = keys.shape
    # xformers wants [R, positions, H, E].
    keys, values = keys.transpose(1, 2), values.transpose(1, 2)
    spread = bias[:, None, None].expand(rows, heads, 1, positions)
    return memory_efficient_attention(query[:, None], keys, values, attn_bias=spread)[:, 0]


def choose_attention(device: torch.device, name: str | None = None) -> Attention:
    """The attention called ``name`` ("sdpa", "xformers"; None: as the environment says), as far as it can be had."""
    name = name or os.environ.get("MUSICGEN_ATTENTION", "sdpa")
    if name not in ("sdpa", "xformers"):
        raise ValueError(f"The attention is 'sdpa' or 'xformers', not '{name[:40]}'.")
    if name == "sdpa":
        return by_sdpa
    if device.type != "cuda":
        log.warning("xformers needs a CUDA device; attention is by SDPA.")
        return by_sdpa
    try:  # that it can be imported does not say that it has a kernel for this GPU, or was built for this torch
        keys = torch.zeros(1, 1, 8, 64, device=device, dtype=torch.float16)
        by_xformers(keys[:, :, 0], keys, keys, keys.new_zeros(1, 8))
    except (ImportError, OSError, RuntimeError) as error:
        log.warning("xformers cannot be used (%s); attention is by SDPA.", error)
        return by_sdpa
    return by_xformers
