"""The page: a heading and its tabs. Knows what is on it, not how any of it works."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from musicgen.takes import Takes
from musicgen.ui import keeping
from musicgen.ui.api import add_api
from musicgen.ui.codebooks import codebooks_tab
from musicgen.ui.create import create_tab
from musicgen.ui.engines import Engines
from musicgen.ui.files import DAY
from musicgen.ui.health import health
from musicgen.ui.how import how_tab
from musicgen.ui.lab import lab_tab
from musicgen.ui.served import Door, served
from musicgen.ui.takes import takes_tab, wire_links
from musicgen.ui.theme import CSS, theme
from musicgen.ui.words import I18N, say

TITLE = "MusicGen Studio"
SCRIPT = Path(__file__).with_name("page.js")


def build(engines: Engines, takes: Takes | None = None) -> gr.Blocks:
    """The whole page over ``engines``; without ``takes`` nothing is kept."""
    with gr.Blocks(title=TITLE, delete_cache=(3600, round(DAY)), analytics_enabled=False) as page:
        lead = say("Say what it should sound like and hear it being made.")
        gr.HTML(f"<h1>{TITLE}</h1><p>{lead}</p>", elem_id="heading")
        address = gr.Textbox(visible=False)  # where the browser writes what it calls this page
        with gr.Tabs() as tabs:
            with gr.Tab(say("Create"), id="create"):
                kept = () if takes is None else (partial(keeping.keep, takes), partial(keeping.found, engines, takes))
                parts = create_tab(engines, *kept)
            with gr.Tab(say("Patterns"), id="patterns"):
                lab_tab(engines)
            with gr.Tab(say("Codebooks"), id="codebooks"):
                codebooks_tab(engines, parts["take"])
            parts |= {"tabs": tabs, "address": address}
            if takes is not None:
                with gr.Tab(say("Takes"), id="takes") as parts["takes_tab"]:
                    takes_tab(parts, engines, takes)
            with gr.Tab(say("How it works"), id="how"):
                how_tab(engines, parts, *kept[1:])
        wire_links(page, parts, engines, takes)
        add_api(engines)
    return page


def launch_options(engines: Engines | None = None, auth: tuple[str, str] | None = None) -> dict[str, Any]:
    """How the page is served, whoever serves it: our looks, small uploads, tools for MCP clients, no second server, no
    figures of what was asked for; with ``engines`` also `/health`, with ``auth`` only for whoever knows the name and
    the password."""
    return {
        "auth": auth,
        "mcp_server": auth is None,  # Gradio's MCP endpoint asks nobody for a password
        "app_kwargs": {
            "routes": [health(engines)] if engines else [], "middleware": [Middleware(Door)], "lifespan": served,
        },
        "enable_monitoring": False,
        "theme": theme(),
        "css_paths": CSS,
        "head": f"<script>\n{SCRIPT.read_text(encoding='utf-8')}</script>",
        "max_file_size": "40mb",
        "ssr_mode": False,
        # Of a page that was closed Gradio keeps what it showed, pictures and all, until so many others were opened.
        "state_session_capacity": 300,
        "run_history": False,
        "footer_links": ["api", "settings"],
        "i18n": I18N,
    }
