"""What happens when something is pressed: settings in, updates of the page out, as dictionaries by control name.

Holds no state. What belongs to one user lives in that user's ``Run``; the engines are handed in.
"""

from __future__ import annotations

import io
import json
import random
import sqlite3
import tempfile
import time
import wave
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

from musicgen import audio, chroma, visual
from musicgen.engine import Engine, Generation, GenerationEvent, GenerationRequest, GenerationResult
from musicgen.errors import ModelUnavailable
from musicgen.patterns import get_pattern
from musicgen.plan import Plan, make_plan
from musicgen.preparation import GATE_DB
from musicgen.separation import SAMPLE_RATE, separate
from musicgen.takes import Codes
from musicgen.ui import views
from musicgen.ui.engines import Engines
from musicgen.ui.settings import AS_TRAINED, Settings

Update = dict[str, Any]
# Keeps a take with the settings that ask for it and the facts of its making, and returns its id.
Keep = Callable[[GenerationRequest, str, GenerationResult, Codes, list[str]], str]

# Open at once: the engine lets them in one by one and tells the others how many are ahead. Each holds one of the
# server's 40 threads, so most are left to the rest of the page; who comes later waits in the server's own queue.
OPEN_TAKES = 16
REDRAW_SECONDS = 0.5  # between two drawings of the live grid


@dataclass
class Run:
    """One press of Generate. Only the page it was pressed on holds this object, and so only its Stop ends it."""

    stopped: bool = False
    generation: Generation | None = None

    def stop(self) -> None:
        """End the run; what it has made stays."""
        self.stopped = True
        if self.generation is not None:
            self.generation.close()


IDLE: Update = {"generate": gr.update(interactive=True), "stop": gr.update(interactive=False)}


def begin(previous: Run | None) -> Update:
    """Clear the last take away, at once, and say that this one waits for its turn."""
    if previous is not None:
        previous.stop()
    return {
        "run": Run(),
        "generate": gr.update(interactive=False),
        "stop": gr.update(interactive=True),
        "status": views.progress("Waiting for its turn …"),
        "live": gr.update(value=None, visible=True),
        "take": gr.update(value=None, visible=False),
        "facts": "",
        "grid": "",
        "followed": "",
        "spectrum": "",
        "recipe_fold": gr.update(visible=False),
        "picture": gr.update(visible=False),
        "shown": None,
        "take_id": "",
        "share_row": gr.update(visible=False),
        "link": gr.update(visible=False),
    }


def stop(run: Run | None) -> Update:
    """Ask this page's run to end; it keeps what it has made."""
    if run is not None:
        run.stop()
    return {"stop": gr.update(interactive=False)}


def generate(engines: Engines, settings: Settings, run: Run, keep: Keep | None = None) -> Iterator[Update]:
    """Make a take and yield updates: sound as it comes, progress and the grid twice a second, all at the end.

    Finished or stopped, it is handed to ``keep``.
    """
    try:
        if run.stopped:
            yield IDLE | {"status": views.note("Stopped before it began.")}
            return
        request = settings.request()
        engine = yield from loaded(engines, settings.model)
        yield from _take(engine, request, run, keep and partial(keep, request, settings.model))
    except (ValueError, ModelUnavailable) as error:
        gr.Warning(escape(str(error)), title="This cannot be made")
        yield IDLE | {"status": views.problem(str(error))}
    except Exception:
        yield IDLE | {"status": views.problem("Something went wrong on the server; its log says what.")}
        raise


def loaded(engines: Engines, model: str) -> Generator[Update, None, Engine]:
    """The engine of ``model``; while it is being loaded or downloaded, how far that is."""
    if engines.loaded(model):
        return engines.get(model)
    loading = ThreadPoolExecutor(1)
    try:
        future = loading.submit(engines.get, model)
        while True:
            share, what = engines.progress(model)
            yield {"status": views.progress(f"{what}; this happens once …", share)}
            if wait([future], REDRAW_SECONDS).done:
                return future.result()
    finally:
        loading.shutdown(wait=False)  # who leaves does not wait; the model is there for the next one


def _take(
    engine: Engine, request: GenerationRequest, run: Run, keep: Callable[..., str] | None
) -> Iterator[Update]:
    codec = engine.model.codec
    pressed, first_sound, drawn = time.perf_counter(), None, 0.0
    generation = run.generation = engine.start(request)
    step_of = _step_of(engine, generation)

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
                update["live"] = wav_bytes(event.audio, codec.sample_rate)
            if now - drawn >= REDRAW_SECONDS:
                drawn = now
                update |= {"status": _progress(event, codec.frame_rate), "grid": draw_grid(codes_of(event.codes))}
            if update:
                yield update
            if run.stopped:  # pressed before there was a generation to close
                break
        took = time.perf_counter() - started
        result = generation.result()
        if not result.audio.size:
            yield IDLE | {"status": views.note("Stopped before there was any sound.")}
        else:
            yield _finished(result, codes_of(result.codes), run, took, first_sound, keep)
    finally:
        generation.close()  # also when the page was closed: the model stops with it


