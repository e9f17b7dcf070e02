"""A prompt that names no style outright goes to the nearest kind of music; what is said outright is never overruled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch.nn import functional as F

from musicgen import meaning
from musicgen.errors import ModelUnavailable
from musicgen.habits import STYLES
from musicgen.meaning import embedding, nearest_kind
from musicgen.planning import make_plan
from musicgen.reading import read_prompt
from musicgen.text_encoders import minilm
from musicgen.train.kinds import HELD, digest, left_out, read_scenes, regression
from musicgen.vocabulary import AMBIGUOUS, STYLE_WORDS

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


def test_every_kind_is_a_word_that_the_plan_understands() -> None:
    styles, weight, bias = meaning._classifier()
    kinds = list(styles)
    assert len(set(kinds)) == len(kinds) == len(weight) == len(bias) and set(STYLES) < set(kinds)
    assert set(kinds) >= meaning.STILL | meaning.LOUD
    for kind in set(kinds) - {meaning.NONE}:
        said = read_prompt(kind)
        assert said.style or said.instruments, kind


def test_the_classifier_is_the_one_the_scenes_make() -> None:
    with safe_open(str(meaning.KINDS), "pt") as file:
        assert file.metadata()["scenes"] == digest(), "python -m musicgen.train.kinds was not run on these scenes"
    names, texts = read_scenes()
    styles, weight, bias = meaning._classifier()
    kinds = list(styles)
    assert list(dict.fromkeys(names)) == kinds and len(set(texts)) == len(texts)
    some = range(0, len(texts), 25)
    logits = torch.stack([weight @ embedding(texts[i]) + bias for i in some])
    right = [kinds[int(row.argmax())] == names[i] for row, i in zip(logits, some, strict=True)]
    assert sum(right) >= 0.7 * len(right)


def test_no_prompt_that_is_asked_here_is_a_scene() -> None:
    scenes = {" ".join(text.lower().split()) for text in read_scenes()[1]}
    assert not {prompt.lower() for prompt in PROMPTS} & scenes
    assert not {text.lower() for text in read_scenes(HELD)[1]} & scenes


def test_a_regression_finds_directions_that_part_the_kinds() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.eye(3, 8)
    y = torch.arange(90) % 3
    x = F.normalize(centres[y] + 0.1 * torch.randn(90, 8, generator=generator), dim=1)
    weight, bias = regression(x, y, 3, 1e-3)
    assert ((x @ weight.T + bias).argmax(1) == y).all()
    assert left_out(x, y, 3, 1e-3)[1] == 1.0
    nats, right = left_out(x, y[torch.randperm(90, generator=generator)], 3, 1e-3)
    assert nats > 0.9 and right < 0.6, "what is left out is really left out"


def test_most_prompts_find_a_style_that_fits() -> None:
    found = {prompt: style_of(prompt) for prompt in PROMPTS}
    fitting = [found[prompt] is not None and str(found[prompt]) in wanted for prompt, wanted in PROMPTS.items()]
    assert sum(fitting) >= 0.7 * len(fitting), f"{sum(fitting)} of {len(fitting)}"


def style_of(prompt: str) -> str | None:
    """The style of the words, or of the kind they come nearest to."""
    return read_prompt(prompt).style or read_prompt(nearest_kind(prompt) or "").style


@pytest.mark.parametrize("prompt", ["", "  ", "12 34", "lo-fi beats", "a cello", "눈 내리는 밤", "bass guitar", "🎻🎻"])
def test_what_is_said_or_cannot_be_read_is_left_alone(prompt: str) -> None:
    assert nearest_kind(prompt) is None


@pytest.mark.parametrize("prompt", [
    "90 bpm", "loop, 140 bpm", "no drums", "again but with drums", "dark", "in C minor", "very fast", "soft drums",
    "key: Bb major, time signature: 3/4, tempo: 96", "Am Dm G C repeat", "16 bar loop in G at 90",
    "i VI III VII in C# minor", "royal road progression", "double time swing, 200 bpm",
])
def test_what_says_nothing_beyond_tempo_key_and_drums_is_no_scene(prompt: str) -> None:
    assert nearest_kind(prompt) is None


@pytest.mark.parametrize("word", sorted(AMBIGUOUS))
def test_a_word_that_may_mean_something_else_means_its_style_where_it_stands_alone(word: str) -> None:
    for prompt in (word, f"{word} music"):
        style = read_prompt(prompt).style
        near = nearest_kind(prompt)
        assert style == STYLE_WORDS[word] and read_prompt(near or word).style == style, f"{prompt}: {near}"


@pytest.mark.parametrize(("prompt", "style"), [
    ("Cinderella's dance before the clock strikes twelve", "waltz"), ("monks at dawn, stone walls, latin", "classical"),
    ("a lost soul wanders through fog", "ambient"), ("my country needs me, soldiers leaving", "cinematic"),
])
def test_a_scene_outweighs_a_word_that_merely_hints(prompt: str, style: str) -> None:
    assert read_prompt(nearest_kind(prompt) or "").style == style


@pytest.mark.parametrize(("prompt", "kind"), [
    ("a knight rides against a dragon", "cinematic"), ("pirates", "sea shanty"), ("Zelda", "chiptune"),
])
def test_the_examples_that_the_readme_gives_are_true(prompt: str, kind: str) -> None:
    assert f'"{prompt}"' in " ".join(Path(__file__).parents[1].joinpath("README.md").read_text("utf-8").split())
    assert nearest_kind(prompt) == kind


def test_what_is_refused_is_not_what_it_comes_nearest_to() -> None:
    assert read_prompt(nearest_kind("not a waltz, a ballroom in Vienna") or "").style != "waltz"
    assert read_prompt(nearest_kind("no jazz, a smoky cellar at night") or "").style != "jazz"
    assert nearest_kind("warehouse at 4 am, lasers, no drums") not in meaning.LOUD
    assert nearest_kind("floating in the void, fast drums") not in meaning.STILL
    assert nearest_kind("everything but piano") != "solo piano" != nearest_kind("she can't stand the piano")
    assert nearest_kind("warehouse at 4 am, lasers, 70 bpm") not in ("house", "techno", "drum and bass")
    assert nearest_kind("a rainy night at the harbour, no techno") == nearest_kind("a rainy night at the harbour, ")


def test_without_the_encoder_there_is_no_style(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(device: str = "cpu") -> None:
        raise ModelUnavailable("not installed")

    monkeypatch.setattr(meaning, "minilm", missing)
    meaning._nearest.cache_clear()
    assert nearest_kind("a knight rides against a dragon") is None
    meaning._nearest.cache_clear()


def test_a_damaged_classifier_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(meaning, "KINDS", tmp_path / "kinds.safetensors")
    (tmp_path / "kinds.safetensors").write_bytes(b"not weights")
    meaning._classifier.cache_clear()
    meaning._nearest.cache_clear()
    assert nearest_kind("a knight rides against a dragon") is None
    meaning._classifier.cache_clear()
    meaning._nearest.cache_clear()


def test_whoever_asks_at_once_gets_the_same_encoder() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: minilm(), range(8)))
    assert all(encoder is found[0] for encoder in found)


def test_the_nearest_kind_lends_its_habits_but_not_against_the_words() -> None:
    near, free = make_plan("a knight", 5, near="waltz"), make_plan("a knight", 5)
    assert str(near.meter) == "3/4" and near.instruments != free.instruments
    assert make_plan("jazz", 5, near="waltz") == make_plan("jazz", 5)
    assert make_plan("a cello", 5, near="waltz") == make_plan("a cello", 5)


def test_a_kind_may_name_who_plays() -> None:
    assert make_plan("a recital", 5, near="solo piano").instruments == ("piano",)
    assert make_plan("a recital", 5, near="solo piano").drums is False
    assert make_plan("a recital with drums", 5, near="solo piano").drums is True
    assert "piano" not in make_plan("a recital, no piano", 5, near="solo piano").instruments
    assert 166 <= (make_plan("a basement", 5, near="drum and bass").bpm or 0) <= 178
    assert make_plan("a basement at 100 bpm", 5, near="drum and bass").bpm == 100


def test_half_an_emoji_is_no_letter() -> None:
    scene = "a knight rides against a dragon"
    assert nearest_kind(f"\ud83d {scene}\udc09") == nearest_kind(scene) is not None
