"""What the Patterns tab says and draws of a pattern: its board, its figures, its place among the others.

Values in, HTML out. Knows nothing of gradio, engines or sessions.
"""

from __future__ import annotations

import json
from html import escape

from musicgen import visual
from musicgen.patterns import PAPER_FIGURES, PATTERN_NAMES, Pattern, get_pattern
from musicgen.ui import views
from musicgen.ui.words import KOREAN

PAPER_SOURCE = (
    "FAD: how far the takes together are from real music, by a network's ear. KL: how differently a tagger labels the "
    "take and the real piece. CLAP: how well sound and words fit. From the paper's Table 4: takes of 30 s, its own "
    "test set, one model a pattern. Of FAD and KL less is better, of CLAP more."
)

INTRODUCTION = (
    "A frame of sound is a column of codes, one from each codebook: the first says roughly what it sounds like, each "
    "next one corrects it. <b>A pattern is the order in which the codes are predicted.</b> Codes of one step are "
    "guessed at once and cannot see each other. One code a step misses nothing but takes as many times the steps as "
    "there are codebooks; all codes of a frame at once is quick, but they do not know of each other. The paper's idea "
    "is the <b>delay</b>: let each codebook lag one step behind the coarser one, and every code sees the coarser codes "
    "of its own frame, in hardly more steps. The price, with four codebooks: a frame is begun before the fine codes of "
    "the last three are known, and the codes of a step, now of four frames, still do not see each other. So delay is "
    "nearly exact, not quite."
)

_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

LOOK = (
    "A pair is (frame, codebook). <b>Look for</b> codes outlined together: they are guessed without seeing each other. "
    "And for the triangles: they tell how soon a frame is whole and can be heard."
)

LISTEN = (
    "The same prompt, seed and plan through several patterns. <b>Listen for</b> what is lost: rough, watery or noisy "
    "sound when fine codes do not match the coarse ones of their frame; lost beat and harmony when the coarse codes "
    "themselves go wrong. <b>Look at</b> the grid filling: column by column or, in coarse first and MusicLM, row after "
    "row."
)

DIFFERS = "The order differs, and with it which chance falls on which code."

# The board's slider and its Play button work in the browser, without asking the server for each step.
_WORDS = ("Play", "Pause", "Step of the pattern")
BOARD_JS = f"""const words = {json.dumps({"ko": {word: KOREAN[word] for word in _WORDS}})};""" + """
const say = (text) => (words[navigator.language.slice(0, 2)] ?? {})[text] ?? text;
let timer = null;
const stop = () => { clearInterval(timer); timer = null; name(); };
const name = () => {
  const play = element.querySelector(".play");
  if (play) play.textContent = say(timer ? "Pause" : "Play");
};
const show = (step) => {
  const board = element.querySelector(".board"), range = element.querySelector(".board input");
  if (!board) return;
  range.value = step;
  range.ariaLabel = say("Step of the pattern");
  const told = board.querySelector("output");
  told.setAttribute("aria-live", timer ? "off" : "polite");  // while it plays, nothing is read out
  told.textContent = JSON.parse(board.dataset.says)[step];
  for (const cell of board.querySelectorAll("[data-step]")) {
    cell.classList.toggle("ahead", Number(cell.dataset.step) > step);
    cell.classList.toggle("now", Number(cell.dataset.step) === step);
  }
  const now = board.querySelector(".steps .now"), frame = board.querySelector(".steps");
  if (now) {
    const cell = now.getBoundingClientRect(), seen = frame.getBoundingClientRect();
    if (cell.right > seen.right || cell.left < seen.left) frame.scrollLeft += cell.left - seen.left - seen.width / 3;
  }
};
element.addEventListener("input", (event) => {
  if (event.target.matches(".board input")) { stop(); show(Number(event.target.value)); }
});
element.addEventListener("click", (event) => {
  if (!event.target.closest(".play")) return;
  if (timer) return stop();
  const range = () => element.querySelector(".board input");
  const last = () => Number(range().max);
  show(Number(range().value) >= last() ? 0 : Number(range().value) + 1);
  timer = setInterval(() => {
    if (!range() || Number(range().value) >= last()) return stop();
    show(Number(range().value) + 1);
  }, 450);
  name();
});
watch("value", () => { stop(); show(Number(element.querySelector(".board input")?.value ?? 0)); });
stop();
show(Number(element.querySelector(".board input")?.value ?? 0));
"""


def board(pattern: Pattern, frames: int) -> str:
    """The steps P_1 .. P_S and the codes they reveal, with a slider from "nothing known" to "all known"."""
    layout = pattern.layout(frames)
    title = pattern.name.replace("_", " ")
    steps = visual.pattern_diagram(layout.frame_of.numpy(), frames, f"The steps of {title} over {frames} frames")
    codes = visual.pattern_grid(layout.step_of.numpy(), f"The codes of {frames} frames and the steps that predict them")
    says = escape(json.dumps(_says(pattern, frames), ensure_ascii=False), quote=True)
    return (
        f'<div class="board" data-says="{says}">'
        f'<div class="player"><button type="button" class="play">Play</button>'
        f'<input type="range" min="0" max="{layout.steps}" step="1" value="{(layout.steps + 1) // 2}" '
        'aria-label="Step of the pattern"></div><output aria-live="polite"></output>'
        f'<h2>Steps: the number is the frame</h2><div class="steps">{steps}</div>'
        f'<h2>Codes: the number is the step</h2><div class="codes">{codes}</div></div>'
    )


