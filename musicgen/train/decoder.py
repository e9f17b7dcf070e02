"""Stage 2b of training: the codec's decoder alone, after all the rest.

``python -m musicgen.train.decoder --start assets/pocket --minutes 30``

Encoder and codebooks stay as they are, and so do all codes: a language model and what it has been taught go on to mean
what they meant, they only sound better. The losses of ``codec``, and one more on the waveform, for what a mean of many
possible sounds lacks: as much energy as the original has, in each patch of time and pitch. Checkpoints every few
minutes in ``--out``; run again to go on; ``musicgen.train.ship --codec work/decoder --lm assets/pocket`` brings it into
the model. Changes nothing of how codes come about.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from musicgen import formats_pocket
from musicgen.config import PocketCodecConfig
from musicgen.fidelity import mel_bank
from musicgen.phase import spectra
from musicgen.pocket_codec import PocketCodec
from musicgen.train.codec import (
    Clips,
    evaluate,
    magnitude_loss,
    pitch_loss,
    rebuilt,
    turn_loss,
    waveform_loss,
    weighted,
)
from musicgen.train.runs import record, save

HELD = (20, 200)  # crops that are judged, and their frames
FEWER = 0.1  # share of the crops decoded from fewer than all books, so that these still sound of something
PATCH = 6  # spectra whose energy is compared at once: 96 ms
PATCH_WINDOW = 1024  # samples; 16 ms from one to the next
SILENCE = 1e-7  # of full scale's power, added before the logarithm


def energies(audio: Tensor, sample_rate: int) -> Tensor:
    """log10 of the power in patches of a mel band and ``PATCH`` spectra: [B, N] -> [B, bands, M]."""
    window = torch.hann_window(PATCH_WINDOW)
    stft = torch.stft(audio, PATCH_WINDOW, PATCH_WINDOW // 2, window=window, return_complex=True)
    power = mel_bank(PATCH_WINDOW, sample_rate) @ (stft * (4 / PATCH_WINDOW)).abs().square()
    return (F.avg_pool1d(power, PATCH, PATCH // 2) + SILENCE).log10()


def energy_loss(audio: Tensor, target: Tensor, sample_rate: int) -> Tensor:
    """Mean difference of the energies of the patches, in bels: [B, N], [B, N] -> []."""
    return (energies(audio, sample_rate) - energies(target, sample_rate)).abs().mean()


@torch.no_grad()
def coded(codec: PocketCodec, log_spectra: Tensor, rng: np.random.Generator) -> Tensor:
    """What the decoder is given of log magnitudes [B, T, features]: the sum of all books' entries, or of fewer."""
    with torch.autocast("cpu", torch.bfloat16):
        z = codec.to_latent(log_spectra).float()
    codes = codec.quantizer.encode(z)
    books = codes.shape[1]
    kept = np.where(rng.random(len(codes)) < FEWER, rng.integers(1, books, len(codes)), books)
    return torch.cat([codec.quantizer.decode(row[None, : int(k)]) for row, k in zip(codes, kept, strict=True)])


def loss_of(codec: PocketCodec, audio: Tensor, rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
    """The loss on a batch of audio [B, N], and its parts by name."""
    truth = spectra(audio, codec.config.window, codec.config.stft_hop)
    target = codec.log_spectra(audio)
    z = coded(codec, target, rng)
    with torch.autocast("cpu", torch.bfloat16):
        sounds = codec.from_latent(z)
    predicted = sounds[0].float()
    frequency, delay = (codec.by_spectrum(x.float()) for x in sounds[1:])
    turned, leaned = turn_loss(codec, frequency, delay, truth)
    wave = rebuilt(codec, predicted, frequency, delay)
    edge = slice(2048, -2048)
    parts = {"magnitude": magnitude_loss(codec, predicted, target), "turned": turned, "leaned": leaned,
             "wave": waveform_loss(wave, audio), "pitch": pitch_loss(wave, audio, codec.sample_rate),
             "energy": energy_loss(wave[:, edge], audio[:, edge], codec.sample_rate)}
    return weighted(parts), {name: part.item() for name, part in parts.items()}


def main() -> None:
    """Train for ``--minutes`` altogether, from the last checkpoint if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--out", type=Path, default=Path("work/decoder"))
    parser.add_argument("--start", type=Path, required=True, help="the model whose codec it is")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--eval-minutes", type=float, default=5)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    codec = PocketCodec(PocketCodecConfig())
    codec.load_state_dict(formats_pocket.read(args.start, torch.float32).codec)
    codec.requires_grad_(False)
    codec.synthesis.requires_grad_(True)
    optimizer = torch.optim.AdamW(codec.synthesis.parameters(), lr=args.lr, betas=(0.9, 0.98), weight_decay=0.01,
                                  fused=True)
    step, spent, checkpoint = 0, 0.0, args.out / "last.pt"
    if checkpoint.exists():
        print(f"{checkpoint} is there: it goes on from that, not from {args.start}.", flush=True)
        state = torch.load(checkpoint, weights_only=True)
        codec.load_state_dict(state["codec"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
    clips = Clips(args.data, "train", args.seed)
    clips.rng = rng = np.random.default_rng([args.seed, step])
    held = Clips(args.data, "held", 1).batch(HELD[0], HELD[1] * codec.hop)
    budget, began, next_eval = args.minutes * 60, time.time() - spent, spent

    def report() -> None:
        save(checkpoint, {"codec": codec.state_dict(), "optimizer": optimizer.state_dict(), "step": step,
                          "spent": spent})
        with torch.no_grad():
            energy = energy_loss(codec.decode(codec.encode(held[:, None]))[:, 0], held, codec.sample_rate).item()
        row = {"step": step, "minutes": round(spent / 60, 1)} | evaluate(codec, held) | {"energy": energy}
        record(args.out, row)

    while (spent := time.time() - began) < budget:
        if spent >= next_eval:
            next_eval = spent + args.eval_minutes * 60
            report()
        rate = args.lr * min(1.0, (step + 1) / 100) * (1 - spent / budget)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, parts = loss_of(codec, clips.batch(args.batch, args.frames * codec.hop), rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(codec.synthesis.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 50 == 0:
            print(f"step {step}  {spent / 60:.1f} min  loss {loss.item():.3f}  "
                  + "  ".join(f"{name} {part:.3f}" for name, part in parts.items()), flush=True)
    report()


if __name__ == "__main__":
    main()
