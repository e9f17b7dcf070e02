"""What is asked of the engine and what it answers: request, events, result; the checks; the recipe.

Knows nothing of networks or of how a request is carried out. Every bad value is a ``ValueError`` of one sentence.
"""

from __future__ import annotations

import hashlib
import math
import operator
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from musicgen.audio import Audio, read, read_recipe, require_sound
from musicgen.config import ModelConfig, SamplingDefaults
from musicgen.instruments import parse_instruments
from musicgen.painting import parse as parse_painting
from musicgen.patterns import get_pattern
from musicgen.plan import Plan, check_bpm
from musicgen.reading import MAX_PROMPT
from musicgen.sampling import MAX_GUIDANCE, MAX_PRIOR, SamplingParams
from musicgen.sections import parse_sections
from musicgen.separation import METHODS
from musicgen.theory import parse_chords, parse_key, parse_meter

PROGRAM, VERSION = "musicgen-studio", "0.1.0"
MAX_BARS = 1000
NO_TEMPO = "Bars need a tempo; set one by hand such as 120 bpm, or leave the bars free and give seconds."
MAX_SEED = 2**53 - 1  # the largest whole number that survives JSON everywhere
WEAKEST, STRENGTH, STRONGEST = 0.5, 3.0, 4.0  # of a melody: the least, the usual and the most


@dataclass(frozen=True)
class GenerationRequest:
    """What a person asks for; None leaves a value to the model, the plan or the seed."""

    prompt: str = ""
    negative_prompt: str = ""
    duration: float = 10.0  # seconds, of new and given audio together
    melody: Audio | None = None
    separation: str = "auto"  # auto | demucs | harmonic | none
    melody_strength: float = STRENGTH  # of the tune, heard or painted, in the bundled model: 1 as it was learned
    continue_from: Audio | None = None
    pattern: str | None = None  # None: the one the weights know
    seed: int | None = None  # None: drawn, and written into the recipe
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    guidance: float | None = None
    prior: float | None = None  # how much a frame prior counts; of a model that has none, nothing
    greedy: bool = False
    bpm: float | None = None
    key: str | None = None
    meter: str | None = None
    chords: str | None = None
    drums: bool | None = None
    instruments: str | None = None  # such as "piano, electric bass": all that play, drums apart
    ending: bool | None = None  # whether it ends on a final chord, or goes on beyond its last second
    sections: str | None = None  # who plays when, such as "4 piano | 8 all | 4 no drums" (see sections.py)
    plan: str = "auto"  # auto | off
    painting: str | None = None  # notes painted over melody and chords (see painting.py)
    bars: int | None = None  # in place of the duration; becomes seconds as soon as the tempo is known (see bars.py)

    @property
    def parts(self) -> dict[str, Any]:
        """The parts of the plan that were given by hand."""
        names = ("bpm", "key", "meter", "chords", "drums", "instruments", "ending", "sections")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True)
class GenerationEvent:
    """How far a generation is; ``audio`` is the next chunk to play when one is ready."""

    frames_done: int  # frames complete in every codebook
    frames_total: int
    codes: np.ndarray  # int [K, T] so far; -1 where not yet predicted
    audio: np.ndarray | None  # float32 [C, n]
    seconds_left: float | None
    message: str = ""


@dataclass(frozen=True)
class GenerationResult:
    """A finished (or stopped) take: ``T`` frames of codes, their sound, and how to make it again."""

    codes: np.ndarray  # int [K, T]
    audio: np.ndarray  # float32 [C, N]
    sample_rate: int
    recipe: dict[str, Any]
    melody_chroma: np.ndarray | None  # [M, 12] what was asked, after the argmax
    plan: Plan | None


