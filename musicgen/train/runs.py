"""What a training leaves behind in its folder: the last checkpoint, and a log of its held-out figures.

Knows nothing of what is trained.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Checkpoint by a rename, so that a cut-off run leaves a whole one."""
    torch.save(state, path.with_suffix(".partial"))
    path.with_suffix(".partial").rename(path)


def record(folder: Path, row: dict[str, Any]) -> None:
    """Add a row of figures to the log, and print it."""
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps(row) + "\n")
    print(row, flush=True)
