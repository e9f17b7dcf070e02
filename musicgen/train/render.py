"""The renderer: a piece becomes sound through a General MIDI SoundFont.

Knows MIDI channels, levels and a small room. Does *not* know why the notes are what they are, and needs the
``tinysoundfont`` package and a font only when a piece is rendered: neither is needed to generate music later.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from musicgen.train.compose import Part, Piece
from musicgen.train.rhythms import INSTRUMENTS

RATE = 32000  # samples per second
DRUM_BANK, DRUM_CHANNEL = 128, 9
PEAK = (0.7, 0.9)
ROLE_GAIN = {"lead": 1.5, "harmony": 0.8, "bass": 0.8, "drums": 0.55}
KIT_TRIM = {0: 5.0, 24: -1.0, 25: -4.0, 32: 5.0, 40: 6.0}  # dB by program of the drum bank
Audio = NDArray[np.float32]


class Renderer:
    """A loaded SoundFont (General MIDI, sf2) that renders pieces as mono audio at 32 kHz."""

    def __init__(self, soundfont: Path) -> None:
        import tinysoundfont  # type: ignore[import-untyped]  # only training needs it

        self._synth = tinysoundfont.Synth(gain=-6, samplerate=RATE)
        self._font = self._synth.sfload(str(soundfont))

    def render(self, piece: Piece) -> tuple[Audio, Audio]:
        """The mix and its tonal stem (no drums, no bass), float32 mono [N], both scaled by the same gain."""
        samples = round(piece.seconds * RATE)
        tonal = self._play([part for part in piece.parts if part.role in ("lead", "harmony")], samples)
        rest = self._play([part for part in piece.parts if part.role not in ("lead", "harmony")], samples)
        rng = Random(f"room {piece.seed}")
        if rng.random() < 1 / 3:
            size, wet = rng.uniform(0.25, 0.7), rng.uniform(0.08, 0.2)
            tonal = add_room(tonal, size, wet)
            rest = add_room(rest, size, wet * 0.4)
        mix = tonal + rest
        peak = float(np.abs(mix).max())
        gain = np.float32(rng.uniform(*PEAK) / peak) if peak > 1e-6 else np.float32(1.0)
        # The clip ends in mid-music; a few milliseconds of fade keep the edge from clicking.
        edge = np.ones(samples, np.float32)
        edge[-160:] = np.linspace(1.0, 0.0, 160, dtype=np.float32)
        return (mix * gain * edge).astype(np.float32), (tonal * gain * edge).astype(np.float32)

    def _play(self, parts: Sequence[Part], samples: int) -> Audio:
        """Render parts together; every note starts and stops on its own sample."""
        if not any(part.notes for part in parts):
            return np.zeros(samples, np.float32)
        synth, font = self._synth, self._synth.soundfonts[self._font]
        events: list[tuple[int, int, int, int, int]] = []
        melodic = iter(channel for channel in range(16) if channel != DRUM_CHANNEL)
        for channel in range(16):
            synth.sounds_off(channel)
        # Sounds switched off fade within milliseconds; let them do so unheard.
        synth.generate(RATE // 8)
        for part in parts:
            drums = part.role == "drums"
            channel = DRUM_CHANNEL if drums else next(melodic)
            synth.program_select(channel, self._font, DRUM_BANK if drums else 0, part.program, drums)
            trim = KIT_TRIM.get(part.program, 0.0) if drums else INSTRUMENTS[part.instrument].trim
            font.channel_set_volume(channel, ROLE_GAIN[part.role] * 10 ** (trim / 20))
            for note in part.notes:
                first = round(note.start * RATE)
                last = min(samples, round((note.start + note.duration) * RATE))
                # Note-offs (0) come before note-ons (1) of the same sample.
                events.append((first, 1, channel, note.pitch, note.velocity))
                events.append((last, 0, channel, note.pitch, 0))
        stereo = np.zeros((samples, 2), np.float32)
        buffer = stereo.data.cast("B")
        position = 0
        for at, kind, channel, pitch, velocity in sorted(events):
            if at > position:
                synth.generate_simple(at - position, buffer[position * 8 : at * 8])
                position = at
            if kind:
                synth.noteon(channel, pitch, velocity)
            else:
                synth.noteoff(channel, pitch)
        if position < samples:
            synth.generate_simple(samples - position, buffer[position * 8 :])
        return stereo.mean(axis=1, dtype=np.float32)


def add_room(audio: Audio, seconds: float, wet: float) -> Audio:
    """Add a small room: decaying noise of ``seconds`` to -60 dB, at ``wet`` of the dry energy."""
    if not audio.any():
        return audio
    length = round(seconds * RATE)
    noise = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    # A one-pole-like smoothing darkens the tail; the first 10 ms stay silent so that attacks stay clear.
    noise = np.convolve(noise, np.hanning(9).astype(np.float32), mode="same")
    decay = np.exp(-6.9 * np.arange(length, dtype=np.float32) / length)
    impulse = noise * decay
    impulse[: RATE // 100] = 0.0
    impulse *= wet / max(1e-9, float(np.sqrt((impulse**2).sum())))
    size = 1 << (len(audio) + length - 1).bit_length()
    tail = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(impulse, size), size)[: len(audio)]
    return (audio + tail * 2.0).astype(np.float32)
