"""Figures: what is drawn is what was given, in well-formed SVG, readable at 30 s."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from musicgen import visual
from musicgen.patterns import PATTERN_NAMES, get_pattern

SVG = "{http://www.w3.org/2000/svg}"


def rasters(svg: str) -> list[np.ndarray]:
    """The pictures inside an SVG, each uint8 [rows, columns, 4]; fails on what is not well-formed."""
    images = [element.attrib["href"] for element in ElementTree.fromstring(svg).iter(f"{SVG}image")]
    data = [base64.b64decode(href.removeprefix("data:image/png;base64,")) for href in images]
    return [np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")) for png in data]


def words(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4))))
def test_png_keeps_every_pixel(pixels):
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(visual.png(pixels)))), pixels)


@pytest.mark.parametrize("ramp", [visual.VIRIDIS, visual.MAGMA])
def test_a_ramp_gets_lighter_all_the_way_so_that_it_reads_without_hue(ramp):
    red, green, blue, alpha = visual.colours(np.linspace(0, 1, 50), ramp).T.astype(float)
    assert (np.diff(0.2126 * red + 0.7152 * green + 0.0722 * blue) > 0).all()
    assert (alpha == 255).all()


def test_a_ramp_starts_and_ends_at_its_ends_and_leaves_out_what_is_not_there():
    drawn = visual.colours(np.array([-1.0, 0.0, 1.0, 2.0, np.nan]))
    dark, light = [68, 1, 84], [253, 231, 36]  # the two ends of viridis
    assert drawn[:, :3].tolist()[:4] == [dark, dark, light, light]
    assert drawn[:, 3].tolist() == [255, 255, 255, 255, 0]


@given(st.floats(0.02, 3600), st.integers(4, 10))
@example(1799.9999999999995, 6)  # a hair short of a round time, which counts as reaching it
def test_ticks_are_few_and_inside(seconds, most):
    ticks = visual.seconds_ticks(seconds, most)
    assert 1 <= len(ticks) <= most and ticks[0] == 0 and all(0 <= tick <= seconds + 1e-6 for tick in ticks)


@given(arrays(np.int64, st.tuples(st.integers(1, 8), st.integers(1, 60)), elements=st.integers(-1, 1023)))
def test_the_grid_has_one_pixel_a_code_and_leaves_out_what_is_not_predicted(codes):
    (cells,) = rasters(visual.token_grid(codes, 50.0, 1024))
    assert cells.shape[:2] == codes.shape
    assert np.array_equal(cells[..., 3] == 0, codes == -1)


def test_the_grid_of_a_delay_pattern_names_steps_time_and_codebooks():
    frames = 150
    step_of = get_pattern("delay", 4).layout(frames).step_of.numpy()
    codes = np.tile(np.arange(frames), (4, 1))
    codes[2:, 100:] = -1
    svg = visual.token_grid(codes, 50.0, 1024, step_of)
    text = words(svg)
    assert "500 of 4 × 150 predicted" in text[0]
    for label in ("k 1", "k 4", "step", "of k 1", "s", "1", "101", "0", "2", "3"):  # step 101 is the frame at 2 s
        assert label in text
    cells = rasters(svg)[0].astype(int)
    assert np.array_equal(cells[0], cells[1]), "equal codes have equal colours"


@pytest.mark.parametrize("size", [24, 1024, 2048])
def test_near_codes_have_no_near_colours_and_all_are_seen(size):
    drawn = visual.palette(size).astype(float)
    light = drawn[:, :3] @ (0.2126, 0.7152, 0.0722)
    assert abs(np.corrcoef(light, np.arange(size))[0, 1]) < 0.3, "lightness says nothing of the number"
    apart, any_two = np.abs(np.diff(light)).mean(), np.abs(light[:, None] - light[None]).mean()
    assert apart > 0.7 * any_two, "neighbours are as far apart as any two"
    assert len(np.unique(drawn, axis=0)) >= min(size, 250) and (drawn[:, 3] == 255).all()
    assert sorted(map(tuple, drawn)) == sorted(map(tuple, visual.colours(np.linspace(0, 1, size)).astype(float)))


def test_thirty_seconds_of_codes_stay_small_enough_to_be_sent_twice_a_second():
    codes = np.random.default_rng(0).integers(0, 2048, (4, 1500))
    assert len(visual.token_grid(codes, 50.0, 2048)) < 60_000


def test_chromagrams_share_one_axis_with_c_at_the_bottom():
    asked = np.eye(12)[[0, 4, 7, 0]]
    followed = np.eye(12)[[0, 11]]
    svg = visual.chromagrams([("asked", asked), ("followed", followed)], 2.0, "similarity 0.50")
    above, below = rasters(svg)
    assert above.shape == below.shape == (12, 4, 4)
    light = above[..., :3].astype(int).sum(-1)
    assert light.argmax(axis=0).tolist() == [11, 7, 4, 11]  # rows from the top: B is 0, C is 11
    assert below[:, 2:, 3].max() == 0, "where the shorter one has ended nothing is drawn"
    assert {"asked", "followed", "similarity 0.50", "C", "B"} <= set(words(svg))


@pytest.mark.parametrize("hertz", [110.0, 440.0, 3000.0])
def test_a_tone_is_brightest_at_its_frequency(hertz):
    rate = 32_000
    tone = np.sin(2 * np.pi * hertz * np.arange(2 * rate) / rate).astype(np.float32)[None]
    (cells,) = rasters(visual.spectrogram(tone, rate))
    row = cells[..., :3].astype(int).sum(-1)[:, cells.shape[1] // 2]
    place = 1 - (np.flatnonzero(row == row.max()) + 0.5) / len(row)  # share of the height, from the bottom
    drawn = 40.0 * (rate / 2 / 40.0) ** place
    assert np.abs(np.log2(drawn / hertz)).min() < 0.2


@pytest.mark.parametrize("samples", [1, 100, 32_000])
def test_silence_and_snippets_are_drawn_too(samples):
    (cells,) = rasters(visual.spectrogram(np.zeros((2, samples), np.float32), 32_000))
    assert len(np.unique(cells.reshape(-1, 4), axis=0)) == 1


@pytest.mark.parametrize("name", PATTERN_NAMES)
def test_a_diagram_shows_every_code_of_a_pattern_once(name):
    layout = get_pattern(name, 4).layout(3)
    svg = visual.pattern_diagram(layout.frame_of.numpy(), 3, name)
    assert len(re.findall("<rect", svg)) == 12
    numbers = [word for word in words(svg) if word.isdigit()]
    assert sorted(numbers) == sorted("123" * 4)
    assert f"step 1 to {layout.steps}" in words(svg)


def test_a_title_is_text_whatever_it_holds():
    title = "<script>alert(1)</script> & \"more\""
    for svg in (
        visual.token_grid(np.zeros((1, 2), int), 50.0, 8, title=title),
        visual.chromagrams([("a", np.ones((2, 12)))], 2.0, title),
        visual.spectrogram(np.ones((1, 5000), np.float32), 8000, title),
        visual.pattern_diagram(np.zeros((1, 1), int), 1, title),
    ):
        ElementTree.fromstring(svg)
        assert "<script" not in svg
