"""The page without a browser: presses become takes."""

from __future__ import annotations

import json
import re
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
from conftest import build_model
from hypothesis import given
from hypothesis import strategies as st

from musicgen import audio
from musicgen.engine import Engine
from musicgen.errors import ModelUnavailable
from musicgen.preparation import prepare
from musicgen.request import check, resolve
from musicgen.ui import before, handlers, listening, prompts, views
from musicgen.ui.engines import Engines
from musicgen.ui.files import Stream
from musicgen.ui.live import told
from musicgen.ui.run import Run
from musicgen.ui.settings import Settings
from musicgen.ui.shown import GRID, Update
from musicgen.ui.words import say

MAX_DURATION = 8.0


@pytest.fixture
def engines(tmp_path, monkeypatch) -> Engines:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tiny_engines()


def tiny_engines() -> Engines:
    return Engines(["pocket", "small"], MAX_DURATION, lambda name, _: Engine(
        build_model("aligned" if name == "pocket" else "text"), MAX_DURATION
    ))


def updates(engines: Engines, run: Run | None = None, **settings) -> list[Update]:
    return list(handlers.generate(engines, Settings(**settings), run or Run()))


def merged(all_updates: list[Update]) -> Update:
    return {name: value for update in all_updates for name, value in update.items()}


# -- a press of Generate --------------------------------------------------------------------------------------------


def test_a_take_streams_sound_and_ends_with_all_of_it(engines):
    steps = updates(engines, prompt="a", duration=3.0, seed="5", melody=None)
    heard = [update["live"] for update in steps if "live" in update]
    last = merged(steps)
    take = audio.read(last["take"]["value"])
    assert len(heard[-1].names) >= 2 and abs(take.seconds - 3.0) < 0.1
    for count, stream in enumerate(heard[:-1], 1):
        assert stream.names == heard[-1].names[:count] and not stream.over, "all so far, with one more each time"
    assert heard[-1].names == heard[-2].names and heard[-1].over and len(set(heard[-1].names)) == len(heard) - 1
    assert {stream.folder for stream in heard} == {heard[-1].folder} and heard[-1].seconds == 3.0
    played = b"".join(frames(Path(heard[-1].folder) / name) for name in heard[-1].names)
    whole = np.frombuffer(played, "<i2").astype(np.float32) / 32767
    assert np.abs(whole - take.samples[0]).max() < 2e-3 * max(1.0, np.abs(whole).max())
    assert np.abs(take.samples).max() > 0.01
    recipe = json.loads(last["recipe"])
    assert recipe["seed"] == 5 and recipe["prompt"] == "a"
    assert audio.read_recipe(last["take"]["value"]) == recipe
    assert "600 of 4 × 150" in last["grid"] and "<svg" in last["spectrum"]
    assert "real time" in last["facts"] and "seed 5" in last["facts"]
    assert last["generate"]["interactive"] and not last["stop"]["interactive"]


def test_takes_of_one_press_are_heard_one_after_another_and_every_press_has_a_place_of_its_own(engines):
    presses = []
    for _ in range(2):
        steps = list(handlers.generate(engines, Settings(prompt="a", duration=1.0, seed="5"), Run(), takes=2))
        heard = [update["live"] for update in steps if "live" in update]
        assert [stream.over for stream in heard] == [False] * (len(heard) - 1) + [True]
        sound = b"".join(frames(Path(heard[-1].folder) / name) for name in heard[-1].names)
        assert heard[-1].seconds == 2.0 and abs(len(sound) / 2 / 3200 - 2.0) < 0.1
        presses.append(heard[-1].folder)
    assert len(set(presses)) == 2


def test_the_player_is_told_as_text(tmp_path):
    stream = Stream(str(tmp_path / "a b"), 3200, 2.0, ("0.wav", "1.wav"), over=True)
    read = json.loads(told(stream))
    assert read["folder"].endswith("/a%20b") and read["names"] == ["0.wav", "1.wav"]
    assert read["over"] and read["rate"] == 3200 and read["seconds"] == 2.0
    assert json.loads(told(Stream()))["folder"] == ""


def frames(wav: Path) -> bytes:
    with wave.open(str(wav)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, 3200, 2)
        return file.readframes(file.getnframes())


