"""The bundled model's figures along the patterns: from the evaluation into a file, from the file onto the page."""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import build_model

from musicgen import checkpoints, measured
from musicgen.engine import Engine
from musicgen.measured import Measured
from musicgen.patterns import get_pattern
from musicgen.train import by_pattern, ship
from musicgen.train.making import weights_of
from musicgen.ui import compare
from musicgen.ui.compare import Comparison
from musicgen.ui.engines import Engines
from musicgen.ui.evaluated import FIGURES, table
from musicgen.ui.run import Run

# Made up, for these tests only.
ROW = {"steps for 10 s": 503, "times real time": 1.23, "nats a frame": 13.21, "Frechet": 0.34, "tempo": 0.75,
       "in key": 0.875, "chords": 0.61, "melody": 0.52, "instruments": 0.5}
MEASURED = Measured({"delay": ROW, "flattening": ROW | {"nats a frame": 15.08, "steps for 10 s": 2000}}, 8, 4)
RESULT = {
    "rows": {
        "delay": {"exact": "no", **ROW, "paper: FAD": 0.96, "paper: KL": 0.52, "paper: CLAP": 0.35},
        "musiclm": {"exact": "yes", **ROW, "nats a frame": None, "paper: FAD": None},
    },
    "takes of each": 8, "takes with a melody": 4, "seconds": 8.0, "Frechet floor": 0.1,
}


def patterns(*names: str):
    return [get_pattern(name, 4) for name in names]


# -- the file ---------------------------------------------------------------------------------------------------------


def test_what_was_written_is_read(tmp_path):
    assert measured.read(tmp_path) is None
    measured.write(tmp_path, MEASURED)
    assert measured.read(tmp_path) == MEASURED
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.json"]


@pytest.mark.parametrize("text", [
    "", "{", "[]", "{}", '{"takes": "8", "takes with a melody": 4, "rows": {}}', '{"takes": 8, "rows": {}}',
    '{"takes": 8, "takes with a melody": 4, "rows": []}',
])
def test_a_file_that_is_not_whole_is_none(tmp_path, text):
    (tmp_path / measured.NAME).write_text(text)
    assert measured.read(tmp_path) is None


def test_only_patterns_and_numbers_are_read(tmp_path):
    rows = {"delay": {"tempo": 0.5, "in key": "<b>", "chords": None, "melody": float("nan")}, "<b>": ROW, "parallel": 3}
    (tmp_path / measured.NAME).write_text(json.dumps({"takes": 8, "takes with a melody": 4, "rows": rows}))
    assert measured.read(tmp_path) == Measured({"delay": {"tempo": 0.5}, "parallel": {}}, 8, 4)


# -- shipping ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def shipped(tmp_path) -> Path:
    """A folder with a model; of it only the configuration counts here."""
    out = tmp_path / "pocket"
    out.mkdir()
    (out / "config.json").write_text('{"format": "tiny"}')
    return out


def evaluation(folder: Path, out: Path, **changes) -> Path:
    path = folder / "figures.json"
    stages = {"patterns": {"mark": "m", "seconds": 1.0, "result": RESULT}, "codec": {"result": {"secret": 1}}}
    path.write_text(json.dumps({"weights": weights_of(str(out)), "settings": {}, "stages": stages, **changes}))
    return path


def test_the_rows_are_shipped_and_how_many_takes_and_nothing_else(tmp_path, shipped, monkeypatch, capsys):
    path = evaluation(tmp_path, shipped)
    monkeypatch.setattr(sys, "argv", ["ship", "--figures", "--evaluation", str(path), "--out", str(shipped)])
    ship.main()
    assert "2 patterns, 8 takes of each" in capsys.readouterr().out
    found = json.loads((shipped / measured.NAME).read_text())
    without_nats = {name: value for name, value in ROW.items() if name != "nats a frame"}
    assert found == {"takes": 8, "takes with a melody": 4, "rows": {"delay": ROW, "musiclm": without_nats}}
    assert measured.read(shipped).rows["delay"] == ROW
    assert {file.name for file in shipped.iterdir()} == {"config.json", measured.NAME}


@pytest.mark.parametrize("changes", [
    {"weights": "of another"}, {"settings": {"guidance": 9.0}}, {"stages": {"codec": {"result": {}}}},
])
def test_figures_of_anything_else_are_not_shipped_and_what_is_there_stays(tmp_path, shipped, changes):
    assert "has none of the weights" in ship.ship_figures(tmp_path / "none.json", shipped)
    assert "has none of the weights" in ship.ship_figures(evaluation(tmp_path, shipped, **changes), shipped)
    assert measured.read(shipped) is None
    measured.write(shipped, MEASURED)
    ship.ship_figures(evaluation(tmp_path, shipped, **changes), shipped)
    assert measured.read(shipped) == MEASURED


