"""Tiny checkpoints in every format, written by those whose formats they are: a plugin of the tests of loading."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from conftest import HashEncoder

from musicgen import checkpoints
from musicgen.compat import guard_torchaudio
from musicgen.conditioners import Conditioner
from musicgen.conditions import Conditions
from musicgen.model import Model

TEXT_DIM = 16
CODEC = {
    "sampling_rate": 3200, "num_filters": 2, "hidden_size": 8, "codebook_size": 32, "upsampling_ratios": [4, 4],
    "target_bandwidths": [4.0], "use_causal_conv": False, "use_conv_shortcut": False, "_name_or_path": "",
}  # fmt: skip


def tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {word: i for i, word in enumerate(["<unk>", "piano", "drums", "slow", "loud"])}
    made = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))


def transformers_model(kind: str, channels: int = 1) -> Any:
    """A tiny MusicGen of the transformers package with random weights."""
    guard_torchaudio()
    from transformers import (
        EncodecConfig,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        MusicgenMelodyConfig,
        MusicgenMelodyDecoderConfig,
        MusicgenMelodyForConditionalGeneration,
        T5Config,
    )

    torch.manual_seed(3)
    decoder = {
        "vocab_size": 32, "num_hidden_layers": 2, "ffn_dim": 48, "num_attention_heads": 2, "hidden_size": 24,
        "num_codebooks": 4 * channels, "audio_channels": channels, "pad_token_id": 32, "bos_token_id": 32,
    }  # fmt: skip
    parts = {
        "text_encoder": T5Config(d_model=TEXT_DIM, d_kv=4, d_ff=8, num_layers=1, num_heads=2, vocab_size=8),
        "audio_encoder": EncodecConfig(**CODEC),
    }
    if kind == "melody":
        config = MusicgenMelodyConfig(
            **parts, decoder=MusicgenMelodyDecoderConfig(**decoder), num_chroma=12, chroma_length=9
        )
        model = MusicgenMelodyForConditionalGeneration(config)
    else:
        model = MusicgenForConditionalGeneration(MusicgenConfig(**parts, decoder=MusicgenDecoderConfig(**decoder)))
    for layer in model.audio_encoder.quantizer.layers:
        layer.codebook.embed.normal_(0, 0.1)
    return model.eval()


def save_transformers(folder: Path, kind: str = "text", channels: int = 1, **options: Any) -> Any:
    model = transformers_model(kind, channels)
    model.generation_config.guidance_scale = 2.5
    model.save_pretrained(folder, **options)
    tokenizer(folder)
    return model


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text") / "tiny-text"
    save_transformers(folder)
    return folder


@pytest.fixture
def folder(text_folder: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(text_folder, tmp_path / "tiny"))


def reference_state(model: Model) -> dict[str, torch.Tensor]:
    """Our weights under the reference implementation's names: the opposite of `weights.lm_state_from_reference`."""
    ours, books = model.lm.state_dict(), model.config.lm.codebooks
    state = {f"emb.{k}.weight": w for k, w in enumerate(ours["emb.weight"].chunk(books))}
    state |= {f"linears.{k}.weight": w for k, w in enumerate(ours["heads.weight"].chunk(books))}
    names = {"text_proj": "description", "melody_proj": "self_wav"}
    for key, value in ours.items():
        part, _, end = key.partition(".")
        if part in names:
            state[f"condition_provider.conditioners.{names[part]}.output_proj.{end}"] = value
        elif key.startswith("transformer.norm."):
            state[key.replace("transformer.norm", "out_norm")] = value
        elif ".cross_attn." in key:
            base = key.split("cross_attn")[0] + "cross_attention."
            if "query" in key:
                both = [value, ours[key.replace("query", "key_value")]]
                state[base + "in_proj_weight"] = torch.cat(both)
            elif "out" in key:
                state[base + "out_proj.weight"] = value
        elif part == "transformer":
            state[key.replace("qkv.weight", "in_proj_weight").replace("attn.out.", "attn.out_proj.")] = value
    return {key: value.clone() for key, value in state.items()}


