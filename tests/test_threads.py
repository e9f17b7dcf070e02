"""Threads: as many as cores that may be used, whatever the machine has."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from conftest import HashEncoder, build_model, sine_tune

from musicgen import threads
from musicgen.conditioners import Conditioner
from musicgen.engine import Engine, GenerationRequest
from musicgen.scheduler import Scheduler


@pytest.fixture
def sixteen(monkeypatch) -> Iterator[list[int]]:
    """A machine of sixteen cores, on which torch would use them all; its real number of threads comes back."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    used = [16]
    monkeypatch.setattr(torch, "get_num_threads", lambda: used[-1])
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    threads._settled.cache_clear()
    yield used
    threads._settled.cache_clear()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "1000 100000\n"}, 1),
        ({"cpu.max": "6400000 100000\n"}, 16),
        ({"cpu.max": "max 100000\n"}, 16),
        ({"cpu.max": "nonsense"}, 16),
        ({"cpu.max": "100000 0"}, 16),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 16),
        ({}, 16),
    ],
)
def test_a_quota_counts_as_cores(sixteen, tmp_path, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert threads.cores(tmp_path) == expected


def test_torch_gets_no_more_threads_than_there_are_cores_for(sixteen, monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 2)
    assert threads.settle() == 2 == sixteen[-1]
    sixteen.append(1)
    assert threads.settle() == 2 == sixteen[-1], "decided once, whatever another thread has set"
    threads._settled.cache_clear()
    sixteen.append(1)
    assert threads.settle() == 1, "fewer stay as they are"
    threads._settled.cache_clear()
    sixteen.append(16)
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    assert threads.settle() == 16, "someone has said how many"


def test_here_there_is_at_least_one():
    assert 1 <= threads.cores() <= (os.cpu_count() or 1)


def test_a_thread_of_its_own_leaves_the_others_theirs(sixteen):
    with threads.only(1):
        assert sixteen[-1] == 1
    assert sixteen[-1] == 16
    with pytest.raises(ZeroDivisionError), threads.only(1):
        _ = 1 / 0
    assert sixteen[-1] == 16, "also when it fails"


@pytest.mark.parametrize(("weights", "expected"), [(0, 1), (60e6, 1), (300e6, 3), (1e9, 10), (5e9, 16)])
def test_a_small_model_leaves_cores_to_others_and_a_large_one_none(sixteen, weights, expected):
    assert threads.worth(weights) == expected


def test_the_thread_that_decodes_has_what_its_model_is_worth(monkeypatch):
    monkeypatch.setattr(threads, "READ_BY_ONE", 1.0)  # so that this one is worth many
    seen: list[int] = []
    before = torch.get_num_threads()
    model = build_model("aligned")
    threads._settled.cache_clear()
    try:
        torch.set_num_threads(2)
        scheduler = Scheduler(model.lm)
        with threads.only(1):  # as the codec does, beside it; a thread that begins now has what was set last
            work = scheduler._turn
            scheduler._turn = lambda: seen.append(torch.get_num_threads()) or work()  # type: ignore[method-assign, func-returns-value]
            with scheduler._changed:
                scheduler._wake()
            assert scheduler._worker is not None
            scheduler._worker.join()
    finally:
        torch.set_num_threads(before)
        threads._settled.cache_clear()
    assert seen and set(seen) == {min(2, threads.cores())}


def test_the_words_are_read_by_as_many_threads_whoever_goes_on_with_a_take():
    """States differ in their last bits from one number of threads to another, and are kept for later takes."""
    seen: list[int] = []

    class Noting(HashEncoder):
        def __call__(self, prompt):
            seen.append(torch.get_num_threads())
            return super().__call__(prompt)

    before = torch.get_num_threads()
    threads._settled.cache_clear()
    try:
        torch.set_num_threads(2)
        expected = threads.settle()
        engine = Engine(replace(build_model("text"), conditioner=Conditioner(Noting())))
        asked = GenerationRequest("happy rock", duration=4.0, seed=5, continue_from=sine_tune((110.0,)))
        generation = engine.start(asked)
        next(generation)  # what was given sounds; the words are not read yet
        with threads.only(1):  # a thread that begins now has what was set last
            assert not seen
            other = threading.Thread(target=list, args=(generation,))
            other.start()
            other.join()
        generation.close()
    finally:
        torch.set_num_threads(before)
        threads._settled.cache_clear()
    assert seen and set(seen) == {expected}
