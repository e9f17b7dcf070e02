"""What a take starts from, in a real browser: a file of this program, a tempo that is tapped."""

from __future__ import annotations

from test_browser import PHONE, ask, browser, fetched, finished, fits, pytestmark, served, unfold, visit  # noqa: F401

from musicgen import audio
from musicgen.plan import MAX_BPM, MIN_BPM

BPM = "#bpm textarea, #bpm input"
TAPPED = """times => {
  for (const timeStamp of times) {
    const click = new MouseEvent("click", { bubbles: true });
    Object.defineProperty(click, "timeStamp", { value: 1e9 + timeStamp });
    document.getElementById("tap").dispatchEvent(click);
  }
}"""


def give(page, path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("#from-file")
    chooser.value.set_files(path)


def test_a_file_sets_the_page_and_is_made_again(visit, tune, tmp_path):  # noqa: F811
    page = visit()
    ask(page, "calm piano", 1.5, seed=9)
    unfold(page, "plan")
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


def test_a_tempo_is_tapped_by_keys_and_in_time(visit):  # noqa: F811
    page = visit()
    unfold(page, "plan")
    page.focus("#tap")
    for _ in range(3):
        page.keyboard.press("Space")
    page.wait_for_function(f"() => /^\\d+$/.test(document.querySelector('{BPM}').value)")
    page.evaluate(TAPPED, [0, 500, 1000])
    assert page.input_value(BPM) == "120"
    page.wait_for_selector("#plan-line >> text=Told: 120 bpm")  # the server was told, as if it were typed
    page.evaluate(TAPPED, [3100])
    assert page.input_value(BPM) == "120", "after a pause the first tap is none yet"
    page.evaluate(TAPPED, [3700])
    assert page.input_value(BPM) == "100"
    page.evaluate(TAPPED, [3700 + 500 * count for count in range(1, 9)])
    assert page.input_value(BPM) == "120", "of eight taps the first two are none"
    page.evaluate(TAPPED, [20_000, 20_010])
    assert page.input_value(BPM) == f"{MAX_BPM:g}"
    page.evaluate(TAPPED, [30_000, 31_900])
    assert page.input_value(BPM) == f"{MIN_BPM:g}"
    page.wait_for_selector("#by-hand >> text=tempo")
