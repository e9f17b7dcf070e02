"""The How it works tab in a real browser, wide and on a phone, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from conftest import build_model
from test_browser import CHROMIUM, PHONE, WIDE, playwright, pytestmark  # noqa: F401

from musicgen.engine import Engine
from musicgen.ui.app import build, launch_options
from musicgen.ui.engines import Engines

PATIENCE = 240_000  # ms until a condition counts as never met

# Texts of the drawing that stick out of it, or out of the box or column they are in.
TOO_LONG = """(svg) => {
  const boxes = [...svg.querySelectorAll("rect")].map((rect) => rect.getBoundingClientRect());
  return [...svg.querySelectorAll("text")].filter((text) => {
    const at = text.getBoundingClientRect(), whole = svg.getBoundingClientRect(), y = (at.top + at.bottom) / 2;
    const around = boxes.filter((box) => box.left <= at.left && at.left < box.right && box.top <= y && y < box.bottom);
    return at.right > Math.min(whole.right, ...around.map((box) => box.right)) + 0.5;
  }).map((text) => text.textContent);
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("served")))
        page = build(Engines(["pocket", "small"], 60.0, lambda *_: Engine(build_model("aligned"), 60.0)))
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield url
        page.close()


@pytest.fixture
def visit(served) -> Iterator[Callable]:
    """Opens the tab; at the end nothing may have gone wrong, outside, or beyond the edge of the screen."""
    pages, errors, hosts = [], [], set()

    def opened(viewport: dict, language: str, tab: str):
        context = chromium.new_context(viewport=viewport, locale=language)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        pages.append(page)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(served)
        page.wait_for_selector("#generate:enabled")
        page.get_by_role("tab", name=tab).click()
        page.wait_for_selector("#how-picture svg >> visible=true")
        return page

    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        wide = [page.evaluate("document.documentElement.scrollWidth - window.innerWidth") for page in pages]
        chromium.close()
    assert errors == []
    assert hosts <= {urlsplit(served).hostname, None}
    assert all(beyond <= 0 for beyond in wide)


@pytest.mark.parametrize(
    ("viewport", "language", "tab", "words"),
    [(WIDE, "en", "How it works", "numbers can be predicted"), (PHONE, "ko", "작동 원리", "수는 예측할 수 있습니다")],
    ids=["wide", "phone"],
)
def test_the_picture_is_seen_whole_and_changes_with_the_model(visit, viewport, language, tab, words):
    page = visit(viewport, language, tab)
    page.wait_for_selector(f"#how-ideas >> text={words}")
    assert page.locator("text=__i18n__").count() == 0
    seen = page.locator("#how-picture svg >> visible=true")
    for model, phrase in (("pocket", "What it is told"), ("melody", "235 frames of melody, then the words"),
                          ("stereo-large", "48 layers of width 2,048")):
        if model != "pocket":
            page.click("#how-model input")
            page.click(f"[role=option][aria-label^='{model} ']")
        page.wait_for_selector(f"#how-picture title >> text=/^{model}$/ >> nth=0", state="attached")
        assert seen.count() == 1 and phrase in (seen.text_content() or "")
        assert seen.evaluate(TOO_LONG) == []
        box = seen.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= viewport["width"]
        assert box["width"] > 0.85 * viewport["width"]
