"""Takes for the evaluation: made by several processes, a few at a time in each, kept on disk, made once.

A job is a name and a request; its take lies in a file named after both, the weights and the program, so that a run
that was stopped goes on and what others made is never mistaken for this one's. Knows nothing of what is measured.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from musicgen.audio import Audio
from musicgen.checkpoints import POCKET
from musicgen.engine import Engine, GenerationRequest
from musicgen.scheduler import CPU_SLOTS

Missing = list[tuple[GenerationRequest, Path]]  # what to make and where it will lie


@dataclass(frozen=True)
class Job:
    """A take to be made; ``name`` says what for, and begins the file's name."""

    name: str
    request: GenerationRequest


@dataclass(frozen=True)
class Take:
    """``audio`` float32 [N] at 32 kHz, ``codes`` int [K, T], and how many seconds of a processor it took to make.

    Those of the processor, for they are the same whatever else the machine does; its share of what it and those made
    beside it took.
    """

    audio: np.ndarray
    codes: np.ndarray
    seconds: float


def digest(request: GenerationRequest, made_by: str) -> str:
    """Twelve letters that change with any value of the request and with what makes it."""
    hasher = hashlib.sha256(made_by.encode())
    for field in fields(request):
        value = getattr(request, field.name)
        if isinstance(value, Audio):
            hasher.update(np.ascontiguousarray(value.samples).tobytes() + str(value.sample_rate).encode())
        else:
            hasher.update(f"{field.name}={value!r};".encode())
    return hasher.hexdigest()[:12]


def weights_of(model: str) -> str:
    """Twelve letters of the sums of a model's files; its name where it is no folder of ours."""
    folder = POCKET if model == "pocket" else Path(model)
    config = folder / "config.json"
    return hashlib.sha256(config.read_bytes()).hexdigest()[:12] if config.is_file() else model


def program() -> str:
    """Twelve letters of the sums of the program that makes takes, this package's own modules but for page and training:
    what it made before it was changed is not what it makes now."""
    hasher = hashlib.sha256()
    for path in sorted(Path(__file__).parent.parent.glob("*.py")):
        hasher.update(path.read_bytes())
    return hasher.hexdigest()[:12]


class Maker:
    """Makes and keeps takes of one model in ``folder``, with ``workers`` processes; none: in this one."""

    def __init__(self, model: str, folder: Path, workers: int = 2) -> None:
        self.model, self.folder, self.workers = model, folder, workers
        self.weights, self.program = weights_of(model), program()

    def path(self, job: Job) -> Path:
        """Where the job's take lies, or will."""
        return self.folder / f"{job.name}-{digest(job.request, self.weights + self.program)}.npz"

    def make(self, jobs: Sequence[Job]) -> list[Take]:
        """The takes of ``jobs`` in order; those that lie on disk are read, the others made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        missing = [(job.request, self.path(job)) for job in jobs if not self.path(job).exists()]
        began, done = time.monotonic(), 0
        for made in self._run([missing[i : i + CPU_SLOTS] for i in range(0, len(missing), CPU_SLOTS)]):
            done += made
            print(f"  {done} of {len(missing)} takes, {time.monotonic() - began:.0f} s", flush=True)
        return [read_take(self.path(job)) for job in jobs]

    def _run(self, groups: list[Missing]) -> Iterable[int]:
        if not groups:
            return
        if self.workers < 1:
            engine = _engine(self.model)
            for group in groups:
                yield write_takes(engine, group)
            return
        # Each process has a model of its own: two with one thread are faster than one with two. However few takes are
        # missing: the words' states differ in their last bits from one number of threads to another.
        workers = min(self.workers, len(groups))
        with multiprocessing.get_context("spawn").Pool(workers, _begin, (self.model,)) as pool:
            yield from pool.imap(_work, groups)


def write_takes(engine: Engine, group: Missing) -> int:
    """Make a few takes side by side, and say how many; each file appears whole or not at all."""
    began = time.process_time()
    with ThreadPoolExecutor(len(group)) as pool:
        results = list(pool.map(engine.generate, [request for request, _ in group]))
    spent = (time.process_time() - began) / len(group)
    for result, (_, path) in zip(results, group, strict=True):
        audio = np.round(np.clip(result.audio[0], -1, 1) * 32767).astype(np.int16)
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, audio=audio, codes=result.codes.astype(np.int16), seconds=spent)
        partial.rename(path)
    return len(group)


def read_take(path: Path) -> Take:
    """The inverse of ``write_takes``."""
    with np.load(path) as kept:
        return Take(kept["audio"].astype(np.float32) / 32767, kept["codes"].astype(np.int64), float(kept["seconds"]))


_worker: list[Engine] = []  # the engine of a worker process


def _engine(model: str) -> Engine:
    from musicgen.checkpoints import load

    return Engine(load(model, device="cpu"))


def _begin(model: str) -> None:
    import torch

    torch.set_num_threads(1)
    _worker.append(_engine(model))
    _worker[0].generate(GenerationRequest(duration=0.2, seed=0))  # what is done at first use is no take's time


def _work(group: Missing) -> int:
    return write_takes(_worker[0], group)
