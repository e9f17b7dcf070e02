"""The architecture of a model, drawn and counted: what is told is what would be built, whatever the configuration."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import build_model
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen import checkpoints
from musicgen.anatomy import anatomy, in_words
from musicgen.blueprint import blueprint, chart
from musicgen.config import KNOWN_MODELS, LMConfig, ModelConfig, released
from musicgen.engine import Engine
from musicgen.flowchart import Box, Chart, Column, Wire, flowchart
from musicgen.formats import check_config
from musicgen.lm import LM
from musicgen.patterns import get_pattern
from musicgen.ui import how
from musicgen.ui.engines import Engines
from musicgen.ui.words import KOREAN

SVG = "{http://www.w3.org/2000/svg}"
KINDS = ("text", "melody", "stereo", "aligned", "told")
RELEASED = [name for name, known in KNOWN_MODELS.items() if known.source != "bundled"]
HOSTILE = '</text><script>alert("x")</script>&amp;<b onload=\'x\'>\x00\ud800 ]]>' + "W" * 5_000


def pocket() -> ModelConfig:
    config = checkpoints.configuration("pocket")
    assert config is not None
    return config


def texts(svg: str) -> list[str]:
    """Every text drawn; fails on what is not well-formed."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def built(config: LMConfig) -> LM:
    with torch.device("meta"):
        return LM(config)


# -- counting ---------------------------------------------------------------------------------------------------------


@st.composite
def configs(draw) -> LMConfig:
    size = st.integers(1, 40)
    heads = draw(st.integers(1, 4))
    cross = draw(st.booleans())
    return LMConfig(
        codebooks=draw(st.integers(1, 8)), codebook_size=draw(size), dim=heads * draw(st.integers(2, 10)),
        layers=draw(st.integers(1, 3)), heads=heads, ffn_dim=draw(size), text_dim=draw(size), cross_attention=cross,
        melody_bins=0 if cross else draw(st.integers(0, 12)), aligned_dim=draw(st.integers(0, 60)),
        told_pattern=draw(st.booleans()),
    )


@settings(max_examples=40)
@given(configs())
def test_what_is_counted_is_what_would_be_built_part_by_part(config):
    lm, parts = built(config), anatomy(config)

    def size(module: torch.nn.Module | None) -> int:
        return sum(parameter.numel() for parameter in module.parameters()) if module is not None else 0

    assert parts.total == size(lm)
    assert (parts.embeddings, parts.words, parts.melody) == (size(lm.emb), size(lm.text_proj), size(lm.melody_proj))
    assert (parts.frames, parts.steps) == (size(lm.aligned_proj), size(lm.pattern_proj))
    layers, norm, heads = lm.transformer.layers, lm.transformer.norm, lm.heads
    assert (parts.layers, parts.norm, parts.heads) == (size(layers), size(norm), size(heads))


@pytest.mark.parametrize("kind", KINDS)
def test_a_models_own_parameters_are_the_number_in_its_picture(kind):
    model = build_model(kind)
    count = sum(parameter.numel() for parameter in model.lm.parameters())
    assert f"{in_words(count)} parameters" in " ".join(texts(blueprint(model.config, wide=True)))


@given(st.integers(0, 10**12))
def test_a_number_in_words_is_itself_to_three_digits(count):
    number, _, unit = in_words(count).partition(" ")
    assert float(number) * {"": 1, "k": 1e3, "M": 1e6, "B": 1e9}[unit] == pytest.approx(count, rel=0.0051)
    assert unit == "B" or float(number) < 1000


def test_numbers_in_words_by_hand():
    assert [in_words(count) for count in (0, 999, 1000, 147_840, 999_999, 17_524_992, 999_600_000, 3_288_000_000)] == [
        "0", "999", "1 k", "148 k", "1 M", "17.5 M", "1 B", "3.29 B"]


