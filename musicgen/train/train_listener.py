"""Trains the evaluation's listener on mel spectra of the rendered pieces.

``python -m musicgen.train.train_listener --minutes 20``

Half of what it hears went through the codec, some of that with coarse codebooks only or with wrong fine codes, for a
language model's takes sound like that; all of it at random loudness, some of it two pieces at once. Judged on
held-out pieces. Its metronome learns from the rendered pieces, before that. Minutes are those of the processor, the
metronome's not counted. Knows nothing of the language model.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from musicgen.codec_api import Codec
from musicgen.rhythm import tempo
from musicgen.train import metronome
from musicgen.train.data import facts_of, sounding
from musicgen.train.listener import DRUMS, HOP, RATE, SECONDS, Listener, label_of, mels, save_listener

SPAN = 10.0  # seconds kept of each piece
COLUMNS = int(SECONDS * RATE) // HOP
SPARE = 8.0  # seconds of each piece that goes through the codec


@dataclass(frozen=True)
class Heard:
    """Spans of pieces as mel magnitudes (the square root, float16 [n, bands, M]) and what plays in each [n, labels]."""

    spans: list[np.ndarray]
    labels: Tensor

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        """``count`` crops [count, bands, COLUMNS] and their labels."""
        chosen = rng.integers(len(self.spans), size=count)
        crops = []
        for i in chosen:
            start = rng.integers(self.spans[i].shape[1] - COLUMNS + 1)
            crops.append(self.spans[i][:, start : start + COLUMNS].astype(np.float32) ** 2)
        return torch.from_numpy(np.stack(crops)), self.labels[torch.from_numpy(chosen)]


def rows_of(shard: Path) -> list[list[str]]:
    """The labels of each piece of a shard."""
    return [sorted({label_of(name) for name in facts["instruments"]}) for facts in facts_of(shard)]


def one_hot(rows: list[list[str]], labels: list[str]) -> Tensor:
    """[n, labels]; an instrument that is not among them is left out."""
    return torch.tensor([[float(label in row) for label in labels] for row in rows])


def compact(mel: Tensor) -> np.ndarray:
    """Mel magnitudes [bands, M] -> float16, the square root for the sake of the soft ones."""
    return mel.sqrt().half().numpy()


def rendered(shards: list[Path], labels: list[str], rng: np.random.Generator) -> Heard:
    """A span of every piece as it was rendered."""
    spans, rows = [], []
    length = int(SPAN * RATE)
    for shard in shards:
        audio = np.load(shard.with_suffix(".npy"), mmap_mode="r")
        for clip, facts in zip(audio, facts_of(shard), strict=True):
            start = rng.integers(max(0, round(sounding(facts, len(clip) / RATE) * RATE) - length) + 1)
            wave = torch.from_numpy(clip[start : start + length].astype(np.float32) / 32768)
            spans.append(compact(mels(wave[None])[0]))
        rows += rows_of(shard)
    return Heard(spans, one_hot(rows, labels))


def spoilt(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Codes [K, T] as they are (half of the time), with fine books missing, or with wrong codes among them."""
    draw = rng.random()
    if draw < 0.5:
        return codes
    if draw < 0.65:
        return codes[: rng.integers(2, len(codes))]
    out = codes.copy()
    for k, most in zip(range(len(codes)), (0.0, 0.15, 0.4, 0.6), strict=False):
        wrong = rng.random(codes.shape[1]) < most * rng.random()
        out[k, wrong] = rng.permutation(codes[k])[wrong]
    return out


def coded(shards: list[Path], labels: list[str], codec: Codec, rng: np.random.Generator, spoil: bool) -> Heard:
    """A span of every piece decoded from its codes."""
    spans, rows = [], []
    frames = round(SPARE * codec.frame_rate)
    for shard in shards:
        for codes, facts in zip(np.load(shard.with_suffix(".codes.npy")), facts_of(shard), strict=True):
            last = round(sounding(facts, codes.shape[1] / codec.frame_rate) * codec.frame_rate) - frames
            start = rng.integers(max(0, last) + 1)
            part = codes[:, start : start + frames].astype(np.int64)
            wave = codec.decode(torch.from_numpy(spoilt(part, rng) if spoil else part)[None])[0]
            spans.append(compact(mels(wave)[0]))
        rows += rows_of(shard)
    return Heard(spans, one_hot(rows, labels))


