"""Does a take follow its request? With the plan, with the text alone, with a melody, and with a wrong melody.

Every figure stands beside the same one for the real piece, for the piece through the codec, and for chance: the same
sound measured against the requests of others. Knows nothing of how takes are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from musicgen.chroma import argmax_onehot, kept, similarity
from musicgen.preparation import listen
from musicgen.request import GenerationRequest
from musicgen.train.exam import Exam, Facts
from musicgen.train.hearing import Heard, chance, fits, hear, mean, onset_rate, spread
from musicgen.train.listener import RATE
from musicgen.train.making import Job
from musicgen.train.tables import markdown

SHIFTS = 6  # other requests each take is measured against
LIVELY = frozenset((
    "energetic", "driving", "lively", "upbeat", "up-tempo", "fast", "quick", "fast-paced", "brisk", "pacey", "rousing",
    "euphoric", "pulsing", "powerful", "groovy", "intense", "swinging",
))
CALM = frozenset((
    "calm", "peaceful", "serene", "slow", "gentle", "tender", "sleepy", "meditative", "floating", "ethereal",
    "unhurried", "leisurely", "slow-paced", "solemn", "dreamy", "delicate",
))
DENSITY_TAKES = 10  # of each kind
STRENGTHS = (1.0, 3.5)  # of a melody, less and more than usual


def run(exam: Exam) -> dict[str, Any]:
    """All rows, with the standard errors of those that are not chance."""
    facts = [piece.facts for piece in exam.pieces]
    rows: dict[str, dict[str, float]] = {}
    errors: dict[str, dict[str, float]] = {}
    drums: dict[str, dict[str, float | None]] = {}

    def add(name: str, heard: Sequence[Heard], asked: Sequence[Facts]) -> None:
        own = fits(heard, asked)
        rows[name], errors[name] = mean(own), spread(own)
        rows[f"{name}: chance"] = chance(heard, asked, shifts=SHIFTS)
        drums[name] = drum_answers(heard, asked)

    add("rendered", [hear(piece.audio, exam.listener) for piece in exam.pieces], facts)
    add("rendered, through the codec", [hear(audio, exam.listener) for audio in exam.coded(exam.pieces)], facts)
    kinds = {"plan": exam.plan_jobs(), "plan drawn from the text": exam.drawn_jobs(), "text alone": exam.text_jobs()}
    for name, jobs in kinds.items():
        add(f"generated: {name}", [hear(take.audio, exam.listener) for take in exam.make(jobs)], facts)
    return {"rows": rows, "standard errors": errors, "drums": drums, "takes": len(facts),
            "melody": melodies(exam), "density": density(exam)}


def drum_answers(heard: Sequence[Heard], facts: Sequence[Facts]) -> dict[str, float | None]:
    """How often drums are heard where they were asked for, and where they were not."""
    out: dict[str, float | None] = {}
    for asked, name in ((True, "heard when asked for"), (False, "heard when not wanted")):
        answers = [h.drums for h, f in zip(heard, facts, strict=True) if f["drums"] == asked]
        out[name] = float(np.mean(answers)) if answers else None
    return out


def melodies(exam: Exam) -> dict[str, Any]:
    """Similarity with a melody: told it, not told it, told another's.

    With the piece's own notes ("melody"), and with what was taken out of its recording and so was told ("as told").
    """
    pieces = exam.pieces[: exam.sizes.melodies]
    facts = [piece.facts for piece in pieces]
    before = facts[-1:] + facts[:-1]  # not the next, which chance is measured against, too
    rows: dict[str, dict[str, float]] = {}

    own = [taken_out(exam, job) for job in exam.melody_jobs()]

    def add(name: str, heard: Sequence[Heard], asked: Sequence[Facts], told: Sequence[np.ndarray] = own) -> None:
        figures = mean(fits(heard, asked)) | {"another's melody": chance(heard, asked, shifts=SHIFTS)["melody"]}
        pairs = zip(heard, told, strict=True)
        figures["as told"] = float(np.mean([similarity(argmax_onehot(h.chroma), tune) for h, tune in pairs]))
        columns = ("melody", "another's melody", "as told", "tempo", "pulse", "in key", "drums", "instruments")
        rows[name] = {key: figures[key] for key in columns}

    add("rendered", [hear(piece.audio, exam.listener) for piece in pieces], facts)
    add("rendered, through the codec", [hear(audio, exam.listener) for audio in exam.coded(pieces)], facts)
    plan = [hear(take.audio, exam.listener) for take in exam.make(exam.plan_jobs()[: len(pieces)])]
    add("not told the melody (plan)", plan, facts)
    right = [hear(take.audio, exam.listener) for take in exam.make(exam.melody_jobs())]
    add("told the melody", right, facts)
    for strength in STRENGTHS:
        takes = exam.make(exam.melody_jobs(strength=strength))
        add(f"told the melody, strength {strength:g}", [hear(take.audio, exam.listener) for take in takes], facts)
    notes = [hear(take.audio, exam.listener) for take in exam.make(exam.notes_jobs())]
    add("told plan and the melody's very notes", notes, facts)
    wrong = [hear(take.audio, exam.listener) for take in exam.make(exam.melody_jobs(shift=-1))]
    others = [one | {"melody": other["melody"], "key": other["key"]} for one, other in zip(facts, before, strict=True)]
    add("told another's melody, against that one", wrong, others,
        [taken_out(exam, job) for job in exam.melody_jobs(shift=-1)])
    add("told another's melody, against its own", wrong, facts)
    return {"rows": rows, "takes": len(pieces)}


def taken_out(exam: Exam, job: Job) -> np.ndarray:
    """The melody that a job's recording tells the model, one-hot [M, 12]; nothing where nothing sounds."""
    heard = listen(exam.model, job.request).chroma
    assert heard is not None
    return kept(heard)


