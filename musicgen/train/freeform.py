"""Twenty prompts in words that the captions never use: is what they mean heard more often than chance has it?

Each says what should be heard: instruments, a range of tempi, drums or none. Every take is measured against its own
prompt and against those of all others (the shuffled assignment); how often random assignments do as well is the
p-value. What the rules of the plan read in the words is part of what is measured. Knows nothing of how takes are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from musicgen.request import GenerationRequest
from musicgen.train.exam import Exam
from musicgen.train.hearing import Heard, hear, instruments_found
from musicgen.train.making import Job
from musicgen.train.tables import markdown


@dataclass(frozen=True)
class Prompt:
    """Words, and what should be heard: any of these labels, a tempo in this range, drums or not (None: either)."""

    text: str
    instruments: frozenset[str]
    bpm: tuple[float, float]
    drums: bool | None


def _prompt(text: str, instruments: str, low: float, high: float, drums: bool | None) -> Prompt:
    return Prompt(text, frozenset(part.strip() for part in instruments.split(",")), (low, high), drums)


PROMPTS = (
    _prompt("someone practising Chopin nocturnes", "piano", 50, 110, False),
    _prompt("tinkling ivories after midnight", "piano, electric piano", 50, 110, False),
    _prompt("stadium shredder, wailing amplifier, hair metal", "distorted guitar, drums", 110, 180, True),
    _prompt("Bach fugue thundering through a cathedral", "church organ", 60, 120, False),
    _prompt("techno rave, thumping kicks, laser beams", "drums, synth bass, synth lead", 116, 150, True),
    _prompt("bluegrass picking contest in Tennessee", "banjo, acoustic guitar, violin", 90, 170, None),
    _prompt("John Coltrane ballad, breathy", "saxophone, acoustic bass, piano", 50, 110, None),
    _prompt("bebop quintet at furious gallop", "saxophone, trumpet, acoustic bass, drums, piano", 130, 220, True),
    _prompt("Mozart quartet, bowed by four virtuosi", "violin, cello, strings", 60, 140, False),
    _prompt("Parisian squeezebox beneath the Eiffel Tower", "accordion", 80, 190, None),
    _prompt("flamenco fingerpicking, Andalusian courtyard", "nylon guitar, acoustic guitar", 70, 160, None),
    _prompt("Gregorian monks chanting vespers", "choir", 45, 90, False),
    _prompt("Pablo Casals bowing a sorrowful sarabande, largo", "cello", 45, 80, False),
    _prompt("disco fever, mirrorball, polyester", "electric bass, slap bass, electric guitar, drums", 100, 130, True),
    _prompt("rastafarian skank, Kingston, Bob Marley", "organ, electric guitar, electric bass, drums", 60, 95, True),
    _prompt("Hans Zimmer battle sequence, thunderous", "strings, brass, french horn, choir, drums", 70, 150, None),
    _prompt("nursery rhyme tinkling inside a clockwork toy", "music box, celesta, glockenspiel", 50, 110, False),
    _prompt("boom bap, J Dilla, stoned skateboarders", "electric piano, drums, electric bass", 60, 100, True),
    _prompt("angelic glissandi, forty-seven wires", "harp", 50, 120, False),
    _prompt("Ipanema samba, Jobim, caipirinha", "nylon guitar, acoustic bass, flute, drums", 90, 160, None),
)


def fit(heard: Heard, prompt: Prompt) -> dict[str, float]:
    """How well what is heard fits the prompt; drums that may be either count half."""
    low, high = prompt.bpm
    asked = set(prompt.instruments) & set(heard.instruments)
    return {
        "instruments": instruments_found(heard.instruments, asked) if asked else 0.0,
        "tempo in the range": float(low * 0.96 <= heard.tempo <= high * 1.04),
        "drums": 0.5 if prompt.drums is None else float(heard.drums == prompt.drums),
    }


def matrix(heard: Sequence[Sequence[Heard]], prompts: Sequence[Prompt]) -> dict[str, np.ndarray]:
    """Figures [takes' prompt, asked prompt], the mean over the seeds: its diagonal is each prompt's own takes."""
    names = list(fit(heard[0][0], prompts[0]))
    grid = [[[list(fit(h, asked).values()) for h in takes] for asked in prompts] for takes in heard]
    values = np.array(grid).mean(2)  # [N, N, figures]
    return {name: values[:, :, i] for i, name in enumerate(names)}


def against_chance(grid: np.ndarray, draws: int = 4000, seed: int = 0) -> dict[str, float]:
    """Own mean, mean over all other assignments, and how often a random one does at least as well: [N, N] -> figures.

    The p-value counts the true assignment among the random ones, so that it is never 0.
    """
    count = len(grid)
    own = float(np.diag(grid).mean())
    other = float(grid[~np.eye(count, dtype=bool)].mean())
    rng = np.random.default_rng(seed)
    drawn = np.array([grid[np.arange(count), rng.permutation(count)].mean() for _ in range(draws)])
    return {"own prompt": own, "other prompts": other, "p": float((1 + (drawn >= own - 1e-9).sum()) / (1 + draws))}


def jobs(exam: Exam) -> list[Job]:
    """Every prompt with every seed."""
    return [Job("free", GenerationRequest(prompt=prompt.text, seed=7000 + seed, duration=exam.sizes.sweep_seconds,
                                          **exam.settings))
            for prompt in PROMPTS for seed in range(exam.sizes.free)]


def run(exam: Exam) -> dict[str, Any]:
    """Totals, and a line for each prompt."""
    takes = exam.make(jobs(exam))
    each = exam.sizes.free
    heard = [[hear(take.audio, exam.listener) for take in takes[i * each : (i + 1) * each]]
             for i in range(len(PROMPTS))]
    grids = matrix(heard, PROMPTS)
    rows = {name: against_chance(grid) for name, grid in grids.items()}
    told = [i for i, prompt in enumerate(PROMPTS) if prompt.drums is not None]
    rows["drums"] = against_chance(grids["drums"][np.ix_(told, told)])
    prompts = {}
    for i, prompt in enumerate(PROMPTS):
        p = {label: float(np.mean([h.instruments[label] for h in heard[i]])) for label in heard[i][0].instruments}
        prompts[prompt.text] = {
            "should be heard": ", ".join(sorted(prompt.instruments)),
            "most probable": ", ".join(sorted(p, key=p.__getitem__, reverse=True)[: len(prompt.instruments)]),
            "tempo": " ".join(f"{h.tempo:.0f}" for h in heard[i]) + f" ({prompt.bpm[0]:g} to {prompt.bpm[1]:g})",
            "drums": " ".join("yes" if h.drums else "no" for h in heard[i])
            + {None: "", True: " (yes)", False: " (no)"}[prompt.drums],
        }
    return {"rows": rows, "prompts": prompts, "takes of each": each}


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    return (f"{result['takes of each']} takes of each prompt; the plan is drawn from the words. p: share of random "
            f"assignments that fit at least as well.\n\n{markdown(result['rows'])}\n\n"
            f"{markdown(result['prompts'], first='prompt')}")
