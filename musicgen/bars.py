"""A length in bars as seconds, once it is known how long a bar is.

Knows nothing of how a take is decoded, of pages or of files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from musicgen.aligned import bar_seconds
from musicgen.loop import seconds_for
from musicgen.model import Model
from musicgen.plan import Plan
from musicgen.preparation import Listened, Prepared, plan_for, prepare
from musicgen.request import NO_TEMPO, GenerationRequest
from musicgen.theory import METERS, parse_meter

ROUNDS = 3  # a tempo that is heard may depend on how much is heard, and that on the tempo
HEARD = 30.0  # seconds that are heard in the first of them


@dataclass(frozen=True)
class Length:
    """How many bars there is room for, and how long a take with them is."""

    bars: int
    seconds: float
    note: str = ""  # when they are fewer than were asked for

    def __str__(self) -> str:
        return f"{self.bars} {'bar' if self.bars == 1 else 'bars'}, {self.seconds:.1f} s"


def length_of(bars: int, plan: Plan, longest: float, frame_rate: float) -> Length:
    """The take, in whole frames, out of which a loop of ``bars`` bars can be cut; fewer where it would be too long.

    Raises ``ValueError`` where there is no tempo, or a take of ``longest`` seconds holds no bar.
    """
    if plan.bpm is None:
        raise ValueError(NO_TEMPO)
    for count in range(bars, 0, -1):
        # Up to a whole frame: a take that is a hair too short loses a bar.
        seconds = math.ceil(seconds_for(count, plan) * frame_rate - 1e-6) / frame_rate
        if seconds <= longest:
            note = f"Only {count} of the {bars} bars are made; more would be longer than {longest:g} s."
            return Length(count, seconds, note if count < bars else "")
    bar = bar_seconds(plan.bpm, plan.meter)
    raise ValueError(f"A bar lasts {bar:.1f} s, and a take {longest:g} s at most; choose a quicker tempo, or leave the "
                     "bars free.")  # fmt: skip


def by_hand(bpm: float | None, meter: str | None) -> Plan:
    """What counts the bars where no plan is followed."""
    return Plan(bpm, parse_meter(meter) if meter else METERS["4/4"])


def settle(
    model: Model, request: GenerationRequest, longest: float, listened: Listened | None = None
) -> tuple[GenerationRequest, Prepared]:
    """A resolved ``request`` with its bars, if it has any, as seconds, and what ``prepare`` makes of it.

    With a melody, or audio to go on from, the tempo and the first downbeat are those that are heard. Raises
    ``ValueError``, ``ModelUnavailable``.
    """
    request, note = _counted(model, request, longest)
    prepared = prepare(model, request, listened)
    return request, replace(prepared, notes=(note, *prepared.notes)) if note else prepared


def _counted(model: Model, request: GenerationRequest, longest: float) -> tuple[GenerationRequest, str]:
    if request.bars is None:
        return request, ""
    bars, given = request.bars, request.continue_from.seconds if request.continue_from else 0.0
    request, length = replace(request, bars=None, duration=min(HEARD, longest)), None
    for _ in range(ROUNDS):
        planned = model.config.lm.aligned_dim
        plan = plan_for(request, None, given, []) if planned else by_hand(request.bpm, request.meter)
        found = length_of(bars, plan or Plan(None), longest, model.codec.frame_rate)
        if found == length:
            break
        length, request = found, replace(request, duration=found.seconds)
        if request.melody is None and request.continue_from is None:
            break
    assert length is not None
    if length.seconds <= given:
        raise ValueError(f"The audio to continue lasts {given:.1f} s, longer than the bars asked for; ask for more "
                         "bars, for they count the given and the new music together.")  # fmt: skip
    return request, length.note
