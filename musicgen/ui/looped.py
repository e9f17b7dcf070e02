"""The player of a take's loop: its whole bars, round and round without a seam.

Only the component; in the browser (``looped.js``) it plays the file that ``after.save_as`` makes once it is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

from musicgen.audio import Audio
from musicgen.loop import cut_of
from musicgen.ui.scripts import script

_TEMPLATE = """
<div class="sheet-tools">
<button type="button" aria-pressed="false" data-say>Loop here</button>
<output></output>
</div>
"""
_WORDS = ("Loop here", "bar", "bars")
# What the server answers: where the file is that was asked for, or nothing.
HERE = "(file) => { document.getElementById('loop')?.dispatchEvent(new CustomEvent('loop', { detail: file?.url })); }"
NOWHERE = "() => { document.getElementById('loop')?.dispatchEvent(new CustomEvent('loop')); }"


def looped() -> gr.HTML:
    """The component, not to be seen. Its value is what ``told`` says of a take, or "" for none; a click asks for the
    file."""
    return gr.HTML(
        "", html_template=_TEMPLATE, js_on_load=script(["looped.js"], _WORDS), elem_id="loop", label="Loop",
    )


def told(file: str, sound: Audio, recipe: Mapping[str, Any]) -> str:
    """How many bars of the take in ``file`` can be repeated and how fast they go, as looped.js reads it; "" where there
    are none."""
    try:
        cut = cut_of(sound, recipe)
    except ValueError:  # no tempo, or not a whole bar
        return ""
    return json.dumps({"take": file, "bars": cut.bars, "bpm": round(cut.bpm, 1), "rate": sound.sample_rate})
