"""From a resolved request to what steers its generation: the text, the plan, the melody, the audio to go on from.

Everything here covers the whole take in absolute time; what of it a window is told is ``telling``'s. Knows nothing of
decoding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from musicgen import aligned, chroma, eastern, rhythm
from musicgen.entrances import heard_of
from musicgen.instruments import lineup, parse_instruments
from musicgen.meaning import nearest_kind
from musicgen.model import Model
from musicgen.painting import Painting
from musicgen.painting import parse as parse_painting
from musicgen.plan import MAX_BPM, MIN_BPM, Plan, turn_frame
from musicgen.planning import left_open, make_plan
from musicgen.reading import read_prompt, understood, unstructured
from musicgen.request import GenerationRequest
from musicgen.sections import parse_sections
from musicgen.separation import SAMPLE_RATE, separate
from musicgen.theory import METERS, parse_chords, parse_key, parse_meter

NEARLY = 0.25  # of a beat: so far off a bar line a recording may begin or end, and still counts as on it
GATE_DB = 60.0  # a frame this far below the melody's loudest one is a rest, as silence was in training


@dataclass(frozen=True)
class Listened:
    """What was heard in the audio of a request: the same whatever the seed, so that other takes need not hear it
    again."""

    given: Tensor  # codes of the audio to go on from, [K, P]; P may be 0
    chroma: np.ndarray | None  # of the tune in the melody, [M, 12]
    separation: str  # how the melody was separated in the end
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """From frame ``first`` on the text encoder reads ``text``."""

    first: int
    text: str


@dataclass(frozen=True)
class Prepared:
    """What steers a take of ``frames`` frames."""

    frames: int  # T
    text: str  # what the text encoder reads
    plan: Plan | None
    features: np.ndarray | None  # aligned features float32 [T, A]
    chroma: np.ndarray | None  # the melody after the argmax, [M, 12]; of a released model to the end of its last window
    listened: Listened
    notes: tuple[str, ...]
    melody_strength: float = 1.0
    parts: tuple[Part, ...] = ()  # who plays when, where not all play all the time; in order, the first from frame 0

    @property
    def turns(self) -> tuple[int, ...]:
        """Frames with which a section begins that others play than before it."""
        return tuple(part.first for part in self.parts[1:])


KEY_UNTOLD = "Beside a melody the model is told no key; the melody brings its own."


def listen(model: Model, request: GenerationRequest) -> Listened:
    """Analyse the audio of a resolved ``request``. Raises ``ValueError``, ``ModelUnavailable``."""
    given = _given_codes(model, request)
    if request.melody is None:
        return Listened(given, None, request.separation, ())
    # The released models are told 30 s of the tune, however short the take is.
    beyond = 0.0 if model.config.lm.aligned_dim else model.config.window_seconds
    tune = separate(request.melody.first(request.duration + beyond), request.separation)
    # The released models know no rests: silence is bin 0 to them.
    gate = GATE_DB if model.config.lm.aligned_dim else None
    heard = chroma.chromagram(tune.samples, SAMPLE_RATE, gate)
    return Listened(given, heard, tune.method, (tune.note,) if tune.note else ())


def prepare(model: Model, request: GenerationRequest, listened: Listened | None = None) -> Prepared:
    """Settle the plan of a resolved ``request``, and hear its audio unless that was ``listened`` to.

    Raises ``ValueError``, ``ModelUnavailable``.
    """
    frames = model.config.frames(request.duration)
    listened = listened or listen(model, request)
    given, heard, notes = listened.given, listened.chroma, list(listened.notes)
    painting = None if request.painting is None else parse_painting(request.painting)
    if not model.config.lm.aligned_dim:
        onehot = None if heard is None else chroma.argmax_onehot(heard)
        if painting is not None and painting.sings:  # silence is bin 0 to the released models
            seconds = request.duration + model.config.window_seconds
            # A tune that is too short starts again, painted over or not.
            tune = None if onehot is None else np.resize(onehot.argmax(1), round(seconds * chroma.CHROMA_RATE) + 1)
            sung = _sung(painting, seconds, tune)
            onehot = np.eye(chroma.BINS, dtype=np.float32)[np.maximum(sung, 0)]
        if painting is not None and painting.harmonises:
            notes.append("The painted chords are left out: this model can only be told a melody.")
        if request.sections:
            notes.append("The sections are left out: only the bundled model can be told who plays when.")
        text = with_metadata(replace(request, prompt=read_by(model, request.prompt)))
        return Prepared(frames, text, None, None, onehot, listened, tuple(notes))

    words = read_by(model, request.prompt)
    untold = replace(request, prompt=words, bpm=None, chords=None, instruments=None)  # the features tell them better
    text = words if request.plan == "auto" else with_metadata(untold)
    plan = plan_for(request, heard, given.shape[1] / model.codec.frame_rate, notes)
    if plan is not None and plan.ending:
        ends = plan.ends(frames / model.codec.frame_rate)
        if plan.bpm is None:
            notes.append("An ending needs a tempo; give one such as 120 bpm.")
            plan = replace(plan, ending=None)
        elif ends is None or ends < given.shape[1] / model.codec.frame_rate:
            notes.append("There is no room for an ending in the new music; ask for a longer duration.")
            plan = replace(plan, ending=False)
    parts = () if plan is None else _parts(plan, text, frames, model.codec.frame_rate, notes)
    features = np.zeros((frames, aligned.ALIGNED_DIM), np.float32)
    if plan is not None:
        features = plan.aligned(frames, model.codec.frame_rate)
        if request.continue_from is not None:  # the given music has its own chords, which nobody told us
            features[: given.shape[1]] = aligned.drop(features[: given.shape[1]], "chords")
    onehot = None
    if heard is not None:
        strongest = chroma.strongest(heard)
        assert request.melody is not None
        lasts = min(frames, round(request.melody.seconds * model.codec.frame_rate))
        told = int(np.argmax(np.append(features[:lasts, aligned.OVER], 1.0)))  # the final chord is everybody's
        features[:told] += aligned.melody_features(told, model.codec.frame_rate, strongest, chroma.CHROMA_RATE)
        onehot = chroma.kept(heard)
        if lasts < frames and painting is None:
            notes.append(f"The melody lasts {lasts / model.codec.frame_rate:.1f} s; the music goes on freely after it.")
    if painting is not None:
        features = painting.apply(features, model.codec.frame_rate)
        if painting.sings:
            sung = _sung(painting, request.duration, None if heard is None else chroma.strongest(heard))
            onehot = np.eye(chroma.BINS, dtype=np.float32)[np.maximum(sung, 0)] * (sung >= 0)[:, None]
    # A rest is left open: to a model that has learnt from whole bands a rest of all of them is the end of the music.
    features[~features[:, aligned.MELODY].any(1), aligned.HAS_MELODY] = 0.0
    features = features[:, : model.config.lm.aligned_dim]  # a model may have been trained with fewer of them
    return Prepared(frames, text, plan, features, onehot, listened, tuple(notes), request.melody_strength, parts)


def _parts(plan: Plan, words: str, frames: int, frame_rate: float, notes: list[str]) -> tuple[Part, ...]:
    """What the text encoder reads in each section; empty where all play all the time.

    Of players that rest it reads nothing: what the words name is heard, whatever else is told.
    """
    seconds = frames / frame_rate
    starts, everyone = plan.starts(seconds), (plan.instruments, bool(plan.drums))
    if starts and starts[-1] > plan.over(seconds):
        notes.append(f"The last section would begin after {starts[-1]:.1f} s; the take is over before it.")
    words = unstructured(words)
    return tuple(
        Part(turn_frame(turn, frame_rate), words if turn.players == everyone
             else heard_of(words.lower(), turn.instruments, turn.drums))
        for turn in plan.turns(seconds)
    )


def _sung(painting: Painting, seconds: float, heard: np.ndarray | None) -> np.ndarray:
    """The melody with what is painted over it, a pitch class a chroma frame, int [M]; -1 where none is asked for."""
    frames = round(seconds * chroma.CHROMA_RATE) + 1
    before = np.full(frames, -1)
    if heard is not None:
        before[: len(heard)] = heard[:frames]
    return painting.sung(np.arange(frames) / chroma.CHROMA_RATE, before)


def read_by(model: Model, words: str) -> str:
    """Words as the model's encoder can read them: MiniLM in English; T5 as they are, if they are in its letters."""
    return understood(words) if model.config.lm.aligned_dim else eastern.in_english(words)


