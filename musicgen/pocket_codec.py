"""The bundled model's codec: 4 codebooks at 50 Hz, 32 kHz mono, made for two CPU cores.

A frame of 640 samples is two log-magnitude spectra. An encoder maps them to a latent (a frozen PCA of the
spectra, weighted as the ear hears pitch, plus a learned correction), a residual vector quantiser makes codes of
it, and a decoder maps back. It also says how far the sound in each bin lies from the bin's frequency and from the
middle of the window, which a phase vocoder (`phase.py`) needs to make a waveform of it in one pass. Wide layers at
50 Hz cost a CPU far less than EnCodec's thin layers at 32 kHz.

Knows nothing of training, of files, or of the language model. Same interface as `codec.py`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from musicgen.config import PocketCodecConfig
from musicgen.limiter import Limiter
from musicgen.phase import PhaseVocoder, spectra

FLOOR = 1e-4  # of full scale; added before the logarithm, taken away after it, so that silence stays silent
SOUNDS = 3  # of each bin the decoder says: log magnitude, frequency, delay
BLOCK = 24  # latent frames decoded at once; fixed and aligned to frame 0, so that chunks cannot change a bit


class Block(nn.Module):
    """ConvNeXt block over time, [B, D, T] -> [B, D, T], looking ``ahead`` frames into the future."""

    def __init__(self, dim: int, kernel: int, ahead: int) -> None:
        super().__init__()
        self.padding = (kernel - 1 - ahead, ahead)
        self.depthwise = nn.Conv1d(dim, dim, kernel, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, 3 * dim)
        self.project = nn.Linear(3 * dim, dim)
        self.scale = nn.Parameter(torch.full((dim,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """[B, D, T] -> [B, D, T]."""
        y = self.depthwise(F.pad(x, self.padding)).transpose(1, 2)
        y = self.project(F.gelu(self.expand(self.norm(y)))) * self.scale
        return x + y.transpose(1, 2)


class Network(nn.Module):
    """Linear in, blocks, norm, linear out (starts at zero: the PCA skip alone): [B, T, in] -> [B, T, out]."""

    def __init__(self, dim_in: int, width: int, dim_out: int, blocks: int, ahead: int) -> None:
        super().__init__()
        self.enter = nn.Linear(dim_in, width)
        self.blocks = nn.ModuleList(Block(width, 7, ahead) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, dim_out)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, in] -> [B, T, out]."""
        y = self.enter(x).transpose(1, 2)
        for block in self.blocks:
            y = block(y)
        return self.leave(self.norm(y.transpose(1, 2)))


