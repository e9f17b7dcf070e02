"""The style a prompt comes nearest to when it names none: "a knight rides against a dragon" is film music.

The sentence is compared with a few scenes of each style by the text encoder the bundled model hears through; two of a
style's scenes vote. Knows nothing of plans or models; the words a prompt does say are ``reading``'s.
"""

from __future__ import annotations

from functools import cache, lru_cache

import torch
from torch import Tensor

from musicgen.errors import ModelUnavailable
from musicgen.reading import MAX_PROMPT, read_prompt
from musicgen.text_encoders import minilm

LEAST = 0.22  # similarity below which no style is near
LEAST_WALTZ = 0.4  # the same of a waltz, which dictates the metre
QUICK = 110.0  # felt beats a minute from which on nothing floats or lulls
VOTES = 2  # scenes of a style that count: its nearest ones
FOREIGN = 0.3  # share of letters beyond Latin-1 above which the English encoder is not asked

SCENES: dict[str, tuple[str, ...]] = {
    "pop": ("catchy pop song on the radio", "a chart hit with a singalong chorus", "teenage summer party music",
            "feel-good tune for a commercial", "a love song for a boy band"),
    "rock": ("loud electric guitars and heavy drums", "a rock band on stage", "punk and heavy metal",
             "a guitar hero playing riffs through an amplifier", "headbanging in a mosh pit"),
    "lo-fi hip hop": ("chilled beats to study to", "rap beat, hip hop producer", "a rainy night with headphones",
                      "vinyl crackle and mellow samples", "graffiti and a boombox in the city"),
    "ambient": ("slow floating drones for meditation", "yoga and spa relaxation", "outer space, stars, emptiness",
                "mist over a lake at dawn", "the deep sea, slow and weightless", "sleep and breathing exercise"),
    "classical": ("orchestra in a concert hall", "chamber music by a great composer", "a symphony, a sonata",
                  "a cathedral and its organ", "baroque harpsichord and strings", "pianist at a recital"),
    "folk": ("old song by the campfire", "village dance with fiddles", "a wandering singer with a guitar",
             "celtic tavern, sailors", "pastoral countryside and shepherds"),
    "jazz": ("a smoky jazz club at night", "swinging trio with walking bass", "improvised saxophone solo",
             "a muted trumpet after midnight", "big band from the forties", "a crooner and a cocktail piano"),
    "blues": ("the Mississippi delta, a man with the blues", "twelve bar blues in a bar",
              "harmonica and slide guitar, heartbreak", "a juke joint late at night"),
    "bossa nova": ("a beach in Brazil", "samba and carnival in Rio", "gentle latin guitar with a cocktail",
                   "Caribbean holiday, tango, salsa"),
    "house": ("club music with a four on the floor kick", "a rave in a warehouse", "dance floor, lasers, DJ",
              "trance and electronic dance"),
    "synthwave": ("neon lights and retro synthesizers", "an eighties video game", "driving at night in a sports car",
                  "cyberpunk city, robots", "arcade and pixel graphics"),
    "funk": ("groovy slap bass and wah guitar", "disco party from the seventies", "soul singer with a horn section",
             "get up and dance, sexy groove"),
    "reggae": ("Jamaica, palm trees and sound systems", "laid back rhythm and dub", "rastafarian island vibes"),
    "cinematic": ("epic film soundtrack", "trailer for a blockbuster, heroes and battles", "suspense thriller, horror",
                  "a fantasy adventure with dragons", "documentary about mountains and eagles"),
    "waltz": ("ballroom dancing in Vienna", "elegant couples turning in three four time",
              "a carousel at the fair", "merry-go-round"),
    "lullaby": ("putting a baby to sleep", "a music box in the nursery", "bedtime story for children",
                "toys and teddy bears"),
    "country": ("a cowboy on the range", "nashville and pickup trucks", "banjo and pedal steel on a porch",
                "western saloon, horses, ranch"),
}  # fmt: skip


def nearest_style(prompt: str) -> str | None:
    """The style (a key of ``SCENES``) nearest to a prompt that names neither style nor instrument; else None.

    None, too, where nothing is near, where the prompt is in other letters, and where the encoder is not installed.
    """
    return _nearest(prompt[:MAX_PROMPT].strip())


@lru_cache(maxsize=64)  # the page asks several times for the same prompt
def _nearest(text: str) -> str | None:
    said = read_prompt(text)
    letters = [letter for letter in text if letter.isalpha()]
    foreign = sum(ord(letter) > 255 for letter in letters)
    if said.style or said.instruments or not letters or foreign > FOREIGN * len(letters):
        return None
    try:
        similar = _scenes() @ _direction(text)
    except ModelUnavailable:
        return None
    votes = {style: float(mine.topk(VOTES).values.mean())
             for style, mine in zip(SCENES, similar.split([len(s) for s in SCENES.values()]), strict=True)}
    asked = said.bpm_range or said.mood_range
    if said.drums or (said.bpm or (asked[0] if asked else 0.0)) >= QUICK:
        del votes["ambient"], votes["lullaby"]
    if votes["waltz"] < LEAST_WALTZ:
        del votes["waltz"]
    best = max(votes, key=votes.__getitem__)
    return best if votes[best] >= LEAST else None


def _direction(text: str) -> Tensor:
    """Mean state of a text, of length 1: [384]."""
    state = minilm()(text).mean(0)
    return state / state.norm()


@cache
def _scenes() -> Tensor:
    """All scenes, style after style: [N, 384]."""
    return torch.stack([_direction(scene) for scenes in SCENES.values() for scene in scenes])