def test_a_melody_is_drawn_asked_over_followed(engines, tune, tmp_path):
    path = tmp_path / "tune.wav"
    audio.write(path, tune)
    shown = merged(updates(engines, duration=2.0, melody=str(path), separation="none"))
    assert re.search(r"similarity [-0-9.]+", shown["pitches"])
    first, *_, last = listening.show_melody(str(path), "none", 4.0)
    assert "Listening" in first[0] and "kept" in last[0] and "Melody, 4.0 s" in last[0]
    assert {last[2][4], last[2][12]} == {9, 0} and len(last[2]) == 32, "A, then C"
    assert list(listening.show_melody(None, "none", 4.0)) == [("", "", [])]


def test_silence_in_a_melody_is_shown_as_the_model_is_told_it(tmp_path, tune):
    path = tmp_path / "tune.wav"
    audio.write(path, audio.Audio(np.pad(tune.samples, ((0, 0), (0, 64_000))), tune.sample_rate))
    *_, (_, rest, heard) = listening.show_melody(str(path), "none", 6.0)
    assert heard[-8:] == [-1] * 8 and rest == ""
    *_, (_, told, kept) = listening.show_melody(str(path), "none", 6.0, rests=False)
    assert kept[-8:] == [0] * 8 and kept[:25] == heard[:25] and str(say(listening.NO_REST)) in told
    engines = Engines(["pocket", "small", "melody"], MAX_DURATION)
    assert [engines.card(name).rests for name in engines.names] == [True, True, False]


@pytest.mark.parametrize("kind", ["melody", "aligned"])
def test_what_is_shown_of_a_melody_is_what_the_engine_tells(kind, tune, tmp_path):
    path = tmp_path / "tune.wav"
    audio.write(path, audio.Audio(np.pad(tune.samples, ((0, 0), (0, 64_000))), tune.sample_rate))
    model = build_model(kind)
    engines = Engines(["pocket"], MAX_DURATION, lambda *_: Engine(model, MAX_DURATION))
    engines.get("pocket")
    *_, (_, _, shown) = listening.show_melody(str(path), "none", 6.0, engines.card("pocket").rests)
    told = prepare(model, resolve(Settings(melody=str(path), separation="none", duration=6.0, seed="1").request(),
                                  model.config, MAX_DURATION)).chroma
    expected = np.where(told.any(1), told.argmax(1), -1)[: len(shown)].tolist()
    assert shown[:44] == expected[:44]


def test_the_grid_of_a_take_says_how_it_is_read(engines):
    made = merged(updates(engines, duration=1.0))
    assert str(say(GRID)) in made["grid"] and made["grid"].count("<svg") >= 1


def test_stopping_keeps_what_was_made_and_gives_the_engine_back(engines):
    run = Run()
    steps = handlers.generate(engines, Settings(duration=MAX_DURATION, seed=1), run)
    seen = []
    for update in steps:
        seen.append(update)
        if "live" in update:
            handlers.stop(run)
    last = merged(seen)
    take = audio.read(last["take"]["value"])
    assert 0.5 < take.seconds < MAX_DURATION - 1
    assert "Stopped" in last["status"]
    whole = audio.read(merged(updates(engines, duration=2.0, seed=1))["take"]["value"])
    assert abs(whole.seconds - 2.0) < 0.1, "the engine is free for the next take"


def test_stop_ends_only_the_run_of_its_own_page(engines):
    mine, yours = Run(), Run()
    mine_steps = handlers.generate(engines, Settings(duration=2.0, seed=1), mine)
    next(mine_steps)
    handlers.stop(yours)
    last = merged([*mine_steps])
    assert "Done" in last["status"] and mine.stopped is False
    assert "Stopped before it began" in merged(updates(engines, yours))["status"]


def test_a_new_press_ends_the_last_one_and_starts_unstopped():
    old = Run()
    refused = handlers.begin(old, Settings(bpm="900"))
    assert set(refused) == {"status"} and not old.replaced, "nothing is cleared, and Stop reaches the one before"
    words_only = build_model("text").config
    for wrong in (Settings(pattern="0,1,2"), Settings(melody="not looked at yet")):
        refused = handlers.begin(old, wrong, words_only)
        assert set(refused) == {"status"} and not old.replaced, "nor for what this model cannot"
    new = handlers.begin(old, Settings(melody="not looked at yet"))["run"]
    assert old.stopped and not new.stopped
    assert handlers.begin(None)["run"] is not new


