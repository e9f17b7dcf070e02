"""Graphs as far as they can be shown without a GPU: when a program is captured, replayed, called, and given up."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from musicgen.cuda_graph import Replay, stream_for, wanted
from musicgen.sound import Sound

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def streams(monkeypatch) -> Iterator[list]:
    """Every stream that is made; there need be no device."""
    made: list = []
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: made.append(device) or object())
    stream_for.cache_clear()
    yield made
    stream_for.cache_clear()


class Graph:
    """Stands for a captured program."""

    def __init__(self, calls: list, shape: tuple) -> None:
        self.replay = lambda: calls.append(("replayed", *shape))


def made(monkeypatch, capture=None, **values) -> tuple[Replay, list]:
    """A replay on CUDA whose capture is ``capture``, and what happened, in order."""
    calls: list = []
    replay = Replay(lambda *shape: calls.append(("called", *shape)), lambda: calls.append("rehearsed"), CUDA, **values)
    monkeypatch.setattr(replay, "_capture", capture or (lambda shape: Graph(calls, shape)))
    return replay, calls


def test_each_shape_is_captured_once_and_replayed(monkeypatch):
    replay, calls = made(monkeypatch)
    for shape in ((1, 2), (1, 2), (4, 2), (1, 2)):
        replay.ready(*shape)
        replay(*shape)
    assert calls == ["rehearsed", ("replayed", 1, 2), ("replayed", 1, 2), "rehearsed", ("replayed", 4, 2),
                     ("replayed", 1, 2)]  # fmt: skip
    replay.forget()
    replay.ready(1, 2)
    assert calls[-1] == "rehearsed", "captured again, for the tensors were replaced"


def test_when_capture_fails_the_program_is_called(monkeypatch, caplog):
    def refuse(shape):
        raise RuntimeError("operation not permitted when stream is capturing")

    replay, calls = made(monkeypatch, refuse)
    replay.ready(1)
    replay(1)
    replay.ready(2)
    replay(2)
    assert calls == ["rehearsed", ("called", 1), ("called", 2)] and not replay.enabled
    assert "Steps are launched one by one" in caplog.text


def test_running_out_of_memory_while_capturing_is_no_reason_to_give_up_graphs(monkeypatch):
    def full(shape):
        raise torch.OutOfMemoryError("CUDA out of memory")

    replay, _ = made(monkeypatch, full)
    with pytest.raises(torch.OutOfMemoryError):
        replay.ready(1)
    assert replay.enabled


def test_a_capture_that_fails_takes_the_others_with_it(monkeypatch):
    """They share what cuBLAS works in."""

    def capture(shape):
        if shape == (2,):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return Graph(calls, shape)

    replay, calls = made(monkeypatch, capture)
    replay.ready(1)
    with pytest.raises(torch.OutOfMemoryError):
        replay.ready(2)
    replay(1)
    assert calls[-1] == ("called", 1)


def test_the_switch(monkeypatch):
    monkeypatch.setenv("MUSICGEN_CUDA_GRAPH", "0")
    assert not wanted()
    replay, calls = made(monkeypatch)
    replay.ready(1)
    replay(1)
    assert calls == [("called", 1)]
    assert made(monkeypatch, enabled=True)[0].enabled, "asked for by hand"
    monkeypatch.delenv("MUSICGEN_CUDA_GRAPH")
    assert wanted() and made(monkeypatch)[0].enabled and not made(monkeypatch, enabled=False)[0].enabled


def test_without_cuda_a_program_is_simply_called():
    calls: list[tuple[int, ...]] = []
    replay = Replay(lambda *shape: calls.append(shape), lambda: calls.append(()), CPU)
    replay.ready(1, 2)
    replay(1, 2)
    assert calls == [(1, 2)] and not replay.enabled


def test_takes_make_their_sound_on_one_stream_and_captures_have_others(streams):
    codec = SimpleNamespace(decoder=lambda: None, sample_rate=1_000, channels=1)
    sounds = [Sound(SimpleNamespace(codec=codec, device=CUDA)) for _ in range(40)]
    assert len({id(sound._stream) for sound in sounds}) == 1 and streams == [CUDA]
    assert stream_for("capture", CUDA) is stream_for("capture", CUDA) is not sounds[0]._stream
    assert stream_for("capture", torch.device("cuda:1")) is not stream_for("capture", CUDA)


def test_no_two_living_replays_capture_on_one_stream(streams):
    """With a graph goes what cuBLAS works in on its stream."""
    first, second = (Replay(lambda: None, lambda: None, CUDA) for _ in range(2))
    one, other = first._own_stream(), second._own_stream()
    assert one is first._own_stream() and one is not other
    del first
    third = Replay(lambda: None, lambda: None, CUDA)
    assert third._own_stream() is one, "there are but 32: that of one that is gone is taken again"
    assert second._own_stream() is other
