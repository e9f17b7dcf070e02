"""EnCodec at 32 kHz (paper 2.1) on the `encodec` package's networks: mono, stereo, whole and chunk by chunk.

The package is imported when an `EncodecCodec` is built and not before: its licence differs from ours, and the
bundled model does without it. Weights are plain: `codec_weights.py` multiplies weight norm's factors out. Knows
nothing of checkpoint files, of the language model, or of sampling.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from musicgen.compat import import_encodec
from musicgen.config import EncodecConfig

PIECE = 500  # frames encoded at once: a second takes some 40 MB, a long recording as a whole would take gigabytes


class EncodecCodec(nn.Module):
    """``encode [B, C, N] -> codes [B, K, T]`` and back; satisfies `codec_api.Codec`.

    Stereo is the mono codec on left and right, the codes interleaved [L1, R1, L2, R2, ...].
    """

    def __init__(self, config: EncodecConfig) -> None:
        super().__init__()
        encodec = import_encodec()
        self.config = config
        self.sample_rate, self.frame_rate, self.hop = config.sample_rate, config.frame_rate, config.hop
        self.channels = config.channels
        self.codebooks = config.codebooks * config.channels
        self.codebook_size = config.codebook_size
        sizes = {
            "channels": 1,
            "dimension": config.dimension,
            "n_filters": config.n_filters,
            "n_residual_layers": config.n_residual_layers,
            "ratios": list(config.ratios),
            "kernel_size": config.kernel_size,
            "last_kernel_size": config.last_kernel_size,
            "residual_kernel_size": config.residual_kernel_size,
            "dilation_base": config.dilation_base,
            "compress": config.compress,
            "lstm": config.lstm,
            "pad_mode": config.pad_mode,
            "norm": "none",
            "causal": False,
            "true_skip": True,
        }
        self.encoder_net = encodec.modules.SEANetEncoder(**sizes)
        self.decoder_net = encodec.modules.SEANetDecoder(**sizes)
        self.quantizer = encodec.quantization.ResidualVectorQuantizer(
            dimension=config.dimension, n_q=config.codebooks, bins=config.codebook_size, kmeans_init=False
        )
        for layer in self.quantizer.vq.layers:  # what only training needs
            for name in ("inited", "cluster_size", "embed_avg"):
                delattr(layer._codebook, name)
        self.eval()

    def decode_in(self, dtype: torch.dtype) -> None:
        """Compute sound from latents in ``dtype``; encoding and the codebooks stay float32, for a code is an exact
        choice among neighbours."""
        self.decoder_net.to(dtype)

    @property
    def device(self) -> torch.device:
        """Where the weights are; audio and codes are brought there."""
        return next(self.parameters()).device

    @torch.no_grad()
    def encode(self, audio: Tensor) -> Tensor:
        """Audio [B, C, N] in -1..1 -> codes [B, K, T], T = ceil(N / hop).

        Raises:
            ValueError: another number of channels, or no sample at all.
        """
        batch, channels, samples = audio.shape
        if channels != self.channels or samples == 0:
            raise ValueError(f"The codec takes {self.channels} channel(s), got {channels} of {samples} samples.")
        latent = self.encoded(audio.to(self.device, torch.float32).reshape(batch * channels, 1, samples))
        codes = self.quantizer.vq.encode(latent)  # [k, B * C, T]
        books, _, frames = codes.shape
        return codes.view(books, batch, channels, frames).permute(1, 0, 2, 3).reshape(batch, self.codebooks, frames)

    def encoded(self, audio: Tensor) -> Tensor:
        """Audio [B, 1, N] -> latent [B, D, T]: what `encoder_net` makes of it, in bounded memory.

        The downsampling layers see a few frames to either side of a piece, which are computed along and thrown away;
        what follows, the LSTM and a convolution, is small and sees the whole.
        """
        layers = list(self.encoder_net.model)
        after = len(layers) - (3 if self.config.lstm else 2)
        downsampling, rest = nn.Sequential(*layers[:after]), nn.Sequential(*layers[after:])
        beside = downsampling_context(self.config)
        pieces = []
        for start in range(0, -(-audio.shape[-1] // self.hop), PIECE):
            first = max(0, start - beside)
            heard = audio[..., first * self.hop : (start + PIECE + beside) * self.hop]
            pieces.append(downsampling(heard)[..., start - first : start - first + PIECE])
        return rest(torch.cat(pieces, -1))

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """Codes [B, K', T] -> audio [B, C, T * hop]; the first K' books (of stereo: pairs) are enough.

        Raises:
            ValueError: an impossible number of codebooks, or a code outside 0 .. V-1.
        """
        if codes.shape[-1] == 0:
            return torch.zeros(len(codes), self.channels, 0, device=self.device)
        return self._split_channels(self.decoder_net(self.latent(codes)))

    def decoder(self) -> EncodecStream:
        """A new streaming decoder, whose chunks joined equal `decode`."""
        return EncodecStream(self)

    def latent(self, codes: Tensor) -> Tensor:
        """Codes [B, K', T], K' <= K -> the quantised latent of each channel [B * C, D, T]."""
        batch, books, frames = codes.shape
        if not 0 < books <= self.codebooks or books % self.channels:
            raise ValueError(f"The codec takes up to {self.codebooks} codebooks, got {books}.")
        # Checked here because a code out of range ends a CUDA process, everybody's work in it included.
        if codes.numel() and (int(codes.min()) < 0 or int(codes.max()) >= self.codebook_size):
            raise ValueError(f"Codes are numbers from 0 to {self.codebook_size - 1}.")
        rows = codes.to(self.device).reshape(batch, books // self.channels, self.channels, frames)
        rows = rows.permute(1, 0, 2, 3)  # [k, B, C, T]
        latent = self.quantizer.vq.decode(rows.reshape(len(rows), batch * self.channels, frames))
        return latent.to(next(self.decoder_net.parameters()).dtype)

    def _split_channels(self, audio: Tensor) -> Tensor:
        """[B * C, 1, N] -> float32 [B, C, N]."""
        return audio.float().reshape(len(audio) // self.channels, self.channels, audio.shape[-1])


class EncodecStream:
    """Decodes codes as they come; satisfies `codec_api.StreamingDecoder`.

    The decoder is a convolution over frames, an LSTM, and the upsampling layers. The LSTM only looks back, so its
    state is carried on; the two other parts see a few frames to either side, which are kept, or waited for. Every
    sample is thus computed from all it depends on, once: exact, whatever the size of the chunks.
    """

    def __init__(self, codec: EncodecCodec) -> None:
        self.codec = codec
        layers = list(codec.decoder_net.model)
        recurrent = 2 if codec.config.lstm else 1
        self.recurrent, upsampling = layers[1:recurrent], nn.Sequential(*layers[recurrent:])
        self.state: tuple[Tensor, Tensor] | None = None
        kernel = codec.config.kernel_size
        self.latent = _Window(layers[0], kernel // 2, (kernel - 1) // 2)
        self.hidden = _Window(upsampling, *upsampling_context(codec.config))

    @property
    def wanted(self) -> int:
        """Half a second: a pass over fewer frames costs nearly as much."""
        return round(self.codec.frame_rate / 2)

    @torch.no_grad()
    def push(self, codes: Tensor) -> Tensor:
        """The next codes [B, K, n] -> the audio that is certain now [B, C, m]; m may be 0."""
        return self._advance(self.codec.latent(codes), last=False)

    @torch.no_grad()
    def finish(self) -> Tensor:
        """The rest of the audio [B, C, m]."""
        if self.latent.held is None:
            return torch.zeros(1, self.codec.channels, 0, device=self.codec.device)
        return self._advance(self.latent.held[..., :0], last=True)

    def _advance(self, latent: Tensor, last: bool) -> Tensor:
        entered = self.latent.push(latent, 1, last)
        if entered is not None:
            entered = self._recur(entered)
        elif self.hidden.held is not None:
            entered = self.hidden.held[..., :0]
        audio = None if entered is None else self.hidden.push(entered, self.codec.hop, last)
        if audio is None:
            audio = latent.new_zeros(len(latent), 1, 0)
        return self.codec._split_channels(audio)

    def _recur(self, x: Tensor) -> Tensor:
        """The LSTM with its skip connection, going on from where it stood: [B, D, T] -> [B, D, T]."""
        for layer in self.recurrent:
            steps = x.permute(2, 0, 1)
            y, self.state = layer.lstm(steps, self.state)
            x = (y + steps).permute(1, 2, 0)
        return x


class _Window:
    """Applies a layer that sees `before` and `after` frames around each frame to a sequence that comes in chunks.

    The layer pads at the ends of what it is given. Where that end is not the end of the sequence, the frames the
    padding reaches are computed and thrown away.
    """

    def __init__(self, layer: nn.Module, before: int, after: int) -> None:
        self.layer, self.before, self.after = layer, before, after
        self.held: Tensor | None = None  # [B, D, n]: frames still needed
        self.done = 0  # of the held frames, how many are context only

    def push(self, x: Tensor, rate: int, last: bool) -> Tensor | None:
        """[B, D, n] -> [B, D', m * rate] for the m frames that are certain now, or None if there is none."""
        held = x if self.held is None else torch.cat([self.held, x], -1)
        end = held.shape[-1] if last else held.shape[-1] - self.after
        out = None
        if end > self.done:
            out = self.layer(held)[..., self.done * rate : end * rate]
            drop = max(0, end - self.before)
            held, self.done = held[..., drop:], end - drop
        self.held = held
        return out


def upsampling_context(config: EncodecConfig) -> tuple[int, int]:
    """Frames before and after a frame that its samples depend on, through the decoder's upsampling layers.

    Followed backwards from the first and the last sample of a frame far from both ends.
    """
    frame = 1000
    first, last = frame * config.hop, (frame + 1) * config.hop - 1

    def widen(kernel: int, dilation: int = 1) -> None:
        nonlocal first, last
        total = (kernel - 1) * dilation
        first, last = first - (total - total // 2), last + total // 2

    widen(config.last_kernel_size)
    for ratio in reversed(config.ratios):
        for j in reversed(range(config.n_residual_layers)):
            widen(config.residual_kernel_size, config.dilation_base**j)
        # A transposed convolution of kernel 2r and stride r: output q sees inputs q // r - 1 and q // r.
        trimmed = ratio - ratio // 2
        first, last = (first + trimmed) // ratio - 1, (last + trimmed) // ratio
    return frame - first, last - frame


def downsampling_context(config: EncodecConfig) -> int:
    """Frames to either side that a frame may depend on, through the encoder's downsampling layers.

    Followed backwards from a frame far from both ends. Near the end of a recording the padding mirrors, at every
    layer, up to as much again.
    """
    frame = 1000
    first = last = frame
    for ratio in config.ratios:
        # A convolution of kernel 2r and stride r.
        left = ratio - ratio // 2
        first, last = first * ratio - left, last * ratio - left + 2 * ratio - 1
        for j in range(config.n_residual_layers):
            reach = (config.residual_kernel_size - 1) * config.dilation_base**j
            first, last = first - (reach - reach // 2), last + reach // 2
    reach = config.kernel_size - 1
    first, last = first - (reach - reach // 2), last + reach // 2
    return 2 * max(frame - first // config.hop, last // config.hop - frame)
