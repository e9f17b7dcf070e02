"""What the buttons under a take do: make it again, go on from it, save it as a file. Updates of the page by name.

Holds no state: the take is handed in, as the page holds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from musicgen import audio
from musicgen.asked import asked_of
from musicgen.instruments import parse_instruments
from musicgen.lanes import stretches
from musicgen.loop import cut_of, loop_of, marks_of
from musicgen.notated import midi_of
from musicgen.reading import read_prompt
from musicgen.request import plan_of, without_end
from musicgen.ui import views
from musicgen.ui.before import beyond
from musicgen.ui.files import name_of, name_of_loop, new_folder, writing
from musicgen.ui.settings import DRUMS, ENDINGS, FREE, Settings, roll_seed
from musicgen.ui.shown import Made, Update, lasting, show_take

KINDS = {"wav": "WAV", "flac": "FLAC", "mp3": "MP3", "mid": "MIDI", "loop": "Loop", "npz": "Codes", "png": "Picture"}
_NO_AUDIO = "This take was made with audio that is no longer here; give the file, then press the button again."
_GONE = "The file of this take is no longer here; open it again from Takes, or make it again."


def again(made: Made | None, melody: str | None = None, continue_from: str | None = None) -> Update:
    """The controls as they were when this take was asked for, its seed among them.

    An upload may have been cleared away: then what lies there now, ``melody`` or ``continue_from``, stands in for it.
    """
    if made is None:
        raise gr.Error(_GONE, print_exception=False)
    here = {"melody": melody, "continue_from": continue_from}
    asked = replace(made.asked, seed=str(made.recipe.get("seed", "")))
    values = {field.name: getattr(asked, field.name) for field in fields(Settings)} | {"takes": 1}
    for name, given in here.items():
        if made.recipe.get(name) and not Path(values[name] or "").is_file():
            if not (given and Path(given).is_file()):
                raise gr.Error(_NO_AUDIO, print_exception=False)
            del values[name]
    return values


def new_seed(made: Sequence[Made], next_seed: int | None) -> Update:
    """The seed left open: the next press has the one drawn for it, or, if one of its takes has that, another."""
    used = {one.recipe.get("seed") for one in made}
    while next_seed in used:
        next_seed = roll_seed()
    return {"seed": "", "takes": 1, "next_seed": next_seed}


def anew(
    made: Made | None, next_seed: int | None, melody: str | None = None, continue_from: str | None = None
) -> Update:
    """The same song in another performance: the plan of the take set by hand, and a seed that is not the take's.

    The audio is that of ``again``.
    """
    update = again(made, melody, continue_from)
    assert made is not None, "again() has said so"
    if plan := made.recipe.get("plan"):
        ending = next(word for word, value in ENDINGS.items() if value is plan.get("ending"))
        update |= _told(plan) | {"ending": ending, "sections": plan.get("sections") or ""}
    return update | new_seed([made], roll_seed() if next_seed is None else next_seed)


def go_on(made: Made | None, longest: float) -> Update:
    """The take as the beginning of a longer one, in its tempo, metre, key and chords, by the same players."""
    if made is None or not Path(made.file).is_file():
        return {"status": views.problem(_GONE)}
    file, length = _begun(made)
    if length + 1 > longest:
        return {"status": views.problem(f"This page makes {longest:g} seconds at most; the take is that long already.")}
    until = beyond(length, longest)
    return {
        "continue_from": file,
        "duration": until,
        "bars": FREE,
        "painting": "",
        "sections": "all" if read_prompt(made.asked.prompt or "").sections else "",  # they begin the piece, not this
        **_told(made.recipe.get("plan")),
        "continue_fold": gr.update(open=True),
        "status": views.progress(
            "The take is now the beginning; change the words if you like. Generate goes on from it, to a length in all "
            f"of {until:g} s."
        ),
    }


def _told(plan: Mapping[str, Any] | None) -> Update:
    """What is known of a take's music, for the controls: better than what could be heard of it."""
    if not plan:
        return {}
    band = plan.get("instruments")
    told: Update = {"follow_plan": True, "instruments": list(parse_instruments(band)) if band else []}
    told["drums"] = next(word for word, value in DRUMS.items() if value is plan.get("drums"))
    if plan.get("bpm"):
        told |= {"bpm": f"{plan['bpm']:g}", "key": plan.get("key") or "auto", "meter": plan.get("meter") or "auto",
                 "chords": plan.get("chords") or ""}
    return told


