"""Stage 2 of training: the bundled model's codec.

``python -m musicgen.train.codec --minutes 20``

Learns log magnitudes (PCA first, then the network and the quantiser), and the frequencies and delays of the sounds
in them; in its last part the loss is taken on the waveform that the vocoder makes, its phase held constant, too, so
that the magnitudes become ones that a real signal can have and its notes are as loud beside one another as they were.
Checkpoints every few minutes in ``--out``; run again to go on. ``--start`` begins with the codec of a model: what it
says of a sound changes little by little, so that a language model can follow (``translate``). Knows nothing of that.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from musicgen import formats_pocket
from musicgen.config import PocketCodecConfig
from musicgen.phase import delays, envelope, frequencies, inverse, peak_phase, spectra
from musicgen.pocket_codec import PocketCodec
from musicgen.train.metrics import linear_distance, mel_distance
from musicgen.train.quantizer import QuantizerTrainer
from musicgen.train.runs import save


class Clips:
    """Random crops of the rendered shards."""

    def __init__(self, folder: Path, prefix: str, seed: int) -> None:
        names = sorted(p for p in folder.glob(f"{prefix}_*.jsonl"))
        if not names:
            raise SystemExit(f"No {prefix} shards in {folder}; run python -m musicgen.train.data first.")
        self.shards = [np.load(p.with_suffix(".npy"), mmap_mode="r") for p in names]
        self.rng = np.random.default_rng(seed)

    def batch(self, count: int, samples: int) -> Tensor:
        """[count, samples] in -1..1, each from a piece drawn at random, at a random place and loudness (-8 to 1 dB)."""
        out = np.empty((count, samples), np.float32)
        for row in out:
            shard = self.shards[self.rng.integers(len(self.shards))]
            start = self.rng.integers(shard.shape[1] - samples)
            row[:] = shard[self.rng.integers(len(shard)), start : start + samples] / 32768.0
            row *= 10 ** (self.rng.uniform(-8, 1) / 20)
        return torch.from_numpy(out)


def fit_pca(codec: PocketCodec, clips: Clips) -> None:
    """Freeze mean, principal axes, scale and ceiling of the log spectra of some minutes of audio."""
    x = torch.cat([codec.log_spectra(clips.batch(32, 64 * codec.hop)).flatten(0, 1) for _ in range(30)])
    codec.mean.copy_(x.mean(0))
    codec.ceiling.copy_(x.kthvalue(round(0.999 * len(x)), dim=0).values)
    x = (x - codec.mean) * codec.weight
    axes = torch.linalg.eigh(torch.cov(x.T)).eigenvectors.flip(-1)[:, : codec.config.dimension].T
    codec.pca.copy_(axes)
    codec.scale.copy_((x @ axes.T).std())


@torch.no_grad()
def some_latents(codec: PocketCodec, clips: Clips) -> Tensor:
    """What the quantiser is to be fitted to, [M, D]."""
    points = [codec.to_latent(codec.log_spectra(clips.batch(32, 64 * codec.hop))) for _ in range(24)]
    return torch.cat(points).flatten(0, 1)


def magnitude_loss(codec: PocketCodec, predicted: Tensor, target: Tensor) -> Tensor:
    """Log and compressed-linear difference of log spectra [B, T, features], as the ear weighs them."""
    log = (predicted - target).abs()
    linear = (torch.exp(0.4 * predicted) - torch.exp(0.4 * target)).abs()
    return ((log + 8.0 * linear) * codec.weight.square()).mean()


def turn_loss(codec: PocketCodec, frequency: Tensor, delay: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """How far the predicted frequencies and delays [B, 2T, bins] turn phases away from those of ``truth``, 0 to 1.

    Not squared, for the small errors of steady tones add up over time. Loud bins count more: a vocoder takes the
    frequencies of peaks, so those by their magnitudes, the delays by the square root of them.
    """
    hop, window = codec.config.stft_hop, codec.config.window
    loud, ear = truth.abs(), codec.weight[: truth.shape[-1]].square()
    along, across = (loud * ear)[:, 1:], (loud.sqrt() * ear)[..., 1:]
    turned = (frequency - frequencies(truth, hop))[:, 1:] * (math.pi * hop / window)
    leaned = (delay - delays(truth))[..., 1:] * (math.pi / 2)
    return ((turned.sin().abs() * along).sum() / along.sum().clamp_min(1e-6),
            (leaned.sin().abs() * across).sum() / across.sum().clamp_min(1e-6))


def with_phase(codec: PocketCodec, magnitude: Tensor, phase: Tensor) -> Tensor:
    """Magnitudes and phase [B, 2T, bins] -> audio [B, T * hop]."""
    window, hop, count = codec.config.window, codec.config.stft_hop, magnitude.shape[1]
    audio = inverse(torch.polar(magnitude, phase), window, hop) / envelope(count, window, hop).clamp_min(1e-3)
    side = (window - hop) // 2
    return audio[:, side : side + count * hop]


def rebuilt(codec: PocketCodec, log_spectra: Tensor, frequency: Tensor, delay: Tensor) -> Tensor:
    """Log magnitudes [B, T, features] and the rest [B, 2T, bins] -> audio [B, T * hop].

    The gradient passes through the magnitudes, not the phase.
    """
    magnitude = codec.magnitudes(log_spectra)
    with torch.no_grad():
        start = math.pi * torch.arange(magnitude.shape[-1]).expand(len(magnitude), -1)
        phase = peak_phase(magnitude, frequency, delay, start, codec.config.stft_hop)
    return with_phase(codec, magnitude, phase)


def waveform_loss(audio: Tensor, target: Tensor) -> Tensor:
    """Mel differences over the resolutions, without the crop's edges: [B, N], [B, N] -> []."""
    edge = slice(2048, -2048)
    return mel_distance(audio[:, edge], target[:, edge])


