"""MusicGen Studio: start the page, here or as a Space. Flags and environment in, a running page out."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from musicgen.ui.lent import lends_gpus

if lends_gpus():
    importlib.import_module("spaces")  # insists on coming before torch

ENVIRONMENT = "MUSICGEN_"  # every flag may also be set as MUSICGEN_HOST, MUSICGEN_PORT, MUSICGEN_MAX_DURATION ...
DATA = Path(__file__).resolve().parent / "data"


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Flags, then the environment, then what suits most."""
    from musicgen.audio import Limits
    from musicgen.config import KNOWN_MODELS

    def default(name: str, otherwise: str | None) -> str | None:
        return os.environ.get(ENVIRONMENT + name, otherwise)

    parser = argparse.ArgumentParser(description="Make music from words, in the browser.")
    parser.add_argument("--host", default=default("HOST", None),
                        help="address to listen on (127.0.0.1: this machine only; 0.0.0.0: every network it is in)")
    parser.add_argument("--port", type=int, default=default("PORT", None),
                        help="port to listen on (7860, or the next free one)")
    parser.add_argument("--share", action="store_true", default=default("SHARE", "") in ("1", "true", "yes"),
                        help="also make a public link through Gradio")
    parser.add_argument("--auth", metavar="USER:PASSWORD", default=default("AUTH", None),
                        help="ask for this name and password; safer as MUSICGEN_AUTH, for others on the machine can "
                             "see a program's flags")
    # On a Space anybody may come by, and each of the others is a download of gigabytes.
    offered = ["pocket"] if os.environ.get("SPACE_ID") else list(KNOWN_MODELS)
    parser.add_argument("--models", nargs="+", default=(default("MODELS", None) or " ".join(offered)).split(),
                        help="names or folders of the models to offer, the first one chosen at the start (all known "
                             "ones; on a Space only pocket)")
    parser.add_argument("--dtype", default=default("DTYPE", None) or None,
                        help="precision of the models: float32, bfloat16, float16, or int8, which is fastest on x86 "
                             "CPUs (float32 on a CPU, bfloat16 on a GPU)")
    parser.add_argument("--data-dir", default=default("DATA_DIR", str(DATA)), help="folder for takes (data)")
    parser.add_argument("--queue", type=int, default=default("QUEUE", "64"),
                        help="how many requests may wait before others are turned away (64)")
    parser.add_argument("--max-duration", type=float, default=default("MAX_DURATION", "120"),
                        help="longest take in seconds (120)")
    arguments = parser.parse_args(argv)
    if not 1 <= arguments.max_duration <= Limits().max_seconds:
        parser.error(f"--max-duration lies between 1 and {Limits().max_seconds:g} seconds.")
    if arguments.port is not None and not 1 <= arguments.port <= 65_535:
        parser.error("--port lies between 1 and 65535.")
    if arguments.queue < 1:
        parser.error("--queue is at least 1.")
    user, _, password = (arguments.auth or "").partition(":")
    if arguments.auth and not (user and password):
        parser.error("--auth is a name and a password with a colon between them.")
    arguments.auth = (user, password) if arguments.auth else None
    return arguments


def main(argv: Sequence[str] | None = None) -> None:
    """Serve the page as flags and environment say."""
    arguments = parse(argv)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before gradio is imported
    parent = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="musicgen-studio-", dir=parent, ignore_cleanup_errors=True) as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder  # of its own: what lies there is swept
        serve(arguments)


def serve(arguments: argparse.Namespace) -> None:
    """Build the page and serve it until somebody stops it; the first model loads meanwhile."""
    from musicgen import compat

    compat.guard_torchaudio()

    from musicgen.takes import Takes
    from musicgen.ui.app import build, launch_options
    from musicgen.ui.engines import Engines

    try:
        engines = Engines(arguments.models, arguments.max_duration, dtype=arguments.dtype)
        takes = Takes(arguments.data_dir)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    page = build(engines, takes).queue(max_size=arguments.queue)
    if lends_gpus():
        engines.warm_up()  # a lent GPU's process begins as a copy of this one
    try:
        page.launch(
            server_name=arguments.host, server_port=arguments.port, share=arguments.share, prevent_thread_lock=True,
            **launch_options(engines, arguments.auth),
        )
    except OSError as error:  # a port that is taken, an address that is not ours
        raise SystemExit(f"The page cannot be served at {arguments.host or 'this machine'}: {error}") from None
    # Not before: Gradio gives its own page three seconds to answer at the start, too few beside a model being loaded.
    threading.Thread(target=engines.warm_up, daemon=True).start()
    # Whoever stops us politely, as Docker does, gets the same end as Ctrl-C: temporary files are cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    page.block_thread()


if __name__ == "__main__":
    main()
