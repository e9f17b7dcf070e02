"""The harmoniser: a melody gets one chord a bar, as a good accompanist would choose them.

Every chord of the key is weighed by how much of the bar it holds and how hard it clashes with the rest; between the
bars stands what usually follows what, and at the ends of phrases the cadence. The best chain over the whole strain
is found by dynamic programming. Does *not* know how chords are voiced (``players``), nor styles or instruments.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from musicgen.theory import Chord, Meter
from musicgen.train.airs import Strain, Tune

FIT = 2.2  # how much the notes of the bar weigh against habit
TASTE = (0.05, 0.12, 0.25)  # standard deviation of the whims of arrangers plain and adventurous

# Degree (semitones above the tonic) and quality -> how readily it is used. Roman numerals in the comments.
MAJOR = {
    (0, ""): 0.26, (5, ""): 0.24, (7, ""): 0.26,  # I IV V
    (9, "m"): 0.12, (2, "m"): 0.1, (4, "m"): -0.1,  # vi ii iii
    (2, ""): -0.12, (4, ""): -0.2, (10, ""): -0.05,  # V/V V/vi bVII
}  # fmt: skip
MINOR = {
    (0, "m"): 0.3, (5, "m"): 0.16, (7, ""): 0.2, (7, "m"): 0.06,  # i iv V v
    (8, ""): 0.12, (3, ""): 0.14, (10, ""): 0.18,  # VI III VII
    (5, ""): 0.06, (2, "dim"): -0.15,  # IV ii
}  # fmt: skip
# What likes to follow what, by degree; every other step is judged by the move of its root alone.
FOLLOW = {
    (7, 0): 0.22, (7, 9): 0.08, (7, 8): 0.05, (7, 5): -0.25, (7, 2): -0.3, (7, 10): -0.25,
    (2, 7): 0.2, (5, 7): 0.12, (5, 0): 0.08, (0, 7): 0.05, (0, 5): 0.08, (9, 5): 0.1, (9, 2): 0.1, (9, 7): 0.05,
    (2, 0): -0.2, (2, 5): -0.1, (9, 0): -0.2, (4, 9): 0.12, (4, 5): 0.05, (4, 0): -0.1,
    (10, 0): 0.08, (10, 3): 0.15, (3, 8): 0.1, (8, 10): 0.12, (8, 7): 0.12, (3, 10): 0.08, (0, 10): 0.05, (10, 5): 0.0,
}  # fmt: skip
# Triad -> its seventh chord; a dominant takes the small seventh.
SEVENTHS = {"": "maj7", "m": "m7", "dim": "m7b5"}


def bar_weights(strain: Strain, meter: Meter) -> list[list[float]]:
    """How much of each bar belongs to each pitch class [bars, 12]: by length, more on the beats; sums to one."""
    size = meter.beats * meter.pulses
    bars = [[0.0] * 12 for _ in range(strain.bars)]
    middle = size // 2 if meter.beats % 2 == 0 else -1
    for note in strain.notes:
        bar, within = divmod(note.step, size)
        if 0 <= bar < strain.bars:
            accent = 2.0 if within == 0 else 1.6 if within == middle else 1.25 if within % meter.pulses == 0 else 0.8
            bars[int(bar)][note.pitch % 12] += accent * min(note.length, size - within)
    return [[weight / (sum(bar) or 1.0) for weight in bar] for bar in bars]


def fit(weights: Sequence[float], chord: Chord, scale: Sequence[int]) -> float:
    """How well ``chord`` carries a bar, about -1 to 1: what it holds, less what clashes and what is foreign."""
    tones = chord.pitch_classes
    score = 0.0
    for pitch_class, weight in enumerate(weights):
        if pitch_class in tones:
            score += weight * (1.05 if pitch_class != tones[2] else 0.9)
        elif (pitch_class - 1) % 12 in tones[:2] or (pitch_class + 1) % 12 == tones[1]:
            # A semitone above the root or the third, or the wrong third.
            score -= 0.9 * weight
        else:
            score -= 0.45 * weight
    foreign = [tone for tone in tones if tone not in scale]
    return score - sum(0.45 for tone in foreign if weights[tone] < 0.05)


def _cadence(bar: int, bars: int, degree: int) -> float:
    """The pull of a bar's place in the strain: home at its ends, the dominant before, a half close in mid-strain."""
    if bar == bars - 1:
        return {0: 0.7, 7: 0.15}.get(degree, -0.2)
    if bar == bars - 2:
        return {7: 0.5, 5: 0.1}.get(degree, -0.1)
    if bar == 0:
        return 0.25 if degree == 0 else 0.0
    if bar % 4 == 3:
        return {7: 0.2, 0: 0.1}.get(degree, 0.0)
    return {0: 0.08}.get(degree, 0.0) if bar % 4 == 0 else 0.0


