"""MusicGen checkpoints in the reference implementation's format: `state_dict.bin` and `compression_state_dict.bin`.

Both are pickles from strangers, so only plain data is read from them; the configuration is a YAML text inside. The
second may be a mere pointer to the released EnCodec. Builds no network.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from musicgen import formats_transformers
from musicgen.codec_weights import codec_state_from_reference
from musicgen.config import EncodecConfig, LMConfig, ModelConfig, SamplingDefaults
from musicgen.errors import ModelUnavailable
from musicgen.formats import Checkpoint, check_config
from musicgen.weight_files import floats, read_pickle
from musicgen.weights import lm_state_from_reference

RELEASED_CODEC = "facebook/encodec_32khz"
_CONFIG_LIMIT = 200_000  # characters


def is_reference(folder: Path) -> bool:
    """Whether the folder has this format's main file."""
    return (folder / "state_dict.bin").is_file()


def read(folder: Path, name: str, licence: str, dtype: torch.dtype, fetch_codec: Callable[[], Path]) -> Checkpoint:
    """Read a checkpoint; the language model's weights as ``dtype``, the codec's as float32.

    ``fetch_codec`` gives a folder with the released EnCodec; called only if the checkpoint points to it.
    """
    package = read_pickle(folder / "state_dict.bin")
    settings = Settings(package, folder / "state_dict.bin")
    state = floats(_best(package, folder / "state_dict.bin"), dtype)
    channels = settings.number("channels", 1)
    codec, codec_state = _read_codec(folder / "compression_state_dict.bin", channels, fetch_codec)
    config = model_config(settings, state, codec, name, licence)
    return Checkpoint(config, lm_state_from_reference(state, config.lm.layers), codec_state, None, folder)


