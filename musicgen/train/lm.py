"""Stage 4 of training: the bundled language model.

``python -m musicgen.train.lm --minutes 80``

Teacher forcing along all patterns (more than half of the steps: delay), conditions withheld at random, an exponential
average of the weights. Runs on a CPU (bf16 where the chip has it) or on CUDA by the same command; checkpoints every few
minutes in ``--out``; run again to go on. ``--start`` begins with weights that are there, new parts fresh: those of a
model (``assets/pocket``), or a file that ``translate`` made for other codes. Knows nothing of audio.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from musicgen import formats_pocket
from musicgen.aligned import ALIGNED_DIM
from musicgen.config import LMConfig
from musicgen.lm import LM
from musicgen.patterns import Pattern, get_pattern
from musicgen.train.examples import Batch, Pieces
from musicgen.train.runs import record, save

LOSS_WEIGHTS = (1.5, 1.2, 0.8, 0.5)  # of codebooks 1 to 4: the coarse ones carry the music
SHARES = {  # of the training steps; the default has more than half of them
    "delay": 0.54, "partial_delay": 0.08, "parallel": 0.1, "partial_flattening": 0.1, "coarse_first": 0.08,
    "flattening": 0.07, "musiclm": 0.03,
}  # fmt: skip
# Of the music that is more: about two thirds comes along delay, 2 % along flattening, as the page says.
STEPS = 2000  # of the longest sequences: crops along patterns that take more are shorter
SHORTER = 0.3  # share of the steps with shorter crops: some patterns go by the length
FORGETFUL = 0.35  # share of the rows whose history is damaged in training, here and there
FORGOTTEN, MISTAKEN = 0.35, 0.1  # at most this share of their steps is not there, of their tokens is wrong
BLIND = 0.25  # share of the rows with next to no history: of their steps the cube of a number below 1 is left
ASTRAY = 0.2  # share of the rows with a stretch of another's history, at most ``STRETCH`` of the steps long
HUSHED = 0.1  # share of the rows with a stretch of silence, as long
STRETCH = 0.3
HELD_SEED, HELD_ROWS, HELD_BATCHES = 5, 8, 4  # the crops of the held-out figures: so many at a time, so many times
LOUDER = 2.0  # the learning rate of what projects the conditions, in times the rest's


def lm_config(dim: int, layers: int) -> LMConfig:
    """The bundled model's shape."""
    return LMConfig(codebooks=4, codebook_size=1024, dim=dim, layers=layers, heads=dim // 64, ffn_dim=4 * dim,
                    text_dim=384, aligned_dim=ALIGNED_DIM, told_pattern=True, max_steps=STEPS)


