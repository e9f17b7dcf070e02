"""Files from strangers: whatever is damaged or hostile gives one clear sentence, and no code of theirs is run."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_checkpoints import save_reference

from musicgen import download, weight_files
from musicgen.checkpoints import load, present, save_pocket
from musicgen.errors import ModelUnavailable

pytest_plugins = ["tiny_checkpoints"]


def refused(folder: Path, sentence: str) -> None:
    """Loading gives one sentence with ``sentence`` in it."""
    with pytest.raises(ModelUnavailable) as raised:
        load(folder, "cpu")
    text = str(raised.value)
    assert sentence in text, text
    assert "\n" not in text and text.endswith((".", "?"))


def edit(path: Path, change: Callable[[dict], Any]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_an_empty_folder(tmp_path: Path) -> None:
    refused(tmp_path, "holds no model")
    assert not present(tmp_path)


def test_missing_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    refused(folder, "model.safetensors is missing")


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, -1])
def test_truncated_weights(keep: float, folder: Path) -> None:
    path = folder / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep) if isinstance(keep, float) else keep])
    refused(folder, "is damaged or was cut short")


def test_a_header_that_claims_the_whole_memory(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes((2**40).to_bytes(8, "little") + b"{}")
    refused(folder, "is damaged or was cut short")


def test_wrong_shapes(folder: Path) -> None:
    edit(folder / "config.json", lambda c: c["decoder"].update(ffn_dim=56))
    refused(folder, "'transformer.layers.0.linear1.weight' is [48, 24], where [56, 24] is expected")


def test_a_missing_layer(folder: Path) -> None:
    edit(folder / "config.json", lambda c: c["decoder"].update(num_hidden_layers=3))
    refused(folder, "lacks the weight 'decoder.model.decoder.layers.2.")


def test_a_missing_codec(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in state.items() if not k.endswith("codebook.embed")}, folder / "model.safetensors")
    refused(folder, "The codec of 'tiny' is incomplete: the weight 'quantizer.vq.layers.0._codebook.embed' is missing")


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda c: c.update(model_type="llama"), "is no MusicGen model: its configuration says 'llama'"),
        (lambda c: c.update(decoder=None), "has no 'decoder'"),
        (lambda c: c.pop("audio_encoder"), "has no 'audio_encoder'"),
        (lambda c: c["decoder"].update(hidden_size=10**9), "dim is '1000000000'"),
        (lambda c: c["decoder"].update(num_hidden_layers="two"), "layers is 'two'"),
        (lambda c: c["decoder"].update(num_hidden_layers=True), "layers is 'True'"),
        (lambda c: c["decoder"].update(num_attention_heads=5), "not divisible by 5 heads"),
        (lambda c: c["decoder"].update(activation_function="relu"), "only activation_function = gelu"),
        (lambda c: c["decoder"].update(num_codebooks=3), "its codec has 4 codebooks of 32, its language model 3"),
        (lambda c: c["audio_encoder"].update(model_type="dac"), "is not EnCodec but 'dac'"),
        (lambda c: c["audio_encoder"].update(use_causal_conv=True), "only use_causal_conv = False"),
        (lambda c: c["audio_encoder"].update(num_filters=500_000), "n_filters is '500000'"),
        (lambda c: c["audio_encoder"].update(upsampling_ratios=[2] * 100_000), "codebooks is '114'"),
        (lambda c: c["audio_encoder"].update(upsampling_ratios=[0, 4]), "codec of 'tiny' is damaged"),
        (lambda c: c["audio_encoder"].update(target_bandwidths=[]), "codec of 'tiny' is damaged"),
        (lambda c: c["audio_encoder"].update(target_bandwidths=[1e308]), "codec of 'tiny' is damaged"),
    ],
)
def test_configurations_that_cannot_be(change: Callable[[dict], Any], sentence: str, folder: Path) -> None:
    edit(folder / "config.json", change)
    refused(folder, sentence)


@pytest.mark.parametrize("scale", [float("inf"), float("nan"), -1, 1e30, 10**400])
def test_a_guidance_that_cannot_be(scale: float, folder: Path) -> None:
    (folder / "generation_config.json").write_text(json.dumps({"guidance_scale": scale}))
    refused(folder, "guidance must lie between 0 and 20")


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, "\ud800", '"x"'])
def test_a_configuration_that_is_no_json(text: str, folder: Path) -> None:
    (folder / "config.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    refused(folder, "it is damaged")


def test_a_huge_configuration(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "' + "x" * 5_000_000 + '"}')
    refused(folder, "too large")


@pytest.mark.parametrize("weight_map", [{}, [], {"a": 3}, {"a": "../../secret.safetensors"}, {"a": "/etc/passwd"}])
def test_a_hostile_index(weight_map: Any, folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    refused(folder, "does not list the files of the weights")
    assert not download.is_complete(folder)


def test_a_missing_shard(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00001-of-00001.safetensors"}}')
    refused(folder, "the file 'model-00001-of-00001.safetensors' of its weights is missing")


class Evil:
    """Unpickled by a careless reader, this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def reference(tmp_path: Path, text_folder: Path, hash_text) -> Path:
    save_reference(tmp_path / "reference", load(text_folder, "cpu"))
    return tmp_path / "reference"


