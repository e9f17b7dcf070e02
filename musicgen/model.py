"""A model: its configuration and its parts in one bundle.

Knows nothing of files, downloads or requests; holds no running state, so that any number of requests may share it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from musicgen.codec_api import Codec
from musicgen.conditioners import Conditioner
from musicgen.config import ModelConfig
from musicgen.lm import LM
from musicgen.matrices import size_of
from musicgen.prior import FramePrior


@dataclass(frozen=True, eq=False)
class Model:
    """Codec (paper 2.1), language model (2.4) and conditioner (2.3), made for each other; the bundled one's prior."""

    config: ModelConfig
    lm: LM
    codec: Codec
    conditioner: Conditioner
    prior: FramePrior | None = None
    rounded: bool = False  # the language model's matrices to eight bits a row, which a CPU reads as bytes

    @property
    def name(self) -> str:
        """The name a person knows it by."""
        return self.config.name

    @property
    def device(self) -> torch.device:
        """Where the language model runs."""
        return self.lm.device

    @property
    def dtype(self) -> torch.dtype:
        """The language model's floating type."""
        return self.lm.dtype

    @property
    def precision(self) -> str:
        """The name of what it has to be loaded as, to be this one again."""
        return "int8" if self.rounded else str(self.dtype).removeprefix("torch.")

    @property
    def size(self) -> int:
        """Bytes of its parts in memory; on a CPU the language model's weights are there twice, once repacked."""
        words = getattr(self.conditioner.encoder, "network", None)  # not every text encoder has one
        tensors = [tensor for part in (self.lm, self.codec, self.prior, words) if isinstance(part, torch.nn.Module)
                   for tensor in (*part.parameters(), *part.buffers())]  # fmt: skip
        total = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        repacked = sum(map(size_of, self.lm.matrices)) if self.device.type == "cpu" else 0
        return total + repacked
