"""The decoding loop: equal to the slowest way of writing it, whatever the pattern, the prompt, the company."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen.conditions import Conditions
from musicgen.config import LMConfig
from musicgen.decoding import Window, decode, decode_steps
from musicgen.lm import LM
from musicgen.patterns import PATTERN_NAMES, get_pattern
from musicgen.sampling import SamplingParams, draw_noise, guide, sample

CONFIG = LMConfig(codebooks=4, codebook_size=32, dim=64, layers=2, heads=2, ffn_dim=128, text_dim=24, aligned_dim=7)
MELODY = replace(CONFIG, cross_attention=False, melody_bins=12, melody_frames=9, aligned_dim=0)
FRAMES = 8


def make(config: LMConfig) -> LM:
    lm = LM(config).eval()
    lm.init_weights(2)
    with torch.no_grad():
        for parameter in lm.parameters():
            if parameter.dim() > 1:
                parameter.mul_(6)
        if lm.pattern_proj is not None:
            lm.pattern_proj.weight.mul_(10)  # beside the embeddings it would hardly turn a choice
    return lm


LMS = {
    "pocket": make(CONFIG), "melody": make(MELODY), "told": make(replace(CONFIG, told_pattern=True)),
    "told melody": make(replace(MELODY, told_pattern=True)),
}


def conditions(seed: int = 0, length: int = 4, frames: int = FRAMES, kind: str = "pocket") -> Conditions:
    generator = torch.Generator().manual_seed(seed)
    text = torch.randn(1, length, 24, generator=generator)
    mask = torch.ones(1, length, dtype=torch.bool)
    if kind.endswith("melody"):
        melody = torch.nn.functional.one_hot(torch.randint(12, (1, 9), generator=generator), 12).float()
        return Conditions(text, mask, melody=melody)
    return Conditions(text, mask, aligned=torch.randn(1, frames, 7, generator=generator))


def window(pattern: str = "delay", seed: int = 0, kind: str = "pocket", **values) -> Window:
    frames = values.pop("frames", FRAMES)
    given = values.pop("conditions", conditions(seed, frames=frames, kind=kind))
    return Window(given, get_pattern(pattern, 4), frames, generator=torch.Generator().manual_seed(seed), **values)


def prompt(frames: int) -> torch.Tensor:
    return torch.randint(32, (4, frames), generator=torch.Generator().manual_seed(9))


def decode_slowly(lm: LM, w: Window) -> torch.Tensor:
    """The oracle: no cache, the whole sequence again at every step, one coordinate at a time."""
    codes = torch.full((4, w.frames), -1)
    if w.prompt is not None:
        codes[:, : w.prompt.shape[1]] = w.prompt
    steps = w.pattern.steps(w.frames)
    sequence = torch.full((1, 4, 1), 32)  # P_0
    drawing = False
    for s, step in enumerate(steps):
        drawing = drawing or any(codes[k, t] < 0 for t, k in step)
        tokens = None
        if drawing:
            layout = w.pattern.layout(w.frames)
            frame = layout.step_frame[: s + 1]
            rows = [w.conditions]
            if w.guidance != 1.0:
                rows.append(w.against if w.against is not None else w.conditions.null())
            logits = []
            for row in rows:
                features = None if row.aligned is None else row.aligned[:, frame]
                with torch.no_grad():
                    logits.append(lm(sequence, row, features, None, layout.features[: s + 1])[0, :, -1])
            mixed = guide(logits[0], logits[1], w.guidance) if len(logits) == 2 else logits[0]
            noise = None if w.params.greedy else draw_noise(w.generator, 4, 32)
            tokens = sample(mixed, w.params, noise)
        held = torch.full((1, 4, 1), 32)
        for t, k in step:
            if codes[k, t] < 0:
                codes[k, t] = tokens[k]
            held[0, k, 0] = codes[k, t]
        sequence = torch.cat([sequence, held], dim=2)
    return codes


@settings(max_examples=40)
@given(
    st.sampled_from([*PATTERN_NAMES, "0,3,1,1", "2|1,3|4", "0,12,0,1"]), st.integers(0, FRAMES), st.integers(1, FRAMES),
    st.sampled_from([1.0, 3.0]), st.booleans(), st.sampled_from(list(LMS)),
)
def test_the_loop_equals_the_slow_one(pattern, given_frames, frames, guidance, greedy, kind):
    values = dict(
        frames=frames, prompt=prompt(min(given_frames, frames)), guidance=guidance, kind=kind,
        params=SamplingParams(greedy=greedy, top_k=10),
    )
    expected = decode_slowly(LMS[kind], window(pattern, **values))
    assert torch.equal(decode(LMS[kind], window(pattern, **values)), expected)


@pytest.mark.parametrize("pattern", PATTERN_NAMES)
@pytest.mark.parametrize("length", [0, 1, 5, FRAMES])
def test_the_prompt_is_never_overwritten(pattern, length):
    codes = decode(LMS["pocket"], window(pattern, prompt=prompt(length)))
    assert codes.shape == (4, FRAMES) and 0 <= codes.min() and codes.max() < 32
    assert torch.equal(codes[:, :length], prompt(length))


def test_each_step_comes_in_order_and_holds_special_tokens_outside_the_pattern():
    w = window("delay", prompt=prompt(3))
    layout = w.pattern.layout(FRAMES)
    steps = list(decode_steps(LMS["pocket"], w))
    assert [s for s, _ in steps] == list(range(layout.steps))
    sequence = torch.stack([tokens for _, tokens in steps], dim=-1)
    assert torch.equal(sequence == 32, layout.frame_of.T < 0)


def test_a_seed_gives_the_same_codes_and_another_seed_others():
    lm = LMS["pocket"]
    base = replace(window(), generator=torch.Generator().manual_seed(5))
    again = replace(base, generator=torch.Generator().manual_seed(5))
    other = replace(base, generator=torch.Generator().manual_seed(6))
    codes = decode(lm, base)
    assert torch.equal(decode(lm, again), codes)
    assert not torch.equal(decode(lm, other), codes)


@pytest.mark.parametrize("name", [*PATTERN_NAMES, "0,3,1,1", "2|1,3|4"])
def test_what_a_model_is_told_of_its_pattern_reaches_it(name):
    values = dict(kind="told", params=SamplingParams(greedy=True), prompt=prompt(2))
    codes = decode(LMS["told"], window(name, **values))
    assert torch.equal(codes, decode_slowly(LMS["told"], window(name, **values)))
    deaf = make(replace(CONFIG, told_pattern=True))
    with torch.no_grad():
        deaf.pattern_proj.weight.zero_()
    assert not torch.equal(codes, decode(deaf, window(name, **values)))


@pytest.mark.parametrize("kind", LMS)
def test_company_changes_nothing(kind):
    lm = LMS[kind]
    many = [
        dict(seed=1, conditions=conditions(1, 3, kind=kind)),
        dict(seed=2, conditions=conditions(2, 7, kind=kind), prompt=prompt(5)),
        dict(seed=3, conditions=conditions(3, 5, kind=kind, frames=3), frames=3, guidance=1.0),
    ]
    got: list[list[torch.Tensor]] = [[], [], []]
    for steps in zip_longest(*[decode_steps(lm, window(kind=kind, **dict(values))) for values in many]):
        for mine, step in zip(got, steps, strict=True):
            if step is not None:
                assert step[0] == len(mine)
                mine.append(step[1])
    for values, mine in zip(many, got, strict=True):
        alone = [tokens for _, tokens in decode_steps(lm, window(kind=kind, **dict(values)))]
        assert torch.equal(torch.stack(mine), torch.stack(alone))


def test_a_negative_prompt_takes_the_place_of_the_null_row():
    lm = LMS["pocket"]
    greedy = SamplingParams(greedy=True)
    plain = decode(lm, window(params=greedy))
    null = decode(lm, window(params=greedy, against=conditions().null()))
    negative = decode(lm, window(params=greedy, against=conditions(seed=8, length=2)))
    assert torch.equal(plain, null)
    assert not torch.equal(plain, negative)
    # Led away from itself, whatever the scale, a condition is as good as unguided.
    itself = decode(lm, window(params=greedy, against=conditions()))
    assert torch.equal(itself, decode(lm, window(params=greedy, guidance=1.0)))


def test_closing_stops_the_model_at_once():
    lm = LMS["pocket"]
    calls = 0

    def count(*_):
        nonlocal calls
        calls += 1

    handle = lm.register_forward_hook(count)
    steps = decode_steps(lm, window())
    next(steps), next(steps)
    steps.close()
    handle.remove()
    assert calls == 2
    assert next(steps, None) is None


def test_a_whole_prompt_costs_nothing():
    lm = LMS["pocket"]
    handle = lm.register_forward_hook(lambda *_: pytest.fail("the model was run"))
    codes = decode(lm, window(prompt=prompt(FRAMES)))
    handle.remove()
    assert torch.equal(codes, prompt(FRAMES))


def test_the_caller_keeps_its_gradients():
    # The loop pauses inside the model's no-gradient block; what the caller does between steps must not be in it.
    for _ in decode_steps(LMS["pocket"], window()):
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"prompt": prompt(9)}, "prompt must be"),
        ({"prompt": prompt(2)[:2]}, "prompt must be"),
        ({"prompt": torch.full((4, 2), 32)}, "between 0 and 31"),
        ({"conditions": conditions(frames=5)}, "cover 5 frames, but the window has 8"),
        ({"conditions": Conditions.cat([conditions(), conditions()])}, "one row"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_first_step(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        decode_steps(LMS["pocket"], window(**values))


def test_a_pattern_of_another_model_is_refused():
    with pytest.raises(ValueError, match="made for 8 codebooks"):
        decode_steps(LMS["pocket"], replace(window(), pattern=get_pattern("delay", 8)))
