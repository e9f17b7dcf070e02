"""What happens on the Takes tab and when a take is opened or shared: updates of the page by name, as in ``handlers``.

Holds no state: whose takes they are says the secret that the browser brings along.
"""

from __future__ import annotations

import hmac
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from musicgen import audio, links
from musicgen.engine import GenerationRequest, GenerationResult
from musicgen.instruments import parse_instruments
from musicgen.takes import SHOWN, Codes, Take, Takes
from musicgen.ui import handlers, views
from musicgen.ui.engines import Engines
from musicgen.ui.files import name_of, served_folder, writing
from musicgen.ui.run import Run
from musicgen.ui.settings import AS_TRAINED, BARS, DRUMS, ENDINGS, FREE, Settings
from musicgen.ui.shown import Made, Update, show_take
from musicgen.ui.words import say

SIDES = ("first", "second")  # the two panels of the tab
GIVEN = {"melody": "a melody", "continue_from": "audio to continue"}  # neither kept nor in a link
_SECRET = secrets.token_bytes(32)  # copies that are served last no longer than the process
_EMPTY = "Nothing here yet. Every take that is finished or stopped on the Create tab is kept here."


def keep(
    takes: Takes,
    owner: str,
    request: GenerationRequest,
    model: str,
    result: GenerationResult,
    codes: Codes,
    facts: list[str],
) -> str:
    """Keep a take with the settings that make it again; return its id."""
    asked = replace(request, seed=result.recipe["seed"], duration=result.recipe["duration"], bars=None)
    settings = links.describe(asked, model)
    return takes.keep(owner, audio.Audio(result.audio, result.sample_rate), codes, settings, result.recipe, facts)


def open_take(engines: Engines, takes: Takes, take: Take, whose: str) -> Update:
    """A kept take on the Create tab: its sound, its pictures, its settings. Raises ``ValueError``."""
    sound = audio.read(takes.sound_file(take))
    filled, notes = fill(engines, *links.understand(take.settings))
    given = [what for key, what in GIVEN.items() if take.recipe.get(key)]
    if given:
        notes.append(f"It was made with {' and '.join(given)}, which is not kept: give the file again.")
    made = Made(served(takes, take), takes.codes(take), take.recipe, take.facts, Settings(**filled), take.id)
    return filled | show_take(made, sound) | {
        "status": views.progress(" ".join([whose, *notes]), 1.0),
        "live": "",
        "versions": gr.update(choices=[], value=None, visible=False),
        "made": [made],
    }


def found(engines: Engines, takes: Takes, made: Made | None, owner: str | None, take_id: str) -> Made | None:
    """The take on the page, as its buttons need it: ``made``, or what the store has of ``take_id``.

    Gradio forgets what a page holds, and clears its files away, while the page still shows the take.
    """
    if made is not None and Path(made.file).is_file():
        return made
    try:
        take = takes.get(take_id, owner)
        if made is not None:
            return replace(made, file=served(takes, take))
        filled, _ = fill(engines, *links.understand(take.settings))
        return Made(served(takes, take), takes.codes(take), take.recipe, take.facts, Settings(**filled), take.id)
    except ValueError:
        return made


def fill(engines: Engines, request: GenerationRequest, model: str) -> tuple[Update, list[str]]:
    """The controls set to a request, and what this page cannot do as asked."""
    notes, duration = [], request.duration
    if model not in engines.names:
        notes.append(f"The model '{model[:60]}' is not offered here; {engines.default} stands in for it.")
        model = engines.default
    if duration > engines.max_duration:
        duration = engines.max_duration
        notes.append(f"This page makes {duration:g} seconds at most.")

    def text(value: float | int | None) -> str:
        return "" if value is None else str(value).removesuffix(".0")

    return {
        "prompt": request.prompt,
        "model": model,
        "duration": max(1.0, duration),
        "seed": text(request.seed),
        "pattern": request.pattern or AS_TRAINED,
        "melody": None,
        "separation": request.separation,
        "melody_strength": request.melody_strength,
        "follow_plan": request.plan == "auto",
        "bpm": text(request.bpm),
        "key": request.key or "auto",
        "meter": request.meter or "auto",
        "chords": request.chords or "",
        "drums": next(word for word, value in DRUMS.items() if value is request.drums),
        "instruments": list(parse_instruments(request.instruments)) if request.instruments else [],
        "ending": next(word for word, value in ENDINGS.items() if value is request.ending),
        "sections": request.sections or "",
        "temperature": text(request.temperature),
        "top_k": text(request.top_k),
        "top_p": text(request.top_p),
        "guidance": text(request.guidance),
        "prior": text(request.prior),
        "negative_prompt": request.negative_prompt,
        "greedy": request.greedy,
        "continue_from": None,
        "painting": request.painting or "",
        "bars": str(request.bars) if str(request.bars) in BARS else FREE,
    }, notes


