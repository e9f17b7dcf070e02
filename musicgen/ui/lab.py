"""The Patterns tab: look at a pattern step by step, read what it costs, and hear several with one prompt.

Reads like the tab from top to bottom. What is said of a pattern is in ``pattern_views``, the comparison in ``compare``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from musicgen.patterns import PATTERN_NAMES, get_pattern
from musicgen.ui import compare, pattern_views, views
from musicgen.ui.board import SCRIPT, board
from musicgen.ui.engines import Engines
from musicgen.ui.handlers import OPEN_TAKES
from musicgen.ui.lent import on_gpu
from musicgen.ui.prompts import EXAMPLES
from musicgen.ui.run import Run, once
from musicgen.ui.shown import Update
from musicgen.ui.wiring import AWAY, QUIET, WAVES, named
from musicgen.ui.words import say

Parts = dict[str, Any]  # components by name

OWN = {"own delays: 0,2,4,6": "0,2,4,6", "own groups: 1,2|3,4": "1,2|3,4"}
CHOICES = [*((name.replace("_", " "), name) for name in PATTERN_NAMES), *OWN.items()]
FRAMES, SECONDS = 6, 30.0  # what the tab starts with
LONGEST = 30.0  # seconds: beyond one window the steps depend on how windows overlap


def lab_tab(engines: Engines) -> None:
    """Lay out the tab and wire it."""
    card = engines.card(engines.default)
    gr.HTML(f'<p class="note lead">{say(pattern_views.INTRODUCTION)}</p>')
    gr.HTML(views.note(views.TERMS))
    with gr.Row(elem_classes="halves"):
        with gr.Column(min_width=300):
            controls = _controls(card.codebooks)
            about = gr.HTML(elem_id="lab-figures", elem_classes="sheet")
        with gr.Column(min_width=300):
            picture = gr.HTML(
                elem_id="lab-board", elem_classes="sheet", js_on_load=SCRIPT,
                value=board(get_pattern("delay", card.codebooks), FRAMES),
            )
            gr.HTML(f'<p class="note">{say(pattern_views.LOOK)}</p>')
    with gr.Accordion(say("All patterns side by side"), open=False, elem_id="lab-table-fold"):
        table, seen = gr.HTML(elem_id="lab-table"), gr.HTML(elem_classes="may-be-empty")
        gr.HTML(views.note(pattern_views.PAPER_SOURCE))
    shown = [picture, about, table, seen]

    def show(pattern: str | None, books: float, frames: float, seconds: float) -> list[Any]:
        return show_pattern(pattern, int(books), int(frames), float(seconds), card.frame_rate)

    for part, value in zip(shown, show("delay", card.codebooks, FRAMES, SECONDS), strict=True):
        part.value = value
    gr.on(
        [control.change for control in controls], show, controls, shown, queue=False, show_progress="hidden",
        trigger_mode="always_last", api_visibility="private",
    )
    _compare_by_ear(engines)


def _controls(codebooks: int) -> list[Any]:
    pattern = gr.Dropdown(
        CHOICES, value="delay", label=say("Pattern"), allow_custom_value=True, elem_id="lab-pattern",
        info=say("Or write your own: delays such as 0,1,2,3, or groups such as 1|2,3,4."),
    )
    with gr.Row():
        books = gr.Slider(1, 8, codebooks, step=1, label=say("Codebooks"), info=say("8: stereo"), elem_id="lab-books",
                          min_width=120)
        frames = gr.Slider(2, 12, FRAMES, step=1, label=say("Frames drawn"), info=say("20 ms each"),
                           elem_id="lab-frames", min_width=120)
    seconds = gr.Slider(
        1, LONGEST, SECONDS, step=1, label=say("Seconds of sound, to count the steps"), elem_id="lab-seconds",
        info=say("30: one window of the released models"),
    )
    return [pattern, books, frames, seconds]


def show_pattern(
    pattern: str | None, books: int, frames: int, seconds: float, frame_rate: float
) -> list[str]:
    """Board, figures, table and its note of a pattern; of what is none, the validator's sentence in place of the
    board."""
    books, frames, seconds = min(max(books, 1), 8), min(max(frames, 2), 12), min(max(seconds, 1.0), LONGEST)
    seen = pattern_views.seen(books)
    try:
        chosen = get_pattern(pattern or "", books)
    except ValueError as error:
        return [views.problem(str(error)), "", pattern_views.table(books, seconds, frame_rate, None), seen]
    return [
        board(chosen, frames),
        pattern_views.figures(chosen, seconds, frame_rate),
        pattern_views.table(books, seconds, frame_rate, chosen),
        seen,
    ]


def _compare_by_ear(engines: Engines) -> None:
    gr.HTML(f"<h2>{say('Compare by ear')}</h2>")
    gr.HTML(f'<p class="note">{say(pattern_views.LISTEN)}</p>')
    parts: Parts = {"trained": gr.HTML(_trained(engines, engines.default), elem_id="lab-trained")}
    with gr.Row():
        parts["prompt"] = gr.Textbox(
            EXAMPLES["Lo-fi"], label=say("Prompt"), lines=2, max_length=1000, scale=3, min_width=260,
            elem_id="lab-prompt",
        )
        parts["patterns"] = gr.Dropdown(
            CHOICES, value=["delay", "parallel", "flattening"], multiselect=True, max_choices=compare.MOST,
            allow_custom_value=True, label=say("Patterns, 2 to 4"), scale=3, min_width=260, elem_id="lab-patterns",
        )
    with gr.Row():
        longest = min(compare.LONGEST, engines.max_duration)
        parts["seconds"] = gr.Slider(1, longest, min(5, longest), step=0.5, label=say("Seconds each"),
                                     elem_id="lab-length", min_width=180)
        parts["seed"] = gr.Textbox("7", label=say("Seed, for all"), placeholder=say("a new one"), max_length=20,
                                   min_width=110, elem_id="lab-seed")
        parts["model"] = gr.Dropdown([(engines.card(name).label, name) for name in engines.names],
                                     value=engines.default, label=say("Model"), min_width=180, elem_id="lab-model")
    with gr.Row():
        parts["go"] = gr.Button(say("Compare"), variant="primary", elem_id="lab-go", scale=4, min_width=110)
        parts["halt"] = gr.Button(say("Stop"), interactive=False, elem_id="lab-stop", scale=1, min_width=70)
    parts["status"] = gr.HTML(
        views.progress("Press Compare. The takes are made one after another; each can be heard as soon as it is done."),
        elem_id="lab-status", elem_classes="sheet",
    )
    with gr.Row(elem_classes="cards"):
        for slot in range(compare.MOST):
            with gr.Column(elem_classes=["card", AWAY], min_width=200, elem_id=f"lab-card{slot}") as card_column:
                parts[f"name{slot}"] = gr.HTML()
                parts[f"audio{slot}"] = gr.Audio(
                    label=say("Take"), type="filepath", interactive=False, buttons=["download"], waveform_options=WAVES,
                )
                parts[f"facts{slot}"] = gr.HTML()
                parts[f"grid{slot}"] = gr.HTML()
            parts[f"card{slot}"] = card_column
    parts["evaluated"] = gr.HTML(elem_id="lab-evaluated", elem_classes="sheet")
    parts["run"] = gr.State(None)
    _wire(parts, engines)


def _trained(engines: Engines, model: str) -> str:
    card = engines.card(model)
    return pattern_views.trained_with(None if card.told_pattern else card.pattern, card.name)


def _wire(parts: Parts, engines: Engines) -> None:
    asked = ("prompt", "model", "seconds", "seed", "patterns")
    slots = [f"{what}{slot}" for slot in range(compare.MOST) for what in ("card", "name", "audio", "facts", "grid")]
    shown = [parts[name] for name in ("status", "trained", "evaluated", "go", "halt", *slots)]

    @on_gpu
    def takes_of(run: Run, comparison: compare.Comparison) -> Iterator[Update]:
        yield from compare.compare(engines, comparison, run)

    def make(run: Run | None, *values: Any) -> Iterator[Update]:
        yield from once(run, lambda run: takes_of(run, compare.Comparison(*values)))

    def begin(run: Run | None, *values: Any) -> Update:
        return compare.begin(engines, run, compare.Comparison(*values))

    parts["go"].click(
        named(parts, begin), [parts["run"], *(parts[name] for name in asked)], [parts["run"], *shown], queue=False,
        show_progress="hidden", api_visibility="private",
    ).then(
        named(parts, make), [parts["run"], *(parts[name] for name in asked)], shown, show_progress="hidden",
        concurrency_limit=OPEN_TAKES, concurrency_id="takes", api_visibility="private",
    ).failure(named(parts, compare.refused), None, shown, **QUIET)
    parts["halt"].click(
        named(parts, compare.stop), parts["run"], shown, queue=False, show_progress="hidden",
        api_visibility="private",
    )

    parts["model"].input(
        lambda model: _trained(engines, model), parts["model"], parts["trained"], queue=False,
        show_progress="hidden", api_visibility="private",
    )
