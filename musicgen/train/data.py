"""Stage 1 of training: pieces composed, rendered and described, in shards on disk.

``python -m musicgen.train.data --soundfont FluidR3_GM.sf2 --pieces 4000``

A shard is ``<name>.npy`` (int16 [n, N], 32 kHz mono) and ``<name>.jsonl`` (one line a piece: what the
composer knows, its captions, and the strongest pitch class of the stems without drums and bass per chroma
frame). Each seed is one piece, whatever the number of workers; finished shards are kept, so that a
stopped run goes on. Knows nothing of codecs or models.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from pathlib import Path
from typing import Any

import numpy as np

SHARD = 40  # pieces
HELD_OUT = 9_000_000  # first seed of the pieces never trained on
CAPTIONS = 5  # wordings of each piece


def describe(seed: int, piece: Any, tonal: np.ndarray) -> dict[str, Any]:
    """What is known of ``piece``, as JSON; ``tonal`` [N] are its stems without drums and bass."""
    from musicgen.chroma import chromagram, strongest
    from musicgen.train.captions import captions

    return {
        "seed": seed,
        "style": piece.style,
        "mood": list(piece.mood),
        "bpm": piece.bpm,
        "meter": str(piece.meter),
        "key": str(piece.key),
        "chords": [str(chord) for chord in piece.chords],
        "drums": piece.has_drums,
        "instruments": [part.instrument for part in piece.parts],
        "captions": captions(piece, CAPTIONS, seed),
        "melody": [int(p) for p in strongest(chromagram(tonal))],
    }


def make_shard(job: tuple[Path, int, Path]) -> str:
    """Render the shard whose first seed is ``job[1]``; returns its name."""
    out, first, soundfont = job
    from musicgen.train.compose import compose
    from musicgen.train.render import Renderer

    name = f"{'held' if first >= HELD_OUT else 'train'}_{first:08d}"
    if (out / f"{name}.jsonl").exists():
        return name
    renderer = Renderer(soundfont)
    audio, lines = [], []
    for seed in range(first, first + SHARD):
        piece = compose(seed)
        mix, tonal = renderer.render(piece)
        audio.append((np.clip(mix, -1, 1) * 32767).astype(np.int16))
        lines.append(json.dumps(describe(seed, piece, tonal)))
    np.save(out / f"{name}.npy", np.stack(audio))
    # The description last, by a rename: a shard that has one is whole.
    partial = out / f"{name}.jsonl.partial"
    partial.write_text("\n".join(lines) + "\n")
    partial.rename(out / f"{name}.jsonl")
    return name


def main() -> None:
    """Render the held-out shards first, then the training shards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--soundfont", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("work/data"))
    parser.add_argument("--pieces", type=int, default=4000)
    parser.add_argument("--held-out", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    firsts = [HELD_OUT + i for i in range(0, args.held_out, SHARD)] + list(range(0, args.pieces, SHARD))
    began = time.time()
    with multiprocessing.get_context("spawn").Pool(args.workers) as pool:
        jobs = [(args.out, first, args.soundfont) for first in firsts]
        for i, name in enumerate(pool.imap(make_shard, jobs), 1):
            print(f"{name}  {i}/{len(firsts)} shards, {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
