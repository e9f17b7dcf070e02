"""One step of the language model on repacked weights: what a row reads now -> its logits.

The same function as ``LM.forward`` for a single new position. Where keys and values are kept, and how attention
reaches them, is the caller's: a request of its own (stepper.py) or slots side by side (batch.py). Knows nothing of
patterns, prompts or sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from musicgen.lm import LM, Prepared, sinusoid
from musicgen.matrices import Matrix, matrix, rows_agree
from musicgen.transformer import Layer

# Attention to all positions so far: layer, query, new key, new value [R, H, E] -> mixed values [R, H, E].
Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]
# Attention to the text: layer, query [C, H, E] -> mixed values [C, H, E].
AttendText = Callable[[int, Tensor], Tensor]
Form = Callable[[Tensor], Matrix]  # of a weight


class Norm:
    """A layer norm in ``dtype``."""

    def __init__(self, norm: nn.LayerNorm, dtype: torch.dtype) -> None:
        self._weight, self._bias = norm.weight.detach().to(dtype), norm.bias.detach().to(dtype)
        self._eps = norm.eps

    def __call__(self, x: Tensor) -> Tensor:
        """[R, D] -> [R, D]."""
        return F.layer_norm(x, self._weight.shape, self._weight, self._bias, self._eps)


class LayerWeights:
    """The matrices and norms of one layer."""

    def __init__(self, layer: Layer, dtype: torch.dtype, matrix: Form) -> None:
        self.norm1, self.norm2 = Norm(layer.norm1, dtype), Norm(layer.norm2, dtype)
        self.qkv, self.out = matrix(layer.self_attn.qkv.weight), matrix(layer.self_attn.out.weight)
        self.linear1, self.linear2 = matrix(layer.linear1.weight), matrix(layer.linear2.weight)
        self.norm_cross: Norm | None = None
        self.query: Matrix | None = None
        self.out_cross: Matrix | None = None
        if layer.cross_attn is not None and layer.norm_cross is not None:
            self.norm_cross = Norm(layer.norm_cross, dtype)
            self.query, self.out_cross = matrix(layer.cross_attn.query.weight), matrix(layer.cross_attn.out.weight)


class Network:
    """The weights of an ``LM`` laid out for single steps; ``dtype`` is that of the residual stream and of the keys.

    On a CPU that is float32 whatever the weights are: at two rows it costs nothing, and attention of one query to
    bfloat16 keys is slow there.
    """

    def __init__(self, lm: LM, form: Form = matrix) -> None:
        self.lm, self.config = lm, lm.config
        self.dtype = torch.float32 if lm.device.type == "cpu" else lm.dtype
        self.embedding = lm.emb.weight.detach()
        self.offsets = torch.arange(self.config.codebooks, device=lm.device) * (self.config.codebook_size + 1)
        layers = cast(Iterable[Layer], lm.transformer.layers)
        self.layers = [LayerWeights(layer, self.dtype, form) for layer in layers]
        self.norm = Norm(lm.transformer.norm, self.dtype)
        self.heads = form(lm.heads.weight)

    def rows_agree(self, most: int) -> bool:
        """Whether a row's logits are the same, bit for bit, among up to ``most`` rows as among fewer.

        Attention is the caller's; of the rest only the products look at more than a row.
        """
        layer, dim = self.layers[0], self.config.dim  # all layers are alike
        wide = [layer.qkv, layer.out, layer.linear1, self.heads]
        wide += [weight for weight in (layer.query, layer.out_cross) if weight is not None]
        return rows_agree(layer.linear2, self.config.ffn_dim, most) and all(rows_agree(w, dim, most) for w in wide)

    @property
    def head_dim(self) -> int:
        """E."""
        return self.config.dim // self.config.heads

    def embed(self, tokens: Tensor) -> Tensor:
        """Tokens [..., K] -> the sum of their embeddings [..., D]."""
        return F.embedding(tokens + self.offsets, self.embedding).to(self.dtype).sum(-2)

    def added(self, prepared: Prepared, aligned: Tensor | None, features: Tensor) -> Tensor:
        """What every step of a request adds to its embeddings, [B, S, D]: its position, and what it is told.

        ``aligned [B, S, A]`` and ``features [S, P]`` as in ``LM.forward``.
        """
        steps = len(features)
        positions = torch.arange(prepared.prefix_length, prepared.prefix_length + steps, device=self.lm.device)
        positions = positions.expand(prepared.rows, -1)
        if prepared.padding is not None:
            positions = (positions - prepared.padding[:, None]).clamp(min=0)
        out = sinusoid(positions, self.config.dim).to(self.dtype)
        if aligned is not None and self.lm.aligned_proj is not None:
            out = out + self.lm.aligned_proj(aligned.to(self.lm.device, self.lm.dtype)).to(self.dtype)
        if self.lm.pattern_proj is not None:
            out = out + self.lm.pattern_proj(features.to(self.lm.device, self.lm.dtype)).to(self.dtype)
        return out

    def logits(self, x: Tensor, attend: Attend, attend_text: AttendText | None, reading: slice | Tensor) -> Tensor:
        """``x [R, D]`` -> logits float32 [R, K, V]; the rows ``reading`` attend to a text, all others have none."""
        rows, dim = x.shape
        heads, width = self.config.heads, self.head_dim
        for i, layer in enumerate(self.layers):
            query, key, value = layer.qkv.apply(layer.norm1(x)).to(self.dtype).view(rows, 3, heads, width).unbind(1)
            x = layer.out.add(attend(i, query, key, value).reshape(rows, dim), x)
            if attend_text is not None and layer.query is not None:
                assert layer.norm_cross is not None and layer.out_cross is not None
                some = x[reading]
                query = layer.query.apply(layer.norm_cross(some)).to(self.dtype).view(len(some), heads, width)
                some = layer.out_cross.add(attend_text(i, query).reshape(len(some), dim), some)
                if len(some) == rows:
                    x = some
                else:
                    x[reading] = some
            x = layer.linear2.add(layer.linear1.gelu(layer.norm2(x)), x)
        out = self.heads.apply(self.norm(x)).float()
        return out.view(rows, self.config.codebooks, self.config.codebook_size)
