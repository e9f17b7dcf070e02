"""Patterns: every code once, in an order that never looks ahead; there and back again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from musicgen.patterns import (
    DESCRIPTIONS,
    PATTERN_NAMES,
    Pattern,
    feature_count,
    get_pattern,
)

SPECIAL = 99


@st.composite
def patterns(draw) -> Pattern:
    """Any named pattern, any delays, any groups, for 1 to 8 codebooks."""
    codebooks = draw(st.integers(1, 8))
    kind = draw(st.sampled_from(("name", "delays", "groups")))
    if kind == "name":
        names = [name for name in PATTERN_NAMES if codebooks % 2 == 0 or not name.startswith("stereo")]
        return get_pattern(draw(st.sampled_from(names)), codebooks)
    if kind == "delays":
        delays = draw(st.lists(st.integers(0, 12), min_size=codebooks, max_size=codebooks))
        delays[draw(st.integers(0, codebooks - 1))] = 0
        return get_pattern(",".join(map(str, delays)), codebooks)
    order = draw(st.permutations(range(1, codebooks + 1)))
    text = "".join(f"{'' if i == 0 else draw(st.sampled_from(',|'))}{k}" for i, k in enumerate(order))
    return get_pattern(text if "|" in text else "parallel", codebooks)


def check_steps(steps: Sequence[Sequence[tuple[int, int]]], frames: int, codebooks: int) -> None:
    """Raise ``ValueError`` unless ``steps`` is a valid pattern of ``codebooks`` over ``frames`` (paper 2.2)."""
    last = [-1] * codebooks
    seen: set[tuple[int, int]] = set()
    for s, step in enumerate(steps, start=1):
        here: set[int] = set()
        for t, k in step:
            if not (0 <= t < frames and 0 <= k < codebooks):
                raise ValueError(
                    f"Step {s} names frame {t} of codebook {k + 1}, but there are {frames} frames "
                    f"and {codebooks} codebooks."
                )
            if (t, k) in seen:
                raise ValueError(f"Frame {t} of codebook {k + 1} comes twice; each code is predicted once.")
            if k in here:
                raise ValueError(f"Step {s} holds two frames of codebook {k + 1}; a step holds at most one of each.")
            if t < last[k]:
                raise ValueError(f"Codebook {k + 1} goes back from frame {last[k]} to {t} at step {s}; time runs on.")
            seen.add((t, k))
            here.add(k)
            last[k] = t
    missing = sorted({(t, k) for t in range(frames) for k in range(codebooks)} - seen)
    if missing:
        t, k = missing[0]
        raise ValueError(f"Frame {t} of codebook {k + 1} is never predicted; every code must come once.")


def interleave_slowly(pattern: Pattern, codes: Tensor, special: int) -> Tensor:
    """The oracle: the definition, one coordinate at a time."""
    steps = pattern.steps(codes.shape[2])
    out = torch.full((codes.shape[0], codes.shape[1], len(steps)), special)
    for s, step in enumerate(steps):
        for t, k in step:
            out[:, k, s] = codes[:, k, t]
    return out


def revert_slowly(pattern: Pattern, sequence: Tensor, frames: int) -> Tensor:
    out = torch.full((*sequence.shape[:2], frames, *sequence.shape[3:]), -1.0).to(sequence.dtype)
    for s, step in enumerate(pattern.steps(frames)):
        for t, k in step:
            out[:, k, t] = sequence[:, k, s]
    return out


@settings(max_examples=200)
@given(patterns(), st.integers(1, 20))
def test_every_pattern_is_valid_and_goes_there_and_back(pattern: Pattern, frames: int):
    steps, layout = pattern.steps(frames), pattern.layout(frames)
    check_steps(steps, frames, pattern.codebooks)  # once each, one per codebook and step, time runs forward
    assert sum(map(len, steps)) == frames * pattern.codebooks
    assert len(steps) == layout.steps == pattern.step_count(frames)
    codes = torch.randint(0, 90, (2, pattern.codebooks, frames))
    sequence = layout.interleave(codes, SPECIAL)
    assert torch.equal(sequence, interleave_slowly(pattern, codes, SPECIAL))
    assert torch.equal(layout.revert(sequence), codes)
    logits = torch.randn(2, pattern.codebooks, layout.steps, 3)
    assert torch.equal(layout.revert_logits(logits), revert_slowly(pattern, logits, frames))


@settings(max_examples=100)
@given(patterns(), st.integers(1, 15), st.data())
def test_the_input_at_a_step_knows_only_earlier_steps(pattern: Pattern, frames: int, data):
    layout = pattern.layout(frames)
    codes = torch.zeros(1, pattern.codebooks, frames, dtype=torch.long)
    t, k = data.draw(st.integers(0, frames - 1)), data.draw(st.integers(0, pattern.codebooks - 1))
    changed = codes.clone()
    changed[0, k, t] = 1
    differs = (layout.inputs(codes, SPECIAL) != layout.inputs(changed, SPECIAL)).any(1)[0].nonzero().flatten().tolist()
    after = int(layout.step_of[t, k]) + 1
    assert differs == ([after] if after < layout.steps else [])
    assert (layout.inputs(codes, SPECIAL)[:, :, 0] == SPECIAL).all()


@settings(max_examples=100)
@given(patterns(), st.integers(1, 15))
def test_the_lowest_codebook_of_a_step_says_which_frame_steers_it(pattern: Pattern, frames: int):
    latest = 0
    for step, frame in zip(pattern.steps(frames), pattern.layout(frames).step_frame.tolist(), strict=True):
        latest = min(step, key=lambda coordinate: coordinate[1])[0] if step else latest
        assert frame == latest


@settings(max_examples=100)
@given(patterns(), st.integers(2, 15))
def test_streams_means_that_earlier_frames_do_not_wait_for_the_length(pattern: Pattern, frames: int):
    same = torch.equal(pattern.layout(frames).step_of, pattern.layout(frames + 5).step_of[:frames])
    assert pattern.streams == same


@settings(max_examples=100)
@given(patterns(), st.integers(1, 40), st.integers(1, 120))
def test_the_longest_stretch_is_the_last_that_fits(pattern: Pattern, frames: int, steps: int):
    fitting = [t for t in range(1, frames + 1) if pattern.step_count(t) <= steps]
    assert pattern.longest(frames, steps) == max(fitting, default=1)


@settings(max_examples=100)
@given(patterns())
def test_exact_means_one_code_a_step(pattern: Pattern):
    assert pattern.exact == all(len(step) <= 1 for step in pattern.steps(30))


def features_slowly(pattern: Pattern, frames: int) -> list[list[float]]:
    """The oracle: what is told of each step, one coordinate at a time."""
    rows, latest, steering = [], -1, 0
    for step in pattern.steps(frames):
        frame_of = {k: t for t, k in step}
        latest = max(latest, *frame_of.values()) if step else latest
        steering = frame_of[min(frame_of)] if step else steering
        held = [float(k in frame_of) for k in range(pattern.codebooks)]
        lag = [min(latest - frame_of.get(k, latest), 4) / 4 for k in range(pattern.codebooks)]
        angles = [steering / 10_000 ** (i / 15) for i in range(16)]
        rows.append([*held, *lag, *map(math.cos, angles), *map(math.sin, angles)])
    return rows


@settings(max_examples=100)
@given(patterns(), st.integers(1, 15))
def test_what_is_told_of_a_step_against_its_definition(pattern: Pattern, frames: int):
    features = pattern.layout(frames).features
    assert features.shape == (pattern.step_count(frames), feature_count(pattern.codebooks))
    torch.testing.assert_close(features, torch.tensor(features_slowly(pattern, frames)), atol=1e-5, rtol=0)


@settings(max_examples=100)
@given(patterns(), st.integers(1, 15))
def test_what_is_told_of_the_steps_so_far_tells_any_two_patterns_apart(pattern: Pattern, frames: int):
    layout = pattern.layout(frames)
    held = layout.features[:, : pattern.codebooks].long()
    assert torch.equal(torch.where(held > 0, held.cumsum(0) - 1, -1), layout.frame_of)


@settings(max_examples=100)
@given(patterns(), st.integers(1, 15))
def test_what_is_told_of_a_step_knows_nothing_of_later_ones(pattern: Pattern, frames: int):
    short, long = pattern.layout(frames), pattern.layout(frames + 5)
    same = (short.frame_of == long.frame_of[: short.steps]).all(1).int().cumprod(0).bool()
    assert same[0] and torch.equal(short.features[same], long.features[: short.steps][same])


def test_what_is_told_by_hand():
    delay = get_pattern("delay", 3).layout(2).features
    assert delay[:, :6].tolist() == [
        [1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0.25, 0], [0, 1, 1, 0, 0, 0.25], [0, 0, 1, 0, 0, 0]
    ]
    coarse = get_pattern("coarse_first", 2).layout(6).features
    assert coarse[:, :4].tolist() == [[1, 0, 0, 0]] * 6 + [[0, 1, 0, lag] for lag in (1, 1, 0.75, 0.5, 0.25, 0)]
    # Frame 3, met twice: waves from 2 pi frames (an angle of 3) to 10,000 times as long.
    assert torch.equal(coarse[3, 4:], coarse[9, 4:]) and coarse.shape[1] == 4 + 32
    got = coarse[3, [4, 19, 20, 35]].tolist()
    assert got == pytest.approx([math.cos(3), math.cos(3e-4), math.sin(3), math.sin(3e-4)], abs=1e-6)


def test_what_is_told_of_a_long_take_is_finite_and_between_minus_one_and_one():
    for name in PATTERN_NAMES:
        assert get_pattern(name, 8).layout(1500).features.abs().max() <= 1


@pytest.mark.parametrize(
    ("name", "codebooks", "steps"),
    [
        ("delay", 4, 1503), ("partial_delay", 4, 1501), ("parallel", 4, 1500), ("partial_flattening", 4, 3000),
        ("coarse_first", 4, 3000), ("flattening", 4, 6000), ("musiclm", 4, 6000), ("stereo_delay", 8, 1507),
        ("stereo_partial_delay", 8, 1503),
    ],
)
def test_step_counts_of_the_paper(name, codebooks, steps):
    assert get_pattern(name, codebooks).step_count(1500) == steps


def test_the_delay_pattern_by_hand():
    codes = torch.tensor([[[1, 2, 3], [11, 12, 13], [21, 22, 23]]])
    x = SPECIAL
    expected = torch.tensor([[[1, 2, 3, x, x], [x, 11, 12, 13, x], [x, x, 21, 22, 23]]])
    layout = get_pattern("delay", 3).layout(3)
    assert torch.equal(layout.interleave(codes, SPECIAL), expected)
    assert torch.equal(layout.inputs(codes, SPECIAL)[0, 0], torch.tensor([x, 1, 2, 3, x]))
    assert layout.step_frame.tolist() == [0, 1, 2, 2, 2]


def test_the_delay_pattern_of_one_frame_is_a_diagonal():
    assert get_pattern("delay", 4).steps(1) == [[(0, 0)], [(0, 1)], [(0, 2)], [(0, 3)]]


def test_other_patterns_by_hand():
    assert get_pattern("coarse-first", 3).steps(2) == [[(0, 0)], [(1, 0)], [(0, 1), (0, 2)], [(1, 1), (1, 2)]]
    assert get_pattern("partial flattening", 3).steps(2) == [[(0, 0)], [(0, 1), (0, 2)], [(1, 0)], [(1, 1), (1, 2)]]
    assert get_pattern("musiclm", 4).steps(2) == [
        [(0, 0)], [(0, 1)], [(1, 0)], [(1, 1)], [(0, 2)], [(0, 3)], [(1, 2)], [(1, 3)]
    ]
    assert get_pattern("stereo_partial_delay", 4).steps(2) == [
        [(0, 0), (0, 1)], [(1, 0), (1, 1), (0, 2), (0, 3)], [(1, 2), (1, 3)]
    ]
    assert get_pattern("2|1,3", 3).steps(2) == [[(0, 1)], [(0, 0), (0, 2)], [(1, 1)], [(1, 0), (1, 2)]]


def test_short_texts_mean_what_the_names_mean():
    for text, name in (("0,1,2,3", "delay"), ("0, 1, 1, 1", "partial_delay"), ("0,0,0,0", "parallel"),
                       ("1|2,3,4", "partial_flattening"), ("1|2|3|4", "flattening")):
        assert get_pattern(text, 4).lines == get_pattern(name, 4).lines


def test_steps_that_hold_nothing_when_a_delay_is_longer_than_the_music():
    pattern = get_pattern("0,5", 2)
    assert pattern.steps(2) == [[(0, 0)], [(1, 0)], [], [], [], [(0, 1)], [(1, 1)]]
    assert pattern.layout(2).step_frame.tolist() == [0, 1, 1, 1, 1, 0, 1]


@pytest.mark.parametrize(
    ("text", "codebooks", "sentence"),
    [
        ("spiral", 4, "is not a pattern; choose one of delay"),
        ("", 4, "is not a pattern"),
        ("0,1,2", 4, "gives 3 delays, but the model has 4 codebooks"),
        ("0,1,-1,2", 4, "cannot be negative"),
        ("1,2,3,4", 4, "At least one delay must be 0"),
        ("0,1,2,99999999", 4, "at most 100 steps"),
        ("0,,1,2", 4, "not a list of whole numbers"),
        ("1|2,3", 4, "leaves out codebook 4"),
        ("1|2,2,3,4", 4, "names codebook 2 twice"),
        ("0|1,2,3", 4, "numbered 1 to 4"),
        ("1||2,3,4", 4, "not a list of whole numbers"),
        ("stereo_delay", 3, "even number of codebooks"),
        ("0," * 300, 4, "is not a pattern"),
        ("delay", 0, "at least one codebook"),
    ],
)
def test_what_is_wrong_is_said(text, codebooks, sentence):
    with pytest.raises(ValueError, match=sentence.replace("|", r"\|")):
        get_pattern(text, codebooks)


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ([[(0, 0)], [(0, 1)], [(0, 0)], [(1, 0), (1, 1)]], "comes twice"),
        ([[(0, 0), (1, 0)], [(0, 1)], [(1, 1)]], "holds two frames of codebook 1"),
        ([[(1, 0)], [(0, 0)], [(0, 1)], [(1, 1)]], "goes back from frame 1 to 0"),
        ([[(0, 0), (0, 1)], [(1, 0)]], "Frame 1 of codebook 2 is never predicted"),
        ([[(0, 0), (0, 1)], [(1, 0), (2, 1)]], "names frame 2"),
    ],
)
def test_a_broken_list_of_steps_says_which_rule_it_breaks(steps, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_steps(steps, frames=2, codebooks=2)


def test_wrong_shapes_are_refused():
    layout = get_pattern("delay", 4).layout(5)
    with pytest.raises(ValueError, match="4 codebooks over 5 frames"):
        layout.interleave(torch.zeros(1, 4, 6, dtype=torch.long), SPECIAL)
    with pytest.raises(ValueError, match="4 codebooks over 8 steps"):
        layout.revert(torch.zeros(1, 4, 5, dtype=torch.long))
    with pytest.raises(ValueError, match="at least one frame"):
        get_pattern("delay", 4).layout(0)


def test_the_naming_trap_is_explained_where_a_pattern_is_chosen():
    assert "one codebook at a time, all frames at once" in DESCRIPTIONS["coarse_first"]
    assert [name for name, told in DESCRIPTIONS.items() if "VALL-E" in told] == ["coarse_first"]


def test_half_way_is_where_sound_begins_without_streaming():
    for name in ("coarse_first", "musiclm"):
        pattern = get_pattern(name, 4)
        first_whole = int(pattern.layout(100).step_of.max(dim=1).values.min())
        assert abs(first_whole / pattern.step_count(100) - 0.5) < 0.02


def test_a_layout_first_asked_for_in_inference_can_be_trained_with() -> None:
    with torch.inference_mode():
        layout = get_pattern("0,2,3", 3).layout(17)
    assert not layout.features.is_inference()
    logits = torch.zeros(1, 3, layout.steps, 5, requires_grad=True)
    layout.revert_logits(logits * 2).sum().backward()
    assert logits.grad is not None and logits.grad.sum() == 2 * 3 * 17 * 5
