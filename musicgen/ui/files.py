"""The files that the page serves: takes, and the sound of one that is being made, chunk by chunk.

Knows nothing of the page or of how the files get there. Names of folders are drawn, so nobody else finds them.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
import wave
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from gradio.utils import get_upload_folder

from musicgen import audio
from musicgen.engine import GenerationResult
from musicgen.loop import Cut
from musicgen.request import plan_of
from musicgen.theory import PITCH_NAMES

DAY = 86_400.0  # seconds that a file is served
OLD_SECONDS = 3600.0  # how old an empty folder is before it goes, and what is in those that are for the moment only
MOST_BYTES = 5_000_000_000  # of all files; and no more than half of the disk that others leave
LIVE = "live"  # the kind of folder that holds sound as it comes
INSIDE = "inside"  # and the one that holds a take's scores while somebody looks at them
NAME = 40  # letters of a prompt that a file's name has at most
LOOP_NAME = 20  # of that of a loop, which says more than the prompt


def served_folder() -> str:
    """Where the files lie that the page serves; old ones are cleared away."""
    folder = get_upload_folder()
    Path(folder).mkdir(parents=True, exist_ok=True)
    return folder


def new_folder(kind: str) -> Path:
    """A new folder among the served ones, with a name that nobody can guess."""
    with writing():
        return Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=served_folder()))


@contextmanager
def writing() -> Iterator[None]:
    """What a disk that is full makes of the writing within: a ``ValueError`` of one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"The server cannot write a file now ({reason}); try again in a while.") from error


def sweep(kept: Collection[str] = (), now: float | None = None) -> None:
    """Clear away what has been served for a day, and what is for the moment only sooner: sound as it came, for the
    whole take has been there since, and scores, for they can be read again. Where all that is left is too much, the
    oldest goes, too. What is ``kept`` stays; who misses a take finds it among those that are kept.

    Gradio clears away only what it has shown to somebody: not what comes in and is never used, and what breaks off.
    """
    now = time.time() if now is None else now
    folder, staying = Path(served_folder()).resolve(), {Path(path).resolve() for path in kept}
    files: list[tuple[float, int, Path]] = []
    for parent, _, names in os.walk(folder):
        for path in {Path(parent, name) for name in names} - staying:
            with suppress(OSError):  # somebody else was quicker
                state = path.lstat()
                files.append((state.st_ctime, state.st_size, path))  # a copy is as new as it is here
    room = min(MOST_BYTES, (sum(size for _, size, _ in files) + shutil.disk_usage(folder).free) / 2)
    for changed, size, path in sorted(files, reverse=True):
        room -= size
        brief = path.relative_to(folder).parts[0].startswith((f"{LIVE}-", f"{INSIDE}-"))
        if room < 0 or now - changed > (OLD_SECONDS if brief else DAY):
            with suppress(OSError):
                path.unlink()
    for parent, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # it is not empty
            if Path(parent) != folder and now - Path(parent).stat().st_mtime > OLD_SECONDS:
                Path(parent).rmdir()


def name_of(recipe: Mapping[str, Any], kind: str) -> str:
    """A file name that says what is in it, such as ``slow-jazz-waltz-7.wav``: the prompt's first words and the seed."""
    return f"{_words(recipe, NAME)}{_seed(recipe)}.{kind}"


def name_of_loop(recipe: Mapping[str, Any], cut: Cut) -> str:
    """What whoever looks for a loop asks for first, such as ``lo-fi-hip-hop-80bpm-Gmaj-4bars-7.wav``."""
    plan = plan_of(recipe)
    key, tempo = "", cut.bpm
    if plan is not None:  # quarter notes a minute, as the file itself says
        tempo = plan.meter.tempo(cut.bpm)
    if plan is not None and plan.key is not None:  # a sharp sign would end the path of an address
        key = f"{PITCH_NAMES[plan.key.tonic].replace('#', 'sharp')}{plan.key.mode[:3]}-"
    bars = f"{cut.bars}bar{'s' if cut.bars > 1 else ''}"
    return f"{_words(recipe, LOOP_NAME)}{round(tempo, 1):g}bpm-{key}{bars}-{_seed(recipe)}.wav"


def _words(recipe: Mapping[str, Any], most: int) -> str:
    name = ""
    for word in re.findall(r"[a-z0-9]+", str(recipe.get("prompt", "")).lower()):
        if len(name) + len(word) >= most:
            break
        name += f"{word}-"
    return name or "musicgen-"


def _seed(recipe: Mapping[str, Any]) -> int:
    seed = recipe.get("seed")
    return seed if isinstance(seed, int) else 0


def save(result: GenerationResult) -> str:
    """Write the take, its recipe inside, into a folder that the page serves and clears; return the path."""
    path = new_folder("take") / name_of(result.recipe, "wav")
    audio.write(path, audio.Audio(result.audio, result.sample_rate), recipe=result.recipe)
    return str(path)


@dataclass(frozen=True)
class Stream:
    """All chunks that there are so far, not only the new ones: of two updates that follow closely the page may see only
    the second."""

    folder: str = ""  # of the files, and what tells one stream from another; "" before there is a sound
    sample_rate: int = 32_000
    seconds: float = 0.0  # how long it is going to be
    names: tuple[str, ...] = ()
    over: bool = False  # no other chunk will come


class Chunks:
    """The sound of one press of Generate as it comes, one small file after another in a folder of its own."""

    def __init__(self, sample_rate: int, seconds: float) -> None:
        """For about ``seconds`` of sound in all."""
        self._stream = Stream("", sample_rate, seconds)

    def add(self, samples: np.ndarray) -> Stream:
        """Write float32 [C, N] as the next file; return all there are."""
        folder, name = self._stream.folder or str(new_folder(LIVE)), f"{len(self._stream.names)}.wav"
        write_wav(Path(folder) / name, samples, self._stream.sample_rate)
        self._stream = replace(self._stream, folder=folder, names=(*self._stream.names, name))
        return self._stream

    def ended(self) -> Stream:
        """All there are, and that no other will come."""
        return replace(self._stream, over=True)


def write_wav(path: Path, samples: np.ndarray, sample_rate: int) -> None:
    """Write float32 [C, N] as a 16-bit WAV file, quickly: without what ``audio.write`` adds to a take."""
    with writing(), wave.open(str(path), "wb") as out:
        out.setnchannels(samples.shape[0])
        out.setsampwidth(2)
        out.setframerate(sample_rate)
        out.writeframes((np.clip(samples.T, -1, 1) * 32767).round().astype("<i2").tobytes())
