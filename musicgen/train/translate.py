"""A language model's weights from one codec's codes to another's, for a training that goes on with a better codec.

``python -m musicgen.train.translate --weights lm.safetensors --before codes_of_old_codec --after work/data``

What the layers have learnt of music stays; only the meaning of the codes changes. The same pieces coded by both codecs
say which old codes sound where a new one does: its embedding is the mean of theirs, and so are its weights in the head.
Then ``python -m musicgen.train.lm --start work/start.safetensors``. Knows nothing of audio.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor


def shares(before: Tensor, after: Tensor, size: int) -> Tensor:
    """How often each old code is where a new one is: codes [N] and [N] -> [size, size], a row of a new code sums to 1.

    A new code that is never seen has equal shares of all old ones.
    """
    count = torch.bincount(after * size + before, minlength=size * size).view(size, size).float()
    total = count.sum(1, keepdim=True)
    return torch.where(total > 0, count / total.clamp_min(1), 1 / size)


def translated(weights: Mapping[str, Tensor], before: Tensor, after: Tensor, size: int) -> dict[str, Tensor]:
    """``weights`` of a model of codes ``before`` [K, N] for the codes ``after`` [K, N] of the same frames."""
    out = {name: tensor.float() for name, tensor in weights.items()}
    books, dim = len(before), out["heads.weight"].shape[1]
    embeddings, heads = out["emb.weight"].view(books, size + 1, dim), out["heads.weight"].view(books, size, dim)
    said = [shares(before[k], after[k], size) for k in range(books)]
    # The last row of a book's embeddings is the special token's, which stays what it was.
    coded = torch.stack([torch.cat([said[k] @ embeddings[k, :size], embeddings[k, size:]]) for k in range(books)])
    out["emb.weight"] = coded.view(-1, dim)
    out["heads.weight"] = torch.stack([said[k] @ heads[k] for k in range(books)]).view(-1, dim)
    return out


def read_codes(before: Path, after: Path) -> tuple[Tensor, Tensor]:
    """The codes [K, N] of all shards that both folders have."""
    coded = [{path.name for path in folder.glob("*.codes.npy")} for folder in (before, after)]
    names = sorted(coded[0] & coded[1])
    if not names:
        raise SystemExit(f"{before} and {after} have codes of no shard in common.")
    both = [np.concatenate([np.load(folder / name) for name in names]) for folder in (before, after)]
    if both[0].shape != both[1].shape:
        raise SystemExit(f"The codes in {before} and {after} differ in their numbers of codebooks or frames.")
    old, new = (torch.from_numpy(codes.astype(np.int64)).transpose(0, 1).flatten(1) for codes in both)
    return old, new


def main() -> None:
    """Write the translated weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="lm.safetensors of the model to begin with")
    parser.add_argument("--before", type=Path, required=True, help="folder of shards with that model's codes")
    parser.add_argument("--after", type=Path, default=Path("work/data"), help="folder of the same shards, coded anew")
    parser.add_argument("--out", type=Path, default=Path("work/start.safetensors"))
    args = parser.parse_args()
    old, new = read_codes(args.before, args.after)
    weights = load_file(args.weights)
    save_file(translated(weights, old, new, len(weights["heads.weight"]) // len(old)), args.out)
    print(f"{args.out}: translated by {old.shape[1]} frames")


if __name__ == "__main__":
    main()
