"""`load`: a model by its short name, by its name on the hub, or from a folder on this machine.

Finds out what there is and puts it together; each format is read by its own file. Everything that can go wrong is
one clear sentence in a `ModelUnavailable`. Knows nothing of requests or of decoding.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch

from musicgen import download, formats_pocket, formats_reference, formats_transformers, threads
from musicgen.conditioners import build_conditioner
from musicgen.config import KNOWN_MODELS, EncodecConfig, ModelConfig, released
from musicgen.download import Progress
from musicgen.errors import ModelUnavailable
from musicgen.formats import Checkpoint
from musicgen.formats_pocket import save_pocket
from musicgen.lm import LM
from musicgen.matrices import round_to_grid
from musicgen.memory import free_bytes, in_words, ran_out
from musicgen.model import Model
from musicgen.prior import FramePrior
from musicgen.weight_files import fill, read_json

if TYPE_CHECKING:
    from musicgen.codec import EncodecCodec
    from musicgen.pocket_codec import PocketCodec

__all__ = ["POCKET", "ModelUnavailable", "Progress", "configuration", "load", "load_pocket", "present", "save_pocket"]

POCKET = Path(__file__).resolve().parent.parent / "assets" / "pocket"  # the bundled model
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "int8": torch.int8}


def load(
    name_or_dir: str | Path,
    device: torch.device | str | None = None,
    dtype: torch.dtype | str | None = None,
    progress: Progress | None = None,
) -> Model:
    """A model, ready to run; what is not on this machine is downloaded first.

    Args:
        name_or_dir: a short name (`KNOWN_MODELS`), a hub name such as `facebook/musicgen-small`, or a folder in
            transformers' format, the reference's, or ours.
        device: where it runs; None: the GPU if there is one.
        dtype: of the language model; None: float32 on CPU, else bfloat16, or float16 where that is lacking. int8, on
            CPUs alone: its matrices are rounded to eight bits a row, which x86 CPUs read as bytes, twice as fast.
        progress: told the fraction done, 0 to 1, and what is going on.

    Raises:
        ModelUnavailable: there is no such model, or it is out of reach, incomplete, damaged or of another kind.
        ValueError: no such device or dtype.
    """
    device = choose_device(device)
    dtype = choose_dtype(dtype, device)
    if device.type == "cpu":
        threads.settle()
    name = str(name_or_dir).strip()
    folder, repo = _locate(name, progress, lambda weights: _check_memory(weights, name, device, dtype))
    name = next((known.short_name for known in KNOWN_MODELS.values() if known.source == repo), repo or folder.name)
    if progress is not None:
        progress(1.0, f"reading {name}")
    _check_memory(_weights_in(folder), name, device, dtype)
    rounded = dtype == torch.int8
    stored = torch.float32 if rounded else dtype
    try:
        model = _assemble(_read(folder, name, repo, stored, progress), device, stored, repo)
        if rounded:
            round_to_grid(model.lm.matrices)
        return replace(model, rounded=rounded)
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        raise ModelUnavailable(f"'{name}' does not fit into the memory of {device}; choose a smaller model.") from None


def load_pocket(folder: Path, device: torch.device | str = "cpu", dtype: torch.dtype | str | None = None) -> Model:
    """A model written by `save_pocket`."""
    device = choose_device(device)
    dtype = choose_dtype(dtype, device)
    return _assemble(formats_pocket.read(folder, dtype), device, dtype, None)


def present(name_or_dir: str | Path) -> bool:
    """Whether `load` would need no download (text encoders not counted); asks no network."""
    name = str(name_or_dir).strip()
    if name == "pocket":
        return formats_pocket.is_pocket(POCKET)
    if name and Path(name).is_dir():
        return download.is_complete(Path(name)) or (Path(name) / "config.json").is_file()
    repo = KNOWN_MODELS[name].source if name in KNOWN_MODELS else name
    return download.is_hub_name(repo) and download.cached(repo) is not None


def configuration(name_or_dir: str | Path) -> ModelConfig | None:
    """The configuration of a model, its weights not read; asks no network.

    Of a short name as it is known, of a folder as its `config.json` says. None where only the weights would tell (the
    reference's format), and of what is damaged or not there.
    """
    known = KNOWN_MODELS.get(str(name_or_dir))
    if known is not None and known.source != "bundled":
        return released(known)
    folder = POCKET if known is not None else Path(name_or_dir)
    try:
        if formats_pocket.is_pocket(folder):
            return formats_pocket.config_from_json(read_json(folder / "config.json").get("model"))
        if formats_transformers.is_transformers(folder):
            return formats_transformers.model_config(read_json(folder / "config.json"), folder.name)
    except ModelUnavailable:
        pass  # loading it tells why
    return None


def choose_device(device: torch.device | str | None) -> torch.device:
    """The device asked for if there is one like it, the best there is for None."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise ValueError(f"'{device}' is not a device; write 'cpu' or 'cuda'.") from None
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"There is no device '{device}' on this machine; write 'cpu'.")
    if chosen.type not in ("cpu", "cuda"):
        try:
            torch.zeros(1, device=chosen).cpu()
        except Exception:  # each kind of device that is not here has another one
            raise ValueError(f"There is no device '{device}' on this machine; write 'cpu' or 'cuda'.") from None
    return chosen


