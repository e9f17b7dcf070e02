"""A small classifier that says which instruments sound, for the evaluation only.

``python -m musicgen.train.listener --minutes 4``

Trained on rendered audio, part of it through the codec; judged on held-out pieces. It measures what the
language model was asked for; it never takes part in making music.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from musicgen.train.metrics import log_mel

SECONDS = 6.0
DRUMS = "drums"


def label_of(instrument: str) -> str:
    """Kits count as one instrument."""
    return DRUMS if "drum" in instrument or instrument.endswith("kit") else instrument


class Listener(nn.Module):
    """Audio [B, N] at 32 kHz -> logit of each label [B, labels]."""

    def __init__(self, labels: list[str]) -> None:
        super().__init__()
        self.labels = labels
        widths = (1, 24, 48, 96, 128)
        pairs = zip(widths, widths[1:], strict=False)
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:])
        self.leave = nn.Linear(2 * 128 * 4, len(labels))

    def forward(self, audio: Tensor) -> Tensor:
        """[B, N] -> [B, labels]."""
        x = log_mel(audio, 1024)[:, None, :, ::2]  # [B, 1, 64, M], 16 ms a column
        x = (x + 3.0) / 1.5
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.max_pool2d(F.relu(norm(convolution(x))), 2)
        pooled = torch.cat([x.mean(-1), x.amax(-1)], 1).flatten(1)  # [B, 2 * 128 * 4]
        return self.leave(F.dropout(pooled, 0.2, self.training))

    @torch.inference_mode()
    def probabilities(self, audio: np.ndarray) -> dict[str, float]:
        """Audio [N] -> probability of each label."""
        self.eval()
        return dict(zip(self.labels, self(torch.from_numpy(audio)[None]).sigmoid()[0].tolist(), strict=True))


def load_listener(path: Path) -> Listener:
    """The inverse of what `main` saves."""
    state = torch.load(path, weights_only=True)
    listener = Listener(state["labels"])
    listener.load_state_dict(state["weights"])
    return listener.eval()


def main() -> None:
    """Train and print the held-out figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--codec", type=Path, default=Path("work/codec"))
    parser.add_argument("--out", type=Path, default=Path("work/listener.pt"))
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--shards", type=int, default=40)
    args = parser.parse_args()
    from musicgen.train.tokens import load_codec

    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    codec, length = load_codec(args.codec), int(SECONDS * 32_000)

    def shards(prefix: str, most: int) -> list[tuple[np.ndarray, list[list[str]]]]:
        found = []
        for path in sorted(args.data.glob(f"{prefix}_*.jsonl"))[:most]:
            rows = [json.loads(line)["instruments"] for line in path.read_text().splitlines()]
            found.append((np.load(path.with_suffix(".npy"), mmap_mode="r"), [[label_of(i) for i in r] for r in rows]))
        return found

    train, held = shards("train", args.shards), shards("held", 5)
    labels = sorted({label for _, rows in train for row in rows for label in row})

    def batch(pool: list[tuple[np.ndarray, list[list[str]]]], size: int) -> tuple[Tensor, Tensor]:
        audio, target = np.empty((size, length), np.float32), torch.zeros(size, len(labels))
        for i in range(size):
            clips, rows = pool[rng.integers(len(pool))]
            j, start = rng.integers(len(clips)), rng.integers(4 * 32_000, clips.shape[1] - length)
            audio[i] = clips[j, start : start + length] / 32768.0
            for label in rows[j]:
                target[i, labels.index(label)] = 1.0
        return torch.from_numpy(audio), target

    listener = Listener(labels)
    optimizer = torch.optim.AdamW(listener.parameters(), lr=2e-3, weight_decay=0.01)
    began, step = time.time(), 0
    while (spent := (time.time() - began) / args.minutes / 60) < 1:
        listener.train()
        audio, target = batch(train, 16)
        if step % 4 == 0:
            half = slice(0, 6)
            audio[half] = codec.decode(codec.encode(audio[half, None]))[:, 0, :length]
        with torch.autocast("cpu", torch.bfloat16):
            logits = listener(audio.clone())
        loss = F.binary_cross_entropy_with_logits(logits.float(), target)
        optimizer.param_groups[0]["lr"] = 2e-3 * (1 - spent)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 50 == 0:
            print(f"step {step}  loss {loss.item():.4f}", flush=True)
    listener.eval()
    with torch.no_grad():
        for name in ("rendered", "through the codec"):
            hits = asked = drums = 0.0
            for _ in range(10):
                audio, target = batch(held, 16)
                if name != "rendered":
                    audio = codec.decode(codec.encode(audio[:, None]))[:, 0, :length].clone()
                p = listener(audio).sigmoid()
                for row, truth in zip(p, target, strict=True):
                    top = row.topk(int(truth.sum())).indices
                    hits, asked = hits + truth[top].sum().item(), asked + truth.sum().item()
                d = labels.index(DRUMS)
                drums += ((p[:, d] > 0.5) == (target[:, d] > 0.5)).float().mean().item() / 10
            print(f"held out, {name}: instruments found {hits / asked:.3f}, drums right {drums:.3f}", flush=True)
    torch.save({"labels": labels, "weights": listener.state_dict()}, args.out)


if __name__ == "__main__":
    main()
