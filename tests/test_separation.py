"""What is kept of a mix, and what happens when Demucs cannot be had."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
import torch

from musicgen import separation
from musicgen.audio import Audio
from musicgen.compat import guard_torchaudio
from musicgen.errors import ModelUnavailable
from musicgen.separation import DemucsSeparator, released_demucs, separate


def mix(rate: int = 44_100, seconds: float = 3.0) -> tuple[Audio, np.ndarray]:
    """A steady A4, a bass at 55 Hz and noise bursts in stereo; and the A4 alone at 32 kHz."""
    rng = np.random.default_rng(0)
    time = np.arange(int(rate * seconds)) / rate
    bursts = np.zeros(len(time))
    for start in np.arange(0.1, seconds - 0.1, 0.5):
        at = int(start * rate)
        bursts[at : at + 2000] = 0.8 * rng.standard_normal(2000) * np.exp(-np.arange(2000) / 400)
    samples = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.4 * np.sin(2 * np.pi * 55 * time) + bursts
    target = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(32_000 * seconds)) / 32_000)
    return Audio(np.stack([samples, samples]).astype(np.float32), rate), target.astype(np.float32)


def tiny_htdemucs() -> torch.nn.Module:
    guard_torchaudio()
    from demucs.htdemucs import HTDemucs

    torch.manual_seed(0)
    sources = ["drums", "bass", "other", "vocals"]
    return HTDemucs(sources=sources, channels=8, depth=4, t_layers=1, t_heads=4, dconv_comp=2, segment=2)


def unavailable() -> DemucsSeparator:
    def load():
        raise ModelUnavailable("Demucs is out of reach.")

    return DemucsSeparator(load)


def test_none_is_the_mix_at_32_khz():
    audio, _ = mix()
    found = separate(audio, "none")
    assert (found.method, found.note) == ("none", "")
    assert found.samples.shape == (96_000,) and found.samples.dtype == np.float32


def test_harmonic_keeps_the_tone_and_drops_bass_and_bursts():
    audio, target = mix()
    before = separate(audio, "none").samples - target
    found = separate(audio, "harmonic")
    middle = slice(8_000, -8_000)
    assert found.method == "harmonic" and "librosa" in found.note
    assert found.samples.shape == target.shape
    assert np.square(found.samples - target)[middle].mean() < 0.05 * np.square(before)[middle].mean()


@pytest.mark.parametrize("length", [1, 100, 600, 1_000, 5_000])
def test_harmonic_of_very_short_sound(length):
    sound = Audio(np.full((1, length), 0.1, np.float32), 32_000)
    found, again = separate(sound, "harmonic"), separate(sound, "harmonic")
    assert found.samples.shape == (length,) and np.isfinite(found.samples).all()
    assert np.array_equal(found.samples, again.samples)


class KnownStems(torch.nn.Module):
    """Stands for Demucs: each stem is a known part of the mix, sources in an order of its own."""

    sources, samplerate, audio_channels, segment = ["vocals", "bass", "other", "drums"], 44_100, 2, 2.0

    def __init__(self):
        super().__init__()
        self.parts = torch.nn.Parameter(torch.tensor([0.1, 0.2, 0.4, 0.8]))

    def forward(self, mix: torch.Tensor) -> torch.Tensor:  # [B, C, N] -> [B, S, C, N]
        return self.parts[:, None, None] * mix[:, None]


def test_demucs_sums_vocals_and_other():
    audio, _ = mix(seconds=3.0)
    found = separate(audio, "demucs", DemucsSeparator(KnownStems, "cpu"))
    assert found.method == "demucs" and "Demucs" in found.note
    np.testing.assert_allclose(found.samples, 0.5 * separate(audio, "none").samples, atol=2e-3)


def test_where_the_gpu_cannot_be_had_demucs_runs_on_the_cpu(monkeypatch, caplog):
    """It may be full; and a host that lends it by the call says that it is there at any time."""
    from demucs import apply

    run = apply.apply_model

    def lent(*args, device, **more):
        if str(device) == "cuda":
            raise RuntimeError("Low-level CUDA init reached")
        return run(*args, device=device, **more)

    monkeypatch.setattr(apply, "apply_model", lent)
    audio, _ = mix(seconds=1.0)
    found = separate(audio, "auto", DemucsSeparator(KnownStems, "cuda"))
    assert found.method == "demucs" and "Low-level CUDA init reached" in caplog.text
    np.testing.assert_array_equal(found.samples, separate(audio, "auto", DemucsSeparator(KnownStems, "cpu")).samples)
    monkeypatch.setattr(apply, "apply_model", lambda *_, **__: lent(device="cuda"))
    with pytest.raises(RuntimeError, match="Low-level"):
        separate(audio, "demucs", DemucsSeparator(KnownStems, "cpu"))


def test_demucs_is_loaded_once_and_repeats_itself():
    loads = []

    def load():
        loads.append(1)
        return tiny_htdemucs()

    separator = DemucsSeparator(load, "cpu")
    assert not loads  # making one loads nothing
    audio, _ = mix(seconds=3.0)  # longer than a segment: chunks are joined
    first, second = (separate(audio, how, separator) for how in ("demucs", "auto"))
    assert len(loads) == 1
    np.testing.assert_array_equal(first.samples, second.samples)
    mono = Audio(audio.samples[:1], audio.sample_rate)
    np.testing.assert_allclose(separate(mono, "demucs", separator).samples, first.samples, atol=1e-5)


def test_a_tune_is_separated_once_and_no_two_at_a_time():
    together, met, runs = threading.Barrier(2), [], []

    class Watched(KnownStems):
        def forward(self, mix):
            runs.append(1)
            with suppress(threading.BrokenBarrierError):  # nobody else came
                together.wait(0.3)
                met.append(1)
            return super().forward(mix)

    separator = DemucsSeparator(Watched, "cpu")
    audio, _ = mix(seconds=0.5)
    others = [Audio(audio.samples * loudness, audio.sample_rate) for loudness in (0.9, 0.8, 0.7)]
    with ThreadPoolExecutor(4) as pool:
        heard = list(pool.map(separator, [audio, *others]))
    assert len(runs) == 4 and not met
    again = separator(Audio(audio.samples.copy(), audio.sample_rate))
    assert len(runs) == 4 and (again == heard[0]).all()
    again[:] = 0
    assert (separator(audio) == heard[0]).all(), "what one does to it is not another's"
    separator(Audio(audio.samples, 32_000))
    assert len(runs) == 5, "the same numbers at another rate are another sound"


def test_no_more_tunes_are_kept_than_there_is_room_for(monkeypatch):
    runs = []

    class Counted(KnownStems):
        def forward(self, mix):
            runs.append(1)
            return super().forward(mix)

    audio, _ = mix(seconds=0.5)
    first, second = audio, Audio(audio.samples * 0.5, audio.sample_rate)
    monkeypatch.setattr(separation, "_REMEMBERED", 16_000 * 4)  # one of them
    separator = DemucsSeparator(Counted, "cpu")
    for sound in (first, first, second, first):
        separator(sound)
    assert len(runs) == 3


def test_auto_falls_back_and_says_so():
    audio, _ = mix()
    separator = unavailable()
    found = separate(audio, "auto", separator)
    assert found.method == "harmonic"
    assert found.note == "The melody was separated by librosa: Demucs' weights are not here."
    np.testing.assert_array_equal(found.samples, separate(audio, "harmonic").samples)
    with pytest.raises(ModelUnavailable, match="out of reach"):
        separate(audio, "demucs", separator)


@pytest.mark.parametrize("error", [SystemExit(1), OSError("no space left"), RuntimeError("bad file")])
def test_whatever_loading_raises_is_one_sentence(error):
    def load():
        raise error

    audio, _ = mix(seconds=0.5)
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        separate(audio, "demucs", DemucsSeparator(load))
    assert separate(audio, "auto", DemucsSeparator(load)).method == "harmonic"


def test_auto_does_not_ask_again_but_demucs_does():
    attempts = []

    def load():
        attempts.append(1)
        raise ModelUnavailable("Demucs is out of reach.")

    audio, _ = mix(seconds=0.5)
    separator = DemucsSeparator(load)
    separate(audio, "auto", separator)
    separate(audio, "auto", separator)
    assert len(attempts) == 1
    with pytest.raises(ModelUnavailable):
        separate(audio, "demucs", separator)
    assert len(attempts) == 2


def test_offline_without_weights(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    released_demucs.cache_clear()
    audio, _ = mix(seconds=0.5)
    with pytest.raises(ModelUnavailable, match="Demucs has to be downloaded"):
        separate(audio, "demucs")
    released_demucs.cache_clear()


def test_unknown_way():
    with pytest.raises(ValueError, match="choose one of auto, demucs, harmonic, none"):
        separate(mix(seconds=0.5)[0], "magic")
