"""The fast steppers against the simple loop: every pattern, every kind of model and prompt, any company."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen import attention
from musicgen.attention import by_sdpa, choose_attention
from musicgen.batch import SPARE, Batch
from musicgen.conditions import Conditions
from musicgen.config import LMConfig
from musicgen.decoding import Window, decode_steps
from musicgen.lm import LM
from musicgen.matrices import Bytes, Columns, Packed, Plain, matrix, on_grid, round_to_grid, rows_agree
from musicgen.patterns import PATTERN_NAMES, get_pattern
from musicgen.sampling import SamplingParams, sample, sample_each
from musicgen.stepper import PIECE, Stepper, lay_out
from musicgen.transformer import CrossAttention

READS_BYTES = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512") and sys.platform != "win32"
TEXT = LMConfig(codebooks=4, codebook_size=32, dim=64, layers=2, heads=2, ffn_dim=128, text_dim=24)
CONFIGS = {
    "text": TEXT,
    "aligned": replace(TEXT, aligned_dim=7),
    "melody": replace(TEXT, cross_attention=False, melody_bins=12, melody_frames=9),
    "stereo": replace(TEXT, codebooks=8),
    "told": replace(TEXT, aligned_dim=7, told_pattern=True),
    "told melody": replace(TEXT, cross_attention=False, melody_bins=12, melody_frames=9, told_pattern=True),
}
FRAMES = 8
PATTERNS = [*PATTERN_NAMES, "custom delays", "custom groups"]


def make(config: LMConfig) -> LM:
    lm = LM(config).eval().requires_grad_(False)
    lm.init_weights(2)
    for parameter in lm.parameters():
        if parameter.dim() > 1:
            parameter.mul_(6)
    if lm.pattern_proj is not None:
        lm.pattern_proj.weight.mul_(10)  # beside the embeddings it would hardly turn a choice
    return lm


LMS = {kind: make(config) for kind, config in CONFIGS.items()}
STEPPERS = {kind: Stepper(lm) for kind, lm in LMS.items()}


def pattern(name: str, codebooks: int):
    custom = {
        "custom delays": ",".join(str(3 * k % 5) for k in range(codebooks)),
        "custom groups": "2|1," + ",".join(str(k) for k in range(3, codebooks + 1)),
    }
    return get_pattern(custom.get(name, name), codebooks)


def conditions(kind: str, seed: int, frames: int, length: int, empty: bool = False) -> Conditions:
    generator = torch.Generator().manual_seed(seed)
    text = torch.randn(1, length, 24, generator=generator)
    mask = torch.full((1, length), not empty)
    melody = aligned = None
    if CONFIGS[kind].melody_bins:
        melody = torch.nn.functional.one_hot(torch.randint(12, (1, 9), generator=generator), 12).float()
    if CONFIGS[kind].aligned_dim:
        aligned = torch.randn(1, frames, 7, generator=generator)
    return Conditions(text, mask, melody, aligned)


@st.composite
def windows(draw, kinds=tuple(CONFIGS)):
    """A kind of model, and a function that makes the same window for it again and again."""
    kind, seed, frames = draw(st.sampled_from(kinds)), draw(st.integers(0, 999)), draw(st.integers(1, FRAMES))
    books = CONFIGS[kind].codebooks
    order = pattern(draw(st.sampled_from(PATTERNS)), books)
    row = conditions(kind, seed, frames, draw(st.integers(1, 6)), draw(st.booleans()))
    against = conditions(kind, seed + 1, frames, draw(st.integers(1, 6))) if draw(st.booleans()) else None
    given_frames = draw(st.integers(0, frames))
    prompt = torch.randint(32, (books, given_frames), generator=torch.Generator().manual_seed(seed))
    params = SamplingParams(
        temperature=draw(st.sampled_from([0.0, 0.6, 1.3])), top_k=draw(st.sampled_from([0, 1, 7, 32, 99])),
        top_p=draw(st.sampled_from([0.0, 0.4, 1.0])), greedy=draw(st.booleans()),
        codebook_temperatures=draw(st.sampled_from([(), (0.5, 1.0) * (books // 2)])),
    )
    guidance = draw(st.sampled_from([0.0, 1.0, 3.0]))
    bias = None
    if CONFIGS[kind].aligned_dim and draw(st.booleans()):
        bias = 3 * torch.randn(frames, books, 32, generator=torch.Generator().manual_seed(seed)).half()
    return kind, lambda: Window(
        row, order, frames, against, prompt, params, guidance, torch.Generator().manual_seed(seed), bias
    )


def fast_steps(stepper: Stepper, window: Window) -> Iterable[tuple[int, torch.Tensor]]:
    """``decode_steps`` by a stepper: the same pairs (s, tokens [K])."""
    track = stepper.open(window)
    try:
        yield from track.take()
        while not track.done:
            if error := stepper.advance([track]).get(track):
                raise error
            yield from track.take()
    finally:
        track.close()


def tokens(steps) -> torch.Tensor:
    """[S, K], after a look at the numbering."""
    steps = list(steps)
    assert [s for s, _ in steps] == list(range(len(steps)))
    return torch.stack([held for _, held in steps])


@settings(max_examples=100)
@given(windows())
def test_the_stepper_equals_the_loop(case):
    kind, window = case
    assert torch.equal(tokens(fast_steps(STEPPERS[kind], window())), tokens(decode_steps(LMS[kind], window())))


@pytest.mark.parametrize("name", PATTERNS)
def test_a_bias_is_that_of_the_frame_a_code_belongs_to(name):
    frames = 12
    wanted = torch.randint(32, (4, frames), generator=torch.Generator().manual_seed(1))
    bias = 1e4 * torch.nn.functional.one_hot(wanted.T, 32).half()
    window = Window(conditions("told", 2, frames, 4), pattern(name, 4), frames, bias=bias)
    batch = Batch(LMS["told"], slots=2)
    seat = batch.open(window)
    while not seat.done:
        assert not batch.advance([seat])
    for steps in (decode_steps(LMS["told"], window), fast_steps(STEPPERS["told"], window), seat.take()):
        assert torch.equal(window.pattern.layout(frames).revert(tokens(steps).T[None])[0], wanted)


def test_a_bias_of_another_shape_is_refused():
    window = Window(conditions("told", 2, 9, 4), pattern("delay", 4), 9, bias=torch.zeros(8, 4, 32))
    with pytest.raises(ValueError, match=r"The bias must be \[9, 4, 32\], but is \[8, 4, 32\]"):
        decode_steps(LMS["told"], window)


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("name", PATTERNS)
def test_greedy_tokens_equal_the_loops_over_many_steps(kind, name):
    books, frames = CONFIGS[kind].codebooks, 60
    window = Window(
        conditions(kind, 3, frames, 5), pattern(name, books), frames, params=SamplingParams(greedy=True)
    )
    assert torch.equal(tokens(fast_steps(STEPPERS[kind], window)), tokens(decode_steps(LMS[kind], window)))


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_long_prompt_is_read_in_pieces(kind):
    books, frames = CONFIGS[kind].codebooks, PIECE * 2 + 20
    prompt = torch.randint(32, (books, frames - 12), generator=torch.Generator().manual_seed(0))
    window = Window(
        conditions(kind, 3, frames, 5), pattern("delay", books), frames, prompt=prompt,
        params=SamplingParams(greedy=True),
    )
    track = STEPPERS[kind].open(window)
    assert len(track.take()) == frames - 12, "what is given comes at once"
    for _ in range(2):
        STEPPERS[kind].advance([track])
        assert not track.take()
    STEPPERS[kind].advance([track])
    assert len(track.take()) == 1
    assert torch.equal(tokens(fast_steps(STEPPERS[kind], window)), tokens(decode_steps(LMS[kind], window)))


@pytest.mark.parametrize("given", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
def test_a_prompt_of_whole_pieces_is_read_to_its_end(given):
    prompt = torch.randint(32, (4, given), generator=torch.Generator().manual_seed(0))
    window = Window(
        conditions("text", 3, given + 6, 5), pattern("delay", 4), given + 6, prompt=prompt,
        params=SamplingParams(greedy=True),
    )
    assert torch.equal(tokens(fast_steps(STEPPERS["text"], window)), tokens(decode_steps(LMS["text"], window)))


def test_only_rows_with_a_text_attend_to_one():
    def reading(empty: bool, **values) -> slice:
        row = conditions("text", 1, 8, 4, empty)
        return lay_out(LMS["text"], Window(row, pattern("delay", 4), 8, **values)).reading

    negative = conditions("text", 2, 8, 3)
    assert reading(False) == slice(0, 1), "the null row is spared"
    assert reading(False, guidance=1.0) == slice(0, 1)
    assert reading(False, against=negative) == slice(0, 2)
    assert reading(True) == slice(0) and reading(True, against=negative) == slice(1, 2)


@pytest.mark.parametrize("form", [Stepper, Batch])
def test_the_texts_keys_and_values_are_computed_once_a_window(form, monkeypatch):
    calls = []
    once = CrossAttention.keys_values
    monkeypatch.setattr(CrossAttention, "keys_values", lambda self, text: calls.append(1) or once(self, text))
    stepper = form(LMS["text"])
    course = stepper.open(Window(conditions("text", 1, 30, 4), pattern("delay", 4), 30))
    while not course.done:
        assert not stepper.advance([course])
    assert len(calls) == CONFIGS["text"].layers


def test_bfloat16_stays_close_to_its_loop():
    lm = make(CONFIGS["aligned"]).to(torch.bfloat16)
    window = Window(conditions("aligned", 3, 40, 5), pattern("delay", 4), 40, params=SamplingParams(greedy=True))
    fast, slow = tokens(fast_steps(Stepper(lm), window)), tokens(decode_steps(lm, window))
    first = (fast == slow)[:4]
    assert first.float().mean() >= 0.75, "rounding may turn a close choice, after which the two go different ways"


@pytest.mark.parametrize("broken", ["read", "input", "attend", "attend_text", "accept"])
def test_a_failed_track_harms_no_other(monkeypatch, broken):
    stepper = STEPPERS["text"]
    whole = [Window(conditions("text", i, 8, 4), pattern("delay", 4), 8) for i in range(2)]
    good, bad = (stepper.open(window) for window in whole)
    if broken == "read":
        monkeypatch.setattr(bad, broken, lambda *_: 1 / 0)
    else:
        assert not stepper.advance([bad, good])
        monkeypatch.setattr(bad, broken, lambda *_: 1 / 0)
    while not good.done:
        failed = stepper.advance([bad, good])
        assert list(failed) == [bad] and isinstance(failed[bad], ZeroDivisionError)
    assert torch.equal(tokens(good.take()), tokens(decode_steps(LMS["text"], whole[0])))


@settings(max_examples=20)
@given(st.sampled_from(tuple(CONFIGS)).flatmap(lambda kind: st.lists(windows((kind,)), min_size=2, max_size=6)),
       st.integers(0, 99))  # fmt: skip
def test_company_changes_no_token_whoever_joins_or_stands_still(cases, seed):
    stepper, chance = STEPPERS[cases[0][0]], random.Random(seed)
    todo, tracks, made = list(enumerate(cases)), {}, {}
    while todo or not all(track.done for track in tracks.values()):
        while todo and chance.random() < 0.5:
            i, (_, window) = todo.pop(0)
            tracks[i], made[i] = stepper.open(window()), []
        assert not stepper.advance([track for track in tracks.values() if chance.random() < 0.8])
        for i, track in tracks.items():
            made[i] += track.take()
    for i, (_, window) in enumerate(cases):
        assert torch.equal(tokens(made[i]), tokens(fast_steps(stepper, window()))), "drawn and all"


@torch.inference_mode()
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_company_changes_no_bit_of_the_logits(dtype):
    """At the bundled model's width, where a product may be split up otherwise than in a tiny one."""
    lm = make(LMConfig(codebooks=4, codebook_size=1024, dim=384, layers=2, heads=6, ffn_dim=1536, text_dim=24))
    stepper = Stepper(lm.to(dtype))
    guidances = [3.0, 1.0, 3.0, 3.0, 1.0, 3.0, 3.0]
    tracks = [stepper.open(Window(conditions("text", i, 30, i + 2, i == 3), pattern("delay", 4), 30, guidance=guidance))
              for i, guidance in enumerate(guidances)]  # fmt: skip
    for _ in range(5):
        assert not stepper.advance(tracks)
    groups = stepper._groups(tracks)
    if torch.backends.mkldnn.is_available() and dtype == torch.float32:
        assert [len(group) for group in groups] == [5, 2], "eight rows share a reading"
    for group in groups:
        for track, logits in zip(group, stepper._logits(group), strict=True):
            assert torch.equal(logits, stepper._logits([track])[0])


