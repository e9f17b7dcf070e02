"""One step of a take, seen from inside: what guidance, prior, temperature, top-k and top-p do to its scores.

The section of the How it works tab, and what its button and its component ask of the server. The scores of a take are
read once (``musicgen.inside``) and lie in a file that nobody is told of; the browser gets those of one code at a time
and does the arithmetic of ``sampling`` itself (``inside.js``). Whose take it is, the page's own state says: a visitor
names a place and a codebook, nothing else.
"""

from __future__ import annotations

import json
import math
import secrets
import shutil
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from musicgen import audio
from musicgen.aligned import bar_seconds
from musicgen.engine import MAX_DURATION
from musicgen.inside import Scores, divergence, read
from musicgen.request import beginning_of, plan_of, request_from_recipe, was_made_with
from musicgen.ui import handlers, views
from musicgen.ui.engines import Engines
from musicgen.ui.failing import explained
from musicgen.ui.files import INSIDE, new_folder
from musicgen.ui.lent import SHORT_SECONDS, on_gpu
from musicgen.ui.results import HELD, Find
from musicgen.ui.scripts import script
from musicgen.ui.shown import Made, Update
from musicgen.ui.wiring import QUIET, Parts, named
from musicgen.ui.words import say

MOST_BARS = 64  # that are drawn
IDLE: Update = {"go": gr.update(interactive=True)}
DEFINITIONS = (
    "<b>Told</b>: the code's probability with what the model is told. <b>Without</b>: its probability on the side that "
    "guidance leads away from, where the model is told nothing, a negative prompt or, if it is the bundled one, half "
    "of the words. <b>Prior</b>: how many times as likely as otherwise the code is by the plan of its frame alone; the "
    "logarithm of that is added to the scores, so many times as is set. <b>In the end</b>: after guidance, prior, "
    "temperature and top-k or top-p; the code is drawn from this. "
    "<b>The curve</b>: how far apart the first two are (Kullback-Leibler divergence, in nats)."
)
_GONE = "What was read of this take is no longer here; press the button again."
_NO_AUDIO = (
    "This take was made with audio that is no longer here: give the file on Create, then press the button again."
)

_TEMPLATE = """
<p class="inside-caption" id="inside-strip-name"
 data-say>How much what the model was told mattered, frame by frame</p>
<div class="inside-strip" aria-hidden="true">
<svg preserveAspectRatio="none"><path></path></svg><div class="inside-bars"></div><div class="inside-line"></div>
<span class="inside-most"></span>
</div>
<input type="range" data-set="frame" min="0" step="1" aria-label="Place in the take" data-label
 aria-describedby="inside-strip-name">
<div class="sheet-tools inside-books" role="group" aria-label="Codebook" data-label></div>
<p class="inside-where"></p>
<output aria-live="polite"></output>
<div class="inside-sliders">
<label><span data-say>Guidance</span> <b></b>
<input type="range" data-set="guidance" min="0" max="10" step="0.1"></label>
<label class="prior"><span data-say>Prior</span> <b></b>
<input type="range" data-set="prior" min="0" max="2" step="0.05"></label>
<label><span data-say>Temperature</span> <b></b>
<input type="range" data-set="temperature" min="0.1" max="2" step="0.05"></label>
<label><span>Top-k</span> <b></b><input type="range" data-set="topK" min="0" step="1"></label>
<label><span>Top-p</span> <b></b><input type="range" data-set="topP" min="0" max="1" step="0.01"></label>
</div>
<div class="sheet-tools"><button type="button" data-do="reset" data-say>As it was drawn</button></div>
<table class="inside-codes"><thead><tr>
<th scope="col" data-say>Code</th><td></td>
<th scope="col" class="told" data-say>Told</th><th scope="col" class="without" data-say>Without</th>
<th scope="col" class="prior" data-say>Prior</th>
<th scope="col" class="after" data-say>In the end</th>
</tr></thead><tbody></tbody></table>
"""
_WORDS = (
    "How much what the model was told mattered, frame by frame", "Place in the take", "Codebook", "Guidance",
    "Temperature", "Prior", "As it was drawn", "Code", "Told", "Without", "In the end", "off", "drawn",
    "At #1 s: frame #2, codebook #3, predicted in step #4.", "up to #1 nats",
    "The likeliest code is #1, with #2. Codes that make up 90 %: #3. Entropy: #4 nats.",
    "The code drawn is #1, with #2: rank #3, a surprise of #4 nats.",
    "The code drawn is #1, rank #2: these settings leave it out.",
)


