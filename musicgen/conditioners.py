"""From prompts and chromagrams to the tensors of ``Conditions`` (paper 2.3).

Knows nothing of the language model, and nothing of how audio is read or separated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from musicgen import hub, text_encoders
from musicgen.chroma import argmax_onehot, fit_frames
from musicgen.config import ModelConfig
from musicgen.errors import ModelUnavailable
from musicgen.text_encoders import TextEncoder

_REMEMBERED = 128  # prompts whose states are kept; a page asks for the same ones again and again


class Conditioner:
    """Encodes prompts one at a time, so that a prompt's states do not depend on the others, bit for bit."""

    def __init__(self, encoder: TextEncoder, device: torch.device | str = "cpu"):
        self.encoder = encoder
        self.dim = encoder.dim
        self.device = torch.device(device)
        self._states = lru_cache(_REMEMBERED)(encoder)

    def text(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        """``B`` prompts -> states ``[B, L, dim]`` float32 (zeros after a prompt's end) and mask ``[B, L]`` bool.

        An empty prompt is the null text: its mask is False throughout. L is at least 1.
        """
        rows = [self._states(prompt.strip()) if prompt.strip() else None for prompt in prompts]
        length = max([1, *(len(row) for row in rows if row is not None)])
        states = torch.zeros(len(rows), length, self.dim, device=self.device)
        mask = torch.zeros(len(rows), length, dtype=torch.bool, device=self.device)
        for i, row in enumerate(rows):
            if row is not None:
                states[i, : len(row)] = row.to(self.device)
                mask[i, : len(row)] = True
        return states, mask

    def melody(self, chroma: np.ndarray | None, frames: int = 235) -> Tensor:
        """Chromagram ``[M, 12]`` -> the bottleneck ``[1, frames, 12]`` of a prefix model, tiled or truncated.

        None gives the null melody: one-hot bin 0, the argmax of silence.
        """
        if chroma is None:
            chroma = np.zeros((1, 12), np.float32)
        if chroma.ndim != 2 or not len(chroma):
            raise ValueError("A melody is a chromagram of at least one frame, [M, 12].")
        return torch.from_numpy(fit_frames(argmax_onehot(chroma), frames))[None].to(self.device)


def build_conditioner(
    config: ModelConfig,
    device: torch.device | str = "cpu",
    source_dir: str | Path | None = None,
    hub_repo: str | None = None,
    text_state: Mapping[str, Tensor] | None = None,
) -> Conditioner:
    """The conditioner of a model.

    ``config.text_encoder`` is "minilm" or the hub name of a T5, FLAN-T5 or CLAP encoder. ``text_state`` are the
    encoder's weights where the model's checkpoint holds them (names without the checkpoint's prefix); then only its
    tokenizer is looked for: in ``source_dir``, in ``hub_repo``, under the encoder's own name, in this order.

    Raises:
        ModelUnavailable: weights or tokenizer are missing, damaged, or out of reach.
    """
    if config.text_encoder == "minilm":
        encoder = text_encoders.minilm(device)
    elif text_state is not None:
        tokenizer = _find_tokenizer(config.text_encoder, source_dir, hub_repo)
        encoder = text_encoders.from_state(text_state, tokenizer, device, _encoder_config(source_dir))
    else:
        encoder = text_encoders.from_hub(config.text_encoder, device)
    if encoder.dim != config.lm.text_dim:
        raise ValueError(
            f"The text encoder '{config.text_encoder}' is {encoder.dim} wide, "
            f"but the model '{config.name}' wants {config.lm.text_dim}."
        )
    return Conditioner(encoder, device)


def _find_tokenizer(encoder: str, source_dir: str | Path | None, hub_repo: str | None) -> Path:
    if source_dir is not None and (path := Path(source_dir) / "tokenizer.json").is_file():
        return path
    if hub_repo is not None:
        try:
            return hub.fetch(hub_repo, "tokenizer.json")
        except ModelUnavailable:
            pass  # reference checkpoints bring none: theirs is the encoder's own
    return hub.fetch(encoder, "tokenizer.json", f"The tokenizer of the text encoder {encoder}")


def _encoder_config(source_dir: str | Path | None) -> dict:
    """The text encoder's part of the checkpoint's config.json; empty where there is none."""
    path = Path(source_dir) / "config.json" if source_dir is not None else None
    if path is None or not path.is_file():
        return {}
    whole = json.loads(path.read_text(encoding="utf-8"))
    return whole.get("text_encoder") or {}
