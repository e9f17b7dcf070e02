"""The controls of the Create tab, with which music is asked for. What they do is wired in ``create``.

Knows nothing of engines at work, sessions or results.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from musicgen.instruments import INSTRUMENTS, KIT, MOST
from musicgen.patterns import PATTERN_NAMES
from musicgen.request import STRENGTH, STRONGEST, WEAKEST
from musicgen.separation import METHODS
from musicgen.theory import METERS, PITCH_NAMES
from musicgen.ui import before, handlers, views
from musicgen.ui.engines import Engines
from musicgen.ui.prompts import EXAMPLES, TUNES
from musicgen.ui.settings import AS_TRAINED, BARS, DRUMS, ENDINGS, FREE, Settings
from musicgen.ui.sheet import sheet
from musicgen.ui.wiring import AWAY, HIDDEN, WAVES, Parts
from musicgen.ui.words import say

DICE = str(Path(__file__).with_name("dice.svg"))
LOCK = str(Path(__file__).with_name("lock.svg"))
KEYS = ["auto", *(f"{note} {mode}" for mode in ("major", "minor") for note in PITCH_NAMES)]
SECTIONS = {
    "All play all the time, unless the prompt says otherwise": "",
    "All play all the time, whatever the prompt says": "all",
    "Intro: one alone, then all": "~4 first | all",
    "Drums come in later": "~4 no drums | all",
    "One after another": "~4 first | ~4 first 2 | ~4 first 3 | all",
    "Breakdown: a while without drums": "~8 all | ~4 no drums | all",
}
START = Settings(prompt=EXAMPLES["Lo-fi"])


def steering(engines: Engines) -> Parts:
    """All but the words: length, seed, model, plan, melody, pattern and the rest."""
    parts = _main(engines) | _plan(engines) | _melody() | _continue() | _pattern(engines)
    return parts | _advanced()


def words() -> Parts:
    """The prompt, and the buttons beside it."""
    prompt = gr.Textbox(
        EXAMPLES["Lo-fi"], label=say("Prompt"), lines=3, max_lines=6, max_length=1000, elem_id="prompt",
        placeholder=say("What should it sound like? Style, mood, instruments, tempo, key …"),
    )
    with gr.Row():
        generate = gr.Button(say("Generate"), variant="primary", elem_id="generate", scale=4, min_width=110)
        stop = gr.Button(say("Stop"), interactive=False, elem_id="stop", scale=1, min_width=70)
        surprise_me = gr.Button(say("Surprise me"), elem_id="surprise", icon=DICE, scale=2, min_width=130)
    with gr.Row(elem_id="start-from"):
        gr.Examples(
            [[text] for text in EXAMPLES.values()], [prompt], example_labels=list(EXAMPLES), label=say("Or start from"),
            api_visibility="private",
        )
        # Any kind of file may be chosen: what is none of ours gets a sentence that says so, on a phone, too.
        given = gr.UploadButton(str(say("From a file")), size="sm", min_width=110, scale=0, elem_id="from-file")
    with gr.Row(elem_id="steered"):
        by_hand = gr.HTML("", elem_id="by-hand")
        afresh = gr.Button(say("Start afresh"), size="sm", visible=HIDDEN, elem_id="afresh", min_width=120, scale=0)
    return {"prompt": prompt, "surprise": surprise_me, "generate": generate, "stop": stop, "from_file": given,
            "by_hand": by_hand, "afresh": afresh}


def _main(engines: Engines) -> Parts:
    cards = [engines.card(name) for name in engines.names]
    longest = engines.max_duration
    with gr.Group():
        with gr.Row():
            duration = gr.Slider(
                1, longest, min(10, longest), step=0.5, label=say("Duration, seconds"), elem_id="duration", scale=3,
                min_width=180,
            )
            bars = gr.Dropdown(
                list(BARS), value=FREE, label=say("Bars"), min_width=105, scale=1, elem_id="bars", filterable=False,
            )
        with gr.Row():
            seed = _number(say("Seed"), say("a new one each time"), elem_id="seed", scale=3)
            small: dict[str, Any] = {"elem_classes": "dice", "min_width": 44, "scale": 0}
            roll = gr.Button(say("Roll a seed"), icon=DICE, elem_id="roll", **small)
            lock = gr.Button(say("Keep this seed, or release it"), icon=LOCK, elem_id="lock", **small)
            takes = gr.Dropdown(
                [(str(n), n) for n in range(1, handlers.MOST_TAKES + 1)], value=1, label=say("Takes"), min_width=80,
                scale=1, elem_id="takes-count", filterable=False,
            )
        model = gr.Dropdown(
            [(card.label, card.name) for card in cards], value=cards[0].name, label=say("Model"), info=cards[0].note,
            elem_id="model",
        )
    return {"duration": duration, "bars": bars, "seed": seed, "roll": roll, "lock": lock, "takes": takes,
            "model": model}


def _plan(engines: Engines) -> Parts:
    card = engines.card(engines.default)
    plan_line = gr.HTML(before.show_plan(START, card.planned), elem_id="plan-line")
    length_line = gr.HTML("", elem_id="length-line", elem_classes="may-be-empty")
    with gr.Accordion(say("Plan and notes: tempo, key, chords, melody"), open=False, elem_id="plan-fold"):
        parts: Parts = {"plan_line": plan_line, "length_line": length_line}
        with gr.Column(elem_classes=None if card.sings else AWAY, elem_id="sheet-box") as parts["sheet_box"]:
            parts["painting"] = sheet(before.score(START, None, card.planned))
            gr.HTML(views.note(say(
                "The melody and the plan's chords over time, as the model will be told them. Paint to change them: "
                "what you painted is orange."
            )))
        parts["follow_plan"] = gr.Checkbox(
            True, label=say("Follow a plan"), info=say("Whatever is on auto comes from the prompt and the seed."),
        )
        with gr.Row():
            parts["bpm"] = _number(say("Tempo"), say("auto"), elem_id="bpm")
            gr.Button(say("Tap"), size="sm", min_width=56, scale=0, elem_id="tap")  # in time; page.js counts
            parts["key"] = gr.Dropdown(KEYS, value="auto", label=say("Key"), min_width=100)
            parts["meter"] = gr.Dropdown(["auto", *METERS], value="auto", label=say("Metre"), min_width=90)
        with gr.Row():
            parts["chords"] = gr.Textbox(
                "", label=say("Chords, one a bar"), placeholder=say("auto, or: Am F C G"), max_length=200,
                min_width=160, scale=2, elem_id="chords",
            )
            parts["drums"] = gr.Dropdown(list(DRUMS), value="auto", label=say("Drums"), min_width=90, scale=1)
            parts["ending"] = gr.Dropdown(list(ENDINGS), value="auto", label=say("Ending"), min_width=90, scale=1)
        parts["instruments"] = gr.Dropdown(
            [*INSTRUMENTS, KIT], value=[], multiselect=True, max_choices=MOST, label=say("Instruments"),
            info=say("Every instrument except the drums. If empty: from the prompt, or its style."),
            elem_id="instruments",
        )
        parts["sections"] = gr.Dropdown(
            list(SECTIONS.items()), value="", allow_custom_value=True,
            label=say("Sections: who plays when"), elem_id="sections",
            info=say("Bars and players: 4 piano | 8 all | 4 no drums | all. With ~4 they are fewer in a short take."),
        )
        with gr.Row():
            parts["fill_plan"] = gr.Button(say("Fill in, to edit"), size="sm", min_width=120, elem_id="fill-plan")
            parts["clear_plan"] = gr.Button(say("All on auto"), size="sm", min_width=100)
    return parts


def _melody() -> Parts:
    with gr.Accordion(say("Melody to follow"), open=False, elem_id="melody-fold") as fold:
        melody = gr.Audio(
            sources=["upload", "microphone"], type="filepath", label=say("Hum, play or upload"), elem_id="melody",
            waveform_options=WAVES, buttons=[],
        )
        with gr.Row(elem_id="tunes"):
            tunes = {f"tune_{name}": gr.Button(name, size="sm", min_width=100) for name in TUNES}
        separation = gr.Radio(
            list(METHODS), value="auto", label=say("Find the tune by"),
            info=say("Demucs leaves out drums and bass; harmonic leaves out drum hits and low notes; none takes the "
                     "whole sound. Auto is Demucs if it can be had, else harmonic."),
        )
        strength = gr.Slider(
            WEAKEST, STRONGEST, value=STRENGTH, step=0.25, label=say("How closely"), elem_id="melody-strength",
            info=say("How closely the bundled model follows the tune, and painted notes. Above 3 the sound suffers."),
        )
        melody_view = gr.HTML(elem_classes="figure", elem_id="melody-view")
        melody_rests = gr.HTML("", elem_id="melody-rests", elem_classes="may-be-empty")
    return {"melody": melody, "separation": separation, "melody_strength": strength, "melody_view": melody_view,
            "melody_rests": melody_rests, "melody_fold": fold} | tunes


def _continue() -> Parts:
    with gr.Accordion(say("Continue a recording"), open=False, elem_id="continue-fold") as fold:
        continue_from = gr.Audio(
            sources=["upload", "microphone"], type="filepath", label=say("Go on from this"), elem_id="continue-from",
            waveform_options=WAVES, buttons=[],
        )
        gr.HTML(views.note(say("The duration counts the given audio and the new music together.")))
    return {"continue_from": continue_from, "continue_fold": fold}


def _pattern(engines: Engines) -> Parts:
    with gr.Accordion(say("Pattern: the order of the codes"), open=False, elem_id="pattern-fold"):
        gr.HTML(views.note(views.TERMS))
        names = [(name.replace("_", " "), name) for name in PATTERN_NAMES]
        pattern = gr.Dropdown(
            [(AS_TRAINED, AS_TRAINED), *names], value=AS_TRAINED, label=say("Pattern"), allow_custom_value=True,
            info=say("Or write your own: delays such as 0,1,2,3, or groups such as 1|2,3,4."), elem_id="pattern",
        )
        at_first = before.show_pattern(engines, engines.default, AS_TRAINED, Settings().duration)
        card = gr.HTML(at_first, elem_id="pattern-card")
    return {"pattern": pattern, "pattern_card": card}


def _advanced() -> Parts:
    own = say("the model's own")
    with gr.Accordion(say("Advanced"), open=False, elem_id="advanced-fold"):
        with gr.Row():
            temperature, guidance = _number(say("Temperature"), own), _number(say("Guidance"), own)
        with gr.Row():
            top_k, top_p = _number("Top-k", own), _number("Top-p", own)
        prior = _number(
            say("Prior"), own, elem_id="prior",
            info=say("How much counts what the bundled model expects of each frame by the plan alone, whatever came "
                     "before. 0 is off; more keeps closer to the chords and sounds plainer."),
        )
        negative_prompt = gr.Textbox(
            "", label=say("Negative prompt"), placeholder=say("What it should not sound like"), max_length=1000
        )
        greedy = gr.Checkbox(
            False, label=say("Greedy"),
            info=say("Always takes the likeliest code: nothing is left to chance, and it often sounds dull."),
        )
    return {
        "temperature": temperature, "guidance": guidance, "top_k": top_k, "top_p": top_p,
        "prior": prior, "negative_prompt": negative_prompt, "greedy": greedy,
    }


def _number(label: Any, empty: Any, **options: Any) -> gr.Textbox:
    """A number that may be left empty; `gr.Number` shows 0 where there is none."""
    return gr.Textbox("", label=label, placeholder=empty, max_length=20, min_width=90, **options)
