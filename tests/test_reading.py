"""What prompts say: tempi, keys, metres, chords, drums, players, styles, in many wordings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.habits import STYLES
from musicgen.reading import read_prompt
from musicgen.spelled import Degree

PROMPTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            "no without and or , - with drums beat Am F C G7 in a A minor major key chords: 90 bpm at 120 slow fast "
            "piano guitar bass solo very jazz waltz 3/4 ii-V-I | # b not drumless".split()
        ),
        max_size=40,
    ).map(" ".join),
)


SAYS = [
    # tempo
    ("lo-fi hip hop, mellow piano, 90 bpm", {"style": "lo-fi hip hop", "bpm": 90.0}),
    ("techno at 128", {"style": "house", "bpm": 128.0}),
    ("bpm: 130. key: A minor", {"bpm": 130.0, "key": "A minor"}),
    ("tempo of 72.5, piano", {"bpm": 72.5}),
    ("140 beats per minute punk", {"style": "rock", "bpm": 140.0, "drums": None}),
    ("a march in 6/8", {"meter": "6/8"}),
    ("slow waltz ballad, 4/4", {"meter": "4/4"}),
    ("90-100 bpm house", {"bpm": None, "bpm_range": (90.0, 100.0)}),
    ("speedcore, 400 bpm", {"bpm": 200.0}),  # felt at half time
    ("very slow ambient", {"style": "ambient", "bpm_range": (46, 62)}),
    ("a slow song", {"bpm_range": (56, 78)}),
    ("fast, not slow", {"bpm_range": (132, 168)}),
    ("not too fast", {"bpm_range": None}),
    ("breakfast music", {"bpm_range": None}),
    ("recorded at 44 kHz in 1995", {"bpm": None}),
    ("ambient, 00-90 bpm", {"bpm": 90.0}),  # nothing is at 0
    ("90-00 bpm", {"bpm": None, "bpm_range": None}),
    ("tempo is around 95", {"bpm": 95.0}),
    ("techno 130", {"bpm": 130.0}),
    ("lofi 70, piano", {"bpm": 70.0}),
    ("a rock 50s hit, disco 70s", {"bpm": None}),
    ("quarter note = 72", {"bpm": 72.0}),
    ("100-ish bpm", {"bpm": 100.0}),
    ("between 90 and 100 bpm", {"bpm_range": (90.0, 100.0)}),
    ("slow intro, then fast punk", {"bpm_range": (132, 168)}),
    ("jazz ballad", {"style": "jazz", "bpm_range": (60, 84)}),
    ("calm piano", {"bpm_range": None, "mood_range": (60, 92)}),
    # key
    ("epic trailer in D minor at 140", {"style": "cinematic", "key": "D minor", "bpm": 140.0}),
    ("in the key of E flat major", {"key": "Eb major"}),
    ("guitar in C# minor", {"key": "C# minor"}),
    ("C-sharp minor sonata", {"key": "C# minor", "style": "classical"}),
    ("key: F#m", {"key": "F# minor"}),
    ("slow ballad, a minor, 90 bpm", {"key": "A minor"}),
    ("a song in a minor key", {"key": None, "mode": "minor"}),
    ("A minor key ambient piece", {"key": None, "mode": "minor"}),
    ("a minor setback", {"key": None, "mode": "minor"}),
    ("sad song in E", {"key": "E minor"}),
    ("song in E", {"key": "E major"}),
    ("D dorian groove", {"key": "D minor"}),
    ("a happy tune", {"key": None, "mode": "major"}),
    # metre
    ("a waltz for accordion", {"style": "waltz", "meter": "3/4"}),
    ("jazz waltz", {"style": "jazz", "meter": "3/4"}),
    ("folk song in 6/8", {"style": "folk", "meter": "6/8"}),
    ("irish jig", {"style": "folk", "meter": "6/8"}),
    ("four on the floor", {"meter": "4/4", "drums": True}),
    ("7/8 prog", {"meter": None, "odd_meter": "7/8"}),
    ("epic in three acts", {"meter": None}),
    ("a dance in three", {"meter": "3/4"}),
    # chords
    ("pop, chords: C Am F G", {"chords": "C Am F G"}),
    ("Am - F - C - G, synthwave", {"chords": "Am F C G", "style": "synthwave"}),
    ("chord progression of Dm7 | G7 | Cmaj7", {"chords": "Dm7 G7 Cmaj7"}),
    ("chords C-Am-F-G", {"chords": "C Am F G"}),
    ("an Am F vamp", {"chords": "Am F"}),
    ("A day in the life", {"chords": "", "key": None}),
    ("ii-V-I jazz in Bb major", {"degrees": (Degree(1, "m"), Degree(4, ""), Degree(0, ""))}),
    ("i-VI-III-VII trap", {"mode": "minor"}),
    ("I-IV-V house", {"mode": "major"}),
    ("vi IV I V", {"degrees": (Degree(5, "m"), Degree(3, ""), Degree(0, ""), Degree(4, ""))}),
    ("I-bVII-IV rock", {"degrees": (Degree(0, ""), Degree(6, "", True), Degree(3, ""))}),
    ("chords: Am9 D13 Gmaj9, neo soul", {"chords": "Am7 D7 Gmaj7"}),
    ("chords Cadd9 G D Em", {"chords": "C G D Em"}),
    ("chords G, D, Em and C", {"chords": "G D Em C"}),
    ("Go to the club at 10 AM", {"chords": "", "key": None}),
    # keys in all manners
    ("C Major, bright", {"key": "C major"}),
    ("Trap | 140 BPM | F Minor", {"key": "F minor", "bpm": 140.0}),
    ("Key: Am, Tempo: 120 BPM", {"key": "A minor", "bpm": 120.0}),
    ("Key of G", {"key": "G major"}),
    ("In C, piano", {"key": "C major"}),
    ("IN D MINOR", {"key": "D minor"}),
    ("D harmonic minor", {"key": "D minor"}),
    ("sad piano a minor", {"key": "A minor"}),
    ("Bbm trap, 140bpm", {"key": "Bb minor"}),
    ("Cm, 120bpm, house", {"key": "C minor"}),
    ("Ebm - 75bpm - drill", {"key": "Eb minor"}),
    ("Am I dreaming", {"key": None}),
    ("A단조 피아노", {"key": "A minor"}),
    # drums
    ("no drums", {"drums": False}),
    ("without any percussion", {"drums": False}),
    ("drumless piano", {"drums": False}),
    ("no bass or drums", {"drums": False}),
    ("no bass, drums or guitar", {"drums": False}),
    ("no vocals, but drums", {"drums": True}),
    ("no singing, with drums and bass", {"drums": True}),
    ("don't use drums", {"drums": False}),
    ("drums: none", {"drums": False}),
    ("no drums or percussion", {"drums": False}),
    ("with a drum beat", {"drums": True}),
    ("chill beats", {"drums": True}),
    ("upbeat piano", {"drums": None}),
    ("a heartbeat", {"drums": None}),
    ("solo piano", {"drums": False}),
    ("solo acoustic guitar, folk", {"drums": False}),
    ("rock with a guitar solo", {"drums": None}),
    ("a cappella choir", {"drums": False}),
    ("no piano, bass or drums, only strings", {"drums": False, "instruments": ("strings",)}),
    ("calm music, no drums, bass or guitar", {"drums": False, "instruments": ()}),
    ("no vocals, drums or bass, flute", {"drums": False, "instruments": ("flute",)}),
    ("no lead guitar, piano", {"instruments": ("piano",)}),
    ("cello instead of a piano", {"instruments": ("cello",)}),
    ("guitar with cajon", {"drums": True}),
    ("kick back and relax", {"drums": None}),
    ("piano only, jazz", {"drums": False, "solo": True}),
    ("acoustic guitar only, no other instruments", {"drums": False, "solo": True}),
    ("lofi with only a piano", {"solo": True}),
    ("only drums and piano", {"drums": True}),
    ("guitar/bass/drums", {"drums": True, "instruments": ("guitar", "bass")}),
    ("808s and bells", {"instruments": ("synth bass", "glockenspiel")}),
    # styles
    ("lofi beats to study to", {"style": "lo-fi hip hop"}),
    ("not jazz, blues", {"style": "blues"}),
    ("bossa with nylon guitar", {"style": "bossa nova"}),
    ("deep house", {"style": "house"}),
    ("1980s synth pop", {"style": "synthwave"}),
    ("orchestral film score", {"style": "cinematic"}),
    ("bluegrass with banjo", {"style": "country"}),
    ("a banjo and a fiddle", {"style": "country"}),
    ("dub", {"style": "reggae"}),
    ("disco", {"style": "funk"}),
    ("music box for a baby", {"style": "lullaby"}),
    ("meditation drone", {"style": "ambient"}),
    ("atmospheric drum and bass", {"style": "house", "genre": "drum and bass"}),
    ("epic metal", {"style": "rock", "genre": "metal"}),
    ("epic orchestral video game music", {"style": "cinematic", "genre": "epic"}),
    ("jazzy hip hop", {"style": "lo-fi hip hop"}),
    ("funky house", {"style": "house"}),
    ("something funky", {"style": "funk"}),
    ("rock/metal", {"style": "rock"}),
    ("something nice", {"style": None, "ending": None}),
    ("ends with a big finish", {"ending": True}),
    ("a lo-fi loop", {"ending": False}),
    ("endless calm piano", {"ending": False}),
    ("funk, not a loop", {"ending": None}),
    ("a march with a grand ending", {"ending": True}),
    ("a march without an ending", {"ending": False}),
    ("재즈 루프", {"style": "jazz", "ending": False}),
    ("Beethoven but trap", {"style": "lo-fi hip hop", "genre": "trap"}),
    ("a haunted attic", {"style": "cinematic", "genre": "haunted", "hinted": True, "mode": "minor"}),
    ("folk metal", {"style": "rock", "genre": "metal"}),
    ("country trap", {"style": "lo-fi hip hop", "genre": "trap"}),
    ("flamenco jazz", {"style": "jazz"}),
    ("lofi jazz", {"style": "lo-fi hip hop"}),
    ("night club, 1930s jazz", {"style": "jazz", "hinted": False}),
    ("a school dance", {"style": None}),
    ("upbeat dance", {"style": "house", "hinted": True}),
    ("slow dance at prom", {"style": "pop", "bpm_range": (60, 84)}),
    ("coming home to an empty house", {"style": None}),
    ("my country needs me", {"style": None}),
    ("stuck in a trap", {"style": None}),
    ("a deep house track", {"style": "house"}),
    ("make me a country song", {"style": "country"}),
    ("a dark trap beat", {"genre": "trap"}),
    ("not jazz, a smoky cellar", {"style": None, "unlike": ("jazz",)}),
    ("no disco, no techno", {"unlike": ("funk", "house")}),
    ("in the style of Daft Punk", {"style": "house"}),
    ("haunted house", {"style": "cinematic", "genre": "haunted"}),
    ("alone in a dark house", {"style": None}),
    ("a house of cards", {"style": None}),
    ("a rock piece", {"style": "rock"}),
    ("a gentle folk piece with flute", {"style": "folk"}),
    ("a movie trailer", {"style": "cinematic"}),
    ("an opera", {"style": "classical"}),
    ("hip hop trap", {"genre": "trap"}),
    ("jazz with hints of rock but no drums", {"style": "jazz"}),
    ("not slow jazz", {"style": None, "unlike": ("jazz",)}),
    ("anything but jazz", {"style": None}),
    ("no drums jazz", {"style": "jazz", "drums": False}),
    ("no vocals techno", {"style": "house", "genre": "techno"}),
    ("not just jazz", {"style": "jazz"}),
    # what only looks like something
    ("Studio Ghibli vibes", {"instruments": ()}),
    ("jazz on vibes", {"instruments": ("vibraphone",)}),
    ("metal with double bass drums", {"instruments": (), "drums": True}),
    ("I lost my keys", {"instruments": ()}),
    ("the moment before the penalty kick", {"drums": None}),
    ("her heart skips a beat", {"drums": None}),
    ("don't make it sad", {"mode": None}),
    ("not dark or sad", {"mode": None}),
    ("in love at 17", {"bpm": None}),
    ("140 trap", {"bpm": 140.0}),
    ("trap beat ~140", {"bpm": 140.0}),
    ("techno @ 135", {"bpm": 135.0}),
    ("house 124-126", {"bpm_range": (124.0, 126.0)}),
    ("80s synthwave", {"bpm": None}),
    ("it is fun at the end of the world", {"ending": None}),
    ("the day ends with rain", {"ending": None}),
    ("ends on a final note", {"ending": True}),
    ("logo sting", {"ending": True}),
    ("let it fade out", {"ending": False}),
    # Korean
    ("느린 재즈, 드럼 없이, 다장조", {"style": "jazz", "bpm_range": (56, 78), "drums": False, "key": "C major"}),
    ("베이스 없이 피아노만", {"instruments": ("piano",), "unwanted": ("bass",), "solo": True}),
    ("슬프고 느린 피아노", {"mode": "minor", "bpm_range": (56, 78)}),
    ("슬픈 왈츠, 내림마단조", {"meter": "3/4", "key": "Eb minor", "mode": "minor"}),
]


@pytest.mark.parametrize(("prompt", "expected"), SAYS, ids=[prompt for prompt, _ in SAYS])
def test_what_a_prompt_says(prompt, expected):
    said = read_prompt(prompt)
    for name, value in expected.items():
        found = getattr(said, name)
        if name == "chords":
            found = " ".join(map(str, found))
        elif name in ("key", "meter") and found is not None:
            found = str(found)
        assert found == value, f"{name} of '{prompt}'"


@given(PROMPTS)
def test_reading_never_fails_and_stays_in_range(prompt):
    said = read_prompt(prompt)
    assert said.bpm is None or 40 <= said.bpm <= 220
    assert said.style is None or said.style in STYLES
    assert said.key is None or said.mode == said.key.mode


@pytest.mark.parametrize("unit", [
    "no a ", "no a, ", "Am ", "C-", "ii-V-", "in a ", "club ", "dance ", "my house ", "not slow jazz but ", "9",
    "drums ", "not very very ",
])
def test_a_hostile_prompt_costs_no_more_than_a_long_one(unit):
    # Nested repetitions in a pattern would take minutes here, not milliseconds.
    read_prompt(unit * 20_000)
