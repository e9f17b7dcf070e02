"""What the model is told in one window of a take, and what guidance leads away from.

Cut out of what ``preparation`` settled for the whole take. Knows nothing of requests, of how a plan comes about, or of
decoding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from musicgen import aligned, chroma
from musicgen.conditions import Conditions
from musicgen.model import Model
from musicgen.preparation import Prepared, read_by

# How loud a group of features is told, 1: as it was learned. They enter by a linear map, so that what is told louder
# outweighs what the history suggests; unlike guidance it enlarges nothing else, and costs nothing. By what 32 takes of
# each obeyed, and 88 without drums; chords gained nothing.
LOUDNESS = {"beat": 1.25, "drums": 1.5, "no drums": 4.0, "instruments": 1.5}
_TOLD = {  # without the flags, which only say that something is told
    "beat": aligned.BEAT, "melody": aligned.MELODY, "instruments": aligned.INSTRUMENT,
    "drums": slice(aligned.DRUMS_ON, aligned.DRUMS_ON + 1),
    "no drums": slice(aligned.DRUMS_OFF, aligned.DRUMS_OFF + 1),
}
# How much of it is in what guidance leads away from, too.
END_SHARE = 0.4  # of an end; by how many of ten takes were quiet at their end at 0, 0.4, 0.55 and 0.7
TEXT_SHARE = 0.5  # of the text beside a plan; by what 48 takes each obeyed at 0, 0.5 and 1


def odds(model: Model, row: Conditions) -> Tensor | None:
    """The prior's log-odds of each frame's codes, float32 [T, K, V], by what the ``row`` tells of the frame alone; None
    where it tells nothing, or the model has no prior.

    Towards an end they fade away: from the final chord on it is the past that says whether it still rings. With them
    16 of 40 takes were quiet at their end, without 36.
    """
    if model.prior is None or row.aligned is None or not bool(row.aligned.any()):
        return None
    told = row.aligned[0].cpu().float()
    with torch.inference_mode():
        found = model.prior(told)
        return found * (1 - told[:, aligned.NEAR : aligned.OVER + 1].sum(-1))[:, None, None]


def bias(model: Model, row: Conditions, weight: float) -> Tensor | None:
    """What is added to the guided logits, float16 [T, K, V]: the log-odds ``weight`` times; None where that is
    nothing."""
    found = odds(model, row) if weight else None
    return None if found is None else (weight * found).half()


def conditions(
    model: Model, prepared: Prepared, negative_prompt: str, start: int, frames: int
) -> tuple[Conditions, Conditions | None]:
    """The row of conditions of frames ``start .. start + frames``, and what guidance leads away from.

    That is None where it is the plain null. Beside a plan it is told half of the text: what is known frame by frame is
    to be enlarged, and not so much the habits of a style, which drown it. It is told of an end, too, in part: led away
    from music that knows of none, a final chord would be silence at once; led away from none, it would hardly be one.
    Where no drums are wanted it is told drums: music that was told nothing may have none either.
    """
    # No window is of two sections, but for what was given.
    own = next((part.text for part in reversed(prepared.parts) if part.first < start + frames), prepared.text)
    text, mask = model.conditioner.text([own])
    melody = features = None
    if model.config.lm.melody_bins and prepared.chroma is not None:
        # A melody follows absolute time; one that is too short starts again, as the released models learned it.
        length = model.config.lm.melody_frames
        first = round(start / model.codec.frame_rate * chroma.CHROMA_RATE)
        index = (first + np.arange(length)) % len(prepared.chroma)
        melody = model.conditioner.melody(prepared.chroma[index], length)
    if prepared.features is not None:
        features = torch.from_numpy(prepared.features[None, start : start + frames])
    row = Conditions(text, mask, melody, None if features is None else _louder(features, prepared.melody_strength))
    if negative_prompt:
        against = Conditions(*model.conditioner.text([read_by(model, negative_prompt)]))
    elif features is not None and bool(features.any()):
        against = replace(row.null(), text=TEXT_SHARE * row.text, text_mask=row.text_mask)
    else:
        return row, None
    return row, against if features is None else replace(against, aligned=_led_away_from(features))


def _louder(features: Tensor, melody: float) -> Tensor:
    """Aligned features [B, T, A] as the model is told them: a melody ``melody`` times as loud as it was learned.

    From the final chord on all is told as it was learned: louder, it would have them all play on.
    """
    out = features.clone()
    over = features[..., aligned.OVER : aligned.OVER + 1] if features.shape[-1] > aligned.OVER else 0.0
    for group, loud in (LOUDNESS | {"melody": melody}).items():
        out[..., _TOLD[group]] *= 1 + (loud - 1) * (1 - over)
    return out


def _led_away_from(features: Tensor) -> Tensor:
    """What of aligned features [B, T, A] guidance leads away from: part of an end, and drums where none are wanted."""
    out = torch.zeros_like(features)
    if bool(features[..., aligned.NEAR : aligned.OVER + 1].any()):
        for columns in aligned.GROUPS["ending"]:
            out[..., columns] = END_SHARE * features[..., columns]
    if features.shape[-1] > aligned.DRUMS_OFF:  # a model may have been trained with fewer features
        out[..., aligned.DRUMS_ON] = features[..., aligned.DRUMS_OFF]
    return out