def test_products_that_depend_on_the_company_are_not_shared():
    class Fickle(Plain):
        def apply(self, x):
            return super().apply(x) + (1e-6 if len(x) > 2 else 0)

    assert rows_agree(matrix(torch.randn(64, 32)), 32, 8) or not torch.backends.mkldnn.is_available()
    assert not rows_agree(Fickle(torch.randn(64, 32)), 32, 8)
    stepper = Stepper(LMS["text"], Fickle)
    tracks = [stepper.open(Window(conditions("text", i, 8, 4), pattern("delay", 4), 8)) for i in range(3)]
    assert not stepper.advance(tracks)
    assert [len(group) for group in stepper._groups(tracks)] == [1, 1, 1]


# -- the batch -------------------------------------------------------------------------------------------------------


def test_a_longer_text_that_joins_changes_nothing_for_those_who_decode_already():
    def asked(words: int) -> Window:
        return Window(conditions("text", words, 20, words), pattern("delay", 4), 20, params=SamplingParams(greedy=True))

    batch = Batch(LMS["text"], slots=4)
    short = batch.open(asked(5))
    assert not batch.advance([short])
    long = batch.open(asked(40))  # more than there was room for
    while not (short.done and long.done):
        assert not batch.advance([short, long])
    for seat, words in ((short, 5), (long, 40)):
        assert torch.equal(tokens(seat.take()), tokens(decode_steps(LMS["text"], asked(words))))


