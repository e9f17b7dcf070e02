"""What the page tells before anything is made: the plan and its notes, the melody that was given, the pattern.

Settings in; HTML, JSON for the sheet of notes, or updates of the page out. Holds no state.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np

from musicgen import bars, chroma, eastern, links, painting
from musicgen.aligned import bar_seconds
from musicgen.bars import Length
from musicgen.engine import count_steps
from musicgen.foreign import in_english
from musicgen.instruments import KIT
from musicgen.lanes import lanes
from musicgen.meaning import nearest_kind
from musicgen.patterns import get_pattern
from musicgen.plan import DRUMS_ALONE, Plan
from musicgen.planning import left_open, make_plan
from musicgen.preparation import KEY_UNTOLD, with_metadata
from musicgen.reading import read_prompt, unstructured
from musicgen.request import beginning_of
from musicgen.sections import written
from musicgen.theory import Chord, home_chord
from musicgen.ui import views
from musicgen.ui.engines import Card, Engines
from musicgen.ui.settings import AS_TRAINED, ENDINGS, Settings, roll_seed
from musicgen.ui.shown import Made, Update

_FIELDS = {"tempo": "bpm", "metre": "meter", "key": "key"}  # what the line calls a part -> its field
KEPT = ("prompt", "model", "duration", "bars")  # what a fresh start leaves as it is
_STEERS = {  # what else steers a take -> what people call it
    "seed": "seed", "follow_plan": "no plan", "bpm": "tempo", "key": "key", "meter": "metre", "chords": "chords",
    "drums": "drums", "instruments": "instruments", "ending": "ending", "sections": "sections",
    "painting": "painted notes", "melody": "a melody to follow", "melody_strength": "how closely",
    "continue_from": "a recording to go on from", "pattern": "pattern",
    "temperature": "temperature", "guidance": "guidance", "prior": "prior", "top_k": "top-k", "top_p": "top-p",
    "negative_prompt": "negative prompt", "greedy": "greedy",
}
MORE = 10.0  # seconds of new music after a recording
FREE_STEP = 0.25  # seconds a cell of the sheet where no tempo is known


def room(path: str | None, duration: float, longest: float) -> float:
    """A duration, at most ``longest``, that leaves room for new music after what a file holds."""
    try:
        given = beginning_of(path).seconds if path else 0.0
    except ValueError:  # it is said when it is to be gone on from
        return duration
    return duration if duration > given + 1 else beyond(given, longest)


def beyond(given: float, longest: float) -> float:
    """The duration that adds ``MORE`` seconds to ``given`` ones, in whole seconds, as far as the page goes."""
    return min(longest, float(np.ceil(given + MORE)))


def show_pattern(engines: Engines, model: str, pattern: str | None, seconds: float) -> str:
    """The pattern's diagram, cost and warning, or why it is none."""
    card = engines.card(model)
    name = card.pattern if pattern in (None, "", AS_TRAINED) else pattern
    try:
        chosen = get_pattern(name, card.codebooks)
        doubt = "" if card.knows(chosen) else views.UNTAUGHT if card.told_pattern else (
            f"These weights were trained with the {card.pattern.replace('_', ' ')} pattern. With another one they "
            "have never seen such an order: expect noise rather than music."
        )
        frames, config = max(1, round(seconds * card.frame_rate)), engines.configuration(model)
        # What a folder holds may be known only once it is loaded: till then as if all were one window.
        steps = chosen.step_count(frames) if config is None else count_steps(config, chosen, frames)
        return views.pattern_card(chosen, frames, steps, doubt)
    except ValueError as error:
        return views.problem(str(error))


def by_hand(settings: Settings, sings: bool = True, planned: bool = True) -> Update:
    """What else than words and length steers the next take: a line that names it, and the button that ends it.

    What is set but not told is left out: a plan that is switched off, notes painted for a model that ``sings`` none,
    sections and prior for one that is not ``planned``, how closely a melody is followed where there is none.
    """
    start = Settings()
    untold = {*(() if settings.follow_plan else settings.plan_parts()),
              *(() if sings else ("painting",)), *(() if planned else ("sections", "prior")),
              *(() if settings.melody or (sings and settings.painting) else ("melody_strength",))}
    names = [called for name, called in _STEERS.items() if name not in untold
             and (getattr(settings, name) or None) != (getattr(start, name) or None)]  # an empty field is an open one
    line = views.note(f"Besides the words, this is set: {', '.join(names)}.") if names else ""
    return {"by_hand": line, "afresh": gr.update(visible=bool(names))}


def draft(settings: Settings) -> str:
    """All that is set but the words and the files, as text that ``arriving.arrive`` reads. Raises ``ValueError``."""
    unsaid = replace(settings, prompt="", melody=None, continue_from=None)
    described = links.describe(unsaid.request(), settings.model)
    links.understand(described)
    return links.encode(described)


