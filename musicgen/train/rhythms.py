"""Tables of instruments and of one-bar rhythms for every role.

Knows ranges, levels and rhythm patterns. Does *not* know which style uses them (``styles``) or which notes
they carry (``compose``).

Rhythms are strings, one character per sixteenth note: ``-`` holds the note before, ``.`` is silence.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """A General MIDI program, its comfortable lead range (MIDI pitches) and a level correction in dB."""

    program: int
    low: int
    high: int
    trim: float = 0.0


# Trims bring every program to about the same loudness with the usual General MIDI fonts.
INSTRUMENTS: dict[str, Instrument] = {
    "piano": Instrument(0, 57, 86, 9),
    "electric piano": Instrument(4, 55, 81, 3),
    "organ": Instrument(16, 60, 81, -4),
    "church organ": Instrument(19, 55, 79, -6),
    "harpsichord": Instrument(6, 57, 82, -3),
    "celesta": Instrument(8, 67, 91, 5),
    "glockenspiel": Instrument(9, 72, 93, 0),
    "music box": Instrument(10, 67, 91, 1),
    "vibraphone": Instrument(11, 60, 84, 7),
    "marimba": Instrument(12, 57, 84, 7),
    "accordion": Instrument(21, 60, 84, 3),
    "harmonica": Instrument(22, 62, 84, 4),
    "nylon guitar": Instrument(24, 55, 79, -1),
    "acoustic guitar": Instrument(25, 55, 79, -1),
    "electric guitar": Instrument(27, 55, 79, -2),
    "distorted guitar": Instrument(29, 52, 76, -7),
    "acoustic bass": Instrument(32, 31, 52, 0),
    "electric bass": Instrument(33, 28, 50, -3),
    "slap bass": Instrument(36, 28, 50, 2),
    "synth bass": Instrument(39, 28, 50, -5),
    "violin": Instrument(40, 62, 86, 0),
    "cello": Instrument(42, 48, 67, 2),
    "pizzicato strings": Instrument(45, 55, 79, 0),
    "harp": Instrument(46, 55, 84, 4),
    "strings": Instrument(48, 60, 84, -2),
    "choir": Instrument(52, 58, 77, -1),
    "trumpet": Instrument(56, 58, 79, -2),
    "french horn": Instrument(60, 53, 72, -7),
    "brass": Instrument(61, 55, 76, -3),
    "saxophone": Instrument(66, 56, 77, -3),
    "clarinet": Instrument(71, 57, 81, -5),
    "flute": Instrument(73, 65, 89, 1),
    "pan flute": Instrument(75, 62, 84, -2),
    "synth lead": Instrument(81, 60, 84, -1),
    "synth pad": Instrument(89, 55, 79, 3),
    "banjo": Instrument(105, 57, 81, 4),
}

# Comping: X accent, x normal. One chord per bar is struck in this rhythm.
COMP: dict[str, dict[str, tuple[str, ...]]] = {
    "hold": {
        "4/4": ("X---------------", "X-------x-------"),
        "3/4": ("X-----------",),
        "6/8": ("X-----------", "X-----x-----"),
    },
    "beats": {
        "4/4": ("X---x---X---x---", "X-----x-X-----x-", "X-------x---x---"),
        "3/4": ("X---x---x---", "X-------x---"),
        "6/8": ("X---x-X---x-", "X-----X-x-x-"),
    },
    "strum": {
        "4/4": ("X---x-x---x-x-x-", "X---X-x-x-x-X-x-", "X---x-x-X---x-x-"),
        "3/4": ("X---x-x-x-x-", "X---x---x-x-"),
        "6/8": ("X-x-x-X-x-x-", "X---x-X---x-"),
    },
    "drive": {
        "4/4": ("X-x-x-x-X-x-x-x-", "X-x-X-x-x-x-X-x-"),
        "3/4": ("X-x-x-x-x-x-",),
        "6/8": ("X-x-x-X-x-x-",),
    },
    "swing": {
        "4/4": ("X-----x.........", "..X.....x-......", "X-........x-....", "....x-....x-....", "X-----x-....x..."),
        "3/4": ("....x-..x-..", "X---....x...", "......x-...."),
        "6/8": ("X-..x-..x-..",),
    },
    "bossa": {"4/4": ("X--x--x-..x--x--", "X-..x-..x-x-..x-", "x-x-..X-..x--x..")},
    "offbeat": {
        "4/4": ("....X-......X-..", "..X...X...X...X.", "..X...X...X.x.X."),
        "3/4": ("....x-..x-..", "..x...x...x."),
        "6/8": ("..x-x-..x-x-",),
    },
    "funk": {"4/4": ("X..x..x...x..x..", "..x.X..x..x.X..x", "X.x...xx..x...x.")},
    "skank": {"4/4": ("....X.......X...", "....X.......X.x.", "..X...X...X...X.")},
    "oompah": {
        "4/4": ("....x-......x-..", "....x-..x-..x-.."),
        "3/4": ("....x-..x-..",),
        "6/8": ("..x-x-..x-x-", "....x-....x-"),
    },
    "house": {"4/4": ("X--x--x---x--x--", "..X...X...X...X.", "X-----X-----X---", "X..X..X..X..X.X.")},
    "ballad": {
        "4/4": ("X-------X---x---", "X-----------x---"),
        "3/4": ("X-----------", "X-------x---"),
        "6/8": ("X-----x-----",),
    },
}

# Broken chords: the digit is the index of the chord tone, counted upwards through the octaves.
ARP: dict[str, tuple[str, ...]] = {
    "4/4": ("0-1-2-3-2-3-2-1-", "0-2-1-2-0-2-1-2-", "0-1-2-3-4-3-2-1-", "0-2-3-4-3-2-3-2-", "0-1-2-1-3-1-2-1-"),
    "4/4 fast": ("0123012301230123", "0121032101210321", "0-12-30-12-30-12", "0212321202123212"),
    "4/4 slow": ("0---1---2---3---", "0---2---3---2---", "0---2---1---2---"),
    "3/4": ("0-1-2-3-2-1-", "0-2-1-2-1-2-", "0---1---2---", "0-1-2-1-2-1-"),
    "6/8": ("0-1-2-3-2-1-", "0-2-1-3-2-1-", "0-1-2-0-1-2-"),
}

# Bass: R root, 5 fifth, 8 root an octave up, 3 third, a approach to the next root.
BASS: dict[str, dict[str, tuple[str, ...]]] = {
    "hold": {
        "4/4": ("R---------------", "R-------R-------"),
        "3/4": ("R-----------",),
        "6/8": ("R-----------", "R-----R-----"),
    },
    "beats": {
        "4/4": ("R-----R-R-----5-", "R-------5-------", "R-----R-5---R---", "R---R---5---5---"),
        "3/4": ("R-------5---", "R-----------"),
        "6/8": ("R-----5-----", "R---R-5---5-"),
    },
    "drive": {
        "4/4": ("R-R-R-R-R-R-R-R-", "R-R-R-R-R-R-5-a-", "R-R-8-R-R-R-8-R-"),
        "3/4": ("R-R-R-R-5-5-",),
        "6/8": ("R-R-R-R-R-R-", "R---R-5---a-"),
    },
    "walk": {
        "4/4": ("R---3---5---a---", "R---8---5---a---", "R---5---3---a---"),
        "3/4": ("R---3---a---", "R---5---a---"),
        "6/8": ("R---3-5---a-",),
    },
    "bossa": {"4/4": ("R-----5-5-----R-", "R-----R-5-----5-")},
    "funk": {"4/4": ("R..RR...R.8...5.", "R..R..8.R...8.a.", "RR..8..RR..R8.5.")},
    "reggae": {"4/4": ("R-..R-3-5-..R...", "R---..R-5-3-R-..", "....R-R-R---5-..")},
    "two": {
        "4/4": ("R---....5---....", "R-----..5-----a-"),
        "3/4": ("R---........", "R-----......"),
        "6/8": ("R---..5---..", "R-....5-...."),
    },
    "house": {"4/4": ("..R-..R-..R-..R-", "R--R--R-R--R--R-", "R.R.8.R.R.R.8.R.")},
    "pulse": {"4/4": ("RRRRRRRRRRRRRRRR", "R-RRR-RRR-RRR-RR", "R-8-R-8-R-8-R-8-")},
}

# Drums: K kick, S snare, R rim, C clap, H closed hat, O open hat, D ride, M maracas, T tambourine, G conga.
DRUM_KEYS = {"K": 36, "S": 38, "R": 37, "C": 39, "H": 42, "O": 46, "D": 51, "M": 70, "T": 54, "G": 63, "L": 64}
DRUMS: dict[str, dict[str, tuple[str, ...]]] = {
    "pop": {
        "4/4": (
            "K:X.......X.x..... S:....X.......X... H:x.x.x.x.x.x.x.x.",
            "K:X.....x.X....... S:....X.......X... H:x.x.x.x.x.x.x.o.",
            "K:X..x....X.X..... S:....X.......X... H:xoxoxoxoxoxoxoxo",
        ),
        "3/4": ("K:X........... S:....x...x... H:x.x.x.x.x.x.", "K:X.......x... S:....X....... H:x.x.x.x.x.x."),
        "6/8": ("K:X.........x. S:......X..... H:x.x.x.x.x.x.", "K:X...x....... S:......X..... H:x.x.x.x.x.x."),
    },
    "rock": {
        "4/4": (
            "K:X.....x.X....... S:....X.......X... H:X.x.X.x.X.x.X.x.",
            "K:X.......X.X..... S:....X.......X... D:X.x.X.x.X.x.X.x.",
            "K:X.x.....X.x..... S:....X.......X... O:X...X...X...X...",
        ),
        "3/4": ("K:X.....x..... S:....X...x... H:X.x.x.x.x.x.",),
        "6/8": ("K:X...x.....x. S:......X..... D:X.x.x.X.x.x.", "K:X.....x.x... S:......X..... H:X.x.x.X.x.x."),
    },
    "lofi": {
        "4/4": (
            "K:X.....x...x..... S:....X.......X... H:x.x.x.x.x.x.x.x.",
            "K:X.........X..x.. S:....X.......X... H:x.xox.x.x.xox.x.",
            "K:X..x......X..... R:....X.......X... H:x.x.x.x.x.x.x.xo",
        ),
    },
    "soft": {
        "4/4": (
            "K:x.......x....... R:....x.......x... M:o.o.o.o.o.o.o.o.",
            "K:x.........x..... T:....x.......x... M:x.o.x.o.x.o.x.o.",
        ),
        "3/4": ("K:x........... R:....o...o... M:x.o.x.o.x.o.", "K:x........... T:....x...x..."),
        "6/8": ("K:x........... R:......x..... M:x.o.o.x.o.o.",),
    },
    "swing": {
        "4/4": (
            "D:X...x.o.X...x.o. H:....x.......x... K:o...o...o...o...",
            "D:X...x.x.X...x.x. H:....x.......x... K:x.......o..... S:......o.......o.",
        ),
        "3/4": ("D:X...x.x.x... H:....x...x... K:x...........",),
    },
    "shuffle": {
        "4/4": (
            "K:X.......X....... S:....X.......X... H:x.x.x.x.x.x.x.x.",
            "K:X.....x.X....... S:....X.......X... D:X.x.X.x.X.x.X.x.",
        ),
        "6/8": ("K:X.........x. S:......X..... D:X.x.x.X.x.x.",),
    },
    "bossa": {
        "4/4": (
            "K:X.....xoX.....xo R:X..x..x...x..x.. H:x.x.x.x.x.x.x.x.",
            "K:X.....x.X.....x. R:..x..x..X..x..x. M:xoxoxoxoxoxoxoxo",
        )
    },
    "house": {
        "4/4": (
            "K:X...X...X...X... C:....X.......X... O:..x...x...x...x.",
            "K:X...X...X...X... C:....X.......X... H:x.xox.xox.xox.xo",
            "K:X...X...X...X... S:....x.......x... O:..X...X...X...X. M:xoxoxoxoxoxoxoxo",
        ),
    },
    "synthwave": {
        "4/4": (
            "K:X...X...X...X... S:....X.......X... H:x.x.x.x.x.x.x.x.",
            "K:X.......X.x..... S:....X.......X... H:xoxoxoxoxoxoxoxo",
        )
    },
    "funk": {
        "4/4": (
            "K:X.....x..xX..... S:....X..o.o..X..o H:x.x.x.x.x.x.x.x.",
            "K:X.x....x..x..... S:....X..o....X.o. H:xoxoxoxoxoxoxoxo",
        )
    },
    "reggae": {
        "4/4": (
            "K:........X....... R:........X....... H:x.x.x.x.x.x.x.x.",
            "K:X...X...X...X... R:........X....... H:x.xox.xox.xox.xo",
        )
    },
    "cinematic": {
        "4/4": ("K:X.......x..x.... G:....x..x....x.x.", "K:X.....X...X..... L:x.xxx.x.x.xxx.x."),
        "3/4": ("K:X.......x... L:x.x.x.xxx.x.", "K:X........... L:....x...x..."),
        "6/8": ("K:X.....X..... L:x.x.x.x.x.xx", "K:X.....x.x..."),
    },
    "country": {
        "4/4": ("K:X.......X....... S:....X.......X... H:x.x.x.x.x.x.x.x.", "K:X...x...X...x... S:..x...x...x...x."),
        "3/4": ("K:X........... S:....x...x... H:x...x...x...",),
        "6/8": ("K:X........... S:......x..... H:x.x.x.x.x.x.",),
    },
}
# The kits a style's drummer may sit at (program of the drum bank) and the words that name them.
KITS = {"drum kit": 0, "electronic drums": 24, "808 drums": 25, "jazz drums": 32, "brushed drums": 40}

# Melody rhythms by liveliness, one bar each.
MELODY: dict[str, dict[str, tuple[str, ...]]] = {
    "slow": {
        "4/4": ("x-------x-------", "x-----------x---", "x-----x-x-------", "x---x---x-------", "x-------x---x---"),
        "3/4": ("x-------x---", "x-----------", "x---x-------"),
        "6/8": ("x-----x-----", "x-----------", "x---x-x-----"),
    },
    "medium": {
        "4/4": (
            "x---x-x-x---x---",
            "x-x-x---x-x-x---",
            "x-----x-x---x---",
            "..x-x-x-x-------",
            "x---x---x-x-x---",
            "x--x--x-x-------",
        ),
        "3/4": ("x---x---x---", "x-----x-x---", "x---x-x-x---", "x-x-x---x---"),
        "6/8": ("x---x-x-----", "x---x-x---x-", "x-x-x-x-----", "x-----x-x-x-"),
    },
    "busy": {
        "4/4": ("x-x-x-x-x-x-x---", "x-xxx-x-x-x-x---", "x-x-xxx-x---x-x-", "x--xx-x-x--xx---", "x-x-x-x-x---x-x-"),
        "3/4": ("x-x-x-x-x---", "x-x-x-x-x-x-", "x---x-x-x-x-"),
        "6/8": ("x-x-x-x-x-x-", "x-x-x-x---x-", "x---x-x-x-x-"),
    },
}
CADENCE = {
    "4/4": ("x---x---x-------", "x-x-x---x-------", "x---------------"),
    "3/4": ("x-----------", "x---x-------"),
    "6/8": ("x---x-x-----", "x-----------"),
}
