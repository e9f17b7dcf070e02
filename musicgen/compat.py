"""Two repairs of the machine we find ourselves on; call them before transformers, encodec or gradio are imported.

Knows nothing of models or audio. Every function may be called any number of times.

torchaudio: encodec requires it and transformers imports it wherever it is installed, but its wheel cannot be
loaded beside a torch of another build. We need nothing of it, so a broken one is made to look absent.

ffmpeg: what browsers and phones record is read by it; a fresh machine may have only the binary that comes with
imageio-ffmpeg.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType

_MISSING = object()


def guard_torchaudio() -> bool:
    """Make a torchaudio that cannot be imported look absent. Returns whether a working one is here."""
    if sys.modules.get("torchaudio", _MISSING) is None:
        return False  # guarded before, or switched off by somebody else
    try:
        importlib.import_module("torchaudio")
        return True
    except (ImportError, OSError):  # OSError: a shared library of another torch build is missing
        _forget_torchaudio()
        # `None` makes both `import torchaudio` and `importlib.util.find_spec` say that there is none.
        sys.modules["torchaudio"] = None  # type: ignore[assignment]
        return False


def import_encodec() -> ModuleType:
    """Import the encodec package, which insists on torchaudio, whether or not torchaudio works here.

    Without torchaudio, `encodec.utils.convert_audio` and the like do not work; the network's parts do.

    Raises:
        ImportError: encodec itself is not installed.
    """
    if guard_torchaudio() or "encodec" in sys.modules:
        return importlib.import_module("encodec")
    sys.modules["torchaudio"] = ModuleType("torchaudio")
    try:
        return importlib.import_module("encodec")
    finally:
        _forget_torchaudio()
        sys.modules["torchaudio"] = None  # type: ignore[assignment]


def ensure_ffmpeg() -> str | None:
    """Path of an `ffmpeg` on the PATH, putting imageio-ffmpeg's there if there is none; None if that fails too."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        binary = Path(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # RuntimeError: the package has no binary for this platform
        return None
    folder = _bin_folder()
    program = folder / ("ffmpeg.exe" if os.name == "nt" else "ffmpeg")
    if not program.exists():
        program.unlink(missing_ok=True)  # a link whose target has gone
        try:
            program.symlink_to(binary)
        except FileExistsError:
            pass  # another process was quicker
        except OSError:  # no links on this file system, or not without rights
            shutil.copy2(binary, program)
    paths = os.environ.get("PATH", "").split(os.pathsep)
    if str(folder) not in paths:
        os.environ["PATH"] = os.pathsep.join([str(folder), *paths])
    return shutil.which("ffmpeg")


def _forget_torchaudio() -> None:
    for name in [name for name in sys.modules if name == "torchaudio" or name.startswith("torchaudio.")]:
        del sys.modules[name]


def _bin_folder() -> Path:
    """A folder that only this user writes to: what lies there is going to be run."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        folder = cache / "musicgen-studio" / "bin"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="musicgen-studio-"))
