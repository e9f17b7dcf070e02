"""Frechet distance between two sets of sounds, on the listener's embedding.

``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`` of means and covariances, as in the Frechet audio distance; but the
embedding is that of our own listener (what its last layer reads, 64 numbers for each window of two seconds), so the
figures compare only with one another, and only at equal numbers of windows: of few, covariances are poorly known, and
real pieces are far from others, too. They are given as shares of the total variance of the reference (held-out pieces),
for the embedding has no unit. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from musicgen.train.exam import Exam, Piece
from musicgen.train.listener import Listener
from musicgen.train.tables import markdown

SECONDS = 2.0  # of a window


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Distance of two sets of embeddings [n, D], [m, D], n and m at least 2."""
    if min(len(a), len(b)) < 2:
        raise ValueError("A Frechet distance needs two embeddings on either side.")
    difference = a.mean(0) - b.mean(0)
    first, second = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    # tr (S1 S2)^(1/2) from the eigenvalues of S1^(1/2) S2 S1^(1/2), which is symmetric.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    return float(max(0.0, difference @ difference + np.trace(first) + np.trace(second) - 2 * shared))


def relative(a: np.ndarray, other: np.ndarray) -> float:
    """The distance of ``a`` [n, D] to the reference ``other`` [m, D], as a share of the reference's total variance."""
    return frechet(a, other) / float(other.var(0, ddof=1).sum())


def embed(sounds: Sequence[np.ndarray], listener: Listener) -> np.ndarray:
    """Sounds, each [N] -> embeddings of all their windows [n, D]."""
    return np.concatenate([listener.embeddings(sound, SECONDS) for sound in sounds])


def reference(exam: Exam, without: Sequence[Piece] = ()) -> np.ndarray:
    """Embeddings of the held-out pieces that no request was made of, nor any of ``without``, as they were rendered."""
    left_out = {id(piece) for piece in without}
    return embed([piece.audio for piece in exam.others if id(piece) not in left_out], exam.listener)


def run(exam: Exam) -> dict[str, Any]:
    """Distances to the reference, at equal numbers of windows."""
    other = reference(exam)
    sets = {
        "the rendered pieces of the same requests": [piece.audio for piece in exam.pieces],
        "the same through the codec": exam.coded(exam.pieces),
        "generated: plan": [take.audio for take in exam.make(exam.plan_jobs())],
        "generated: text alone": [take.audio for take in exam.make(exam.text_jobs())],
    }
    rng = np.random.default_rng(0)
    rows, windows = {}, 0
    for name, sounds in sets.items():
        embeddings = embed(sounds, exam.listener)
        rows[name], windows = {"Frechet distance": relative(embeddings, other)}, len(embeddings)
    noise = [rng.normal(0, 0.1, len(piece.audio)).astype(np.float32) for piece in exam.pieces]
    rows["white noise"] = {"Frechet distance": relative(embed(noise, exam.listener), other)}
    return {"rows": rows, "pieces of the reference": len(exam.others), "windows of each set": windows}


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    return (f"To {result['pieces of the reference']} other held-out pieces; {result['windows of each set']} windows "
            f"of {SECONDS:g} s in each set.\n\n{markdown(result['rows'])}")
