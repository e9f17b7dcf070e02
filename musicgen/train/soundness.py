"""Variety and sound: how much seeds differ, how steady the beat is, how takes end, how many are silent or clipped.

Knows nothing of what was asked beyond the tempo and the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from musicgen.chroma import chroma_power
from musicgen.limiter import CEILING
from musicgen.planning import make_plan
from musicgen.rhythm import onset_strength
from musicgen.theory import home_chord
from musicgen.train import freeform
from musicgen.train.exam import Exam, Piece, plan_of
from musicgen.train.hearing import mean, onset_rate
from musicgen.train.listener import RATE, Listener
from musicgen.train.making import Job
from musicgen.train.tables import markdown

SILENT = 1e-3  # of full scale: the level (root of the mean square) below which a quarter of a second is silent
CLIPPED = 0.999 * CEILING  # of full scale: what lies at the limiter's ceiling was cut off there
MUCH_CLIPPED = 1e-3  # share of such samples above which a take counts as clipped


def pairwise(groups: Sequence[Sequence[np.ndarray]]) -> tuple[float, float]:
    """Mean cosine distance of vectors [D] within a group, and between groups."""
    vectors = np.concatenate([np.stack(group) for group in groups])
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return _within_and_between(1 - unit @ unit.T, groups)


def codes_apart(groups: Sequence[Sequence[np.ndarray]]) -> tuple[float, float]:
    """Share of frames in which book 1 (int [T] each) differs: within a group, and between groups."""
    codes = np.concatenate([np.stack(group) for group in groups])
    return _within_and_between((codes[:, None] != codes[None]).mean(2), groups)


def _within_and_between(distance: np.ndarray, groups: Sequence[Sequence[np.ndarray]]) -> tuple[float, float]:
    """Means of ``distance`` [n, n], of all members in order: of pairs of one group, and of two groups."""
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    same = labels[:, None] == labels[None]
    return float(distance[same & ~np.eye(len(labels), dtype=bool)].mean()), float(distance[~same].mean())


def one_vector(audio: np.ndarray, listener: Listener) -> np.ndarray:
    """The listener's embedding of a sound [N], the mean over its windows."""
    return listener.embeddings(audio, 2.0).mean(0)