def reference_config(melody: bool, channels: int = 1) -> dict[str, Any]:
    books = 4 * channels
    config: dict[str, Any] = {
        "channels": channels, "sample_rate": 3200, "lm_model": "transformer_lm",
        "dataset": {"segment_duration": 10},
        "classifier_free_guidance": {"inference_coef": 3.0},
        "codebooks_pattern": {
            "modeling": "delay",
            "delay": {"delays": [k // channels for k in range(books)], "flatten_first": 0, "empty_initial": 0},
        },
        "transformer_lm": {
            "dim": 24, "num_heads": 2, "num_layers": 2, "hidden_scale": 2, "n_q": books, "card": 32, "bias_ff": False,
            "bias_attn": False, "bias_proj": False, "norm_first": True, "activation": "gelu", "layer_scale": None,
        },
        "fuser": {
            "sum": [], "input_interpolate": [], "cross": [] if melody else ["description"],
            "prepend": ["self_wav", "description"] if melody else [],
        },
        "conditioners": {
            "description": {"model": "t5", "t5": {"name": "t5-base"}},
            "self_wav": {"model": "chroma_stem", "chroma_stem": {"n_chroma": 12, "argmax": True, "radix2_exp": 14}},
        },
    }  # fmt: skip
    return config


def save_reference(
    folder: Path, model: Model, melody: bool = False, channels: int = 1, change: Callable[[dict], None] | None = None
) -> None:
    folder.mkdir(exist_ok=True)
    config = reference_config(melody, channels)
    if change is not None:
        change(config)
    package = {"xp.cfg": yaml.safe_dump(config), "version": "1", "exported": True}
    torch.save({**package, "best_state": reference_state(model)}, folder / "state_dict.bin")
    codec = {
        "compression_model": "encodec", "sample_rate": 3200, "channels": 1,
        "encodec": {"autoencoder": "seanet", "quantizer": "rvq", "causal": False, "channels": "${channels}"},
        "seanet": {"dimension": 8, "channels": "${channels}", "causal": "${encodec.causal}", "n_filters": 2,
                   "ratios": [4, 4], "norm": "weight_norm", "pad_mode": "reflect", "true_skip": True},
        "rvq": {"n_q": 4, "bins": 32},
    }  # fmt: skip
    state = {key.replace("_net.", "."): value for key, value in model.codec.state_dict().items()}  # type: ignore
    package = {"xp.cfg": yaml.safe_dump(codec), "best_state": state, "version": "1", "exported": True}
    torch.save(package, folder / "compression_state_dict.bin")


@pytest.fixture
def hash_text(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """No text encoder at hand: prompts become hashes. Returns what was asked for."""
    asked: list[tuple] = []

    def build(config: Any, device: Any, source: Any, repo: Any, state: Any) -> Conditioner:
        asked.append((config.text_encoder, source, repo, state))
        return Conditioner(HashEncoder(), device)

    monkeypatch.setattr(checkpoints, "build_conditioner", build)
    return asked


def random_conditions(model: Model, rows: int, length: int, melody: bool) -> Conditions:
    generator = torch.Generator().manual_seed(5)
    text = torch.randn(rows, length, model.config.lm.text_dim, generator=generator)
    frames = model.config.lm.melody_frames
    bins = torch.randint(0, 12, (rows, frames), generator=generator)
    chroma = torch.nn.functional.one_hot(bins, 12).float() if melody else None
    return Conditions(text, torch.ones(rows, length, dtype=torch.bool), chroma)


def ask(model: Model, melody: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and audio that depend on every weight."""
    generator = torch.Generator().manual_seed(6)
    lm = model.config.lm
    tokens = torch.randint(0, lm.codebook_size, (2, lm.codebooks, 5), generator=generator)
    with torch.inference_mode():
        logits = model.lm(tokens, random_conditions(model, 2, 3, melody))
    return logits, model.codec.decode(tokens)
