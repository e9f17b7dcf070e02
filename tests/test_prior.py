"""The frame prior: what may be expected by what is told of a frame alone, how it is learnt, how it leads."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from musicgen.aligned import ALIGNED_DIM, DRUMS_OFF, DRUMS_ON, drop
from musicgen.engine import Engine, GenerationRequest
from musicgen.preparation import prepare
from musicgen.prior import CHORDS, FramePrior
from musicgen.request import resolve
from musicgen.telling import bias, conditions, odds
from musicgen.train import prior as stage
from musicgen.train import ship


def made(seed: int = 0) -> FramePrior:
    torch.manual_seed(seed)
    return FramePrior(ALIGNED_DIM, 4, 24, 8).requires_grad_(False)


def test_where_nothing_is_told_nothing_leads_anywhere():
    assert made()(torch.zeros(5, ALIGNED_DIM)).abs().max() < 1e-5


def test_the_odds_turn_one_distribution_into_another():
    prior, told = made(), torch.rand(5, ALIGNED_DIM)
    nothing = prior.logits(torch.zeros(1, ALIGNED_DIM)).log_softmax(-1)
    assert prior(told).shape == (5, 4, 24)
    assert torch.allclose((nothing + prior(told)).logsumexp(-1), torch.zeros(5, 4), atol=1e-5)


def test_what_the_chords_add_counts_more_than_what_the_rest_does():
    prior, told = made(), torch.rand(5, ALIGNED_DIM)
    chordless = torch.from_numpy(drop(told.numpy(), "chords"))
    all_of_it, rest = prior.logits(told).log_softmax(-1), prior.logits(chordless).log_softmax(-1)
    expected = CHORDS * all_of_it + (1 - CHORDS) * rest - prior.logits(torch.zeros(1, ALIGNED_DIM)).log_softmax(-1)
    between = prior(told) - expected
    assert torch.allclose(between, between[..., :1].expand_as(between), atol=1e-5), "but for what all codes share"
    assert (prior(told) - all_of_it).std() > 1e-3


def test_what_is_told_louder_is_not_told_more_surely():
    told = torch.zeros(2, ALIGNED_DIM)
    told[:, DRUMS_OFF] = torch.tensor([1.0, 4.0])
    quiet, loud = made()(told)
    assert torch.allclose(quiet, loud, atol=1e-5) and quiet.abs().max() > 1e-3


FACTS = {
    "bpm": 120.0, "meter": "4/4", "key": "C major", "chords": ["C"], "instruments": ["piano"], "captions": ["a piano"],
    "melody": [0] * 200, "ends": None,
}


@pytest.fixture()
def shards(tmp_path: Path) -> Path:
    """Pieces with drums, of the codes 0 to 7, and without, of 16 to 23."""
    rng = np.random.default_rng(0)
    for prefix in ("train", "held"):
        path = tmp_path / f"{prefix}_0.jsonl"
        path.write_text("\n".join(json.dumps(FACTS | {"drums": i % 2 == 0}) for i in range(8)) + "\n")
        codes = rng.integers(0, 8, (8, 4, 400)) + 16 * (np.arange(8) % 2)[:, None, None]
        np.save(path.with_suffix(".codes.npy"), codes.astype(np.int16))
        np.save(path.with_suffix(".lengths.npy"), np.ones(8, int))
        np.save(path.with_suffix(".heard.npy"), np.eye(12, dtype=np.float16)[np.zeros((8, 200), int)])
        np.save(path.with_suffix(".text.npy"), np.zeros((8, 384), np.float16))
    return tmp_path


def test_it_learns_what_is_there_with_drums_and_goes_on_where_it_was_stopped(shards: Path, monkeypatch, capsys):
    monkeypatch.setattr(stage, "CODEBOOK_SIZE", 24)
    flags = ["prior", "--data", str(shards), "--out", str(shards / "out"), "--width", "8", "--batch", "4",
             "--lr", "0.02", "--device", "cpu"]  # fmt: skip

    def trained(minutes: float) -> dict:
        monkeypatch.setattr(sys, "argv", [*flags, "--minutes", str(minutes)])
        stage.main()
        return torch.load(shards / "out" / "last.pt", weights_only=True)

    first = trained(0.01)
    second = trained(first["spent"] / 60 + 0.03)
    assert second["step"] > first["step"] > 0 and f"from step {first['step']}\n" in capsys.readouterr().out
    prior, told = stage.last_prior(shards / "out"), torch.zeros(2, ALIGNED_DIM)
    told[0, DRUMS_ON] = told[1, DRUMS_OFF] = 1.0
    with_drums, without = prior(told)[:, 0]
    assert with_drums[:8].mean() > with_drums[16:].mean() + 1 and without[16:].mean() > without[:8].mean() + 1
    rows = [json.loads(line) for line in (shards / "out" / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["nothing"][0] < rows[-1]["all"][0]
    monkeypatch.setattr(ship, "load", lambda *_, **__: pytest.fail("there is a checkpoint"))
    assert torch.equal(ship.load_prior(shards / "out").codes.weight, prior.codes.weight)


def test_a_model_without_one_cannot_lend_it(tmp_path: Path, tiny_model, monkeypatch):
    monkeypatch.setattr(ship, "load", lambda *_, **__: tiny_model("aligned"))
    with pytest.raises(SystemExit, match="has no prior; run python -m musicgen.train.prior first"):
        ship.load_prior(tmp_path)


def test_it_leads_takes_that_follow_a_plan_and_no_others(tiny_model):
    engine = Engine(tiny_model("told"))
    asked = GenerationRequest("piano", duration=1.0, seed=3)
    plain, led = (engine.generate(replace(asked, prior=weight)).codes for weight in (0.0, 5.0))
    assert not np.array_equal(plain, led)
    alone = replace(asked, plan="off")
    without, with_it = (engine.generate(replace(alone, prior=weight)).codes for weight in (0.0, 5.0))
    assert np.array_equal(without, with_it), "words alone tell it nothing"


def test_how_much_it_counts_is_the_models_own_unless_it_is_asked_for(tiny_model):
    model = tiny_model("told")
    asked = GenerationRequest("piano", duration=1.0, seed=3)
    weight = model.config.sampling.prior
    own, explicit = (Engine(model).generate(replace(asked, prior=value)) for value in (None, weight))
    assert own.recipe["prior"] == weight > 0 and np.array_equal(own.codes, explicit.codes)
    none = Engine(tiny_model("aligned"))
    assert np.array_equal(none.generate(asked).codes, none.generate(replace(asked, prior=5.0)).codes), "it has none"


def test_it_fades_away_towards_an_end(tiny_model):
    model = tiny_model("told")
    asked = resolve(GenerationRequest("piano", duration=12.0, seed=3, bpm=120.0, ending=True), model.config, 60.0)
    prepared = prepare(model, asked)
    row, _ = conditions(model, prepared, "", 0, prepared.frames)
    strength = odds(model, row) / model.prior(row.aligned[0])  # [T, K, V]
    ends = round(prepared.plan.ends(12.0) * model.codec.frame_rate)
    middle = strength[:, 0].nanmedian(-1).values
    assert torch.allclose(middle[: ends - 200], torch.ones(ends - 200), atol=1e-3)
    assert (middle[ends - 200 : ends].diff() <= 1e-4).all() and 0 < middle[ends - 100] < 1
    assert not odds(model, row)[ends:].any()


def test_what_leads_makes_the_codes_it_expects_more_frequent(tiny_model):
    model = tiny_model("told")
    asked = GenerationRequest("piano", duration=2.0, seed=3)
    prepared = prepare(model, resolve(asked, model.config, 60.0))
    row, _ = conditions(model, prepared, "", 0, prepared.frames)
    told = odds(model, row)  # [T, K, V]
    assert torch.equal(bias(model, row, 2.0), (2 * told).half()) and bias(model, row, 0.0) is None

    def expected(weight: float) -> float:
        codes = torch.from_numpy(Engine(model).generate(replace(asked, prior=weight)).codes).long()
        return float(told.gather(-1, codes.T[..., None]).mean())

    assert expected(5.0) > expected(1.0) > expected(0.0)