def afresh() -> Update:
    """Every control but the prompt, the model and the length as it was when the page was opened."""
    start = {name: value for name, value in vars(Settings()).items() if name not in KEPT}
    return start | {"instruments": [], "takes": 1}


def show_plan(settings: Settings, planned: bool = True) -> str:
    """The plan that the prompt, the seed and the fields make, in one line; or what a model reads that has none."""
    if not settings.follow_plan:
        return views.note("Switched off: the model is told no tempo, key, chords or players.")
    prompt = settings.prompt or ""
    try:
        if not planned:
            added = with_metadata(replace(settings, prompt="", melody=None, continue_from=None).request())
            said = (f"This model reads the words, and after them: {added}" if added else
                    "This model reads words only; what is set by hand here is added to them.")
            return views.note(_translated(prompt, eastern.in_english(prompt)) + said)
        kind = nearest_kind(unstructured(prompt))
        near = _translated(prompt, in_english(prompt)) + (f"Sounds like: {kind}. " if kind else "")
        seed, untold = settings.chosen_seed(), _left_to_audio(settings)
        if seed is not None and not untold:
            plan = _planned(settings, seed)
            return views.verbatim(f"{near}{plan.describe()}.") + _lanes([plan], settings)
        # Without a seed, what several seeds agree on is what the words and the fields decide.
        drawn = [_planned(settings, seed) for seed in (range(8) if seed is None else [seed])]
        plans = [_told(plan) for plan in drawn]
    except ValueError as error:
        return views.problem(str(error))
    choices = {part: {plan[part] for plan in plans} for part in plans[0] if _FIELDS.get(part, part) not in untold}
    unheeded = bool(settings.melody) and settings.plan_parts()["key"] is not None and "chords" in untold
    if unheeded:
        del choices["key"]
    told = [text for texts in choices.values() if len(texts) == 1 for text in texts if text]
    line = f"{near}Told: {', '.join(told) or 'nothing'}."
    if seed is None:
        line += f" Drawn by the seed: {', '.join(part for part in choices if len(choices[part]) > 1) or 'nothing'}."
    # A key is told by the chords that follow from it; beside a melody only those asked for by Roman numerals do.
    follows = not settings.melody or bool(read_prompt(prompt).degrees)
    if heard := [part for part in ("tempo", "key") if _FIELDS[part] in untold and (part != "key" or follows)]:
        line += f" Heard in the {'melody' if settings.melody else 'recording'}: {' and '.join(heard)}."
    picture = "" if "bpm" in untold else _lanes(drawn, settings)
    return views.verbatim(line) + (views.note(KEY_UNTOLD) if unheeded else "") + picture


def _lanes(plans: Sequence[Plan], settings: Settings) -> str:
    """Who plays when, if all the plans agree on it; where the bars of a recording lie only the engine will hear."""
    pictures = {"" if settings.continue_from else lanes(plan, float(settings.duration)) for plan in plans}
    return f'<div class="figure" id="lanes">{pictures.pop()}</div>' if len(pictures) == 1 and "" not in pictures else ""


def _translated(prompt: str, english: str) -> str:
    """What a prompt in another language is read as; a sentence where nothing of it is known."""
    if english != prompt:
        return f"Read as: {textwrap.shorten(english, 200, placeholder=' …')}. "
    return "No word of this is known: say it in English. " if eastern.written_in(prompt) else ""


def in_seconds(settings: Settings, card: Card, longest: float) -> tuple[Settings, str]:
    """With the seconds that the bars of the settings come to, as far as they are known before the take; and a line
    that says how long it will be, "" where the seconds count."""
    try:
        length = length_of_bars(settings, card, longest)
        heard = length is None and settings.chosen_bars() is not None
    except ValueError as error:
        return settings, views.problem(str(error))
    if heard:
        return settings, views.note("The bars are counted at the tempo that will be heard in the audio.")
    if length is None:
        return settings, ""
    return replace(settings, duration=length.seconds), views.note(f"{length}. {length.note}".strip())


def length_of_bars(settings: Settings, card: Card, longest: float) -> Length | None:
    """What the engine will make of the bars; None where there are none, or the audio has a tempo of its own.

    Without a seed it is that of seed 0. Raises ``ValueError``, also where nothing tells a tempo.
    """
    count = settings.chosen_bars()
    if count is None:
        return None
    parts = settings.plan_parts()
    if not (card.planned and settings.follow_plan):
        plan = bars.by_hand(parts["bpm"], parts["meter"])
    elif "bpm" in _left_to_audio(settings):
        return None
    else:
        plan = _planned(settings, settings.chosen_seed() or 0)
    return bars.length_of(count, plan, longest, card.frame_rate)


def _planned(settings: Settings, seed: int) -> Plan:
    """The plan of a press with ``seed``, as the engine will make it, but for what it takes from audio. Raises
    ``ValueError``."""
    prompt = settings.prompt or ""
    return make_plan(prompt, seed, **settings.plan_parts(), near=nearest_kind(unstructured(prompt)))


