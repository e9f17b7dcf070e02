"""What the page's controls say, turned into a request. Knows nothing of gradio, engines or sessions."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from musicgen import audio
from musicgen.request import STRENGTH, GenerationRequest, beginning_of

AS_TRAINED = "as trained"
DRUMS = {"auto": None, "with": True, "without": False}
FREE = "free"  # bars: the seconds count
BARS = (FREE, "2", "4", "8", "16")
ENDINGS = {"auto": None, "final chord": True, "goes on": False}


@dataclass(frozen=True)
class Settings:
    """One field a control, with the values the controls start from. Numbers may come as text; "" leaves them open."""

    prompt: str = ""
    model: str = "pocket"
    duration: float = 10.0
    seed: str | int | None = None
    pattern: str | None = AS_TRAINED
    melody: str | None = None  # path of an uploaded file
    separation: str = "auto"
    melody_strength: float = STRENGTH
    follow_plan: bool = True
    bpm: str | float | None = None
    key: str | None = "auto"
    meter: str | None = "auto"
    chords: str | None = ""
    drums: str = "auto"
    instruments: Sequence[str] | None = ()
    ending: str = "auto"
    sections: str | None = ""  # who plays when
    temperature: str | float | None = None
    top_k: str | int | None = None
    top_p: str | float | None = None
    guidance: str | float | None = None
    prior: str | float | None = None
    negative_prompt: str = ""
    greedy: bool = False
    continue_from: str | None = None  # path of an uploaded file
    painting: str | None = ""  # notes painted over melody and chords
    bars: str | int | None = FREE  # in place of the duration

    def request(self) -> GenerationRequest:
        """The request these settings make; reads the audio files. Raises ``ValueError`` with one sentence."""
        return GenerationRequest(
            prompt=self.prompt or "",
            negative_prompt=self.negative_prompt or "",
            duration=self.duration,
            melody=audio.read(self.melody) if self.melody else None,
            separation=self.separation,
            melody_strength=self.melody_strength,
            continue_from=beginning_of(self.continue_from) if self.continue_from else None,
            pattern=None if self.pattern in (None, "", AS_TRAINED) else self.pattern,
            seed=self.chosen_seed(),
            temperature=_number(self.temperature, "The temperature"),
            top_k=_whole(self.top_k, "Top-k"),
            top_p=_number(self.top_p, "Top-p"),
            guidance=_number(self.guidance, "The guidance"),
            prior=_number(self.prior, "The prior's weight"),
            greedy=_flag(self.greedy, "Greedy"),
            **self.plan_parts(),
            plan="auto" if _flag(self.follow_plan, "Following a plan") else "off",
            painting=self.painting or None,
            bars=self.chosen_bars(),
        )

    def chosen_seed(self) -> int | None:
        """The seed, None where one is to be drawn. Raises ``ValueError``."""
        return _whole(self.seed, "The seed")

    def chosen_bars(self) -> int | None:
        """The length in bars, None where the seconds count. Raises ``ValueError``."""
        return None if self.bars == FREE else _whole(self.bars, "The number of bars")

    def plan_parts(self) -> dict[str, Any]:
        """The parts of the plan given by hand, None where the prompt and the seed decide. Raises ``ValueError``."""
        if not self.follow_plan:
            return dict.fromkeys(("bpm", "key", "meter", "chords", "drums", "instruments", "ending", "sections"))
        if self.drums not in tuple(DRUMS):  # a program may send what no dictionary can look up
            raise ValueError(f"The drums must be one of {', '.join(DRUMS)}.")
        if self.ending not in tuple(ENDINGS):
            raise ValueError(f"The ending must be one of {', '.join(ENDINGS)}.")
        return {
            "bpm": _number(self.bpm, "The tempo"),
            "key": _given(self.key),
            "meter": _given(self.meter),
            "chords": _given(self.chords),
            "drums": DRUMS[self.drums],
            "instruments": ", ".join(self.instruments or ()) or None,
            "ending": ENDINGS[self.ending],
            "sections": _given(self.sections),
        }


def roll_seed() -> int:
    """A seed short enough to be told to a friend."""
    return random.randrange(100_000)


def _flag(value: Any, what: str) -> bool:
    if value not in (True, False, None):  # a "false" would count as true
        raise ValueError(f"{what} must be true or false, not '{str(value)[:40]}'.")
    return bool(value)


def _given(text: str | None) -> str | None:
    text = (text or "").strip()
    return None if text.lower() in ("", "auto") else text


def _number(value: str | float | None, what: str) -> float | None:
    text = str("" if value is None else value).strip().replace(",", ".")
    if text.lower() in ("", "auto"):
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{what} must be a number or left empty; '{text[:40]}' is neither.")
    return number


def _whole(value: str | float | None, what: str) -> int | None:
    text = str("" if value is None else value).strip()
    if text.isdecimal() and len(text) < 20:
        return int(text)  # not by way of a float, which would round a long seed
    number = _number(value, what)
    if number is not None and number != int(number):
        raise ValueError(f"{what} must be a whole number, not {text[:40]}.")
    return None if number is None else int(number)
