"""The page in Korean: nothing a person reads or hears read out on it is without, and no sentence is left over."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

import gradio as gr
import pytest
from conftest import build_model, sine_tune
from gradio.i18n import I18nData
from hypothesis import given
from hypothesis import strategies as st

import musicgen
from musicgen import audio
from musicgen.engine import Engine
from musicgen.patterns import PATTERN_NAMES
from musicgen.separation import METHODS
from musicgen.takes import Takes
from musicgen.ui import before, lab, listening, views, words
from musicgen.ui.app import build
from musicgen.ui.engines import Engines
from musicgen.ui.settings import BARS, Settings

NAMES = {"Top-k", "Top-p", "WAV", "FLAC", "MP3", "MIDI", "Notes"}  # the same in every language, or never shown
KNOWN = words.KOREAN | words.SENTENCES | words.PARTS


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(["pocket", "melody"], 8.0, lambda *_: Engine(build_model("aligned"), 8.0))


@pytest.fixture(scope="module")
def page(engines, tmp_path_factory) -> gr.Blocks:
    return build(engines, Takes(tmp_path_factory.mktemp("data")))


def on_tabs(page: gr.Blocks) -> Iterator[gr.blocks.Block]:
    """What stands on a tab; what serves programs only does not."""
    for block in page.blocks.values():
        inside = block
        while inside is not None and not isinstance(inside, gr.Tab):
            inside = inside.parent
        if inside is not None and not isinstance(block, gr.State | gr.Dataset | gr.File):
            yield block


def test_every_label_hint_and_placeholder_has_its_korean(page):
    seen = set()
    for block in on_tabs(page):
        told = [getattr(block, name, None) for name in ("label", "info", "placeholder")]
        if isinstance(block, gr.Button):
            told.append(block.value)
        for text in told:
            if not text or isinstance(block, gr.HTML | gr.Code):
                continue
            marked = isinstance(text, I18nData) or text.startswith("__i18n__")
            key = json.loads(str(text).removeprefix("__i18n__"))["key"] if marked else text
            if key in NAMES or block.elem_id == "model" or getattr(block, "parent", None).elem_id == "tunes":
                continue
            assert marked and key in KNOWN, f"{key!r} of {block} is English only"
            seen.add(key)
    assert {"Prompt", "Chords, one a bar", "Words of the prompt, model, seed …", "Takes"} <= seen


def test_every_sentence_is_one_the_program_says():
    said = set()
    for path in Path(musicgen.__file__).parent.rglob("*.py"):
        if path.name in ("words.py", "sentences.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            said.add(plain("".join(p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str))))
    # What depends on a value stands in the code without it: "{what} is silent; ...", "... can read; {formats}".
    tails = tuple(part for text in said for part in text.split("; ") if part.startswith(" is "))
    for phrase in words.SENTENCES | words.PARTS:
        for half in plain(phrase).split("; "):
            assert any(half in text for text in said) or half.endswith(tails), phrase


def plain(text: str) -> str:
    """Without figures."""
    return re.sub(r"[\d,.]+", "", text)


def test_what_is_known_of_a_sentence_is_translated_and_the_rest_stays_as_it_is():
    with pytest.raises(ValueError, match="0 bytes") as error:
        audio.read(b"")
    for text, ahead, behind in (
        (str(error.value), "The audio", ""),
        ("'<b>&.wav' is empty (0 bytes); choose another file, or record again.", "'<b>&.wav'", ""),
        ("Done. <i>The key</i> was kept.", "", " <i>The key</i> was kept."),
        ("0.5 / 4.0 s, time left: 3.0 s", "0.5 / 4.0 s", "3.0 s"),
        ("Waiting …", "", ""),
    ):
        first, phrase, last = words.find(text)
        assert (first, last) == (ahead, behind) and first + phrase + last == text and KNOWN[phrase]
        shown = views.note(text)
        assert shown == f'<p class="note">{escape(ahead)}{words.say(phrase)}{escape(behind)}</p>'
    assert words.find("Something nobody foresaw.") == ("Something nobody foresaw.", "", "")
    assert views.problem("a <b>") == '<p class="trouble" role="alert">a &lt;b&gt;</p>'


def test_a_phrase_is_html_that_can_be_put_in_and_korean():
    for phrase, korean in KNOWN.items():
        assert "}" not in phrase, "Gradio takes the first brace for the end"
        assert any("가" <= letter <= "힣" for letter in korean), phrase
        assert re.findall(r"</?\w+>", phrase) == re.findall(r"</?\w+>", korean) or "<" not in korean
        assert "<" not in re.sub(r"</?b>", "", phrase + korean)


# -- one phrase in a value: of a second Gradio shows the mark --------------------------------------------------------


def marks(values: Iterable[object]) -> int:
    """The most phrases that one value holds."""
    return max(str(value).count("__i18n__") for value in values)


def test_what_stands_on_the_page_from_the_start_has_one_phrase_a_value(page):
    assert marks(block.value for block in on_tabs(page) if isinstance(block, gr.HTML)) == 1


@pytest.mark.parametrize("books", range(1, 9))
def test_what_is_told_of_a_pattern_has_one_phrase_a_value(engines, books):
    for name in (*PATTERN_NAMES, "0,2,4,6", "1|2", None):
        assert marks(lab.show_pattern(name, books, 6, 30.0, 50.0)) <= 1
        assert marks([before.show_pattern(engines, "melody", name, 45.0)]) <= 1


@given(
    st.fixed_dictionaries({
        "prompt": st.sampled_from(["", "jazz in A minor", "안녕하세요", "피아노 4 bars, 8 bars, time left: 3"]),
        "follow_plan": st.booleans(), "bars": st.sampled_from(BARS), "seed": st.sampled_from(["", "3", "x"]),
        "bpm": st.sampled_from(["", "120", "fast"]), "key": st.sampled_from(["auto", "D minor", "H"]),
        "meter": st.sampled_from(["auto", "6/8"]), "chords": st.sampled_from(["", "Am F"]),
        "melody": st.sampled_from([None, "tune.wav"]), "continue_from": st.sampled_from([None, "take.wav"]),
        "duration": st.sampled_from([1.0, 10.0]),
    }),
    st.sampled_from(["pocket", "melody"]),
)
def test_what_is_told_before_a_take_has_one_phrase_a_value(values, model):
    settings, card = Settings(**values), Engines(["pocket", "melody"], 8.0).card(model)
    length = before.in_seconds(settings, card, 8.0)[1]
    assert marks([before.show_plan(settings, card.planned), length, before.by_hand(settings)["by_hand"]]) <= 1


@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize("rests", [True, False])
def test_what_is_told_of_a_melody_has_one_phrase_a_value(tmp_path, how, rests):
    audio.write(tmp_path / "tune.wav", sine_tune())
    for path in (None, tmp_path / "gone.wav", tmp_path / "tune.wav"):
        for shown in listening.show_melody(path and str(path), how, 4.0, rests):
            assert marks(shown) <= 1
