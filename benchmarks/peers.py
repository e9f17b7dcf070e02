"""Our stepper against transformers' ``generate``: the same random weights of the small model's shape, in one process.

Both decode greedily with guidance 3, after a prompt of given codes; the first steps are thrown away. Rounds go
A B C D, A B C D, so that whatever else the machine does hits all alike.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from benchmarks.machine import Spread, spread
from musicgen.compat import guard_torchaudio
from musicgen.conditions import Conditions
from musicgen.config import LMConfig
from musicgen.decoding import Window
from musicgen.lm import LM
from musicgen.patterns import get_pattern
from musicgen.sampling import SamplingParams
from musicgen.stepper import Stepper
from musicgen.weights import lm_state_from_transformers

SKIP = 3  # steps at the start: they warm up


@dataclass(frozen=True)
class Compared:
    """What one engine took."""

    engine: str
    context: int
    milliseconds: Spread  # a step
    ratio: Spread  # how many times as fast as transformers in float32, round by round
    equal: str  # share of greedy tokens that are those of transformers in float32


def compare(config: LMConfig, contexts: tuple[int, ...], steps: int, rounds: int) -> list[Compared]:
    """Transformers and ours, float32 and bfloat16, after each context, ``rounds`` times."""
    theirs = _transformers(config)
    ours = LM(config).eval().requires_grad_(False)
    ours.load_state_dict(lm_state_from_transformers(theirs.state_dict(), config.layers))
    engines: dict[str, Any] = {
        "transformers float32": theirs,
        "ours float32": Stepper(ours),
        "transformers bfloat16": _copy(theirs, config),
        "ours bfloat16": Stepper(_halved(ours, config)),
    }
    text = torch.randn(1, 12, config.text_dim, generator=torch.Generator().manual_seed(1))
    out: list[Compared] = []
    for context in contexts:
        generator = torch.Generator().manual_seed(context)
        prompt = torch.randint(config.codebook_size, (config.codebooks, context), generator=generator)
        times: dict[str, list[float]] = {name: [] for name in engines}
        tokens: dict[str, Tensor] = {}
        for _ in range(rounds):
            for name, engine in engines.items():
                run = _run_ours if isinstance(engine, Stepper) else _run_theirs
                seconds, tokens[name] = run(engine, text, prompt, steps)
                times[name].append(1e3 * statistics.median(seconds[SKIP:]))
        reference = times["transformers float32"]
        for name in engines:
            same = (tokens[name] == tokens["transformers float32"]).float().mean()
            ratio = spread([a / b for a, b in zip(reference, times[name], strict=True)])
            out.append(Compared(name, context, spread(times[name]), ratio, f"{float(same):.3f}"))
    return out


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


def _copy(theirs: Any, config: LMConfig) -> Any:
    model = _transformers(config)
    model.load_state_dict(theirs.state_dict())
    return model.to(torch.bfloat16)


def _halved(ours: LM, config: LMConfig) -> LM:
    lm = LM(config).eval().requires_grad_(False).to(torch.bfloat16)
    lm.load_state_dict(ours.state_dict())
    return lm


def _run_theirs(model: Any, text: Tensor, prompt: Tensor, steps: int) -> tuple[list[float], Tensor]:
    """Seconds of each step, and the codes [K, steps] after the prompt."""
    from transformers import LogitsProcessor, LogitsProcessorList
    from transformers.modeling_outputs import BaseModelOutput

    marks: list[float] = []
    codes: list[Tensor] = []

    class Mark(LogitsProcessor):
        def __call__(self, ids: Tensor, scores: Tensor) -> Tensor:
            marks.append(time.perf_counter())
            return scores

    def keep(audio_codes: Tensor, **_: Any) -> SimpleNamespace:  # generate ends in the codec, which is not timed
        codes.append(audio_codes[0])
        return SimpleNamespace(audio_values=torch.zeros(audio_codes.shape[1], 1, 1))

    # generate(encoder_outputs=...) would drop the null row, so the encoder itself gives way.
    state = text.to(model.dtype)
    model.text_encoder.forward = lambda input_ids=None, attention_mask=None, **_: BaseModelOutput(
        last_hidden_state=state
    )
    model.audio_encoder.decode = keep
    ones = torch.ones(text.shape[:2], dtype=torch.long)
    given = {"decoder_input_ids": prompt} if prompt.shape[1] else {}
    model.generate(
        input_ids=ones, attention_mask=ones, do_sample=False, guidance_scale=3.0,
        max_new_tokens=steps + prompt.shape[0] - 1, logits_processor=LogitsProcessorList([Mark()]), **given,
    )
    seconds = [b - a for a, b in zip(marks, marks[1:], strict=False)][:steps]
    return seconds, codes[0][0][:, prompt.shape[1] : prompt.shape[1] + steps]


def _run_ours(stepper: Stepper, text: Tensor, prompt: Tensor, steps: int) -> tuple[list[float], Tensor]:
    """The same of ours."""
    frames, books = prompt.shape[1] + steps, prompt.shape[0]
    conditions = Conditions(text, torch.ones(text.shape[:2], dtype=torch.bool))
    pattern = get_pattern("delay", books)
    window = Window(conditions, pattern, frames, prompt=prompt, params=SamplingParams(greedy=True), guidance=3.0)
    track = stepper.open(window)
    made, seconds = track.take(), []
    while not track.done:
        began = time.perf_counter()
        failed = stepper.advance([track])
        new = track.take()
        if failed:
            raise failed[track]
        if new:
            seconds.append(time.perf_counter() - began)
            made += new
    sequence = torch.stack([tokens for _, tokens in made], dim=-1)
    return seconds[1:], pattern.layout(frames).revert(sequence[None])[0][:, prompt.shape[1] :]
