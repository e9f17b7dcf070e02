"""Who decodes when: requests take a place, wait for a slot, and have their windows decoded side by side.

Continuous batching: a request joins and leaves at any step. One thread owns the model; the requests' own threads
(where codes become sound) only read from it. Every request in a slot makes a step in each round; one that is not read
from stands still; one that is cancelled or fails gives its slot to the longest waiting at once and harms no other. On
CPUs requests share the reading of the weights (stepper.py), and their tokens are the same alone or in company, bit for
bit; on GPUs they share a batch (batch.py). Knows nothing of audio, plans or windows that follow each other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from typing import Any

from torch import Tensor

from musicgen import threads
from musicgen.batch import Batch
from musicgen.decoding import Window, check_window
from musicgen.errors import Busy, ModelUnavailable
from musicgen.lm import LM
from musicgen.memory import free_bytes, give_back, in_words, ran_out, sentence
from musicgen.stepper import Course, Stepper, repacked_bytes, track_bytes

CPU_SLOTS, GPU_SLOTS = 4, 16
WAITING = 16  # requests that may wait for a slot; more are told to come back
AHEAD = 64  # steps a request may be ahead of whoever reads them
IDLE_SECONDS = 0.5  # after which the thread of an idle model ends; the next request starts another


class Scheduler:
    """The slots of one model and the queue before them."""

    def __init__(
        self, lm: LM, slots: int | None = None, waiting: int = WAITING, stepper: Stepper | Batch | None = None
    ) -> None:
        self.lm = lm
        self.slots = slots or (GPU_SLOTS if lm.device.type == "cuda" else CPU_SLOTS)
        self._most_waiting = waiting
        self._stepper = stepper
        self._changed = threading.Condition()
        self._running: list[Place] = []
        self._waiting: deque[Place] = deque()
        self._closing: list[Course] = []
        self._worker: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether anybody has a slot or waits for one."""
        return bool(self._running or self._waiting)

    def check_room(self) -> None:
        """Raise ``Busy`` when the queue is full."""
        with self._changed:
            self._refuse_if_full()

    def check_memory(self, positions: int, rows: int = 2) -> None:
        """Raise ``ModelUnavailable`` when what a request of so many positions needs cannot fit.

        What others in a slot have been promised, and have not taken yet, is not free.
        """
        needed, free = self._bytes_needed(positions, rows), free_bytes(self.lm.device)
        if free is None:
            return
        if self._stepper is None and self.lm.device.type == "cpu":
            needed += repacked_bytes(self.lm)  # of the weights, for whoever comes first
        with self._changed:
            free = max(0, free - sum(place.promised for place in self._running if place.course is None))
        if needed > free:
            raise ModelUnavailable(
                f"This request needs {in_words(needed)} of memory while it runs, but only {in_words(free)} are free; "
                "ask for a shorter duration or a pattern of fewer steps, or try again when others are done."
            )

    def _bytes_needed(self, positions: int, rows: int) -> int:
        if isinstance(self._stepper, Batch):
            return self._stepper.bytes_needed(positions)
        return track_bytes(self.lm, positions, rows)

    def enter(self) -> Place:
        """A place for a request: in a slot if one is free, else at the end of the queue. Raises ``Busy``."""
        with self._changed:
            self._refuse_if_full()
            place = Place(self)
            self._waiting.append(place)
            self._promote()
            return place

    def _refuse_if_full(self) -> None:
        if len(self._running) >= self.slots and len(self._waiting) >= self._most_waiting:
            raise Busy(
                f"The model is busy, {len(self._waiting) + 1} requests are ahead; please try again in a while."
            )

    def _promote(self) -> None:
        while self._waiting and len(self._running) < self.slots:
            self._running.append(self._waiting.popleft())
        self._changed.notify_all()

    # -- the thread that owns the model -----------------------------------------------------------------------------

    def _wake(self) -> None:
        """With the lock held: there is something to do."""
        if self._worker is None:
            # No daemon: a process that ends while such a thread is inside the model would crash.
            worker = threading.Thread(target=self._work, name="musicgen-decoding")
            worker.start()  # may fail, and then there is none
            self._worker = worker
        self._changed.notify_all()

    def _work(self) -> None:
        try:
            with threads.only(threads.worth(repacked_bytes(self.lm))):
                while self._turn():
                    pass
        except BaseException as error:  # nobody may wait for ever
            self._give_up(f"Decoding ended unexpectedly: {error}")
            raise

    def _turn(self) -> bool:
        """One round; False when there has been nothing to do for a while, and the thread is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._ready(), IDLE_SECONDS)
            closing, self._closing = self._closing, []
            ready = self._ready()
            if not closing and not ready:
                self._worker = None
                return False
        if not threading.main_thread().is_alive():
            self._give_up("The program is closing.")
            return False
        for course in closing:
            course.close()
        self._round(ready)
        return True

    def _give_up(self, reason: str) -> None:
        with self._changed:
            self._worker = None
            for place in self._running:
                if place.course is not None:  # for the next thread: a batch must not keep its slot for ever
                    self._closing.append(place.course)
                if place.window is not None:
                    place.error = RuntimeError(reason)
                    place.window = place.course = None
            self._changed.notify_all()

    def _ready(self) -> list[Place]:
        return [place for place in self._running if place.window is not None and len(place.steps) < AHEAD]

    def _round(self, places: list[Place]) -> None:
        """Open what is new, make a step of each, hand out what was made."""
        moving: dict[Course, tuple[Place, Window]] = {}
        for place in places:
            window, course = place.window, place.course
            if window is None:  # withdrawn a moment ago
                continue
            if course is None:
                try:
                    course = self._open(window)
                except Exception as error:
                    self._deliver(place, window, None, error)
                    continue
            moving[course] = (place, window)
        failed: dict[Any, Exception] = {}
        if moving:
            assert self._stepper is not None
            failed = self._stepper.advance(moving)  # type: ignore[arg-type]
        for course, (place, window) in moving.items():
            self._deliver(place, window, course, failed.get(course))

    def _open(self, window: Window) -> Course:
        if self._stepper is None:
            self._stepper = Stepper(self.lm) if self.lm.device.type == "cpu" else Batch(self.lm, self.slots)
        return self._stepper.open(window)

    def _deliver(self, place: Place, window: Window, course: Course | None, error: Exception | None) -> None:
        steps = [] if course is None or error is not None else course.take()
        with self._changed:
            if place.window is not window:  # withdrawn meanwhile: it was not yet known that there is a course
                if course is not None and course is not place.course:
                    self._closing.append(course)
                return
            place.steps.extend(steps)
            place.course, place.error = course, None if error is None else _plain(error)
            if course is None or course.done or error is not None:
                if course is not None:
                    self._closing.append(course)
                place.window = place.course = None
            self._changed.notify_all()


class Place:
    """A request's place in the queue, then its slot, until it leaves."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        # Guarded by the scheduler's lock; `course` is touched by its thread alone.
        self.window: Window | None = None  # being decoded
        self.course: Course | None = None
        self.steps: deque[tuple[int, Tensor]] = deque()  # made, not yet read
        self.error: Exception | None = None
        self.promised = 0  # bytes it will take

    def claim(self, positions: int, rows: int = 2) -> None:
        """Promise it memory for windows of up to so many positions. Raises ``ModelUnavailable`` if there is too little.

        To be called once it has a slot: others may have taken what was free when it was asked for.
        """
        scheduler = self._scheduler
        with scheduler._changed:  # nobody else is promised the same memory meanwhile
            self.promised = 0
            scheduler.check_memory(positions, rows)
            self.promised = scheduler._bytes_needed(positions, rows)

    def wait(self, seconds: float) -> int:
        """Wait up to ``seconds`` for a slot; how many are still ahead, 0 once there is one."""
        scheduler = self._scheduler
        with scheduler._changed:
            scheduler._changed.wait_for(lambda: self not in scheduler._waiting, seconds)
            return scheduler._waiting.index(self) + 1 if self in scheduler._waiting else 0

    def decode(self, window: Window) -> Generator[tuple[int, Tensor], None, None]:
        """The steps of ``window`` as ``decode_steps`` yields them, one window after another.

        Raises ``ValueError`` at the first step if the window does not fit the model, ``ModelUnavailable`` when the
        memory runs out. Closing it stops the model.
        """
        scheduler = self._scheduler
        check_window(scheduler.lm, window)
        try:
            with scheduler._changed:
                if self not in scheduler._running:
                    raise RuntimeError("Only a request with a slot can decode.")
                self.window, self.error = window, None
                scheduler._wake()
            while True:
                with scheduler._changed:
                    scheduler._changed.wait_for(lambda: self.steps or self.window is None)
                    new, error, ended = list(self.steps), self.error, self.window is None
                    self.steps.clear()
                    if not ended:
                        scheduler._wake()  # this request may have stood still, unread
                yield from new
                if error is not None:
                    raise error
                if ended:
                    return
        finally:
            self._withdraw()

    def leave(self) -> None:
        """Give the slot, or the place in the queue, to the next; calling it again does nothing."""
        scheduler = self._scheduler
        self._withdraw()
        with scheduler._changed:
            for places in (scheduler._running, scheduler._waiting):
                if self in places:
                    places.remove(self)  # type: ignore[attr-defined]
            scheduler._promote()

    def _withdraw(self) -> None:
        with self._scheduler._changed:
            if self.course is not None:
                self._scheduler._closing.append(self.course)
                self._scheduler._wake()
            self.window = self.course = None
            self.steps.clear()


def _plain(error: Exception) -> Exception:
    """Running out of memory in a sentence; everything else as it is."""
    if not ran_out(error):
        return error
    error.__traceback__ = None  # it holds on to what the failed step had
    give_back()
    return sentence("decoding")
