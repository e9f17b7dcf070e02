"""The mean of the language models of two trainings, one of which went on from the other.

``python -m musicgen.train.mix before after --out assets/pocket``

What the later one has learnt in addition, and what it has let go of meanwhile, meet half-way (Wortsman et al. 2022,
"Model soups"). The codec is that of the first, all else that of the second. Knows nothing of training.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from musicgen import measured
from musicgen.checkpoints import load, save_pocket
from musicgen.lm import LM
from musicgen.pocket_codec import PocketCodec


def halfway(first: LM, second: LM) -> None:
    """Move the weights of ``first`` half-way to those of ``second``. Raises ``SystemExit`` for one of another size."""
    own, other = first.state_dict(), second.state_dict()
    if {name: w.shape for name, w in own.items()} != {name: w.shape for name, w in other.items()}:
        raise SystemExit("The two models are of different sizes.")
    first.load_state_dict({name: 0.5 * own[name] + 0.5 * other[name] for name in own})


def main() -> None:
    """Write the mixed model; figures of what was there go away."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs=2, metavar="FOLDER", help="two models, such as ship writes")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    first, second = (load(str(folder), device="cpu", dtype=torch.float32) for folder in args.models)
    halfway(first.lm, second.lm)
    assert isinstance(first.codec, PocketCodec), "only models of our own have a codec that can be written"
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / measured.NAME).unlink(missing_ok=True)
    config = replace(second.config, codec=first.config.codec)
    save_pocket(args.out, config, first.lm, first.codec, codec_dtype=torch.float16, prior=second.prior)
    print(f"{args.out}: half of {args.models[0]}, half of {args.models[1]}")


if __name__ == "__main__":
    main()
