"""The engine: a request becomes a stream of events, window by window, step by step.

Holds a model and the scheduler of its slots, nothing else: what belongs to a request lives in its ``Generation``.
Codes are made by the scheduler's thread and become sound (``sound``) in the thread that reads the events. Knows nothing
of pages, files or command lines.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from musicgen import threads
from musicgen.aligned import OVER
from musicgen.bars import settle
from musicgen.chroma import CHROMA_RATE
from musicgen.config import ModelConfig
from musicgen.decoding import Window
from musicgen.errors import ModelUnavailable
from musicgen.memory import said_in_words
from musicgen.model import Model
from musicgen.patterns import Pattern, get_pattern
from musicgen.preparation import Listened, Prepared
from musicgen.request import (
    GenerationEvent,
    GenerationRequest,
    GenerationResult,
    make_recipe,
    resolve,
    sampling_params,
)
from musicgen.scheduler import Place, Scheduler
from musicgen.sound import Sound
from musicgen.telling import bias, conditions

__all__ = ["Engine", "Generation", "GenerationEvent", "GenerationRequest", "GenerationResult"]

MAX_DURATION = 600.0  # seconds; an engine may be told another limit
EVENT_SECONDS = 0.2  # of music, between two events
WAIT_SECONDS = 0.5  # between two events that say how many are ahead


class Engine:
    """Generates with one model; requests decode side by side in ``slots``, a bounded number of others wait."""

    def __init__(self, model: Model, max_duration: float = MAX_DURATION, slots: int | None = None) -> None:
        """``slots``: None for what suits the model's device."""
        self.model = model
        self.max_duration = max_duration
        self._scheduler = Scheduler(model.lm, slots)

    @property
    def busy(self) -> bool:
        """Whether a request decodes or waits."""
        return self._scheduler.busy

    def start(self, request: GenerationRequest, listened: Listened | None = None) -> Generation:
        """Check the request, settle its plan and seed, and return the generation, not yet running.

        ``listened`` is that of another generation of the same request but for its seed: its audio is not heard anew.

        Raises ``ValueError`` for a bad value, ``ModelUnavailable`` when a part it needs is not to be had or the memory
        does not suffice, ``Busy`` when too many wait already.
        """
        resolved = resolve(request, self.model.config, self.max_duration)
        threads.settle()
        self._scheduler.check_room()
        with said_in_words("preparing the request"):
            resolved, prepared = settle(self.model, resolved, self.max_duration, listened)
        generation = Generation(self.model, resolved, prepared, self._scheduler)
        self._scheduler.check_memory(*generation.extent)
        return generation

    def stream(self, request: GenerationRequest) -> Iterator[GenerationEvent]:
        """Events of the generation; bad values are raised at once. Closing the iterator, or leaving it, stops the
        model."""
        return _events(self.start(request))

    def generate(self, request: GenerationRequest) -> GenerationResult:
        """The whole take."""
        with closing(self.start(request)) as generation:
            for _ in generation:
                pass
        return generation.result()


def _events(generation: Generation) -> Iterator[GenerationEvent]:
    """All events of a generation. It refers to itself: only closed it gives its slot back at once."""
    with closing(generation):
        yield from generation


