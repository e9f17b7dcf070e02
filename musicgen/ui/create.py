"""The Create tab: its controls, its results, and which handler a press goes to.

Reads like the tab from top to bottom. What the handlers do is in ``handlers``.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial, wraps
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from musicgen.patterns import PATTERN_NAMES
from musicgen.separation import METHODS
from musicgen.theory import METERS, PITCH_NAMES
from musicgen.ui import handlers, views
from musicgen.ui.engines import Engines
from musicgen.ui.lent import on_gpu
from musicgen.ui.prompts import EXAMPLES, surprise
from musicgen.ui.settings import AS_TRAINED, DRUMS, Settings

Parts = dict[str, Any]  # components by name; the names of ``Settings`` are the controls

DICE = str(Path(__file__).with_name("dice.svg"))
WAVES = gr.WaveformOptions(waveform_color="#5eaaa3", waveform_progress_color="#0d9488")
# What a take changes on the page; the link to it belongs to it.
RESULTS = (
    "status", "live", "take", "facts", "grid", "followed", "spectrum", "recipe", "recipe_fold", "generate", "stop",
    "take_id", "share_row", "link", "picture", "shown",
)
DOWNLOAD = """(file) => {
  if (!file) return;
  const link = document.createElement("a");
  [link.href, link.download] = [file.url, file.orig_name];
  link.click();
}"""
KEYS = ["auto", *(f"{note} {mode}" for mode in ("major", "minor") for note in PITCH_NAMES)]


def create_tab(engines: Engines, keep: Callable[..., str] | None = None) -> Parts:
    """Lay out the tab and wire it; return its parts.

    ``keep`` puts a take, made for the owner named first, among that owner's takes; see ``handlers.Keep`` for the rest.
    """
    with gr.Row(elem_id="bench"):  # on a phone: ask, hear, settings; on a wide page hearing stands at the side
        with gr.Column(elem_id="ask", min_width=300):
            parts = _ask()
        with gr.Column(elem_id="hear", min_width=300):
            parts |= _results()
        with gr.Column(elem_id="settings", min_width=300):
            parts |= _main_controls(engines) | _plan() | _melody() | _pattern(engines) | _advanced()
    parts["run"], parts["take_id"] = gr.State(None), gr.State("")
    parts["owner"] = gr.BrowserState(None, storage_key="musicgen-owner", secret="musicgen")  # survives a restart
    _wire_generation(parts, engines, keep)
    _wire_helpers(parts, engines)
    return parts


def _ask() -> Parts:
    prompt = gr.Textbox(
        EXAMPLES["Lo-fi"], label="Prompt", lines=3, max_lines=6, max_length=1000, elem_id="prompt",
        placeholder="What should it sound like? Style, mood, instruments, tempo, key …",
    )
    with gr.Row():
        generate = gr.Button("Generate", variant="primary", elem_id="generate", scale=4, min_width=110)
        stop = gr.Button("Stop", interactive=False, elem_id="stop", scale=1, min_width=70)
        surprise_me = gr.Button("Surprise me", elem_id="surprise", icon=DICE, scale=2, min_width=130)
    gr.Examples(
        [[text] for text in EXAMPLES.values()], [prompt], example_labels=list(EXAMPLES), label="Or start from",
        api_visibility="private",
    )
    return {"prompt": prompt, "surprise": surprise_me, "generate": generate, "stop": stop}


def _main_controls(engines: Engines) -> Parts:
    cards = [engines.card(name) for name in engines.names]
    longest = engines.max_duration
    with gr.Group():
        duration = gr.Slider(1, longest, min(10, longest), step=0.5, label="Duration, seconds", elem_id="duration")
        with gr.Row():
            seed = _number("Seed", "a new one each time", elem_id="seed", scale=3)
            roll = gr.Button("", icon=DICE, elem_classes="dice", elem_id="roll", min_width=44, scale=0)
        model = gr.Dropdown(
            [(card.label, card.name) for card in cards], value=cards[0].name, label="Model", info=cards[0].note,
            elem_id="model",
        )
    return {"duration": duration, "seed": seed, "roll": roll, "model": model}


def _plan() -> Parts:
    with gr.Accordion("Plan: tempo, key, chords", elem_id="plan-fold"):
        follow_plan = gr.Checkbox(True, label="Follow a plan", info="What is left on auto comes from prompt and seed.")
        plan_line = gr.HTML(handlers.show_plan(Settings(prompt=EXAMPLES["Lo-fi"])), elem_id="plan-line")
        with gr.Row():
            bpm = _number("Tempo", "auto", elem_id="bpm")
            key = gr.Dropdown(KEYS, value="auto", label="Key", min_width=100)
            meter = gr.Dropdown(["auto", *METERS], value="auto", label="Metre", min_width=90)
        with gr.Row():
            chords = gr.Textbox(
                "", label="Chords, one a bar", placeholder="auto, or: Am F C G", max_length=200, min_width=160, scale=2,
                elem_id="chords",
            )
            drums = gr.Dropdown(list(DRUMS), value="auto", label="Drums", min_width=90, scale=1)
        with gr.Row():
            fill = gr.Button("Fill in, to edit", size="sm", min_width=120, elem_id="fill-plan")
            clear = gr.Button("All on auto", size="sm", min_width=100)
    return {
        "follow_plan": follow_plan, "plan_line": plan_line, "bpm": bpm, "key": key, "meter": meter, "chords": chords,
        "drums": drums, "fill_plan": fill, "clear_plan": clear,
    }


def _melody() -> Parts:
    with gr.Accordion("Melody to follow", open=False, elem_id="melody-fold"):
        melody = gr.Audio(
            sources=["upload", "microphone"], type="filepath", label="Hum, play or upload", elem_id="melody",
            waveform_options=WAVES, buttons=[],
        )
        separation = gr.Radio(
            list(METHODS), value="auto", label="Find the tune by",
            info="Demucs leaves out drums and bass; harmonic leaves out what is struck; none takes all there is.",
        )
        melody_view = gr.HTML(elem_classes="figure", elem_id="melody-view")
    return {"melody": melody, "separation": separation, "melody_view": melody_view}


def _pattern(engines: Engines) -> Parts:
    with gr.Accordion("Pattern: the order of the codes", open=False, elem_id="pattern-fold"):
        names = [(name.replace("_", " "), name) for name in PATTERN_NAMES]
        pattern = gr.Dropdown(
            [(AS_TRAINED, AS_TRAINED), *names], value=AS_TRAINED, label="Pattern", allow_custom_value=True,
            info="Or write your own: delays such as 0,1,2,3, or groups such as 1|2,3,4.", elem_id="pattern",
        )
        card = gr.HTML(handlers.show_pattern(engines, engines.default, AS_TRAINED, 10), elem_id="pattern-card")
    return {"pattern": pattern, "pattern_card": card}


def _advanced() -> Parts:
    own = "the model's own"
    with gr.Accordion("Advanced", open=False, elem_id="advanced-fold"):
        with gr.Row():
            temperature, guidance = _number("Temperature", own), _number("Guidance", own)
        with gr.Row():
            top_k, top_p = _number("Top-k", own), _number("Top-p", own)
        negative_prompt = gr.Textbox("", label="Negative prompt", placeholder="What to lead away from", max_length=1000)
        greedy = gr.Checkbox(False, label="Greedy", info="Always the likeliest code: no chance, and often dull.")
        continue_from = gr.Audio(
            sources=["upload", "microphone"], type="filepath", label="Continue this audio", elem_id="continue-from",
            waveform_options=WAVES, buttons=[],
        )
        gr.HTML(views.note("The duration counts the given audio and the new music together."))
    return {
        "temperature": temperature, "guidance": guidance, "top_k": top_k, "top_p": top_p,
        "negative_prompt": negative_prompt, "greedy": greedy, "continue_from": continue_from,
    }


def _number(label: str, empty: str, **options: Any) -> gr.Textbox:
    """A number that may be left empty; `gr.Number` shows 0 where there is none."""
    return gr.Textbox("", label=label, placeholder=empty, max_length=20, min_width=90, **options)


def _results() -> Parts:
    ready = views.progress("Press Generate, or Ctrl+Enter. You hear it while it is being made.")
    parts: Parts = {"status": gr.HTML(ready, elem_id="status")}
    parts["live"] = gr.Audio(
        label="Live", streaming=True, autoplay=True, interactive=False, visible=False, elem_id="live", buttons=[]
    )
    parts["take"] = gr.Audio(
        label="The whole take", type="filepath", interactive=False, visible=False, elem_id="take",
        buttons=["download"], waveform_options=WAVES,
    )
    parts["facts"] = gr.HTML(elem_id="facts")
    parts["picture"] = gr.Button("Picture of this take (PNG)", size="sm", visible=False, elem_id="picture")
    parts["picture_file"], parts["shown"] = gr.File(visible=False), gr.State(None)
    with gr.Row(visible=False, elem_id="share-row") as parts["share_row"]:
        parts["share_take"] = gr.Button("Link to this take", size="sm", min_width=130, elem_id="share-take")
        parts["share_settings"] = gr.Button("Link to its settings", size="sm", min_width=130, elem_id="share-settings")
    parts["link"] = gr.Textbox(
        label="Link", visible=False, interactive=False, max_lines=2, buttons=["copy"], elem_id="link"
    )
    parts["grid"] = gr.HTML(elem_classes="figure", elem_id="grid")
    parts["followed"] = gr.HTML(elem_classes="figure", elem_id="followed")
    parts["spectrum"] = gr.HTML(elem_classes="figure", elem_id="spectrum")
    with gr.Accordion("Recipe: everything needed to make it again", open=False, visible=False) as recipe_fold:
        parts["recipe"] = gr.Code(language="json", show_label=False, interactive=False, elem_id="recipe")
    return parts | {"recipe_fold": recipe_fold}


def _wire_generation(parts: Parts, engines: Engines, keep: Callable[..., str] | None) -> None:
    shown = [parts[name] for name in RESULTS]

    @on_gpu
    def make(run: handlers.Run, owner: str | None, **values: Any) -> Iterator[handlers.Update]:
        kept = partial(keep, owner) if keep and owner else None
        yield from handlers.generate(engines, Settings(**values), run, kept)

    parts["generate"].click(
        named(parts, handlers.begin), parts["run"], [parts["run"], *shown], queue=False, show_progress="hidden",
        api_visibility="private",
    ).then(
        named(parts, make), inputs_kwargs={"run": parts["run"], "owner": parts["owner"], **controls(parts)},
        outputs=shown,
        show_progress="hidden", concurrency_limit=handlers.OPEN_TAKES, concurrency_id="takes", api_visibility="private",
    )
    parts["picture"].click(
        handlers.picture, parts["shown"], parts["picture_file"], concurrency_limit=2, api_visibility="private"
    ).then(None, parts["picture_file"], js=DOWNLOAD, api_visibility="private")
    parts["stop"].click(
        named(parts, handlers.stop), parts["run"], parts["stop"], queue=False, show_progress="hidden",
        api_visibility="private",
    )


def _wire_helpers(parts: Parts, engines: Engines) -> None:
    values = controls(parts)
    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}

    parts["surprise"].click(lambda: surprise(random.Random()), None, parts["prompt"], **quiet)
    parts["roll"].click(lambda: str(handlers.roll_seed()), None, parts["seed"], **quiet)

    parts["model"].input(
        lambda model: gr.Dropdown(info=engines.card(model).note), parts["model"], parts["model"], **quiet
    )
    gr.on(
        [parts["model"].input, parts["pattern"].change, parts["duration"].change],
        lambda *picked: handlers.show_pattern(engines, *picked),
        [parts["model"], parts["pattern"], parts["duration"]], parts["pattern_card"],
        trigger_mode="always_last", **quiet,
    )
    gr.on(
        [parts["melody"].change, parts["separation"].change], handlers.show_melody,
        [parts["melody"], parts["separation"], parts["duration"]], parts["melody_view"],
        show_progress="hidden", trigger_mode="always_last", concurrency_limit=2, api_visibility="private",
    )

    plan_names = ("prompt", "seed", "follow_plan", "bpm", "key", "meter", "chords", "drums")
    plan = {name: values[name] for name in plan_names}
    gr.on(
        [control.change for control in plan.values()],
        lambda **values: handlers.show_plan(Settings(**values)), inputs_kwargs=plan, outputs=parts["plan_line"],
        trigger_mode="always_last", **quiet,
    )
    filled = [parts[name] for name in ("seed", "bpm", "key", "meter", "chords", "drums", "plan_line")]
    parts["fill_plan"].click(
        named(parts, lambda **values: handlers.fill_plan(Settings(**values))), inputs_kwargs=plan, outputs=filled,
        **quiet,
    )
    parts["clear_plan"].click(
        lambda: ("", "auto", "auto", "", "auto"), None,
        [parts[name] for name in ("bpm", "key", "meter", "chords", "drums")], **quiet,
    )


def controls(parts: Parts) -> Parts:
    """The components that make up ``Settings``."""
    return {field.name: parts[field.name] for field in fields(Settings)}


def named(parts: Parts, handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler that answers with names as one that answers with components."""

    def translate(update: handlers.Update) -> dict[Component, Any]:
        return {parts[name]: value for name, value in update.items()}

    if inspect.isgeneratorfunction(handler):

        @wraps(handler)
        def stream(*args: Any, **kwargs: Any) -> Iterator[dict[Component, Any]]:
            for update in handler(*args, **kwargs):
                yield translate(update)

        return stream

    @wraps(handler)
    def call(*args: Any, **kwargs: Any) -> dict[Component, Any]:
        return translate(handler(*args, **kwargs))

    return call