# -- configurations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RELEASED)
def test_released_configurations_agree_with_the_catalogue_and_could_be_built(name):
    known, config = KNOWN_MODELS[name], released(KNOWN_MODELS[name])
    check_config(config)
    assert checkpoints.configuration(name) == config
    assert (config.codec.channels == 2, bool(config.lm.melody_bins), config.lm.cross_attention) == (
        known.stereo, known.melody, not known.melody)
    assert config.pattern == known.pattern and config.licence == known.licence
    assert config.lm.dim // config.lm.heads == 64  # as the paper has it for all sizes
    said, _, unit = known.parameters.partition(" ")
    named = float(said) * {"M": 1e6, "B": 1e9}[unit]
    assert 0.7 * named < anatomy(config.lm).total < 1.5 * named  # the paper's names are rough


def test_the_bundled_model_is_not_a_released_one():
    with pytest.raises(ValueError, match="pocket"):
        released(KNOWN_MODELS["pocket"])


def test_a_folder_in_transformers_format_tells_its_configuration_without_weights(tmp_path):
    audio = {"model_type": "encodec", "sampling_rate": 32_000, "codebook_size": 2048, "num_filters": 64,
             "upsampling_ratios": [8, 5, 4, 4], "target_bandwidths": [2.2], "use_causal_conv": False,
             "use_conv_shortcut": False}
    raw = {"model_type": "musicgen", "audio_encoder": audio, "text_encoder": {"d_model": 768},
           "decoder": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "ffn_dim": 4096}}
    (tmp_path / "config.json").write_text(json.dumps(raw))
    config = checkpoints.configuration(tmp_path)
    assert config is not None and config.lm == released(KNOWN_MODELS["small"]).lm
    for broken in ({**raw, "model_type": "llama"}, {**raw, "decoder": {"hidden_size": "wide"}}, [1]):
        (tmp_path / "config.json").write_text(json.dumps(broken))
        assert checkpoints.configuration(tmp_path) is None
    assert checkpoints.configuration(tmp_path / "nothing") is None


# -- the picture ------------------------------------------------------------------------------------------------------


def every_config() -> list[ModelConfig]:
    return [pocket(), *(build_model(kind).config for kind in KINDS), *(released(KNOWN_MODELS[n]) for n in RELEASED)]


@pytest.mark.parametrize("config", every_config(), ids=lambda config: config.name)
@pytest.mark.parametrize("wide", [True, False], ids=["wide", "narrow"])
def test_the_picture_names_what_is_configured(config, wide):
    svg = blueprint(config, wide)
    said, lm, codec = "\n".join(texts(svg)), config.lm, config.codec
    frames = round(config.window_seconds * codec.frame_rate)
    steps = get_pattern(config.pattern, lm.codebooks).step_count(frames)
    for phrase in (
        config.name, f"licence {config.licence}", f"window {config.window_seconds:g} s",
        f"{lm.layers} layers of width {lm.dim:,}", f"{lm.heads} heads of {lm.dim // lm.heads}",
        f"{lm.dim:,} → {lm.ffn_dim:,} → {lm.dim:,}", f"Projection {lm.text_dim:,} → {lm.dim:,}",
        f"{lm.codebooks} codebooks, each code one of {lm.codebook_size:,}",
        f"{lm.codebooks} tables of {lm.codebook_size + 1:,} × {lm.dim:,}",
        f"{lm.codebooks} heads {lm.dim:,} → {lm.codebook_size:,}", f"Guidance × {config.sampling.guidance:g}",
        f"Pattern: {config.pattern.replace('_', ' ')}", f"{steps:,} steps for {frames:,} frames",
        f"{codec.frame_rate:g} frames a second", f"{codec.sample_rate:,} samples/s",
        "2 channels" if config.codec.channels == 2 else "mono", f"{config.sampling.top_k} likeliest",
    ):
        assert phrase in said, phrase
    told = {
        "Cross-attention": lm.cross_attention, "Put before the codes": not lm.cross_attention,
        f"12 pitch classes × {lm.melody_frames} frames": bool(lm.melody_bins),
        f"{lm.aligned_dim} features for each frame": bool(lm.aligned_dim), "what the step holds": lm.told_pattern,
        "by the plan alone": bool(config.prior_width),
        "No melody": not (lm.melody_bins or lm.aligned_dim), "Written into the words": not lm.aligned_dim,
    }
    for phrase, there in told.items():
        assert (phrase in said) == there, phrase


