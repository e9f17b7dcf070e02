"""Prompts in Korean, Japanese and Chinese are read as English ones."""

from __future__ import annotations

import pytest
from conftest import check_reading
from hypothesis import given
from hypothesis import strategies as st

from musicgen import eastern
from musicgen.eastern import in_english, written_in
from musicgen.instruments import parse_instruments
from musicgen.reading import read_prompt, understood

SAYS = [
    # Korean
    ("슬픈 피아노 곡, 느리게, 드럼 없이", "sad piano, slow, without drums",
     {"instruments": ("piano",), "mode": "minor", "bpm_range": (56, 78), "drums": False}),
    ("드럼과 베이스 없이 어쿠스틱 기타", "without drums or bass, acoustic guitar",
     {"instruments": ("acoustic guitar",), "unwanted": ("bass",), "drums": False}),
    ("베이스 없이 피아노만", "without bass, only piano", {"unwanted": ("bass",), "solo": True}),
    ("피아노만 만들어 줘", "only piano", {"instruments": ("piano",), "solo": True}),
    ("너무 빠르지 않은 록", "not too fast, rock", {"style": "rock", "bpm_range": None}),
    ("재즈 말고 록", "without jazz, rock", {"style": "rock", "unlike": ("jazz",)}),
    ("재즈피아노, 내림마단조", "jazz piano, Eb minor", {"style": "jazz", "key": "Eb minor"}),
    ("코드 C G Am F, 통기타, 템포 92", "chord C G Am F, acoustic guitar, 92 bpm",
     {"bpm": 92.0, "instruments": ("acoustic guitar",)}),
    ("4분의 3박자 왈츠, 끝나는", "3/4 waltz, ending", {"meter": "3/4", "ending": True}),
    ("드럼 루프", "drums loop", {"drums_alone": True, "ending": False}),
    ("너무 밝지 않게, 용과 싸우는 기사", "not too bright, dragon knight", {"mode": None}),
    ("바이올린이랑 첼로 듀엣, 단조로", "violin and cello duet, minor key",
     {"instruments": ("violin", "cello"), "mode": "minor"}),
    ("드럼은 빼고 패드만 깔아줘", "without drums, only synth pad", {"drums": False, "solo": True}),
    ("비 오는 날 창가에 앉아 커피 마시는 느낌", "rain window coffee", {"instruments": ()}),
    ("블록, 벽시계", "블록, 벽시계", {"style": None}),  # no rock
    # Japanese
    ("悲しいピアノ、ゆっくり", "sad piano, slow", {"instruments": ("piano",), "mode": "minor", "bpm_range": (56, 78)}),
    ("ドラムなしのジャズピアノ、イ短調", "without drums, jazz piano, A minor",
     {"style": "jazz", "drums": False, "instruments": ("piano",), "key": "A minor"}),
    ("ピアノとベースなしで、サックスだけ", "without piano or bass, only saxophone",
     {"instruments": ("saxophone",), "unwanted": ("piano", "bass"), "solo": True}),
    ("変ホ長調の弦楽四重奏", "Eb major string quartet", {"style": "classical", "key": "Eb major"}),
    ("あまり速くないロック", "not too fast, rock", {"style": "rock", "bpm_range": None}),
    ("ジャズではなくロック", "not jazz, rock", {"style": "rock", "unlike": ("jazz",)}),
    ("８ビットのゲーム音楽、１４０ＢＰＭ", "chiptune chiptune, 140BPM", {"genre": "chiptune", "bpm": 140.0}),
    ("三拍子、オルゴール", "3/4, music box", {"meter": "3/4", "instruments": ("music box",)}),
    ("あまり暗くないシンセウェイヴ", "not too dark, synthwave", {"style": "synthwave", "mode": None}),
    ("ボーカルなしのBGM、ドラムはいらない", "without vocals, BGM, without drums", {"drums": False}),
    ("和風の琴と尺八、月曜日", "japanese koto and shakuhachi", {"instruments": ("nylon guitar", "flute")}),  # no moon
    ("クロックの部屋", "クロックの部屋", {"style": None}),  # no rock
    # Chinese
    ("慢速悲伤的钢琴，没有鼓", "slow sad piano, without drums",
     {"instruments": ("piano",), "mode": "minor", "bpm_range": (56, 78), "drums": False}),
    ("没有鼓的輕鬆吉他", "without drums, relaxing guitar", {"instruments": ("guitar",), "drums": False}),
    ("欢快的爵士乐，萨克斯和小号，每分钟120拍", "cheerful jazz, saxophone and trumpet, 120 bpm",
     {"style": "jazz", "bpm": 120.0, "instruments": ("saxophone", "trumpet"), "mode": "major"}),
    ("不要太快的搖滾", "not too fast rock", {"style": "rock", "bpm_range": None}),
    ("纯钢琴，C大调", "only piano, C major", {"instruments": ("piano",), "solo": True, "key": "C major"}),
    ("降E小调大提琴独奏", "Eb minor solo cello", {"instruments": ("cello",), "solo": True, "key": "Eb minor"}),
    ("无人声的流行，要有808", "without vocals, pop, 808", {"style": "pop"}),
    ("只要钢琴，别的都不要", "only piano, nothing else", {"instruments": ("piano",), "solo": True}),
    ("電子琴與鼓，輕快的流行樂", "keyboard and drums, lively pop", {"style": "pop", "drums": True}),
    ("有力的鼓", "drums", {"drums": True}),
    ("鼓励", "encouraging", {"drums": None}),
    ("八分之六拍", "6/8", {"meter": "6/8"}),
]


@pytest.mark.parametrize(("prompt", "english", "expected"), SAYS, ids=[prompt for prompt, _, _ in SAYS])
def test_what_an_eastern_prompt_says(prompt: str, english: str, expected: dict) -> None:
    assert understood(prompt) == english
    check_reading(prompt, expected)


def test_every_word_means_one_thing_and_is_read_as_it() -> None:
    meant: dict[str, str] = {}
    for english, cells in eastern._ROWS.items():
        for word in (word for cell in cells for word in cell.split(", ") if word):
            assert meant.setdefault(word, english) == english, word
            assert in_english(word) == english, word


def test_a_korean_word_is_read_with_and_without_its_spaces() -> None:
    assert in_english("일렉트릭 피아노") == in_english("일렉트릭피아노") == "electric piano"


@pytest.mark.parametrize("text", ["sad piano", "guitarra triste", "🎹 120 bpm", "naïve café", ""])
def test_other_letters_stay_as_they_are(text: str) -> None:
    assert in_english(text) == text and not written_in(text)


@given(st.text("피아노기타 없이만과ピアノギターなしとのだけ钢琴吉他和没有鼓的, 120拍Am#장조大调ab", max_size=40))
def test_nothing_that_no_encoder_reads_is_left_once_something_is_known(text: str) -> None:
    english = in_english(text)
    assert english == text or not eastern._EASTERN.search(english)
    read_prompt(text)


def test_instruments_are_named_in_any_language() -> None:
    assert parse_instruments("피아노, 첼로") == parse_instruments("ピアノ、チェロ") == parse_instruments("钢琴，大提琴")
    assert parse_instruments("guitarra, violino") == ("acoustic guitar", "violin")
    with pytest.raises(ValueError, match="not an instrument"):
        parse_instruments("안녕")
