"""The words people use for styles, tempi, modes, metres and drums, as tables.

Words are lower case; a longer wording wins over a shorter one inside it. Knows nothing of prompts as a
whole, plans, audio or models.
"""

from __future__ import annotations


def listed(words: str) -> list[str]:
    """The words of a row, in order."""
    return [word.strip() for word in words.split(",")]


def _table(rows: dict[str, str]) -> dict[str, str]:
    return {word: name for name, words in rows.items() for word in listed(words)}


# Words that name a style outright.
STYLE_WORDS = _table({
    "pop": "pop, pop song, k-pop, kpop, j-pop, indie pop, dream pop, dance pop, electro pop, electropop, city pop, "
           "ballad, piano ballad, power ballad, singer-songwriter, boy band, radio hit, christmas, christmas song, "
           "christmas carol, slow jam, jingle, corporate, commercial, podcast intro, explainer video, first dance, "
           "wedding dance, father daughter dance, mother son dance, slow dance, kids song, children's song, "
           "nursery song, happy birthday, doo wop, doo-wop, jingle bells, silent night, "
           "sleigh ride, bollywood, the beatles, coldplay",
    "rock": "rock, rock and roll, rock'n'roll, rock n roll, metal, heavy metal, punk, punk rock, punk-rock, pop punk, "
            "pop rock, grunge, hard rock, indie rock, folk rock, alternative rock, post-rock, surf rock, shoegaze, "
            "black metal, death metal, doom metal, thrash metal, thrash, metalcore, djent, emo, rockabilly, britpop, "
            "krautrock, hardcore punk, prog, prog rock, anime opening, nirvana, metallica, ac/dc, led zeppelin",
    "lo-fi hip hop": "lo-fi, lofi, lo fi, lo-fi hip hop, lofi hip hop, lo fi hip hop, chillhop, hip hop, hip-hop, "
                     "hiphop, boom bap, boom-bap, trap, rap, trip hop, trip-hop, r&b, rnb, neo soul, neo-soul, "
                     "trap soul, downtempo, chill beats, study beats, study music, chill music, lofi jazz, lo-fi jazz, "
                     "lo fi jazz, jazz hop, drill, phonk, cloud rap, emo rap, memphis rap, type beat, g-funk, g funk",
    "ambient": "ambient, drone, meditation, meditative, new age, new-age, soundscape, spa music, atmospheric, "
               "ethereal, healing music, dark ambient, pink floyd, aphex twin, minecraft",
    "classical": "classical, baroque, romantic era, renaissance, chamber music, string quartet, sonata, symphony, "
                 "concerto, fugue, prelude, wedding march, bridal march, funeral march, "
                 "funeral, burial, ghibli, nocturne, etude, étude, minuet, opera, bach, mozart, beethoven, "
                 "chopin, debussy, satie, neoclassical, neo-classical, dark academia, choral, hymn, requiem",
    "folk": "folk, celtic, irish, scottish, medieval, jig, reel, sea shanty, sea shanties, polka, klezmer, "
            "acoustic folk, fantasy tavern, tavern music, tarantella, flamenco, cottagecore, arabic, middle eastern, "
            "balkan, cajun, zydeco",
    "jazz": "jazz, swing, big band, bebop, be-bop, cool jazz, jazz trio, smooth jazz, gypsy jazz, dixieland, "
            "ragtime, stride piano, charleston, jazzy, lounge, elevator music, hold music, noir, brass band, "
            "second line, new orleans, miles davis, jaz",
    "blues": "blues, bluesy, delta blues, twelve-bar, 12-bar, 12 bar, twelve bar, boogie, boogie-woogie, gospel",
    "bossa nova": "bossa nova, bossa-nova, bossa, samba, latin, latin music, latin groove, latin rhythm, latin pop, "
                  "latin jazz, brazilian, rumba, bolero, salsa, tango, cumbia, bachata, merengue, mambo, cha cha, "
                  "cha-cha, mariachi, ranchera, fado, forro, norteño",
    "house": "house, deep house, techno, edm, trance, electronic, electronica, electro, dance music, dance track, "
             "dance beat, club music, club, dance, dubstep, drum and bass, drum & bass, drum'n'bass, drum'n bass, "
             "drum n bass, dnb, d&b, jungle, uk garage, garage, 2-step, future garage, gqom, breakbeat, psytrance, "
             "hardstyle, gabber, hardcore techno, hard techno, eurobeat, idm, breakcore, glitch hop, future bass, "
             "electro swing, happy hardcore, jersey club, baile funk, amapiano, ambient techno, "
             "ambient house, rave, eurodance, daft punk, tekno",
    "synthwave": "synthwave, synth wave, synth-wave, retrowave, vaporwave, outrun, synth pop, synth-pop, synthpop, "
                 "new wave, darkwave, chillwave, ebm, chiptune, 8-bit, 8 bit, 8bit, video game, arcade, cyberpunk, "
                 "hyperpop",
    "funk": "funk, funky, disco, nu-disco, soul, motown, groovy, afrobeat, afrobeats, highlife, michael jackson",
    "reggae": "reggae, dub, ska, reggaeton, calypso, soca, dancehall, dembow, moombahton, rocksteady, jamaican",
    "cinematic": "cinematic, film score, movie score, soundtrack, trailer, epic, orchestral, orchestra, "
                 "film music, movie, suspense, horror, heroic, march, marching band, military march, fanfare, "
                 "hans zimmer, john williams, drone shots, drone footage, aerial drone",
    "waltz": "waltz, waltzes, viennese waltz, ländler, musette",
    "lullaby": "lullaby, lullabies, nursery rhyme, cradle song, berceuse, rock-a-bye, rockabye, music box",
    "country": "country, country music, bluegrass, western, spaghetti western, nashville, honky-tonk, honky tonk, "
               "cowboy, americana",
})

