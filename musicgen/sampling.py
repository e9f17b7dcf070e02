"""From logits to codes: guidance, temperature, top-k, top-p, and the draw. Pure functions.

Knows nothing of models or patterns. The draw is the exponential race: with q ~ Exp(1) for each code,
``argmax(p / q)`` falls on a code with probability p. The noise q comes from the request's own generator on the CPU,
so a seed means the same noise alone or in a batch, on any device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

MAX_GUIDANCE = 20.0
MAX_PRIOR = 10.0  # times that a frame prior's log-odds may count
LEAST_TEMPERATURE = 1e-4  # below it the likeliest code is all but certain, and logits divided by it may be no numbers


@dataclass(frozen=True)
class SamplingParams:
    """How codes are drawn; raises ``ValueError`` with a sentence when a value makes no sense."""

    temperature: float = 1.0  # 0 is greedy
    top_k: int = 250  # draw among the k likeliest codes; 0: all
    top_p: float = 0.0  # above 0: replaces top_k, draw among the fewest codes of this mass
    greedy: bool = False  # always the likeliest code
    codebook_temperatures: tuple[float, ...] = ()  # multiply the temperature, one factor a codebook; empty: 1 for all

    @property
    def draws(self) -> bool:
        """Whether it needs noise; else the likeliest code is taken."""
        return not (self.greedy or self.temperature < LEAST_TEMPERATURE)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(f"The temperature must be a number from 0 up, not {self.temperature}; 1 is usual.")
        if self.top_k < 0 or self.top_k != int(self.top_k):
            raise ValueError(f"Top-k must be a whole number from 0 up, not {self.top_k}; 0 switches it off.")
        if not 0 <= self.top_p <= 1:
            raise ValueError(f"Top-p must lie between 0 and 1, not {self.top_p}; 0 switches it off.")
        if not all(math.isfinite(factor) and factor > 0 for factor in self.codebook_temperatures):
            raise ValueError("Every codebook's temperature factor must be a number above 0.")


def guide(conditional: Tensor, unconditional: Tensor, scale: float | Tensor) -> Tensor:
    """Classifier-free guidance (paper 2.4) on logits: away from ``unconditional``, by ``scale``; 1 changes nothing."""
    return unconditional + (conditional - unconditional) * scale


def mix(logits: Tensor, scale: float, bias: Tensor | None) -> Tensor:
    """The logits [K, V] that codes are drawn from: of one step's [1, K, V] or, told and without, [2, K, V], which are
    guided; ``bias [K, V]`` is added then."""
    mixed = guide(logits[0], logits[1], scale) if len(logits) == 2 else logits[0]
    return mixed if bias is None else mixed + bias


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Logits [..., V] with all but the k largest at -inf (equals of the k-th stay); 0 keeps all."""
    if not 0 < k < logits.shape[-1]:
        return logits
    least = logits.topk(k, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < least, -math.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Logits [..., V] with all at -inf but the fewest codes whose mass reaches ``p``, the likeliest always kept."""
    ordered, order = logits.sort(dim=-1, descending=True, stable=True)
    mass = ordered.softmax(dim=-1)
    before = mass.cumsum(dim=-1) - mass
    drop = before >= p
    drop[..., 0] = False
    return logits.masked_fill(drop.scatter(-1, order, drop), -math.inf)


def draw_noise(generator: torch.Generator, codebooks: int, codebook_size: int) -> Tensor:
    """The noise of one step, q ~ Exp(1), float32 [K, V] on the CPU."""
    return torch.empty(codebooks, codebook_size).exponential_(1.0, generator=generator)


def sample(logits: Tensor, params: SamplingParams, noise: Tensor | None) -> Tensor:
    """Logits [..., K, V] and noise of the same shape (None will do for greedy) -> codes [..., K]."""
    logits = logits.float()
    if not params.draws:
        return logits.argmax(dim=-1)
    if noise is None:
        raise ValueError("Sampling needs noise; only greedy decoding goes without.")
    temperature: float | Tensor = params.temperature
    if params.codebook_temperatures:
        if len(params.codebook_temperatures) != logits.shape[-2]:
            given = len(params.codebook_temperatures)
            raise ValueError(f"{given} codebook temperatures were given for {logits.shape[-2]} codebooks.")
        temperature = params.temperature * logits.new_tensor(params.codebook_temperatures)[:, None]  # [K, 1]
    logits = logits / temperature
    logits = keep_top_p(logits, params.top_p) if params.top_p > 0 else keep_top_k(logits, params.top_k)
    # A noise of exactly 0 would make 0 / 0 of a code that was filtered out.
    return (logits.softmax(dim=-1) / noise.to(logits).clamp(min=1e-30)).argmax(dim=-1)


def sample_each(
    logits: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor, greedy: Tensor, noise: Tensor
) -> Tensor:
    """``sample`` for N requests at once, each with settings of its own, held in tensors: [N, K, V] -> codes [N, K].

    ``temperature [N, K, 1]`` above 0; ``top_k [N, 1, 1]`` from 1 to V; ``top_p [N, 1, 1]``, 0 where top-k is to hold;
    ``greedy [N, 1]`` bool; ``noise [N, K, V]``. No value decides what is computed, so a CUDA graph can hold it.
    """
    likeliest = logits.argmax(dim=-1)
    ordered, order = (logits / temperature).sort(dim=-1, descending=True, stable=True)
    mass = ordered.softmax(dim=-1)
    beyond_p = mass.cumsum(dim=-1) - mass >= top_p
    beyond_k = ordered < ordered.gather(-1, (top_k - 1).expand(-1, logits.shape[1], -1))
    drop = torch.where(top_p > 0, beyond_p, beyond_k)
    drop[..., 0] = False
    probability = ordered.masked_fill(drop, -math.inf).softmax(dim=-1)
    first = (probability / noise.gather(-1, order).clamp(min=1e-30)).argmax(dim=-1, keepdim=True)
    return torch.where(greedy, likeliest, order.gather(-1, first)[..., 0])
