"""The sheets of spectrograms show every sound and nothing where there is none."""

from __future__ import annotations

import numpy as np
from matplotlib.image import imread

from musicgen.train.listener import RATE
from musicgen.train.spectrograms import sheet

ASKED = {"meter": "4/4", "bpm": 120.0}


def test_each_sound_has_its_picture(tmp_path) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 / RATE * np.arange(2 * RATE)).astype(np.float32)
    sheet(tmp_path / "a.png", [tone] * 4, [ASKED] * 4, [f"take {i}, costs 5 $ or 6 $" for i in range(4)])
    picture = imread(tmp_path / "a.png")[..., :3]
    rows, columns = picture.shape[0] // 2, picture.shape[1] // 3
    dark = [(picture[r * rows : (r + 1) * rows, c * columns : (c + 1) * columns].min(-1) < 0.2).mean()
            for r in range(2) for c in range(3)]
    assert min(dark[:4]) > 0.5, "most of a spectrogram of one tone is silence, which is dark"
    assert max(dark[4:]) == 0, "and where there is no sound there is no picture"
