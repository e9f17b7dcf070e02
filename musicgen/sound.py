"""The sound of a take while its codes come, in chunks a player can play one after another.

Knows nothing of patterns, windows or how codes are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from musicgen import threads
from musicgen.cuda_graph import stream_for
from musicgen.memory import said_in_words
from musicgen.model import Model

FIRST_SECONDS = 0.8  # of sound, in the first chunk: early, and a second of codes is enough for it
CHUNK_SECONDS = 1.0  # in later ones; players have gaps between shorter chunks
FADE_SECONDS = 0.03
RING_SECONDS = 1.5  # in which a take that comes to an end fades, whether or not its final chord still sounds


class Sound:
    """The sound of one take as its codes come: chunks of a second or more, whose sum is the whole.

    ``ends`` is how many frames a take has that comes to an end; what goes on is only kept from a click.
    """

    def __init__(self, model: Model, ends: int | None = None) -> None:
        self._decoder = model.codec.decoder()
        self._rate, self._device = model.codec.sample_rate, model.device
        # On a GPU beside the next steps, on one stream for all takes: each holds workspaces, and there are but 32.
        self._stream = stream_for("sound", model.device) if model.device.type == "cuda" else None
        self._channels = model.codec.channels
        self._left = None if ends is None else round(ends * self._rate / model.codec.frame_rate)  # samples to come
        self._held: list[np.ndarray] = []  # decoded, not given out
        self._out: list[np.ndarray] = []  # given out
        self._finished = False
        self.frames = 0  # handed to the decoder

    @property
    def wanted(self) -> int:
        """Frames the decoder waits for."""
        return self._decoder.wanted

    def push(self, codes: np.ndarray) -> None:
        """The next codes, int [K, n]."""
        if codes.shape[1]:
            over, self._finished = self._finished, True  # should it fail: a decoder that broke off cannot go on
            with self._beside():
                tensor = torch.from_numpy(codes.astype(np.int64))[None].to(self._device)
                self._hold(self._decoder.push(tensor))
            self._finished = over
            self.frames += codes.shape[1]

    def finish(self, codes: np.ndarray) -> None:
        """The last codes, int [K, n]: the rest is decoded, and its end faded out. Does nothing the second time."""
        if self._finished:
            return
        self._finished = True
        self.push(codes)
        if self.frames:
            with self._beside():
                self._hold(self._decoder.finish())
        # Beside the end in `_hold` the one place where the sound is not what the codes say: cut off it would click.
        # `take` keeps back as much as the fade needs, so chunks that went out before stay true.
        if self._held:
            rest = np.concatenate(self._held, axis=1)
            self._held = [fade_out(rest, round(FADE_SECONDS * self._rate))]

    def take(self) -> np.ndarray | None:
        """The next chunk float32 [C, n], if there is enough for one; all the rest after ``finish``."""
        ready = sum(part.shape[1] for part in self._held)
        keep = 0 if self._finished else round(FADE_SECONDS * self._rate)
        enough = (CHUNK_SECONDS if self._out else FIRST_SECONDS) * self._rate
        if not ready or (not self._finished and ready - keep < enough):
            return None
        rest = np.concatenate(self._held, axis=1)
        chunk, self._held = rest[:, : ready - keep], [rest[:, ready - keep :]]
        self._out.append(chunk)
        return chunk

    def joined(self) -> np.ndarray:
        """All sound so far, float32 [C, N]."""
        return np.concatenate([np.zeros((self._channels, 0), np.float32), *self._out, *self._held], axis=1)

    @contextmanager
    def _beside(self) -> Iterator[None]:
        # One thread on a CPU: the codec is quick, and must not slow the team that decodes.
        own = threads.only(1) if self._stream is None else torch.cuda.stream(self._stream)
        with said_in_words("making sound"), own:
            yield

    def _hold(self, audio: torch.Tensor) -> None:
        if audio.shape[-1]:
            sound = audio[0].float().cpu().numpy()
            if self._left is not None:
                self._left -= sound.shape[1]
                sound = fade_out(sound, round(RING_SECONDS * self._rate), self._left)
            self._held.append(sound)


def fade_out(audio: np.ndarray, samples: int, left: int = 0) -> np.ndarray:
    """``audio`` [C, N] of a sound that ends ``left`` samples after it, of which the last ``samples`` are led to zero
    along a half cosine."""
    out = audio.astype(np.float32)
    faded = samples - left  # of this part
    if faded > 0:
        place = np.arange(max(1, faded - audio.shape[1] + 1), faded + 1) / samples
        out[:, -len(place) :] *= (0.5 + 0.5 * np.cos(np.pi * place)).astype(np.float32)
    return out