# Words that colour a style more often than they are one: "epic metal" is metal. They yield to any that is.
COLOURS = frozenset((
    "waltz", "waltzes", "atmospheric", "ethereal", "meditative", "epic", "cinematic", "orchestral", "heroic",
    "jazzy", "bluesy", "funky", "groovy", "electronic", "electro", "ballad", "piano ballad", "power ballad",
    "slow jam", "video game", "brazilian", "irish", "scottish", "medieval", "flamenco", "arabic", "balkan",
))
# Words for a style that as often mean something else. They yield to colours, too, and to the scene (``meaning``).
AMBIGUOUS = frozenset(("dance", "club", "latin", "christmas", "swing", "movie", "march", "fanfare"))
# Those that are things as well: "an empty house", "my country", "a lost soul", "stuck in a trap".
THINGS = frozenset((
    "house", "country", "western", "soul", "rock", "metal", "trap", "drill", "jungle", "pop", "trailer", "lounge",
    "drone", "opera", "punk", "swing", "arcade", "folk", "movie", "garage", "reel", "march", "club", "dance",
))

# Words that only hint at one: used when no style is named. They yield to the scene, too.
STYLE_HINTS = _table({
    "pop": "catchy, love song, upbeat song, podcast, vlog, presentation, tutorial, advertisement, slideshow, kids, "
           "children, toddlers, birthday",
    "rock": "electric guitar, electric guitars, distorted guitar, distorted guitars, distortion, riff, power chords, "
            "surf guitar, indie, alternative, hardcore, double bass drums, double bass drumming",
    "lo-fi hip hop": "study, studying, chill, chillout, cozy, cosy, coffee shop, vinyl crackle, rainy, mellow beat, "
                     "808, 808s, rhodes",
    "ambient": "sleep, space, peaceful, floating, yoga, relaxation, synth pads, synth pad",
    "classical": "violin, viola, cello, strings, harpsichord, church organ, clarinet, oboe, solo piano, "
                 "piano solo, grand piano, choir",
    "folk": "acoustic guitar, fiddle, mandolin, ukulele, campfire, tin whistle, bagpipes, accordion, acoustic",
    "jazz": "detective, saxophone, sax, double bass, upright bass, trumpet, walking bass, smoky",
    "blues": "slide guitar, harmonica",
    "bossa nova": "nylon guitar, beach bar, rio",
    "house": "synth, synthesizer, synth bass, four on the floor, four-on-the-floor, 4 on the floor, 4-on-the-floor, "
             "four to the floor, four-to-the-floor, festival, party, energetic, "
             "workout, gym, marathon",
    "synthwave": "80s, 1980s, eighties, neon, retro, arpeggiator, night drive",
    "funk": "slap bass, wah, clavinet, horn section",
    "reggae": "island, tropical",
    "cinematic": "dramatic, battle, adventure, tension, brass, majestic, taiko, war, fight, chase, creepy, scary, "
                 "mystery, mysterious, fantasy, viking, vikings, breaking news, news intro, championship, champions, "
                 "boss battle, boss fight, final boss, army, soldiers, haunted, halloween, spooky, ghost, ghosts, "
                 "tomb, dungeon, cave, dark forest, sneaking, sneaky, heist, stealth",
    "lullaby": "celesta, glockenspiel, baby, tender",
    "country": "banjo, pedal steel",
})

