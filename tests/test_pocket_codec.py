"""The bundled model's codec: one interface, chunks that join, magnitudes and phase that fit."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen.config import PocketCodecConfig
from musicgen.phase import PhaseVocoder, delays, frequencies, peak_phase, spectra
from musicgen.pocket_codec import PocketCodec

TINY = dataclasses.replace(
    PocketCodecConfig(), window=512, stft_hop=320, dimension=16, codebook_size=32, encoder_width=16, decoder_width=16,
    encoder_blocks=1, decoder_blocks=2,
)


@pytest.fixture(scope="module")
def codec() -> PocketCodec:
    """A tiny codec with seeded weights that make sound: the PCA rows are orthonormal, the network is small."""
    torch.manual_seed(0)
    codec = PocketCodec(TINY).eval()
    codec.pca.copy_(torch.linalg.qr(torch.randn(codec.features, TINY.dimension)).Q.T)
    codec.mean.fill_(-4.0)
    codec.scale.fill_(4.0)
    codec.quantizer.codebooks.copy_(torch.randn_like(codec.quantizer.codebooks) * 0.5)
    torch.nn.init.normal_(codec.synthesis.leave.weight, std=0.02)
    return codec


def tone(frequency: float, samples: int) -> torch.Tensor:
    return 0.3 * torch.sin(2 * torch.pi * frequency * torch.arange(samples) / 32_000)


@given(samples=st.integers(1, 5000))
@settings(max_examples=15)
def test_a_code_for_every_begun_frame(codec: PocketCodec, samples: int) -> None:
    codes = codec.encode(torch.randn(2, 1, samples) * 0.1)
    assert codes.shape == (2, 4, -(-samples // 640))
    assert 0 <= codes.min() and codes.max() < 32


@given(cuts=st.lists(st.integers(0, 90), max_size=5), books=st.integers(1, 4))
@settings(max_examples=20)
def test_chunks_joined_are_the_whole_bit_for_bit(codec: PocketCodec, cuts: list[int], books: int) -> None:
    codes = torch.randint(0, 32, (1, books, 90), generator=torch.Generator().manual_seed(books))
    whole = codec.decode(codes)
    stream = codec.decoder()
    edges = [0, *sorted(cuts), 90]
    chunks = [stream.push(codes[..., a:b]) for a, b in zip(edges, edges[1:], strict=False) if b > a]
    joined = torch.cat([*chunks, stream.finish()], -1)
    assert joined.shape == (1, 1, 90 * 640)
    assert torch.equal(joined, whole)
    assert whole.abs().max() > 1e-3


def test_a_stream_speaks_before_it_has_heard_all(codec: PocketCodec) -> None:
    stream = codec.decoder()
    assert stream.push(torch.zeros(1, 4, 40, dtype=torch.long)).shape[-1] > 0


def test_an_empty_stream_is_silent(codec: PocketCodec) -> None:
    assert codec.decoder().finish().shape == (1, 1, 0)


def test_blocks_see_as_much_of_the_network_as_a_whole_pass(codec: PocketCodec) -> None:
    """The oracle: spectra of all frames in one pass of the network."""
    codes = torch.randint(0, 32, (1, 4, 100), generator=torch.Generator().manual_seed(1))
    log_spectra, frequency, delay = codec.from_latent(codec.quantizer.decode(codes))
    whole = (codec.magnitudes(log_spectra), codec.by_spectrum(frequency), codec.by_spectrum(delay))
    seen: list[tuple[torch.Tensor, ...]] = []
    stream = codec.decoder()
    stream.vocoder.push = lambda *sounds: (seen.append(sounds), torch.zeros(1, 0))[1]  # type: ignore[method-assign]
    stream.push(codes)
    stream.finish()
    for parts, one in zip(zip(*seen, strict=True), whole, strict=True):
        assert torch.allclose(torch.cat(parts, 1), one, atol=1e-5)


def test_nothing_is_louder_than_its_ceiling(codec: PocketCodec) -> None:
    wild = torch.full((1, 5, codec.features), 3.0)
    free = codec.magnitudes(wild)
    codec.ceiling.fill_(-1.0)
    held = codec.magnitudes(wild)
    codec.ceiling.fill_(torch.inf)
    assert free.max() > 20
    assert held.max() == pytest.approx(torch.tensor(-1.0).exp().item(), abs=1e-3)


def vocode(*sounds: torch.Tensor, block: int = 48) -> torch.Tensor:
    """Audio of spectra [B, M, bins], pushed block by block."""
    vocoder = PhaseVocoder(2 * (sounds[0].shape[-1] - 1), 320)
    blocks = zip(*(x.split(block, 1) for x in sounds), strict=True)
    return torch.cat([*(vocoder.push(*parts) for parts in blocks), vocoder.finish()], -1)


def test_silence_stays_silent() -> None:
    audio = vocode(*torch.zeros(3, 1, 50, 257))
    assert audio.shape == (1, 50 * 320)
    assert audio.abs().max() < 1e-6


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_every_spectrum_gives_its_samples(count: int) -> None:
    assert vocode(*torch.rand(3, 2, count, 257), block=1).shape == (2, count * 320)


def test_spectra_peak_at_the_amplitude() -> None:
    magnitude = spectra(tone(1000.0, 32_000)[None], 1536, 320).abs()
    assert magnitude[0, 50].max() == pytest.approx(0.3, abs=0.01)
    assert magnitude[0, 50].argmax() == 48  # 1000 Hz / (32000 / 1536)


def test_a_tone_lies_where_its_phase_says() -> None:
    spectrum = spectra(tone(1010.0, 32_000)[None], 1536, 320)
    # 1010 Hz are 48.48 bins of 20.83 Hz; a lasting tone lies in the middle of every window.
    assert frequencies(spectrum, 320)[0, 50, 47:51].tolist() == pytest.approx([1.48, 0.48, -0.52, -1.52], abs=0.01)
    assert delays(spectrum)[0, 50, 48:50].abs().max() < 0.01


def test_a_click_lies_where_its_phase_says() -> None:
    audio = torch.zeros(1, 32_000)
    audio[0, 50 * 320 + 160 + 384] = 1.0  # half a half window after the middle of spectrum 50
    assert delays(spectra(audio, 1536, 320))[0, 50, 1:].tolist() == pytest.approx([0.5] * 768, abs=1e-3)


def chord_and_clicks() -> torch.Tensor:
    audio = sum((tone(f, 64_000) for f in (220.0, 330.0, 440.5)), torch.zeros(64_000))[None] / 3
    audio[0, 20_000::9_000] += 0.5
    return audio


def test_a_chord_and_clicks_keep_their_spectra() -> None:
    audio = chord_and_clicks()
    truth = spectra(audio, 1536, 320)
    target = truth.abs()
    made = vocode(target, frequencies(truth, 320), delays(truth))
    error = (spectra(made, 1536, 320).abs() - target).norm() / target.norm()
    assert error < 0.06
    # Not told the frequencies, or not the delays, it is much worse.
    silent = torch.zeros_like(target)
    for poor in (vocode(target, silent, delays(truth)), vocode(target, frequencies(truth, 320), silent)):
        assert (spectra(poor, 1536, 320).abs() - target).norm() / target.norm() > 1.5 * error


def test_a_peak_carries_its_phase_worked_by_hand() -> None:
    """A peak on bin 4, window 32, hop 4: it turns by 2 pi * 4 * 4 / 32, half a circle, from spectrum to spectrum."""
    magnitude = torch.full((1, 3, 17), 1e-6)
    magnitude[:, :, 3:6] = torch.tensor([0.5, 1.0, 0.5])
    middle = torch.zeros(1, 3, 17)
    phase = peak_phase(magnitude, middle, middle, torch.zeros(1, 17), 4)
    assert torch.allclose(torch.cos(phase[0, :, 4]), torch.tensor([-1.0, 1.0, -1.0]), atol=1e-4)
    # Its neighbours are locked to it, half a circle away.
    assert torch.allclose(torch.cos(phase[0, :, 5] - phase[0, :, 4]), torch.tensor(-1.0), atol=1e-4)
    # One bin higher it turns by an eighth of a circle more; a quarter of a window later its neighbours lie a quarter of
    # a circle from it.
    phase = peak_phase(magnitude, middle + 1, middle + 0.5, torch.zeros(1, 17), 4)
    assert torch.allclose(phase[0, 0, 4] - torch.pi, torch.tensor(torch.pi / 4), atol=1e-4)
    assert torch.allclose(torch.cos(phase[0, :, 5] - phase[0, :, 4]), torch.zeros(3), atol=1e-4)
