"""The page in a real browser: what a person presses, sees and hears, wide and on a phone, alone and with others."""

from __future__ import annotations

import shutil
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from conftest import build_model

from musicgen import audio
from musicgen.engine import Engine
from musicgen.ui.app import build, launch_options
from musicgen.ui.engines import Engines

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
]

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LONG = 3600.0  # seconds of music that no test waits for
PATIENCE = 60_000  # ms until a condition counts as never met
LOADED = threading.Event()  # until then the model medium is being loaded


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("served")))
        slots = {"pocket": None, "small": 1, "medium": None}  # of small a second person waits until the first is gone

        def opened(name: str, _) -> Engine:
            assert name != "medium" or LOADED.wait(PATIENCE / 1000)
            return Engine(build_model("aligned"), LONG, slots[name])

        page = build(Engines(list(slots), LONG, opened))
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield url
        page.close()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(served, browser) -> Iterator[Callable]:
    """Opens the page in a context of its own; at the end nothing may have gone wrong or outside."""
    contexts, errors, hosts = [], [], set()

    def opened(viewport=WIDE, colours="light"):
        context = browser.new_context(viewport=viewport, color_scheme=colours)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(served)
        page.wait_for_selector("#generate:enabled")
        return page

    opened.errors = errors  # type: ignore[attr-defined]
    yield opened
    marks = [raw_marks(page) for context in contexts for page in context.pages]
    for context in contexts:
        context.close()
    assert errors == []
    assert not any(marks)
    assert hosts <= {urlsplit(served).hostname, None}  # None: data and blob addresses


def raw_marks(page) -> int:
    """How many phrases a page shows as the mark that Gradio should have put words for."""
    return page.locator("text=__i18n__").count()


def ask(page, prompt: str, seconds: float, seed: int | None = None) -> None:
    page.fill("#prompt textarea", prompt)
    page.fill("#duration input[type=number]", str(seconds))
    page.fill("#seed textarea, #seed input", "" if seed is None else str(seed))


def unfold(page, name: str) -> None:
    """Open a fold. For a moment after its parts are there Gradio sets them anew: what was typed by then would be gone,
    which only a test is quick enough to see."""
    page.click(f"#{name}-fold > button")
    page.wait_for_selector(f"#{name}-fold .block >> visible=true")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def finished(page, seed: int | None = None) -> str:
    """Wait for the take; the address of its file."""
    page.wait_for_selector("#spectrum svg")
    if seed is not None:
        page.wait_for_selector(f"#facts >> text=seed {seed}")
    page.wait_for_selector("#generate:enabled")
    return page.locator("#take a[download]").first.get_attribute("href")


def fetched(url: str) -> bytes:
    return httpx.get(url).raise_for_status().content


def plays(page) -> None:
    """The live sound has been playing."""
    page.wait_for_function("() => Number(document.querySelector('#live').dataset.played) > 0.2")


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_prompt_becomes_sound_that_plays_while_it_is_made(visit, viewport):
    page = visit(viewport)
    ask(page, "calm piano", 3, seed=21)
    page.focus("#prompt textarea")
    page.keyboard.press("Control+Enter")
    plays(page)
    sound = audio.read(fetched(finished(page, 21)))
    assert abs(sound.seconds - 3) < 0.1
    assert np.abs(sound.samples).max() > 0.01
    assert page.locator("#take >> text=0:03").count() == 1
    assert page.locator("#grid svg[role=img]").count() == 1 and fits(page)


def test_a_second_take_is_heard_too(visit):
    page = visit()
    for seed, seconds in ((1, 2), (2, 2.5)):
        ask(page, "calm piano", seconds, seed)
        page.click("#generate")
        made = fetched(finished(page, seed))
        recipe = audio.read_recipe(made)
        assert recipe["seed"] == seed and recipe["duration"] == seconds
        page.wait_for_selector("#live[data-state=ended]", state="attached")
        assert page.locator("#live").is_hidden()  # when it is over, one player is enough
        heard = float(page.get_attribute("#live", "data-played"))
        assert abs(heard - audio.read(made).seconds) < 0.01, "all of it, and no silence counted"
        assert page.locator("#take >> visible=true").count() == 1


