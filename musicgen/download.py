"""Checkpoints from the Hugging Face hub into its cache on this machine, with progress, or one clear sentence why not.

Knows file names, not what is in the files.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from musicgen.errors import ModelUnavailable
from musicgen.weight_files import safetensors_files

# What is done of everything, 0 to 1, and what is going on, in words.
Progress = Callable[[float, str], None]

_PATIENCE = 4.0  # seconds a silent hub is waited for; the library's own retries take 23
_NAMES = r"[\w.-]{1,96}"


def is_hub_name(name: str) -> bool:
    """Whether ``name`` has the form owner/name."""
    plain = re.fullmatch(rf"{_NAMES}/{_NAMES}", name) is not None and not name.startswith(".")
    return plain and "--" not in name and ".." not in name


def cached(repo: str) -> Path | None:
    """Folder of the repository in the cache if all of a checkpoint is there; asks no network."""
    from huggingface_hub import try_to_load_from_cache

    for name in ("config.json", "state_dict.bin"):
        path = try_to_load_from_cache(repo, name)
        if isinstance(path, str) and is_complete(Path(path).parent):
            return Path(path).parent
    return None


def is_complete(folder: Path) -> bool:
    """Whether the folder has the files of a checkpoint, in transformers' or the reference's format."""
    try:
        if (folder / "config.json").is_file() and safetensors_files(folder):
            return True
    except ModelUnavailable:
        return False
    return all((folder / name).is_file() for name in _REFERENCE)


def fetch(
    repo: str, progress: Progress | None = None, size: str = "", fits: Callable[[int], None] | None = None
) -> Path:
    """Folder with a repository's checkpoint, downloaded unless it is in the cache.

    ``size`` is told to the person who is offline. ``fits`` is told the bytes before any of them are downloaded, and
    raises where that would be in vain.

    Raises:
        ModelUnavailable: offline, unknown, closed, not a checkpoint, no space left, or broken off.
    """
    folder = cached(repo)
    if folder is not None:
        return folder
    import huggingface_hub as hub
    from huggingface_hub import errors

    offline = ModelUnavailable(
        f"'{repo}' is not on this machine and the model hub cannot be reached; connect to the internet once to "
        f"download it{f' ({size})' if size else ''}, or use 'pocket', which needs no download."
    )
    if hub.constants.HF_HUB_OFFLINE:
        raise offline
    try:
        info = hub.HfApi().model_info(repo, timeout=_PATIENCE, files_metadata=True)
    except errors.GatedRepoError:
        raise ModelUnavailable(f"'{repo}' asks for permission: accept its terms on its page on the hub.") from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        raise ModelUnavailable(f"There is no open model '{repo}' on the hub; check the spelling.") from None
    except Exception:  # the network's errors come in many classes
        raise offline from None
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    files = checkpoint_files(sizes)
    if not files:
        raise ModelUnavailable(f"'{repo}' holds no MusicGen checkpoint: neither safetensors nor the reference's files.")
    # What a download that broke off brought is there already; the commit it was of may not be the newest, so all are
    # asked for, but only the others count.
    here = {name for name in files if isinstance(hub.try_to_load_from_cache(repo, name), str)}
    total = sum(sizes[name] for name in files if name not in here)
    cache = Path(hub.constants.HF_HUB_CACHE)
    free = shutil.disk_usage(next(path for path in (cache, *cache.parents) if path.exists())).free
    if total > free:
        raise ModelUnavailable(f"'{repo}' needs {total / 1e9:.1f} GB on the disk; only {free / 1e9:.1f} GB are free.")
    if fits is not None:
        fits(sum(sizes[name] for name in files))
    meter = _meter(progress, repo, total)
    try:
        for name in files:
            path = hub.hf_hub_download(repo, name, etag_timeout=_PATIENCE, tqdm_class=meter)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnavailable(f"The download of '{repo}' broke off ({reason}); try again.") from error
    return Path(path).parent


_REFERENCE = ("state_dict.bin", "compression_state_dict.bin")
_SMALL = ("generation_config.json", "tokenizer.json", "tokenizer_config.json", "spiece.model", "config.json")


def checkpoint_files(names: Iterable[str]) -> list[str]:
    """Which of a repository's files to download: one format only, the small files first, nothing if there is none."""
    names = set(names)
    shards = sorted(name for name in names if re.fullmatch(r"model-\d+-of-\d+\.safetensors", name))
    index = "model.safetensors.index.json"
    weights = ["model.safetensors"] if "model.safetensors" in names else [index, *shards] if index in names else []
    if "config.json" in names and weights:
        return [name for name in _SMALL if name in names] + weights
    return list(_REFERENCE) if names.issuperset(_REFERENCE) else []


def _meter(progress: Progress | None, repo: str, total: int) -> Any:
    """The class the hub reports bytes to; one count over all files of the download."""
    from tqdm import tqdm

    done = 0

    class Meter(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(disable=True)

        def update(self, n: float | None = 1) -> bool | None:
            nonlocal done
            done = min(total, done + int(n or 0))
            if progress is not None and total:
                progress(done / total, f"downloading {repo}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
            return None

        def update_transfer(self, n: float | None = 1) -> None:
            """Bytes on the wire are not counted: those written to disk are."""

        def set_transfer_postfix_str(self, s: str = "", refresh: bool = True) -> None:
            """Nothing is drawn."""

    return Meter