class Generation:
    """One take in the making: iterate over its events; close it to stop; ``result()`` is what there is then."""

    def __init__(self, model: Model, request: GenerationRequest, prepared: Prepared, scheduler: Scheduler) -> None:
        self.plan, self.listened = prepared.plan, prepared.listened
        asked = prepared.chroma  # of which a released model may be told more than the take is long
        self.melody_chroma = None if asked is None else asked[: 1 + round(request.duration * CHROMA_RATE)]
        self.recipe: dict[str, Any] = make_recipe(
            replace(request, separation=prepared.listened.separation), model.name, prepared.plan, prepared.notes
        ) | {"device": model.device.type, "dtype": model.precision}
        self._model, self._request, self._prepared = model, request, prepared
        assert request.pattern is not None
        self._pattern = get_pattern(request.pattern, model.config.lm.codebooks)
        self._spans = spans_of(model, prepared, self._pattern)
        self._codes = np.full((model.config.lm.codebooks, prepared.frames), -1, np.int32)
        self._complete = 0  # frames known in every codebook
        told = prepared.features  # what is told no end goes on
        ends = told is not None and bool(told[:, OVER : OVER + 1].any())
        self._sound = Sound(model, prepared.frames if ends else None)
        self._stopped = False
        self._turn = threading.Lock()  # held while the next event is made
        self._events = self._run(scheduler)

    @property
    def steps(self) -> int:
        """How many steps the model makes for the whole take."""
        return sum(_new_steps(self._pattern, span) for span in self._spans)

    @property
    def extent(self) -> tuple[int, int]:
        """How many positions of the model its longest window takes, about (words before it are not counted), in how
        many rows."""
        lm = self._model.config.lm
        longest = max((span.frames for span in self._spans), default=1)
        prefix = lm.melody_frames if lm.melody_bins else 0
        return prefix + self._pattern.step_count(longest), 1 if self._request.guidance == 1 else 2

    @property
    def step_of(self) -> np.ndarray | None:
        """The step of the pattern that predicts each code, int [T, K]; None where several windows make the take, or
        some of it was given."""
        if len(self._spans) != 1 or self._spans[0].known:
            return None
        return self._pattern.layout(self._spans[0].frames).step_of.numpy()

    def __iter__(self) -> Iterator[GenerationEvent]:
        return self

    def __next__(self) -> GenerationEvent:
        with self._turn:
            return next(self._events)

    def close(self) -> None:
        """Stop the model; while the next event is being made, by another thread or below this one in the same (a
        signal's handler), it stops at the next step."""
        self._stopped = True
        if self._turn.acquire(blocking=False):
            try:
                self._events.close()
            finally:
                self._turn.release()

    def result(self) -> GenerationResult:
        """The take as far as it went; a generation that still runs is stopped."""
        self.close()
        try:
            self._sound.finish(self._codes[:, self._sound.frames : self._complete])
        except ModelUnavailable:  # the memory ran out: what has sounded is there all the same
            if not self._sound.joined().size:
                raise
        return GenerationResult(
            codes=self._codes[:, : self._complete].copy(),
            audio=self._sound.joined(),
            sample_rate=self._model.codec.sample_rate,
            recipe=self.recipe,
            melody_chroma=self.melody_chroma,
            plan=self.plan,
        )

    # -- the run ----------------------------------------------------------------------------------------------------

    def _run(self, scheduler: Scheduler) -> Generator[GenerationEvent, None, None]:
        for note in self._prepared.notes:
            yield self._event(message=note)
        place = scheduler.enter()
        try:
            while ahead := place.wait(WAIT_SECONDS):
                if self._stopped:
                    return
                yield self._event(message=f"waiting, {ahead} ahead")
            place.claim(*self.extent)
            yield from self._decode(place)
        finally:
            place.leave()

    def _decode(self, place: Place) -> Iterator[GenerationEvent]:
        model, prepared, request = self._model, self._prepared, self._request
        assert request.seed is not None and request.guidance is not None and request.prior is not None
        pattern, spans = self._pattern, self._spans
        rate = model.codec.frame_rate
        given = prepared.listened.given.shape[1]
        self._codes[:, :given] = prepared.listened.given.numpy()
        for frames in range(0, given, round(rate)):  # a second at a time: it is heard at once, and can be stopped
            if self._stopped:
                return
            self._advance(min(frames + round(rate), given))
            if (chunk := self._sound.take()) is not None:
                yield self._event(chunk)
        clock = _Clock(self.steps)
        every = max(1, round(EVENT_SECONDS * rate))
        for number, span in enumerate(spans):
            threads.settle()  # whoever iterates: states differ in their last bits from one number to another
            with said_in_words("reading the words"):
                row, against = conditions(model, prepared, request.negative_prompt, span.start, span.frames)
                lean = bias(model, row, request.prior)
            known = torch.from_numpy(self._codes[:, span.start : span.start + span.known].astype(np.int64))
            window = Window(
                row, pattern, span.frames, against, known, sampling_params(request, model.config), request.guidance,
                window_generator(request.seed, number), lean,
            )
            frame_of = pattern.layout(span.frames).frame_of.numpy()  # [S, K]
            filled = np.zeros(len(self._codes), int)  # frames known of each codebook; within one, time runs on
            free = len(frame_of) - _new_steps(pattern, span)
            with closing(place.decode(window)) as steps:
                for step, tokens in steps:
                    held = np.flatnonzero(frame_of[step] >= 0)
                    self._codes[held, span.start + frame_of[step, held]] = tokens.cpu().numpy()[held]
                    filled[held] = frame_of[step, held] + 1
                    if self._stopped:
                        return
                    if step < free:
                        continue
                    clock.tick()
                    self._advance(max(self._complete, span.start + int(filled.min())))
                    chunk = self._sound.take() if self._complete < prepared.frames else None
                    if chunk is not None or (step - free) % every == 0:
                        yield self._event(chunk, clock.seconds_left())
        self._sound.finish(self._codes[:, self._sound.frames :])
        yield self._event(self._sound.take(), 0.0)

    def _advance(self, complete: int) -> None:
        """Hand newly complete frames to the codec, as many at a time as it wants: single ones would cost it dearly."""
        if complete - self._sound.frames >= self._sound.wanted:
            self._sound.push(self._codes[:, self._sound.frames : complete])
        self._complete = complete

    def _event(
        self, audio: np.ndarray | None = None, seconds_left: float | None = None, message: str = ""
    ) -> GenerationEvent:
        return GenerationEvent(self._complete, self._prepared.frames, self._codes.copy(), audio, seconds_left, message)


