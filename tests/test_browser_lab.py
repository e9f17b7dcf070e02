"""The Patterns and Codebooks tabs in a real browser, wide and on a phone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from conftest import build_model
from test_browser import PHONE, WIDE, browser, pytestmark, raw_marks, unfold  # noqa: F401

from musicgen import audio, checkpoints, measured
from musicgen.engine import Engine
from musicgen.measured import Measured
from musicgen.ui.app import build, launch_options
from musicgen.ui.engines import Engines

BOTH = pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
PATIENCE = 240_000  # ms until a condition counts as never met


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("served")))
        pocket = tmp_path_factory.mktemp("pocket")  # the bundled model, but with figures made up for this test
        shutil.copy(checkpoints.POCKET / "config.json", pocket)
        row = {"steps for 10 s": 503, "times real time": 1.0, "nats a frame": 12.5, "tempo": 0.5, "melody": 0.25}
        measured.write(pocket, Measured({"delay": row, "parallel": row}, takes=8, melodies=4))
        patch.setattr(checkpoints, "POCKET", pocket)
        page = build(Engines(["pocket"], 3600.0, lambda *_: Engine(build_model("aligned"), 3600.0)))
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield url
        page.close()


@pytest.fixture
def visit(served, browser) -> Iterator[Callable]:  # noqa: F811
    """Opens the page at a tab; at the end nothing may have gone wrong, outside, or beyond the edge of the screen."""
    pages, errors, hosts = [], [], set()

    def opened(tab: str, viewport: dict):
        context = browser.new_context(viewport=viewport)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        pages.append(page)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(served)
        page.wait_for_selector("#generate:enabled")
        to(page, tab)
        return page

    yield opened
    wide = [page.evaluate("document.documentElement.scrollWidth - window.innerWidth") for page in pages]
    marks = [raw_marks(page) for page in pages]
    for page in pages:
        page.context.close()
    assert errors == []
    assert not any(marks)
    assert hosts <= {urlsplit(served).hostname, None}
    assert all(beyond <= 0 for beyond in wide)


def to(page, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()
    page.wait_for_selector({"Patterns": "#lab-go:enabled", "Codebooks": "#books-go:enabled"}[tab])


def sound(page, card: str) -> audio.Audio:
    href = page.locator(f"#{card} a[download]").first.get_attribute("href")
    return audio.read(httpx.get(href).raise_for_status().content)


@BOTH
def test_the_slider_reveals_the_codes_and_play_runs_to_the_end(visit, viewport):
    page = visit("Patterns", viewport)
    step = page.locator("#lab-board input[type=range]")
    step.fill("0")
    assert page.locator("#lab-board .steps g:not(.ahead)").count() == 0
    step.fill("4")
    assert page.locator("#lab-board .steps g:not(.ahead)").count() == 10  # 1 + 2 + 3 + 4 codes of a delay
    assert page.locator("#lab-board .steps g.now").count() == 4
    assert "P₄ = {(4, 1), (3, 2), (2, 3), (1, 4)}" in page.locator("#lab-board output").inner_text()
    page.click("#lab-board .play")
    page.wait_for_function("() => document.querySelector('#lab-board input').value === '9'")
    page.wait_for_function("() => document.querySelector('#lab-board .play').textContent === 'Play'")
    assert page.locator("#lab-board .ahead").count() == 0
    unfold(page, "lab-table")
    page.wait_for_selector("#lab-table .chosen >> text=delay")


@BOTH
def test_a_tapped_code_shows_what_it_sees(visit, viewport):
    page = visit("Patterns", viewport)
    page.locator('#lab-board .codes [data-code="3,2"]').click()  # with delay: step 6
    told = page.locator("#lab-board output")
    assert "Code (4, 3), in P₆, sees 2 of 2 coarser codes of its frame, 11 of 12 codes of the 3" in told.inner_text()
    assert "and 1 code of later frames." in told.inner_text()
    assert "3 more are predicted in the same step" in told.inner_text()
    assert page.locator("#lab-board .codes g.now[data-code]").count() == 4
    assert page.locator("#lab-board .codes g.asked").count() == 1
    page.locator("#lab-board .codes").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    assert told.inner_text().startswith("Code (5, 2), in P₆, sees 1 of 1 coarser")
    field = page.locator("#lab-pattern input")
    for pattern, seen in (("0,0,0,0", "Code (5, 2), in P₅, sees 0 of 1 coarser"), ("1,2", ""),
                          ("0,1,2,3", "Code (5, 2), in P₆, sees 1 of 1 coarser")):  # held, past what is no pattern, too
        field.fill(pattern)
        field.press("Enter")
        page.wait_for_selector(f"#lab-board output >> text={seen}" if seen else "#lab-board .trouble")
    assert page.locator("#lab-board .codes g.asked").get_attribute("data-code") == "4,1"
    page.locator("#lab-board input[type=range]").fill("2")
    assert "P₂ =" in told.inner_text() and page.locator("#lab-board .asked").count() == 0


def test_another_pattern_is_drawn_and_a_broken_one_explained(visit):
    page = visit("Patterns", WIDE)
    field = page.locator("#lab-pattern input")
    field.fill("1|2,3,4")
    field.press("Enter")
    page.wait_for_selector("#lab-figures >> text=3000 steps")
    assert page.locator("#lab-board input[type=range]").get_attribute("max") == "12"
    field.fill("1,2,3")
    field.press("Enter")
    page.wait_for_selector("#lab-board .trouble >> text=gives 3 delays")
    field.fill("0,1,2,3")
    field.press("Enter")
    page.wait_for_selector("#lab-board .board")
    page.wait_for_selector("#lab-figures >> text=1503 steps")


@BOTH
def test_patterns_are_compared_by_ear(visit, viewport):
    page = visit("Patterns", viewport)
    assert "one model for all seven mono patterns" in page.locator("#lab-trained").inner_text()
    assert not page.locator("#lab-evaluated").is_visible()
    page.fill("#lab-length input[type=number]", "1")
    page.click("#lab-go")
    page.wait_for_selector("#lab-status >> text=The order differs")
    for slot, name in enumerate(("delay", "parallel", "flattening")):
        card = page.locator(f"#lab-card{slot}")
        assert name in card.inner_text() and "real time" in card.inner_text()
        assert abs(sound(page, f"lab-card{slot}").seconds - 1) < 0.1
    assert page.locator("#lab-card3 >> visible=true").count() == 0
    table = page.locator("#lab-evaluated table")
    assert table.locator("thead th").all_inner_texts() == ["delay", "parallel", "flattening"]
    assert table.locator("tbody tr").first.locator("td").all_inner_texts() == ["50.3", "50.3", "–"]
    assert table.evaluate("table => table.offsetWidth <= table.parentElement.clientWidth"), "nothing to scroll"
    page.wait_for_selector("#lab-go:enabled")


def test_stop_keeps_what_there_is(visit):
    page = visit("Patterns", WIDE)
    page.fill("#lab-length input[type=number]", "20")
    page.click("#lab-go")
    page.wait_for_selector("#lab-card0 svg[role=img]")
    page.click("#lab-stop:enabled")
    page.wait_for_selector("#lab-status >> text=Stopped")
    page.wait_for_selector("#lab-go:enabled")


@BOTH
def test_a_take_goes_to_the_codebooks_and_its_picture_to_disk(visit, viewport, tmp_path):
    page = visit("Codebooks", viewport)
    page.click("#books-take")
    page.wait_for_selector("#books-status .trouble >> text=no take yet")
    page.get_by_role("tab", name="Create").click()
    page.fill("#duration input[type=number]", "1")
    page.fill("#seed textarea, #seed input", "3")
    page.click("#generate")
    page.wait_for_selector("#spectrum svg")
    with page.expect_download() as download:
        page.click("#save-png")
    assert download.value.suggested_filename == "lo-fi-hip-hop-with-electric-piano-and-a-3.png"
    download.value.save_as(tmp_path / "take.png")
    assert (tmp_path / "take.png").read_bytes().startswith(b"\x89PNG")
    to(page, "Codebooks")
    page.click("#books-take")
    page.wait_for_selector("#books-status >> text=The take is here")
    page.click("#books-go")
    page.wait_for_selector("#books-status >> text=Done")
    for slot in range(6):
        page.wait_for_selector(f"#books-card{slot} svg[role=img]")
        assert abs(sound(page, f"books-card{slot}").seconds - 1) < 0.1
    assert "kbit/s" in page.locator("#books-card1").inner_text()


def test_on_a_slow_phone_no_card_comes_without_its_sound(visit, tmp_path):
    """What Gradio tells a part that it is mounting is lost: at a sixth of the speed every other one was empty."""
    audio.write(tmp_path / "sound.wav", audio.Audio(np.sin(np.arange(16_000)[None] / 9).astype(np.float32), 16_000))
    page = visit("Codebooks", PHONE)
    page.set_input_files("#books-source input[type=file]", tmp_path / "sound.wav")
    page.wait_for_selector("#books-source a, #books-source audio", state="attached")
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    assert page.locator(".card >> visible=true").count() == 0, "none before there is something in it"
    page.click("#books-go")
    page.wait_for_selector("#books-status >> text=Done")
    for slot in range(6):
        page.wait_for_selector(f"#books-card{slot} h3")
        assert abs(sound(page, f"books-card{slot}").seconds - 1) < 0.1
        page.wait_for_selector(f"#books-card{slot} svg[role=img]")