def _follows(before: int, after: int, quality_stays: bool, bar: int) -> float:
    """How natural the step between two degrees is on entering ``bar``."""
    if before == after:
        # Harmony that stands still over the strong bar of a pair sounds late; a changed quality sounds like a slip.
        return (-0.2 if bar % 2 == 0 else -0.06) - (0.0 if quality_stays else 0.4)
    move = (after - before) % 12
    by_root = {5: 0.08, 7: 0.03, 2: 0.02, 10: 0.0, 9: 0.02, 8: 0.02, 6: -0.25, 1: -0.1, 11: -0.1}.get(move, 0.0)
    return FOLLOW.get((before, after), by_root)


def harmonise(rng: Random, tune: Tune, strain: Strain) -> tuple[Chord, ...]:
    """One triad a bar for ``strain``, in the key in which it is written."""
    tonic, taste = tune.key.tonic, rng.choice(TASTE)
    table = MAJOR if tune.key.mode == "major" else MINOR
    options = [
        (degree, Chord((tonic + degree) % 12, quality, (tonic + degree) % 12), readiness)
        for (degree, quality), readiness in table.items()
    ]
    best: list[list[float]] = []
    came: list[list[int]] = []
    for bar, weights in enumerate(bar_weights(strain, tune.meter)):
        row, origin = [], []
        for degree, chord, readiness in options:
            here = FIT * fit(weights, chord, tune.scale) + readiness + _cadence(bar, strain.bars, degree)
            here += rng.gauss(0.0, taste)
            ways = [0.0]
            if best:
                ways = [
                    score + _follows(before, degree, other.quality == chord.quality, bar)
                    for score, (before, other, _) in zip(best[-1], options, strict=True)
                ]
            origin.append(max(range(len(ways)), key=ways.__getitem__))
            row.append(here + ways[origin[-1]])
        best.append(row)
        came.append(origin)
    place = max(range(len(options)), key=best[-1].__getitem__)
    chain = []
    for origin in reversed(came):
        chain.append(options[place][1])
        place = origin[place]
    return tuple(reversed(chain))


def coloured(
    rng: Random, tune: Tune, strain: Strain, chords: Sequence[Chord], share: float, blue: bool
) -> tuple[Chord, ...]:
    """Chords with a seventh added to about ``share`` of them, where the melody leaves room.

    It is the seventh of the key, or with ``blue`` the small one on every major chord.
    """
    out = []
    dominant = (tune.key.tonic + 7) % 12
    for weights, chord in zip(bar_weights(strain, tune.meter), chords, strict=True):
        quality = SEVENTHS[chord.quality]
        if chord.quality == "" and (blue or chord.root == dominant or (chord.root + 11) % 12 not in tune.scale):
            quality = "7"
        added = Chord(chord.root, quality, chord.bass)
        seventh = added.pitch_classes[3]
        rubs = weights[(seventh + 1) % 12] + weights[(seventh - 1) % 12] > 0.2
        out.append(added if rng.random() < share and not rubs else chord)
    return tuple(out)
