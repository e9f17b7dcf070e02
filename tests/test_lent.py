"""GPUs lent by the call: whatever runs a model asks for one, and only on a host that lends them."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from test_page import tiny_engines

from musicgen.ui import lent
from musicgen.ui.app import build


@pytest.fixture
def lender(monkeypatch) -> list[str]:
    """A host that lends GPUs; the names of the functions that asked for one."""
    asked: list[str] = []

    def gpu(duration: int):
        assert 0 < duration <= lent.GPU_SECONDS

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
