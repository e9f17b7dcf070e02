"""Does the bundled model do what it is asked? Held-out captions in, one table out.

``python -m musicgen.train.evaluate --takes 30``

Generates from captions of pieces never trained on, with the piece's own plan and with the text alone, and
measures tempo, pulse, key, chords, drums, instruments, melody, silence and clipping. Every figure stands
beside the same figure for the real piece, for the piece after the codec, and for chance (another piece's
request). Writes JSON and Markdown. Knows nothing of training.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from musicgen.aligned import CHORD, bar_seconds, chord_features
from musicgen.audio import Audio
from musicgen.chroma import CHROMA_RATE, argmax_onehot, chromagram, similarity
from musicgen.rhythm import pulse, tempo, tempo_matches
from musicgen.theory import parse_chord, parse_key, parse_meter
from musicgen.train.listener import DRUMS, Listener, label_of, load_listener
from musicgen.train.tokens import load_codec

RATE = 32_000
Facts = dict


def asked_chroma(facts: Facts, frames: int) -> np.ndarray:
    """Pitch classes of the asked chords per chroma frame, [M, 12]."""
    chords = [parse_chord(name) for name in facts["chords"]]
    each = bar_seconds(facts["bpm"], parse_meter(facts["meter"]))
    return chord_features(frames, CHROMA_RATE, chords, each)[:, CHORD]


def measure(audio: np.ndarray, facts: Facts, listener: Listener) -> dict[str, float]:
    """Audio [N] against what ``facts`` ask for."""
    chroma = chromagram(audio)
    frames = len(chroma)
    scale = list(parse_key(facts["key"]).scale)
    match = tempo_matches(tempo(audio, RATE), facts["bpm"])
    p = listener.probabilities(np.ascontiguousarray(audio))
    asked = {label_of(name) for name in facts["instruments"]}
    found = sorted(p, key=p.__getitem__, reverse=True)[: len(asked)]
    seconds = audio[: len(audio) // RATE * RATE].reshape(-1, RATE)
    melody = np.array(facts["melody"])[:frames]
    one_hot = np.where(melody[:, None] >= 0, np.eye(12)[melody], 0.0)
    return {
        "tempo": float(match == "yes"),
        "tempo octave": float(match == "octave"),
        "pulse": pulse(audio, RATE, facts["bpm"]),
        "in key": float(chroma[:, scale].sum() / max(chroma.sum(), 1e-9)),
        "chords": similarity(chroma, asked_chroma(facts, frames)),
        "melody": similarity(argmax_onehot(chroma), one_hot),
        "drums": float((p[DRUMS] > 0.5) == facts["drums"]),
        "instruments": len(asked & set(found)) / len(asked),
        "silent seconds": float((np.sqrt((seconds**2).mean(1)) < 1e-3).mean()),
        "clipped": float((np.abs(audio) >= 0.999).mean()),
        "peak": float(np.abs(audio).max()),
    }


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown, a column a figure."""
    names = list(next(iter(rows.values())))
    lines = ["| | " + " | ".join(names) + " |", "|" + "--|" * (len(names) + 1)]
    lines += [f"| {title} | " + " | ".join(f"{row[name]:.3f}" for name in names) + " |" for title, row in rows.items()]
    return "\n".join(lines)


def mean(rows: list[dict[str, float]]) -> dict[str, float]:
    """Figure by figure."""
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def held_out(folder: Path, count: int) -> tuple[list[Facts], list[np.ndarray]]:
    """Facts and audio [N] of ``count`` held-out pieces."""
    facts, audio = [], []
    for path in sorted(folder.glob("held_*.jsonl")):
        clips = np.load(path.with_suffix(".npy"), mmap_mode="r")
        for line, clip in zip(path.read_text().splitlines(), clips, strict=True):
            facts.append(json.loads(line))
            audio.append(clip)
    step = max(1, len(facts) // count)
    return facts[::step][:count], [a.astype(np.float32) / 32768 for a in audio[::step][:count]]


def main() -> None:
    """Generate, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--codec", type=Path, default=Path("work/codec"))
    parser.add_argument("--listener", type=Path, default=Path("work/listener.pt"))
    parser.add_argument("--takes", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--top-k", type=int)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--only", nargs="*", default=["plan", "text", "melody"])
    parser.add_argument("--out", type=Path, default=Path("work/evaluation"))
    args = parser.parse_args()
    from musicgen.audio import write
    from musicgen.checkpoints import load
    from musicgen.engine import Engine
    from musicgen.request import GenerationRequest

    listener, codec = load_listener(args.listener), load_codec(args.codec)
    facts, real = held_out(args.data, args.takes)
    length = int(args.seconds * RATE)
    real = [clip[:length] for clip in real]
    coded = [codec.decode(codec.encode(torch.from_numpy(clip)[None, None]))[0, 0].numpy() for clip in real]
    others = facts[1:] + facts[:1]
    rows = {
        "rendered": mean([measure(a, f, listener) for a, f in zip(real, facts, strict=True)]),
        "rendered, through the codec": mean([measure(a, f, listener) for a, f in zip(coded, facts, strict=True)]),
        "chance (another's request)": mean([measure(a, f, listener) for a, f in zip(coded, others, strict=True)]),
    }
    engine = Engine(load(args.model))
    common = {"duration": args.seconds, "guidance": args.guidance, "top_k": args.top_k,
              "temperature": args.temperature}

    def plan(f: Facts) -> dict:
        chords = " ".join(f["chords"][:16])
        return {"bpm": f["bpm"], "meter": f["meter"], "key": f["key"], "chords": chords, "drums": f["drums"]}

    requests: dict[str, Callable[[int], GenerationRequest]] = {
        "plan": lambda i: GenerationRequest(prompt=facts[i]["captions"][0], seed=i, **plan(facts[i]), **common),
        "text": lambda i: GenerationRequest(prompt=facts[i]["captions"][0], seed=i, plan="off", **common),
        "melody": lambda i: GenerationRequest(
            prompt=facts[i]["captions"][0], seed=i, melody=Audio(real[i][None], RATE), separation="none",
            bpm=facts[i]["bpm"], drums=facts[i]["drums"], **common),
    }
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only:
        takes = []
        for i in range(len(facts)):
            result = engine.generate(requests[name](i))
            takes.append(result.audio[0])
            if i < 12:
                write(args.out / f"{name}_{i:02d}.wav", Audio(result.audio, result.sample_rate), result.recipe)
        rows[f"generated: {name}"] = mean([measure(a, f, listener) for a, f in zip(takes, facts, strict=True)])
        swapped = mean([measure(a, f, listener) for a, f in zip(takes, others, strict=True)])
        rows[f"generated: {name}, against another's request"] = swapped
        print(table(rows), flush=True)
    (args.out / "figures.json").write_text(json.dumps(rows, indent=1))
    (args.out / "figures.md").write_text(table(rows) + "\n")


if __name__ == "__main__":
    main()
