"""The scheduler: the same tokens alone or in company, fair rounds, freed slots, the bounded queue, memory in words."""

from __future__ import annotations

import gc
import threading
from contextlib import closing
from functools import cache

import pytest
import torch
from test_stepper import CONFIGS, LMS, PATTERNS, conditions, pattern, tokens

from musicgen import scheduler as module
from musicgen.batch import Batch
from musicgen.decoding import Window, decode_steps
from musicgen.errors import Busy, ModelUnavailable
from musicgen.sampling import SamplingParams
from musicgen.scheduler import AHEAD, Scheduler
from musicgen.stepper import Stepper, Track


def window(seed: int, kind: str = "text", frames: int = 20, name: str = "delay", **values) -> Window:
    books = CONFIGS[kind].codebooks
    return Window(
        conditions(kind, seed, frames, 2 + seed % 4), pattern(name, books), frames,
        generator=torch.Generator().manual_seed(seed), **values,
    )


def different(kind: str) -> list:
    """Ways to make eight windows that differ in everything."""
    books = CONFIGS[kind].codebooks
    prompt = torch.randint(32, (books, 6), generator=torch.Generator().manual_seed(1))
    return [
        lambda i=i: window(
            i, kind, frames=12 + 7 * i, name=PATTERNS[i], prompt=prompt if i % 3 == 1 else None,
            guidance=(3.0, 1.0, 2.0)[i % 3],
            params=SamplingParams(greedy=i % 4 == 3, top_k=5 * i, temperature=1 + i / 9),
            against=conditions(kind, 99, 12 + 7 * i, 3) if i % 3 == 2 else None,
        )
        for i in range(len(PATTERNS) - 2 - (books % 2))
    ]  # fmt: skip


def run(place, wanted: Window) -> list:
    while place.wait(1.0):
        pass
    try:
        return list(place.decode(wanted))
    finally:
        place.leave()


@cache
def by_the_loop(kind: str) -> list[torch.Tensor]:
    """The tokens of each of ``different`` windows."""
    return [tokens(decode_steps(LMS[kind], make())) for make in different(kind)]


