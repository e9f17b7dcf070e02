"""Before and after a take: what lies under the paint, several takes at a press, and the buttons under a take."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from conftest import build_model, sine_tune

from musicgen import audio, painting, preparation, separation
from musicgen.engine import Engine
from musicgen.notated import midi_of
from musicgen.planning import make_plan
from musicgen.preparation import KEY_UNTOLD
from musicgen.ui import after, before, handlers, words
from musicgen.ui.engines import Engines
from musicgen.ui.run import Run
from musicgen.ui.settings import Settings
from musicgen.ui.shown import Update
from musicgen.ui.words import say

MAX_DURATION = 8.0


@pytest.fixture
def engines(tmp_path, monkeypatch) -> Engines:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return Engines(["pocket"], MAX_DURATION, lambda *_: Engine(build_model("aligned"), MAX_DURATION))


def press(engines: Engines, takes: int = 1, **settings) -> Update:
    """All updates of one press of Generate, the later over the earlier."""
    steps = handlers.generate(engines, Settings(**settings), Run(), takes=takes)
    return {name: value for update in steps for name, value in update.items()}


def controls_of(update: Update) -> Settings:
    return Settings(**{name: update[name] for name in Settings.__dataclass_fields__})


# -- several takes ----------------------------------------------------------------------------------------------------


def test_takes_of_one_press_have_seeds_that_follow_each_other_and_can_be_chosen(engines):
    last = press(engines, takes=3, prompt="a", duration=1.0, seed="7")
    made = last["made"]
    assert [one.recipe["seed"] for one in made] == [7, 8, 9] and last["versions"]["visible"]
    assert len({audio.read(one.file).samples.tobytes() for one in made}) == 3
    alone = press(engines, prompt="a", duration=1.0, seed="8")
    assert Path(alone["take"]["value"]).read_bytes() == Path(made[1].file).read_bytes()
    assert not alone["versions"]["visible"]
    shown = after.pick(made, 1)
    assert shown["take"]["value"] == made[1].file and "seed 8" in shown["facts"] and shown["shown"] is made[1]
    for picked in ((made, 9), ([], None)):  # a page that was left open while the server began anew
        with pytest.raises(gr.Error, match="no longer here"):
            after.pick(*picked)


def test_the_melody_of_several_takes_is_heard_once_and_each_is_what_it_is_alone(engines, tmp_path, monkeypatch):
    heard = []

    def separate(sound, how):
        heard.append(how)
        return separation.separate(sound, how)

    monkeypatch.setattr(preparation, "separate", separate)
    tune = tmp_path / "tune.wav"
    audio.write(tune, sine_tune())
    asked = dict(prompt="a", duration=1.0, melody=str(tune), separation="harmonic")
    made = press(engines, takes=3, seed="7", **asked)["made"]
    assert heard == ["harmonic"]
    alone = press(engines, seed="9", **asked)
    assert Path(alone["take"]["value"]).read_bytes() == Path(made[2].file).read_bytes()
    assert len(heard) == 2, "another press listens anew"


@pytest.mark.parametrize("when", ["while it is made", "when it is there"])
def test_stopping_between_takes_makes_no_more_and_gives_the_button_back(engines, when):
    run, last = Run(), {}
    for update in handlers.generate(engines, Settings(prompt="a", duration=1.5, seed="7"), run, takes=3):
        last |= update
        if ("live" in update) if when == "while it is made" else (update.get("shown") is not None):
            run.stop()
    assert len(last["made"]) == 1 and last["generate"]["interactive"] and not last["stop"]["interactive"]


def test_the_last_update_of_a_press_holds_take_and_button_together(engines):
    *_, last = handlers.generate(engines, Settings(prompt="a", duration=1.0), Run())
    assert last["shown"] is not None and last["generate"]["interactive"] and isinstance(last["next_seed"], int)


def test_the_take_that_is_heard_stays_while_others_of_the_press_come(engines):
    steps = list(handlers.generate(engines, Settings(prompt="a", duration=1.0, seed="7"), Run(), takes=3))
    assert [update["shown"].recipe["seed"] for update in steps if "shown" in update] == [7]
    assert [len(update["made"]) for update in steps if "made" in update] == [1, 2, 3]
    assert "value" not in steps[-1]["versions"] and steps[-1]["generate"]["interactive"]
    first = next(i for i, update in enumerate(steps) if "shown" in update)
    assert not any("grid" in update for update in steps[first + 1 :]), "nor its picture"


def test_the_same_players_go_on_whatever_the_next_seed(engines):
    made = press(engines, prompt="cinematic pop", duration=1.0, seed="2")["shown"]
    asked = replace(made.asked, seed="3", **{name: value for name, value in after.go_on(made, MAX_DURATION).items()
                                             if name in Settings.__dataclass_fields__})
    before, after_it = made.recipe["plan"], press(engines, **vars(asked))["shown"].recipe["plan"]
    assert before["instruments"] and {key: before[key] for key in ("instruments", "drums", "key", "chords")} == {
        key: after_it[key] for key in ("instruments", "drums", "key", "chords")}
    other = press(engines, prompt="cinematic pop", duration=1.0, seed="3")["shown"].recipe["plan"]
    assert other["instruments"] != before["instruments"], "another seed alone has another band"


@pytest.mark.parametrize("takes", [0, 5, -1])
def test_more_takes_than_the_page_makes_are_refused(engines, takes):
    assert "1 to 4 takes" in press(engines, takes=takes)["status"]


# -- the buttons ------------------------------------------------------------------------------------------------------


def test_same_again_is_the_same_even_without_a_seed_and_after_changes(engines):
    made = press(engines, prompt="a", duration=1.0, temperature="0.8", painting="0.5;m=0;c=")
    again = after.again(made["shown"])
    assert again["takes"] == 1 and again["temperature"] == "0.8" and again["painting"] == "0.5;m=0;c="
    same = press(engines, **vars(controls_of(again)))
    assert Path(same["take"]["value"]).read_bytes() == Path(made["take"]["value"]).read_bytes()
    assert after.new_seed([], 5) == {"seed": "", "takes": 1, "next_seed": 5}, "the seed whose plan was seen"
    seed = made["shown"].recipe["seed"]
    assert after.new_seed(made["made"], seed)["next_seed"] != seed  # it draws one only when all its takes are made
    with pytest.raises(gr.Error, match="no longer here"):
        after.again(None)


def test_played_anew_it_is_the_same_song_with_a_seed_that_is_not_its_own(engines):
    made = press(engines, prompt="cinematic pop", duration=1.0, seed="2", temperature="0.8")["shown"]
    anew = after.anew(made, 2)
    assert anew["seed"] == "" and anew["takes"] == 1 and anew["temperature"] == "0.8" and anew["next_seed"] != 2
    played = press(engines, **vars(replace(controls_of(anew), seed=str(anew["next_seed"]))))["shown"]
    assert played.recipe["plan"] == made.recipe["plan"], "or another seed would have another band"
    assert (played.codes.values != made.codes.values).any()
    assert after.anew(made, 5)["next_seed"] == 5 and after.anew(made, None)["next_seed"] not in (2, None)
    planless = replace(made, recipe={**made.recipe, "plan": None})
    assert after.anew(planless, 5) == after.again(planless) | {"seed": "", "next_seed": 5}
    with pytest.raises(gr.Error, match="no longer here"):
        after.anew(None, 5)


@pytest.mark.parametrize(
    "asked",
    [{"prompt": "solo piano, 92.5 bpm in 3/4"}, {"prompt": "drum solo"}, {"prompt": "jazz", "ending": "final chord"},
     {"prompt": "rock", "chords": "Am F/A", "drums": "without"}, {"prompt": "no drums, a sad harp"}],
)
def test_whatever_the_song_it_is_the_same_when_it_is_played_anew(engines, asked):
    made = press(engines, duration=6.0, seed="2", **asked)["shown"]
    anew = after.anew(made, 3)
    plan = make_plan(made.recipe["prompt"], 3, **controls_of(anew).plan_parts())
    assert plan.to_dict() == made.recipe["plan"]


def test_same_again_leaves_the_file_alone_that_was_given_in_place_of_one_not_kept(engines, tune, tmp_path):
    audio.write(tmp_path / "tune.wav", tune)
    made = press(engines, prompt="a", duration=1.0, melody=str(tmp_path / "tune.wav"), separation="none")["shown"]
    assert after.again(made)["melody"] == str(tmp_path / "tune.wav") and after.again(made)["continue_from"] is None
    (tmp_path / "tune.wav").rename(tmp_path / "other.wav")
    other, gone = str(tmp_path / "other.wav"), str(tmp_path / "tune.wav")
    assert "melody" not in after.again(made, melody=other), "what lies there now stays"
    for given in ({"continue_from": other}, {"melody": gone}):  # not another take without it, and not a word of that
        with pytest.raises(gr.Error, match="give the file, then press"):
            after.again(made, **given)


def test_a_take_goes_on_and_becomes_a_melody(engines):
    made = press(engines, prompt="a", duration=2.0, seed="3")["shown"]
    on = after.go_on(made, MAX_DURATION)
    assert on["continue_from"] == made.file and on["duration"] == MAX_DURATION and on["continue_fold"]["open"]
    plan = made.recipe["plan"]
    assert (float(on["bpm"]), on["key"], on["chords"]) == (plan["bpm"], plan["key"], plan["chords"])
    longer = press(engines, prompt="a", seed="4", continue_from=on["continue_from"], duration=4.0)
    assert audio.read(longer["take"]["value"]).seconds == pytest.approx(4.0, abs=0.1)
    assert "2.0 s of sound in" in longer["facts"], "what was given was not made"
    assert "2 seconds at most" in after.go_on(made, 2.0)["status"]
    assert after.as_melody(made)["melody"] == made.file
    Path(made.file).unlink()
    for update in (after.go_on(made, MAX_DURATION), after.as_melody(made), after.pick([made], 0)):
        assert "no longer here" in update["status"] and "melody" not in update
    assert after.go_on(None, 9.0)["status"] == after.as_melody(None)["status"]


def test_what_goes_on_goes_on_from_before_its_final_chord(engines):
    made = press(engines, prompt="a", duration=6.0, seed="3", bpm="180", meter="3/4", ending="final chord")["shown"]
    # Bars of one second, two seconds to ring.
    begun = audio.read(after.go_on(made, MAX_DURATION)["continue_from"])
    assert begun.seconds == pytest.approx(4.0, abs=0.01)
    whole = audio.read(made.file)
    assert np.abs(begun.samples - whole.samples[:, : begun.samples.shape[1]]).max() < 1e-3
    endless = press(engines, prompt="a", duration=6.0, seed="3", bpm="180", meter="3/4")["shown"]
    assert after.go_on(endless, MAX_DURATION)["continue_from"] == endless.file


def test_a_take_is_saved_in_every_form_with_its_recipe_inside(engines, tmp_path):
    made = press(engines, prompt="a", bpm="60", duration=1.5, seed="5")["shown"]
    audio.write(tmp_path / "take.wav", audio.read(made.file).resampled(32_000))
    for kind in ("wav", "flac", "mp3"):
        path = after.save_as(replace(made, file=str(tmp_path / "take.wav")), kind)
        assert Path(path).name == f"a-5.{kind}" and audio.read_recipe(path) == made.recipe
        assert audio.read(path).seconds == pytest.approx(1.5, abs=0.15)
    codes = np.load(after.save_as(made, "npz"))
    assert (codes["codes"] == made.codes.values).all() and json.loads(str(codes["recipe"])) == made.recipe
    assert Path(after.save_as(made, "png")).read_bytes().startswith(b"\x89PNG")
    longer = press(engines, prompt="a", bpm="200", meter="3/4", key="C# minor", duration=3.0, seed="5")["shown"]
    path = Path(after.save_as(longer, "loop"))
    loop = audio.read(path)
    assert path.name == "a-200bpm-Csharpmin-3bars-5.wav" and b"acid" in path.read_bytes()
    midi = Path(after.save_as(longer, "mid"))
    assert midi.name == "a-5.mid" and midi.read_bytes() == midi_of(longer.recipe, 3.0)
    assert loop.seconds == pytest.approx(2.7, abs=0.01), "three bars of three beats"
    with pytest.raises(gr.Error, match="shorter than a bar"):
        after.save_as(made, "loop")
    untold = press(engines, prompt="a", follow_plan=False, duration=1.0)["shown"]
    with pytest.raises(gr.Error, match="neither chords nor a melody"):
        after.save_as(untold, "mid")
    with pytest.raises(gr.Error, match="sample rates"):
        after.save_as(made, "mp3")  # this tiny model's rate is none of MP3's
    with pytest.raises(gr.Error, match="no longer here"):
        after.save_as(None, "wav")


def test_what_can_be_looped_of_a_take_is_told_and_is_what_the_file_has(engines):
    shown = press(engines, prompt="a", bpm="200", meter="3/4", chords="C F", duration=3.0, seed="5")
    made = shown["shown"]
    told = json.loads(shown["loop"])
    assert told == {"take": made.file, "bars": 2, "bpm": 200.0, "rate": 3200}
    assert audio.read(after.save_as(made, "loop")).seconds == pytest.approx(2 * 0.9, abs=1 / 3200)
    assert after.pick([made], 0)["loop"] == shown["loop"] and handlers.begin(None)["loop"] == ""
    for without in ({"bpm": "60", "duration": 1.0}, {"follow_plan": False, "duration": 1.0}):
        assert press(engines, prompt="a", **without)["loop"] == "", "less than a bar, or no tempo"


# -- before a take ----------------------------------------------------------------------------------------------------


def test_the_sheet_shows_the_plan_that_the_take_will_follow(engines):
    settings = Settings(prompt="jazz, 120 bpm, 4/4", chords="Am F", seed="3", duration=6.0)
    base = json.loads(before.score(settings, None))
    assert (base["bar"], base["beat"], base["step"], base["names"]) == (2.0, 0.5, 0.25, ["Am", "F"])
    minor, major = painting.bits_of((9, 0, 4)), painting.bits_of((5, 9, 0))
    assert base["chords"] == [minor] * 8 + [major] * 8 + [minor] * 8 and base["melody"] == [-1] * 24
    ends = json.loads(before.score(replace(settings, ending="final chord"), None))
    assert ends["names"] == ["Am", "F", "Am"] and ends["chords"] == base["chords"], "home on its last downbeat"
    unplanned = json.loads(before.score(settings, [9] * 40, planned=False))
    assert not any(unplanned["chords"]) and not unplanned["names"] and 9 in unplanned["melody"], "told no plan"
    three = json.loads(before.score(Settings(prompt="60 bpm", meter="6/8", seed="1"), None))
    assert three["step"] == pytest.approx(1 / 3) and three["bar"] == 2.0


def test_a_melody_lies_on_the_sheet_and_silences_chords_nobody_asked_for():
    heard = [9] * 8 + [0] * 8
    drawn = json.loads(before.score(Settings(prompt="piano, 120 bpm", seed="3", duration=4.0), heard))
    assert drawn["chords"] == [] and drawn["melody"][:4] == [9] * 4 and drawn["melody"][5:8] == [0] * 3
    assert drawn["melody"][9:] == [-1] * 7
    asked = json.loads(before.score(Settings(prompt="piano, 120 bpm", chords="C", seed="3"), heard))
    assert asked["names"] == ["C"]


def test_what_the_audio_brings_is_not_promised_by_the_plan():
    sung = Settings(prompt="jazz in A minor", melody="tune.wav", seed="3")
    line = before.show_plan(sung)
    assert "A minor" in line and "bpm" not in line and "chords" not in line and "Heard in the melody: tempo." in line
    assert "Heard in the melody: tempo." in before.show_plan(replace(sung, prompt="jazz")), "no chords tell a key"
    assert "Heard in the melody: tempo and key." in before.show_plan(replace(sung, prompt="pop, i-VI-iv"))
    filled = before.fill_plan(replace(sung, prompt="jazz"))
    assert not {"bpm", "key", "meter", "chords"} & set(filled) and filled["instruments"]
    assert json.loads(before.score(sung, [9, 9]))["bar"] == 0, "its beats are not known yet"
    by_hand = before.show_plan(replace(sung, key="D minor"))
    assert "D minor" not in by_hand and "A minor" not in by_hand and str(say(KEY_UNTOLD)) in by_hand
    told = replace(sung, bpm="120", chords="Am F")
    assert str(say(KEY_UNTOLD)) not in before.show_plan(replace(told, key="A minor"))
    assert "D minor" in before.show_plan(replace(sung, melody=None, key="D minor")), "without a melody it is told"
    assert "120 bpm" in before.show_plan(told) and "Heard" not in before.show_plan(told)
    assert json.loads(before.score(told, [9, 9]))["bar"] == 2.0
    begun = replace(told, melody=None, continue_from="take.wav", key="auto", prompt="jazz", bpm="")
    assert "Heard in the recording: tempo and key." in before.show_plan(replace(begun, chords=""))
    line = before.show_plan(begun)
    assert "Heard in the recording: tempo." in line and "A minor" in line, "chords say their key"
    assert json.loads(before.score(replace(begun, bpm="120"), None))["bar"] == 0, "nor where its bars lie"


@pytest.mark.parametrize(
    "settings",
    [{"key": "H major"}, {"bpm": "900"}, {"seed": "x"}, {"painting": "rubbish"}, {"follow_plan": False},
     {"prompt": "x" * 5_000}, {"chords": "<b>"}],
)
def test_of_what_is_no_plan_the_sheet_has_the_time_only_or_what_can_be_known(settings):
    base = json.loads(before.score(Settings(**{"duration": 120.0, **settings}), None))
    assert base["step"] > 0 and len(base["melody"]) <= painting.MAX_CELLS


def test_painted_cells_keep_their_length_when_the_tempo_changes():
    base = json.loads(before.score(Settings(prompt="120 bpm", painting="0.375;m=4;c=", seed="1", duration=3.0), None))
    assert base["step"] == 0.375 and len(base["melody"]) == 8


def test_the_lock_keeps_the_seed_of_the_take_and_lets_it_go(engines):
    made = press(engines, prompt="a", duration=0.5, seed="5")["shown"]
    assert before.lock_seed("", made, 9) == "5" and before.lock_seed("", None, 9) == "9"
    assert before.lock_seed("5", made, 9) == ""


# -- words ------------------------------------------------------------------------------------------------------------


def test_every_phrase_on_the_page_has_its_korean_and_none_is_left_over():
    said = set()
    for path in Path(words.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                said |= {part.value for part in ast.walk(node.args[0])
                         if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    said |= {name for name in after.KINDS.values() if name not in ("WAV", "FLAC", "MP3", "MIDI")}
    from musicgen.ui import board, inside, live, looped, sheet

    drawn = {*sheet._WORDS, *live._WORDS, *looped._WORDS, *board._WORDS, *inside._WORDS}  # in the browser
    known = set(words.KOREAN) | set(words.SENTENCES)
    assert said - {"Top-k", "Top-p"} <= known, said - known
    assert set(words.KOREAN) <= said | drawn, set(words.KOREAN) - said - drawn
    assert all("가" <= letter <= "힣" or letter.isascii() or not letter.isalpha()
               for phrase in words.KOREAN.values() for letter in phrase)


def test_what_steers_beside_the_words_is_named_and_can_be_ended():
    assert before.by_hand(Settings(prompt="a", duration=3.0, model="small")) == {
        "by_hand": "", "afresh": {"visible": False, "__type__": "update"}}
    told = before.by_hand(Settings(seed="7", key="A minor", painting="0.5;m=0;c=", drums="with"))
    for name in ("seed", "key", "drums", "painted notes"):
        assert name in told["by_hand"]
    assert "tempo" not in told["by_hand"] and told["afresh"]["visible"]
    off = before.by_hand(Settings(key="A minor", temperature="1.2", follow_plan=False))["by_hand"]
    assert "no plan" in off and "temperature" in off and "plan, temp" in off, "what is not told is not named"
    assert "painted" not in before.by_hand(Settings(painting="0.5;m=0;c="), sings=False)["by_hand"]
    weighted = Settings(prior="0.5")
    assert "prior" in before.by_hand(weighted)["by_hand"] and before.by_hand(weighted, planned=False)["by_hand"] == ""
    fresh = before.afresh()
    reset = Settings(**{name: value for name, value in fresh.items() if name != "takes"})
    assert before.by_hand(reset)["by_hand"] == ""
    steering = set(Settings.__dataclass_fields__) - set(before.KEPT)
    assert set(fresh) == steering | {"takes"} and set(before._STEERS) == steering - {"separation"}
