"""What steers the model, as tensors (paper 2.3): text, melody, features aligned with the frames.

Knows nothing of how the tensors were made (conditioners.py) or of how they enter the network (lm.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Conditions:
    """Conditions of ``B`` rows; each row is one sequence of the model, or the row that guidance compares it with.

    ``text [B, L, text_dim]``: states of the text encoder, not yet projected.
    ``text_mask [B, L]`` bool: False is padding; a row that is False throughout is the null text.
    ``melody [B, M, bins]``: one-hot pitch class for each frame of the chromagram, or None for the null melody.
    ``aligned [B, T, A]``: features per codec frame (aligned.py), or None for zeros, the null.
    ``text_length [B]``: positions a row's text takes where conditions are prepended. Left out: up to the row's
    last unmasked position, and all L for a null text (its zeros take the places of the text it stands beside).
    """

    text: Tensor
    text_mask: Tensor
    melody: Tensor | None = None
    aligned: Tensor | None = None
    text_length: Tensor | None = None

    def __post_init__(self) -> None:
        rows, length = self.text.shape[:2]
        if self.text_mask.shape != (rows, length) or self.text_mask.dtype != torch.bool:
            raise ValueError(f"The text mask must be bool [{rows}, {length}], one value for each text state.")
        for name, tensor in (("melody", self.melody), ("aligned", self.aligned), ("text_length", self.text_length)):
            if tensor is not None and tensor.shape[0] != rows:
                raise ValueError(f"The conditions disagree: {rows} rows of text, {tensor.shape[0]} of {name}.")
        if self.text_length is None:
            places = torch.arange(1, length + 1, device=self.text_mask.device)
            last = (self.text_mask * places).amax(1)
            object.__setattr__(self, "text_length", torch.where(last > 0, last, length))

    @property
    def rows(self) -> int:
        """B."""
        return self.text.shape[0]

    def null(self) -> Conditions:
        """The null condition of the same shape: no text, the null melody, no aligned features."""
        return Conditions(
            text=torch.zeros_like(self.text),
            text_mask=torch.zeros_like(self.text_mask),
            melody=None if self.melody is None else null_melody(self.melody),
            aligned=None if self.aligned is None else torch.zeros_like(self.aligned),
            text_length=self.text_length,
        )

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Conditions:
        """The same conditions on ``device``, their floating tensors as ``dtype``."""

        def floats(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device=device, dtype=dtype)

        assert self.text_length is not None
        return Conditions(
            self.text.to(device=device, dtype=dtype), self.text_mask.to(device), floats(self.melody),
            floats(self.aligned), self.text_length.to(device),
        )

    @staticmethod
    def cat(parts: Sequence[Conditions]) -> Conditions:
        """All rows of ``parts``, the texts padded to one length; a part without melody or aligned gets the null."""
        length = max(part.text.shape[1] for part in parts)

        def pad(tensor: Tensor) -> Tensor:  # [b, l, ...] -> [b, L, ...]
            widths = [0, 0] * (tensor.dim() - 2) + [0, length - tensor.shape[1]]
            return F.pad(tensor, widths)

        def stack(name: str) -> Tensor | None:
            given = [getattr(part, name) for part in parts]
            like = next((tensor for tensor in given if tensor is not None), None)
            if like is None:
                return None
            filled = []
            for part, tensor in zip(parts, given, strict=True):
                if tensor is None:
                    tensor = like.new_zeros(part.rows, *like.shape[1:])
                    tensor = null_melody(tensor) if name == "melody" else tensor
                filled.append(tensor)
            return torch.cat(filled)

        return Conditions(
            text=torch.cat([pad(part.text) for part in parts]),
            text_mask=torch.cat([pad(part.text_mask) for part in parts]),
            melody=stack("melody"),
            aligned=stack("aligned"),
            text_length=stack("text_length"),
        )


def null_melody(like: Tensor) -> Tensor:
    """The null melody [B, M, bins] shaped like ``like``: not zeros but bin 0, the argmax of a silent chromagram."""
    out = torch.zeros_like(like)
    out[..., 0] = 1.0
    return out