class Settings:
    """The YAML configuration inside a package, by dotted names; `${other.name}` is followed."""

    def __init__(self, package: dict[Any, Any], path: Path) -> None:
        import yaml

        text = package.get("xp.cfg")
        try:
            if not isinstance(text, str) or len(text) > _CONFIG_LIMIT:
                raise ValueError
            self.tree = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise ModelUnavailable(f"'{path}' has no readable configuration; it is no exported checkpoint.") from None

    def get(self, name: str, default: Any = None, depth: int = 5) -> Any:
        """The value at ``name``, such as `transformer_lm.dim`."""
        value = self.tree
        for key in name.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and (match := re.fullmatch(r"\$\{([\w.]+)\}", value)):
            return self.get(match[1], default, depth - 1) if depth else default
        return default if value is None else value

    def number(self, name: str, default: int) -> int:
        """A whole number; `check_config` judges its size."""
        return int(self.real(name, default))

    def real(self, name: str, default: float) -> float:
        """A number."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e9:
            raise ModelUnavailable(f"The checkpoint's configuration is damaged: {name} is {_short(value)!r}.")
        return float(value)

    def only(self, supported: dict[str, Any]) -> None:
        """Refuse a setting that would change the result and that we do not have."""
        for name, value in supported.items():
            if self.get(name, value) != value:
                raise ModelUnavailable(
                    f"This checkpoint cannot be run here: only {name} = {value} is, not {_short(self.get(name))!r}."
                )


def model_config(
    settings: Settings, state: dict[str, Tensor], codec: EncodecConfig, name: str, licence: str = "unknown"
) -> ModelConfig:
    """The configuration (and the width of the text's projection, which it does not tell) -> ModelConfig."""
    lm = "transformer_lm."
    settings.only({
        "lm_model": "transformer_lm", lm + "activation": "gelu", lm + "norm_first": True, lm + "bias_ff": False,
        lm + "bias_attn": False, lm + "bias_proj": False, lm + "past_context": None, lm + "layer_scale": None,
        lm + "positional_embedding": "sin", lm + "norm": "layer_norm", lm + "qk_layer_norm": False,
        lm + "qk_layer_norm_cross": False, lm + "kv_repeat": 1, "fuser.sum": [], "fuser.input_interpolate": [],
        "fuser.cross_attention_pos_emb": False, "conditioners.description.model": "t5",
    })  # fmt: skip
    cross, prepend = settings.get("fuser.cross", []), settings.get("fuser.prepend", [])
    if (cross, prepend) not in ((["description"], []), ([], ["description"]), ([], ["self_wav", "description"])):
        raise ModelUnavailable(f"'{name}' is conditioned in a way that cannot be run here: {_short(cross)} and "
                               f"{_short(prepend)}.")
    melody = "self_wav" in prepend
    chroma = "conditioners.self_wav.chroma_stem."
    if melody:
        settings.only({"conditioners.self_wav.model": "chroma_stem"})
        settings.only({chroma + "argmax": True, chroma + "radix2_exp": 14})
    projection = state.get("condition_provider.conditioners.description.output_proj.weight")
    if projection is None or projection.dim() != 2:
        raise ModelUnavailable(f"'{name}' is incomplete: the projection of the text is missing.")
    dim, seconds = settings.number(lm + "dim", 512), settings.number("dataset.segment_duration", 30)
    codebooks = settings.number(lm + "n_q", 8)
    encoder = settings.get("conditioners.description.t5.name", "t5-base")
    config = ModelConfig(
        name=name,
        codec=codec,
        lm=LMConfig(
            codebooks=codebooks,
            codebook_size=settings.number(lm + "card", 1024),
            dim=dim,
            layers=settings.number(lm + "num_layers", 8),
            heads=settings.number(lm + "num_heads", 8),
            ffn_dim=dim * settings.number(lm + "hidden_scale", 4),
            text_dim=projection.shape[1],
            cross_attention=bool(cross),
            melody_bins=settings.number(chroma + "n_chroma", 12) if melody else 0,
            # A chroma frame is centred on every 4096th sample, the first on sample 0.
            melody_frames=seconds * codec.sample_rate // 4096 + 1,
        ),
        text_encoder=encoder if isinstance(encoder, str) else "t5-base",
        pattern=_pattern(settings, codebooks, name),
        window_seconds=float(seconds),
        stride_seconds=0.6 * seconds,
        sampling=SamplingDefaults(guidance=settings.real("classifier_free_guidance.inference_coef", 3.0)),
        licence=licence,
    )
    check_config(config)
    return config


def _pattern(settings: Settings, codebooks: int, name: str) -> str:
    pattern = "codebooks_pattern."
    kind = settings.get(pattern + "modeling", "parallel")
    delays = settings.get(f"{pattern}{kind}.delays", None) if isinstance(kind, str) else None
    settings.only({pattern + "delay.flatten_first": 0, pattern + "delay.empty_initial": 0})
    if kind == "delay":
        delays = list(range(codebooks)) if delays is None else delays
        if delays == list(range(codebooks)):
            return "delay"
        if delays == [k // 2 for k in range(codebooks)]:
            return "stereo_partial_delay"
        if isinstance(delays, list) and len(delays) == codebooks and all(type(d) is int and d >= 0 for d in delays):
            return ",".join(map(str, delays))
    undelayed = not any(delays or [])
    if kind == "unroll" and undelayed and settings.get(pattern + "unroll.flattening") == list(range(codebooks)):
        return "flattening"
    if kind == "parallel" or kind == "coarse_first" and undelayed:
        return str(kind)
    told = f"{_short(kind)} {_short(delays)}"
    raise ModelUnavailable(f"'{name}' was trained with a pattern that is not known here: {told}.")


def _read_codec(path: Path, channels: int, fetch_codec: Callable[[], Path]) -> tuple[EncodecConfig, dict[str, Tensor]]:
    package = read_pickle(path)
    pointer = package.get("pretrained")
    if pointer is not None:
        # Only this one: a stranger's file must not choose what is downloaded.
        if pointer != RELEASED_CODEC:
            raise ModelUnavailable(f"'{path}' points to the codec {_short(pointer)!r}; known is {RELEASED_CODEC}.")
        return formats_transformers.read_codec(fetch_codec(), channels)
    settings = Settings(package, path)
    settings.only({
        "compression_model": "encodec", "encodec.autoencoder": "seanet", "encodec.quantizer": "rvq",
        "encodec.causal": False, "encodec.renormalize": False, "seanet.activation": "ELU", "seanet.causal": False,
        "seanet.true_skip": True, "seanet.norm": "weight_norm", "channels": 1, "seanet.decoder.final_activation": None,
    })  # fmt: skip
    ratios = settings.get("seanet.ratios", [8, 5, 4, 2])
    if not isinstance(ratios, list) or not all(type(ratio) is int for ratio in ratios):
        raise ModelUnavailable(f"The configuration in '{path}' is damaged: seanet.ratios is {_short(ratios)!r}.")
    config = EncodecConfig(
        sample_rate=settings.number("sample_rate", 32_000),
        channels=channels,
        codebooks=settings.number("rvq.n_q", 8),
        codebook_size=settings.number("rvq.bins", 1024),
        ratios=tuple(ratios),
        pad_mode="constant" if settings.get("seanet.pad_mode", "constant") == "constant" else "reflect",
        dimension=settings.number("seanet.dimension", 128),
        n_filters=settings.number("seanet.n_filters", 32),
        n_residual_layers=settings.number("seanet.n_residual_layers", 1),
        kernel_size=settings.number("seanet.kernel_size", 7),
        residual_kernel_size=settings.number("seanet.residual_kernel_size", 3),
        last_kernel_size=settings.number("seanet.last_kernel_size", 7),
        dilation_base=settings.number("seanet.dilation_base", 2),
        compress=settings.number("seanet.compress", 2),
        lstm=settings.number("seanet.lstm", 2),
    )
    return config, codec_state_from_reference(floats(_best(package, path), torch.float32))


def _short(value: Any) -> str:
    """A value in a sentence. A few lines of YAML can stand for gigabytes of text, so never all of it."""
    return (value if isinstance(value, str) else reprlib.repr(value))[:60]


def _best(package: dict[Any, Any], path: Path) -> dict[Any, Any]:
    state = package.get("best_state")
    if not isinstance(state, dict):
        raise ModelUnavailable(f"'{path}' holds no 'best_state'; it is not an exported checkpoint.")
    return state
