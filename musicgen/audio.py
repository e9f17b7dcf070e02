"""Sound as arrays: read from strangers, resample, write with the recipe in the metadata.

``Audio`` is float32 ``[C, N]``, at most two channels and within [-1, 1] when it was read. Whatever is no audio, too
long or broken is refused in one sentence (``ValueError``) before it is decoded whole. Knows nothing of models.
"""

from __future__ import annotations

import io
import json
import math
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from musicgen import riff
from musicgen.compat import ensure_ffmpeg

_MAX_VALUES = 60_000_000  # decoded samples over all channels, 0.24 GB: ten minutes of stereo at 48 kHz
_MAX_RECIPE = 1_000_000  # characters
_MOST_TAGS = 100  # before the sound; a hostile file has millions
_BLOCK = 65_536  # samples
_SILENCE = 1e-3  # peak, -60 dB of full scale
_DECODING = threading.Lock()  # one at a time: each takes some hundred megabytes for a moment, of however small a file
# Containers that ffmpeg may open. Not playlists: those name other files and addresses to read.
_FFMPEG_FORMATS = "mov,matroska,webm,aac,asf,amr,ac3,ape,wv,caf,aiff,au,mp3,ogg,flac,wav,w64,tta,dsf"
_READABLE = "use WAV, FLAC, MP3, OGG, M4A or WebM"
_SUBTYPES = {".wav": "PCM_16", ".flac": "PCM_16", ".mp3": "MPEG_LAYER_III", ".ogg": "VORBIS"}


@dataclass(frozen=True, eq=False)
class Audio:
    """A piece of sound: ``samples`` float32 ``[C, N]`` at ``sample_rate`` Hz."""

    samples: np.ndarray
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise ValueError("Audio is made of float32 samples [channels, samples].")
        if self.sample_rate <= 0:
            raise ValueError("The sample rate of audio is a number of Hz greater than zero.")

    @property
    def channels(self) -> int:
        """C."""
        return self.samples.shape[0]

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples.shape[1] / self.sample_rate

    def mono(self) -> np.ndarray:
        """The mean of the channels, ``[N]``."""
        return self.samples.mean(axis=0)

    def first(self, seconds: float) -> Audio:
        """The first ``seconds`` of it, at least one sample."""
        return Audio(self.samples[:, : max(1, round(seconds * self.sample_rate))], self.sample_rate)

    def resampled(self, sample_rate: int) -> Audio:
        """The same sound at another rate."""
        return Audio(resample(self.samples, self.sample_rate, sample_rate), sample_rate)

    def with_channels(self, channels: int) -> Audio:
        """The same sound in one or two channels: two are averaged, one is doubled."""
        if channels not in (1, 2):
            raise ValueError("Audio has one or two channels.")
        if channels == self.channels:
            return self
        return Audio(np.repeat(self.mono()[None], channels, axis=0), self.sample_rate)


@dataclass(frozen=True)
class Limits:
    """What is accepted from strangers."""

    max_bytes: int = 100_000_000
    max_seconds: float = 600.0


def resample(samples: np.ndarray, old_rate: int, new_rate: int) -> np.ndarray:
    """Samples ``[..., N]`` at ``old_rate`` -> float32 ``[..., round(N * new_rate / old_rate)]`` at ``new_rate``."""
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    if old_rate == new_rate:
        return samples
    import soxr

    columns = samples.reshape(-1, samples.shape[-1]).T  # soxr wants [N, channels]
    out = soxr.resample(columns, old_rate, new_rate, quality="HQ")
    length = round(samples.shape[-1] * new_rate / old_rate)
    out = np.pad(out, ((0, max(0, length - len(out))), (0, 0)))[:length]  # soxr is one sample off now and then
    return np.ascontiguousarray(out.T, np.float32).reshape(*samples.shape[:-1], length)


def is_silent(audio: Audio) -> bool:
    """Whether nothing can be heard: no sample above -60 dB of full scale."""
    return _peak(audio.samples) < _SILENCE


def require_sound(audio: Audio, what: str = "The audio") -> None:
    """Refuse silence."""
    if is_silent(audio):
        raise ValueError(f"{what} is silent; choose a file or a recording in which something can be heard.")


def read(source: str | Path | bytes, limits: Limits | None = None) -> Audio:
    """Audio from a file or its bytes: what libsndfile reads, and by ffmpeg what browsers and phones record.

    Raises:
        ValueError: missing, empty, too large, too long, truncated, damaged, or no audio at all.
    """
    limits = limits or Limits()
    name, data = _bytes(source, limits)
    guessed = _length_is_a_guess(data)
    if not guessed:
        try:
            return _decode(data, name, limits)
        except _Unreadable:
            pass
    wav = _ffmpeg_to_wav(data, limits)
    try:
        return _decode(wav, name, limits) if wav or not guessed else _decode(data, name, limits, whole=False)
    except _Unreadable as error:
        raise ValueError(f"{name} is not audio that this program can read; {_READABLE}.") from error


