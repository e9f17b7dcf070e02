"""What a model is made of, as frozen dataclasses, and the list of models we know by name.

Knows nothing of tensors, files or networks. Sizes and constants are those of the released
configurations (MusicGen, arXiv 2306.05284, sections 2.1 to 2.4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musicgen.patterns import Pattern


@dataclass(frozen=True)
class EncodecConfig:
    """EnCodec at 32 kHz (paper 2.1): SEANet encoder and decoder around a residual vector quantiser."""

    sample_rate: int = 32_000
    channels: int = 1  # 2: the mono codec applied to left and right, codes [L1, R1, L2, R2, ...]
    codebooks: int = 4  # per channel
    codebook_size: int = 2048
    dimension: int = 128
    n_filters: int = 64
    n_residual_layers: int = 1
    ratios: tuple[int, ...] = (8, 5, 4, 4)
    kernel_size: int = 7
    residual_kernel_size: int = 3
    last_kernel_size: int = 7
    dilation_base: int = 2
    compress: int = 2
    lstm: int = 2
    pad_mode: str = "reflect"  # what convolutions see beyond both ends; some checkpoints: "constant"

    @property
    def hop(self) -> int:
        """Samples per frame."""
        return math.prod(self.ratios)

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop


@dataclass(frozen=True)
class PocketCodecConfig:
    """The bundled model's codec: log-magnitude spectra in a quantised latent, phase from a vocoder."""

    sample_rate: int = 32_000
    channels: int = 1
    codebooks: int = 4
    codebook_size: int = 1024
    dimension: int = 128
    window: int = 1536  # STFT window and FFT length, samples
    stft_hop: int = 320  # samples; `hop / stft_hop` spectra make one latent frame
    hop: int = 640
    encoder_width: int = 384
    decoder_width: int = 512
    encoder_blocks: int = 6
    decoder_blocks: int = 6

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop


@dataclass(frozen=True)
class LMConfig:
    """The transformer decoder over codes (paper 2.4) and the ways a condition enters it (paper 2.3)."""

    codebooks: int = 4  # K, all channels together
    codebook_size: int = 2048  # V; the special token has id V
    dim: int = 1024  # D
    layers: int = 24
    heads: int = 16
    ffn_dim: int = 4096
    text_dim: int = 768  # width of the text encoder's states
    cross_attention: bool = True  # False: conditions are prepended to the sequence (melody models)
    melody_bins: int = 0  # pitch classes of a prepended melody; 0: none
    melody_frames: int = 235  # frames of a prepended melody
    aligned_dim: int = 0  # features per frame added to the input; 0: none (see aligned.py)
    told_pattern: bool = False  # whether the pattern is told, step by step (patterns.Layout.features)
    max_steps: int = 0  # of the longest sequence it was trained on; 0: as long as one likes

    @property
    def special(self) -> int:
        """Id of the special token, fed wherever a pattern has no coordinate."""
        return self.codebook_size


@dataclass(frozen=True)
class SamplingDefaults:
    """What a model is sampled with when the user says nothing."""

    temperature: float = 1.0
    top_k: int = 250
    top_p: float = 0.0
    guidance: float = 3.0
    # Multiplies the temperature, one factor a codebook; empty means 1 for all.
    codebook_temperatures: tuple[float, ...] = ()
    # Of a model that is told plans, the temperature where it is told words alone; 0: the same.
    words_temperature: float = 0.0
    prior: float = 0.0  # how much the frame prior's log-odds count (see prior.py)


@dataclass(frozen=True)
class ModelConfig:
    """A whole model: codec, language model, text encoder, the pattern it was trained with."""

    name: str
    codec: EncodecConfig | PocketCodecConfig
    lm: LMConfig
    text_encoder: str  # hub name of the encoder, or "minilm" for the bundled model's
    pattern: str = "delay"
    window_seconds: float = 30.0  # longest stretch decoded at once, if the pattern does not need too many steps for it
    stride_seconds: float = 18.0  # how far the window moves; the rest is kept as context
    sampling: SamplingDefaults = field(default_factory=SamplingDefaults)
    licence: str = "CC-BY-NC-4.0"
    prior_width: int = 0  # of the frame prior's hidden layer; 0: there is none

    def frames(self, seconds: float) -> int:
        """Codec frames of so many seconds, at least one."""
        return max(1, round(seconds * self.codec.frame_rate))

    def window(self, pattern: Pattern) -> tuple[int, int]:
        """Frames decoded at once along ``pattern``, and how many of them the window moves on by.

        Fewer than `window_seconds` where they would take more steps than the model has ever seen.
        """
        frames = self.frames(self.window_seconds)
        if self.lm.max_steps:
            frames = pattern.longest(frames, self.lm.max_steps)
        return frames, max(1, round(frames * self.stride_seconds / self.window_seconds))


@dataclass(frozen=True)
class KnownModel:
    """One line of the catalogue: what a person wants to know before choosing."""

    short_name: str
    source: str  # hub name, or "bundled"
    parameters: str
    download: str
    pattern: str
    licence: str
    melody: bool
    stereo: bool
    note: str


def _released(short: str, parameters: str, download: str, melody: bool, stereo: bool, note: str) -> KnownModel:
    pattern = "stereo_partial_delay" if stereo else "delay"
    return KnownModel(
        short, f"facebook/musicgen-{short}", parameters, download, pattern, "CC-BY-NC-4.0", melody, stereo, note
    )


KNOWN_MODELS: dict[str, KnownModel] = {
    model.short_name: model
    for model in (
        KnownModel("pocket", "bundled", "", "bundled", "delay", "MIT", True, False,
                   "our own small model, trained from scratch; runs offline on two CPU cores"),
        _released("small", "300 M", "2.4 GB", False, False, "the quickest of the released models"),
        _released("medium", "1.5 B", "8 GB", False, False, "better music, wants a GPU"),
        _released("large", "3.3 B", "13 GB", False, False, "the largest, wants a GPU with 16 GB"),
        _released("melody", "1.5 B", "8 GB", True, False, "follows the melody of an audio file"),
        _released("melody-large", "3.3 B", "13 GB", True, False, "follows a melody, the largest"),
        _released("stereo-small", "300 M", "2.4 GB", False, True, "small, two channels"),
        _released("stereo-medium", "1.5 B", "8 GB", False, True, "medium, two channels"),
        _released("stereo-large", "3.3 B", "13 GB", False, True, "large, two channels"),
        _released("stereo-melody", "1.5 B", "8 GB", True, True, "follows a melody, two channels"),
        _released("stereo-melody-large", "3.3 B", "13 GB", True, True, "follows a melody, largest, two channels"),
    )
}

_SIZES = {"300 M": (1024, 24, 16), "1.5 B": (1536, 48, 24), "3.3 B": (2048, 48, 32)}  # width, layers, heads


def released(known: KnownModel) -> ModelConfig:
    """The configuration of a released model, as the files of its checkpoint have it, without any file.

    Raises ``ValueError`` for the bundled model, whose own file knows.
    """
    if known.parameters not in _SIZES:
        raise ValueError(f"'{known.short_name}' is not one of the released models.")
    dim, layers, heads = _SIZES[known.parameters]
    codec = EncodecConfig(channels=2 if known.stereo else 1)
    lm = LMConfig(
        codebooks=codec.codebooks * codec.channels, codebook_size=codec.codebook_size, dim=dim, layers=layers,
        heads=heads, ffn_dim=4 * dim, cross_attention=not known.melody, melody_bins=12 if known.melody else 0,
    )
    return ModelConfig(known.short_name, codec, lm, "t5-base", known.pattern, licence=known.licence)
