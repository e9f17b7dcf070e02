"""The command line: flags in, files out. What went wrong is one sentence on stderr.

Knows nothing of how music is made: it reads files, asks the engine, shows how far it is, and writes files. Exit codes:
0 done, 2 bad input or something that is not to be had, 130 stopped by Ctrl-C (what was made is kept).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from musicgen.errors import ModelUnavailable

if TYPE_CHECKING:
    from musicgen.engine import GenerationEvent, GenerationRequest, GenerationResult

AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg")
# Flags that go into the request as they are; the rest are files and the model.
_REQUEST_FLAGS = {"negative": "negative_prompt"} | {name: name for name in (
    "prompt", "pattern", "separation", "melody_strength", "duration", "bars", "seed", "temperature", "top_k", "top_p",
    "guidance", "prior", "greedy", "bpm", "key", "meter", "chords", "drums", "instruments", "ending", "sections",
    "plan",
)}  # fmt: skip


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence instead of a page of usage."""
        raise ValueError(f"{message[0].upper()}{message[1:]}; see python -m {self.prog} --help.")


def build_parser() -> argparse.ArgumentParser:
    """All commands and flags. Flags that are not given are absent, so that a recipe's values stay."""
    parser = _Parser(prog="musicgen", description="Music from words, with MusicGen or the bundled model.")
    names = "generate | loop | midi | recipe | models | check"
    commands = parser.add_subparsers(dest="command", required=True, metavar=names)
    make = commands.add_parser(
        "generate", help="make a piece of music", argument_default=argparse.SUPPRESS,
        description="Make a piece of music and write it, its recipe inside, into an audio file.",
    )
    make.add_argument("prompt", nargs="?", help="what it should sound like, in words")
    make.add_argument("--negative", metavar="TEXT", help="what it should not sound like")
    make.add_argument("--model", metavar="NAME|DIR",
                      help="a name from 'models' or the hub (owner/name), or a folder; default pocket, the bundled one")
    make.add_argument("--pattern", metavar="NAME|SPEC", help="order of prediction, e.g. delay or 0,1,1,1")
    make.add_argument("--melody", metavar="FILE", help="audio file whose tune to follow")
    make.add_argument("--separation", metavar="HOW",
                      help="how to find the tune in that file: auto, demucs, harmonic or none")
    make.add_argument("--melody-strength", type=float, metavar="X",
                      help="how closely the bundled model follows the tune, 0.5 to 4; default 3, 1 is looser")
    make.add_argument("--continue-from", metavar="FILE", help="audio file to go on from")
    make.add_argument("--duration", type=float, metavar="S", help="seconds, given and new together; default 10")
    make.add_argument("--bars", type=int, metavar="N", help="in place of the duration: enough for a loop of N bars")
    make.add_argument("--seed", type=int, metavar="N",
                      help="the same seed and settings make the same music; default: a new one")
    make.add_argument("--temperature", type=float, metavar="X", help="higher is wilder, lower is tamer")
    make.add_argument("--top-k", type=int, metavar="N", help="draw from the N likeliest codes; 0: from all")
    make.add_argument("--top-p", type=float, metavar="X",
                      help="draw from the likeliest codes that together have this probability; 0: off")
    make.add_argument("--guidance", type=float, metavar="X", help="how closely to follow you; 1 is off, 3 usual")
    make.add_argument("--prior", type=float, metavar="X",
                      help="how much counts what the bundled model's prior expects by the plan alone; 0 is off")
    make.add_argument("--greedy", action="store_true", help="always take the likeliest code")
    make.add_argument("--bpm", type=float, metavar="N", help="tempo in beats a minute")
    make.add_argument("--key", metavar="K", help="such as 'A minor'")
    make.add_argument("--meter", metavar="M", help="4/4, 3/4 or 6/8")
    make.add_argument("--chords", metavar="C", help="a loop, one chord a bar, such as 'C Am F G'")
    make.add_argument("--instruments", metavar="I",
                      help="every instrument except the drums, such as 'piano, acoustic bass'")
    make.add_argument("--drums", action=argparse.BooleanOptionalAction,
                      help="with drums, or without; default: as the prompt says, or its style")
    make.add_argument("--ending", action=argparse.BooleanOptionalAction,
                      help="end on a final chord, or go on; default: as the prompt says")
    make.add_argument("--sections", metavar="S",
                      help="who plays when, in bars, e.g. '4 piano | 8 all | 4 no drums'; default: as the prompt says")
    make.add_argument("--plan", metavar="auto|off",
                      help="off: the model is told only what flags give, and the prompt as words")
    make.add_argument("--device", metavar="D", help="cpu or cuda; default cuda where there is one")
    make.add_argument("--dtype", metavar="T", help="float32, bfloat16, float16; or int8, fastest on x86 CPUs")
    make.add_argument("--recipe", metavar="FILE",
                      help="make the take in this file again; other flags change its settings")
    make.add_argument("-o", "--output", metavar="OUT", help="file.wav, .flac, .mp3 or .ogg; default musicgen-SEED.wav")
    make.add_argument("--codes", metavar="OUT.npz", help="also write the codes [K, T]")
    make.set_defaults(run=generate)

    loop = commands.add_parser(
        "loop", help="cut a take so that it can be repeated",
        description="Cut the longest part that can be repeated without end, in whole bars, out of a take.",
    )
    loop.add_argument("file", help="audio file made by this program, with a plan")
    loop.add_argument("-o", "--output", metavar="OUT", help="default: FILE-loop, as WAV or FLAC")
    loop.set_defaults(run=cut_loop)
    midi = commands.add_parser(
        "midi", help="write the chords of a take, and its painted melody, as MIDI",
        description="Write the chords of a take's plan, and the notes painted over it, as a MIDI file. A melody that "
                    "was hummed or uploaded is not in the take's file; the page has it.",
    )  # fmt: skip
    midi.add_argument("file", help="audio file made by this program")
    midi.add_argument("-o", "--output", metavar="OUT.mid", help="default: FILE.mid")
    midi.set_defaults(run=write_midi)
    show = commands.add_parser("recipe", help="print how a file was made", description="Print a file's recipe as JSON.")
    show.add_argument("file", help="audio or .npz file made by this program")
    show.set_defaults(run=show_recipe)
    models = commands.add_parser("models", help="list the known models", description="List the known models.")
    models.set_defaults(run=list_models)
    check = commands.add_parser("check", help="say what works on this machine, and how to mend what does not",
                                description="Say what works on this machine, and how to mend what does not.")
    check.set_defaults(run=check_machine)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        arguments = build_parser().parse_args(argv)
        return arguments.run(arguments)
    except (ValueError, ModelUnavailable, OSError) as error:
        print(f"musicgen: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nmusicgen: Stopped before there was anything to keep.", file=sys.stderr)
        return 130


