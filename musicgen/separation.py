"""What carries the melody of a recording, without drums and bass (paper 2.3).

Demucs keeps vocals and other; without its weights, the harmonic part by librosa. Knows nothing of chromagrams or of
what the melody is for.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from musicgen import hub
from musicgen.audio import Audio, resample
from musicgen.compat import guard_torchaudio
from musicgen.errors import ModelUnavailable
from musicgen.memory import give_back

log = logging.getLogger(__name__)

SAMPLE_RATE = 32_000
METHODS = ("auto", "demucs", "harmonic", "none")
_REPO, _NAME = "adefossez/HTDemucs", "htdemucs"
_KEPT = ("vocals", "other")
_REMEMBERED = 40_000_000  # bytes of separated tunes that are kept: five minutes, as preview and takes ask for them
LASTING = 31  # columns of the spectrogram over which librosa looks for what lasts
_BASS = (90.0, 180.0)  # Hz: nothing below, everything above, a smooth step between


@dataclass(frozen=True, eq=False)
class Separated:
    """``samples`` float32 ``[N]`` at 32 kHz, the ``method`` that made them, and a ``note`` for the user (or "")."""

    samples: np.ndarray
    method: str
    note: str


class DemucsSeparator:
    """Vocals and other of a mix by HTDemucs, loaded at the first call.

    ``load`` returns the network; the default takes the released one from the hub.
    """

    def __init__(self, load: Callable[[], Any] | None = None, device: torch.device | str | None = None):
        self._load = load or load_htdemucs
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._network: Any = None
        self._lock, self._working = threading.Lock(), threading.Lock()
        self._tunes: OrderedDict[bytes, np.ndarray] = OrderedDict()  # the latest ones, by what they were taken from
        self.unavailable = ""  # why the last attempt to load failed; "auto" does not try again

    def load(self) -> Any:
        """The network, loaded once. Raises ``ModelUnavailable``."""
        with self._lock:
            if self._network is None:
                try:
                    self._network = self._load().eval().requires_grad_(False)
                    self.unavailable = ""
                except (Exception, SystemExit) as error:  # Demucs leaves the program where it finds no weights
                    self.unavailable = str(error) if isinstance(error, ModelUnavailable) else (
                        f"Demucs could not be loaded ({error}); choose the harmonic separation instead."
                    )
                    raise ModelUnavailable(self.unavailable) from error
            return self._network

    def __call__(self, audio: Audio) -> np.ndarray:
        """Vocals + other in mono at 32 kHz, float32 ``[N]``.

        One at a time, for each takes every core and much memory; what was asked for lately is not separated again.
        """
        told = f"{audio.samples.shape} {audio.sample_rate} ".encode()
        key = hashlib.sha256(told + audio.samples.tobytes()).digest()
        with self._working:
            tune = self._tunes.pop(key, None)
            if tune is None:
                tune = self._separate(audio)
            self._tunes[key] = tune
            while sum(kept.nbytes for kept in self._tunes.values()) > _REMEMBERED:
                self._tunes.popitem(last=False)
        return tune.copy()  # it may be written to

    @torch.inference_mode()
    def _separate(self, audio: Audio) -> np.ndarray:
        network = self.load()
        mix = audio.resampled(network.samplerate).with_channels(network.audio_channels)
        wave = torch.from_numpy(mix.samples)
        mean, scale = wave.mean(), wave.mean(0).std(correction=0) + 1e-8  # as the network was trained
        # No random shift: the same recording gives the same melody.
        stems = self._stems(network, ((wave - mean) / scale)[None])[0]
        kept = torch.stack([stems[network.sources.index(name)] * scale + mean for name in _KEPT])  # [2, C, N]
        return resample(kept.sum(0).mean(0).cpu().numpy(), network.samplerate, SAMPLE_RATE)

    def _stems(self, network: Any, mix: Tensor) -> Tensor:
        """``[1, C, N]`` -> ``[1, sources, C, N]``; on the CPU where the GPU is full, or lent for moments only and not
        in this one."""
        guard_torchaudio()
        from demucs.apply import apply_model

        try:
            return apply_model(network, mix, shifts=0, split=True, device=self._device)
        except RuntimeError as error:
            if torch.device(self._device).type == "cpu":
                raise
            log.warning("Demucs cannot run on %s now (%s); it runs on the CPU.", self._device, error)
        give_back()  # not before the error is gone, which holds on to what there was
        return apply_model(network, mix, shifts=0, split=True, device="cpu")


def load_htdemucs() -> torch.nn.Module:
    """The released HTDemucs from safetensors. Demucs' own loader would fall back to a pickle, so it is not used."""
    what = "The source separation Demucs"
    listing = hub.fetch(_REPO, f"{_NAME}.yaml", what)
    guard_torchaudio()
    import yaml
    from demucs.hf import load_safetensors_model
    from safetensors import safe_open

    models = (yaml.safe_load(listing.read_text(encoding="utf-8")) or {}).get("models", [])
    if len(models) != 1 or not str(models[0]).isalnum():
        raise ModelUnavailable("The repository of Demucs is not what this program knows; update the program.")
    weights: Path = hub.fetch(_REPO, f"{models[0]}.safetensors", what)
    with safe_open(str(weights), framework="pt") as file:
        metadata = file.metadata() or {}
    # The file names the class to build: only this one, and no packed state that names others.
    if metadata.get("klass") != "demucs.htdemucs.HTDemucs" or "_class" in metadata.get("structure", ""):
        raise ModelUnavailable("The weights of Demucs are not those this program knows; delete them from the cache.")
    return load_safetensors_model(weights)


