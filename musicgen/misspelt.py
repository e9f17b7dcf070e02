"""Words one slip away from those the reader knows: "giutar" is guitar, "witout" is without, "violín" is violin.

Careful rather than clever: a word has to have five letters, begin as the other does, and be near to one word only; and
it must be no word itself. Which words near ours are words is a table here, and not a dictionary. Knows the words of
the tables (``vocabulary``, ``instruments``), and nothing of what they say.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from musicgen.instruments import WORDS as INSTRUMENT_WORDS
from musicgen.vocabulary import (
    DRUM_WORDS,
    METER_WORDS,
    MODE_WORDS,
    MOOD_TEMPO,
    NO_DRUM_WORDS,
    STYLE_HINTS,
    STYLE_WORDS,
    TEMPO_WORDS,
    listed,
)

LEAST = 5  # letters, of the word and of what it is taken for
LONG = 9  # letters from which on there may be two slips

_LETTERS = re.compile(r"[^\W\d_]+")
_WORD = re.compile(rf"(?<![\w'’])[^\W\d_]{{{LEAST},}}(?![\w'’])")
_ROWS = [
    *STYLE_WORDS, *TEMPO_WORDS, *MOOD_TEMPO, *MODE_WORDS, *METER_WORDS,
    *(words for words, name in INSTRUMENT_WORDS.items() if name), *listed(DRUM_WORDS), *listed(NO_DRUM_WORDS),
    "without", "chords", "tempo", "ending",
]  # fmt: skip
_KNOWN = {word for row in (*_ROWS, *STYLE_HINTS, *INSTRUMENT_WORDS) for word in _LETTERS.findall(row)}
# What stands alone in a row, and the parts of longer ones that are missed most; not what merely hints at a style.
_ALONE = {row for row in _ROWS if row.isascii() and row.isalpha()} | {"acoustic", "electric", "distorted", "dramatic"}
_MEANT = {first: [word for word in sorted(_ALONE) if word[0] == first and len(word) >= LEAST]
          for first in {word[0] for word in _ALONE}}
_JOINED = {row.replace(" ", ""): row for row in _ROWS if re.fullmatch("[a-z]{3,} [a-z]{3,}", row)}  # "bossanova"
# Words, most of them English, that are near to one of ours and right as they are.
_RIGHT = frozenset("""
accade according accordionist acoustics acrobats aggression aggressively allegra allegri ambien american americano
americans americas andate animes arabia arabica arcades arcane atmosphere atmospheres balkans balla ballade ballard
balled baseline beast beasts belles betas birthdays bleach bleats bleus blight bluest bluey blushes bogie boleo boleto
bongs boogies bookie bootie bougie brasilia brassy brazilians breach breakups bricht brushed burials bushes cabinets
calibration calling calving cambia capping carleton casing
ceasing celebrating celebrations celestia celles cells celtics charlton
chafing chairs chaise champignons champing champion championed chased chaser chases chasse chaste chiles chilli chills
chilly chime chimed chimps chives chloral chora chorale chord chores choros christian christians christmases clamping
clamps clasp clasping clasps classically classics climes clipping commercially commercials commercio comporte concepto
concerning concert concertos concerts concetto concreto contas contraband converting cooperate coral cords corporal
corporals county cowbells cowboys crampons crapping creep creeps crimes cuello cumbria danced dancer dances decreasing
depressingly depression depressions depressive discos distorts disturbed dramatics dreams dreamt dreary dressing
drills droned drones drummed drummers durian elector electra electrics electron electronics electrons emotionally
emotions endings etudes farewells fiddled fiddler fiddlers fiddly fidele fideles flukes flunky fluted funerals
funereal garages garbage gente gentile gentler gently gibber gloom goodbyes gospels grabber graduating grange gravel
graven graver graves griefs gritar grudge grunde grune grungy hairstyle hallowed handicaps harmonia harmonic harmonics
harmonie harmonies harmonisch harmonise harmonium harmonize harpsichordist heartbeat heartbreaker heartbroke heroics
heroin hopefuls horrors housed houses hunted hunting incense inquiring insuring jamaica jamaicans jiggle jingles
jingly juggle junge jungles keyboardist keywords knicks latina latino likely livery longe lunge lydia maggiore majors
mallet marcas marche mastery mazurkas mediation medication medications meditate meditations melancholia mental
meringue metallic metals metalwork metres mineshaft minore minors minuit minute moderates moderator motivation
motivations movies mullets mystere mysteries mysteriously mysterium nocturnes nostalgia operai operas optimist
optimists orchestras orchestrate outgun outran parity partly percussionist perfusion permission permissions permissive
persuasion persuasive pesto pianto piccola piccole piccoli planos positives preclude preso presso presta preston
puesto pursuits quirk quirks racking raging raking rancher ranchers raping raring rating raving razing recordar
recorded recorders recorrer reggie relating relaying reorder retrouve rhode romantics salas sambar satire sawing
saxophonist scares serena sewing shake shaken shakes shares shaver simmer sirene smoothing snakes snared snarls snores
snowball soundstage soundtracks sowing spares spook spooks springs stares stings stringy summed summen summers summery
sumner sweets swings synthesize synthesized tablao tambourines tangos tarantula tempio templo tempos tended tenders
tener tenner tensed tenses tenter thresh thrush tinder tracce trace trailed trailers trainer trances tranche tranne
trash trawler triumphal triumphantly triumphing trombonist trumped unburied unmarried vibraphonist vicarious victor
victorians victories victors vilain villains villainy villas voila wadding waltzed weddings wedging weeding welding
wending westerns wincing winding winging wining winking winnings woodlands
workouts
""".split())


def mend(text: str, least: int = LEAST) -> str:
    """The text with its misspelt words of ``least`` letters as they are meant; what may be right stays as it is."""
    return _WORD.sub(lambda match: _mended(match[0], least), text)


@lru_cache(maxsize=4096)
def _mended(word: str, least: int = LEAST) -> str:
    lower = word.lower()
    plain = "".join(unicodedata.normalize("NFD", letter)[0] for letter in lower)
    if lower in _KNOWN or plain in _RIGHT or not plain.isascii():
        return word
    if plain in _KNOWN:
        return plain
    if plain in _JOINED:
        return _JOINED[plain]
    if len(plain) < least:
        return word
    slips = {meant: slips for meant in _MEANT.get(plain[0], ()) if (slips := _slips(plain, meant))}
    near = sorted((meant for meant, count in slips.items() if count == min(slips.values())), key=len)
    # "clarinett" is near a clarinet and clarinets: one word in two forms
    return near[0] if near and all(other.startswith(near[0]) for other in near) else word


def _slips(word: str, meant: str) -> int:
    """How many slips of a finger apart they are; 0 where that is too many for words as long as these."""
    most = 2 if min(len(word) + 1, len(meant)) >= LONG else 1
    if abs(len(word) - len(meant)) > most:
        return 0
    if len(word) == len(meant) == LEAST and sorted(word) != sorted(meant):
        return 0  # too many words of five letters differ in one
    count = distance(word, meant)
    return count if count <= most else 0


def distance(one: str, other: str) -> int:
    """Letters to leave out, put in, change, or swap with the next until ``one`` is ``other``."""
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        below = [i]
        for j, its in enumerate(other, 1):
            best = min(row[j] + 1, below[-1] + 1, row[j - 1] + (letter != its))
            if above and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                best = min(best, above[j - 2] + 1)
            below.append(best)
        above, row = row, below
    return row[-1]