def write(
    path: str | Path, audio: Audio, recipe: dict[str, Any] | None = None, marks: riff.LoopMarks | None = None
) -> None:
    """Write ``.wav``, ``.flac`` (16 bit), ``.mp3`` or ``.ogg``; the recipe goes into the comment as JSON.

    The ``marks`` of a loop go into a ``.wav``; the others have no place for them.
    Louder than full scale is turned down as a whole, never clipped.
    """
    import soundfile

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _SUBTYPES:
        raise ValueError(f"Audio is written as {', '.join(_SUBTYPES)}, not as '{path.suffix or path.name}'.")
    comment = None if recipe is None else json.dumps(recipe, allow_nan=False)
    if comment is not None and len(comment) > _MAX_RECIPE:
        raise ValueError("The recipe is too long to be written into an audio file.")
    lossy = suffix in (".mp3", ".ogg")
    # Lossy coding overshoots: a little room keeps the decoded peak under full scale.
    samples = _turned_down(audio.samples, 0.95 if lossy else 1.0).T
    quality: dict[str, Any] = {"compression_level": 0.3} if suffix == ".ogg" else {}
    if suffix == ".mp3":
        quality = {"compression_level": 0.0, "bitrate_mode": "VARIABLE"}
    try:
        with soundfile.SoundFile(
            path, "w", audio.sample_rate, audio.channels, _SUBTYPES[suffix], **quality
        ) as file:
            if comment is not None and suffix != ".wav":
                file.comment = comment
            for start in range(0, len(samples), _BLOCK):  # libsndfile's Vorbis overflows its stack on long blocks
                file.write(samples[start : start + _BLOCK])
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path.name} cannot be written: {error.error_string}") from error
    if comment is not None and suffix == ".wav":
        riff.append_comment(path, comment)
    if marks is not None and suffix == ".wav":
        riff.append_loop(path, marks)


def read_recipe(source: str | Path | bytes, limits: Limits | None = None) -> dict[str, Any]:
    """The recipe that ``write`` put into a file.

    Raises:
        ValueError: no readable audio file, or one without a recipe.
    """
    import soundfile

    name, data = _bytes(source, limits or Limits())
    if data[:4] == b"RIFF":
        comment = riff.comment(data)
    else:
        try:
            with soundfile.SoundFile(io.BytesIO(data)) as file:
                comment = file.comment
        except soundfile.LibsndfileError as error:
            raise ValueError(f"{name} is not an audio file that holds a recipe.") from error
    try:
        recipe = json.loads(comment) if len(comment) <= _MAX_RECIPE else None
    except (ValueError, RecursionError):
        recipe = None
    if not isinstance(recipe, dict):
        raise ValueError(f"{name} holds no recipe; choose a file that was made and saved by this program.")
    return recipe


class _Unreadable(Exception):
    """libsndfile does not know this format."""


def _bytes(source: str | Path | bytes, limits: Limits) -> tuple[str, bytes]:
    """A name for messages, and the content."""
    name = "The audio"
    if isinstance(source, bytes):
        size = len(source)
    else:
        name = f"'{Path(source).name}'"
        if not Path(source).is_file():
            raise ValueError(f"There is no file {name}.")
        size = Path(source).stat().st_size
    if size == 0:
        raise ValueError(f"{name} is empty (0 bytes); choose another file, or record again.")
    if size > limits.max_bytes:
        raise ValueError(
            f"{name} has {size / 1e6:.3g} MB; at most {limits.max_bytes / 1e6:.3g} MB are accepted: "
            "cut it, or save it as MP3."
        )
    return name, source if isinstance(source, bytes) else Path(source).read_bytes()


def _length_is_a_guess(data: bytes) -> bool:
    """Whether it is an MP3 (or what begins like one) that does not say how long it is: one made as a stream, say.

    libsndfile guesses from the first frame then, and reads no further.
    """
    start = 0
    for _ in range(_MOST_TAGS):  # titles, pictures
        if data[start : start + 3] != b"ID3" or len(data) < start + 10:
            break
        size = data[start + 6 : start + 10]
        start += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True))
    head = data[start : start + 4096]
    frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return frame and not any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))