def _finished(
    result: GenerationResult,
    codes: Codes,
    run: Run,
    took: float,
    first_sound: float | None,
    keep: Callable[..., str] | None,
) -> Update:
    notes = " ".join(result.recipe.get("notes", ()))
    done = "Stopped; this is what was made." if run.stopped else "Done."
    length = result.audio.shape[1] / result.sample_rate
    facts, take = _facts(result, length, took, first_sound), ""
    if keep is not None:
        try:
            take = keep(result, codes, facts)
        except (OSError, sqlite3.Error, ValueError) as error:
            notes = f"It could not be kept among your takes: {error}. {notes}"
    sound = audio.Audio(result.audio, result.sample_rate)
    return IDLE | show_take(save(result), sound, codes, facts, result.recipe) | {
        "status": views.progress(f"{done} {notes}".strip(), 1.0),
        "take_id": take,
        "share_row": gr.update(visible=bool(take)),
    }


def show_take(
    file: str, sound: audio.Audio, codes: Codes, facts: Sequence[str], recipe: Mapping[str, Any]
) -> Update:
    """A take with all that is known of it: one just made, or one that was kept."""
    return {
        "take": gr.update(value=file, visible=True),
        "facts": views.facts(facts),
        "grid": draw_grid(codes),
        "followed": draw_followed(codes, sound),
        "spectrum": visual.spectrogram(sound.samples, sound.sample_rate),
        "recipe": json.dumps(recipe, indent=2, ensure_ascii=False),
        "recipe_fold": gr.update(visible=True),
        "picture": gr.update(visible=True),
        "shown": (sound, codes, recipe),
    }


def picture(shown: tuple[audio.Audio, Codes, Mapping[str, Any]] | None) -> str | None:
    """The take on the page as one PNG file; made when asked for, because drawing takes a second."""
    if shown is None:
        return None
    from musicgen.figure import png, take_figure

    sound, codes, recipe = shown
    told = (recipe.get("prompt"), recipe.get("model"), recipe.get("pattern"), f"seed {recipe.get('seed')}")
    figure = take_figure(
        codes.values, sound.samples, sound.sample_rate, codes.frame_rate, codes.codebook_size,
        " · ".join(str(part) for part in told if part), codes.melody,
    )
    path = Path(tempfile.mkdtemp(prefix="picture-", dir=served_folder())) / f"musicgen-{recipe.get('seed')}.png"
    path.write_bytes(png(figure))
    return str(path)