def harmonic(audio: Audio) -> np.ndarray:
    """The harmonic part in mono at 32 kHz without the bass, float32 ``[N]``: drums are short, tones last."""
    import librosa

    samples = torch.from_numpy(resample(audio.mono(), audio.sample_rate, SAMPLE_RATE))
    size, hop = 2048, 512
    window = torch.hann_window(size)
    spectrum = torch.stft(samples, size, hop, window=window, pad_mode="constant", return_complex=True)
    # Of less than half a second nothing can be said to last, and SciPy's medians of so few columns may be anything.
    kept = librosa.decompose.hpss(spectrum.numpy())[0] if spectrum.shape[1] > LASTING else spectrum.numpy()
    low, high = np.log(_BASS)
    frequencies = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 1.0)
    step = np.clip((np.log(frequencies) - low) / (high - low), 0.0, 1.0)
    kept = kept * (0.5 - 0.5 * np.cos(np.pi * step))[:, None].astype(np.float32)
    wave = torch.istft(torch.from_numpy(kept.astype(np.complex64)), size, hop, window=window, length=len(samples))
    return wave.numpy()


def separate(audio: Audio, how: str = "auto", demucs: DemucsSeparator | None = None) -> Separated:
    """What carries the melody, in mono at 32 kHz.

    ``how``: "demucs"; "harmonic"; "none" takes the mix as it is; "auto" is Demucs where its weights can be had, else
    harmonic, and the note says so.

    Raises:
        ValueError: ``how`` is none of these.
        ModelUnavailable: "demucs" was asked for and cannot be had.
    """
    if how not in METHODS:
        raise ValueError(f"'{how}' is not a way to separate a melody; choose one of {', '.join(METHODS)}.")
    if how == "none":
        return Separated(resample(audio.mono(), audio.sample_rate, SAMPLE_RATE), "none", "")
    if how == "harmonic":
        return Separated(harmonic(audio), "harmonic", "The melody was separated by librosa: the notes that ring on.")
    demucs = demucs or released_demucs()
    try:
        if how == "auto" and demucs.unavailable:
            raise ModelUnavailable(demucs.unavailable)
        return Separated(demucs(audio), "demucs", "The melody was separated by Demucs: vocals and other instruments.")
    except ModelUnavailable:
        if how == "demucs":
            raise
    return Separated(harmonic(audio), "harmonic", "The melody was separated by librosa: Demucs' weights are not here.")


@cache
def released_demucs() -> DemucsSeparator:
    """The released HTDemucs, the same for everybody: it holds weights, or why there are none."""
    return DemucsSeparator()