def _left_to_audio(settings: Settings) -> set[str]:
    """The parts of the plan that the seed would draw, but a melody, or a recording to go on from, has its own."""
    if not (settings.melody or settings.continue_from):
        return set()
    return left_open(settings.prompt or "", settings.plan_parts())


def _told(plan: Plan) -> dict[str, str]:
    """The parts of a plan in words; "" for one that is left to the text."""
    return {
        "tempo": f"{plan.bpm:g} bpm" if plan.bpm else "",
        "metre": str(plan.meter),
        "key": str(plan.key or ""),
        "chords": " ".join(map(str, plan.chords)),
        "drums": {True: "with drums", False: "no drums", None: ""}[plan.drums],
        "instruments": DRUMS_ALONE if plan.instruments == (KIT,) else " + ".join(plan.instruments),
        "ending": {True: "with an ending", False: "without an ending", None: ""}[plan.ending],
        "sections": f"in sections: {written(plan.sections)}" if plan.sections else "",
    }


def lock_seed(seed: str | None, made: Made | None, next_seed: int | None) -> str:
    """Keep the seed of the take on the page (or, before there is one, the next take's); let go of one that is kept."""
    if (seed or "").strip():
        return ""
    kept = next_seed if made is None else made.recipe.get("seed", next_seed)
    return str(roll_seed() if kept is None else kept)


def fill_plan(settings: Settings) -> Update:
    """Write the plan into its fields, so that it can be changed by hand; draws a seed if there is none."""
    try:
        seed = settings.chosen_seed()
        seed = roll_seed() if seed is None else seed
        plan, untold = _planned(settings, seed), _left_to_audio(settings)
    except ValueError as error:
        return {"plan_line": views.problem(str(error))}
    filled = {
        "follow_plan": True,  # or what is filled in would not count
        "seed": str(seed),
        "bpm": f"{plan.bpm:g}",
        "key": str(plan.key),
        "meter": str(plan.meter),
        "chords": " ".join(map(str, plan.chords)),
        "drums": "auto" if plan.drums is None else "with" if plan.drums else "without",
        "instruments": list(plan.instruments),
        "ending": next(word for word, value in ENDINGS.items() if value is plan.ending),
        "sections": written(plan.sections),
    }
    return {name: value for name, value in filled.items() if name not in untold}


def score(settings: Settings, heard: Sequence[int] | None, planned: bool = True) -> str:
    """What lies under the painted notes, as JSON for the sheet: the grid of time, the plan's chords, the melody heard.

    A cell is half a felt beat (a third in 6/8), or as long as the cells painted already. Raises nothing: of settings
    that are no plan yet, and for a model that is told none, only the grid of time and the melody are drawn.
    """
    try:
        painted = painting.parse(settings.painting) if settings.painting else None
        seed = settings.chosen_seed()
        plan = _planned(settings, seed or 0) if settings.follow_plan and planned else None
        untold = _left_to_audio(settings)
    except ValueError:
        painted, seed, plan, untold = None, None, None, set()
    seconds = float(settings.duration)
    bar, per_beat = 0.0, 2
    chords: tuple[Chord, ...] = ()
    # Where the bars lie in a recording that is gone on from is known only once the engine has heard it.
    if plan is not None and plan.bpm is not None and "bpm" not in untold and not settings.continue_from:
        per_beat = 3 if plan.meter.pulses == 6 else 2
        bar = bar_seconds(plan.bpm, plan.meter)
        # With a melody the model is told no chords but those that were asked for: others would quarrel with the tune.
        if (seed is not None and not heard) or "chords" not in left_open(settings.prompt or "", settings.plan_parts()):
            chords = plan.chords
    beat = bar / plan.meter.beats if plan is not None and bar else 2 * FREE_STEP
    step = painted.step if painted else round(beat / per_beat, 9)
    cells = max(1, min(int(np.ceil(seconds / step - 1e-6)), painting.MAX_CELLS))
    middles = (np.arange(cells) + 0.5) * step
    melody = np.full(cells, -1)
    if heard:
        index = (middles * chroma.CHROMA_RATE).astype(int)
        melody = np.where(index < len(heard), np.array(heard)[np.minimum(index, len(heard) - 1)], -1)
    loop = [painting.bits_of(chord.pitch_classes) for chord in chords]
    which: Any = (middles / bar).astype(int) % len(loop) if loop else []
    if plan is not None and chords and plan.key and (ends := plan.ends(seconds)) is not None:
        which = np.where(middles < ends, which, len(loop))
        home = home_chord(plan.key, chords)
        loop.append(painting.bits_of(home.pitch_classes))
        bars, last = int(np.ceil(seconds / bar - 1e-6)), round(ends / bar)
        chords = tuple(chords[i % len(chords)] if i < last else home for i in range(bars))
    return json.dumps({
        "seconds": seconds, "step": step, "beat": beat, "bar": bar, "names": [str(chord) for chord in chords],
        "melody": melody.tolist(), "chords": [loop[i] for i in which],
    })
