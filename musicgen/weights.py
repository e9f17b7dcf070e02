"""Names of the language model's weights in foreign formats, turned into ours. Pure renaming and joining of tensors.

Knows nothing of files. Ours differ in that queries, keys and values, all codebooks' embeddings and all heads are
each one matrix.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_REFERENCE = "condition_provider.conditioners."


def lm_state_from_transformers(state: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Weights of transformers' Musicgen or MusicgenMelody (``decoder.model.decoder...``) as a state of ``LM``.

    Weights of the text encoder and the codec are passed over. Raises ``ValueError`` naming a weight that is missing.
    """
    base = "decoder.model.decoder."
    out = {
        "emb.weight": _join(state, base + "embed_tokens.{}.weight"),
        "heads.weight": _join(state, "decoder.lm_heads.{}.weight"),
        **_pair(state, base + "layer_norm", "transformer.norm"),
        **_pair(state, "enc_to_dec_proj", "text_proj"),
    }
    if "audio_enc_to_dec_proj.weight" in state:
        out |= _pair(state, "audio_enc_to_dec_proj", "melody_proj")
    for i in range(layers):
        theirs, ours = f"{base}layers.{i}.", f"transformer.layers.{i}."
        out |= _pair(state, theirs + "self_attn_layer_norm", ours + "norm1")
        out |= _pair(state, theirs + "final_layer_norm", ours + "norm2")
        out[ours + "self_attn.qkv.weight"] = torch.cat(
            [_get(state, f"{theirs}self_attn.{name}_proj.weight") for name in "qkv"]
        )
        out[ours + "self_attn.out.weight"] = _get(state, theirs + "self_attn.out_proj.weight")
        if theirs + "encoder_attn.q_proj.weight" in state:
            out |= _pair(state, theirs + "encoder_attn_layer_norm", ours + "norm_cross")
            out[ours + "cross_attn.query.weight"] = _get(state, theirs + "encoder_attn.q_proj.weight")
            out[ours + "cross_attn.key_value.weight"] = torch.cat(
                [_get(state, f"{theirs}encoder_attn.{name}_proj.weight") for name in "kv"]
            )
            out[ours + "cross_attn.out.weight"] = _get(state, theirs + "encoder_attn.out_proj.weight")
        out[ours + "linear1.weight"] = _get(state, theirs + "fc1.weight")
        out[ours + "linear2.weight"] = _get(state, theirs + "fc2.weight")
    return out


def lm_state_from_reference(state: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Weights of the reference implementation (``best_state`` of ``state_dict.bin``) as a state of ``LM``.

    Raises ``ValueError`` naming a weight that is missing.
    """
    out = {
        "emb.weight": _join(state, "emb.{}.weight"),
        "heads.weight": _join(state, "linears.{}.weight"),
        **_pair(state, "out_norm", "transformer.norm"),
        **_pair(state, _REFERENCE + "description.output_proj", "text_proj"),
    }
    if _REFERENCE + "self_wav.output_proj.weight" in state:
        out |= _pair(state, _REFERENCE + "self_wav.output_proj", "melody_proj")
    for i in range(layers):
        theirs = ours = f"transformer.layers.{i}."
        out |= _pair(state, theirs + "norm1", ours + "norm1")
        out |= _pair(state, theirs + "norm2", ours + "norm2")
        out[ours + "self_attn.qkv.weight"] = _get(state, theirs + "self_attn.in_proj_weight")
        out[ours + "self_attn.out.weight"] = _get(state, theirs + "self_attn.out_proj.weight")
        if theirs + "cross_attention.in_proj_weight" in state:
            joined = _get(state, theirs + "cross_attention.in_proj_weight")  # [3 D, D]: query, key, value
            dim = joined.shape[1]
            out |= _pair(state, theirs + "norm_cross", ours + "norm_cross")
            out[ours + "cross_attn.query.weight"] = joined[:dim]
            out[ours + "cross_attn.key_value.weight"] = joined[dim:]
            out[ours + "cross_attn.out.weight"] = _get(state, theirs + "cross_attention.out_proj.weight")
        out[ours + "linear1.weight"] = _get(state, theirs + "linear1.weight")
        out[ours + "linear2.weight"] = _get(state, theirs + "linear2.weight")
    return out


def _get(state: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in state:
        raise ValueError(f"The checkpoint lacks the weight '{name}'; it is damaged or of another kind of model.")
    return state[name]


def _pair(state: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {f"{ours}.{part}": _get(state, f"{theirs}.{part}") for part in ("weight", "bias")}


def _join(state: Mapping[str, Tensor], pattern: str) -> Tensor:
    """The weights of codebooks 0, 1, ... one under the other."""
    parts = [_get(state, pattern.format(0))]
    while pattern.format(len(parts)) in state:
        parts.append(state[pattern.format(len(parts))])
    return torch.cat(parts)
