"""The player of the sound that is being made: chunks one behind the other without a gap, from the first one on.

Only the component; the files come from ``files.Chunks``. It plays in the browser (``live.js``) what it is told of: WAV
files, as they are, for an encoder and a playlist in between would keep back the first second.
"""

from __future__ import annotations

import json
from urllib.parse import quote

import gradio as gr

from musicgen.ui.files import Stream
from musicgen.ui.scripts import script

_TEMPLATE = """
<div class="live">
<button type="button" aria-label="Pause">
<svg viewBox="0 0 24 24" aria-hidden="true" class="live-pause"><path d="M7 5h3.5v14H7zM13.5 5H17v14h-3.5z"/></svg>
<svg viewBox="0 0 24 24" aria-hidden="true" class="live-play"><path d="M8 5l11 7-11 7z"/></svg>
</button>
<span class="live-name" data-say>Live</span>
<div class="live-line" aria-hidden="true"><div class="live-arrived"></div><div class="live-played"></div></div>
<span class="live-time">0:00</span>
</div>
"""
_WORDS = ("Live", "Play", "Pause")


def live() -> gr.HTML:
    """The component, silent. Its value is a stream as ``told`` writes it, or "" for silence.

    It is always on the page, for it has to hear of the very press that makes the first sound.
    """
    return gr.HTML(
        "", html_template=_TEMPLATE, js_on_load=script(["live.js"], _WORDS), elem_id="live", label="Live",
    )


def told(stream: Stream) -> str:
    """The stream as live.js reads it.

    As text: of lists and dictionaries Gradio sends what has changed and changes in place what the browser already has,
    which then sees no difference. And not by the component itself, of which Gradio makes another for every visitor.
    """
    return json.dumps({
        "folder": quote(stream.folder, safe="/"),
        "rate": stream.sample_rate,
        "seconds": stream.seconds,
        "names": stream.names,
        "over": stream.over,
    })
