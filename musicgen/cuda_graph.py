"""A program of fixed shape, captured once as a CUDA graph and replayed: one launch instead of hundreds.

The program takes no tensors: it reads and writes tensors that stay where they are. Its arguments are plain values
that decide its shape; each combination is captured by itself. Where there is no CUDA, where capture fails, or with
MUSICGEN_CUDA_GRAPH=0, the program is simply called. Knows nothing of what the program does.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import torch

from musicgen.memory import ran_out

log = logging.getLogger(__name__)

_CAPTURING = threading.Lock()  # one capture at a time in a process, whichever model's it is
_OWNERS: WeakValueDictionary[tuple[torch.device, int], Replay] = WeakValueDictionary()  # of the streams captured on


def wanted() -> bool:
    """Whether graphs are switched on."""
    return os.environ.get("MUSICGEN_CUDA_GRAPH", "1") != "0"


@cache
def stream_for(what: str, device: torch.device) -> torch.cuda.Stream:
    """The device's one stream for ``what``.

    Torch has 32 streams and hands them out again and again: one made for every take or capture would sooner or later
    be one that is captured on, and the libraries keep a workspace for each they have seen.
    """
    return torch.cuda.Stream(device)


class Replay:
    """``program``, to be called with hashable arguments; ``rehearse`` makes the tensors safe for trial runs.

    Used by one thread only. The program must be such that, after ``rehearse``, running it changes nothing that
    counts: it is run a few times before it is captured, so that every library has allocated what it needs.
    """

    def __init__(
        self, program: Callable[..., None], rehearse: Callable[[], None], device: torch.device,
        enabled: bool | None = None,
    ) -> None:  # fmt: skip
        self._program, self._rehearse, self._device = program, rehearse, device
        self.enabled = device.type == "cuda" and (wanted() if enabled is None else enabled)
        self._graphs: dict[tuple[Any, ...], torch.cuda.CUDAGraph] = {}
        self._pool: Any = None
        self._stream: torch.cuda.Stream | None = None

    def ready(self, *shape: Any) -> None:
        """Capture the program for these arguments unless that is done; failing that, go on without graphs."""
        if not self.enabled or shape in self._graphs:
            return
        try:
            self._rehearse()
            self._graphs[shape] = self._capture(shape)
        except RuntimeError as error:
            self.forget()  # the one that failed may have taken with it what the others need
            if ran_out(error):
                raise
            log.warning("CUDA graphs are off: capturing a step failed (%s). Steps are launched one by one.", error)
            self.enabled = False

    def __call__(self, *shape: Any) -> None:
        """Run the program."""
        graph = self._graphs.get(shape) if self.enabled else None
        if graph is None:
            self._program(*shape)
        else:
            graph.replay()

    def forget(self) -> None:
        """Drop every graph; to be called when tensors were replaced."""
        self._graphs.clear()
        self._pool = None

    def _capture(self, shape: tuple[Any, ...]) -> torch.cuda.CUDAGraph:
        here = torch.cuda.current_stream(self._device)
        # Not where it is captured: what cuBLAS works in is then allocated in the graph's own pool, and lives with it.
        beside = stream_for("rehearsal", self._device)
        graph = torch.cuda.CUDAGraph()
        # The outer `stream` brings this thread back to where it was even if the capture fails half-way.
        with _CAPTURING, torch.cuda.device(self._device), torch.cuda.stream(here):
            beside.wait_stream(here)
            with torch.cuda.stream(beside):
                for _ in range(3):
                    self._program(*shape)
            here.wait_stream(beside)
            self._stream = self._stream or self._own_stream()  # graphs captured on one stream share their pool's memory
            # Thread-local: other threads (a codec at work) may allocate while this one captures.
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
                self._program(*shape)
        self._pool = graph.pool()
        return graph

    def _own_stream(self) -> torch.cuda.Stream:
        """One on which no other living replay captures.

        When a graph goes, torch takes from its stream what cuBLAS works in there, and any other graph that was captured
        on it would write to memory that is no longer its own.
        """
        own = next(number for number in count() if _OWNERS.setdefault((self._device, number), self) is self)
        return stream_for(f"capture {own}", self._device)
