"""A take's scores again: its codes are read once more along its pattern, told what was told then, and without.

What is read is known, so that all steps are scored in one pass, in pieces. Only one window of a take is read at once,
and of it no more than ``MOST_BYTES`` of scores. Knows nothing of the page, of files, or of what is drawn of it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from musicgen import threads
from musicgen.conditions import Conditions
from musicgen.engine import MAX_DURATION, Span, spans_of
from musicgen.errors import ModelUnavailable
from musicgen.memory import free_bytes, in_words, said_in_words
from musicgen.model import Model
from musicgen.patterns import Layout, get_pattern
from musicgen.preparation import prepare
from musicgen.request import GenerationRequest, resolve, sampling_params
from musicgen.sampling import SamplingParams
from musicgen.stepper import PIECE, track_bytes
from musicgen.telling import conditions, odds

MOST_BYTES = 2**25  # of the language model's scores: 20 s of the bundled one, 10 s of the released ones, stereo 5 s
TOLD, WITHOUT = 0, 1


@dataclass(frozen=True)
class Scores:
    """The scores of T frames of a take, from frame ``start`` on: drawn in one window."""

    logits: np.ndarray  # float32 [T, K, 2, V]: with what the model was told, and without
    codes: np.ndarray  # int [K, T]: what was drawn
    steps: np.ndarray  # int [T, K]: the step of the pattern, from 0, that drew it
    start: int  # frames before the first of these
    params: SamplingParams  # with which the take was drawn
    guidance: float
    odds: np.ndarray | None = None  # float32 [T, K, V]: a prior's log-odds, in none of the logits
    prior: float = 0.0  # so many times they were added to them, once guided

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The factors of the temperature, one a codebook."""
        return self.params.codebook_temperatures or (1.0,) * self.logits.shape[1]


def scores(model: Model, request: GenerationRequest, codes: np.ndarray, since: float = 0.0) -> Scores:
    """The scores of a take: ``codes`` int [K, T'] that ``model`` made of ``request``, its audio included.

    Those drawn in the window that made second ``since``, from there on. The take may have been stopped. Raises
    ``ValueError`` when the codes are not the model's or none were drawn so late, ``ModelUnavailable`` when the memory
    does not suffice.
    """
    reading = read(model, request, codes, since)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            return end.value


def read(
    model: Model, request: GenerationRequest, codes: np.ndarray, since: float = 0.0
) -> Generator[float, None, Scores]:
    """``scores``, told piece by piece how far it is: the share done, 0 to 1."""
    config = model.config.lm
    resolved = resolve(request, model.config, MAX_DURATION)
    assert resolved.pattern is not None and resolved.guidance is not None and resolved.prior is not None
    if codes.shape[0] != config.codebooks or codes.size and not 0 <= codes.min() <= codes.max() < config.codebook_size:
        raise ValueError("These codes are not of this model: its codebooks are others.")
    threads.settle()  # as the engine does: it is to prepare what the take was made from, bit for bit
    with said_in_words("looking inside the take"):
        prepared = prepare(model, resolved)
        pattern = get_pattern(resolved.pattern, config.codebooks)
        first = round(max(since, 0.0) * model.codec.frame_rate)
        spans = spans_of(model, prepared, pattern)
        span = next((span for span in spans if first < span.start + span.frames), spans[-1])
        layout = pattern.layout(span.frames)
        known = _known(codes, span, config.codebooks)
        frames = _readable(known, layout)
        most = MOST_BYTES // (config.codebooks * 2 * config.codebook_size * 4)
        begin = max(span.known, first - span.start)
        chosen = range(begin, min(frames, begin + most))
        if not chosen:
            if begin > span.known:
                raise ValueError("The take does not go that far; look inside it from an earlier second on.")
            raise ValueError("Too little of this take was made to look inside; make a longer one.")
        row, against = conditions(model, prepared, resolved.negative_prompt, span.start, span.frames)
        rows = Conditions.cat([row, row.null() if against is None else against])
        logits = np.zeros((len(chosen), config.codebooks, 2, config.codebook_size), np.float32)
        yield from _forward(model, rows, layout, known, chosen, logits)
        leaning = odds(model, row)
    return Scores(
        logits,
        known[:, chosen.start : chosen.stop].numpy(),
        layout.step_of[chosen.start : chosen.stop].numpy(),
        span.start + begin,
        sampling_params(resolved, model.config),
        resolved.guidance,
        None if leaning is None else leaning[chosen.start : chosen.stop].numpy(),
        resolved.prior,
    )


