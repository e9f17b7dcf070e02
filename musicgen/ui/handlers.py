"""What happens when something is pressed: settings in, updates of the page out, as dictionaries by control name.

Holds no state. What belongs to one user lives in that user's ``Run``; the engines are handed in.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from musicgen import audio
from musicgen.config import ModelConfig
from musicgen.engine import Engine, Generation, GenerationEvent, GenerationRequest, GenerationResult
from musicgen.errors import ModelUnavailable
from musicgen.request import check, require_melody_place, resolve
from musicgen.takes import Codes
from musicgen.ui import views
from musicgen.ui.engines import Engines
from musicgen.ui.files import Chunks, Stream, save
from musicgen.ui.run import Run
from musicgen.ui.settings import Settings, roll_seed
from musicgen.ui.shown import Made, Update, draw_grid, facts_of, show_take
from musicgen.ui.words import say

log = logging.getLogger(__name__)

# Keeps a take with the settings that ask for it and the facts of its making, and returns its id.
Keep = Callable[[GenerationRequest, str, GenerationResult, Codes, list[str]], str]

# Open at once: the engine lets them in one by one and tells the others how many are ahead. Each holds one of the
# server's 40 threads, so most are left to the rest of the page; who comes later waits in the server's own queue.
OPEN_TAKES = 16
MOST_TAKES = 4  # of one press
REDRAW_SECONDS = 0.5  # between two drawings of the live grid

IDLE: Update = {"generate": gr.update(interactive=True), "stop": gr.update(interactive=False)}
REFUSED = views.problem("This did not start: a setting is out of range, or the server is full. Try again in a moment.")
FAILED = views.problem("Something went wrong on the server; its log says what.")


def begin(previous: Run | None, settings: Settings | None = None, config: ModelConfig | None = None) -> Update:
    """Clear the last take away, at once, and say that this one waits for its turn.

    Values that cannot be, or not with the model of ``config``, are named before anything is cleared; the run stays what
    it was then.
    """
    try:
        if settings is not None:  # the files are looked at later: they take their time
            asked = replace(settings, melody=None, continue_from=None).request()
            if config is None:
                check(asked, math.inf)
            else:
                if settings.melody:
                    require_melody_place(config)
                resolve(asked, config, math.inf)
    except ValueError as error:
        gr.Warning(escape(str(error)), title="This cannot be made")
        return {"status": views.problem(str(error))}
    if previous is not None:
        previous.give_way()
    return {
        "run": Run(),
        "generate": gr.update(interactive=False),
        "stop": gr.update(interactive=True),
        "status": views.progress(say("Waiting for its turn …")),
        "live": Stream(),
        "take": gr.update(value=None, visible=False),
        "facts": "",
        "loop": "",
        "grid": "",
        "pitches": "",
        "spectrum": "",
        "recipe_fold": gr.update(visible=False),
        "after": gr.update(visible=False),
        "versions": gr.update(choices=[], value=None, visible=False),
        "made": [],
        "shown": None,
        "take_id": "",
        "share_row": gr.update(visible=False),
        "link": gr.update(visible=False),
    }


def refused() -> Update:
    """A press that nothing came of, for the server would not have it: the page can be used again."""
    return IDLE | {"status": REFUSED, "live": ""}


def stop(run: Run | None) -> Update:
    """Ask this page's run to end; it keeps what it has made. One that has not begun lets go of the page at once."""
    if run is None or not run.halt():
        return {"stop": gr.update(interactive=False)}
    return IDLE | {"status": views.note("Stopped before it began."), "live": ""}


def generate(
    engines: Engines, settings: Settings, run: Run, keep: Keep | None = None, takes: int = 1
) -> Iterator[Update]:
    """Make takes, one after another, each with the next seed, and yield updates: sound as it comes, progress and the
    grid twice a second, everything about a take at its end.

    Finished or stopped, each is handed to ``keep``.
    """
    made: list[Made] = []
    ended = False
    live: Chunks | None = None
    try:
        if not 1 <= takes <= MOST_TAKES:
            raise ValueError(f"Ask for 1 to {MOST_TAKES} takes at a time.")
        seed = settings.chosen_seed()
        settings = replace(settings, seed=str(roll_seed() if seed is None else seed))
        request = settings.request()
        engine = yield from loaded(engines, settings.model, run)
        if engine is None:
            yield IDLE | {"status": views.note("Stopped before it began."), "live": ""}
            return
        live = Chunks(engine.model.codec.sample_rate, request.duration * takes)  # those of all takes follow each other
        for number in range(takes):
            asked = replace(settings, seed=str(int(str(settings.seed)) + number))
            this = replace(request, seed=asked.chosen_seed())
            told = f"Take {number + 1} of {takes}: " if takes > 1 else ""
            for update in _take(engine, this, asked, run, keep and partial(keep, this, settings.model), told, live):
                over = "shown" in update
                if made and not over:
                    update.pop("grid", None)  # the picture is that of the take that is shown
                if over and (new := update["shown"]) is not None:
                    made.append(new)
                    if len(made) > 1:  # who is hearing the first of them, or saving it, is not to have it changed
                        update = {"status": update["status"]}
                    update |= {"made": list(made), "versions": versions(made)}
                elif over and made:  # there is no sound of this one: the one before it stays
                    update = {"status": views.progress("Stopped; this is what was made.", 1.0)}
                if over and (number == takes - 1 or run.stopped):
                    # Within the last update of all: of two that follow closely the page may show only the second.
                    update |= IDLE | {"next_seed": roll_seed(), "live": live.ended()}
                    ended = True
                yield update
            if run.stopped:
                break
        if not ended:  # stopped in the moment between two takes
            yield IDLE | {"live": live.ended()}
    except (ValueError, ModelUnavailable) as error:
        gr.Warning(escape(str(error)), title="This cannot be made")
        yield IDLE | {"status": views.problem(str(error)), "live": live.ended() if live else ""}
    except Exception:
        log.exception("A take failed.")
        yield IDLE | {"status": FAILED, "live": live.ended() if live else ""}
    finally:
        run.end()