def augment(mel: Tensor, target: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Random loudness and colour of mel magnitudes [B, bands, M]; every third row gets another row's music added, and
    its labels [B, labels]."""
    count, bands = mel.shape[:2]
    gain = torch.from_numpy(10 ** (rng.uniform(-14, 6, (count, 1, 1)) / 20)).float()
    corners = torch.from_numpy(rng.normal(0, 2.0, (count, 1, 5))).float()  # dB at five places of the spectrum
    colour = 10 ** (F.interpolate(corners, bands, mode="linear", align_corners=True) / 20)
    mel = mel * gain * colour.transpose(1, 2)
    mixed = torch.from_numpy(rng.random(count) < 0.33)
    other = torch.from_numpy(rng.permutation(count))
    both = (mel.square() + mel[other].square()).sqrt()  # powers add up
    return torch.where(mixed[:, None, None], both, mel), torch.where(mixed[:, None], target.maximum(target[other]),
                                                                     target)


@torch.no_grad()
def judge(listener: Listener, heard: Heard, rounds: int = 12) -> tuple[dict[str, float], Tensor, Tensor]:
    """Held-out figures, and the probability [n] and truth [n] of drums."""
    rng, drum = np.random.default_rng(1), listener.labels.index(DRUMS)
    hits = asked = 0.0
    found: list[tuple[Tensor, Tensor]] = []
    for _ in range(rounds):
        mel, target = heard.draw(rng, 20)
        p = listener(mel).sigmoid()
        for row, truth in zip(p, target, strict=True):
            top = row.topk(int(truth.sum())).indices
            hits, asked = hits + truth[top].sum().item(), asked + truth.sum().item()
        found.append((p[:, drum], target[:, drum]))
    p, truth = (torch.cat(part) for part in zip(*found, strict=True))
    right = ((p > listener.drum_threshold) == (truth > 0.5)).float().mean().item()
    return {"instruments found": hits / asked, "drums right": right}, p, truth


def best_threshold(p: Tensor, truth: Tensor) -> float:
    """Where the mean of the two kinds of right answers, of probabilities [n] and what is true [n], is largest (the
    middle of the best stretch)."""
    at = torch.linspace(0.02, 0.98, 97)
    scores = torch.stack([((p > t)[truth > 0.5].float().mean() + (p <= t)[truth < 0.5].float().mean()) / 2
                          for t in at])
    return at[scores >= scores.max() - 1e-6].mean().item()


def tempo_figures(heard_by: metronome.Metronome, held: list[Path], codec: Codec) -> dict[str, float]:
    """How often the tempo of held-out pieces is told; by a rule that knows no styles, too."""
    def rendered_held() -> Iterator[metronome.Span]:
        return metronome.rendered_spans(held)

    return {
        "tempo right by rule, rendered": metronome.right(lambda audio: tempo(audio, RATE), rendered_held()),
        "tempo right, rendered": metronome.right(heard_by.tempo, rendered_held()),
        "tempo right, through the codec": metronome.right(heard_by.tempo, metronome.coded_spans(held, codec)),
    }


def main() -> None:
    """Make the spectra, train, calibrate, judge, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--codec", type=Path, default=Path("assets/pocket"))
    parser.add_argument("--out", type=Path, default=Path("work/listener.safetensors"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--shards", type=int, default=70)
    parser.add_argument("--coded-shards", type=int, default=14)
    parser.add_argument("--batch", type=int, default=24)
    args = parser.parse_args()
    from musicgen.train.tokens import load_codec

    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    codec = load_codec(args.codec)
    shards = sorted(args.data.glob("train_*.jsonl"))
    shards = shards[:: max(1, len(shards) // args.shards)][: args.shards]  # of both kinds of pieces
    with_codes = [shard for shard in shards if shard.with_suffix(".codes.npy").exists()]
    held = [shard for shard in sorted(args.data.glob("held_*.jsonl")) if shard.with_suffix(".codes.npy").exists()]
    if not with_codes or not held:
        raise SystemExit(f"There are no codes in {args.data}; run python -m musicgen.train.tokens codes first.")
    labels = sorted({label for shard in shards for row in rows_of(shard) for label in row})
    clock = time.process_time
    began = clock()
    # Those that go through the codec are spread over all of them.
    spread = with_codes[:: max(1, len(with_codes) // args.coded_shards)][: args.coded_shards]
    pools = [rendered(shards, labels, rng), coded(spread, labels, codec, rng, spoil=True)]
    tests = {"rendered": rendered(held, labels, rng), "through the codec": coded(held, labels, codec, rng, False)}
    print(f"{[len(pool.spans) for pool in pools]} spans, {clock() - began:.0f} s", flush=True)

    listener = Listener(labels)
    listener.metronome = metronome.trained(metronome.rendered_spans(shards, rng))
    tempi = tempo_figures(listener.metronome, held, codec)
    print(f"metronome: {tempi}, {clock() - began:.0f} s", flush=True)
    for parameter in listener.convolutions.parameters():  # a CPU is faster with the channels last
        parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(listener.parameters(), lr=2e-3, weight_decay=0.02)
    began, step = clock(), 0
    while (spent := (clock() - began) / args.minutes / 60) < 1:
        listener.train()
        parts = [pool.draw(rng, args.batch // 2) for pool in pools]
        mel, target = augment(torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts]), rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = listener(mel)
        loss = F.binary_cross_entropy_with_logits(logits.float(), target)
        optimizer.param_groups[0]["lr"] = 2e-3 * min(1, (step + 1) / 50) * (1 - spent)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 200 == 0:
            listener.eval()
            figures = judge(listener, tests["through the codec"], 4)[0]
            print(f"step {step}  {100 * spent:.0f} %  loss {loss.item():.4f}  {figures}", flush=True)
    listener.eval()
    seen = [judge(listener, pool, 20)[1:] for pool in pools]
    listener.drum_threshold = best_threshold(torch.cat([p for p, _ in seen]), torch.cat([t for _, t in seen]))
    figures = tempi
    for name, heard in tests.items():
        figures |= {f"{what}, {name}": value for what, value in judge(listener, heard)[0].items()}
    print(f"{step} steps, drum threshold {listener.drum_threshold:.2f}", figures)
    save_listener(args.out, listener, figures)


if __name__ == "__main__":
    main()
