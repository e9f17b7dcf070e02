"""MusicGen Studio: an engine for MusicGen, and the page over it. This file knows which Python they need."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (an older Python reads this file, and then gets a sentence)
    raise ImportError(f"MusicGen Studio needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
