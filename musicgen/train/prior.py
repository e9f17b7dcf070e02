"""Stage 4b of training: what codes a frame may be expected to hold, by what is told of it alone.

``python -m musicgen.train.prior --minutes 7``

Told what the language model is told in its training, some of it withheld; frames are drawn from all over the pieces.
Takes minutes: CPU or CUDA by the same command, checkpoints in ``--out``; run again to go on. Knows nothing of audio.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from musicgen.aligned import ALIGNED_DIM
from musicgen.prior import FramePrior
from musicgen.train.examples import Batch, Pieces
from musicgen.train.lm import nats
from musicgen.train.runs import record, save

CODEBOOKS, CODEBOOK_SIZE = 4, 1024
FRAMES = 50  # of a crop: short ones, for what lies side by side teaches little


def nll(prior: FramePrior, batch: Batch, device: torch.device) -> Tensor:
    """Mean negative log-likelihood in nats of each codebook, [K]."""
    assert batch.conditions.aligned is not None
    with torch.autocast(device.type, torch.bfloat16):
        logits = prior.logits(batch.conditions.aligned.to(device))  # [B, T, K, V]
    return nats(logits.transpose(1, 2), batch.codes.to(device))


@torch.no_grad()
def evaluate(prior: FramePrior, held: Pieces, device: torch.device) -> dict[str, list[float]]:
    """Held-out nats per codebook, told everything and told nothing."""
    out = {}
    for withhold in ("nothing", "all"):
        batch = held.batch(128, FRAMES, np.random.default_rng(5), withhold)
        out[withhold] = [round(x, 3) for x in nll(prior, batch, device).tolist()]
    return out


def last_prior(folder: Path) -> FramePrior:
    """The prior of the last checkpoint in ``folder``."""
    state = torch.load(folder / "last.pt", weights_only=True, map_location="cpu")
    prior = FramePrior(ALIGNED_DIM, CODEBOOKS, CODEBOOK_SIZE, state["width"])
    prior.load_state_dict(state["prior"])
    return prior


def main() -> None:
    """Train for ``--minutes`` altogether, from the last checkpoint if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--out", type=Path, default=Path("work/prior"))
    parser.add_argument("--minutes", type=float, default=7)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--eval-minutes", type=float, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    device = torch.device(args.device)
    train, held = Pieces(args.data, "train"), Pieces(args.data, "held")
    torch.manual_seed(args.seed)
    prior = FramePrior(ALIGNED_DIM, CODEBOOKS, CODEBOOK_SIZE, args.width).to(device)
    optimizer = torch.optim.AdamW(prior.parameters(), lr=args.lr, weight_decay=1e-4, fused=True)
    step, spent, checkpoint = 0, 0.0, args.out / "last.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location="cpu")
        prior.load_state_dict(state["prior"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
    rng = np.random.default_rng([args.seed, step])
    budget, began = args.minutes * 60, time.time() - spent
    next_eval = spent + args.eval_minutes * 60
    print(f"{len(train.facts)} pieces, from step {step}", flush=True)

    def report() -> None:
        state = {"prior": prior.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "spent": spent,
                 "width": args.width}
        save(checkpoint, state)
        record(args.out, {"step": step, "minutes": round(spent / 60, 1), **evaluate(prior, held, device)})

    while (spent := time.time() - began) < budget:
        for group in optimizer.param_groups:
            group["lr"] = args.lr * max(0.03, 1 - spent / budget)
        loss = nll(prior, train.batch(args.batch, FRAMES, rng), device).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        if spent >= next_eval:
            next_eval = spent + args.eval_minutes * 60
            report()
    report()


if __name__ == "__main__":
    main()
