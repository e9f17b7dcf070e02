"""The layers of ARCHITECTURE.md hold: a file imports only from its own layer or lower ones, and never in a circle."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "musicgen"


def name_of(path: Path) -> str:
    """musicgen/ui/app.py -> ui.app"""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"}


def layers() -> dict[str, int]:
    """The tree of ARCHITECTURE.md: file or folder name -> its layer."""
    tree = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```")[1]
    out: dict[str, int] = {}
    layer = -1
    for line in tree.splitlines():
        if marked := re.match(r"  L(\d)  ", line):
            layer = int(marked[1])
        if layer >= 0 and line.startswith("  "):
            names = re.match(r"  (?:L\d)?\s+((?:\w+(?:\.py|/)(?:, )?)+)", line)
            for name in names[1].split(", ") if names else []:
                out[name.removesuffix(".py").rstrip("/")] = layer
    return out


LAYERS = layers()


def imports(path: Path) -> dict[str, bool]:
    """Every module a file imports, and whether it does so at the top (True) or inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    out: dict[str, bool] = {}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            names = [node.module or ""] + [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            out[name] = out.get(name, False) or id(node) in top
    return out


def internal(path: Path) -> dict[str, bool]:
    """The package's own files a file imports: name -> at the top."""
    found = {name.removeprefix("musicgen."): top for name, top in imports(path).items()}
    return {name: top for name, top in found.items() if name in FILES}


def layer_of(name: str) -> int:
    return LAYERS[name.split(".")[0]]


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_only_from_its_layer_or_lower(name):
    assert name.split(".")[0] in LAYERS, f"{name} has no line in the tree of ARCHITECTURE.md"
    for other in internal(FILES[name]):
        assert layer_of(other) <= layer_of(name), f"{name} imports {other} from a higher layer"


def test_the_tree_names_only_what_is_there():
    there = {name.split(".")[0] for name in FILES}
    assert set(LAYERS) <= there, f"ARCHITECTURE.md names {sorted(set(LAYERS) - there)}"


def test_nothing_imports_in_a_circle():
    graph = {name: [other for other in internal(path) if other != name] for name, path in FILES.items()}
    list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("name", FILES)
def test_gradio_stays_in_the_page_and_training_out_of_it(name):
    used = set(imports(FILES[name]))
    if not name.startswith("ui."):
        assert not any(module.split(".")[0] == "gradio" for module in used)
    if not name.startswith("train."):
        assert not any(module.startswith("musicgen.train") for module in used)


@pytest.mark.parametrize("name", FILES)
def test_heavy_packages_are_imported_where_they_are_used(name):
    heavy = {"transformers", "demucs", "librosa", "encodec", "matplotlib", "xformers"}
    at_top = {module.split(".")[0] for module, top in imports(FILES[name]).items() if top}
    assert not at_top & heavy
