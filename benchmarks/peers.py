"""Our engine against transformers' ``generate``: the same random weights of a released model's shape, in one process.

Both decode greedily with guidance 3, after a prompt of given codes; the first steps are thrown away. Rounds go
A B C, A B C, so that whatever else the machine does hits all alike.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from benchmarks.machine import Spread, ratios, spread
from musicgen.batch import Batch
from musicgen.compat import guard_torchaudio
from musicgen.conditions import Conditions
from musicgen.config import LMConfig
from musicgen.decoding import Window
from musicgen.lm import LM
from musicgen.matrices import round_to_grid
from musicgen.patterns import get_pattern
from musicgen.sampling import SamplingParams
from musicgen.stepper import Stepper
from musicgen.weights import lm_state_from_transformers

SKIP = 3  # steps at the start: they warm up

# An engine: text [1, L, D], prompt [K, T0], steps -> seconds of each step, codes [K, steps].
Run = Callable[[Tensor, Tensor, int], tuple[list[float], Tensor]]


@dataclass(frozen=True)
class Compared:
    """What one engine took."""

    engine: str
    context: int  # steps before those that were measured
    milliseconds: Spread  # a step
    ratio: Spread  # how many times as fast as the first engine, round by round
    equal: str  # share of greedy tokens that are those of the first engine


def on_cpu(config: LMConfig) -> dict[str, Run]:
    """Transformers and ours, in float32 and in bfloat16; and ours in eight bits, which transformers has not."""
    theirs, ours = _pair(config, torch.device("cpu"))
    rounded = copy.deepcopy(ours)
    round_to_grid(rounded.matrices)
    halved = _pair(config, torch.device("cpu"), torch.bfloat16)
    return {
        "transformers float32": lambda *asked: _run_theirs(theirs, *asked),
        "ours float32": _ours(Stepper(ours)),
        "transformers bfloat16": lambda *asked: _run_theirs(halved[0], *asked),
        "ours bfloat16": _ours(Stepper(halved[1])),
        "ours int8": _ours(Stepper(rounded)),
    }


def on_gpu(config: LMConfig, device: str = "cuda", dtype: torch.dtype = torch.bfloat16) -> dict[str, Run]:
    """Transformers as it comes and with its static cache (not compiled), and ours."""
    theirs, ours = _pair(config, torch.device(device), dtype)
    static = {"cache_implementation": "static", "disable_compile": True}
    return {
        "transformers, eager": lambda *asked: _run_theirs(theirs, *asked),
        "transformers, static cache": lambda *asked: _run_theirs(theirs, *asked, **static),
        "ours": _ours(Batch(ours, 1, steps_at_once=1)),
    }


def compare(engines: dict[str, Run], config: LMConfig, contexts: tuple[int, ...], steps: int, rounds: int,
            middle: Callable[[list[float]], float] = statistics.median) -> list[Compared]:  # fmt: skip
    """Every engine after each context, ``rounds`` times; the first of them is what the others are compared with."""
    text = torch.randn(1, 12, config.text_dim, generator=torch.Generator().manual_seed(1))
    out: list[Compared] = []
    for context in contexts:
        generator = torch.Generator().manual_seed(context)
        prompt = torch.randint(config.codebook_size, (config.codebooks, context), generator=generator)
        times: dict[str, list[float]] = {name: [] for name in engines}
        tokens: dict[str, Tensor] = {}
        for _ in range(rounds):
            for name, run in engines.items():
                seconds, tokens[name] = run(text, prompt, steps)
                times[name].append(1e3 * middle(seconds[SKIP:]))
        first = next(iter(engines))
        for name in engines:
            same = (tokens[name] == tokens[first]).float().mean()
            ratio = ratios(times[first], times[name])
            out.append(Compared(name, context, spread(times[name]), ratio, f"{float(same):.3f}"))
    return out


def takes(rows: list[Compared], steps: int) -> list[tuple[str, Spread, Spread]]:
    """What a take of so many steps costs: seconds, and how many times as fast as the first engine.

    From the steps at the two contexts measured: what a step costs grows by the same with every step before it.
    """
    seconds: dict[str, list[float]] = {}
    for name in dict.fromkeys(row.engine for row in rows):
        near, far = sorted((row for row in rows if row.engine == name), key=lambda row: row.context)
        middle = (steps / 2 - near.context) / (far.context - near.context)
        pairs = zip(near.milliseconds.values, far.milliseconds.values, strict=True)
        seconds[name] = [steps * (a + middle * (b - a)) / 1e3 for a, b in pairs]
    first = next(iter(seconds.values()))
    return [(name, spread(taken), ratios(first, taken)) for name, taken in seconds.items()]


def _pair(config: LMConfig, device: torch.device, dtype: torch.dtype = torch.float32) -> tuple[Any, LM]:
    """Their model and ours with the same weights, the same at every call."""
    theirs = _transformers(config)
    ours = LM(config).eval().requires_grad_(False)
    ours.load_state_dict(lm_state_from_transformers(theirs.state_dict(), config.layers))
    return theirs.to(device, dtype), ours.to(device, dtype)


def _transformers(config: LMConfig) -> Any:
    guard_torchaudio()
    import transformers as tf

    small = config.codebook_size
    codec = tf.EncodecConfig(
        sampling_rate=32_000, target_bandwidths=[2.2], codebook_size=small, num_filters=2, hidden_size=8,
        upsampling_ratios=[8, 5, 4, 4], num_lstm_layers=1,
    )
    text = tf.T5Config(vocab_size=40, d_model=config.text_dim, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    decoder = tf.MusicgenDecoderConfig(
        vocab_size=small, num_hidden_layers=config.layers, hidden_size=config.dim, ffn_dim=config.ffn_dim,
        num_attention_heads=config.heads, num_codebooks=config.codebooks, pad_token_id=small, bos_token_id=small,
        activation_function="gelu", max_position_embeddings=4096,
    )
    torch.manual_seed(0)
    model = tf.MusicgenForConditionalGeneration(
        tf.MusicgenConfig(text_encoder=text.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict())
    )
    return model.eval().requires_grad_(False)


def _run_theirs(model: Any, text: Tensor, prompt: Tensor, steps: int, **more: Any) -> tuple[list[float], Tensor]:
    """Seconds of each step, and the codes [K, steps] after the prompt."""
    from transformers import LogitsProcessor, LogitsProcessorList
    from transformers.modeling_outputs import BaseModelOutput

    marks: list[float] = []
    codes: list[Tensor] = []

    class Mark(LogitsProcessor):
        def __call__(self, ids: Tensor, scores: Tensor) -> Tensor:
            _wait(model.device)
            marks.append(time.perf_counter())
            return scores

    def keep(audio_codes: Tensor, **_: Any) -> SimpleNamespace:  # generate ends in the codec, which is not timed
        codes.append(audio_codes[0].cpu())
        return SimpleNamespace(audio_values=torch.zeros(audio_codes.shape[1], 1, 1))

    # generate(encoder_outputs=...) would drop the null row, so the encoder itself gives way.
    state = text.to(model.device, model.dtype)
    model.text_encoder.forward = lambda input_ids=None, attention_mask=None, **_: BaseModelOutput(
        last_hidden_state=state
    )
    model.audio_encoder.decode = keep
    ones = torch.ones(text.shape[:2], dtype=torch.long, device=model.device)
    given = {"decoder_input_ids": prompt.to(model.device)} if prompt.shape[1] else {}
    model.generate(
        input_ids=ones, attention_mask=ones, do_sample=False, guidance_scale=3.0,
        max_new_tokens=steps + prompt.shape[0] - 1, logits_processor=LogitsProcessorList([Mark()]), **given, **more,
    )
    seconds = [b - a for a, b in zip(marks, marks[1:], strict=False)][:steps]
    return seconds, codes[0][0][:, prompt.shape[1] : prompt.shape[1] + steps]


def _ours(stepper: Stepper | Batch) -> Run:
    """The same of ours."""
    device = stepper.network.lm.device

    def run(text: Tensor, prompt: Tensor, steps: int) -> tuple[list[float], Tensor]:
        frames, books = prompt.shape[1] + steps, prompt.shape[0]
        conditions = Conditions(text, torch.ones(text.shape[:2], dtype=torch.bool))
        pattern = get_pattern("delay", books)
        window = Window(conditions, pattern, frames, prompt=prompt, params=SamplingParams(greedy=True), guidance=3.0)
        course = stepper.open(window)
        made, seconds = course.take(), []
        while not course.done:
            began = time.perf_counter()
            failed: dict[Any, Exception] = dict(stepper.advance([course]))  # type: ignore[list-item]
            new = course.take()
            _wait(device)
            if failed:
                raise next(iter(failed.values()))
            if new:
                seconds.append(time.perf_counter() - began)
                made += new
        course.close()
        sequence = torch.stack([tokens.cpu() for _, tokens in made], dim=-1)
        return seconds[1:], pattern.layout(frames).revert(sequence[None])[0][:, prompt.shape[1] :]

    return run


def tiny(config: LMConfig | None = None) -> LMConfig:
    """A shape to try everything with; nothing to measure."""
    return replace(config or LMConfig(), layers=2, dim=128, heads=2, ffn_dim=256, text_dim=48, codebook_size=64)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
