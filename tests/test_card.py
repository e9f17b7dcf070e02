"""The model card: its figures are the evaluation's, of the weights beside it; what is written by hand stays."""

from __future__ import annotations

import sys

import pytest

from musicgen.checkpoints import POCKET
from musicgen.train import card
from musicgen.train.evaluate import STAGES
from musicgen.train.making import weights_of
from musicgen.train.tables import write_json

ROWS = {"rows": {"the listener": {"drums right": 0.97}}}
CARD = "# a model\n\nWords.\n\n## Held-out figures\n\nold\n\n### older\n\n| 1 |\n\n## What it cannot do\n\nSing.\n"


def test_the_figures_are_replaced_and_nothing_else() -> None:
    new = card.section({"stages": {"listener": {"result": ROWS}}}, POCKET)
    text = card.write(CARD, new)
    assert text.startswith("# a model\n\nWords.\n\n## Held-out figures\n\nBy `make evaluate`")
    assert text.endswith("\n\n## What it cannot do\n\nSing.\n") and "old" not in text
    assert "### The listener" in text and "| the listener | 0.970 |" in text
    assert "Not run on these weights: The codec, " in text
    assert card.write(text, new) == text, "writing twice changes nothing"


def test_the_figures_may_stand_last() -> None:
    assert card.write("## Held-out figures\nold", "## Held-out figures\n\nnew") == "## Held-out figures\n\nnew\n\n"


def test_nothing_is_written_where_there_is_nothing_to_write(tmp_path) -> None:
    with pytest.raises(SystemExit, match="No figures in"):
        card.section({}, tmp_path)
    with pytest.raises(SystemExit, match="no heading"):
        card.write("# a model\n", "new")


def test_only_figures_of_the_weights_beside_it_come_into_a_card(tmp_path, monkeypatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "README.md").write_text(CARD)
    monkeypatch.setattr(sys, "argv", ["card", "--figures", str(tmp_path), "--card", str(tmp_path / "README.md")])
    write_json(tmp_path / "figures.json", {"weights": "another", "stages": {"listener": {"result": ROWS}}})
    with pytest.raises(SystemExit, match="of other weights"):
        card.main()
    assert (tmp_path / "README.md").read_text() == CARD
    figures = {"weights": weights_of(str(tmp_path)), "stages": {"listener": {"result": ROWS}}}
    write_json(tmp_path / "figures.json", figures | {"settings": {"guidance": 4.0}})
    with pytest.raises(SystemExit, match="of other settings"):
        card.main()
    write_json(tmp_path / "figures.json", figures)
    card.main()
    assert "| the listener | 0.970 |" in (tmp_path / "README.md").read_text()


def test_what_is_explained_is_a_stage() -> None:
    assert set(card.WORDS) <= set(STAGES)
