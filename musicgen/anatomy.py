"""How many parameters each part of the language model has, from its configuration alone.

Counts what `lm.py` would build, and builds nothing: a model of billions costs no more than one of thousands. Knows
nothing of weights, networks or the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from musicgen.config import LMConfig
from musicgen.patterns import feature_count


@dataclass(frozen=True)
class Anatomy:
    """Parameters of the parts of an LM, in the order in which a code passes them."""

    embeddings: int
    words: int  # the projection of the text encoder's states
    melody: int  # of a melody that stands before the codes
    frames: int  # of the features of each frame
    steps: int  # of the features that tell the pattern
    layers: int
    norm: int
    heads: int

    @property
    def total(self) -> int:
        """All parameters of the language model; codec and text encoder are apart."""
        return sum(vars(self).values())


def anatomy(lm: LMConfig) -> Anatomy:
    """The parts of ``LM(lm)``, counted."""
    dim = lm.dim
    norm = 2 * dim  # weight and bias; no other part of a layer has a bias
    attention = 4 * dim * dim + norm  # query, key, value, out
    layer = attention * (2 if lm.cross_attention else 1) + 2 * dim * lm.ffn_dim + norm
    return Anatomy(
        embeddings=lm.codebooks * (lm.codebook_size + 1) * dim,
        words=(lm.text_dim + 1) * dim,
        melody=(lm.melody_bins + 1) * dim if lm.melody_bins else 0,
        frames=lm.aligned_dim * dim,
        steps=feature_count(lm.codebooks) * dim if lm.told_pattern else 0,
        layers=lm.layers * layer,
        norm=norm,
        heads=lm.codebooks * lm.codebook_size * dim,
    )


def in_words(count: int) -> str:
    """A number of parameters for people, to three digits: ``148 k``, ``17.3 M``, ``1.84 B``."""
    for limit, size, unit in ((1_000, 1, ""), (1_000_000, 1e3, " k"), (1_000_000_000, 1e6, " M")):
        if float(f"{count:.3g}") < limit:
            return f"{float(f'{count / size:.3g}'):g}{unit}"
    return f"{float(f'{count / 1e9:.3g}'):g} B"
