"""Notes of several tracks as a Standard MIDI File, format 1.

Knows nothing of takes, plans or sound: times are quarter notes from the beginning on.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from musicgen.theory import Key, Meter

TICKS = 480  # a quarter note
VELOCITY = 80  # of every note
MOST_TRACKS = 9  # each has a channel; the tenth is the drums'


@dataclass(frozen=True)
class Note:
    """A note of a track: from ``begin`` until ``end``, in quarter notes; ``pitch`` 60 is middle C."""

    begin: float
    end: float
    pitch: int


def midi_file(tracks: Mapping[str, Sequence[Note]], tempo: float, meter: Meter, key: Key | None = None) -> bytes:
    """The file: tempo (quarter notes a minute), metre and key in a track of their own, then ``tracks`` by name."""
    if len(tracks) > MOST_TRACKS:
        raise ValueError(f"A MIDI file of this program has at most {MOST_TRACKS} tracks.")
    chunks = [_track([(0, _meta(0x51, round(60e6 / tempo).to_bytes(3, "big"))), (0, _metre(meter)),
                      *([(0, _signature(key))] if key else [])])]  # fmt: skip
    for channel, (name, notes) in enumerate(tracks.items()):
        events = [(0, _meta(0x03, name.encode("ascii", "replace")))]
        for note in notes:
            begin = round(note.begin * TICKS)
            end = max(begin + 1, round(note.end * TICKS))
            events.append((begin, bytes((0x90 | channel, note.pitch, VELOCITY))))
            events.append((end, bytes((0x80 | channel, note.pitch, 0))))
        # In one moment names come first, and what ends before what begins: the same pitch may be struck again.
        chunks.append(_track(sorted(events, key=lambda event: (event[0], event[1][0] & 0xF0 == 0x90))))
    return _chunk(b"MThd", struct.pack(">HHH", 1, len(chunks), TICKS)) + b"".join(chunks)


def _metre(meter: Meter) -> bytes:
    """Numerator, denominator as a power of two, MIDI clocks (24 a quarter note) a felt beat, 32nds a quarter note."""
    above, below = meter.fraction
    return _meta(0x58, bytes((above, below.bit_length() - 1, 24 * meter.quarters // meter.beats, 8)))


def _signature(key: Key) -> bytes:
    """Sharps (flats below zero), and whether it is minor."""
    minor = key.mode == "minor"
    fifths = (key.tonic + (3 if minor else 0)) * 7 % 12
    return _meta(0x59, struct.pack(">bB", fifths - 12 if fifths > 6 else fifths, minor))


def _meta(kind: int, content: bytes) -> bytes:
    return bytes((0xFF, kind)) + _variable(len(content)) + content


def _track(events: Sequence[tuple[int, bytes]]) -> bytes:
    """A track of events at their ticks, in order of time."""
    body, now = b"", 0
    for tick, event in events:
        body += _variable(tick - now) + event
        now = tick
    return _chunk(b"MTrk", body + _variable(0) + _meta(0x2F, b""))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">4sI", name, len(content)) + content


def _variable(value: int) -> bytes:
    """A number in as many bytes as it needs: seven bits each, the highest bit on all but the last."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | value & 0x7F)
    return bytes(reversed(out))