def test_new_weights_take_the_figures_of_the_old_ones_away(tmp_path, shipped, monkeypatch, tiny_model):
    measured.write(shipped, MEASURED)
    model = tiny_model("told")
    monkeypatch.setattr(ship, "load_codec", lambda folder: model.codec)
    monkeypatch.setattr(ship, "lm_config", lambda *sizes: model.config.lm)
    state = {"dim": 32, "layers": 2, "step": 1, "average": model.lm.state_dict()}
    torch.save(state, tmp_path / "last.pt")
    monkeypatch.setattr(ship, "load_prior", lambda folder: model.prior)
    ship.ship_weights(tmp_path, tmp_path, tmp_path, shipped)
    assert measured.read(shipped) is None and (shipped / "lm.safetensors").is_file()
    config = checkpoints.configuration(shipped)
    assert config.prior_width == model.config.prior_width and (shipped / "prior.safetensors").is_file()


# -- the table --------------------------------------------------------------------------------------------------------


def cells(html: str) -> list[list[str]]:
    """The table's rows, tags taken off."""
    rows = re.findall("<tr>(.*?)</tr>", html)
    return [[re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", row)] for row in rows]


def test_the_page_knows_the_figures_by_the_names_that_the_evaluation_gives_them():
    given = {node.value for node in ast.walk(ast.parse(inspect.getsource(by_pattern)))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {name for name, *_ in FIGURES} <= given
    assert {name for name, *_ in FIGURES} == set(ROW) - {"Frechet"}, "8 takes put every pattern before real music"


def test_a_column_a_pattern_a_row_a_figure_and_a_dash_where_there_is_none():
    found = replace(MEASURED, rows=MEASURED.rows | {"musiclm": {"tempo": 1.0}})
    head, *rows = cells(table(found, patterns("flattening", "musiclm", "0,1,2,3", "parallel"), "pocket"))
    assert head == ["", "flattening", "musiclm", "0,1,2,3", "parallel"]
    told = {name: values for name, *values in rows}
    assert told["steps a second"] == ["200.0", "–", "50.3", "–"], "delay by its numbers is delay"
    assert told["nats a frame"] == ["15.08", "–", "13.21", "–"]
    assert told["tempo obeyed"] == ["75%", "100%", "75%", "–"]
    assert told["in key"][0] == "88%" and told["melody"][0] == "0.52"
    assert len(rows) == len(FIGURES)


def test_every_figure_is_explained_with_the_number_of_takes():
    html = table(MEASURED, patterns("delay"), "pocket")
    note = re.search('<p class="note">(.*?)</p>', html)[1]
    assert "over 8 held-out requests" in note and "and 4 more with a melody" in note
    assert "small differences are chance" in note and "Frechet" not in html and "0.34" not in html
    for _, label, *_ in FIGURES[1:]:
        assert label in note


def test_nothing_is_shown_of_patterns_that_were_not_measured():
    assert table(MEASURED, patterns("parallel", "0,2,4,6"), "pocket") == ""
    assert table(Measured({}, 8, 4), patterns("delay", "parallel"), "pocket") == ""


# -- beside a comparison ----------------------------------------------------------------------------------------------


def shown(tmp_path, monkeypatch, model: str) -> str:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    monkeypatch.setattr(checkpoints, "POCKET", tmp_path)
    engines = Engines(["pocket", "small"], 8.0, lambda *_: Engine(build_model("aligned"), 8.0))
    asked = Comparison("a", model, 0.5, "5", ("delay", "parallel"))
    updates = {name: value for update in compare.compare(engines, asked, Run()) for name, value in update.items()}
    assert "Done" in updates["status"]
    return updates["evaluated"]


def test_the_figures_stand_beside_a_comparison_of_the_bundled_model_only(tmp_path, monkeypatch):
    assert shown(tmp_path, monkeypatch, "pocket") == "", "nothing where it was not evaluated"
    measured.write(tmp_path, MEASURED)
    html = shown(tmp_path, monkeypatch, "pocket")
    assert html == table(MEASURED, patterns("delay", "parallel"), "pocket") != ""
    assert shown(tmp_path, monkeypatch, "small") == ""
    two = compare.Comparison("a", "pocket", 1.0, 1, ["delay", "parallel"])
    assert compare.begin(Engines(["pocket"]), None, two)["evaluated"] == ""
