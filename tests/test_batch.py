"""The batch of slots, beyond being equal to the loop: what a slot leaves behind, and what a step spares the device."""

from __future__ import annotations

import gc
import math
import weakref

import pytest
import torch
from test_stepper import CONFIGS, LMS, conditions, pattern, tokens

from musicgen import batch as module
from musicgen.batch import Batch
from musicgen.decoding import Window, decode_steps
from musicgen.sampling import SamplingParams

GREEDY = SamplingParams(greedy=True)


def window(kind: str, seed: int, frames: int = 20, **values) -> Window:
    return Window(
        conditions(kind, seed, frames, 4), pattern("delay", CONFIGS[kind].codebooks), frames,
        generator=torch.Generator().manual_seed(seed), **values,
    )


@pytest.mark.parametrize("kind", CONFIGS)
def test_what_is_no_number_is_not_handed_on_to_the_next_in_a_slot(kind):
    batch = Batch(LMS[kind], slots=1)
    seat = batch.open(window(kind, 0, 200))
    with torch.inference_mode():
        for name in ("keys", "values", "text_keys", "text_values"):
            batch._state[name].fill_(math.nan)
    seat.close()
    seat = batch.open(window(kind, 1, params=GREEDY))
    while not seat.done:
        assert not batch.advance([seat])
    assert torch.equal(tokens(seat.take()), tokens(decode_steps(LMS[kind], window(kind, 1, params=GREEDY))))


def test_a_batch_that_nobody_needs_is_gone_at_once():
    """Its model's weights lie on a device that the next model may need."""
    batch = Batch(LMS["text"], slots=1)
    seat = batch.open(window("text", 0))
    assert not batch.advance([seat])
    seat.close()
    gone = weakref.ref(batch)
    gc.disable()
    try:
        del batch, seat
        assert gone() is None
    finally:
        gc.enable()


def test_a_longer_prompt_is_not_read_back_in_more_copies(monkeypatch):
    """From a device each copy waits for everything before it."""
    copies: list[torch.Size] = []
    to_host = torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: copies.append(tensor.shape) or to_host(tensor))
    counts = []
    for given in (10, 50):
        prompt = torch.randint(32, (4, given), generator=torch.Generator().manual_seed(0))
        seat = Batch(LMS["text"], slots=1).open(window("text", 0, 60, prompt=prompt))
        assert seat.made > given
        counts.append(len(copies))
        copies.clear()
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("kind", ["text", "melody"])
def test_what_a_step_may_see_is_worked_out_once_for_all_layers(kind, monkeypatch):
    batch = Batch(LMS[kind], slots=2, steps_at_once=1)
    given: list[tuple[int, int, torch.dtype]] = []
    attend = batch._attention

    def noting(query, keys, values, bias):
        given.append((keys.shape[2], bias.data_ptr(), bias.dtype))
        return attend(query, keys, values, bias)

    monkeypatch.setattr(batch, "_attention", noting)
    assert not batch.advance([batch.open(window(kind, 0))])
    text = CONFIGS[kind].cross_attention
    assert len(given) == CONFIGS[kind].layers * (2 if text else 1)
    assert len(set(given)) == (2 if text else 1), "one for the positions, one for the text"
    assert {dtype for _, _, dtype in given} == {batch.network.dtype}


def test_noise_is_drawn_while_the_device_makes_the_steps_before(monkeypatch):
    batch, order = Batch(LMS["text"], slots=2, steps_at_once=4), []
    seats = [batch.open(window("text", seed, 13)) for seed in (1, 2)]  # 16 steps, the first of them made
    draw, program = module.draw_noise, batch.replay._program
    monkeypatch.setattr(module, "draw_noise", lambda *values: order.append("noise") or draw(*values))
    monkeypatch.setattr(batch.replay, "_program", lambda *shape: order.append("step") or program(*shape))
    rounds = [(4, 8), (4, 8), (4, 6), (3, 0)]  # steps, and then the noise of the next ones, for both
    for steps, ahead in rounds:
        first = ["noise"] * 8 if seats[0].made == 1 else []
        assert not batch.advance(seats)
        assert order == first + ["step"] * steps + ["noise"] * ahead
        order.clear()
    for seat in seats:
        assert seat.done and len(seat.take()) == 16
