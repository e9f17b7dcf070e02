"""Prompts and melodies to start from, and the dice that makes up another. Knows nothing of the page or of models."""

from __future__ import annotations

import random
from pathlib import Path

_MELODIES = Path(__file__).resolve().parents[2] / "assets" / "examples"
TUNES = {
    "Ode to Joy": _MELODIES / "ode-to-joy.flac",
    "Greensleeves": _MELODIES / "greensleeves.flac",
    "Frère Jacques": _MELODIES / "frere-jacques.flac",
}
EXAMPLES = {
    "Lo-fi": "lo-fi hip hop with electric piano and a soft beat, relaxed, 80 bpm",
    "Pop": "bright pop song with piano, electric bass and drums, C major, 112 bpm",
    "Ambient": "calm ambient pad with harp and slow strings, no drums",
    "Jazz": "smoky jazz trio: saxophone, piano, walking bass, swing, 120 bpm",
    "Rock": "driving rock with distorted guitars and loud drums, E minor, 140 bpm",
    "Waltz": "gentle waltz for solo piano in 3/4, A minor",
    "Folk": "warm folk tune, acoustic guitar and flute in 6/8",
    "House": "deep house with synth bass and four on the floor, 124 bpm",
    "Build-up": "synthwave that builds up layer by layer, 120 bpm",
    "A scene": "a knight rides against a dragon",
}

_STYLES = (
    "lo-fi hip hop", "pop", "rock", "ambient", "classical", "folk", "jazz", "blues", "house", "reggae", "funk",
    "cinematic",
)
_MOODS = ("relaxed", "bright", "dark", "dreamy", "energetic", "melancholic", "playful", "hopeful", "mysterious", "warm")
_LEADS = (
    "piano", "acoustic guitar", "electric piano", "saxophone", "flute", "violin", "vibraphone", "synth lead", "trumpet",
    "harp", "cello", "clarinet",
)
_GROUNDS = ("strings", "a round electric bass", "a synth pad", "soft drums", "an organ", "acoustic bass", "no drums")
_KEYS = ("C major", "G major", "D major", "F major", "A minor", "E minor", "D minor", "B minor")


def surprise(dice: random.Random) -> str:
    """A prompt nobody wrote: a style, a mood, two sounds, perhaps who plays when, a key and a tempo."""
    words = [f"{dice.choice(_MOODS)} {dice.choice(_STYLES)} with {dice.choice(_LEADS)} and {dice.choice(_GROUNDS)}"]
    if dice.random() < 0.2:
        words.append(dice.choice(("building up slowly", "with a breakdown")))
    if dice.random() < 0.5:
        words.append(dice.choice(_KEYS))
    if dice.random() < 0.7:
        words.append(f"{dice.randrange(64, 160, 4)} bpm")
    return ", ".join(words)
