"""The kind of music a prompt comes nearest to when it names none outright: "a knight rides" is film music.

A linear classifier on the sentence's embedding by the text encoder that the bundled model hears through, trained on
scenes that people may have in mind (``musicgen.train.kinds``). A kind is a word or two that ``reading`` knows, such as
"jazz" or "solo piano"; one of them is "none". Knows nothing of plans or models; the words a prompt does say are
``reading``'s.
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from musicgen.errors import ModelUnavailable
from musicgen.genres import GENRES, Genre
from musicgen.habits import STYLES
from musicgen.instruments import refuses
from musicgen.reading import MAX_PROMPT, read_prompt, understood
from musicgen.spelled import unnamed
from musicgen.text_encoders import minilm
from musicgen.vocabulary import AMBIGUOUS, DRUM_WORDS, METER_WORDS, MODE_WORDS, NO_DRUM_WORDS, TEMPO_WORDS

KINDS = Path(__file__).resolve().parent.parent / "assets" / "kinds.safetensors"
NONE = "none"
SURE = 0.25  # probability below which no kind is near
BRIEF, SURE_OF_BRIEF = 2, 0.5  # the same of so few words
FIRM, CLEARLY = 0.4, 2.0  # where a word hints at a style, how probable another has to be, and how many times as
FASTER = 1.2  # than what is asked for is no loud kind near
QUICK = 110.0  # felt beats a minute from which on nothing floats or lulls
STILL = frozenset(("ambient", "new age", "lullaby", "ethereal harp"))  # what does
LOUD = frozenset((  # what is nothing without drums
    "house", "techno", "dubstep", "drum and bass", "trap", "disco", "funk", "samba", "salsa", "ska", "rock", "metal",
    "punk", "military march",
))
FOREIGN = 0.3  # share of letters beyond Latin-1 above which the English encoder is not asked

# What is no scene: words for tempi, metres, modes and drums, and those around them.
_PLAIN = frozenset(re.findall(r"[^\W\d_]+", " ".join((
    *TEMPO_WORDS, *METER_WORDS, *MODE_WORDS, DRUM_WORDS, NO_DRUM_WORDS,
    "a an the in at of with without no not but and or only just some more less very too again please make me it is "
    "bpm tempo key keys chord chords scale major minor sharp flat b c d e f g am bm cm dm em fm gm seconds "
    "minute minutes long music song track piece tune instrumental loop loops loopable seamless loud soft heavy hard "
    "ending time signature per between about around double half bar bars progression vamp turnaround backing repeat "
    "eb ab db gb bb flats sharps verse chorus",
)).lower()))
_CHORDS = re.compile(r"(?<![\w'’])(?:[A-G][#♯b♭]?(?:m|maj|min|dim|aug|sus|add)?\d*|[b♭]?(?:[iv]+|[IV]+))(?![\w'’])")
_REFUSED = re.compile(
    r"\b(?:no|without|w/o|not|don't|never|avoid|nothing|except|(?:everything|anything|all) but|other than|rather than"
    r"|instead of|leave out|take out|get rid of|(?:turn|switch) off)\b[^,.;:!?]*", re.IGNORECASE,
)


def nearest_kind(prompt: str) -> str | None:
    """The kind of music nearest to a prompt that names neither style nor instrument, or merely hints at a style.

    None for others, and, too, where nothing is near, where the prompt is in other letters, where it says nothing beyond
    tempo, key, metre and drums, and where the encoder is not installed.
    """
    whole = prompt[:MAX_PROMPT].encode(errors="ignore").decode()  # half an emoji is no letter
    return _nearest(whole.strip())


@lru_cache(maxsize=64)  # the page asks several times for the same prompt
def _nearest(text: str) -> str | None:
    said = read_prompt(text)
    if said.settled:
        return None
    scene = _REFUSED.sub(" ", understood(text))
    if said.chords or said.degrees:  # their letters paint nothing
        scene = _CHORDS.sub(" ", unnamed(scene))
    words = re.findall(r"[^\W\d_]+", scene.lower())
    letters = "".join(words)
    foreign = sum(ord(letter) > 255 for letter in letters)
    known = _PLAIN | AMBIGUOUS if said.hinted else _PLAIN
    if foreign > FOREIGN * len(letters) or not set(words) - known:
        return None
    try:
        direction = embedding(scene)
        styles, weight, bias = _classifier()
    except ModelUnavailable:
        return None
    probability = dict(zip(styles, (weight @ direction + bias).softmax(0).tolist(), strict=True))
    unwanted = {kind for kind, style in styles.items() if style in said.unlike}
    asked = said.bpm_range or said.mood_range
    if said.drums or (said.bpm or (asked[0] if asked else 0.0)) >= QUICK:
        unwanted |= STILL
    if said.drums is False:
        unwanted |= LOUD
    slowest = said.bpm or (said.bpm_range or (math.inf, math.inf))[1]
    for kind in styles:
        least_tempo, players = _habits(kind)
        if (kind in LOUD and least_tempo > FASTER * slowest) or any(refuses(said.unwanted, name) for name in players):
            unwanted.add(kind)
    left = {kind: p for kind, p in probability.items() if kind not in unwanted}
    best = max(left, key=left.__getitem__)
    least = SURE_OF_BRIEF if len(words) <= BRIEF else SURE
    if said.hinted and styles[best] != said.style:  # it holds unless it is clearly outdone
        hint = max((p for kind, p in probability.items() if styles[kind] == said.style), default=0.0)
        least = math.inf if len(words) <= BRIEF else max(FIRM, CLEARLY * hint)
    return best if best != NONE and left[best] >= least else None


def embedding(text: str) -> Tensor:
    """Mean state of a text, of length 1: [384]. Raises ``ModelUnavailable``."""
    state = minilm()(text).mean(0)
    return state / state.norm()


@cache
def _habits(kind: str) -> tuple[float, tuple[str, ...]]:
    """The fewest felt beats a minute that a kind has, and the instruments that it is named after."""
    said = read_prompt(kind)
    genre = GENRES.get(said.genre or "", Genre())
    return (genre.bpm or (STYLES[said.style].bpm if said.style else (0.0, 0.0)))[0], said.instruments


@cache
def _classifier() -> tuple[dict[str, str | None], Tensor, Tensor]:
    """The kinds with the style of each, a direction [kinds, 384] and a bias [kinds]. Raises ``ModelUnavailable``."""
    try:
        with safe_open(str(KINDS), "pt") as file:
            styles = {kind: read_prompt(kind).style for kind in file.metadata()["kinds"].split(",")}
            return styles, file.get_tensor("weight").float(), file.get_tensor("bias").float()
    except (OSError, SafetensorError) as error:
        raise ModelUnavailable(f"{KINDS.name} is missing or damaged; install the assets folder anew.") from error
