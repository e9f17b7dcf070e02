"""What the language model is trained on: crops of codes with their conditions, some of them withheld.

What is told is what can be heard: mostly the melody as it sounds through the codec, not as it was written, and chords
only where their key is clear. What a model is told it then learns to make heard. Knows nothing of the network or of
audio.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from musicgen.aligned import (
    ALIGNED_DIM,
    FORESEEN,
    GROUPS,
    bar_seconds,
    beat_features,
    chord_features,
    drop,
    drum_features,
    ending_features,
    instrument_features,
    melody_features,
)
from musicgen.chroma import CHROMA_RATE, strongest
from musicgen.conditions import Conditions
from musicgen.instruments import INSTRUMENTS
from musicgen.theory import parse_chord, parse_key, parse_meter
from musicgen.train.data import facts_of

FRAME_RATE = 50.0

# Which aligned groups are told, and how often: what people will ask for, in about those proportions.
MIXTURES: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.34, ("beat", "chords", "drums")),
    (0.12, ("beat", "chords")),
    (0.08, ("beat", "drums")),
    (0.16, ("beat", "melody", "drums")),
    (0.08, ("melody",)),
    (0.08, ("beat", "chords", "melody", "drums")),
    (0.04, ("drums",)),
    (0.10, ()),
)
INSTRUMENTS_TOLD = 0.75  # of the rows that are told any of these, the share that is told its instruments too
ENDING_TOLD = 0.75  # the same, of whether and where they end; where an end can be heard it is always told
ENDING_SHOWN = 0.45  # share of the crops of a piece with an end that have the end in them
# Of the power in the chroma of a piece's codes what must be in its key, or chords are not told; a kit (True) sounds in
# all pitch classes.
CLEAR = {True: 0.74, False: 0.77}
HEARD = 0.8  # of the crops told a melody, the share told what is strongest in the decoded codes; the rest, as written
TEXT_DROPPED = 0.12


@dataclass(frozen=True)
class Batch:
    """``codes [B, K, T]`` and the conditions of each row (``aligned [B, T, A]`` inside them)."""

    codes: torch.Tensor
    conditions: Conditions


def piece_aligned(facts: dict, frames: int, melody: np.ndarray) -> np.ndarray:
    """Everything there is to tell about a piece, per frame from its beginning, float32 [T, A].

    ``melody`` [M] is the pitch class to tell in each chroma frame.
    """
    meter = parse_meter(facts["meter"])
    chords = [parse_chord(name) for name in facts["chords"]]
    return (
        beat_features(frames, FRAME_RATE, facts["bpm"], meter)
        + chord_features(frames, FRAME_RATE, chords, bar_seconds(facts["bpm"], meter))
        + melody_features(frames, FRAME_RATE, melody, CHROMA_RATE)
        + drum_features(frames, facts["drums"])
        + instrument_features(frames, [name for name in facts["instruments"] if name in INSTRUMENTS])
        + ending_features(frames, FRAME_RATE, facts["ends"])
    )


def in_key(heard: np.ndarray, facts: dict) -> float:
    """The share of the chromagram ``heard`` [M, 12] that is in the piece's key, up to its end."""
    end = len(heard) if facts["ends"] is None else math.ceil(facts["ends"] * CHROMA_RATE)
    return float(heard[:end, list(parse_key(facts["key"]).scale)].sum() / max(heard[:end].sum(), 1e-9))


