"""A prompt that names no style goes to the nearest one; what is said is never overruled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from musicgen import meaning
from musicgen.errors import ModelUnavailable
from musicgen.habits import STYLES
from musicgen.meaning import SCENES, nearest_style
from musicgen.plan import make_plan
from musicgen.reading import read_prompt
from musicgen.text_encoders import minilm

# Prompts that share no scene's wording, and the styles a listener would accept.
PROMPTS = {
    "a knight rides against a dragon": "cinematic",
    "Saturday night fever": "funk house",
    "counting sheep": "lullaby ambient",
    "coffee shop in Seoul on a rainy afternoon": "lo-fi hip hop jazz bossa nova",
    "Vivaldi spring": "classical",
    "whales drifting through the deep ocean": "ambient cinematic",
    "Metallica warming up backstage": "rock",
    "cotton fields, lonesome train whistle": "blues country folk",
    "carnival in Salvador": "bossa nova",
    "Daft Punk robot party": "house synthwave funk",
    "running from zombies": "cinematic rock",
    "rodeo in Texas": "country",
    "Strauss, gowns and chandeliers": "waltz classical",
    "Kingston sound system at sunset": "reggae",
    "James Brown sweating on stage": "funk",
    "Irish pub on St Patrick's day": "folk",
    "Taylor Swift breakup": "pop country",
    "8-bit hero jumps over a pit": "synthwave house",
    "zen garden, water dripping": "ambient",
    "Liszt rhapsody": "classical",
    "first steps of my daughter": "lullaby pop",
    "Tokyo neon drive 1986": "synthwave",
    "Berlin basement 4am": "house",
    "Snoop Dogg cruising": "lo-fi hip hop funk",
    "grandmother's rocking chair": "lullaby folk country",
    "the funeral of a king": "cinematic classical",
    "a bar fight in a western movie": "country cinematic",
    "moonlight on the snow": "ambient classical lullaby cinematic",
}


def test_the_scenes_are_of_the_styles_there_are() -> None:
    assert set(SCENES) == set(STYLES) and all(len(scenes) >= meaning.VOTES for scenes in SCENES.values())


def test_most_prompts_find_a_style_that_fits() -> None:
    found = {prompt: read_prompt(prompt).style or nearest_style(prompt) for prompt in PROMPTS}
    fitting = [found[prompt] is not None and str(found[prompt]) in wanted for prompt, wanted in PROMPTS.items()]
    assert sum(fitting) >= 0.7 * len(fitting), f"{sum(fitting)} of {len(fitting)}"


@pytest.mark.parametrize("prompt", ["", "  ", "12 34", "lo-fi beats", "a cello", "눈 내리는 밤", "bass guitar", "🎻🎻"])
def test_what_is_said_or_cannot_be_read_is_left_alone(prompt: str) -> None:
    assert nearest_style(prompt) is None


@pytest.mark.parametrize("prompt", ["workout", "fast", "romantic", "koto"])
def test_a_word_alone_is_neither_a_waltz_nor_floats_when_it_is_quick(prompt: str) -> None:
    assert nearest_style(prompt) not in ("waltz", "ambient", "lullaby")


def test_without_the_encoder_there_is_no_style(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(device: str = "cpu") -> None:
        raise ModelUnavailable("not installed")

    monkeypatch.setattr(meaning, "minilm", missing)
    meaning._scenes.cache_clear()
    meaning._nearest.cache_clear()
    assert nearest_style("a knight rides against a dragon") is None
    meaning._nearest.cache_clear()


def test_whoever_asks_at_once_gets_the_same_encoder() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: minilm(), range(8)))
    assert all(encoder is found[0] for encoder in found)


def test_the_nearest_style_lends_its_habits_but_not_against_the_words() -> None:
    near, free = make_plan("a knight", 5, style="waltz"), make_plan("a knight", 5)
    assert str(near.meter) == "3/4" and near.instruments and not free.instruments
    assert make_plan("jazz", 5, style="waltz") == make_plan("jazz", 5)
