"""EnCodec: equal to transformers' on the same weights; stereo; chunks joined equal the whole."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen import codec as codec_module
from musicgen.codec import PIECE, EncodecCodec, EncodecStream, downsampling_context, upsampling_context
from musicgen.codec_weights import codec_state_from_reference, codec_state_from_transformers, fuse_weight_norm
from musicgen.compat import guard_torchaudio
from musicgen.config import EncodecConfig

SMALL = EncodecConfig(n_filters=4, dimension=16, codebook_size=32)


def small_codec(config: EncodecConfig = SMALL, seed: int = 0) -> EncodecCodec:
    torch.manual_seed(seed)
    return EncodecCodec(config)


def transformers_codec(config: EncodecConfig, seed: int = 0):
    """The same structure in transformers, with random weights and codebooks that tell latents apart."""
    guard_torchaudio()
    from transformers import EncodecConfig as TheirConfig
    from transformers import EncodecModel

    torch.manual_seed(seed)
    kilobits = math.ceil(config.frame_rate) * math.ceil(math.log2(config.codebook_size)) * config.codebooks / 1000
    model = EncodecModel(
        TheirConfig(
            sampling_rate=config.sample_rate,
            num_filters=config.n_filters,
            hidden_size=config.dimension,
            codebook_size=config.codebook_size,
            num_residual_layers=config.n_residual_layers,
            upsampling_ratios=list(config.ratios),
            target_bandwidths=[kilobits],
            use_causal_conv=False,
            use_conv_shortcut=False,
            pad_mode=config.pad_mode,
        )
    ).eval()
    assert model.config.num_quantizers == config.codebooks
    audio = torch.randn(1, 1, 3200)
    with torch.no_grad():
        latent = model.encoder(audio)[0]  # [D, T]
    for k, layer in enumerate(model.quantizer.layers):
        book = torch.randn(config.codebook_size, config.dimension) * latent.std(1) / (k + 1)
        layer.codebook.embed.copy_(book + latent.mean(1) if k == 0 else book)
    return model


def compare_with_transformers(config: EncodecConfig, samples: int) -> None:
    theirs = transformers_codec(config)
    ours = EncodecCodec(config)
    ours.load_state_dict(codec_state_from_transformers(theirs.state_dict(), config))
    audio = torch.randn(2, 1, samples) * 0.3
    with torch.no_grad():
        their_codes = theirs.encode(audio).audio_codes[0]
        their_audio = theirs.decode(their_codes[None], [None]).audio_values
    codes = ours.encode(audio)
    assert torch.equal(codes, their_codes)
    assert len(codes.unique()) >= 3  # the comparison is of something
    assert (ours.decode(codes) - their_audio).abs().max() < 1e-4
    assert their_audio.abs().max() > 1e-3


@pytest.mark.parametrize("samples", [640, 3200, 3333])
def test_equals_transformers(samples: int) -> None:
    compare_with_transformers(SMALL, samples)


def test_equals_transformers_with_another_structure() -> None:
    compare_with_transformers(
        EncodecConfig(n_filters=3, dimension=8, codebook_size=16, n_residual_layers=2, ratios=(5, 3, 2)), 1001
    )


def test_equals_transformers_padding_with_zeros() -> None:
    compare_with_transformers(EncodecConfig(n_filters=4, dimension=16, codebook_size=32, pad_mode="constant"), 2000)


def test_equals_transformers_at_the_real_size() -> None:
    config = EncodecConfig()
    theirs = transformers_codec(config)
    ours = EncodecCodec(config)
    ours.load_state_dict(codec_state_from_transformers(theirs.state_dict(), config))
    assert round(sum(p.numel() for p in ours.parameters()) / 1e5) == 569  # 56.9 M
    audio = torch.randn(1, 1, 6400) * 0.3
    with torch.no_grad():
        their_codes = theirs.encode(audio).audio_codes[0]
        their_audio = theirs.decode(their_codes[None], [None]).audio_values
    codes = ours.encode(audio)
    assert torch.equal(codes, their_codes)
    assert (ours.decode(codes) - their_audio).abs().max() < 1e-4
    stream = ours.decoder()
    chunks = torch.cat([stream.push(codes[..., :6]), stream.push(codes[..., 6:]), stream.finish()], -1)
    assert (chunks - their_audio).abs().max() < 1e-4


def test_reference_names() -> None:
    """A checkpoint of the reference implementation: the package's own names, weight norm in two factors."""
    from encodec.modules import SEANetDecoder, SEANetEncoder

    ours = small_codec()
    sizes = {"dimension": 16, "n_filters": 4, "ratios": [8, 5, 4, 4], "norm": "weight_norm", "true_skip": True}
    with pytest.warns(FutureWarning):
        parts = {"encoder": SEANetEncoder(**sizes).eval(), "decoder": SEANetDecoder(**sizes).eval()}
    state = {f"{part}.{key}": value for part, net in parts.items() for key, value in net.state_dict().items()}
    state |= {key: value for key, value in ours.state_dict().items() if key.startswith("quantizer.")}
    state["quantizer.vq.layers.0._codebook.inited"] = torch.ones(1)
    ours.load_state_dict(codec_state_from_reference(state))
    latent = torch.randn(1, 16, 9)
    with torch.no_grad():
        assert torch.allclose(ours.decoder_net(latent), parts["decoder"](latent), atol=1e-6)


