"""The page as programs see it: `/generate` and its likes, and what is mounted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from test_page import tiny_engines

from musicgen import audio
from musicgen.ui.app import build, launch_options
from musicgen.ui.settings import Settings
from musicgen.ui.wiring import AWAY, HIDDEN, named


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[str]:
    """A page over a tiny model; its address."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("served")))
        page = build(tiny_engines())
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield url
        page.close()


def test_only_the_interface_is_public_and_it_is_described(served):
    endpoints = Client(served, verbose=False).view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/generate", "/pattern", "/melody", "/codebooks"}
    parameters = endpoints["/generate"]["parameters"]
    assert {p["parameter_name"] for p in parameters} == {field.name for field in fields(Settings)}
    assert all(parameter["parameter_has_default"] for parameter in parameters)
    assert "Make music" in endpoints["/generate"]["description"]


def test_a_program_gets_a_take_and_its_recipe_and_the_same_again(served, tune, tmp_path):
    path = tmp_path / "tune.wav"
    audio.write(path, tune)
    client = Client(served, verbose=False, download_files=str(tmp_path))
    asked = {"prompt": "b", "duration": 1.5, "seed": 7, "bpm": 100, "melody": handle_file(path), "separation": "none"}
    files = []
    for _ in range(2):
        file, recipe = client.predict(**asked, api_name="/generate")
        assert recipe["seed"] == 7 and recipe["plan"]["bpm"] == 100 and recipe["melody"]["seconds"] == 4.0
        assert abs(audio.read(file).seconds - 1.5) < 0.1
        files.append(Path(file).read_bytes())
    assert files[0] == files[1]


def test_a_program_gets_the_sentence_of_an_error(served):
    with pytest.raises(AppError, match="at most 8 seconds"):
        Client(served, verbose=False).predict(duration=60, api_name="/generate")


def test_what_is_shown_at_times_is_mounted_at_all_times(served):
    """Gradio would lose what it tells a part while it mounts it: so a card, on a slow phone, its sound."""
    with gr.Blocks():
        parts = {"card": gr.Column(elem_classes=["card", AWAY]), "take": gr.Audio(visible=HIDDEN)}

    def told_to(name: str, visible: bool) -> dict:
        return named(parts, lambda: {name: gr.update(visible=visible)})()[parts[name]]

    assert told_to("card", True)["elem_classes"] == ["card"]
    assert told_to("card", False)["elem_classes"] == ["card", AWAY] and "visible" not in told_to("card", False)
    assert told_to("take", True)["visible"] is True and told_to("take", False)["visible"] == HIDDEN
    unmounted = [part["props"] for part in Client(served, verbose=False).config["components"]
                 if part["props"].get("visible") is False]
    assert unmounted and not any(props.get("elem_id") or props.get("elem_classes") for props in unmounted)
