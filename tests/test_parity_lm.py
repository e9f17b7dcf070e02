"""Our language model against transformers' on the same random weights: the structure of the released models, small."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from musicgen.compat import guard_torchaudio
from musicgen.conditions import Conditions
from musicgen.config import LMConfig
from musicgen.decoding import Window, decode
from musicgen.lm import LM
from musicgen.patterns import get_pattern
from musicgen.sampling import SamplingParams
from musicgen.weights import lm_state_from_reference, lm_state_from_transformers

guard_torchaudio()  # before transformers is imported

LAYERS, DIM, HEADS, FFN, TEXT_DIM, V = 2, 128, 2, 256, 48, 64
FRAMES = 56
MELODY_FRAMES = 235
GREEDY = SamplingParams(greedy=True)


def codec_config():
    from transformers import EncodecConfig

    return EncodecConfig(
        sampling_rate=32_000, target_bandwidths=[2.2], codebook_size=V, num_filters=2, hidden_size=8,
        upsampling_ratios=[8, 5, 4, 4], num_lstm_layers=1,
    )


def decoder_config(kind, codebooks: int, channels: int):
    return kind(
        vocab_size=V, num_hidden_layers=LAYERS, hidden_size=DIM, num_attention_heads=HEADS, ffn_dim=FFN,
        num_codebooks=codebooks, audio_channels=channels, pad_token_id=V, bos_token_id=V, activation_function="gelu",
    )


def make(melody: bool, stereo: bool):
    """(transformers' model, ours) with the same random weights, larger than the usual start so that they matter."""
    import transformers as tf

    codebooks = 8 if stereo else 4
    text = tf.T5Config(vocab_size=40, d_model=TEXT_DIM, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    if melody:
        config = tf.MusicgenMelodyConfig(
            text_encoder=text.to_dict(), audio_encoder=codec_config().to_dict(), num_chroma=12,
            chroma_length=MELODY_FRAMES,
            decoder=decoder_config(tf.MusicgenMelodyDecoderConfig, codebooks, 1 + stereo).to_dict(),
        )
        theirs = tf.MusicgenMelodyForConditionalGeneration(config)
    else:
        config = tf.MusicgenConfig(
            text_encoder=text.to_dict(), audio_encoder=codec_config().to_dict(),
            decoder=decoder_config(tf.MusicgenDecoderConfig, codebooks, 1 + stereo).to_dict(),
        )
        theirs = tf.MusicgenForConditionalGeneration(config)
    theirs.eval()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            if name.startswith(("decoder.", "enc_to_dec", "audio_enc_to_dec")):
                std = 1.0 if "embed_tokens" in name else 0.15 if parameter.dim() > 1 else 0.3
                mean = 1.0 if "norm.weight" in name else 0.0
                parameter.copy_(mean + std * torch.randn(parameter.shape, generator=generator))
    ours = LM(LMConfig(
        codebooks=codebooks, codebook_size=V, dim=DIM, layers=LAYERS, heads=HEADS, ffn_dim=FFN, text_dim=TEXT_DIM,
        cross_attention=not melody, melody_bins=12 if melody else 0, melody_frames=MELODY_FRAMES,
    )).eval()
    ours.load_state_dict(lm_state_from_transformers(theirs.state_dict(), LAYERS))
    return theirs, ours


@pytest.fixture(scope="module")
def text_pair():
    return make(melody=False, stereo=False)


@pytest.fixture(scope="module")
def melody_pair():
    return make(melody=True, stereo=False)


@pytest.fixture(scope="module")
def stereo_pair():
    return make(melody=False, stereo=True)


@pytest.fixture(scope="module")
def stereo_melody_pair():
    return make(melody=True, stereo=True)


def prompts(rows: int) -> Conditions:
    """Random states of prompts of unequal length."""
    generator = torch.Generator().manual_seed(11)
    lengths = torch.tensor([5, 9, 3])[:rows]
    text = torch.randn(rows, int(lengths.max()), TEXT_DIM, generator=generator)
    mask = torch.arange(text.shape[1]) < lengths[:, None]
    return Conditions(text * mask[..., None], mask)


def random_tokens(rows: int, codebooks: int) -> Tensor:
    """[B, K, 40], the special token among them."""
    return torch.randint(V + 1, (rows, codebooks, 40), generator=torch.Generator().manual_seed(13))


def melodies(rows: int) -> Tensor:
    generator = torch.Generator().manual_seed(12)
    return torch.nn.functional.one_hot(torch.randint(12, (rows, MELODY_FRAMES), generator=generator), 12).float()


def row(conditions: Conditions, i: int) -> Conditions:
    """One row as if it had come alone."""
    length = int(conditions.text_length[i])
    return Conditions(
        conditions.text[i : i + 1, :length], conditions.text_mask[i : i + 1, :length],
        None if conditions.melody is None else conditions.melody[i : i + 1],
    )


def their_greedy(theirs, monkeypatch, conditions: Conditions) -> Tensor:
    """Codes [B, K, T] of transformers' own generate with guidance 3; ready states stand in for the text encoder."""
    from transformers.modeling_outputs import BaseModelOutput

    # generate(encoder_outputs=...) would drop the null row, so the encoder itself gives way.
    monkeypatch.setattr(
        theirs.text_encoder, "forward",
        lambda input_ids=None, attention_mask=None, **_: BaseModelOutput(last_hidden_state=conditions.text),
    )
    codes: list[Tensor] = []

    def keep(audio_codes, **_):  # generate ends in the codec; the codes are what we are after
        codes.append(audio_codes[0])
        return SimpleNamespace(audio_values=torch.zeros(audio_codes.shape[1], 1, 1))

    monkeypatch.setattr(theirs.audio_encoder, "decode", keep)
    melody = {} if conditions.melody is None else {"input_features": conditions.melody}
    with torch.no_grad():
        theirs.generate(
            input_ids=torch.ones(conditions.text.shape[:2], dtype=torch.long),
            attention_mask=conditions.text_mask.long(), do_sample=False, guidance_scale=3.0,
            max_new_tokens=FRAMES + 3, **melody,  # 3: the longest delay, of mono and of stereo
        )
    if len(codes) == 2:  # stereo: left, then right
        return torch.stack(codes, dim=2).flatten(1, 2)
    return codes[0]


def our_greedy(ours: LM, conditions: Conditions) -> Tensor:
    pattern = get_pattern("stereo_partial_delay" if ours.config.codebooks == 8 else "delay", ours.config.codebooks)
    return decode(ours, Window(conditions, pattern, FRAMES, params=GREEDY, guidance=3.0))


def assert_lively(codes: Tensor) -> None:
    """A comparison of constant sequences would prove little."""
    changes = (codes[..., 1:] != codes[..., :-1]).float().mean((-2, -1))
    assert changes.min() > 0.2


@pytest.mark.parametrize("rows", [1, 3])
def test_text_greedy_tokens(text_pair, monkeypatch, rows):
    theirs, ours = text_pair
    conditions = prompts(rows)
    expected = their_greedy(theirs, monkeypatch, conditions)
    assert expected.shape == (rows, 4, FRAMES)
    assert_lively(expected)
    for i in range(rows):
        assert torch.equal(our_greedy(ours, row(conditions, i)), expected[i])


@pytest.mark.parametrize("rows", [1, 3])
def test_stereo_greedy_tokens(stereo_pair, monkeypatch, rows):
    theirs, ours = stereo_pair
    conditions = prompts(rows)
    expected = their_greedy(theirs, monkeypatch, conditions)
    assert expected.shape == (rows, 8, FRAMES)
    assert_lively(expected)
    for i in range(rows):
        assert torch.equal(our_greedy(ours, row(conditions, i)), expected[i])


@pytest.mark.parametrize("pair", ["melody_pair", "stereo_melody_pair"])
def test_melody_greedy_tokens(pair, request, monkeypatch):
    # Each row alone on their side: transformers lets the padding of a longer neighbour into the prefix.
    theirs, ours = request.getfixturevalue(pair)
    conditions = replace(prompts(3), melody=melodies(3))
    for i in range(3):
        alone = row(conditions, i)
        expected = their_greedy(theirs, monkeypatch, alone)[0]
        assert_lively(expected)
        assert torch.equal(our_greedy(ours, alone), expected)


def test_text_logits(text_pair):
    from transformers.modeling_outputs import BaseModelOutput

    theirs, ours = text_pair
    conditions = prompts(3)
    both = Conditions.cat([conditions, conditions.null()])
    tokens = random_tokens(6, 4)
    with torch.no_grad():
        expected = theirs(
            encoder_outputs=BaseModelOutput(last_hidden_state=both.text), attention_mask=both.text_mask.long(),
            decoder_input_ids=tokens.flatten(0, 1),
        ).logits.view(6, 4, -1, V)
        torch.testing.assert_close(ours(tokens, both), expected, atol=1e-4, rtol=0)


def test_melody_logits_of_unequal_rows_in_one_batch(melody_pair):
    # Theirs one row at a time, by hand: project, mask, put [melody, text] in front. Ours all at once.
    theirs, ours = melody_pair
    conditions = replace(prompts(3), melody=melodies(3))
    both = Conditions.cat([conditions, conditions.null()])
    tokens = random_tokens(6, 4)
    with torch.no_grad():
        got = ours(tokens, both)
        for i in range(6):
            alone = row(both, i)
            text = theirs.enc_to_dec_proj(alone.text) * alone.text_mask[..., None]
            prefix = torch.cat([theirs.audio_enc_to_dec_proj(alone.melody), text], dim=1)
            expected = theirs.decoder(input_ids=tokens[i], encoder_hidden_states=prefix).logits.view(4, -1, V)
            torch.testing.assert_close(got[i], expected[:, -tokens.shape[2] :], atol=1e-4, rtol=0)


def test_stereo_logits(stereo_pair):
    theirs, ours = stereo_pair
    conditions, tokens = prompts(3), random_tokens(3, 8)
    with torch.no_grad():
        text = theirs.enc_to_dec_proj(conditions.text) * conditions.text_mask[..., None]
        expected = theirs.decoder(
            input_ids=tokens.flatten(0, 1), encoder_hidden_states=text,
            encoder_attention_mask=conditions.text_mask.long(),
        ).logits.view(3, 8, -1, V)
        torch.testing.assert_close(ours(tokens, conditions), expected, atol=1e-4, rtol=0)


def test_melody_and_prompt_change_the_logits(melody_pair):
    _, ours = melody_pair
    conditions, tokens = replace(prompts(1), melody=melodies(1)), random_tokens(1, 4)
    others = (
        replace(conditions, text=-conditions.text),
        replace(conditions, melody=conditions.melody.flip(1)),
        replace(conditions, melody=None),
    )
    with torch.no_grad():
        base = ours(tokens, conditions)
        for other in others:
            assert (ours(tokens, other) - base).abs().max() > 1e-2


@pytest.mark.parametrize("pair", ["text_pair", "melody_pair"])
def test_reference_names_give_the_same_weights(pair, request):
    """Their state renamed to the reference implementation's keys, as in the table of the two formats."""
    theirs, ours = request.getfixturevalue(pair)
    reference: dict[str, Tensor] = {}
    split: dict[str, dict[str, Tensor]] = {}
    for name, tensor in theirs.state_dict().items():
        if not name.startswith(("decoder.", "enc_to_dec", "audio_enc_to_dec")):
            continue
        for old, new in (
            ("audio_enc_to_dec_proj", "condition_provider.conditioners.self_wav.output_proj"),
            ("enc_to_dec_proj", "condition_provider.conditioners.description.output_proj"),
            ("decoder.lm_heads", "linears"), ("decoder.model.decoder.embed_tokens", "emb"),
            ("decoder.model.decoder.layers", "transformer.layers"), ("decoder.model.decoder.layer_norm", "out_norm"),
            ("encoder_attn_layer_norm", "norm_cross"), ("self_attn_layer_norm", "norm1"), ("final_layer_norm", "norm2"),
            ("encoder_attn", "cross_attention"), ("fc1", "linear1"), ("fc2", "linear2"),
        ):
            name = name.replace(old, new)
        if name.endswith(("q_proj.weight", "k_proj.weight", "v_proj.weight")):
            split.setdefault(name[: -len("q_proj.weight")], {})[name[-len("q_proj.weight")]] = tensor
        else:
            reference[name] = tensor
    for base, parts in split.items():
        reference[base + "in_proj_weight"] = torch.cat([parts[part] for part in "qkv"])
    converted = lm_state_from_reference(reference, LAYERS)
    expected = ours.state_dict()
    assert converted.keys() == expected.keys()
    assert all(torch.equal(converted[name], expected[name]) for name in expected)


def test_a_missing_weight_is_named(text_pair):
    theirs, _ = text_pair
    state = theirs.state_dict()
    del state["decoder.model.decoder.layers.1.fc1.weight"]
    with pytest.raises(ValueError, match="layers.1.fc1.weight"):
        lm_state_from_transformers(state, LAYERS)
