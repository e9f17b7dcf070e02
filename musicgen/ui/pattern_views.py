"""What the Patterns tab says of a pattern: its figures, its place among the others.

Values in, HTML out. Knows nothing of gradio, engines or sessions.
"""

from __future__ import annotations

from html import escape

from musicgen import sight
from musicgen.patterns import PAPER_FIGURES, PATTERN_NAMES, Pattern, get_pattern
from musicgen.ui import views

PAPER_SOURCE = (
    "FAD: how far the takes as a whole are from real music, as a neural network hears it. KL: how differently a "
    "network that tags music labels the take and the real piece. CLAP: how well sound and words match. Lower is better "
    "for FAD and KL, higher for CLAP. From the paper's Table 4: takes of 30 s, the paper's own test set, one model for "
    "each pattern."
)

SEEN_SOURCE = (
    "Own frame: in how many of all pairs of codes in a frame the finer code sees the coarser one. Past: how many codes "
    f"of the {sight.BEFORE} frames before it codebook 1 sees. Sorted by the first, then by the second, the paper's six "
    "patterns (with four codebooks) stand in the order of their FAD: seeing one's own frame counts most. Six rows are "
    "a hint, not a law. Drawn blind: pairs of codes that share a step, for each frame; of two numbers the first is of "
    "pairs in the same frame."
)

INTRODUCTION = (
    "A frame of sound is a column of codes, one from each codebook; each corrects the ones before it. <b>A pattern is "
    "the order in which the codes are predicted.</b> Codes of one step are drawn blind to each other, as if they were "
    "independent. One code a step avoids that, but with four codebooks takes four times as many steps. All codes of a "
    "frame in one step draws blind just what belongs together: a code and its corrections. <b>Delay</b> lets each "
    "codebook lag one step behind the coarser one. A step still draws four codes blind, but of four different frames, "
    "and each sees all coarser codes of its own frame. The price: a frame begins before the fine codes of the three "
    "before it are known. It is not exact, but in the paper nearly as good as flattening (FAD 0.96 to 0.86), in a "
    "quarter of the steps."
)

LOOK = (
    "A pair of numbers is (frame, codebook). <b>Look for</b> codes outlined together: they are predicted without "
    "seeing each other. Look for the triangles, too: they show how soon a frame is complete and can be heard."
)

LISTEN = (
    "The same prompt, seed and plan through several patterns. <b>Listen for</b> what is lost: the sound gets rough, "
    "watery or noisy when fine codes do not match the coarse ones of their frame; beat and harmony fall apart when the "
    "coarse codes themselves go wrong. <b>Look at</b> how the grid fills: column by column or, with coarse first and "
    "MusicLM, row by row."
)

# What the words on the chips mean.
EXACT = "Every code is drawn given all codes before it, so nothing is assumed that need not be true."
INEXACT = "The codes of one step are drawn as if they were independent of each other, given all earlier steps."
STREAMS = "Frames are completed one after another, so sound can play while the rest is being made."

DIFFERS = "The order differs, and so does the random number that each code is drawn with."


def figures(pattern: Pattern, seconds: float, frame_rate: float) -> str:
    """What ``seconds`` of sound cost with this pattern, and what its order is worth."""
    frames = max(1, round(seconds * frame_rate))
    steps, least = pattern.step_count(frames), frames  # a step holds at most one code of a codebook
    exact = ("exact", EXACT) if pattern.exact else ("inexact", INEXACT)
    streams = ("streams", STREAMS) if pattern.streams else ("does not stream", views.HALF_WAY)
    items = (
        f"{steps} steps for {seconds:g} s",
        f"{steps / seconds:.1f} steps a second",
        f"{steps / least:.2f} × the fewest possible",
    )
    paper = PAPER_FIGURES.get(pattern.name)
    told = "The paper gives no figures for it." if paper is None else (
        "In the paper: FAD {:.2f}, KL {:.2f}, CLAP {:.2f}.".format(*paper)
    )
    return f"{views.facts(items, dict((exact, streams)))}{views.note(f'{pattern.description} {told}')}"


def table(codebooks: int, seconds: float, frame_rate: float, chosen: Pattern | None) -> str:
    """All patterns that ``codebooks`` allow, those whose codes see most first; the chosen one is marked."""
    frames = max(1, round(seconds * frame_rate))
    patterns = _possible(codebooks)
    if chosen is not None and all(chosen.name != pattern.name for pattern in patterns):
        patterns.append(chosen)
    patterns.sort(key=lambda pattern: (-sight.own_frame(pattern).share, -sight.past(pattern).share))
    rows = [_row(pattern, frames, seconds, chosen is not None and pattern.name == chosen.name) for pattern in patterns]
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Pattern", f"Steps for {seconds:g} s", "a second", "Exact", "Streams", "Own frame", "Past",
                     "Drawn blind", "FAD", "KL", "CLAP")
    )
    return (
        f'<div class="scroll"><table class="patterns"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        "</table></div>"
    )


def seen(codebooks: int) -> str:
    """What the table says of seeing; of so few codebooks that all patterns see much the same, nothing."""
    return views.note(SEEN_SOURCE) if codebooks > 2 else ""


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
        f"{sight.own_frame(pattern)}", f"{sight.past(pattern)}", _blind(pattern),
        *(("–",) * 3 if figures is None else (f"{value:.2f}" for value in figures)),
    ]
    name = escape(pattern.name.replace("_", " "))
    mark = ' class="chosen" aria-current="true"' if chosen else ""
    return f'<tr{mark}><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _blind(pattern: Pattern) -> str:
    same, other = sight.blind(pattern)
    if same and other:
        return f"{same} + {other}"
    return f"{same}, same frame" if same else f"{other}, other frames" if other else "none"


def trained_with(trained: str | None, model: str) -> str:
    """Which order the weights know (None: the mono ones, as ``train/lm.py`` teaches them), and so what to expect of the
    others."""
    if trained is None:
        return views.note(
            f"{model}: one model for all seven mono patterns, told at every step which codes the step holds. About two "
            "thirds of the music it learned from came in the order of delay, about 2 % in that of flattening. So takes "
            "and figures show what this model does with each pattern, not how good the patterns are. For that, see the "
            "paper's figures, where each pattern had a model of its own."
        )
    return views.warning(
        f"The weights of {model} were trained with {trained.replace('_', ' ')}. Any other pattern is out of "
        "distribution for them: it asks for codes in an order they have never seen, and usually sounds broken. That "
        "shows how much a model relies on its order, not how good the pattern is. For that, see the paper's figures, "
        "where each pattern had a model of its own."
    )
