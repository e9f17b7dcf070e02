"""Milliseconds a step on a GPU, against the time that reading the weights once takes at the measured bandwidth."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch

from musicgen.batch import Batch
from musicgen.conditions import Conditions
from musicgen.config import LMConfig
from musicgen.decoding import Window
from musicgen.lm import LM
from musicgen.patterns import get_pattern

SIZES = {
    "small": LMConfig(),
    "medium": replace(LMConfig(), dim=1536, layers=48, heads=24, ffn_dim=6144),
    "large": replace(LMConfig(), dim=2048, layers=48, heads=32, ffn_dim=8192),
}


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
    """Bytes a second that a copy reads; it writes as many."""
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
    with torch.device(device):
        lm = LM(config).eval().requires_grad_(False).to(torch.bfloat16)
    batch = Batch(lm, requests, graphs=graph, attention=attention)
    seats = []
    for i in range(requests):
        text = torch.randn(1, 12, config.text_dim)
        row = Conditions(text, torch.ones(1, 12, dtype=torch.bool))
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
    weights = sum(p.numel() * p.element_size() for p in lm.transformer.parameters())
    share = weights / seconds / limit
    return Measured(size, requests, graph, attention, 1e3 * seconds, share, requests / seconds / 50)


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