def _begun(made: Made) -> tuple[str, float]:
    """The take's file and length in seconds; without the final chord if it has one."""
    sound = audio.read(made.file)
    begun = without_end(sound, made.recipe)
    if begun is sound:
        return made.file, sound.seconds
    path = new_folder("begun") / Path(made.file).name
    audio.write(path, begun)
    return str(path), begun.seconds


def as_melody(made: Made | None) -> Update:
    """The take as the tune to follow."""
    if made is None or not Path(made.file).is_file():
        return {"status": views.problem(_GONE)}
    return {
        "melody": made.file,
        "melody_fold": gr.update(open=True),
        "status": views.progress("Its tune is now the melody to follow. Change the words and press Generate."),
    }


def pick(
    made: Sequence[Made], choice: int | str | None, find: Callable[[str], Made | None] = lambda _: None
) -> Update:
    """Show another of the takes that one press made; ``find`` finds one by its id that the server has forgotten."""
    chosen = next((one for number, one in enumerate(made) if choice == (one.take or number)), None)
    if isinstance(choice, str) and (chosen is None or not Path(chosen.file).is_file()):
        chosen = find(choice) or chosen
    if chosen is None:
        raise gr.Error(_GONE, print_exception=False)
    try:
        return show_take(chosen, audio.read(chosen.file))
    except ValueError:
        return {"status": views.problem(_GONE)}


def save_as(made: Made | None, kind: str) -> str:
    """The take as a file of ``kind``; made when asked for, because some take a second."""
    if made is None:
        raise gr.Error(_GONE, print_exception=False)
    try:
        sound = audio.read(made.file)
    except ValueError:
        raise gr.Error(_GONE, print_exception=False) from None
    try:
        with writing():
            return _written(made, sound, kind)
    except ValueError as error:  # a format that has no such sample rate, a take that has no bars
        raise gr.Error(str(error), print_exception=False) from None


def _written(made: Made, sound: audio.Audio, kind: str) -> str:
    if kind == "loop":
        path = new_folder("saved") / name_of_loop(made.recipe, cut_of(sound, made.recipe))
        marks = marks_of(sound, made.recipe)
        audio.write(path, loop_of(sound, made.recipe), recipe=dict(made.recipe), marks=marks)
        return str(path)
    path = new_folder("saved") / name_of(made.recipe, kind)
    if kind == "npz":
        np.savez_compressed(path, codes=made.codes.values, recipe=np.array(json.dumps(dict(made.recipe))))
    elif kind == "png":
        path.write_bytes(_picture(made, sound))
    elif kind == "mid":
        path.write_bytes(midi_of(made.recipe, sound.seconds, made.codes.melody))
    else:
        audio.write(path, sound, recipe=dict(made.recipe))
    return str(path)


def _picture(made: Made, sound: audio.Audio) -> bytes:
    from musicgen.figure import png, take_figure

    recipe, codes, plan = made.recipe, made.codes, plan_of(made.recipe)
    told = (recipe.get("prompt"), recipe.get("model"), recipe.get("pattern"), f"seed {recipe.get('seed')}")
    players = None if plan is None else stretches(plan, *lasting(recipe, sound))
    figure = take_figure(
        codes.values, sound.samples, sound.sample_rate, codes.frame_rate, codes.codebook_size,
        " · ".join(str(part) for part in told if part), asked_of(recipe, codes.melody, sound.seconds), players,
    )
    return png(figure)
