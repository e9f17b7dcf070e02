"""Loading: every format gives a model equal to the one that was saved."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from conftest import HashEncoder
from tiny_checkpoints import ask, random_conditions, save_reference, save_transformers, transformers_model

from musicgen import checkpoints, download, formats_pocket, formats_reference
from musicgen.checkpoints import choose_device, choose_dtype, load, load_pocket, present, save_pocket
from musicgen.conditioners import Conditioner
from musicgen.errors import ModelUnavailable
from musicgen.matrices import on_grid
from musicgen.model import Model

pytest_plugins = ["tiny_checkpoints"]


def check_against_transformers(theirs: Any, ours: Model, melody: bool) -> None:
    tokens = torch.randint(0, 32, (2, ours.config.lm.codebooks, 5))
    conditions = random_conditions(ours, 2, 3, melody)
    with torch.no_grad():
        projected = theirs.enc_to_dec_proj(conditions.text)
        flat = tokens.reshape(-1, 5)
        if melody:
            both = torch.cat([theirs.audio_enc_to_dec_proj(conditions.melody), projected], 1)
            logits = theirs.decoder(flat, encoder_hidden_states=both).logits[:, -5:]
        else:
            mask = conditions.text_mask.long()
            logits = theirs.decoder(flat, encoder_hidden_states=projected, encoder_attention_mask=mask).logits
        mine = ours.lm(tokens, conditions)
        assert torch.allclose(mine, logits.view(mine.shape), atol=1e-4)
        audio = torch.randn(1, 1, 800) * 0.3
        codes = theirs.audio_encoder.encode(audio).audio_codes[0]
        sound = theirs.audio_encoder.decode(codes[None], [None]).audio_values
    stereo = ours.config.codec.channels == 2
    assert torch.equal(ours.codec.encode(audio.expand(1, 2, 800) if stereo else audio)[:, :: 2 if stereo else 1], codes)
    mine = ours.codec.decode(codes.repeat_interleave(2, 1) if stereo else codes)
    assert torch.allclose(mine[:, :1], sound, atol=1e-4)


@pytest.mark.parametrize("kind, channels", [("text", 1), ("text", 2), ("melody", 1)])
def test_transformers_format(kind: str, channels: int, tmp_path: Path) -> None:
    theirs = save_transformers(tmp_path, kind, channels)
    ours = load(tmp_path, "cpu")
    config = ours.config
    assert (config.name, config.codec.channels, config.lm.codebooks) == (tmp_path.name, channels, 4 * channels)
    assert config.pattern == ("delay" if channels == 1 else "stereo_partial_delay")
    assert config.sampling.guidance == 2.5 and config.licence == "unknown" and config.codec.hop == 16
    assert ours.dtype == torch.float32 and not any(p.requires_grad for p in ours.lm.parameters())
    check_against_transformers(theirs, ours, kind == "melody")
    states, mask = ours.conditioner.text(["slow piano"])
    ids = torch.tensor([[3, 1]])
    with torch.no_grad():
        assert torch.allclose(states, theirs.text_encoder(ids).last_hidden_state, atol=1e-5)
    assert mask.tolist() == [[True, True]]


def test_transformers_format_in_shards(tmp_path: Path, text_folder: Path) -> None:
    save_transformers(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1 and (tmp_path / "model.safetensors.index.json").exists()
    for one, other in zip(ask(load(tmp_path, "cpu")), ask(load(text_folder, "cpu")), strict=True):
        assert torch.equal(one, other)


def test_dtype_is_the_language_models_alone(text_folder: Path) -> None:
    model = load(text_folder, "cpu", "bfloat16")
    assert {p.dtype for p in model.lm.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in model.codec.parameters()} == {torch.float32}  # type: ignore[attr-defined]
    exact, rounded = ask(load(text_folder, "cpu"))[0], ask(model)[0]
    assert torch.allclose(exact, rounded.float(), atol=0.1) and not torch.equal(exact, rounded.float())


def changed(config: dict) -> None:
    config["dataset"].update(segment_duration=12)
    config["classifier_free_guidance"].update(inference_coef=1.5)


@pytest.mark.parametrize("kind, channels", [("text", 1), ("text", 2), ("melody", 1)])
def test_reference_format(kind: str, channels: int, tmp_path: Path, hash_text: list[tuple]) -> None:
    save_transformers(tmp_path / "transformers", kind, channels)
    first = load(tmp_path / "transformers", "cpu")
    melody = kind == "melody"
    save_reference(tmp_path / "reference", first, melody, channels, changed)
    second = load(tmp_path / "reference", "cpu")
    assert second.config.lm.melody_frames == 12 * 3200 // 4096 + 1 if melody else True
    assert second.config.sampling.guidance == 1.5
    assert second.config.window_seconds == 12.0 and second.config.pattern == first.config.pattern
    assert second.config.codec == first.config.codec and second.config.lm.melody_bins == first.config.lm.melody_bins
    if melody:  # the number of chroma frames is the one thing in which the two differ
        assert first.config.lm.melody_frames == 9
        second = Model(first.config, second.lm, second.codec, second.conditioner)
        object.__setattr__(second.lm, "config", first.config.lm)
    for one, other in zip(ask(first, melody), ask(second, melody), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert hash_text[-1] == ("t5-base", tmp_path / "reference", None, None)


def test_reference_format_with_the_released_codec(tmp_path: Path, text_folder: Path, hash_text, monkeypatch) -> None:
    first = load(text_folder, "cpu")
    save_reference(tmp_path / "reference", first)
    torch.save({"pretrained": "facebook/encodec_32khz"}, tmp_path / "reference" / "compression_state_dict.bin")
    with pytest.raises(ModelUnavailable, match="'facebook/encodec_32khz' is not on this machine"):
        load(tmp_path / "reference", "cpu")
    transformers_model("text").audio_encoder.save_pretrained(tmp_path / "codec")
    fetched = []
    monkeypatch.setattr(download, "fetch", lambda repo, progress: fetched.append(repo) or tmp_path / "codec")
    for one, other in zip(ask(first), ask(load(tmp_path / "reference", "cpu")), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert fetched == ["facebook/encodec_32khz"]


@pytest.mark.parametrize("kind", ["text", "stereo", "aligned", "told"])
def test_pocket_round_trip(kind: str, tmp_path: Path, tiny_model, hash_text) -> None:
    model = tiny_model(kind)
    halved = {key: value.half().float() for key, value in model.lm.state_dict().items()}
    save_pocket(tmp_path / "saved", model.config, model.lm, model.codec, prior=model.prior)
    for loaded in (load_pocket(tmp_path / "saved"), load(tmp_path / "saved", "cpu")):
        assert loaded.config == model.config and loaded.dtype == torch.float32
        assert all(torch.equal(value, halved[key]) for key, value in loaded.lm.state_dict().items())
        for key, value in loaded.codec.state_dict().items():  # type: ignore[attr-defined]
            assert torch.equal(value, model.codec.state_dict()[key])
        codes = torch.randint(0, 24, (1, model.codec.codebooks, 3))
        assert torch.equal(loaded.codec.decode(codes), model.codec.decode(codes))
        assert (loaded.prior is None) == (kind != "told")
        for key, value in {} if loaded.prior is None else loaded.prior.state_dict().items():
            assert torch.equal(value, model.prior.state_dict()[key].half().float())
    assert present(tmp_path / "saved")


def test_a_prior_that_is_not_there_or_too_wide_is_told(tmp_path: Path, tiny_model, hash_text) -> None:
    model = tiny_model("told")
    save_pocket(tmp_path, model.config, model.lm, model.codec)
    with pytest.raises(ModelUnavailable, match="'prior.safetensors' is missing"):
        load(tmp_path, "cpu")
    raw = json.loads((tmp_path / "config.json").read_text())
    raw["model"]["prior_width"] = 10**8
    (tmp_path / "config.json").write_text(json.dumps(raw))
    with pytest.raises(ModelUnavailable, match="prior_width is '100000000'"):
        load(tmp_path, "cpu")


def test_pocket_needs_no_encodec_and_the_codec_alone_imports_none(tmp_path: Path, tiny_model) -> None:
    """Another licence: the bundled model's path must be free of it."""
    model = tiny_model("aligned")
    save_pocket(tmp_path / "saved", model.config, model.lm, model.codec)
    code = (
        "import sys\nfrom pathlib import Path\nimport musicgen.checkpoints as c\n"
        "import musicgen.codec, musicgen.codec_weights\n"
        "c.build_conditioner = lambda *a: None\n"
        f"c.load_pocket(Path({str(tmp_path / 'saved')!r}))\n"
        "sys.exit('encodec' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(checkpoints.__file__).parent.parent).returncode == 0


def test_pocket_configuration_round_trip(tiny_model) -> None:
    for kind in ("text", "melody", "stereo", "aligned", "told"):
        config = tiny_model(kind).config
        through = json.loads(json.dumps(formats_pocket.config_to_json(config)))
        assert formats_pocket.config_from_json(through) == config


def test_a_pocket_from_before_patterns_were_told_is_not_told(tmp_path: Path, tiny_model, hash_text) -> None:
    model = tiny_model("aligned")
    save_pocket(tmp_path / "saved", model.config, model.lm, model.codec)
    raw = json.loads((tmp_path / "saved" / "config.json").read_text())
    del raw["model"]["lm"]["told_pattern"]  # as it was written then
    (tmp_path / "saved" / "config.json").write_text(json.dumps(raw))
    loaded = load(tmp_path / "saved", "cpu")
    assert loaded.config == model.config and not loaded.config.lm.told_pattern


def test_weights_that_cannot_fit_are_refused_before_they_are_read(tmp_path: Path, tiny_model, monkeypatch) -> None:
    model = tiny_model("aligned")
    save_pocket(tmp_path / "saved", model.config, model.lm, model.codec)
    monkeypatch.setattr(formats_pocket, "read", lambda *_: pytest.fail("read"))
    monkeypatch.setattr(checkpoints, "free_bytes", lambda device: 1_000)
    with pytest.raises(ModelUnavailable, match="'saved' takes about 1 MB of memory, but only 1 MB are free on cpu"):
        load(tmp_path / "saved", "cpu")


@pytest.mark.parametrize(
    "pattern, name",
    [
        ({"modeling": "delay", "delay": {"delays": [0, 1, 2, 3]}}, "delay"),
        ({"modeling": "delay", "delay": {"delays": [0, 0, 1, 1]}}, "stereo_partial_delay"),
        ({"modeling": "delay", "delay": {"delays": [0, 1, 1, 1]}}, "0,1,1,1"),
        ({"modeling": "parallel"}, "parallel"),
        ({"modeling": "unroll", "unroll": {"flattening": [0, 1, 2, 3], "delays": [0, 0, 0, 0]}}, "flattening"),
        ({"modeling": "coarse_first", "coarse_first": {"delays": [0, 0, 0]}}, "coarse_first"),
    ],
)
def test_reference_patterns(pattern: dict, name: str) -> None:
    settings = formats_reference.Settings({"xp.cfg": yaml.safe_dump({"codebooks_pattern": pattern})}, Path("x"))
    assert formats_reference._pattern(settings, 4, "x") == name


def test_interpolations_are_followed_but_not_for_ever() -> None:
    text = "a: ${b.c}\nb: {c: 3}\nd: ${e}\ne: ${d}\n"
    settings = formats_reference.Settings({"xp.cfg": text}, Path("x"))
    assert settings.get("a") == 3 and settings.get("d", 7) == 7


def test_a_model_of_eight_bits(tmp_path: Path, text_folder: Path) -> None:
    whole, rounded = load(text_folder, "cpu"), load(text_folder, "cpu", "int8")
    assert (whole.precision, rounded.precision, rounded.dtype) == ("float32", "int8", torch.float32)
    for weight, exact in zip(rounded.lm.matrices, whole.lm.matrices, strict=True):
        assert torch.equal(weight, on_grid(exact)) and not torch.equal(weight, exact)
    assert torch.equal(rounded.lm.emb.weight, whole.lm.emb.weight)


def test_devices_and_dtypes(monkeypatch) -> None:
    assert choose_dtype(None, torch.device("cpu")) == torch.float32
    assert choose_dtype("float16", torch.device("cpu")) == torch.float16
    for native, dtype in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation, native=native: native)
        assert choose_dtype(None, torch.device("cuda")) == dtype
    assert choose_dtype("int8", torch.device("cpu")) == torch.int8
    with pytest.raises(ValueError, match="int8 is a dtype for CPUs"):
        choose_dtype("int8", torch.device("cuda"))
    for bad in ("int4", torch.int16, "float64"):
        with pytest.raises(ValueError, match="choose one of float32"):
            choose_dtype(bad, torch.device("cpu"))
    with pytest.raises(ValueError, match="is not a device"):
        choose_device("toaster")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("cuda") == torch.device("cuda")
    with pytest.raises(ValueError, match="There is no device 'cuda:1'"):
        choose_device("cuda:1")
    for elsewhere in ("meta", "mps:7", "vulkan", "cuda:-1"):  # torch knows the word
        with pytest.raises(ValueError, match=f"'{elsewhere}'.*write 'cpu'"):
            choose_device(elsewhere)