def _decode(data: bytes, name: str, limits: Limits, whole: bool = True) -> Audio:
    """Decode by libsndfile, block by block, the format checked before the first; what is not all there is refused,
    unless ``whole`` is False."""
    import soundfile

    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        raise _Unreadable from error
    with file, _DECODING:
        rate, channels, promised = file.samplerate, file.channels, max(file.frames, riff.promised_frames(data))
        # Without a total in its header, a file claims as many frames as a counter holds.
        endless = promised >= 2**62
        _check_format(name, rate, channels, 1 if endless else promised, limits)
        _check_memory(name, _MAX_VALUES if endless else promised * min(channels, 2))
        blocks, count = [], 0
        try:
            while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
                count += len(block)
                _check_format(name, rate, channels, count, limits)
                blocks.append(_downmix(block.T))
        except soundfile.LibsndfileError as error:
            raise ValueError(f"{name} is damaged or was cut off: decoding fails after "
                             f"{count / rate:.1f} s; save or upload it again.") from error
        samples = np.concatenate(blocks, axis=1) if count else None
        del blocks
    if samples is None:
        raise ValueError(f"{name} holds no sound at all (0 samples); choose another file, or record again.")
    # Estimates of compressed files are off by a few blocks; what is missing beyond that was cut off.
    if whole and not endless and promised - count > max(0.01 * promised, 0.1 * rate):
        raise ValueError(
            f"{name} is cut off: it should last {promised / rate:.1f} s, but only {count / rate:.1f} s are there; "
            "save or upload it again."
        )
    return _finish(samples, rate, name)


def _check_format(name: str, rate: int, channels: int, frames: int, limits: Limits) -> None:
    if not 1_000 <= rate <= 768_000:
        raise ValueError(f"{name} has a sample rate of {rate} Hz; rates from 1000 to 768000 Hz are accepted.")
    if not 1 <= channels <= 32:
        raise ValueError(f"{name} has {channels} channels; 1 to 32 are accepted.")
    if frames == 0:
        raise ValueError(f"{name} holds no sound at all (0 samples); choose another file, or record again.")
    if frames / rate > limits.max_seconds:
        raise ValueError(
            f"{name} lasts longer than {limits.max_seconds:.0f} s, the most that is accepted; cut it to a shorter part."
        )
    if frames * min(channels, 2) > _MAX_VALUES:
        raise ValueError(f"{name} is too large once decoded; save it at 44100 Hz, or cut it to a shorter part.")


def _check_memory(name: str, values: int) -> None:
    """Refuse what would not fit beside what is there: a system that runs out of memory ends programs without a word."""
    from musicgen.memory import free_bytes, in_words

    needed, free = 2 * 4 * values, free_bytes("cpu")  # the blocks, and what they are joined to
    if free is not None and needed > free:
        raise ValueError(f"{name} takes {in_words(needed)} of memory, but only {in_words(free)} are free now; cut it "
                         "to a shorter part, or try again in a while.")  # fmt: skip


def _downmix(samples: np.ndarray) -> np.ndarray:
    """More than two channels ``[C, N]`` -> stereo from 5.1 and 7.1, mono (the mean) from anything else."""
    if len(samples) <= 2:
        return samples
    if len(samples) in (6, 8):  # front left and right, centre, low frequencies (left out), then left-right pairs
        sides = [samples[i::2][2:].sum(axis=0) for i in (0, 1)]
        weight = math.sqrt(0.5)
        total = 1 + weight * (len(samples) - 2) / 2
        mixed = [samples[i] + weight * (samples[2] + sides[i]) for i in (0, 1)]
        return np.stack(mixed) / np.float32(total)
    return samples.mean(axis=0, keepdims=True)


def _finish(samples: np.ndarray, rate: int, name: str) -> Audio:
    """Refuse what is not a number; bring what is louder than full scale down to it."""
    if not math.isfinite(_peak(samples)):
        raise ValueError(f"{name} contains values that are not numbers (NaN or infinity); save it again.")
    return Audio(np.ascontiguousarray(_turned_down(samples, 1.0)), rate)


def _turned_down(samples: np.ndarray, ceiling: float) -> np.ndarray:
    peak = _peak(samples)
    if peak <= ceiling:
        return samples
    # The division rounds, so the last step keeps the promise exactly.
    return np.clip(samples / np.float32(peak) * np.float32(ceiling), -ceiling, ceiling)


def _peak(samples: np.ndarray) -> float:
    """The largest magnitude, without a copy of them all; no number if one of them is none."""
    return max(float(samples.max()), -float(samples.min())) if samples.size else 0.0


def _ffmpeg_to_wav(data: bytes, limits: Limits) -> bytes:
    """What ffmpeg makes of it, as float WAV; empty where it fails. Decodes no more than the limits allow."""
    ffmpeg = ensure_ffmpeg()
    if ffmpeg is None:
        return b""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audio"
        path.write_bytes(data)
        command = [
            ffmpeg, "-v", "error", "-nostdin", "-protocol_whitelist", "file,pipe", "-format_whitelist",
            _FFMPEG_FORMATS, "-i", f"file:{path}", "-map", "0:a:0", "-t", str(limits.max_seconds + 1),
            "-fs", str(4 * _MAX_VALUES), "-c:a", "pcm_f32le", "-f", "wav", "pipe:1",
        ]  # fmt: skip
        try:
            return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout
        except (subprocess.SubprocessError, OSError):
            return b""
