"""Stage 3 of training: what the language model reads, made once.

``python -m musicgen.train.tokens text`` writes each caption's MiniLM states beside the shards,
``python -m musicgen.train.tokens codes`` each piece's codes, and then ``python -m musicgen.train.tokens heard`` the
chromagram of what these codes sound like. Finished shards are kept, with a note of whose codes they are. Knows nothing
of the language model.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch


def text_states(shard: Path) -> None:
    """Write ``<shard>.text.npy`` (float16 [sum of L, 384]) and ``<shard>.lengths.npy`` (int [n * captions])."""
    from musicgen.text_encoders import minilm

    encoder = minilm()
    states = []
    for line in shard.read_text().splitlines():
        states += [encoder(caption).half().numpy() for caption in json.loads(line)["captions"]]
    keep(shard.with_suffix(".lengths.npy"), np.array([len(s) for s in states]))
    keep(shard.with_suffix(".text.npy"), np.concatenate(states))


def codes(shard: Path, codec_dir: Path) -> None:
    """Write ``<shard>.codes.npy``, int16 [n, K, T].

    The encoder's network runs in bfloat16: nearly twice as fast, and 99 of 100 codes are those it has in float32.
    """
    codec = load_codec(codec_dir)
    audio = np.load(shard.with_suffix(".npy"), mmap_mode="r")
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        made = [codec.encode(torch.from_numpy(clip.astype(np.float32) / 32768)[None, None])[0] for clip in audio]
    shard.with_suffix(".heard.npy").unlink(missing_ok=True)  # of other codes
    keep(shard.with_suffix(".codes.npy"), torch.stack(made).to(torch.int16).numpy())


def heard(shard: Path, codec_dir: Path) -> None:
    """Write ``<shard>.heard.npy``, float16 [n, M, 12]: the chromagram of each piece's codes, decoded.

    In one window, in bfloat16 and up to 8 kHz, many times as fast as the stream: of 1,000 strongest pitch classes 997
    are the same.
    """
    from musicgen.chroma import chromagram
    from musicgen.phase import PhaseVocoder

    codec = load_codec(codec_dir)
    out = []
    for row in np.load(shard.with_suffix(".codes.npy")):
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            log_spectra, *rest = codec.from_latent(codec.quantizer.decode(torch.from_numpy(row.astype(np.int64))[None]))
        sounds = (codec.magnitudes(log_spectra), *(codec.by_spectrum(x) for x in rest))
        vocoder = PhaseVocoder(codec.config.window // 2, codec.config.stft_hop // 2)  # half the sample rate
        lower = codec.config.window // 4 + 1  # bins
        audio = torch.cat([vocoder.push(*(x[..., :lower].float() for x in sounds)), vocoder.finish()], -1)
        out.append(chromagram(audio[0].numpy(), codec.sample_rate // 2).astype(np.float16))
    keep(shard.with_suffix(".heard.npy"), np.stack(out))


def keep(path: Path, array: np.ndarray) -> None:
    """Write ``array`` by a rename: what a stopped run leaves is whole, or is made again."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.save(file, array)
    partial.rename(path)


def check_books(data: Path, codec_dir: Path) -> None:
    """Note in ``data`` by which codebooks its codes are made. Raises ``SystemExit`` where they are another codec's: a
    code is the number of an entry and means nothing in other books."""
    note = data / "books.txt"
    books = load_codec(codec_dir).quantizer.codebooks.half().numpy()  # as they ship
    digest = hashlib.sha256(books.tobytes()).hexdigest()
    if note.exists() and note.read_text() != digest:
        raise SystemExit(f"The codes in {data} are of another codec than that in {codec_dir}: name theirs, or delete "
                         f"*.codes.npy, *.heard.npy and {note.name} there.")
    note.write_text(digest)


def load_codec(folder: Path):  # type: ignore[no-untyped-def]
    """The codec of the last checkpoint in ``folder``, or of the whole model that lies there."""
    from musicgen.checkpoints import load
    from musicgen.config import PocketCodecConfig
    from musicgen.pocket_codec import PocketCodec

    if not (folder / "last.pt").exists():
        return load(str(folder), device="cpu").codec
    codec = PocketCodec(PocketCodecConfig())
    codec.load_state_dict(torch.load(folder / "last.pt", weights_only=True)["codec"])
    return codec.eval()


def _work(job: tuple[str, Path, Path]) -> None:
    torch.set_num_threads(1)
    kind, shard, codec_dir = job
    if kind == "text":
        text_states(shard)
    elif kind == "codes":
        codes(shard, codec_dir)
    else:
        heard(shard, codec_dir)


def main() -> None:
    """Do what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("text", "codes", "heard"))
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--codec", type=Path, default=Path("work/codec"))
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    shards = sorted(args.data.glob("*.jsonl"))
    if not shards:
        raise SystemExit(f"There are no pieces in {args.data}; run python -m musicgen.train.data first.")
    if args.kind != "text":
        check_books(args.data, args.codec)
    suffix = f".{args.kind}.npy"
    jobs = [(args.kind, shard, args.codec) for shard in shards if not shard.with_suffix(suffix).exists()]
    began = time.time()
    with multiprocessing.get_context("spawn").Pool(args.workers) as pool:
        for i, _ in enumerate(pool.imap(_work, jobs), 1):
            print(f"{args.kind} {i}/{len(jobs)} shards, {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
