"""How much memory is free on a device, how to say an amount of it, and that it ran out. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from musicgen.errors import ModelUnavailable

_GROUP = Path("/sys/fs/cgroup")


def free_bytes(device: torch.device | str) -> int | None:
    """Bytes that may still be allocated on ``device``; None where the system does not tell."""
    device = torch.device(device)
    if device.type == "cuda":
        try:
            free, _ = torch.cuda.mem_get_info(device)
        except RuntimeError:  # where the device is only lent for moments
            return None
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    known = [free for free in (_free_in_machine(), free_in_group()) if free is not None]
    return min(known) if known else None


def _free_in_machine() -> int | None:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:  # not Linux
        pass
    return None


def free_in_group(group: Path = _GROUP) -> int | None:
    """What the control group (a container, versions 2 and 1) may still take; None: no limit, or none to be read.

    Pages of files that were not used lately count as free, as they do for the machine.
    """
    names = ("memory.max", "memory.current", "memory.stat", "inactive_file")
    if not (group / names[0]).exists():
        old = ("limit_in_bytes", "usage_in_bytes", "stat")
        names = (*(f"memory/memory.{name}" for name in old), "total_inactive_file")  # type: ignore[assignment]
    try:
        most, used = ((group / name).read_text().strip() for name in names[:2])
        counts = dict(line.split() for line in (group / names[2]).read_text().splitlines())
        return None if most == "max" else max(0, int(most) - int(used) + int(counts.get(names[3], 0)))
    except (OSError, ValueError):
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
    return any(words in said for words in ("allocate memory", "enough memory", "out of memory", "ALLOC_FAILED"))


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
        with suppress(RuntimeError):  # refused while a step is being captured, or has just failed to be
            torch.cuda.empty_cache()
