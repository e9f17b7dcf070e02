"""The Create tab: where a press goes to. The controls are in ``asking``, the column of results in ``results``.

Reads like the tab from top to bottom. What the handlers do is in ``handlers``, ``before`` and ``after``.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from musicgen.ui import asking, before, handlers, listening
from musicgen.ui.engines import Engines
from musicgen.ui.files import new_folder
from musicgen.ui.from_file import settings_of
from musicgen.ui.lent import GPU_SECONDS, on_gpu, seconds_for
from musicgen.ui.prompts import TUNES, surprise
from musicgen.ui.results import HELD, Find, results, wire_results
from musicgen.ui.run import Run, once
from musicgen.ui.settings import FREE, Settings, roll_seed
from musicgen.ui.shown import Update
from musicgen.ui.wiring import QUIET, RESULTS, Parts, controls, named

# To a file that was given: it may be large, so a few at a time, whoever gives them.
_LISTENING: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last", "concurrency_limit": 2,
                              "api_visibility": "private"}  # fmt: skip


def create_tab(engines: Engines, keep: Callable[..., str] | None = None, find: Find = lambda made, *_: made) -> Parts:
    """Lay out the tab and wire it; return its parts.

    ``keep`` puts a take, made for the owner named first, among that owner's takes; see ``handlers.Keep`` for the rest.
    ``find`` finds it there again.
    """
    with gr.Row(elem_id="bench"):  # on a phone: ask, hear, settings; on a wide page hearing stands at the side
        with gr.Column(elem_id="ask", min_width=300):
            parts = asking.words()
        with gr.Column(elem_id="hear", min_width=300):
            parts |= results()
        with gr.Column(elem_id="settings", min_width=300):
            parts |= asking.steering(engines)
    parts["run"], parts["heard"] = gr.State(None), gr.State([])
    parts["seconds"] = gr.State(Settings().duration)  # of the next take, also where it is told in bars
    parts["draft"] = gr.HTML("", elem_id="draft")  # what is set, where the browser finds it; shown to nobody
    parts["next_seed"] = gr.State(None)  # of the next take, unless the field names one: its plan is seen before
    parts["owner"] = gr.BrowserState(None, storage_key="musicgen-owner", secret="musicgen")  # survives a restart
    wire_results(parts, _wire_generation(parts, engines, keep), engines.max_duration, find)
    _wire_helpers(parts, engines, find)
    _wire_plan(parts, engines)
    _wire_by_hand(parts, engines)
    return parts


def _wire_generation(parts: Parts, engines: Engines, keep: Callable[..., str] | None) -> Callable[[Any], None]:
    """Wire Generate and Stop; return what makes a press of Generate follow another event."""
    shown = [parts[name] for name in RESULTS]

    def asked_for(run: Run, owner: str | None, takes: int, settings: Settings) -> int:
        # What is heard first takes time; it, or bars, tell how long the take will be; a model may have to be fetched.
        more = settings.melody or settings.continue_from or settings.bars != FREE or not engines.loaded(settings.model)
        return GPU_SECONDS if more else seconds_for(takes * settings.duration)

    @partial(on_gpu, seconds=asked_for)  # perhaps in a process of its own, with a copy of what is handed in
    def takes_of(run: Run, owner: str | None, takes: int, settings: Settings) -> Iterator[Update]:
        kept = partial(keep, owner) if keep and owner else None
        yield from handlers.generate(engines, settings, run, kept, takes)

    def make(
        run: Run | None, owner: str | None, takes: int, next_seed: int | None, **values: Any
    ) -> Iterator[Update]:
        settings = _seeded(_seen(engines, Settings(**values)), next_seed)  # the seed whose plan was seen
        settings, _ = before.in_seconds(settings, engines.card(settings.model), engines.max_duration)
        yield from once(run, lambda run: takes_of(run, owner, takes, settings))

    inputs = {"run": parts["run"], "owner": parts["owner"], "takes": parts["takes"], "next_seed": parts["next_seed"]}

    def begin(run: Run | None, **values: Any) -> Update:
        settings = _seen(engines, Settings(**values))
        return handlers.begin(run, settings, engines.configuration(settings.model))

    def press(event: Any) -> None:
        event(
            named(parts, begin), inputs_kwargs={"run": parts["run"]} | controls(parts),
            outputs=[parts["run"], *shown], **QUIET,
        ).then(
            named(parts, make), inputs_kwargs=inputs | controls(parts), outputs=shown, show_progress="hidden",
            concurrency_limit=handlers.OPEN_TAKES, concurrency_id="takes", api_visibility="private",
            trigger_mode="multiple",  # also while one that gave way is still ending
        ).failure(named(parts, handlers.refused), None, shown, **QUIET)

    press(parts["generate"].click)
    parts["stop"].click(named(parts, handlers.stop), parts["run"], shown, **QUIET)
    return press


def _seen(engines: Engines, settings: Settings) -> Settings:
    """Without painted notes where the page has no sheet for them."""
    return settings if engines.card(settings.model).sings else replace(settings, painting="")


def _seeded(settings: Settings, next_seed: int | None) -> Settings:
    """With the seed of the next take where the field leaves it open."""
    return settings if str(settings.seed or "").strip() else replace(settings, seed=next_seed)


def _wire_helpers(parts: Parts, engines: Engines, find: Find) -> None:
    parts["surprise"].click(lambda: surprise(random.Random()), None, parts["prompt"], **QUIET)
    also = [parts[name] for name in ("takes", "status", "melody_fold", "continue_fold")]
    parts["from_file"].upload(
        named(parts, lambda path: settings_of(engines, path)), parts["from_file"], [*controls(parts).values(), *also],
        **QUIET,
    )
    parts["roll"].click(lambda: str(roll_seed()), None, parts["seed"], **QUIET)
    parts["lock"].click(
        lambda seed, next_seed, *take: before.lock_seed(seed, find(*take), next_seed),
        [parts[name] for name in ("seed", "next_seed", *HELD)], parts["seed"], **QUIET,
    )
    parts["model"].change(
        named(parts, lambda model: {"model": gr.update(info=engines.card(model).note),
                                    "sheet_box": gr.update(visible=engines.card(model).sings)}),
        parts["model"], [parts["model"], parts["sheet_box"]], **QUIET,
    )
    gr.on(
        [parts["model"].change, parts["pattern"].change, parts["seconds"].change],
        lambda *picked: before.show_pattern(engines, *picked),
        [parts["model"], parts["pattern"], parts["seconds"]], parts["pattern_card"],
        trigger_mode="always_last", **QUIET,
    )
    for name, file in TUNES.items():
        parts[f"tune_{name}"].click(partial(_tune, file), None, parts["melody"], **QUIET)

    def show_melody(
        path: str | None, how: str, duration: float, bars: str, model: str
    ) -> Iterator[tuple[str, str, list[int]]]:
        seconds = duration if bars == FREE else engines.max_duration  # as long as the bars may come to be
        yield from listening.show_melody(path, how, seconds, engines.card(model).rests)

    gr.on(
        [*(parts[name].change for name in ("melody", "separation", "bars", "model")), parts["duration"].release],
        show_melody, [parts[name] for name in ("melody", "separation", "duration", "bars", "model")],
        [parts["melody_view"], parts["melody_rests"], parts["heard"]], **_LISTENING,
    )
    gr.on(
        [parts["continue_from"].upload, parts["continue_from"].stop_recording],
        partial(before.room, longest=engines.max_duration), [parts["continue_from"], parts["duration"]],
        parts["duration"], **_LISTENING,
    )


def _tune(file: Path) -> str:
    """A copy of a melody that comes with the program, where the page may serve it from."""
    return str(shutil.copy(file, new_folder("tune")))


def _wire_plan(parts: Parts, engines: Engines) -> None:
    names = ("prompt", "seed", "follow_plan", "bpm", "key", "meter", "chords", "drums", "instruments", "ending",
             "sections")
    plan = {name: parts[name] for name in names}
    plan |= {"melody": parts["melody"], "continue_from": parts["continue_from"]}
    under = plan | {name: parts[name] for name in ("model", "duration", "bars", "painting")}
    told = [parts[name] for name in ("plan_line", "length_line", "painting", "seconds")]

    def show(heard: list[int], next_seed: int | None, **values: Any) -> tuple[str, str, Any, float]:
        settings = Settings(**values)
        card = engines.card(settings.model)
        lasting, length = before.in_seconds(_seeded(settings, next_seed), card, engines.max_duration)
        base = before.score(lasting, heard, card.planned)
        plan_line = before.show_plan(replace(settings, duration=lasting.duration), card.planned)
        return plan_line, length, gr.HTML(base=base), lasting.duration

    gr.on(
        [control.change for control in plan.values()]
        + [parts[name].change for name in ("model", "duration", "bars", "heard", "next_seed")]
        + [parts["painting"].clear],
        show, inputs_kwargs={"heard": parts["heard"], "next_seed": parts["next_seed"], **under}, outputs=told,
        # In the queue and one by one: changes that follow closely run side by side otherwise, and the older answer may
        # come last.
        trigger_mode="always_last", show_progress="hidden", concurrency_limit=1, api_visibility="private",
    )
    # Who moves it wants it to count; in the browser, for by the server's answer bars may have been chosen again.
    parts["duration"].input(None, None, parts["bars"], js=f"() => '{FREE}'", **QUIET)
    fields = ("bpm", "key", "meter", "chords", "drums", "instruments", "ending", "sections")
    filled = [parts[name] for name in ("seed", "follow_plan", *fields, "plan_line")]
    parts["fill_plan"].click(
        named(parts, lambda next_seed, **values: before.fill_plan(_seeded(Settings(**values), next_seed))),
        inputs_kwargs={"next_seed": parts["next_seed"], **plan}, outputs=filled, **QUIET,
    )
    parts["clear_plan"].click(
        lambda: ("", "auto", "auto", "", "auto", [], "auto", ""), None, [parts[name] for name in fields], **QUIET,
    )


def _wire_by_hand(parts: Parts, engines: Engines) -> None:
    steering = {name: control for name, control in controls(parts).items() if name not in before.KEPT}
    told = steering | {name: parts[name] for name in ("model", "duration", "bars")}
    changes = [control.change for control in told.values()] + [parts["painting"].input, parts["painting"].clear]

    def by_hand(**values: Any) -> Update:
        settings = Settings(**values)
        card = engines.card(settings.model)
        update = before.by_hand(settings, card.sings, card.planned)
        with suppress(ValueError):  # half a number: the page remembers what it was before
            update["draft"] = before.draft(settings)
        return update

    gr.on(
        changes, named(parts, by_hand), inputs_kwargs=told,
        outputs=[parts["by_hand"], parts["afresh"], parts["draft"]], trigger_mode="always_last", **QUIET,
    )
    parts["afresh"].click(
        named(parts, before.afresh), None, [*steering.values(), parts["takes"]], **QUIET
    )