def draw_lesson(rng: np.random.Generator, rows: int, frames: int) -> tuple[Pattern, int, int]:
    """The pattern of a training step, how many crops it has and of how many frames.

    Crops are ``frames`` long, or as long as ``STEPS`` allow, or down to 30 % of that. About as many positions are
    predicted whatever the pattern: those with more steps a frame have fewer crops.
    """
    pattern = get_pattern(list(SHARES)[rng.choice(len(SHARES), p=list(SHARES.values()))], len(LOSS_WEIGHTS))
    longest = pattern.longest(frames, STEPS)
    length = int(rng.integers(3 * longest // 10, longest + 1)) if rng.random() < SHORTER else longest
    return pattern, max(1, round(rows * frames / pattern.step_count(length))), length


def forget(inputs: Tensor, special: int, silence: Tensor, rng: np.random.Generator) -> Tensor:
    """Damage the history of some rows of ``inputs [B, K, S]``; what is to be predicted stays as it was.

    Whole steps are missing, single tokens wrong, next to nothing is left, or a stretch is another row's or
    ``silence [K]``. With a true history at hand a model learns to read instruments and drums off it and hardly listens
    to what it is told; when it is sampled, its first mistake then outweighs the request. What is damaged cannot be
    relied upon, where nothing is left there is only the request, and after a stretch of other music, or of none, the
    way back to it is learnt.
    """
    rows, codebooks, steps = inputs.shape
    some = rng.random((rows, 1, 1)) < FORGETFUL
    rate = some * FORGOTTEN * rng.random((rows, 1, 1))
    rate = np.where(rng.random((rows, 1, 1)) < BLIND, 1 - rng.random((rows, 1, 1)) ** 3, rate)
    missing = rng.random((rows, 1, steps)) < rate
    wrong = rng.random((rows, codebooks, steps)) < some * MISTAKEN * rng.random((rows, 1, 1))

    def stretch(share: float) -> np.ndarray:
        place = np.arange(steps) - rng.integers(steps, size=(rows, 1, 1))
        length = (rng.random((rows, 1, 1)) < share) * STRETCH * rng.random((rows, 1, 1)) * steps
        return (place >= 0) & (place < length)

    def at(where: np.ndarray) -> Tensor:
        return torch.from_numpy(where).to(inputs.device) & (inputs != special)

    drawn = torch.from_numpy(rng.integers(special, size=inputs.shape)).to(inputs.device)
    out = torch.where(at(stretch(ASTRAY)), inputs.roll(1, 0), inputs)
    out = torch.where(at(stretch(HUSHED)), silence.to(inputs.device)[:, None], out)
    out = torch.where(at(wrong), drawn, out)
    return out.masked_fill(torch.from_numpy(missing).to(inputs.device), special)


def inherit(lm: LM, weights: Mapping[str, Tensor]) -> None:
    """Begin with the ``weights`` of another model; parts it lacks stay fresh, features it was not told start at zero.

    Raises ``SystemExit`` for a model of another size.
    """
    own = lm.state_dict()
    for name, given in weights.items():
        if name == "aligned_proj.weight" and given.shape[1] < own[name].shape[1]:
            given = F.pad(given, (0, own[name].shape[1] - given.shape[1]))
        if own[name].shape != given.shape:
            raise SystemExit(f"The model to start with has {name} {list(given.shape)}, not {list(own[name].shape)}.")
        own[name].copy_(given)


def nll(lm: LM, batch: Batch, pattern: Pattern, device: torch.device,
        damaged: Callable[[Tensor], Tensor] = lambda inputs: inputs) -> Tensor:
    """Mean negative log-likelihood in nats of each codebook, [K], after histories ``damaged`` (see ``forget``)."""
    codes = batch.codes.to(device)
    layout = pattern.layout(codes.shape[2])
    conditions = batch.conditions.to(device)
    assert conditions.aligned is not None
    inputs = damaged(layout.inputs(codes, lm.config.special))
    with torch.autocast(device.type, torch.bfloat16):
        logits = lm(inputs, conditions,
                    conditions.aligned[:, layout.step_frame.to(device)], None, layout.features)
    return nats(layout.revert_logits(logits), codes)


def nats(logits: Tensor, codes: Tensor) -> Tensor:
    """Mean negative log-likelihood of each codebook: logits [B, K, T, V] and codes [B, K, T] -> [K]."""
    return torch.stack([F.cross_entropy(logits[:, k].flatten(0, 1).float(), codes[:, k].flatten())
                        for k in range(codes.shape[1])])


@torch.no_grad()
def evaluate(lm: LM, held: Pieces, pattern: Pattern, frames: int, device: torch.device) -> dict[str, list[float]]:
    """Held-out nats per codebook: told everything, and with aligned, text or all conditions withheld."""
    out: dict[str, list[float]] = {}
    for withhold in ("nothing", "aligned", "text", "all"):
        rng = np.random.default_rng(HELD_SEED)
        rows = [nll(lm, held.batch(HELD_ROWS, frames, rng, withhold), pattern, device) for _ in range(HELD_BATCHES)]
        out[withhold] = [round(x, 3) for x in torch.stack(rows).mean(0).tolist()]
    return out


def common_frames(frames: int) -> int:
    """The longest crops, up to ``frames``, that take at most ``STEPS`` steps along every pattern."""
    return min(get_pattern(name, len(LOSS_WEIGHTS)).longest(frames, STEPS) for name in SHARES)


@torch.no_grad()
def by_pattern(lm: LM, held: Pieces, frames: int, device: torch.device, batches: int = 1) -> dict[str, list[float]]:
    """Held-out nats per codebook along each pattern, told everything, on the same crops: short enough for all."""
    out, frames = {}, common_frames(frames)
    for pattern in (get_pattern(name, len(LOSS_WEIGHTS)) for name in SHARES):
        rng = np.random.default_rng(6)
        rows = [nll(lm, held.batch(HELD_ROWS, frames, rng, "nothing"), pattern, device) for _ in range(batches)]
        out[pattern.name] = [round(x, 3) for x in torch.stack(rows).mean(0).tolist()]
    return out


class Average:
    """Exponential moving average of the weights."""

    def __init__(self, lm: LM, decay: float) -> None:
        self.decay, self.count = decay, 0
        self.weights = {name: p.detach().clone() for name, p in lm.named_parameters()}

    @torch.no_grad()
    def update(self, lm: LM) -> None:
        """One step; shorter memory at the beginning."""
        self.count += 1
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        for name, p in lm.named_parameters():
            self.weights[name].lerp_(p.detach(), 1 - decay)


def new_optimizer(lm: LM, lr: float) -> torch.optim.AdamW:
    """AdamW; what projects the conditions learns faster and is not pulled to zero, or it drowns in the tokens."""
    conditions = [p for name, p in lm.named_parameters() if "_proj." in name]
    rest = [p for name, p in lm.named_parameters() if "_proj." not in name]
    groups = [{"params": rest, "louder": 1.0}, {"params": conditions, "louder": LOUDER, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95), weight_decay=0.05, fused=True)


def main() -> None:
    """Train for ``--minutes`` altogether, from the last checkpoint if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--out", type=Path, default=Path("work/lm"))
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--batch", type=int, default=3)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--start", type=Path, help="a model, or a file of weights, to begin with")
    parser.add_argument("--lr", type=float, default=2.5e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--eval-minutes", type=float, default=6)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    device, delay = torch.device(args.device), get_pattern("delay", 4)
    train, held = Pieces(args.data, "train"), Pieces(args.data, "held")
    lm = LM(lm_config(args.dim, args.layers))
    lm.init_weights(args.seed)
    if args.start:
        folder = args.start.is_dir()
        inherit(lm, formats_pocket.read(args.start, torch.float32).lm if folder else load_file(args.start))
    lm.to(device)
    average = Average(lm, 0.998)
    optimizer = new_optimizer(lm, args.lr)
    step, seen, spent, checkpoint = 0, 0, 0.0, args.out / "last.pt"
    if checkpoint.exists() and args.start:
        print(f"{checkpoint} is there: it goes on from that, not from {args.start}.", flush=True)
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location="cpu")  # it may be a GPU's, and here none
        lm.load_state_dict(state["lm"])
        optimizer.load_state_dict(state["optimizer"])
        average.weights = {name: w.to(device) for name, w in state["average"].items()}
        step, seen, spent, average.count = state["step"], state["seen"], state["spent"], state["step"]
    rng = np.random.default_rng([args.seed, step])
    damaged = partial(forget, special=lm.config.special, silence=torch.from_numpy(train.silence), rng=rng)
    weights = torch.tensor(LOSS_WEIGHTS, device=device) / sum(LOSS_WEIGHTS)
    budget, began = args.minutes * 60, time.time() - spent
    next_eval = spent + args.eval_minutes * 60
    recent: list[list[float]] = []
    size = sum(p.numel() for p in lm.parameters()) / 1e6
    print(f"{size:.1f} M parameters, {len(train.facts)} pieces, from step {step}", flush=True)

    def report(final: bool) -> None:
        state = {"lm": lm.state_dict(), "optimizer": optimizer.state_dict(), "average": average.weights, "step": step,
                 "seen": seen, "spent": spent, "dim": args.dim, "layers": args.layers}
        save(checkpoint, state)
        averaged = LM(lm.config).to(device)
        averaged.load_state_dict(average.weights)
        row = {"step": step, "minutes": round(spent / 60, 1), "frames": seen,
               "final": final, **evaluate(averaged, held, delay, args.frames, device),
               "patterns": by_pattern(averaged, held, args.frames, device)}
        record(args.out, row)

    while (spent := time.time() - began) < budget:
        progress = spent / budget
        rate = args.lr * min(1, (step + 1) / 100) * (0.04 + 0.96 * 0.5 * (1 + math.cos(math.pi * progress)))
        for group in optimizer.param_groups:
            group["lr"] = rate * group["louder"]
        pattern, rows, frames = draw_lesson(rng, args.batch, args.frames)
        losses = nll(lm, train.batch(rows, frames, rng), pattern, device, damaged)
        optimizer.zero_grad(set_to_none=True)
        (losses * weights).sum().backward()
        torch.nn.utils.clip_grad_norm_(lm.parameters(), 1.0)
        optimizer.step()
        average.update(lm)
        step += 1
        seen += rows * frames
        if pattern == delay:
            recent.append(losses.tolist())
        if step % 50 == 0:
            means = " ".join(f"{x:.3f}" for x in np.mean(recent, axis=0))
            print(f"step {step}  {spent / 60:.1f} min  nats {means}  lr {rate:.1e}", flush=True)
            recent.clear()
        if spent >= next_eval:
            next_eval = spent + args.eval_minutes * 60
            report(final=False)
    report(final=True)


if __name__ == "__main__":
    main()
