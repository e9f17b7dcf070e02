"""The habits of styles as tables: which tempi, metres, keys, chord loops go together, and who plays.

Those of genres within a style are ``genres``'. Knows nothing of prompts, plans, audio or models. Chord loops are
written in C major or A minor, one chord a bar; whoever draws one moves it to the key.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Habits:
    """What a style does when nobody says otherwise.

    ``bpm`` is the range of felt beats a minute; ``three`` and ``six`` are the shares of 3/4 and 6/8, ``minor`` that of
    minor keys, ``drums`` that of pieces with drums.
    """

    bpm: tuple[float, float]
    major: tuple[str, ...]
    minor: tuple[str, ...]
    three: float = 0.0
    six: float = 0.0
    minor_share: float = 0.4
    drums: float = 1.0


# Nothing in the prompt names a style: common loops at common tempi, played by bands that suit much; and what suits a
# calm mood or a sad one.
PLAIN = Habits(
    (80, 130), ("C G Am F", "C Am F G", "F C G Am", "C F Am G"), ("Am F C G", "Am C G F", "Am G F G"), drums=0.8
)
QUIET = Habits(
    (60, 96), ("C G Am F", "F C G Am", "C Em F C"), ("Am F C G", "Am Em F C", "Am Dm F E7"), drums=0.0
)

STYLES: dict[str, Habits] = {
    "pop": Habits((84, 130), ("C G Am F", "C Am F G", "Am F C G", "F C G Am"), ("Am F C G", "Am C G F", "Am Em F G")),
    "rock": Habits((100, 160), ("C F G F", "C G F C", "C G Am F"), ("Am F C G", "Am G F G", "Am F G Am"),
                   minor_share=0.5),
    "lo-fi hip hop": Habits(
        (62, 90), ("Fmaj7 Em7 Dm7 Cmaj7", "Cmaj7 Am7 Dm7 G7", "Dm7 G7 Cmaj7 Am7"),
        ("Am7 Dm7 G7 Cmaj7", "Fmaj7 Em7 Am7 Am7", "Am7 Fmaj7 Dm7 Em7"), minor_share=0.55,
    ),
    "ambient": Habits(
        (56, 84), ("Cmaj7 Fmaj7", "C Em F C", "Cmaj7 Am7 Fmaj7 G"),
        ("Am Fmaj7", "Am7 Em7 Fmaj7 Cmaj7", "Am F C Em"), minor_share=0.5, drums=0.0,
    ),
    "classical": Habits(
        (66, 126), ("C F G7 C", "C Am Dm G7", "C G Am Em F C F G"), ("Am Dm E7 Am", "Am F Dm E7", "Am E7 Am E7"),
        three=0.2, six=0.1, minor_share=0.45, drums=0.0,
    ),
    "folk": Habits(
        (76, 126), ("C F C G", "C G Am F", "C F G C"), ("Am G Am Em", "Am C G Am", "Am G F G"),
        three=0.15, six=0.2, drums=0.4,
    ),
    "jazz": Habits(
        (84, 168), ("Dm7 G7 Cmaj7 Am7", "Cmaj7 Am7 Dm7 G7", "Cmaj7 Em7 Dm7 G7"),
        ("Am7 Dm7 Bm7b5 E7", "Am7 Fmaj7 Bm7b5 E7"), minor_share=0.45,
    ),
    "blues": Habits(
        (66, 130), ("C7 C7 F7 C7 G7 F7 C7 G7", "C7 F7 C7 G7"),
        ("Am7 Am7 Dm7 Am7 Em7 Dm7 Am7 Em7", "Am7 Dm7 Am7 Em7"), minor_share=0.5,
    ),
    "bossa nova": Habits(
        (100, 150), ("Cmaj7 Dm7 G7 Cmaj7", "Cmaj7 Am7 Dm7 G7"), ("Am7 Dm7 G7 Cmaj7", "Am7 Dm7 Bm7b5 E7"), drums=0.85
    ),
    "house": Habits((116, 130), ("C G Am F", "F C G Am"), ("Am F C G", "Am7 Dm7", "Am G F Em"), minor_share=0.65),
    "synthwave": Habits((80, 118), ("F G Am C", "Am F C G", "F C G Am"), ("Am F C G", "Am F G Em", "Am C F G"),
                        minor_share=0.7),
    "funk": Habits((92, 120), ("C7 F7", "Dm7 G7", "C F G F"), ("Am7 Dm7", "Am7 D7", "Am7 G Fmaj7 Em7"),
                   minor_share=0.65),
    "reggae": Habits((68, 92), ("C F C G", "C G F C", "C Am F G"), ("Am Dm", "Am G F Em", "Am G Am Em")),
    "cinematic": Habits(
        (70, 132), ("C G Am F", "F G Am C", "C Em F G"), ("Am F C G", "Am C F Dm", "Am F Dm E7"),
        six=0.1, minor_share=0.65, drums=0.65,
    ),
    "waltz": Habits(
        (96, 168), ("C F G7 C", "C Am Dm G7", "C G7 C F"), ("Am Dm E7 Am", "Am Dm G C"), three=1.0, drums=0.0
    ),
    "lullaby": Habits(
        (60, 92), ("C F C G", "C G Am F", "C F G C"), ("Am F C G", "Am Dm G C"),
        three=0.3, six=0.4, minor_share=0.2, drums=0.0,
    ),
    "country": Habits((84, 140), ("C F G C", "C F C G", "C C F C G F C G"), ("Am G F G", "Am C G Am"),
                      minor_share=0.2, drums=0.8),
}


@dataclass(frozen=True)
class Band:
    """Who plays in a style: the usual ``bands``, one of which is drawn where nobody is named; the ``backing`` that
    joins an instrument asked for by name; which ``guitar`` and ``bass`` are meant where only that is said."""

    guitar: str
    bass: str
    backing: tuple[str, ...] = ()
    bands: tuple[tuple[str, ...], ...] = ()


def _band(guitar: str, bass: str, backing: str, *bands: str) -> Band:
    """From lists with commas."""
    lists = [tuple(name.strip() for name in names.split(",") if name.strip()) for names in (backing, *bands)]
    return Band(guitar, bass, lists[0], tuple(lists[1:]))


PLAIN_BAND = _band("acoustic guitar", "electric bass", "", "piano, acoustic guitar, electric bass",
                   "electric piano, electric guitar, electric bass", "piano, strings, electric bass")
QUIET_BAND = _band("acoustic guitar", "electric bass", "", "piano", "piano, strings", "acoustic guitar, strings")

BANDS: dict[str, Band] = {
    "pop": _band("acoustic guitar", "electric bass", "piano, electric bass", "piano, electric bass, strings",
                 "acoustic guitar, piano, electric bass", "synth lead, electric piano, synth bass"),
    "rock": _band("electric guitar", "electric bass", "electric guitar, electric bass",
                  "distorted guitar, electric bass", "electric guitar, distorted guitar, electric bass",
                  "electric guitar, organ, electric bass"),
    "lo-fi hip hop": _band("electric guitar", "electric bass", "electric piano, electric bass",
                           "electric piano, electric bass", "electric piano, vibraphone, acoustic bass",
                           "nylon guitar, electric piano, electric bass"),
    "ambient": _band("electric guitar", "synth bass", "synth pad", "synth pad, piano", "synth pad, harp, choir",
                     "strings, synth pad, electric piano"),
    "classical": _band("nylon guitar", "acoustic bass", "", "piano", "violin, cello, strings", "harpsichord, strings",
                       "flute, piano"),
    "folk": _band("acoustic guitar", "acoustic bass", "acoustic guitar, acoustic bass",
                  "acoustic guitar, violin, acoustic bass", "acoustic guitar, flute", "accordion, acoustic guitar"),
    "jazz": _band("electric guitar", "acoustic bass", "piano, acoustic bass", "piano, acoustic bass",
                  "saxophone, piano, acoustic bass", "trumpet, piano, acoustic bass", "vibraphone, acoustic bass"),
    "blues": _band("electric guitar", "electric bass", "electric guitar, electric bass",
                   "electric guitar, electric bass", "harmonica, electric guitar, electric bass",
                   "electric guitar, organ, electric bass"),
    "bossa nova": _band("nylon guitar", "acoustic bass", "nylon guitar, acoustic bass", "nylon guitar, acoustic bass",
                        "flute, nylon guitar, acoustic bass", "saxophone, nylon guitar, acoustic bass"),
    "house": _band("electric guitar", "synth bass", "synth pad, synth bass", "piano, synth bass",
                   "synth lead, synth pad, synth bass", "organ, synth bass"),
    "synthwave": _band("electric guitar", "synth bass", "synth pad, synth bass", "synth lead, synth pad, synth bass",
                       "synth pad, electric piano, synth bass", "saxophone, synth pad, synth bass"),
    "funk": _band("electric guitar", "slap bass", "electric guitar, slap bass", "electric guitar, slap bass",
                  "brass, electric guitar, slap bass", "electric piano, electric guitar, slap bass"),
    "reggae": _band("electric guitar", "electric bass", "electric guitar, electric bass",
                    "electric guitar, organ, electric bass", "electric guitar, piano, electric bass"),
    "cinematic": _band("electric guitar", "acoustic bass", "strings, brass", "strings, french horn, brass",
                       "strings, choir", "strings, brass, choir"),
    "waltz": _band("acoustic guitar", "acoustic bass", "piano, acoustic bass", "accordion, piano, acoustic bass",
                   "violin, strings, acoustic bass", "piano, acoustic bass"),
    "lullaby": _band("acoustic guitar", "acoustic bass", "harp", "music box, harp", "celesta, strings", "piano, harp"),
    "country": _band("acoustic guitar", "electric bass", "acoustic guitar, electric bass",
                     "acoustic guitar, banjo, electric bass", "acoustic guitar, harmonica, electric bass"),
}