def melody_heard(written: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """The strongest pitch class [M] of the chromagram ``heard`` [M, 12]; rests stay those of the ``written`` melody.

    Where the melody rests, what is strongest is the bass or a drum.
    """
    return np.where(written < 0, -1, strongest(heard))


class Pieces:
    """All tokenised shards of one kind (``train`` or ``held``), in memory."""

    def __init__(self, folder: Path, prefix: str) -> None:
        names = sorted(p for p in folder.glob(f"{prefix}_*.jsonl") if p.with_suffix(".heard.npy").exists())
        if not names:
            raise SystemExit(f"No tokenised {prefix} shards in {folder}; run python -m musicgen.train.tokens first.")
        self.facts = [facts for name in names for facts in facts_of(name)]
        heard = np.concatenate([np.load(name.with_suffix(".heard.npy")) for name in names]).astype(np.float32)
        # Of each piece the melody that its codes sound like, and whether they are in its key.
        pairs = list(zip(self.facts, heard, strict=True))
        self.melody = [melody_heard(np.array(facts["melody"]), row) for facts, row in pairs]
        self.clear = [in_key(row, facts) >= CLEAR[facts["drums"]] for facts, row in pairs]
        self.codes = np.concatenate([np.load(name.with_suffix(".codes.npy")) for name in names])
        lengths = np.concatenate([np.load(name.with_suffix(".lengths.npy")) for name in names])
        self.text = np.concatenate([np.load(name.with_suffix(".text.npy")) for name in names])
        self.captions = len(self.facts[0]["captions"])
        self.text_end = lengths.cumsum()
        self.text_length = lengths

    @cached_property
    def silence(self) -> np.ndarray:
        """The codes [K] of silence: those that most frames have, for it is the same everywhere."""
        frames, counts = np.unique(self.codes.swapaxes(1, 2).reshape(-1, self.codes.shape[1]), axis=0,
                                   return_counts=True)
        return frames[counts.argmax()].astype(np.int64)

    def states(self, piece: int, caption: int) -> np.ndarray:
        """Text states [L, 384] of one caption."""
        i = piece * self.captions + caption
        return self.text[self.text_end[i] - self.text_length[i] : self.text_end[i]]

    def start(self, piece: int, frames: int, rng: np.random.Generator) -> int:
        """Where a crop begins: at the piece's start, at a bar line, or anywhere; a piece's end is often shown."""
        last = self.codes.shape[2] - frames
        if (ends := self.facts[piece]["ends"]) is not None:
            end = round(ends * FRAME_RATE)
            last = min(last, end - 50)  # not the silence after it alone
            if rng.random() < ENDING_SHOWN:
                return min(last, max(0, end - int(rng.integers(min(50, frames), frames + 1))))
        draw = rng.random()
        if draw < 0.35:
            return 0
        if draw < 0.7:
            facts = self.facts[piece]
            bar = bar_seconds(facts["bpm"], parse_meter(facts["meter"])) * FRAME_RATE
            return min(last, round(bar * rng.integers(int(last / bar) + 1)))
        return int(rng.integers(last + 1))

    def batch(self, size: int, frames: int, rng: np.random.Generator, withhold: str = "some") -> Batch:
        """``size`` crops; ``withhold`` conditions: some (training), nothing, aligned, text or all of them."""
        codes, aligned, texts = [], [], []
        for piece in rng.integers(len(self.facts), size=size):
            start = self.start(piece, frames, rng)
            codes.append(self.codes[piece, :, start : start + frames].astype(np.int64))
            as_heard = withhold == "some" and rng.random() < HEARD
            melody = self.melody[piece] if as_heard else np.array(self.facts[piece]["melody"])
            told = piece_aligned(self.facts[piece], start + frames, melody)[start:]
            if withhold == "some":
                groups = MIXTURES[rng.choice(len(MIXTURES), p=[share for share, _ in MIXTURES])][1]
                if not self.clear[piece]:
                    groups = tuple(group for group in groups if group != "chords")
                if groups and rng.random() < INSTRUMENTS_TOLD:
                    groups = (*groups, "instruments")
                ends = self.facts[piece]["ends"]
                near = ends is not None and (start + frames) / FRAME_RATE > ends - FORESEEN
                if near or groups and rng.random() < ENDING_TOLD:
                    groups = (*groups, "ending")
                for group in GROUPS.keys() - set(groups):
                    told = drop(told, group)
            elif withhold in ("aligned", "all"):
                told = np.zeros((frames, ALIGNED_DIM), np.float32)
            aligned.append(told)
            caption = int(rng.integers(self.captions))  # drawn, used or not: the crops are the same whatever is told
            hidden = withhold in ("text", "all") or (withhold == "some" and rng.random() < TEXT_DROPPED)
            texts.append(None if hidden else self.states(piece, caption))
        length = max([1, *(len(t) for t in texts if t is not None)])
        text = torch.zeros(size, length, self.text.shape[1])
        mask = torch.zeros(size, length, dtype=torch.bool)
        for i, states in enumerate(texts):
            if states is not None:
                text[i, : len(states)] = torch.from_numpy(states.astype(np.float32))
                mask[i, : len(states)] = True
        conditions = Conditions(text, mask, aligned=torch.from_numpy(np.stack(aligned)))
        return Batch(torch.from_numpy(np.stack(codes)), conditions)
