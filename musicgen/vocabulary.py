"""The words people use for styles, tempi, modes, metres and drums, as tables.

Words are lower case; a longer wording wins over a shorter one inside it. A Korean stem stands for all its endings.
Knows nothing of prompts as a whole, plans, audio or models.
"""

from __future__ import annotations


def _table(rows: dict[str, str]) -> dict[str, str]:
    return {word.strip(): name for name, words in rows.items() for word in words.split(",")}


# Words that name a style outright.
STYLE_WORDS = _table({
    "pop": "pop, pop song, k-pop, kpop, j-pop, indie pop, dream pop, ballad, piano ballad, power ballad, "
           "singer-songwriter, boy band, radio hit, christmas, slow jam, jingle, corporate, 시티팝, 트로트, "
           "팝 음악, 팝송, 가요, 발라드, 케이팝",
    "rock": "rock, rock and roll, rock'n'roll, rock n roll, metal, heavy metal, punk, pop punk, pop rock, grunge, "
            "hard rock, indie rock, folk rock, alternative rock, post-rock, surf rock, shoegaze, black metal, "
            "death metal, doom metal, thrash metal, thrash, metalcore, djent, emo, 록 음악, 락 음악, 록음악, "
            "락음악, 메탈",
    "lo-fi hip hop": "lo-fi, lofi, lo fi, lo-fi hip hop, lofi hip hop, lo fi hip hop, chillhop, hip hop, hip-hop, "
                     "hiphop, boom bap, boom-bap, trap, rap, trip hop, trip-hop, r&b, rnb, neo soul, neo-soul, "
                     "downtempo, chill beats, study beats, drill, phonk, cloud rap, type beat, 트랩, 로파이, 힙합, "
                     "알앤비",
    "ambient": "ambient, drone, meditation, meditative, new age, new-age, soundscape, spa music, atmospheric, "
               "ethereal, healing music, dark ambient, 앰비언트, 명상",
    "classical": "classical, baroque, romantic era, renaissance, chamber music, string quartet, sonata, symphony, "
                 "concerto, fugue, prelude, nocturne, etude, étude, minuet, opera, bach, mozart, beethoven, "
                 "chopin, debussy, satie, neoclassical, neo-classical, choral, hymn, requiem, 클래식, 고전 음악",
    "folk": "folk, celtic, irish, scottish, medieval, jig, sea shanty, sea shanties, polka, klezmer, "
            "acoustic folk, fantasy tavern, tarantella, flamenco, 포크, 민요",
    "jazz": "jazz, swing, big band, bebop, be-bop, cool jazz, jazz trio, smooth jazz, gypsy jazz, dixieland, "
            "ragtime, jazzy, lounge, elevator music, noir, 재즈, 스윙",
    "blues": "blues, bluesy, delta blues, twelve-bar, 12-bar, 12 bar, twelve bar, boogie, boogie-woogie, gospel, "
             "블루스",
    "bossa nova": "bossa nova, bossa-nova, bossa, samba, latin, latin jazz, brazilian, rumba, bolero, salsa, tango, "
                  "cumbia, bachata, merengue, mambo, cha cha, cha-cha, mariachi, 보사노바, "
                  "삼바",
    "house": "house, deep house, techno, edm, trance, electronic, electronica, electro, dance music, club, dance, "
             "dubstep, drum and bass, drum & bass, drum'n'bass, drum'n bass, drum n bass, dnb, d&b, jungle, uk garage, "
             "breakbeat, psytrance, hardstyle, future bass, electro swing, amapiano, ambient techno, ambient house, "
             "rave, eurodance, 전자 음악, 전자음악, 하우스, 테크노, 일렉트로닉, "
             "댄스",
    "synthwave": "synthwave, synth wave, synth-wave, retrowave, vaporwave, outrun, synth pop, synth-pop, synthpop, "
                 "new wave, chiptune, 8-bit, 8 bit, video game, arcade, cyberpunk, hyperpop, 8비트, 게임 음악, "
                 "신스웨이브",
    "funk": "funk, funky, disco, nu-disco, soul, motown, groovy, afrobeat, 펑크, 디스코",
    "reggae": "reggae, dub, ska, reggaeton, calypso, dancehall, rocksteady, jamaican, 레게",
    "cinematic": "cinematic, film score, movie score, soundtrack, trailer, epic, orchestral, orchestra, "
                 "film music, movie, suspense, horror, heroic, march, marching band, military march, fanfare, "
                 "시네마틱, 영화 음악, 영화음악, 오케스트라, 웅장한",
    "waltz": "waltz, waltzes, ländler, musette, 왈츠",
    "lullaby": "lullaby, lullabies, nursery rhyme, cradle song, berceuse, music box, 자장가, 오르골",
    "country": "country, country music, bluegrass, western, nashville, honky-tonk, honky tonk, cowboy, americana, "
               "컨트리",
})

