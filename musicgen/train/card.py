"""The figures of the model card, written from the evaluation: ``python -m musicgen.train.card``.

Everything between the heading "Held-out figures" and the next one is replaced by the tables of ``report.md``'s stages;
the rest of the card is written by hand. Knows nothing of how anything was measured.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from musicgen.checkpoints import POCKET
from musicgen.train.evaluate import STAGES
from musicgen.train.making import weights_of
from musicgen.train.tables import read_json

HEADING = "## Held-out figures"
OPENING = ("By `make evaluate`, on pieces and tunes never trained on, captioned by the same grammar, with the settings "
           "the model comes with. Most of them were chosen by takes of other held-out pieces, but the shares of an end "
           "and of the words in what guidance leads away from by takes of these, too: the figures may favour them.")
# What a reader needs to know to read a stage's tables.
WORDS = {
    "listener": "The judge of instruments, drums and tempo in what follows (`assets/listener.safetensors`), trained "
                "apart, on held-out pieces. "
                "By rule: the tempo by arithmetic, with no notion of style. Instruments found: the share of those that "
                "play, a drum kit being one, that are among as many most probable ones.",
    "codec": "mel: mean absolute difference of log10 mel spectra over five resolutions; lin: of |STFT|^0.4; one "
             "window: mel at the codec's own resolution alone, which can be told before there is a phase. Opus's "
             "kbit/s are those of its files, of which the container takes about one; pocket's are those of its codes.",
    "likelihood": "Nats of each codebook; knowing nothing costs 6.93, the logarithm of 1024.",
    "obedience": "Requests made of held-out pieces; of a piece's captions the prompt is the one that names most of its "
                 "instruments. Each row stands beside the same figure for the real piece, for "
                 "that piece through the codec, and for chance: the same sound against the requests of others.\n\n"
                 "tempo: heard within 4 % of what was asked; tempo octave: at twice, thrice, half or a third of it "
                 "instead. pulse: how strongly onsets come back after a beat as asked, or its half, third or quarter. "
                 "in key: the share of the chroma that lies in the key. chords: cosine of the chroma and the chords' "
                 "pitch classes; melody: the same of the strongest pitch class alone and the tune's. drums: heard or "
                 "not, as asked. instruments: of the n asked, a drum kit being one, the share among the n most "
                 "probable.\n\n"
                 "`make evaluate` leaves standard errors and everything else in `work/evaluate/figures.json`.",
    "frechet": "On the embedding of the listener above, 64 numbers for each window, in shares of the variance of the "
               "reference: to be compared with one another, not with other models' Frechet audio distances. Half of "
               "what the listener learned from went through the codec, whose blur it hardly minds.",
}


def section(figures: Mapping[str, Any], folder: Path) -> str:
    """The section of every stage that was run, in the evaluation's order. Raises ``SystemExit`` if none was."""
    stages = figures.get("stages", {})
    if not stages:
        raise SystemExit(f"No figures in {folder}; run python -m musicgen.train.evaluate first.")
    told = {name: stage for name, stage in STAGES.items() if name != "figures"}  # pictures, too large to go along
    missing = [title for name, (title, _, _) in told.items() if name not in stages]
    parts = [HEADING, OPENING]
    for name, (title, _, tables) in told.items():
        if name in stages:
            parts += [f"### {title}", *([WORDS[name]] if name in WORDS else []), tables(stages[name]["result"])]
    if missing:
        parts.append(f"Not run on these weights: {', '.join(missing)}.")
    return "\n\n".join(parts)


def write(card: str, new: str) -> str:
    """The card's text with ``new`` in place of its section of figures. Raises ``SystemExit`` if it has none."""
    pattern = re.compile(rf"^{HEADING}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if not pattern.search(card):
        raise SystemExit(f"The card has no heading '{HEADING}'.")
    return pattern.sub(lambda _: new + "\n\n", card, count=1)


def main() -> None:
    """Rewrite the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=Path, default=Path("work/evaluate"))
    parser.add_argument("--card", type=Path, default=POCKET / "README.md")
    args = parser.parse_args()
    figures = read_json(args.figures / "figures.json")
    if figures and figures.get("weights") != weights_of(str(args.card.parent)):
        raise SystemExit(f"The figures in {args.figures} are of other weights than those beside {args.card}.")
    if figures.get("settings"):
        raise SystemExit(f"The figures in {args.figures} are of other settings than those the model comes with.")
    text = write(args.card.read_text(encoding="utf-8"), section(figures, args.figures))
    args.card.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
