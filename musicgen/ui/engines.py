"""The models a page offers: loaded when first asked for, then kept while there is room. The only state users share.

Knows nothing of requests or of what is on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from musicgen.config import KNOWN_MODELS, ModelConfig
from musicgen.engine import Engine
from musicgen.errors import ModelUnavailable
from musicgen.memory import free_bytes
from musicgen.patterns import MONO_NAMES, Pattern, get_pattern
from musicgen.request import follows_melody
from musicgen.residency import Residency

SHARE = 0.7  # of the memory that is free at the start may be models; the rest is for those at work

Progress = Callable[[float, str], None]  # the share done, 0 to 1, and what is going on


@dataclass(frozen=True)
class Card:
    """What a person, and the page, wants to know of a model before using it."""

    name: str
    label: str
    note: str
    codebooks: int = 4
    pattern: str = "delay"  # the one its weights were trained with
    told_pattern: bool = False  # whether they were trained with all mono ones, and are told what each step holds
    frame_rate: float = 50.0
    sings: bool = True  # whether it follows a melody
    planned: bool = False  # whether it is told a plan; others read what is set by hand as text

    @property
    def rests(self) -> bool:
        """Whether silence in a melody is a rest; the released models that follow one are told a C there."""
        return self.planned or not self.sings

    def knows(self, pattern: Pattern) -> bool:
        """Whether the weights were trained to decode along ``pattern``, by whatever name it goes."""
        names = MONO_NAMES if self.told_pattern else (self.pattern,)
        return pattern.lines in [get_pattern(name, self.codebooks).lines for name in names]


class Engines:
    """Engines by name. ``names`` are short names of the catalogue or folders; the first is the default.

    ``open_engine`` makes the engine of a name and tells its progress; the default loads the model, as ``dtype``,
    downloading it if need be.
    """

    def __init__(
        self,
        names: Sequence[str],
        max_duration: float = 120.0,
        open_engine: Callable[[str, Progress], Engine] | None = None,
        dtype: str | None = None,
    ) -> None:
        self.names = list(dict.fromkeys(names))
        self.max_duration = max_duration
        if not self.names:
            raise ValueError("Name at least one model, such as pocket.")
        for name in self.names:
            if name not in KNOWN_MODELS and not Path(name).is_dir():
                known = ", ".join(KNOWN_MODELS)
                raise ValueError(f"'{name}' is neither a known model nor a folder; choose from {known}.")
        if dtype is not None:
            from musicgen.checkpoints import choose_device, choose_dtype

            choose_dtype(dtype, choose_device(None))  # what cannot be is said at once
        self._dtype = dtype
        self._open = open_engine or self._load
        self._engines: Residency[Engine] = Residency(_budget(), lambda engine: engine.model.size,
                                                     lambda engine: engine.busy)  # fmt: skip
        self._progress: dict[str, tuple[float, str]] = {}

    @property
    def default(self) -> str:
        """The model chosen when nobody chooses."""
        return self.names[0]

    def loaded(self, name: str) -> bool:
        """Whether ``name`` can start at once."""
        return self._engines.peek(name) is not None

    def get(self, name: str) -> Engine:
        """The engine of ``name``, loading it at first use; two users who ask at once wait for one load.

        Raises ``ValueError`` for a model this page does not offer, ``ModelUnavailable`` when it cannot be had.
        """
        if name not in self.names:
            raise ValueError(f"This page offers {', '.join(self.names)}; '{str(name)[:60]}' is not one of them.")
        progress, bytes_ = partial(self._note_progress, name), _expected(name, self._dtype)
        return self._engines.get(name, lambda: self._open(name, progress), bytes_)

    def progress(self, name: str) -> tuple[float, str]:
        """How far the loading of ``name`` is: the share done, 0 to 1, and what is going on."""
        return self._progress.get(name, (0.0, f"Loading {name}"))

    def warm_up(self) -> None:
        """Load the default model ahead of its first use, if that needs no download."""
        from musicgen.checkpoints import present

        if not present(self.default):
            return
        try:
            self.get(self.default)
        except (ValueError, ModelUnavailable):
            pass  # whoever asks for it is told why

    def card(self, name: str) -> Card:
        """What is known of ``name``; its own configuration says more once it is loaded."""
        if name not in self.names:
            name = self.default
        return _card(name, self.configuration(name))

    def configuration(self, name: str) -> ModelConfig | None:
        """What ``name`` is made of: as it was loaded, or else as far as that is known without its weights."""
        from musicgen.checkpoints import configuration

        engine = self._engines.peek(name)
        return engine.model.config if engine else configuration(name)

    def _load(self, name: str, progress: Progress) -> Engine:
        from musicgen.checkpoints import load

        return Engine(load(name, dtype=self._dtype, progress=progress), self.max_duration)

    def _note_progress(self, name: str, share: float, what: str) -> None:
        self._progress[name] = (share, what[:1].upper() + what[1:])


def _budget() -> int | None:
    """Bytes that models may take."""
    free = free_bytes("cuda" if torch.cuda.is_available() else "cpu")
    return None if free is None else round(SHARE * free)


def _expected(name: str, dtype: str | None) -> int:
    """About how many bytes ``name`` will take, as far as the catalogue says."""
    number, _, unit = KNOWN_MODELS[name].parameters.partition(" ") if name in KNOWN_MODELS else ("", "", "")
    weights = float(number) * {"M": 1e6, "B": 1e9}[unit] if number else 0
    each = 2 if torch.cuda.is_available() else 5 if dtype == "int8" else 8  # float32 on a CPU, and once more repacked
    return round(weights * each)


def _card(name: str, config: ModelConfig | None) -> Card:
    from musicgen.checkpoints import present

    known = KNOWN_MODELS.get(name)
    if known is None:
        licence = config.licence if config else "unknown licence"
        label, note = f"{Path(name).name} · folder · {licence}", f"Read from the folder {Path(name).name}."
    else:
        bundled, here = known.source == "bundled", present(name)
        absent = "missing" if bundled else f"{known.download} to download"
        where = absent if not here else "bundled" if bundled else "here"
        label = " · ".join(part for part in (name, known.parameters, where, known.licence) if part)
        note = known.note[0].upper() + known.note[1:] + "."
        if known.licence.startswith("CC-BY-NC"):
            note += " Not for commercial use."
    if config is not None:
        lm, told = config.lm, config.lm.told_pattern
        taught = "It knows the seven mono patterns." if told else f"Trained with the {_spoken(config.pattern)} pattern."
        note += f" {taught}"
        rate, sings = config.codec.frame_rate, follows_melody(config)
        planned = bool(lm.aligned_dim)
        return Card(name, label, note, lm.codebooks, config.pattern, told, rate, sings, planned)
    return Card(name, label, note)


def _spoken(pattern: str) -> str:
    return pattern.replace("_", " ")
