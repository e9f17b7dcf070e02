"""Last stage of training: the averaged weights into ``assets/pocket``, in half precision.

``python -m musicgen.train.ship``
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from musicgen.checkpoints import POCKET, save_pocket
from musicgen.config import ModelConfig, SamplingDefaults
from musicgen.lm import LM
from musicgen.train.lm import lm_config
from musicgen.train.tokens import load_codec

# Chosen by the sweep of `musicgen.train.evaluate`.
SAMPLING = SamplingDefaults(temperature=1.0, top_k=60, guidance=3.0, codebook_temperatures=(1.0, 1.0, 0.9, 0.9))
WINDOW, STRIDE = 10.0, 6.0  # seconds; it was trained on crops of 10


def main() -> None:
    """Write the model from the last checkpoints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codec", type=Path, default=Path("work/codec"))
    parser.add_argument("--lm", type=Path, default=Path("work/lm"))
    parser.add_argument("--out", type=Path, default=POCKET)
    args = parser.parse_args()
    state = torch.load(args.lm / "last.pt", weights_only=True, map_location="cpu")
    lm = LM(lm_config(state["dim"], state["layers"]))
    lm.load_state_dict(state["average"])
    codec = load_codec(args.codec)
    config = ModelConfig("pocket", codec.config, lm.config, "minilm", "delay", WINDOW, STRIDE, SAMPLING, "MIT")
    save_pocket(args.out, config, lm, codec, codec_dtype=torch.float16)
    sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(args.out.glob("*.safetensors"))}
    print(f"{args.out} after {state['step']} steps: {sizes} MB")


if __name__ == "__main__":
    main()
