"""The bundled model's own figures along each pattern, as the evaluation found them, in a small file beside its weights.

Knows nothing of how they are measured or shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musicgen.errors import ModelUnavailable
from musicgen.patterns import PATTERN_NAMES
from musicgen.weight_files import read_json

NAME = "evaluation.json"
_TAKES, _MELODIES, _ROWS = "takes", "takes with a melody", "rows"


@dataclass(frozen=True)
class Measured:
    """``rows``: the name of a pattern -> the name of a figure -> its value. Each is of so many takes."""

    rows: Mapping[str, Mapping[str, float]]
    takes: int
    melodies: int  # more takes, each with a melody to follow


def read(folder: Path) -> Measured | None:
    """What ``write`` wrote into ``folder``; None where there is nothing, or nothing whole."""
    try:
        raw = read_json(folder / NAME)
    except ModelUnavailable:
        return None
    rows, takes, melodies = raw.get(_ROWS), raw.get(_TAKES), raw.get(_MELODIES)
    if not (isinstance(takes, int) and isinstance(melodies, int) and isinstance(rows, dict)):
        return None
    return Measured({name: _numbers(row) for name, row in rows.items() if name in PATTERN_NAMES}, takes, melodies)


def write(folder: Path, measured: Measured) -> None:
    """Into ``folder``, which is there."""
    rows = {name: dict(_numbers(row)) for name, row in measured.rows.items()}
    text = json.dumps({_TAKES: measured.takes, _MELODIES: measured.melodies, _ROWS: rows}, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def _numbers(row: Any) -> Mapping[str, float]:
    """What in a row is a number."""
    return {
        name: value for name, value in (row.items() if isinstance(row, Mapping) else ())
        if isinstance(value, int | float) and math.isfinite(value)
    }
