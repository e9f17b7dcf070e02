"""What the page shows as it opens: what its address asks for, or what was on it before it was loaded again.

Updates of the page by control name, as in ``handlers``. Holds no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from musicgen import links
from musicgen.takes import Takes, is_owner, new_owner
from musicgen.ui import keeping, views
from musicgen.ui.engines import Engines
from musicgen.ui.settings import Settings
from musicgen.ui.shown import Update

RECENT = 900.0  # seconds for which a take is what one was listening to


def arrive(
    engines: Engines, takes: Takes | None, owner: str | None, query: Mapping[str, str], draft: str = ""
) -> Update:
    """The page as it opens: an owner's secret for a new browser, and what the address asks for.

    Where it asks for nothing, the take that was made last, for a page that lost its connection is loaded again; and
    what was set before (``before.draft``). The words are the browser's own.
    """
    update: Update = {}
    if takes is not None and not is_owner(owner):
        update["owner"] = owner = new_owner()
    try:
        if "take" in query:
            if takes is None:
                raise ValueError("No takes are kept here; ask for a link to the settings instead.")
            take = takes.get(query["take"], owner)
            whose = "One of your takes." if take.mine else "Somebody shared this take with you."
            update |= keeping.open_take(engines, takes, take, whose)
        elif "recipe" in query:
            request, model = links.decode(query["recipe"])
            filled, notes = keeping.fill(engines, request, model)
            given = [what for key, what in keeping.GIVEN.items() if key in query.get("given", "").split(",")]
            said = "The settings of the link are filled in; Generate makes the take again."
            if given:
                said = ("The settings of the link are filled in. The take was made with "
                        f"{' and '.join(given)}, which a link cannot hold: give the file first.")
            update |= filled | {"status": views.progress(" ".join([said, *notes]))}
        else:
            update |= _last(engines, takes, owner)
            with suppress(ValueError):  # none, or of another version of this page: it begins afresh
                filled, _ = keeping.fill(engines, *links.decode(str(draft)))
                update |= {name: value for name, value in filled.items() if name != "prompt"}
    except ValueError as error:
        update["status"] = views.problem(str(error))
    return update


def _last(engines: Engines, takes: Takes | None, owner: str | None) -> Update:
    """The newest take of ``owner`` without its settings, if it is recent; the words on the page may be newer."""
    try:
        take = takes.newest(owner or "", RECENT) if takes else None
        opened = keeping.open_take(engines, takes, take, "") if takes and take else {}
    except ValueError:  # damaged, or no owner: nobody asked for it
        return {}
    shown = {name: value for name, value in opened.items() if name not in Settings.__dataclass_fields__}
    return shown | {"status": views.progress("Your last take.", 1.0)} if shown else {}