# Tempo words and the felt beats a minute they mean. After the Italian terms, everyday words in one or two degrees.
TEMPO_WORDS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("very slow", "extremely slow", "glacial", "largo", "grave", "lento"), (46, 62)),
    **dict.fromkeys(("slow", "slowly", "slowed down", "slowed and reverb", "slowed + reverb", "adagio", "sluggish",
                     "slow-paced"), (56, 78)),
    **dict.fromkeys(("ballad", "ballads", "piano ballad", "power ballad", "slow jam", "slow dance",
                     "first dance", "wedding dance", "father daughter dance", "mother son dance"), (60, 84)),
    **dict.fromkeys(("downtempo", "relaxed tempo", "unhurried", "larghetto"), (62, 90)),
    **dict.fromkeys(("andante", "walking pace", "laid-back tempo"), (76, 100)),
    **dict.fromkeys(("mid-tempo", "mid tempo", "midtempo", "medium tempo", "moderate tempo", "moderate",
                     "moderato"), (92, 116)),
    **dict.fromkeys(("upbeat", "up-tempo", "up tempo", "uptempo", "lively", "brisk", "briskly", "medium swing",
                     "allegretto"), (112, 138)),
    **dict.fromkeys(("fast", "fast-paced", "quick", "allegro", "vivace", "driving tempo"), (132, 168)),
    **dict.fromkeys(("very fast", "extremely fast", "breakneck", "frantic", "presto", "prestissimo"), (164, 196)),
}

# Moods and the tempi they lean to, where no word says a tempo and the style has such tempi.
MOOD_TEMPO: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("calm", "calming", "relaxing", "soothing", "gentle", "dreamy", "peaceful", "tranquil", "serene",
                     "tender", "romantic", "chill", "sad", "melancholic", "melancholy", "mournful", "sorrowful",
                     "lonely", "gloomy", "heartbroken", "heartbreak", "emotional", "nostalgic", "bittersweet",
                     "funeral", "sensual", "sexy", "cry", "crying", "tears", "goodbye", "farewell",
                     "snow", "snowfall"), (60, 92)),
    **dict.fromkeys(("energetic", "high energy", "high-energy", "aggressive", "intense", "workout", "hype", "angry",
                     "rage", "furious", "chase", "chasing", "pursuit", "racing"), (120, 160)),
}

# Words that lean towards a mode when no key is named.
MODE_WORDS = _table({
    "minor": "minor, minor key, sad, dark, melancholy, melancholic, gloomy, sorrowful, mournful, tragic, sinister, "
             "spooky, haunting, eerie, ominous, tense, brooding, lonely, scary, creepy, horror, haunted, evil, "
             "villain, mysterious, mystery, suspense, angry, heartbreak, heartbroken, breakup, grief, funeral, "
             "depressing, menacing, bleak, cry, crying, tears, halloween, tomb, nostalgic, emotional, "
             "dorian, aeolian, phrygian",
    "major": "major, major key, happy, cheerful, joyful, bright, sunny, uplifting, triumphant, playful, "
             "celebratory, merry, carefree, optimistic, positive, hopeful, fun, funny, cute, silly, quirky, whimsical, "
             "feel good, feel-good, inspiring, motivational, victory, victorious, celebration, wedding, birthday, "
             "graduation, christmas, first dance, love song, summer, beach, "
             "party, vlog, kids, children, winning, champions, jolly, sweet, lydian, mixolydian, ionian",
})

METER_WORDS: dict[str, str] = {
    **dict.fromkeys(("3/4", "waltz", "waltzes", "minuet", "triple metre", "triple meter", "three-four", "mazurka",
                     "ländler"), "3/4"),
    **dict.fromkeys(("6/8", "12/8", "six-eight", "six eight", "jig", "tarantella", "barcarolle", "compound metre",
                     "compound meter", "compound time"), "6/8"),
    **dict.fromkeys(("4/4", "2/4", "2/2", "common time", "cut time", "four-four", "four on the floor",
                     "four-on-the-floor", "4 on the floor", "4-on-the-floor", "four to the floor",
                     "four-to-the-floor", "march"), "4/4"),
}

# What a kit may lack and be one.
KIT_PARTS = (
    "hi-hat, hi-hats, hi hat, hi hats, hihat, hihats, high hat, high hats, high-hat, high-hats, snare, snares, "
    "snare drum, snare drums, cymbal, cymbals, kick, kicks, kick drum, kick drums, bass drum, toms, cowbell, rimshot, "
    "rimshots, clap, claps, hand claps, handclaps, clapping, shaker, shakers, maracas, tambourine"
)
DRUM_WORDS = (
    f"{KIT_PARTS}, drum kit, drum machine, drumbeat, drum beat, drums, drum, drumming, percussion, percussions, "
    "percussive, beat, beats, breakbeat, breakbeats, bongo, bongos, conga, congas, cajon, cajón, djembe, darbuka, "
    "tabla, taiko, drummer, drumline, timpani, timbales, dhol, brushes, bodhran, "
    "four on the floor, four-on-the-floor, 4 on the floor, 4-on-the-floor, four to the floor, four-to-the-floor"
)
# What people draw, in words.
EMOJI = {
    "🎹": "piano", "🎻": "violin", "🎸": "guitar", "🎺": "trumpet", "🎷": "saxophone", "🪕": "banjo", "🪗": "accordion",
    "🪈": "flute", "🥁": "drums", "🚫": "no", "❌": "no",
}
# Wordings that say there are none.
NO_DRUM_WORDS = (
    "drumless, beatless, drum-free, percussion-free, beat-free, a cappella, a capella, acapella, unaccompanied"
)
