"""A press that is stopped, replaced, refused or left: what is heard stays, what is made is kept, the page goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from conftest import build_model
from gradio.blocks import Blocks

from musicgen import audio
from musicgen.engine import Engine
from musicgen.ui import app, codebooks, compare, handlers
from musicgen.ui.engines import Engines
from musicgen.ui.run import Run, once
from musicgen.ui.settings import Settings

MAX_DURATION = 8.0
IDLE = handlers.IDLE


@pytest.fixture
def engines(tmp_path, monkeypatch) -> Engines:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return Engines(["pocket"], MAX_DURATION, lambda *_: Engine(build_model("aligned"), MAX_DURATION))


def slow(begun: threading.Event, go_on: threading.Event) -> Engines:
    def load(name, progress):
        begun.set()
        assert go_on.wait(60)
        return Engine(build_model("aligned"), MAX_DURATION)

    return Engines(["pocket"], MAX_DURATION, load)


def test_stop_is_heeded_while_the_model_is_loaded_and_the_load_goes_on():
    begun, go_on, run = threading.Event(), threading.Event(), Run()
    engines = slow(begun, go_on)
    steps = handlers.generate(engines, Settings(duration=1.0), run)
    assert "status" in next(steps) and begun.wait(60)
    run.stop()
    *_, last = steps
    assert "Stopped before it began" in last["status"] and last["generate"] == IDLE["generate"] and last["live"] == ""
    assert not engines.loaded("pocket")
    go_on.set()
    *_, last = handlers.generate(engines, Settings(duration=1.0), Run())
    assert "Done" in last["status"]


def test_stop_is_heeded_while_the_model_of_a_comparison_is_loaded():
    begun, go_on, run = threading.Event(), threading.Event(), Run()
    steps = compare.compare(slow(begun, go_on), compare.Comparison("a", "pocket", 1.0, 1, ["delay", "parallel"]), run)
    next(steps)
    run.stop()
    assert list(steps)[-1]["go"]["interactive"]
    go_on.set()


def test_who_was_replaced_says_no_more_but_keeps_what_was_made(engines):
    run, kept, seen = Run(), [], []
    for update in run.shown(handlers.generate(
        engines, Settings(duration=MAX_DURATION, seed="1"), run, lambda *take: str(kept.append(take)) or "id"
    )):  # fmt: skip
        seen.append(update)
        if "live" in update:
            assert handlers.begin(run)["run"] is not run
    assert run.replaced and not any("take" in update or "generate" in update for update in seen)
    ((_, _, result, _, _),) = kept
    assert 0 < result.audio.shape[1] < MAX_DURATION * result.sample_rate


def test_a_page_that_goes_away_while_the_take_is_finished_keeps_it_once(engines):
    kept = []
    steps = handlers.generate(engines, Settings(duration=1.0, seed="1"), Run(),
                              lambda *take: str(kept.append(take)) or "id")
    for update in steps:
        if update.get("shown") is not None:
            break
    steps.close()
    for thread in threading.enumerate():
        if "_keep_rest" in thread.name:
            thread.join(60)
    assert len(kept) == 1


def test_stop_lets_go_of_a_page_whose_press_has_not_begun(engines):
    run = Run()
    update = handlers.stop(run)
    assert update["generate"]["interactive"] and "Stopped before it began" in update["status"]
    assert list(run.shown(handlers.generate(engines, Settings(duration=1.0), run))) == [{}], "nothing is changed"


def test_stop_lets_go_of_the_patterns_tab_before_a_comparison_begins(engines):
    run = Run()
    update = compare.stop(run)
    assert update["go"]["interactive"] and "Stopped before it began" in update["status"]
    asked = compare.Comparison("a", "pocket", 1.0, 1, ["delay", "parallel"])
    assert list(once(run, lambda run: compare.compare(engines, asked, run))) == [{}], "nothing is changed"
    assert compare.stop(None) == compare.stop(run) == {"halt": IDLE["stop"]}, "it is over"
    page = app.build(engines)
    (halt,) = [number for number, block in page.blocks.items() if getattr(block, "elem_id", None) == "lab-stop"]
    (fn,) = [fn for fn in page.fns.values() if (halt, "click") in fn.targets]
    assert {"lab-go", "lab-stop"} <= {getattr(block, "elem_id", None) for block in fn.outputs}


def test_who_gives_a_melody_is_told_that_it_is_listened_to(engines, tune, tmp_path):
    audio.write(tmp_path / "tune.wav", tune)
    settings = Settings(duration=1.0, melody=str(tmp_path / "tune.wav"), separation="none")
    first = next(handlers.generate(engines, settings, Run()))
    if "Loading" in first["status"]:  # the model comes first
        run = Run()
        first = next(handlers.generate(engines, settings, run))
    assert "Listening to the melody" in first["status"] or "happens once" in first["status"]


def test_a_take_without_sound_leaves_the_one_before_it_usable(engines, monkeypatch):
    run, last = Run(), {}
    start = Engine.start

    def stopped_before_the_second(self, request, listened):
        if request.seed == 8:
            run.stop()
        return start(self, request, listened)

    monkeypatch.setattr(Engine, "start", stopped_before_the_second)
    for update in handlers.generate(engines, Settings(prompt="a", duration=1.0, seed="7"), run, takes=3):
        last |= update
    assert last["shown"].recipe["seed"] == 7 and len(last["made"]) == 1 and last["live"].over
    assert "this is what was made" in last["status"] and last["generate"]["interactive"]


def test_what_a_lost_page_was_waiting_for_is_kept(engines):
    kept = threading.Event()
    takes = []

    def keep(*take) -> str:
        takes.append(take)
        kept.set()
        return "id"

    steps = handlers.generate(engines, Settings(duration=MAX_DURATION, seed="3"), Run(), keep)
    heard = next(update["live"] for update in steps if "live" in update)
    assert heard.names
    steps.close()
    assert kept.wait(60)
    ((request, model, result, codes, facts),) = takes
    assert model == "pocket" and request.seed == 3 and codes.values.shape[1] == result.codes.shape[1] > 0
    assert result.audio.shape[1] > 0 and "page was closed" in facts[0]


def test_an_error_ends_the_sound_that_was_promised(engines, monkeypatch):
    monkeypatch.setattr(handlers, "save", lambda *_: 1 / 0)
    seen = list(handlers.generate(engines, Settings(duration=1.0), Run()))
    assert "its log says what" in seen[-1]["status"] and seen[-1]["live"].over and seen[-1]["generate"]["interactive"]
    assert list(handlers.generate(engines, Settings(bpm="900"), Run()))[-1]["live"].over
    assert list(handlers.generate(engines, Settings(), Run(), takes=9))[-1]["live"] == ""


@pytest.mark.parametrize("refused", [handlers.refused, compare.refused, codebooks.refused])
def test_a_press_the_server_would_not_have_gives_the_button_back(refused):
    update = refused()
    assert "did not start" in update["status"] and (update.get("generate") or update["go"])["interactive"]


def test_every_press_that_waits_in_the_servers_queue_has_an_answer_to_a_refusal(engines):
    """Whatever is disabled by the first half of a press is enabled again, whoever refuses the second."""
    page: Blocks = app.build(engines)
    functions = page.fns.values()
    refusals = [fn for fn in functions if fn.trigger_only_on_failure]
    waiting = [fn for fn in functions if fn.queue and fn.trigger_after is not None and not fn.trigger_only_on_failure]
    assert {fn.trigger_after for fn in refusals} >= {fn._id for fn in waiting} and len(waiting) >= 3


def test_a_beginning_is_heard_at_once(engines, tmp_path):
    first = list(handlers.generate(engines, Settings(prompt="a", duration=4.0, seed="1"), Run()))[-1]
    given = audio.read(first["shown"].file)
    asked = Settings(prompt="a", duration=6.0, seed="2", continue_from=first["shown"].file)
    steps = handlers.generate(engines, asked, Run())
    sounds = [update["live"] for update in steps if "live" in update]
    assert len(sounds[2].names) == 3, "a second at a time, not all that was given at once"
    whole = b"".join((Path(sounds[-1].folder) / name).read_bytes()[44:] for name in sounds[-1].names)
    assert abs(len(whole) / 2 / given.sample_rate - 6.0) < 0.1
