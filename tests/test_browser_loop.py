"""A take's loop in a real browser: round and round without a seam, and never beside another sound."""

from __future__ import annotations

from base64 import b64encode

import pytest
from test_browser import PHONE, ask, browser, finished, fits, pytestmark, served, visit  # noqa: F401

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
    page.click("#plan-fold > button")
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
    page.click("#plan-fold > button")
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
    page.click("#plan-fold > button")
    made(page, 1, 60)
    assert page.locator("#loop").is_hidden()
