"""The bundled model on this machine: how fast a take is made, how early it sounds, and what length, pattern and
company cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from benchmarks.machine import Spread, ratios, spread
from musicgen.aligned import ALIGNED_DIM
from musicgen.conditions import Conditions
from musicgen.config import LMConfig, ModelConfig, PocketCodecConfig
from musicgen.decoding import Window
from musicgen.engine import Engine, GenerationRequest
from musicgen.lm import LM
from musicgen.model import Model
from musicgen.patterns import get_pattern
from musicgen.stepper import Stepper


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
    cost: Spread  # of a second of sound, as a multiple of what it costs in the first row, round by round
    first: Spread
    gap: Spread
    stall: Spread


@dataclass(frozen=True)
class Steps:
    """Steps of the language model alone."""

    name: str
    milliseconds: Spread  # a step of all requests
    cost: Spread  # as a multiple of the first row, round by round


def bundled() -> tuple[Model, str]:
    """The bundled model; where it is missing, random weights of its shape, which take as long."""
    from musicgen.checkpoints import load, present

    if present("pocket"):
        return load("pocket", "cpu"), "the bundled model"
    from musicgen.conditioners import Conditioner
    from musicgen.pocket_codec import PocketCodec

    config = LMConfig(codebook_size=1024, dim=384, layers=6, heads=6, ffn_dim=1536, text_dim=384,
                      aligned_dim=ALIGNED_DIM, told_pattern=True)
    torch.manual_seed(0)
    lm, codec = LM(config).eval().requires_grad_(False), PocketCodec(PocketCodecConfig()).eval().requires_grad_(False)
    lm.init_weights(0)
    model = Model(ModelConfig("random", codec.config, config, "minilm"), lm, codec, Conditioner(Noise(384)))
    return model, "random weights of the bundled model's shape"


class Noise:
    """Stands for a text encoder: a state a word."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def __call__(self, prompt: str) -> torch.Tensor:
        return torch.randn(len(prompt.split()), self.dim, generator=torch.Generator().manual_seed(1))


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


def rows(made: dict[str, list[Take]]) -> list[Summary]:
    """The takes of each kind in a few numbers; the n-th of one kind was made beside the n-th of the others."""
    slowness = {name: [1 / each.speed for each in takes] for name, takes in made.items()}
    first = next(iter(slowness.values()))
    return [
        Summary(
            name, spread([t.speed for t in takes]), ratios(slowness[name], first), spread([t.first for t in takes]),
            spread([t.gap for t in takes]), spread([t.stall for t in takes]),
        )
        for name, takes in made.items()
    ]


def patterns(engine: Engine, names: Sequence[str], seconds: float, rounds: int) -> list[Summary]:
    """A take with each pattern, ``rounds`` times over."""
    return _rounds({name: lambda number, name=name: take(engine, seconds, number, name) for name in names}, rounds)


def durations(engine: Engine, lengths: Sequence[float], rounds: int) -> list[Summary]:
    """A take of each length, ``rounds`` times over."""
    return _rounds({f"{s:g} s": lambda number, s=s: take(engine, s, number) for s in lengths}, rounds)


def _rounds(kinds: dict[str, Callable[[int], Take]], rounds: int) -> list[Summary]:
    made: dict[str, list[Take]] = {name: [] for name in kinds}
    for number in range(rounds):
        for name, make in kinds.items():
            made[name].append(make(number))
    return rows(made)


def load(engine: Engine, clients: Sequence[int], seconds: float, rounds: int) -> list[Summary]:
    """So many takes at once, ``rounds`` times over; ``speed`` is that of all together, the rest each one's own."""
    together: dict[int, list[float]] = {number: [] for number in clients}
    each: dict[int, list[Take]] = {number: [] for number in clients}
    for seed in range(rounds):
        for number in clients:
            made = _at_once(engine, number, seconds, seed)
            together[number].append(number * seconds / max(t.total for t in made))  # they began together
            each[number] += made
    slowness = {number: [1 / speed for speed in speeds] for number, speeds in together.items()}
    return [
        Summary(
            str(number), spread(together[number]), ratios(slowness[number], slowness[clients[0]]),
            spread([t.first for t in each[number]]), spread([t.gap for t in each[number]]),
            spread([t.stall for t in each[number]]),
        )
        for number in clients
    ]


def _at_once(engine: Engine, clients: int, seconds: float, seed: int) -> list[Take]:
    made: list[Take] = []
    ready = threading.Barrier(clients)

    def ask(number: int) -> None:
        ready.wait()
        made.append(take(engine, seconds, 100 * seed + number))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return made


def batches(lm: LM, sizes: Sequence[int], steps: int, rounds: int) -> list[Steps]:
    """So many requests side by side, a step of all."""
    stepper = Stepper(lm)
    return _stepping({f"{size} requests": lambda size=size: _run(stepper, size, steps) for size in sizes}, rounds)


def thread_counts(lm: LM, counts: Sequence[int], steps: int, rounds: int) -> list[Steps]:
    """One request, with so many threads."""
    stepper, before = Stepper(lm), torch.get_num_threads()

    def run(count: int) -> float:
        torch.set_num_threads(count)
        return _run(stepper, 1, steps)

    try:
        return _stepping({f"{count} threads": lambda count=count: run(count) for count in counts}, rounds)
    finally:
        torch.set_num_threads(before)


def _stepping(kinds: dict[str, Callable[[], float]], rounds: int) -> list[Steps]:
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, run in kinds.items():
            seconds[name].append(run())
    first = next(iter(seconds.values()))
    return [Steps(name, spread([1e3 * s for s in taken]), ratios(taken, first)) for name, taken in seconds.items()]


def _run(stepper: Stepper, requests: int, steps: int) -> float:
    """Seconds of a step of all, after a few to warm up."""
    config, warm = stepper.network.config, 3
    text = torch.randn(1, 12, config.text_dim, generator=torch.Generator().manual_seed(1))
    row = Conditions(text, torch.ones(1, 12, dtype=torch.bool))
    order, frames = get_pattern("delay", config.codebooks), steps + warm
    tracks = [stepper.open(Window(row, order, frames)) for _ in range(requests)]
    for _ in range(warm):
        _advance(stepper, tracks)
    began = time.perf_counter()
    for _ in range(steps):
        _advance(stepper, tracks)
    return (time.perf_counter() - began) / steps


def _advance(stepper: Stepper, tracks: list) -> None:
    failed = stepper.advance(tracks)
    if failed:
        raise next(iter(failed.values()))
