"""The command line: what it writes, what it prints, how it refuses, how it stops."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import HashEncoder, build_model, sine_tune

from musicgen import audio, checkpoints
from musicgen.checkpoints import save_pocket
from musicgen.cli import Progress, build_parser, main, which_model
from musicgen.conditioners import Conditioner
from musicgen.config import KNOWN_MODELS
from musicgen.errors import ModelUnavailable
from musicgen.notated import midi_of
from musicgen.request import STRENGTH, STRONGEST, WEAKEST

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A tiny model in the bundled model's format."""
    model = build_model("aligned")
    path = tmp_path_factory.mktemp("tiny") / "model"
    save_pocket(path, model.config, model.lm, model.codec)
    return path


@pytest.fixture(autouse=True)
def no_text_encoder(monkeypatch):
    """MiniLM's place is taken by hashes: these tests are about the command line."""
    monkeypatch.setattr(checkpoints, "build_conditioner", lambda *_, **__: Conditioner(HashEncoder()))


def generate(folder, *flags) -> int:
    return main(["generate", "--model", str(folder), "--duration", "2", *map(str, flags)])


def test_a_prompt_becomes_a_file_with_its_recipe(folder, tmp_path, capsys):
    out, codes = tmp_path / "out.wav", tmp_path / "out.npz"
    assert generate(folder, "jazz waltz", "--seed", 4, "--bpm", "120", "-o", out, "--codes", codes) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{out}\n"
    assert "plan: 120 bpm, 3/4" in printed.err
    sound = audio.read(out)
    assert sound.samples.shape == (1, 6_400) and sound.sample_rate == 3_200
    recipe = audio.read_recipe(out)
    assert recipe["prompt"] == "jazz waltz" and recipe["seed"] == 4 and recipe["plan"]["meter"] == "3/4"
    with np.load(codes, allow_pickle=False) as arrays:
        assert arrays["codes"].shape == (4, 100) and arrays["codes"].dtype.kind == "i"
        assert json.loads(str(arrays["recipe"])) == recipe


def test_the_flags_are_those_that_others_script(folder):
    """Word for word: what is missing or renamed here breaks other people's scripts."""
    values = {
        "--negative": "noise", "--model": "small", "--pattern": "0,1,1,2", "--melody": "a.wav", "--separation": "none",
        "--melody-strength": "1.5",
        "--bars": "4",
        "--continue-from": "b.wav", "--duration": "7.5", "--seed": "3", "--temperature": "0.9", "--top-k": "50",
        "--top-p": "0.8", "--guidance": "2.5", "--prior": "0.4", "--bpm": "92.0", "--key": "A minor", "--meter": "3/4",
        "--chords": "C Am F G", "--instruments": "harp, banjo", "--sections": "4 harp | all", "--plan": "off",
        "--device": "cpu", "--dtype": "bfloat16", "-o": "out.ogg",
        "--codes": "out.npz", "--recipe": "r.flac",
    }  # fmt: skip
    said = build_parser().parse_args(["generate", "PROMPT", *[word for pair in values.items() for word in pair]])
    assert said.prompt == "PROMPT" and said.output == "out.ogg"
    for flag, value in values.items():
        got = getattr(said, flag.strip("-").replace("-", "_") if flag != "-o" else "output")
        assert str(got) == value, flag
    assert build_parser().parse_args(["generate", "x", "--greedy"]).greedy is True
    for name in ("drums", "ending"):
        for flags, wanted in (([f"--{name}"], True), ([f"--no-{name}"], False), ([], None)):
            assert vars(build_parser().parse_args(["generate", "x", *flags])).get(name) is wanted
    commands = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
    assert set(commands) == {"generate", "loop", "midi", "recipe", "models", "check"}
    known = {flag for action in commands["generate"]._actions for flag in action.option_strings}
    switches = {"--greedy", "--drums", "--no-drums", "--ending", "--no-ending"}
    assert known == {*values, *switches, "--output", "-h", "--help"}, "and no flag without a line here"


