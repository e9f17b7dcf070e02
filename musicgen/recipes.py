"""The recipe in a file that this program wrote, be it sound or codes.

Files come from strangers: sizes are looked at before anything is unpacked. Knows nothing of what a recipe says.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from musicgen import audio

_MAX_BYTES = 4_000_000  # of the file, and of its recipe unpacked; far more than any of ours


def read_recipe(path: str | Path) -> dict[str, Any]:
    """The recipe in an audio file, or in an .npz of codes. Raises ``ValueError`` with one sentence."""
    path = Path(path)
    if path.suffix.lower() != ".npz":
        return audio.read_recipe(path)
    if not path.is_file():
        raise ValueError(f"There is no file '{path.name}'.")
    try:
        recipe = json.loads(_in_codes(path))
    except Exception:  # what a stranger's archive can make zipfile, its decompressors and NumPy raise has no end
        recipe = None
    if not isinstance(recipe, dict):
        raise ValueError(f"'{path.name}' holds no recipe; choose a file that was made and saved by this program.")
    return recipe


def _in_codes(path: Path) -> str:
    # Not by np.load, which would unpack another member of that name, whatever its size; and by no decompressor that
    # knows no bounds. The list of its members is read whole, however long.
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError("It is no file of codes.")
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("recipe.npy")
        if member.file_size > _MAX_BYTES or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("A small file can hold gigabytes.")
        with archive.open(member) as file:
            return str(np.lib.format.read_array(file, allow_pickle=False))
