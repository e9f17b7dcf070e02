"""Reading what strangers wrote: JSON, safetensors, pickles of plain tensors; and filling a network with it exactly.

Whatever is wrong with a file becomes one clear sentence in a `ModelUnavailable`; no code in a file is ever run.
Knows nothing of which weights mean what.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from musicgen.errors import ModelUnavailable

_TEXT_LIMIT = 4 * 2**20  # bytes; real configurations and indices of shards have a few hundred kilobytes at most
_SHARDS = 200


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of reasonable size."""
    try:
        if path.stat().st_size > _TEXT_LIMIT:
            raise ModelUnavailable(f"'{path}' is too large to be a configuration.")
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelUnavailable(f"'{path}' is missing.") from None
    except (ValueError, RecursionError, OSError):  # ValueError: neither JSON nor UTF-8
        raise ModelUnavailable(f"'{path}' cannot be read as JSON; it is damaged.") from None
    if not isinstance(value, dict):
        raise ModelUnavailable(f"'{path}' does not hold a JSON object; it is damaged.")
    return value


def safetensors_files(folder: Path) -> list[Path]:
    """`model.safetensors`, or the shards named by its index, or nothing if there is neither.

    Raises:
        ModelUnavailable: the index is damaged, or a shard is missing.
    """
    index = folder / "model.safetensors.index.json"
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    if not index.is_file():
        return []
    names = read_json(index).get("weight_map")
    names = sorted(set(names.values())) if isinstance(names, dict) else []
    # A plain name keeps a hostile index inside its own folder.
    if not 0 < len(names) <= _SHARDS or any(Path(str(name)).name != name for name in names):
        raise ModelUnavailable(f"'{index}' does not list the files of the weights; it is damaged.")
    for name in names:
        if not (folder / name).is_file():
            raise ModelUnavailable(f"'{folder}' is incomplete: the file '{name}' of its weights is missing.")
    return [folder / name for name in names]


def read_safetensors(
    paths: Iterable[Path],
    wanted: Callable[[str], bool] = lambda key: True,
    dtype: torch.dtype | None = None,
) -> dict[str, Tensor]:
    """The tensors whose name is ``wanted``, as ``dtype`` if floating; one at a time, so that memory holds no copy."""
    from safetensors import SafetensorError, safe_open

    tensors = {}
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                for key in file.keys():
                    if wanted(key):
                        tensors[key] = _cast(file.get_tensor(key), dtype)
        except FileNotFoundError:
            raise ModelUnavailable(f"'{path}' is missing.") from None
        except (SafetensorError, OSError, ValueError, KeyError):
            raise _damaged(path) from None
    return tensors


def read_pickle(path: Path) -> dict[Any, Any]:
    """A dictionary saved by `torch.save`, plain data and tensors only: a pickle that wants to run code is refused."""
    try:
        if not path.is_file():
            raise ModelUnavailable(f"'{path}' is missing.")
        zipped = zipfile.is_zipfile(path)
        if zipped:
            with zipfile.ZipFile(path) as archive:
                # torch.save never compresses, so a compressed entry can only be there to blow up in memory.
                if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                    raise _damaged(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about strange pickles, which the exception tells as well
            value = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except ModelUnavailable:
        raise
    except Exception as error:  # unpickling what is damaged can raise anything
        with path.open("rb") as file:
            is_pickle = zipped or file.read(1) == b"\x80"
        if isinstance(error, pickle.UnpicklingError) and is_pickle:
            raise ModelUnavailable(
                f"'{path}' is refused: it is a pickle that holds more than plain data and could run code of its own; "
                "use safetensors instead."
            ) from None
        raise _damaged(path) from None
    if not isinstance(value, dict):
        raise ModelUnavailable(f"'{path}' does not hold a checkpoint.")
    for state in (value, *(inner for inner in value.values() if isinstance(inner, dict))):
        _refuse_empty_claims(state, path)
    return value


def _refuse_empty_claims(state: Mapping[Any, Any], path: Path) -> None:
    """A few numbers can be made to look like a huge tensor, and would be one as soon as it is copied.

    Weights that are tied are written once and stand under two or three names, but not more.
    """
    tensors = [value for value in state.values() if isinstance(value, Tensor)]
    if any(tensor.is_meta or tensor.layout != torch.strided for tensor in tensors) or (
        sum(tensor.nbytes for tensor in tensors) > 3 * path.stat().st_size
    ):
        raise ModelUnavailable(f"'{path}' is refused: it claims to hold more than its own size.")


def floats(state: Mapping[Any, Any], dtype: torch.dtype | None = None) -> dict[str, Tensor]:
    """The tensors of a dictionary, as ``dtype`` if floating."""
    return {str(key): _cast(value, dtype) for key, value in state.items() if isinstance(value, Tensor)}


def sha256(path: Path) -> str:
    """The SHA-256 sum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fill(network: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Make ``state`` the weights of ``network``, which may have been built on the meta device.

    ``what`` names the weights in the sentence about what is missing or has another shape; what is too much is left.
    """
    wanted = network.state_dict()
    for key, tensor in wanted.items():
        if key not in state:
            raise ModelUnavailable(f"{what} is incomplete: the weight '{key}' is missing.")
        if state[key].is_floating_point() != tensor.is_floating_point():
            raise ModelUnavailable(f"{what} cannot be used here: the weight '{key}' is stored as {state[key].dtype}.")
        if state[key].shape != tensor.shape:
            raise ModelUnavailable(
                f"{what} does not fit its configuration: the weight '{key}' is {list(state[key].shape)}, "
                f"where {list(tensor.shape)} is expected."
            )
    network.load_state_dict({key: state[key] for key in wanted}, assign=True)
    network.eval().requires_grad_(False)


def _cast(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    return tensor.to(dtype) if dtype is not None and tensor.is_floating_point() else tensor


def _damaged(path: Path) -> ModelUnavailable:
    return ModelUnavailable(f"'{path}' is damaged or was cut short; delete it and get it again.")
