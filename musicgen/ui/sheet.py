"""The sheet of notes: the plan's chords and the melody over time, to be painted over by hand.

Only the component; what lies under the paint comes from ``before.score``, what is painted is read by ``painting``. It
draws itself (``sheet.js``) and plays itself (``sheet_player.js``) in the browser, so that a stroke asks no server.
"""

from __future__ import annotations

import gradio as gr

from musicgen.theory import CHORD_QUALITIES, PITCH_NAMES
from musicgen.ui.scripts import script

_TEMPLATE = """
<div class="sheet-tools" role="toolbar" aria-label="Paint" data-label>
<button type="button" data-do="play" data-say disabled>Play</button>
<button type="button" data-layer="melody" aria-pressed="true" data-say>Melody</button>
<button type="button" data-layer="chords" aria-pressed="false" data-say>Chords</button>
<button type="button" data-layer="erase" aria-pressed="false" data-say>Erase</button>
<button type="button" data-do="undo" data-say disabled>Undo</button>
<button type="button" data-do="clear" data-say disabled>Clear all</button>
<button type="button" data-do="back" aria-label="Earlier" data-label hidden>◀</button>
<button type="button" data-do="on" aria-label="Later" data-label hidden>▶</button>
</div>
<div class="sheet-body"><canvas class="sheet-names" aria-hidden="true"></canvas><div class="sheet-scroll">
<canvas class="sheet-cells" tabindex="0" role="application" data-label
aria-label="Notes over time. Arrow keys move, space paints a note or takes it away, Delete erases paint."></canvas>
<div class="sheet-line" hidden></div></div></div>
<output aria-live="polite"></output>
"""
_WORDS = (
    "Play", "Stop", "Melody", "Chords", "Erase", "Undo", "Clear all", "rest", "bar", "melody", "chord", "Paint",
    "Earlier", "Later",
    "Notes over time. Arrow keys move, space paints a note or takes it away, Delete erases paint.",
)


def sheet(base: str) -> gr.HTML:
    """The component; its value is the painting as text, its property ``base`` what lies under it."""
    qualities = {",".join(map(str, sorted(i % 12 for i in steps))): name
                 for name, steps in reversed(CHORD_QUALITIES.items())}  # fmt: skip
    # Part of the script, not a property: an update that comes before the page has drawn the sheet may drop properties.
    code = script(["sheet_player.js", "sheet.js"], _WORDS, pitches=PITCH_NAMES, qualities=qualities)
    return gr.HTML("", html_template=_TEMPLATE, js_on_load=code, base=base, elem_id="sheet", label="Notes")