@dataclass(frozen=True)
class Span:
    """A window in the take: frames ``start .. start + frames``, of which the first ``known`` are its prompt."""

    start: int
    frames: int
    known: int


def windows(total: int, given: int, window: int, stride: int, turns: Sequence[int] = ()) -> list[Span]:
    """The windows that make ``total`` frames, ``given`` of them there already.

    A window moves on by ``stride`` frames; the frames it shares with what was made before are its prompt. At ``turns``
    others play: a window begins there and hears nothing of before, for a model goes on with whoever it hears.
    """
    context, spans = window - stride, []
    turns = sorted({turn for turn in turns if given < turn < total})
    for first, end in pairwise([0, *turns, total]):
        done = max(first, given)
        while done < end:
            start = first if end - first <= window or done - first <= context else done - context
            frames = min(window, end - start)
            spans.append(Span(start, frames, done - start))
            done = start + frames
    return spans


def spans_of(model: Model, prepared: Prepared, pattern: Pattern) -> list[Span]:
    """The windows of a take."""
    given = prepared.listened.given.shape[1]
    return windows(prepared.frames, given, *model.config.window(pattern), prepared.turns)


def count_steps(config: ModelConfig, pattern: Pattern, total: int) -> int:
    """How many steps ``total`` frames take, window by window: where windows overlap, some patterns take more."""
    return sum(_new_steps(pattern, span) for span in windows(total, 0, *config.window(pattern)))


def window_generator(seed: int, number: int) -> torch.Generator:
    """The noise of window ``number`` of a take, from its seed alone."""
    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def _new_steps(pattern: Pattern, span: Span) -> int:
    """Steps the model has to make: those from the first that holds a frame beyond the prompt."""
    layout = pattern.layout(span.frames)
    return layout.steps - int(layout.step_of[span.known :].min())


class _Clock:
    """How long the rest takes, from how long the steps so far took."""

    def __init__(self, steps: int) -> None:
        self._left, self._done, self._began = steps, 0, time.monotonic()

    def tick(self) -> None:
        """One more step is made."""
        self._left, self._done = self._left - 1, self._done + 1

    def seconds_left(self) -> float | None:
        """None until there is something to judge by."""
        if self._done < 5:
            return None
        return (time.monotonic() - self._began) / self._done * self._left
