"""What a tab says when its work cannot be done, or fails: updates of the page in place of an error.

Knows nothing of what the work is.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from html import escape
from typing import ParamSpec

import gradio as gr

from musicgen.errors import ModelUnavailable
from musicgen.ui import handlers, views
from musicgen.ui.shown import Update

log = logging.getLogger(__name__)

P = ParamSpec("P")
Work = Callable[P, Iterator[Update]]


def explained(title: str, idle: Update) -> Callable[[Work[P]], Work[P]]:
    """The updates of some work; where it raises, why, under ``title``, and with ``idle`` the tab can be used again."""

    def decorate(work: Work[P]) -> Work[P]:
        @functools.wraps(work)
        def told(*args: P.args, **kwargs: P.kwargs) -> Iterator[Update]:
            try:
                yield from work(*args, **kwargs)
            except (ValueError, ModelUnavailable) as error:
                gr.Warning(escape(str(error)), title=title)
                yield idle | {"status": views.problem(str(error))}
            except Exception:
                log.exception("%s: %s failed.", title, work.__name__)
                yield idle | {"status": handlers.FAILED}

        return told

    return decorate