def test_weight_norm_by_hand() -> None:
    state = {"a.weight_g": torch.tensor([[[10.0]]]), "a.weight_v": torch.tensor([[[3.0, 4.0]]]), "b": torch.ones(1)}
    fused = fuse_weight_norm(state)
    assert set(fused) == {"a.weight", "b"}
    assert torch.allclose(fused["a.weight"], torch.tensor([[[6.0, 8.0]]]))


def test_shapes_and_attributes() -> None:
    codec = small_codec()
    assert (codec.frame_rate, codec.hop, codec.codebooks, codec.codebook_size) == (50.0, 640, 4, 32)
    codes = codec.encode(torch.randn(2, 1, 641))
    assert codes.shape == (2, 4, 2) and codes.dtype == torch.int64
    assert codec.decode(codes).shape == (2, 1, 1280)
    assert codec.decode(codes[..., :0]).shape == (2, 1, 0)


def test_stereo_is_the_mono_codec_on_each_side() -> None:
    mono = small_codec()
    stereo = EncodecCodec(EncodecConfig(n_filters=4, dimension=16, codebook_size=32, channels=2))
    stereo.load_state_dict(mono.state_dict())
    audio = torch.randn(3, 2, 3000)
    codes = stereo.encode(audio)
    assert stereo.codebooks == 8 and codes.shape == (3, 8, 5)
    assert torch.equal(codes[:, 0::2], mono.encode(audio[:, :1]))  # L1, L2, ...
    assert torch.equal(codes[:, 1::2], mono.encode(audio[:, 1:]))  # R1, R2, ...
    sound = stereo.decode(codes)
    assert sound.shape == (3, 2, 3200)
    assert torch.allclose(sound[:, 1:], mono.decode(codes[:, 1::2]), atol=1e-5)
    stream = stereo.decoder()
    joined = torch.cat([stream.push(codes[..., :4]), stream.push(codes[..., 4:]), stream.finish()], -1)
    assert torch.allclose(joined, sound, atol=1e-5)


def look_ahead(stream: EncodecStream) -> int:
    """Frames that must be known after a frame before it sounds."""
    return stream.latent.after + stream.hidden.after


def test_context_by_hand() -> None:
    """Ratios 8, 5, 4, 4: 3.75 frames ahead, of which the entry takes 3, so a frame waits for 4 others."""
    assert upsampling_context(EncodecConfig()) == (1, 1)
    assert look_ahead(small_codec().decoder()) == 4


@pytest.mark.parametrize(
    "config",
    [SMALL, EncodecConfig(n_filters=2, dimension=8, codebook_size=16, n_residual_layers=3, ratios=(2, 3), lstm=0)],
)
def test_context_is_what_the_network_sees(config: EncodecConfig) -> None:
    """A change of one frame reaches as far as `upsampling_context` and the entry say, and no further."""
    codec = small_codec(config)
    before, after = upsampling_context(config)
    hidden = torch.randn(1, config.n_filters * 2 ** len(config.ratios), 41)
    upsampling = torch.nn.Sequential(*list(codec.decoder_net.model)[2 if config.lstm else 1 :])
    other = hidden.clone()
    other[..., 20] += 1.0
    with torch.no_grad():
        changed = (upsampling(hidden) != upsampling(other))[0, 0].view(41, config.hop).any(1).nonzero()[:, 0]
    # Frame t depends on t - before .. t + after, so frame 20 is seen by 20 - after .. 20 + before.
    assert changed.min() == 20 - after and changed.max() == 20 + before


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=8),
    st.sampled_from([(8, 5, 4, 4), (2, 3), (4,)]),
    st.sampled_from(["reflect", "constant"]),
)
def test_chunks_joined_equal_the_whole(sizes: list[int], ratios: tuple[int, ...], pad_mode: str) -> None:
    config = EncodecConfig(
        n_filters=2, dimension=8, codebook_size=16, ratios=ratios, n_residual_layers=2, pad_mode=pad_mode
    )
    codec = small_codec(config)
    codes = torch.randint(0, 16, (2, 4, sum(sizes)))
    stream, pieces, frames = codec.decoder(), [], 0
    for chunk in codes.split(sizes, -1):
        pieces.append(stream.push(chunk))
        frames += chunk.shape[-1]
        assert sum(p.shape[-1] for p in pieces) == max(0, frames - look_ahead(stream)) * codec.hop
    joined = torch.cat([*pieces, stream.finish()], -1)
    assert joined.shape == (2, 1, sum(sizes) * codec.hop)
    assert torch.allclose(joined, codec.decode(codes), atol=1e-5)


