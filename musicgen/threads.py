"""How many threads a CPU's work is worth: as many as the cores this process may use, not as many as the machine has.

In a container the machine may have many more, and threads that wait for one another on too few cores take several
times as long. Knows nothing of models.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

READ_BY_ONE = 100e6  # bytes of weights a step
_GROUP = Path("/sys/fs/cgroup")


def cores(group: Path = _GROUP) -> int:
    """The cores this process may use: by its affinity, and by the quota of its control group (versions 2 and 1)."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(group)
    return mine if quota is None else max(1, min(mine, math.ceil(quota)))


def settle() -> int:
    """Let torch, called from this thread, use no more threads than there are cores for; returns how many it uses.

    What OMP_NUM_THREADS says, or fewer threads that someone had set, stays as it is. Decided once: a thread that
    begins has the number that any other set last, and so a count made later could be that of ``only``.
    """
    import torch

    if torch.get_num_threads() != (count := _settled()):
        torch.set_num_threads(count)
    return count


@lru_cache(maxsize=1)
def _settled() -> int:
    import torch

    mine = torch.get_num_threads()
    return mine if "OMP_NUM_THREADS" in os.environ else min(mine, cores())


def worth(weights: int) -> int:
    """How many threads a step is worth that reads so many bytes of weights.

    A small model is read by one about as fast as by several, and what runs beside it (the codec, the page) has the
    other cores; a large one takes all there are.
    """
    return max(1, min(settle(), round(weights / READ_BY_ONE)))


@contextmanager
def only(count: int) -> Iterator[None]:
    """Within it the calling thread has torch use ``count`` threads; all others go on with theirs, and so does it after.

    Each thread that calls torch has a team of its own, whose members spin while they wait for work. Where two teams
    share the cores, each waits for members that the other one's spinning keeps from running.
    """
    import torch

    settle()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        settle()


def _quota(group: Path) -> float | None:
    """Cores' worth of time the control group may take; None: no limit, or none that can be read."""
    try:
        if (group / "cpu.max").exists():
            allowed, period = (group / "cpu.max").read_text().split()
        else:
            files = (group / "cpu" / "cpu.cfs_quota_us", group / "cpu" / "cpu.cfs_period_us")
            allowed, period = (file.read_text().strip() for file in files)
        return int(allowed) / int(period) if allowed not in ("max", "-1") else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
