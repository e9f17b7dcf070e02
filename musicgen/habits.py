"""The habits of styles and the words that name them, as tables: which tempi, metres, keys, chord loops go together,
and who plays.

Knows nothing of prompts as a whole, plans, audio or models. Chord loops are written in C major or A minor, one chord
a bar; whoever draws one moves it to the key. Words are lower case; a longer wording wins over a shorter one inside it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Habits:
    """What a style does when nobody says otherwise.

    ``bpm`` is the range of felt beats a minute; ``three`` and ``six`` are the shares of 3/4 and 6/8, ``minor`` that of
    minor keys, ``drums`` that of pieces with drums (None: left to the text).
    """

    bpm: tuple[float, float]
    major: tuple[str, ...]
    minor: tuple[str, ...]
    three: float = 0.0
    six: float = 0.0
    minor_share: float = 0.4
    drums: float | None = 1.0


# Nothing in the prompt names a style: common loops at common tempi, and the drums are left to the text.
PLAIN = Habits(
    (80, 130), ("C G Am F", "C Am F G", "F C G Am", "C F Am G"), ("Am F C G", "Am C G F", "Am G F G"), drums=None
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


PLAIN_BAND = _band("acoustic guitar", "electric bass", "")

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


def _table(rows: dict[str, str]) -> dict[str, str]:
    return {word.strip(): name for name, words in rows.items() for word in words.split(",")}


# Words that name a style outright.
STYLE_WORDS = _table({
    "pop": "pop, pop song, k-pop, kpop, j-pop, indie pop, dream pop, ballad, piano ballad, power ballad, "
           "singer-songwriter, boy band, radio hit, christmas, 팝 음악, 팝송, 가요, 발라드, 케이팝",
    "rock": "rock, rock and roll, rock'n'roll, rock n roll, metal, heavy metal, punk, pop punk, pop rock, grunge, "
            "hard rock, indie rock, folk rock, alternative rock, post-rock, surf rock, shoegaze, 록 음악, 락 음악, "
            "록음악, 락음악, 메탈",
    "lo-fi hip hop": "lo-fi, lofi, lo fi, lo-fi hip hop, lofi hip hop, lo fi hip hop, chillhop, hip hop, hip-hop, "
                     "hiphop, boom bap, boom-bap, trap, rap, trip hop, trip-hop, r&b, rnb, neo soul, neo-soul, "
                     "downtempo, chill beats, study beats, 로파이, 힙합, 알앤비",
    "ambient": "ambient, drone, meditation, meditative, new age, new-age, soundscape, spa music, atmospheric, "
               "ethereal, healing music, dark ambient, 앰비언트, 명상",
    "classical": "classical, baroque, romantic era, renaissance, chamber music, string quartet, sonata, symphony, "
                 "concerto, fugue, prelude, nocturne, etude, étude, minuet, opera, bach, mozart, beethoven, "
                 "chopin, debussy, satie, neoclassical, neo-classical, choral, hymn, 클래식, 고전 음악",
    "folk": "folk, celtic, irish, scottish, medieval, jig, sea shanty, sea shanties, polka, klezmer, "
            "acoustic folk, fantasy tavern, tarantella, 포크, 민요",
    "jazz": "jazz, swing, big band, bebop, be-bop, cool jazz, jazz trio, smooth jazz, gypsy jazz, dixieland, "
            "ragtime, jazzy, lounge, 재즈, 스윙",
    "blues": "blues, bluesy, delta blues, twelve-bar, 12-bar, 12 bar, twelve bar, boogie, boogie-woogie, gospel, "
             "블루스",
    "bossa nova": "bossa nova, bossa-nova, bossa, samba, latin, latin jazz, brazilian, rumba, bolero, 보사노바, "
                  "삼바",
    "house": "house, deep house, techno, edm, trance, electronic, electronica, electro, dance music, club, dance, "
             "dubstep, drum and bass, drum & bass, drum'n'bass, dnb, rave, eurodance, 하우스, 테크노, 일렉트로닉, "
             "댄스",
    "synthwave": "synthwave, synth wave, synth-wave, retrowave, vaporwave, outrun, synth pop, synth-pop, synthpop, "
                 "new wave, chiptune, 8-bit, 8 bit, video game, arcade, cyberpunk, 신스웨이브",
    "funk": "funk, funky, disco, nu-disco, soul, motown, groovy, afrobeat, 펑크, 디스코",
    "reggae": "reggae, dub, ska, dancehall, rocksteady, jamaican, 레게",
    "cinematic": "cinematic, film score, movie score, soundtrack, trailer, epic, orchestral, orchestra, "
                 "film music, movie, suspense, horror, heroic, 시네마틱, 영화 음악, 오케스트라, 웅장한",
    "waltz": "waltz, waltzes, ländler, 왈츠",
    "lullaby": "lullaby, lullabies, nursery rhyme, cradle song, berceuse, music box, 자장가, 오르골",
    "country": "country, country music, bluegrass, western, nashville, honky-tonk, honky tonk, cowboy, americana, "
               "컨트리",
})

# Words that only hint at one: used when no style is named.
STYLE_HINTS = _table({
    "pop": "catchy, love song, upbeat song",
    "rock": "electric guitar, electric guitars, distorted guitar, distorted guitars, distortion, riff, power chords",
    "lo-fi hip hop": "study, studying, cozy, cosy, coffee shop, vinyl crackle, rainy, mellow beat, 808, rhodes",
    "ambient": "sleep, space, peaceful, floating, yoga, relaxation, synth pads, synth pad, 잔잔한",
    "classical": "violin, viola, cello, strings, harpsichord, church organ, clarinet, oboe, solo piano, "
                 "piano solo, grand piano, choir, 바이올린, 첼로",
    "folk": "acoustic guitar, fiddle, mandolin, ukulele, campfire, tin whistle, bagpipes, accordion, 통기타",
    "jazz": "saxophone, sax, double bass, upright bass, trumpet, walking bass, smoky, 색소폰",
    "blues": "slide guitar, harmonica",
    "bossa nova": "nylon guitar, beach bar, rio",
    "house": "synth, synthesizer, synth bass, four on the floor, four-on-the-floor, festival, party, energetic",
    "synthwave": "80s, 1980s, eighties, neon, retro, arpeggiator, night drive",
    "funk": "slap bass, wah, clavinet, horn section",
    "reggae": "island, tropical",
    "cinematic": "dramatic, battle, adventure, tension, brass, majestic, taiko",
    "lullaby": "celesta, glockenspiel, baby, tender",
    "country": "banjo, pedal steel",
})

# Tempo words and the felt beats a minute they mean. After the Italian terms, everyday words in one or two degrees.
TEMPO_WORDS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("very slow", "extremely slow", "glacial", "largo", "grave", "lento", "아주 느린"), (46, 62)),
    **dict.fromkeys(("slow", "slowly", "adagio", "sluggish", "slow-paced", "느린", "느리게"), (56, 78)),
    **dict.fromkeys(("downtempo", "relaxed tempo", "unhurried", "larghetto"), (62, 90)),
    **dict.fromkeys(("andante", "walking pace", "laid-back tempo"), (76, 100)),
    **dict.fromkeys(("mid-tempo", "mid tempo", "midtempo", "medium tempo", "moderate tempo", "moderate", "moderato",
                     "보통 빠르기"), (92, 116)),
    **dict.fromkeys(("upbeat", "up-tempo", "up tempo", "uptempo", "lively", "allegretto", "신나는"), (112, 138)),
    **dict.fromkeys(("fast", "fast-paced", "quick", "allegro", "vivace", "driving tempo", "빠른", "빠르게"),
                    (132, 168)),
    **dict.fromkeys(("very fast", "extremely fast", "breakneck", "frantic", "presto", "prestissimo", "아주 빠른"),
                    (164, 196)),
}

# Words that lean towards a mode when no key is named.
MODE_WORDS = _table({
    "minor": "minor, minor key, sad, dark, melancholy, melancholic, gloomy, sorrowful, mournful, tragic, sinister, "
             "spooky, haunting, eerie, ominous, tense, brooding, lonely, dorian, aeolian, phrygian, 슬픈, 우울한, "
             "어두운, 단조",
    "major": "major, major key, happy, cheerful, joyful, bright, sunny, uplifting, triumphant, playful, "
             "celebratory, merry, carefree, optimistic, lydian, mixolydian, ionian, 행복한, 밝은, 즐거운, 장조",
})

METER_WORDS: dict[str, str] = {
    **dict.fromkeys(("3/4", "waltz", "waltzes", "minuet", "triple metre", "triple meter", "three-four", "in three",
                     "mazurka", "ländler", "왈츠"), "3/4"),
    **dict.fromkeys(("6/8", "12/8", "six-eight", "six eight", "jig", "tarantella", "barcarolle", "compound metre",
                     "compound meter", "compound time"), "6/8"),
    **dict.fromkeys(("4/4", "2/4", "common time", "four-four", "four on the floor", "four-on-the-floor",
                     "march"), "4/4"),
}

DRUM_WORDS = (
    "drum kit, drum machine, drumbeat, drum beat, drums, drum, drumming, percussion, percussions, percussive, "
    "beat, beats, breakbeat, breakbeats, hi-hat, hi-hats, hihat, snare, cymbals, bongos, congas, tabla, taiko, "
    "tambourine, four on the floor, four-on-the-floor, 드럼, 비트, 타악기"
)
# Wordings that say there are none.
NO_DRUM_WORDS = (
    "drumless, beatless, drum-free, percussion-free, beat-free, a cappella, a capella, acapella, unaccompanied, "
    "piano solo, 드럼 없는, 드럼 없이, 드럼없이, 드럼없는, 타악기 없이, 타악기 없는, 비트 없는"
)
