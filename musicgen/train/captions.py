"""Captions: true sentences about a piece, in many wordings.

Knows the vocabulary of listeners (genres, moods, tempi, uses). Does *not* know the notes: it reads only what the
piece states about itself, and never says anything the piece does not bear out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from musicgen.theory import PITCH_NAMES
from musicgen.train.compose import Piece
from musicgen.train.words import GENRES, INSTRUMENT_WORDS, USES


def tempo_words(piece: Piece) -> tuple[str, ...]:
    """Words for the tempo that are true of the felt beat (6/8 beats are longer, so slower numbers feel as fast)."""
    bpm = piece.bpm * (1.5 if piece.meter.name == "6/8" else 1.0)
    if bpm < 74:
        return ("slow", "unhurried", "slow-paced", "leisurely")
    if bpm < 94:
        return ("laid-back", "easygoing", "moderately slow", "relaxed")
    if bpm < 118:
        return ("mid-tempo", "medium-tempo", "moderate", "steady")
    lively = ("upbeat", "lively", "up-tempo") if piece.key.mode == "major" else ("up-tempo", "lively", "pacey")
    if bpm < 140:
        return (*lively, "driving") if piece.has_drums else lively
    return ("fast", "quick", "fast-paced", "brisk")


def _article(text: str) -> str:
    return ("an " if text[0].lower() in "aeio" or text.startswith(("up", "808", "EDM")) else "a ") + text


def _listing(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


class _Facts:
    """The true words about one piece, drawn afresh at every access."""

    def __init__(self, piece: Piece, rng: Random) -> None:
        self.piece, self.rng = piece, rng
        order = {"lead": 0, "harmony": 1, "bass": 2, "drums": 3}
        parts = sorted(piece.parts, key=lambda part: order[part.role])
        self.instruments = list(dict.fromkeys(part.instrument for part in parts))
        self.drums_only = all(part.role == "drums" for part in piece.parts)

    def instrument(self, name: str) -> str:
        words = INSTRUMENT_WORDS[name]
        return words[0] if self.rng.random() < 0.6 else self.rng.choice(words)

    def band(self, most: int = 6) -> str:
        """The instruments; a few of them only when there are more than ``most``."""
        chosen = self.instruments
        if len(chosen) > most:
            keep = sorted(self.rng.sample(range(len(chosen)), most))
            chosen = [chosen[index] for index in keep]
        return _listing(list(dict.fromkeys(self.instrument(name) for name in chosen)))

    @property
    def genre(self) -> str:
        plain, beat = GENRES[self.piece.style]
        if self.drums_only:
            return {"cinematic": "cinematic percussion"}.get(self.piece.style, f"{self.piece.style} beat")
        if self.piece.has_drums and beat and self.rng.random() < 0.6:
            return self.rng.choice(beat)
        return self.style if self.rng.random() < 0.25 else self.rng.choice(plain)

    @property
    def style(self) -> str:
        """The plain style name; house without its beat is only electronic music."""
        return "electronic" if self.piece.style == "house" and not self.piece.has_drums else self.piece.style

    @property
    def noun(self) -> str:
        """A countable name of the piece: ``a waltz``, ``a funk track``."""
        if self.piece.style in ("waltz", "lullaby"):
            return self.piece.style
        return f"{self.style} {self.rng.choice(('piece', 'track', 'tune', 'instrumental'))}"

    @property
    def mood(self) -> str:
        return self.rng.choice(self.piece.mood)

    @property
    def moods(self) -> str:
        count = self.rng.choice((1, 1, 2))
        chosen = self.rng.sample(self.piece.mood, min(count, len(self.piece.mood)))
        return self.rng.choice((", ", " and ")).join(chosen)

    @property
    def tempo(self) -> str:
        return self.rng.choice(tempo_words(self.piece))

    @property
    def bpm(self) -> str:
        return f"{round(self.piece.bpm)} {self.rng.choice(('bpm', 'bpm', 'BPM', 'beats per minute'))}"

    @property
    def key(self) -> str:
        tonic = PITCH_NAMES[self.piece.key.tonic]
        return f"{tonic} {self.piece.key.mode}"

    @property
    def use(self) -> str:
        return self.rng.choice(USES[self.piece.style])

    @property
    def adjective(self) -> str:
        """A mood, a tempo word, or both."""
        draw = self.rng.random()
        return self.mood if draw < 0.5 else self.tempo if draw < 0.75 else f"{self.tempo}, {self.mood}"

    def tail(self) -> str:
        """Optional true details, each introduced by a comma."""
        rng, piece, details = self.rng, self.piece, []
        if not self.drums_only and rng.random() < 0.22:
            details.append(rng.choice(("in {}", "key of {}", "in the key of {}")).format(self.key))
        if rng.random() < 0.3:
            details.append(rng.choice(("{}", "at {}", "around {}")).format(self.bpm))
        elif rng.random() < 0.2:
            details.append(
                f"{self.tempo}"
                if rng.random() < 0.5
                else _article(f"{self.tempo} tempo" if "temp" not in self.tempo else "steady tempo")
            )
        if rng.random() < (0.1 if piece.meter.name == "4/4" else 0.35):
            words = {
                "4/4": ("4/4", "in 4/4 time"),
                "3/4": ("3/4", "waltz time", "in 3/4 time", "in three"),
                "6/8": ("6/8", "in 6/8 time", "in compound time"),
            }
            details.append(rng.choice(words[piece.meter.name]))
        if not piece.has_drums and rng.random() < 0.18:
            details.append(rng.choice(("no drums", "without drums", "without percussion", "no percussion", "drumless")))
        return "".join(f", {detail}" for detail in details)


def _forms(facts: _Facts) -> list[tuple[float, Callable[[], str]]]:
    """Weighted sentence forms that suit the piece."""
    solo = len(facts.instruments) == 1
    forms: list[tuple[float, Callable[[], str]]] = [
        (2, lambda: f"{facts.adjective} {facts.genre} with {facts.band()}{facts.tail()}"),
        (1.5, lambda: f"{facts.genre} with {facts.band(3)}{facts.tail()}"),
        (1, lambda: f"{_article(facts.adjective)} {facts.noun} featuring {facts.band(3)}{facts.tail()}"),
        (1, lambda: f"{facts.genre}, {facts.mood}, {facts.band()}{facts.tail()}"),
        (1, lambda: f"{facts.band()}, {facts.moods}, {facts.genre}{facts.tail()}"),
        (0.6, lambda: f"{facts.band(4)}, {facts.tempo}, {facts.bpm}"),
        (0.5, lambda: f"{facts.band(3)}"),
        (0.8, lambda: f"{facts.mood} {facts.genre} for {facts.use}, {facts.band(3)}"),
        (0.5, lambda: f"music for {facts.use}: {facts.mood} {facts.genre} with {facts.band(2)}"),
        (0.4, lambda: f"{facts.genre}"),
        (0.6, lambda: f"{facts.moods} {facts.genre}"),
        (0.5, lambda: f"{facts.adjective} {facts.genre}{facts.tail()}"),
        (0.3, lambda: f"music for {facts.use}, {facts.moods}"),
    ]
    if solo and not facts.drums_only:
        name = facts.instruments[0]
        forms = (
            forms[1:7]
            + forms[9:12]
            + [
                (2, lambda: f"solo {facts.instrument(name)}, {facts.moods}{facts.tail()}"),
                (2, lambda: f"{_article(facts.mood)} solo {facts.instrument(name)} piece{facts.tail()}"),
                (2, lambda: f"{_article(facts.adjective)} {facts.instrument(name)} piece{facts.tail()}"),
                (1.5, lambda: f"{facts.genre} for solo {facts.instrument(name)}{facts.tail()}"),
                (1, lambda: f"{facts.instrument(name)} alone, {facts.moods} {facts.genre}{facts.tail()}"),
                (1, lambda: f"unaccompanied {facts.instrument(name)}, {facts.adjective}{facts.tail()}"),
            ]
        )
    elif facts.drums_only:
        name = facts.instruments[0]
        forms = [
            (1, lambda: f"{facts.genre}, drums only{facts.tail()}"),
            (1, lambda: f"solo {facts.instrument(name)}, {facts.tempo} {facts.genre}{facts.tail()}"),
            (1, lambda: f"{facts.tempo} drum groove, {facts.instrument(name)} alone{facts.tail()}"),
            (1, lambda: f"drum solo loop, {facts.genre}, {facts.bpm}"),
        ]
    else:
        forms += _band_forms(facts)
    return forms


def _band_forms(facts: _Facts) -> list[tuple[float, Callable[[], str]]]:
    """Longer sentences that say who plays what in a group."""
    piece, rng = facts.piece, facts.rng
    by_role = {
        role: [p.instrument for p in piece.parts if p.role == role] for role in ("lead", "harmony", "bass", "drums")
    }

    def backing() -> str:
        heard = [facts.instrument(name) for role in ("harmony", "bass", "drums") for name in by_role[role]]
        return _listing(list(dict.fromkeys(heard))) if heard else ""

    forms: list[tuple[float, Callable[[], str]]] = []
    if by_role["lead"] and backing():
        lead = by_role["lead"][0]
        forms += [
            (1.5, lambda: f"{_article(facts.mood)} {facts.instrument(lead)} melody over {backing()}{facts.tail()}"),
            (1, lambda: f"{facts.genre} led by {facts.instrument(lead)}, with {backing()}{facts.tail()}"),
            (
                1,
                lambda: (
                    f"{_article(facts.tempo)} {facts.noun} in {facts.key}. The {facts.instrument(lead)} carries the "
                    f"tune over {backing()}. The mood is {facts.moods}."
                ),
            ),
        ]
    else:
        forms.append(
            (1, lambda: f"{facts.mood} {facts.style} accompaniment, {backing()}, no lead melody{facts.tail()}")
        )
    if by_role["drums"]:
        forms.append(
            (0.8, lambda: f"{_article(facts.adjective)} groove with {facts.band(4)}, {facts.genre}, {facts.bpm}")
        )
    if len(facts.instruments) == 2:
        forms.append((1, lambda: f"{facts.mood} duo of {facts.band()}{facts.tail()}"))
    if len(facts.instruments) == 3:
        forms.append((0.7, lambda: f"{facts.genre} trio: {facts.band()}{facts.tail()}"))
    forms.append(
        (
            0.5,
            lambda: f"{facts.genre} in {facts.key} at {facts.bpm}, {rng.choice(('played by', 'with'))} {facts.band(4)}",
        )
    )
    return forms


def captions(piece: Piece, count: int, seed: int) -> list[str]:
    """``count`` different captions of ``piece`` (a wording repeats only when the grammar runs out)."""
    rng = Random(f"{piece.seed}/{seed}")
    facts = _Facts(piece, rng)
    forms = _forms(facts)
    made: list[str] = []
    for attempt in range(20 * count):
        if len(made) == count:
            break
        form = rng.choices([form for _, form in forms], [weight for weight, _ in forms])[0]
        text = form()
        if rng.random() < 0.3:
            text = text[0].upper() + text[1:]
        if text not in made or attempt > 10 * count:
            made.append(text)
    return made
