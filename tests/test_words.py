"""The page in Korean: nothing a person reads or hears read out on it is without, and no sentence is left over."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import gradio as gr
import pytest
from conftest import build_model
from gradio.i18n import I18nData

import musicgen
from musicgen import audio
from musicgen.engine import Engine
from musicgen.takes import Takes
from musicgen.ui import views, words
from musicgen.ui.app import build
from musicgen.ui.engines import Engines

NAMES = {"Top-k", "Top-p", "WAV", "FLAC", "MP3", "MIDI", "Notes"}  # the same in every language, or never shown
KNOWN = words.KOREAN | words.SENTENCES | words.PARTS


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> gr.Blocks:
    engines = Engines(["pocket"], 8.0, lambda *_: Engine(build_model("aligned"), 8.0))
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
    for text, before, after in (
        (str(error.value), "The audio", ""),
        ("'<b>&.wav' is empty (0 bytes); choose another file, or record again.", "'<b>&.wav'", ""),
        ("Done. <i>The key</i> was kept.", "", " <i>The key</i> was kept."),
        ("0.5 / 4.0 s, time left: 3.0 s", "0.5 / 4.0 s", "3.0 s"),
        ("Waiting …", "", ""),
    ):
        first, phrase, last = words.find(text)
        assert (first, last) == (before, after) and first + phrase + last == text and KNOWN[phrase]
        shown = views.note(text)
        assert shown == f'<p class="note">{escape(before)}{words.say(phrase)}{escape(after)}</p>'
    assert words.find("Something nobody foresaw.") == ("Something nobody foresaw.", "", "")
    assert views.problem("a <b>") == '<p class="trouble" role="alert">a &lt;b&gt;</p>'


def test_a_phrase_is_html_that_can_be_put_in_and_korean():
    for phrase, korean in KNOWN.items():
        assert "}" not in phrase, "Gradio takes the first brace for the end"
        assert any("가" <= letter <= "힣" for letter in korean), phrase
        assert re.findall(r"</?\w+>", phrase) == re.findall(r"</?\w+>", korean) or "<" not in korean
        assert "<" not in re.sub(r"</?b>", "", phrase + korean)
