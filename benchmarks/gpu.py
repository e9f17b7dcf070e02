"""A GPU: milliseconds a step against what reading the weights once takes, against transformers, and the first sound.

Random weights of the released shapes: they take as long as trained ones.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from benchmarks import peers, takes
from musicgen.batch import Batch
from musicgen.codec import EncodecCodec
from musicgen.conditioners import Conditioner
from musicgen.conditions import Conditions
from musicgen.config import KNOWN_MODELS, EncodecConfig, LMConfig, ModelConfig, released
from musicgen.decoding import Window
from musicgen.engine import Engine
from musicgen.lm import LM
from musicgen.model import Model
from musicgen.patterns import get_pattern

SIZES = {name: released(KNOWN_MODELS[name]).lm for name in ("small", "medium", "large")}
REQUESTS = (1, 4, 8, 16)


@dataclass(frozen=True)
class Measured:
    """One size of model with so many requests at once."""

    size: str
    requests: int
    graph: bool
    attention: str
    milliseconds: float  # a step of all
    share: float  # of the bandwidth, weights alone counted
    speed: float  # seconds of sound a second, all together


def bandwidth(device: str) -> float:
    """Bytes a second that a copy moves: reads and writes counted."""
    source = torch.empty(2**30 if device == "cuda" else 2**24, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    _wait(device)
    began = time.perf_counter()
    for _ in range(10):
        target.copy_(source)
    _wait(device)
    return 10 * 2 * source.numel() / (time.perf_counter() - began)


def measure(
    size: str, config: LMConfig, requests: int, graph: bool, attention: str, limit: float, device: str = "cuda",
    steps: int = 96,
) -> Measured:  # fmt: skip
    """Random bfloat16 weights; ``steps`` steps after as many to warm up, at 50 steps a second of sound."""
    lm = _random_lm(config, device)
    batch = Batch(lm, requests, graphs=graph, attention=attention)
    seats = []
    for i in range(requests):
        row = Conditions(torch.randn(1, 12, config.text_dim), torch.ones(1, 12, dtype=torch.bool))
        order = get_pattern("delay", config.codebooks)
        seats.append(batch.open(Window(row, order, 2 * steps + 32, generator=torch.Generator().manual_seed(i))))

    def run(count: int) -> float:
        _wait(device)
        began = time.perf_counter()
        for _ in range(count // batch.steps_at_once):
            failed = batch.advance(seats)
            if failed:
                raise next(iter(failed.values()))
        _wait(device)
        return (time.perf_counter() - began) / (count // batch.steps_at_once * batch.steps_at_once)

    run(steps)
    seconds = run(steps)
    read = [*lm.transformer.parameters(), lm.heads.weight]
    share = sum(p.numel() * p.element_size() for p in read) / seconds / limit
    return Measured(size, requests, graph, attention, 1e3 * seconds, share, requests / seconds / 50)


def whole_takes(size: str, config: LMConfig, seconds: float, rounds: int, device: str = "cuda") -> takes.Summary:
    """Takes through the whole engine, EnCodec at its real size: speed, first sound, gaps."""
    codec = EncodecCodec(EncodecConfig(codebook_size=config.codebook_size)).to(device)
    if device == "cuda":
        codec.decode_in(torch.float16)
    engine = Engine(Model(
        ModelConfig(f"random {size}", codec.config, config, "noise"), _random_lm(config, device), codec,
        Conditioner(takes.Noise(config.text_dim)),
    ))  # fmt: skip
    takes.take(engine, min(2.0, seconds), 99)  # the first one captures its graphs
    return takes.rows({size: [takes.take(engine, seconds, number) for number in range(rounds)]})[0]


def against_transformers(config: LMConfig, rounds: int, device: str = "cuda", steps: int = 48) -> list[peers.Compared]:
    """One request, in bfloat16."""
    return peers.compare(peers.on_gpu(config, device), config, (0,), steps, rounds)


def _random_lm(config: LMConfig, device: str) -> LM:
    with torch.device(device):
        return LM(config).eval().requires_grad_(False).to(torch.bfloat16)


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
