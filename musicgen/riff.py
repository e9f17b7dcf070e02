"""The chunks of a WAV file, where libsndfile is not enough: long comments, loops, and files that were cut off.

Knows nothing of samples. Whatever the bytes are, nothing is read beyond them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MIDDLE_C = 60
_MOST_CHUNKS = 10_000  # that are looked at; files have some ten, and a hostile one millions
_ROOT_SET, _STRETCH = 2, 4  # flags of an acid chunk; 1 would be a sound that is no loop


@dataclass(frozen=True)
class LoopMarks:
    """What samplers and sequencers want to know of a file that is a loop from its first frame to its last."""

    frames: int
    sample_rate: int
    quarters: int  # quarter notes that it lasts
    tempo: float  # quarter notes a minute
    meter: tuple[int, int]  # numerator, denominator
    root: int | None  # MIDI note of its key's tonic


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and stated size of each chunk of a RIFF file, as far as they can be followed."""
    position = 12
    for _ in range(_MOST_CHUNKS):
        if position + 8 > len(data):
            return
        name, size = struct.unpack_from("<4sI", data, position)
        yield name, position + 8, size
        position += 8 + size + size % 2


def promised_frames(data: bytes) -> int:
    """Frames that a WAV file's header promises; 0 for other formats and for files written into a pipe.

    libsndfile believes the length of the file instead, so that a file cut off would go unnoticed.
    """
    if data[:4] != b"RIFF":
        return 0
    block = 0
    for name, start, size in chunks(data):
        if name == b"fmt " and size >= 16 and len(data) >= start + 16:
            block = struct.unpack_from("<H", data, start + 12)[0]
            if struct.unpack_from("<H", data, start)[0] not in (1, 3, 0xFFFE):
                return 0  # compressed: a block is not one frame
        if name == b"data":
            return size // block if block and size < 0x7FFF_F000 else 0
    return 0


def comment(data: bytes) -> str:
    """The comment in a WAV file's LIST/INFO chunk; libsndfile's own reader gives up beyond 2 kB."""
    for name, start, size in chunks(data):
        if name == b"LIST" and data[start : start + 4] == b"INFO":
            for part, at, length in chunks(data[start - 8 : start + size]):
                if part == b"ICMT":
                    return data[start - 8 + at : start - 8 + at + length].rstrip(b"\0").decode("utf-8", "replace")
    return ""


def append_comment(path: Path, text: str) -> None:
    """Put a comment (LIST/INFO/ICMT) at the end of a finished WAV file."""
    content = text.encode("utf-8") + b"\0"
    content += b"\0" * (len(content) % 2)
    _append(path, b"LIST", b"INFO" + struct.pack("<4sI", b"ICMT", len(content)) + content)


def append_loop(path: Path, marks: LoopMarks) -> None:
    """Say at the end of a finished WAV file that it is a loop: to sequencers (acid), and to samplers (smpl)."""
    flags = _STRETCH | (0 if marks.root is None else _ROOT_SET)
    root = MIDDLE_C if marks.root is None else marks.root
    above, below = marks.meter
    # After the flags and the root two fields that nobody has explained; this is what other programs write.
    _append(path, b"acid", struct.pack("<IHHfIHHf", flags, root, 0x8000, 0.0, marks.quarters, below, above,
                                       marks.tempo))  # fmt: skip
    # Maker, product, ns a sample, note at which it sounds as it is, its fraction, SMPTE format, offset; one loop, no
    # more data. The loop: its name, forward, first and last frame (it, too, is played), fraction, for ever.
    period = round(1e9 / marks.sample_rate)
    _append(path, b"smpl", struct.pack("<15I", 0, 0, period, root, 0, 0, 0, 1, 0, 0, 0, 0, marks.frames - 1, 0, 0))


def _append(path: Path, name: bytes, content: bytes) -> None:
    """A chunk of even length behind all others."""
    with path.open("r+b") as file:
        file.seek(0, io.SEEK_END)
        file.write(b"\0" * (file.tell() % 2) + struct.pack("<4sI", name, len(content)) + content)
        size = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", size))
