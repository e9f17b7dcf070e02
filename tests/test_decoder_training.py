"""The codec's decoder trained alone: what codes mean changes, which codes a sound has does not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from musicgen import formats_pocket
from musicgen.checkpoints import POCKET
from musicgen.config import PocketCodecConfig
from musicgen.pocket_codec import PocketCodec
from musicgen.train import decoder
from musicgen.train.decoder import coded, energies, energy_loss, loss_of


def noise(seed: int, count: int = 2, samples: int = 64 * 640) -> torch.Tensor:
    return 0.1 * torch.randn(count, samples, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def bundled() -> PocketCodec:
    codec = PocketCodec(PocketCodecConfig())
    codec.load_state_dict(formats_pocket.read(POCKET, torch.float32).codec)
    return codec.requires_grad_(False)


def test_the_energies_are_those_of_patches_in_bels() -> None:
    sound = noise(0)
    assert energy_loss(sound, sound, 32_000) == 0
    assert float(energy_loss(sound / 10, sound, 32_000)) == pytest.approx(2.0, abs=0.05), "a tenth is 20 dB"
    other = noise(1)
    patches = float(energy_loss(other, sound, 32_000))
    assert patches < 0.15, "two noises of one level have the same energy, patch by patch"
    silent = energies(torch.zeros(1, 9000), 32_000)
    assert torch.isfinite(silent).all() and silent.max() < -6.9


def test_the_decoder_is_given_what_the_codes_say_of_all_books_or_the_first(bundled: PocketCodec, monkeypatch) -> None:
    spectra = bundled.log_spectra(noise(2))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        latent = bundled.to_latent(spectra).float()
    codes = bundled.quantizer.encode(latent)
    monkeypatch.setattr(decoder, "FEWER", 0.0)
    assert torch.equal(coded(bundled, spectra, np.random.default_rng(0)), bundled.quantizer.decode(codes))
    monkeypatch.setattr(decoder, "FEWER", 1.0)
    fewer = coded(bundled, spectra, np.random.default_rng(0))
    possible = [bundled.quantizer.decode(codes[:, :k]) for k in (1, 2, 3)]
    for row in range(len(fewer)):
        assert any(torch.equal(fewer[row], some[row]) for some in possible)


def test_only_the_decoder_gets_a_gradient(bundled: PocketCodec) -> None:
    bundled.synthesis.requires_grad_(True)
    loss, parts = loss_of(bundled, noise(3), np.random.default_rng(0))
    loss.backward()
    assert set(parts) == {"magnitude", "turned", "leaned", "wave", "pitch", "energy"} and loss.item() > 0
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in bundled.synthesis.parameters())
    assert all(p.grad is None for p in bundled.analysis.parameters())
    bundled.requires_grad_(False)


def test_a_run_keeps_all_codes_and_goes_on_where_it_was(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(decoder, "HELD", (2, 40))
    rng = np.random.default_rng(0)
    for prefix in ("train", "held"):
        (tmp_path / f"{prefix}_0.jsonl").touch()
        np.save(tmp_path / f"{prefix}_0.npy", (rng.standard_normal((3, 80 * 640)) * 3000).astype(np.int16))
    run = ["decoder", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--start", str(POCKET), "--batch", "2",
           "--frames", "40"]
    monkeypatch.setattr(sys, "argv", [*run, "--minutes", "0.001"])
    decoder.main()
    first = torch.load(tmp_path / "out" / "last.pt", weights_only=True)
    assert first["step"] >= 1
    monkeypatch.setattr(sys, "argv", [*run, "--minutes", str(first["spent"] / 60 + 0.001)])
    decoder.main()
    second = torch.load(tmp_path / "out" / "last.pt", weights_only=True)
    assert second["step"] > first["step"]
    before = formats_pocket.read(POCKET, torch.float32).codec
    for name, weights in second["codec"].items():
        assert torch.equal(weights, before[name]) != name.startswith("synthesis"), name
    assert "pitch" in capsys.readouterr().out
