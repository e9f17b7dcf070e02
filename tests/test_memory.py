"""Memory: what a request needs is known, refused in words when it cannot fit; running out harms nobody for good."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_scheduler import run, window
from test_stepper import CONFIGS, LMS, tokens

from musicgen import memory, scheduler
from musicgen.batch import Batch
from musicgen.decoding import decode_steps
from musicgen.engine import Engine, GenerationRequest
from musicgen.errors import ModelUnavailable
from musicgen.kv_cache import KVCache
from musicgen.memory import free_bytes, in_words, ran_out, said_in_words
from musicgen.network import Network
from musicgen.scheduler import Scheduler
from musicgen.stepper import Stepper, repacked_bytes, track_bytes

ASK = GenerationRequest("happy rock", duration=2.0, seed=5)
FULL = torch.OutOfMemoryError("CUDA out of memory")


def test_an_amount_in_words():
    assert [in_words(n) for n in (0, 10**6, 99_000_000, 10**9, 1_560_000_000)] == [
        "1 MB", "1 MB", "99 MB", "1.0 GB", "1.6 GB"]  # fmt: skip
    free = free_bytes("cpu")
    assert free is None or free > 10**6


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 5\ninactive_file 300\n"}, 400),
        ({"memory.max": "1000", "memory.current": "1200", "memory.stat": "inactive_file 0\n"}, 0),
        ({"memory.max": "max", "memory.current": "900", "memory.stat": "inactive_file 300\n"}, None),
        ({"memory/memory.limit_in_bytes": "1000", "memory/memory.usage_in_bytes": "100",
          "memory/memory.stat": "total_inactive_file 10\n"}, 910),
        ({"memory.max": "nonsense", "memory.current": "1", "memory.stat": ""}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_containers_limit_counts(tmp_path, monkeypatch, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert memory.free_in_group(tmp_path) == expected
    machine = memory._free_in_machine()
    monkeypatch.setattr(memory, "free_in_group", lambda: expected)
    assert free_bytes("cpu") == (machine if expected is None else expected) or expected is None


def test_running_out_is_told_from_other_errors():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**58, dtype=torch.uint8)
    assert ran_out(caught.value), "as torch says it on a CPU"
    assert ran_out(FULL) and ran_out(MemoryError())
    assert ran_out(RuntimeError("CUDA error: out of memory")) and ran_out(RuntimeError("CUBLAS_STATUS_ALLOC_FAILED"))
    assert not ran_out(RuntimeError("shapes do not match")) and not ran_out(ValueError("allocate memory"))


def test_running_out_becomes_one_sentence_and_nothing_else_does():
    with pytest.raises(ModelUnavailable, match="ran out while listening; ask for a shorter duration"):
        with said_in_words("listening"):
            torch.empty(2**58, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="^another$"), said_in_words("listening"):
        raise RuntimeError("another")


def test_a_device_that_cannot_take_memory_back_now_is_left_alone(monkeypatch):
    def refuse():
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", refuse)
    with pytest.raises(ModelUnavailable, match="ran out while listening"), said_in_words("listening"):
        raise FULL


# -- what a request needs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_track_takes_what_was_said(dtype):
    lm = LMS["text"] if dtype == torch.float32 else type(LMS["text"])(CONFIGS["text"]).to(dtype)
    stepper = Stepper(lm)
    track = stepper.open(window(0))
    assert not stepper.advance([track])
    held = [track._cache.keys, track._cache.values, track._added]
    taken = sum(tensor.numel() * tensor.element_size() for tensor in held)
    if dtype != torch.float32:
        taken += sum(tensor.numel() * dtype.itemsize for tensor in held[:2])  # as they were before they were widened
    assert track_bytes(lm, 23, rows=2) == taken
    assert track_bytes(lm, 46, rows=1) == taken


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_weights_are_repacked_into_what_was_said(kind):
    packed = []
    Network(LMS[kind], lambda weight: packed.append(weight.numel() * weight.element_size()))
    # The text's keys and values are computed once a request, by the matrix as it was.
    text = CONFIGS[kind].layers * 2 * 64 * 64 * 4 if CONFIGS[kind].cross_attention else 0
    assert sum(packed) + text == repacked_bytes(LMS[kind])


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_batch_grows_by_what_was_said(kind):
    batch, config = Batch(LMS[kind], slots=4), CONFIGS[kind]
    prefix = 9 + 2 if config.melody_bins else 0
    for frames in (20, 20, 20, 300):
        positions = prefix + frames + config.codebooks - 1
        needed = batch.bytes_needed(positions)
        before = batch._state
        batch.open(window(0, kind, frames))
        prompt = 4 * config.layers * positions * 64 * 4
        grown = 0
        if batch._state is not before:
            grown = sum(tensor.numel() * tensor.element_size() for tensor in batch._state.values())
        assert needed == prompt + grown
    with pytest.raises(ValueError, match="slots are taken"):
        batch.open(window(0, kind))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell")
def test_keys_and_values_take_their_memory_at_once():
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    before = resident()
    cache = KVCache(8, 2, 8, 8_192, 64)  # 512 MB
    assert resident() - before > 0.9 * 2 * cache.keys.numel() * 4


def test_what_cannot_fit_is_refused_in_words(monkeypatch):
    shared = Scheduler(LMS["text"], stepper=Stepper(LMS["text"]))
    shared.check_memory(1_000)
    monkeypatch.setattr(scheduler, "free_bytes", lambda device: 10**6)
    # 2 rows x 1,000 positions x 64 x (2 (keys, values) x 2 layers + 1) x 4 bytes = 2.56 MB
    with pytest.raises(ModelUnavailable, match="needs 3 MB of memory while it runs, but only 1 MB are free"):
        shared.check_memory(1_000)
    shared.check_memory(390)
    with pytest.raises(ModelUnavailable):
        Scheduler(LMS["text"]).check_memory(390)  # the first request has the weights repacked, too
    monkeypatch.setattr(scheduler, "free_bytes", lambda device: None)
    shared.check_memory(10**9)


def test_what_others_were_promised_is_not_free(monkeypatch):
    shared = Scheduler(LMS["text"], slots=2, stepper=Stepper(LMS["text"]))
    free = track_bytes(LMS["text"], 303) * 3 // 2
    monkeypatch.setattr(scheduler, "free_bytes", lambda device: free)
    first, second = shared.enter(), shared.enter()
    first.claim(303)
    first.claim(303)  # asked again, it is promised once
    with pytest.raises(ModelUnavailable, match="try again when others are done"):
        second.claim(303)
    stream = first.decode(window(1, frames=300))
    next(stream)
    second.claim(303)  # what the first has taken shows in what is free
    stream.close()
    first.leave()
    second.claim(303)
    assert len(list(second.decode(window(2, frames=300)))) == 303


def test_weights_that_are_repacked_are_promised_no_longer(monkeypatch):
    """They are missing from what is free then: who has made all its codes, and is still heard, must not count them."""
    shared = Scheduler(LMS["text"], slots=2)
    first, second = shared.enter(), shared.enter()
    first.claim(303)
    assert len(list(first.decode(window(1, frames=300)))) == 303
    monkeypatch.setattr(scheduler, "free_bytes", lambda device: track_bytes(LMS["text"], 303) * 2)
    second.claim(303)
    first.leave()
    second.leave()


def test_who_cannot_be_served_any_more_is_told_when_its_turn_comes(tiny_model, monkeypatch):
    shared = Engine(tiny_model("text"), slots=1)
    generation = shared.start(ASK)
    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "free_bytes", lambda device: 1_000)
        with pytest.raises(ModelUnavailable, match="of memory while it runs"):
            shared.start(ASK)
        with pytest.raises(ModelUnavailable, match="of memory while it runs"):
            next(generation)
    assert not shared.busy, "its slot is free again"
    assert shared.generate(ASK).codes.shape == (4, 100)


# -- running out all the same ----------------------------------------------------------------------------------------


def test_no_memory_for_one_more_harms_those_in_the_batch_not_at_all(monkeypatch):
    shared = Scheduler(LMS["text"], slots=4, stepper=Batch(LMS["text"], 4))
    good, bad = shared.enter(), shared.enter()
    stream = good.decode(window(3, frames=200))
    got = [next(stream)]
    with monkeypatch.context() as patch:
        patch.setattr(Batch, "_tensors", lambda *_: (_ for _ in ()).throw(FULL))
        with pytest.raises(ModelUnavailable, match="memory ran out while decoding"):
            list(bad.decode(window(1, frames=400)))
    assert torch.equal(tokens(got + list(stream)), tokens(decode_steps(LMS["text"], window(3, frames=200))))
    expected = tokens(decode_steps(LMS["text"], window(1, frames=400)))
    assert torch.equal(tokens(bad.decode(window(1, frames=400))), expected)


def test_no_memory_for_a_step_ends_all_in_the_batch_in_words_and_the_next_are_served(monkeypatch):
    stepper = Batch(LMS["text"], 2)
    shared = Scheduler(LMS["text"], slots=2, stepper=stepper)
    both = threading.Barrier(2)
    told: list[Exception] = []

    def ask(seed: int) -> None:
        place = shared.enter()
        stream = place.decode(window(seed, frames=2_000))
        next(stream)
        both.wait()  # both are in the batch, far from their ends
        monkeypatch.setattr(stepper.network, "logits", lambda *_: (_ for _ in ()).throw(FULL))
        try:
            list(stream)
        except ModelUnavailable as error:
            told.append(error)
        finally:
            place.leave()

    askers = [threading.Thread(target=ask, args=(seed,)) for seed in range(2)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert [str(error).split(";")[0] for error in told] == ["The memory ran out while decoding"] * 2
    monkeypatch.undo()
    assert not stepper.seats and not stepper._state
    assert torch.equal(tokens(run(shared.enter(), window(4))), tokens(decode_steps(LMS["text"], window(4))))


@pytest.mark.parametrize("while_doing", ["making sound", "preparing the request"])
def test_no_memory_beside_the_decoding_is_told_in_words_and_frees_the_slot(tiny_model, monkeypatch, while_doing):
    model = tiny_model("text")
    shared = Engine(model, slots=1)
    with monkeypatch.context() as patch:
        if while_doing == "making sound":
            patch.setattr(type(model.codec.decoder()), "push", lambda *_: (_ for _ in ()).throw(FULL))
        else:
            patch.setattr("musicgen.engine.settle", lambda *_: (_ for _ in ()).throw(FULL))
        with pytest.raises(ModelUnavailable, match=f"memory ran out while {while_doing}"):
            shared.generate(ASK)
    assert not shared.busy
    assert shared.generate(replace(ASK, seed=6)).codes.shape == (4, 100)
