"""The public interface for programs and MCP clients: `/generate` and `/pattern`; `api_sounds.py` has the rest.

Knows nothing of the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gradio as gr

from musicgen.errors import ModelUnavailable
from musicgen.patterns import get_pattern
from musicgen.request import STRENGTH
from musicgen.ui import handlers
from musicgen.ui.api_sounds import add_sounds
from musicgen.ui.engines import Engines
from musicgen.ui.lent import on_gpu
from musicgen.ui.settings import AS_TRAINED, DRUMS, ENDINGS, Settings

MAX_FRAMES = 1000  # drawn step by step
OPEN_CALLS = 2  # takes made at once for programs: however many they ask for, the page's visitors have their places


def add_api(engines: Engines) -> None:
    """Add the endpoints; their inputs are components that nobody sees."""
    with gr.Row(visible=False):
        _generate(engines)
        _pattern()
        add_sounds(engines)


def _generate(engines: Engines) -> None:
    @on_gpu
    def generate(
        prompt: str = "",
        duration: float = 10.0,
        model: str = engines.default,
        seed: int | None = None,
        melody: str | None = None,
        separation: str = "auto",
        bpm: float | None = None,
        key: str = "auto",
        meter: str = "auto",
        chords: str = "",
        drums: str = "auto",
        follow_plan: bool = True,
        pattern: str = AS_TRAINED,
        negative_prompt: str = "",
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        guidance: float | None = None,
        greedy: bool = False,
        continue_from: str | None = None,
        painting: str = "",
        instruments: str = "",
        ending: str = "auto",
        melody_strength: float = STRENGTH,
        bars: int | None = None,
        sections: str = "",
        prior: float | None = None,
    ) -> Iterator[tuple[str | None, dict[str, Any]]]:
        """Make music from words, and from a melody if there is one; the last output is the finished take.

        Args:
            prompt: What it should sound like: style, mood, instruments, tempo, key.
            duration: Seconds of music, continued audio included.
            model: Which model makes it.
            seed: The same seed and settings make the same take; none: a new one is drawn and told in the recipe.
            melody: An audio file whose tune is followed.
            separation: How the tune is found in it: auto, demucs, harmonic or none.
            bpm: Tempo in beats a minute; none: from the prompt and the seed.
            key: Key such as "A minor", or "auto".
            meter: "4/4", "3/4", "6/8" or "auto".
            chords: A loop, one chord a bar, such as "Am F C G"; empty: from the prompt and the seed.
            drums: "with", "without" or "auto".
            follow_plan: False: the model is told no tempo, key, chords or players.
            pattern: Order in which the codes are predicted, such as "delay"; the trained one is best.
            negative_prompt: What it should not sound like.
            temperature: Higher is wilder, lower is tamer; none: the model's own value, as for the next three.
            top_k: Draw from the k likeliest codes.
            top_p: Draw from the likeliest codes that together have this probability.
            guidance: How closely to follow the prompt and the plan; 1 is off, 3 usual.
            greedy: Always take the likeliest code.
            continue_from: An audio file to go on from.
            painting: Notes over melody and chords by the cell, such as "0.5;m=047-;c=91": half seconds with C, E, G
                and a rest in the melody (0 to 9, a, b), C major below the first (pitch classes as hexadecimal bits).
            instruments: Every instrument except the drums, such as "piano, acoustic bass"; empty: from the prompt, or
                its style.
            ending: "final chord", "goes on" or "auto": as the prompt says, or it goes on beyond its last second.
            melody_strength: How closely the bundled model follows the melody, heard or painted, from 0.5 to 4; 3 is
                usual, 1 looser.
            bars: Length in bars, in place of the duration; a loop of so many can be cut out. Needs a tempo.
            sections: Who plays when, in bars, such as "4 piano | 8 all | 4 no drums | all" (with "~4" they are
                fewer in a short take); empty: as the prompt says, or all play all the time.
            prior: How much counts what the bundled model expects of a frame by the plan alone, whatever came before;
                0 is off; none: the model's own value.

        Returns:
            The take as a WAV file, and its recipe: every setting needed to make it again.
        """
        settings = Settings(
            prompt=prompt, model=model, duration=duration, seed=seed, pattern=pattern, melody=melody,
            separation=separation, follow_plan=follow_plan, bpm=bpm, key=key, meter=meter, chords=chords, drums=drums,
            temperature=temperature, top_k=top_k, top_p=top_p, guidance=guidance, negative_prompt=negative_prompt,
            greedy=greedy, continue_from=continue_from, painting=painting,
            instruments=[instruments] if instruments else [], ending=ending, melody_strength=melody_strength, bars=bars,
            sections=sections, prior=prior,
        )
        try:
            with closing(engines.get(model).start(settings.request())) as generation:
                for event in generation:  # a yield now and then, so that whoever goes away stops the model
                    yield None, {"frames_done": event.frames_done, "frames_total": event.frames_total}
                result = generation.result()
                yield handlers.save(result), json.loads(json.dumps(result.recipe))
        except (ValueError, ModelUnavailable) as error:  # some are known only once it has its turn
            raise gr.Error(str(error), print_exception=False) from None

    inputs = [
        gr.Textbox("", label="Prompt"),
        gr.Number(10, label="Duration, seconds"),
        gr.Dropdown(engines.names, value=engines.default, label="Model"),
        gr.Number(None, label="Seed"),
        gr.Audio(type="filepath", label="Melody"),
        gr.Textbox("auto", label="Separation"),
        gr.Number(None, label="Tempo, bpm"),
        gr.Textbox("auto", label="Key"),
        gr.Textbox("auto", label="Metre"),
        gr.Textbox("", label="Chords"),
        gr.Radio(list(DRUMS), value="auto", label="Drums"),
        gr.Checkbox(True, label="Follow a plan"),
        gr.Textbox(AS_TRAINED, label="Pattern"),
        gr.Textbox("", label="Negative prompt"),
        gr.Number(None, label="Temperature"),
        gr.Number(None, label="Top-k"),
        gr.Number(None, label="Top-p"),
        gr.Number(None, label="Guidance"),
        gr.Checkbox(False, label="Greedy"),
        gr.Audio(type="filepath", label="Continue this audio"),
        gr.Textbox("", label="Painted notes"),
        gr.Textbox("", label="Instruments"),
        gr.Dropdown(list(ENDINGS), value="auto", label="Ending"),
        gr.Number(STRENGTH, label="The melody's strength"),
        gr.Number(None, label="Bars"),
        gr.Textbox("", label="Sections"),
        gr.Number(None, label="Prior"),
    ]
    outputs = [gr.Audio(label="Take"), gr.JSON(label="Recipe")]
    gr.Button("generate").click(
        generate, inputs, outputs, api_name="generate", concurrency_limit=OPEN_CALLS, concurrency_id="programs",
    )


def _pattern() -> None:
    def pattern(name: str = "delay", codebooks: int = 4, frames: int = 8) -> dict[str, Any]:
        """Tell how a codebook pattern orders the codes: what every step predicts, what it costs, whether it is exact.

        Args:
            name: A pattern of the paper such as "delay", delays such as "0,1,2,3", or groups such as "1|2,3,4".
            codebooks: How many codebooks a frame has.
            frames: How many frames of the codec to order; 50 are a second of music.

        Returns:
            Its properties, and its steps: for each step a list of [frame, codebook], both counted from 0.
        """
        try:
            if not (isinstance(frames, int) and 1 <= frames <= MAX_FRAMES):
                raise ValueError(f"Ask for 1 to {MAX_FRAMES} frames.")
            if not (isinstance(codebooks, int) and 1 <= codebooks <= 16):
                raise ValueError("Ask for 1 to 16 codebooks.")
            chosen = get_pattern(str(name)[:200], codebooks)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from None
        return {
            "name": chosen.name,
            "description": chosen.description,
            "exact": chosen.exact,
            "streams": chosen.streams,
            "step_count": chosen.step_count(frames),
            "steps": [[[t, k] for t, k in step] for step in chosen.steps(frames)],
        }

    inputs = [
        gr.Textbox("delay", label="Pattern"),
        gr.Number(4, label="Codebooks"),
        gr.Number(8, label="Frames"),
    ]
    gr.Button("pattern").click(pattern, inputs, gr.JSON(label="Pattern"), api_name="pattern", queue=False)