@pytest.mark.parametrize("kind", CONFIGS)
def test_all_patterns_side_by_side_in_one_batch(kind):
    def asked(name: str) -> Window:
        return Window(
            conditions(kind, 3, 20, 5), pattern(name, CONFIGS[kind].codebooks), 20, params=SamplingParams(greedy=True)
        )

    batch = Batch(LMS[kind], slots=16)
    seats = {name: batch.open(asked(name)) for name in PATTERNS}
    while not all(seat.done for seat in seats.values()):
        assert not batch.advance(seats.values())
    for name, seat in seats.items():
        assert torch.equal(tokens(seat.take()), tokens(decode_steps(LMS[kind], asked(name)))), name


@settings(max_examples=40)
@given(st.sampled_from(tuple(CONFIGS)).flatmap(lambda kind: st.lists(windows((kind,)), min_size=1, max_size=7)),
       st.integers(0, 99), st.sampled_from([1, 3, 8]))  # fmt: skip
def test_a_batch_equals_the_loop_whoever_joins_leaves_or_stands_still(cases, seed, at_once):
    kind, chance = cases[0][0], random.Random(seed)
    batch = Batch(LMS[kind], slots=4, steps_at_once=at_once)
    todo, seats, made = list(range(len(cases))), {}, {i: [] for i in range(len(cases))}
    cancelled = {i for i in todo if chance.random() < 0.2}
    while todo or seats:
        while todo and len(seats) < 4 and (chance.random() < 0.5 or not seats):
            seats[i] = batch.open(cases[i := todo.pop(0)][1]())
        assert not batch.advance([seat for seat in seats.values() if chance.random() < 0.8])
        for i, seat in list(seats.items()):
            made[i] += seat.take()
            if seat.done or (i in cancelled and chance.random() < 0.3):
                seat.close()
                del seats[i]
    for i, (_, window) in enumerate(cases):
        expected = list(decode_steps(LMS[kind], window()))
        if i not in cancelled:
            assert len(made[i]) == len(expected)
        for (s, held), (t, other) in zip(made[i], expected, strict=False):
            assert s == t and torch.equal(held, other)


