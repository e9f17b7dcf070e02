"""The language model over codes (paper 2.4): K embeddings summed, a causal transformer, K heads.

Conditions enter it in three ways (paper 2.3): text by cross-attention, or melody and text as a prefix; features
aligned with the frames are added to the input at the position that predicts them, and so are those that say what
the step of a pattern holds, if the model is told. Knows nothing of which patterns there are, of sampling or files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from musicgen.conditions import Conditions, null_melody
from musicgen.config import LMConfig
from musicgen.kv_cache import KVCache
from musicgen.patterns import feature_count
from musicgen.transformer import CrossAttention, Transformer


@dataclass(frozen=True)
class Prepared:
    """Conditions projected to the model's width, computed once and used at every step.

    ``text [B, L, D]``, ``text_mask [B, L]``: what is attended to (cross-attention models).
    ``prefix [B, P, D]``: what stands before the sequence (melody models), padded at the left; ``padding [B]`` counts
    the padding, None where there is none.
    """

    rows: int
    text: Tensor | None = None
    text_mask: Tensor | None = None
    prefix: Tensor | None = None
    padding: Tensor | None = None

    @property
    def prefix_length(self) -> int:
        """P."""
        return 0 if self.prefix is None else self.prefix.shape[1]


def sinusoid(positions: Tensor, dim: int) -> Tensor:
    """Position embeddings ``cat[cos, sin]`` in float32, [...] -> [..., dim]."""
    half = dim // 2
    exponent = torch.arange(half, device=positions.device, dtype=torch.float32) * (-math.log(10_000) / (half - 1))
    angle = positions[..., None].float() * torch.exp(exponent)
    return torch.cat([angle.cos(), angle.sin()], dim=-1)


class LM(nn.Module):
    """Logits of every codebook at every step, given the steps before and the conditions."""

    def __init__(self, config: LMConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.dim
        # One table and one matrix for all codebooks; codebook k has the rows from k * (V + 1), and k * V.
        self.emb = nn.Embedding(config.codebooks * (config.codebook_size + 1), dim)
        self.text_proj = nn.Linear(config.text_dim, dim)
        self.melody_proj = nn.Linear(config.melody_bins, dim) if config.melody_bins else None
        self.aligned_proj = nn.Linear(config.aligned_dim, dim, bias=False) if config.aligned_dim else None
        told = config.told_pattern
        self.pattern_proj = nn.Linear(feature_count(config.codebooks), dim, bias=False) if told else None
        self.transformer = Transformer(dim, config.layers, config.heads, config.ffn_dim, config.cross_attention)
        self.heads = nn.Linear(dim, config.codebooks * config.codebook_size, bias=False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.emb.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are."""
        return self.emb.weight.dtype

    @property
    def matrices(self) -> list[Tensor]:
        """The weights that a step multiplies with; the text's keys and values are made by theirs once a request."""
        return [weight for weight in (*self.transformer.parameters(), self.heads.weight) if weight.dim() == 2]

    @torch.no_grad()
    def init_weights(self, seed: int = 0) -> None:
        """Fresh weights for training, the same for the same seed.

        Gaussians of std .02; what a layer adds to the residual stream is scaled down by the number of additions.
        The embeddings have std 1: next to the sinusoids (mean square 1/2) smaller ones are drowned, and the model
        takes several times as long to find the token before. The projection of the text is larger too, for the
        states are small, and what cross-attention reads would be next to nothing.
        """
        generator = torch.Generator().manual_seed(seed)
        additions = self.config.layers * (3 if self.config.cross_attention else 2)
        for name, parameter in self.named_parameters():
            if ".norm" in name:
                parameter.fill_(1.0 if name.endswith("weight") else 0.0)
            elif name.endswith("bias"):
                parameter.zero_()
            else:
                std = 1.0 if name.startswith("emb.") else 0.02
                if name == "text_proj.weight":
                    std = 2.0 / math.sqrt(self.config.text_dim)
                if name.endswith(("out.weight", "linear2.weight")):
                    std /= math.sqrt(additions)
                parameter.copy_(torch.empty(parameter.shape).normal_(0.0, std, generator=generator))

    def prepare(self, conditions: Conditions) -> Prepared:
        """Project ``conditions``; masked positions become zero after the projection, as a null text is throughout."""
        mask = conditions.text_mask
        text = self.text_proj(conditions.text.to(self.device, self.dtype)) * mask[..., None].to(self.device)
        mask = mask.to(self.device)
        if self.config.cross_attention:
            # A null row looks at all its zeros: without biases it gets exactly nothing, and no softmax over nothing.
            return Prepared(conditions.rows, text, mask | ~mask.any(1, keepdim=True))
        return self._prefix(text, conditions)

    def _prefix(self, text: Tensor, conditions: Conditions) -> Prepared:
        """[melody, text] before the sequence. Each row counts its own prefix, so rows of unequal texts are padded at
        the left: what comes after stays in line, and a row's positions do not depend on its company."""
        rows, length, _ = text.shape
        parts = [text]
        if self.melody_proj is not None:
            shape = (rows, self.config.melody_frames, self.config.melody_bins)
            melody = conditions.melody
            if melody is None:
                melody = null_melody(text.new_zeros(shape))
            if melody.shape != shape:
                raise ValueError(f"The melody must be {list(shape)}, a row for each text, but is {list(melody.shape)}.")
            parts.insert(0, self.melody_proj(melody.to(self.device, self.dtype)))
        prefix = torch.cat(parts, dim=1)
        assert conditions.text_length is not None
        spare = length - conditions.text_length.to(self.device)  # [B] positions at the end that are no text
        least = int(spare.min())
        if least:
            prefix, spare = prefix[:, :-least], spare - least
        if not bool(spare.any()):
            return Prepared(rows, prefix=prefix)
        place = (torch.arange(prefix.shape[1], device=self.device) - spare[:, None]) % prefix.shape[1]  # [B, P]
        return Prepared(rows, prefix=prefix.gather(1, place[..., None].expand_as(prefix)), padding=spare)

    def new_cache(self, prepared: Prepared, steps: int) -> KVCache:
        """An empty cache for ``steps`` steps after ``prepared``, the text's keys and values in it."""
        config = self.config
        cross = None
        if prepared.text is not None:
            cross = []
            for layer in self.transformer.layers:
                assert isinstance(layer.cross_attn, CrossAttention)
                cross.append(layer.cross_attn.keys_values(prepared.text))
        return KVCache(
            config.layers, prepared.rows, config.heads, prepared.prefix_length + steps, config.dim // config.heads,
            device=self.device, dtype=self.dtype, cross=cross,
        )

    def forward(
        self,
        tokens: Tensor,
        conditions: Conditions | Prepared,
        step_aligned: Tensor | None = None,
        cache: KVCache | None = None,
        step_features: Tensor | None = None,
    ) -> Tensor:
        """Logits [B, K, S, V] of steps s, from ``tokens [B, K, S]``, where step s reads what step s - 1 holds.

        Step 0 reads the special token on every codebook (``Layout.inputs`` makes such tokens from codes).
        ``step_aligned [B, S, A]`` are the features of the frame that step s predicts; None is zeros.
        ``step_features [S, P]`` (``Layout.features``) tell the pattern, the same in every row; a model that is not
        told its pattern takes no notice.
        With a cache (``new_cache``) only the tokens and features of new steps are given.
        """
        config = self.config
        prepared = self.prepare(conditions) if isinstance(conditions, Conditions) else conditions
        rows, codebooks, steps = tokens.shape
        if codebooks != config.codebooks or rows != prepared.rows:
            raise ValueError(
                f"The model expects tokens [{prepared.rows}, {config.codebooks}, S], but got {list(tokens.shape)}."
            )
        offsets = torch.arange(codebooks, device=tokens.device)[:, None] * (config.codebook_size + 1)
        x = self.emb(tokens + offsets).sum(dim=1)  # [B, S, D]
        if self.aligned_proj is not None and step_aligned is not None:
            x = x + self.aligned_proj(step_aligned.to(x))
        if self.pattern_proj is not None and step_features is not None:
            x = x + self.pattern_proj(step_features.to(x))
        past = cache.length if cache is not None else 0
        if prepared.prefix is not None and past == 0:
            x = torch.cat([prepared.prefix.to(x.dtype), x], dim=1)
        positions = torch.arange(past, past + x.shape[1], device=x.device)
        if prepared.padding is not None:
            positions = (positions - prepared.padding[:, None]).clamp(min=0)  # [B, P + S]
        x = x + sinusoid(positions, config.dim).to(x.dtype)
        x = self.transformer(x, prepared.text, prepared.text_mask, prepared.padding, cache)
        logits = self.heads(x[:, -steps:])
        return logits.view(rows, steps, codebooks, config.codebook_size).transpose(1, 2)
