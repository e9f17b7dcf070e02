"""MusicGen checkpoints in the transformers package's format: `config.json` and safetensors, in one file or in shards.

Knows file layout and names; reads them without importing transformers. Downloads nothing and builds no network.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from musicgen.codec_weights import codec_state_from_transformers
from musicgen.config import EncodecConfig, LMConfig, ModelConfig, SamplingDefaults
from musicgen.errors import ModelUnavailable
from musicgen.formats import Checkpoint, check_config
from musicgen.weight_files import read_json, read_safetensors, safetensors_files
from musicgen.weights import lm_state_from_transformers

_LM = ("decoder.", "enc_to_dec_proj.", "audio_enc_to_dec_proj.")


def is_transformers(folder: Path) -> bool:
    """Whether the folder's `config.json` is one of this format."""
    path = folder / "config.json"
    return path.is_file() and "model_type" in read_json(path)


def read(folder: Path, name: str, licence: str, dtype: torch.dtype) -> Checkpoint:
    """Read a checkpoint; the language model's weights as ``dtype``, all others as float32."""
    raw = read_json(folder / "config.json")
    generation = folder / "generation_config.json"
    config = model_config(raw, name, licence, read_json(generation) if generation.is_file() else {})
    files = safetensors_files(folder)
    if not files:
        raise ModelUnavailable(f"'{folder}' has a configuration but no weights: model.safetensors is missing.")
    assert isinstance(config.codec, EncodecConfig)
    state = read_safetensors(files, lambda key: key.startswith(_LM), dtype)
    lm = lm_state_from_transformers(state, config.lm.layers)
    codec = _part(files, "audio_encoder.")
    text = _part(files, "text_encoder.")
    return Checkpoint(config, lm, codec_state_from_transformers(codec, config.codec), text or None, folder)


def read_codec(folder: Path, channels: int) -> tuple[EncodecConfig, dict[str, Tensor]]:
    """EnCodec alone, as in `facebook/encodec_32khz`: its configuration and its weights under our names."""
    config = codec_config(read_json(folder / "config.json"), channels, folder.name)
    state = read_safetensors(safetensors_files(folder), dtype=torch.float32)
    return config, codec_state_from_transformers(state, config)


def model_config(
    raw: dict[str, Any], name: str, licence: str = "unknown", generation: dict[str, Any] | None = None
) -> ModelConfig:
    """`config.json` (and `generation_config.json`) -> ModelConfig.

    Raises:
        ModelUnavailable: another kind of model, or a setting that released models do not use.
    """
    kind = raw.get("model_type")
    if kind not in ("musicgen", "musicgen_melody"):
        raise ModelUnavailable(f"'{name}' is no MusicGen model: its configuration says '{str(kind)[:40]}'.")
    decoder, text, audio = (_section(raw, key, name) for key in ("decoder", "text_encoder", "audio_encoder"))
    _only(name, decoder, {"activation_function": "gelu", "scale_embedding": False})
    melody = kind == "musicgen_melody"
    channels = decoder.get("audio_channels", 1)
    dim = decoder.get("hidden_size", 1024)
    lm = LMConfig(
        codebooks=decoder.get("num_codebooks", 4),
        codebook_size=decoder.get("vocab_size", 2048),
        dim=dim,
        layers=decoder.get("num_hidden_layers", 24),
        heads=decoder.get("num_attention_heads", 16),
        ffn_dim=decoder.get("ffn_dim", 4096),
        text_dim=text.get("d_model", text.get("hidden_size", 768)),
        cross_attention=not melody,
        melody_bins=raw.get("num_chroma", 12) if melody else 0,
        melody_frames=raw.get("chroma_length", 235),
    )
    encoder = text.get("_name_or_path")
    guidance = (generation or {}).get("guidance_scale")
    config = ModelConfig(
        name=name,
        codec=codec_config(audio, channels, name),
        lm=lm,
        text_encoder=encoder if isinstance(encoder, str) and encoder else "t5-base",
        pattern="stereo_partial_delay" if channels == 2 else "delay",
        # An endless whole number is no float; what is too large is refused below.
        sampling=SamplingDefaults(guidance=float(min(guidance, 1e6)) if isinstance(guidance, int | float) else 3.0),
        licence=licence,
    )
    check_config(config)
    return config


def codec_config(raw: dict[str, Any], channels: int, name: str) -> EncodecConfig:
    """The codec's part of `config.json` -> EncodecConfig; ``channels`` are those of the language model."""
    if raw.get("model_type", "encodec") != "encodec":
        raise ModelUnavailable(f"The codec of '{name}' is not EnCodec but '{str(raw['model_type'])[:40]}'.")
    defaults = {"use_causal_conv": False, "use_conv_shortcut": False, "norm_type": "weight_norm", "normalize": False,
                "chunk_length_s": None, "audio_channels": 1}  # fmt: skip
    _only(name, {"use_causal_conv": True, "use_conv_shortcut": True, **raw}, defaults)
    try:
        ratios = tuple(int(ratio) for ratio in raw.get("upsampling_ratios", (8, 5, 4, 2))[:9])
        size = int(raw.get("codebook_size", 1024))
        config = EncodecConfig(
            sample_rate=raw.get("sampling_rate", 24_000),
            channels=channels,
            codebook_size=size,
            dimension=raw.get("hidden_size", 128),
            n_filters=raw.get("num_filters", 32),
            n_residual_layers=raw.get("num_residual_layers", 1),
            ratios=ratios,
            kernel_size=raw.get("kernel_size", 7),
            residual_kernel_size=raw.get("residual_kernel_size", 3),
            last_kernel_size=raw.get("last_kernel_size", 7),
            dilation_base=raw.get("dilation_growth_rate", 2),
            compress=raw.get("compress", 2),
            lstm=raw.get("num_lstm_layers", 2),
            pad_mode="constant" if raw.get("pad_mode") in ("constant", "zero") else "reflect",
        )
        # The number of codebooks is told as a bandwidth: each costs the bits of one code at the frame rate.
        bits = -(-config.sample_rate // config.hop) * (size - 1).bit_length()
        books = int(1000 * float(raw["target_bandwidths"][-1]) // bits)
    except (TypeError, ValueError, KeyError, IndexError, ZeroDivisionError, OverflowError):
        raise ModelUnavailable(f"The configuration of the codec of '{name}' is damaged.") from None
    return replace(config, codebooks=books)


def _part(files: list[Path], prefix: str) -> dict[str, Tensor]:
    """The weights under ``prefix``, without it."""
    state = read_safetensors(files, lambda key: key.startswith(prefix), torch.float32)
    return {key.removeprefix(prefix): value for key, value in state.items()}


def _section(raw: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    section = raw.get(key)
    if not isinstance(section, dict):
        raise ModelUnavailable(f"The configuration of '{name}' is damaged: it has no '{key}'.")
    return section


def _only(name: str, section: dict[str, Any], supported: dict[str, Any]) -> None:
    """Refuse a setting that would change the result and that we do not have."""
    for key, value in supported.items():
        if section.get(key, value) != value:
            raise ModelUnavailable(f"'{name}' cannot be run here: only {key} = {value} is, not {section[key]!r:.40}.")
