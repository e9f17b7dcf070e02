"""Several takes at once: who waits, who leaves, and that none of them meets another."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace

import numpy as np
import pytest
from conftest import build_model

from musicgen import engine, scheduler
from musicgen.engine import Engine, GenerationRequest
from musicgen.errors import Busy
from musicgen.scheduler import AHEAD
from musicgen.stepper import Track

ASK = GenerationRequest("happy rock", duration=2.0, seed=5)


def test_one_decodes_the_others_wait_and_say_so(tiny_model, monkeypatch):
    monkeypatch.setattr(engine, "WAIT_SECONDS", 0.001)
    shared = Engine(tiny_model("text"), slots=1)
    first, second, third = (shared.start(replace(ASK, seed=seed)) for seed in (1, 2, 3))
    next(first)
    assert next(second).message == "waiting, 1 ahead"
    assert next(third).message == "waiting, 2 ahead"
    second.close()  # whoever waits may leave
    assert next(third).message == "waiting, 1 ahead"
    first.close()
    events = list(third)
    assert events[-1].frames_done == 100
    np.testing.assert_array_equal(
        third.result().codes, Engine(tiny_model("text")).generate(replace(ASK, seed=3)).codes
    )
    assert second.result().codes.shape == (4, 0) and second.result().audio.shape == (1, 0)


def test_who_leaves_a_stream_gives_the_slot_back_at_once(tiny_model):
    """Not only when Python happens to look for what refers to itself."""
    shared = Engine(tiny_model("text"), slots=1)
    gc.disable()
    try:
        for _ in shared.stream(ASK):
            break
        assert not shared.busy
        assert shared.generate(ASK).codes.shape == (4, 100)
    finally:
        gc.enable()


def test_requests_at_once_do_not_meet(tiny_model):
    shared = Engine(tiny_model("aligned"))
    requests = [replace(ASK, prompt=prompt, duration=1.0, seed=i) for i, prompt in enumerate(("jazz", "rock", "folk"))]
    alone = [Engine(tiny_model("aligned")).generate(request).codes for request in requests]
    together: dict[int, np.ndarray] = {}
    workers = [
        threading.Thread(target=lambda i=i: together.update({i: shared.generate(requests[i]).codes}))
        for i in range(len(requests))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for i, codes in enumerate(alone):
        np.testing.assert_array_equal(together[i], codes)


def test_four_streams_at_once_are_each_what_they_are_alone(tiny_model):
    model = tiny_model("aligned")
    requests = [
        replace(ASK, prompt="jazz", duration=1.0, seed=1), replace(ASK, duration=7.0, seed=2, pattern="parallel"),
        replace(ASK, duration=3.0, seed=3, greedy=True, guidance=1.0), replace(ASK, negative_prompt="noise", seed=4),
    ]  # fmt: skip
    shared = Engine(model)
    generations = {i: shared.start(request) for i, request in enumerate(requests)}
    chunks: dict[int, list[np.ndarray]] = {i: [] for i in generations}
    running = dict(generations)
    while running:  # one event of each in turn: all four are open until the shortest ends
        for i, generation in list(running.items()):
            event = next(generation, None)
            if event is None:
                del running[i]
            elif event.audio is not None:
                chunks[i].append(event.audio)
    for i, request in enumerate(requests):
        alone = Engine(model).generate(request)
        np.testing.assert_array_equal(generations[i].result().codes, alone.codes)
        np.testing.assert_array_equal(np.concatenate(chunks[i], axis=1), alone.audio)


def test_a_full_queue_is_told_before_the_start(tiny_model, monkeypatch):
    shared = Engine(tiny_model("text"), slots=1)
    running = [shared.start(ASK) for _ in range(1 + scheduler.WAITING)]
    monkeypatch.setattr(engine, "WAIT_SECONDS", 0.001)
    for generation in running:
        next(generation)
    assert shared.busy
    with pytest.raises(Busy, match="busy, 17 requests are ahead"):
        shared.start(ASK)
    for generation in running:
        generation.close()
    assert not shared.busy


def test_closing_stops_the_model_and_keeps_what_is_there(monkeypatch):
    model = build_model("text")
    calls = 0
    accept = Track.accept

    def counted(track, logits):
        nonlocal calls
        calls += 1
        accept(track, logits)

    monkeypatch.setattr(Track, "accept", counted)
    shared = Engine(model)
    generation = shared.start(replace(ASK, duration=7.0))
    events = [next(generation) for _ in range(9)]
    generation.close()
    result = generation.result()
    made = calls
    assert made < 80 + 2 * AHEAD + 10, "eight events after the first, and no more than is made ahead"
    done = events[-1].frames_done
    assert result.codes.shape == (4, done) and (result.codes >= 0).all()
    assert result.audio.shape == (1, done * 20) and not result.audio[:, -1].any()
    np.testing.assert_array_equal(result.codes, Engine(model).generate(replace(ASK, duration=7.0)).codes[:, :done])
    assert list(generation) == []
    assert shared.generate(ASK).codes.shape == (4, 100), "the turn was given back"


def test_a_stop_at_the_moment_the_next_event_is_asked_for_is_no_error(tiny_model):
    generation = Engine(tiny_model("text")).start(ASK)
    inner, closing, go_on, got = generation._events, threading.Event(), threading.Event(), []

    def events():
        try:
            yield from inner
        finally:
            closing.set()
            assert go_on.wait(60)

    generation._events = events()
    next(generation)
    stopper = threading.Thread(target=generation.close)
    reader = threading.Thread(target=lambda: got.append(next(generation, "the end")))
    stopper.start()
    assert closing.wait(60)
    reader.start()
    go_on.set()
    stopper.join()
    reader.join()
    assert got == ["the end"] and generation.result().audio.shape[0] == 1


def test_closing_from_another_thread_stops_it(tiny_model):
    generation = Engine(tiny_model("text")).start(replace(ASK, duration=600.0))
    begun, seen = threading.Event(), []

    def consume():
        for event in generation:
            seen.append(event.frames_done)
            begun.set()

    worker = threading.Thread(target=consume)
    worker.start()
    begun.wait()
    generation.close()
    worker.join()
    assert seen[-1] < 30_000
