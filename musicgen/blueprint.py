"""A model's architecture as a picture: which boxes there are, and every number in them, from its configuration.

Loads nothing and knows nothing of weights or of the page; `flowchart.py` draws. In the order of the paper (Copet et al.
2023): what the model is told (2.3), the language model (2.4), the pattern and the codec (2.2, 2.1).
"""

from __future__ import annotations

import math
import textwrap

import numpy as np

from musicgen.aligned import GROUPS
from musicgen.anatomy import Anatomy, anatomy, in_words
from musicgen.chroma import BINS, CHROMA_RATE
from musicgen.config import EncodecConfig, ModelConfig
from musicgen.flowchart import LETTERS, Box, Chart, Column, Picture, Wire, bars, cells, flowchart
from musicgen.patterns import Pattern, feature_count, get_pattern

TOLD, MADE = 0, 1  # the gutters: from what the model is told to the model; between it and what it makes
_TUNE = (4, 4, 5, 7, 7, 5, 4, 2, 0, 0, 2, 4, 4, 2, 2)  # pitch classes of the Ode to Joy, for the small picture
_STEPS, _BOOKS = 12, 8  # of a pattern, as many as are drawn at most


def blueprint(config: ModelConfig, wide: bool) -> str:
    """The architecture as SVG; ``wide`` as in `flowchart`.

    Raises:
        ValueError: the configuration's pattern is none.
    """
    return flowchart(chart(config), wide)


def chart(config: ModelConfig) -> Chart:
    """The architecture as boxes and wires. Raises ``ValueError`` as `blueprint` does."""
    parts = anatomy(config.lm)
    told = (*_words(config, parts), *_melody(config, parts), *_plan(config, parts))
    subtitle = (f"{in_words(parts.total)} parameters · window {config.window_seconds:g} s · "
                f"licence {_short(config.licence, 20)}")
    columns = (
        Column("What it is told", told),
        Column("Language model", _network(config, parts), in_words(parts.total)),
        Column("From scores to sound", _sound(config)),
    )
    return Chart(_short(config.name, 34), subtitle, columns, _wires(config))


def _words(config: ModelConfig, parts: Anatomy) -> list[Box]:
    lm = config.lm
    encoder = "all-MiniLM-L6-v2" if config.text_encoder == "minilm" else config.text_encoder
    return [
        Box("Your words", tone="words", name="prompt", source=True),
        Box("Text encoder", (_short(encoder), f"{lm.text_dim:,} numbers for each piece of a word"), tone="words"),
        Box(f"Projection {lm.text_dim:,} → {lm.dim:,}", tone="words", name="words", aside=in_words(parts.words)),
    ]


def _melody(config: ModelConfig, parts: Anatomy) -> list[Box]:
    lm = config.lm
    if not (lm.melody_bins or lm.aligned_dim):
        return [Box("No melody", ("This model hears words alone.",), follows=False, absent=True)]
    bins = lm.melody_bins or BINS
    size = f"{bins} pitch classes × {lm.melody_frames:,} frames" if lm.melody_bins else (
        f"{bins} pitch classes, {CHROMA_RATE:.1f} times a second")
    boxes = [
        Box("A melody, hummed or recorded", tone="melody", follows=False, source=True),
        Box("Stems separated", ("drums and bass left out",), tone="melody"),
        Box("Chromagram", (size,), tone="melody"),
        Box("Argmax", ("the strongest of each chroma frame is kept",), tone="melody", name="argmax",
            picture=_tune(bins)),
    ]
    if lm.melody_bins:
        boxes.append(Box(f"Projection {bins} → {lm.dim:,}", tone="melody", name="melody", aside=in_words(parts.melody)))
    return boxes


def _plan(config: ModelConfig, parts: Anatomy) -> list[Box]:
    lm = config.lm
    source = Box("A plan: tempo, key, chords, band", tone="plan", name="plan", follows=False, source=True)
    if not lm.aligned_dim:
        return [source, Box("Written into the words", ("“bpm: 130. key: A minor”",), tone="plan", name="caption")]
    sizes = {name: sum(part.stop - part.start for part in group) for name, group in GROUPS.items()
             if all(part.stop <= lm.aligned_dim for part in group)}
    named = _lines([f"{name} {size}" for name, size in sizes.items()])
    return [
        source,
        Box(f"{lm.aligned_dim} features for each frame", named, tone="plan", name="features"),
        Box(f"Projection {lm.aligned_dim} → {lm.dim:,}", tone="plan", name="frames", aside=in_words(parts.frames)),
    ]


