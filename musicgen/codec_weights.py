"""The names EnCodec's weights have elsewhere, turned into those of `codec.py`; weight norm multiplied out.

Pure functions on dictionaries of tensors. Knows nothing of files, and builds no network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from musicgen.config import EncodecConfig

# Running averages of codec training: in every checkpoint, of no use for running it.
_TRAINING_ONLY = ("inited", "cluster_size", "embed_avg")


def codec_state_from_reference(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State of the reference implementation's compression model -> state of `EncodecCodec`."""
    return {
        re.sub(r"^(encoder|decoder)\.", r"\1_net.", key): value
        for key, value in fuse_weight_norm(state).items()
        if not key.endswith(_TRAINING_ONLY)
    }


def codec_state_from_transformers(state: Mapping[str, Tensor], config: EncodecConfig) -> dict[str, Tensor]:
    """State of `transformers.EncodecModel` -> state of `EncodecCodec`.

    There a transposed convolution is called like any other; the structure tells which it is.
    """
    # Decoder: convolution, LSTM, then for each ratio an ELU, a transposed convolution and residual layers.
    transposed = {3 + i * (2 + config.n_residual_layers) for i in range(len(config.ratios))}
    renamed = {}
    for key, value in fuse_weight_norm(state).items():
        if key.endswith(_TRAINING_ONLY):
            continue
        if match := re.match(r"(encoder|decoder)\.layers\.(\d+)\.(.*)", key):
            part, index, rest = match.groups()
            name = "convtr" if part == "decoder" and int(index) in transposed else "conv"
            rest = re.sub(r"(^|\.)conv\.(\w+)$", rf"\1{name}.{name}.\2", rest)
            key = f"{part}_net.model.{index}.{rest}"
        renamed[re.sub(r"^quantizer\.layers\.(\d+)\.codebook\.", r"quantizer.vq.layers.\1._codebook.", key)] = value
    return renamed


def fuse_weight_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Replace the factors of weight norm, g * v / |v|, by the weight they stand for.

    Understands both spellings, `weight_g` / `weight_v` and `parametrizations.weight.original0` / `original1`.
    |v| is taken over all dimensions but the first. A factor without its partner is left as it is.
    """
    fused = dict(state)
    for g_name, v_name in (
        ("weight_g", "weight_v"),
        ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ):
        for stem in [key.removesuffix(g_name) for key in state if key.endswith(g_name)]:
            if stem + v_name in state:
                g, v = fused.pop(stem + g_name).float(), fused.pop(stem + v_name).float()
                fused[stem + "weight"] = g * v / v.flatten(1).norm(dim=1).view(-1, *[1] * (v.dim() - 1))
    return fused
