"""The kind of music a prompt comes nearest to when it names none: "a knight rides against a dragon" is film music.

A linear classifier on the sentence's embedding by the text encoder that the bundled model hears through, trained on
scenes that people may have in mind (``musicgen.train.kinds``). A kind is a word or two that ``reading`` knows, such as
"jazz" or "solo piano"; one of them is "none". Knows nothing of plans or models; the words a prompt does say are
``reading``'s.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from safetensors import safe_open
from torch import Tensor

from musicgen.errors import ModelUnavailable
from musicgen.reading import MAX_PROMPT, read_prompt
from musicgen.text_encoders import minilm

KINDS = Path(__file__).resolve().parent.parent / "assets" / "kinds.safetensors"
NONE = "none"
SURE = 0.2  # probability below which no kind is near
FIRM = 0.4  # the same where a word hints at a style, which otherwise holds
QUICK = 110.0  # felt beats a minute from which on nothing floats or lulls
STILL = frozenset(("ambient", "new age", "lullaby", "ethereal harp"))  # what does
FOREIGN = 0.3  # share of letters beyond Latin-1 above which the English encoder is not asked


def nearest_kind(prompt: str) -> str | None:
    """The kind of music nearest to a prompt that names neither style nor instrument, or merely hints at a style.

    None for others, and, too, where nothing is near, where the prompt is in other letters, and where the encoder is
    not installed.
    """
    return _nearest(prompt[:MAX_PROMPT].strip())


@lru_cache(maxsize=64)  # the page asks several times for the same prompt
def _nearest(text: str) -> str | None:
    said = read_prompt(text)
    letters = [letter for letter in text if letter.isalpha()]
    foreign = sum(ord(letter) > 255 for letter in letters)
    named = said.instruments or (said.style and not said.hinted)
    if named or not letters or foreign > FOREIGN * len(letters):
        return None
    try:
        direction = embedding(text)
    except ModelUnavailable:
        return None
    kinds, weight, bias = _classifier()
    probability = dict(zip(kinds, (weight @ direction + bias).softmax(0).tolist(), strict=True))
    asked = said.bpm_range or said.mood_range
    if said.drums or (said.bpm or (asked[0] if asked else 0.0)) >= QUICK:
        probability = {kind: p for kind, p in probability.items() if kind not in STILL}
    best = max(probability, key=probability.__getitem__)
    return best if best != NONE and probability[best] >= (FIRM if said.hinted else SURE) else None


def embedding(text: str) -> Tensor:
    """Mean state of a text, of length 1: [384]. Raises ``ModelUnavailable``."""
    state = minilm()(text).mean(0)
    return state / state.norm()


@cache
def _classifier() -> tuple[list[str], Tensor, Tensor]:
    """The kinds, and a direction [kinds, 384] and a bias [kinds] for each."""
    with safe_open(str(KINDS), "pt") as file:
        kinds = file.metadata()["kinds"].split(",")
        return kinds, file.get_tensor("weight").float(), file.get_tensor("bias").float()
