"""Does the model recite its training pieces? The longest run of codes of book 1 that a sound shares with any of them.

Beside the same figure for held-out real pieces, which nobody can have memorised: styles, held notes and silence make
runs shared by chance. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from musicgen.train.exam import Exam
from musicgen.train.tables import markdown


class Runs:
    """Finds in a corpus of sequences the longest run that a query shares with any of them.

    Hashes of all runs of a length, doubled until none is shared, then halved in; exact but for collisions of 64 bits.
    """

    def __init__(self, corpus: Sequence[np.ndarray], values: int) -> None:
        """``corpus``: int sequences [T] below ``values``."""
        # A value of its own between sequences, so that no run goes across.
        joined = np.concatenate([part for one in corpus for part in (np.asarray(one, np.int64), [values])])
        rng = np.random.default_rng(0)
        self._names = rng.integers(1, 2**63, values + 2, dtype=np.uint64) | np.uint64(1)
        self._base = np.uint64(int(rng.integers(2**62, 2**63)) | 1)
        self._sums, self._raised = self._prefix(joined)

    def _prefix(self, sequence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hash of each beginning modulo 2^64, [T + 1], and the powers that make runs alike wherever they lie."""
        with np.errstate(over="ignore"):
            powers, inverses = (
                np.cumprod(np.concatenate([[np.uint64(1)], np.full(len(sequence), base, np.uint64)]), dtype=np.uint64)
                for base in (self._base, np.uint64(pow(int(self._base), -1, 2**64)))
            )
            terms = self._names[sequence] * powers[:-1]
            return np.concatenate([[np.uint64(0)], np.cumsum(terms, dtype=np.uint64)]), inverses

    def longest(self, queries: Sequence[np.ndarray]) -> list[int]:
        """The longest shared run of each query [T]."""
        prefixes = [self._prefix(np.asarray(query, np.int64)) for query in queries]

        def runs(query: int, length: int) -> np.ndarray:
            sums, raised = prefixes[query]
            return _hashes(sums, raised, np.arange(max(len(sums) - length, 0)), length)

        def shared(active: list[int], starts: np.ndarray, length: int) -> tuple[list[int], np.ndarray]:
            """Which queries share a run of ``length``, and where in the corpus such runs begin."""
            starts = starts[starts + length < len(self._sums)]
            there = _hashes(self._sums, self._raised, starts, length)
            wanted = np.unique(np.concatenate([runs(query, length) for query in active]))
            if not len(wanted):
                return [], starts[:0]
            hit = wanted[np.searchsorted(wanted, there).clip(max=len(wanted) - 1)] == there
            held = np.unique(there[hit])
            return [query for query in active if np.isin(runs(query, length), held).any()], starts[hit]

        best = [0] * len(queries)
        active, starts, length = list(range(len(queries))), np.arange(len(self._sums) - 1), 1
        levels: list[tuple[list[int], np.ndarray, int]] = []
        while active:
            active, starts = shared(active, starts, length)
            for query in active:
                best[query] = length
            if active:
                levels.append((active, starts, length))
            length *= 2
        for number, (members, starts, low) in enumerate(levels):
            # Those that end between this length and the next one are found by halving.
            further = set(levels[number + 1][0]) if number + 1 < len(levels) else set()
            for query in members:
                if query in further:
                    continue
                under, over = low, 2 * low
                while over - under > 1:
                    middle = (under + over) // 2
                    under, over = (middle, over) if shared([query], starts, middle)[0] else (under, middle)
                best[query] = under
        return best


def _hashes(sums: np.ndarray, raised: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Hashes of the runs of ``length`` that begin at ``starts``."""
    with np.errstate(over="ignore"):
        return (sums[starts + length] - sums[starts]) * raised[starts]


def training_codes(folder: Path) -> list[np.ndarray]:
    """Codes of book 1 of every training piece, each [T]."""
    names = sorted(folder.glob("train_*.codes.npy"))
    if not names:
        raise SystemExit(f"No codes of training pieces in {folder}.")
    return [codes for name in names for codes in np.load(name)[:, 0]]


def run(exam: Exam) -> dict[str, Any]:
    """Longest runs of the takes and of held-out pieces of the same length, in seconds."""
    corpus = training_codes(exam.data)
    finder = Runs(corpus, exam.model.codec.codebook_size)
    sets = {
        "held-out pieces": [piece.codes[0] for piece in exam.pieces],
        "generated: plan": [take.codes[0] for take in exam.make(exam.plan_jobs())],
        "generated: text alone": [take.codes[0] for take in exam.make(exam.text_jobs())],
    }
    found = finder.longest([query for queries in sets.values() for query in queries])
    rows: dict[str, dict[str, float]] = {}
    rate = exam.model.codec.frame_rate
    for name, queries in sets.items():
        mine, found = np.array(found[: len(queries)]) / rate, found[len(queries) :]
        rows[name] = {"mean, s": float(mine.mean()), "median, s": float(np.median(mine)),
                      "longest, s": float(mine.max())}
    return {"rows": rows, "training pieces": len(corpus), "seconds of each": exam.sizes.seconds}


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    return (f"Longest run of book 1 shared with any of {result['training pieces']} training pieces (those whose codes "
            f"are kept), in sounds of {result['seconds of each']:g} s.\n\n{markdown(result['rows'], digits=2)}")