def test_a_closed_page_stops_the_model(engines):
    run = Run()
    steps = handlers.generate(engines, Settings(duration=MAX_DURATION), run)
    while "live" not in next(steps):
        pass
    generation = run.generation
    steps.close()
    assert generation is not None and list(generation) == []
    assert run.over and run.generation is None, "as long as the page is open it keeps this object, but no model by it"


def test_two_pages_at_once_get_what_each_asked_for(engines):
    alone = [merged(updates(engines, prompt=p, seed=s, duration=1.5))["take"]["value"] for p, s in (("a", 1), ("b", 2))]
    pair = [handlers.generate(engines, Settings(prompt=p, seed=s, duration=1.5), Run())
            for p, s in (("a", 1), ("b", 2))]
    both: list[Update] = [{}, {}]
    open_pages = [0, 1]
    while open_pages:
        for page in list(open_pages):
            update = next(pair[page], None)
            if update is None:
                open_pages.remove(page)
            else:
                both[page] |= update
    for page in (0, 1):
        assert Path(both[page]["take"]["value"]).read_bytes() == Path(alone[page]).read_bytes()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"duration": 9.0}, "at most 8 seconds"),
        ({"pattern": "zigzag"}, "is not a pattern"),
        ({"bpm": "900"}, "out of range"),
        ({"model": "large"}, "This page offers pocket, small"),
    ],
)
def test_what_cannot_be_made_is_said_and_the_button_comes_back(engines, settings, sentence):
    last = updates(engines, **{"duration": 2.0, **settings})[-1]
    assert sentence in last["status"] and 'role="alert"' in last["status"]
    assert last["generate"]["interactive"] and "take" not in last


def test_a_model_that_cannot_be_had_says_why():
    def fail(name, progress):
        raise ModelUnavailable(f"{name} is <out of> reach.")

    last = updates(Engines(["pocket"], MAX_DURATION, fail))[-1]
    assert "pocket is &lt;out of&gt; reach." in last["status"]


def test_an_unforeseen_error_is_in_the_log_and_the_button_comes_back(caplog):
    def fail(name, progress):
        raise MemoryError

    last = updates(Engines(["pocket"], MAX_DURATION, fail))[-1]
    assert last["generate"]["interactive"] and "its log says what" in last["status"]
    assert "MemoryError" in caplog.text and "Traceback" in caplog.text


# -- what is said of models, patterns and plans ---------------------------------------------------------------------


def test_a_pattern_other_than_the_trained_one_is_warned_of(engines):
    assert "caution" not in before.show_pattern(engines, "small", None, 10)
    assert "caution" not in before.show_pattern(engines, "small", "0,1,2,3", 10), "delay by its numbers"
    card = before.show_pattern(engines, "small", "flattening", 10)
    assert "2000 steps for 500 frames" in card and "exact" in card and "trained with the delay pattern" in card
    assert "is not a pattern" in before.show_pattern(engines, "pocket", "<b>", 10)


def test_the_plan_line_tells_what_words_and_seed_decide():
    assert "Read as: sad piano, without drums. " in before.show_plan(Settings(prompt="슬픈 피아노, 드럼 없이"))
    assert "Read as: sad piano. " in before.show_plan(Settings(prompt="悲しいピアノ"), planned=False)
    assert "say it in English" in before.show_plan(Settings(prompt="안녕하세요"))
    assert len(before.show_plan(Settings(prompt="슬픈 피아노 " * 200))) < 500, "a long one in part"
    words = before.show_plan(Settings(prompt="jazz in A minor, 120 bpm, no drums"))
    assert "Read as" not in words
    assert "Told: 120 bpm" in words and "A minor" in words and "no drums" in words
    assert "Drawn by the seed: " in words and "chords" in words.split("Drawn")[1]
    seeded = before.show_plan(Settings(prompt="jazz in A minor, 120 bpm", seed="3"))
    assert "chords" in seeded and "Drawn" not in seeded
    assert "Switched off" in before.show_plan(Settings(follow_plan=False))
    released = before.show_plan(Settings(prompt="jazz"), planned=False)
    assert "reads words only" in released and "Drawn" not in released
    spoken = before.show_plan(Settings(prompt="jazz", bpm="120", key="A minor"), planned=False)
    assert spoken.count("bpm: 120. key: A minor") == 1
    assert "trouble" in before.show_plan(Settings(bpm="fast"), planned=False)
    assert "trouble" in before.show_plan(Settings(key="H major"))


