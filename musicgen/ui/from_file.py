"""A file that this program made, given back to it: every control of the page as its recipe says.

Updates of the page by control name, as in ``handlers``. Files come from strangers: what a recipe says goes through the
checks of a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from musicgen import links
from musicgen.engine import GenerationRequest
from musicgen.recipes import read_recipe
from musicgen.request import request_from_recipe
from musicgen.ui import views
from musicgen.ui.engines import Engines
from musicgen.ui.keeping import GIVEN, fill
from musicgen.ui.shown import Update

FOLDS = {"melody": "melody_fold", "continue_from": "continue_fold"}  # where the audio is given that no file holds


def settings_of(engines: Engines, path: str | None) -> Update:
    """The controls that make what is in the file again, and which audio is to be given first; or why there are none."""
    if path is None:
        return {}
    try:
        recipe = read_recipe(path)
        filled, notes = fill(engines, *_understood(recipe))
    except ValueError as error:
        return {"status": views.problem(str(error))}
    given = [name for name in GIVEN if recipe.get(name)]
    if given:
        what = " and ".join(GIVEN[name] for name in given)
        notes.append(f"It was made with {what}, which is not in the file: give it first.")
    said = "The settings of the file are filled in; Generate makes the take again."
    return filled | {"takes": 1, "status": views.progress(" ".join([said, *notes]))} | {
        FOLDS[name]: gr.update(open=True) for name in given
    }


def _understood(recipe: Mapping[str, Any]) -> tuple[GenerationRequest, str]:
    """The checked request and the model's name that a recipe tells; its audio left out. Raises ``ValueError``."""
    request = request_from_recipe({**recipe, **dict.fromkeys(GIVEN)})
    try:
        return links.understand(links.describe(request, recipe.get("model", "")))
    except (ValueError, TypeError) as error:
        raise ValueError(f"This file asks for what cannot be made: {error}") from None
