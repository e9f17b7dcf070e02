"""The example melodies in ``assets/examples``: tunes everyone knows and nobody owns, played by one instrument.

``python -m musicgen.train.tunes --soundfont FluidR3_GM.sf2``

Written out from memory of the traditional tunes; all composers died before 1850 or are unknown. Knows nothing
of models.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from musicgen.audio import Audio, write
from musicgen.theory import METERS, Key, parse_chord
from musicgen.train.compose import Note, Part, Piece
from musicgen.train.render import RATE, Renderer

# name: (instrument, General MIDI program, bpm, notes as pitch:beats)
TUNES: dict[str, tuple[str, int, float, str]] = {
    "ode-to-joy": (
        "piano", 0, 120.0,
        "E4:1 E4:1 F4:1 G4:1 G4:1 F4:1 E4:1 D4:1 C4:1 C4:1 D4:1 E4:1 E4:1.5 D4:.5 D4:2 "
        "E4:1 E4:1 F4:1 G4:1 G4:1 F4:1 E4:1 D4:1 C4:1 C4:1 D4:1 E4:1 D4:1.5 C4:.5 C4:2",
    ),
    "greensleeves": (
        "flute", 73, 140.0,
        "A4:1 C5:2 D5:1 E5:1.5 F#5:.5 E5:1 D5:2 B4:1 G4:1.5 A4:.5 B4:1 C5:2 A4:1 A4:1.5 G#4:.5 A4:1 B4:2 G#4:1 E4:2 "
        "A4:1 C5:2 D5:1 E5:1.5 F#5:.5 E5:1 D5:2 B4:1 G4:1.5 A4:.5 B4:1 C5:1.5 B4:.5 A4:1 G#4:1.5 F#4:.5 G#4:1 A4:4",
    ),
    "frere-jacques": (
        "music box", 10, 112.0,
        "F4:1 G4:1 A4:1 F4:1 F4:1 G4:1 A4:1 F4:1 A4:1 Bb4:1 C5:2 A4:1 Bb4:1 C5:2 "
        "C5:.5 D5:.5 C5:.5 Bb4:.5 A4:1 F4:1 C5:.5 D5:.5 C5:.5 Bb4:.5 A4:1 F4:1 F4:1 C4:1 F4:2 F4:1 C4:1 F4:2",
    ),
}


def notes(text: str, bpm: float) -> tuple[Note, ...]:
    """``"E4:1 F#4:.5"`` -> notes one after the other, each a little shorter than its beats."""
    out, beat = [], 0.0
    for token in text.split():
        name, beats = token.split(":")
        pitch = 12 * (int(name[-1]) + 1) + parse_chord(name[:-1]).root
        # The root of B# or Cb would land an octave off; none of the tunes has one.
        length = float(beats) * 60 / bpm
        out.append(Note(beat * 60 / bpm, 0.92 * length, pitch, 96 if beat % 1 == 0 else 84))
        beat += float(beats)
    return tuple(out)


def main() -> None:
    """Render all tunes as FLAC."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--soundfont", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("assets/examples"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    renderer = Renderer(args.soundfont)
    for name, (instrument, program, bpm, text) in TUNES.items():
        melody = notes(text, bpm)
        seconds = melody[-1].start + melody[-1].duration + 0.5
        part = Part(instrument, program, "lead", melody)
        piece = Piece(0, "folk", (), bpm, METERS["4/4"], Key(0, "major"), (), (part,), seconds)
        mix, _ = renderer.render(piece)
        write(args.out / f"{name}.flac", Audio(mix[None], RATE))
        print(f"{name}: {seconds:.1f} s")


if __name__ == "__main__":
    main()
