"""Last stage of training: the averaged weights into ``assets/pocket``, in half precision.

``python -m musicgen.train.ship``; ``--lm``, ``--codec`` and ``--prior`` may be whole models, too, of which that part is
taken. After the evaluation of what was shipped ``python -m musicgen.train.ship --figures`` brings its figures along
each pattern there, too, for the page to show.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from musicgen import measured
from musicgen.checkpoints import POCKET, load, save_pocket
from musicgen.config import ModelConfig, SamplingDefaults
from musicgen.lm import LM
from musicgen.matrices import round_to_grid
from musicgen.prior import FramePrior
from musicgen.train.lm import lm_config
from musicgen.train.making import weights_of
from musicgen.train.prior import last_prior
from musicgen.train.tables import read_json
from musicgen.train.tokens import load_codec

# Chosen by the sweeps of `musicgen.train.evaluate`: of what is ranked first to within what 24 takes tell, what was
# before; for words alone the smallest Frechet distance. The prior's weight by what 192 other takes obeyed at 0, 0.3 and
# 0.4, and 96 at 0.15 and 0.5.
SAMPLING = SamplingDefaults(temperature=0.7, top_k=250, guidance=3.0, codebook_temperatures=(1.0, 1.0, 0.9, 0.9),
                            words_temperature=1.0, prior=0.3)
WINDOW, STRIDE = 20.0, 12.0  # seconds; it was trained on crops of 20


def ship_weights(codec_folder: Path, lm_folder: Path, prior_folder: Path, out: Path) -> None:
    """Codec, language model and prior of their last checkpoints, or of whole models, as one model in ``out``; figures
    of what was there go away."""
    lm, codec, prior = load_lm(lm_folder), load_codec(codec_folder), load_prior(prior_folder)
    round_to_grid(lm.matrices)  # so that a CPU may read them as bytes; they lose next to nothing
    config = ModelConfig("pocket", codec.config, lm.config, "minilm", "delay", WINDOW, STRIDE, SAMPLING, "MIT",
                         prior.hidden.out_features)
    (out / measured.NAME).unlink(missing_ok=True)
    save_pocket(out, config, lm, codec, codec_dtype=torch.float16, prior=prior)
    sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(out.glob("*.safetensors"))}
    print(f"{out}: {sizes} MB")


def load_lm(folder: Path) -> LM:
    """The averaged language model of the last checkpoint in ``folder``, or of the whole model that lies there."""
    if not (folder / "last.pt").exists():
        return load(str(folder), device="cpu", dtype=torch.float32).lm
    state = torch.load(folder / "last.pt", weights_only=True, map_location="cpu")
    lm = LM(lm_config(state["dim"], state["layers"]))
    lm.load_state_dict(state["average"])
    return lm


def load_prior(folder: Path) -> FramePrior:
    """The prior of the last checkpoint in ``folder``, or of the whole model that lies there."""
    if (folder / "last.pt").exists():
        return last_prior(folder)
    prior = load(str(folder), device="cpu", dtype=torch.float32).prior
    if prior is None:
        raise SystemExit(f"The model in {folder} has no prior; run python -m musicgen.train.prior first.")
    return prior


def ship_figures(evaluation: Path, out: Path) -> str:
    """What the file ``evaluation`` found of the model in ``out`` along each pattern, into that folder.

    Only of those very weights, with the settings they come with. Returns what was done, in a sentence.
    """
    found = read_json(evaluation)
    stage = found.get("stages", {}).get("patterns")
    if stage is None or found["weights"] != weights_of(str(out)) or found["settings"]:
        return f"No figures along the patterns: {evaluation} has none of the weights in {out} as they come."
    result = stage["result"]
    rows = {pattern: {name: value for name, value in row.items() if not name.startswith("paper")}
            for pattern, row in result["rows"].items()}
    measured.write(out, measured.Measured(rows, result["takes of each"], result["takes with a melody"]))
    return f"{out / measured.NAME}: {len(rows)} patterns, {result['takes of each']} takes of each."


def main() -> None:
    """Write the model from the last checkpoints, and what is known of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codec", type=Path, default=Path("work/codec"))
    parser.add_argument("--lm", type=Path, default=Path("work/lm"))
    parser.add_argument("--prior", type=Path, default=Path("work/prior"))
    parser.add_argument("--out", type=Path, default=POCKET)
    parser.add_argument("--evaluation", type=Path, default=Path("work/evaluate/figures.json"))
    parser.add_argument("--figures", action="store_true", help="only the figures of the evaluation, not the weights")
    args = parser.parse_args()
    if not args.figures:
        ship_weights(args.codec, args.lm, args.prior, args.out)
    print(ship_figures(args.evaluation, args.out))


if __name__ == "__main__":
    main()
