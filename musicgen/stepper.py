"""Decoding windows step by step, several side by side: the fast form of ``decoding.decode_steps`` for CPUs.

A window becomes a ``Track``: the pattern laid out as index tensors, keys and values allocated once, the text's
computed once. ``Stepper.advance`` moves tracks on by one step, whatever their patterns or lengths. A step is the time
it takes to read the weights, so tracks share the reading: their rows are multiplied together, everything else is each
one's own. A track's tokens do not depend on its company, down to the last bit: products are shared only where they
give each row the same bits in any company, which is tried out beforehand. Knows nothing of threads, seconds or audio.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from musicgen.conditions import Conditions
from musicgen.decoding import Window, by_step, check_window, known_tokens
from musicgen.kv_cache import KVCache
from musicgen.lm import LM, Prepared
from musicgen.matrices import matrix, size_of
from musicgen.network import Form, Network
from musicgen.sampling import draw_noise, mix, sample

PIECE = 128  # steps of a prompt that are read at once; others have their turn in between
TOGETHER = 8  # rows that share a reading of the weights; two a request with guidance


class Course(Protocol):
    """One window being decoded."""

    @property
    def done(self) -> bool:
        """Whether every step is made."""
        ...

    def take(self) -> list[tuple[int, Tensor]]:
        """The steps made since the last call, in order: (s, tokens [K] on the CPU)."""
        ...

    def close(self) -> None:
        """Give back what it holds; calling it again does nothing."""
        ...


@dataclass(frozen=True)
class Score:
    """A window laid out: what is known before the first step, on the model's device."""

    inputs: Tensor  # [K, S + 1]: column s is what step s reads, column s + 1 what it holds
    known: Tensor  # [K, S]: given by the prompt, or by the pattern
    first: int  # the first step with something to predict; S if there is none
    prepared: Prepared
    aligned: Tensor | None  # [rows, S, A]
    features: Tensor  # [S, P]: what each step of the pattern holds
    reading: slice  # the rows that have a text, of 1 or, with guidance, 2
    bias: Tensor | None  # [S, K, V], added to the logits

    @property
    def steps(self) -> int:
        """S."""
        return self.known.shape[1]


@torch.inference_mode()
def lay_out(lm: LM, window: Window) -> Score:
    """Everything about ``window`` that does not change from step to step. Raises ``ValueError``."""
    layout = check_window(lm, window)
    sequence, known = known_tokens(window, layout, lm.config.codebooks, lm.config.special)
    unknown = (~known).any(0).nonzero()
    first = int(unknown[0]) if len(unknown) else layout.steps
    conditions = window.conditions.to(lm.device)
    if window.guidance != 1.0:
        against = conditions.null() if window.against is None else window.against.to(lm.device)
        conditions = Conditions.cat([conditions, against])
    with_text = conditions.text_mask.any(1).nonzero().flatten().tolist() if lm.config.cross_attention else []
    special = sequence.new_full((lm.config.codebooks, 1), lm.config.special)
    return Score(
        torch.cat([special, sequence], dim=1).to(lm.device), known.to(lm.device), first, lm.prepare(conditions),
        None if conditions.aligned is None else conditions.aligned[:, layout.step_frame.to(lm.device)],
        layout.features.to(lm.device),
        slice(with_text[0], with_text[-1] + 1) if with_text else slice(0),
        None if window.bias is None else by_step(window.bias, layout).to(lm.device),
    )


def track_bytes(lm: LM, positions: int, rows: int = 2) -> int:
    """Memory a track of so many positions takes: keys, values, what is added to each step and to its logits."""
    size = 4 if lm.dtype == torch.float32 else 4 + lm.dtype.itemsize  # both, while one becomes the other
    bias = 2 * lm.config.codebooks * lm.config.codebook_size if lm.config.aligned_dim else 0
    return positions * (rows * lm.config.dim * (2 * lm.config.layers * size + 4) + bias)


def repacked_bytes(lm: LM) -> int:
    """Memory that a stepper's own copy of the weights takes."""
    return sum(size_of(weight) for weight in lm.matrices)