def check(request: GenerationRequest, max_duration: float) -> GenerationRequest:
    """The request with its texts cleaned, every value looked at that no model is needed for. Raises ``ValueError``."""
    checked = replace(
        request,
        prompt=_clean(request.prompt, "prompt"),
        negative_prompt=_clean(request.negative_prompt, "negative prompt"),
        duration=_duration(request.duration, max_duration if request.bars is None else math.inf),
        seed=None if request.seed is None else _whole(request.seed, "The seed", MAX_SEED),
        temperature=None if request.temperature is None else _number(request.temperature, "The temperature"),
        top_k=None if request.top_k is None else _whole(request.top_k, "Top-k", MAX_SEED),
        top_p=None if request.top_p is None else _number(request.top_p, "Top-p"),
        guidance=None if request.guidance is None else _number(request.guidance, "The guidance"),
        prior=None if request.prior is None else _number(request.prior, "The prior's weight"),
        painting=_painting(request.painting),
        sections=None if request.sections is None else _clean(request.sections, "text of the sections") or None,
        melody_strength=_number(request.melody_strength, "The melody's strength"),
        bars=None if request.bars is None else _bars(request.bars),
    )
    if not WEAKEST <= checked.melody_strength <= STRONGEST:
        span = f"between {WEAKEST:g} and {STRONGEST:g}"
        raise ValueError(f"The melody's strength must lie {span}; {STRENGTH:g} is usual.")
    if checked.guidance is not None and not 0 <= checked.guidance <= MAX_GUIDANCE:
        raise ValueError(f"The guidance must lie between 0 and {MAX_GUIDANCE:g}; 3 is usual, 1 switches it off.")
    if checked.prior is not None and not 0 <= checked.prior <= MAX_PRIOR:
        raise ValueError(f"The prior's weight must lie between 0, which is off, and {MAX_PRIOR:g}.")
    _sampling(checked, SamplingDefaults())
    _check_plan(checked)
    if checked.separation not in METHODS:
        raise ValueError(f"The separation is one of {', '.join(METHODS)}, not '{str(checked.separation)[:40]}'.")
    if checked.melody is not None:
        _check_audio(checked.melody, "melody")
    if checked.continue_from is not None:
        _check_audio(checked.continue_from, "audio to continue")
        if checked.continue_from.seconds >= max_duration:
            raise ValueError(f"The audio to continue lasts {checked.continue_from.seconds:.1f} s; cut it first, for "
                             f"the given and the new music together may last {max_duration:g} s at most.")
        if checked.bars is None and checked.duration <= checked.continue_from.seconds:
            raise ValueError(
                f"The audio to continue lasts {checked.continue_from.seconds:.1f} s already; ask for a longer "
                "duration, for it counts the given and the new music together."
            )
    return checked


def resolve(request: GenerationRequest, config: ModelConfig, max_duration: float) -> GenerationRequest:
    """The request, checked, with every sampling value, the pattern and the seed filled in. Raises ``ValueError``."""
    checked = check(request, max_duration)
    painted = checked.painting is not None and parse_painting(checked.painting).sings
    if checked.melody is not None or painted:
        require_melody_place(config)
    if checked.bars is not None and checked.bpm is None and (checked.plan == "off" or not config.lm.aligned_dim):
        raise ValueError(NO_TEMPO)  # a model that is told no plan reads tempi of the words at most
    pattern = config.pattern if checked.pattern is None else str(checked.pattern)
    params = sampling_params(checked, config)
    return replace(
        checked,
        pattern=get_pattern(pattern, config.lm.codebooks).name,
        seed=secrets.randbelow(2**32) if checked.seed is None else checked.seed,
        temperature=params.temperature,
        top_k=params.top_k,
        top_p=params.top_p,
        guidance=config.sampling.guidance if checked.guidance is None else checked.guidance,
        prior=config.sampling.prior if checked.prior is None else checked.prior,
    )


def sampling_params(request: GenerationRequest, config: ModelConfig) -> SamplingParams:
    """How the codes of a checked request are drawn; what it leaves open is the model's own."""
    return _sampling(request, config.sampling)


def _sampling(request: GenerationRequest, defaults: SamplingDefaults) -> SamplingParams:
    told = request.plan == "auto" or request.melody is not None or request.painting is not None
    own = defaults.temperature if told else defaults.words_temperature or defaults.temperature
    return SamplingParams(
        own if request.temperature is None else request.temperature,
        defaults.top_k if request.top_k is None else request.top_k,
        defaults.top_p if request.top_p is None else request.top_p,
        request.greedy,
        defaults.codebook_temperatures,
    )


def follows_melody(config: ModelConfig) -> bool:
    """Whether the model has a place for a melody: in its prefix or in its aligned features."""
    return bool(config.lm.melody_bins or config.lm.aligned_dim)


def require_melody_place(config: ModelConfig) -> None:
    """Raises ``ValueError`` for a model that follows no melody."""
    if not follows_melody(config):
        raise ValueError(
            f"The model '{config.name}' cannot follow a melody; choose 'pocket' or one of the melody models."
        )


def make_recipe(resolved: GenerationRequest, model_name: str, plan: Plan | None, notes: tuple[str, ...]) -> dict:
    """Everything that is needed to make the take again, ready for JSON; audio is told by its hash, never by a path."""
    values: dict[str, Any] = {"program": PROGRAM, "version": VERSION, "model": model_name}
    for field in fields(resolved):
        if field.name == "bars":  # the duration says it, and makes the same again whatever is counted
            continue
        value = getattr(resolved, field.name)
        values[field.name] = _describe_audio(value) if isinstance(value, Audio) else value
    values["plan_setting"] = resolved.plan
    values["plan"] = plan.to_dict() if plan is not None else None
    values["notes"] = list(notes)
    return values


