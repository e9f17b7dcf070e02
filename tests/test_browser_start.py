"""What a take starts from, in a real browser: a file of this program, a tempo that is tapped."""

from __future__ import annotations

from test_browser import PHONE, ask, browser, fetched, finished, fits, pytestmark, served, visit  # noqa: F401

from musicgen import audio


def give(page, path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("#from-file")
    chooser.value.set_files(path)


def test_a_file_sets_the_page_and_is_made_again(visit, tune, tmp_path):  # noqa: F811
    page = visit()
    ask(page, "calm piano", 1.5, seed=9)
    page.click("#plan-fold > button")
    page.fill("#chords textarea, #chords input", "C F")
    page.wait_for_selector("#plan-line >> text=chords C F")
    page.click("#generate")
    path = tmp_path / "take.wav"
    path.write_bytes(fetched(finished(page, 9)))

    other = visit(PHONE)
    give(other, path)
    other.wait_for_selector("#status >> text=settings of the file are filled in")
    other.wait_for_function("() => document.querySelector('#prompt textarea').value === 'calm piano'")
    other.wait_for_selector("#by-hand >> text=seed, chords")
    other.click("#generate")
    assert audio.read_recipe(fetched(finished(other, 9))) == audio.read_recipe(path) and fits(other)

    audio.write(tmp_path / "tune.wav", tune)
    give(other, tmp_path / "tune.wav")
    other.wait_for_selector("#status .trouble >> text=holds no recipe")
    assert other.input_value("#prompt textarea") == "calm piano", "and all stays as it was"