def versions(made: Sequence[Made]) -> Any:
    """The choice among the takes of one press; the one that is shown stays chosen, at first the first."""
    names = [(f"Take {i + 1} · seed {one.recipe.get('seed')}", one.take or i) for i, one in enumerate(made)]
    update = gr.update(choices=names, visible=len(made) > 1)
    return update | {"value": names[0][1]} if len(made) == 1 else update


def loaded(engines: Engines, model: str, run: Run | None = None) -> Generator[Update, None, Engine | None]:
    """The engine of ``model``; while it is being loaded or downloaded, how far that is. None if ``run`` was stopped."""
    if run is not None and run.stopped:
        return None
    if engines.loaded(model):
        return engines.get(model)
    future: Future[Engine] = Future()

    def load() -> None:
        try:
            future.set_result(engines.get(model))
        except Exception as error:
            future.set_exception(error)

    # Who leaves does not wait, nor does the program when it ends; the model is there for the next one.
    threading.Thread(target=load, daemon=True).start()
    while True:
        share, what = engines.progress(model)
        yield {"status": views.progress(f"{what}; this happens once …", share)}
        done = wait([future], REDRAW_SECONDS).done
        if run is not None and run.stopped:
            return None
        if done:
            return future.result()


def _take(
    engine: Engine,
    request: GenerationRequest,
    asked: Settings,
    run: Run,
    keep: Callable[..., str] | None,
    told: str,
    live: Chunks,
) -> Iterator[Update]:
    codec = engine.model.codec
    pressed, first_sound, drawn = time.perf_counter(), None, 0.0
    before = run.generation  # of the same press: another seed, nothing else
    if request.melody is not None and before is None:
        yield {"status": views.progress(say("Listening to the melody …"))}
    generation = run.generation = engine.start(request, before.listened if before else None)
    step_of = generation.step_of

    def codes_of(values: np.ndarray) -> Codes:
        steps = None if step_of is None else step_of[: values.shape[1]]
        return Codes(values, codec.frame_rate, codec.codebook_size, steps, generation.melody_chroma)

    started = time.perf_counter()  # hearing the melody is not making music
    try:
        for event in generation:
            now = time.perf_counter()
            if event.message.startswith("waiting"):
                pressed = started = now  # the time that others took is not ours
            update: Update = {}
            if event.audio is not None and event.audio.size:
                first_sound = first_sound or now - pressed
                update["live"] = live.add(event.audio)
            if now - drawn >= REDRAW_SECONDS:
                drawn = now
                update |= {"status": _progress(event, codec.frame_rate, told), "grid": draw_grid(codes_of(event.codes))}
            if update:
                yield update
            if run.stopped:  # pressed before there was a generation to close
                break
        took = time.perf_counter() - started
        result = generation.result()
    except GeneratorExit:  # the page was closed, or lost its connection
        generation.close()
        if keep is not None:  # in a thread: whoever closes us is the server's own, and waits for nothing
            threading.Thread(target=_keep_rest, args=(generation, codes_of, keep, "the page was closed")).start()
        raise
    except Exception:
        if keep is not None:
            _keep_rest(generation, codes_of, keep, "it failed")
        raise
    finally:
        generation.close()
    if not result.audio.size:
        yield {"status": views.note("Stopped before there was any sound."), "shown": None}
    else:
        yield _finished(result, codes_of(result.codes), asked, run, took, first_sound, keep)


def _keep_rest(
    generation: Generation, codes_of: Callable[[np.ndarray], Codes], keep: Callable[..., str], when: str
) -> None:
    """Put what there is of a take that nobody sees any more where it can be found again."""
    try:
        result = generation.result()
        if result.audio.size:
            length = views.seconds(result.audio.shape[1] / result.sample_rate)
            keep(result, codes_of(result.codes), [f"{length} of sound, when {when}"])
    except Exception:
        log.exception("What there was of a take could not be kept.")


def _finished(
    result: GenerationResult,
    codes: Codes,
    asked: Settings,
    run: Run,
    took: float,
    first_sound: float | None,
    keep: Callable[..., str] | None,
) -> Update:
    notes = " ".join(result.recipe.get("notes", ()))
    done = "Stopped; this is what was made." if run.stopped else "Done."
    length = result.audio.shape[1] / result.sample_rate
    facts, take = facts_of(result, length, took, first_sound), ""
    if keep is not None:
        try:
            take = keep(result, codes, facts)
        except (OSError, ValueError) as error:
            notes = f"It could not be kept among your takes: {error}. {notes}"
    if run.replaced:  # nobody sees it here: no file for the page
        return {}
    made = Made(save(result), codes, result.recipe, facts, asked, take)
    return show_take(made, audio.Audio(result.audio, result.sample_rate)) | {
        "status": views.progress(f"{done} {notes}".strip(), 1.0),
    }


def _progress(event: GenerationEvent, frame_rate: float, told: str) -> str:
    if event.message and event.seconds_left is None:
        return views.progress(f"{told}{event.message[0].upper()}{event.message[1:]}")
    done, total = event.frames_done / frame_rate, event.frames_total / frame_rate
    left = "" if event.seconds_left is None else f", time left: {views.seconds(event.seconds_left)}"
    predicted = float((event.codes >= 0).mean()) if event.codes.size else 0.0
    return views.progress(f"{told}{done:.1f} / {views.seconds(total)}{left}", predicted)
