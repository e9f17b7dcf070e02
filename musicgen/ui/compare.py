"""Compare by ear: one prompt, plan and seed through several patterns, one after another, shown side by side.

Settings in, updates of the page out, as dictionaries by name; holds no state. Knows nothing of the layout.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

import gradio as gr
import numpy as np

from musicgen import visual
from musicgen.engine import Engine, GenerationRequest, GenerationResult
from musicgen.patterns import PAPER_FIGURES, Pattern, get_pattern
from musicgen.request import check
from musicgen.ui import handlers, pattern_views, views
from musicgen.ui.engines import Card, Engines
from musicgen.ui.evaluated import evaluated
from musicgen.ui.failing import explained
from musicgen.ui.run import Run
from musicgen.ui.settings import Settings, roll_seed
from musicgen.ui.shown import Update
from musicgen.ui.words import say

FEWEST, MOST = 2, 4  # patterns
LONGEST = 20.0  # seconds
IDLE: Update = {"go": gr.update(interactive=True), "halt": gr.update(interactive=False)}


@dataclass(frozen=True)
class Comparison:
    """What the controls say."""

    prompt: str
    model: str
    seconds: float
    seed: str | int | None
    patterns: Sequence[str]

    def request(self) -> GenerationRequest:
        """The request that all patterns share, its seed settled. Raises ``ValueError``."""
        if not 0 < self.seconds <= LONGEST:
            raise ValueError(f"Compare takes of at most {LONGEST:g} seconds.")
        request = Settings(prompt=self.prompt, model=self.model, duration=self.seconds, seed=self.seed).request()
        return request if request.seed is not None else replace(request, seed=roll_seed())

    def chosen(self, codebooks: int) -> list[Pattern]:
        """The patterns, each once. Raises ``ValueError``."""
        patterns = {pattern.lines: pattern for pattern in (get_pattern(name, codebooks) for name in self.patterns)}
        if not FEWEST <= len(patterns) <= MOST:
            raise ValueError(f"Choose {FEWEST} to {MOST} different patterns to compare, not {len(patterns)}.")
        return list(patterns.values())


def begin(engines: Engines, previous: Run | None, asked: Comparison) -> Update:
    """Clear the last comparison away, at once; one that cannot be made is named first, and then it stays."""
    try:
        check(asked.request(), LONGEST)
        asked.chosen(engines.card(asked.model).codebooks)
    except ValueError as error:
        gr.Warning(escape(str(error)), title="This cannot be compared")
        return {"status": views.problem(str(error))}
    if previous is not None:
        previous.give_way()
    cleared: Update = {"run": Run(), "go": gr.update(interactive=False), "halt": gr.update(interactive=True),
                       "status": views.progress(say("Waiting for its turn …")), "evaluated": ""}
    for slot in range(MOST):
        cleared |= {f"card{slot}": gr.update(visible=False), f"audio{slot}": None, f"grid{slot}": "",
                    f"name{slot}": "", f"facts{slot}": ""}
    return cleared


def refused() -> Update:
    """A press that nothing came of, for the server would not have it: the tab can be used again."""
    return IDLE | {"status": handlers.REFUSED}


def stop(run: Run | None) -> Update:
    """End this page's comparison; what it has made stays. One that has not begun lets go of the tab at once."""
    if run is None or not run.halt():
        return {"halt": gr.update(interactive=False)}
    return IDLE | {"status": views.note("Stopped before it began.")}


@explained("This cannot be compared", IDLE)
def compare(engines: Engines, asked: Comparison, run: Run) -> Iterator[Update]:
    """Make the takes one after another; the engine lets others in between them."""
    try:
        request = asked.request()
        engine = yield from handlers.loaded(engines, asked.model, run)
        if engine is None:
            yield IDLE | {"status": views.note("Stopped before it began.")}
            return
        patterns = asked.chosen(engine.model.config.lm.codebooks)
        card = engines.card(asked.model)
        yield {"trained": pattern_views.trained_with(None if card.told_pattern else card.pattern, asked.model)}
        yield _cards(patterns, card) | {"evaluated": evaluated(asked.model, patterns)}
        for slot, pattern in enumerate(patterns):
            told = f"{slot + 1} of {len(patterns)}: {_name(pattern)}"
            if run.stopped:
                yield {f"card{slot}": gr.update(visible=False)}
            else:
                yield from _one(engine, replace(request, pattern=pattern.name), pattern, slot, told, run)
        done = "Stopped; this is what was made." if run.stopped else "Done."
        same = f"One prompt, one plan, seed {request.seed}."
        yield IDLE | {"status": views.progress(f"{done} {same} {pattern_views.DIFFERS}", 1.0)}
    finally:
        run.end()


def _cards(patterns: Sequence[Pattern], card: Card) -> Update:
    """A card for each pattern, all at once: then none moves when the next take comes."""
    shown: Update = {}
    for slot, pattern in enumerate(patterns):
        off = views.UNTAUGHT if card.told_pattern else "An order these weights have never seen."
        what = "An order these weights know." if card.knows(pattern) else off
        shown |= {f"card{slot}": gr.update(visible=True),
                  f"name{slot}": f"<h3>{escape(_name(pattern))}</h3>{views.note(what)}"}
    return shown


def _one(
    engine: Engine, request: GenerationRequest, pattern: Pattern, slot: int, told: str, run: Run
) -> Iterator[Update]:
    """One take: its grid while it is made, its sound and figures at the end."""
    generation = run.generation = engine.start(request)
    begun, first_sound, drawn = time.perf_counter(), None, 0.0
    try:
        for event in generation:
            now = time.perf_counter()
            waiting = event.message.startswith("waiting")
            if waiting:
                begun = now  # the time that others took is not ours
            if event.audio is not None and event.audio.size:
                first_sound = first_sound or now - begun
            if now - drawn >= handlers.REDRAW_SECONDS:
                drawn = now
                share = float((event.codes >= 0).mean())
                yield {"status": views.progress(f"{told}, {event.message}" if waiting else told, share),
                       f"grid{slot}": _grid(engine, event.codes, generation.step_of)}
            if run.stopped:
                break
        took = time.perf_counter() - begun
        result = generation.result()
        if result.audio.size:
            yield {
                f"audio{slot}": handlers.save(result),
                f"facts{slot}": _facts(result, took, first_sound, generation.steps, pattern),
                f"grid{slot}": _grid(engine, result.codes, generation.step_of),
            }
        else:
            yield {f"card{slot}": gr.update(visible=False)}
    finally:
        generation.close()


def _grid(engine: Engine, codes: np.ndarray, step_of: np.ndarray | None) -> str:
    codec, steps = engine.model.codec, None if step_of is None else step_of[: codes.shape[1]]
    return visual.token_grid(codes, codec.frame_rate, codec.codebook_size, steps)


def _name(pattern: Pattern) -> str:
    return pattern.name.replace("_", " ")


def _facts(result: GenerationResult, took: float, first_sound: float | None, steps: int, pattern: Pattern) -> str:
    length = result.audio.shape[1] / result.sample_rate
    facts = [
        f"{views.seconds(length)} in {views.seconds(took)}: {length / took:.1f}× real time",
        f"{steps} steps",
        "exact" if pattern.exact else "inexact",
    ]
    if first_sound is not None:
        facts.insert(1, f"first sound after {views.seconds(first_sound)}")
    if (paper := PAPER_FIGURES.get(pattern.name)) is not None:
        facts.append("paper: FAD {:.2f}, KL {:.2f}, CLAP {:.2f}".format(*paper))
    return views.facts(facts)