def test_a_window_as_long_as_the_batch_is_drawn_once():
    """Whoever has run out while others go on stands where everything is known."""
    def asked(seed: int) -> Window:
        return Window(conditions("text", seed, 253, 4), pattern("delay", 4), 253,
                      generator=torch.Generator().manual_seed(seed))  # fmt: skip

    batch = Batch(LMS["text"], slots=2)
    seats = [batch.open(asked(0))]
    assert seats[0].score.steps == 256
    assert not batch.advance(seats)
    seats.append(batch.open(asked(1)))
    while not all(seat.done for seat in seats):
        assert not batch.advance(seats)
    for seed, seat in enumerate(seats):
        assert torch.equal(tokens(seat.take()), tokens(decode_steps(LMS["text"], asked(seed)))), seed


def test_a_batch_gives_back_the_length_that_somebody_asked_for_once():
    def run(frames: int) -> torch.Tensor:
        seat = batch.open(window := Window(conditions("text", 1, frames, 4), pattern("delay", 4), frames,
                                           params=SamplingParams(greedy=True)))  # fmt: skip
        while not seat.done:
            assert not batch.advance([seat])
        seat.close()
        return torch.equal(tokens(seat.take()), tokens(decode_steps(LMS["text"], window)))

    batch = Batch(LMS["text"], slots=2)
    assert run(1_200)
    long, needed = batch._size[1], batch.bytes_needed(50)
    assert run(50)
    assert batch._size[1] * SPARE < long and needed == batch.bytes_needed(50) + sum(
        tensor.numel() * tensor.element_size() for tensor in batch._state.values()
    )
    assert run(300) and run(50), "a little longer is kept"
    assert batch._size[1] > 256