def _network(config: ModelConfig, parts: Anatomy) -> tuple[Box, ...]:
    lm = config.lm
    place = "its place in the sequence: sine waves"
    added = [place] if lm.cross_attention else []
    if lm.aligned_dim:
        added.append("plan and melody of the frame it is for")
    if lm.told_pattern:
        added.append(f"what the step holds: {feature_count(lm.codebooks)} features")
    boxes = [
        Box("The codes so far", (f"{lm.codebooks} codebooks, each code one of {lm.codebook_size:,}",), tone="sound",
            name="codes"),
        Box("Embeddings, summed", (f"{lm.codebooks} tables of {lm.codebook_size + 1:,} × {lm.dim:,}",
                                   "the last row says: no code here"), aside=in_words(parts.embeddings)),
    ]
    if added:
        boxes.append(Box("Added to the sum", tuple(added), name="added",
                         aside=in_words(parts.steps) if parts.steps else ""))
    if not lm.cross_attention:  # what comes before the codes has its place in the sequence, too
        before = f"{lm.melody_frames:,} frames of melody, then the words" if lm.melody_bins else "the words"
        boxes += [Box("Put before the codes", (before,), name="prefix"), Box("Added to each", (place,))]
    size = lm.dim // lm.heads
    inside = [Box(f"Self-attention, {lm.heads} heads of {size}", ("each step looks back at all before it",))]
    if lm.cross_attention:
        inside.append(Box(f"Cross-attention, {lm.heads} heads of {size}", ("each step looks at the words",),
                          name="cross", tone="words"))
    inside.append(Box("Feed-forward", (f"{lm.dim:,} → {lm.ffn_dim:,} → {lm.dim:,}",)))
    return (
        *boxes,
        Box(f"{lm.layers} layers of width {lm.dim:,}", inside=tuple(inside), stacked=True,
            aside=in_words(parts.layers)),
        Box(f"{lm.codebooks} heads {lm.dim:,} → {lm.codebook_size:,}", ("logits: a score for every possible code",),
            name="heads", aside=in_words(parts.heads)),
    )


def _sound(config: ModelConfig) -> tuple[Box, ...]:
    codec, lm, sampling = config.codec, config.lm, config.sampling
    pattern = get_pattern(config.pattern, lm.codebooks)
    frames, stride = config.window(pattern)
    steps, seconds, moved = pattern.step_count(frames), frames / codec.frame_rate, stride / codec.frame_rate
    chance = f"one of the {sampling.top_k} likeliest" if sampling.top_k else "any code, by its chance"
    if sampling.top_p:
        chance = f"of the likeliest that make up {100 * sampling.top_p:g} %"
    warmth = [sampling.temperature * factor for factor in sampling.codebook_temperatures or (1.0,)][:_BOOKS]
    channels = "2 channels" if codec.channels == 2 else "mono"
    bits = codec.frame_rate * lm.codebooks * math.log2(lm.codebook_size) / 1000
    each = f"{codec.channels} × {codec.codebooks}" if codec.channels > 1 else str(codec.codebooks)
    kind = "EnCodec" if isinstance(codec, EncodecConfig) else "our own"
    known = "seven" if lm.told_pattern else "it alone"
    without = "without plan" if lm.aligned_dim else "without"
    prior = (f"+ {sampling.prior:g} × a prior, by the plan alone",) if config.prior_width else ()
    return (
        Box(f"Guidance × {sampling.guidance:g}", (f"scores with what it is told, and {without}:",
                                                  f"without + {sampling.guidance:g} × (with − without)", *prior),
            tone="sound", name="guidance"),
        Box("Sampling", (chance, f"temperature {', '.join(f'{value:g}' for value in warmth)}"), tone="sound"),
        Box(f"Pattern: {_short(pattern.name.replace('_', ' '), 24)}", (
            f"{steps:,} steps for {frames:,} frames of codes",
            f"{steps / seconds:.4g} steps a second · trained with {known}",
        ), tone="sound", name="pattern", picture=_grid(pattern)),
        Box("Codec: codes to sound", (
            f"{codec.frame_rate:g} frames a second, {each} codes each",
            f"{bits:.3g} kbit/s → {codec.sample_rate:,} samples/s, {channels}",
        ), aside=kind, tone="sound", name="codec"),
        Box("Sound", (f"{seconds:g} s at once; longer takes move on",
                      f"by {moved:g} s and keep {seconds - moved:g} s in mind"),
            tone="sound", source=True, name="sound", picture=_waves(codec.channels)),
    )


def _wires(config: ModelConfig) -> tuple[Wire, ...]:
    lm = config.lm
    into = "cross" if lm.cross_attention else "prefix"
    wires = [Wire("words", into, TOLD, "words", 0 if lm.cross_attention or not lm.melody_bins else 7)]
    if lm.melody_bins:
        wires.append(Wire("melody", "prefix", TOLD, "melody", -5))
    if lm.aligned_dim:
        wires += [Wire("argmax", "features", TOLD, "melody"), Wire("frames", "added", TOLD, "plan")]
    else:
        wires.append(Wire("caption", "prompt", TOLD, "plan"))
    return (*wires, Wire("heads", "guidance", MADE, shift=20), Wire("pattern", "codes", MADE, "sound"))


def _grid(pattern: Pattern) -> Picture:
    """The first steps of the pattern: a row a codebook, in a cell the frame."""
    frame_of = pattern.layout(_STEPS).frame_of.numpy()[:_STEPS, :_BOOKS]
    return cells(np.where(frame_of < 0, -1, frame_of + 1).T, 22, 17, numbers=True)


def _tune(bins: int) -> Picture:
    """One pitch class a chroma frame, low ones at the bottom."""
    held = np.repeat(_TUNE, 2)
    return cells(np.where(np.arange(bins)[::-1, None] == np.minimum(held, bins - 1), 1, -1), 8.8, 4)


def _waves(channels: int) -> Picture:
    time = np.arange(66)
    swell = np.abs(np.sin(0.09 * time)) * (0.55 + 0.45 * np.abs(np.sin(1.7 * time)))
    return bars(np.stack([swell, np.roll(swell, 5)][:channels]), 4, 30 if channels == 1 else 24)


def _lines(parts: list[str]) -> tuple[str, ...]:
    """Parts with dots between them, none at a line's end, on as many lines as they need; none is torn apart."""
    joined = " · ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
    return tuple(line.strip(" ·") for line in textwrap.wrap(joined, LETTERS))


def _short(text: str, letters: int = LETTERS) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
