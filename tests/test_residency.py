"""What stays in memory, what goes, and that loading one blocks no other."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.residency import Residency


@pytest.fixture(scope="module", autouse=True)
def no_sweeping():
    """Things let go here hold no cycles, and a sweep of all that a test run has imported takes most of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("musicgen.residency.gc.collect", lambda: 0)
        yield


@dataclass
class Thing:
    name: str
    size: int
    busy: bool = False


def residency(budget: int | None) -> Residency[Thing]:
    return Residency(budget, lambda thing: thing.size, lambda thing: thing.busy)


def kept(shelf: Residency[Thing]) -> set[str]:
    return {name for name in "abcdef" if shelf.peek(name)}


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans())), st.integers(0, 12))
def test_the_budget_holds_and_the_last_one_stays(uses, budget):
    shelf, loads = residency(budget), []
    sizes = dict(zip("abcdef", (1, 2, 3, 4, 5, 6), strict=True))
    for name, busy in uses:
        before = kept(shelf)
        thing = shelf.get(name, lambda name=name: loads.append(name) or Thing(name, sizes[name]))
        thing.busy = busy
        assert thing.name == name and shelf.peek(name) is thing
        assert kept(shelf) <= before | {name}
        assert sum(sizes[other] for other in kept(shelf)) <= max(budget, sizes[name])


def test_the_least_recently_used_goes_first_and_idle_ones_before_busy_ones():
    shelf = residency(3)
    for name in "abc":
        shelf.get(name, lambda name=name: Thing(name, 1))
    shelf.get("a", pytest.fail)
    shelf.get("d", lambda: Thing("d", 1))
    assert kept(shelf) == {"c", "a", "d"}
    shelf.peek("c").busy = True
    shelf.get("e", lambda: Thing("e", 1))
    assert kept(shelf) == {"c", "d", "e"}


def test_room_is_made_before_loading():
    shelf = residency(3)
    for name in "ab":
        shelf.get(name, lambda name=name: Thing(name, 1))
    shelf.get("c", lambda: Thing("c", 2) if kept(shelf) == {"b"} else pytest.fail("no room"), expected=2)
    shelf.get("d", lambda: Thing("d", 3))
    shelf.get("c", lambda: Thing("c", 2) if not kept(shelf) else pytest.fail("its size was known"))


def test_without_a_budget_everything_stays():
    shelf = residency(None)
    for name in "abc":
        shelf.get(name, lambda name=name: Thing(name, 10**15))
    assert kept(shelf) == set("abc")


def test_loading_one_blocks_no_other_and_happens_once():
    shelf, may_go_on, loads = residency(10), threading.Event(), []

    def slow() -> Thing:
        loads.append("a")
        may_go_on.wait()
        return Thing("a", 1)

    got: list[Thing] = []
    askers = [threading.Thread(target=lambda: got.append(shelf.get("a", slow))) for _ in range(3)]
    for asker in askers:
        asker.start()
    assert shelf.get("b", lambda: Thing("b", 1)).name == "b", "while the other is still loading"
    may_go_on.set()
    for asker in askers:
        asker.join()
    assert loads == ["a"] and len({id(thing) for thing in got}) == 1


def test_a_load_that_fails_is_tried_again():
    shelf = residency(10)
    with pytest.raises(OSError):
        shelf.get("a", lambda: (_ for _ in ()).throw(OSError("offline")))
    assert shelf.get("a", lambda: Thing("a", 1)).name == "a"