@pytest.mark.parametrize("name", ["state_dict.bin", "compression_state_dict.bin"])
@pytest.mark.parametrize("writer", ["zip", "legacy", "pickle"])
def test_a_pickle_with_code_in_it(name: str, writer: str, reference: Path, tmp_path: Path) -> None:
    value = {"best_state": Evil(tmp_path / "pwned"), "xp.cfg": ""}
    if writer == "pickle":
        (reference / name).write_bytes(pickle.dumps(value))
    else:
        torch.save(value, reference / name, _use_new_zipfile_serialization=writer == "zip")
    refused(reference, "could run code")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("keep", [0, 1, 60, 0.5, 0.99])
def test_a_truncated_pickle(keep: float, reference: Path) -> None:
    path = reference / "state_dict.bin"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep) if isinstance(keep, float) else keep])
    refused(reference, "is damaged or was cut short")


def test_a_zip_bomb(reference: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(reference / "state_dict.bin") as old, zipfile.ZipFile(tmp_path / "new", "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry), zipfile.ZIP_DEFLATED)
    shutil.move(tmp_path / "new", reference / "state_dict.bin")
    refused(reference, "is damaged")


@pytest.mark.parametrize("hollow", [torch.zeros(1).expand(2**14, 2**14), torch.empty(2**20, 2**14, device="meta")])
def test_few_numbers_that_claim_to_be_many(hollow: torch.Tensor, reference: Path) -> None:
    package = torch.load(reference / "state_dict.bin", weights_only=True)
    package["best_state"]["emb.0.weight"] = hollow
    torch.save(package, reference / "state_dict.bin")
    refused(reference, "claims to hold more than its own size")


def test_a_few_lines_that_stand_for_gigabytes_of_text(reference: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    for name in ("channels", "lm_model"):
        package = {"xp.cfg": "\n".join([*lines, f"{name}: *a8"]), "best_state": {}}
        torch.save(package, reference / "state_dict.bin")
        with pytest.raises(ModelUnavailable) as error:
            load(reference, "cpu")
        assert len(str(error.value)) < 300


def test_whole_numbers_are_no_weights(reference: Path) -> None:
    package = torch.load(reference / "state_dict.bin", weights_only=True)
    package["best_state"] = {
        name: value.to(torch.int8) if name.endswith("out_norm.weight") else value
        for name, value in package["best_state"].items()
    }
    torch.save(package, reference / "state_dict.bin")
    refused(reference, "is stored as torch.int8")


def test_a_missing_compression_model(reference: Path) -> None:
    (reference / "compression_state_dict.bin").unlink()
    refused(reference, "compression_state_dict.bin' is missing")


@pytest.mark.parametrize("pointer", ["somebody/evil-codec", "/etc/passwd", 3])
def test_a_pointer_to_elsewhere(pointer: Any, reference: Path) -> None:
    torch.save({"pretrained": pointer}, reference / "compression_state_dict.bin")
    refused(reference, "known is facebook/encodec_32khz")


@pytest.mark.parametrize(
    "package, sentence",
    [
        ([1, 2], "does not hold a checkpoint"),
        ({"best_state": {}}, "no readable configuration"),
        ({"xp.cfg": "a: b"}, "holds no 'best_state'"),
        ({"xp.cfg": "!!python/object/apply:os.mkdir [pwned]", "best_state": {}}, "no readable configuration"),
        ({"xp.cfg": "x: " + "y" * 300_000, "best_state": {}}, "no readable configuration"),
        ({"xp.cfg": "channels: .nan", "best_state": {}}, "channels is 'nan'"),
        ({"xp.cfg": "channels: 1", "best_state": {}}, "conditioned in a way that cannot be run here: [] and []"),
        ({"xp.cfg": "fuser: {cross: [description]}", "best_state": {}}, "the projection of the text is missing"),
    ],
)
def test_packages_that_are_no_checkpoint(package: Any, sentence: str, reference: Path) -> None:
    torch.save(package, reference / "state_dict.bin")
    refused(reference, sentence)


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda c: c["transformer_lm"].update(bias_ff=True), "only transformer_lm.bias_ff = False"),
        (lambda c: c["transformer_lm"].update(positional_embedding="rope"), "only transformer_lm.positional_embedding"),
        (lambda c: c["transformer_lm"].update(dim=36), "is expected"),
        (lambda c: c["transformer_lm"].update(num_layers=3), "lacks the weight 'transformer.layers.2."),
        (lambda c: c["transformer_lm"].update(num_layers=10**8), "layers is '100000000'"),
        (lambda c: c["fuser"].update(prepend=["style", "description"]), "conditioned in a way"),
        (lambda c: c["dataset"].update(segment_duration=0), "windows of 0 s"),
        (lambda c: c["codebooks_pattern"].update(modeling="magic"), "trained with a pattern that is not known"),
        (lambda c: c["codebooks_pattern"]["delay"].update(delays=[0, 1]), "trained with a pattern that is not known"),
    ],
)
def test_reference_settings_we_do_not_have(
    change: Callable[[dict], None], sentence: str, tmp_path: Path, text_folder: Path, hash_text
) -> None:
    save_reference(tmp_path / "reference", load(text_folder, "cpu"), change=change)
    refused(tmp_path / "reference", sentence)


