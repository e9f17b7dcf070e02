"""A take on the page: its player, its facts, its pictures, and what its buttons need to know of it.

Knows nothing of how it was made or where it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from musicgen import audio, chroma, visual
from musicgen.asked import Asked, asked_of
from musicgen.engine import GenerationResult
from musicgen.lanes import lanes
from musicgen.request import plan_of
from musicgen.takes import Codes
from musicgen.ui import looped, views
from musicgen.ui.settings import Settings

GRID = (
    "Each column is a frame (20 ms), each row a codebook, each colour the number of a code. Within a row equal colours "
    "are equal codes; similar colours are not similar sounds."
)

# Of what may be asked for: what would be wholly alike, and what is compared in other keys.
WHOLE = {
    "melody": ("wherever a pitch class was asked for, only that one is heard", "the same tune"),
    "chords": ("of each chord only its own pitch classes are heard, all as strongly", "the same chords"),
}

Update = dict[str, Any]  # of the page, by control name


@dataclass(frozen=True)
class Made:
    """A take on the page, and what its buttons need."""

    file: str  # served
    codes: Codes
    recipe: Mapping[str, Any]
    facts: Sequence[str]
    asked: Settings  # with which it is made again
    take: str = ""  # its id among the takes that are kept; "" when it is not


def show_take(made: Made, sound: audio.Audio) -> Update:
    """A take with all that is known of it: one just made, or one that was kept."""
    codes = made.codes
    return {
        "take": gr.update(value=made.file, visible=True),
        "facts": views.facts(made.facts),
        "loop": looped.told(made.file, sound, made.recipe),
        "grid": draw_grid(codes),
        "pitches": draw_pitches(asked_of(made.recipe, codes.melody, sound.seconds), sound),
        "spectrum": draw_lanes(made.recipe, sound) + visual.spectrogram(sound.samples, sound.sample_rate),
        "recipe": json.dumps(made.recipe, indent=2, ensure_ascii=False),
        "recipe_fold": gr.update(visible=True),
        "after": gr.update(visible=True),
        "shown": made,
        "take_id": made.take,
        "share_row": gr.update(visible=bool(made.take)),
        "link": gr.update(value="", visible=False),
    }


def draw_grid(codes: Codes) -> str:
    """The codes so far, and how to read them."""
    return visual.token_grid(codes.values, codes.frame_rate, codes.codebook_size, codes.step_of) + views.note(GRID)


def draw_lanes(recipe: Mapping[str, Any], sound: audio.Audio) -> str:
    """Who plays when; "" where all play all the time."""
    plan = plan_of(recipe)
    return "" if plan is None else lanes(plan, *lasting(recipe, sound), title="Who plays when")


def lasting(recipe: Mapping[str, Any], sound: audio.Audio) -> tuple[float, float, float]:
    """How long a take was to be, from when on it was made, and where it ends, in seconds."""
    asked = recipe.get("duration")
    given = (recipe.get("continue_from") or {}).get("seconds", 0.0)
    return asked if isinstance(asked, (int, float)) else sound.seconds, given, sound.seconds


def facts_of(result: GenerationResult, length: float, took: float, first_sound: float | None) -> list[str]:
    """How fast ``length`` seconds came, the seed, the plan; what was given was not made."""
    new = length - (result.recipe.get("continue_from") or {"seconds": 0.0})["seconds"]
    facts = []
    if new > 0:  # else it was stopped within what was given
        facts.append(f"{views.seconds(new)} of sound in {views.seconds(took)}: {new / took:.1f}× real time")
    if first_sound is not None:
        facts.append(f"first sound after {views.seconds(first_sound)}")
    facts.append(f"seed {result.recipe.get('seed')}")
    if result.plan is not None:
        facts.append(result.plan.describe())
    return facts


def draw_pitches(asked: Asked | None, sound: audio.Audio) -> str:
    """The chromagram of a take, below the pitch classes that were asked for, if any were, and how alike they are."""
    heard = chroma.chromagram(sound.mono(), sound.sample_rate)
    if asked is None:
        meaning = "How strongly each of the twelve pitch classes is heard, in whatever octave."
        if heard.any():
            meaning += f" All in all they are closest to {chroma.estimate_key(heard)}."
        return visual.chromagrams([("heard", heard)], chroma.CHROMA_RATE, "Chromagram") + views.note(meaning)
    whole, same = WHOLE[asked.name]
    chance = f"By chance ({same} in the eleven other keys) it is {asked.by_chance(heard):.2f}."
    meaning = f"1.00 would mean: {whole}. {chance}"
    panels = [("asked", asked.chroma), ("heard", heard)]
    title = f"{asked.name.capitalize()}: asked and heard, similarity {asked.followed(heard):.2f}"
    return visual.chromagrams(panels, chroma.CHROMA_RATE, title) + views.note(meaning)
