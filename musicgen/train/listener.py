"""A small classifier that says which instruments sound, and how fast it goes, for the evaluation only.

Audio becomes log-mel spectra, those an embedding, and that a probability for each instrument; whole takes are heard
in overlapping windows. The tempo is the business of a part of its own (``metronome``). Knows nothing of how it was
trained (``train_listener``) or of what is judged with it; it never takes part in making music. The one that judged the
bundled model comes along (``LISTENER``), so that others can be measured by the same ears.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from musicgen.fidelity import mel_bank
from musicgen.train.metronome import Metronome

LISTENER = Path(__file__).resolve().parents[2] / "assets" / "listener.safetensors"
RATE = 32_000
SECONDS = 6.0  # of a window; it was trained on as much
WINDOW, HOP = 2048, 640  # samples; 20 ms a column
FLOOR = 1e-4  # of the mel magnitudes, before the logarithm
WIDTHS = (1, 32, 64, 112, 192)
EMBEDDING = 64
DRUMS = "drums"


def label_of(instrument: str) -> str:
    """Kits count as one instrument."""
    return DRUMS if "drum" in instrument or instrument.endswith("kit") else instrument


def mels(audio: Tensor) -> Tensor:
    """Audio [B, N] at 32 kHz -> mel magnitudes [B, bands, M], a sine of full scale being about 1."""
    stft = torch.stft(audio, WINDOW, HOP, window=torch.hann_window(WINDOW), return_complex=True).abs()
    return mel_bank(WINDOW, RATE) @ (stft * (4 / WINDOW))


class Listener(nn.Module):
    """Mel magnitudes [B, bands, M] -> logit of each label [B, labels], any M of some seconds."""

    def __init__(self, labels: list[str], drum_threshold: float = 0.5) -> None:
        super().__init__()
        self.labels, self.drum_threshold = labels, drum_threshold
        pairs = zip(WIDTHS, WIDTHS[1:], strict=False)
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in WIDTHS[1:])
        self.gather = nn.Linear(2 * WIDTHS[-1] * (64 >> len(self.norms)), EMBEDDING)
        self.leave = nn.Linear(EMBEDDING, len(labels))
        self.metronome = Metronome()

    def embed(self, mel: Tensor) -> Tensor:
        """Mel magnitudes [B, bands, M] -> what the last layer reads [B, EMBEDDING]."""
        x = ((mel + FLOOR).log10()[:, None] + 2.5) / 1.2
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.max_pool2d(F.relu(norm(convolution(x))), 2)
        pooled = torch.cat([x.mean(-1), x.amax(-1)], 1).flatten(1)  # over time
        return F.relu(self.gather(F.dropout(pooled, 0.2, self.training)))

    def forward(self, mel: Tensor) -> Tensor:
        """Mel magnitudes [B, bands, M] -> [B, labels]."""
        return self.leave(self.embed(mel))

    @torch.inference_mode()
    def probabilities(self, audio: np.ndarray) -> dict[str, float]:
        """Audio [N] -> probability of each label, the mean over its windows."""
        p = self(mels(windows(audio, SECONDS))).sigmoid().mean(0)
        return dict(zip(self.labels, p.tolist(), strict=True))

    @torch.inference_mode()
    def embeddings(self, audio: np.ndarray, seconds: float) -> np.ndarray:
        """Audio [N] -> one embedding for each window of ``seconds``, float64 [windows, EMBEDDING]."""
        return self.embed(mels(windows(audio, seconds))).double().numpy()

    def hears_drums(self, probability: float) -> bool:
        """The verdict, at the threshold that was best on the training pieces."""
        return probability > self.drum_threshold


def windows(audio: np.ndarray, seconds: float) -> Tensor:
    """Audio [N] -> [windows, samples] of ``seconds``, half overlapping; what is shorter is one window as it is."""
    samples = round(seconds * RATE)
    wave = torch.from_numpy(np.ascontiguousarray(audio, np.float32))
    if len(wave) <= samples:
        return wave[None]
    count = 1 + -(-(len(wave) - samples) * 2 // samples)  # the last one ends with the audio
    starts = np.linspace(0, len(wave) - samples, count).round().astype(int)
    return torch.stack([wave[start : start + samples] for start in starts])


def load_listener(path: Path) -> Listener:
    """The inverse of ``save_listener``."""
    if not path.is_file():
        raise SystemExit(f"No listener at {path}; run python -m musicgen.train.train_listener first.")
    with safe_open(str(path), "pt") as file:
        told = file.metadata()
        listener = Listener(json.loads(told["labels"]), float(told["drum_threshold"]))
        listener.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - no dict
    return listener.eval()


def save_listener(path: Path, listener: Listener, figures: dict[str, float]) -> None:
    """Weights, labels, threshold and held-out ``figures`` in one safetensors file."""
    weights = {name: tensor.contiguous() for name, tensor in listener.state_dict().items()}
    told = {"labels": json.dumps(listener.labels), "drum_threshold": repr(listener.drum_threshold),
            "figures": json.dumps(figures)}  # fmt: skip
    save_file(weights, path, metadata=told)


def listener_figures(path: Path) -> dict[str, float]:
    """What the listener reached on held-out pieces."""
    with safe_open(str(path), "pt") as file:
        return json.loads(file.metadata()["figures"])