def test_a_batch_that_fails_fails_all_its_seats_and_starts_anew(monkeypatch):
    batch = Batch(LMS["text"], slots=2)
    window = Window(conditions("text", 0, 8, 4), pattern("delay", 4), 8)
    seats = [batch.open(window) for _ in range(2)]
    with monkeypatch.context() as patch:
        patch.setattr(batch.network, "logits", lambda *_: 1 / 0)
        assert isinstance(batch.advance(seats[:1])[seats[0]], ZeroDivisionError)
    assert seats[1] in batch.advance(seats[1:])
    again = batch.open(window)
    while not again.done:
        assert not batch.advance([again])
    assert len(again.take()) == 11
    with pytest.raises(ValueError, match="slots are taken"):
        [batch.open(window) for _ in range(2)]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([0.3, 1.0, 2.0]), st.integers(0, 20), st.sampled_from([0.0, 0.3, 0.9, 1.0]),
                          st.booleans()), min_size=1, max_size=4), st.integers(0, 999))  # fmt: skip
def test_sampling_each_equals_sampling_one(settings_of, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(len(settings_of), 4, 16, generator=generator)
    noise = torch.empty(logits.shape).exponential_(generator=generator)
    temperature, top_k, top_p, greedy = zip(*settings_of, strict=True)
    got = sample_each(
        logits, torch.tensor(temperature)[:, None, None].expand(-1, 4, 1),
        torch.tensor([min(k, 16) or 16 for k in top_k])[:, None, None], torch.tensor(top_p)[:, None, None],
        torch.tensor(greedy)[:, None], noise,
    )
    for i, (t, k, p, g) in enumerate(settings_of):
        assert torch.equal(got[i], sample(logits[i], SamplingParams(t, k, p, g), noise[i]))


# -- the parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [Plain, Columns, Packed])
@pytest.mark.parametrize("rows", [1, 2, 3, 16])
@pytest.mark.parametrize("shape", [(7, 5), (96, 64)])
def test_every_form_of_a_matrix_is_the_same_product(form, rows, shape):
    if form is Packed and not torch.backends.mkldnn.is_available():
        pytest.skip("oneDNN is not part of this torch")
    generator = torch.Generator().manual_seed(rows)
    weight, x = torch.randn(shape, generator=generator), torch.randn(rows, shape[1], generator=generator)
    to = torch.randn(rows, shape[0], generator=generator)
    expected = x @ weight.t()
    chosen = form(weight)
    torch.testing.assert_close(chosen.apply(x), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(chosen.add(x, to), to + expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(chosen.gelu(x), torch.nn.functional.gelu(expected), atol=1e-5, rtol=1e-5)


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.sampled_from([1e-3, 0.05, 3.0]), st.integers(1, 40))
def test_weights_on_the_grid_are_near_exact_in_half_precision_and_known_again(seed, scale, rows):
    weight = torch.randn(rows, 64, generator=torch.Generator().manual_seed(seed)) * scale
    weight[0] = 0.0
    rounded = on_grid(weight)
    assert ((rounded - weight).abs().amax(1) <= weight.abs().amax(1) / 127 * 0.57).all(), "half a step, or a bit more"
    assert torch.equal(rounded.half().float(), rounded) and torch.equal(on_grid(rounded), rounded)
    assert isinstance(matrix(rounded), Bytes) == READS_BYTES
    assert not isinstance(matrix(weight), Bytes) or not weight.any()


@pytest.mark.skipif(not READS_BYTES, reason="this chip reads no bytes")
@pytest.mark.parametrize("rows", [1, 2, 3, 8])
def test_a_product_of_bytes_is_near_and_does_not_depend_on_company(rows):
    generator = torch.Generator().manual_seed(rows)
    weight = on_grid(torch.randn(96, 64, generator=generator))
    x, to = torch.randn(rows, 64, generator=generator), torch.randn(rows, 96, generator=generator)
    chosen, expected = matrix(weight), x @ weight.t()
    assert isinstance(chosen, Bytes) and rows_agree(chosen, 64, 8)
    for got, wanted in ((chosen.apply(x), expected), (chosen.add(x, to), to + expected),
                        (chosen.gelu(x), torch.nn.functional.gelu(expected))):
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, wanted, atol=0.1, rtol=0.02)  # of values of about 8


@pytest.mark.skipif(not READS_BYTES, reason="this chip reads no bytes")
def test_a_model_on_the_grid_is_decoded_from_bytes_nearly_as_the_loop_does():
    lm = copy.deepcopy(LMS["text"])
    round_to_grid(lm.matrices)
    window = Window(conditions("text", 1, FRAMES, 4), pattern("delay", 4), FRAMES, params=SamplingParams(greedy=True))
    stepper = Stepper(lm)
    track = stepper.open(window)
    while not track.ready:
        stepper.advance([track])
    inputs = track._score.inputs[None, :, : track._made + 1].expand(track.rows, -1, -1)
    with torch.inference_mode():
        (logits,) = stepper._logits([track])
        slow = lm(inputs, track._score.prepared, None, None, track._score.features[: track._made + 1])[:, :, -1]
    assert logits is not None and (logits - slow).abs().max() < 0.03 * slow.abs().max()
    same = (tokens(fast_steps(Stepper(lm), window)) == tokens(fast_steps(Stepper(lm), window))).all()
    assert bool(same), "the same again, bit for bit"


def test_float16_on_a_cpu_is_left_as_it_is():
    assert type(matrix(torch.randn(4, 4).half())) is Plain


def test_attention_by_another_name_is_refused(monkeypatch):
    cpu = torch.device("cpu")
    assert choose_attention(cpu) is by_sdpa and choose_attention(cpu, "xformers") is by_sdpa
    monkeypatch.setenv("MUSICGEN_ATTENTION", "magic")
    with pytest.raises(ValueError, match="'sdpa' or 'xformers'"):
        choose_attention(cpu)


def test_xformers_is_tried_before_it_is_used(monkeypatch, caplog):
    """It can be imported where it has no kernel for the GPU, and would then fail at every step."""
    def refuse(*_):
        raise NotImplementedError("No operator found")

    monkeypatch.setattr(attention, "by_xformers", refuse)
    monkeypatch.setattr(torch, "zeros", lambda *shape, **_: torch.ones(shape))  # there need be no GPU
    assert choose_attention(torch.device("cuda"), "xformers") is by_sdpa
    assert "No operator found" in caplog.text
