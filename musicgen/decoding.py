"""Decoding one window of codes along a pattern: the simple loop, and the oracle of any faster one.

Knows nothing of audio, seconds or windows that follow each other; those belong to the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from musicgen.conditions import Conditions
from musicgen.lm import LM
from musicgen.patterns import Layout, Pattern
from musicgen.sampling import SamplingParams, draw_noise, mix, sample


@dataclass(frozen=True)
class Window:
    """What to decode: ``frames`` frames along ``pattern``, of which ``prompt`` gives the first.

    ``conditions`` is one row. ``against`` is the row that guidance leads away from: the null condition when None, or
    a negative prompt's. ``prompt [K, T0]`` is never overwritten. ``generator`` (CPU) makes the noise; without one the
    window is drawn from seed 0. ``bias [T, K, V]`` is added to the logits of each frame's codes once they are guided.
    """

    conditions: Conditions
    pattern: Pattern
    frames: int
    against: Conditions | None = None
    prompt: Tensor | None = None
    params: SamplingParams = field(default_factory=SamplingParams)
    guidance: float = 3.0
    generator: torch.Generator | None = None
    bias: Tensor | None = None


def decode_steps(lm: LM, window: Window) -> Iterator[tuple[int, Tensor]]:
    """Yield (s, tokens [K]) for every step s = 0 .. S-1 in order; the prompt's steps come first, at no cost.

    ``tokens`` holds the special token where the step has nothing of a codebook. Closing the iterator stops the model
    at once. Given the same window and device kind the tokens are the same, bit for bit.
    """
    layout = check_window(lm, window)
    return _steps(lm, window, layout)


def decode(lm: LM, window: Window) -> Tensor:
    """All codes of the window, [K, T]."""
    sequence = torch.stack([tokens for _, tokens in decode_steps(lm, window)], dim=-1)
    return window.pattern.layout(window.frames).revert(sequence[None])[0]


def check_window(lm: LM, window: Window) -> Layout:
    """The window's pattern laid out; raises ``ValueError`` with a sentence when the window does not fit ``lm``."""
    config, pattern = lm.config, window.pattern
    if pattern.codebooks != config.codebooks:
        raise ValueError(f"The pattern is made for {pattern.codebooks} codebooks, the model has {config.codebooks}.")
    for conditions in (window.conditions, window.against):
        if conditions is None:
            continue
        if conditions.rows != 1:
            raise ValueError(f"A window has one row of conditions, not {conditions.rows}.")
        if conditions.aligned is not None and conditions.aligned.shape[1] != window.frames:
            raise ValueError(
                f"The aligned features cover {conditions.aligned.shape[1]} frames, but the window has {window.frames}."
            )
    if window.bias is not None and window.bias.shape != (window.frames, config.codebooks, config.codebook_size):
        expected = [window.frames, config.codebooks, config.codebook_size]
        raise ValueError(f"The bias must be {expected}, but is {list(window.bias.shape)}.")
    if window.prompt is not None:
        if window.prompt.shape[0] != config.codebooks or window.prompt.shape[1] > window.frames:
            raise ValueError(
                f"The prompt must be [{config.codebooks}, at most {window.frames}], but is {list(window.prompt.shape)}."
            )
        if bool(((window.prompt < 0) | (window.prompt >= config.codebook_size)).any()):
            raise ValueError(f"The prompt's codes must lie between 0 and {config.codebook_size - 1}.")
    return pattern.layout(window.frames)


def _steps(lm: LM, window: Window, layout: Layout) -> Iterator[tuple[int, Tensor]]:
    config, special = lm.config, lm.config.special
    sequence, known = known_tokens(window, layout, config.codebooks, special)
    sequence, known = sequence.to(lm.device), known.to(lm.device)
    unknown_steps = (~known).any(0).nonzero()
    first = int(unknown_steps[0]) if len(unknown_steps) else layout.steps  # the first step with something to predict
    for step in range(first):
        yield step, sequence[:, step]
    if first == layout.steps:
        return

    conditions = window.conditions.to(lm.device)
    if window.guidance != 1.0:
        against = window.against.to(lm.device) if window.against is not None else conditions.null()
        conditions = Conditions.cat([conditions, against])
    rows = conditions.rows
    with torch.inference_mode():
        prepared = lm.prepare(conditions)
        cache = lm.new_cache(prepared, layout.steps)
        aligned = None if conditions.aligned is None else conditions.aligned[:, layout.step_frame.to(lm.device)]
    inputs = torch.cat([sequence.new_full((config.codebooks, 1), special), sequence], dim=1)  # inputs[:, s] is P_s
    bias = None if window.bias is None else by_step(window.bias, layout).to(lm.device)
    generator = window.generator if window.generator is not None else torch.Generator().manual_seed(0)
    draws = window.params.draws

    start = 0  # the first pass reads the whole prompt, every later one a single step
    for step in range(first, layout.steps):
        with torch.inference_mode():
            new = inputs[None, :, start : step + 1].expand(rows, -1, -1)
            features = None if aligned is None else aligned[:, start : step + 1]
            told = layout.features[start : step + 1]
            logits = lm(new, prepared, features, cache, told)[:, :, -1].float()  # [rows, K, V]
            logits = mix(logits, window.guidance, None if bias is None else bias[step])
            # Drawn for every codebook at every step, needed or not: the noise of a step depends on the seed alone.
            noise = draw_noise(generator, config.codebooks, config.codebook_size) if draws else None
            tokens = torch.where(known[:, step], sequence[:, step], sample(logits, window.params, noise))
            inputs[:, step + 1] = tokens
        start = step + 1
        yield step, tokens


def by_step(bias: Tensor, layout: Layout) -> Tensor:
    """What is added to the logits of frames [T, K, V], of the steps of a pattern: [S, K, V]."""
    frame_of = layout.frame_of.to(bias.device)
    codebook = torch.arange(bias.shape[1], device=bias.device)
    return bias[frame_of.clamp(min=0), codebook].masked_fill(frame_of[..., None] < 0, 0.0)


def known_tokens(window: Window, layout: Layout, codebooks: int, special: int) -> tuple[Tensor, Tensor]:
    """The prompt along the pattern: tokens [K, S], and which of them are given [K, S] (special tokens are)."""
    given = torch.full((codebooks, window.frames), -1)
    if window.prompt is not None:
        given[:, : window.prompt.shape[1]] = window.prompt.cpu()
    sequence = layout.interleave(given[None], special)[0]
    return sequence.clamp(min=0), sequence >= 0