def some_pieces(exam: Exam) -> list[Piece]:
    """As many held-out pieces as there are prompts in the test of diversity."""
    step = max(1, len(exam.pieces) // exam.sizes.prompts)
    return exam.pieces[::step][: exam.sizes.prompts]


def seed_jobs(exam: Exam) -> list[Job]:
    """Their captions, each with several seeds and none with another's; the plan is drawn."""
    return [
        Job("seeds", replace(exam.request(piece.facts, 1000 + exam.sizes.seeds * i + take),
                            duration=exam.sizes.sweep_seconds, plan="auto"))
        for i, piece in enumerate(some_pieces(exam)) for take in range(exam.sizes.seeds)
    ]


def diversity(exam: Exam) -> dict[str, Any]:
    """The same prompt with other seeds, beside other prompts; real: a piece's other stretches, beside other pieces."""
    pieces, takes = some_pieces(exam), exam.make(seed_jobs(exam))
    grouped = [takes[i : i + exam.sizes.seeds] for i in range(0, len(takes), exam.sizes.seeds)]
    half = len(pieces[0].audio) // 2
    frames = pieces[0].codes.shape[1] // 2
    rows = {
        "generated: embeddings": pairwise([[one_vector(t.audio, exam.listener) for t in group] for group in grouped]),
        "rendered pieces, their two halves: embeddings": pairwise(
            [[one_vector(p.audio[:half], exam.listener), one_vector(p.audio[half:], exam.listener)] for p in pieces]),
        "generated: codes of book 1": codes_apart([[t.codes[0] for t in group] for group in grouped]),
        "rendered pieces, their two halves: codes of book 1": codes_apart(
            [[p.codes[0, :frames], p.codes[0, frames : 2 * frames]] for p in pieces]),
    }
    return {"rows": {name: {"within": within, "between": between} for name, (within, between) in rows.items()},
            "prompts": len(pieces), "seeds": exam.sizes.seeds}


def steadiness(audio: np.ndarray, bpm: float) -> float:
    """How steady the beat of audio [N] is: the standard deviation of its phase over windows of 3 s, in ms; lower is
    steadier.

    In each window (half the sound, if that is shorter) the phase is that of the onset strength's component at the
    frequency of the beat or at twice that, whichever is stronger over the whole; a steady drift counts as well.
    """
    envelope, rate = onset_strength(audio, RATE)
    centred = envelope - envelope.mean()
    time = np.arange(len(centred)) / rate
    waves = [np.exp(-2j * np.pi * time * bpm / 60 * part) for part in (1, 2)]
    strongest = int(np.argmax([abs((centred * wave).sum()) for wave in waves]))
    length = min(round(3 * rate), len(centred) // 2)
    hop = max(1, length // 3)
    parts = [(centred * waves[strongest])[i : i + length].sum() for i in range(0, len(centred) - length + 1, hop)]
    phases = np.angle(np.array(parts) * np.conj(np.sum(parts)))
    return float(phases.std() / (2 * np.pi) * 60 / bpm / (strongest + 1) * 1000)


def silent(audio: np.ndarray) -> bool:
    """Whether more than half of the quarter seconds of audio [N] are silent."""
    parts = audio[: len(audio) // 8000 * 8000].reshape(-1, 8000)
    return bool((np.sqrt((parts**2).mean(1)) < SILENT).mean() > 0.5)


def clipped(audio: np.ndarray) -> bool:
    """Whether more than a thousandth of the samples [N] lie at the limiter's ceiling, as those of flat peaks do."""
    return bool((np.abs(audio) >= CLIPPED).mean() > MUCH_CLIPPED)


def sound(exam: Exam) -> dict[str, Any]:
    """Silent and clipped takes, and levels, over many: those of other stages with the model's defaults, and more."""
    jobs = [*exam.plan_jobs(), *exam.text_jobs(), *exam.melody_jobs(), *exam.melody_jobs(shift=-1), *seed_jobs(exam),
            *freeform.jobs(exam)]
    missing = max(0, exam.sizes.sound - len(jobs))
    for i in range(missing):
        facts = exam.all_pieces[i % len(exam.all_pieces)].facts
        caption = facts["captions"][i // len(exam.all_pieces) % len(facts["captions"])]
        request = replace(exam.request(facts, 5000 + i), prompt=caption, duration=exam.sizes.short, plan="auto")
        jobs.append(Job("short", request))
    sounds = [take.audio for take in exam.make(jobs)]
    real = [piece.audio for piece in exam.all_pieces]

    def row(audio: Sequence[np.ndarray]) -> dict[str, Any]:
        levels = [20 * np.log10(max(float(np.sqrt((a**2).mean())), 1e-6)) for a in audio]
        return {"sounds": len(audio), "silent": sum(map(silent, audio)), "clipped": sum(map(clipped, audio)),
                "level, dB": float(np.mean(levels)), "softest, dB": float(min(levels)),
                "highest peak": float(max(np.abs(a).max() for a in audio))}

    return {"rows": {"generated": row(sounds), "rendered": row(real)}}


def beat(exam: Exam) -> dict[str, Any]:
    """Steadiness of the beat at the asked tempo; beside it the same at the tempo of another's request."""
    bpms = [piece.facts["bpm"] for piece in exam.pieces]
    other = bpms[1:] + bpms[:1]
    sets = {"rendered": [piece.audio for piece in exam.pieces],
            "rendered, through the codec": exam.coded(exam.pieces),
            "generated: plan": [take.audio for take in exam.make(exam.plan_jobs())]}
    return {"rows": {
        name: {"wobble, ms (median)": float(np.median([steadiness(a, b) for a, b in zip(audio, bpms, strict=True)])),
               "at another's tempo": float(np.median([steadiness(a, b) for a, b in zip(audio, other, strict=True)]))}
        for name, audio in sets.items()
    }}


def quiet_at_the_end(audio: np.ndarray, ends: float) -> float:
    """1 where the last fifth of a second of audio [N] is at least 20 dB below the second before the final chord, which
    is struck after ``ends`` seconds. What was silent there has no end."""
    before, last = audio[round((ends - 1) * RATE) : round(ends * RATE)], audio[-RATE // 5 :]
    return float((last**2).mean() <= 0.01 * (before**2).mean() and (before**2).mean() > SILENT**2)


def end_jobs(exam: Exam, ending: bool) -> list[Job]:
    """Plans of held-out pieces, asked to end or to go on."""
    return [Job("end", replace(exam.request(piece.facts, 3000 + i, **plan_of(piece.facts)),
                               duration=exam.sizes.ends_seconds, ending=ending))
            for i, piece in enumerate(exam.pieces[: exam.sizes.ends])]


def endings(exam: Exam) -> dict[str, Any]:
    """What becomes of the last bars where an end is asked for, and where it is not."""
    rows = {}
    for name, ending in (("asked to end", True), ("asked to go on", False)):
        jobs = end_jobs(exam, ending)
        figures = []
        # As the codes say it: takes fade at their end, whatever the model does there.
        for job, audio in zip(jobs, exam.coded(exam.make(jobs)), strict=True):
            plan = make_plan(job.request.prompt, job.request.seed or 0, **job.request.parts | {"ending": True})
            ends = plan.ends(job.request.duration)
            assert ends is not None and plan.key is not None
            home = list(home_chord(plan.key, plan.chords).pitch_classes)
            after = chroma_power(audio[round(ends * RATE) : round((ends + 1) * RATE)]).sum(0)
            figures.append({
                "quiet at the end": quiet_at_the_end(audio, ends),
                "mass in the tonic chord": float(after[home].sum() / max(after.sum(), 1e-9)),
                "onsets/s after it": onset_rate(audio[round((ends + 0.3) * RATE) :], RATE),
            })
        rows[f"generated: {name}"] = mean(figures)
    return {"rows": rows, "takes of each": len(jobs), "seconds": exam.sizes.ends_seconds}


def run(exam: Exam) -> dict[str, Any]:
    """All four."""
    return {"diversity": diversity(exam), "beat": beat(exam), "endings": endings(exam), "sound": sound(exam)}


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    made, ends = result["diversity"], result["endings"]
    return "\n\n".join((
        f"Distances within one prompt ({made['seeds']} seeds) and between {made['prompts']} prompts; of the listener's "
        "embeddings 1 less their cosine, of codes the share of frames in which they differ:",
        markdown(made["rows"]),
        "The beat, how far it strays: the standard deviation of its phase over windows of 3 s, at the tempo asked:",
        markdown(result["beat"]["rows"], digits=1),
        f"The end, {ends['takes of each']} takes of {ends['seconds']:g} s each, before they are faded. Quiet: the last "
        "fifth of a second is 20 dB or more below the second before the final chord; the rest is measured after that "
        "chord's beat.", markdown(ends["rows"]),
        f"Silent: more than half of the quarter seconds below {SILENT:g} of full scale. Clipped: more than "
        f"{MUCH_CLIPPED:g} of the samples at {CEILING:g} of full scale, to which a limiter turns down what is louder.",
        markdown(result["sound"]["rows"], digits=2),
    ))
