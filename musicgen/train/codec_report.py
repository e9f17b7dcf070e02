"""The codec's held-out figures, beside Opus at several bit rates on the same clips.

``python -m musicgen.train.codec_report`` prints them; the evaluation has them too. Knows nothing of the language model.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor

from musicgen.compat import ensure_ffmpeg
from musicgen.phase import spectra
from musicgen.pocket_codec import PocketCodec
from musicgen.train.codec import Clips, with_phase
from musicgen.train.metrics import linear_distance, log_mel_of, mel_distance
from musicgen.train.tables import markdown
from musicgen.train.tokens import load_codec

RATE = 32_000
OPUS = (6, 8, 12, 16, 24)  # kbit/s
ONE = "mel, one window"


def opus(clip: np.ndarray, kbit: float, folder: Path) -> tuple[np.ndarray, float]:
    """Clip [N] through Opus at ``kbit`` -> (decoded [N], kbit/s of the file, its container included)."""
    source, packed, back = folder / "a.wav", folder / "a.opus", folder / "b.wav"
    soundfile.write(source, clip, RATE)
    quiet = ["ffmpeg", "-y", "-v", "error"]
    subprocess.run([*quiet, "-i", source, "-c:a", "libopus", "-b:a", f"{kbit}k", packed], check=True)
    subprocess.run([*quiet, "-i", packed, "-ar", str(RATE), "-ac", "1", "-c:a", "pcm_f32le", back], check=True)
    decoded = soundfile.read(back, dtype="float32")[0]
    decoded = np.pad(decoded, (0, max(0, len(clip) - len(decoded))))[: len(clip)]
    return decoded, packed.stat().st_size * 8 / 1000 / (len(clip) / RATE)


@torch.inference_mode()
def report(codec: PocketCodec, clips: Tensor) -> dict[str, Any]:
    """Distances of clips [B, N] through the codec and through Opus.

    "mel" and "lin" compare waveforms over five resolutions. "mel, one window" is the mean absolute difference of log10
    mel magnitudes at the codec's own resolution alone (a window of 1536 every 320 samples); "before phase" is that
    same measure taken between the magnitudes which the decoder predicts and those of the clip, so that no phase, no
    waveform and no inverse transform has a part in it. What it lacks to the decoded sound's is what the phase costs.
    """
    ensure_ffmpeg()
    window, hop = codec.config.window, codec.config.stft_hop
    rows: dict[str, dict[str, float]] = {}
    target = spectra(clips, window, hop)

    def one_window(magnitudes: Tensor) -> float:
        """[B, M, bins] against the clips'; a sine of full scale is 1 in them."""
        mels = [log_mel_of(m.transpose(1, 2) * window / 4, window) for m in (magnitudes, target.abs())]
        return (mels[0] - mels[1]).abs().mean().item()

    def row(name: str, kbit: float, decoded: Tensor) -> None:
        rows[name] = {"kbit/s": kbit, "mel": mel_distance(decoded, clips).item(),
                      "lin": linear_distance(decoded, clips).item(),
                      ONE: one_window(spectra(decoded, window, hop).abs())}

    bits = float(np.log2(codec.codebook_size) * codec.frame_rate / 1000)
    codes = codec.encode(clips[:, None])
    for books in range(codec.codebooks, 0, -1):
        row(f"pocket, {books} of {codec.codebooks} codebooks", bits * books, codec.decode(codes[:, :books])[:, 0])
    predicted = codec.magnitudes(codec.from_latent(codec.quantizer.decode(codes))[0])
    row("pocket, phase of the original", bits * codec.codebooks, with_phase(codec, predicted, target.angle()))
    rows["pocket, before phase"] = {"kbit/s": bits * codec.codebooks, ONE: one_window(predicted)}
    with tempfile.TemporaryDirectory() as folder:
        for kbit in OPUS:
            made = [opus(clip, kbit, Path(folder)) for clip in clips.numpy()]
            decoded = torch.from_numpy(np.stack([m[0] for m in made]))
            row(f"Opus {kbit}k", float(np.mean([m[1] for m in made])), decoded)
    began = time.perf_counter()
    few = codes[:5]
    for clip in few:
        codec.decode(clip[None])
    speed = len(few) * clips.shape[1] / RATE / (time.perf_counter() - began)
    return {"rows": rows, "clips": len(clips), "seconds of each": clips.shape[1] / RATE,
            "decoding, times real time": speed}


def held_clips(data: Path, codec: PocketCodec, count: int) -> Tensor:
    """``count`` held-out clips of 4 s, [count, N]; always the same ones."""
    return Clips(data, "held", 1).batch(count, 200 * codec.hop)


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    return (f"{result['clips']} held-out clips of {result['seconds of each']:g} s; decoding, one clip at a time on all "
            f"cores, ran at {result['decoding, times real time']:.0f} times real time.\n\n{markdown(result['rows'])}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--codec", type=Path, default=Path("assets/pocket"))
    parser.add_argument("--clips", type=int, default=20)
    args = parser.parse_args()
    codec = load_codec(args.codec)
    print(tables(report(codec, held_clips(args.data, codec, args.clips))))


if __name__ == "__main__":
    main()
