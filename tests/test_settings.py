"""What the page's controls and a server's flags say: requests, or one sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app
from musicgen.ui.engines import Engines
from musicgen.ui.settings import Settings


def test_untouched_controls_leave_everything_to_the_model():
    request = Settings(prompt="calm piano").request()
    assert (request.prompt, request.duration, request.plan) == ("calm piano", 10.0, "auto")
    for name in ("seed", "pattern", "temperature", "top_k", "top_p", "guidance", "prior", "melody"):
        assert getattr(request, name) is None
    assert request.parts == {}


@given(st.integers(0, 2**53))
def test_a_seed_arrives_digit_for_digit_as_text_and_as_a_number(seed):
    assert Settings(seed=str(seed)).request().seed == seed == Settings(seed=seed).request().seed


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"seed": "abc"}, "The seed must be a number"),
        ({"seed": "1.5"}, "The seed must be a whole number"),
        ({"temperature": "hot"}, "The temperature must be a number"),
        ({"guidance": "nan"}, "The guidance must be a number"),
        ({"prior": "much"}, "The prior's weight must be a number"),
        ({"drums": "maybe"}, "The drums must be one of"),
        ({"melody": "/no/such/file.wav"}, "There is no file"),
    ],
)
def test_a_bad_setting_is_one_sentence(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        Settings(**settings).request()


def test_settings_by_hand_arrive_and_a_switched_off_plan_holds_nothing_back():
    given_by_hand = Settings(
        bpm="92,5", key="A minor", meter="3/4", chords=" Am F ", drums="without", instruments=["harp", "flute"],
        temperature="0.9", top_k="50",
        pattern="parallel", greedy=True,
    )
    request = given_by_hand.request()
    assert (request.bpm, request.key, request.meter, request.chords, request.drums) == (
        92.5, "A minor", "3/4", "Am F", False,
    )
    assert request.instruments == "harp, flute"
    assert (request.temperature, request.top_k, request.pattern, request.greedy) == (0.9, 50, "parallel", True)
    off = Settings(bpm="92", key="A minor", drums="with", follow_plan=False).request()
    assert off.plan == "off" and off.bpm is None and off.key is None and off.drums is None


def test_flags_win_over_the_environment_and_the_environment_over_defaults(monkeypatch):
    assert app.parse([]).models[0] == "pocket" and app.parse([]).max_duration == 120
    monkeypatch.setenv("MUSICGEN_MODELS", "small melody")
    monkeypatch.setenv("MUSICGEN_MAX_DURATION", "30")
    monkeypatch.setenv("MUSICGEN_PORT", "7861")
    monkeypatch.setenv("MUSICGEN_SHARE", "1")
    read = app.parse([])
    assert (read.models, read.max_duration, read.port, read.share) == (["small", "melody"], 30.0, 7861, True)
    assert app.parse(["--models", "large", "--port", "80"]).models == ["large"]
    assert app.parse(["--dtype", "int8"]).dtype == "int8" and app.parse([]).dtype is None
    with pytest.raises(ValueError, match="'int4' is not a dtype"):
        Engines(["pocket"], dtype="int4")
    for seconds in ("0", "601", "nan"):  # longer takes could not be read back
        with pytest.raises(SystemExit):
            app.parse(["--max-duration", seconds])
    for port in ("0", "-1", "99999"):
        with pytest.raises(SystemExit):
            app.parse(["--port", port])


def test_a_space_offers_what_needs_no_download_unless_its_host_says_otherwise(monkeypatch):
    assert len(app.parse([]).models) > 1
    monkeypatch.setenv("SPACE_ID", "somebody/studio")
    assert app.parse([]).models == ["pocket"] and app.parse(["--models", "small"]).models == ["small"]
    monkeypatch.setenv("MUSICGEN_MODELS", "pocket small")
    assert app.parse([]).models == ["pocket", "small"]
