"""Markdown tables and JSON of figures. Knows nothing of what the figures mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def cell(value: Any, digits: int = 3) -> str:
    """A number to ``digits`` places, nothing as a dash, anything else as it is."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    return str(value).replace("|", "\\|")


def markdown(rows: Mapping[str, Mapping[str, Any]], first: str = "", digits: int = 3) -> str:
    """A table with a line for each row; columns in the order in which they first occur."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"| {first} | " + " | ".join(names) + " |", "|" + "--|" * (len(names) + 1)]
    lines += [f"| {cell(title)} | " + " | ".join(cell(row.get(name), digits) for name in names) + " |"
              for title, row in rows.items()]
    return "\n".join(lines)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """As a whole, by a rename."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    partial.rename(path)


def read_json(path: Path) -> dict[str, Any]:
    """What ``write_json`` wrote; empty where there is nothing yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
