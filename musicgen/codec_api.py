"""What every codec offers (paper 2.1), whatever is inside: audio to codes and back, whole or as the codes come.

Knows nothing of networks. `codec.py` and `pocket_codec.py` satisfy these protocols without inheriting from them.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class StreamingDecoder(Protocol):
    """Decodes one piece of music, its codes given in order; the chunks joined equal `Codec.decode` of them all."""

    @property
    def wanted(self) -> int:
        """How many more frames it is worth waiting for before the next `push`."""
        ...

    def push(self, codes: Tensor) -> Tensor:
        """The next codes [B, K, n] -> the audio that is certain now, [B, C, m]; m may be 0."""
        ...

    def finish(self) -> Tensor:
        """The rest of the audio, [B, C, m]; nothing may be pushed after it."""
        ...


class Codec(Protocol):
    """Audio [B, C, N] in -1..1 to codes [B, K, T] and back."""

    frame_rate: float  # frames per second
    sample_rate: int  # samples per second
    channels: int  # C
    codebooks: int  # K, all channels together
    codebook_size: int  # V; codes are 0 .. V-1
    hop: int  # samples per frame

    def encode(self, audio: Tensor) -> Tensor:
        """Audio [B, C, N] -> codes [B, K, T], T = ceil(N / hop)."""
        ...

    def decode(self, codes: Tensor) -> Tensor:
        """Codes [B, K, T] -> audio [B, C, T * hop]."""
        ...

    def decoder(self) -> StreamingDecoder:
        """A new streaming decoder."""
        ...