@pytest.mark.parametrize(("viewport", "colours"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_sound_grows_while_the_take_is_made_can_be_paused_and_goes_on(visit, viewport, colours, tune, tmp_path):
    page = visit(viewport, colours)
    heard = "() => Number(document.querySelector('#live').dataset.played)"
    assert page.locator("#live").get_attribute("data-state") == "idle" and page.locator("#live").is_hidden()
    ask(page, "calm piano", LONG, seed=8)
    page.click("#generate")
    page.wait_for_selector("#live[data-state=playing]")
    plays(page)
    before = page.evaluate(heard)
    page.wait_for_function(f"before => ({heard})() > before", arg=before)
    assert page.locator("#generate:disabled").count() == 1, "heard long before it is finished"
    assert page.locator("#live .live-name").inner_text() == "Live" and fits(page)

    page.focus("#live button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#live[data-state=paused] button[aria-label=Play]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#live[data-state=playing] button[aria-label=Pause]")
    audio.write(tmp_path / "tune.wav", tune)
    sound = b64encode((tmp_path / "tune.wav").read_bytes()).decode()
    page.evaluate("url => new Audio(url).play()", f"data:audio/wav;base64,{sound}")
    page.wait_for_selector("#live[data-state=paused]")  # one player at a time
    page.click("#stop")
    finished(page)
    page.wait_for_selector("#live[data-state=paused]")  # what is left can still be heard


def test_stop_keeps_what_there_is(visit):
    page = visit()
    ask(page, "calm piano", LONG, seed=3)
    page.click("#generate")
    plays(page)
    page.click("#stop")
    sound = audio.read(fetched(finished(page)))
    assert 0.5 < sound.seconds < LONG / 2 and np.abs(sound.samples).max() > 0.01
    assert page.locator("#status >> text=Stopped").count() == 1


def test_keys_make_a_take_from_any_field_and_stop_it(visit):
    page = visit()
    page.fill("#duration input[type=number]", "")
    page.keyboard.type("99999")
    assert page.locator(".toast-body").count() == 0, "no pop-up for a digit too many, or none"
    page.keyboard.press("Control+Enter")
    plays(page)
    assert page.input_value("#duration input[type=number]") == f"{LONG:g}", "as much as there is"
    page.wait_for_function("() => /^\\d+ % · MusicGen Studio$/.test(document.title)")
    page.click("#model input")
    page.keyboard.press("Escape")  # closes the list, not the take
    page.wait_for_selector("ul[role=listbox]", state="detached")
    assert page.is_enabled("#stop")
    page.focus("#prompt textarea")
    page.keyboard.press("Escape")
    finished(page)
    page.wait_for_function("() => document.title === 'MusicGen Studio'")


def test_two_people_at_once_do_not_mix(visit):
    mine, yours = visit(), visit(PHONE)
    ask(mine, "mine", LONG, seed=4)
    ask(yours, "yours", 2, seed=5)
    mine.click("#generate")
    mine.wait_for_selector("#grid svg")
    yours.click("#generate")
    made = {yours: audio.read_recipe(fetched(finished(yours, 5)))}
    assert mine.locator("#stop:enabled").count() == 1  # mine goes on beside it
    mine.click("#stop")
    made[mine] = audio.read_recipe(fetched(finished(mine, 4)))
    assert (made[mine]["prompt"], made[mine]["seed"]) == ("mine", 4)
    assert (made[yours]["prompt"], made[yours]["seed"]) == ("yours", 5)
    assert mine.locator("#status >> text=Stopped").count() == 1
    assert yours.locator("#status >> text=Done").count() == 1
    assert abs(audio.read(fetched(finished(yours))).seconds - 2) < 0.1


def test_a_closed_page_lets_the_next_person_in(visit):
    mine, yours = visit(), visit()
    for page in (mine, yours):
        page.click("#model input")
        page.click("[role=option] >> text=small")
    ask(mine, "mine", LONG)
    mine.click("#generate")
    plays(mine)
    mine.close()
    ask(yours, "yours", 2, seed=6)
    yours.click("#generate")
    assert audio.read_recipe(fetched(finished(yours, 6)))["prompt"] == "yours"


def test_what_cannot_be_made_is_said_beside_what_stays(visit):
    page = visit()
    ask(page, "calm piano", 2)
    unfold(page, "plan")
    page.fill("#bpm textarea, #bpm input", "900")
    page.click("#generate")
    page.wait_for_selector("#status .trouble >> text=A tempo of 900 bpm is out of range")
    page.wait_for_selector("#generate:enabled")
    assert page.locator("#status >> text=A tempo of 900 bpm").count() == 1, "that sentence stays"
    assert page.input_value("#prompt textarea") == "calm piano"
    assert page.input_value("#bpm textarea, #bpm input") == "900"
    page.fill("#bpm textarea, #bpm input", "")
    page.click("#generate")
    assert finished(page)


def test_stop_while_a_model_loads_gives_the_page_back_for_another_take(visit):
    page = visit()
    page.click("#model input")
    page.click("[role=option] >> text=medium")
    ask(page, "calm piano", 2, seed=4)
    page.click("#generate")
    page.wait_for_selector("#status >> text=this happens once")
    page.click("#stop")
    page.wait_for_selector("#status >> text=Stopped before it began")
    page.wait_for_selector("#generate:enabled")
    page.click("#model input")
    page.click("[role=option] >> text=pocket")
    page.click("#generate")  # while the first press still waits for its model
    assert audio.read_recipe(fetched(finished(page, 4)))["seed"] == 4
    LOADED.set()
    page.click("#model input")
    page.click("[role=option] >> text=medium")
    ask(page, "calm piano", 2, seed=5)
    page.click("#generate")
    assert audio.read_recipe(fetched(finished(page, 5)))["seed"] == 5


def test_a_melody_is_drawn_at_once_and_compared_with_the_take(visit, tune, tmp_path):
    path = tmp_path / "tune.wav"
    audio.write(path, tune)
    page = visit()
    unfold(page, "melody")
    page.set_input_files("#melody input[type=file]", path)
    page.wait_for_selector("#melody-view >> text=kept: the strongest pitch class")
    page.wait_for_selector("#melody-view >> text=separated by librosa")
    ask(page, "calm piano", 2)
    page.click("#generate")
    page.wait_for_selector("#pitches text:has-text('similarity')")
    finished(page)


def test_the_plan_is_visible_can_be_filled_in_and_edited(visit):
    page = visit()
    ask(page, "jazz in A minor, 120 bpm", 2)
    page.wait_for_selector("#plan-line >> text=Told: 120 bpm")
    unfold(page, "plan")
    page.click("#fill-plan")
    page.wait_for_function("() => document.querySelector('#bpm textarea, #bpm input').value === '120'")
    page.fill("#chords textarea, #chords input", "Dm G")
    page.wait_for_selector("#plan-line >> text=chords Dm G")
    page.click("#generate")
    plan = audio.read_recipe(fetched(finished(page)))["plan"]
    assert (plan["bpm"], plan["key"], plan["chords"]) == (120, "A minor", "Dm G")


def test_another_pattern_is_drawn_and_warned_of(visit):
    page = visit()
    unfold(page, "pattern")
    assert page.locator("#pattern-card .caution").count() == 0
    page.click("#pattern input")
    page.click("[role=option] >> text=flattening >> nth=-1")
    page.wait_for_selector("#pattern-card >> text=trained with the delay pattern")
    page.wait_for_selector("#pattern-card >> text=2000 steps")


def test_dice_and_examples_write_where_they_should(visit):
    page = visit()
    before = page.input_value("#prompt textarea")
    page.click("#surprise")
    page.wait_for_function("before => document.querySelector('#prompt textarea').value !== before", arg=before)
    page.click("#roll")
    page.wait_for_function("() => /^\\d+$/.test(document.querySelector('#seed textarea, #seed input').value)")
    page.click("#ask >> text=Waltz")
    page.wait_for_function("() => document.querySelector('#prompt textarea').value.includes('waltz')")


@pytest.mark.parametrize(("viewport", "colours"), [(WIDE, "dark"), (PHONE, "light")], ids=["wide", "phone"])
def test_nothing_sticks_out_with_everything_open(visit, viewport, colours):
    page = visit(viewport, colours)
    assert fits(page)
    for fold in ("plan", "melody", "continue", "pattern", "advanced"):
        unfold(page, fold)
    page.wait_for_selector("#continue-from >> visible=true")
    assert fits(page)
