"""The limiter: turned down in time, never cut, and what is not too loud is left alone."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen.limiter import CEILING, REACH, Limiter


def limited(audio: torch.Tensor, *cuts: int) -> torch.Tensor:
    """All of ``audio`` [B, N], pushed in pieces that end at ``cuts``."""
    limiter, edges = Limiter(), [0, *sorted(cuts), audio.shape[1]]
    pieces = [limiter.push(audio[:, a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    return torch.cat([*pieces, limiter.finish()], -1)


def slow(audio: torch.Tensor) -> torch.Tensor:
    """The oracle for one row [N]: each sample's gain by its definition."""
    count = len(audio)
    allowed = [min(1.0, CEILING / max(abs(x), CEILING)) for x in audio.tolist()]

    def mean(values: dict[int, float], at: int) -> float:
        return sum(values[i] for i in range(at - REACH // 2, at + REACH // 2 + 1)) / (REACH + 1)

    far = range(-2 * REACH, count + 2 * REACH)
    least = {i: min(allowed[max(0, i - REACH) : max(0, i + REACH + 1)], default=1.0) for i in far}
    once = {i: mean(least, i) for i in range(-REACH, count + REACH)}
    return torch.tensor([x * mean(once, i) for i, x in enumerate(audio.tolist())])


def loud(seed: int, rows: int = 2, samples: int = 3000, gain: float = 2.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    swell = torch.linspace(0, 1, samples).square()
    return gain * swell * (2 * torch.rand(rows, samples, generator=generator) - 1)


@settings(max_examples=40)
@given(st.integers(0, 99), st.lists(st.integers(0, 3000), max_size=5), st.floats(0.1, 30))
def test_nothing_is_too_loud_whatever_the_pieces(seed: int, cuts: list[int], gain: float) -> None:
    audio = loud(seed, gain=gain)
    out = limited(audio, *cuts)
    assert out.shape == audio.shape and out.abs().max() <= CEILING
    assert torch.equal(out, limited(audio)), "chunks change no bit"
    assert torch.equal(out[:1], limited(audio[:1])), "nor does company"


def test_it_is_what_its_definition_says() -> None:
    audio = loud(3, rows=1, samples=2200)
    assert torch.allclose(limited(audio)[0], slow(audio[0]), atol=1e-6)


@settings(max_examples=20)
@given(st.integers(0, 99))
def test_what_is_soft_enough_comes_back_as_it_was(seed: int) -> None:
    audio = loud(seed, gain=CEILING)
    assert torch.equal(limited(audio, 700), audio)


def test_one_peak_turns_its_surroundings_down_and_nothing_farther_off() -> None:
    audio = torch.full((1, 4000), 0.5)
    audio[0, 2000] = 4 * CEILING
    gain = (limited(audio) / audio)[0]
    assert gain[2000] == pytest.approx(0.25, abs=1e-5)
    assert torch.equal(gain[: 2000 - 2 * REACH], torch.ones(2000 - 2 * REACH))
    assert torch.equal(gain[2000 + 2 * REACH + 1 :], torch.ones(4000 - 2001 - 2 * REACH))
    assert bool((gain[:2001].diff() <= 1e-6).all()) and bool((gain[2000:].diff() >= -1e-6).all())
    assert gain.diff().abs().max() < 0.005, "a gain that jumps is heard"


def test_a_loud_tone_stays_a_tone() -> None:
    """Bending its peaks would add a third harmonic."""
    time = torch.arange(32_000) / 32_000
    tone = 2 * torch.sin(2 * math.pi * 200 * time)[None]
    spectrum = torch.fft.rfft(limited(tone)[0, 8000:24_000] * torch.hann_window(16_000)).abs()
    assert spectrum[300] < 1e-4 * spectrum[100]


def test_nothing_in_nothing_out() -> None:
    assert Limiter().finish().shape == (1, 0)
    assert limited(torch.zeros(2, 5)).shape == (2, 5)