def with_metadata(request: GenerationRequest) -> str:
    """The prompt with the parts given by hand, worded like the metadata in the released models' training captions."""
    names = {"bpm": "bpm", "key": "key", "meter": "meter", "chords": "chords", "instruments": "instruments"}
    parts = request.parts
    told = [f"{said}: {f'{parts[name]:g}' if name == 'bpm' else parts[name]}" for name, said in names.items()
            if name in parts]
    if request.drums is not None:
        told.append("with drums" if request.drums else "no drums")
    return ". ".join(part for part in (request.prompt.rstrip(" ."), *told) if part) if told else request.prompt


def _given_codes(model: Model, request: GenerationRequest) -> Tensor:
    codec = model.codec
    if request.continue_from is None:
        return torch.zeros(codec.codebooks, 0, dtype=torch.long)
    audio = request.continue_from.resampled(codec.sample_rate).with_channels(codec.channels)
    samples = torch.from_numpy(np.ascontiguousarray(audio.samples))[None]
    # A last frame that is only partly filled would make the model believe in a stop.
    whole = max(1, audio.samples.shape[1] // codec.hop)
    codes = codec.encode(samples)[0, :, :whole].cpu()
    if codes.shape[1] >= model.config.frames(request.duration):
        raise ValueError("The duration leaves no room for new music after the given audio; ask for a longer one.")
    return codes


def plan_for(
    request: GenerationRequest, heard: np.ndarray | None, given_seconds: float, notes: list[str]
) -> Plan | None:
    """What an aligned model is told besides the melody.

    A melody, or audio to go on from, brings its own tempo, beat and key; what the words or the user say wins. A key is
    told by the chords alone, and beside a melody there are none but those that were asked for.
    """
    assert request.seed is not None
    if request.plan == "off":
        return _told_by_hand(request)
    near = nearest_kind(unstructured(request.prompt))
    plan = make_plan(request.prompt, request.seed, **request.parts, near=near)
    said = read_prompt(request.prompt)
    if said.odd_meter is not None and request.meter is None:
        notes.append(f"This model knows {', '.join(METERS)}, but not {said.odd_meter}; it is told {plan.meter}.")
    source = request.melody or request.continue_from
    if source is None:
        return plan
    untold = left_open(request.prompt, request.parts)
    if request.melody is not None and request.key is not None and "chords" in untold:
        notes.append(KEY_UNTOLD)
    # No rhythm needs more; the analysis of a file at 192 kHz would take gigabytes.
    source = source.first(request.duration).resampled(SAMPLE_RATE)
    samples = source.mono()
    bpm: float | None = plan.bpm
    if "bpm" in untold:
        estimate = round(rhythm.tempo(samples, source.sample_rate), 2)
        bpm = estimate if MIN_BPM <= estimate <= MAX_BPM else None
        what = "melody" if request.melody else "given audio"
        notes.append(f"The tempo heard in the {what} is {bpm:.0f} bpm." if bpm else
                     f"No steady beat was heard in the {what}, so none is asked for.")
    key = None if "key" in untold else plan.key
    if key is None:
        key = chroma.estimate_key(heard if heard is not None else chroma.chromagram(samples, source.sample_rate))
    meter = METERS["4/4"] if "meter" in untold else plan.meter
    beat = 0.0 if bpm is None else rhythm.beat_offset(samples, source.sample_rate, bpm)
    if bpm is not None and beat > (1 - NEARLY) * 60.0 / bpm:  # what is heard first is the second beat
        beat -= 60.0 / bpm
    chords = () if bpm is None else plan.chords
    if chords and "chords" in untold:  # a loop in the key that is heard
        if said.degrees:
            key = replace(key, mode=said.mode or key.mode)
        parts = {**request.parts, "key": key}
        chords = make_plan(request.prompt, request.seed, **parts, near=near).chords
        if request.melody is not None and not said.degrees:  # merely drawn, it would quarrel with the tune
            chords = ()
    sections = plan.sections if bpm is not None else ()
    if len(sections) < len(plan.sections):
        notes.append("Sections need a tempo; give one such as 120 bpm.")
    plan = replace(plan, bpm=bpm, meter=meter, key=key, chords=chords, sections=sections)
    if request.melody is not None:
        return replace(plan, start=-beat)
    if bpm is not None:  # the loop begins with the first bar of the new music; the recording begins with a bar
        bar = aligned.bar_seconds(bpm, meter)
        beat += np.ceil((given_seconds - beat - NEARLY * 60.0 / bpm) / bar) * bar
    return replace(plan, start=-float(beat))


def _told_by_hand(request: GenerationRequest) -> Plan | None:
    """With the plan off only what was given by hand is told; None where that is nothing."""
    if not request.parts:
        return None
    players, drums = lineup(parse_instruments(request.instruments) if request.instruments else (), request.drums)
    return Plan(
        request.bpm,
        parse_meter(request.meter) if request.meter else METERS["4/4"],
        parse_key(request.key) if request.key else None,
        parse_chords(request.chords) if request.chords else (),
        drums,
        instruments=players,
        ending=request.ending,
        sections=parse_sections(request.sections) if request.sections else (),
    )
