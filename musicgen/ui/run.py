"""One press of a button that makes takes: how it is stopped, and what of it is still to be seen.

Knows nothing of what is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from musicgen.engine import Generation
from musicgen.ui.lent import lends_gpus
from musicgen.ui.shown import Update


@dataclass
class Run:
    """One press of Generate. Only the page it was pressed on holds this object, and so only its Stop ends it."""

    begun: bool = False  # its takes are being made, or were: a press that was refused leaves the one before it here
    stopped: bool = False
    replaced: bool = False  # another press, or a take that was opened, has its place on the page
    generation: Generation | None = None  # the one at work
    over: bool = False

    def stop(self) -> None:
        """End the run; what it has made stays."""
        self.stopped = True
        if (generation := self.generation) is not None:  # read once: it may be over in this moment
            generation.close()

    def end(self) -> None:
        """Nothing more will come: the page keeps this object as long as it is open, but no model and no sound by it."""
        self.generation, self.over = None, True

    def give_way(self) -> None:
        """End the run, and let the page be somebody else's: what was made is kept, but not shown."""
        self.replaced = True
        self.stop()

    def halt(self) -> bool:
        """``stop``, by its button; whether it had not begun, and so lets go of the page at once."""
        if self.over or self.generation is not None or (self.begun and lends_gpus()):
            self.stop()
            return False
        self.give_way()
        return True

    def shown(self, updates: Iterator[Update]) -> Iterator[Update]:
        """Those of its updates that are still to be seen; it runs to its end all the same."""
        for update in updates:
            if not self.replaced:
                yield update
        if self.replaced:  # the last that is sent shall change nothing either
            yield {}


def once(run: Run | None, updates: Callable[[Run], Iterator[Update]]) -> Iterator[Update]:
    """What a press shows; nothing where it was refused: then ``run`` is that of the press before, or None."""
    if run is None or run.begun:
        yield {}
        return
    run.begun = True
    yield from run.shown(updates(run))
