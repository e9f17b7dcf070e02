"""What a page in a real browser goes on from: loaded again, forgotten, opened twice; what a phone and its ears need."""

from __future__ import annotations

from test_browser import PATIENCE, PHONE, browser, finished, fits, pytestmark, unfold  # noqa: F401
from test_browser_loop import LOOPED, made
from test_browser_takes import link, make, server, takes_tab, visitor  # noqa: F401

SESSION = """() => {
  window.types = [];
  Object.defineProperty(navigator, "audioSession", {
    value: { set type(value) { window.types.push(value); }, get type() { return window.types.at(-1) ?? "auto"; } },
  });
}"""


def test_a_page_that_is_loaded_again_has_its_take_and_its_words(visitor):  # noqa: F811
    page = visitor()()
    make(page, "my song", 81)
    page.fill("#prompt textarea", "words that came later")
    page.wait_for_function("() => sessionStorage.getItem('musicgen-draft') === 'words that came later'")
    page.reload()
    page.wait_for_selector("#status >> text=Your last take.")
    page.wait_for_selector("#facts >> text=seed 81")
    page.wait_for_selector("#spectrum svg")
    page.wait_for_function("() => document.querySelector('#prompt textarea').value === 'words that came later'")
    with page.expect_download() as saved:
        page.click("#save-flac")
    assert saved.value.suggested_filename == "my-song-81.flac"
    visitor.errors.clear()  # a page that is loaded anew breaks off what it was asking for, and says so


def test_who_makes_something_of_their_own_leaves_the_link_they_came_by(visitor):  # noqa: F811
    page = visitor()()
    make(page, "a gift", 82)
    stranger = visitor()("?" + link(page, "#share-take") + "&__theme=light")
    stranger.wait_for_selector("#status >> text=Somebody shared this take")
    make(stranger, "my own", 83)
    assert stranger.evaluate("location.search") == "?__theme=light"
    stranger.reload()
    stranger.wait_for_selector("#facts >> text=seed 83")
    stranger.wait_for_function("() => document.querySelector('#prompt textarea').value === 'my own'")
    visitor.errors.clear()


def test_what_is_changed_after_a_link_to_settings_outlives_a_reload(visitor):  # noqa: F811
    page = visitor()()
    make(page, "a setting", 87)
    opened = visitor()("?" + link(page, "#share-settings"))
    opened.wait_for_selector("#status >> text=The settings of the link are filled in")
    opened.wait_for_selector("#by-hand >> text=seed")
    assert "recipe=" in opened.evaluate("location.search"), "as it came it can be loaded again"
    opened.locator("#seed :is(textarea, input)").fill("")
    opened.locator("#prompt textarea").press_sequentially(", mine")
    opened.locator("#prompt textarea").blur()
    assert opened.evaluate("location.search") == ""
    opened.wait_for_selector("#by-hand >> text=seed", state="detached")
    opened.wait_for_function("""() => {
      const told = document.getElementById('draft').textContent.trim();
      return told && sessionStorage.getItem('musicgen-settings') === told;
    }""")
    opened.wait_for_function("() => sessionStorage.getItem('musicgen-draft').endsWith(', mine')")
    opened.reload()
    opened.wait_for_function("() => document.querySelector('#prompt textarea')?.value.endsWith(', mine')")
    assert opened.input_value("#seed :is(textarea, input)") == ""
    visitor.errors.clear()


def test_the_buttons_work_when_the_server_has_forgotten_the_page(server, visitor):  # noqa: F811
    page = visitor()()
    make(page, "long ago", 84)
    server._page.app.state_holder.session_data.clear()
    with page.expect_download() as saved:
        page.click("#save-flac")
    assert saved.value.suggested_filename == "long-ago-84.flac"
    server._page.app.state_holder.session_data.clear()
    page.click("#lock")
    page.wait_for_function("() => document.querySelector('#seed :is(textarea, input)').value === ''")
    page.click("#lock")
    page.wait_for_function("() => document.querySelector('#seed :is(textarea, input)').value === '84'")
    server._page.app.state_holder.session_data.clear()
    page.click("#again")
    page.wait_for_selector("#stop:enabled")
    finished(page, 84)


def test_two_pages_of_a_new_browser_are_one_visitors(server, browser):  # noqa: F811
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    pages = [context.new_page() for _ in range(2)]
    for page in pages:
        page.goto(server.url, wait_until="commit")
    for page in pages:
        page.wait_for_selector("#generate:enabled")
        page.wait_for_function("() => localStorage.getItem('musicgen-owner')")
    for page, seed in zip(pages, (85, 86), strict=True):
        make(page, f"page {seed}", seed)
    takes_tab(pages[0])
    for seed in (85, 86):
        pages[0].wait_for_selector(f"#kept label >> text=page {seed}")
    context.close()


def test_on_a_phone_no_field_is_zoomed_in_and_what_is_opened_is_seen(server, browser):  # noqa: F811
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, locale="de-DE")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#generate:enabled")
    for fold in ("plan-fold", "advanced-fold", "pattern-fold"):
        page.click(f"#{fold} > button")
    page.wait_for_selector("#bpm textarea, #bpm input")
    small = page.evaluate(
        """() => [...document.querySelectorAll("input, textarea")].filter((field) => field.offsetParent
          && !["range", "checkbox", "radio", "file"].includes(field.type)
          && parseFloat(getComputedStyle(field).fontSize) < 16).map((field) => field.outerHTML)"""
    )
    assert small == [] and fits(page)
    assert page.evaluate("document.documentElement.lang") == "en", "these words are no German"
    page.click("#takes-count input")
    page.click("[role=option] >> text=4")
    for seed in (90, 94):
        make(page, "one of many", seed, 1.0)
    takes_tab(page)
    page.wait_for_selector("#kept label >> nth=5")
    box = page.locator("#kept .wrap").first.bounding_box()
    assert box is not None and box["height"] <= 0.46 * PHONE["height"]
    page.evaluate("window.scrollTo(0, 0)")
    page.locator("#kept label").first.click()
    page.wait_for_selector("#kept-first svg")
    page.wait_for_function("() => document.getElementById('kept-first').getBoundingClientRect().top < innerHeight / 2")
    page.locator("#kept-reopen").click()
    page.wait_for_function("() => { const { top, bottom } = document.getElementById('status').getBoundingClientRect();"
                           " return top >= 0 && bottom <= innerHeight && bottom > top; }")
    context.close()


def test_who_falls_silent_mutes_no_other_and_who_records_hears_nothing(visitor):  # noqa: F811
    page = visitor()()
    page.evaluate(SESSION)
    unfold(page, "plan")
    made(page, 5, 120)
    page.wait_for_selector("#live[data-state=ended]", state="attached")
    page.wait_for_function("() => navigator.audioSession.type === 'auto'")
    page.evaluate(LOOPED)
    page.click("#loop button")
    page.wait_for_selector("#loop[data-state=playing]")
    page.wait_for_function("() => navigator.audioSession.type === 'playback'")
    silent = """() => { window.musicgenAudible.add("another"); document.getElementById("loop").pause();
      return [navigator.audioSession.type, [...window.musicgenAudible]]; }"""
    assert page.evaluate(silent) == ["playback", ["another"]]
    page.evaluate("() => window.musicgenAudible.delete('another')")
    page.click("#loop button")
    page.wait_for_selector("#loop[data-state=playing]")
    unfold(page, "melody")
    page.locator("#melody").dispatch_event("pointerdown")
    page.wait_for_selector("#loop[data-state=ready]")
    assert page.evaluate("() => navigator.audioSession.type") == "auto"
