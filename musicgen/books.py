"""What each codebook adds (paper 2.1): a sound rebuilt from the first book, the first two, and so on.

Residual quantisation makes that possible: book 1 is the rough sound, every later one corrects what is still missing.
Knows nothing of models, files or pages; any codec will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from musicgen.audio import Audio
from musicgen.codec_api import Codec
from musicgen.fidelity import log_mel_distance, spectral_snr

EARLIER = 0.5  # seconds from which wrong corrections are taken


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """A sound from its first ``books`` codebooks, and how far it is from the original."""

    books: int  # of each channel
    audio: Audio
    kilobits: float  # a second, all channels together
    distance: float  # dB, fidelity.log_mel_distance
    snr: float  # dB, fidelity.spectral_snr


def fitted(codec: Codec, sound: Audio) -> Audio:
    """``sound`` at the rate and with the channels of the codec: what "the original" means here."""
    return sound.with_channels(codec.channels).resampled(codec.sample_rate)


def encode(codec: Codec, sound: Audio) -> Tensor:
    """A fitted sound -> its codes [1, K, T]."""
    return codec.encode(torch.from_numpy(sound.samples)[None])


def levels(codec: Codec) -> int:
    """How many codebooks a channel has."""
    return codec.codebooks // codec.channels


def bit_rate(codec: Codec, books: int) -> float:
    """Kilobits a second that the first ``books`` codebooks of every channel take."""
    return books * codec.channels * codec.frame_rate * math.log2(codec.codebook_size) / 1000


def rebuild(codec: Codec, codes: Tensor, sound: Audio) -> Iterator[Rebuilt]:
    """Codes [1, K, T] of a fitted sound -> the sound from one book, from two, up to all."""
    for books in range(1, levels(codec) + 1):
        yield _rebuilt(codec, codes, sound, books)


def rebuild_mismatched(codec: Codec, codes: Tensor, sound: Audio) -> Rebuilt | None:
    """The sound from all books, of which only the first is its own: the others are those of ``EARLIER`` seconds before.

    A correction belongs to what it corrects: beside another code it is worth little. None of so short a sound that
    much the same would be heard.
    """
    if sound.seconds < 2 * EARLIER:
        return None
    first, others = codes.split([codec.channels, codes.shape[1] - codec.channels], dim=1)
    others = others.roll(round(EARLIER * codec.frame_rate), dims=-1)
    return _rebuilt(codec, torch.cat([first, others], dim=1), sound, levels(codec))


def _rebuilt(codec: Codec, codes: Tensor, sound: Audio, books: int) -> Rebuilt:
    decoded = codec.decode(codes[:, : books * codec.channels])[0, :, : sound.samples.shape[1]]
    samples = decoded.float().cpu().numpy()
    return Rebuilt(
        books,
        Audio(samples, codec.sample_rate),
        bit_rate(codec, books),
        log_mel_distance(sound.samples, samples, codec.sample_rate),
        spectral_snr(sound.samples, samples, codec.sample_rate),
    )