def _says(pattern: Pattern, frames: int) -> list[str]:
    """A line for each step, from P_0 on: what it predicts, how much is known, how much can be heard."""
    total = frames * pattern.codebooks
    lines, known = ["P₀: only the special token. Nothing is known yet."], 0
    missing = [pattern.codebooks] * frames
    for s, step in enumerate(pattern.steps(frames), start=1):
        for t, _ in step:
            missing[t] -= 1
        known += len(step)
        inside = ", ".join(f"({t + 1}, {k + 1})" for t, k in step) or "nothing"
        whole = sum(count == 0 for count in missing)
        name = "P" + str(s).translate(_SUBSCRIPT)
        lines.append(f"{name} = {{{inside}}}: {known} of {total} codes known, {whole} of {frames} frames whole.")
    return lines


def figures(pattern: Pattern, seconds: float, frame_rate: float) -> str:
    """What ``seconds`` of sound cost with this pattern, and what its order is worth."""
    frames = max(1, round(seconds * frame_rate))
    steps, least = pattern.step_count(frames), frames  # a step holds at most one code of a codebook
    items = [
        f"{steps} steps for {seconds:g} s",
        f"{steps / seconds:.1f} steps a second",
        f"{steps / least:.2f} × the fewest possible",
        "exact" if pattern.exact else "inexact",
        "streams" if pattern.streams else "does not stream",
    ]
    exact = (
        "Exact: every code is drawn given all codes before it, so nothing is assumed that need not be true."
        if pattern.exact
        else (
            "Inexact: the codes of one step are drawn as if they were independent of each other, given all earlier "
            "steps."
        )
    )
    streams = (
        "It streams: frames get whole one after another, so sound can play while the rest is made."
        if pattern.streams
        else f"It does not stream. {views.HALF_WAY}"
    )
    paper = PAPER_FIGURES.get(pattern.name)
    told = "The paper gives no figures for it." if paper is None else (
        "In the paper: FAD {:.2f}, KL {:.2f}, CLAP {:.2f}.".format(*paper)
    )
    text = " ".join((pattern.description, exact, streams, told))
    return f"{views.facts(items)}{views.note(text)}"


def table(codebooks: int, seconds: float, frame_rate: float, chosen: Pattern | None) -> str:
    """All patterns that ``codebooks`` allow, side by side; the chosen one is marked."""
    frames = max(1, round(seconds * frame_rate))
    rows, found = [], False
    for pattern in _possible(codebooks):
        same = chosen is not None and pattern.name == chosen.name
        rows.append(_row(pattern, frames, seconds, same))
        found = found or same
    if chosen is not None and not found:
        rows.append(_row(chosen, frames, seconds, True))
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Pattern", f"Steps for {seconds:g} s", "a second", "Exact", "Streams", "FAD", "KL", "CLAP")
    )
    return (
        f'<div class="scroll"><table class="patterns"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f"</table></div>{views.note(PAPER_SOURCE)}"
    )


def _possible(codebooks: int) -> list[Pattern]:
    found = []
    for name in PATTERN_NAMES:
        if name.startswith("stereo") and codebooks != 8:
            continue  # pairs of left and right: what the stereo releases' 8 codebooks are
        try:
            found.append(get_pattern(name, codebooks))
        except ValueError:
            pass
    return found


def _row(pattern: Pattern, frames: int, seconds: float, chosen: bool) -> str:
    steps = pattern.step_count(frames)
    figures = PAPER_FIGURES.get(pattern.name)
    cells = [
        f"{steps}", f"{steps / seconds:.1f}", "yes" if pattern.exact else "no", "yes" if pattern.streams else "no",
        *(("–",) * 3 if figures is None else (f"{value:.2f}" for value in figures)),
    ]
    name = escape(pattern.name.replace("_", " "))
    mark = ' class="chosen" aria-current="true"' if chosen else ""
    return f'<tr{mark}><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def trained_with(trained: str | None, model: str) -> str:
    """Which order the weights know (None: the mono ones, as ``train/lm.py`` teaches them), and so what to expect of the
    others."""
    if trained is None:
        return views.note(
            f"{model}: one model for all seven mono patterns, told at every step what it holds. About two thirds of "
            "the music it learned from came along delay, about 2 % along flattening. So takes and figures show what "
            "this model does along each pattern, not how good the patterns are; for that see the paper's figures, "
            "where each pattern had a model of its own."
        )
    return views.warning(
        f"The weights of {model} were trained with {trained.replace('_', ' ')}. Any other pattern is out of "
        "distribution for them: it asks for codes in an order they have never seen, and usually sounds broken. That "
        "shows how much a model leans on its order, not how good the pattern is; for that see the paper's figures, "
        "where each pattern had a model of its own."
    )