def test_a_recording_to_go_on_from_makes_room_for_new_music(tmp_path):
    for name, seconds in (("short", 2), ("riff", 15), ("song", 150)):
        audio.write(tmp_path / f"{name}.wav", audio.Audio(np.full((1, seconds * 8000), 0.1, np.float32), 8000))
    rooms = [before.room(str(tmp_path / f"{name}.wav"), 10.0, 120.0) for name in ("short", "riff", "song", "none")]
    assert rooms == [10.0, 25.0, 120.0, 10.0] and before.room(None, 10.0, 120.0) == 10.0
    request = Settings(duration=120.0, continue_from=str(tmp_path / "song.wav")).request()
    with pytest.raises(ValueError, match=r"cut it first, for .* may last 120 s"):
        check(request, 120.0)


def test_filling_in_the_plan_changes_nothing_but_makes_it_visible():
    asked = Settings(prompt="folk in 6/8", seed="11")
    filled = before.fill_plan(asked)
    again = Settings(prompt="folk in 6/8", **filled)
    assert before.show_plan(again) == before.show_plan(asked)
    assert filled["meter"] == "6/8" and before.fill_plan(Settings())["seed"].isdecimal()


def test_cards_tell_size_licence_and_whether_a_download_is_needed(engines):
    assert re.search("bundled|missing", engines.card("pocket").label)
    small = engines.card("small")
    assert "300 M" in small.label and "2.4 GB to download" in small.label and "CC-BY-NC" in small.label
    assert "commercial" in small.note
    assert Engines(["stereo-small"]).card("stereo-small").codebooks == 8


@pytest.mark.parametrize("names", [[], ["no-such-model"]])
def test_a_page_without_a_real_model_is_refused(names):
    with pytest.raises(ValueError):
        Engines(names)


def test_two_who_ask_at_once_wait_for_one_load():
    from concurrent.futures import ThreadPoolExecutor

    opened = []

    def open_engine(name, progress):
        opened.append(name)
        return Engine(build_model("text"), MAX_DURATION)

    engines = Engines(["pocket"], MAX_DURATION, open_engine)
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(engines.get, ["pocket"] * 4))
    assert opened == ["pocket"] and len({id(engine) for engine in got}) == 1


def test_a_download_tells_how_far_it_is_and_the_take_follows():
    waited = threading.Event()

    def open_engine(name, progress):
        progress(0.25, "downloading 1 of 2 files")
        waited.wait(30)
        return Engine(build_model("text"), MAX_DURATION)

    said = []
    for update in handlers.generate(Engines(["small"], MAX_DURATION, open_engine), Settings("a", "small", 1.0),
                                    Run()):
        said.append(update.get("status") or said[-1])
        if "Downloading 1 of 2 files" in said[-1]:
            assert 'aria-valuenow="25"' in said[-1]
            waited.set()
    assert waited.is_set() and "Done" in said[-1]


@given(st.randoms())
def test_the_dice_makes_prompts_a_plan_can_be_read_from(dice):
    prompt = prompts.surprise(dice)
    assert 10 < len(prompt) < 120
    assert "trouble" not in before.show_plan(Settings(prompt=prompt))


@pytest.mark.parametrize(("value", "text"), [(0.84, "0.8 s"), (9.96, "10 s"), (42.4, "42 s"), (125, "2 min 5 s")])
def test_lengths_of_time_read_well(value, text):
    assert views.seconds(value) == text


def test_nothing_a_user_writes_becomes_html():
    hostile = "<img src=x onerror=alert(1)>"
    for html in (views.note(hostile), views.problem(hostile), views.progress(hostile, 0.5), views.facts([hostile])):
        assert "<img" not in html
