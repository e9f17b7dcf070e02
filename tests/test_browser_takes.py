"""Takes and links in a real browser: kept over reload and restart, private, shared by a link, compared, deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import build_model
from test_browser import (  # noqa: F401
    PATIENCE,
    PHONE,
    WIDE,
    ask,
    browser,
    fetched,
    finished,
    fits,
    pytestmark,
    raw_marks,
    unfold,
)

from musicgen import audio
from musicgen.engine import Engine
from musicgen.takes import Takes
from musicgen.ui.app import build, launch_options
from musicgen.ui.engines import Engines

MAX_DURATION = 3600.0


class Server:
    """The page on one port and one data folder, to be started again."""

    def __init__(self, new_folder: Callable[[str], Path], patch: pytest.MonkeyPatch) -> None:
        self.data, self.url, self._port = new_folder("data"), "", None
        self._new_folder, self._patch = new_folder, patch
        engine = Engine(build_model("aligned"), MAX_DURATION)
        self._engines = Engines(["pocket", "small"], MAX_DURATION, lambda *_: engine)
        self.start()

    def start(self) -> None:
        # The one that was stopped removes what it served when its last visitor has gone, and that may be later.
        self._patch.setenv("GRADIO_TEMP_DIR", str(self._new_folder("served")))
        self._page = build(self._engines, Takes(self.data))
        _, self.url, _ = self._page.launch(
            prevent_thread_lock=True, quiet=True, server_port=self._port, **launch_options(self._engines)
        )
        self._port = urlsplit(self.url).port

    def stop(self) -> None:
        self._page.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        server = Server(tmp_path_factory.mktemp, patch)
        yield server
        server.stop()


@pytest.fixture
def visitor(server, browser) -> Iterator[Callable]:  # noqa: F811
    """Somebody with a browser profile of their own; at the end nothing may have gone wrong or outside."""
    contexts, errors, hosts = [], [], set()

    def profile(viewport=WIDE):
        context = browser.new_context(viewport=viewport)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)

        def opened(query: str = ""):
            page = context.new_page()
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
            page.goto(server.url + query)
            page.wait_for_selector("#generate:enabled")
            page.wait_for_function("() => localStorage.getItem('musicgen-owner')")
            return page

        return opened

    profile.errors = errors  # type: ignore[attr-defined]
    yield profile
    marks = [raw_marks(page) for context in contexts for page in context.pages]
    for context in contexts:
        context.close()
    assert errors == []
    assert not any(marks)
    assert hosts <= {urlsplit(server.url).hostname, None}


def make(page, prompt: str, seed: int, seconds: float = 1.5) -> None:
    ask(page, prompt, seconds, seed)
    page.click("#generate")
    finished(page, seed)


def link(page, button: str) -> str:
    page.click(button)
    page.wait_for_selector("#link >> visible=true")
    return urlsplit(page.input_value("#link textarea, #link input")).query


def takes_tab(page) -> None:
    tab = page.locator("button[role=tab] >> text=Takes")
    if tab.count() == 0:  # on a narrow screen the last tabs may lie in a menu
        page.click(".overflow-menu > button")
        tab = page.locator(".overflow-dropdown button >> text=Takes")
    tab.click()
    page.wait_for_selector("#kept-note .note")


def test_takes_survive_reload_and_restart_and_nobody_else_sees_them(server, visitor):
    mine, yours = visitor(), visitor(PHONE)
    page = mine()
    make(page, "calm piano", 21)
    page.reload()
    page.wait_for_selector("#generate:enabled")
    takes_tab(page)
    page.wait_for_selector("#kept label >> text=calm piano")
    page.close()
    visitor.errors.clear()  # a page that is loaded anew breaks off what it was asking for, and says so

    server.stop()
    server.start()
    page = mine()
    takes_tab(page)
    page.click("#kept label >> text=calm piano")
    page.wait_for_selector("#kept-first svg")
    page.wait_for_selector("#kept-first audio", state="attached")
    other = yours()
    takes_tab(other)
    other.wait_for_selector("#kept-note >> text=Nothing here yet")
    assert other.locator("#kept label >> text=calm piano").count() == 0 and fits(other)


def test_a_shared_take_opens_with_sound_pictures_and_settings_for_a_stranger(visitor):
    page = visitor()()
    ask(page, "shared waltz", 1.5, 31)
    unfold(page, "plan")
    page.fill("#bpm textarea, #bpm input", "100")
    page.click("#generate")
    finished(page, 31)
    query = link(page, "#share-take")
    stranger = visitor(PHONE)("?" + query)
    stranger.wait_for_selector("#status >> text=Somebody shared this take")
    stranger.wait_for_selector("#spectrum svg")
    assert stranger.input_value("#prompt textarea") == "shared waltz"
    unfold(stranger, "plan")
    assert stranger.input_value("#bpm textarea, #bpm input") == "100"
    assert stranger.input_value("#seed textarea, #seed input") == "31"
    sound = audio.read(fetched(stranger.locator("#take a[download]").first.get_attribute("href")))
    assert abs(sound.seconds - 1.5) < 0.1
    assert stranger.locator("#grid svg[role=img]").count() == 1 and fits(stranger)
    takes_tab(stranger)
    stranger.wait_for_selector("#kept-note >> text=Nothing here yet")


def test_a_link_to_settings_fills_the_page_ready_to_generate(visitor):
    page = visitor()()
    make(page, "sent settings", 41)
    recipe = audio.read_recipe(fetched(page.locator("#take a[download]").first.get_attribute("href")))
    query = link(page, "#share-settings")
    stranger = visitor()("?" + query)
    stranger.wait_for_selector("#status >> text=settings of the link are filled in")
    stranger.wait_for_function("() => document.querySelector('#prompt textarea').value === 'sent settings'")
    stranger.click("#generate")
    again = audio.read_recipe(fetched(finished(stranger, 41)))
    assert again == recipe
    tampered = query[:-12] + ("x" if query[-12] != "x" else "y") + query[-11:]
    visitor()("?" + tampered).wait_for_selector("#status .trouble >> text=cut off or changed")


def test_a_private_a_wrong_and_a_deleted_take_get_the_same_sentence(server, visitor):
    mine = visitor()
    page = mine()
    make(page, "secret song", 51)
    takes_tab(page)
    page.click("#kept label >> text=secret song")
    page.wait_for_selector("#kept-first svg")
    take = page.locator("#kept label:has-text('secret song') input").get_attribute("value")
    assert len(list(server.data.glob(f"*/{take}.*"))) == 2
    for query in (f"?take={take}", "?take=" + "A" * 22, "?take=..%2F..%2Ftakes.db"):
        visitor()(query).wait_for_selector("#status .trouble >> text=no such take here")
    page.click("#kept-delete")
    page.click("#kept-yes")
    page.wait_for_selector("#kept-note >> text=Nothing here yet")
    assert list(server.data.glob(f"*/{take}.*")) == []
    mine(f"?take={take}").wait_for_selector("#status .trouble >> text=no such take here")


def test_takes_are_found_marked_compared_and_reopened(visitor):
    page = visitor()()
    for prompt, seed in (("first idea", 61), ("second idea", 62)):
        make(page, prompt, seed)
    takes_tab(page)
    page.wait_for_selector("#kept-first >> text=Choose a take")
    assert page.locator("#shelf").bounding_box()["width"] > 1000, "nothing chosen, and still as wide as the page"
    page.click("#kept label >> text=first idea")
    page.wait_for_selector("#kept-first >> text=first idea")
    page.click("#kept-favourite")
    page.wait_for_selector("#kept label:first-of-type >> text=★ first idea")
    page.click("#kept-other input")
    page.click("[role=option] >> text=second idea")
    page.wait_for_selector("#kept-second >> text=second idea")
    page.wait_for_selector("#kept-second svg")
    assert page.locator("#kept-first svg[role=img]").count() == 2 and fits(page)
    page.fill("#kept-search textarea, #kept-search input", "second")
    page.wait_for_selector("#kept-note >> text=1 take")
    page.click("#kept label >> text=second idea")
    page.wait_for_selector("#kept-first >> text=second idea")
    page.click("#kept-reopen")
    page.wait_for_selector("#status >> text=One of your takes")
    page.wait_for_selector("#prompt >> visible=true")
    assert page.input_value("#prompt textarea") == "second idea"
    assert page.input_value("#seed textarea, #seed input") == "62"


def test_a_take_opened_while_another_is_made_is_not_written_over(visitor):
    page = visitor()()
    make(page, "first idea", 71)
    page.fill("#prompt textarea", "second idea")
    page.fill("#duration input[type=number]", "8")
    page.fill("#seed textarea, #seed input", "72")
    page.click("#generate")
    page.wait_for_selector("#grid svg[role=img]")
    takes_tab(page)
    page.click("#kept label >> text=first idea")
    page.wait_for_selector("#kept-first >> text=first idea")
    with page.expect_event("requestfinished", lambda request: "queue/data" in request.url):  # the old run has ended
        page.click("#kept-reopen")
        page.wait_for_selector("#status >> text=One of your takes")
    takes_tab(page)
    page.wait_for_selector("#kept label >> text=second idea")  # what there was of it is kept
    page.click("role=tab[name=Create]")
    page.wait_for_selector("#facts >> text=seed 71")
    assert page.locator("#status >> text=One of your takes").count() == 1
    assert page.locator("#live").get_attribute("data-state") in ("idle", "ended")
