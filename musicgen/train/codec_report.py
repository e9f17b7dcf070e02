"""The codec's held-out figures, beside Opus at several bit rates on the same clips.

``python -m musicgen.train.codec_report``

Knows nothing of the language model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from musicgen.compat import ensure_ffmpeg
from musicgen.train.codec import Clips, evaluate
from musicgen.train.metrics import linear_distance, mel_distance
from musicgen.train.tokens import load_codec

RATE = 32_000


def opus(clip: np.ndarray, kbit: float, folder: Path) -> tuple[np.ndarray, float]:
    """Clip [N] through Opus at ``kbit`` -> (decoded [N], real kbit/s)."""
    source, packed, back = folder / "a.wav", folder / "a.opus", folder / "b.wav"
    soundfile.write(source, clip, RATE)
    quiet = ["ffmpeg", "-y", "-v", "error"]
    subprocess.run([*quiet, "-i", source, "-c:a", "libopus", "-b:a", f"{kbit}k", packed], check=True)
    subprocess.run([*quiet, "-i", packed, "-ar", str(RATE), "-ac", "1", "-c:a", "pcm_f32le", back], check=True)
    decoded = soundfile.read(back, dtype="float32")[0]
    decoded = np.pad(decoded, (0, max(0, len(clip) - len(decoded))))[: len(clip)]
    return decoded, packed.stat().st_size * 8 / 1000 / (len(clip) / RATE)


def main() -> None:
    """Print the table; write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--codec", type=Path, default=Path("work/codec"))
    parser.add_argument("--out", type=Path, default=Path("work/codec_report.json"))
    parser.add_argument("--clips", type=int, default=20)
    args = parser.parse_args()
    ensure_ffmpeg()
    codec = load_codec(args.codec)
    clips = Clips(args.data, "held", 1).batch(args.clips, 200 * codec.hop)  # 4 s each
    seconds = clips.numel() / RATE
    rows: dict[str, dict[str, float]] = {}

    def row(name: str, kbit: float, decoded: Tensor) -> None:
        rows[name] = {"kbit/s": kbit, "mel": mel_distance(decoded, clips).item(),
                      "lin": linear_distance(decoded, clips).item()}

    bits = np.log2(codec.codebook_size) * codec.frame_rate / 1000
    codes = codec.encode(clips[:, None])
    for books in range(codec.codebooks, 0, -1):
        row(f"pocket, {books} of {codec.codebooks} codebooks", bits * books, codec.decode(codes[:, :books])[:, 0])
    rows["pocket, true phase"] = {"kbit/s": bits * codec.codebooks, "mel": evaluate(codec, clips)["mel_true_phase"]}
    with tempfile.TemporaryDirectory() as folder:
        for kbit in (6, 8, 12, 16, 24):
            made = [opus(clip, kbit, Path(folder)) for clip in clips.numpy()]
            decoded = torch.from_numpy(np.stack([m[0] for m in made]))
            row(f"Opus {kbit}k", float(np.mean([m[1] for m in made])), decoded)
    began = time.perf_counter()
    for clip in codes[:5]:
        codec.decode(clip[None])
    rows["pocket, decoding"] = {"times real time": seconds * 5 / args.clips / (time.perf_counter() - began)}
    for name, figures in rows.items():
        print(f"{name:28s}", "  ".join(f"{key} {value:.3f}" for key, value in figures.items()))
    args.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
