"""The sheet of notes and the buttons under a take in a real browser: painted by pointer and keys, in two languages."""

from __future__ import annotations

from base64 import b64encode

import pytest
from test_browser import PHONE, WIDE, ask, browser, fetched, finished, fits, pytestmark, served, unfold, visit  # noqa: F401

from musicgen import audio, painting

HEAD, ROW = 20, 15  # px, of sheet.js


def cell(page, col: int, pitch: int, cells: int) -> tuple[float, float]:
    """Where the cell of a pitch class (-1: the row of rests) lies on the screen."""
    sheet = page.locator(".sheet-cells")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    return box["x"] + box["width"] * (col + 0.5) / cells, box["y"] + HEAD + ROW * (11.5 - pitch)


def opened(page, seconds: float = 4.0):
    """The sheet of a plan of 120 bpm, 4/4: cells of a quarter of a second, bars of two seconds."""
    ask(page, "piano, 120 bpm, 4/4", seconds, seed=5)
    page.wait_for_selector("#plan-line >> text=120 bpm, 4/4")  # the page has done what it does when it is opened
    unfold(page, "plan")
    page.fill("#chords textarea, #chords input", "C F")
    page.wait_for_selector("#plan-line >> text=chords C F")
    page.wait_for_selector(".sheet-cells >> visible=true")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_painted_notes_are_in_the_recipe_and_come_back_with_same_again(visit, viewport):  # noqa: F811
    page = visit(viewport)
    opened(page)
    for col, pitch in ((0, 4), (1, 7), (2, -1)):
        page.mouse.click(*cell(page, col, pitch, 16))
    page.click("[data-layer=chords]")
    page.mouse.click(*cell(page, 9, 4, 16))  # E into the bar of F
    page.click("#generate")
    recipe = audio.read_recipe(fetched(finished(page, 5)))
    painted = painting.parse(recipe["painting"])
    assert painted.step == 0.25 and painted.melody == (4, 7, painting.REST)
    assert painted.chords[8:] == (painting.bits_of((5, 9, 0, 4)),) * 8 and set(painted.chords[:8]) == {-1}
    assert page.locator("#pitches text:has-text('similarity')").count() == 1 and fits(page)
    page.click("[data-do=clear]")
    page.wait_for_selector("[data-do=clear]:disabled")
    page.fill("#seed textarea, #seed input", "6")
    page.click("#again")
    page.wait_for_selector("#stop:enabled")
    assert audio.read_recipe(fetched(finished(page, 5))) == recipe


def test_a_finger_that_scrolls_the_page_paints_nothing(visit):  # noqa: F811
    page = visit(PHONE)
    opened(page)
    page.mouse.move(*cell(page, 4, 5, 16))
    page.mouse.down()
    page.wait_for_selector("[data-do=clear]:enabled")
    page.dispatch_event(".sheet-cells", "pointercancel")  # what a browser says once it takes the finger for a scroll
    page.mouse.up()
    assert page.is_disabled("[data-do=undo]") and page.is_disabled("[data-do=clear]")
    page.mouse.click(*cell(page, 4, 5, 16), button="right")
    assert page.is_disabled("[data-do=undo]")


def test_the_sheet_is_played_from_the_keyboard(visit):  # noqa: F811
    page = visit()
    opened(page)
    page.focus(".sheet-cells")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.wait_for_selector("#sheet output >> text=0.25 s: Bb, melody")
    page.keyboard.press("Delete")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.click("#generate")
    assert audio.read_recipe(fetched(finished(page, 5)))["painting"] == "0.25;m=..a;c="


NOTED = """() => {
  window.noted = { pitches: [], levels: [] };
  const { setValueAtTime, setTargetAtTime } = AudioParam.prototype;
  AudioParam.prototype.setValueAtTime = function (...told) {
    window.noted.pitches.push(told[0]);
    return setValueAtTime.apply(this, told);
  };
  AudioParam.prototype.setTargetAtTime = function (...told) {
    window.noted.levels.push(told[0]);
    return setTargetAtTime.apply(this, told);
  };
}"""
LINE = "() => new DOMMatrix(getComputedStyle(document.querySelector('.sheet-line')).transform).m41"


