"""What every stage of the evaluation shares: the held-out pieces, the takes, the listener, the sizes.

Also the requests that are made of a held-out piece. Knows nothing of what the stages measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from musicgen.audio import Audio
from musicgen.chroma import CHROMA_RATE
from musicgen.instruments import INSTRUMENTS, KIT
from musicgen.model import Model
from musicgen.painting import KEPT, Painting
from musicgen.request import STRENGTH, GenerationRequest
from musicgen.train.data import facts_of
from musicgen.train.listener import RATE, Listener, load_listener
from musicgen.train.making import Job, Maker, Take
from musicgen.train.words import INSTRUMENT_WORDS

Facts = dict[str, Any]  # a line of a shard's description


@dataclass(frozen=True)
class Sizes:
    """How much is made and measured."""

    takes: int = 32  # held-out requests of each kind
    seconds: float = 8.0
    melodies: int = 16
    sweep: int = 24  # takes of each setting
    sweep_seconds: float = 5.0  # of them, and of those for variety and density
    seeds: int = 5  # of one prompt, for the diversity
    prompts: int = 6
    sound: int = 200  # takes looked at for silence and clipping: those of other stages, and short ones up to so many
    short: float = 4.0  # seconds of the short ones
    patterns: int = 8  # takes of each pattern
    free: int = 2  # seeds of each free-form prompt
    batches: int = 2  # of 8 crops, for the likelihood along each pattern
    clips: int = 20  # of 4 s, for the codec
    ends: int = 10  # takes asked to end, and as many asked to go on
    ends_seconds: float = 12.0
    form: int = 12  # plans of long takes, two of each
    form_seconds: float = 20.0
    sections: int = 12  # plans in two sections, one of each kind
    sections_seconds: float = 16.0


@dataclass(frozen=True)
class Piece:
    """A held-out piece: its facts, its audio [N] of the evaluation's length, its codes [K, T] of the same."""

    facts: Facts
    audio: np.ndarray
    codes: np.ndarray


@dataclass
class Exam:
    """One model under examination."""

    model_name: str
    data: Path
    out: Path
    listener_path: Path
    maker: Maker
    sizes: Sizes = field(default_factory=Sizes)
    settings: dict[str, Any] = field(default_factory=dict)  # guidance, temperature, top_k other than the defaults
    results: dict[str, Any] = field(default_factory=dict)  # of the stages so far, by name

    @cached_property
    def listener(self) -> Listener:
        """The judge of instruments, drums and tempo."""
        return load_listener(self.listener_path)

    @cached_property
    def model(self) -> Model:
        """The model itself, for its codec and for likelihoods."""
        from musicgen.checkpoints import load

        return load(self.model_name, device="cpu", dtype=torch.float32)

    @cached_property
    def all_pieces(self) -> list[Piece]:
        """Every held-out piece whose codes are there, its first seconds."""
        return held_out(self.data, self.sizes.seconds, self.model.codec.frame_rate)

    @cached_property
    def chosen(self) -> list[int]:
        """Which held-out pieces the requests are made of, spread over all of them; the first few are of all kinds."""
        count = min(self.sizes.takes, len(self.all_pieces))
        spread = np.linspace(0, len(self.all_pieces), count, endpoint=False)
        return [int(i) for i in np.random.default_rng(0).permutation(spread)]

    @cached_property
    def pieces(self) -> list[Piece]:
        """The pieces of ``chosen``."""
        return [self.all_pieces[i] for i in self.chosen]

    @cached_property
    def others(self) -> list[Piece]:
        """The held-out pieces that no request was made of."""
        chosen = set(self.chosen)
        return [piece for i, piece in enumerate(self.all_pieces) if i not in chosen]

    def coded(self, pieces: Sequence[Piece | Take]) -> list[np.ndarray]:
        """What the codec makes of the codes of pieces or takes, each [N]."""
        return [self.model.codec.decode(torch.from_numpy(piece.codes)[None])[0, 0].numpy() for piece in pieces]

    def request(self, facts: Facts, seed: int, **changes: Any) -> GenerationRequest:
        """The piece's caption alone, at the sizes and settings of this examination, with ``changes``."""
        plain = GenerationRequest(prompt=caption_of(facts), seed=seed, duration=self.sizes.seconds, plan="off",
                                  **self.settings)
        return replace(plain, **changes)

    def plan_jobs(self) -> list[Job]:
        """Caption and plan of each chosen piece."""
        return [Job("plan", self.request(piece.facts, i, **plan_of(piece.facts)))
                for i, piece in enumerate(self.pieces)]

    def text_jobs(self) -> list[Job]:
        """Caption of each chosen piece, and nothing else."""
        return [Job("text", self.request(piece.facts, i)) for i, piece in enumerate(self.pieces)]

    def drawn_jobs(self) -> list[Job]:
        """Caption of each chosen piece, and the plan that is made of it: what the page does unless told otherwise."""
        return [Job("drawn", self.request(piece.facts, i, plan="auto")) for i, piece in enumerate(self.pieces)]

    def melody_jobs(self, shift: int = 0, strength: float = STRENGTH) -> list[Job]:
        """Caption, tempo, metre, drums and instruments of the first pieces, with the sound of the piece ``shift``
        places on as the melody, taken out of its mix as it is where there is no Demucs."""
        pieces = self.pieces[: self.sizes.melodies]
        return [
            Job("melody" if shift == 0 else "wrong_melody", self.request(
                piece.facts, i, **told_beside_a_melody(piece.facts), separation="harmonic",
                melody_strength=strength, melody=Audio(pieces[(i + shift) % len(pieces)].audio[None], RATE),
            ))
            for i, piece in enumerate(pieces)
        ]

    def notes_jobs(self) -> list[Job]:
        """Caption and plan, and the piece's own notes, painted: nothing is lost on the way to the model."""
        return [Job("notes", self.request(piece.facts, i, **plan_of(piece.facts),
                                          painting=painted_melody(piece.facts, self.sizes.seconds)))
                for i, piece in enumerate(self.pieces[: self.sizes.melodies])]

    def result(self, stage: str) -> dict[str, Any]:
        """What an earlier stage found."""
        if stage not in self.results:
            raise SystemExit(f"This stage needs the stage {stage} first.")
        return self.results[stage]

    def make(self, jobs: Sequence[Job]) -> list[Take]:
        """The takes of ``jobs``."""
        return self.maker.make(jobs)


