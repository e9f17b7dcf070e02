"""The How it works tab: a model's architecture drawn from its configuration, its ideas in a few words, one step.

Reads like the tab from top to bottom. Loads no model; what is drawn is in ``blueprint``, the step in ``inside``.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from musicgen.blueprint import blueprint
from musicgen.config import KNOWN_MODELS
from musicgen.ui import views
from musicgen.ui.engines import Engines
from musicgen.ui.inside import inside_section
from musicgen.ui.results import Find
from musicgen.ui.wiring import QUIET, Parts
from musicgen.ui.words import say

IDEAS = (  # what it is, in plain words, and where it can be heard or seen
    (
        say("Sound as codes"),
        say("The codec cuts sound into frames of 20 ms and writes each as a few codes. A code is the number of an "
            "entry in a codebook, a numbered list; the entries chosen for a frame are added up. The first says roughly "
            "what it sounds like; each of the others corrects what the ones before it missed. So music becomes a grid "
            "of numbers, and numbers can be predicted."),
        say("Hear it on Codebooks."),
    ),
    (
        say("Why interleave them"),
        say("Predicting all codes of a frame at once is quick, but none of them knows the others. One by one misses "
            "nothing, but takes several times as many steps. The delay pattern is the middle way: each codebook lags "
            "one step behind the coarser one, and so sees the coarser codes of its own frame."),
        say("See and hear it on Patterns."),
    ),
    (
        say("The melody's bottleneck"),
        say("Of a recording only the strongest of the twelve pitch classes (C, C#, D and so on, in any octave) is kept "
            "for each chroma frame: one every 128 ms, each taken from half a second of sound. There is no timbre in "
            "it, no octave, no words. So the model can follow the tune, but cannot copy the recording; everything else "
            "it has to invent. (The bundled model is also told the tempo and the beat heard in the recording.)"),
        say("Try it on Create, under “Melody to follow”."),
    ),
    (
        say("Guidance"),
        say("Each step is scored twice: with what the model is told, and without. The difference between the two is "
            "then enlarged. With more guidance the music follows you more closely; too much sounds forced. (The "
            "bundled model keeps half of the words on the “without” side, too, so that the plan counts for more.)"),
        say("Change it on Create, under “Advanced”; see below what it does to one step."),
    ),
    (
        say("The plan"),
        say("Words alone pin down neither tempo nor key well. So a plan comes first, from your prompt and the seed: "
            "tempo, metre, key, chords, drums, instruments. The bundled model is told the plan frame by frame; the "
            "released ones read what you set by hand as part of the text. Beside it the bundled model has a prior, a "
            "small network that knows no past: by the plan of one frame alone it tells which codes are likely there. "
            "This is added to the scores, and leads the music back to the plan where it strays."),
        say("See it and paint over it on Create, under “Plan and notes”."),
    ),
    (
        say("The paper"),
        say("All the ideas above except the plan are in Copet et al. 2023, “Simple and Controllable Music Generation”, "
            "arXiv:2306.05284. The bundled model has a different text encoder and a codec of its own. Telling a model "
            "tempo and chords frame by frame follows MusiConGen and JASCO."),
        "",
    ),
)


def how_tab(engines: Engines, made: Parts, find: Find = lambda made, *_: made) -> None:
    """Lay out the tab and wire it; ``made`` has the take of the Create tab."""
    lead = say("What the chosen model is made of, from your words to the sound. Every number is computed from its "
               "configuration.")
    gr.HTML(f'<p class="note lead">{lead}</p>')
    names = list(dict.fromkeys([*engines.names, *KNOWN_MODELS]))
    model = gr.Dropdown(
        [(_label(name), name) for name in names], value=engines.default, label=say("Model"), elem_id="how-model",
    )
    picture = gr.HTML(draw(engines, engines.default), elem_id="how-picture")
    model.input(lambda name: draw(engines, name), model, picture, **QUIET)
    gr.HTML(views.note(say(
        "Parameters are those of the language model, without text encoder and codec. The sizes in the list, 300 M, 1.5 "
        "B and 3.3 B, are the paper's names: small has about 300 M without cross-attention, embeddings and heads. "
        "Models that put the words before the codes have no cross-attention, and so fewer parameters than others of "
        "the same size."
    )))
    with gr.Row(elem_classes="ideas", elem_id="how-ideas"):
        for title, text, where in IDEAS:
            with gr.Column(elem_classes="card", min_width=200):  # one phrase each: of several only one is translated
                gr.HTML(f"<h2>{title}</h2>")
                gr.HTML(f"<p>{text}</p>")
                if where:
                    gr.HTML(f'<p class="where">{where}</p>')
    inside_section(engines, made, find)


def _label(name: str) -> str:
    """More than the name: "melody" alone is one of the page's words, and would be shown in the reader's language."""
    known = KNOWN_MODELS.get(name)
    if known is None:
        return f"{Path(name).name} · folder"
    return " · ".join(part for part in (name, known.parameters, known.licence) if part)


def draw(engines: Engines, name: str) -> str:
    """The architecture of ``name`` for wide pages and for narrow ones, or why it cannot be drawn."""
    config = engines.configuration(name)
    if config is None:
        return views.note("What this model is made of is known once it is loaded. Make a take with it, then come back.")
    try:
        return blueprint(config, wide=True) + blueprint(config, wide=False)
    except ValueError as error:  # a configuration may name a pattern that is none
        return views.problem(str(error))
