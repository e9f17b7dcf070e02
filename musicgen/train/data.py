"""Stage 1 of training: pieces composed, rendered and described, in shards on disk.

``python -m musicgen.train.data --soundfont FluidR3_GM.sf2 --pieces 4800``
``python -m musicgen.train.data --soundfont FluidR3_GM.sf2 --tunes ryansMammoth oneills1850 --arranged 2400``

The composed pieces need nothing but the sound font. The arranged ones are built on traditional tunes, read from
folders of ABC files: see ``airs`` for two collections in the public domain and where to find them.

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
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musicgen.aligned import RING

if TYPE_CHECKING:
    from musicgen.train.airs import Tune

SHARD = 40  # pieces
HELD_OUT = 9_000_000  # first seed of the pieces never trained on
ARRANGED, ARRANGED_HELD_OUT = 5_000_000, 9_500_000  # first seeds of those on traditional tunes
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
        "tune": piece.tune,
        "ends": piece.ends,
        "chords": [str(chord) for chord in piece.chords],
        "drums": piece.has_drums,
        "instruments": [part.instrument for part in piece.parts],
        "captions": captions(piece, CAPTIONS, seed),
        "melody": [int(p) for p in strongest(chromagram(tonal))],
    }


def facts_of(shard: Path) -> list[dict[str, Any]]:
    """What is known of each piece of a shard, named by its description."""
    return [json.loads(line) for line in shard.read_text().splitlines()]


def sounding(facts: Mapping[str, Any], seconds: float) -> float:
    """How many of a piece's ``seconds`` there is something to hear: until its last chord has rung out."""
    return seconds if facts["ends"] is None else min(seconds, facts["ends"] + RING)


@lru_cache(maxsize=1)
def books(folders: tuple[Path, ...]) -> tuple[tuple[Tune, ...], tuple[Tune, ...]]:
    """The tunes in ``folders``, read once a process: to train on, held out."""
    from musicgen.train.airs import load_tunes, split

    return split(load_tunes(folders))


def make_piece(seed: int, tunes: tuple[Path, ...]) -> Any:
    """The piece of ``seed``: composed, or arranged from the tunes that are on its side of the split. Some end."""
    from musicgen.train.arrange import arrange
    from musicgen.train.compose import compose
    from musicgen.train.endings import concluded

    if seed >= ARRANGED_HELD_OUT:
        return concluded(arrange(seed, books(tunes)[1]))
    return concluded(arrange(seed, books(tunes)[0]) if ARRANGED <= seed < HELD_OUT else compose(seed))


def make_shard(job: tuple[Path, int, Path, tuple[Path, ...]]) -> str:
    """Render the shard whose first seed is ``job[1]``; returns its name."""
    out, first, soundfont, tunes = job
    from musicgen.train.render import Renderer

    name = f"{'held' if first >= HELD_OUT else 'train'}_{first:08d}"
    if (out / f"{name}.jsonl").exists():
        return name
    renderer = Renderer(soundfont)
    audio, lines = [], []
    for seed in range(first, first + SHARD):
        piece = make_piece(seed, tunes)
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
    """Render the held-out shards first, then the training shards; those on tunes if there are tunes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--soundfont", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("work/data"))
    parser.add_argument("--pieces", type=int, default=4800)
    parser.add_argument("--held-out", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="skip so many pieces of each kind: others than before")
    parser.add_argument("--tunes", type=Path, nargs="+", default=[], metavar="FOLDER", help="folders of ABC files")
    parser.add_argument("--arranged", type=int, default=2400, help="pieces on these tunes")
    parser.add_argument("--arranged-held-out", type=int, default=80, help="pieces on tunes never trained on")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    for folder in args.tunes:
        if not any(folder.rglob("*.abc")):
            parser.error(f"there are no .abc files in {folder}")
    args.out.mkdir(parents=True, exist_ok=True)
    counts = [(HELD_OUT, args.held_out), (args.first, args.pieces)]
    if args.tunes:
        counts[1:1] = [(ARRANGED_HELD_OUT, args.arranged_held_out)]
        counts += [(ARRANGED + args.first, args.arranged)]
    firsts = [start + i for start, count in counts for i in range(0, count, SHARD)]
    began = time.time()
    with multiprocessing.get_context("spawn").Pool(args.workers) as pool:
        jobs = [(args.out, first, args.soundfont, tuple(args.tunes)) for first in firsts]
        for i, name in enumerate(pool.imap(make_shard, jobs), 1):
            print(f"{name}  {i}/{len(firsts)} shards, {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