@dataclass(frozen=True)
class Looked:
    """The scores of one take, where this visitor's page finds them."""

    file: str  # float32 [T, K, R, V], R = 2 rows or, with a prior's log-odds, 3; the browser is never told of it
    name: str  # by which the browser tells one take's scores from another's
    codes: np.ndarray  # int [K, T]
    steps: np.ndarray  # int [T, K]
    rows: int  # R
    size: int  # V


def inside_section(engines: Engines, made: Parts, find: Find = lambda made, *_: made) -> None:
    """Lay out the section and wire it; ``made`` has the Create tab's take and the audio that lies there, ``find`` finds
    a take that the server has forgotten."""
    gr.HTML(f"<h2>{say('One step, seen from inside')}</h2>")
    lead = say("Before a code is drawn, every code of its codebook gets two scores: one with what the model is told, "
               "one without. Look at one step of your take, and move the settings that make one distribution out of "
               "the two. The codes before it stay as they were drawn.")
    gr.HTML(f'<p class="note lead">{lead}</p>')
    with gr.Row(equal_height=True):
        parts: Parts = {
            "go": gr.Button(say("Look inside the take made on Create"), elem_id="inside-go", scale=3, min_width=220),
            "since": gr.Number(0, label=say("From second"), minimum=0, maximum=MAX_DURATION, elem_id="inside-since",
                               min_width=110),
        }
    parts["status"] = gr.HTML(elem_id="inside-status", elem_classes="sheet")
    parts["looked"] = gr.State(None, delete_callback=forget)
    parts["inside"] = gr.HTML(
        "", html_template=_TEMPLATE, js_on_load=script(["inside.js"], _WORDS), base="", scores="", elem_id="inside",
        label="Inside",
    )
    gr.HTML(f'<p class="note" id="inside-words">{say(DEFINITIONS)}</p>')

    @partial(on_gpu, seconds=SHORT_SECONDS)
    def look_inside(
        take: Made | None, owner: str | None, take_id: str, melody: str | None, continue_from: str | None,
        since: float | None,
    ) -> Iterator[Update]:
        yield from look(engines, find(take, owner, take_id), melody, continue_from, since or 0.0)

    shown = [parts[name] for name in ("status", "go", "inside", "looked")]
    asked = [*(made[name] for name in (*HELD, "melody", "continue_from")), parts["since"]]
    parts["go"].click(named(parts, begin), parts["looked"], shown, **QUIET).then(
        named(parts, look_inside), asked, shown,
        show_progress="hidden", concurrency_limit=2, api_visibility="private",
    ).failure(named(parts, refused), None, shown, **QUIET)
    parts["inside"].input(
        named(parts, place), [parts["looked"], parts["inside"]], [parts["inside"], parts["status"]],
        trigger_mode="always_last", show_progress="hidden", concurrency_limit=4, api_visibility="private",
    )


def begin(before: Looked | None) -> Update:
    """Clear what was there, at once."""
    forget(before)
    return {"go": gr.update(interactive=False), "status": views.progress("Waiting …"), "looked": None,
            "inside": gr.HTML(base="", scores="")}


def refused() -> Update:
    """A press that nothing came of, for the server would not have it."""
    return IDLE | {"status": handlers.REFUSED}


def forget(looked: Looked | None) -> None:
    """Remove the scores of a take that nobody looks at any more."""
    if looked is not None:
        shutil.rmtree(Path(looked.file).parent, ignore_errors=True)


@explained("This cannot be looked into", IDLE)
def look(
    engines: Engines, made: Made | None, melody: str | None = None, continue_from: str | None = None,
    since: float = 0.0,
) -> Iterator[Update]:
    """Read a take's scores from second ``since`` on, and show where in it the conditions mattered most.

    ``melody`` and ``continue_from`` lie on Create now: they stand in for the take's own audio if they are the same.
    """
    if made is None:
        raise ValueError("There is no take yet: make one on Create, then look inside it here.")
    recipe, asked = made.recipe, made.asked
    request = request_from_recipe(
        dict(recipe),
        _given(recipe, "melody", asked.melody, melody),
        _given(recipe, "continue_from", asked.continue_from, continue_from),
    )
    engine = yield from handlers.loaded(engines, asked.model)
    assert engine is not None  # there is no run that could be stopped
    if engine.model.name != recipe.get("model"):
        raise ValueError(f"This take was made by the model '{str(recipe.get('model'))[:60]}', which is not offered "
                         "here.")
    yield {"status": views.progress("Reading the take again …", 0.0)}
    reading = read(engine.model, request, made.codes.values, since)
    while True:
        try:
            yield {"status": views.progress("Reading the take again …", next(reading))}
        except StopIteration as end:
            found: Scores = end.value
            break
    looked = _kept(found)
    moved = divergence(found.logits)
    yield IDLE | {
        "status": views.progress(_read_of(found, made)),
        "looked": looked,
        "inside": gr.HTML(base=told(looked.name, found, moved, made.codes.frame_rate, recipe),
                          scores=of(looked, int(moved[0].argmax()), 0)),
    }