@pytest.fixture
def pocket(tmp_path: Path, tiny_model, hash_text) -> Path:
    model = tiny_model("aligned")
    save_pocket(tmp_path / "pocket", model.config, model.lm, model.codec)
    return tmp_path / "pocket"


@pytest.mark.parametrize("name", ["lm.safetensors", "codec.safetensors"])
def test_a_wrong_sum(name: str, pocket: Path) -> None:
    data = bytearray((pocket / name).read_bytes())
    data[-1] ^= 1
    (pocket / name).write_bytes(data)
    refused(pocket, f"{name}' is not the file it should be")


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda c: c.update(format="musicgen-studio-99"), "update the program"),
        (lambda c: c.pop("sha256"), "is not the file it should be"),
        (lambda c: c.pop("model"), "its codec is of no known kind"),
        (lambda c: c["model"]["codec"].update(kind="flac"), "its codec is of no known kind"),
        (lambda c: c["model"]["codec"].update(kind=[]), "its codec is of no known kind"),
        (lambda c: c["model"].update(lm=3), "it has no LMConfig"),
        (lambda c: c["model"]["lm"].update(dim="wide"), "dim is 'wide'"),
        (lambda c: c["model"]["lm"].update(dim=10**8), "dim is '100000000'"),
        (lambda c: c["model"]["lm"].update(layers=2.5), "layers is '2.5'"),
        (lambda c: c["model"]["lm"].update(cross_attention=1), "cross_attention is '1'"),
        (lambda c: c["model"]["lm"].update(told_pattern="no"), "told_pattern is 'no'"),
        (lambda c: c["model"]["lm"].update(told_pattern=True), "pattern_proj.weight"),
        (lambda c: c["model"].update(extra=1), "extra is '1'"),
        (lambda c: c["model"].update(stride_seconds=0.0), "move on by 0 s"),
        (lambda c: c["model"].update(stride_seconds=90.0), "move on by 90 s"),
        (lambda c: c["model"].pop("name"), "lacks a field"),
        (lambda c: c["model"].update(pattern=None), "pattern is 'None'"),
        (lambda c: c["model"].update(pattern="zigzag"), "'zigzag' is not a pattern"),
        (lambda c: c["model"]["sampling"].update(codebook_temperatures=[1.0, 0.9]), "2 factors of the temperature"),
        (lambda c: c["model"]["sampling"].update(codebook_temperatures=["hot"]), "codebook_temperatures"),
        (lambda c: c["model"]["sampling"].update(words_temperature=-1.0), "temperature must be a number from 0 up"),
    ],
)
def test_pocket_configurations_that_cannot_be(change: Callable[[dict], Any], sentence: str, pocket: Path) -> None:
    edit(pocket / "config.json", change)
    refused(pocket, sentence)


def test_a_missing_pocket_file(pocket: Path) -> None:
    (pocket / "codec.safetensors").unlink()
    refused(pocket, "'codec.safetensors' is missing")


def test_sha256_by_hand(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert weight_files.sha256(tmp_path / "x") == known
