"""Who plays when, in a real browser: said in the prompt, chosen from the list, written by hand."""

from __future__ import annotations

import pytest
from test_browser import PHONE, WIDE, ask, browser, fetched, finished, fits, pytestmark, served, unfold, visit  # noqa: F401

from musicgen import audio


def lanes(page, where: str, *players: str) -> None:
    """Wait for the picture that says so."""
    for said in players:
        page.wait_for_selector(f"{where} svg[aria-label*='{said}']")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_sections_are_seen_before_and_beside_the_take(visit, viewport):  # noqa: F811
    page = visit(viewport)
    ask(page, "piano and drums, no drums at first, 120 bpm, 4/4", 8.0, seed=5)
    lanes(page, "#lanes", "from bar 1 piano;", "from bar 3 piano, drums.")
    unfold(page, "plan")
    page.click("#sections input")
    page.click("[role=option] >> text=Intro: one alone, then all")
    page.wait_for_selector("#by-hand >> text=sections")
    page.wait_for_selector("#plan-line >> text=~4 first | all")
    page.fill("#sections input", "1 drums | 2 piano alone | all")
    page.keyboard.press("Enter")
    lanes(page, "#lanes", "from bar 1 drums;", "from bar 2 piano;", "from bar 4 piano, drums.")
    assert fits(page)
    page.click("#generate")
    recipe = audio.read_recipe(fetched(finished(page, 5)))
    assert recipe["plan"]["sections"] == "1 drums | 2 piano | all"
    lanes(page, "#spectrum", "from bar 4 piano, drums.")
    assert fits(page)
    page.click("#afresh")
    lanes(page, "#lanes", "from bar 3 piano, drums.")


def test_what_cannot_be_read_is_said_and_nothing_is_made(visit):  # noqa: F811
    page = visit()
    ask(page, "piano", 2.0, seed=5)
    unfold(page, "plan")
    page.fill("#sections input", "4 kazoo | all")
    page.keyboard.press("Enter")
    page.wait_for_selector("#plan-line [role=alert] >> text='kazoo' is not an instrument")
    page.click("#generate")
    page.wait_for_selector("#status [role=alert] >> text='kazoo' is not an instrument")
