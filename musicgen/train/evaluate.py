"""The whole evaluation of a model on held-out pieces, stage by stage, by one command.

``python -m musicgen.train.evaluate`` runs what is missing; ``--only sweep free`` some stages (again, if they are
there). ``work/evaluate/figures.json`` has every figure, ``<stage>.md`` the tables, ``report.md`` all of them; takes are
kept beside them. A stage is kept once it is finished, as long as model, sizes and settings are the same.
Knows nothing of what the stages measure.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from musicgen.train import (
    by_pattern,
    codec_report,
    form,
    frechet,
    freeform,
    likelihood,
    listener,
    memorise,
    obedience,
    sectioned,
    soundness,
    spectrograms,
    sweep,
)
from musicgen.train.exam import Exam, Sizes
from musicgen.train.making import Maker
from musicgen.train.tables import markdown, read_json, write_json

SETTINGS = {"guidance": float, "prior": float, "temperature": float, "top_k": int}  # that a flag may change


def codec_stage(exam: Exam) -> dict[str, Any]:
    """The codec alone."""
    codec: Any = exam.model.codec
    return codec_report.report(codec, codec_report.held_clips(exam.data, codec, exam.sizes.clips))


def listener_stage(exam: Exam) -> dict[str, Any]:
    """What the judge itself reached."""
    return {"rows": {"the listener, on held-out pieces": listener.listener_figures(exam.listener_path)},
            "drum threshold": exam.listener.drum_threshold}


def plain(result: dict[str, Any]) -> str:
    """One table."""
    return markdown(result["rows"])


# In this order: cheap ones first, and those whose takes others use before those.
STAGES: dict[str, tuple[str, Callable[[Exam], dict[str, Any]], Callable[[dict[str, Any]], str]]] = {
    "listener": ("The listener", listener_stage, plain),
    "codec": ("The codec", codec_stage, codec_report.tables),
    "likelihood": ("Likelihood, nats", likelihood.run, likelihood.tables),
    "obedience": ("Does it do what it is asked?", obedience.run, obedience.tables),
    "sections": ("Who plays when", sectioned.run, sectioned.tables),
    "frechet": ("Frechet distance", frechet.run, frechet.tables),
    "figures": ("Spectrograms", spectrograms.run, spectrograms.tables),
    "free": ("Free prompts", freeform.run, freeform.tables),
    "patterns": ("Patterns", by_pattern.run, by_pattern.tables),
    "sweep": ("Guidance and temperature", sweep.run, sweep.tables),
    "memory": ("Memorisation", memorise.run, memorise.tables),
    "form": ("Form", form.run, form.tables),
    "soundness": ("Variety, beat, sound", soundness.run, soundness.tables),
}


def mark(exam: Exam) -> str:
    """Changes with the weights, the program, what measures, the listener, the data, the sizes and the settings: a stage
    made under another is made again."""
    measure = exam.listener_path.read_bytes() if exam.listener_path.is_file() else b""
    measure += b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    measure += repr([(path.name, path.stat().st_size) for path in sorted(exam.data.glob("*.*"))]).encode()
    told = repr((exam.maker.weights, exam.maker.program, asdict(exam.sizes), sorted(exam.settings.items()))).encode()
    return hashlib.sha256(told + measure).hexdigest()[:12]


def examine(exam: Exam, only: list[str] | None = None) -> dict[str, Any]:
    """Run the stages that are missing, or ``only`` some; returns and writes all figures."""
    exam.out.mkdir(parents=True, exist_ok=True)
    path, current = exam.out / "figures.json", mark(exam)
    kept = read_json(path)
    stages = {name: stage for name, stage in kept.get("stages", {}).items() if stage["mark"] == current}
    exam.results = {name: stage["result"] for name, stage in stages.items()}
    for name, (title, run, tables) in STAGES.items():
        if name not in only if only else name in stages:
            continue
        print(f"{title} ...", flush=True)
        began = time.monotonic()
        result = run(exam)
        exam.results[name] = result
        stages[name] = {"mark": current, "seconds": round(time.monotonic() - began, 1), "result": result}
        figures = {"model": exam.model_name, "weights": exam.maker.weights, "sizes": asdict(exam.sizes),
                   "settings": exam.settings, "stages": stages}
        write_json(path, figures)
        (exam.out / f"{name}.md").write_text(tables(result) + "\n", encoding="utf-8")
        print(tables(result) + f"\n({stages[name]['seconds']:.0f} s)\n", flush=True)
    done = [f"## {STAGES[name][0]}\n\n{STAGES[name][2](stages[name]['result'])}\n" for name in STAGES if name in stages]
    (exam.out / "report.md").write_text("\n".join(done), encoding="utf-8")
    return stages


def main() -> None:
    """Read the flags, run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--data", type=Path, default=Path("work/data"))
    parser.add_argument("--listener", type=Path, default=listener.LISTENER)
    parser.add_argument("--out", type=Path, default=Path("work/evaluate"))
    parser.add_argument("--only", nargs="+", choices=STAGES)
    parser.add_argument("--workers", type=int, default=2, help="processes that make takes, a few at a time")
    for name, kind in SETTINGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help="instead of the model's default")
    for size in fields(Sizes):
        parser.add_argument(f"--{size.name.replace('_', '-')}", type=type(size.default), default=size.default)
    args = parser.parse_args()
    settings = {name: getattr(args, name) for name in SETTINGS if getattr(args, name) is not None}
    sizes = Sizes(**{size.name: getattr(args, size.name) for size in fields(Sizes)})
    maker = Maker(args.model, args.out / "takes", args.workers)
    examine(Exam(args.model, args.data, args.out, args.listener, maker, sizes, settings), args.only)


if __name__ == "__main__":
    main()