def place(looked: Looked | None, chosen: str) -> Update:
    """The scores of the place that is ``chosen``: "frame,codebook", both from 0."""
    if looked is None:
        return {"status": views.problem(_GONE)}
    try:
        frame, book = (int(number) for number in str(chosen)[:20].split(","))
        if not (0 <= frame < looked.codes.shape[1] and 0 <= book < looked.codes.shape[0]):
            return {}
        return {"inside": gr.HTML(scores=of(looked, frame, book))}
    except ValueError:
        return {}
    except OSError:
        return {"status": views.problem(_GONE)}


def told(name: str, found: Scores, moved: np.ndarray, frame_rate: float, recipe: Mapping[str, Any]) -> str:
    """What inside.js needs to know of a take, as JSON; ``moved [K, T]`` is its ``divergence``."""
    greedy = not found.params.draws  # as if one code were left to draw from
    return json.dumps({
        "name": name,
        "start": found.start,
        "rate": frame_rate,
        "moved": [[float(f"{value:.3g}") for value in row] for row in moved],
        "bars": _bars(recipe, found.start / frame_rate, (found.start + moved.shape[1]) / frame_rate),
        "size": found.logits.shape[-1],
        "guidance": found.guidance,
        "prior": None if found.odds is None else found.prior,
        "temperature": 1.0 if greedy else found.params.temperature,
        "factors": found.temperatures,
        "topK": 1 if greedy else found.params.top_k,
        "topP": 0.0 if greedy else found.params.top_p,
    })


def of(looked: Looked, frame: int, book: int) -> str:
    """The scores of one code, as JSON. Raises ``OSError`` when their file is gone."""
    books, row = len(looked.codes), looked.rows * looked.size
    values = np.fromfile(looked.file, "<f4", row, offset=4 * row * (frame * books + book))
    if len(values) != row:
        raise OSError("The file is cut off.")
    return json.dumps({
        "name": looked.name,
        "frame": frame,
        "book": book,
        "step": int(looked.steps[frame, book]),
        "code": int(looked.codes[book, frame]),
        "rows": b64encode(values.tobytes()).decode(),  # float32 [R, V]
    })


def _kept(found: Scores) -> Looked:
    path = new_folder(INSIDE) / "scores"
    rows = found.logits if found.odds is None else np.concatenate([found.logits, found.odds[:, :, None]], axis=2)
    rows.astype("<f4", copy=False).tofile(path)
    return Looked(str(path), secrets.token_hex(8), found.codes, found.steps, *rows.shape[2:])


def _given(recipe: Mapping[str, Any], name: str, *paths: str | None) -> audio.Audio | None:
    """The audio that a take was made with, from the first of ``paths`` that holds it. Raises ``ValueError``."""
    if not recipe.get(name):
        return None
    for path in paths:
        if path and Path(path).is_file():
            sound = beginning_of(path, recipe) if name == "continue_from" else audio.read(path)
            if was_made_with(sound, recipe[name]):
                return sound
    raise ValueError(_NO_AUDIO)


def _read_of(found: Scores, made: Made) -> str:
    """That it is there, and which part of the take it is."""
    rate, end = made.codes.frame_rate, found.start + found.codes.shape[1]
    said = "Choose a place in the take and a codebook."
    if found.start == 0 and end == made.codes.values.shape[1]:
        return said
    return f"{said} Seconds {found.start / rate:.1f} to {end / rate:.1f} of it were read."


def _bars(recipe: Mapping[str, Any], begin: float, end: float) -> list[tuple[float, str]]:
    """Where the bars of the take's plan begin (seconds), and their chords; none where it has no tempo."""
    plan = plan_of(recipe)
    if plan is None or plan.bpm is None:
        return []
    bar = bar_seconds(plan.bpm, plan.meter)
    first, last = math.ceil((begin + plan.start) / bar - 1e-6), math.ceil((end + plan.start) / bar - 1e-6)
    if last - first > MOST_BARS:
        return []
    chords = () if recipe.get("painting") else plan.chords  # what was painted over them is what counted
    return [(round(n * bar - plan.start, 3), str(chords[n % len(chords)]) if chords else "")
            for n in range(first, last)]
