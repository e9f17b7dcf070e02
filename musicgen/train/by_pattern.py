"""Our own Table 4 of the paper: what each pattern costs and what it gives, with the same requests along each.

Beside it stand the paper's figures (30 s, in-domain data of its own, a model for each pattern): other data and other
measures, so only the order of the rows compares. Knows nothing of how a pattern is decoded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from musicgen.patterns import PAPER_FIGURES, get_pattern
from musicgen.train.exam import Exam
from musicgen.train.frechet import embed, reference, relative
from musicgen.train.hearing import fits, hear, mean
from musicgen.train.lm import SHARES
from musicgen.train.making import Job
from musicgen.train.tables import markdown


def run(exam: Exam) -> dict[str, Any]:
    """A row for each pattern."""
    nats = {name: sum(row) for name, row in exam.result("likelihood")["by pattern"].items()}
    count = min(exam.sizes.patterns, len(exam.pieces))
    pieces, other = exam.pieces[:count], reference(exam)
    facts = [piece.facts for piece in pieces]
    own = exam.model.config.pattern
    plan, tune = exam.plan_jobs()[:count], exam.melody_jobs()[: max(1, count // 2)]
    rows: dict[str, dict[str, Any]] = {}
    for name in SHARES:
        pattern, paper = get_pattern(name, exam.model.config.lm.codebooks), PAPER_FIGURES.get(name)

        def along(jobs: list[Job], name: str = name) -> list[Job]:
            # The default's takes are those of the other stages.
            return jobs if name == own else [Job(f"{job.name}_{name}", replace(job.request, pattern=name))
                                             for job in jobs]

        takes, sung = exam.make(along(plan)), exam.make(along(tune))
        heard = mean(fits([hear(take.audio, exam.listener) for take in takes], facts))
        melody = mean(fits([hear(take.audio, exam.listener) for take in sung], facts[: len(sung)]))["melody"]
        rows[name] = {
            "exact": "yes" if pattern.exact else "no",
            "steps for 10 s": pattern.step_count(round(10 * exam.model.codec.frame_rate)),
            "times real time": float(exam.sizes.seconds / np.median([take.seconds for take in takes])),
            "nats a frame": nats.get(name),
            "Frechet": relative(embed([take.audio for take in takes], exam.listener), other),
            "tempo": heard["tempo"], "in key": heard["in key"], "chords": heard["chords"], "melody": melody,
            "instruments": heard["instruments"],
            **dict(zip(("paper: FAD", "paper: KL", "paper: CLAP"), paper or (None,) * 3, strict=True)),
        }
    floor = relative(embed([piece.audio for piece in pieces], exam.listener), other)
    return {"rows": rows, "takes of each": count, "takes with a melody": max(1, count // 2),
            "seconds": exam.sizes.seconds, "Frechet floor": floor}


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    return (f"{result['takes of each']} takes of {result['seconds']:g} s along each pattern, the same requests and "
            f"seeds ({result['takes with a melody']} more with a melody). Times real time: on one core, "
            "four takes at a time. Frechet distance of the rendered pieces of these requests: "
            f"{result['Frechet floor']:.2f}; of so few sounds it is larger than of many.\n\n"
            f"{markdown(result['rows'], digits=2)}")