# -- generate -------------------------------------------------------------------------------------------------------


def generate(arguments: argparse.Namespace) -> int:
    """Make a piece, show how far it is, write it; Ctrl-C keeps what there is."""
    flags = vars(arguments)
    request, recipe = read_request(flags)
    _check_outputs(flags)

    from musicgen.checkpoints import configuration, load
    from musicgen.engine import MAX_DURATION, Engine
    from musicgen.request import check, resolve

    name, device, dtype = which_model(flags, recipe)
    config = configuration(name)  # what is wrong is said before a model is loaded, or even downloaded
    if config is None:
        check(request, MAX_DURATION)
    else:
        resolve(request, config, MAX_DURATION)
    progress = Progress()
    model = load(name, device, dtype, progress.loading)
    generation = Engine(model).start(request)
    progress.line(f"plan: {generation.plan.describe()}" if generation.plan else f"model: {model.name}")
    if request.bars is not None:
        progress.line(f"length: {generation.recipe['duration']:.1f} s")
    stopped, failed = False, None

    def stop(*_: Any) -> None:  # between two steps, not in the middle of making sound
        nonlocal stopped
        stopped = True
        generation.close()

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # as it is for what runs in a shell's background
        signal.signal(signal.SIGINT, stop)
    try:  # what is finished or written shall not be lost to a second Ctrl-C either
        try:
            for event in generation:
                progress.event(event, model.codec.frame_rate)
        except ModelUnavailable as error:  # the memory ran out
            failed = error
        result = generation.result()
        progress.line("")
        if not result.audio.size:
            raise failed or KeyboardInterrupt
        output = Path(flags.get("output", f"musicgen-{result.recipe['seed']}.wav"))
        write(result, output, flags.get("codes"))
    finally:
        signal.signal(signal.SIGINT, before)
    if stopped or failed:
        seconds = result.audio.shape[1] / result.sample_rate
        progress.line(f"Stopped; the first {seconds:.1f} s are in {output}.")
    print(output)
    if failed:
        raise failed
    return 130 if stopped else 0


