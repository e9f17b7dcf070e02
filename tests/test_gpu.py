"""What only a GPU can show: exactness against the loop, graphs on and off, both attentions, company. One command:
``python -m pytest -m gpu``."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from conftest import build_model, sine_tune
from test_scheduler import different, run
from test_stepper import CONFIGS, PATTERNS, conditions, make, pattern, tokens

from musicgen import checkpoints
from musicgen.attention import bias_of, by_sdpa, by_xformers, choose_attention
from musicgen.batch import REACH, Batch
from musicgen.checkpoints import save_pocket
from musicgen.decoding import Window, decode_steps
from musicgen.engine import Engine, GenerationRequest
from musicgen.lm import LM
from musicgen.model import Model
from musicgen.sampling import SamplingParams
from musicgen.scheduler import Scheduler
from musicgen.sound import Sound

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]
GREEDY = SamplingParams(greedy=True)


@pytest.fixture(autouse=True)
def exact_products() -> Iterator[None]:
    """Float32 means float32: TF32 would round what is compared."""
    switches = torch.backends.cuda.matmul, torch.backends.cudnn  # by hand: monkeypatch cannot put the first one back
    before = [switch.allow_tf32 for switch in switches]
    for switch in switches:
        switch.allow_tf32 = False
    yield
    for switch, value in zip(switches, before, strict=True):
        switch.allow_tf32 = value


def on_gpu(kind: str, dtype: torch.dtype = torch.float32) -> LM:
    return make(CONFIGS[kind]).to("cuda", dtype)


def window(kind: str, seed: int = 3, frames: int = 60, name: str = "delay", **values) -> Window:
    return Window(
        conditions(kind, seed, frames, 5), pattern(name, CONFIGS[kind].codebooks), frames,
        generator=torch.Generator().manual_seed(seed), **values,
    )


def need_xformers() -> None:
    if choose_attention(torch.device("cuda"), "xformers") is not by_xformers:
        pytest.skip("xformers does not run on this GPU")


def decode(batch: Batch, wanted: Window) -> torch.Tensor:
    seat = batch.open(wanted)
    while not seat.done:
        failed = batch.advance([seat])
        assert not failed, failed
    seat.close()
    return tokens(seat.take())


@pytest.mark.parametrize("graphs", [True, False])
@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("name", PATTERNS)
def test_greedy_tokens_equal_the_loops(kind, name, graphs):
    lm = on_gpu(kind)
    batch = Batch(lm, 4, graphs=graphs)
    wanted = window(kind, name=name, params=GREEDY)
    assert torch.equal(decode(batch, wanted), tokens(decode_steps(lm, wanted)).cpu())
    assert batch.replay.enabled == graphs and bool(batch.replay._graphs) == graphs, "capture must not have failed"


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_graph_replays_what_the_program_does(kind):
    lm = on_gpu(kind)
    draw = SamplingParams(top_k=20)
    a, b = (decode(Batch(lm, 4, graphs=graphs), window(kind, params=draw)) for graphs in (True, False))
    assert torch.equal(a, b)


def test_a_graph_outlives_those_of_another_model():
    """What cuBLAS works in goes with the graphs of a stream: no two models may capture on the same."""
    batch, other = Batch(on_gpu("text"), 2), Batch(on_gpu("told"), 2)
    wanted = window("text", params=GREEDY)
    before = decode(batch, wanted)
    decode(other, window("told"))
    other.replay.forget()
    torch.cuda.empty_cache()
    assert torch.equal(decode(batch, wanted), before) and batch.replay._graphs


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_every_dtype_runs_and_stays_close(dtype):
    lm = on_gpu("text", dtype)
    wanted = window("text", params=GREEDY)
    same = decode(Batch(lm, 2), wanted) == tokens(decode_steps(lm, wanted)).cpu()
    assert same[:4].float().mean() >= 0.75, "rounding may turn a close choice, after which the two go different ways"
    assert dtype != torch.float32 or same.all()


@pytest.mark.parametrize("kind", CONFIGS)
def test_greedy_company_changes_nothing(kind):
    lm = on_gpu(kind)
    shared = Scheduler(lm, slots=8)
    places = [shared.enter() for _ in range(6)]
    wanted = [window(kind, i, 20 + 9 * i, PATTERNS[i], params=GREEDY) for i in range(6)]
    streams = [place.decode(each) for place, each in zip(places, wanted, strict=True)]
    made: list[list] = [[] for _ in wanted]
    open_streams = dict(enumerate(streams))
    while open_streams:
        for i, stream in list(open_streams.items()):
            step = next(stream, None)
            if step is None:
                del open_streams[i]
            else:
                made[i].append(step)
    for mine, each in zip(made, wanted, strict=True):
        assert torch.equal(tokens(mine), tokens(decode_steps(lm, each)).cpu())


def test_mixed_settings_in_one_batch_run_to_their_ends():
    lm = on_gpu("text")
    shared = Scheduler(lm, slots=4)
    for make_window in different("text"):
        steps = run(shared.enter(), make_window())
        assert len(steps) == make_window().pattern.step_count(make_window().frames)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_both_attentions_are_equal(dtype):
    need_xformers()
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(4, 8, 64, generator=generator).to("cuda", dtype)
    keys, values = torch.randn(2, 4, 8, 256, 64, generator=generator).to("cuda", dtype)
    seen = torch.arange(256)[None] <= torch.tensor([[3], [100], [200], [255]])
    seen[1, :40] = False
    close = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 2e-2}[dtype]
    bias = bias_of(seen, dtype).cuda()
    a, b = (each(query, keys, values, bias) for each in (by_sdpa, by_xformers))
    torch.testing.assert_close(a, b, atol=close, rtol=close)


def test_xformers_in_a_graph_gives_the_same_greedy_tokens():
    need_xformers()
    lm = on_gpu("text")
    wanted = window("text", params=GREEDY)
    assert torch.equal(decode(Batch(lm, 2, attention="xformers"), wanted), decode(Batch(lm, 2), wanted))


@torch.inference_mode()
def test_a_step_never_waits_for_the_host():
    batch = Batch(on_gpu("told"), 2, graphs=False)
    seats = [batch.open(window("told", seed, params=SamplingParams(top_k=20))) for seed in (1, 2)]
    assert not batch.advance(seats)
    batch._state["active"].fill_(1)
    batch._state["turn"].zero_()
    torch.cuda.set_sync_debug_mode("error")
    try:
        batch._program(2, REACH, True)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize(("dtype", "codec"), [("float32", torch.float32), ("bfloat16", torch.float16)])
def test_a_loaded_model_makes_sound_in_half_precision(dtype, codec, tmp_path, monkeypatch):
    tiny = build_model("text")
    save_pocket(tmp_path, tiny.config, tiny.lm, tiny.codec)
    monkeypatch.setattr(checkpoints, "build_conditioner", lambda *_, **__: tiny.conditioner)
    model = checkpoints.load(tmp_path, "cuda", dtype)
    assert {p.dtype for p in model.codec.decoder_net.parameters()} == {codec}
    assert {p.dtype for p in model.codec.encoder_net.parameters()} == {torch.float32}
    result = Engine(model).generate(GenerationRequest("happy rock", duration=4.0, seed=1))
    whole = tiny.codec.decode(torch.from_numpy(result.codes).long()[None])[0].numpy()
    error = np.square(result.audio[:, :-100] - whole[:, :-100]).mean() / np.square(whole).mean()
    assert error < 1e-3


def test_sound_made_side_by_side_is_what_it_is_alone():
    """All takes share a stream."""
    tiny = build_model("text")
    model = Model(tiny.config, build_model("text").lm.cuda(), build_model("text").codec.cuda(), tiny.conditioner)
    codes = [np.random.default_rng(seed).integers(0, 24, (4, 400)) for seed in range(6)]
    sounds = [Sound(model) for _ in codes]

    def make_sound(sound: Sound, own: np.ndarray) -> None:
        for start in range(0, 400, 25):
            sound.push(own[:, start : start + 25])
        sound.finish(own[:, 400:])

    makers = [threading.Thread(target=make_sound, args=pair) for pair in zip(sounds, codes, strict=True)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    for sound, own in zip(sounds, codes, strict=True):
        whole = tiny.codec.decode(torch.from_numpy(own)[None])[0].numpy()
        np.testing.assert_allclose(sound.joined()[:, :-100], whole[:, :-100], atol=1e-4)


def test_running_out_of_memory_is_survived(monkeypatch):
    lm = on_gpu("text")
    batch = Batch(lm, 2)
    with monkeypatch.context() as patch:
        patch.setattr(batch, "_tensors", lambda *_: torch.empty(2**50, device="cuda"))
        with pytest.raises(torch.OutOfMemoryError):
            batch.open(window("text"))
    wanted = window("text", params=GREEDY)
    assert torch.equal(decode(batch, wanted), tokens(decode_steps(lm, wanted)).cpu())


@pytest.mark.parametrize("kind", ["text", "melody", "stereo", "aligned", "told"])
def test_the_engine_makes_the_same_greedy_take_as_on_the_cpu(kind):
    cpu = build_model(kind)
    gpu = Model(cpu.config, build_model(kind).lm.cuda(), build_model(kind).codec.cuda(), cpu.conditioner)
    melody = sine_tune() if kind in ("melody", "aligned", "told") else None
    asked = GenerationRequest("happy rock", duration=7.0, seed=1, greedy=True, melody=melody, separation="none")
    a, b = Engine(cpu).generate(asked), Engine(gpu).generate(asked)
    assert (a.codes[:, :50] == b.codes[:, :50]).mean() > 0.95
    if (a.codes == b.codes).all():
        np.testing.assert_allclose(a.audio, b.audio, atol=1e-3)
