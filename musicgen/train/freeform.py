"""Free prompts: is what they mean heard more often than chance has it?

Twenty in words that the captions never use, but that the plan's rules may know; and twenty more whose words neither
captions nor rules have: those are understood by the text encoder alone, through the model and through the classifier of
scenes (``kinds``), whose writers did not know them. Each says what should be heard: instruments, a range of tempi,
drums or none. Every take is measured against its own prompt and against those of all others (the shuffled assignment);
how often random assignments do as well is the p-value. Knows nothing of how takes are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from musicgen.request import GenerationRequest
from musicgen.train.exam import Exam
from musicgen.train.hearing import Heard, hear
from musicgen.train.listener import DRUMS
from musicgen.train.making import Job
from musicgen.train.tables import markdown

MOST_PROBABLE = 3  # instruments of a take; one of those that fit has to be among them


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
    _prompt("stadium shredder, wailing amplifier, hair metal", "distorted guitar, electric guitar", 110, 180, True),
    _prompt("Bach fugue thundering through a cathedral", "church organ", 60, 120, False),
    _prompt("techno rave, thumping kicks, laser beams", "synth bass, synth lead", 116, 150, True),
    _prompt("bluegrass picking contest in Tennessee", "banjo, acoustic guitar, violin", 90, 170, None),
    _prompt("John Coltrane ballad, breathy", "saxophone", 50, 110, None),
    _prompt("bebop quintet at furious gallop", "saxophone, trumpet, acoustic bass", 130, 220, True),
    _prompt("Mozart quartet, bowed by four virtuosi", "violin, cello, strings", 60, 140, False),
    _prompt("Parisian squeezebox beneath the Eiffel Tower", "accordion", 80, 190, None),
    _prompt("flamenco fingerpicking, Andalusian courtyard", "nylon guitar, acoustic guitar", 70, 160, None),
    _prompt("Gregorian monks chanting vespers", "choir", 45, 90, False),
    _prompt("Pablo Casals bowing a sorrowful sarabande, largo", "cello", 45, 80, False),
    _prompt("disco fever, mirrorball, polyester", "electric bass, slap bass, electric guitar", 100, 130, True),
    _prompt("rastafarian skank, Kingston, Bob Marley", "organ, electric guitar, electric bass", 60, 95, True),
    _prompt("Hans Zimmer battle sequence, thunderous", "strings, brass, french horn, choir", 70, 150, None),
    _prompt("nursery rhyme tinkling inside a clockwork toy", "music box, celesta, glockenspiel", 50, 110, False),
    _prompt("boom bap, J Dilla, stoned skateboarders", "electric piano, electric bass", 60, 100, True),
    _prompt("angelic glissandi, forty-seven wires", "harp", 50, 120, False),
    _prompt("Ipanema samba, Jobim, caipirinha", "nylon guitar, acoustic bass, flute", 90, 160, None),
)
UNKNOWN = (  # to captions and rules
    _prompt("elderly butler at the Steinway, empty lobby, closing hour", "piano, electric piano", 50, 120, None),
    _prompt("leather jackets, cranked stacks, headbutts", "distorted guitar, electric guitar", 110, 200, True),
    _prompt("Sunday worship, incense, stone vaults", "church organ, organ, choir", 45, 110, False),
    _prompt("strobe flashes, sweaty crowd jumping until sunrise", "synth bass, synth lead, synth pad", 110, 150, True),
    _prompt("haystack hoedown, hillbillies stomping", "banjo, violin, acoustic guitar, harmonica", 90, 180, None),
    _prompt("Harlem speakeasy 1947, gangsters sipping whiskey", "saxophone, trumpet, piano", 60, 220, None),
    _prompt("powdered wigs, Versailles, candlelit banquet", "harpsichord, violin, strings, cello", 50, 140, False),
    _prompt("Montmartre bistro, beret, baguette", "accordion", 70, 200, None),
    _prompt("Sevilla bullring, castanets, matador", "nylon guitar, acoustic guitar", 70, 170, None),
    _prompt("abbey cloister, hooded brothers praying", "choir, church organ", 40, 95, False),
    _prompt("rollerskating rink, sequins, afros", "electric bass, slap bass, electric guitar", 90, 135, True),
    _prompt("Trenchtown sunshine, dreadlocks, ganja", "organ, electric guitar, electric bass", 60, 100, True),
    _prompt("spaceship docking, Mars colony, 1984 VHS", "synth lead, synth pad, synth bass", 60, 130, None),
    _prompt("newborn yawning, crib mobile rotating", "music box, celesta, glockenspiel", 45, 110, False),
    _prompt("Copacabana sunset, coconut water, hammock", "nylon guitar, acoustic bass, flute", 70, 170, None),
    _prompt("bull riding, spurs, Wyoming", "acoustic guitar, banjo, violin, harmonica", 80, 170, None),
    _prompt("exam revision, drizzle against windowpanes, cocoa", "electric piano, electric bass", 55, 100, True),
    _prompt("gladiators entering the Colosseum, emperor watching", "strings, brass, french horn, choir", 60, 160, None),
    _prompt("chain gang, cottonfields, moonshine", "electric guitar, acoustic guitar, harmonica", 50, 130, None),
    _prompt("debutantes twirling, chandeliers, Habsburg", "strings, piano, violin, accordion", 80, 200, False),
)


def fit(heard: Heard, prompt: Prompt) -> dict[str, float]:
    """How well what is heard fits the prompt; drums that may be either count half."""
    low, high = prompt.bpm
    others = [label for label in heard.instruments if label != DRUMS]
    first = sorted(others, key=heard.instruments.__getitem__, reverse=True)[:MOST_PROBABLE]
    return {
        "an instrument that fits": float(bool(prompt.instruments & set(first))),
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


def jobs(exam: Exam, prompts: Sequence[Prompt] = PROMPTS + UNKNOWN) -> list[Job]:
    """Every prompt, ``exam.sizes.free`` times; each take with a seed of its own, for plans are drawn by the seed."""
    return [Job("free", GenerationRequest(prompt=prompt.text, seed=7000 + exam.sizes.free * i + take,
                                          duration=exam.sizes.sweep_seconds, **exam.settings))
            for i, prompt in enumerate(prompts) for take in range(exam.sizes.free)]


def run(exam: Exam) -> dict[str, Any]:
    """Totals of both kinds of prompts, and a line for each prompt."""
    sets = {"words the rules may know": PROMPTS, "words neither captions nor rules have": UNKNOWN}
    each = exam.sizes.free
    rows: dict[str, dict[str, float]] = {}
    prompts: dict[str, dict[str, str]] = {}
    for kind, asked in sets.items():
        takes = exam.make(jobs(exam, asked))
        heard = [[hear(take.audio, exam.listener) for take in takes[i * each : (i + 1) * each]]
                 for i in range(len(asked))]
        for name, grid in matrix(heard, asked).items():
            told = [i for i, prompt in enumerate(asked) if name != "drums" or prompt.drums is not None]
            rows[f"{kind}: {name}"] = against_chance(grid[np.ix_(told, told)])
        prompts |= {prompt.text: line(prompt, found) for prompt, found in zip(asked, heard, strict=True)}
    return {"rows": rows, "prompts": prompts, "takes of each": each}


def line(prompt: Prompt, heard: Sequence[Heard]) -> dict[str, str]:
    """What should be heard in the takes of a prompt, and what is."""
    labels = [label for label in heard[0].instruments if label != DRUMS]
    p = {label: float(np.mean([h.instruments[label] for h in heard])) for label in labels}
    return {
        "any of": ", ".join(sorted(prompt.instruments)),
        "most probable": ", ".join(sorted(p, key=p.__getitem__, reverse=True)[:MOST_PROBABLE]),
        "tempo": " ".join(f"{h.tempo:.0f}" for h in heard) + f" ({prompt.bpm[0]:g} to {prompt.bpm[1]:g})",
        "drums": " ".join("yes" if h.drums else "no" for h in heard)
        + {None: "", True: " (yes)", False: " (no)"}[prompt.drums],
    }


def tables(result: dict[str, Any]) -> str:
    """Markdown."""
    rows = {name: row | {"p": f"{row['p']:.4f}"} for name, row in result["rows"].items()}
    return (f"{result['takes of each']} takes of each prompt; the plan is drawn from the words. An instrument that "
            f"fits is among the {MOST_PROBABLE} most probable ones of a take; drums are judged where a prompt says "
            "whether. p: share of random assignments that fit at least as well, the true one among them.\n\n"
            f"{markdown(rows)}\n\n"
            f"{markdown(result['prompts'], first='prompt')}")
