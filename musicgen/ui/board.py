"""The board of a pattern: its steps and its codes drawn side by side, revealed step by step, and what a code sees.

Values in, HTML out; the slider, its Play button and the tapping of codes work in the browser (``board.js``), without
asking the server. Knows nothing of gradio, engines or sessions.
"""

from __future__ import annotations

import json
from html import escape

from torch import Tensor

from musicgen import sight, visual
from musicgen.patterns import Pattern
from musicgen.ui.scripts import script

_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_WORDS = ("Play", "Pause", "Step of the pattern")
SCRIPT = script(["board.js"], _WORDS)


def board(pattern: Pattern, frames: int) -> str:
    """The steps P_1 .. P_S and the codes they reveal, with a slider from "nothing known" to "all known"."""
    layout = pattern.layout(frames)
    title = pattern.name.replace("_", " ")
    steps = visual.pattern_diagram(layout.frame_of.numpy(), frames, f"The steps of {title} over {frames} frames")
    codes = visual.pattern_grid(layout.step_of.numpy(), f"The codes of {frames} frames and the steps that predict them")
    return (
        f'<div class="board" data-says="{_data(_says(pattern, frames))}" '
        f'data-sees="{_data(_sees(pattern, frames))}">'
        f'<div class="player"><button type="button" class="play">Play</button>'
        f'<input type="range" min="0" max="{layout.steps}" step="1" value="{(layout.steps + 1) // 2}" '
        'aria-label="Step of the pattern"></div><output aria-live="polite"></output>'
        f'<h2>Steps: the number is the frame</h2><div class="steps">{steps}</div>'
        '<h2>Codes: the number is the step. Tap a code to see what it sees</h2>'
        f'<div class="codes" tabindex="0" role="group" aria-label="Codes; the arrow keys choose one">{codes}</div>'
        "</div>"
    )


def _data(value: list[str] | list[list[str]]) -> str:
    return escape(json.dumps(value, ensure_ascii=False), quote=True)


def _says(pattern: Pattern, frames: int) -> list[str]:
    """A line for each step, from P_0 on: what it predicts, how much is known, how much can be heard."""
    total = frames * pattern.codebooks
    lines, known = ["P₀: only the special token. Nothing is known yet."], 0
    missing = [pattern.codebooks] * frames
    for s, step in enumerate(pattern.steps(frames), start=1):
        for t, _ in step:
            missing[t] -= 1
        known += len(step)
        inside = ", ".join(f"({t + 1}, {k + 1})" for t, k in step) or "nothing"
        whole = sum(count == 0 for count in missing)
        lines.append(f"{_name(s)} = {{{inside}}}: {known} of {total} codes known, {whole} of {frames} frames complete.")
    return lines


def _sees(pattern: Pattern, frames: int) -> list[list[str]]:
    """A line for each code [T, K]: what it sees when it is predicted, and what it does not."""
    step_of = pattern.layout(frames).step_of
    return [[_seen(step_of, t, k) for k in range(pattern.codebooks)] for t in range(frames)]


def _seen(step_of: Tensor, t: int, k: int) -> str:
    parts = []
    if k:
        parts.append(f"{sight.coarser(step_of, t, k)} coarser codes of its frame")
    if t:
        frames = "frame" if t == 1 else f"{min(t, sight.BEFORE)} frames"
        parts.append(f"{sight.earlier(step_of, t, k)} codes of the {frames} before")
    if ahead := sight.later(step_of, t, k):
        parts.append(f"{ahead} code{'s' if ahead > 1 else ''} of later frames")
    told = " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts) or "nothing yet"
    blind = sight.beside(step_of, t, k)
    beside = f" {blind} more {'is' if blind == 1 else 'are'} predicted in the same step, unseen." if blind else ""
    step = _name(int(step_of[t, k]) + 1)
    return f"Code ({t + 1}, {k + 1}), in {step}, sees {told}.{beside}"


def _name(step: int) -> str:
    return "P" + str(step).translate(_SUBSCRIPT)
