"""The benchmarks run, and what they sum up is right: on tiny sizes, no figure of which is looked at."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch
from conftest import build_model
from test_stepper import CONFIGS, conditions, make, pattern

from benchmarks import decode, eight_bits, gpu, peers, takes
from benchmarks.machine import Spread, ratios, spread, table
from musicgen.decoding import Window, decode_steps
from musicgen.engine import Engine
from musicgen.stepper import Stepper

TINY = peers.tiny()


def test_spread_and_ratios_by_hand():
    assert str(spread([3.0])) == "3" and str(spread([1.0, 9.0, 2.0])) == "2 (1-9)"
    assert ratios([2.0, 9.0], [1.0, 3.0]) == Spread((2.0, 3.0))
    assert table(("a", "b"), [(1, spread([2.5]))]) == "| a | b |\n| -- | -- |\n| 1 | 2.5 |"


def test_ours_and_theirs_say_the_same_and_are_timed_step_by_step():
    engines = peers.on_cpu(TINY)
    rows = peers.compare(engines, TINY, (0, 9), 8, 2)
    assert [(row.engine, row.context) for row in rows] == [(name, context) for context in (0, 9) for name in engines]
    for row in rows:
        assert len(row.milliseconds.values) == 2 and min(row.milliseconds.values) > 0
        if row.engine == "ours float32":
            assert row.equal == "1.000"
        if row.engine == "transformers float32":
            assert row.ratio.values == (1.0, 1.0)


def test_what_a_take_costs_by_hand():
    def row(engine: str, context: int, *milliseconds: float) -> peers.Compared:
        return peers.Compared(engine, context, spread(milliseconds), spread([1.0]), "")

    rows = [row("a", 0, 10.0), row("b", 0, 4.0), row("a", 100, 20.0), row("b", 100, 4.0)]
    # 100 steps from 10 to 20 ms: 15 on average.
    (a, seconds, _), (b, less, ratio) = peers.takes(rows, 100)
    assert (a, seconds.values, b, less.values) == ("a", (1.5,), "b", (0.4,)) and ratio.median == pytest.approx(3.75)


def test_what_is_written_for_gpus_runs():
    on_cpu = peers.compare(peers.on_gpu(TINY, "cpu", torch.float32), TINY, (0,), 6, 1)
    assert [row.engine for row in on_cpu] == ["transformers, eager", "transformers, static cache", "ours"]
    assert [row.equal for row in on_cpu] == ["1.000"] * 3
    assert gpu.bandwidth("cpu") > 0
    measured = gpu.measure("tiny", TINY, 2, False, "sdpa", 1e9, "cpu", steps=8)
    assert measured.requests == 2 and measured.speed == pytest.approx(2 / measured.milliseconds * 1e3 / 50)
    # One step of 2 layers of 128: 8 x 128 x 128 + 2 x 128 x 256 weights and their norms, and the heads, two bytes each.
    weights = 2 * (8 * 128**2 + 2 * 128 * 256 + 3 * 2 * 128) + 2 * 128 + 4 * 64 * 128
    assert measured.share * 1e9 * measured.milliseconds / 1e3 == pytest.approx(2 * weights)


def test_a_take_with_the_released_codec_is_watched():
    row = gpu.whole_takes("tiny", replace(TINY, codebook_size=64), 1.0, 1, "cpu")
    assert row.name == "tiny" and row.cost.values == (1.0,) and 0 < row.first.median <= 1 / row.speed.median + 1e-9


def test_takes_are_watched():
    engine = Engine(build_model("aligned"))
    (first, second) = takes.durations(engine, (1.0, 2.0), 2)
    assert (first.name, second.name) == ("1 s", "2 s") and first.cost.values == (1.0, 1.0)
    for row in (first, second):
        assert 0 < min(row.first.values) and min(row.speed.values) > 0 and min(row.gap.values) >= 0
    assert [row.name for row in takes.patterns(engine, ("delay", "musiclm"), 1.0, 1)] == ["delay", "musiclm"]
    one, two = takes.load(engine, (1, 2), 1.0, 2)
    assert len(one.first.values) == 2 and len(two.first.values) == 4, "each client's own"
    assert len(two.speed.values) == 2


def test_steps_are_timed_and_the_threads_put_back():
    before, lm = torch.get_num_threads(), make(CONFIGS["aligned"])
    assert [row.name for row in takes.batches(lm, (1, 3), 2, 1)] == ["1 requests", "3 requests"]
    assert [row.name for row in takes.thread_counts(lm, (1, 2), 2, 1)] == ["1 threads", "2 threads"]
    assert torch.get_num_threads() == before


# -- the gate --------------------------------------------------------------------------------------------------------


def test_what_a_stepper_says_while_it_is_fed_another_ones_tokens():
    lm = make(CONFIGS["told"])
    window = Window(conditions("told", 3, 12, 4), pattern("delay", 4), 12, generator=torch.Generator().manual_seed(1))
    tokens = torch.stack([held for _, held in decode_steps(lm, window)])
    told, _ = eight_bits.heard(Stepper(lm), replace(window, generator=torch.Generator().manual_seed(2)), tokens)
    # The oracle: one pass over the whole sequence.
    both = window.conditions.cat([window.conditions, window.conditions.null()])
    layout = window.pattern.layout(12)
    inputs = torch.cat([torch.full((1, 4), 32), tokens[:-1]]).T[None].expand(2, -1, -1)
    with torch.no_grad():
        logits = lm(inputs, both, both.aligned[:, layout.step_frame], None, layout.features)
    mixed = logits[1] + 3 * (logits[0] - logits[1])
    torch.testing.assert_close(told, mixed.log_softmax(-1).transpose(0, 1)[1:], atol=1e-3, rtol=0)


def test_the_gate_lets_pass_what_is_true_and_fast():
    fast, slow = spread([1.5]), spread([0.9])
    most = eight_bits.BOUND
    good = eight_bits.Gate("bytes", most, 2 * most, 1.0, spread([1.0]), fast)
    assert good.passes and not replace(good, speed=slow).passes
    assert not replace(good, mean=1.01 * most).passes and not replace(good, worst=2.01 * most).passes
    assert not replace(good, mean=math.nan).passes
    assert "Bytes do not pass" in eight_bits.in_words([good, replace(good, speed=slow)], 20)
    assert len(set(eight_bits.PROMPTS)) >= 20


def test_the_gate_on_a_tiny_model():
    exact, half, eight = eight_bits.gate(build_model("told"), ("happy rock", "calm piano"), 0.4, 1)
    assert (exact.form, half.form, eight.form) == ("float32", "bfloat16", "bytes")
    assert exact.mean == pytest.approx(0, abs=1e-4) and exact.same == 1 and exact.speed.values == (1.0,)
    assert half.mean > 1e-4 and eight.mean > 1e-4 and eight.worst >= eight.mean


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_a_table_and_keeps_what_it_does_not_run(tmp_path, monkeypatch):
    model = build_model("aligned")
    monkeypatch.setattr(takes, "bundled", lambda: (model, "a tiny model"))
    flags = ["--quick", "--rounds", "1", "--out", str(tmp_path), "--only"]
    decode.main([*flags, "load", "gpu"])
    first = json.loads((tmp_path / "results.json").read_text())["parts"]
    assert set(first) == {"load", "gpu"} and [row["name"] for row in first["load"]["rows"]] == ["1", "2", "4"]
    decode.main([*flags, "steps"])
    parts = json.loads((tmp_path / "results.json").read_text())["parts"]
    assert set(parts) == {"load", "gpu", "steps"} and parts["load"] == first["load"]
    page = (tmp_path / "RESULTS.md").read_text()
    for title in decode.PARTS.values():
        assert f"## {title}" in page
    assert page.count("\nNot run.\n") == len(decode.PARTS) - 3
    if not torch.cuda.is_available():
        assert parts["gpu"]["rows"] == "not run" and "| large | 16 | not run |" in page
    (tmp_path / "results.json").write_text("{")  # an older or a torn file
    decode.main([*flags, "gpu"])
    assert set(json.loads((tmp_path / "results.json").read_text())["parts"]) == {"gpu"}