def test_what_is_said_of_a_melodys_strength_is_what_the_request_takes():
    """The texts spell its figures out: the modules that know them are slow to import."""
    span = f"{WEAKEST:g} to {STRONGEST:g}"
    for file, said in (("musicgen/cli.py", (f"{span}; default {STRENGTH:g}",)),
                       ("musicgen/ui/api.py", (f"from {span}", f"{STRENGTH:g} is usual")),
                       ("ARCHITECTURE.md", (f"melody_strength: float = {STRENGTH:g} ",))):  # fmt: skip
        text = " ".join((ROOT / file).read_text(encoding="utf-8").split())
        assert all(words in text for words in said), file


def test_a_length_in_bars_is_written_as_seconds(folder, tmp_path, capsys):
    out = tmp_path / "out.wav"
    assert generate(folder, "jazz", "--seed", 4, "--bpm", "120", "--meter", "3/4", "--bars", 2, "-o", out) == 0
    assert "length: 3.1 s" in capsys.readouterr().err and audio.read_recipe(out)["duration"] == 3.06
    assert generate(folder, "jazz", "--plan", "off", "--bars", 2, "-o", out) == 2
    assert "Bars need a tempo" in capsys.readouterr().err


@pytest.mark.parametrize("made", ["first.flac", "first.npz"])
def test_a_recipe_makes_it_again_and_flags_change_it(folder, tmp_path, capsys, made):
    def take(name, *flags):
        codes = tmp_path / f"{name}.npz"
        assert generate(folder, *flags, "-o", tmp_path / f"{name}.flac", "--codes", codes) == 0
        with np.load(codes, allow_pickle=False) as arrays:
            return arrays["codes"], json.loads(str(arrays["recipe"]))

    first, recipe = take("first", "folk in D", "--top-k", 7, "--greedy")
    again, same = take("again", "--recipe", tmp_path / made)
    np.testing.assert_array_equal(again, first)
    assert same == recipe
    other, changed = take("other", "--recipe", tmp_path / made, "--bpm", "77")
    assert changed["plan"]["bpm"] == 77 and changed["top_k"] == 7 and changed["greedy"] is True
    assert (other != first).any()
    capsys.readouterr()
    assert main(["recipe", str(tmp_path / made)]) == 0
    assert json.loads(capsys.readouterr().out) == recipe


def test_a_recipe_says_how_it_was_computed(folder, tmp_path):
    def codes(*flags):
        assert generate(folder, *flags, "--device", "cpu", "-o", tmp_path / "x.wav", "--codes", tmp_path / "x.npz") == 0
        with np.load(tmp_path / "x.npz") as arrays:
            return arrays["codes"]

    half = codes("rock", "--seed", "3", "--dtype", "bfloat16")
    recipe = audio.read_recipe(tmp_path / "x.wav")
    assert (recipe["device"], recipe["dtype"]) == ("cpu", "bfloat16")
    np.testing.assert_array_equal(codes("--recipe", tmp_path / "x.wav"), half)
    codes("--recipe", tmp_path / "x.wav", "--dtype", "float32")
    assert audio.read_recipe(tmp_path / "x.wav")["dtype"] == "float32"


def test_which_model_a_recipe_stands_for():
    on_cpu = {"device": "cpu"}
    made = {"model": "small", "device": "cpu", "dtype": "bfloat16"}
    assert which_model(on_cpu, made) == ("small", "cpu", "bfloat16")
    assert which_model({**on_cpu, "model": "pocket", "dtype": "float32"}, made) == ("pocket", "cpu", "float32")
    assert which_model(on_cpu, {**made, "device": "cuda"}) == ("small", "cpu", None), "another device's dtype is no use"
    assert which_model(on_cpu, {"model": "someone/model"}) == ("someone/model", "cpu", None)
    assert which_model(on_cpu, {}) == ("pocket", "cpu", None)
    for name in ("my-folder", "/etc", "../x"):  # a file from a stranger names no folder of mine
        with pytest.raises(ValueError, match="was read from a folder; say where it is with --model"):
            which_model(on_cpu, {**made, "model": name})


