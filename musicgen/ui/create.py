"""The Create tab: its controls, and which handler a press goes to. The column of results is in ``results``.

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

from musicgen.instruments import INSTRUMENTS, KIT, MOST
from musicgen.patterns import PATTERN_NAMES
from musicgen.request import STRENGTH, STRONGEST, WEAKEST
from musicgen.separation import METHODS
from musicgen.theory import METERS, PITCH_NAMES
from musicgen.ui import before, handlers, views
from musicgen.ui.engines import Engines
from musicgen.ui.files import new_folder
from musicgen.ui.from_file import settings_of
from musicgen.ui.lent import on_gpu
from musicgen.ui.prompts import EXAMPLES, TUNES, surprise
from musicgen.ui.results import HELD, Find, results, wire_results
from musicgen.ui.settings import AS_TRAINED, BARS, DRUMS, ENDINGS, FREE, Settings, roll_seed
from musicgen.ui.sheet import sheet
from musicgen.ui.shown import Update
from musicgen.ui.wiring import QUIET, RESULTS, WAVES, Parts, controls, named
from musicgen.ui.words import say

DICE = str(Path(__file__).with_name("dice.svg"))
LOCK = str(Path(__file__).with_name("lock.svg"))
KEYS = ["auto", *(f"{note} {mode}" for mode in ("major", "minor") for note in PITCH_NAMES)]
START = Settings(prompt=EXAMPLES["Lo-fi"])


def create_tab(engines: Engines, keep: Callable[..., str] | None = None, find: Find = lambda made, *_: made) -> Parts:
    """Lay out the tab and wire it; return its parts.

    ``keep`` puts a take, made for the owner named first, among that owner's takes; see ``handlers.Keep`` for the rest.
    ``find`` finds it there again.
    """
    with gr.Row(elem_id="bench"):  # on a phone: ask, hear, settings; on a wide page hearing stands at the side
        with gr.Column(elem_id="ask", min_width=300):
            parts = _ask()
        with gr.Column(elem_id="hear", min_width=300):
            parts |= results()
        with gr.Column(elem_id="settings", min_width=300):
            parts |= _main_controls(engines) | _plan(engines) | _melody() | _continue() | _pattern(engines)
            parts |= _advanced()
    parts["run"], parts["heard"] = gr.State(None), gr.State([])
    parts["draft"] = gr.HTML("", elem_id="draft")  # what is set, where the browser finds it; shown to nobody
    parts["next_seed"] = gr.State(None)  # of the next take, unless the field names one: its plan is seen before
    parts["owner"] = gr.BrowserState(None, storage_key="musicgen-owner", secret="musicgen")  # survives a restart
    wire_results(parts, _wire_generation(parts, engines, keep), engines.max_duration, find)
    _wire_helpers(parts, engines, find)
    _wire_plan(parts, engines)
    _wire_by_hand(parts, engines)
    return parts


def _ask() -> Parts:
    prompt = gr.Textbox(
        EXAMPLES["Lo-fi"], label=say("Prompt"), lines=3, max_lines=6, max_length=1000, elem_id="prompt",
        placeholder=say("What should it sound like? Style, mood, instruments, tempo, key …"),
    )
    with gr.Row():
        generate = gr.Button(say("Generate"), variant="primary", elem_id="generate", scale=4, min_width=110)
        stop = gr.Button(say("Stop"), interactive=False, elem_id="stop", scale=1, min_width=70)
        surprise_me = gr.Button(say("Surprise me"), elem_id="surprise", icon=DICE, scale=2, min_width=130)
    with gr.Row(elem_id="start-from"):
        gr.Examples(
            [[text] for text in EXAMPLES.values()], [prompt], example_labels=list(EXAMPLES), label=say("Or start from"),
            api_visibility="private",
        )
        # Any kind of file may be chosen: what is none of ours gets a sentence that says so, on a phone, too.
        given = gr.UploadButton(str(say("From a file")), size="sm", min_width=110, scale=0, elem_id="from-file")
    with gr.Row(elem_id="steered"):
        by_hand = gr.HTML("", elem_id="by-hand")
        afresh = gr.Button(say("Start afresh"), size="sm", visible=False, elem_id="afresh", min_width=120, scale=0)
    return {"prompt": prompt, "surprise": surprise_me, "generate": generate, "stop": stop, "from_file": given,
            "by_hand": by_hand, "afresh": afresh}


def _main_controls(engines: Engines) -> Parts:
    cards = [engines.card(name) for name in engines.names]
    longest = engines.max_duration
    with gr.Group():
        with gr.Row():
            duration = gr.Slider(
                1, longest, min(10, longest), step=0.5, label=say("Duration, seconds"), elem_id="duration", scale=3,
                min_width=180,
            )
            bars = gr.Dropdown(
                list(BARS), value=FREE, label=say("Bars"), min_width=105, scale=1, elem_id="bars", filterable=False,
            )
        with gr.Row():
            seed = _number(say("Seed"), say("a new one each time"), elem_id="seed", scale=3)
            small: dict[str, Any] = {"elem_classes": "dice", "min_width": 44, "scale": 0}
            roll = gr.Button(say("Roll a seed"), icon=DICE, elem_id="roll", **small)
            lock = gr.Button(say("Keep this seed, or let it go"), icon=LOCK, elem_id="lock", **small)
            takes = gr.Dropdown(
                [(str(n), n) for n in range(1, handlers.MOST_TAKES + 1)], value=1, label=say("Takes"), min_width=80,
                scale=1, elem_id="takes-count", filterable=False,
            )
        model = gr.Dropdown(
            [(card.label, card.name) for card in cards], value=cards[0].name, label=say("Model"), info=cards[0].note,
            elem_id="model",
        )
    return {"duration": duration, "bars": bars, "seed": seed, "roll": roll, "lock": lock, "takes": takes,
            "model": model}


def _plan(engines: Engines) -> Parts:
    card = engines.card(engines.default)
    plan_line = gr.HTML(before.show_plan(START, card.planned), elem_id="plan-line")
    with gr.Accordion(say("Plan and notes: tempo, key, chords, melody"), open=False, elem_id="plan-fold"):
        parts: Parts = {"plan_line": plan_line}
        with gr.Column(visible=card.sings, elem_id="sheet-box") as parts["sheet_box"]:
            parts["painting"] = sheet(before.score(START, None, card.planned))
            gr.HTML(views.note(say(
                "Melody over time, and the plan's chords, as they will be told to the model. Paint to change them: "
                "what you painted is orange."
            )))
        parts["follow_plan"] = gr.Checkbox(
            True, label=say("Follow a plan"), info=say("What is left on auto comes from prompt and seed."),
        )
        with gr.Row():
            parts["bpm"] = _number(say("Tempo"), say("auto"), elem_id="bpm")
            gr.Button(say("Tap"), size="sm", min_width=56, scale=0, elem_id="tap")  # in time; page.js counts
            parts["key"] = gr.Dropdown(KEYS, value="auto", label=say("Key"), min_width=100)
            parts["meter"] = gr.Dropdown(["auto", *METERS], value="auto", label=say("Metre"), min_width=90)
        with gr.Row():
            parts["chords"] = gr.Textbox(
                "", label=say("Chords, one a bar"), placeholder=say("auto, or: Am F C G"), max_length=200,
                min_width=160, scale=2, elem_id="chords",
            )
            parts["drums"] = gr.Dropdown(list(DRUMS), value="auto", label=say("Drums"), min_width=90, scale=1)
            parts["ending"] = gr.Dropdown(list(ENDINGS), value="auto", label=say("Ending"), min_width=90, scale=1)
        parts["instruments"] = gr.Dropdown(
            [*INSTRUMENTS, KIT], value=[], multiselect=True, max_choices=MOST, label=say("Instruments"),
            info=say("All that play, drums apart. Left empty: from the prompt, or its style."), elem_id="instruments",
        )
        with gr.Row():
            parts["fill_plan"] = gr.Button(say("Fill in, to edit"), size="sm", min_width=120, elem_id="fill-plan")
            parts["clear_plan"] = gr.Button(say("All on auto"), size="sm", min_width=100)
    return parts


def _melody() -> Parts:
    with gr.Accordion(say("Melody to follow"), open=False, elem_id="melody-fold") as fold:
        melody = gr.Audio(
            sources=["upload", "microphone"], type="filepath", label=say("Hum, play or upload"), elem_id="melody",
            waveform_options=WAVES, buttons=[],
        )
        with gr.Row(elem_id="tunes"):
            tunes = {f"tune_{name}": gr.Button(name, size="sm", min_width=100) for name in TUNES}
        separation = gr.Radio(
            list(METHODS), value="auto", label=say("Find the tune by"),
            info=say("Demucs leaves out drums and bass; harmonic leaves out what is struck, and what is low; none "
                     "takes all there is."),
        )
        strength = gr.Slider(
            WEAKEST, STRONGEST, value=STRENGTH, step=0.25, label=say("How closely"), elem_id="melody-strength",
            info=say("How closely the bundled model follows the tune, painted notes too. Above 3 the sound suffers."),
        )
        melody_view = gr.HTML(elem_classes="figure", elem_id="melody-view")
    return {"melody": melody, "separation": separation, "melody_strength": strength, "melody_view": melody_view,
            "melody_fold": fold} | tunes


def _continue() -> Parts:
    with gr.Accordion(say("Continue a recording"), open=False, elem_id="continue-fold") as fold:
        continue_from = gr.Audio(
            sources=["upload", "microphone"], type="filepath", label=say("Go on from this"), elem_id="continue-from",
            waveform_options=WAVES, buttons=[],
        )
        gr.HTML(views.note(say("The duration counts the given audio and the new music together.")))
    return {"continue_from": continue_from, "continue_fold": fold}


def _pattern(engines: Engines) -> Parts:
    with gr.Accordion(say("Pattern: the order of the codes"), open=False, elem_id="pattern-fold"):
        gr.HTML(views.note(views.TERMS))
        names = [(name.replace("_", " "), name) for name in PATTERN_NAMES]
        pattern = gr.Dropdown(
            [(AS_TRAINED, AS_TRAINED), *names], value=AS_TRAINED, label=say("Pattern"), allow_custom_value=True,
            info=say("Or write your own: delays such as 0,1,2,3, or groups such as 1|2,3,4."), elem_id="pattern",
        )
        card = gr.HTML(before.show_pattern(engines, engines.default, AS_TRAINED, 10), elem_id="pattern-card")
    return {"pattern": pattern, "pattern_card": card}


def _advanced() -> Parts:
    own = say("the model's own")
    with gr.Accordion(say("Advanced"), open=False, elem_id="advanced-fold"):
        with gr.Row():
            temperature, guidance = _number(say("Temperature"), own), _number(say("Guidance"), own)
        with gr.Row():
            top_k, top_p = _number("Top-k", own), _number("Top-p", own)
        negative_prompt = gr.Textbox(
            "", label=say("Negative prompt"), placeholder=say("What to lead away from"), max_length=1000
        )
        greedy = gr.Checkbox(
            False, label=say("Greedy"), info=say("Always the likeliest code: no chance, and often dull.")
        )
    return {
        "temperature": temperature, "guidance": guidance, "top_k": top_k, "top_p": top_p,
        "negative_prompt": negative_prompt, "greedy": greedy,
    }


def _number(label: Any, empty: Any, **options: Any) -> gr.Textbox:
    """A number that may be left empty; `gr.Number` shows 0 where there is none."""
    return gr.Textbox("", label=label, placeholder=empty, max_length=20, min_width=90, **options)


def _wire_generation(parts: Parts, engines: Engines, keep: Callable[..., str] | None) -> Callable[[Any], None]:
    """Wire Generate and Stop; return what makes a press of Generate follow another event."""
    shown = [parts[name] for name in RESULTS]

    @on_gpu  # and so, perhaps, in a process of its own, with a copy of what is handed in
    def takes_of(run: handlers.Run, owner: str | None, takes: int, settings: Settings) -> Iterator[Update]:
        kept = partial(keep, owner) if keep and owner else None
        yield from handlers.generate(engines, settings, run, kept, takes)

    def make(
        run: handlers.Run | None, owner: str | None, takes: int, next_seed: int | None, **values: Any
    ) -> Iterator[Update]:
        settings = _seeded(_seen(engines, Settings(**values)), next_seed)  # the seed whose plan was seen
        settings = before.in_seconds(settings, engines.card(settings.model), engines.max_duration)
        yield from handlers.once(run, lambda run: takes_of(run, owner, takes, settings))

    inputs = {"run": parts["run"], "owner": parts["owner"], "takes": parts["takes"], "next_seed": parts["next_seed"]}

    def begin(run: handlers.Run | None, **values: Any) -> Update:
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
        lambda model: (gr.Dropdown(info=engines.card(model).note), gr.Column(visible=engines.card(model).sings)),
        parts["model"], [parts["model"], parts["sheet_box"]], **QUIET,
    )
    gr.on(
        [parts["model"].change, parts["pattern"].change, parts["duration"].change],
        lambda *picked: before.show_pattern(engines, *picked),
        [parts["model"], parts["pattern"], parts["duration"]], parts["pattern_card"],
        trigger_mode="always_last", **QUIET,
    )
    for name, file in TUNES.items():
        parts[f"tune_{name}"].click(partial(_tune, file), None, parts["melody"], **QUIET)

    def show_melody(path: str | None, how: str, duration: float, model: str) -> Iterator[tuple[str, list[int]]]:
        yield from before.show_melody(path, how, duration, engines.card(model).rests)

    gr.on(
        [parts["melody"].change, parts["separation"].change, parts["duration"].release, parts["model"].change],
        show_melody, [parts["melody"], parts["separation"], parts["duration"], parts["model"]],
        [parts["melody_view"], parts["heard"]],
        show_progress="hidden", trigger_mode="always_last", concurrency_limit=2, api_visibility="private",
    )
    gr.on(
        [parts["continue_from"].upload, parts["continue_from"].stop_recording],
        partial(before.room, longest=engines.max_duration), [parts["continue_from"], parts["duration"]],
        parts["duration"], **QUIET,
    )


def _tune(file: Path) -> str:
    """A copy of a melody that comes with the program, where the page may serve it from."""
    return str(shutil.copy(file, new_folder("tune")))


def _wire_plan(parts: Parts, engines: Engines) -> None:
    names = ("prompt", "seed", "follow_plan", "bpm", "key", "meter", "chords", "drums", "instruments", "ending")
    plan = {name: parts[name] for name in names}
    plan |= {"melody": parts["melody"], "continue_from": parts["continue_from"]}
    under = plan | {name: parts[name] for name in ("model", "duration", "bars", "painting")}
    told = [parts["plan_line"], parts["painting"]]

    def show(heard: list[int], next_seed: int | None, **values: Any) -> tuple[Any, Any]:
        settings = Settings(**values)
        card, longest = engines.card(settings.model), engines.max_duration
        seeded = _seeded(settings, next_seed)
        base = before.score(before.in_seconds(seeded, card, longest), heard, card.planned)
        line = before.show_plan(settings, card.planned) + before.show_length(seeded, card, longest)
        return line, gr.HTML(base=base)

    gr.on(
        [control.change for control in plan.values()]
        + [parts[name].change for name in ("model", "duration", "bars", "heard", "next_seed")]
        + [parts["painting"].clear],
        show, inputs_kwargs={"heard": parts["heard"], "next_seed": parts["next_seed"], **under}, outputs=told,
        # In the queue and one by one: changes that follow closely run side by side otherwise, and the older answer may
        # come last.
        trigger_mode="always_last", show_progress="hidden", concurrency_limit=1, api_visibility="private",
    )
    parts["duration"].input(lambda: FREE, None, parts["bars"], **QUIET)  # who moves it wants it to count
    fields = ("bpm", "key", "meter", "chords", "drums", "instruments", "ending")
    filled = [parts[name] for name in ("seed", "follow_plan", *fields, "plan_line")]
    parts["fill_plan"].click(
        named(parts, lambda next_seed, **values: before.fill_plan(_seeded(Settings(**values), next_seed))),
        inputs_kwargs={"next_seed": parts["next_seed"], **plan}, outputs=filled, **QUIET,
    )
    parts["clear_plan"].click(
        lambda: ("", "auto", "auto", "", "auto", [], "auto"), None, [parts[name] for name in fields], **QUIET,
    )


def _wire_by_hand(parts: Parts, engines: Engines) -> None:
    steering = {name: control for name, control in controls(parts).items() if name not in before.KEPT}
    told = steering | {name: parts[name] for name in ("model", "duration", "bars")}
    changes = [control.change for control in told.values()] + [parts["painting"].input, parts["painting"].clear]

    def by_hand(**values: Any) -> Update:
        settings = Settings(**values)
        update = before.by_hand(settings, engines.card(settings.model).sings)
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
