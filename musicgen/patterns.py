"""Codebook interleaving patterns (paper 2.2): in which order the K x T codes are predicted.

A pattern is a sequence of steps P_1 .. P_S; a step is a set of coordinates (t, k) predicted at once, given all
steps before it. P_0, the step of special tokens that starts every sequence, is implied. Frames t and codebooks k
count from 0 here; texts for people number codebooks from 1.

Knows nothing of models: it turns numbers into numbers.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from dataclasses import dataclass

import torch
from torch import Tensor

MAX_DELAY = 100  # steps; two seconds at 50 frames a second
_WAVES = 16  # wave lengths that tell a frame's place, from 2 pi frames up to 10,000 times as much
_FAR = 4  # frames behind the latest one; from here on a lag counts as far


@dataclass(frozen=True)
class Line:
    """Where one codebook's frames lie: frame t is predicted at step ``stride * t + offset + blocks * T``."""

    stride: int = 1
    offset: int = 0
    blocks: int = 0  # counted in whole lengths T: above 0, the length must be known before the first step

    def step(self, frame: int, frames: int) -> int:
        """The step (from 0) that predicts ``frame`` when there are ``frames`` of them."""
        return self.stride * frame + self.offset + self.blocks * frames


@dataclass(frozen=True)
class Pattern:
    """One line for each codebook, a name and what to tell people about it."""

    name: str
    lines: tuple[Line, ...]
    description: str

    @property
    def codebooks(self) -> int:
        """K."""
        return len(self.lines)

    @property
    def streams(self) -> bool:
        """Whether frames complete from the first steps on; without that, audio begins half-way through a window."""
        return all(line.blocks == 0 for line in self.lines)

    @property
    def exact(self) -> bool:
        """Whether no two codes share a step: then nothing is assumed independent (the chain rule)."""
        frames = 2 + max(line.offset for line in self.lines)  # long enough for any two lines to meet
        steps = [line.step(t, frames) for line in self.lines for t in range(frames)]
        return len(set(steps)) == len(steps)

    def step_count(self, frames: int) -> int:
        """S, without P_0."""
        return 1 + max(line.step(frames - 1, frames) for line in self.lines)

    def longest(self, frames: int, steps: int) -> int:
        """The most frames, 1 to ``frames``, that take at most ``steps`` steps (1 if even that takes more)."""
        return max(1, bisect_right(range(1, frames + 1), steps, key=self.step_count))

    def steps(self, frames: int) -> list[list[tuple[int, int]]]:
        """P_1 .. P_S as lists of (t, k), codebooks in order."""
        layout = self.layout(frames)
        return [[(t, k) for k, t in enumerate(row) if t >= 0] for row in layout.frame_of.tolist()]

    def layout(self, frames: int) -> Layout:
        """The pattern laid out over ``frames`` frames, as index tensors (kept for the next call)."""
        if frames < 1:
            raise ValueError("A pattern needs at least one frame.")
        return _layout(self.lines, frames)


@dataclass(frozen=True, eq=False)
class Layout:
    """A pattern over T frames: ``frame_of [S, K]`` (-1: nothing), ``step_of [T, K]``, ``step_frame [S]``.

    ``features [S, 2 * K + 32]`` describe each step to a model that is told the pattern: which codebooks it predicts,
    how far each lies behind the latest frame begun, and (sines and cosines) at which frame the step stands. They say
    what a name could not: any pattern, also one's own, is described in the same terms.
    """

    frame_of: Tensor
    step_of: Tensor
    step_frame: Tensor
    features: Tensor

    @property
    def steps(self) -> int:
        """S."""
        return self.frame_of.shape[0]

    @property
    def frames(self) -> int:
        """T."""
        return self.step_of.shape[0]

    def interleave(self, codes: Tensor, special: int) -> Tensor:
        """Codes [B, K, T] -> sequence [B, K, S], ``special`` where a step holds nothing of a codebook."""
        self._check(codes, self.frames, "frames")
        frame_of = self.frame_of.T.to(codes.device)  # [K, S]
        held = codes.gather(2, frame_of.clamp(min=0).expand(codes.shape[0], -1, -1))
        return held.masked_fill(frame_of < 0, special)

    def inputs(self, codes: Tensor, special: int) -> Tensor:
        """Codes [B, K, T] -> what the model reads [B, K, S]: at step s what step s - 1 holds, special at step 0."""
        sequence = self.interleave(codes, special)
        return torch.cat([torch.full_like(sequence[..., :1], special), sequence[..., :-1]], dim=-1)

    def revert(self, sequence: Tensor) -> Tensor:
        """Sequence [B, K, S] -> codes [B, K, T]."""
        self._check(sequence, self.steps, "steps")
        return sequence.gather(2, self.step_of.T.to(sequence.device).expand(sequence.shape[0], -1, -1))

    def revert_logits(self, logits: Tensor) -> Tensor:
        """Logits [B, K, S, V] -> [B, K, T, V]."""
        self._check(logits, self.steps, "steps")
        codebook = torch.arange(logits.shape[1], device=logits.device)[:, None]  # [K, 1]
        return logits[:, codebook, self.step_of.T.to(logits.device)]

    def _check(self, tensor: Tensor, length: int, unit: str) -> None:
        codebooks = self.frame_of.shape[1]
        if tensor.shape[1] != codebooks or tensor.shape[2] != length:
            raise ValueError(
                f"This pattern lays out {codebooks} codebooks over {length} {unit}, "
                f"but was given {tensor.shape[1]} over {tensor.shape[2]}."
            )


