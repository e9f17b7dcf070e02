"""Which guidance, temperature and weight of the prior suit the model: the same requests under every setting.

From this table the defaults are chosen, so its requests are made of none of the pieces whose requests ``obedience`` and
``frechet`` report on. Knows nothing of how takes are made.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from musicgen.request import GenerationRequest
from musicgen.train.exam import Exam, plan_of
from musicgen.train.frechet import embed, reference, relative
from musicgen.train.hearing import fits, hear, mean, onset_rate
from musicgen.train.listener import RATE
from musicgen.train.making import Job
from musicgen.train.soundness import clipped, silent
from musicgen.train.tables import markdown

GUIDANCE = (2.0, 3.0, 4.0)
TEMPERATURES = (0.7, 0.85, 1.0)
WORDS_TEMPERATURES = (0.7, 0.85, 1.0, 1.15)
PRIORS = (0.0, 0.15, 0.3, 0.6)
RANKED = ("tempo", "pulse", "in key", "chords", "drums", "instruments")


def run(exam: Exam) -> dict[str, Any]:
    """A row for each setting: with plans, of the prior's weight, and of temperatures with the words alone."""
    step = max(1, len(exam.others) // exam.sizes.sweep)
    pieces = exam.others[::step][: exam.sizes.sweep]
    facts = [piece.facts for piece in pieces]
    other = reference(exam, without=pieces)
    length = round(exam.sizes.sweep_seconds * RATE)

    def row(sounds: list[np.ndarray]) -> dict[str, Any]:
        heard = [hear(sound, exam.listener) for sound in sounds]
        figures = mean(fits(heard, facts))
        return {**{key: figures[key] for key in RANKED},
                "Frechet": relative(embed(sounds, exam.listener), other),
                "onsets/s": float(np.mean([onset_rate(sound, RATE) for sound in sounds])),
                "silent": sum(map(silent, sounds)), "clipped": sum(map(clipped, sounds))}

    def rows(requests: dict[str, list[GenerationRequest]]) -> dict[str, dict[str, Any]]:
        takes = exam.make([Job("sweep", replace(request, duration=exam.sizes.sweep_seconds))
                           for each in requests.values() for request in each])
        starts = range(0, len(takes), len(facts))
        found = {name: row([take.audio for take in takes[start : start + len(facts)]])
                 for name, start in zip(requests, starts, strict=True)}
        for name, rank in ranks(found).items():
            found[name]["mean rank"] = rank
        return found | {"the rendered pieces": row([piece.audio[:length] for piece in pieces])}

    planned = {
        f"guidance {guidance:g}, temperature {temperature:g}": [
            exam.request(f, i, **plan_of(f), guidance=guidance, temperature=temperature) for i, f in enumerate(facts)
        ]
        for guidance, temperature in product(GUIDANCE, TEMPERATURES)
    }
    words = {f"temperature {temperature:g}": [exam.request(f, i, temperature=temperature) for i, f in enumerate(facts)]
             for temperature in WORDS_TEMPERATURES}
    priors = {f"prior {weight:g}": [exam.request(f, i, **plan_of(f), prior=weight) for i, f in enumerate(facts)]
              for weight in PRIORS if exam.model.prior is not None}
    return {"rows": rows(planned), "priors": rows(priors) if priors else {}, "words": rows(words),
            "takes of each": len(facts), "seconds": exam.sizes.sweep_seconds}


def ranks(rows: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The mean place of each row over the ranked columns, 1 the best; equals share their places."""
    columns = [np.array([row[name] for row in rows.values()]) for name in RANKED]
    places = [1 + (c[None] > c[:, None]).sum(1) + ((c[None] == c[:, None]).sum(1) - 1) / 2 for c in columns]
    return dict(zip(rows, np.mean(places, axis=0).tolist(), strict=True))


def tables(result: dict[str, Any]) -> str:
    """Markdown, the best first."""
    def table(rows: str, by: str = "mean rank") -> str:
        found = result[rows].items()
        return markdown(dict(sorted(found, key=lambda item: item[1][by] if "mean rank" in item[1] else np.inf)))

    parts = [f"{result['takes of each']} takes of {result['seconds']:g} s under each setting; mean rank over "
             f"{', '.join(RANKED)}.", table("rows")]
    if result["priors"]:
        parts += ["The prior's weight, at the model's own guidance and temperature:", table("priors")]
    parts += ["Told the words alone, without a plan; by the Frechet distance:", table("words", "Frechet")]
    return "\n\n".join(parts)
