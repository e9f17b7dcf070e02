"""Every figure of the engine's speed, by one command: ``python -m benchmarks.decode``.

Writes ``benchmarks/results.json`` and ``benchmarks/RESULTS.md``. The machine must have nothing else to do; on two
cores it takes about a quarter of an hour. ``--only`` runs some of the parts and leaves what the files say of the
others; ``--whole`` lets transformers and ours decode 30 s to the end, which takes a quarter of an hour more. What was
never run says so.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks import eight_bits, gpu, peers, takes
from benchmarks.machine import describe, load, table
from musicgen.attention import by_xformers, choose_attention
from musicgen.config import LMConfig
from musicgen.engine import Engine

FOLDER = Path(__file__).resolve().parent
PATTERNS = ("delay", "partial_delay", "parallel", "partial_flattening", "flattening", "coarse_first", "musiclm")
NOT_RUN = "not run"
STEPS_30 = 1503  # of the delay pattern over 30 s

Part = tuple[list[Any], str]  # rows for the JSON, and the text for people


def main(argv: list[str] | None = None) -> None:
    """Run what is asked for and write it down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decode", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is repeated")
    parser.add_argument("--whole", action="store_true", help="also decode 30 s with transformers, to the end")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see whether it runs; no figures to keep")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the results")
    asked = parser.parse_args(argv)
    asked.out.mkdir(parents=True, exist_ok=True)
    command = " ".join(["python -m benchmarks.decode", *(sys.argv[1:] if argv is None else argv)])
    parts, machine = _kept(asked.out / "results.json"), describe()
    for name in PARTS:
        if name not in asked.only:
            continue
        print(f"{name} ...", flush=True)
        began = load()
        rows, text = _SECTIONS[name](asked)
        on = f"`{command}`, {machine['CPU']}, GPU {machine['GPU']}, {began}"
        parts[name] = {"run": on, "rows": [asdict(row) for row in rows] or NOT_RUN, "text": text}
        print(text, flush=True)
        # After every part: a run that is broken off has not been for nothing.
        results = json.dumps({"machine": machine, "parts": parts}, indent=1)
        (asked.out / "results.json").write_text(results + "\n", encoding="utf-8")
        (asked.out / "RESULTS.md").write_text(_page(machine, parts), encoding="utf-8")


def _kept(path: Path) -> dict[str, Any]:
    """The parts of an earlier run."""
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))["parts"]
        return {name: parts[name] for name in PARTS if name in parts}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _page(machine: dict[str, str], parts: dict[str, Any]) -> str:
    lines = ["# Measured speed", "", "Made by `python -m benchmarks.decode`. Medians, in brackets the range.", ""]
    lines += [table(("", ""), list(machine.items())), ""]
    for name, title in PARTS.items():
        part = parts.get(name)
        lines += [f"## {title}", ""]
        lines += [part["text"], "", f"By {part['run']}.", ""] if part else [f"{NOT_RUN.capitalize()}.", ""]
    return "\n".join(lines)


# -- the parts ------------------------------------------------------------------------------------------------------


def _peers(asked: argparse.Namespace) -> Part:
    config = peers.tiny() if asked.quick else LMConfig()
    contexts, steps = ((0, 40), 12) if asked.quick else ((0, STEPS_30 - 27), 24)
    engines = peers.on_cpu(config)
    rows = peers.compare(engines, config, contexts, steps, asked.rounds)
    text = "Batch 1 with guidance, random weights of the small model's shape, greedy; one step at the start and at the "
    text += f"end of 30 s.\n\n{_compared(rows, 'transformers float32')}\n\n"
    text += "What a take costs by these, its codec left out (5 s: 253 steps, 30 s: 1,503):\n\n"
    short, long = (peers.takes(rows, length) for length in (253, STEPS_30))
    cells = [(a[0], a[1], a[2], b[1], b[2]) for a, b in zip(short, long, strict=True)]
    text += table(("engine", "5 s: seconds", "times as fast", "30 s: seconds", "times as fast"), cells)
    if asked.whole:
        whole = peers.compare(engines, config, (0,), 40 if asked.quick else STEPS_30 - 3, 1, statistics.mean)
        text += "\n\nAll 1,500 frames of 30 s, decoded to the end, once; milliseconds are the mean of all steps:\n\n"
        text += _compared(whole, "transformers float32")
        rows += whole
    return rows, text


def _compared(rows: list[peers.Compared], first: str) -> str:
    head = ("engine", "steps before", "ms a step", f"times as fast as {first}", "equal greedy tokens")
    return table(head, [(row.engine, row.context, row.milliseconds, row.ratio, row.equal) for row in rows])


def _takes(rows: list[takes.Summary], what: str, note: str, speed: str = "times real time") -> Part:
    head = (what, speed, "a second of sound costs, times the first row's", "first sound, s",
            "longest gap between chunks, s", "player stands still, s")  # fmt: skip
    cells = [(row.name, row.speed, row.cost, row.first, row.gap, row.stall) for row in rows]
    return rows, f"{note}\n\n{table(head, cells)}"


def _engine() -> tuple[Engine, str]:
    model, what = takes.bundled()
    engine = Engine(model)
    takes.take(engine, 2.0, 99)  # the first request repacks the weights
    return engine, f"{what[0].upper()}{what[1:]}, CPU"


