"""The How it works tab in a real browser, wide and on a phone, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import torch
from conftest import build_model
from test_browser import PHONE, WIDE, ask, browser, finished, pytestmark, raw_marks  # noqa: F401

from musicgen.engine import Engine, GenerationRequest
from musicgen.inside import scores
from musicgen.sampling import guide, keep_top_k, keep_top_p
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
        page = build(Engines(["pocket", "small"], 60.0, lambda *_: Engine(build_model("told"), 60.0)))
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield url
        page.close()


@pytest.fixture
def visit(served, browser) -> Iterator[Callable]:  # noqa: F811
    """Opens the tab; at the end nothing may have gone wrong, outside, or beyond the edge of the screen."""
    pages, errors, hosts = [], [], set()

    def opened(viewport: dict, language: str, tab: str):
        context = browser.new_context(viewport=viewport, locale=language)
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

    yield opened
    wide = [page.evaluate("document.documentElement.scrollWidth - window.innerWidth") for page in pages]
    marks = [raw_marks(page) for page in pages]
    for page in pages:
        page.context.close()
    assert errors == []
    assert not any(marks)
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


def numbers(text: str | None) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text or "")]


def move(page, **settings: float) -> None:
    """Move sliders of the step that is looked into."""
    for what, value in settings.items():
        page.evaluate(
            """([what, value]) => {
              const range = document.querySelector(`#inside [data-set=${what}]`);
              range.value = value;
              range.dispatchEvent(new Event("input", { bubbles: true }));
            }""", [what, value],
        )


@pytest.mark.parametrize(
    ("viewport", "language", "tabs"),
    [(WIDE, "en", ("How it works", "Create")), (PHONE, "ko", ("작동 원리", "만들기"))],
    ids=["wide", "phone"],
)
def test_a_step_is_seen_from_inside_as_it_is_sampled(visit, viewport, language, tabs):
    how, create = tabs
    page = visit(viewport, language, how)
    assert page.locator("#inside").is_hidden() and page.locator("#inside-words").is_hidden()
    page.click("#inside-go")
    page.wait_for_selector("#inside-status [role=alert]")  # there is no take yet
    page.get_by_role("tab", name=create).click()
    ask(page, "calm piano", 2, seed=5)
    page.click("#generate")
    finished(page, 5)
    page.get_by_role("tab", name=how).click()
    page.click("#inside-go")
    page.wait_for_selector("#inside[data-state=ready] tr.drawn")

    page.fill("#inside-since input", "1")
    page.click("#inside-go")
    page.wait_for_selector("#inside-status >> text=1.0")  # and to 2.0 of it
    page.fill("#inside-since input", "0")
    page.click("#inside-go")
    page.wait_for_selector("#inside-status >> text=1.0", state="detached")
    page.wait_for_selector("#inside[data-state=ready] tr.drawn")

    model, request = build_model("told"), GenerationRequest("calm piano", duration=2.0, seed=5)
    take = Engine(model).generate(request)
    found = scores(model, request, take.codes)

    def check(guidance: float, temperature: float, top_k: int, top_p: float, prior: float = 0.5) -> None:
        """What is shown is what sampling.py makes of the same scores."""
        _, frame, book, step = numbers(page.text_content("#inside .inside-where"))
        t, k = int(frame) - 1, int(book) - 1
        assert step == found.steps[t, k] + 1
        told, without = torch.from_numpy(found.logits[t, k])
        odds = torch.from_numpy(found.odds[t, k])
        mixed = guide(told, without, guidance) + prior * odds
        cooled = mixed / (temperature * found.temperatures[k])
        end = (keep_top_p(cooled, top_p) if top_p else keep_top_k(cooled, top_k)).softmax(-1)
        drawn, order = int(take.codes[k, t]), mixed.argsort(descending=True).tolist()
        rows = [numbers(row) for row in page.locator("#inside tbody tr").evaluate_all(
            "rows => rows.map((row) => [...row.cells].map((cell) => "
            "cell.textContent.replace('< 0.01', '0').replace(/÷ (.*)/, (_, by) => String(1 / by))).join(' '))"
        )]
        codes = [int(row[0]) for row in rows]
        assert codes[:16] == order[:16] and drawn in codes and len(codes) in (16, 17)
        for code, of_told, of_without, times, in_the_end in rows:
            expected = [100 * float(row[int(code)]) for row in (told.softmax(-1), without.softmax(-1), end)]
            assert [of_told, of_without, in_the_end] == pytest.approx(expected, abs=0.051)
            assert times == pytest.approx(float(odds[int(code)].exp()), rel=0.051)
        ordered = end.sort(descending=True).values
        holding = 1 + int((ordered.cumsum(0) < 0.9).sum())
        entropy = float(torch.special.entr(end).sum())
        said = numbers(page.text_content("#inside output").replace("90 %", ""))
        assert said[0] == order[0] and said[2:4] == [holding, pytest.approx(entropy, abs=0.0051)]
        assert said[1] == pytest.approx(100 * float(end.max()), abs=0.051)
        if end[drawn] > 0:
            rank, surprise = order.index(drawn) + 1, -float(end[drawn].log())
            assert said[4] == drawn and said[6:] == [rank, pytest.approx(surprise, abs=0.0051)]
        else:
            assert said[4:] == [drawn, order.index(drawn) + 1]
        assert page.locator("#inside tr.drawn th").text_content().startswith(str(drawn))

    check(3.0, 1.0, 12, 0.0)  # as the take was drawn
    frame = int(numbers(page.text_content("#inside .inside-where"))[1]) - 1
    page.focus("#inside [data-set=frame]")
    page.keyboard.press("ArrowLeft" if frame else "ArrowRight")
    page.wait_for_function(
        f"() => document.querySelector('#inside .inside-where').textContent.includes(' {frame + (0 if frame else 2)},')"
    )
    page.click("#inside .inside-books button[value='2']")
    page.wait_for_selector("#inside[data-state=ready] button[value='2'][aria-pressed=true]")
    check(3.0, 1.0, 12, 0.0)
    move(page, guidance=0)
    check(0.0, 1.0, 12, 0.0)
    move(page, prior=1.5)
    check(0.0, 1.0, 12, 0.0, 1.5)
    move(page, prior=0)
    check(0.0, 1.0, 12, 0.0, 0.0)
    move(page, prior=0.5)
    move(page, guidance=7.5, temperature=1.6, topK=4)
    check(7.5, 1.6, 5, 0.0)
    move(page, topK=999)  # off
    check(7.5, 1.6, 0, 0.0)
    move(page, temperature=0.3, topP=0.8)
    check(7.5, 0.3, 0, 0.8)
    page.click("#inside [data-do=reset]")
    check(3.0, 1.0, 12, 0.0)
    place = page.locator("#inside .inside-strip")
    box = place.bounding_box()
    place.click(position={"x": 0.255 * box["width"], "y": 20})
    page.wait_for_function("() => document.querySelector('#inside .inside-where').textContent.includes(' 26,')")
    page.wait_for_selector("#inside[data-state=ready]")
    check(3.0, 1.0, 12, 0.0)
    named = "all => all.every((one) => one.ariaLabel || one.labels[0]?.textContent.trim())"
    assert page.locator("#inside input").evaluate_all(named), "a slider without a name"
