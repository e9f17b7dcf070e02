"""How much memory is free on a device, how to say an amount of it, and that it ran out. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from musicgen.errors import ModelUnavailable


def free_bytes(device: torch.device | str) -> int | None:
    """Bytes that may still be allocated on ``device``; None where the system does not tell."""
    device = torch.device(device)
    if device.type == "cuda":
        try:
            free, _ = torch.cuda.mem_get_info(device)
        except RuntimeError:  # where the device is only lent for moments
            return None
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:  # not Linux
        pass
    return None


def in_words(amount: int) -> str:
    """1234567890 -> '1.2 GB'."""
    return f"{amount / 1e9:.1f} GB" if amount >= 1e8 else f"{max(1, round(amount / 1e6))} MB"


def ran_out(error: BaseException) -> bool:
    """Whether ``error`` says that memory, of whatever device, could not be had."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    # On a CPU torch has no error class for it.
    said = str(error) if isinstance(error, RuntimeError) else ""
    return "allocate memory" in said or "enough memory" in said


@contextmanager
def said_in_words(doing: str) -> Iterator[None]:
    """Running out of memory within becomes a ``ModelUnavailable`` of one sentence."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        give_back()
        raise sentence(doing) from None


def sentence(doing: str) -> ModelUnavailable:
    """What to tell people when memory ran out while ``doing`` something."""
    return ModelUnavailable(f"The memory ran out while {doing}; ask for a shorter duration or a smaller model.")


def give_back() -> None:
    """Give memory that torch keeps for later back to the device, for whoever needs it next."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
