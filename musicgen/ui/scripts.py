"""The scripts of our own components: files beside this one in a row, and what they need to know put before them.

Knows nothing of what they do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from musicgen.ui.words import KOREAN


def script(names: Iterable[str], words: Iterable[str], **fixed: Any) -> str:
    """The files ``names`` after what all begin with (``component.js``) and a constant ``fixed``: the ``words`` in other
    languages, and whatever else is given."""
    known = json.dumps({"words": {"ko": {word: KOREAN[word] for word in words}}, **fixed})
    parts = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("component.js", *names))
    return "\n".join((f"const fixed = {known};", *parts))