class Track:
    """A window on its way: position, keys and values, tokens."""

    def __init__(self, network: Network, window: Window) -> None:
        self._network, self._window = network, window
        self._score = score = lay_out(network.lm, window)
        self.rows = score.prepared.rows
        self._generator = window.generator if window.generator is not None else torch.Generator().manual_seed(0)
        self._draws = window.params.draws
        self._read = 0  # steps whose input the model has read
        self._taken = 0  # steps handed out
        self._cache: KVCache | None = None
        self._made = score.first

    @property
    def done(self) -> bool:
        """Whether every step is made."""
        return self._made == self._score.steps

    @property
    def ready(self) -> bool:
        """Whether all that comes before its next step is read."""
        return self._read > self._score.first

    @property
    def reading(self) -> slice:
        """The rows that attend to a text."""
        return self._score.reading

    def read(self) -> Tensor | None:
        """Read a piece of what comes before the first step to predict; that step's logits [R, K, V] at the end."""
        score, lm = self._score, self._network.lm
        if self._cache is None:
            self._cache = lm.new_cache(score.prepared, score.steps)
        end = min(self._read + PIECE, score.first + 1)
        tokens = score.inputs[None, :, self._read : end].expand(self.rows, -1, -1)
        features = None if score.aligned is None else score.aligned[:, self._read : end]
        told = score.features[self._read : end]
        logits = lm(tokens, score.prepared, features, self._cache, told)[:, :, -1].float()
        self._read = end
        if end <= score.first:
            return None
        self._settle()
        return logits

    def input(self) -> Tensor:
        """What the next step reads, [R, D]."""
        return self._network.embed(self._score.inputs[:, self._made]) + self._added[:, self._made]

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Keep the step's key and value, attend to all so far: [R, H, E] each -> [R, H, E].

        The position is counted only by ``accept``: a step that failed may be made again.
        """
        assert self._cache is not None
        keys, values = self._cache.update(layer, key[:, :, None], value[:, :, None])
        mask = None if self._seen is None else self._seen[..., : keys.shape[2]]
        return F.scaled_dot_product_attention(query[:, :, None], keys, values, attn_mask=mask)[:, :, 0]

    def attend_text(self, layer: int, query: Tensor) -> Tensor:
        """The rows that have a text, [C, H, E] -> [C, H, E]."""
        assert self._cache is not None and self._cache.cross is not None
        keys, values = self._cache.cross[layer]
        return F.scaled_dot_product_attention(query[:, :, None], keys, values, attn_mask=self._text_mask)[:, :, 0]

    def accept(self, logits: Tensor) -> None:
        """Draw the next step's tokens from its logits [R, K, V]."""
        score, step = self._score, self._made
        if self._read == step:
            assert self._cache is not None
            self._cache.advance(1)
        self._read = step + 1
        mixed = mix(logits, self._window.guidance, None if score.bias is None else score.bias[step])
        # Drawn for every codebook at every step, needed or not: the noise of a step depends on the seed alone.
        config = self._network.config
        noise = draw_noise(self._generator, config.codebooks, config.codebook_size) if self._draws else None
        drawn = sample(mixed, self._window.params, noise)
        score.inputs[:, step + 1] = torch.where(score.known[:, step], score.inputs[:, step + 1], drawn)
        self._made = step + 1

    def take(self) -> list[tuple[int, Tensor]]:
        """The steps made since the last call: (s, tokens [K])."""
        out = [(step, self._score.inputs[:, step + 1]) for step in range(self._taken, self._made)]
        self._taken = self._made
        return out

    def close(self) -> None:
        """Let the keys and values go."""
        self._cache = None

    def _settle(self) -> None:
        """Once the prompt is read: what single steps need, in their dtype."""
        cache, score, dtype = self._cache, self._score, self._network.dtype
        assert cache is not None
        cache.keys, cache.values = cache.keys.to(dtype), cache.values.to(dtype)
        self._added = self._network.added(score.prepared, score.aligned, score.features)
        if cache.cross is not None and score.reading.stop:
            cache.cross = [(key[score.reading].to(dtype), value[score.reading].to(dtype)) for key, value in cache.cross]
            assert score.prepared.text_mask is not None
            mask = score.prepared.text_mask[score.reading]
            self._text_mask = None if bool(mask.all()) else mask[:, None, None]
        padding = score.prepared.padding
        self._seen: Tensor | None = None  # [R, 1, 1, P]: positions that are no padding
        if padding is not None:
            self._seen = (torch.arange(cache.positions, device=padding.device) >= padding[:, None])[:, None, None]


