"""Shared fixtures: tiny seeded models of every kind, a text encoder made of hashes, and a tune of sine waves.

The hub is switched off for all tests: nothing here may depend on what a machine has downloaded.
"""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import hashlib  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402
from hypothesis import settings  # noqa: E402

from musicgen.aligned import ALIGNED_DIM  # noqa: E402
from musicgen.audio import Audio  # noqa: E402
from musicgen.codec import EncodecCodec  # noqa: E402
from musicgen.conditioners import Conditioner  # noqa: E402
from musicgen.config import EncodecConfig, LMConfig, ModelConfig, PocketCodecConfig, SamplingDefaults  # noqa: E402
from musicgen.lm import LM  # noqa: E402
from musicgen.model import Model  # noqa: E402
from musicgen.pocket_codec import PocketCodec  # noqa: E402
from musicgen.prior import FramePrior  # noqa: E402
from musicgen.reading import read_prompt  # noqa: E402

settings.register_profile("untimed", deadline=None)  # how long a case takes is the machine's
settings.load_profile("untimed")

TEXT_DIM = 12
VOCABULARY = 24


class HashEncoder:
    """A text encoder without weights: every word has a vector drawn from its hash."""

    def __init__(self, dim: int = TEXT_DIM) -> None:
        self.dim = dim

    def __call__(self, prompt: str) -> torch.Tensor:
        """[words, dim]."""
        rows = []
        for word in prompt.split():
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:7], "big")
            rows.append(torch.randn(self.dim, generator=torch.Generator().manual_seed(seed)))
        return torch.stack(rows)


def tiny_encodec(channels: int = 1) -> EncodecCodec:
    """EnCodec at 50 frames a second and 1,000 samples a second, with random weights."""
    config = EncodecConfig(
        sample_rate=1_000, channels=channels, codebooks=4, codebook_size=VOCABULARY, dimension=8, n_filters=4,
        ratios=(5, 2, 2, 1),
    )
    torch.manual_seed(1)
    codec = EncodecCodec(config)
    with torch.no_grad():
        latent = codec.encoder_net(0.3 * torch.randn(1, 1, 4_000))[0]  # [D, T]
        for k, layer in enumerate(codec.quantizer.vq.layers):  # entries where sound lies, finer from book to book
            book = torch.randn(VOCABULARY, 8) * latent.std(1) / 2**k
            layer._codebook.embed.copy_(book + latent.mean(1) if k == 0 else book)
    return codec


def tiny_pocket_codec() -> PocketCodec:
    """The bundled model's kind of codec, small, with random weights."""
    torch.manual_seed(2)
    config = PocketCodecConfig(
        sample_rate=3_200, codebook_size=VOCABULARY, dimension=8, window=64, stft_hop=32, hop=64, encoder_width=16,
        decoder_width=16, encoder_blocks=1, decoder_blocks=2,
    )
    codec = PocketCodec(config)
    codec.quantizer.codebooks.normal_()
    codec.pca.copy_(torch.linalg.qr(torch.randn(codec.features, config.dimension)).Q.T)
    codec.mean.fill_(-3.0)
    return codec.eval().requires_grad_(False)


def build_model(kind: str, text_dim: int = TEXT_DIM) -> Model:
    """A tiny model: "text" (cross-attention), "melody" (prefix), "stereo", "aligned" (told what each frame should
    be), or "told" (told the pattern, too, and with a prior)."""
    own = kind in ("aligned", "told")  # as the bundled one
    codec = tiny_pocket_codec() if own else tiny_encodec(2 if kind == "stereo" else 1)
    lm_config = LMConfig(
        codebooks=codec.codebooks, codebook_size=VOCABULARY, dim=32, layers=2, heads=4, ffn_dim=48, text_dim=text_dim,
        cross_attention=kind != "melody", melody_bins=12 if kind == "melody" else 0, melody_frames=20,
        aligned_dim=ALIGNED_DIM if own else 0, told_pattern=kind == "told",
    )
    config = ModelConfig(
        name=f"tiny-{kind}", codec=codec.config, lm=lm_config, text_encoder="minilm",
        pattern="stereo_partial_delay" if kind == "stereo" else "delay", window_seconds=3.0, stride_seconds=1.8,
        sampling=SamplingDefaults(top_k=12, prior=0.5 if kind == "told" else 0.0), licence="MIT",
        prior_width=8 if kind == "told" else 0,
    )
    lm = LM(lm_config).eval()
    lm.init_weights(seed=7)
    with torch.no_grad():  # larger than fresh weights, so that whatever steers the model shows in its codes
        for name, parameter in lm.named_parameters():
            if name.endswith("weight") and "norm" not in name and not name.startswith("emb."):
                parameter.mul_(10)
    prior = None
    if config.prior_width:
        torch.manual_seed(8)
        prior = FramePrior(ALIGNED_DIM, codec.codebooks, VOCABULARY, config.prior_width).requires_grad_(False)
        for parameter in prior.parameters():
            parameter.mul_(3)
    return Model(config, lm.requires_grad_(False), codec, Conditioner(HashEncoder(text_dim)), prior)


@pytest.fixture(scope="session")
def tiny_model() -> Callable[[str], Model]:
    """``tiny_model(kind)``: each kind is built once; models hold no running state."""
    built: dict[str, Model] = {}

    def get(kind: str) -> Model:
        if kind not in built:
            built[kind] = build_model(kind)
        return built[kind]

    return get


def sine_tune(notes: tuple[float, ...] = (440.0, 523.25, 659.25, 440.0), seconds: float = 1.0) -> Audio:
    """One sine after another, each struck anew and fading, at 32 kHz."""
    time = np.arange(round(32_000 * seconds)) / 32_000
    tones = [np.sin(2 * np.pi * note * time) * np.exp(-3 * time / seconds) for note in notes]
    return Audio(0.5 * np.concatenate(tones)[None].astype(np.float32), 32_000)


@pytest.fixture
def tune() -> Audio:
    """A, C, E, A: four seconds, a note a second."""
    return sine_tune()


def check_reading(prompt: str, expected: dict[str, Any]) -> None:
    """What is read of ``prompt`` is what is ``expected``: keys, metres and chords of it as text."""
    said = read_prompt(prompt)
    for name, value in expected.items():
        found = getattr(said, name)
        if name == "chords":
            found = " ".join(map(str, found))
        elif name in ("key", "meter") and found is not None:
            found = str(found)
        assert found == value, f"{name} of '{prompt}'"