@pytest.mark.parametrize("wide", [True, False], ids=["wide", "narrow"])
def test_the_picture_tells_those_who_do_not_see_it(wide):
    root = ElementTree.fromstring(blueprint(pocket(), wide))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img" and title is not None and description is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "pocket" and description.text
    drawn = texts(blueprint(pocket(), wide))
    assert all(line in description.text for line in drawn if "→" in line or "frames" in line)


def test_the_two_drawings_say_the_same_and_share_no_id():
    both = [blueprint(pocket(), wide) for wide in (True, False)]
    assert sorted(texts(both[0])) == sorted(texts(both[1]))
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in both]
    assert ids[0] and not ids[0] & ids[1]


def test_no_line_of_the_picture_ends_in_a_dot_between_parts():
    for config in every_config():
        assert not [text for text in texts(blueprint(config, True)) if text.strip("\N{NO-BREAK SPACE} ").endswith("·")]


def test_the_names_of_sizes_are_explained_by_numbers_that_are_counted():
    said = next(phrase for phrase in KOREAN if phrase.startswith("Parameters are those"))
    small, parts = released(KNOWN_MODELS["small"]).lm, anatomy(released(KNOWN_MODELS["small"]).lm)
    without = anatomy(replace(small, cross_attention=False)).total - parts.embeddings - parts.heads
    assert "small has about 300 M without cross-attention, embeddings and heads" in said
    assert 295e6 < without < 305e6
    for name in ("melody", "melody-large"):
        own, namesake = (anatomy(released(KNOWN_MODELS[n]).lm).total for n in (name, name[7:] or "medium"))
        assert own < namesake


def test_strange_names_are_shown_as_they_are_never_run_and_never_too_long():
    config = replace(pocket(), name=HOSTILE, text_encoder=HOSTILE, licence=HOSTILE)
    for wide in (True, False):
        svg = blueprint(config, wide)
        tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg).iter()}
        assert tags == {"svg", "title", "desc", "g", "rect", "path", "circle", "text"}
        assert "<script" not in svg and "<b " not in svg and "\x00" not in svg
        assert any(text.startswith("</text><script>") for text in texts(svg))
        assert max(map(len, texts(svg))) < 100


