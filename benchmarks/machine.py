"""What a benchmark ran on, and how to sum up its numbers."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Spread:
    """Several measurements of one thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{self.median:.3g}"
        return f"{self.median:.3g} ({min(self.values):.3g}-{max(self.values):.3g})"


def spread(values: Sequence[float]) -> Spread:
    """Sum up ``values``."""
    return Spread(tuple(values))


def ratios(numbers: Sequence[float], to: Sequence[float]) -> Spread:
    """Pair by pair, how many times ``to`` the ``numbers`` are: what slowed a round down slowed both."""
    return spread([a / b for a, b in zip(numbers, to, strict=True)])


def describe() -> dict[str, str]:
    """The machine and the software, in words."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        cpu = f"{fields['model name']}, family {fields['cpu family']} model {fields['model']}"
        cpu += ", avx512_bf16" if "avx512_bf16" in fields["flags"] else ", no avx512_bf16"
    except (OSError, KeyError):
        pass
    waits = os.environ.get("OMP_WAIT_POLICY", "not set")
    return {
        "CPU": f"{cpu}, {os.cpu_count()} cores",
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "torch": f"{torch.__version__}, {torch.get_num_threads()} threads, OMP_WAIT_POLICY {waits}",
        "transformers": importlib.metadata.version("transformers"),
        "Python": platform.python_version(),
    }


def load() -> str:
    """How busy the machine is, in words."""
    return f"load of the machine at the start {os.getloadavg()[0]:.1f} (anything above 0.3 blurs the times)"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [list(head), ["--"] * len(head), *[[str(cell) for cell in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
