"""A length in bars: a loop of so many can be cut out of the take, and no shorter take would do."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import build_model, sine_tune
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from musicgen import bars, links
from musicgen.aligned import RING, bar_seconds
from musicgen.audio import Audio, write
from musicgen.engine import Engine, GenerationRequest
from musicgen.loop import SEAM, cut_of, seconds_for
from musicgen.plan import Plan
from musicgen.planning import make_plan
from musicgen.theory import METERS, parse_chords
from musicgen.ui import before, keeping
from musicgen.ui.engines import Card, Engines
from musicgen.ui.settings import BARS, FREE, Settings

RATE, LONGEST = 1_000, 120.0
CARD = Card("pocket", "", "", planned=True)
METRES = st.sampled_from(list(METERS.values()))


def silence(seconds: float) -> Audio:
    return Audio(np.zeros((1, round(seconds * RATE)), np.float32), RATE)


def loop_bars(length: bars.Length, plan: Plan) -> int:
    return cut_of(silence(length.seconds), {"plan": plan.to_dict(), "duration": length.seconds}).bars


@settings(max_examples=100)
@given(st.floats(40, 220), METRES, st.integers(1, 16), st.floats(-3, 3), st.sampled_from([25.0, 50.0]))
def test_a_loop_of_so_many_bars_can_be_cut_out_and_a_shorter_take_has_fewer(bpm, meter, count, start, rate):
    plan = Plan(bpm, meter, start=start)
    length = bars.length_of(count, plan, 600.0, rate)
    assert length.bars == count and not length.note and loop_bars(length, plan) == count
    frames = length.seconds * rate
    assert abs(frames - round(frames)) < 1e-6, "whole frames, or rounding would make it shorter"
    shorter = length.seconds - 1 / rate - 1 / RATE
    assume(shorter > bar_seconds(bpm, meter) * 2 + SEAM)
    if count > 1:
        assert loop_bars(replace(length, seconds=shorter), plan) == count - 1


@settings(max_examples=60)
@given(st.floats(40, 220), METRES, st.integers(1, 64), st.floats(5, 60))
def test_it_is_never_longer_than_a_take_may_be_and_as_many_bars_as_fit(bpm, meter, count, longest):
    plan, bar = Plan(bpm, meter), bar_seconds(bpm, meter)
    if bar + SEAM > longest - 0.02:
        return
    length = bars.length_of(count, plan, longest, 50.0)
    assert length.seconds <= longest and 1 <= length.bars <= count
    assert bool(length.note) == (length.bars < count)
    if length.bars < count:
        assert length.seconds + bar > longest - 0.02 and f"{length.bars} of the {count} bars" in length.note


@pytest.mark.parametrize("count", [2, 4, 8, 16])
def test_with_an_ending_its_final_chord_follows_the_bars(count):
    plan = make_plan("jazz with an ending", 1, bpm=120, meter="4/4", chords="C F")
    length = bars.length_of(count, plan, LONGEST, 50.0)
    assert plan.ends(length.seconds) == count * 2.0 and length.seconds == count * 2.0 + RING


def test_four_bars_at_80_bpm():
    plan = Plan(80.0, chords=parse_chords("Am F C G"))
    assert seconds_for(4, plan) == pytest.approx(12.0 + SEAM)
    length = bars.length_of(4, plan, LONGEST, 50.0)
    assert (length.seconds, str(length)) == (12.06, "4 bars, 12.1 s") and loop_bars(length, plan) == 4
    assert loop_bars(replace(length, seconds=12.0), plan) == 3, "which is why bars are counted"
    assert str(bars.length_of(4, plan, 5.0, 50.0)) == "1 bar, 3.1 s"
    with pytest.raises(ValueError, match="A bar lasts 3.0 s, and a take 2 s at most"):
        bars.length_of(4, plan, 2.0, 50.0)
    assert seconds_for(2, replace(plan, start=1.0)) == pytest.approx(2.0 + 6.0 + SEAM), "from its first downbeat on"


# -- takes ------------------------------------------------------------------------------------------------------------


def test_a_take_has_the_bars_of_its_own_plan_and_its_recipe_the_seconds():
    engine = Engine(build_model("aligned"), 20.0)
    lengths = set()
    for seed in range(4):
        take = engine.start(GenerationRequest("pop", seed=seed, bars=2))
        assert take.plan is not None and "bars" not in take.recipe and json.dumps(take.recipe)
        assert take.recipe["duration"] == bars.length_of(2, take.plan, 20.0, 50.0).seconds
        lengths.add(take.recipe["duration"])
    assert len(lengths) > 1, "each seed draws a tempo of its own"


def test_a_loop_of_the_take_has_the_bars_that_were_asked_for_and_seconds_make_it_again():
    engine = Engine(build_model("aligned"), 20.0)
    asked = GenerationRequest("pop in 3/4", seed=3, bpm=190.0, bars=2)
    take = engine.generate(asked)
    assert cut_of(Audio(take.audio, take.sample_rate), take.recipe).bars == 2
    again = engine.generate(replace(asked, bars=None, duration=take.recipe["duration"]))
    np.testing.assert_array_equal(take.codes, again.codes)
    assert take.recipe == again.recipe


def test_fewer_bars_than_were_asked_for_are_said():
    engine = Engine(build_model("aligned"), 8.0)
    take = engine.start(GenerationRequest("pop in 4/4", seed=3, bpm=120.0, bars=16))
    assert take.recipe["duration"] == 6.06
    assert take.recipe["notes"] == ["Only 3 of the 16 bars are made; more would be longer than 8 s."]


def test_with_a_melody_they_are_counted_in_the_tempo_that_is_heard():
    engine = Engine(build_model("aligned"), 30.0)
    tune = sine_tune()
    take = engine.start(GenerationRequest("pop", seed=3, melody=tune, separation="none", bars=2))
    assert take.plan is not None and take.plan.bpm is not None and any("tempo heard" in n for n in take.recipe["notes"])
    bar = bar_seconds(take.plan.bpm, take.plan.meter)
    length = take.recipe["duration"]
    assert cut_of(silence(length), {"plan": take.plan.to_dict(), "duration": length}).bars == 2
    assert length < -take.plan.start % bar + 2 * bar + SEAM + 0.021
    with pytest.raises(ValueError, match="need a tempo"):
        engine.start(GenerationRequest("pop", seed=3, melody=hum(), separation="none", bars=2))


def hum() -> Audio:
    """One tone, without a beat."""
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(40_000) / 8_000) * np.hanning(40_000)
    return Audio(tone[None].astype(np.float32), 8_000)


def test_of_what_is_gone_on_from_they_count_the_beginning_too():
    engine = Engine(build_model("aligned"), 30.0)
    asked = GenerationRequest("pop", seed=3, continue_from=sine_tune(), bpm=120.0, bars=4)  # of four seconds
    take = engine.start(asked)
    assert take.plan is not None and take.recipe["duration"] == pytest.approx(-take.plan.start % 2 + 8.06, abs=0.021)
    with pytest.raises(ValueError, match="lasts 4.0 s, longer than the bars asked"):
        engine.start(replace(asked, bpm=200.0, bars=1))


@pytest.mark.parametrize(("kind", "more"), [("text", {}), ("aligned", {"plan": "off"})])
def test_where_nothing_tells_a_tempo_it_is_said_what_to_do(kind, more):
    engine = Engine(build_model(kind), 20.0)
    with pytest.raises(ValueError, match="set one by hand"):
        engine.start(GenerationRequest("pop, 90 bpm", seed=3, bars=2, **more))
    told = engine.start(GenerationRequest("pop", seed=3, bars=2, bpm=120.0, meter="3/4", **more))
    assert told.recipe["duration"] == 3.06


@pytest.mark.parametrize("count", [0, -1, 1.5, "4", True, 10**9])
def test_what_is_no_number_of_bars_is_refused(count):
    with pytest.raises(ValueError, match="bar"):
        Engine(build_model("aligned")).start(GenerationRequest("pop", bars=count))


# -- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [*BARS, None, "", 4])
def test_the_control_leaves_the_seconds_or_counts_bars(said):
    bars_asked = Settings(bars=said).request().bars
    assert bars_asked == (None if said in (FREE, None, "") else int(said))


def test_the_page_says_before_the_take_what_the_engine_makes():
    engine = Engine(build_model("aligned"), 20.0)
    for seed in range(4):
        asked = Settings(prompt="pop", seed=str(seed), bars="2")
        made = engine.start(asked.request()).recipe["duration"]
        assert before.in_seconds(asked, CARD, 20.0)[0] == replace(asked, duration=made)
        assert f"2 bars, {made:.1f} s" in plain(before.in_seconds(asked, CARD, 20.0)[1])


def plain(html: str) -> str:
    """A line with the phrases in it that the browser translates as they are written."""
    return re.sub(r'__i18n__\{.*?"key": "(.*?)"\}', r"\1", html)


def test_the_line_about_the_length():
    asked = Settings(prompt="80 bpm in 4/4", seed="1", bars="4")
    assert "4 bars, 12.1 s." in plain(before.in_seconds(asked, CARD, LONGEST)[1])
    assert before.in_seconds(replace(asked, bars=FREE), CARD, LONGEST)[1] == ""
    assert "3 of the 4 bars are made" in before.in_seconds(asked, CARD, 10.0)[1]
    assert "will be heard" in before.in_seconds(replace(asked, prompt="pop", melody="tune.wav"), CARD, LONGEST)[1]
    assert "12.1 s" in before.in_seconds(replace(asked, melody="tune.wav"), CARD, LONGEST)[1]
    for untold in (before.in_seconds(replace(asked, follow_plan=False), CARD, LONGEST)[1],
                   before.in_seconds(asked, replace(CARD, planned=False), LONGEST)[1]):
        assert "need a tempo" in untold and "trouble" in untold
    told = replace(asked, bpm="120", meter="3/4")
    assert "6.1 s" in before.in_seconds(told, replace(CARD, planned=False), LONGEST)[1]
    assert json.loads(before.score(before.in_seconds(asked, CARD, LONGEST)[0], None))["seconds"] == 12.06


def test_they_outlive_a_reload_and_a_kept_take_has_seconds(tmp_path):
    engines = Engines(["pocket"], 8.0, lambda *_: Engine(build_model("aligned"), 8.0))
    request, model = links.decode(before.draft(Settings(bars="8")))
    assert keeping.fill(engines, request, model)[0]["bars"] == "8"
    assert keeping.fill(engines, GenerationRequest("a"), "pocket")[0]["bars"] == FREE
    kept = {}

    class Shelf:
        def keep(self, owner, sound, codes, settings, *_):
            kept.update(settings)
            return "id"

    asked = GenerationRequest("pop", bpm=120.0, meter="4/4", bars=2)
    take = engines.get("pocket").generate(asked)
    keeping.keep(Shelf(), "me", asked, "pocket", take, None, [])
    assert kept["duration"] == 4.06 and "bars" not in kept


def test_a_file_given_back_fills_in_the_seconds(tmp_path):
    from musicgen.ui.from_file import settings_of

    engines = Engines(["pocket"], 8.0, lambda *_: Engine(build_model("aligned"), 8.0))
    take = engines.get("pocket").generate(GenerationRequest("pop", bpm=120.0, meter="4/4", bars=2))
    write(tmp_path / "a.wav", Audio(take.audio, take.sample_rate), take.recipe)
    update = settings_of(engines, str(tmp_path / "a.wav"))
    assert (update["bars"], update["duration"]) == (FREE, 4.06)
