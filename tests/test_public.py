"""The public names, and that the library and the command line speak the same words."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys

import pytest
import typer.main

import safebasin
from safebasin.cli.app import app
from safebasin.studies.settings import ScanSettings

ONLY_PYTHON = {"progress"}
ONLY_SHELL = {"plan", "json", "quiet"}


def parameters(function: object) -> dict[str, object]:
    return {name: p.default for name, p in inspect.signature(function).parameters.items()}


@pytest.mark.parametrize("name", safebasin.__all__)
def test_every_public_name_is_there_and_explains_itself(name: str) -> None:
    found = getattr(safebasin, name)
    assert found.__name__ == name
    assert inspect.getdoc(found)
    assert name in dir(safebasin)


def test_there_are_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'scam'"):
        _ = safebasin.scam


def test_scan_and_its_settings_have_the_same_arguments_and_defaults() -> None:
    settings = {field.name: field.default for field in dataclasses.fields(ScanSettings)}
    function = {n: d for n, d in parameters(safebasin.scan).items() if n not in ONLY_PYTHON}
    assert function == settings
    assert list(function) == list(settings)


def test_scan_and_the_command_line_have_the_same_arguments_and_defaults() -> None:
    verb = typer.main.get_command(app).commands["scan"]
    flags = {p.name: p.default for p in verb.params if p.name != "help"}
    assert set(flags) - ONLY_SHELL == set(parameters(safebasin.scan)) - ONLY_PYTHON - {"judges"} | {
        "judge"
    }
    same = set(flags) - ONLY_SHELL - {"judge"}
    assert {n: flags[n] for n in same} == {n: parameters(safebasin.scan)[n] for n in same}
    for parameter in verb.params:
        if parameter.param_type_name == "option":
            assert parameter.opts[0] == "--" + parameter.name.replace("_", "-")


def test_looking_around_is_cheap() -> None:
    heavy = "torch", "transformers", "matplotlib", "plotly", "scipy", "numpy"
    code = (
        "import sys, safebasin\n"
        "from safebasin.cli.app import app\n"
        "app(['--help'], standalone_mode=False)\n"
        "app(['scan', '--help'], standalone_mode=False)\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "safebasin" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
