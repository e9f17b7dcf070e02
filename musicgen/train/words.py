"""The vocabulary of the captions: other names of instruments, genre names and what music is used for.

Does *not* know any piece or any grammar (``captions``).
"""

from __future__ import annotations

# Other names of an instrument; the first is the plain one.
INSTRUMENT_WORDS: dict[str, tuple[str, ...]] = {
    "piano": ("piano", "piano", "acoustic piano", "grand piano"),
    "electric piano": ("electric piano", "Rhodes piano", "Rhodes", "mellow keys"),
    "organ": ("organ", "Hammond organ", "drawbar organ"),
    "church organ": ("church organ", "pipe organ"),
    "harpsichord": ("harpsichord",),
    "celesta": ("celesta", "celeste"),
    "glockenspiel": ("glockenspiel", "bells"),
    "music box": ("music box",),
    "vibraphone": ("vibraphone", "vibes"),
    "marimba": ("marimba", "mallets"),
    "accordion": ("accordion",),
    "harmonica": ("harmonica",),
    "nylon guitar": (
        "nylon guitar",
        "classical guitar",
        "acoustic guitar",
        "nylon-string guitar",
        "Spanish guitar",
        "guitar",
    ),
    "acoustic guitar": ("acoustic guitar", "steel-string guitar", "guitar"),
    "electric guitar": ("electric guitar", "clean electric guitar", "clean guitar", "guitar"),
    "distorted guitar": (
        "distorted guitar",
        "overdriven guitar",
        "distorted electric guitar",
        "heavy guitar",
        "guitar",
    ),
    "acoustic bass": ("acoustic bass", "upright bass", "double bass", "bass"),
    "electric bass": ("electric bass", "bass guitar", "bass"),
    "slap bass": ("slap bass", "slapped bass", "bass"),
    "synth bass": ("synth bass", "bass synth", "bass"),
    "violin": ("violin", "violin", "fiddle"),
    "cello": ("cello",),
    "pizzicato strings": ("pizzicato strings", "plucked strings"),
    "harp": ("harp",),
    "strings": ("strings", "string ensemble", "orchestral strings", "string section"),
    "choir": ("choir", "wordless choir", "voices"),
    "trumpet": ("trumpet",),
    "french horn": ("french horn", "horn"),
    "brass": ("brass", "brass section", "horn section"),
    "saxophone": ("saxophone", "sax", "tenor sax"),
    "clarinet": ("clarinet",),
    "flute": ("flute",),
    "pan flute": ("pan flute", "panpipes"),
    "synth lead": ("synth lead", "lead synth", "synthesizer", "synth"),
    "synth pad": ("synth pad", "warm pad", "pads", "synth"),
    "banjo": ("banjo",),
    "drum kit": ("drums", "drums", "drum kit"),
    "electronic drums": ("electronic drums", "drum machine", "drums"),
    "808 drums": ("808 drums", "drum machine", "808 beat", "drums"),
    "jazz drums": ("jazz drums", "drums"),
    "brushed drums": ("brushed drums", "brushes", "drums"),
}

# Genre names that are true of every piece of the style, and those that promise a beat.
GENRES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pop": (("pop", "pop song", "pop music", "instrumental pop", "pop tune"), ("pop track", "radio pop", "pop song")),
    "rock": (("rock", "rock music", "instrumental rock", "rock riff"), ("rock song", "rock track", "arena rock")),
    "lo-fi hip hop": (
        ("lo-fi", "lofi", "lo-fi chill", "chillhop"),
        ("lo-fi hip hop", "lofi beats", "lofi hip hop beat", "chillhop", "chill beat"),
    ),
    "ambient": (
        ("ambient", "ambient music", "ambient soundscape", "atmospheric music", "meditation music", "soundscape"),
        (),
    ),
    "classical": (("classical", "classical music", "classical piece", "chamber music"), ()),
    "folk": (("folk", "folk music", "folk tune", "traditional folk", "acoustic folk"), ("folk song", "folk dance")),
    "jazz": (("jazz", "jazz standard", "cool jazz", "jazz music"), ("swing", "swing jazz", "jazz combo")),
    "blues": (("blues", "blues music", "blues tune"), ("blues shuffle", "blues groove")),
    "bossa nova": (
        ("bossa nova", "bossa", "Brazilian jazz", "latin jazz"),
        ("bossa nova groove", "bossa nova", "latin lounge"),
    ),
    "house": (
        ("electronic", "electronic music", "electronica"),
        ("house", "house music", "EDM", "club track", "dance music", "electronic dance music"),
    ),
    "synthwave": (
        ("synthwave", "retrowave", "80s synth music", "retro electronic"),
        ("synthwave", "80s retro track", "outrun"),
    ),
    "funk": (("funk", "funk music", "funky groove"), ("funk groove", "funk jam", "funk")),
    "reggae": (("reggae", "reggae music", "roots reggae"), ("reggae groove", "island groove", "reggae")),
    "cinematic": (
        ("cinematic", "film score", "soundtrack", "film music", "orchestral score", "cinematic music"),
        ("trailer music", "epic film score", "cinematic"),
    ),
    "waltz": (("waltz", "waltz", "concert waltz", "waltz music"), ("waltz", "ballroom waltz")),
    "lullaby": (("lullaby", "lullaby", "cradle song", "bedtime music", "children's lullaby"), ()),
    "country": (("country", "country music", "country tune", "Americana"), ("country song", "country track")),
}
USES: dict[str, tuple[str, ...]] = {
    "pop": ("a feel-good advert", "the radio", "a vlog"),
    "rock": ("a road trip", "a sports video", "the stage"),
    "lo-fi hip hop": ("studying", "reading", "relaxing at home", "a rainy evening", "working late"),
    "ambient": ("meditation", "sleep", "yoga", "deep focus", "a planetarium"),
    "classical": ("the concert hall", "a museum", "a quiet morning", "concentration"),
    "folk": ("a campfire", "a village feast", "a walk in the country"),
    "jazz": ("a late-night bar", "a dinner party", "a small club"),
    "blues": ("a smoky bar", "a long night", "a back porch"),
    "bossa nova": ("a beach café", "a summer evening", "a cocktail lounge"),
    "house": ("the dance floor", "a workout", "a club night", "a party"),
    "synthwave": ("a night drive", "a retro video game", "neon city streets"),
    "funk": ("a party", "dancing", "a cooking show"),
    "reggae": ("a day at the beach", "the summer", "taking it easy"),
    "cinematic": ("a film scene", "a trailer", "an epic journey", "a fantasy game"),
    "waltz": ("a ballroom", "a merry-go-round", "a wedding dance"),
    "lullaby": ("bedtime", "a sleeping baby", "putting children to sleep"),
    "country": ("the open road", "a barn dance", "a ranch"),
}
