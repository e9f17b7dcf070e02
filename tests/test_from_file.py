"""A file of this program given back to it: every control as it was, and nothing that a stranger put into it."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from conftest import build_model, sine_tune

from musicgen import audio, riff
from musicgen.engine import Engine
from musicgen.recipes import read_recipe
from musicgen.ui import after, handlers
from musicgen.ui.engines import Engines
from musicgen.ui.from_file import settings_of
from musicgen.ui.run import Run
from musicgen.ui.settings import Settings
from musicgen.ui.shown import Made

MAX_DURATION = 8.0


@pytest.fixture
def engines(tmp_path, monkeypatch) -> Engines:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    return Engines(["pocket"], MAX_DURATION, lambda *_: Engine(build_model("aligned"), MAX_DURATION))


def made(engines: Engines, **settings) -> Made:
    steps = handlers.generate(engines, Settings(**{"duration": 1.0} | settings), Run())
    return {name: value for update in steps for name, value in update.items()}["shown"]


def forged(folder: Path, recipe: object) -> str:
    """A file that a stranger made."""
    path = folder / "forged.wav"
    audio.write(path, sine_tune())
    riff.append_comment(path, json.dumps(recipe))
    return str(path)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "npz"])
def test_what_is_in_a_file_is_made_again(engines, tmp_path, kind):
    take = made(
        engines, prompt="slow waltz", duration=1.5, seed="5", bpm="92.5", key="A minor", drums="without",
        instruments=["harp", "flute"], ending="goes on", temperature="0.8", painting="0.5;m=0;c=", pattern="parallel",
        negative_prompt="noise",
    )  # fmt: skip
    path = after.save_as(take, kind) if kind != "mp3" else str(tmp_path / "take.mp3")
    if kind == "mp3":  # this tiny model's rate is none of MP3's
        audio.write(path, audio.read(take.file).resampled(32_000), recipe=dict(take.recipe))
    filled = settings_of(engines, path)
    assert "settings of the file are filled in" in filled["status"] and "alert" not in filled["status"]
    assert (filled["bpm"], filled["key"], filled["drums"]) == ("92.5", "A minor", "without")
    assert filled["instruments"] == ["harp", "flute"] and filled["takes"] == 1
    again = made(engines, **{name: filled[name] for name in Settings.__dataclass_fields__})
    assert again.recipe == take.recipe and (again.codes.values == take.codes.values).all()


def test_audio_that_no_file_holds_is_asked_for_where_it_is_given(engines, tmp_path, tune):
    audio.write(tmp_path / "tune.wav", tune)
    take = made(engines, prompt="a", melody=str(tmp_path / "tune.wav"), separation="none")
    filled = settings_of(engines, take.file)
    assert "made with a melody, which is not in the file: give it first" in filled["status"]
    assert filled["melody"] is None and filled["separation"] == "none"
    assert filled["melody_fold"]["open"] and "continue_fold" not in filled
    again = made(engines, **{name: filled[name] for name in Settings.__dataclass_fields__} | {
        "melody": str(tmp_path / "tune.wav")})
    assert again.recipe == take.recipe
    longer = made(engines, prompt="a", duration=6.0, continue_from=str(tmp_path / "tune.wav"))
    assert "audio to continue" in settings_of(engines, longer.file)["status"]


def test_what_this_page_cannot_do_is_said(engines, tmp_path):
    path = forged(tmp_path, {"prompt": "a", "seed": 1, "model": "large", "duration": 60.0})
    filled = settings_of(engines, path)
    assert filled["model"] == "pocket" and filled["duration"] == MAX_DURATION
    assert "large&#x27; is not offered here" in filled["status"] and "8 seconds at most" in filled["status"]
    assert settings_of(engines, None) == {}


@pytest.mark.parametrize("content", ["somebody else's", "text", "nothing", "another's recipe", "codes", "gone"])
def test_a_file_of_somebody_else_is_one_sentence(engines, tmp_path, content):
    path, sentence = tmp_path / "file.flac", "holds no recipe; choose a file"
    if content == "somebody else's":
        audio.write(path, sine_tune())
    elif content == "text":
        path.write_text("no sound at all\n" * 100)
        sentence = "is not an audio file that holds a recipe"
    elif content == "nothing":
        path.touch()
        sentence = "is empty (0 bytes)"
    elif content == "another's recipe":
        audio.write(path, sine_tune(), recipe={"title": "<img src=x>"})
        sentence = "not a recipe of MusicGen Studio"
    elif content == "codes":
        path = path.with_suffix(".npz")
        np.savez(path, codes=np.zeros((4, 2), int))
    else:
        sentence = "There is no file"
    update = settings_of(engines, str(path))
    assert set(update) == {"status"} and sentence in update["status"] and 'role="alert"' in update["status"]
    assert update["status"].count("<p") == 1 and "<img" not in update["status"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"prompt": 5}, "must be text"), ({"prompt": "a" * 3000}, "the most"), ({"seed": 1.5}, "whole number"),
        ({"seed": [1]}, "whole number"), ({"duration": "long"}, "must be a number"), ({"duration": 1e9}, "at most 36"),
        ({"bpm": {}}, "not a number"), ({"bpm": 9000}, "out of range"), ({"key": "H minor"}, "H minor"),
        ({"chords": ["C"]}, "chords must be a text"), ({"instruments": "x" * 300}, "instruments must be a text"),
        ({"drums": "maybe"}, "Drums are"), ({"greedy": "yes"}, "Greedy is"), ({"separation": {}}, "separation is one"),
        ({"pattern": "zigzag"}, "is not a pattern"), ({"painting": "<b>"}, "painted notes cannot be read"),
        ({"painting": 7}, "painted notes cannot be read"), ({"plan_setting": None}, "plan is"),
        ({"model": ["x"]}, "model must be a text"), ({"guidance": 1e6}, "between 0 and 20"), ({"top_p": 5}, "Top-p"),
    ],
)  # fmt: skip
def test_forged_values_are_refused_by_name(engines, tmp_path, values, sentence):
    update = settings_of(engines, forged(tmp_path, {"prompt": "a", "seed": 1, "model": "pocket"} | values))
    assert set(update) == {"status"} and sentence in update["status"]
    assert "This file asks for what cannot be made: " in update["status"]


@pytest.mark.parametrize("extra", [{"melody": 3, "plan": "x", "notes": 4}, {"model": None}, {"__class__": "x"}])
def test_what_no_control_shows_changes_nothing(engines, tmp_path, extra):
    plain = {"prompt": "a", "seed": 1, "model": "pocket"}
    filled = settings_of(engines, forged(tmp_path, plain | extra))
    expected = settings_of(engines, forged(tmp_path, plain))
    assert {name: filled[name] for name in Settings.__dataclass_fields__} == {
        name: expected[name] for name in Settings.__dataclass_fields__}


def test_an_archive_is_not_unpacked_beyond_what_a_recipe_takes(tmp_path):
    path, endless = tmp_path / "codes.npz", BytesIO()
    np.lib.format.write_array_header_1_0(endless, {"descr": "<U1", "fortran_order": False, "shape": (10**13,)})

    def packed(way: int, name: str, content: bytes) -> Path:
        with zipfile.ZipFile(path, "w", way) as archive:
            archive.writestr(name, content)
        return path

    ours = array('{"prompt": "a"}')
    for way in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert read_recipe(packed(way, "recipe.npy", ours)) == {"prompt": "a"}
    for bad in (
        (zipfile.ZIP_DEFLATED, "recipe.npy", array(json.dumps({"prompt": "x" * 1_100_000}))),
        (zipfile.ZIP_BZIP2, "recipe.npy", ours),
        (zipfile.ZIP_DEFLATED, "recipe", ours),
        (zipfile.ZIP_STORED, "recipe.npy", endless.getvalue()),
    ):
        with pytest.raises(ValueError, match="holds no recipe"):
            read_recipe(packed(*bad))


def test_an_archive_of_a_million_members_is_not_listed(tmp_path, monkeypatch):
    (path := tmp_path / "codes.npz").write_bytes(b"PK\x01\x02" + bytes(4_000_000))
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(ValueError, match="holds no recipe"):
        read_recipe(path)


def array(text: str) -> bytes:
    file = BytesIO()
    np.save(file, np.array(text))
    return file.getvalue()
