"""Form: does what was played come back, as it does in music made of phrases?

Each bar of a sound as a picture (what sounds in it, sixteenth by sixteenth), and how alike bars are that lie so many
bars apart: where phrases return, those a phrase apart are more alike than their neighbours. Beside a take the same
against another take of the same plan, for what the plan alone brings back. Knows nothing of melody or harmony.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from musicgen.aligned import bar_seconds
from musicgen.theory import parse_meter
from musicgen.train.exam import Exam, Facts, held_out, plan_of
from musicgen.train.listener import RATE, mels
from musicgen.train.making import Job
from musicgen.train.tables import markdown

APART = range(1, 9)  # bars
SLOTS = 16  # of a bar
FLOOR = 1e-3  # added to mel magnitudes before the logarithm


def bars(audio: np.ndarray, seconds: float) -> np.ndarray:
    """Every whole bar of ``seconds`` in a sound [N], as a vector of length 1: [bars, bands * SLOTS].

    Log mel spectra without what is the same throughout, the mean of each band over the whole sound.
    """
    spectra = (mels(torch.from_numpy(audio)[None])[0] + FLOOR).log().numpy()
    spectra = spectra - spectra.mean(1, keepdims=True)
    count = int(len(audio) / RATE / seconds + 1e-6)
    edges = np.linspace(0, count * seconds * RATE / len(audio) * spectra.shape[1], count * SLOTS + 1).astype(int)
    slots = np.stack([spectra[:, a : max(a + 1, b)].mean(1) for a, b in zip(edges[:-1], edges[1:], strict=True)])
    pictures = slots.reshape(count, -1)
    return pictures / np.maximum(np.linalg.norm(pictures, axis=1, keepdims=True), 1e-9)


def likeness(ones: np.ndarray, others: np.ndarray) -> dict[int, float]:
    """Mean cosine of bars ``others`` [n, D] with the bar of ``ones`` [m, D] so many bars before, by that distance."""
    table = ones @ others.T
    return {apart: float(np.diag(table, apart).mean()) for apart in APART if apart < len(table)}


def form_jobs(exam: Exam, facts: Sequence[Facts], first_seed: int) -> list[Job]:
    """Long takes with the plans of some pieces."""
    return [Job("form", replace(exam.request(known, first_seed + i, **plan_of(known)),
                                duration=exam.sizes.form_seconds)) for i, known in enumerate(facts)]


def run(exam: Exam) -> dict[str, Any]:
    """Likeness by distance, of pieces that go on beyond so many seconds and of takes."""
    seconds = exam.sizes.form_seconds
    long = held_out(exam.data, seconds, exam.model.codec.frame_rate)
    pieces = [long[i] for i in exam.chosen if long[i].facts["ends"] is None][: exam.sizes.form]
    facts = [piece.facts for piece in pieces]
    takes, others = ([take.audio for take in exam.make(form_jobs(exam, facts, seed))] for seed in (7000, 8000))
    rows = {
        "rendered": _mean(facts, [piece.audio for piece in pieces]),
        "rendered, through the codec": _mean(facts, exam.coded(pieces)),
        "generated": _mean(facts, takes),
        "generated, against another take of its plan": _mean(facts, takes, others),
    }
    return {"rows": rows, "takes": len(takes), "seconds": seconds}


def _mean(facts: Sequence[Facts], sounds: Sequence[np.ndarray], others: Sequence[np.ndarray] | None = None
          ) -> dict[str, float]:
    """The mean likeness over sounds, each with itself or with its counterpart, by bars apart."""
    found = []
    for known, sound, other in zip(facts, sounds, others or sounds, strict=True):
        each = bar_seconds(known["bpm"], parse_meter(known["meter"]))
        found.append(likeness(bars(sound, each), bars(other, each)))
    return {f"{apart} apart": float(np.mean([one[apart] for one in found if apart in one]))
            for apart in APART if any(apart in one for one in found)}


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    return (f"How alike bars are (1: the same) that lie so many bars apart, {result['takes']} takes of "
            f"{result['seconds']:g} s; pieces of phrases of four bars come back after four and eight.\n\n"
            f"{markdown(result['rows'])}")
