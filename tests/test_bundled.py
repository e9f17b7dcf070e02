"""The bundled model as it is shipped: the command line's promises about its sound, and no click where windows meet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_engine import assert_no_click

from musicgen import audio, checkpoints
from musicgen.cli import main
from musicgen.engine import Engine, GenerationRequest, windows
from musicgen.patterns import get_pattern

pytestmark = pytest.mark.skipif(not checkpoints.present("pocket"), reason="assets/pocket is not built yet")


def make(folder: Path, name: str, seed: int, seconds: int = 10) -> tuple[audio.Audio, np.ndarray]:
    sound, codes = folder / f"{name}.wav", folder / f"{name}.npz"
    flags = ["--duration", seconds, "--seed", seed, "--device", "cpu", "-o", sound, "--codes", codes]
    assert main(["generate", "calm piano in C major, 80 bpm", *map(str, flags)]) == 0
    with np.load(codes, allow_pickle=False) as arrays:
        return audio.read(sound), arrays["codes"]


def test_ten_seconds_are_music_and_the_same_again(tmp_path):
    sound, codes = make(tmp_path, "first", 1)
    assert sound.seconds == pytest.approx(10.0, abs=0.1) and np.abs(sound.samples).max() <= 1
    rate = sound.sample_rate
    for second in range(10):
        loudness = np.sqrt(np.square(sound.samples[:, second * rate : (second + 1) * rate]).mean())
        assert loudness > 1e-3, f"second {second} is silent"
    assert codes.shape == (4, 500) and codes.dtype.kind == "i"
    again, other = make(tmp_path, "again", 1), make(tmp_path, "other", 2, seconds=3)
    np.testing.assert_array_equal(again[1], codes)
    np.testing.assert_array_equal(again[0].samples, sound.samples)
    assert (other[1] != codes[:, :150]).mean() > 0.2


def test_no_click_where_its_windows_meet():
    model = checkpoints.load("pocket", "cpu")
    model = replace(model, config=replace(model.config, window_seconds=6.0, stride_seconds=3.6))
    result = Engine(model).generate(GenerationRequest("calm piano, 80 bpm, no drums", duration=12, seed=3))
    seams = [span.start + span.known for span in windows(600, 0, *model.config.window(get_pattern("delay", 4)))[1:]]
    assert len(seams) >= 2
    assert_no_click(result.audio, model.codec.hop, seams)
