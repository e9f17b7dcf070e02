"""The result column of the Create tab: how far it is, the players, the buttons under a take, its pictures.

Reads like the column from top to bottom. What the buttons do is in ``after``; links are wired in ``takes``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from musicgen.ui import after, views
from musicgen.ui.live import live
from musicgen.ui.looped import HERE, NOWHERE, looped
from musicgen.ui.shown import Made
from musicgen.ui.wiring import AWAY, HIDDEN, QUIET, WAVES, Parts, controls, named
from musicgen.ui.words import say

# Saves the file that a handler made; the button that was pressed does not move. A phone offers it to its other programs
# where it can: what it downloads is hard to find there.
DOWNLOAD = """async (file) => {
  if (!file) return;
  if (matchMedia("(pointer: coarse)").matches && navigator.canShare) {
    try {
      const sound = await (await fetch(file.url)).blob();
      const files = [new File([sound], file.orig_name, { type: sound.type })];
      if (navigator.canShare({ files })) return await navigator.share({ files });
    } catch (error) {
      if (error.name === "AbortError") return;  // who closes the list wants no file
    }
  }
  const link = document.createElement("a");
  [link.href, link.download] = [file.url, file.orig_name];
  link.click();
}"""
SAVING = 2  # files that are written at once
HELD = ("shown", "owner", "take_id")  # what tells the take on the page
Find = Callable[[Made | None, str | None, str], Made | None]  # of these the take, or None; see ``keeping.found``
SHOW = "() => document.getElementById('%s')?.scrollIntoView({block: 'nearest', behavior: 'smooth'})"


def results() -> Parts:
    """Lay out the column; return its parts."""
    ready = views.progress(say("Press Generate, or Ctrl+Enter. You hear it while it is being made."))
    parts: Parts = {"status": gr.HTML(ready, elem_id="status")}
    parts["live"] = live()
    parts["versions"] = gr.Radio([], label=say("Takes made together"), visible=HIDDEN, elem_id="versions")
    parts["take"] = gr.Audio(
        label=say("The whole take"), type="filepath", interactive=False, visible=HIDDEN, elem_id="take",
        buttons=["download"], waveform_options=WAVES,
    )
    parts["facts"] = gr.HTML(elem_id="facts")
    parts["loop"] = looped()
    with gr.Column(elem_classes=AWAY, elem_id="after") as parts["after"]:
        _buttons(parts)
    parts["grid"] = gr.HTML(elem_classes="figure", elem_id="grid")
    parts["pitches"] = gr.HTML(elem_classes="figure", elem_id="pitches")
    parts["spectrum"] = gr.HTML(elem_classes="figure", elem_id="spectrum")
    with gr.Accordion(
        say("Recipe: everything needed to make it again"), open=False, elem_classes=AWAY
    ) as parts["recipe_fold"]:
        parts["recipe"] = gr.Code(language="json", show_label=False, interactive=False, elem_id="recipe")
    parts["file"], parts["shown"], parts["made"] = gr.File(visible=False), gr.State(None), gr.State([])
    # In the browser: a server forgets what a page holds an hour after a connection was lost, or for so many others.
    parts["take_id"] = gr.Textbox(visible=False)
    return parts


def _buttons(parts: Parts) -> None:
    with gr.Row():
        parts["again"] = gr.Button(say("Same again"), size="sm", min_width=90, elem_id="again")
        parts["anew"] = gr.Button(say("New performance"), size="sm", min_width=90, elem_id="anew")
        parts["new_seed"] = gr.Button(say("New seed"), size="sm", min_width=90, elem_id="new-seed")
        parts["go_on"] = gr.Button(say("Continue it"), size="sm", min_width=90, elem_id="go-on")
        parts["as_melody"] = gr.Button(say("Use as melody"), size="sm", min_width=90, elem_id="as-melody")
    gr.HTML(views.note(say("Save as")), elem_id="save-as")
    with gr.Row():
        for kind, name in after.KINDS.items():
            parts[f"save_{kind}"] = gr.Button(
                say(name), size="sm", min_width=60, elem_id=f"save-{kind}", elem_classes="save"
            )
    with gr.Row(elem_classes=AWAY, elem_id="share-row") as parts["share_row"]:
        parts["share_take"] = gr.Button(say("Link to this take"), size="sm", min_width=130, elem_id="share-take")
        parts["share_settings"] = gr.Button(
            say("Link to its settings"), size="sm", min_width=130, elem_id="share-settings"
        )
    parts["link"] = gr.Textbox(
        label=say("Link"), visible=HIDDEN, interactive=False, max_lines=2, buttons=["copy"], elem_id="link"
    )


def wire_results(parts: Parts, generate: Callable[[Any], Any], longest: float, find: Find) -> None:
    """Wire the buttons; ``generate`` makes a press of Generate follow an event, ``find`` finds the take on the page."""

    def of(does: Callable[..., Any]) -> Callable[..., Any]:
        return lambda made, owner, take, *more: does(find(made, owner, take), *more)

    take = [parts[name] for name in HELD]
    asked = [*controls(parts).values(), parts["takes"], parts["next_seed"]]
    presses: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {  # what it does, and of what
        "again": (of(after.again), (*HELD, "melody", "continue_from")),
        "anew": (of(after.anew), (*HELD, "next_seed", "melody", "continue_from")),
        "new_seed": (after.new_seed, ("made", "next_seed")),
    }
    for name, (does, given) in presses.items():
        generate(parts[name].click(named(parts, does), [parts[one] for one in given], asked, **QUIET).success)
    changed = [*controls(parts).values(), parts["status"], parts["continue_fold"], parts["melody_fold"]]
    go_on = partial(after.go_on, longest=longest)
    for name, does, fold in (("go_on", go_on, "continue-fold"), ("as_melody", after.as_melody, "melody-fold")):
        parts[name].click(
            named(parts, of(does)), take, changed, **QUIET
        ).success(None, js=SHOW % fold, api_visibility="private")
    busy = threading.Semaphore(SAVING)

    def save(made: Made | None, kind: str) -> str:
        with busy:
            return after.save_as(made, kind)

    # Not in the queue: what waits for a model there may fill it, and these need none.
    for kind in after.KINDS:
        parts[f"save_{kind}"].click(of(partial(save, kind=kind)), take, parts["file"], **QUIET).success(
            None, parts["file"], js=DOWNLOAD, api_visibility="private"
        )
    loop = parts["loop"].click(of(partial(save, kind="loop")), take, parts["file"], **QUIET)
    loop.success(None, parts["file"], js=HERE, api_visibility="private")
    loop.failure(None, js=NOWHERE, api_visibility="private")
    shown = [parts[name] for name in ("status", "take", "facts", "loop", "after", "grid", "pitches", "spectrum",
                                      "recipe", "recipe_fold", "shown", "take_id", "share_row", "link")]
    parts["versions"].input(
        named(parts, lambda made, owner, picked: after.pick(made, picked, partial(find, None, owner))),
        [parts["made"], parts["owner"], parts["versions"]], shown, trigger_mode="always_last",
        preprocess=False, **QUIET
    )