def _patterns(asked: argparse.Namespace) -> Part:
    engine, what = _engine()
    seconds = 1.0 if asked.quick else 10.0
    note = f"{what}, {seconds:g} s of music. Some patterns sound only from half-way on."
    return _takes(takes.patterns(engine, PATTERNS, seconds, asked.rounds), "pattern", note)


def _durations(asked: argparse.Namespace) -> Part:
    engine, what = _engine()
    lengths = (1.0, 2.0) if asked.quick else (5.0, 10.0, 30.0, 60.0)
    rounds = min(2, asked.rounds)
    return _takes(takes.durations(engine, lengths, rounds), "length", f"{what}, delay; windows beyond its own length.")


def _load(asked: argparse.Namespace) -> Part:
    engine, what = _engine()
    seconds = 1.0 if asked.quick else 10.0
    rows = takes.load(engine, (1, 2, 4), seconds, min(2, asked.rounds))
    note = f"{what}, {seconds:g} s of music each, all asked for at once; the last three columns are each client's own."
    return _takes(rows, "clients", note, "times real time, all together")


def _steps(asked: argparse.Namespace) -> Part:
    model, what = takes.bundled()
    steps, cores = 8 if asked.quick else 60, torch.get_num_threads()
    batches = takes.batches(model.lm, (1, 2, 4, 8), steps, asked.rounds)
    threads = takes.thread_counts(model.lm, sorted({1, max(1, cores // 2), cores}), steps, asked.rounds)
    texts = [
        table((head, "ms a step of all", "times the first row's"), [(r.name, r.milliseconds, r.cost) for r in rows])
        for head, rows in (("side by side", batches), ("one request, with", threads))
    ]
    return [*batches, *threads], f"{what[0].upper()}{what[1:]}, CPU, its language model alone.\n\n" + "\n\n".join(texts)


def _eight_bits(asked: argparse.Namespace) -> Part:
    model, what = takes.bundled()
    prompts = eight_bits.PROMPTS[:2] if asked.quick else eight_bits.PROMPTS
    rows = eight_bits.gate(model, prompts, 0.3 if asked.quick else eight_bits.SECONDS, asked.rounds)
    return rows, f"{what[0].upper()}{what[1:]}. {eight_bits.in_words(rows, len(prompts))}"


def _gpu(asked: argparse.Namespace) -> Part:
    head = ("model", "requests", "graph", "attention", "ms a step", "share of the bandwidth", "times real time in all")
    if not torch.cuda.is_available():
        cells = [(size, n, *[NOT_RUN] * 5) for size in gpu.SIZES for n in gpu.REQUESTS]
        sounds = [(size, *[NOT_RUN] * 4) for size in gpu.SIZES]
        return [], f"There is no GPU here.\n\n{table(head, cells)}\n\n{table(_AGAINST, sounds)}"
    limit, rows = gpu.bandwidth("cuda"), []
    sizes = {size: peers.tiny(config) if asked.quick else config for size, config in gpu.SIZES.items()}
    kinds = [(True, "sdpa"), (False, "sdpa")]
    if choose_attention(torch.device("cuda"), "xformers") is by_xformers:  # else SDPA would be measured in its name
        kinds.append((True, "xformers"))
    for size, config in sizes.items():
        for requests in gpu.REQUESTS:
            for graph, attention in kinds:
                rows.append(gpu.measure(size, config, requests, graph, attention, limit))
                _let_go()
    cells = [
        (r.size, r.requests, "on" if r.graph else "off", r.attention, f"{r.milliseconds:.3g}", f"{r.share:.0%}",
         f"{r.speed:.3g}")
        for r in rows
    ]  # fmt: skip
    beside, against, whole = [], [], []
    for size, config in sizes.items():
        compared = gpu.against_transformers(config, asked.rounds)
        _let_go()
        taken = gpu.whole_takes(size, config, 1.0 if asked.quick else 10.0, asked.rounds)
        _let_go()
        eager, static, ours = compared
        beside.append((size, ours.ratio, spread_of(static, ours), taken.first, taken.speed))
        against += compared
        whole.append(taken)
    note = f"Random bfloat16 weights; a copy moves {limit / 1e9:.0f} GB/s."
    return [*rows, *against, *whole], f"{note}\n\n{table(head, cells)}\n\n{table(_AGAINST, beside)}"


def _let_go() -> None:
    """Free what was measured last: a batch and its seats hold each other, and would stay beside the next model."""
    gc.collect()
    torch.cuda.empty_cache()


def spread_of(theirs: peers.Compared, ours: peers.Compared) -> Any:
    """How many times as fast ours is, round by round."""
    return peers.ratios(theirs.milliseconds.values, ours.milliseconds.values)


_AGAINST = ("model, one request", "times as fast as transformers, eager", "and with its static cache", "first sound, s",
            "times real time, codec and all")  # fmt: skip
PARTS = {
    "peers": "Against transformers, on the CPU", "patterns": "The bundled model, by pattern",
    "durations": "The bundled model, by length", "load": "Several at once", "steps": "Steps, by company and by threads",
    "eight_bits": "Eight-bit weights", "gpu": "On a GPU",
}  # fmt: skip
_SECTIONS = {
    "peers": _peers, "patterns": _patterns, "durations": _durations, "load": _load, "steps": _steps,
    "eight_bits": _eight_bits, "gpu": _gpu,
}  # fmt: skip

if __name__ == "__main__":
    main()
