"""Which guidance and temperature suit the model: the same requests under every setting.

From this table the defaults are chosen, so its requests are none of those that the other stages report on. Knows
nothing of how takes are made.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from musicgen.train.exam import Exam, plan_of
from musicgen.train.frechet import embed, reference, relative
from musicgen.train.hearing import fits, hear, mean, onset_rate
from musicgen.train.listener import RATE
from musicgen.train.making import Job
from musicgen.train.soundness import clipped, silent
from musicgen.train.tables import markdown

GUIDANCE = (2.0, 3.0, 4.0)
TEMPERATURES = (0.7, 0.85, 1.0)
RANKED = ("tempo", "pulse", "in key", "chords", "drums", "instruments")


def run(exam: Exam) -> dict[str, Any]:
    """A row for each setting."""
    step = max(1, len(exam.others) // exam.sizes.sweep)
    pieces = exam.others[::step][: exam.sizes.sweep]
    facts = [piece.facts for piece in pieces]
    other = reference(exam, without=pieces)
    settings = list(product(GUIDANCE, TEMPERATURES))
    jobs = [
        Job("sweep", replace(exam.request(f, i, **plan_of(f)), duration=exam.sizes.sweep_seconds, guidance=guidance,
                             temperature=temperature))
        for guidance, temperature in settings for i, f in enumerate(facts)
    ]
    takes = exam.make(jobs)
    rows: dict[str, dict[str, Any]] = {}

    def add(name: str, sounds: list[np.ndarray]) -> None:
        heard = [hear(sound, exam.listener) for sound in sounds]
        figures = mean(fits(heard, facts))
        rows[name] = {**{key: figures[key] for key in RANKED},
                      "Frechet": relative(embed(sounds, exam.listener), other),
                      "onsets/s": float(np.mean([onset_rate(sound, RATE) for sound in sounds])),
                      "silent": sum(map(silent, sounds)), "clipped": sum(map(clipped, sounds))}

    for number, (guidance, temperature) in enumerate(settings):
        mine = takes[number * len(facts) : (number + 1) * len(facts)]
        add(f"guidance {guidance:g}, temperature {temperature:g}", [take.audio for take in mine])
    for name, rank in ranks(rows).items():
        rows[name]["mean rank"] = rank
    length = round(exam.sizes.sweep_seconds * RATE)
    add("the rendered pieces", [piece.audio[:length] for piece in pieces])
    return {"rows": rows, "takes of each": len(facts), "seconds": exam.sizes.sweep_seconds}


def ranks(rows: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The mean place of each row over the ranked columns, 1 the best; equals share their places."""
    columns = [np.array([row[name] for row in rows.values()]) for name in RANKED]
    places = [1 + (c[None] > c[:, None]).sum(1) + ((c[None] == c[:, None]).sum(1) - 1) / 2 for c in columns]
    return dict(zip(rows, np.mean(places, axis=0).tolist(), strict=True))


def tables(result: dict[str, Any]) -> str:
    """Markdown, the best mean rank first."""
    rows = dict(sorted(result["rows"].items(), key=lambda item: item[1].get("mean rank", np.inf)))
    return (f"{result['takes of each']} takes of {result['seconds']:g} s under each setting; mean rank over "
            f"{', '.join(RANKED)}.\n\n{markdown(rows)}")
