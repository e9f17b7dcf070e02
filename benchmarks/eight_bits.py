"""The gate for weights of eight bits, read as bytes: ``python -m benchmarks.eight_bits``.

Over the bundled model's own takes of at least twenty prompts, what is said at every step by matrices that are read as
bytes (``matrices.Bytes``) is compared with what float32 says: the Kullback-Leibler divergence of the guided logits, in
nats a code. It must stay below ``BOUND`` on average and below twice that for every prompt, and a step must be faster.
bfloat16 stands beside it. Where a chip reads no bytes quickly, the third form is float32, too.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.machine import Spread, ratios, spread, table
from benchmarks.takes import bundled
from musicgen.decoding import Window, decode_steps
from musicgen.engine import GenerationRequest, window_generator
from musicgen.lm import LM
from musicgen.matrices import as_it_is, round_to_grid
from musicgen.model import Model
from musicgen.patterns import get_pattern
from musicgen.preparation import prepare
from musicgen.request import resolve, sampling_params
from musicgen.sampling import guide
from musicgen.stepper import Stepper, Track
from musicgen.telling import conditions

BOUND = 0.01  # nats a code, on average
SECONDS = 1.5  # of each prompt's take
PROMPTS = (
    "lo-fi hip hop, mellow electric piano, 80 bpm", "calm piano in C major", "energetic rock with distorted guitar",
    "slow jazz waltz with brushes", "acoustic folk guitar in G", "happy ukulele, 120 bpm", "dark ambient pads",
    "funk with slap bass and clavinet", "string quartet in D minor", "solo flute, no drums", "house, four on the floor",
    "country with banjo, 100 bpm", "blues in E with organ", "bossa nova with nylon guitar", "marching brass band",
    "gentle lullaby on celesta", "reggae with offbeat guitar", "epic orchestra, 90 bpm", "techno, 130 bpm",
    "church organ in A minor", "latin percussion and piano", "soul ballad with electric piano", "punk, 180 bpm",
    "trip hop, slow and dark",
)  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """How one form of the weights does."""

    form: str
    mean: float  # nats a code
    worst: float  # the prompt with the largest mean
    same: float  # share of codes whose likeliest value is the same
    milliseconds: Spread  # a step
    speed: Spread  # times as fast as float32, round by round

    @property
    def passes(self) -> bool:
        """Whether it may be used: true enough, and worth it."""
        return self.mean <= BOUND and self.worst <= 2 * BOUND and self.speed.median > 1.05


def on_the_grid(lm: LM) -> LM:
    """A copy whose matrices are rounded to eight bits a row, as `pocket` is shipped."""
    copied = copy.deepcopy(lm)
    round_to_grid(copied.matrices)
    return copied


def window_of(model: Model, prompt: str, seconds: float, seed: int) -> Window:
    """The first window of a take, as the engine makes it."""
    request = resolve(GenerationRequest(prompt, duration=seconds, seed=seed), model.config, seconds)
    prepared = prepare(model, request)
    row, _ = conditions(model, prepared, "", 0, prepared.frames)
    assert request.guidance is not None and request.pattern is not None
    return Window(
        row, get_pattern(request.pattern, model.config.lm.codebooks), prepared.frames,
        params=sampling_params(request, model.config), guidance=request.guidance, generator=window_generator(seed, 0),
    )  # fmt: skip


@torch.inference_mode()
def heard(stepper: Stepper, window: Window, tokens: Tensor) -> tuple[Tensor, float]:
    """What ``stepper`` says of each step while it is fed ``tokens [S, K]``: log probabilities [S - 1, K, V] after
    guidance (the first step is the prompt's, made by other means), and the seconds a step takes."""
    said: list[Tensor] = []
    logits = stepper.network.logits

    def noted(*arguments: object) -> Tensor:
        said.append(out := logits(*arguments))  # type: ignore[arg-type]
        return out

    stepper.network.logits = noted  # type: ignore[method-assign]
    track: Track = stepper.open(window)
    seconds = 0.0
    try:
        for held in tokens:
            began = time.perf_counter()
            failed = stepper.advance([track])
            seconds += time.perf_counter() - began
            if failed:
                raise failed[track]
            track._score.inputs[:, track._made] = held
    finally:
        del stepper.network.logits
    mixed = [guide(both[0], both[1], window.guidance) for both in said]
    return torch.stack(mixed).log_softmax(-1), seconds / len(tokens)


def gate(model: Model, prompts: Sequence[str], seconds: float, rounds: int) -> list[Gate]:
    """float32, bfloat16 and bytes over takes of ``prompts``; times are taken on the first one, form after form."""
    halved = copy.deepcopy(model.lm).to(torch.bfloat16)
    forms = {"float32": Stepper(model.lm, as_it_is), "bfloat16": Stepper(halved),
             "bytes": Stepper(on_the_grid(model.lm))}
    divergence: dict[str, list[float]] = {form: [] for form in forms}
    agree: dict[str, list[float]] = {form: [] for form in forms}
    for seed, prompt in enumerate(prompts):
        take = torch.stack([held for _, held in decode_steps(model.lm, window_of(model, prompt, seconds, seed))])
        predicted = (take[1:] != model.config.lm.special)[..., None]
        exact: Tensor | None = None
        for form, stepper in forms.items():
            told, _ = heard(stepper, window_of(model, prompt, seconds, seed), take)
            exact = told if exact is None else exact
            nats = (exact.exp() * (exact - told)).sum(-1, keepdim=True)[predicted]
            divergence[form].append(float(nats.mean()))
            agree[form].append(float((exact.argmax(-1) == told.argmax(-1))[predicted[..., 0]].float().mean()))
    window = window_of(model, prompts[0], seconds, 0)
    take = torch.stack([held for _, held in decode_steps(model.lm, window)])
    times: dict[str, list[float]] = {form: [] for form in forms}
    for _ in range(rounds):
        for form, stepper in forms.items():
            times[form].append(1e3 * heard(stepper, window_of(model, prompts[0], seconds, 0), take)[1])
    return [
        Gate(form, sum(nats) / len(nats), max(nats), sum(agree[form]) / len(nats), spread(times[form]),
             ratios(times["float32"], times[form]))
        for form, nats in divergence.items()
    ]  # fmt: skip


def in_words(rows: list[Gate], prompts: int) -> str:
    """The figures as a table, and the verdict."""
    head = ("weights", "nats a code", "worst prompt", "same likeliest code", "ms a step", "times as fast as float32")
    cells = [(r.form, f"{r.mean:.2g}", f"{r.worst:.2g}", f"{r.same:.3f}", r.milliseconds, r.speed) for r in rows]
    verdict = "pass" if rows[-1].passes else "do not pass"
    return (
        f"Divergence of the guided logits from float32 over {prompts} prompts. The gate: at most {BOUND} nats on "
        f"average, {2 * BOUND} for any prompt, and faster. Bytes {verdict}.\n\n{table(head, cells)}"
    )


def main() -> None:
    """Measure, and print it."""
    model, what = bundled()
    rows = gate(model, PROMPTS, SECONDS, 3)
    print(f"{what[0].upper()}{what[1:]}.\n\n{in_words(rows, len(PROMPTS))}")
    print(json.dumps({row.form: {"nats": row.mean, "worst": row.worst, "passes": row.passes} for row in rows}))


if __name__ == "__main__":
    main()