def wav_bytes(samples: np.ndarray, sample_rate: int) -> bytes:
    """float32 [C, N] as a 16-bit WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(samples.shape[0])
        out.setsampwidth(2)
        out.setframerate(sample_rate)
        out.writeframes((np.clip(samples.T, -1, 1) * 32767).round().astype("<i2").tobytes())
    return file.getvalue()


def save(result: GenerationResult) -> str:
    """Write the take, its recipe inside, into the folder the page serves and clears; return the path."""
    folder = Path(tempfile.mkdtemp(prefix="take-", dir=served_folder()))
    path = folder / f"musicgen-{result.recipe['seed']}.wav"
    audio.write(path, audio.Audio(result.audio, result.sample_rate), recipe=result.recipe)
    return str(path)


def served_folder() -> str:
    """Where the files lie that the page serves; old ones are cleared away."""
    folder = get_upload_folder()
    Path(folder).mkdir(parents=True, exist_ok=True)
    return folder


def _progress(event: GenerationEvent, frame_rate: float) -> str:
    if event.message and event.seconds_left is None:
        return views.progress(f"{event.message[0].upper()}{event.message[1:]}")
    done, total = event.frames_done / frame_rate, event.frames_total / frame_rate
    left = "" if event.seconds_left is None else f", about {views.seconds(event.seconds_left)} left"
    predicted = float((event.codes >= 0).mean()) if event.codes.size else 0.0
    return views.progress(f"{done:.1f} of {views.seconds(total)}{left}", predicted)


def _step_of(engine: Engine, generation: Generation) -> np.ndarray | None:
    """The step that predicts each code, int [T, K]; None when several windows make the take."""
    config, recipe = engine.model.config, generation.recipe
    if recipe["duration"] > config.window_seconds or recipe.get("continue_from"):
        return None
    frames = max(1, round(recipe["duration"] * engine.model.codec.frame_rate))
    return get_pattern(recipe["pattern"], config.lm.codebooks).layout(frames).step_of.numpy()


def draw_grid(codes: Codes) -> str:
    """The codes so far."""
    return visual.token_grid(codes.values, codes.frame_rate, codes.codebook_size, codes.step_of)


def _facts(result: GenerationResult, length: float, took: float, first_sound: float | None) -> list[str]:
    facts = [f"{views.seconds(length)} of sound in {views.seconds(took)}: {length / took:.1f}× real time"]
    if first_sound is not None:
        facts.append(f"first sound after {views.seconds(first_sound)}")
    facts.append(f"seed {result.recipe.get('seed')}")
    if result.plan is not None:
        facts.append(result.plan.describe())
    return facts


def draw_followed(codes: Codes, sound: audio.Audio) -> str:
    """The melody asked over the melody of the take; "" when none was asked."""
    if codes.melody is None or not len(codes.melody):
        return ""
    heard = chroma.chromagram(sound.mono(), sound.sample_rate)
    asked = codes.melody[: len(heard)]
    title = f"Melody: asked over followed, similarity {chroma.similarity(asked, heard):.2f}"
    return visual.chromagrams([("asked", asked), ("followed", heard)], chroma.CHROMA_RATE, title)


def show_melody(path: str | None, how: str, duration: float) -> Iterator[str]:
    """The chromagram of what was uploaded, over the argmax that is all the model gets to know of it."""
    if not path:
        yield ""
        return
    yield views.note("Listening to the melody …")
    try:
        sound = audio.read(path)
        audio.require_sound(sound, "The melody")
        part = audio.Audio(sound.samples[:, : max(1, round(duration * sound.sample_rate))], sound.sample_rate)
        tune = separate(part, how)
    except (ValueError, ModelUnavailable) as error:
        yield views.problem(str(error))
        return
    heard = chroma.chromagram(tune.samples, SAMPLE_RATE, GATE_DB)
    kept = chroma.argmax_onehot(heard) * (chroma.strongest(heard) >= 0)[:, None]
    panels = [("heard", heard), ("kept: the strongest note of each moment", kept)]
    what = tune.note or "The melody was taken from all of the sound."
    yield visual.chromagrams(panels, chroma.CHROMA_RATE, f"Melody, {part.seconds:.1f} s") + views.note(what)


def show_pattern(engines: Engines, model: str, pattern: str | None, duration: float) -> str:
    """The pattern's diagram, cost and warning, or why it is none."""
    card = engines.card(model)
    name = card.pattern if pattern in (None, "", AS_TRAINED) else pattern
    try:
        chosen = get_pattern(name, card.codebooks)
        trained = None if card.knows(chosen) else card.pattern
        return views.pattern_card(chosen, max(1, round(duration * card.frame_rate)), trained)
    except ValueError as error:
        return views.problem(str(error))


def show_plan(settings: Settings) -> str:
    """The plan that the prompt, the seed and the fields make, in one line."""
    if not settings.follow_plan:
        return views.note("Switched off: the model hears the words only.")
    try:
        prompt, parts = settings.prompt or "", settings.plan_parts()
        seed = settings.chosen_seed()
        if seed is not None:
            return views.note(make_plan(prompt, seed, **parts).describe() + ".")
        # Without a seed, what several seeds agree on is what the words and the fields decide.
        plans = [_told(make_plan(prompt, seed, **parts)) for seed in range(8)]
    except ValueError as error:
        return views.problem(str(error))
    told = [text for part, text in plans[0].items() if text and all(plan[part] == text for plan in plans)]
    drawn = [part for part in plans[0] if len({plan[part] for plan in plans}) > 1]
    return views.note(f"Told: {', '.join(told) or 'nothing'}. Drawn by the seed: {', '.join(drawn) or 'nothing'}.")


def _told(plan: Plan) -> dict[str, str]:
    """The parts of a plan in words; "" for one that is left to the text."""
    return {
        "tempo": f"{plan.bpm:g} bpm" if plan.bpm else "",
        "metre": str(plan.meter),
        "key": str(plan.key or ""),
        "chords": " ".join(map(str, plan.chords)),
        "drums": {True: "with drums", False: "no drums", None: ""}[plan.drums],
    }


def fill_plan(settings: Settings) -> Update:
    """Write the plan into its fields, so that it can be changed by hand; draws a seed if there is none."""
    try:
        seed = settings.chosen_seed()
        seed = roll_seed() if seed is None else seed
        plan = make_plan(settings.prompt or "", seed, **settings.plan_parts())
    except ValueError as error:
        return {"plan_line": views.problem(str(error))}
    return {
        "seed": str(seed),
        "bpm": f"{plan.bpm:g}",
        "key": str(plan.key),
        "meter": str(plan.meter),
        "chords": " ".join(map(str, plan.chords)),
        "drums": "auto" if plan.drums is None else "with" if plan.drums else "without",
    }


def roll_seed() -> int:
    """A seed short enough to be told to a friend."""
    return random.randrange(100_000)
