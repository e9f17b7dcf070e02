"""Does each section of a take sound of its own players? Halves of takes in which somebody rests, by the listener.

A half is measured against what was asked of it, and, for chance, against what was asked of the other half. Knows
nothing of how takes are made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from musicgen.aligned import bar_seconds
from musicgen.plan import Turn
from musicgen.planning import make_plan
from musicgen.theory import parse_meter
from musicgen.train.exam import Exam, Piece, plan_of
from musicgen.train.hearing import Heard, hear, instruments_found, mean
from musicgen.train.listener import RATE, label_of
from musicgen.train.making import Job
from musicgen.train.tables import markdown

HALVES = {"one alone, then all": "{} first | all", "no drums, then all": "{} no drums | all",
          "all, then no drums": "{} all | no drums"}  # fmt: skip


def bars_of(piece: Piece, seconds: float) -> tuple[int, float]:
    """How many bars of a piece are about half of ``seconds``, and how long they are."""
    bar = bar_seconds(piece.facts["bpm"], parse_meter(piece.facts["meter"]))
    count = max(1, round(seconds / 2 / bar))
    return count, count * bar


def jobs(exam: Exam, sections: str) -> list[Job]:
    """Plans of held-out pieces with drums and others besides, in two sections."""
    chosen = [piece for piece in exam.pieces if piece.facts["drums"] and len(set(piece.facts["instruments"])) > 2]
    out = []
    for i, piece in enumerate(chosen[: exam.sizes.sections]):
        count, half = bars_of(piece, exam.sizes.sections_seconds)
        request = exam.request(piece.facts, 7000 + i, **plan_of(piece.facts))
        out.append(Job("sections", replace(request, sections=sections.format(count), duration=2 * half)))
    return out


def players(turn: Turn) -> set[str]:
    """The listener's labels of those that play."""
    return {label_of(name) for name in turn.everyone}


def figures(heard: Heard, own: Turn, other: Turn) -> dict[str, float]:
    """Drums as asked, the players found, and, for chance, the same by what was asked of the other half."""
    return {
        "drums": float(heard.drums == own.drums),
        "players": instruments_found(heard.instruments, players(own)),
        "drums, by the other half": float(heard.drums == other.drums),
        "players, by the other half": instruments_found(heard.instruments, players(other)),
    }


def run(exam: Exam) -> dict[str, Any]:
    """Each kind of take, its two halves."""
    rows: dict[str, dict[str, float]] = {}
    made = 0
    for name, sections in HALVES.items():
        asked = jobs(exam, sections)
        made = len(asked)
        halves: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
        steps = []
        for job, take in zip(asked, exam.make(asked), strict=True):
            request = job.request
            turns = make_plan(request.prompt, request.seed or 0, **request.parts).turns(request.duration)
            edge = round(turns[1].start * RATE)
            sounds = take.audio[:edge], take.audio[edge:]
            for half, sound in enumerate(sounds):
                halves[half].append(figures(hear(sound, exam.listener), turns[half], turns[1 - half]))
            levels = [float(np.sqrt((sound**2).mean())) for sound in sounds]
            steps.append(20 * np.log10(max(levels[1], 1e-6) / max(levels[0], 1e-6)))
        for place, found in zip(("first half", "second half"), halves, strict=True):
            rows[f"{name}: {place}"] = mean(found)
        rows[f"{name}: second half"]["louder by, dB"] = float(np.mean(steps))
    return {"rows": rows, "takes": made, "seconds": exam.sizes.sections_seconds}


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    return (
        f"{result['takes']} plans of held-out pieces with drums and at least two others, each in two sections of whole "
        f"bars, about {result['seconds']:g} s in all. drums: heard or not, as asked of that half; players: of the n "
        "asked of it, the share among the n most probable. By the other half: the same sound against what was asked "
        "of the other one, in which somebody more or less plays.\n\n" + markdown(result["rows"])
    )