class ResidualQuantizer(nn.Module):
    """Residual vector quantiser with Euclidean codebooks [K, V, D]."""

    codebooks: Tensor

    def __init__(self, codebooks: int, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("codebooks", torch.zeros(codebooks, size, dim))

    def nearest(self, x: Tensor, k: int) -> Tensor:
        """Index of the nearest entry of codebook ``k``: [M, D] -> [M]."""
        book = self.codebooks[k]
        return (book.square().sum(-1) - 2 * x @ book.T).argmin(-1)

    def encode(self, x: Tensor) -> Tensor:
        """[B, T, D] -> codes [B, K, T]."""
        batch, frames, dim = x.shape
        residual, codes = x.reshape(-1, dim), []
        for k in range(len(self.codebooks)):
            index = self.nearest(residual, k)
            residual = residual - self.codebooks[k][index]
            codes.append(index.view(batch, frames))
        return torch.stack(codes, 1)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes [B, K', T] (the first K' <= K books) -> [B, T, D]."""
        return sum((self.codebooks[k][codes[:, k]] for k in range(codes.shape[1])), torch.zeros(()))


def ear_weights(config: PocketCodecConfig) -> Tensor:
    """[bins]: how much each bin of a spectrum counts, as the ear spaces pitch; mean 1."""
    hertz = torch.linspace(0, config.sample_rate / 2, config.window // 2 + 1)
    weight = 1 / (hertz + 400)
    return weight / weight.mean()


class PocketCodec(nn.Module):
    """``encode [B, 1, N] -> codes [B, K, T]`` and back."""

    pca: Tensor
    mean: Tensor
    scale: Tensor
    ceiling: Tensor
    AHEAD = 1  # frames each decoder block looks ahead

    def __init__(self, config: PocketCodecConfig) -> None:
        super().__init__()
        self.config = config
        self.sample_rate, self.hop, self.frame_rate = config.sample_rate, config.hop, config.frame_rate
        self.channels, self.codebooks, self.codebook_size = 1, config.codebooks, config.codebook_size
        self.features = config.hop // config.stft_hop * (config.window // 2 + 1)
        # Orthonormal rows [D, features]; latent = pca @ ((x - mean) * weight) / scale, one scale for all dimensions.
        self.register_buffer("pca", torch.zeros(config.dimension, self.features))
        self.register_buffer("mean", torch.zeros(self.features))
        self.register_buffer("scale", torch.ones(()))
        # The loudest log magnitude that music has in each bin (99.9 % of it). Codes that a language model draws fit
        # one another less well than an encoder's, and without a ceiling their sum turns into bursts of noise.
        self.register_buffer("ceiling", torch.full((self.features,), torch.inf))
        latent, features = config.dimension, self.features
        self.analysis = Network(features, config.encoder_width, latent, config.encoder_blocks, 3)
        self.synthesis = Network(latent, config.decoder_width, SOUNDS * features, config.decoder_blocks, self.AHEAD)
        self.quantizer = ResidualQuantizer(config.codebooks, config.codebook_size, config.dimension)

    @property
    def weight(self) -> Tensor:
        """[features]: what the centred spectra are multiplied by before the axes are taken."""
        each = ear_weights(self.config).sqrt()
        return each.repeat(self.features // len(each)).to(self.mean)

    def log_spectra(self, audio: Tensor) -> Tensor:
        """Audio [B, N], N a multiple of the hop -> log magnitudes [B, T, features]."""
        magnitude = spectra(audio, self.config.window, self.config.stft_hop).abs()
        return (magnitude + FLOOR).log().flatten(2).view(len(audio), -1, self.features)

    def to_latent(self, x: Tensor) -> Tensor:
        """Log magnitudes [B, T, features] -> latent [B, T, D]."""
        centred = (x - self.mean) * self.weight
        with torch.autocast(x.device.type, enabled=False):  # the axes are exact whatever the network runs in
            linear = (centred @ self.pca.T) / self.scale
        return linear + self.analysis(centred)

    def from_latent(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Latent [B, T, D] -> log magnitudes, frequencies and delays, each [B, T, features]."""
        correction, frequency, delay = self.synthesis(z).chunk(SOUNDS, -1)
        return (z * self.scale) @ self.pca / self.weight + self.mean + correction, frequency, delay

    def magnitudes(self, log_spectra: Tensor) -> Tensor:
        """[B, T, features] -> magnitudes [B, 2T, bins]."""
        return self.by_spectrum((torch.minimum(log_spectra, self.ceiling).exp() - FLOOR).clamp_min(0))

    def by_spectrum(self, x: Tensor) -> Tensor:
        """[B, T, features] -> [B, 2T, bins]: a latent frame's spectra one after the other."""
        return x.reshape(len(x), -1, self.config.window // 2 + 1)

    @torch.inference_mode()
    def encode(self, audio: Tensor) -> Tensor:
        """Audio [B, 1, N] in -1..1 -> codes [B, K, T], T = ceil(N / hop)."""
        audio = F.pad(audio[:, 0].to(self.mean.device), (0, -audio.shape[-1] % self.hop))
        return self.quantizer.encode(self.to_latent(self.log_spectra(audio)))

    def decode(self, codes: Tensor) -> Tensor:
        """Codes [B, K', T] -> audio [B, 1, T * hop]; the first K' books are enough to hear something."""
        stream = self.decoder()
        return torch.cat([stream.push(codes), stream.finish()], -1)

    def decoder(self) -> PocketStream:
        """A streaming decoder; its chunks joined equal `decode`, bit for bit."""
        return PocketStream(self)


class PocketStream:
    """Decodes codes as they come, in blocks of `BLOCK` frames that start at multiples of `BLOCK`."""

    def __init__(self, codec: PocketCodec) -> None:
        self.codec = codec
        self.look_ahead = codec.config.decoder_blocks * codec.AHEAD
        self.look_back = codec.config.decoder_blocks * (6 - codec.AHEAD)
        self.latent: Tensor | None = None  # [B, T so far, D], from frame `first` on
        self.first = 0  # frame number of latent[:, 0]
        self.done = 0  # frames whose spectra went to the vocoder
        self.vocoder = PhaseVocoder(codec.config.window, codec.config.stft_hop)
        self.limiter = Limiter()

    @property
    def wanted(self) -> int:
        """Frames until the next block can be decoded."""
        seen = 0 if self.latent is None else self.first + self.latent.shape[1]
        return self.done + BLOCK + self.look_ahead - seen

    @torch.inference_mode()
    def push(self, codes: Tensor) -> Tensor:
        """Codes [B, K', n] -> whatever audio [B, 1, m] is ready (m may be 0)."""
        latent = self.codec.quantizer.decode(codes.to(self.codec.mean.device))
        self.latent = latent if self.latent is None else torch.cat([self.latent, latent], 1)
        ready = []
        while self.first + self.latent.shape[1] >= self.done + BLOCK + self.look_ahead:
            ready.append(self.vocoder.push(*self._block(self.done + BLOCK)))
        return self._limited(ready)

    @torch.inference_mode()
    def finish(self) -> Tensor:
        """The rest of the audio [B, 1, m]."""
        if self.latent is None:
            return torch.zeros(1, 1, 0)
        end, ready = self.first + self.latent.shape[1], []
        while self.done < end:
            ready.append(self.vocoder.push(*self._block(min(self.done + BLOCK, end))))
        sound = self._limited([*ready, self.vocoder.finish()])
        return torch.cat([sound, self.limiter.finish()[:, None]], -1)

    def _block(self, end: int) -> tuple[Tensor, Tensor, Tensor]:
        """Spectra of frames `done`..`end`, from no more context than the network can see."""
        assert self.latent is not None
        codec, begin = self.codec, max(0, self.done - self.look_back)
        window = self.latent[:, begin - self.first : end + self.look_ahead - self.first]
        own = slice(self.done - begin, end - begin)
        log_spectra, frequency, delay = (x[:, own] for x in codec.from_latent(window))
        self.done = end
        keep = max(0, end - self.look_back)
        self.latent, self.first = self.latent[:, keep - self.first :], keep
        sounds = (codec.magnitudes(log_spectra), codec.by_spectrum(frequency), codec.by_spectrum(delay))
        # The phase is a short loop over small spectra, for which no accelerator is any use.
        magnitude, frequency, delay = (x.float().cpu() for x in sounds)
        return magnitude, frequency, delay

    def _limited(self, pieces: list[Tensor]) -> Tensor:
        assert self.latent is not None
        return torch.cat([torch.zeros(len(self.latent), 0), *map(self.limiter.push, pieces)], -1)[:, None]