@functools.lru_cache(maxsize=64)
@torch.inference_mode(False)  # what is kept may be asked for next by a training, which cannot use inference tensors
def _layout(lines: tuple[Line, ...], frames: int) -> Layout:
    stride, offset, blocks = (
        torch.tensor([getattr(line, name) for line in lines]) for name in ("stride", "offset", "blocks")
    )
    step_of = stride * torch.arange(frames)[:, None] + offset + blocks * frames  # [T, K]
    return _layout_from(step_of)


def _layout_from(step_of: Tensor) -> Layout:
    frames, codebooks = step_of.shape
    frame_of = torch.full((int(step_of.max()) + 1, codebooks), -1)
    frame_of.scatter_(0, step_of, torch.arange(frames)[:, None].expand(-1, codebooks))
    # The lowest codebook in a step says which frame steers it. A step may be empty when delays are longer than the
    # music; it takes the latest frame seen.
    lowest = (frame_of >= 0).int().argmax(1, keepdim=True)
    step_frame = frame_of.gather(1, lowest)[:, 0]
    if bool((step_frame < 0).any()):
        seen = torch.where(step_frame >= 0, torch.arange(len(step_frame)), 0).cummax(0).values
        step_frame = step_frame[seen].clamp(min=0)
    return Layout(frame_of, step_of, step_frame, _features(frame_of, step_frame))


def feature_count(codebooks: int) -> int:
    """How many features describe a step (``Layout.features``)."""
    return 2 * codebooks + 2 * _WAVES


def _features(frame_of: Tensor, step_frame: Tensor) -> Tensor:
    held = frame_of >= 0
    latest = frame_of.amax(1).cummax(0).values[:, None]
    lag = torch.where(held, latest - frame_of, 0).clamp(max=_FAR) / _FAR
    angle = step_frame[:, None] * 10_000.0 ** (-torch.arange(_WAVES) / (_WAVES - 1))
    return torch.cat([held.float(), lag.float(), angle.cos(), angle.sin()], 1)


# What a person reads beside each name.
DESCRIPTIONS: dict[str, str] = {
    "delay": "Each codebook starts one step after the one before it. All mono releases were trained with it.",
    "partial_delay": "Codebook 1 first, all others together one step later.",
    "parallel": "All codebooks of a frame at once: fewest steps, but the codes of a frame do not see each other.",
    "partial_flattening": "At each frame codebook 1 in one step, then all others together in a second one.",
    "coarse_first": "All of codebook 1 from start to end, then the others together, frame by frame. Often called the "
    "VALL-E pattern, though VALL-E's second model fills in one codebook at a time, all frames at once.",
    "flattening": "One code a step: exact, and K times as many steps.",
    "musiclm": "Flattened in two halves as in MusicLM: the coarse codebooks one code a step over the whole length, "
    "then the fine ones.",
    "stereo_delay": "Each of the codebooks L1, R1, L2, R2 ... starts one step after the one before it.",
    "stereo_partial_delay": "Left and right together, each pair of codebooks one step after the pair before it. "
    "All stereo releases were trained with it.",
}
PATTERN_NAMES = tuple(DESCRIPTIONS)
MONO_NAMES = tuple(name for name in PATTERN_NAMES if not name.startswith("stereo"))

# FAD, KL and CLAP score of each (paper, Table 4): 30 s, a model trained for each pattern.
PAPER_FIGURES: dict[str, tuple[float, float, float]] = {
    "delay": (0.96, 0.52, 0.35),
    "partial_delay": (1.51, 0.54, 0.32),
    "parallel": (2.58, 0.62, 0.27),
    "partial_flattening": (1.32, 0.54, 0.34),
    "coarse_first": (1.98, 0.56, 0.30),
    "flattening": (0.86, 0.51, 0.37),
}


