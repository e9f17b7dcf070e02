"""Held-out nats of each codebook: along every pattern, with conditions withheld, and with wrong ones.

What a wrong condition costs says whether the model has learned to listen to it. Knows nothing of sound.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from musicgen.aligned import DRUMS_OFF, DRUMS_ON, INSTRUMENT
from musicgen.patterns import get_pattern
from musicgen.train.exam import Exam
from musicgen.train.examples import Batch, Pieces
from musicgen.train.lm import HELD_BATCHES, HELD_ROWS, HELD_SEED, by_pattern, common_frames, evaluate, nll
from musicgen.train.tables import markdown


def another_text(batch: Batch) -> Batch:
    """Each crop with the caption of the one after it."""
    told = batch.conditions
    return replace(batch, conditions=replace(told, text=told.text.roll(1, 0), text_mask=told.text_mask.roll(1, 0)))


def other_drums(batch: Batch) -> Batch:
    """Each crop told that there are drums where there are none, and the other way round."""
    assert batch.conditions.aligned is not None
    aligned = batch.conditions.aligned.clone()
    aligned[..., [DRUMS_ON, DRUMS_OFF]] = aligned[..., [DRUMS_OFF, DRUMS_ON]]
    return replace(batch, conditions=replace(batch.conditions, aligned=aligned))


def other_instruments(batch: Batch) -> Batch:
    """Each crop told the instruments of the one after it."""
    assert batch.conditions.aligned is not None
    aligned = batch.conditions.aligned.clone()
    aligned[..., INSTRUMENT] = aligned[..., INSTRUMENT].roll(1, 0)
    return replace(batch, conditions=replace(batch.conditions, aligned=aligned))


WRONG = {"another's caption": another_text, "another's instruments": other_instruments,
         "drums for none, none for drums": other_drums}


@torch.no_grad()
def run(exam: Exam) -> dict[str, Any]:
    """Three tables of nats per codebook, and how long the crops of the first two and of the last are, in seconds."""
    lm, device = exam.model.lm, torch.device("cpu")
    held = Pieces(exam.data, "held")
    own = get_pattern(exam.model.config.pattern, exam.model.config.lm.codebooks)
    frames, _ = exam.model.config.window(own)
    withheld = evaluate(lm, held, own, frames, device)
    measure = partial(nll, lm, pattern=own, device=device)
    wrong: dict[str, list[float]] = {}
    for name, spoil in WRONG.items():
        rng = np.random.default_rng(HELD_SEED)  # the crops of ``evaluate``, which these figures stand beside
        rows = [measure(spoil(held.batch(HELD_ROWS, frames, rng, "nothing"))) for _ in range(HELD_BATCHES)]
        wrong[name] = torch.stack(rows).mean(0).tolist()
    rate = exam.model.codec.frame_rate
    return {"pattern": own.name, "seconds": frames / rate, "withheld": withheld, "wrong": wrong,
            "seconds of each": common_frames(frames) / rate,
            "by pattern": by_pattern(lm, held, frames, device, exam.sizes.batches)}


def tables(result: dict[str, Any]) -> str:
    """Markdown. Shorter crops know less of what came before: figures of one table do not compare with the other's."""
    names = {"nothing": "told everything", "aligned": "without the conditions per frame", "text": "without the text",
             "all": "without both"}
    first = {names[name]: row for name, row in result["withheld"].items()} | result["wrong"]
    parts = [{name: {f"book {k}": x for k, x in enumerate(row, 1)} | {"sum": float(sum(row))}
              for name, row in rows.items()} for rows in (first, result["by pattern"])]
    heads = (f"Along {result['pattern'].replace('_', ' ')}, crops of {result['seconds']:g} s, with conditions withheld "
             "or wrong:",
             f"Along each pattern, told everything, crops of {result['seconds of each']:g} s (short enough for all):")
    return "\n\n".join(f"{head}\n\n{markdown(part)}" for head, part in zip(heads, parts, strict=True))
