"""Sampling: what is kept, how often it is drawn, and that a seed fixes it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from musicgen.sampling import SamplingParams, draw_noise, guide, keep_top_k, keep_top_p, sample

logit_rows = st.lists(st.floats(-8, 8, width=32), min_size=2, max_size=30).map(lambda row: torch.tensor([row]))


def kept(logits: torch.Tensor) -> list[int]:
    return torch.isfinite(logits[0]).nonzero().flatten().tolist()


@given(logit_rows, st.integers(1, 40))
def test_top_k_keeps_the_k_largest(logits, k):
    chosen = kept(keep_top_k(logits, k))
    ordered = logits[0].sort(descending=True).values
    assert len(chosen) >= min(k, logits.shape[1])
    assert all(logits[0, i] >= ordered[min(k, len(ordered)) - 1] for i in chosen)


def test_top_k_of_one_keeps_one():
    assert kept(keep_top_k(torch.tensor([[0.0, 3.0, 1.0]]), 1)) == [1]


@given(logit_rows, st.floats(0.01, 0.99))
def test_top_p_keeps_the_fewest_codes_of_that_mass(logits, p):
    chosen = kept(keep_top_p(logits, p))
    mass = logits[0].double().softmax(0)
    ordered = mass.sort(descending=True).values
    enough = int((ordered.cumsum(0) < p - 1e-5).sum()) + 1  # how many of the likeliest reach p, rounding aside
    least = int((ordered.cumsum(0) < p + 1e-5).sum()) + 1
    assert enough <= len(chosen) <= least
    assert mass[chosen].sum() >= ordered[: len(chosen)].sum() - 1e-5


def test_filters_by_hand():
    logits = torch.tensor([[0.5, 0.1, 0.3, 0.1]]).log()
    assert kept(keep_top_p(logits, 0.5)) == [0]
    assert kept(keep_top_p(logits, 0.6)) == [0, 2]
    assert kept(keep_top_p(logits, 1.0)) == [0, 1, 2, 3]
    assert kept(keep_top_k(logits, 2)) == [0, 2]
    assert kept(keep_top_k(logits, 0)) == [0, 1, 2, 3]


def test_guidance():
    cond, uncond = torch.randn(3, 5), torch.randn(3, 5)
    torch.testing.assert_close(guide(cond, uncond, 1.0), cond)
    torch.testing.assert_close(guide(cond, uncond, 0.0), uncond)
    torch.testing.assert_close(guide(cond, uncond, 3.0), 3 * cond - 2 * uncond)


def draw(logits: torch.Tensor, params: SamplingParams, count: int, seed: int = 0) -> torch.Tensor:
    """``count`` draws from logits [V], as frequencies [V]."""
    generator = torch.Generator().manual_seed(seed)
    codes = sample(logits.expand(count, -1), params, draw_noise(generator, count, len(logits)))
    return torch.bincount(codes, minlength=len(logits)) / count


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_race_draws_with_the_probabilities_of_the_softmax(temperature):
    logits = torch.tensor([0.0, 1.0, 2.0, -1.0])
    count = 40_000
    frequency = draw(logits, SamplingParams(temperature=temperature, top_k=0), count)
    expected = (logits / temperature).softmax(0)
    assert ((frequency - expected).abs() < 5 * (expected * (1 - expected) / count).sqrt()).all()


def test_only_what_is_kept_is_drawn_and_top_p_replaces_top_k():
    logits = torch.tensor([0.5, 0.1, 0.3, 0.1]).log()
    assert (draw(logits, SamplingParams(top_k=2), 5_000) > 0).tolist() == [True, False, True, False]
    assert (draw(logits, SamplingParams(top_k=1, top_p=0.6), 5_000) > 0).tolist() == [True, False, True, False]


def test_a_noise_of_zero_draws_nothing_that_was_filtered_out():
    logits = torch.tensor([[5.0, 0.0, 4.0]])
    assert sample(logits, SamplingParams(top_k=1), torch.tensor([[1.0, 0.0, 1.0]])).tolist() == [0]


def test_greedy_and_temperature_zero_take_the_likeliest():
    logits = torch.randn(3, 4, 10)
    assert torch.equal(sample(logits, SamplingParams(greedy=True), None), logits.argmax(-1))
    assert torch.equal(sample(logits, SamplingParams(temperature=0.0), None), logits.argmax(-1))


@pytest.mark.parametrize("temperature", [1e-40, 1e-20, 1e-5])
def test_a_temperature_too_small_to_divide_by_takes_the_likeliest(temperature):
    logits, noise = 9 * torch.randn(3, 4, 10), torch.rand(3, 4, 10)
    for values in ({}, {"top_p": 0.9}, {"codebook_temperatures": (0.5, 1.0, 1.0, 2.0)}):
        assert torch.equal(sample(logits, SamplingParams(temperature, **values), noise), logits.argmax(-1))


def test_codebook_temperatures_multiply_the_temperature():
    logits, noise = torch.randn(2, 50), draw_noise(torch.Generator().manual_seed(3), 2, 50)
    got = sample(logits, SamplingParams(temperature=0.8, codebook_temperatures=(1.0, 0.5)), noise)
    assert got[0] == sample(logits, SamplingParams(temperature=0.8), noise)[0]
    assert got[1] == sample(logits, SamplingParams(temperature=0.4), noise)[1]
    with pytest.raises(ValueError, match="3 codebook temperatures were given for 2"):
        sample(logits, SamplingParams(codebook_temperatures=(1.0, 1.0, 1.0)), noise)


def test_a_seed_fixes_the_noise():
    first, again = (draw_noise(torch.Generator().manual_seed(5), 4, 64) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, draw_noise(torch.Generator().manual_seed(6), 4, 64))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"temperature": -0.1}, "temperature"), ({"temperature": math.nan}, "temperature"),
        ({"temperature": math.inf}, "temperature"), ({"top_k": -1}, "Top-k"), ({"top_k": 2.5}, "Top-k"),
        ({"top_p": 1.5}, "Top-p"), ({"top_p": -0.5}, "Top-p"), ({"top_p": math.nan}, "Top-p"),
        ({"codebook_temperatures": (1.0, 0.0)}, "factor"),
    ],
)
def test_values_that_make_no_sense_are_refused_in_words(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        SamplingParams(**values)
