"""How the tabs are wired: components by name, handlers that answer with names. Knows nothing of what is on a tab."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import wraps
from typing import Any, Literal

import gradio as gr
from gradio.blocks import Block, BlockContext
from gradio.components import Component

from musicgen.ui.files import Stream
from musicgen.ui.live import told
from musicgen.ui.settings import Settings

Parts = dict[str, Any]  # components by name; the names of ``Settings`` are the controls

WAVES = gr.WaveformOptions(waveform_color="#5eaaa3", waveform_progress_color="#0d9488")
# What is shown only at times is mounted all the same, for Gradio loses what it tells a part that is being mounted: on a
# slow phone a card would come without its sound. ``named`` hides so whatever a handler makes invisible.
HIDDEN: Literal["hidden"] = "hidden"  # for ``visible``
AWAY = "away"  # among the ``elem_classes`` of a layout, which Gradio would show in spite of ``HIDDEN``
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
# What a take changes on the page; the link to it belongs to it.
RESULTS = (
    "status", "live", "versions", "take", "facts", "loop", "after", "grid", "pitches", "spectrum", "recipe",
    "recipe_fold", "generate", "stop", "take_id", "share_row", "link", "shown", "made", "next_seed",
)


def controls(parts: Parts) -> Parts:
    """The components that make up ``Settings``."""
    return {field.name: parts[field.name] for field in fields(Settings)}


def named(parts: Parts, handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler that answers with names as one that answers with components; an empty answer changes nothing."""

    def translate(update: dict[str, Any]) -> dict[Component, Any]:
        if not update:  # Gradio would take an empty dictionary for a value
            return gr.skip()
        return {parts[name]: _told(parts[name], value) for name, value in update.items()}

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


def _told(part: Block, value: Any) -> Any:
    """``value`` as Gradio takes it."""
    if isinstance(value, Stream):
        return told(value)
    if not isinstance(value, dict) or "visible" not in value:
        return value
    if not isinstance(part, BlockContext):
        return value | {"visible": value["visible"] or HIDDEN}
    classes = [name for name in part.elem_classes if name != AWAY]
    rest = {name: one for name, one in value.items() if name != "visible"}
    return rest | {"elem_classes": classes if value["visible"] else [*classes, AWAY]}