@settings(max_examples=60)
@given(
    st.integers(1, 30), st.integers(0, 999), st.integers(1, 12),
    st.sampled_from([(8, 5, 4, 4), (5, 2, 2, 1), (2, 3), (4,)]), st.integers(1, 3), st.sampled_from([0, 2]),
    st.sampled_from(["reflect", "constant"]),
)  # fmt: skip
def test_a_recording_encoded_in_pieces_equals_the_whole(frames, ragged, piece, ratios, layers, lstm, pad_mode) -> None:
    config = EncodecConfig(
        n_filters=2, dimension=8, codebook_size=16, ratios=ratios, n_residual_layers=layers, lstm=lstm,
        pad_mode=pad_mode,
    )  # fmt: skip
    codec = small_codec(config)
    audio = torch.randn(2, 1, frames * codec.hop - ragged % codec.hop)
    with torch.no_grad(), pytest.MonkeyPatch.context() as patch:
        whole = codec.encoder_net(audio)
        patch.setattr(codec_module, "PIECE", piece)
        pieces = codec.encoded(audio)
    assert pieces.shape == whole.shape == (2, 8, frames)
    assert torch.allclose(pieces, whole, atol=1e-5 * float(whole.abs().max()))


def test_encoding_takes_no_more_memory_for_a_longer_recording() -> None:
    codec = small_codec(EncodecConfig(n_filters=2, dimension=8, codebook_size=16))
    heard: list[int] = []
    codec.encoder_net.model[0].register_forward_hook(lambda _, inputs, out: heard.append(inputs[0].shape[-1]))
    codec.encode(torch.randn(1, 1, 640 * PIECE))
    assert heard == [640 * PIECE], "a short one is read whole"
    codec.encode(torch.randn(1, 1, 640 * 4 * PIECE + 7))
    assert len(heard) == 6 and max(heard) <= 640 * (PIECE + 2 * downsampling_context(codec.config))


def test_stream_holds_a_bounded_number_of_frames() -> None:
    codec = small_codec()
    stream = codec.decoder()
    for _ in range(40):
        stream.push(torch.randint(0, 32, (1, 4, 3)))
    assert stream.latent.held is not None and stream.latent.held.shape[-1] <= 6
    assert stream.hidden.held is not None and stream.hidden.held.shape[-1] <= 2


def test_finish_without_anything() -> None:
    assert small_codec().decoder().finish().shape == (1, 1, 0)


def test_bad_input_gets_a_sentence() -> None:
    codec = small_codec()
    with pytest.raises(ValueError, match="1 channel"):
        codec.encode(torch.zeros(1, 2, 640))
    with pytest.raises(ValueError, match="of 0 samples"):
        codec.encode(torch.zeros(1, 1, 0))
    with pytest.raises(ValueError, match="from 0 to 31"):
        codec.decode(torch.full((1, 4, 3), 32))
    with pytest.raises(ValueError, match="from 0 to 31"):
        codec.decoder().push(torch.full((1, 4, 3), -1))
    for books in (0, 5):
        with pytest.raises(ValueError, match=f"up to 4 codebooks, got {books}"):
            codec.decode(torch.zeros(1, books, 3, dtype=torch.long))


def assert_close_in_half(codec: EncodecCodec, dtype: torch.dtype, decibels: float) -> None:
    """Decoding in ``dtype`` makes the same sound up to its rounding, whole and in chunks; encoding is untouched."""
    codes = torch.randint(0, 32, (2, 4, 60), device=codec.device)
    audio = torch.randn(1, 1, 6_400)
    exact, exact_codes = codec.decode(codes), codec.encode(audio)
    codec.decode_in(dtype)
    stream = codec.decoder()
    joined = torch.cat([*(stream.push(chunk) for chunk in codes.split(7, -1)), stream.finish()], -1)
    for sound in (codec.decode(codes), joined):
        assert sound.dtype == torch.float32 and not torch.equal(sound, exact)
        assert 10 * torch.log10(exact.square().mean() / (sound - exact).square().mean()) > decibels
    assert torch.equal(codec.encode(audio), exact_codes)


def test_decoding_in_half_precision() -> None:
    assert_close_in_half(small_codec(), torch.bfloat16, 25)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("dtype", "decibels"), [(torch.float16, 45), (torch.bfloat16, 25)])
def test_decoding_in_half_precision_on_the_gpu(dtype: torch.dtype, decibels: float) -> None:
    assert_close_in_half(small_codec().cuda(), dtype, decibels)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_the_gpu() -> None:
    codec = small_codec()
    codes = torch.randint(0, 32, (2, 4, 60))
    expected = codec.decode(codes)
    codec.cuda()
    with torch.backends.cudnn.flags(allow_tf32=False):
        whole, stream = codec.decode(codes.cuda()), codec.decoder()
        joined = torch.cat([*(stream.push(chunk) for chunk in codes.cuda().split(7, -1)), stream.finish()], -1)
    assert torch.allclose(whole.cpu(), expected, atol=1e-4) and torch.allclose(joined, whole, atol=1e-4)
