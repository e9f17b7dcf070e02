"""Every figure of the engine's speed, by one command: ``python -m benchmarks.decode``.

Writes ``benchmarks/results.json`` and ``benchmarks/RESULTS.md``. The machine must have nothing else to do. ``--only``
chooses among peers, patterns, durations, load, gpu; what is not run is said to be so.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks import gpu, peers, takes
from benchmarks.machine import describe, table
from musicgen.config import LMConfig
from musicgen.engine import Engine

FOLDER = Path(__file__).resolve().parent
PARTS = ("peers", "patterns", "durations", "load", "gpu")
PATTERNS = ("delay", "partial_delay", "parallel", "partial_flattening", "flattening", "coarse_first", "musiclm")
NOT_RUN = "not run"


def main() -> None:
    """Run what is asked for and write it down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decode", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is repeated")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see whether it runs; no figures to keep")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the results")
    asked = parser.parse_args()
    results: dict[str, Any] = {"machine": describe()}
    parts = ["# Measured speed", "", "Made by `python -m benchmarks.decode`. Medians, in brackets the range.", ""]
    parts += [table(("", ""), list(results["machine"].items())), ""]
    for name in PARTS:
        print(name, "..." if name in asked.only else NOT_RUN, flush=True)
        rows, text = _SECTIONS[name](asked) if name in asked.only else ([], NOT_RUN + ".")
        results[name] = [asdict(row) for row in rows] or NOT_RUN
        parts += [f"## {_TITLES[name]}", "", text, ""]
        print(text, flush=True)
        # After every part: a run that is broken off has not been for nothing.
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (asked.out / "RESULTS.md").write_text("\n".join(parts), encoding="utf-8")


def _peers(asked: argparse.Namespace) -> tuple[list[Any], str]:
    tiny = LMConfig(layers=2, dim=128, heads=2, ffn_dim=256, text_dim=48, codebook_size=64)
    config, contexts, steps = (tiny, (0, 40), 12) if asked.quick else (LMConfig(), (0, 1000), 24)
    rows = peers.compare(config, contexts, steps, asked.rounds)
    head = ("engine", "steps before", "ms a step", "times as fast as transformers float32", "equal greedy tokens")
    cells = [(row.engine, row.context, row.milliseconds, row.ratio, row.equal) for row in rows]
    note = "Batch 1 with guidance, random weights of the small model's shape, greedy."
    return rows, f"{note}\n\n{table(head, cells)}"


def _takes(rows: list[takes.Summary], what: str, note: str, speed: str = "times real time") -> tuple[list[Any], str]:
    head = (what, speed, "first sound, s", "longest gap between chunks, s", "player stands still, s")
    cells = [(row.name, row.speed, row.first, row.gap, row.stall) for row in rows]
    return rows, f"{note}\n\n{table(head, cells)}"


def _engine() -> tuple[Engine, str]:
    model, what = takes.bundled()
    engine = Engine(model)
    takes.take(engine, 2.0, 99)  # the first request repacks the weights
    return engine, what


def _patterns(asked: argparse.Namespace) -> tuple[list[Any], str]:
    engine, what = _engine()
    seconds = 2.0 if asked.quick else 10.0
    note = f"{what[0].upper()}{what[1:]}, CPU, {seconds:g} s of music. Some patterns can only sound at the end."
    return _takes(takes.patterns(engine, PATTERNS, seconds, asked.rounds), "pattern", note)


def _durations(asked: argparse.Namespace) -> tuple[list[Any], str]:
    engine, what = _engine()
    lengths = (1.0, 2.0) if asked.quick else (5.0, 10.0, 30.0, 60.0)
    return _takes(takes.durations(engine, lengths, asked.rounds), "length", f"{what[0].upper()}{what[1:]}, CPU, delay.")


def _load(asked: argparse.Namespace) -> tuple[list[Any], str]:
    engine, what = _engine()
    seconds = 2.0 if asked.quick else 10.0
    rows = [takes.load(engine, clients, seconds) for clients in (1, 2, 4)]
    note = f"{what[0].upper()}{what[1:]}, CPU, {seconds:g} s of music each, all asked for at once."
    return _takes(rows, "clients", note, "times real time, all together")


def _gpu(asked: argparse.Namespace) -> tuple[list[Any], str]:
    head = ("model", "requests", "graph", "attention", "ms a step", "share of the bandwidth", "times real time in all")
    if not torch.cuda.is_available():
        cells = [(size, n, NOT_RUN, NOT_RUN, NOT_RUN, NOT_RUN, NOT_RUN) for size in gpu.SIZES for n in (1, 4, 8, 16)]
        return [], f"There is no GPU here.\n\n{table(head, cells)}"
    limit = gpu.bandwidth("cuda")
    rows = []
    for size, config in gpu.SIZES.items():
        for requests in (1, 4, 8, 16):
            for graph, attention in ((True, "sdpa"), (False, "sdpa"), (True, "xformers")):
                rows.append(gpu.measure(size, config, requests, graph, attention, limit))
                torch.cuda.empty_cache()
    cells = [
        (r.size, r.requests, "on" if r.graph else "off", r.attention, f"{r.milliseconds:.3g}", f"{r.share:.0%}",
         f"{r.speed:.3g}")
        for r in rows
    ]  # fmt: skip
    note = f"Random bfloat16 weights; a copy moves {limit / 1e9:.0f} GB/s."
    return rows, f"{note}\n\n{table(head, cells)}"


_TITLES = {
    "peers": "Against transformers, on the CPU", "patterns": "The bundled model, by pattern",
    "durations": "The bundled model, by length", "load": "Several at once", "gpu": "On a GPU",
}  # fmt: skip
_SECTIONS = {"peers": _peers, "patterns": _patterns, "durations": _durations, "load": _load, "gpu": _gpu}

if __name__ == "__main__":
    main()