def read_request(flags: dict[str, Any]) -> tuple[GenerationRequest, dict[str, Any]]:
    """The request, from the flags given and the recipe if there is one; and that recipe, else an empty one."""
    from dataclasses import replace

    from musicgen.audio import read
    from musicgen.recipes import read_recipe
    from musicgen.request import GenerationRequest, beginning_of, request_from_recipe

    melody = read(flags["melody"]) if "melody" in flags else None
    recipe = read_recipe(flags["recipe"]) if "recipe" in flags else {}
    continue_from = beginning_of(flags["continue_from"], recipe) if "continue_from" in flags else None
    given = {field: flags[flag] for flag, field in _REQUEST_FLAGS.items() if flag in flags}
    if "recipe" in flags:
        return replace(request_from_recipe(recipe, melody, continue_from), **given), recipe
    if not given.get("prompt") and melody is None and continue_from is None:
        raise ValueError("Say what to make, as in: python -m musicgen generate 'lo-fi hip hop, mellow piano, 80 bpm'.")
    return GenerationRequest(melody=melody, continue_from=continue_from, **given), {}


def which_model(flags: dict[str, Any], recipe: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """Name or folder, device and dtype: as the flags say, else as the recipe does, else what suits the machine."""
    from musicgen.checkpoints import choose_device
    from musicgen.config import KNOWN_MODELS
    from musicgen.download import is_hub_name

    name = flags.get("model", str(recipe.get("model", "pocket")))
    if "model" not in flags and name not in KNOWN_MODELS and not is_hub_name(name):
        raise ValueError(f"The recipe's model '{name[:60]}' was read from a folder; say where it is with --model.")
    device, dtype = flags.get("device"), flags.get("dtype")
    # Another kind of device would not give the same codes anyway, and may be slow with this dtype.
    if dtype is None and recipe.get("dtype") and recipe.get("device") == choose_device(device).type:
        dtype = str(recipe["dtype"])
    return name, device, dtype


def _check_outputs(flags: dict[str, Any], suffixes: tuple[str, ...] = AUDIO_SUFFIXES) -> None:
    """Bad file names are told before the work, not after it."""
    output, codes = Path(flags.get("output", "x.wav")), Path(flags.get("codes", "x.npz"))
    if output.suffix.lower() not in suffixes:
        raise ValueError(f"'{output.name}' should end in {', '.join(suffixes)}.")
    if codes.suffix.lower() != ".npz":
        raise ValueError(f"'{codes.name}' should end in .npz.")
    for path in (output, codes) if "codes" in flags else (output,):
        if not path.absolute().parent.is_dir():
            raise ValueError(f"There is no folder '{path.parent}' to write {path.name} into.")
        if path.is_dir() or not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise ValueError(f"'{path}' cannot be written; choose another file or folder.")


def write(result: GenerationResult, output: Path, codes: str | None) -> None:
    """The sound, its recipe inside, and the codes if they are wanted."""
    import numpy as np

    from musicgen import audio

    audio.write(output, audio.Audio(result.audio, result.sample_rate), result.recipe)
    if codes is not None:
        with open(codes, "wb") as file:  # by its name numpy would add an ending of its own
            np.savez_compressed(file, codes=result.codes, recipe=np.array(json.dumps(result.recipe)))


class Progress:
    """A bar with the time left, on stderr; without a terminal only the lines that say something."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._open = False  # a bar stands in the last line
        self._said: set[str] = set()
        self._drawn = 0.0

    def line(self, text: str) -> None:
        """A line of its own."""
        if self._open:
            print(file=sys.stderr)
            self._open = False
        if text:
            print(text, file=sys.stderr)

    def loading(self, done: float, what: str) -> None:
        """What ``checkpoints.load`` reports."""
        self._bar(done, what)

    def event(self, event: GenerationEvent, frame_rate: float) -> None:
        """What the engine reports."""
        if event.message and event.message not in self._said:
            self._said.add(event.message)
            self.line(event.message)
        left = "" if event.seconds_left is None else f", about {event.seconds_left:.0f} s left"
        done = f"{event.frames_done / frame_rate:.1f} of {event.frames_total / frame_rate:.1f} s{left}"
        self._bar(event.frames_done / event.frames_total, done)

    def _bar(self, share: float, text: str) -> None:
        now = time.monotonic()
        if not self._terminal or (now - self._drawn < 0.1 and share < 1):
            return
        self._drawn, self._open = now, True
        filled = round(24 * share)
        print(f"\r\033[K[{'#' * filled}{'.' * (24 - filled)}] {text}", end="", file=sys.stderr, flush=True)


# -- recipe ---------------------------------------------------------------------------------------------------------


def show_recipe(arguments: argparse.Namespace) -> int:
    """Print the recipe of a file."""
    from musicgen.recipes import read_recipe

    print(json.dumps(read_recipe(arguments.file), indent=2, ensure_ascii=False))
    return 0


def cut_loop(arguments: argparse.Namespace) -> int:
    """Write the loop of a take, with its recipe."""
    from musicgen import audio
    from musicgen.loop import loop_of, marks_of

    given = Path(arguments.file)
    suffix = ".flac" if given.suffix.lower() == ".flac" else ".wav"  # MP3 would add silence at both ends
    output = Path(arguments.output) if arguments.output else given.with_name(f"{given.stem}-loop{suffix}")
    _check_outputs({"output": output})
    recipe, sound = audio.read_recipe(given), audio.read(given)
    audio.write(output, loop_of(sound, recipe), recipe, marks_of(sound, recipe))
    print(output)
    return 0


def write_midi(arguments: argparse.Namespace) -> int:
    """Write the notes of a take that its recipe tells."""
    from musicgen import audio
    from musicgen.notated import midi_of

    given = Path(arguments.file)
    output = Path(arguments.output) if arguments.output else given.with_suffix(".mid")
    _check_outputs({"output": output}, (".mid",))
    output.write_bytes(midi_of(audio.read_recipe(given), audio.read(given).seconds))
    print(output)
    return 0


# -- models and check -----------------------------------------------------------------------------------------------


def list_models(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    from musicgen.checkpoints import POCKET, configuration, present
    from musicgen.config import KNOWN_MODELS
    from musicgen.memory import in_words

    rows = [("name", "parameters", "download", "here", "pattern", "licence", "")]
    for known in KNOWN_MODELS.values():
        name, size, pattern = known.short_name, known.download, known.pattern
        here = present(name)
        if known.source == "bundled" and here:  # its own configuration knows better than the catalogue
            size += f", {in_words(sum(path.stat().st_size for path in POCKET.glob('*.safetensors')))}"
            config = configuration(name)
            pattern = pattern if config is None else "all mono" if config.lm.told_pattern else config.pattern
        rows.append((name, known.parameters or "-", size, "yes" if here else "no", pattern, known.licence, known.note))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip())
    return 0


def check_machine(arguments: argparse.Namespace) -> int:
    """Print what works on this machine, what does not, and how to mend it."""
    from musicgen.checkup import checkup

    for item in checkup():
        print(f"{'ok ' if item.works else 'no '} {item.name}: {item.detail}")
    return 0
