"""The language model: what each input may and may not change, and that the cache changes nothing."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from musicgen.conditions import Conditions, null_melody
from musicgen.config import LMConfig
from musicgen.lm import LM, sinusoid
from musicgen.patterns import PATTERN_NAMES, get_pattern
from musicgen.transformer import causal_mask

POCKET = LMConfig(
    codebooks=4, codebook_size=32, dim=64, layers=2, heads=2, ffn_dim=128, text_dim=24, aligned_dim=7
)
MELODY = replace(POCKET, cross_attention=False, melody_bins=12, melody_frames=9, aligned_dim=0)
TEXT = replace(POCKET, aligned_dim=0)
TOLD = {"told": replace(POCKET, told_pattern=True), "told melody": replace(MELODY, told_pattern=True)}
KINDS = {"pocket": POCKET, "melody": MELODY, "text": TEXT, **TOLD}
STEPS = 10
FEATURES = get_pattern("delay", 4).layout(STEPS - 3).features


def make(config: LMConfig) -> LM:
    lm = LM(config).eval()
    lm.init_weights(1)
    with torch.no_grad():
        for parameter in lm.parameters():  # larger than a fresh start, so that everything matters
            if parameter.dim() > 1:
                parameter.mul_(4)
    return lm


MODELS = {name: make(config) for name, config in KINDS.items()}
each_kind = pytest.mark.parametrize("kind", list(KINDS))


def inputs(config: LMConfig, lengths: tuple[int, ...] = (5, 2, 0), seed: int = 0):
    """(tokens, conditions, step_aligned) of rows with texts of ``lengths``; 0 is the null text."""
    generator = torch.Generator().manual_seed(seed)
    rows = len(lengths)
    text = torch.randn(rows, max(1, *lengths), config.text_dim, generator=generator)
    mask = torch.arange(text.shape[1]) < torch.tensor(lengths)[:, None]
    melody = None
    if config.melody_bins:
        classes = torch.randint(12, (rows, config.melody_frames), generator=generator)
        melody = torch.nn.functional.one_hot(classes, 12).float()
    tokens = torch.randint(config.codebook_size + 1, (rows, config.codebooks, STEPS), generator=generator)
    aligned = torch.randn(rows, STEPS, config.aligned_dim, generator=generator) if config.aligned_dim else None
    return tokens, Conditions(text, mask, melody), aligned


def run(kind: str, tokens, conditions, aligned=None, cache=None, features=FEATURES) -> torch.Tensor:
    with torch.no_grad():
        return MODELS[kind](tokens, conditions, aligned, cache, features)


@each_kind
def test_shape_and_finiteness(kind):
    tokens, conditions, aligned = inputs(KINDS[kind])
    logits = run(kind, tokens, conditions, aligned)
    assert logits.shape == (3, 4, STEPS, 32)
    assert torch.isfinite(logits).all()


@each_kind
def test_a_step_sees_only_itself_and_the_past(kind):
    tokens, conditions, aligned = inputs(KINDS[kind])
    changed = tokens.clone()
    changed[:, 2, 6] = (changed[:, 2, 6] + 1) % 32
    difference = (run(kind, tokens, conditions, aligned) - run(kind, changed, conditions, aligned)).abs()
    assert difference[:, :, :6].max() == 0
    assert difference[:, :, 6:].amax((0, 1, 3)).min() > 1e-4


@each_kind
@pytest.mark.parametrize("cuts", [(1,) * STEPS, (4, 1, 5), (STEPS,)])
def test_the_cache_changes_nothing(kind, cuts):
    lm = MODELS[kind]
    tokens, conditions, aligned = inputs(KINDS[kind])
    with torch.no_grad():
        prepared = lm.prepare(conditions)
        cache = lm.new_cache(prepared, STEPS)
        parts, start = [], 0
        for cut in cuts:
            piece = slice(start, start + cut)
            steered = None if aligned is None else aligned[:, piece]
            parts.append(lm(tokens[:, :, piece], prepared, steered, cache, FEATURES[piece]))
            start += cut
    whole = run(kind, tokens, conditions, aligned)
    torch.testing.assert_close(torch.cat(parts, dim=2), whole, atol=1e-5, rtol=1e-5)


@each_kind
def test_a_row_does_not_depend_on_its_company(kind):
    tokens, conditions, aligned = inputs(KINDS[kind], (5, 2, 4, 0))
    together = run(kind, tokens, conditions, aligned)
    for i in range(4):
        length = int(conditions.text_length[i])
        alone = Conditions(
            conditions.text[i : i + 1, :length], conditions.text_mask[i : i + 1, :length],
            None if conditions.melody is None else conditions.melody[i : i + 1],
        )
        expected = run(kind, tokens[i : i + 1], alone, None if aligned is None else aligned[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], expected, atol=1e-5, rtol=1e-5)


@each_kind
def test_what_lies_under_the_mask_has_no_effect(kind):
    tokens, conditions, aligned = inputs(KINDS[kind])
    noisy = conditions.text + 100 * torch.randn_like(conditions.text) * ~conditions.text_mask[..., None]
    other = Conditions(noisy, conditions.text_mask, conditions.melody)
    assert torch.equal(run(kind, tokens, conditions, aligned), run(kind, tokens, other, aligned))


@pytest.mark.parametrize("kind", ["text", "pocket", "told"])
def test_a_null_text_gets_exactly_nothing_from_the_cross_attention(kind):
    tokens, conditions, aligned = inputs(KINDS[kind])
    null = run(kind, tokens, conditions.null(), aligned)
    lm = make(KINDS[kind])
    with torch.no_grad():
        for layer in lm.transformer.layers:
            layer.cross_attn.out.weight.zero_()
        assert torch.equal(null, lm(tokens, conditions, aligned, None, FEATURES))
        # No row attends to nothing: not every kernel survives a softmax over nothing.
        assert lm.prepare(conditions.null()).text_mask.any(1).all()


@each_kind
def test_prompt_melody_and_aligned_each_change_the_logits(kind):
    tokens, conditions, aligned = inputs(KINDS[kind], (5,))
    base = run(kind, tokens, conditions, aligned)
    changes = [(replace(conditions, text=-conditions.text), aligned), (conditions.null(), aligned)]
    if aligned is not None:
        changes += [(conditions, aligned.flip(1)), (conditions, None)]
    if conditions.melody is not None:
        changes += [(replace(conditions, melody=conditions.melody.flip(1)), aligned),
                    (replace(conditions, melody=None), aligned)]
    for changed, features in changes:
        assert (run(kind, tokens, changed, features) - base).abs().max() > 1e-3


def test_aligned_features_steer_from_their_step_on():
    tokens, conditions, aligned = inputs(POCKET, (5,))
    changed = aligned.clone()
    changed[:, 4] += 1
    difference = (run("pocket", tokens, conditions, aligned) - run("pocket", tokens, conditions, changed)).abs()
    assert difference[:, :, :4].max() == 0 and difference[:, :, 4].max() > 1e-3


def test_no_aligned_features_are_zeros_and_no_melody_is_the_null_melody():
    tokens, conditions, aligned = inputs(POCKET)
    assert torch.equal(run("pocket", tokens, conditions), run("pocket", tokens, conditions, torch.zeros_like(aligned)))
    tokens, conditions, _ = inputs(MELODY)
    null = replace(conditions, melody=null_melody(conditions.melody))
    assert torch.equal(run("melody", tokens, replace(conditions, melody=None)), run("melody", tokens, null))


@pytest.mark.parametrize("kind", TOLD)
def test_a_model_that_is_told_its_pattern_hears_it_from_that_step_on(kind):
    tokens, conditions, aligned = inputs(KINDS[kind])
    base = run(kind, tokens, conditions, aligned)
    changed = FEATURES.clone()
    changed[4:] = get_pattern("parallel", 4).layout(STEPS).features[4:]
    difference = (base - run(kind, tokens, conditions, aligned, features=changed)).abs()
    assert difference[:, :, :4].max() == 0 and difference[:, :, 4].amax((1, 2)).min() > 1e-3, "in every row"
    # Not told, it hears the same as with features of zeros.
    nothing = run(kind, tokens, conditions, aligned, features=None)
    assert torch.equal(nothing, run(kind, tokens, conditions, aligned, features=torch.zeros_like(FEATURES)))
    assert not torch.equal(nothing, base)


@pytest.mark.parametrize("kind", TOLD)
def test_any_two_patterns_give_other_logits(kind):
    tokens, conditions, aligned = inputs(KINDS[kind], (3,))
    # Longer than what is read: none of them is near its end. Some differ in nothing but a name for stereo.
    names = [name for name in PATTERN_NAMES if name != "stereo_delay"] + ["0,3,1,1", "2|1,3|4"]
    told = [get_pattern(name, 4).layout(20).features[:STEPS] for name in names]
    logits = [run(kind, tokens, conditions, aligned, features=features) for features in told]
    for i, j in itertools.combinations(range(len(names)), 2):
        assert (logits[i] - logits[j]).abs().max() > 1e-3, (names[i], names[j])


@pytest.mark.parametrize("kind", ["pocket", "melody", "text"])
def test_a_model_that_is_not_told_takes_no_notice_of_features(kind):
    tokens, conditions, aligned = inputs(KINDS[kind])
    assert torch.equal(run(kind, tokens, conditions, aligned), run(kind, tokens, conditions, aligned, features=None))
    assert not any("pattern" in name for name in MODELS[kind].state_dict())


def test_positions_by_hand():
    got = sinusoid(torch.tensor([0, 3]), 6)
    frequency = [1.0, 10_000 ** -0.5, 1e-4]
    expected = [[1, 1, 1, 0, 0, 0], [math.cos(3 * f) for f in frequency] + [math.sin(3 * f) for f in frequency]]
    torch.testing.assert_close(got, torch.tensor(expected, dtype=torch.float32))


@given(st.integers(1, 5), st.integers(0, 5), st.lists(st.integers(0, 4), min_size=1, max_size=3))
def test_the_mask_against_its_definition(new, past, padding):
    mask = causal_mask(new, past, torch.tensor(padding), torch.device("cpu"))
    for b, left in enumerate(padding):
        for query in range(past, past + new):
            for key in range(past + new):
                seen = key == query or left <= key <= query
                assert bool(mask[b, 0, query - past, key]) == seen


def test_every_weight_learns():
    # Against a batch where every kind of condition is present.
    for kind, config in KINDS.items():
        lm = LM(config)
        lm.init_weights(0)
        tokens, conditions, aligned = inputs(config, (5, 2))
        lm(tokens, conditions, aligned, None, FEATURES).logsumexp(-1).sum().backward()
        for name, parameter in lm.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().max() > 0, (kind, name)


def test_fresh_weights_depend_on_the_seed_alone_and_start_near_the_uniform_distribution():
    first, again, other = LM(POCKET), LM(POCKET), LM(POCKET)
    for lm, seed in ((first, 3), (again, 3), (other, 4)):
        lm.init_weights(seed)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.emb.weight, other.emb.weight)
    tokens, conditions, aligned = inputs(POCKET)
    with torch.no_grad():
        entropy = torch.distributions.Categorical(logits=first(tokens, conditions, aligned)).entropy()
    assert entropy.mean() > 0.95 * math.log(32)


def test_wrong_shapes_are_refused_in_words():
    tokens, conditions, _ = inputs(MELODY)
    with pytest.raises(ValueError, match="expects tokens"):
        run("melody", tokens[:, :2], conditions)
    with pytest.raises(ValueError, match="melody must be"):
        run("melody", tokens, replace(conditions, melody=conditions.melody[:, :5]))
    with pytest.raises(ValueError, match="text mask"):
        Conditions(conditions.text, conditions.text_mask[:, 1:])
    with pytest.raises(ValueError, match="3 rows of text, 2 of melody"):
        replace(conditions, melody=conditions.melody[:2])
    with torch.no_grad():
        prepared = MODELS["melody"].prepare(conditions)
        with pytest.raises(ValueError, match="allocate a longer one"):
            run("melody", tokens, prepared, cache=MODELS["melody"].new_cache(prepared, STEPS - 1))


def test_conditions_joined_keep_every_row():
    _, first, _ = inputs(MELODY, (5, 2))
    _, second, _ = inputs(MELODY, (7,), seed=1)
    joined = Conditions.cat([first, replace(second, melody=None)])
    assert joined.text.shape == (3, 7, 24) and joined.text_length.tolist() == [5, 2, 7]
    assert torch.equal(joined.text[:2, :5], first.text) and not joined.text_mask[:2, 5:].any()
    assert torch.equal(joined.melody[2:], null_melody(second.melody))


def test_a_null_takes_the_places_of_the_text_it_stands_beside():
    _, conditions, _ = inputs(MELODY, (5, 2))
    null = conditions.null()
    assert null.text_length.tolist() == [5, 2]
    assert not null.text_mask.any() and not null.text.any()
    assert torch.equal(null.melody, null_melody(conditions.melody))