def test_on_a_gpu_the_codec_computes_in_float32_where_it_says_so(tmp_path: Path, tiny_model, monkeypatch) -> None:
    """Encoding is a choice among neighbours, which TF32, the rule for convolutions there, would turn."""
    model = tiny_model("text")
    save_pocket(tmp_path, model.config, model.lm, model.codec)
    monkeypatch.setattr(checkpoints, "build_conditioner", lambda *_: model.conditioner)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.nn.Module, "to", lambda module, *_: module)  # there need be no GPU
    before = torch.backends.cudnn.allow_tf32
    try:
        torch.backends.cudnn.allow_tf32 = True
        load_pocket(tmp_path, "cpu")
        assert torch.backends.cudnn.allow_tf32, "on a CPU nobody's switch is touched"
        load_pocket(tmp_path, "cuda", "float32")
        assert not torch.backends.cudnn.allow_tf32
    finally:
        torch.backends.cudnn.allow_tf32 = before


def test_the_size_of_a_model_counts_its_text_encoder(text_folder: Path) -> None:
    model = load(text_folder, "cpu")
    network = model.conditioner.encoder.network  # type: ignore[attr-defined]
    words = sum(tensor.numel() * tensor.element_size() for tensor in (*network.parameters(), *network.buffers()))
    without = Model(model.config, model.lm, model.codec, Conditioner(HashEncoder()))
    assert words > 1_000 and model.size - without.size == words