class Stepper:
    """Decodes any number of windows, a step of each at a time."""

    def __init__(self, lm: LM, form: Form = matrix) -> None:
        """``form`` says how a weight is laid out; else as is fastest."""
        self.network = Network(lm, form)
        # Where a product's last bits depend on how many rows it has, everyone goes alone.
        self._most = TOGETHER if self.network.rows_agree(TOGETHER) else 1

    def open(self, window: Window) -> Track:
        """A new track; raises ``ValueError`` when the window does not fit the model."""
        return Track(self.network, window)

    @torch.inference_mode()
    def advance(self, tracks: Iterable[Track]) -> dict[Track, Exception]:
        """One step of each track that is not done; those that failed, and why: the others are none the worse."""
        moving = [track for track in tracks if not track.done]
        failed: dict[Track, Exception] = {}
        for group in [[track] for track in moving if not track.ready] + self._groups(moving):
            failed |= self._advance(group)
        return failed

    def _groups(self, tracks: list[Track]) -> list[list[Track]]:
        """Those of ``tracks`` that are ready, by who makes a step with whom."""
        groups: list[list[Track]] = []
        room = 0
        for track in tracks:
            if track.ready:
                if track.rows > room:
                    groups.append([])
                    room = self._most
                groups[-1].append(track)
                room -= track.rows
        return groups

    def _advance(self, group: list[Track]) -> dict[Track, Exception]:
        try:
            made = self._logits(group) if group[0].ready else [group[0].read()]
        except Exception as error:  # whatever it was: that of whoever fails alone, too
            if len(group) == 1:
                return {group[0]: error}
            return {track: its for one in group for track, its in self._advance([one]).items()}
        failed: dict[Track, Exception] = {}
        for track, logits in zip(group, made, strict=True):
            try:
                if logits is not None:
                    track.accept(logits)
            except Exception as error:
                failed[track] = error
        return failed

    def _logits(self, group: list[Track]) -> Sequence[Tensor | None]:
        """Logits [R, K, V] of the next step of each: every weight is read once for all of them."""
        if len(group) == 1:
            (track,) = group
            attend_text = track.attend_text if track.reading.stop else None
            return [self.network.logits(track.input(), track.attend, attend_text, track.reading)]
        sizes = [track.rows for track in group]
        texts = [len(range(track.rows)[track.reading]) for track in group]
        starts = [sum(sizes[:i]) for i in range(len(group))]
        reading = [start + row for start, track in zip(starts, group, strict=True)
                   for row in range(track.rows)[track.reading]]  # fmt: skip

        def attend_each(layer: int, *parts: Tensor) -> Tensor:
            shares = zip(*(part.split(sizes) for part in parts), strict=True)
            return torch.cat([track.attend(layer, *its) for track, its in zip(group, shares, strict=True)])

        def attend_texts(layer: int, query: Tensor) -> Tensor:
            asking = zip(group, query.split(texts), strict=True)
            return torch.cat([track.attend_text(layer, its) for track, its in asking if len(its)])

        x = torch.cat([track.input() for track in group])
        return self.network.logits(x, attend_each, attend_texts if reading else None, _span(reading)).split(sizes)


def _span(rows: list[int]) -> slice | Tensor:
    """Rows as a slice, which costs less, if they are evenly spaced."""
    step = rows[1] - rows[0] if len(rows) > 1 else 1
    even = range(rows[0], rows[-1] + 1, step) if rows else range(0)
    return slice(even.start, even.stop, step) if list(even) == rows else torch.tensor(rows)