NOTES = (36, 96)  # MIDI numbers of the lowest and the highest note that is compared
PITCH_WINDOW = 8192  # samples; a semitone at the lowest note is one bin


@lru_cache(maxsize=2)
def note_bank(sample_rate: int) -> Tensor:
    """Triangles a semitone to either side of each note: [notes, PITCH_WINDOW / 2 + 1]."""
    hertz = torch.arange(1, PITCH_WINDOW // 2 + 1) * (sample_rate / PITCH_WINDOW)
    semitones = F.pad(69 + 12 * torch.log2(hertz / 440), (1, 0))  # 0 Hz is no note
    return (1 - (semitones - torch.arange(NOTES[0], NOTES[1] + 1)[:, None]).abs()).clamp_min(0)


def pitch_loss(audio: Tensor, target: Tensor, sample_rate: int) -> Tensor:
    """How much the amplitudes of the notes differ, as a share of all of the target's, frame by frame: [B, N] -> []."""
    window = torch.hann_window(PITCH_WINDOW)

    def amplitudes(x: Tensor) -> Tensor:
        """[B, N] -> [B, notes, M]; a sine of full scale is about 1."""
        stft = torch.stft(x, PITCH_WINDOW, PITCH_WINDOW // 4, window=window, return_complex=True)
        power = (stft * (4 / PITCH_WINDOW)).abs().square()
        return (note_bank(sample_rate) @ power + 1e-8).sqrt()  # the root of 0 has no gradient

    ours, theirs = amplitudes(audio), amplitudes(target)
    return ((ours - theirs).abs().sum(1) / (theirs.sum(1) + 1e-2)).mean()


WEIGHTS = {"magnitude": 0.5, "turned": 2.0, "leaned": 1.0, "wave": 6.0, "pitch": 2.0, "energy": 1.0}


def weighted(parts: Mapping[str, Tensor]) -> Tensor:
    """The losses, by name, in one."""
    return torch.stack([WEIGHTS[name] * part for name, part in parts.items()]).sum()


@torch.no_grad()
def evaluate(codec: PocketCodec, clips: Tensor) -> dict[str, float]:
    """Distances on held-out audio [B, N]."""
    target = codec.log_spectra(clips)
    codes = codec.encode(clips[:, None])
    predicted, frequency, delay = codec.from_latent(codec.quantizer.decode(codes))
    truth = spectra(clips, codec.config.window, codec.config.stft_hop)
    true_phase = with_phase(codec, codec.magnitudes(predicted), truth.angle())
    turned, leaned = turn_loss(codec, codec.by_spectrum(frequency), codec.by_spectrum(delay), truth)
    decoded = codec.decode(codes)[:, 0]
    used = [len(codes[:, k].unique()) for k in range(codes.shape[1])]
    return {
        "log": (predicted - target).abs().mean().item(),
        "frequency": turned.item(),
        "delay": leaned.item(),
        "mel_true_phase": mel_distance(true_phase, clips).item(),
        "mel": mel_distance(decoded, clips).item(),
        "lin": linear_distance(decoded, clips).item(),
        "pitch": pitch_loss(decoded, clips, codec.sample_rate).item(),
        "used": min(used),
    }


def main() -> None:
    """Train for ``--minutes``, from the last checkpoint if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--out", type=Path, default=Path("work/codec"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--waveform-share", type=float, default=0.35, help="last share of the time: waveform loss")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--start", type=Path, help="a model whose codec to begin with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--eval-minutes", type=float, default=3)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    codec = PocketCodec(PocketCodecConfig())
    if args.start:
        codec.load_state_dict(formats_pocket.read(args.start, torch.float32).codec)
    clips = Clips(args.data, "train", args.seed)
    held = Clips(args.data, "held", 1).batch(20, 200 * codec.hop)
    trainer = QuantizerTrainer(codec.quantizer, seed=args.seed)
    optimizer = torch.optim.AdamW(codec.parameters(), lr=args.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    step, spent = 0, 0.0
    checkpoint = args.out / "last.pt"
    if checkpoint.exists():
        before = torch.load(checkpoint, weights_only=True)
        codec.load_state_dict(before["codec"])
        optimizer.load_state_dict(before["optimizer"])
        trainer.load(before["trainer"])
        step, spent = before["step"], before["spent"]
        clips.rng = np.random.default_rng(args.seed + step)
    elif args.start:
        trainer.resume(some_latents(codec, clips), args.batch * args.frames)
    else:
        fit_pca(codec, clips)
    budget, began, next_eval = args.minutes * 60, time.time() - spent, spent

    def state() -> dict[str, Any]:
        return {"codec": codec.state_dict(), "optimizer": optimizer.state_dict(), "trainer": trainer.state(),
                "step": step, "spent": spent}

    log = (args.out / "log.jsonl").open("a")
    parameters = sum(p.numel() for p in codec.parameters())
    print(f"{parameters / 1e6:.1f} M parameters, {len(clips.shards)} shards, from step {step}", flush=True)
    while (spent := time.time() - began) < budget:
        progress = spent / budget
        on_waveform = progress >= 1 - args.waveform_share
        rate = args.lr * min(1, (step + 1) / 100) * (1 - progress) ** 0.7
        for group in optimizer.param_groups:
            group["lr"] = rate * (0.5 if on_waveform else 1)
        count = args.batch // 2 if on_waveform else args.batch
        audio = clips.batch(count, args.frames * codec.hop)
        with torch.no_grad():
            truth = spectra(audio, codec.config.window, codec.config.stft_hop)
            target = codec.log_spectra(audio)
        with torch.autocast("cpu", torch.bfloat16):
            z = codec.to_latent(target).float()
        if step == 50 and not trainer.started:
            trainer.start(some_latents(codec, clips))
        commitment = torch.zeros(())
        if trainer.started:
            z, commitment = trainer.forward(z, dropout=0.25)
        with torch.autocast("cpu", torch.bfloat16):
            sounds = codec.from_latent(z)
        predicted = sounds[0].float()
        frequency, delay = (codec.by_spectrum(x.float()) for x in sounds[1:])
        turned, leaned = turn_loss(codec, frequency, delay, truth)
        parts = {"magnitude": magnitude_loss(codec, predicted, target), "turned": turned, "leaned": leaned}
        if on_waveform:
            wave = rebuilt(codec, predicted, frequency, delay)
            parts |= {"wave": waveform_loss(wave, audio), "pitch": pitch_loss(wave, audio, codec.sample_rate)}
        else:
            parts["magnitude"] = parts["magnitude"] * 2  # it stands for what else the waveform would tell
        loss = weighted(parts)
        optimizer.zero_grad(set_to_none=True)
        (loss + 0.25 * commitment).backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
        optimizer.step()
        step += 1
        if trainer.started and step % 50 == 0 and progress < 0.8:
            with torch.no_grad():
                trainer.restart_dead(codec.to_latent(target).flatten(0, 1), below=count * args.frames / 1024 * 0.03)
        if step % 50 == 0:
            print(f"step {step}  {spent / 60:.1f} min  loss {loss.item():.4f}  commit {commitment.item():.3f}"
                  f"  frequency {turned.item():.3f}  delay {leaned.item():.3f}"
                  f"{'  wave' if on_waveform else ''}", flush=True)
        if spent >= next_eval and trainer.started:
            next_eval = spent + args.eval_minutes * 60
            save(checkpoint, state())
            row = {"step": step, "minutes": round(spent / 60, 1)} | evaluate(codec, held)
            log.write(json.dumps(row) + "\n")
            log.flush()
            print(row, flush=True)
    save(checkpoint, state())
    row = {"step": step, "minutes": round(spent / 60, 1), "final": True} | evaluate(codec, held)
    log.write(json.dumps(row) + "\n")
    print(row, flush=True)


if __name__ == "__main__":
    main()
