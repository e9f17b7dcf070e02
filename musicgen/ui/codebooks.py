"""The Codebooks tab: a sound from its first codebook, the first two, and so on, to be heard, seen and measured.

Reads like the tab from top to bottom; holds no state.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from itertools import islice
from typing import Any

import gradio as gr
from gradio.components import Component

from musicgen import audio, books, visual
from musicgen.codec_api import Codec
from musicgen.ui import handlers, views
from musicgen.ui.engines import Engines
from musicgen.ui.failing import explained
from musicgen.ui.files import new_folder
from musicgen.ui.lent import on_gpu
from musicgen.ui.shown import Update
from musicgen.ui.wiring import AWAY, QUIET, WAVES, named
from musicgen.ui.words import say

LEVELS = 4  # a channel of every known model has four codebooks
WRONG = LEVELS + 1  # the slot of the card with the wrong corrections
SHORTEST, LONGEST = 0.1, 30.0  # seconds; of a longer sound the first are taken
COLUMNS = 400  # of a spectrogram
IDLE: Update = {"go": gr.update(interactive=True)}

INTRODUCTION = (
    "The codec writes each frame as a few codes, one from each codebook (book, for short). The first says roughly what "
    "it sounds like; <b>each of the others corrects what the ones before it missed</b>. Hear how far the first ones "
    "get you, and what the last ones add."
)
MISMATCHED = (
    "Books 2 to 4 are those of half a second earlier. All four codes are there, yet it is hardly closer than book 1 "
    "alone, or farther: a correction is worth something only beside what it corrects."
)
HERE = (
    "The take is here; press the button to hear it book by book. It is encoded anew, so many of its codes differ from "
    "those the model drew."
)
DEFINITIONS = (
    "<b>Log-mel distance</b>: by how many decibels a copy is off, averaged over windows of 64 ms and 64 mel bands; 0 "
    "means no difference. <b>Spectral SNR</b>: the energy of the original's spectrum over that of the difference "
    "between the two, in dB; more is better. Both compare magnitudes and are blind to phase, which a codec may make up "
    "and the ear hardly hears."
)


def codebooks_tab(engines: Engines, last_take: Component) -> None:
    """Lay out the tab and wire it; ``last_take`` is the component that holds the path of the take just made."""
    gr.HTML(f'<p class="note lead">{say(INTRODUCTION)}</p>')
    gr.HTML(views.note(views.TERMS))
    parts: dict[str, Any] = {}
    with gr.Row(elem_classes="halves"):
        with gr.Column(min_width=300):
            parts["source"] = gr.Audio(
                sources=["upload", "microphone"], type="filepath", label=say("Any sound"), elem_id="books-source",
                waveform_options=WAVES, buttons=[],
            )
        with gr.Column(min_width=300):
            take = gr.Button(say("Use the take made on Create"), elem_id="books-take")
            parts["model"] = gr.Dropdown(
                [(engines.card(name).label, name) for name in engines.names], value=engines.default,
                label=say("The codec of"), elem_id="books-model",
            )
            parts["go"] = gr.Button(say("Hear it book by book"), variant="primary", elem_id="books-go")
    parts["status"] = gr.HTML(
        views.progress("Choose a sound, or make a take on Create and use that."), elem_id="books-status",
        elem_classes="sheet",
    )
    parts |= _card(0)
    parts["grid"] = gr.HTML(elem_classes="figure", elem_id="books-grid")
    with gr.Row(elem_classes="cards"):
        for slot in range(1, WRONG + 1):
            parts |= _card(slot)
    gr.HTML(f'<p class="note">{say(DEFINITIONS)}</p>')

    take.click(named(parts, use_take), last_take, [parts["source"], parts["status"]], **QUIET)
    slots = [f"{what}{slot}" for slot in range(WRONG + 1) for what in ("card", "name", "audio", "facts", "picture")]
    shown = [parts[name] for name in ("status", "go", "grid", *slots)]

    @on_gpu
    def hear_it(source: str | None, model: str) -> Iterator[Update]:
        yield from hear(engines, source, model)

    parts["go"].click(named(parts, begin), None, shown, **QUIET).then(
        named(parts, hear_it), [parts["source"], parts["model"]], shown, show_progress="hidden", concurrency_limit=2,
        api_visibility="private",
    ).failure(named(parts, refused), None, shown, **QUIET)


def _card(slot: int) -> dict[str, Any]:
    """One sound with its figures and its spectrogram; slot 0 is the original, ``WRONG`` has the wrong corrections."""
    with gr.Column(elem_classes=["card", AWAY], min_width=200, elem_id=f"books-card{slot}") as column:
        name = gr.HTML()
        sound = gr.Audio(
            label=say("Sound"), type="filepath", interactive=False, buttons=["download"], waveform_options=WAVES
        )
        facts, picture = gr.HTML(), gr.HTML()
    return {f"card{slot}": column, f"name{slot}": name, f"audio{slot}": sound, f"facts{slot}": facts,
            f"picture{slot}": picture}


def use_take(path: str | None) -> Update:
    """Bring the take of the Create tab over."""
    if not path:
        return {"status": views.problem("There is no take yet: make one on Create, or choose a sound here.")}
    return {"source": path, "status": views.progress(HERE)}


def begin() -> Update:
    """Clear what was there, at once."""
    cleared: Update = {"go": gr.update(interactive=False), "grid": "", "status": views.progress("Waiting …")}
    for slot in range(WRONG + 1):
        cleared |= {f"card{slot}": gr.update(visible=False), f"name{slot}": "", f"audio{slot}": None,
                    f"facts{slot}": "", f"picture{slot}": ""}
    return cleared


def refused() -> Update:
    """A press that nothing came of, for the server would not have it: the tab can be used again."""
    return IDLE | {"status": handlers.REFUSED}


@explained("This cannot be encoded", IDLE)
def hear(engines: Engines, source: str | None, model: str) -> Iterator[Update]:
    """The original, then a card for each number of books, one by one as they are decoded."""
    if not source:
        raise ValueError("Choose a sound first, or make a take on Create and use that.")
    yield {"status": views.progress("Reading the sound …")}
    sound = audio.read(source)
    engine = yield from handlers.loaded(engines, model)
    assert engine is not None  # there is no run that could be stopped
    yield from _cards(engine.model.codec, sound)


def original_of(codec: Codec, sound: audio.Audio) -> audio.Audio:
    """As much of ``sound`` as is taken, as the codec hears it. Raises ``ValueError``: silent, or too short."""
    cut = sound.first(LONGEST)
    audio.require_sound(cut, "The sound")
    if cut.seconds < SHORTEST:
        raise ValueError(f"The sound is too short; choose one of at least {SHORTEST:g} seconds.")
    return books.fitted(codec, cut)


def _cards(codec: Codec, sound: audio.Audio) -> Iterator[Update]:
    original = original_of(codec, sound)
    whose = f" Only the first {LONGEST:g} s of it are used." if sound.seconds > LONGEST else ""
    loudest = max(float(visual.loudness(original.samples, original.sample_rate, COLUMNS).max()), -60.0)
    folder = new_folder("books")

    def card(slot: int, name: str, file: str, heard: audio.Audio, facts: list[str], note: str = "", short: str = ""
             ) -> Update:
        audio.write(folder / file, heard)
        return {
            f"card{slot}": gr.update(visible=True),
            f"name{slot}": f"<h3>{escape(name)}</h3>",
            f"audio{slot}": str(folder / file),
            f"facts{slot}": views.facts(facts) + (views.note(note) if note else ""),
            f"picture{slot}": visual.spectrogram(
                heard.samples, heard.sample_rate, f"Spectrogram, {short or name.lower()}", COLUMNS, loudest
            ),
        }

    bits = 16 * original.sample_rate * original.channels / 1000
    facts = [f"{original.sample_rate:,} Hz", "stereo" if original.channels == 2 else "mono",
             f"{bits:,.0f} kbit/s as 16-bit samples"]
    yield card(0, "Original", "original.wav", original, facts) | {"status": views.progress("Encoding …", 0.0)}
    codes = books.encode(codec, original)
    title = f"Its codes, encoded anew: {codes.shape[1]} × {codes.shape[2]}"
    grid = visual.token_grid(codes[0].cpu().numpy(), codec.frame_rate, codec.codebook_size, title=title)
    last = min(books.levels(codec), LEVELS)
    waiting = {f"card{slot}": gr.update(visible=True) for slot in range(1, last + 1)}  # so that none moves later
    yield waiting | {"grid": grid, "status": views.progress("Decoding from book 1 …", 0.1)}
    for rebuilt in islice(books.rebuild(codec, codes, original), last):
        after = f"from books 1 to {rebuilt.books + 1}" if rebuilt.books < last else "with the wrong corrections"
        name = "Book 1" if rebuilt.books == 1 else f"Books 1 to {rebuilt.books}"
        yield card(rebuilt.books, name, f"books-{rebuilt.books}.wav", rebuilt.audio, _facts(rebuilt)) | {
            "status": views.progress(f"Decoding {after} …", 0.1 + 0.9 * rebuilt.books / (last + 1))
        }
    if last == LEVELS and (wrong := books.rebuild_mismatched(codec, codes, original)) is not None:
        name = "Book 1 with the wrong corrections"
        yield card(WRONG, name, "books-wrong.wav", wrong.audio, _facts(wrong), MISMATCHED, "mismatched")
    yield IDLE | {"status": views.progress(f"Done.{whose}", 1.0)}


def _facts(rebuilt: books.Rebuilt) -> list[str]:
    snr = "nothing differs" if math.isinf(rebuilt.snr) else f"spectral SNR {rebuilt.snr:.1f} dB"
    return [f"{rebuilt.kilobits:.2f} kbit/s", f"log-mel distance {rebuilt.distance:.1f} dB", snr]