def choose_dtype(dtype: torch.dtype | str | None, device: torch.device) -> torch.dtype:
    """The dtype asked for, or for None the one that suits the device."""
    if dtype is None:
        if device.type == "cpu":
            return torch.float32
        native = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float16
    chosen = _DTYPES.get(dtype) if isinstance(dtype, str) else dtype
    if chosen not in _DTYPES.values():
        raise ValueError(f"'{dtype}' is not a dtype for models; choose one of {', '.join(_DTYPES)}.")
    assert chosen is not None
    if chosen == torch.int8 and device.type != "cpu":
        raise ValueError("int8 is a dtype for CPUs only; on a GPU leave the dtype open.")
    return chosen


def _locate(name: str, progress: Progress | None, fits: Callable[[int], None]) -> tuple[Path, str | None]:
    """Folder of the checkpoint, and the hub's name for it if it has one; ``fits`` is asked before a download."""
    if name == "pocket":
        if not (POCKET / "config.json").is_file():
            raise ModelUnavailable(f"The bundled model is missing from '{POCKET}'; get the whole repository again.")
        return POCKET, None
    if name in KNOWN_MODELS:
        known = KNOWN_MODELS[name]
        return download.fetch(known.source, progress, known.download, fits), known.source
    if name and Path(name).is_dir():
        return Path(name), None
    if download.is_hub_name(name):
        return download.fetch(name, progress, fits=fits), name
    if "/" in name or "\\" in name:
        raise ModelUnavailable(f"There is no folder '{name}', and it is not a name on the hub such as owner/name.")
    close = difflib.get_close_matches(name, KNOWN_MODELS, 1)
    hint = f"did you mean '{close[0]}'?" if close else f"choose one of {', '.join(KNOWN_MODELS)}."
    raise ModelUnavailable(f"There is no model '{name[:60]}'; {hint}")


def _weights_in(folder: Path) -> int:
    """Bytes of the weights in a folder, in whichever format there are more of them."""
    files = [path for path in folder.iterdir() if path.is_file()]
    return max(sum(path.stat().st_size for path in files if path.suffix == kind) for kind in (".safetensors", ".bin"))


def _check_memory(weights: int, name: str, device: torch.device, dtype: torch.dtype) -> None:
    """Raise ``ModelUnavailable`` when the bytes of ``weights`` cannot fit beside what runs already: a system that runs
    out of memory ends processes without a word."""
    # On a CPU the weights are repacked for decoding; of bytes there is the float32 that they are made of.
    repacked = device.type == "cpu" and dtype in (torch.float32, torch.bfloat16)
    each = 5 if dtype == torch.int8 else dtype.itemsize * (1 + repacked)
    needed = weights * each // 4  # about: released files hold float32
    free = free_bytes(device)
    if free is not None and needed > free:
        raise ModelUnavailable(
            f"'{name}' takes about {in_words(needed)} of memory, but only {in_words(free)} are free on {device}; "
            "choose a smaller model, or close what else is using it."
        )


def _read(folder: Path, name: str, repo: str | None, dtype: torch.dtype, progress: Progress | None) -> Checkpoint:
    # The licence of what Meta released is known; of what others made of it we cannot speak.
    licence = "CC-BY-NC-4.0" if repo is not None and repo.startswith("facebook/") else "unknown"
    try:
        if formats_pocket.is_pocket(folder):
            return formats_pocket.read(folder, dtype)
        if formats_transformers.is_transformers(folder):
            return formats_transformers.read(folder, name, licence, dtype)
        if formats_reference.is_reference(folder):
            codec = formats_reference.RELEASED_CODEC
            return formats_reference.read(folder, name, licence, dtype, lambda: download.fetch(codec, progress))
    except ValueError as error:  # of the renaming: a weight is missing
        raise ModelUnavailable(str(error)) from None
    raise ModelUnavailable(
        f"'{folder}' holds no model: there is neither a config.json nor a state_dict.bin of MusicGen in it."
    )


def _assemble(parts: Checkpoint, device: torch.device, dtype: torch.dtype, repo: str | None) -> Model:
    config = parts.config
    with torch.device("meta"):  # no time and memory for weights that are replaced at once
        lm, codec, prior = LM(config.lm), _codec(config), _prior(config)
    fill(lm, parts.lm, f"The language model of '{config.name}'")
    fill(codec, parts.codec, f"The codec of '{config.name}'")
    if prior is not None:
        fill(prior, parts.prior or {}, f"The prior of '{config.name}'")
    try:
        conditioner = build_conditioner(config, device, parts.folder, repo, parts.text)
    except ValueError as error:
        raise ModelUnavailable(str(error)) from None
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = False  # on by default, and then a convolution in float32 is none
    if device.type == "cuda" and dtype != torch.float32 and isinstance(config.codec, EncodecConfig):
        cast("EncodecCodec", codec).decode_in(torch.float16)  # of the half ones the one with more bits for a sample
    return Model(config, lm.to(device, dtype), codec.to(device), conditioner, prior)


def _prior(config: ModelConfig) -> FramePrior | None:
    lm, width = config.lm, config.prior_width
    return FramePrior(lm.aligned_dim, lm.codebooks, lm.codebook_size, width) if width else None


def _codec(config: ModelConfig) -> EncodecCodec | PocketCodec:
    if isinstance(config.codec, EncodecConfig):
        from musicgen.codec import EncodecCodec

        return EncodecCodec(config.codec)
    from musicgen.pocket_codec import PocketCodec

    return PocketCodec(config.codec)
