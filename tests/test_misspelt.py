"""Misspelt words are read as they are meant, and no word that is right is ever altered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.misspelt import distance, mend
from musicgen.reading import read_prompt

MEANT = dict(pair.split(">") for pair in """
pinao>piano giutar>guitar gutar>guitar gitar>guitar upbeet>upbeat accoustic>acoustic acustic>acoustic
saxaphone>saxophone saxofone>saxophone drumbs>drums durms>drums melancoly>melancholy melankoly>melancholy
percusion>percussion voilin>violin chello>cello trumpt>trumpet trombon>trombone clarinett>clarinet accordian>accordion
harpsicord>harpsichord xylaphone>xylophone vibrafone>vibraphone glockenspeil>glockenspiel ukelele>ukulele
synthesiser>synthesizer orkestra>orchestra clasical>classical ambiant>ambient cinamatic>cinematic regge>reggae
tehcno>techno elektronic>electronic dubsteb>dubstep lulaby>lullaby bluegras>bluegrass baroqe>baroque
mysterius>mysterious peacefull>peaceful joyfull>joyful uplfiting>uplifting contry>country distored>distorted
elctric>electric witout>without flamneco>flamenco violín>violin percusión>percussion
""".split())  # fmt: skip
RIGHT = """
bass base harp sharp horn corn bell belt moody duel lute flute cute sting string stings springs singer road clam calm
calling tangy mango rocks fold sole choir chair chairs chord cord cells hello jello violet violent metals mental medal
disco discord organic Morgan Pacino Plano Simba Rambo bingo France trace horse mouse ghost chilly chills child minute
minuet miner manor lovely likely gravel graves coral corral concert harmonic harmony melodica trumped triumph congress
atmosphere dreams dreamt beast breach trash rating raging guitarist pianist drumline brushed bushes county folky wobbly
heroin incense hunting fluted fiddler garbage grudge metallic Jamaica Arabica electra swings sewing snakes cabinets
persuasion snowball Reggie Serena Lydia victor clasp gente techie 재즈음악입니다 café étude rave's
""".split()


@pytest.mark.parametrize(("typed", "meant"), MEANT.items())
def test_a_misspelt_word_is_taken_for_what_it_is_near_to(typed: str, meant: str) -> None:
    assert mend(f"a slow {typed}, please") == f"a slow {meant}, please"


@pytest.mark.parametrize("word", RIGHT)
def test_what_is_right_stays_as_it_is(word: str) -> None:
    assert mend(word) == word


def test_no_word_that_the_text_encoder_knows_is_altered() -> None:
    from musicgen.text_encoders import minilm

    words = [word for word in minilm().tokenizer.get_vocab() if word.isalpha() and word.isascii()]
    assert len(words) > 20_000 and [word for word in words if mend(word) != word] == []


def test_hardly_a_scene_that_people_wrote_is_altered() -> None:
    from musicgen.train.kinds import HELD, read_scenes

    texts = read_scenes()[1] + read_scenes(HELD)[1]
    assert {mend(text) for text in texts if mend(text) != text} == {
        "high school prom last dance with a boy band crooning", "tin whistle and bodhran",
    }


def test_words_written_as_one_are_two() -> None:
    assert mend("bossanova with a doublebass") == "bossa nova with a double bass"


def test_a_slip_in_without_does_not_turn_it_round() -> None:
    assert read_prompt("piano witout drums").drums is False


def test_a_slip_in_one_of_two_words_that_are_as_near_is_left() -> None:
    assert mend("jengle") == "jengle"  # a jingle, or a jungle


@given(st.text(alphabet="abcdefg", max_size=7), st.text(alphabet="abcdefg", max_size=7))
def test_the_distance_is_one(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one) <= max(len(one), len(other))
    assert (distance(one, other) == 0) == (one == other)


@given(st.text(alphabet="abcdefg", min_size=2, max_size=7), st.data())
def test_letters_that_changed_places_are_one_slip(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    assert distance(word, word[:at] + word[at + 1] + word[at] + word[at + 2 :]) <= 1


@given(st.text(max_size=60))
def test_to_mend_twice_is_to_mend_once(text: str) -> None:
    assert mend(mend(text)) == mend(text)