def request_from_recipe(
    recipe: dict[str, Any], melody: Audio | None = None, continue_from: Audio | None = None
) -> GenerationRequest:
    """The request a recipe stands for; its audio must be given again. Raises ``ValueError``."""
    if not isinstance(recipe, dict) or "prompt" not in recipe or "seed" not in recipe:
        raise ValueError("This is not a recipe of MusicGen Studio: it has no prompt and no seed.")
    for name, given, flag in (("melody", melody, "--melody"), ("continue_from", continue_from, "--continue-from")):
        if recipe.get(name) and given is None:
            raise ValueError(f"This recipe was made with an audio file that it does not hold; give it with {flag}.")
    names = {field.name for field in fields(GenerationRequest)} - {"plan", "melody", "continue_from", "bars"}
    kept: dict[str, Any] = {name: recipe[name] for name in names if name in recipe}
    plan = recipe.get("plan_setting", "auto")
    return GenerationRequest(**kept, plan=plan, melody=melody, continue_from=continue_from)


def plan_of(recipe: Mapping[str, Any]) -> Plan | None:
    """The plan that a recipe tells; None where it tells none, or none that can be read."""
    try:
        return Plan.from_dict(recipe["plan"]) if recipe.get("plan") else None
    except (ValueError, TypeError):  # of another version, or somebody else's
        return None


def without_end(sound: Audio, recipe: Mapping[str, Any]) -> Audio:
    """A take without its final chord, if its recipe says it has one, for after that nothing goes on."""
    plan = plan_of(recipe)
    try:
        ends = None if plan is None else plan.ends(_number(recipe["duration"], "The duration"))
    except (KeyError, ValueError):  # of another version, or somebody else's
        ends = None
    if ends is None or ends >= sound.seconds:
        return sound
    return replace(sound, samples=sound.samples[:, : round(ends * sound.sample_rate)])


def beginning_of(path: str | Path, recipe: Mapping[str, Any] | None = None) -> Audio:
    """A file to go on from; a take of ours without its final chord, unless the ``recipe`` that is to be followed went
    on from all of it. Raises ``ValueError``."""
    sound = read(path)
    if was_made_with(sound, (recipe or {}).get("continue_from")):
        return sound
    try:
        return without_end(sound, read_recipe(path))
    except ValueError:  # made elsewhere
        return sound


def was_made_with(sound: Audio, told: Any) -> bool:
    """Whether ``sound`` is the audio of which a recipe tells ``told``."""
    return isinstance(told, Mapping) and told.get("sha256") == _fingerprint(sound)


def _describe_audio(audio: Audio) -> dict[str, Any]:
    return {
        "sha256": _fingerprint(audio),
        "seconds": round(audio.samples.shape[1] / audio.sample_rate, 3),
        "sample_rate": audio.sample_rate,
        "channels": audio.samples.shape[0],
    }


def _fingerprint(audio: Audio) -> str:
    return hashlib.sha256(np.ascontiguousarray(audio.samples, np.float32).tobytes()).hexdigest()


def _clean(text: Any, what: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"The {what} must be text.")
    if len(text) > MAX_PROMPT:
        raise ValueError(f"The {what} is {len(text):,} characters long; {MAX_PROMPT:,} is the most.")
    # Control characters and lone surrogates mean nothing to a tokenizer; line breaks are blanks.
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _number(value: Any, what: str) -> float:
    try:
        number = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{what} must be a number, not '{str(value)[:40]}'.")
    return number


def _whole(value: Any, what: str, most: int) -> int:
    try:
        number = operator.index(value) if not isinstance(value, bool) else -1
    except TypeError:
        number = -1
    if not 0 <= number <= most:
        raise ValueError(f"{what} must be a whole number from 0 to {most:,}, not '{str(value)[:40]}'.")
    return number


def _bars(value: Any) -> int:
    bars = _whole(value, "The number of bars", MAX_BARS)
    if not bars:
        raise ValueError("Ask for at least one bar, or leave the bars free.")
    return bars


def _duration(value: Any, most: float) -> float:
    seconds = _number(value, "The duration")
    if not 0 < seconds <= most:
        raise ValueError(f"The duration must be more than 0 and at most {most:g} seconds, not {seconds:g}.")
    return seconds


def _painting(text: str | None) -> str | None:
    """The painted notes, None where they change nothing."""
    painting = parse_painting(text) if text else None
    return str(painting) if painting and (painting.sings or painting.harmonises) else None


def _check_plan(request: GenerationRequest) -> None:
    if request.plan not in ("auto", "off"):
        raise ValueError(f"The plan is 'auto' or 'off', not '{str(request.plan)[:40]}'.")
    if request.drums not in (True, False, None):
        raise ValueError("Drums are true, false or left open.")
    if request.ending not in (True, False, None):
        raise ValueError("The ending is true, false or left open.")
    checks = {"bpm": check_bpm, "key": parse_key, "meter": parse_meter, "chords": parse_chords,
              "instruments": parse_instruments, "sections": parse_sections}
    for name, check in checks.items():
        value = getattr(request, name)
        if value is not None:
            check(value if name == "bpm" else str(value)[:400])  # type: ignore[operator]


def _check_audio(audio: Audio, what: str) -> None:
    if not np.isfinite(audio.samples).all():
        raise ValueError(f"The {what} holds values that are not numbers; export it again.")
    require_sound(audio, f"The {what}")
