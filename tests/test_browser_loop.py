"""A take's loop in a real browser: round and round without a seam, and never beside another sound."""

from __future__ import annotations

from base64 import b64encode

import pytest
from test_browser import PHONE, ask, browser, fetched, finished, fits, pytestmark, served, unfold, visit  # noqa: F401

from musicgen import audio

LOOPED = """() => {
  window.looped = [];
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...when) {
    if (this.loop) window.looped.push(this.buffer.duration);
    return start.apply(this, when);
  };
}"""


def made(page, seconds: float, bpm: int, seed: int = 9) -> None:
    """A take of so many seconds, in 4/4, of two chords."""
    ask(page, "calm piano in 4/4", seconds, seed)
    page.fill("#bpm textarea, #bpm input", str(bpm))
    page.fill("#chords textarea, #chords input", "C F")
    page.click("#generate")
    finished(page, seed)


def test_a_loop_goes_round_until_it_is_stopped(visit):  # noqa: F811
    page = visit(PHONE)
    unfold(page, "plan")
    assert page.locator("#loop").is_hidden(), "there is no take yet"
    made(page, 5, 120)
    page.wait_for_selector("#loop >> text=2 bars, 120 bpm")
    page.evaluate(LOOPED)
    page.click("#loop button")
    page.wait_for_selector("#loop[data-state=playing] button[aria-pressed=true]")
    assert page.evaluate("window.looped") == [pytest.approx(4.0, abs=1e-3)] and fits(page)
    page.focus("#loop button")
    page.keyboard.press("Space")
    page.wait_for_selector("#loop[data-state=ready] button[aria-pressed=false]")
    page.keyboard.press("Space")
    page.wait_for_selector("#loop[data-state=playing]")
    page.click("#generate")  # what comes now has no loop yet
    page.wait_for_selector("#loop", state="hidden")
    finished(page)


def test_another_sound_ends_the_loop_and_the_loop_another_sound(visit, tune, tmp_path):  # noqa: F811
    page = visit()
    unfold(page, "plan")
    made(page, 5, 120)
    page.click("#loop button")
    page.wait_for_selector("#loop[data-state=playing]")
    audio.write(tmp_path / "tune.wav", tune)
    sound = b64encode((tmp_path / "tune.wav").read_bytes()).decode()
    page.evaluate("url => (window.other = Object.assign(new Audio(url), { loop: true })).play()",
                  f"data:audio/wav;base64,{sound}")
    page.wait_for_selector("#loop[data-state=ready]")
    page.click("#loop button")
    page.wait_for_function("() => window.other.paused")
    page.wait_for_selector("#loop[data-state=playing]")


def test_a_take_of_less_than_a_bar_has_no_loop(visit):  # noqa: F811
    page = visit()
    unfold(page, "plan")
    made(page, 1, 60)
    assert page.locator("#loop").is_hidden()


def chosen(page, bars: str) -> None:
    """A length in bars."""
    page.click("#bars input")
    page.click(f"[role=option][aria-label='{bars}']")


def test_four_bars_that_are_asked_for_are_the_four_of_the_loop(visit):  # noqa: F811
    page = visit(PHONE)
    unfold(page, "plan")
    ask(page, "calm piano in 4/4", 3, 9)
    page.fill("#bpm textarea, #bpm input", "160")
    page.fill("#chords textarea, #chords input", "C F Am G")
    chosen(page, "4")
    page.wait_for_selector("#length-line >> text=4 bars, 6.1 s")
    unfold(page, "pattern")
    page.wait_for_selector("#pattern-card >> text=steps for 303 frames")
    page.click("#generate")
    recipe = audio.read_recipe(fetched(finished(page, 9)))
    assert recipe["duration"] == 6.06 and fits(page)
    page.wait_for_selector("#loop >> text=4 bars, 160 bpm")
    page.click("#again")
    page.wait_for_selector("#stop:enabled")
    assert audio.read_recipe(fetched(finished(page, 9)))["duration"] == 6.06
    assert page.input_value("#bars input") == "4"
    told = page.text_content("#draft").strip()
    page.wait_for_function("told => told && sessionStorage.getItem('musicgen-settings') === told", arg=told)
    page.reload()
    page.wait_for_function("() => document.querySelector('#bars input')?.value === '4'")
    visit.errors.clear()  # a page that is loaded anew breaks off what it was asking for, and says so
    page.fill("#duration input[type=number]", "2")  # who moves the slider wants the seconds to count
    page.wait_for_function("() => document.querySelector('#bars input').value === 'free'")


def test_a_phone_offers_a_saved_file_to_its_other_programs(visit):  # noqa: F811
    page = visit(PHONE)
    ask(page, "calm piano", 1, 9)
    page.click("#generate")
    finished(page, 9)
    with page.expect_download() as download:
        page.click("#save-mid")
    assert download.value.suggested_filename == "calm-piano-9.mid", "where it cannot, it is downloaded"
    page.evaluate("""() => {
      window.matchMedia = () => ({ matches: true });
      window.shared = [];
      navigator.canShare = ({ files }) => files.every((file) => file.type !== "text/html");
      navigator.share = async ({ files }) => { window.shared.push(files[0].name, files[0].size); };
    }""")
    page.click("#save-mid")
    page.wait_for_function("() => window.shared.length")
    assert page.evaluate("window.shared")[0] == "calm-piano-9.mid" and page.evaluate("window.shared")[1] > 100
