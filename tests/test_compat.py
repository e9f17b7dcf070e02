"""The guards: a broken torchaudio looks absent, a working one stays; ffmpeg is found or put on the PATH."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from musicgen import compat


@pytest.fixture
def no_torchaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a fresh process: torchaudio has not been tried, whatever other tests did before."""
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        monkeypatch.delitem(sys.modules, name)
    # Entries the guard itself makes go away with the test.
    monkeypatch.setitem(sys.modules, "torchaudio", ModuleType("placeholder"))
    del sys.modules["torchaudio"]


def put_package(folder: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A torchaudio of our own, found before any other."""
    (folder / "torchaudio").mkdir()
    (folder / "torchaudio" / "part.py").write_text("")
    (folder / "torchaudio" / "__init__.py").write_text(source)
    monkeypatch.syspath_prepend(str(folder))


@pytest.mark.parametrize(
    "source",
    ["import torchaudio.part\nraise OSError('libc10_cuda.so: cannot open')", "import a_module_that_is_not_there"],
)
def test_a_broken_torchaudio_looks_absent(source, no_torchaudio, tmp_path, monkeypatch) -> None:
    put_package(tmp_path, source, monkeypatch)
    assert compat.guard_torchaudio() is False
    assert importlib.util.find_spec("torchaudio") is None
    assert "torchaudio.part" not in sys.modules
    with pytest.raises(ImportError):
        import torchaudio  # noqa: F401
    assert compat.guard_torchaudio() is False  # again, with the same answer
    assert importlib.util.find_spec("torchaudio") is None


def test_a_working_torchaudio_stays(no_torchaudio, tmp_path, monkeypatch) -> None:
    put_package(tmp_path, "answer = 42", monkeypatch)
    assert compat.guard_torchaudio() is True
    assert compat.guard_torchaudio() is True
    assert sys.modules["torchaudio"].answer == 42


def test_encodec_and_transformers_import_beside_a_broken_torchaudio(tmp_path: Path) -> None:
    (tmp_path / "torchaudio").mkdir()
    (tmp_path / "torchaudio" / "__init__.py").write_text("raise OSError('libc10_cuda.so: cannot open')")
    code = (
        "import importlib.util\n"
        "from musicgen.compat import import_encodec\n"
        "assert import_encodec() is import_encodec()\n"
        "assert importlib.util.find_spec('torchaudio') is None\n"
        "from transformers import EncodecModel, T5EncoderModel\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(compat.__file__).parent.parent)])
    run = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()


def test_ffmpeg_of_the_machine_is_taken(tmp_path, monkeypatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compat.ensure_ffmpeg() == str(program)
    assert os.environ["PATH"] == str(tmp_path)


def test_ffmpeg_from_the_wheel(tmp_path, monkeypatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = compat.ensure_ffmpeg()
    assert found is not None and Path(found).is_relative_to(tmp_path / "cache")
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True)  # found by its name, as gradio does
    assert version.returncode == 0 and version.stdout.startswith(b"ffmpeg version")
    before = os.environ["PATH"]
    assert compat.ensure_ffmpeg() == found and os.environ["PATH"] == before


def test_ffmpeg_link_without_target_is_renewed(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "musicgen-studio" / "bin"
    folder.mkdir(parents=True)
    (folder / "ffmpeg").symlink_to(tmp_path / "gone")
    assert compat.ensure_ffmpeg() == str(folder / "ffmpeg")
    assert (folder / "ffmpeg").exists()


def test_no_ffmpeg_at_all(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert compat.ensure_ffmpeg() is None