def test_the_sheet_is_heard_with_what_is_painted_on_it(visit):  # noqa: F811
    page = visit(PHONE)
    opened(page)
    page.evaluate(NOTED)
    page.mouse.click(*cell(page, 1, 4, 16))
    assert page.locator(".sheet-line").is_hidden(), "it does not begin by itself"
    page.click("[data-do=play]")
    page.wait_for_selector("[data-do=play] >> text=Stop")
    page.wait_for_function("() => window.noted.pitches.some((hertz) => Math.abs(hertz - 523.25 * 2 ** (4 / 12)) < 0.1)")
    assert page.evaluate("window.noted.levels.filter((level) => level === 0.06).length") >= 3, "C, E and G"
    before = page.evaluate(LINE)
    page.wait_for_function(f"before => ({LINE})() > before", arg=before)
    assert fits(page)
    page.click("[data-do=play]")
    page.wait_for_selector("[data-do=play] >> text=Play")
    assert page.locator(".sheet-line").is_hidden()


def test_the_sheet_stops_at_its_end(visit):  # noqa: F811
    page = visit()
    opened(page, 2.0)
    page.click("[data-do=play]")
    page.wait_for_selector(".sheet-line >> visible=true")
    page.wait_for_selector("[data-do=play] >> text=Play")
    assert page.locator(".sheet-line").is_hidden()


def test_the_sheet_is_heard_alone_and_not_from_another_tab(visit, tune, tmp_path):  # noqa: F811
    page = visit()
    opened(page, 60.0)
    page.click("[data-do=play]")
    page.wait_for_selector(".sheet-line >> visible=true")
    audio.write(tmp_path / "tune.wav", tune)
    sound = b64encode((tmp_path / "tune.wav").read_bytes()).decode()
    page.evaluate("url => (window.other = Object.assign(new Audio(url), { loop: true })).play()",
                  f"data:audio/wav;base64,{sound}")
    page.wait_for_selector("[data-do=play] >> text=Play")
    assert page.locator(".sheet-line").is_hidden()
    page.click("[data-do=play]")
    page.wait_for_function("() => window.other.paused")
    page.wait_for_selector("[data-do=play] >> text=Stop")
    page.wait_for_selector(".sheet-line >> visible=true")
    page.get_by_role("tab", name="Codebooks").click()
    page.wait_for_function("() => document.querySelector('.sheet-line')?.hidden ?? true")
    page.get_by_role("tab", name="Create").click()
    page.wait_for_selector("[data-do=play] >> text=Play")
    assert page.locator(".sheet-line").is_hidden()


def test_a_take_becomes_a_melody_and_a_beginning_and_files(visit):  # noqa: F811
    page = visit()
    ask(page, "calm piano", 1.5, seed=9)
    page.click("#generate")
    finished(page, 9)
    with page.expect_download() as download:
        page.click("#save-flac")
    assert download.value.suggested_filename == "calm-piano-9.flac"
    page.click("#as-melody")
    page.wait_for_selector("#melody-view >> text=kept: the strongest pitch class")
    page.click("#go-on")
    page.wait_for_selector("#status >> text=in all of 12 s")
    page.wait_for_selector("#continue-from >> visible=true")
    page.wait_for_function("() => document.querySelector('#duration input[type=number]').value === '12'")


