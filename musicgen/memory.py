"""How much memory is free on a device, and how to say an amount of it. Knows nothing of models."""

from __future__ import annotations

import torch


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
