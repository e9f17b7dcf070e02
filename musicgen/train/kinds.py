"""Which kind of music does a sentence mean? Trains the small classifier behind ``musicgen.meaning``.

``python -m musicgen.train.kinds``: some minutes on a CPU, and the one in ``assets/`` is another; with ``--check``
nothing is trained, and the one that is there is judged. Multinomial regression from the sentence's embedding to the
kinds of ``scenes.txt`` (a kind, a tab and a scene in each line), the weights pulled to zero as much as suits scenes
that were left out. ``scenes_held.txt`` has prompts by others, who did not know the scenes, and all kinds that may be
meant, with commas between them: printed is how many are taken for one of these, and how many for the style of one. The
classifier is not made by them, but the rules about words (``vocabulary``) were written with some of them in view.
Knows nothing of plans.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from musicgen.meaning import KINDS, NONE, embedding, nearest_kind
from musicgen.reading import read_prompt

SCENES = Path(__file__).with_name("scenes.txt")
HELD = Path(__file__).with_name("scenes_held.txt")
DECAYS = (3e-6, 1e-5, 3e-5, 1e-4, 3e-4)  # pulls to zero to choose from
PARTS = 5


def read_scenes(path: Path = SCENES) -> tuple[list[str], list[str]]:
    """The kind, or the kinds with commas between them, and the text of each scene."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [kind for kind, _ in lines], [text for _, text in lines]


def digest(path: Path = SCENES) -> str:
    """SHA-256 of the scenes, which goes along with what they made."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def regression(x: Tensor, y: Tensor, classes: int, decay: float) -> tuple[Tensor, Tensor]:
    """Embeddings [N, D] and classes [N] -> weight [classes, D] and bias [classes]; every class counts the same."""
    weight = torch.zeros(classes, x.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    counts = torch.bincount(y, minlength=classes).float()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = F.cross_entropy(x @ weight.T + bias, y, weight=counts.mean() / counts) + decay * weight.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    return weight.detach(), bias.detach()


def left_out(x: Tensor, y: Tensor, classes: int, decay: float) -> tuple[float, float]:
    """Nats, and the share taken for what they are, of scenes [N, D] of classes [N] that the regression had not seen."""
    nats, right = 0.0, 0
    for part in range(PARTS):
        out = torch.arange(len(x)) % PARTS == part
        weight, bias = regression(x[~out], y[~out], classes, decay)
        logits = x[out] @ weight.T + bias
        nats += float(F.cross_entropy(logits, y[out], reduction="sum"))
        right += int((logits.argmax(1) == y[out]).sum())
    return nats / len(x), right / len(x)


def held_out() -> dict[str, tuple[int, int]]:
    """Of the held-out prompts whose words do not settle it how many are understood, and how many there are."""
    asked = [(set(kinds.split(",")), text) for kinds, text in zip(*read_scenes(HELD), strict=True)
             if not read_prompt(text).settled]
    found = [(meant, nearest_kind(text) or read_prompt(text).style or NONE) for meant, text in asked]
    musical = [(meant, kind) for meant, kind in found if meant != {NONE}]
    styles = [({read_prompt(one).style for one in meant}, read_prompt(kind).style) for meant, kind in musical]
    return {
        "taken for a kind that is meant": (sum(kind in meant for meant, kind in musical), len(musical)),
        "taken for a style that is meant": (sum(style in meant for meant, style in styles), len(styles)),
        "left alone, for nothing is meant": (sum(kind == NONE for meant, kind in found if meant == {NONE}),
                                             len(found) - len(musical)),
    }


def report() -> None:
    """Print what the classifier in use makes of the held-out prompts."""
    for what, (right, count) in held_out().items():
        print(f"held-out prompts {what}: {right} of {count}")


def main() -> None:
    """Choose the decay, train on all scenes, write the classifier; or judge the one that is in use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=KINDS)
    parser.add_argument("--check", action="store_true", help="train nothing: how well held-out prompts are understood")
    args = parser.parse_args()
    if args.check:
        report()
        return
    names, texts = read_scenes()
    kinds = list(dict.fromkeys(names))
    x, y = torch.stack([embedding(text) for text in texts]), torch.tensor([kinds.index(name) for name in names])
    found = {decay: left_out(x, y, len(kinds), decay) for decay in DECAYS}
    for decay, (nats, right) in found.items():
        print(f"decay {decay:g}: {nats:.3f} nats, {right:.3f} right of {len(x)} scenes of {len(kinds)} kinds, left out")
    weight, bias = regression(x, y, len(kinds), min(DECAYS, key=lambda decay: found[decay][0]))
    metadata = {"kinds": ",".join(kinds), "scenes": digest()}
    save_file({"weight": weight.half(), "bias": bias.half()}, args.out, metadata=metadata)
    print(args.out)
    if args.out == KINDS:
        report()


if __name__ == "__main__":
    main()
