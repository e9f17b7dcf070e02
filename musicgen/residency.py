"""What is kept in memory: things by name under a budget of bytes, the least recently used let go first.

Loading one blocks nobody but those who ask for the same one: streams of the others go on. What is let go while a
stream still uses it stays in memory until that stream ends. Knows nothing of models: loading and sizes are told to it.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Residency(Generic[T]):
    """Loads at first use, keeps within ``budget`` bytes; the one asked for last always stays, whatever its size."""

    def __init__(self, budget: int | None, size: Callable[[T], int], busy: Callable[[T], bool]) -> None:
        """``size`` tells the bytes of one; ``busy`` whether it is at work: idle ones go first. No budget: all stay."""
        self._budget, self._size, self._busy = budget, size, busy
        self._lock = threading.Lock()  # held for moments only, never while loading
        self._kept: dict[str, T] = {}  # the least recently used first
        self._sizes: dict[str, int] = {}  # of all that were ever loaded
        self._loading: dict[str, threading.Lock] = {}

    def peek(self, name: str) -> T | None:
        """The one called ``name`` if it is here; does not count as a use."""
        with self._lock:
            return self._kept.get(name)

    def get(self, name: str, load: Callable[[], T], expected: int = 0) -> T:
        """The one called ``name``, by ``load`` unless it is here; two who ask at once wait for one load.

        ``expected`` bytes are made free before it is loaded, unless its size is known already.
        """
        with self._lock:
            own = self._loading.setdefault(name, threading.Lock())
        with own:
            with self._lock:
                if name in self._kept:
                    self._kept[name] = thing = self._kept.pop(name)
                    return thing
                self._make_room(self._sizes.get(name, expected))
            thing = load()
            with self._lock:
                self._sizes[name] = self._size(thing)
                self._make_room(self._sizes[name])
                self._kept[name] = thing
            return thing

    def _make_room(self, needed: int) -> None:
        if self._budget is None:
            return
        order = sorted(self._kept, key=lambda name: self._busy(self._kept[name]))  # stable: idle first, then by age
        total, gone = needed + sum(self._sizes[name] for name in self._kept), False
        for name in order:
            if total <= self._budget:
                break
            del self._kept[name]
            total, gone = total - self._sizes[name], True
        if gone:
            gc.collect()
