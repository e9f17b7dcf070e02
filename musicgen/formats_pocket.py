"""Our own format: `config.json` with the whole ModelConfig, `lm.safetensors` in half precision, `codec.safetensors`,
and, of a model that has one, `prior.safetensors` in half precision.

The sums of the weight files stand in the configuration and are checked at loading. Builds no network.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from musicgen.config import EncodecConfig, LMConfig, ModelConfig, PocketCodecConfig, SamplingDefaults
from musicgen.errors import ModelUnavailable
from musicgen.formats import Checkpoint, check_config
from musicgen.weight_files import read_json, read_safetensors, sha256

FORMAT = "musicgen-studio-1"
LM, CODEC, PRIOR = "lm.safetensors", "codec.safetensors", "prior.safetensors"
_CODECS = {"pocket": PocketCodecConfig, "encodec": EncodecConfig}


def is_pocket(folder: Path) -> bool:
    """Whether the folder's `config.json` is one of this format."""
    path = folder / "config.json"
    return path.is_file() and "format" in read_json(path)


def save_pocket(
    folder: Path, config: ModelConfig, lm: nn.Module, codec: nn.Module, codec_dtype: torch.dtype = torch.float32,
    prior: nn.Module | None = None,
) -> None:
    """Write a model to ``folder``, which is made if need be; the configuration last, so that a torn one is seen."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").unlink(missing_ok=True)
    networks = {LM: (lm, torch.float16), CODEC: (codec, codec_dtype)}
    if prior is not None:
        networks[PRIOR] = (prior, torch.float16)
    for name, (network, dtype) in networks.items():
        state = {
            key: (value.detach().to("cpu", dtype) if value.is_floating_point() else value.cpu()).clone().contiguous()
            for key, value in network.state_dict().items()
        }
        save_file(state, folder / name)
    sums = {name: sha256(folder / name) for name in networks}
    text = json.dumps({"format": FORMAT, "model": config_to_json(config), "sha256": sums}, indent=1)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")


def read(folder: Path, dtype: torch.dtype) -> Checkpoint:
    """Read a checkpoint; the language model's weights as ``dtype``, the codec's as float32."""
    raw = read_json(folder / "config.json")
    if raw.get("format") != FORMAT:
        raise ModelUnavailable(f"'{folder}' has a format that this version does not know; update the program.")
    config = config_from_json(raw.get("model"))
    sums = raw.get("sha256")
    for name in (LM, CODEC, *([PRIOR] if config.prior_width else [])):
        if not (folder / name).is_file():
            raise ModelUnavailable(f"'{folder}' is incomplete: '{name}' is missing.")
        if not isinstance(sums, dict) or sha256(folder / name) != sums.get(name):
            raise ModelUnavailable(f"'{folder / name}' is not the file it should be (its SHA-256 differs).")
    lm = read_safetensors([folder / LM], dtype=dtype)
    codec = read_safetensors([folder / CODEC], dtype=torch.float32)
    prior = read_safetensors([folder / PRIOR], dtype=torch.float32) if config.prior_width else None
    return Checkpoint(config, lm, codec, None, folder, prior)


def config_to_json(config: ModelConfig) -> dict[str, Any]:
    """ModelConfig -> plain data; `config_from_json` gives it back."""
    kind = next(kind for kind, cls in _CODECS.items() if isinstance(config.codec, cls))
    plain = asdict(config)
    plain["codec"] = {"kind": kind, **plain["codec"]}
    return plain


def config_from_json(raw: Any) -> ModelConfig:
    """Plain data -> ModelConfig.

    Raises:
        ModelUnavailable: a field is unknown, missing or of the wrong type, or a size is absurd.
    """
    raw = dict(raw) if isinstance(raw, dict) else {}
    codec = dict(raw["codec"]) if isinstance(raw.get("codec"), dict) else {}
    kind = _CODECS.get(codec.pop("kind", "")) if isinstance(codec.get("kind"), str) else None
    if kind is None:
        raise ModelUnavailable("The configuration of the model is damaged: its codec is of no known kind.")
    parts = {
        "codec": _dataclass(kind, codec),
        "lm": _dataclass(LMConfig, raw.get("lm")),
        "sampling": _dataclass(SamplingDefaults, raw.get("sampling", {})),
    }
    config = _dataclass(ModelConfig, {**raw, **parts})
    check_config(config)
    return config


def _dataclass(cls: Any, raw: Any) -> Any:
    """An instance of ``cls`` from a JSON object, every field of the type it is declared with."""
    if not isinstance(raw, dict):
        raise ModelUnavailable(f"The configuration of the model is damaged: it has no {cls.__name__}.")
    types = {field.name: str(field.type) for field in fields(cls)}
    values = {}
    for key, value in raw.items():
        kind = types.get(key, "")
        if kind.startswith("tuple") and isinstance(value, list):
            value = tuple(value)
        if not _is(value, kind):
            raise ModelUnavailable(f"The configuration of the model is damaged: {key} is {str(value)[:40]!r}.")
        values[key] = float(value) if kind == "float" else value
    try:
        return cls(**values)
    except TypeError:
        raise ModelUnavailable(f"The configuration of the model is damaged: a {cls.__name__} lacks a field.") from None


def _is(value: Any, kind: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool) and value == value and abs(value) < 1e9
    if kind in ("int", "float"):
        return number and (kind == "float" or isinstance(value, int))
    if kind.startswith("tuple"):
        return isinstance(value, tuple) and all(_is(item, "int" if "int" in kind else "float") for item in value)
    if kind in ("bool", "str"):
        return isinstance(value, bool if kind == "bool" else str)
    return bool(kind) and not isinstance(value, str | list | dict | int | float | None)
