"""Names, downloads and their progress; what is out of reach is told at once, in a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from musicgen import checkpoints, download
from musicgen.checkpoints import load, present
from musicgen.config import KNOWN_MODELS
from musicgen.errors import ModelUnavailable

pytest_plugins = ["tiny_checkpoints"]


def test_offline_is_told_at_once_for_every_known_model(monkeypatch) -> None:
    for name, known in KNOWN_MODELS.items():
        if name != "pocket":
            with pytest.raises(ModelUnavailable, match="cannot be reached") as raised:
                load(name, "cpu")
            assert known.download in str(raised.value) and not present(name)


def test_no_network_is_tried_once_and_with_patience_in_seconds(monkeypatch) -> None:
    import huggingface_hub as hub

    tries: list[float] = []

    def unreachable(self: Any, repo: str, timeout: float, **options: Any) -> None:
        tries.append(timeout)
        raise OSError("no route to host")

    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub.HfApi, "model_info", unreachable)
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        load("small", "cpu")
    assert len(tries) == 1 and tries[0] <= 5


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("smal", "did you mean 'small'?"),
        ("xyz", "choose one of pocket, small"),
        ("", "There is no model ''"),
        ("  ", "There is no model ''"),
        ("./nowhere", "There is no folder './nowhere'"),
        ("a/b/c", "owner/name"),
        ("../x", "There is no folder"),
        ("owner/na me", "owner/name"),
    ],
)
def test_unknown_names(name: str, sentence: str) -> None:
    with pytest.raises(ModelUnavailable) as raised:
        load(name, "cpu")
    assert sentence in str(raised.value)


def test_the_bundled_model_missing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoints, "POCKET", tmp_path / "pocket")
    with pytest.raises(ModelUnavailable, match="bundled model is missing"):
        load("pocket", "cpu")
    assert not present("pocket")


class Hub:
    """A hub of one repository, copied from a folder; every file reports its bytes in two halves."""

    def __init__(self, source: Path, cache: Path) -> None:
        self.source, self.cache, self.asked = source, cache, []

    def model_info(self, repo: str, timeout: float, files_metadata: bool) -> SimpleNamespace:
        files = [SimpleNamespace(rfilename=p.name, size=p.stat().st_size) for p in self.source.iterdir()]
        return SimpleNamespace(siblings=[*files, SimpleNamespace(rfilename="pytorch_model.bin", size=10**9)])

    def hf_hub_download(self, repo: str, name: str, etag_timeout: float, tqdm_class: Any) -> str:
        self.asked.append(name)
        size = (self.source / name).stat().st_size
        with tqdm_class(total=size, desc=name) as meter:
            meter.update(size // 2)
            meter.update(size - size // 2)
        self.cache.mkdir(exist_ok=True)
        return str(shutil.copy(self.source / name, self.cache / name))


@pytest.fixture
def hub(text_folder: Path, tmp_path: Path, monkeypatch) -> Hub:
    import huggingface_hub

    made = Hub(text_folder, tmp_path / "cache")

    def in_cache(repo: str, name: str) -> str | None:
        return str(made.cache / name) if (made.cache / name).exists() else None

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: made)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", made.hf_hub_download)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", in_cache)
    return made


def test_download_once_with_progress(hub: Hub, text_folder: Path) -> None:
    told: list[tuple[float, str]] = []
    assert not present("small")
    model = load("small", "cpu", progress=lambda fraction, words: told.append((fraction, words)))
    assert (model.name, model.config.licence) == ("small", "CC-BY-NC-4.0")
    assert "pytorch_model.bin" not in hub.asked and {"config.json", "tokenizer.json"} <= set(hub.asked)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and 0 < fractions[0] < 0.5
    assert told[0][1].startswith("downloading facebook/musicgen-small: ") and told[-1][1] == "reading small"
    assert present("small")
    hub.asked.clear()
    load("facebook/musicgen-small", "cpu")  # the same model under its other name, now without the network
    assert hub.asked == []


def test_download_of_a_stranger(hub: Hub) -> None:
    model = load("somebody/finetuned", "cpu")
    assert (model.name, model.config.licence) == ("somebody/finetuned", "unknown")


def test_a_repository_without_a_model(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "README.md").write_text("hello")
    hub.source = tmp_path / "docs"
    with pytest.raises(ModelUnavailable, match="holds no MusicGen checkpoint"):
        load("somebody/docs", "cpu")


def test_a_download_that_breaks_off(hub: Hub, monkeypatch) -> None:
    import huggingface_hub

    def broken(*args: Any, **options: Any) -> str:
        raise ConnectionError("peer closed the connection\nwith details")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", broken)
    with pytest.raises(ModelUnavailable, match=r"broke off \(peer closed the connection\); try again\.$"):
        load("small", "cpu")


def test_a_model_too_large_for_the_memory_is_not_downloaded(hub: Hub, monkeypatch) -> None:
    monkeypatch.setattr(checkpoints, "free_bytes", lambda device: 1_000)
    with pytest.raises(ModelUnavailable, match="'small' takes about .* of memory, but only 1 MB are free"):
        load("small", "cpu")
    assert hub.asked == []


def test_what_a_broken_download_brought_is_not_counted_again(hub: Hub, text_folder: Path) -> None:
    hub.cache.mkdir()
    shutil.copy(text_folder / "tokenizer.json", hub.cache)
    told: list[str] = []
    load("small", "cpu", progress=lambda fraction, words: told.append(words))
    files = download.checkpoint_files(path.name for path in text_folder.iterdir())
    missing = sum((text_folder / name).stat().st_size for name in files if name != "tokenizer.json")
    assert told[0].endswith(f"of {missing / 1e6:.0f} MB")


def test_no_space_left(hub: Hub, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ModelUnavailable, match="on the disk"):
        load("small", "cpu")


def test_which_files_are_downloaded() -> None:
    both = ["config.json", "model.safetensors", "pytorch_model.bin", "state_dict.bin", "compression_state_dict.bin"]
    assert download.checkpoint_files(both) == ["config.json", "model.safetensors"]
    assert download.checkpoint_files(both[3:]) == ["state_dict.bin", "compression_state_dict.bin"]
    shards = ["model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors", "model.safetensors.index.json"]
    assert download.checkpoint_files(["config.json", *shards]) == ["config.json", shards[2], shards[1], shards[0]]
    assert download.checkpoint_files(["config.json", "pytorch_model.bin"]) == []