def caption_of(facts: Facts) -> str:
    """Of the piece's captions the one that names most of its instruments, the first of equals."""

    def named(caption: str) -> int:
        lower = caption.lower()
        return sum(any(word.lower() in lower for word in INSTRUMENT_WORDS[name]) for name in set(facts["instruments"]))

    return max(facts["captions"], key=named)


def players(facts: Facts) -> str:
    """The instruments of a piece, drums apart unless they are all there is, as a field of a request."""
    return ", ".join(name for name in dict.fromkeys(facts["instruments"]) if name in INSTRUMENTS) or KIT


def plan_of(facts: Facts) -> dict[str, Any]:
    """Everything of a piece that a plan can tell, as fields of a request; but for its end, which comes later."""
    return {"bpm": facts["bpm"], "meter": facts["meter"], "key": facts["key"], "drums": facts["drums"],
            "chords": " ".join(facts["chords"][:16]), "plan": "auto", "instruments": players(facts), "ending": False}


def told_beside_a_melody(facts: Facts) -> dict[str, Any]:
    """What is asked along with a melody, as fields of a request: the plan but for what the melody brings."""
    return {name: value for name, value in plan_of(facts).items() if name not in ("key", "chords")}


def painted_melody(facts: Facts, seconds: float) -> str:
    """The melody that a piece's facts tell, painted on the sheet of notes; a rest is left open."""
    cells = facts["melody"][: round(seconds * CHROMA_RATE)]
    return str(Painting(1 / CHROMA_RATE, tuple(KEPT if pitch < 0 else pitch for pitch in cells), ()))


def held_out(folder: Path, seconds: float, frame_rate: float) -> list[Piece]:
    """The first ``seconds`` of every held-out piece that has codes."""
    pieces, samples, frames = [], round(seconds * RATE), round(seconds * frame_rate)
    for path in sorted(folder.glob("held_*.jsonl")):
        if not path.with_suffix(".codes.npy").exists():
            continue
        clips = np.load(path.with_suffix(".npy"), mmap_mode="r")
        codes = np.load(path.with_suffix(".codes.npy"), mmap_mode="r")
        for facts, clip, code in zip(facts_of(path), clips, codes, strict=True):
            audio = clip[:samples].astype(np.float32) / 32768
            pieces.append(Piece(facts, audio, code[:, :frames].astype(np.int64)))
    if not pieces:
        raise SystemExit(f"No held-out pieces with codes in {folder}; run the training's data and tokens first.")
    return pieces
