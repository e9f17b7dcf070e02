"""GPUs lent by the call: whatever runs a model asks for one, and only on a host that lends them."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from test_page import tiny_engines

from musicgen.ui import lent
from musicgen.ui.app import build
from musicgen.ui.settings import Settings


@pytest.fixture
def lender(monkeypatch) -> list[str]:
    """A host that lends GPUs; the names of the functions that asked for one."""
    asked: list[str] = []

    def gpu(duration):
        assert callable(duration) or 0 < duration <= lent.GPU_SECONDS

        def decorate(function):
            asked.append(f"{function.__module__.split('.')[-1]}.{function.__name__}")
            return function

        return decorate

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu, __spec__=SimpleNamespace(name="spaces")))
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    return asked


def test_everything_that_runs_a_model_asks_for_a_gpu(lender):
    build(tiny_engines())
    assert sorted(lender) == [
        "api.generate", "api_sounds.codebooks", "api_sounds.melody", "codebooks.hear_it", "create.takes_of",
        "inside.look_inside", "lab.takes_of",
    ]


def test_elsewhere_nothing_is_asked_for(lender, monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU")
    assert lent.on_gpu(len) is len and not lender


def test_as_much_is_asked_for_as_a_press_needs(lender, monkeypatch):
    """Who has less left of the day than is asked for is refused."""
    told: dict[str, Any] = {}

    def gpu(duration):
        return lambda task: told.update({f"{task.__module__}.{task.__name__}": duration}) or task

    monkeypatch.setattr(sys.modules["spaces"], "GPU", gpu)
    engines = tiny_engines()
    build(engines)
    assert told["musicgen.ui.inside.look_inside"] == lent.SHORT_SECONDS
    assert told["musicgen.ui.api.generate"] == lent.GPU_SECONDS
    seconds = told["musicgen.ui.create.takes_of"]
    assert seconds(None, None, 1, Settings(duration=5.0)) == lent.GPU_SECONDS, "the model may have to be fetched"
    engines.get(engines.default)
    assert seconds(None, None, 2, Settings(duration=9.5)) == 19 + lent.START_SECONDS
    assert seconds(None, None, 4, Settings(duration=60.0)) == lent.GPU_SECONDS
    assert seconds(None, None, 1, Settings(duration=5.0, melody="tune.wav")) == lent.GPU_SECONDS
    assert seconds(None, None, 1, Settings(duration=5.0, bars=16)) == lent.GPU_SECONDS, "the seconds do not count"
    assert told["musicgen.ui.codebooks.hear_it"] == lent.GPU_SECONDS, "the model may have to be fetched"
