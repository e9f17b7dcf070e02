"""What the Patterns tab shows of the bundled model's evaluation: its figures along the patterns that are compared.

Only of the bundled model, and only what its evaluation left beside its weights; where there is nothing, nothing is
shown. Values in, HTML out. Knows nothing of gradio, engines or sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from musicgen import measured
from musicgen.config import KNOWN_MODELS
from musicgen.measured import Measured
from musicgen.patterns import Pattern, get_pattern
from musicgen.ui import views

# A figure's name in the evaluation, its name here, how it is written, and what it is written of. The Frechet distance
# is left out: by so few takes every pattern comes closer to real pieces than the real pieces of the same requests do.
FIGURES = (
    ("steps for 10 s", "steps a second", "{:.1f}", 0.1),
    ("times real time", "times real time", "{:.2f}", 1),
    ("nats a frame", "nats a frame", "{:.2f}", 1),
    ("tempo", "tempo obeyed", "{:.0%}", 1),
    ("in key", "in key", "{:.0%}", 1),
    ("chords", "chords", "{:.2f}", 1),
    ("melody", "melody", "{:.2f}", 1),
    ("instruments", "instruments", "{:.0%}", 1),
)  # fmt: skip

MEANING = (
    "Averages over {takes} held-out requests, the same for each pattern, and {melodies} more with a melody. The rows "
    "say: times real time, the speed on one core, four takes at a time; nats a frame, how much the codes of real "
    "pieces surprise the model (less is better); tempo obeyed, the share of takes in the tempo asked for; in key, the "
    "share of the sound that lies in the key; chords and melody, how alike what is heard is to what was asked for (1: "
    "nothing else is heard); instruments, the share of those asked for that are heard. With so few takes, small "
    "differences are chance. Were every order learned perfectly, none could need fewer nats than flattening, which "
    "leaves nothing out. Where {model} needs more with it, that is its own shortcoming."
)


def evaluated(model: str, patterns: Sequence[Pattern]) -> str:
    """The table of ``patterns`` for the model of that name; "" where nothing is known of them."""
    from musicgen.checkpoints import POCKET

    known = KNOWN_MODELS.get(model)
    found = measured.read(POCKET) if known is not None and known.source == "bundled" else None
    return "" if found is None else table(found, patterns, model)


def table(found: Measured, patterns: Sequence[Pattern], model: str) -> str:
    """A row for each figure, a column for each pattern, so that it fits a phone; "" where there is no figure."""
    columns = [_row(found, pattern) for pattern in patterns]
    if not any(columns):
        return ""
    head = "".join(f'<th scope="col">{escape(pattern.name.replace("_", " "))}</th>' for pattern in patterns)
    rows = []
    for name, label, form, factor in FIGURES:
        if any(name in column for column in columns):
            cells = "".join(
                f"<td>{form.format(factor * column[name]) if name in column else '–'}</td>" for column in columns
            )
            rows.append(f'<tr><th scope="row">{label}</th>{cells}</tr>')
    return (
        f"<h3>How {escape(model)} did with these patterns in its evaluation</h3>"
        f'<div class="scroll"><table class="patterns evaluated"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        + views.note(MEANING.format(takes=found.takes, melodies=found.melodies, model=model))
    )


def _row(found: Measured, pattern: Pattern) -> dict[str, float]:
    """The figures of a pattern, by whatever name it goes."""
    for name, row in found.rows.items():
        try:
            if get_pattern(name, pattern.codebooks).lines == pattern.lines:
                return dict(row)
        except ValueError:  # a pattern for another number of codebooks
            continue
    return {}
