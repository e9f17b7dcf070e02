"""What is heard of a melody before it is followed: the tune in a file, as the model will be told it, and its picture.

Knows nothing of engines at work, plans or takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from musicgen import audio, chroma, visual
from musicgen.errors import ModelUnavailable
from musicgen.preparation import GATE_DB
from musicgen.separation import SAMPLE_RATE, separate
from musicgen.ui import views

_SEPARATED = {
    "demucs": "Demucs picked the vocals and other instruments out of the mix, and left out drums and bass.",
    "harmonic": "librosa picked out the notes that ring on, and left out drum hits and low notes.",
    "none": "The melody was taken from the whole sound.",
}
NO_REST = "Where it is silent, the model is told a C: these models know no rests."


@dataclass(frozen=True, eq=False)
class Tune:
    """What is heard of a melody, and what a model gets to know of it."""

    heard: np.ndarray  # chromagram [M, 12]
    kept: np.ndarray  # the strongest pitch class of each chroma frame, one-hot [M, 12]; zeros for a rest
    seconds: float  # of the recording, as far as it was listened to
    method: str  # how the tune was found in it: demucs, harmonic or none
    notes: tuple[str, ...]  # the same in a sentence, and what becomes of silence

    @property
    def strongest(self) -> np.ndarray:
        """The pitch class that is kept of each chroma frame, int [M]; -1 for a rest."""
        return chroma.strongest(self.kept)

    @property
    def panels(self) -> list[tuple[str, np.ndarray]]:
        """What was heard over what is kept of it, to be drawn: names and chromagrams [M, 12]."""
        return [("heard", self.heard), ("kept: the strongest pitch class", self.kept)]


def listen(path: str, how: str, duration: float, rests: bool = True) -> Tune:
    """The tune in the first ``duration`` seconds of a file, as a model that knows ``rests``, or none, is told it.

    Raises ``ValueError``, ``ModelUnavailable``.
    """
    sound = audio.read(path)
    audio.require_sound(sound, "The melody")
    part = sound.first(duration)
    tune = separate(part, how)
    heard = chroma.chromagram(tune.samples, SAMPLE_RATE, GATE_DB if rests else None)
    kept = chroma.kept(heard) if rests else chroma.argmax_onehot(heard)
    notes = (tune.note or _SEPARATED[tune.method], *(() if rests else (NO_REST,)))
    return Tune(heard, kept, part.seconds, tune.method, notes)


def show_melody(
    path: str | None, how: str, duration: float, rests: bool = True
) -> Iterator[tuple[str, str, list[int]]]:
    """The chromagram of what was uploaded, over the argmax that is all the model gets to know of it.

    Beside the picture: what becomes of silence, if it is no rest; and that strongest pitch class of each chroma frame,
    -1 for a rest. ``rests`` as in `listen`.
    """
    if not path:
        yield "", "", []
        return
    yield views.note("Listening to the melody …"), "", []
    try:
        tune = listen(path, how, duration, rests)
    except (ValueError, ModelUnavailable) as error:
        yield views.problem(str(error)), "", []
        return
    picture = visual.chromagrams(tune.panels, chroma.CHROMA_RATE, f"Melody, {tune.seconds:.1f} s")
    found, *silence = map(views.note, tune.notes)
    yield picture + found, "".join(silence), tune.strongest.tolist()
