"""The chunks of a WAV file, where libsndfile is not enough: long comments, and files that were cut off.

Knows nothing of samples. Whatever the bytes are, nothing is read beyond them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and stated size of each chunk of a RIFF file, as far as they can be followed."""
    position = 12
    while position + 8 <= len(data):
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
    info = b"INFO" + struct.pack("<4sI", b"ICMT", len(content)) + content
    with path.open("r+b") as file:
        file.seek(0, io.SEEK_END)
        file.write(b"\0" * (file.tell() % 2) + struct.pack("<4sI", b"LIST", len(info)) + info)
        size = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", size))