# -- links ------------------------------------------------------------------------------------------------------------


def share(takes: Takes, owner: str, take_id: str | None, address: str, field: str = "link") -> Update:
    """Open a take to whoever has its link, and show the link."""
    try:
        take = takes.get(take_id or "", owner)
        if take.mine:
            takes.set_shared(take.id, owner, True)
    except ValueError as error:
        return _warned(error, field)
    label = say("Anyone who has this link can hear it, until a year after it was made")
    return {field: gr.update(value=f"{address}?take={take.id}", visible=True, label=label)}


def share_picked(takes: Takes, owner: str, take_id: str | None, address: str) -> Update:
    """``share`` on the Takes tab, where it can be taken back."""
    update = share(takes, owner, take_id, address, "kept_link")
    return update | {"kept_unshare": gr.update(visible=bool(update["kept_link"]["value"]))}


def share_settings(takes: Takes, owner: str, take_id: str, address: str) -> Update:
    """Show the link that carries the settings of a take; the take itself stays private."""
    try:
        take = takes.get(take_id, owner)
        link = links.encode(take.settings)
    except ValueError as error:
        return _warned(error, "link")
    given = ",".join(key for key in GIVEN if take.recipe.get(key))
    label = say("Makes it again once the same audio is given, for a link cannot hold that" if given else
                "Makes it again, on any copy of this program")
    query = f"recipe={link}&given={given}" if given else f"recipe={link}"
    return {"link": gr.update(value=f"{address}?{query}", visible=True, label=label)}


def _warned(error: ValueError, field: str) -> Update:
    gr.Warning(escape(str(error)))
    return {field: gr.update(value="", visible=False)}


# -- the tab ----------------------------------------------------------------------------------------------------------


def listing(takes: Takes, owner: str, search: str, picked: str | None, other: str | None = None) -> Update:
    """The takes of this browser that match; the one picked, and the ``other`` beside it, stay while they are among
    them."""
    try:
        found, count = takes.mine(owner, search or "")
    except ValueError as error:
        return {"kept_note": views.problem(str(error))}
    choices = [(_label(take), take.id) for take in found]
    if not count:
        said = f"No take matches “{search.strip()[:60]}”." if (search or "").strip() else _EMPTY
    elif count > SHOWN:
        said = f"{SHOWN} of {count} takes; search to find the others."
    elif count == 1:
        said = "1 take. Only this browser sees it, unless you share it."
    else:
        said = f"{count} takes. Only this browser sees them, unless you share one."
    ids = [take.id for take in found]
    gone, beside = bool(picked) and picked not in ids, other if other in ids else ""
    hint = {"kept_first_title": views.note(say("Choose a take: hear it, see it, share it."))}
    return {
        "kept_note": views.note(said),
        "kept": gr.update(choices=choices, value=None if gone else picked, visible=bool(choices)),
        "kept_other": gr.update(choices=[("nothing", ""), *choices], value=beside, visible=len(choices) > 1),
    } | ({} if beside else panel(takes, owner, None, "second")) | (pick(takes, owner, None) if gone else {}) | (
        hint if choices and (gone or not picked) else {}
    )


def pick(takes: Takes, owner: str, picked: str | None) -> Update:
    """Show a take in the first panel, with what can be done with it."""
    update = panel(takes, owner, picked, "first") | {
        "kept_actions": gr.update(visible=bool(picked)),
        "kept_sure": gr.update(visible=False),
        "kept_link": gr.update(value="", visible=False),
    }
    try:
        take = takes.get(picked, owner) if picked else None
    except ValueError:
        return update | {"kept_actions": gr.update(visible=False)}
    if take is not None:
        update |= {
            "kept_favourite": gr.update(value=_star(take)),
            "kept_unshare": gr.update(visible=take.shared),
        }
    return update


