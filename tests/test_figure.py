"""The picture of a take: everything that was made is in it, labelled, whatever the prompt is written in."""

from __future__ import annotations

import io
import re
import warnings

import numpy as np
import pytest
from PIL import Image

from musicgen import chroma
from musicgen.asked import Asked
from musicgen.audio import Audio
from musicgen.figure import DPI, WIDTH, chroma_figure, png, take_figure
from musicgen.ui.shown import draw_pitches
from musicgen.visual import palette

RATE = 3_200


def tone(seconds: float = 2.0, hertz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)[None]


def drawn(**more):
    codes = np.random.default_rng(0).integers(0, 24, (4, 100))
    codes[3, 50:] = -1
    return codes, take_figure(codes, tone(), RATE, 50.0, 24, **more)


def test_codes_chromagram_and_spectrogram_share_one_labelled_time_axis():
    codes, figure = drawn(title="calm piano")
    grid, chromagram, spectrum = (axes for axes in figure.axes if axes.get_label() != "<colorbar>")
    shown = grid.images[0].get_array()
    assert np.array_equal(shown.mask, codes < 0) and np.array_equal(shown.compressed(), codes[codes >= 0])
    assert spectrum.get_xlabel() == "time, s" and spectrum.get_xlim() == (0, 2)
    assert all(axes.get_shared_x_axes().joined(axes, spectrum) for axes in (grid, chromagram))
    for axes in (grid, chromagram, spectrum):
        assert axes.get_ylabel() and axes.get_title(loc="left") and len(axes.get_yticks()) > 2
    assert {axes.get_ylabel() for axes in figure.axes if axes.get_label() == "<colorbar>"} == {
        "code", "strength", "dB"
    }


def test_codes_have_the_colours_of_the_page():
    codes, figure = drawn()
    image = figure.axes[0].images[0]
    drawn_as = (255 * image.cmap(image.norm(np.arange(24)))).round().astype(int)
    assert np.array_equal(drawn_as, palette(24))


def test_the_picture_and_the_page_tell_one_similarity_and_a_rest_of_the_tune_is_no_silence():
    asked = np.eye(12)[[9] * 16]
    asked[5:12] = 0.0
    asked = Asked("melody", asked)
    _, figure = drawn(asked=asked)
    told = figure.axes[1].get_title(loc="left")
    page = draw_pitches(asked, Audio(tone(), RATE))
    alike = float(re.search(r"similarity ([\d.]+)", told)[1])
    assert f"similarity {alike:.2f}" in page and alike > 0.8


def test_a_melody_asked_for_lies_over_the_one_followed():
    asked = np.eye(12)[[9] * 16]  # A, which the tone is
    _, figure = drawn(asked=Asked("melody", asked))
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    heard = chroma.chromagram(tone()[0], RATE)
    expected = chroma.similarity(asked, heard)
    assert expected > 0.8 and len(panels) == 4
    assert panels[1].get_title(loc="left") == f"Melody asked; similarity {expected:.2f}"
    assert panels[2].get_title(loc="left") == "Heard"
    assert panels[2].images[0].get_array().argmax(axis=0).tolist() == [9] * len(heard)


@pytest.mark.parametrize("title", ["$x^{$ \\frac", "로파이 힙합 🎹 \ud800", "a " * 1000, ""])
def test_any_prompt_is_a_title_and_the_picture_is_sharp(title):
    _, figure = drawn(title=title)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = Image.open(io.BytesIO(png(figure)))
    assert picture.width == WIDTH * DPI and picture.height > picture.width / 3
    assert len(np.unique(np.asarray(picture.convert("L")))) > 50


def test_a_moment_of_sound_is_drawn_too():
    figure = take_figure(np.zeros((1, 1), int), tone(0.02), RATE, 50.0, 24)
    assert png(figure).startswith(b"\x89PNG")


def test_chromagrams_alone_keep_their_names_and_their_time_axis():
    heard = chroma.chromagram(tone()[0], RATE)
    kept = chroma.argmax_onehot(heard)
    figure = chroma_figure([("heard", heard), ("kept", kept)], "Melody")
    first, second = (axes for axes in figure.axes if axes.get_label() != "<colorbar>")
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["heard", "kept"]
    for axes, values in ((first, heard), (second, kept)):
        assert np.array_equal(axes.images[0].get_array(), values.T)
        assert axes.get_xlim() == (0, len(heard) / chroma.CHROMA_RATE)
    assert second.get_xlabel() == "time, s" and png(figure).startswith(b"\x89PNG")


def test_who_plays_when_is_at_the_top_over_the_same_time():
    players = {"piano": [(0.0, 2.0)], "drums": [(0.5, 1.0), (1.5, 2.0)]}
    axes = [axes for axes in drawn(players=players)[1].axes if axes.get_label() != "<colorbar>"]
    assert len(axes) == 4 and axes[0].get_title(loc="left") == "Who plays when"
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["piano", "drums"]
    boxes = [path.get_extents().bounds for bars in axes[0].collections for path in bars.get_paths()]
    assert [(x, width) for x, _, width, _ in boxes] == [(0, 2), (0.5, 0.5), (1.5, 0.5)]
    assert boxes[0][1] < boxes[1][1] and axes[0].yaxis_inverted(), "the first at the top"
    assert axes[0].get_xlim() == axes[-1].get_xlim() == (0, 2)
