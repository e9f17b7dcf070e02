"""The live player with a model that is slower than its music."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from conftest import build_model
from test_browser import LONG, ask, browser, finished, plays, pytestmark, visit  # noqa: F401

from musicgen.engine import Engine
from musicgen.ui import handlers
from musicgen.ui.app import build, launch_options
from musicgen.ui.engines import Engines
from musicgen.ui.files import Chunks, Stream

PASSING = threading.Semaphore(0)  # chunks that may go to the page


class Slow(Chunks):
    def add(self, samples) -> Stream:
        assert PASSING.acquire(timeout=60)
        return super().add(samples)


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("served")))
        patch.setattr(handlers, "Chunks", Slow)
        page = build(Engines(["pocket"], LONG, lambda name, _: Engine(build_model("aligned"), LONG)))
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield url
        page.close()


def test_what_comes_too_slowly_is_gathered_and_then_heard_without_a_gap(visit):  # noqa: F811
    page = visit()
    ask(page, "calm piano", 4, seed=4)
    page.click("#generate")
    PASSING.release()
    plays(page)  # the first second at once
    page.wait_for_selector("#live[data-state=waiting]")
    heard = float(page.get_attribute("#live", "data-played"))
    page.evaluate("window.asked = performance.now()")
    page.wait_for_function("() => performance.now() - window.asked > 4000")  # a second of music takes so long
    PASSING.release()
    page.wait_for_function("() => parseFloat(document.querySelector('.live-arrived').style.width) > 40")
    assert page.get_attribute("#live", "data-state") == "waiting", "it would stand still again in a second"
    assert float(page.get_attribute("#live", "data-played")) == heard
    PASSING.release(10)
    finished(page, 4)
    page.wait_for_selector("#live[data-state=ended]", state="attached")
    assert float(page.get_attribute("#live", "data-played")) > 3.9, "all of it"