def test_a_song_is_played_anew_with_another_seed(visit):  # noqa: F811
    page = visit()
    ask(page, "jazz trio", 1.5, seed=9)
    page.click("#generate")
    first = audio.read_recipe(fetched(finished(page, 9)))
    page.click("#anew")
    page.wait_for_selector("#stop:enabled")
    second = audio.read_recipe(fetched(finished(page)))
    assert second["plan"] == first["plan"] and second["seed"] != first["seed"]
    assert page.input_value("#seed textarea, #seed input") == "", "and the next one is another again"
    page.wait_for_selector("#by-hand >> text=tempo, key, metre, chords, drums, instruments, ending")


def test_several_takes_can_be_told_apart(visit):  # noqa: F811
    page = visit()
    ask(page, "calm piano", 1, seed=20)
    page.click("#takes-count input")
    page.click("[role=option] >> text=2")
    page.click("#generate")
    page.wait_for_selector("#versions label >> text=Take 2")
    page.wait_for_selector("#generate:enabled")
    assert "seed 20" in page.inner_text("#facts"), "the one that may be heard already stays"
    page.click("#versions label >> text=Take 2")
    page.wait_for_selector("#facts >> text=seed 21")
    page.click("#versions label >> text=Take 1")
    page.wait_for_selector("#facts >> text=seed 20")


def test_the_page_speaks_korean_to_those_who_read_it(served, browser):  # noqa: F811
    context = browser.new_context(viewport=PHONE, locale="ko-KR")
    page = context.new_page()
    page.goto(served)
    page.wait_for_selector("#generate >> text=생성")
    page.wait_for_selector("#heading >> text=만들어지는 동안")
    page.wait_for_selector("#status >> text=만들어지는 동안")
    page.get_by_role("tab", name="코드북").click()
    page.wait_for_selector("#books-go >> text=코드북마다 듣기")
    assert page.locator("text=__i18n__").count() == 0 and fits(page)
    context.close()


def test_what_was_typed_outlives_a_reload(visit):  # noqa: F811
    page = visit()
    opened(page)
    page.mouse.click(*cell(page, 1, 7, 16))
    page.fill("#prompt textarea", "bells far away")
    page.wait_for_function("() => sessionStorage.getItem('musicgen-draft') === 'bells far away'")
    page.wait_for_selector("#by-hand >> text=seed, chords, painted notes")
    told = page.text_content("#draft").strip()
    page.wait_for_function("told => told && sessionStorage.getItem('musicgen-settings') === told", arg=told)
    page.reload()
    page.wait_for_function("() => document.querySelector('#prompt textarea')?.value === 'bells far away'")
    visit.errors.clear()  # a page that is loaded anew breaks off what it was asking for, and says so
    page.wait_for_selector("#lock[aria-pressed=true]")
    page.wait_for_selector("#by-hand >> text=seed, chords, painted notes")
    page.click("#generate")
    recipe = audio.read_recipe(fetched(finished(page, 5)))
    assert recipe["prompt"] == "bells far away" and recipe["duration"] == 4, "the server knows of it, too"
    assert recipe["plan"]["chords"] == "C F" and painting.parse(recipe["painting"]).melody[1] == 7


def test_a_value_that_cannot_be_leaves_the_take_and_a_fresh_start_ends_what_steers_it(visit):  # noqa: F811
    page = visit()
    ask(page, "calm piano", 1, seed=31)
    page.click("#generate")
    finished(page, 31)
    unfold(page, "plan")
    page.fill("#bpm textarea, #bpm input", "900")
    page.wait_for_selector("#by-hand >> text=seed, tempo")
    page.click("#generate")
    page.wait_for_selector("#status [role=alert] >> text=out of range")
    page.wait_for_selector("#take a[download]")
    assert page.is_enabled("#generate") and "seed 31" in page.inner_text("#facts")
    page.click("#afresh")
    page.wait_for_selector("#afresh", state="hidden")
    assert page.input_value("#bpm textarea, #bpm input") == "" and page.input_value("#prompt textarea") == "calm piano"
    page.click("#generate")
    page.wait_for_selector("#stop:enabled")
    assert audio.read_recipe(fetched(finished(page)))["bpm"] is None