def divergence(logits: np.ndarray) -> np.ndarray:
    """How far what was told moved each prediction: logits [T, K, 2, V] -> [K, T], nats (Kullback and Leibler)."""
    out = np.zeros(logits.shape[1::-1], np.float32)
    for k in range(len(out)):  # a codebook at a time, for all of them would be as large again several times
        told, without = torch.from_numpy(logits[:, k]).log_softmax(-1).unbind(1)
        out[k] = (told.exp() * (told - without)).sum(-1).clamp(min=0).numpy()
    return out


def _known(codes: np.ndarray, span: Span, codebooks: int) -> Tensor:
    """The window's codes [K, T]; -1 where a take that was stopped has none."""
    known = torch.full((codebooks, span.frames), -1)
    there = torch.from_numpy(codes[:, span.start : span.start + span.frames].astype(np.int64))
    known[:, : there.shape[1]] = there
    return known


def _readable(known: Tensor, layout: Layout) -> int:
    """The frames that are known, and all that was read before each of their codes was drawn, too.

    In a take that was stopped the last ones are not: finer codes were drawn after coarser ones of later frames.
    """
    sequence = layout.interleave(known[None], 0)[0]  # [K, S]
    missing = (sequence < 0).any(0).nonzero()
    last = int(missing[0]) if len(missing) else layout.steps  # reads what the step before it holds, no further
    whole = (known >= 0).all(0) & (layout.step_of <= last).all(1)
    return int(whole.long().cumprod(0).sum())


def _forward(
    model: Model, rows: Conditions, layout: Layout, known: Tensor, chosen: range, out: np.ndarray
) -> Generator[float, None, None]:
    """Fill ``out`` [T, K, 2, V] with the logits of the ``chosen`` frames."""
    lm = model.lm
    steps = 1 + int(layout.step_of[chosen.start : chosen.stop].max())
    _check_memory(model, steps, out.nbytes)
    inputs = layout.inputs(known.clamp(min=0)[None], lm.config.special)[..., :steps].to(lm.device)
    told = layout.features[:steps].to(lm.device)
    with torch.inference_mode():
        rows = rows.to(lm.device)
        aligned = None if rows.aligned is None else rows.aligned[:, layout.step_frame[:steps].to(lm.device)]
        prepared = lm.prepare(rows)
        cache = lm.new_cache(prepared, steps)
    team = threads.worth(sum(weight.numel() * weight.element_size() for weight in lm.matrices))
    for start in range(0, steps, PIECE):
        end = min(start + PIECE, steps)
        features = None if aligned is None else aligned[:, start:end]
        with threads.only(team), torch.inference_mode():  # others decode meanwhile
            piece = inputs[..., start:end].expand(2, -1, -1)
            logits = lm(piece, prepared, features, cache, told[start:end]).float().cpu().numpy()  # [2, K, n, V]
        frame_of = layout.frame_of[start:end].numpy()  # [n, K]
        for i, k in zip(*np.nonzero((frame_of >= chosen.start) & (frame_of < chosen.stop)), strict=True):
            out[frame_of[i, k] - chosen.start, k] = logits[:, k, i]
        yield end / steps


def _check_memory(model: Model, steps: int, held: int) -> None:
    prefix = model.config.lm.melody_frames if model.config.lm.melody_bins else 0
    needed, free = track_bytes(model.lm, prefix + steps) + 2 * held, free_bytes(model.device)
    if free is not None and needed > free:
        raise ModelUnavailable(
            f"To look inside the take needs {in_words(needed)} of memory, but only {in_words(free)} are free; try "
            "again when others are done."
        )
