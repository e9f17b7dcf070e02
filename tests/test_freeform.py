"""The free prompts: they share no word with what was trained on or with the rules, and are measured as they say."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_evaluation import clicks, listener

from musicgen.genres import GENRES
from musicgen.instruments import WORDS
from musicgen.reading import read_prompt
from musicgen.train import captions, words
from musicgen.train.freeform import PROMPTS, UNKNOWN, Prompt, against_chance, fit, matrix, tables
from musicgen.train.hearing import hear
from musicgen.train.kinds import read_scenes
from musicgen.train.listener import DRUMS, label_of
from musicgen.train.styles import STYLES
from musicgen.vocabulary import (
    DRUM_WORDS,
    METER_WORDS,
    MODE_WORDS,
    MOOD_TEMPO,
    NO_DRUM_WORDS,
    STYLE_HINTS,
    STYLE_WORDS,
    TEMPO_WORDS,
)

STOPWORDS = frozenset("a an and at by for from in inside is of on or the to up with after through someone".split())


def vocabulary() -> set[str]:
    """Every word that a caption can have: the texts of the grammar and its vocabulary, and the moods of the styles."""
    found: set[str] = set()
    for module in (captions, words):
        assert module.__file__
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"[a-z0-9]+", node.value.lower()))
    for style in STYLES.values():
        found |= set(re.findall(r"[a-z0-9]+", f"{style.moods_major} {style.moods_minor}"))
    return found - STOPWORDS


def rules() -> set[str]:
    """Every word that the plan's rules know."""
    tables = (STYLE_WORDS, STYLE_HINTS, GENRES, METER_WORDS, MODE_WORDS, TEMPO_WORDS, MOOD_TEMPO, WORDS)
    texts = [*(word for table in tables for word in table), DRUM_WORDS, NO_DRUM_WORDS]
    return set(re.findall(r"[a-z0-9]+", " ".join(texts).lower())) - STOPWORDS


def test_unknown_prompts_share_no_wording_with_the_rules_either() -> None:
    known = rules()
    assert {"piano", "upbeat", "samba", "rave", "neon"} <= known
    for prompt in UNKNOWN:
        said = set(re.findall(r"[a-z0-9]+", prompt.text.lower())) - STOPWORDS
        assert said and not said & known, f"{prompt.text}: {said & known}"
        reading = read_prompt(prompt.text)
        assert not reading.style and not reading.instruments and reading.bpm is None and reading.drums is None


def test_no_scene_of_the_classifier_says_what_a_free_prompt_says() -> None:
    """They may have a word in common, such as the name of a city; never two in a row, nor most of their words."""
    scenes = [content(text) for text in read_scenes()[1]]
    pairs = {pair for scene in scenes for pair in zip(scene, scene[1:], strict=False)}
    for prompt in PROMPTS + UNKNOWN:
        said = content(prompt.text)
        assert not set(zip(said, said[1:], strict=False)) & pairs, prompt.text
        most = max((scene for scene in scenes if len(scene) > 1), key=lambda scene: len(set(scene) & set(said)))
        assert len(set(most) & set(said)) < 3, f"{prompt.text}: {most}"


def content(text: str) -> list[str]:
    """The words of a text without those that every text has."""
    return [word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in STOPWORDS]


def test_free_prompts_share_no_wording_with_the_captions() -> None:
    known = vocabulary()
    assert {"piano", "dreamy", "upbeat", "bossa", "drums"} <= known
    for prompt in PROMPTS + UNKNOWN:
        said = set(re.findall(r"[a-z0-9]+", prompt.text.lower())) - STOPWORDS
        assert said and not said & known, f"{prompt.text}: {said & known}"
        # Nor a longer or shorter form of one.
        near = {(word, other) for word in said for other in known
                if min(len(word), len(other)) >= 4 and (word.startswith(other) or other.startswith(word))}
        assert not near, f"{prompt.text}: {near}"


def test_free_prompts_ask_for_what_the_listener_can_name() -> None:
    labels = {label_of(name) for name in words.INSTRUMENT_WORDS}
    assert len(PROMPTS) == len(UNKNOWN) == 20 and len({prompt.text for prompt in PROMPTS + UNKNOWN}) == 40
    for prompt in PROMPTS + UNKNOWN:
        assert prompt.instruments <= labels - {DRUMS} and 0 < prompt.bpm[0] < prompt.bpm[1]


def test_one_of_the_instruments_that_fit_is_enough() -> None:
    prompt = Prompt("a toy", frozenset({"music box", "celesta"}), (60, 100), False)
    heard = hear(clicks(80.0, 2.0), listener())
    p = dict.fromkeys(heard.instruments, 0.1) | {DRUMS: 0.9}
    near = p | {"harp": 0.8, "piano": 0.7, "celesta": 0.6, "music box": 0.0}
    assert fit(replace(heard, instruments=near), prompt)["an instrument that fits"] == 1
    assert fit(replace(heard, instruments=near | {"cello": 0.65}), prompt)["an instrument that fits"] == 0


def test_a_row_of_the_matrix_is_a_prompts_own_takes_a_column_what_is_asked() -> None:
    calm = Prompt("a", frozenset({"piano"}), (70, 90), False)
    quick = Prompt("b", frozenset({"cello"}), (140, 160), True)
    base = hear(clicks(80.0, 2.0), listener())
    takes = [[replace(base, tempo=80.0)] * 2, [replace(base, tempo=150.0), replace(base, tempo=80.0)]]
    assert matrix(takes, (calm, quick))["tempo in the range"].tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_chance_is_not_beaten_by_noise_but_by_a_true_diagonal() -> None:
    rng = np.random.default_rng(0)
    noise = rng.random((20, 20))
    figures = against_chance(noise)
    assert figures["p"] > 0.05 and figures["other prompts"] == pytest.approx(0.5, abs=0.05)
    figures = against_chance(noise + np.eye(20))
    assert figures["p"] < 0.001 and figures["own prompt"] > 1 > figures["other prompts"]
    assert against_chance(np.ones((5, 5)))["p"] == 1.0
    smallest = against_chance(noise + 9 * np.eye(20))
    assert "| 0.0002 |" in tables({"rows": {"a": smallest}, "prompts": {}, "takes of each": 2}), "never 0"
