"""Prompts in five other languages are read as English ones, and English ones stay as they are."""

from __future__ import annotations

import pytest
from conftest import check_reading
from hypothesis import given
from hypothesis import strategies as st

from musicgen import foreign
from musicgen.foreign import in_english
from musicgen.reading import understood

SAYS = [
    # Spanish
    ("guitarra triste y lenta", "guitar sad and slow", {"instruments": ("guitar",), "mode": "minor",
                                                        "bpm_range": (56, 78)}),
    ("sin batería", "without drums", {"drums": False}),
    ("piano sin batería ni bajo", "piano without drums or bass", {"instruments": ("piano",), "unwanted": ("bass",),
                                                                  "drums": False}),
    ("guitarra española, sin la percusión", "nylon guitar, without percussion", {"drums": False}),
    ("bajo la lluvia, piano triste", "under the lluvia, piano sad", {"instruments": ("piano",)}),
    ("rock rápido con batería y guitarra eléctrica", "rock fast with drums and electric guitar",
     {"style": "rock", "drums": True, "instruments": ("electric guitar",), "bpm_range": (132, 168)}),
    ("canción de cuna con arpa", "lullaby with harp", {"style": "lullaby", "instruments": ("harp",)}),
    ("música clásica en la menor, muy lenta", "music classical en la menor, very slow",
     {"style": "classical", "key": "A minor", "bpm_range": (46, 62)}),
    ("alegre", "happy", {"mode": "major"}),
    ("sin piano, jazz", "without piano, jazz", {"unwanted": ("piano",), "style": "jazz"}),
    # French
    ("musique douce au piano", "music gentle au piano", {"instruments": ("piano",), "mood_range": (60, 92)}),
    ("valse triste à l'accordéon, sans batterie", "waltz sad à l'accordion, without drums",
     {"style": "waltz", "meter": "3/4", "instruments": ("accordion",), "drums": False}),
    ("jazz avec saxophone et contrebasse, pas trop rapide", "jazz with saxophone and double bass, not too fast",
     {"style": "jazz", "instruments": ("saxophone", "acoustic bass"), "bpm_range": None}),
    ("guitare sèche et flûte, sans percussions", "acoustic guitar and flute, without percussions",
     {"instruments": ("acoustic guitar", "flute"), "drums": False}),
    ("musique de film épique avec chœur", "film music epic with choir", {"style": "cinematic"}),
    ("sonate pour violon en si bémol majeur", "sonata pour violin en si bémol majeur",
     {"style": "classical", "key": "Bb major"}),
    # German
    ("fröhliche Blasmusik", "happy brass band", {"style": "jazz", "genre": "brass band", "mode": "major"}),
    ("trauriges Klavier, sehr langsam, in a-Moll", "sad piano, very slow, in a-Moll",
     {"instruments": ("piano",), "bpm_range": (46, 62), "key": "A minor"}),
    ("Klavier ohne Schlagzeug und Bass", "piano without drums and Bass",
     {"instruments": ("piano",), "unwanted": ("bass",), "drums": False}),
    ("Jazzmusik mit Saxophon, nicht zu schnell", "jazz music with saxophone, not too fast",
     {"style": "jazz", "bpm_range": None}),
    ("Wiegenlied, nur Harfe", "lullaby, only harp", {"style": "lullaby", "solo": True, "drums": False}),
    ("elektronische Musik, schnell, kein Schlagzeug", "electronic music, fast, no drums",
     {"style": "house", "bpm_range": (132, 168), "drums": False}),
    ("Walzer in h-Moll", "waltz in h-Moll", {"style": "waltz", "key": "B minor"}),
    # Italian
    ("batteria", "drums", {"drums": True}),
    ("pianoforte dolce e chitarra classica", "piano gentle and nylon guitar",
     {"instruments": ("piano", "nylon guitar"), "mood_range": (60, 92)}),
    ("musica rilassante senza percussioni, arpa e flauto", "music relaxing without percussion, harp and flute",
     {"instruments": ("harp", "flute"), "drums": False}),
    ("colonna sonora epica in re minore", "film music epic in re minore", {"style": "cinematic", "key": "D minor"}),
    # Portuguese
    ("bossa nova com violão e flauta, sem bateria", "bossa nova with acoustic guitar and flute, without drums",
     {"style": "bossa nova", "instruments": ("acoustic guitar", "flute"), "drums": False}),
    ("samba rápido e alegre com percussão", "samba fast and happy with percussion",
     {"style": "bossa nova", "genre": "samba", "drums": True, "mode": "major"}),
    ("piano triste em dó menor", "piano sad em dó menor", {"instruments": ("piano",), "key": "C minor"}),
]
ENGLISH = """
sin city at night; a son of a preacher man; a con artist in Chicago; a grave in the rain; alto sax solo; forte
piano; men who die alone; lento piano in e minor; Porto Alegre at sunset; the Eroica; La Dolce Vita; Comic Sans;
E.T. phone home; Noel Gallagher; a feather duster; a boring chore; Natal, Brazil; prelude in e minor; suave lounge;
he lied to me; Lent is over; chants in a monastery; two batteries; deep basses; vive la France; pas de deux; the LA
mayor sings; a gangster and a moll; allegro con brio in E minor; molto allegro; pop, no piano; tango; baile funk;
Marcia Griffiths; sombre strings; violin and oboe; prelude, non legato; sotto voce; al niente; O come all ye
faithful
"""


@pytest.mark.parametrize(("prompt", "english", "expected"), SAYS, ids=[prompt for prompt, _, _ in SAYS])
def test_what_a_foreign_prompt_says(prompt: str, english: str, expected: dict) -> None:
    assert understood(prompt) == english
    check_reading(prompt, expected)


@pytest.mark.parametrize("text", [" ".join(text.split()) for text in ENGLISH.split(";")])
def test_english_stays_as_it_is(text: str) -> None:
    assert in_english(text) == text


def test_of_the_scenes_that_people_wrote_only_foreign_words_are_translated() -> None:
    from musicgen.train.kinds import HELD, read_scenes

    texts = read_scenes()[1] + read_scenes(HELD)[1]
    odd = {word.lower() for text in texts if in_english(text) != text for word in text.split()
           if in_english(word) != word}
    assert odd == {"bateria", "eletrico,", "clavecin"}


def test_shy_words_are_words_of_the_table() -> None:
    assert {word for words in foreign._WORDS.values() for word in words} >= foreign._SHY


@given(st.text(max_size=80))
def test_translation_never_fails_and_leaves_what_it_does_not_know(text: str) -> None:
    assert len(foreign._folded(text)) == len(text)
    in_english(text)
