"""The code keeps to its map: who may import whom, how long things are, and what is explained."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import safebasin

ROOT = Path(safebasin.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

LAYERS = [
    {"__main__"},
    {"cli", "__init__"},
    {"studies"},
    {"report"},
    {"evaluate"},
    {"judges", "prompts", "measures"},
    {"store"},
    {"inventory"},
    {"mending"},
    {"database"},
    {"seals"},
    {"engines"},
    {"models"},
    {"weights", "stats"},
    {"summary", "runfolder", "lock"},
    {"disk", "memory"},
    {"records", "points"},
    {"errors"},
]
"""From the outermost to the innermost: a part imports from itself and from later layers only."""

LONG_FUNCTIONS = {
    "cli/scan.py:scan": "the flags of the verb, each with its help",
    "cli/surface.py:surface": "likewise",
    "cli/path.py:path": "likewise",
}

LIGHT = [
    "__init__.py",
    "errors.py",
    "records.py",
    "points.py",
    "report/untrusted.py",
    "report/__init__.py",
]
HEAVY = {"torch", "transformers", "numpy", "scipy", "pydantic", "matplotlib", "plotly"}

LEVEL = {part: number for number, layer in enumerate(LAYERS) for part in layer}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def part_of(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def imports(module: ast.AST) -> Iterator[str]:
    """Every module imported anywhere in a file, inside functions too."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if node.module == "safebasin" else str(node.module)


def functions(module: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node


def public(module: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (
                    inner
                    for inner in node.body
                    if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_")
                )


def test_every_part_has_a_layer() -> None:
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in FILES}
    assert parts == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_inwards(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for module in imports(tree(path)):
        if module.split(".")[0] != "safebasin":
            continue
        other = part_of(module)
        assert other == own or LEVEL[other] > LEVEL[own], f"{name(path)} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    for function, node in functions(tree(path)):
        if f"{name(path)}:{function}" not in LONG_FUNCTIONS:
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 60, f"{function} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_public_names_explain_themselves(path: Path) -> None:
    module = tree(path)
    if module.body:
        assert ast.get_docstring(module)
    for node in public(module):
        assert ast.get_docstring(node), f"{node.name} in {name(path)}"


def test_what_help_loads_is_light() -> None:
    for path in (*(ROOT / light for light in LIGHT), *(ROOT / "cli").glob("*.py")):
        for node in tree(path).body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            loaded = {module.split(".")[0] for module in imports(node)}
            assert not loaded & HEAVY, f"{name(path)} loads {loaded & HEAVY}"


def test_exceptions_are_still_needed() -> None:
    long = {
        f"{name(path)}:{function}"
        for path in FILES
        for function, node in functions(tree(path))
        if (node.end_lineno or 0) - node.lineno + 1 > 60
    }
    assert long == set(LONG_FUNCTIONS)
