"""GPUs that a host lends by the call (ZeroGPU Spaces).

A call then runs in a process of its own, which Stop does not reach: the take is made to its end. Imports nothing heavy,
for `spaces` has to come before torch.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from typing import Any, TypeVar

GPU_SECONDS = 120  # the longest a call may keep a lent GPU

Function = TypeVar("Function", bound=Callable[..., Any])


def lends_gpus() -> bool:
    """Whether this is a ZeroGPU Space."""
    return bool(os.environ.get("SPACES_ZERO_GPU")) and importlib.util.find_spec("spaces") is not None


def on_gpu(function: Function) -> Function:
    """``function``, which on a ZeroGPU Space runs in a process that holds a GPU; anywhere else as it is."""
    if not lends_gpus():
        return function
    return importlib.import_module("spaces").GPU(duration=GPU_SECONDS)(function)
