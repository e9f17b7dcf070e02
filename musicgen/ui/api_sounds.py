"""What programs may ask of a sound of their own: `/melody` and `/codebooks`. Knows nothing of the page or of takes.

Both do what the page's tabs do, with the same limits and the same sentences.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import gradio as gr

from musicgen import audio, books, chroma
from musicgen.errors import ModelUnavailable
from musicgen.ui import codebooks as tab
from musicgen.ui.engines import Engines
from musicgen.ui.files import new_folder
from musicgen.ui.lent import SHORT_SECONDS, on_gpu
from musicgen.ui.listening import listen

# Programs ask one at a time, so that they leave the page its processors.
_QUEUE: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "sounds"}
_MISSING = "Send an audio file, too."


def add_sounds(engines: Engines) -> None:
    """Add the endpoints; their inputs are components, to be laid out where nobody sees them."""
    _melody(engines)
    _codebooks(engines)


def _melody(engines: Engines) -> None:
    @partial(on_gpu, seconds=SHORT_SECONDS)
    def melody(
        sound: str | None = None, separation: str = "auto", model: str = engines.default
    ) -> tuple[str, dict[str, Any]]:
        """Hear the melody in a recording as a model would be told it: the strongest pitch class of each chroma frame.

        Args:
            sound: An audio file; of a long one only the beginning is heard, as long as a take may be.
            separation: How the tune is found in it: auto (demucs, or harmonic where its weights cannot be had), demucs,
                harmonic or none.
            model: The model that would be told it. The released models know no rests: silence is C to them.

        Returns:
            A picture of the chromagram over what is kept of it, as a PNG file; and "strongest", a pitch class for each
            chroma frame (0 is C, 11 is B, -1 a rest), "frame_rate" in chroma frames a second, the "seconds" that were
            heard, the "separation" that was used, and a "note" that says so in words.
        """
        try:
            if not sound:
                raise ValueError(_MISSING)
            tune = listen(sound, separation, engines.max_duration, engines.card(model).rests)
        except (ValueError, ModelUnavailable) as error:
            raise gr.Error(str(error), print_exception=False) from None
        from musicgen.figure import chroma_figure, png

        picture = new_folder("melody") / "melody.png"
        picture.write_bytes(png(chroma_figure(tune.panels, f"Melody, {tune.seconds:.1f} s")))
        return str(picture), {
            "strongest": tune.strongest.tolist(),
            "frame_rate": chroma.CHROMA_RATE,
            "seconds": round(tune.seconds, 3),
            "separation": tune.method,
            "note": " ".join(tune.notes),
        }

    inputs = [
        gr.Audio(type="filepath", label="Sound"),
        gr.Textbox("auto", label="Separation"),
        gr.Dropdown(engines.names, value=engines.default, label="Model"),
    ]
    outputs = [gr.Image(type="filepath", label="Picture"), gr.JSON(label="Melody")]
    gr.Button("melody").click(melody, inputs, outputs, api_name="melody", **_QUEUE)


def _codebooks(engines: Engines) -> None:
    @on_gpu
    def codebooks(sound: str | None = None, model: str = engines.default) -> tuple[list[str], list[dict[str, Any]]]:
        """Hear what each codebook of a codec adds: a sound from its first codebook, from the first two, up to all.

        Args:
            sound: An audio file of at least 0.1 seconds; of a long one the first 30 seconds are taken.
            model: The model whose codec is used.

        Returns:
            The sounds as WAV files, from one book to all; and for each, in the same order, how many "books" of a
            channel it has, its "kilobits" a second, its "log_mel_distance" from the original in dB (0: no difference)
            and its "spectral_snr" in dB (more is better; null where nothing differs). Both are blind to phase.
        """
        try:
            if not sound:
                raise ValueError(_MISSING)
            heard = audio.read(sound)
            codec = engines.get(model).model.codec
            original = tab.original_of(codec, heard)
        except (ValueError, ModelUnavailable) as error:
            raise gr.Error(str(error), print_exception=False) from None
        folder = new_folder("books")
        files, figures = [], []
        for rebuilt in books.rebuild(codec, books.encode(codec, original), original):
            file = folder / f"books-{rebuilt.books}.wav"
            audio.write(file, rebuilt.audio)
            files.append(str(file))
            figures.append({
                "books": rebuilt.books,
                "kilobits": round(rebuilt.kilobits, 3),
                "log_mel_distance": round(rebuilt.distance, 3),
                "spectral_snr": round(rebuilt.snr, 3) if math.isfinite(rebuilt.snr) else None,
            })
        return files, figures

    inputs = [
        gr.Audio(type="filepath", label="Sound"),
        gr.Dropdown(engines.names, value=engines.default, label="Model"),
    ]
    outputs = [gr.File(file_count="multiple", label="Sounds"), gr.JSON(label="Figures")]
    gr.Button("codebooks").click(codebooks, inputs, outputs, api_name="codebooks", **_QUEUE)