def test_nothing_in_the_picture_is_fetched_or_run():
    for config in (pocket(), released(KNOWN_MODELS["stereo-melody"])):
        svg = blueprint(config, True).replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|href|url\(|<image|<script| on\w+=", svg)


@given(st.sampled_from(["delay", "parallel", "flattening", "coarse_first", "0,2,4,6", "1|2,3,4"]))
def test_any_pattern_can_be_the_trained_one(pattern):
    said = texts(blueprint(replace(pocket(), pattern=pattern), True))
    assert any(text.startswith("Pattern: ") for text in said)


def test_a_pattern_that_is_none_is_a_sentence_of_the_validator():
    with pytest.raises(ValueError):
        blueprint(replace(pocket(), pattern="zigzag"), True)


def test_the_flow_of_each_kind_by_hand():
    def wires(config: ModelConfig) -> set[tuple[str, str]]:
        return {(wire.start, wire.end) for wire in chart(config).wires}

    made = {("heads", "guidance"), ("pattern", "codes")}
    assert wires(pocket()) == made | {("words", "cross"), ("argmax", "features"), ("frames", "added")}
    assert wires(released(KNOWN_MODELS["small"])) == made | {("words", "cross"), ("caption", "prompt")}
    assert wires(released(KNOWN_MODELS["melody"])) == made | {
        ("words", "prefix"), ("melody", "prefix"), ("caption", "prompt")}


def test_positions_are_added_to_what_is_put_before_the_codes_too():
    def titles(config: ModelConfig) -> list[str]:
        return [box.title for box in chart(config).columns[1].boxes][2:-2]

    melody = released(KNOWN_MODELS["melody"])
    assert titles(pocket()) == titles(released(KNOWN_MODELS["small"])) == ["Added to the sum"]
    assert titles(melody) == ["Put before the codes", "Added to each"]
    told = replace(melody, lm=replace(melody.lm, told_pattern=True))
    assert titles(told) == ["Added to the sum", "Put before the codes", "Added to each"]


# -- boxes and wires --------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans())
def test_boxes_lie_inside_the_picture_and_none_upon_another(sizes, wide):
    columns = tuple(
        Column(f"c{i}", tuple(Box(f"{i}.{j}", ("a line",) * (j % 3), follows=bool(j % 2)) for j in range(count)))
        for i, count in enumerate(sizes)
    )
    root = ElementTree.fromstring(flowchart(Chart("t", "s", columns), wide))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    boxes = [[float(rect.attrib[name]) for name in ("x", "y", "width", "height")]
             for group in root.iter(f"{SVG}g") for rect in group.findall(f"{SVG}rect")]
    assert len(boxes) == sum(sizes)
    for i, (x, y, w, h) in enumerate(boxes):
        assert 0 <= x and x + w <= width and 0 <= y and y + h <= height
        for other_x, other_y, other_w, other_h in boxes[:i]:
            assert x >= other_x + other_w or other_x >= x + w or y >= other_y + other_h or other_y >= y + h


@pytest.mark.parametrize("wide", [True, False])
def test_a_wire_begins_and_ends_at_its_boxes(wide):
    columns = (Column("", (Box("a"), Box("b"))), Column("", (Box("c"),)))
    root = ElementTree.fromstring(flowchart(Chart("t", "s", columns, (Wire("b", "c", 0),)), wide))
    b, c = (next(group.find(f"{SVG}rect") for group in root.iter(f"{SVG}g")
                 if [text.text for text in group.findall(f"{SVG}text")] == [name]) for name in "bc")
    line = next(path.attrib["d"] for path in root.iter(f"{SVG}path") if path.attrib.get("fill") == "none")
    start, end = re.match(r"M([\d.]+) ", line), re.search(r"H([\d.]+)$", line)
    assert start and end and b is not None and c is not None
    side = float(c.attrib["x"]) + (0 if wide else float(c.attrib["width"]))
    assert float(start[1]) == float(b.attrib["x"]) + float(b.attrib["width"])
    assert abs(float(end[1]) - side) <= 5  # less the arrow's tip


# -- the tab ----------------------------------------------------------------------------------------------------------


def test_a_model_is_drawn_without_being_loaded_and_as_it_is_once_it_is():
    def opened(name: str, progress: object) -> Engine:
        return Engine(build_model("told"))

    engines = Engines(["pocket"], 8.0, opened)
    for name in ("pocket", *RELEASED):
        assert how.draw(engines, name).count("<svg") == 2 and not engines.loaded(name)
    engines.get("pocket")
    assert "tiny-told" in how.draw(engines, "pocket")


def test_what_is_not_known_before_loading_and_what_is_no_pattern_are_sentences(tmp_path, monkeypatch):
    engines = Engines([str(tmp_path)])
    assert "once it is loaded" in how.draw(engines, str(tmp_path))
    monkeypatch.setattr(Engines, "configuration", lambda self, name: replace(pocket(), pattern="<i>zigzag"))
    drawn = how.draw(engines, str(tmp_path))
    assert 'role="alert"' in drawn and "<i>" not in drawn


def test_each_idea_says_where_it_can_be_heard_or_seen_on_a_tab_there_is():
    tabs = re.findall(r'gr\.Tab\(say\("([^"]+)"\)', (Path(how.__file__).with_name("app.py")).read_text())
    assert len(tabs) == 5 and tabs[-1] == "How it works"
    *ideas, paper = how.IDEAS
    assert all(any(tab in where.key for tab in tabs[:-1]) for _, _, where in ideas)
    assert "arXiv:2306.05284" in paper[1].key


def test_no_model_is_called_by_a_word_that_the_page_would_translate():
    labels = {how._label(name) for name in (*KNOWN_MODELS, "folders/melody")}
    assert len(labels) == len(KNOWN_MODELS) + 1 and not labels & set(KOREAN)
