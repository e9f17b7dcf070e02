"""What every checkpoint format is read into, and limits on the sizes that a configuration may ask for.

Knows nothing of any one format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from musicgen.config import EncodecConfig, ModelConfig
from musicgen.errors import ModelUnavailable
from musicgen.patterns import get_pattern
from musicgen.sampling import MAX_GUIDANCE, MAX_PRIOR, SamplingParams


@dataclass(frozen=True)
class Checkpoint:
    """A model at rest: its configuration, and its weights under the names of our own networks."""

    config: ModelConfig
    lm: Mapping[str, Tensor]
    codec: Mapping[str, Tensor]
    text: Mapping[str, Tensor] | None  # the text encoder's weights, under transformers' names, if they came along
    folder: Path
    prior: Mapping[str, Tensor] | None = None


# Networks are built before their weights are looked at: a configuration must not ask for the whole memory.
_LIMITS = {
    "codebooks": 64, "codebook_size": 2**16, "dim": 2**14, "layers": 256, "heads": 256, "ffn_dim": 2**16,
    "text_dim": 2**13, "melody_bins": 128, "melody_frames": 10_000, "aligned_dim": 1024, "max_steps": 2**20,
    "sample_rate": 200_000, "channels": 2, "dimension": 2**12, "n_filters": 512, "n_residual_layers": 8,
    "kernel_size": 64, "residual_kernel_size": 64, "last_kernel_size": 64, "dilation_base": 8, "compress": 64,
    "lstm": 8, "window": 2**14, "stft_hop": 2**14, "hop": 2**14, "encoder_width": 2**12, "decoder_width": 2**12,
    "encoder_blocks": 64, "decoder_blocks": 64, "prior_width": 2**14,
}  # fmt: skip
_MAY_BE_ZERO = {
    "melody_bins", "aligned_dim", "max_steps", "n_residual_layers", "lstm", "encoder_blocks", "decoder_blocks",
    "prior_width",
}  # fmt: skip


def check_config(config: ModelConfig) -> None:
    """Raise `ModelUnavailable` unless every size is a sane number and the parts fit each other."""
    for part in (config, config.lm, config.codec):
        for field in fields(part):
            if field.name in _LIMITS:
                _check_size(config.name, field.name, getattr(part, field.name))
    lm, codec = config.lm, config.codec
    if config.prior_width and not lm.aligned_dim:
        raise ModelUnavailable(f"The model '{config.name}' cannot be: its prior is told nothing of a frame.")
    if not 0.1 <= config.stride_seconds <= config.window_seconds <= 600:  # windows that do not move on never end
        raise ModelUnavailable(
            f"The configuration of '{config.name}' is damaged: windows of {config.window_seconds:g} s that move on by "
            f"{config.stride_seconds:g} s."
        )
    sampling = config.sampling
    try:
        if not 0 <= sampling.guidance <= MAX_GUIDANCE:
            raise ValueError(f"The guidance must lie between 0 and {MAX_GUIDANCE:g}, not {sampling.guidance}.")
        if not 0 <= sampling.prior <= MAX_PRIOR:
            raise ValueError(f"the prior must count between 0 and {MAX_PRIOR:g} times, not {sampling.prior}.")
        for temperature in (sampling.temperature, sampling.words_temperature):
            SamplingParams(temperature, sampling.top_k, sampling.top_p, False, sampling.codebook_temperatures)
        if len(sampling.codebook_temperatures) not in (0, lm.codebooks):
            raise ValueError(f"there are {len(sampling.codebook_temperatures)} factors of the temperature for "
                             f"{lm.codebooks} codebooks.")
        get_pattern(config.pattern, lm.codebooks)
    except (ValueError, TypeError) as error:
        raise ModelUnavailable(f"The configuration of '{config.name}' is damaged: {error}") from None
    if lm.dim % lm.heads:
        raise ModelUnavailable(f"The model '{config.name}' cannot be: {lm.dim} is not divisible by {lm.heads} heads.")
    if isinstance(codec, EncodecConfig):
        if not isinstance(codec.ratios, tuple) or not 1 <= len(codec.ratios) <= 6:
            raise ModelUnavailable(f"The model '{config.name}' cannot be: its codec has no usable ratios.")
        for ratio in codec.ratios:
            _check_size(config.name, "window", ratio)
        if codec.n_filters * 2 ** len(codec.ratios) > 2**13:
            raise ModelUnavailable(f"The model '{config.name}' cannot be: its codec is too wide.")
    if codec.codebooks * codec.channels != lm.codebooks or codec.codebook_size != lm.codebook_size:
        raise ModelUnavailable(
            f"The model '{config.name}' cannot be: its codec has {codec.codebooks * codec.channels} codebooks of "
            f"{codec.codebook_size}, its language model {lm.codebooks} of {lm.codebook_size}."
        )


def _check_size(model: str, name: str, value: Any) -> None:
    least = 0 if name in _MAY_BE_ZERO else 1
    if type(value) is not int or not least <= value <= _LIMITS[name]:
        raise ModelUnavailable(f"The configuration of '{model}' is damaged: {name} is {str(value)[:40]!r}.")


