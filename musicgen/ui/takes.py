"""The Takes tab, and the links that bring a take or its settings back. What happens is in ``keeping``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from musicgen.takes import Takes
from musicgen.ui import arriving, keeping
from musicgen.ui.engines import Engines
from musicgen.ui.results import SHOW
from musicgen.ui.settings import roll_seed
from musicgen.ui.shown import Update
from musicgen.ui.wiring import AWAY, HIDDEN, QUIET, RESULTS, WAVES, Parts, controls, named
from musicgen.ui.words import say

# The page's own address, without what follows the path: only the browser knows it for sure.
ADDRESS = "location.origin + location.pathname"


def takes_tab(parts: Parts, engines: Engines, takes: Takes) -> None:
    """Lay out the tab into ``parts`` and wire it; the Takes tab itself is ``parts["takes_tab"]``."""
    with gr.Row(elem_id="shelf"):
        with gr.Column(scale=2, min_width=280):
            parts["kept_search"] = gr.Textbox(
                "", label=say("Search"), placeholder=say("Words of the prompt, model, seed …"), max_length=100,
                elem_id="kept-search",
            )
            parts["kept_note"] = gr.HTML(elem_id="kept-note")
            parts["kept"] = gr.Radio([], label=say("Your takes"), visible=HIDDEN, elem_id="kept")
        with gr.Column(scale=5, min_width=280):
            _actions(parts)
            with gr.Row():
                for side in keeping.SIDES:
                    _panel(parts, side)
    _wire_tab(parts, engines, takes)


def _actions(parts: Parts) -> None:
    with gr.Column(elem_classes=AWAY) as parts["kept_actions"]:
        with gr.Row(elem_id="kept-buttons"):
            parts["kept_reopen"] = gr.Button(say("Open in Create"), size="sm", min_width=110, elem_id="kept-reopen")
            parts["kept_favourite"] = gr.Button(say("★ Favourite"), size="sm", min_width=90, elem_id="kept-favourite")
            parts["kept_share"] = gr.Button(say("Share link"), size="sm", min_width=90, elem_id="kept-share")
            parts["kept_unshare"] = gr.Button(
                say("Stop sharing"), size="sm", min_width=90, visible=HIDDEN, elem_id="kept-unshare"
            )
            parts["kept_delete"] = gr.Button(say("Delete"), size="sm", min_width=80, elem_id="kept-delete")
        with gr.Row(elem_classes=AWAY) as parts["kept_sure"]:
            parts["kept_yes"] = gr.Button(say("Delete for good"), variant="stop", size="sm", elem_id="kept-yes")
            parts["kept_no"] = gr.Button(say("Do not delete"), size="sm", elem_id="kept-no")
        parts["kept_link"] = gr.Textbox(
            label=say("Link"), visible=HIDDEN, interactive=False, max_lines=2, buttons=["copy"], elem_id="kept-link"
        )
        parts["kept_other"] = gr.Dropdown([("nothing", "")], value="", label=say("Compare with"), elem_id="kept-other")


def _panel(parts: Parts, side: str) -> None:
    name = f"kept_{side}"
    classes = None if side == "first" else AWAY
    with gr.Column(min_width=280, elem_classes=classes, elem_id=f"kept-{side}") as parts[name]:
        parts[f"{name}_title"] = gr.HTML()
        parts[f"{name}_audio"] = gr.Audio(
            label=say("Take"), type="filepath", interactive=False, visible=HIDDEN, buttons=["download"],
            waveform_options=WAVES,
        )
        parts[f"{name}_facts"] = gr.HTML()
        parts[f"{name}_grid"] = gr.HTML(elem_classes="figure")
        parts[f"{name}_spectrum"] = gr.HTML(elem_classes="figure")


def _wire_tab(parts: Parts, engines: Engines, takes: Takes) -> None:
    owner, search, kept, other = (parts[name] for name in ("owner", "kept_search", "kept", "kept_other"))
    shown = [component for name, component in parts.items() if name.startswith("kept")]

    def on(event: Callable[..., Any], does: Callable[..., Update], inputs: list[Any], **options: Any) -> Any:
        # What was chosen is looked up anyway; Gradio would compare it with choices that a new server has forgotten.
        return event(named(parts, does), inputs, shown, preprocess=False, **QUIET | options)

    for event in (parts["takes_tab"].select, search.change):
        on(event, lambda *given: keeping.listing(takes, *given), [owner, search, kept, other],
           trigger_mode="always_last")
    picked = on(kept.input, lambda *given: keeping.pick(takes, *given), [owner, kept], trigger_mode="always_last")
    picked.success(None, js=SHOW % "kept-first", api_visibility="private")  # on a phone it is below the list
    on(other.input, lambda who, take: keeping.panel(takes, who, take, "second"), [owner, other],
       trigger_mode="always_last")
    changes = {"favourite": keeping.mark, "unshare": keeping.unshare, "yes": keeping.delete}
    for name, change in changes.items():
        on(parts[f"kept_{name}"].click, lambda *given, change=change: change(takes, *given), [owner, kept, search])
    on(parts["kept_delete"].click, lambda: {"kept_sure": gr.update(visible=True)}, [])
    on(parts["kept_no"].click, lambda: {"kept_sure": gr.update(visible=False)}, [])
    on(
        parts["kept_share"].click,
        lambda *given: keeping.share_picked(takes, *given),
        [owner, kept, parts["address"]], js=f"(owner, take, _) => [owner, take, {ADDRESS}]",
    )
    parts["kept_reopen"].click(
        named(parts, lambda *given: keeping.reopen(engines, takes, *given)), [owner, kept, parts["run"]],
        [*_create_outputs(parts), parts["tabs"], parts["kept_link"]], preprocess=False, **QUIET,
    ).success(None, js=SHOW % "status", api_visibility="private")


def wire_links(page: gr.Blocks, parts: Parts, engines: Engines, takes: Takes | None) -> None:
    """What a link in the address brings, and the buttons that make one."""

    def arrive(owner: str | None, draft: str, request: gr.Request) -> Update:
        brought = arriving.arrive(engines, takes, owner, dict(request.query_params), draft)
        return {"owner": owner, "next_seed": roll_seed()} | brought

    page.load(
        named(parts, arrive), [parts["owner"], parts["address"]], [parts["owner"], *_create_outputs(parts)],
        js="async (owner, _) => { const settings = await drawn(); return [owner ?? visitor(), settings]; }", **QUIET,
    )
    if takes is not None:
        for name, makes in (("share_take", keeping.share), ("share_settings", keeping.share_settings)):
            parts[name].click(
                named(parts, lambda *given, makes=makes: makes(takes, *given)),
                [parts["owner"], parts["take_id"], parts["address"]], parts["link"],
                js=f"(owner, take, _) => [owner, take, {ADDRESS}]", **QUIET,
            )


def _create_outputs(parts: Parts) -> list[Any]:
    return [*controls(parts).values(), *(parts[name] for name in RESULTS)]