@pytest.mark.parametrize("kind", CONFIGS)
def test_alone_it_is_the_loop(kind):
    for i, (make, expected) in enumerate(zip(different(kind), by_the_loop(kind), strict=True)):
        assert torch.equal(tokens(run(Scheduler(LMS[kind], slots=1).enter(), make())), expected), i


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("together", ["rows of their own", "one batch"])
def test_company_changes_nothing(kind, together):
    stepper = Stepper(LMS[kind]) if together == "rows of their own" else Batch(LMS[kind], 3)
    shared = Scheduler(LMS[kind], slots=3, stepper=stepper)
    made: dict[int, list] = {}
    workers = [
        threading.Thread(target=lambda i=i, make=make: made.update({i: run(shared.enter(), make())}))
        for i, make in enumerate(different(kind))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for i, expected in enumerate(by_the_loop(kind)):
        assert torch.equal(tokens(made[i]), expected), i


def test_a_stepper_in_company_is_the_same_to_the_last_bit(monkeypatch):
    """Not only the tokens: the logits too."""
    seen: dict[int, list[torch.Tensor]] = {}
    accept = Track.accept

    def noting(track, logits):
        seen.setdefault(int(track._window.generator.initial_seed()), []).append(logits.clone())
        accept(track, logits)

    monkeypatch.setattr(Track, "accept", noting)
    stepper = Stepper(LMS["text"])
    alone: dict[int, list[torch.Tensor]] = {}
    for i in range(3):
        track = stepper.open(window(i))
        while not track.done:
            assert not stepper.advance([track])
        alone[i] = seen.pop(i)
    tracks = [stepper.open(window(i)) for i in range(3)]
    while not all(track.done for track in tracks):
        assert not stepper.advance(tracks)
    for i in range(3):
        assert all(torch.equal(a, b) for a, b in zip(alone[i], seen[i], strict=True))


def test_every_request_makes_a_step_in_each_round():
    order: list[int] = []

    class Noted(Stepper):
        def advance(self, tracks):
            order.append(len(list(tracks)))
            return super().advance(tracks)

    shared = Scheduler(LMS["text"], slots=3, stepper=Noted(LMS["text"]))
    places = [shared.enter() for _ in range(3)]
    streams = [place.decode(window(i, frames=300)) for i, place in enumerate(places)]
    for stream in streams:
        next(stream)
    for _ in range(5 * AHEAD // 2):  # nobody reads more than the others, so nobody stands still for long
        for stream in streams:
            next(stream)
    assert order.count(3) > 1.5 * AHEAD
    for stream in streams:
        stream.close()


def test_who_is_not_read_stands_still_and_goes_on_later(monkeypatch):
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.001)  # its thread ends meanwhile
    shared = Scheduler(LMS["text"], slots=2)
    slow, quick = shared.enter(), shared.enter()
    stream = slow.decode(window(1, frames=300))
    next(stream)
    assert len(run(quick, window(2, frames=200))) == 203
    assert len(slow.steps) <= 2 * AHEAD
    assert len(list(stream)) == 302


def test_slots_are_given_in_order_and_freed_at_once():
    shared = Scheduler(LMS["text"], slots=1)
    places = [shared.enter() for _ in range(4)]
    assert [place.wait(0) for place in places] == [0, 1, 2, 3]
    with closing(places[0].decode(window(0, frames=600))) as stream:
        next(stream)
        places[1].leave()  # whoever waits may leave
        assert [place.wait(0) for place in places[2:]] == [1, 2]
    places[0].leave()
    places[0].leave()
    assert [place.wait(0) for place in places[2:]] == [0, 1]
    assert torch.equal(tokens(run(places[2], window(5))), tokens(decode_steps(LMS["text"], window(5))))
    assert places[3].wait(0) == 0


def test_one_that_fails_harms_no_other(monkeypatch):
    shared = Scheduler(LMS["text"], slots=2)
    accept = Track.accept

    def failing(track, logits):
        if track._window.guidance == 7.0 and track._made == 9:
            raise torch.OutOfMemoryError("CUDA out of memory")
        accept(track, logits)

    monkeypatch.setattr(Track, "accept", failing)
    bad, good = shared.enter(), shared.enter()
    stream = good.decode(window(3))
    got = [next(stream)]
    with pytest.raises(ModelUnavailable, match="memory ran out"):
        list(bad.decode(window(1, guidance=7.0)))
    assert torch.equal(tokens(got + list(stream)), tokens(decode_steps(LMS["text"], window(3))))
    assert len(list(bad.decode(window(4)))) == 23, "and it may try again"


def test_a_window_that_does_not_fit_is_refused():
    place = Scheduler(LMS["text"]).enter()
    with pytest.raises(ValueError, match="made for 8 codebooks"):
        next(place.decode(window(0, "stereo")))
    assert len(list(place.decode(window(0)))) == 23


def test_a_slot_serves_one_window_after_another():
    place = Scheduler(LMS["text"], slots=1).enter()
    for seed in range(3):
        assert torch.equal(tokens(place.decode(window(seed))), tokens(decode_steps(LMS["text"], window(seed))))


def test_a_cancelled_request_leaves_nothing_behind():
    stepper = Batch(LMS["text"], 2)
    shared = Scheduler(LMS["text"], slots=2, stepper=stepper)
    for seed in range(6):
        place = shared.enter()
        stream = place.decode(window(seed, frames=400))
        next(stream)
        stream.close()
        place.leave()
    assert torch.equal(tokens(run(shared.enter(), window(8))), tokens(decode_steps(LMS["text"], window(8))))
    worker = shared._worker
    if worker is not None:
        worker.join()  # it ends by itself, and lets the model go
    assert not stepper.seats and shared._worker is None


def test_an_unexpected_end_leaves_every_slot_of_the_batch_free(monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # the thread's own error is no news here
    stepper = Batch(LMS["text"], 2)
    shared = Scheduler(LMS["text"], slots=2, stepper=stepper)
    for seed in range(2):
        place = shared.enter()
        stream = place.decode(window(seed, frames=2_000))
        next(stream)
        with monkeypatch.context() as patch:
            patch.setattr(shared, "_round", lambda _: 1 / 0)
            with pytest.raises(RuntimeError, match="ended unexpectedly: division by zero"):
                list(stream)
        place.leave()
    for seed in range(2):
        alone = tokens(decode_steps(LMS["text"], window(seed)))
        assert torch.equal(tokens(run(shared.enter(), window(seed))), alone)


def test_the_queue_is_bounded_and_says_how_many_are_ahead():
    shared = Scheduler(LMS["text"], slots=1, waiting=2)
    places = [shared.enter() for _ in range(3)]
    with pytest.raises(Busy, match="busy, 3 requests are ahead"):
        shared.enter()
    with pytest.raises(Busy):
        shared.check_room()
    places[1].leave()
    shared.check_room()
    assert shared.enter().wait(0) == 2


def test_a_scheduler_that_nobody_holds_is_let_go():
    import weakref

    shared = Scheduler(LMS["text"])
    run(shared.enter(), window(0))
    worker, gone = shared._worker, weakref.ref(shared)
    if worker is not None:
        worker.join()
    del shared
    gc.collect()
    assert gone() is None