def panel(takes: Takes, owner: str, picked: str | None, side: str) -> Update:
    """One of the two panels: what a take sounds and looks like, or nothing."""
    names = {part: f"kept_{side}_{part}" for part in ("title", "audio", "facts", "grid", "spectrum")}
    empty: Update = {name: "" for name in names.values()} | {names["audio"]: gr.update(value=None, visible=False)}
    empty[f"kept_{side}"] = gr.update(visible=side == "first")
    if not picked:
        return empty
    try:
        take = takes.get(picked, owner)
        made = Made(served(takes, take), takes.codes(take), take.recipe, take.facts, Settings())
        sound = audio.read(takes.sound_file(take))
    except ValueError as error:
        return empty | {names["title"]: views.problem(str(error)), f"kept_{side}": gr.update(visible=True)}
    shown = show_take(made, sound)
    return {
        f"kept_{side}": gr.update(visible=True),
        names["title"]: f'<p class="kept-title">{escape(take.prompt or "(no words)")}</p>',
        names["audio"]: shown["take"],
        names["facts"]: shown["facts"],
        names["grid"]: shown["grid"],
        names["spectrum"]: shown["spectrum"],
    }


def mark(takes: Takes, owner: str, picked: str | None, search: str) -> Update:
    """Make a take a favourite, or no longer one; what is heard and compared meanwhile stays as it is."""
    _do(takes, owner, picked, lambda take: takes.set_favourite(take.id, owner, not take.favourite))
    update = listing(takes, owner, search, picked)
    if not (still := update.get("kept", {}).get("value")):  # it is gone, or the search no longer finds it
        return update
    return {name: update[name] for name in ("kept_note", "kept")} | {
        "kept_favourite": gr.update(value=_star(takes.get(still, owner)))
    }


def unshare(takes: Takes, owner: str, picked: str | None, search: str) -> Update:
    """Make a take private again; the address its sound had meanwhile leads nowhere."""

    def withdraw(take: Take) -> None:
        takes.set_shared(take.id, owner, False)
        shutil.rmtree(_served_copy(take, shared=True).parent, ignore_errors=True)

    return _done(takes, owner, picked, search, withdraw)


def delete(takes: Takes, owner: str, picked: str | None, search: str) -> Update:
    """Delete a take, its files, and the copy that was served."""

    def remove(take: Take) -> None:
        takes.delete(take.id, owner)
        for shared in (True, False):
            shutil.rmtree(_served_copy(take, shared).parent, ignore_errors=True)

    return _done(takes, owner, picked, search, remove)


def reopen(engines: Engines, takes: Takes, owner: str, picked: str | None, run: Run | None) -> Update:
    """Bring a take back to the Create tab; what is being made there gives way."""
    try:
        update = open_take(engines, takes, takes.get(picked or "", owner), "One of your takes.")
    except ValueError as error:
        return _warned(error, "kept_link")
    if run is not None:
        run.give_way()
    return update | handlers.IDLE | {"tabs": gr.Tabs(selected="create")}


def _star(take: Take) -> Any:
    return say("☆ Unmark") if take.favourite else say("★ Favourite")


def _do(takes: Takes, owner: str, picked: str | None, what: Callable[[Take], None]) -> None:
    try:
        what(takes.get(picked or "", owner))
    except ValueError as error:
        gr.Warning(escape(str(error)))


def _done(takes: Takes, owner: str, picked: str | None, search: str, what: Callable[[Take], None]) -> Update:
    _do(takes, owner, picked, what)
    update = listing(takes, owner, search, picked)
    still = update.get("kept", {}).get("value")
    return pick(takes, owner, still) | update


def served(takes: Takes, take: Take) -> str:
    """A copy of the sound where the page may serve it from; it is cleared away with the other temporary files. Raises
    ``ValueError``."""
    copy = _served_copy(take, take.shared)
    if copy.is_file():
        os.utime(copy)  # in use again: its age counts from now
        return str(copy)
    with writing():
        copy.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=copy.parent)
        os.close(handle)
        shutil.copyfile(takes.sound_file(take), unfinished)
        os.replace(unfinished, copy)
    return str(copy)


def _served_copy(take: Take, shared: bool) -> Path:
    """Where it lies; who was told while it was shared cannot tell where it lies when it is not."""
    folder = hmac.digest(_SECRET, f"{take.id} {shared}".encode(), "sha256").hex()[:32]
    return Path(served_folder()) / "takes" / folder / name_of(take.recipe, "flac")


def _label(take: Take) -> str:
    star = "★ " if take.favourite else ""
    words = take.prompt if len(take.prompt) <= 70 else take.prompt[:69] + "…"
    shared = " · shared" if take.shared else ""
    return f"{star}{words or '(no words)'} · {views.seconds(take.seconds)} · {_ago(time.time() - take.made)}{shared}"


def _ago(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
