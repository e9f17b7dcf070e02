"""What one word narrows a style to, as a table: tempi, keys, chord loops, drums, and who plays.

The words are some of those for the styles (``vocabulary``), whose habits (``habits``) hold for the rest. Knows nothing
of prompts, plans, audio or models.
"""

from __future__ import annotations

from dataclasses import dataclass

Bands = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Genre:
    """None or empty leaves a thing to the style. ``bpm``: felt beats a minute, of its ``meter`` where it has one.
    ``minor`` is the share of minor keys; ``major_loops`` and ``minor_loops`` are in C major and A minor, one chord a
    bar. ``guitar`` and ``bass`` are those meant where only that is said; the first of the ``bands`` backs an instrument
    asked for by name."""

    bpm: tuple[float, float] | None = None
    drums: bool | None = None
    bands: Bands = ()
    minor: float | None = None
    major_loops: tuple[str, ...] = ()
    minor_loops: tuple[str, ...] = ()
    meter: str | None = None
    guitar: str = ""
    bass: str = ""


def _bands(*lists: str) -> Bands:
    """From lists with commas."""
    return tuple(tuple(name.strip() for name in names.split(",")) for names in lists)


def _table(*rows: tuple[str, Genre]) -> dict[str, Genre]:
    """Word -> genre, from rows of words with commas."""
    return {word.strip(): genre for words, genre in rows for word in words.split(",")}


_SYNTHS = _bands("synth lead, synth pad, synth bass", "synth pad, synth bass", "synth lead, synth bass")
_HEAVY = _bands("distorted guitar, electric bass", "electric guitar, distorted guitar, electric bass")
_DARK = _bands("synth pad, synth bass", "piano, synth bass", "synth lead, synth bass")
_TWO = ("Am F", "Am Dm", "Am G F E", "Am F Dm E")  # dark loops
_STILL = ("Am", "Am G", "Am F")  # that hardly move
_TONIC = ("C F G7 C", "C G7 C G7", "C F C G7")  # plain and merry


def _club(low: float, high: float) -> Genre:
    """Dark music of machines."""
    return Genre((low, high), True, _SYNTHS, minor=0.95, minor_loops=_STILL, bass="synth bass")


def _heavy(low: float, high: float, minor: float = 0.9) -> Genre:
    """Loud guitars."""
    return Genre((low, high), True, _HEAVY, minor=minor, guitar="distorted guitar")


# Trap and its like are felt at half of what a machine counts.
_TRAP = Genre((62, 78), True, _DARK, minor=0.95, minor_loops=_TWO, bass="synth bass")
_HIP_HOP = Genre((80, 98), True, _bands("electric piano, electric bass", "piano, synth bass", "strings, synth bass"),
                 minor=0.8, minor_loops=("Am F", "Am Dm Am E7", "Am G F E"))
_SOUL = Genre((92, 126), True, _bands("electric piano, electric guitar, electric bass", "brass, organ, electric bass"),
              major_loops=("C Am F G", "C Dm F G", "C F C G"))
_CELTIC = _bands("violin, flute, acoustic guitar", "violin, acoustic guitar, acoustic bass",
                 "flute, harp, acoustic guitar")
_CAROL = Genre(None, False, _bands("piano, glockenspiel, strings", "choir, strings", "choir, church organ"), minor=0.05)

