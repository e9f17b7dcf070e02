"""The instruments the bundled model can be told by name, the words for them, and what reads a list of them.

Drums are not among them: they are told apart, as with or without; only in a list they may be named, too. Knows
nothing of prompts, plans, audio or models.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from musicgen.foreign import in_english

INSTRUMENTS = (  # in the order of their features (``aligned``)
    "piano", "electric piano", "organ", "church organ", "harpsichord", "celesta", "glockenspiel", "music box",
    "vibraphone", "marimba", "accordion", "harmonica", "nylon guitar", "acoustic guitar", "electric guitar",
    "distorted guitar", "acoustic bass", "electric bass", "slap bass", "synth bass", "violin", "cello",
    "pizzicato strings", "harp", "strings", "choir", "trumpet", "french horn", "brass", "saxophone", "clarinet",
    "flute", "pan flute", "synth lead", "synth pad", "banjo",
)  # fmt: skip
BASSES = frozenset(("acoustic bass", "electric bass", "slap bass", "synth bass"))
KIT = "drums"
MOST = 8  # at once

GUITAR, BASS = "guitar", "bass"  # which of them is meant, the style says
WOODWINDS, WOODWIND_PLAYERS = "woodwinds", ("flute", "clarinet")
UNPLUGGED = {  # who plays instead where nothing shall be electric
    "electric piano": "piano", "organ": "piano", "electric guitar": "acoustic guitar",
    "distorted guitar": "acoustic guitar", "electric bass": "acoustic bass", "slap bass": "acoustic bass",
    "synth bass": "acoustic bass", "synth lead": "acoustic guitar", "synth pad": "strings",
}
_OTHER = ""  # words that only look like an instrument

_WORDS = {
    "piano": "piano, pianos, grand piano, acoustic piano, upright piano, piano solo",
    "electric piano": "electric piano, e-piano, e piano, clavinet, keyboard, keyboards, keys, rhodes, rhodes piano, "
                      "fender rhodes, wurlitzer",
    "organ": "organ, organs, hammond, hammond organ, drawbar organ",
    "church organ": "church organ, pipe organ, cathedral organ",
    "harpsichord": "harpsichord, harpsichords, cembalo, clavichord",
    "celesta": "celesta, celeste",
    "glockenspiel": "glockenspiel, tubular bells, bells, church bells, sleigh bells, jingle bells, chimes",
    "music box": "music box, musical box",
    "vibraphone": "vibraphone, vibraphones, on vibes, jazz vibes, vibes solo",
    "marimba": "marimba, marimbas, xylophone, kalimba, mallets",
    "accordion": "accordion, accordions, concertina, bandoneon",
    "harmonica": "harmonica, mouth organ, blues harp",
    "nylon guitar": "nylon guitar, nylon-string guitar, nylon string guitar, classical guitar, spanish guitar, "
                    "flamenco guitar, nylon guitars, koto, sitar, oud, guzheng",
    "acoustic guitar": "acoustic guitar, acoustic guitars, steel-string guitar, steel string guitar, folk guitar, "
                       "ukulele, lute, mandolin, 12-string guitar",
    "electric guitar": "electric guitar, electric guitars, clean guitar, clean electric guitar, jazz guitar, "
                       "surf guitar",
    "distorted guitar": "distorted guitar, distorted guitars, distorted electric guitar, distorted electric guitars, "
                        "overdriven guitar, overdriven guitars, heavy guitar, heavy guitars, crunchy guitars, "
                        "fuzz guitar, overdriven electric guitar, power chords, palm muted guitar, palm muted guitars, "
                        "wall of guitars",
    "acoustic bass": "acoustic bass, upright bass, double bass, contrabass, walking bass",
    "electric bass": "electric bass, bass guitar, fretless bass",
    "slap bass": "slap bass, slapped bass, slap-bass",
    "synth bass": "synth bass, bass synth, synthesizer bass, 808 bass, 808s, sub bass, acid bass, wobble bass, "
                  "reese bass, moog bass",
    "violin": "violin, violins, fiddle, fiddles",
    "cello": "cello, cellos, violoncello",
    "pizzicato strings": "pizzicato strings, plucked strings, pizzicato, string pizzicato",
    "harp": "harp, harps",
    "strings": "strings, string section, string ensemble, string orchestra, string quartet, string trio, "
               "orchestral strings, orchestra, violas, viola, mellotron",
    "choir": "choir, choirs, choral, chorus of voices, barbershop, barbershop quartet, wordless choir, choral voices",
    "trumpet": "trumpet, trumpets",
    "french horn": "french horn, french horns",
    "brass": "brass, brass section, horn section, brass band, trombone, trombones, bass trombone, tuba, tubas, "
             "euphonium, horns",
    "saxophone": "saxophone, saxophones, sax, alto sax, tenor sax",
    "clarinet": "clarinet, clarinets, bass clarinet, oboe, oboes, bassoon, english horn",
    "flute": "flute, flutes, bass flute, piccolo, shakuhachi, tin whistle, recorder",
    "pan flute": "pan flute, pan flutes, panpipes, pan pipes",
    "synth lead": "synth lead, lead synth, synth leads, synthesizer, synthesizers, synth, synths, arpeggiator, "
                  "supersaw, synth brass, brass synth",
    "synth pad": "synth pad, synth pads, pad, pads, warm pad, ambient pad, pad synth, synth strings, string synth, "
                 "string pad, string pads",
    "banjo": "banjo, banjos",
    WOODWINDS: "woodwind, woodwinds, wind quintet, woodwind quintet",
    GUITAR: "guitar, guitars",
    BASS: "bass, bass line, bassline",
    _OTHER: "drum and bass, drum & bass, drum'n'bass, drum'n bass, drum n bass, future bass, bass drum, bass-heavy, "
            "bass heavy, heavy bass, bass boosted, piano bar, jew's harp, steel pan, steel pans, brass monkey, "
            "organ donor, no strings attached, double bass drum, double bass drums, double bass drumming, "
            "double bass pedal, car keys, house keys, my keys, keyboard warrior, landing pad, organ transplant, "
            "bass fishing, sea bass, pulling strings, alarm bells",
}  # fmt: skip
WORDS = {word.strip(): name for name, words in _WORDS.items() for word in words.split(",")}
# What may stand in a list of instruments.
_NAMES = {**WORDS, **dict(zip(INSTRUMENTS, INSTRUMENTS, strict=True)),
          **dict.fromkeys((KIT, "drum kit", "drum machine", "percussion"), KIT)}  # fmt: skip


def parse_instruments(text: str) -> tuple[str, ...]:
    """``"piano, double bass"`` -> names of ``INSTRUMENTS`` or ``KIT``, each once, in the order given. Raises
    ``ValueError``."""
    names = tuple(dict.fromkeys(named_players(names_of(text), "acoustic guitar", "electric bass")))
    if not 1 <= len(names) <= MOST:
        raise ValueError(f"Name 1 to {MOST} instruments, separated by commas.")
    return names


def names_of(text: str) -> tuple[str, ...]:
    """The names in a list such as ``"guitar, double bass and drums"``, each once: of ``INSTRUMENTS``, ``KIT``, or what
    stands for several, such as ``GUITAR``. Raises ``ValueError``."""
    found = []
    for part in re.split(r"[,;+&、，；]|\band\b", text):
        word = " ".join(part.lower().split())
        if not word:
            continue
        name = _NAMES.get(word) or _NAMES.get(in_english(word).lower(), _OTHER)
        if not name:
            known = ", ".join((*INSTRUMENTS, KIT))
            raise ValueError(f"'{word[:40]}' is not an instrument the model knows; choose from {known}.")
        found.append(name)
    return tuple(dict.fromkeys(found))


def lineup(instruments: tuple[str, ...], drums: bool | None) -> tuple[tuple[str, ...], bool | None]:
    """Instruments and drums told apart: drums named among others are drums, named alone they are alone."""
    if KIT not in instruments:
        return instruments, drums
    return tuple(name for name in instruments if name != KIT) or (KIT,), True


def everyone(instruments: tuple[str, ...], drums: bool | None) -> tuple[str, ...]:
    """The names of all that play, drums last: what ``lineup`` tells apart."""
    return tuple(name for name in instruments if name != KIT) + ((KIT,) if drums else ())


def refuses(unwanted: Collection[str], name: str) -> bool:
    """Whether ``name`` is among what shall not play, as it was named: "guitar" is every guitar, a synth any of them."""
    general = {
        GUITAR: name.endswith("guitar"), BASS: name in BASSES, WOODWINDS: name in (*WOODWIND_PLAYERS, "pan flute"),
        "synth lead": name.startswith("synth"),
        "organ": name.endswith("organ"), "piano": name.endswith("piano"), "electric guitar": name == "distorted guitar",
        "brass": name in ("trumpet", "french horn"), "strings": name in ("violin", "cello", "pizzicato strings"),
    }
    return name in unwanted or any(general.get(word, False) for word in unwanted)


def named_players(names: Collection[str], guitar: str, bass: str) -> list[str]:
    """Who plays where ``names`` are asked for, if guitars are ``guitar`` and basses ``bass``; woodwinds are two."""
    general = {GUITAR: (guitar,), BASS: (bass,), WOODWINDS: WOODWIND_PLAYERS}
    return [player for name in names for player in general.get(name, (name,))]