def test_a_melody_and_audio_to_go_on_from(folder, tmp_path, capsys):
    tune, out = tmp_path / "tune.wav", tmp_path / "out.wav"
    audio.write(tune, sine_tune(seconds=0.25))
    assert generate(folder, "flute", "--melody", tune, "--separation", "none", "-o", out) == 0
    recipe = audio.read_recipe(out)
    assert recipe["melody"]["seconds"] == 1.0 and str(tmp_path) not in json.dumps(recipe)
    assert "goes on freely" in capsys.readouterr().err
    assert generate(folder, "--continue-from", tune, "-o", out) == 0
    assert audio.read(out).samples.shape[1] == 6_400
    assert generate(folder, "--recipe", out, "-o", out) == 2
    assert "--continue-from" in capsys.readouterr().err


def test_a_take_goes_on_from_before_its_final_chord(folder, tmp_path):
    first, longer = tmp_path / "first.flac", tmp_path / "longer.flac"
    # Bars of one second at 180 bpm, two seconds to ring.
    six = ("jazz", "--bpm", "180", "--meter", "3/4", "--duration", "6", "--seed", "1")
    assert generate(folder, *six, "--ending", "-o", first) == 0
    assert audio.read_recipe(first)["plan"]["ending"] is True
    assert generate(folder, "jazz", "--continue-from", first, "--duration", "7", "--seed", "2", "-o", longer) == 0
    assert audio.read_recipe(longer)["continue_from"]["seconds"] == pytest.approx(4.0, abs=0.01)
    assert generate(folder, *six, "--no-ending", "-o", first) == 0
    assert generate(folder, "jazz", "--continue-from", first, "--duration", "7", "--seed", "2", "-o", longer) == 0
    assert audio.read_recipe(longer)["continue_from"]["seconds"] == pytest.approx(6.0, abs=0.01)