GENRES = _table(
    # clubs
    ("drum and bass, drum & bass, drum'n'bass, drum'n bass, drum n bass, dnb, d&b, jungle, breakcore",
     _club(166, 178)),
    ("techno, tekno, hard techno, hardcore techno", _club(124, 140)), ("trance", _club(130, 142)),
    ("psytrance", _club(138, 148)), ("dubstep", _club(136, 144)), ("hardstyle, gabber", _club(146, 156)),
    ("uk garage, garage, 2-step, future garage, gqom, jersey club, baile funk", _club(128, 138)),
    ("happy hardcore", Genre((160, 180), True, _SYNTHS, minor=0.2)),
    ("electro, breakbeat, idm, ebm, darkwave", Genre(None, True, _SYNTHS, minor=0.9)),
    ("workout, gym, edm, festival, party, marathon", Genre((122, 140), True, _SYNTHS)),
    ("future bass, hyperpop, eurobeat", Genre((140, 160), True, _SYNTHS)),
    ("amapiano", Genre((105, 116), True, _bands("piano, synth bass", "organ, synth bass"))),
    ("synthpop, synth pop, synth-pop, new wave", Genre((104, 128), True, _SYNTHS)),
    ("chiptune, 8-bit, 8 bit, 8bit, video game, arcade", Genre((116, 156), None, _bands("synth lead, synth bass"))),
    # hip hop
    ("trap, drill, phonk, cloud rap, emo rap, memphis rap, type beat, 808, 808s", _TRAP),
    ("hip hop, hip-hop, hiphop, rap, boom bap, boom-bap, trip hop, trip-hop, g-funk, g funk", _HIP_HOP),
    ("r&b, rnb, neo soul, neo-soul, trap soul",
     Genre((62, 84), True, _bands("electric piano, electric bass", "electric piano, electric guitar, synth bass"))),
    # funk and soul
    ("disco, nu-disco", Genre((108, 126), True)), ("soul, motown", _SOUL), ("afrobeat", Genre(None, True)),
    ("afrobeats, highlife", Genre((98, 116), True, _bands("electric guitar, electric bass", "piano, synth bass"))),
    # rock
    ("metal, heavy metal, black metal, death metal, metalcore, djent, grunge, hard rock", _heavy(100, 168)),
    ("doom metal", _heavy(60, 84, 1.0)),
    ("punk, punk rock, punk-rock, pop punk, thrash, thrash metal, hardcore punk", _heavy(148, 188, 0.5)),
    ("shoegaze, post-rock, emo", _heavy(84, 130, 0.6)),
    ("surf rock, surf guitar", Genre((145, 180), True, _bands("electric guitar, electric bass"), minor=0.7)),
    ("rockabilly", Genre((150, 184), True, _bands("electric guitar, piano, acoustic bass"), minor=0.1)),
    ("anime opening", Genre((145, 180), True, _bands("electric guitar, piano, strings, electric bass"))),
    ("k-pop, kpop, dance pop, electro pop, electropop", Genre((106, 128), True, _SYNTHS)),
    # jazz and blues
    ("bebop, be-bop", Genre((172, 212), True)), ("jazz trio", Genre(bands=_bands("piano, acoustic bass"))),
    ("smooth jazz, lounge, elevator music, hold music, cool jazz", Genre((80, 110))),
    ("noir, detective", Genre((66, 96), None, _bands("saxophone, piano, acoustic bass",
                                                     "trumpet, piano, acoustic bass"), minor=0.95)),
    ("big band", Genre(None, True, _bands("brass, saxophone, piano, acoustic bass",
                                          "trumpet, saxophone, piano, acoustic bass"))),
    ("dixieland, charleston", Genre((120, 180), True, _bands("trumpet, clarinet, brass, piano"), minor=0.1)),
    ("brass band, second line, new orleans", Genre((92, 112), True, _bands("brass, trumpet, clarinet"), minor=0.1)),
    ("ragtime, stride piano", Genre(None, False, _bands("piano"), minor=0.1, meter="4/4")),
    ("boogie, boogie-woogie", Genre(bands=_bands("piano, acoustic bass"))),
    ("gypsy jazz", Genre(None, False, _bands("acoustic guitar, violin, acoustic bass"), guitar="acoustic guitar")),
    ("gospel", Genre(bands=_bands("choir, organ, piano, electric bass", "organ, piano, electric bass"), minor=0.1,
                     major_loops=("C F C G", "C Am F G", "C7 F7 C7 G7"))),
    # the south
    ("samba", Genre(None, True)), ("bolero", Genre((66, 96))),
    ("salsa, mambo, merengue", Genre((88, 112), True, _bands("piano, brass, acoustic bass"))),
    ("bachata", Genre((115, 130), True, _bands("nylon guitar, electric bass"),
                      minor_loops=("Am G F E7", "Am Dm E7 Am"))),
    ("cumbia", Genre((88, 108), True, _bands("accordion, nylon guitar, electric bass"), minor_loops=("Am G Am E7",))),
    ("tango", Genre((112, 132), False, _bands("accordion, violin, piano, acoustic bass",
                                              "violin, piano, acoustic bass"), minor=0.85, meter="4/4",
                    minor_loops=("Am Dm E7 Am", "Am E7 Am E7"))),
    ("mariachi, ranchera", Genre(None, False, _bands("trumpet, violin, nylon guitar, acoustic bass"), minor=0.1,
                                 major_loops=_TONIC)),
    ("flamenco", Genre((90, 150), False, _bands("nylon guitar", "nylon guitar, acoustic guitar"), minor=1.0,
                       minor_loops=("Am G F E",), guitar="nylon guitar")),
    ("ska", Genre((126, 166), True, _bands("brass, electric guitar, electric bass", "brass, organ, electric bass"))),
    ("reggaeton, dancehall, dembow, moombahton", Genre((88, 108), True, _SYNTHS, minor=0.8)),
    ("calypso, soca", Genre((104, 126), True, _bands("marimba, brass, electric bass"), minor=0.1)),
    # folk
    ("celtic, irish, scottish", Genre(bands=_CELTIC)), ("reel", Genre((100, 126), None, _CELTIC, meter="4/4")),
    ("jig", Genre((104, 118), None, _CELTIC, meter="6/8")),
    ("tarantella", Genre((102, 120), None, _bands("accordion, acoustic guitar", "violin, accordion"), minor=0.7,
                         meter="6/8")),
    ("sea shanty, sea shanties", Genre(bands=_bands("accordion, acoustic guitar, acoustic bass", "accordion, violin"))),
    ("klezmer", Genre(bands=_bands("clarinet, accordion, violin, acoustic bass"), minor=0.9,
                      minor_loops=("Am Dm E7 Am", "Am E7 Am E7"))),
    ("polka", Genre((106, 128), None, _bands("accordion, clarinet, acoustic bass"), minor=0.1, major_loops=_TONIC,
                    meter="4/4")),
    ("arabic, middle eastern, balkan", Genre(bands=_bands("nylon guitar, violin, clarinet, acoustic bass"), minor=1.0,
                                             minor_loops=("Am G F E", "Am Dm E7 Am"))),
    ("bluegrass", Genre((120, 160), False, _bands("banjo, violin, acoustic guitar, acoustic bass"), minor=0.1)),
    ("spaghetti western", Genre((84, 112), None, _bands("electric guitar, trumpet, choir, strings"), minor=0.95)),
    # concert halls and churches
    ("choral, hymn, requiem", Genre(None, False, _bands("choir", "choir, church organ", "choir, strings"))),
    ("opera", Genre(None, False, _bands("strings, choir", "strings, brass"))),
    ("symphony, concerto", Genre(None, False, _bands("strings, brass, french horn, flute",
                                                     "strings, french horn, clarinet"))),
    ("baroque", Genre(None, False, _bands("harpsichord, strings", "harpsichord", "violin, cello, harpsichord"))),
    ("nocturne, etude, étude, chopin, debussy, satie", Genre(None, False, _bands("piano"))),
    ("wedding march, bridal march", Genre((66, 96), False, _bands("church organ", "church organ, trumpet"), minor=0.0,
                                          meter="4/4")),
    ("first dance, wedding dance, father daughter dance, mother son dance, slow dance",
     Genre((60, 84), None, _bands("piano, strings", "acoustic guitar, strings"), minor=0.05)),
    ("funeral march, funeral, burial", Genre((50, 72), False, _bands("piano", "strings, brass"), minor=1.0,
                                             meter="4/4")),
    ("viennese waltz", Genre((150, 178), False, _bands("strings, french horn, flute"), minor=0.2)),
    ("musette", Genre(None, False, _bands("accordion, acoustic guitar, acoustic bass",
                                          "accordion, piano, acoustic bass"))),
    # films, uses, occasions
    ("marching band, military march",
     Genre((104, 126), True, _bands("trumpet, brass, french horn", "flute, brass, french horn"), minor=0.1,
           meter="4/4")),
    ("march, fanfare", Genre(None, None, _bands("trumpet, brass, french horn"), meter="4/4")),
    ("trailer, epic, boss battle, boss fight, final boss, battle",
     Genre((84, 140), True, _bands("strings, brass, choir", "strings, french horn, brass"), minor=0.8, meter="4/4")),
    ("horror, suspense, creepy, scary, haunted, halloween, spooky, ghost, ghosts, tomb, dungeon, cave, dark forest",
     Genre((56, 96), False, _bands("strings, choir", "celesta, strings", "piano, strings"), minor=1.0)),
    ("sneaking, sneaky, heist, stealth",
     Genre((88, 116), None, _bands("pizzicato strings, clarinet, acoustic bass", "vibraphone, acoustic bass"),
           minor=0.9)),
    ("army, soldiers", Genre((92, 120), True, _bands("brass, french horn, strings"), minor=0.7, meter="4/4")),
    ("ghibli", Genre((76, 120), False, _bands("piano, strings, flute"), minor=0.1)),
    ("minecraft", Genre((60, 80), False, _bands("piano, synth pad", "piano"), minor=0.2)),
    ("corporate, jingle, explainer video, commercial, podcast intro, podcast, vlog, presentation, tutorial, slideshow",
     Genre((104, 128), True, _bands("piano, acoustic guitar, electric bass", "piano, strings, electric bass"),
           minor=0.05)),
    ("kids song, children's song, nursery song, happy birthday, kids, children, toddlers, birthday",
     Genre((100, 126), None, _bands("piano, glockenspiel, acoustic guitar"), minor=0.0, major_loops=_TONIC)),
    ("christmas carol, christmas song, christmas, jingle bells, silent night, sleigh ride", _CAROL),
    ("new age, new-age, healing music, spa music",
     Genre(None, False, _bands("harp, synth pad", "pan flute, harp, synth pad", "piano, synth pad"))),
)