def get_pattern(name_or_spec: str, codebooks: int) -> Pattern:
    """A pattern by name (``PATTERN_NAMES``) or by a short text; raises ``ValueError`` with one clear sentence.

    Delays: one whole number a codebook, from 0 up, at least one of them 0, separated by commas: ``0,1,2,3``.
    Groups: codebooks numbered from 1, groups separated by ``|``; at each frame the first group is one step, the next
    group the next step, and so on: ``1|2,3,4``.
    """
    if codebooks < 1:
        raise ValueError("A pattern needs at least one codebook.")
    text = name_or_spec.strip().lower()
    name = re.sub(r"[\s-]+", "_", text)
    if name in DESCRIPTIONS:
        return Pattern(name, _named(name, codebooks), DESCRIPTIONS[name])
    if not re.fullmatch(r"[\d\s,|+-]{1,200}", text):
        raise ValueError(
            f"'{name_or_spec[:40]}' is not a pattern; choose one of {', '.join(PATTERN_NAMES)}, "
            f"or write delays such as '{_example_delays(codebooks)}' or groups such as '{_example_groups(codebooks)}'."
        )
    return _grouped(text, codebooks) if "|" in text else _delayed(text, codebooks)


def _named(name: str, codebooks: int) -> tuple[Line, ...]:
    every = range(codebooks)
    if name.startswith("stereo") and codebooks % 2:
        raise ValueError(f"The pattern {name} pairs left and right, so it needs an even number of codebooks.")
    match name:
        case "delay" | "stereo_delay":
            return tuple(Line(offset=k) for k in every)
        case "partial_delay":
            return tuple(Line(offset=min(k, 1)) for k in every)
        case "parallel":
            return tuple(Line() for _ in every)
        case "partial_flattening":
            return tuple(Line(stride=min(codebooks, 2), offset=min(k, 1)) for k in every)
        case "coarse_first":
            return tuple(Line(blocks=min(k, 1)) for k in every)
        case "flattening":
            return tuple(Line(stride=codebooks, offset=k) for k in every)
        case "musiclm":
            coarse = (codebooks + 1) // 2
            return tuple(
                Line(stride=coarse, offset=k) if k < coarse
                else Line(stride=codebooks - coarse, offset=k - coarse, blocks=coarse)
                for k in every
            )
        case "stereo_partial_delay":
            return tuple(Line(offset=k // 2) for k in every)
    raise AssertionError(name)


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"'{text.strip()}' is not a list of whole numbers separated by commas.") from None


def _delayed(text: str, codebooks: int) -> Pattern:
    delays = _numbers(text)
    if len(delays) != codebooks:
        raise ValueError(
            f"'{text}' gives {len(delays)} delays, but the model has {codebooks} codebooks; "
            f"write one delay for each, such as '{_example_delays(codebooks)}'."
        )
    if min(delays) < 0:
        raise ValueError("A delay cannot be negative; 0 is the earliest.")
    if max(delays) > MAX_DELAY:
        raise ValueError(f"A delay can be at most {MAX_DELAY} steps.")
    if min(delays) > 0:
        raise ValueError("At least one delay must be 0, or the first step would be empty.")
    named = ",".join(map(str, delays))
    described = f"Codebooks start after {', '.join(map(str, delays))} steps."
    return Pattern(named, tuple(Line(offset=delay) for delay in delays), described)


def _grouped(text: str, codebooks: int) -> Pattern:
    groups = [_numbers(group) for group in text.split("|")]
    listed = [k for group in groups for k in group]
    for k in listed:
        if not 1 <= k <= codebooks:
            raise ValueError(f"'{text}' names codebook {k}, but the model's codebooks are numbered 1 to {codebooks}.")
        if listed.count(k) > 1:
            raise ValueError(f"'{text}' names codebook {k} twice; each belongs to one group.")
    for k in range(1, codebooks + 1):
        if k not in listed:
            raise ValueError(f"'{text}' leaves out codebook {k}; each of 1 to {codebooks} belongs to one group.")
    place = {k - 1: g for g, group in enumerate(groups) for k in group}
    named = "|".join(",".join(map(str, group)) for group in groups)
    described = "At each frame, one step after another: " + ", then ".join(
        f"codebook{'s' if len(group) > 1 else ''} {' and '.join(map(str, group))}" for group in groups
    ) + "."
    return Pattern(named, tuple(Line(stride=len(groups), offset=place[k]) for k in range(codebooks)), described)


def _example_delays(codebooks: int) -> str:
    return ",".join(map(str, range(codebooks)))


def _example_groups(codebooks: int) -> str:
    return "1|" + ",".join(map(str, range(2, codebooks + 1))) if codebooks > 1 else "1"
