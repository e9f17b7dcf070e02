"""GPUs that a host lends by the call (ZeroGPU Spaces).

A call then runs in a process of its own, which Stop does not reach: the take is made to its end. Imports nothing heavy,
for `spaces` has to come before torch.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
from collections.abc import Callable
from typing import Any, TypeVar

GPU_SECONDS = 120  # the longest a call may keep a lent GPU
SHORT_SECONDS = 60  # for what takes seconds, the start included, and needs no model that is yet to be fetched
START_SECONDS = 30  # of a process, a GPU and a model in it

Function = TypeVar("Function", bound=Callable[..., Any])


def lends_gpus() -> bool:
    """Whether this is a ZeroGPU Space."""
    return bool(os.environ.get("SPACES_ZERO_GPU")) and importlib.util.find_spec("spaces") is not None


def seconds_for(music: float) -> int:
    """How long to ask for a GPU to make so many seconds of music: as long as they are, at most, and the start.

    Visitors have some minutes of it a day. Only what is used counts, but what exceeds the rest of them is refused.
    """
    return math.ceil(min(GPU_SECONDS, START_SECONDS + music))


def on_gpu(function: Function, seconds: int | Callable[..., int] = GPU_SECONDS) -> Function:
    """``function``, which on a ZeroGPU Space runs in a process that holds a GPU; anywhere else as it is.

    ``seconds`` it may take, or what tells them from its arguments.
    """
    if not lends_gpus():
        return function
    return importlib.import_module("spaces").GPU(duration=seconds)(function)