# Words that colour a style more often than they are one: "epic metal" is metal. They yield to any that is.
COLOURS = frozenset((
    "waltz", "waltzes", "왈츠", "atmospheric", "ethereal", "meditative", "epic", "cinematic", "orchestral", "heroic",
    "jazzy", "bluesy", "funky", "groovy", "electronic", "electro", "dance", "latin", "christmas", "ballad",
    "piano ballad", "power ballad", "slow jam", "video game", "swing", "march", "fanfare",
))

# Words for a style that as often mean something else: "a dance before the clock strikes twelve", "monks, latin".
AMBIGUOUS = frozenset(("dance", "club", "latin", "christmas", "swing", "movie", "ballad"))

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
    **dict.fromkeys(("slow", "slowly", "adagio", "sluggish", "slow-paced", "느린", "느리게", "느리고"), (56, 78)),
    **dict.fromkeys(("ballad", "ballads", "piano ballad", "power ballad", "slow jam", "발라드"), (60, 84)),
    **dict.fromkeys(("downtempo", "relaxed tempo", "unhurried", "larghetto"), (62, 90)),
    **dict.fromkeys(("andante", "walking pace", "laid-back tempo"), (76, 100)),
    **dict.fromkeys(("mid-tempo", "mid tempo", "midtempo", "medium tempo", "moderate tempo", "moderate", "moderato",
                     "보통 빠르기"), (92, 116)),
    **dict.fromkeys(("upbeat", "up-tempo", "up tempo", "uptempo", "lively", "allegretto", "신나는"), (112, 138)),
    **dict.fromkeys(("fast", "fast-paced", "quick", "allegro", "vivace", "driving tempo", "빠른", "빠르게", "빠르고"),
                    (132, 168)),
    **dict.fromkeys(("very fast", "extremely fast", "breakneck", "frantic", "presto", "prestissimo", "아주 빠른"),
                    (164, 196)),
}

# Moods and the tempi they lean to, where no word says a tempo and the style has such tempi.
MOOD_TEMPO: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("calm", "calming", "relaxing", "soothing", "gentle", "dreamy", "peaceful", "tranquil", "serene",
                     "tender", "romantic", "chill", "잔잔", "차분", "조용"), (60, 92)),
    **dict.fromkeys(("energetic", "high energy", "high-energy", "aggressive", "intense", "workout", "hype", "경쾌"),
                    (120, 160)),
}

# Words that lean towards a mode when no key is named.
MODE_WORDS = _table({
    "minor": "minor, minor key, sad, dark, melancholy, melancholic, gloomy, sorrowful, mournful, tragic, sinister, "
             "spooky, haunting, eerie, ominous, tense, brooding, lonely, flamenco, dorian, aeolian, phrygian, "
             "슬픈, 슬프, 슬픔, 우울, 어두운, 어둡, 쓸쓸, 단조",
    "major": "major, major key, happy, cheerful, joyful, bright, sunny, uplifting, triumphant, playful, "
             "celebratory, merry, carefree, optimistic, lydian, mixolydian, ionian, 행복, 밝은, 밝고, 즐거운, "
             "즐겁, 경쾌, 장조",
})

METER_WORDS: dict[str, str] = {
    **dict.fromkeys(("3/4", "waltz", "waltzes", "minuet", "triple metre", "triple meter", "three-four", "mazurka",
                     "ländler", "왈츠"), "3/4"),
    **dict.fromkeys(("6/8", "12/8", "six-eight", "six eight", "jig", "tarantella", "barcarolle", "compound metre",
                     "compound meter", "compound time"), "6/8"),
    **dict.fromkeys(("4/4", "2/4", "common time", "four-four", "four on the floor", "four-on-the-floor",
                     "march"), "4/4"),
}

DRUM_WORDS = (
    "drum kit, drum machine, drumbeat, drum beat, drums, drum, drumming, percussion, percussions, percussive, "
    "beat, beats, breakbeat, breakbeats, hi-hat, hi-hats, hi hat, hi hats, hihat, hihats, snare, snares, cymbal, "
    "cymbals, bongo, bongos, conga, congas, cajon, cajón, djembe, darbuka, tabla, taiko, drummer, shaker, shakers, "
    "clap, claps, hand claps, handclaps, clapping, brushes, kick, kicks, toms, cowbell, maracas, bodhran, "
    "tambourine, four on the floor, four-on-the-floor, 드럼, 비트, 타악기, 장구, 박수"
)
# Wordings that say there are none.
NO_DRUM_WORDS = (
    "drumless, beatless, drum-free, percussion-free, beat-free, a cappella, a capella, acapella, unaccompanied, "
    "드럼 없는, 드럼 없이, 드럼없이, 드럼없는, 타악기 없이, 타악기 없는, 비트 없는"
)
