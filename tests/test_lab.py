"""The Patterns tab without a browser: what is drawn and said of a pattern, and several made from one prompt."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from itertools import combinations

import numpy as np
import pytest
from conftest import build_model

from musicgen import audio, sight
from musicgen.engine import Engine, GenerationRequest
from musicgen.patterns import MONO_NAMES, PAPER_FIGURES, PATTERN_NAMES, get_pattern
from musicgen.ui import before, compare, lab, pattern_views, views
from musicgen.ui.board import _SUBSCRIPT, board
from musicgen.ui.compare import Comparison
from musicgen.ui.engines import Engines
from musicgen.ui.run import Run
from musicgen.ui.shown import Update
from musicgen.ui.words import say

MAX_DURATION = 8.0


@pytest.fixture
def engines(tmp_path, monkeypatch) -> Engines:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return Engines(["pocket"], MAX_DURATION, lambda *_: Engine(build_model("aligned"), MAX_DURATION))


def asked(*patterns: str, seconds: float = 1.5, seed: str = "5", prompt: str = "a") -> Comparison:
    return Comparison(prompt, "pocket", seconds, seed, patterns)


def merged(updates: list[Update]) -> Update:
    return {name: value for update in updates for name, value in update.items()}


# -- one pattern, drawn and described --------------------------------------------------------------------------------


def says(board: str) -> list[str]:
    return json.loads(unescape(re.search(r'data-says="([^"]*)"', board)[1]))


@pytest.mark.parametrize("name", [*PATTERN_NAMES, "0,2,4,6", "1,2|3,4"])
def test_the_board_tells_every_step_of_a_pattern(name):
    pattern, frames = get_pattern(name, 4), 5
    drawing = board(pattern, frames)
    lines = says(drawing)
    assert len(lines) == pattern.step_count(frames) + 1 and f'max="{len(lines) - 1}"' in drawing
    for line, step in zip(lines[1:], pattern.steps(frames), strict=True):
        told = re.findall(r"\((\d+), (\d+)\)", line)
        assert [(int(t) - 1, int(k) - 1) for t, k in told] == step
    assert "20 of 20 codes known, 5 of 5 frames complete" in lines[-1] and "Nothing is known" in lines[0]
    # Both drawings mark every code with the step at which it appears, the second one also when a frame is whole.
    drawn = [int(step) for step in re.findall(r'<g data-step="(\d+)"', drawing)]
    step_of = pattern.layout(frames).step_of + 1
    expected = [*step_of.flatten().tolist() * 2, *step_of.max(dim=1).values.tolist()]
    assert sorted(drawn) == sorted(expected)


@pytest.mark.parametrize("name", [*PATTERN_NAMES, "0,2,4,6", "1,2|3,4"])
def test_the_board_tells_what_every_code_sees(name):
    """Counted anew from the steps themselves: what came before, in its frame, the three before it and those after."""
    pattern, frames = get_pattern(name, 4), 6
    sees = json.loads(unescape(re.search(r'data-sees="([^"]*)"', board(pattern, frames))[1]))
    assert len(sees) == frames and all(len(row) == 4 for row in sees)
    known: set[tuple[int, int]] = set()
    for number, step in enumerate(pattern.steps(frames), start=1):
        for t, k in step:
            line = sees[t][k]
            assert line.startswith(f"Code ({t + 1}, {k + 1}), in P{str(number).translate(_SUBSCRIPT)}, sees ")
            own, before = sum((t, j) in known for j in range(k)), sum(u in (t - 1, t - 2, t - 3) for u, _ in known)
            assert k == 0 or f"{own} of {k} coarser codes of its frame" in line
            assert t == 0 or f"{before} of {4 * min(t, 3)} codes of the" in line
            later = sum(u > t for u, _ in known)
            assert re.findall(r"(\d+) codes? of later frames", line) == ([str(later)] if later else [])
            assert (f"{len(step) - 1} more" in line) == (len(step) > 1)
        known |= set(step)


def test_codes_of_later_frames_are_seen_too():
    def told(name: str, t: int, k: int) -> str:
        return json.loads(unescape(re.search(r'data-sees="([^"]*)"', board(get_pattern(name, 4), 6))[1]))[t - 1][k - 1]

    assert "sees 1 of 1 coarser codes of its frame, 4 of 4 codes of the frame before and 4 codes of later frames." in (
        told("coarse_first", 2, 2))
    assert "12 of 12 codes of the 3 frames before and 3 codes of later frames." in told("delay", 4, 4)
    assert "and 1 code of later frames." in told("delay", 4, 3) and "later" not in told("parallel", 2, 2)


def test_what_delay_and_parallel_see_worked_by_hand():
    delay, parallel = get_pattern("delay", 4), get_pattern("parallel", 4)
    assert str(sight.own_frame(delay)) == "6 of 6" and str(sight.past(delay)) == "6 of 12"  # 3 + 2 + 1
    assert str(sight.own_frame(parallel)) == "0 of 6" and str(sight.past(parallel)) == "12 of 12"
    assert str(sight.past(get_pattern("coarse_first", 4))) == "3 of 12"
    assert sight.own_frame(get_pattern("delay", 1)).share == 1


@pytest.mark.parametrize("books", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("name", [*PATTERN_NAMES, "0,2,4,6", "0,0,1,9", "1,2|3,4", "4|1,3|2"])
def test_pairs_drawn_blind_are_those_that_one_frame_more_adds(name, books):
    """Counted pair by pair over all steps; what a piece begins and ends with is the same in both lengths."""
    try:
        pattern = get_pattern(name, books)
    except ValueError:
        return

    def pairs(frames: int) -> np.ndarray:
        met = [t == u for step in pattern.steps(frames) for (t, _), (u, _) in combinations(step, 2)]
        return np.array([sum(met), len(met) - sum(met)])

    assert tuple(pairs(31) - pairs(30)) == sight.blind(pattern)
    assert (sight.blind(pattern) == (0, 0)) == pattern.exact


def test_frames_get_whole_one_by_one_with_delay_and_late_with_coarse_first():
    first_whole = {}
    for name in ("delay", "coarse_first", "parallel"):
        lines = says(board(get_pattern(name, 4), 6))
        first_whole[name] = next(step for step, line in enumerate(lines) if ", 1 of 6 frames" in line)
    assert first_whole == {"parallel": 1, "delay": 4, "coarse_first": 7}


def test_the_price_of_delay_is_told_and_it_is_that_a_frame_begins_before_the_three_before_it_are_whole():
    assert "four different frames" in pattern_views.INTRODUCTION
    assert "price: a frame begins before the fine codes of the three before it" in pattern_views.INTRODUCTION
    step = get_pattern("delay", 4).steps(9)[6]
    assert [t for t, _ in step] == [6, 5, 4, 3], "when a frame is begun, the last three are not whole"
    assert "FAD {:.2f} to {:.2f}".format(*(PAPER_FIGURES[name][0] for name in ("delay", "flattening"))) in (
        pattern_views.INTRODUCTION)


def test_the_figures_of_delay_are_the_papers_and_the_naming_trap_is_told():
    delay = pattern_views.figures(get_pattern("delay", 4), 30, 50.0)
    for words in ("1503 steps for 30 s", "50.1 steps a second", "inexact", "streams", "FAD 0.96, KL 0.52, CLAP 0.35"):
        assert words in delay
    coarse = pattern_views.figures(get_pattern("coarse_first", 4), 30, 50.0)
    assert "VALL-E" in coarse and "does not stream" in coarse and "3000 steps" in coarse
    assert delay.endswith("CLAP 0.35.</p>") and f'title="{pattern_views.INEXACT}">inexact<' in delay
    assert coarse.count("half-way") == 1 and f'title="{views.HALF_WAY}">does not stream<' in coarse
    assert f'title="{pattern_views.EXACT}">exact<' in pattern_views.figures(get_pattern("flattening", 4), 30, 50.0)
    assert "no figures" in pattern_views.figures(get_pattern("0,2,4,6", 4), 30, 50.0)


def test_the_table_has_all_patterns_and_marks_the_chosen_one():
    table = pattern_views.table(4, 30, 50.0, get_pattern("parallel", 4))
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table)[1:]
    named = {re.search(r'"row">([^<]*)', row)[1]: re.findall(r"<td>([^<]*)", row) for row in rows}
    assert set(named) == {name.replace("_", " ") for name in PATTERN_NAMES if not name.startswith("stereo")}
    assert named["flattening"] == ["6000", "200.0", "yes", "yes", "6 of 6", "12 of 12", "none", "0.86", "0.51", "0.37"]
    assert named["musiclm"][6:] == ["none", "–", "–", "–"]
    assert {name: cells[6] for name, cells in named.items() if cells[6] != "none"} == {
        "delay": "6, other frames", "partial delay": "3 + 3", "parallel": "6, same frame",
        "partial flattening": "3, same frame", "coarse first": "3, same frame"}
    told = [float(cells[7]) for cells in named.values() if cells[7] != "–"]
    assert told == sorted(told) and len(told) == 6, "as the note says: in the order of the paper's FAD"
    assert re.findall(r'chosen"[^>]*><th scope="row">([^<]*)', table) == ["parallel"]
    assert all(f"{name}: how" in pattern_views.PAPER_SOURCE for name in ("FAD", "KL", "CLAP"))
    assert str(say(pattern_views.SEEN_SOURCE)) in pattern_views.seen(4), "in the reader's language"
    assert pattern_views.seen(2) == ""
    own = pattern_views.table(4, 30, 50.0, get_pattern("0,2,4,6", 4))
    assert re.findall(r'chosen"[^>]*><th scope="row">([^<]*)', own) == ["0,2,4,6"]
    assert "stereo partial delay" in pattern_views.table(8, 30, 50.0, None)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("1|2", "leaves out codebook 3"), ("1,2,3,4", "At least one delay must be 0"), ("0,1", "gives 2 delays"),
        ("<b>zigzag", "&lt;b&gt;zigzag"), ("", "is not a pattern"), (None, "is not a pattern"),
    ],
)
def test_a_broken_pattern_gets_the_validators_sentence(pattern, sentence):
    drawn, figures, table, _ = lab.show_pattern(pattern, 4, 6, 30.0, 50.0)
    assert sentence in drawn and 'role="alert"' in drawn and "<b>zig" not in drawn
    assert figures == "" and "delay" in table and "chosen" not in table


def test_sliders_moved_by_hand_beyond_their_ends_draw_no_giant():
    drawn, figures, *_ = lab.show_pattern("flattening", 10**6, 10**6, 1e9, 50.0)
    assert len(says(drawn)) == 8 * 12 + 1 and "for 30 s" in figures


# -- several, by ear -------------------------------------------------------------------------------------------------


def test_patterns_are_made_one_after_another_from_one_prompt_and_seed(engines):
    steps = list(compare.compare(engines, asked("delay", "parallel", "1|2,3,4"), Run()))
    last = merged(steps)
    recipes = [audio.read_recipe(last[f"audio{slot}"]) for slot in range(3)]
    assert [recipe["pattern"] for recipe in recipes] == ["delay", "parallel", "1|2,3,4"]
    same = [{**recipe, "pattern": None} for recipe in recipes]
    assert same[0] == same[1] == same[2] and same[0]["seed"] == 5
    assert len({audio.read(last[f"audio{slot}"]).samples.tobytes() for slot in range(3)}) == 3
    for slot, count in enumerate((78, 75, 150)):
        facts = last[f"facts{slot}"]
        assert f"{count} steps" in facts and "real time" in facts and "first sound" in facts
        assert "300 of 4 × 75" in last[f"grid{slot}"] and last[f"card{slot}"]["visible"]
    assert "An order these weights know" in last["name0"] and "have never seen" in last["name1"]
    assert "FAD 2.58" in last["facts1"] and "FAD" not in last["facts2"]
    assert "Done" in last["status"] and "seed 5. The order differs" in last["status"] and last["go"]["interactive"]
    shown = [name for update in steps for name in update if name.startswith("grid")]
    assert shown == sorted(shown), "one after another"


def test_the_trained_pattern_gives_the_take_that_create_would_give(engines):
    last = merged(list(compare.compare(engines, asked("delay", "parallel"), Run())))
    alone = engines.get("pocket").generate(GenerationRequest("a", duration=1.5, seed=5))
    heard = audio.read(last["audio0"])
    assert heard.samples == pytest.approx(alone.audio, abs=1e-4)


def test_without_a_seed_all_share_the_one_that_is_drawn(engines):
    last = merged(list(compare.compare(engines, asked("delay", "parallel", seed=""), Run())))
    seeds = {audio.read_recipe(last[f"audio{slot}"])["seed"] for slot in range(2)}
    assert len(seeds) == 1 and f"seed {seeds.pop()}" in last["status"]


def test_what_weights_know_is_read_from_their_configuration(engines):
    model = build_model("aligned")
    model = replace(model, config=replace(model.config, pattern="parallel"))
    other = Engines(["pocket"], MAX_DURATION, lambda *_: Engine(model, MAX_DURATION))
    last = merged(list(compare.compare(other, asked("delay", "parallel", seconds=0.5), Run())))
    assert "trained with parallel" in last["trained"]
    assert "have never seen" in last["name0"] and "An order these weights know" in last["name1"]
    assert "trained with delay" in merged(list(compare.compare(engines, asked("delay", "0,0,0,0"), Run())))["trained"]


def test_weights_told_their_pattern_know_the_seven_they_were_taught_and_of_others_that_is_said():
    model = build_model("aligned")
    config = replace(model.config, lm=replace(model.config.lm, told_pattern=True))
    told = Engines(["pocket"], MAX_DURATION, lambda *_: Engine(replace(model, config=config), MAX_DURATION))
    last = merged(list(compare.compare(told, asked("delay", "0,1,1,1", "0,2,4,6", seconds=0.5), Run())))
    assert "not how good the patterns are" in last["trained"] and "caution" not in last["trained"]
    assert "An order these weights know" in last["name0"] and "An order these weights know" in last["name1"]
    assert views.UNTAUGHT in last["name2"] and "these weights" not in last["name2"]
    assert "knows the seven mono patterns" in told.card("pocket").note
    for pattern in (*MONO_NAMES, "1|2,3,4"):  # the last one is partial flattening by its numbers
        assert "caution" not in before.show_pattern(told, "pocket", pattern, 10)
    for pattern in ("0,2,4,6", "4|3|2|1", "stereo_partial_delay"):
        card = before.show_pattern(told, "pocket", pattern, 10)
        assert views.UNTAUGHT in card and "caution" in card and "These weights were trained" not in card


def test_stopping_keeps_what_there_is_and_makes_no_more(engines):
    run, seen = Run(), []
    steps = compare.compare(engines, asked("delay", "parallel", "flattening", seconds=MAX_DURATION), run)
    for update in steps:
        seen.append(update)
        if "audio0" in update:
            compare.stop(run)
    last = merged(seen)
    assert audio.read(last["audio0"]).seconds == pytest.approx(MAX_DURATION, abs=0.1)
    assert "audio1" not in last and "audio2" not in last and "Stopped" in last["status"]
    assert not last["card1"]["visible"] and not last["card2"]["visible"] and last["go"]["interactive"]
    again = merged(list(compare.compare(engines, asked("delay", "parallel", seconds=0.5), Run())))
    assert "Done" in again["status"], "the engine is free"


def test_a_take_stopped_midway_is_kept_as_far_as_it_went(engines):
    run, seen = Run(), []
    for update in compare.compare(engines, asked("delay", "parallel", seconds=MAX_DURATION), run):
        seen.append(update)
        if "grid0" in update and "audio0" not in update and run.generation is not None:
            run.stop()
    last = merged(seen)
    assert "Stopped" in last["status"]
    if "audio0" in last:
        assert 0 < audio.read(last["audio0"]).seconds < MAX_DURATION - 0.5


def test_a_closed_page_stops_the_model(engines):
    run = Run()
    steps = compare.compare(engines, asked("delay", "parallel", seconds=MAX_DURATION), run)
    while "grid0" not in next(steps):
        pass
    generation = run.generation
    steps.close()
    assert generation is not None and list(generation) == [] and run.generation is None


def test_a_new_press_ends_the_last_one_and_clears_the_cards():
    old = Run()
    engines = Engines(["pocket"])
    for wrong in (asked("delay"), asked("delay", "parallel", seconds=99.0),
                  asked("delay", "parallel", seed="-1")):
        assert set(compare.begin(engines, old, wrong)) == {"status"} and not old.stopped, "what was compared stays"
    cleared = compare.begin(engines, old, asked("delay", "parallel"))
    assert old.stopped and not cleared["run"].stopped and cleared["audio3"] is None
    said = list(compare.compare(Engines(["pocket"]), asked("delay", "parallel"), old))
    assert "Stopped before" in merged(said)["status"]


@pytest.mark.parametrize(
    ("comparison", "sentence"),
    [
        (asked("delay"), "2 to 4 different patterns"),
        (asked("delay", "0,1,2,3"), "2 to 4 different patterns"),  # the same by its numbers
        (asked("delay", "parallel", "flattening", "musiclm", "0,2,4,6"), "2 to 4 different patterns"),
        (asked(), "2 to 4 different patterns"),
        (asked("delay", "zigzag"), "is not a pattern"),
        (asked("delay", "parallel", seconds=99), "at most 20 seconds"),
        (asked("delay", "parallel", seed="x"), "The seed must be a number"),
        (asked("delay", "parallel", prompt="a" * 10_000), "10,000 characters"),
        (replace(asked("delay", "parallel"), model="large"), "This page offers pocket"),
    ],
)
def test_what_cannot_be_compared_is_said_and_the_button_comes_back(engines, comparison, sentence):
    last = merged(list(compare.compare(engines, comparison, Run())))
    assert sentence in last["status"] and 'role="alert"' in last["status"] and last["go"]["interactive"]
    assert not any(name.startswith("audio") for name in last)
