"""The bundled model on this machine: how fast a take is made, how early it sounds, and what company costs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import torch

from benchmarks.machine import Spread, spread
from musicgen.config import LMConfig, ModelConfig, PocketCodecConfig
from musicgen.engine import Engine, GenerationRequest
from musicgen.model import Model


@dataclass(frozen=True)
class Take:
    """One take: seconds of wall time."""

    seconds: float  # of sound
    first: float  # until the first chunk
    total: float
    gap: float  # the longest between two chunks
    stall: float  # how long a player that starts with the first chunk stands still in all

    @property
    def speed(self) -> float:
        """Seconds of sound a second."""
        return self.seconds / self.total


@dataclass(frozen=True)
class Summary:
    """Several takes of one kind."""

    name: str
    speed: Spread
    first: Spread
    gap: Spread
    stall: Spread


def bundled() -> tuple[Model, str]:
    """The bundled model; where it is missing, random weights of its shape, which take as long."""
    from musicgen.checkpoints import load, present

    if present("pocket"):
        return load("pocket", "cpu"), "the bundled model"
    from musicgen.conditioners import Conditioner
    from musicgen.lm import LM
    from musicgen.pocket_codec import PocketCodec

    class Encoder:
        dim = 384

        def __call__(self, prompt: str) -> torch.Tensor:
            return torch.randn(len(prompt.split()), self.dim, generator=torch.Generator().manual_seed(1))

    config = LMConfig(codebook_size=1024, dim=384, layers=6, heads=6, ffn_dim=1536, text_dim=384, aligned_dim=49)
    torch.manual_seed(0)
    lm, codec = LM(config).eval().requires_grad_(False), PocketCodec(PocketCodecConfig()).eval().requires_grad_(False)
    lm.init_weights(0)
    model = Model(ModelConfig("random", codec.config, config, "minilm"), lm, codec, Conditioner(Encoder()))
    return model, "random weights of the bundled model's shape"


def take(engine: Engine, seconds: float, seed: int, pattern: str | None = None) -> Take:
    """Make one take and watch its chunks come."""
    marks: list[tuple[float, float]] = []  # when a chunk came, and the seconds of sound in it
    began = time.perf_counter()
    rate = engine.model.codec.sample_rate
    request = GenerationRequest("calm piano with soft drums", duration=seconds, seed=seed, pattern=pattern)
    for event in engine.stream(request):
        if event.audio is not None:
            marks.append((time.perf_counter() - began, event.audio.shape[1] / rate))
    total = time.perf_counter() - began
    gaps = [b[0] - a[0] for a, b in zip(marks, marks[1:], strict=False)]
    stall, plays_until = 0.0, marks[0][0]
    for came, length in marks:
        stall += max(0.0, came - plays_until)
        plays_until = max(plays_until, came) + length
    return Take(seconds, marks[0][0], total, max(gaps, default=0.0), stall)


def summary(name: str, takes: list[Take]) -> Summary:
    """The takes in four numbers."""
    return Summary(
        name, spread([t.speed for t in takes]), spread([t.first for t in takes]), spread([t.gap for t in takes]),
        spread([t.stall for t in takes]),
    )


def patterns(engine: Engine, names: tuple[str, ...], seconds: float, rounds: int) -> list[Summary]:
    """A take with each pattern, ``rounds`` times over."""
    made: dict[str, list[Take]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            made[name].append(take(engine, seconds, number, name))
    return [summary(name, takes) for name, takes in made.items()]


def durations(engine: Engine, lengths: tuple[float, ...], rounds: int) -> list[Summary]:
    """A take of each length."""
    return [summary(f"{s:g} s", [take(engine, s, number) for number in range(rounds)]) for s in lengths]


def load(engine: Engine, clients: int, seconds: float) -> Summary:
    """``clients`` takes at once; ``speed`` is that of all together."""
    made: list[Take] = []
    began = time.perf_counter()
    threads = [
        threading.Thread(target=lambda i=i: made.append(take(engine, seconds, i)))  # type: ignore[misc]
        for i in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = clients * seconds / (time.perf_counter() - began)
    each = summary(str(clients), made)
    return Summary(each.name, spread([together]), each.first, each.gap, each.stall)