BAD = [
    (["generate"], "Say what to make"),
    (["generate", "x", "--duration", "0"], "more than 0"),
    (["generate", "x", "--duration", "nan"], "duration"),
    (["generate", "x", "--duration", "ten"], "invalid float value"),
    (["generate", "x", "--top-k", "1.5"], "invalid int value"),
    (["generate", "x", "--bpm", "500"], "40 to 220"),
    (["generate", "x", "--key", "H"], "not a key"),
    (["generate", "x", "--pattern", "zigzag"], "not a pattern"),
    (["generate", "x", "--melody", "nowhere.wav"], "no file"),
    (["generate", "x", "--recipe", "nowhere.npz"], "no file"),
    (["generate", "x", "-o", "out.txt"], "should end in"),
    (["generate", "x", "-o", "no/such/folder/out.wav"], "no folder"),
    (["generate", "x", "--codes", "out.txt"], ".npz"),
    (["generate", "x", "--device", "abacus"], "device"),
    (["generate", "x", "--dtype", "int3"], "dtype"),
    (["generate", "x", "--loud"], "nrecognized arguments: --loud"),
    (["recipe", "nowhere.wav"], "no file"),
    (["recipe"], "required: file"),
    (["dance"], "invalid choice"),
    ([], "required"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_input_is_one_sentence_and_exit_code_2(folder, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    if arguments[:1] == ["generate"]:
        arguments = [*arguments, "--model", str(folder)]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    lines = [line for line in printed.err.splitlines() if line]
    assert len(lines) == 1 and lines[0].startswith("musicgen: ") and lines[0].endswith(".")
    assert not printed.out and not list(tmp_path.iterdir())


def test_values_are_looked_at_before_a_model_is_loaded(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints, "load", lambda *_: pytest.fail("loaded"))
    audio.write(tmp_path / "tune.wav", sine_tune())
    for flags in (["--temperature", "-1"], ["--model", "large", "--pattern", "0,1,2"],
                  ["--model", "small", "--melody", str(tmp_path / "tune.wav")]):
        assert main(["generate", "x", *flags, "-o", str(tmp_path / "x.wav")]) == 2


def test_an_unknown_model_and_one_out_of_reach(tmp_path, capsys):
    assert main(["generate", "x", "--model", "smal", "-o", str(tmp_path / "x.wav")]) == 2
    assert "did you mean 'small'" in capsys.readouterr().err
    assert main(["generate", "x", "--model", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def heeding(monkeypatch):
    """SIGINT is not ignored, as it may be where the tests run in the background."""
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.default_int_handler)


def test_ctrl_c_keeps_what_was_made(folder, tmp_path, monkeypatch, capsys, heeding):
    out, shown = tmp_path / "out.wav", Progress.event

    def interrupted(self, event, frame_rate):
        shown(self, event, frame_rate)
        if event.frames_done >= 60:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Progress, "event", interrupted)
    assert generate(folder, "rock", "-o", out) == 130
    assert "Stopped; the first 1." in capsys.readouterr().err
    assert 3_200 < audio.read(out).samples.shape[1] < 6_400


def test_ctrl_c_before_there_is_sound_writes_nothing(folder, tmp_path, monkeypatch, capsys, heeding):
    monkeypatch.setattr(Progress, "event", lambda *_: signal.raise_signal(signal.SIGINT))
    assert generate(folder, "rock", "-o", tmp_path / "out.wav") == 130
    assert "before there was anything to keep" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_was_made_before_the_memory_ran_out_is_written(folder, tmp_path, monkeypatch, capsys, heeding):
    shown = Progress.event

    def fails(self, event, frame_rate):
        shown(self, event, frame_rate)
        if event.frames_done >= 60:
            raise ModelUnavailable("The memory ran out.")

    monkeypatch.setattr(Progress, "event", fails)
    assert generate(folder, "rock", "-o", tmp_path / "out.wav") == 2
    told = capsys.readouterr().err
    assert "the first 1." in told and "The memory ran out." in told
    assert 3_200 < audio.read(tmp_path / "out.wav").samples.shape[1] < 6_400


def test_a_second_ctrl_c_does_not_lose_what_the_first_one_kept(folder, tmp_path, monkeypatch, heeding):
    written = audio.write

    def impatient(*given):
        signal.raise_signal(signal.SIGINT)
        written(*given)

    monkeypatch.setattr(audio, "write", impatient)
    assert generate(folder, "rock", "-o", tmp_path / "out.wav") == 130
    assert audio.read(tmp_path / "out.wav").seconds == pytest.approx(2.0)


def test_a_take_becomes_a_loop(folder, tmp_path, capsys):
    sung = tmp_path / "take.flac"
    assert generate(folder, "rock", "--bpm", "200", "--meter", "3/4", "-o", sung) == 0
    capsys.readouterr()
    assert main(["loop", str(sung)]) == 0
    written = tmp_path / "take-loop.flac"
    assert capsys.readouterr().out == f"{written}\n"
    assert audio.read(written).seconds == pytest.approx(1.8, abs=0.01), "two bars"
    assert audio.read_recipe(written) == audio.read_recipe(sung)


def test_a_loop_says_its_tempo_and_a_take_its_chords(folder, tmp_path, capsys):
    take = tmp_path / "take.wav"
    assert generate(folder, "rock", "--bpm", "200", "--meter", "3/4", "-o", take) == 0
    assert main(["loop", str(take)]) == 0 and b"acid" in (tmp_path / "take-loop.wav").read_bytes()
    capsys.readouterr()
    assert main(["midi", str(take)]) == 0
    written = tmp_path / "take.mid"
    assert capsys.readouterr().out == f"{written}\n"
    assert written.read_bytes() == midi_of(audio.read_recipe(take), audio.read(take).seconds)
    assert main(["midi", str(take), "-o", str(tmp_path / "a.wav")]) == 2
    assert "should end in .mid" in capsys.readouterr().err
    assert generate(folder, "rock", "--plan", "off", "-o", take) == 0 and main(["midi", str(take)]) == 2


def test_what_is_no_take_is_no_loop(tmp_path, capsys, tune):
    audio.write(tmp_path / "tune.wav", tune)
    assert main(["loop", str(tmp_path / "tune.wav")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_terminal_gets_a_bar(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert generate(folder, "rock", "-o", tmp_path / "out.wav") == 0
    shown = capsys.readouterr().err
    assert f"[{'#' * 24}] 2.0 of 2.0 s" in shown and shown.endswith("\n")


@pytest.mark.parametrize("content", [b"", b"not a zip", "bomb", "no recipe", "a list", "a pickle", "a flipped bit"])
def test_a_hostile_npz_is_refused(tmp_path, capsys, content):
    path = tmp_path / "codes.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "bomb":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("recipe.npy", b"\0" * 5_000_000)
    elif content == "no recipe":
        np.savez(path, codes=np.zeros((4, 2), int))
    elif content == "a list":
        np.savez(path, recipe=np.array("[1, 2]"))
    elif content == "a flipped bit":
        np.savez_compressed(path, recipe=np.array('{"prompt": "x", "seed": 1}'))
        data = bytearray(path.read_bytes())
        data[60] ^= 255
        path.write_bytes(data)
    else:
        np.savez(path, recipe=np.array({"prompt": "x"}, dtype=object))
    assert main(["recipe", str(path)]) == 2
    assert "holds no recipe" in capsys.readouterr().err


def test_models_lists_every_model(capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(KNOWN_MODELS)
    for name, line in zip(KNOWN_MODELS, lines[1:], strict=True):
        assert line.split()[0] == name and KNOWN_MODELS[name].licence in line


@pytest.mark.parametrize(("kind", "pattern"), [("told", "all mono"), ("aligned", "delay")])
def test_models_says_which_patterns_the_bundled_weights_know(kind, pattern, tmp_path, monkeypatch, capsys):
    model = build_model(kind)
    save_pocket(tmp_path, model.config, model.lm, model.codec)
    monkeypatch.setattr(checkpoints, "POCKET", tmp_path)
    assert main(["models"]) == 0
    row = re.split(r"  +", capsys.readouterr().out.splitlines()[1])
    assert row[:5] == ["pocket", "-", "bundled, 1 MB", "yes", pattern]
    (tmp_path / "config.json").unlink()
    assert main(["models"]) == 0
    assert re.split(r"  +", capsys.readouterr().out.splitlines()[1])[2:4] == ["bundled", "no"]


def test_check_says_what_works_and_how_to_mend_the_rest(capsys):
    assert main(["check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("ok ", "no ")) for line in lines)
    for thing in ("device", "ffmpeg", "bundled model", "text encoder", "codec", "Demucs", "hub"):
        assert any(thing in line for line in lines), thing
    assert any(line.startswith("no  model hub: switched off") for line in lines)


def run(*arguments, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    return subprocess.run([sys.executable, "-m", "musicgen", *map(str, arguments)], cwd=cwd, env=environment,
                          capture_output=True, text=True, timeout=300)


def test_as_a_program(tmp_path):
    model = build_model("aligned", text_dim=384)
    save_pocket(tmp_path / "model", model.config, model.lm, model.codec)
    ran = run("generate", "rock", "--model", "model", "--duration", "1", "--seed", "9", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "musicgen-9.wav\n"), ran.stderr
    assert audio.read_recipe(tmp_path / "musicgen-9.wav")["prompt"] == "rock"
    ran = run("generate", "rock", "--duration", "-5", "--model", "model", cwd=tmp_path)
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals to pretend to be")
def test_ctrl_c_in_a_terminal(tmp_path):
    """A real signal, while the bar is drawn: what was made is in the file."""
    model = build_model("aligned", text_dim=384)
    save_pocket(tmp_path / "model", model.config, model.lm, model.codec)
    mine, theirs = os.openpty()
    command = [sys.executable, "-m", "musicgen", "generate", "rock", "--model", "model", "--duration", "600",
               "-o", "out.wav"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    def heeds_ctrl_c() -> None:  # a test run in the background passes on that SIGINT is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=theirs, preexec_fn=heeds_ctrl_c
    ) as program:
        os.close(theirs)
        shown = ""
        while not re.search(r"\[#*\.+\] [2-9]\.\d of 600\.0 s, about \d+ s left", shown):
            shown += os.read(mine, 4096).decode()  # an error once the program has ended
        program.send_signal(signal.SIGINT)
        try:
            while part := os.read(mine, 4096):
                shown += part.decode()
        except OSError:  # how a terminal says that nobody holds it any more
            pass
        assert program.stdout is not None and program.stdout.read() == b"out.wav\n"
    os.close(mine)
    assert program.returncode == 130
    assert re.search(r"Stopped; the first \d+\.\d s are in out.wav\.", shown)
    assert 1.95 <= audio.read(tmp_path / "out.wav").seconds < 600  # shown as 2.0
    assert audio.read_recipe(tmp_path / "out.wav")["duration"] == 600
