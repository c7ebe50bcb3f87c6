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
from safebasin.studies.asked import Asked
from safebasin.studies.path import PathSettings
from safebasin.studies.settings import ScanSettings, Settings
from safebasin.studies.surface import SurfaceSettings

ONLY_PYTHON = {"progress", "asked"}
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


STUDIES = {"scan": ScanSettings, "surface": SurfaceSettings, "path": PathSettings}
SHARED = set(Asked.__annotations__)
REPEATED = {"judge": "judges", "task": "tasks", "template_arg": "template_args"}
FIRST = {"path": {"model": "first"}}


def defaults(settings: type[Settings], verb: str) -> dict[str, object]:
    """What a study can be asked, under the names of its verb."""
    renamed = FIRST.get(verb, {})
    return {renamed.get(f.name, f.name): f.default for f in dataclasses.fields(settings)}


@pytest.mark.parametrize("verb", STUDIES)
def test_a_study_and_its_settings_have_the_same_arguments_and_defaults(verb: str) -> None:
    function = {
        n: d for n, d in parameters(getattr(safebasin, verb)).items() if n not in ONLY_PYTHON
    }
    asked = defaults(STUDIES[verb], verb)
    assert {n: d for n, d in asked.items() if n not in SHARED} == function
    assert set(asked) == set(function) | SHARED


@pytest.mark.parametrize("verb", STUDIES)
def test_a_study_and_the_command_line_have_the_same_arguments_and_defaults(verb: str) -> None:
    command = typer.main.get_command(app).commands[verb]
    flags = {REPEATED.get(p.name, p.name): p.default for p in command.params if p.name != "help"}
    asked = defaults(STUDIES[verb], verb)
    assert set(flags) - ONLY_SHELL == set(asked)
    same = set(asked) - set(REPEATED.values())
    flags["directions"] = int(flags.get("directions", asked.get("directions", 0)))
    asked = {"directions": 0, **asked}
    assert {n: flags[n] for n in same} == {n: asked[n] for n in same}
    for parameter in command.params:
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