def spoken(caption: str, words: frozenset[str]) -> bool:
    """Whether a caption has one of the words."""
    return bool(words & {part.strip(",.:").lower() for part in caption.split()})


def density(exam: Exam) -> dict[str, Any]:
    """Onsets a second of takes whose caption says lively words, and of those whose caption says calm ones.

    Captions of held-out pieces and nothing else. "lively above calm" is the share of all pairs of a lively and a calm
    take in which the lively one has more onsets; 0.5 is chance.
    """
    groups: dict[str, list[tuple[int, str]]] = {"lively": [], "calm": []}
    for i, piece in enumerate(exam.all_pieces):
        for name, words, unwanted in (("lively", LIVELY, CALM), ("calm", CALM, LIVELY)):
            captions = [c for c in piece.facts["captions"] if spoken(c, words) and not spoken(c, unwanted)]
            if captions:
                groups[name].append((i, captions[0]))
    rates: dict[str, dict[str, np.ndarray]] = {}
    for name, found in groups.items():
        chosen = found[:: max(1, len(found) // DENSITY_TAKES)][:DENSITY_TAKES]
        pieces = [exam.all_pieces[i] for i, _ in chosen]
        sounds = {"rendered": [piece.audio for piece in pieces], "rendered, through the codec": exam.coded(pieces)}
        for kind, plan in (("plan drawn from the text", "auto"), ("text alone", "off")):
            jobs = [Job("density", GenerationRequest(prompt=caption, seed=i, duration=exam.sizes.sweep_seconds,
                                                     plan=plan, **exam.settings)) for i, caption in chosen]
            sounds[f"generated: {kind}"] = [take.audio for take in exam.make(jobs)]
        for kind, audio in sounds.items():
            rates.setdefault(kind, {})[name] = np.array([onset_rate(a, RATE) for a in audio])
    rows = {kind: {"lively, onsets/s": float(both["lively"].mean()), "calm, onsets/s": float(both["calm"].mean()),
                   "lively above calm": above(both["lively"], both["calm"])} for kind, both in rates.items()}
    return {"rows": rows, "takes of each": {name: min(len(found), DENSITY_TAKES) for name, found in groups.items()}}


def above(high: np.ndarray, low: np.ndarray) -> float:
    """The share of pairs of ``high`` [n] and ``low`` [m] in which the first is the larger; ties count half."""
    difference = high[:, None] - low[None]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    takes = result["density"]["takes of each"]
    return "\n\n".join((
        f"{result['takes']} held-out requests.", markdown(result["rows"]),
        "Drums:", markdown(result["drums"]),
        f"Melody, {result['melody']['takes']} requests:", markdown(result["melody"]["rows"]),
        f"Density, by {takes['lively']} captions with lively words and {takes['calm']} with calm ones; "
        "lively above calm: the share of pairs in which the lively sound has more onsets, 0.5 by chance:",
        markdown(result["density"]["rows"]),
    ))
