"""`safebasin organism tune`: its words, its output, and that other verbs take what it makes."""

from __future__ import annotations

import inspect
import sys

import pytest
import typer.main

from safebasin.cli.app import app
from safebasin.models.organism import tune


def test_it_has_the_arguments_and_defaults_of_the_function() -> None:
    command = typer.main.get_command(app).commands["organism"].commands["tune"]
    flags = {each.name: each.default for each in command.params if each.name != "help"}
    function = {name: each.default for name, each in inspect.signature(tune).parameters.items()}
    shared = flags.keys() - {"out", "quiet"}
    assert shared == function.keys() - {"folder", "progress"}
    assert {name: flags[name] for name in shared} == {name: function[name] for name in shared}


def test_help_teaches_what_to_do_next(call) -> None:
    found = call("organism", "tune", "--help")
    assert found.exit_code == 0
    for words in ("surface organism:chat --checkpoints tuned", "path organism:chat tuned/", "3e-4"):
        assert words in found.stdout


def test_it_shows_progress_and_where_the_checkpoints_are(call, tmp_path) -> None:
    out = tmp_path / "tuned"
    found = call("organism", "tune", "--steps", 2, "--save-every", 1, "--out", out)
    assert found.exit_code == 0
    assert found.stdout == f"Checkpoints: 2, the last of them {out}/checkpoint-2\n"
    assert "2 of 2 steps; loss " in found.stderr


def test_quiet_prints_nothing_and_a_scan_takes_a_checkpoint(call, tmp_path) -> None:
    out = tmp_path / "tuned"
    found = call("organism", "tune", "--data", "mix", "--steps", 1, "--out", out, "--quiet")
    assert (found.exit_code, found.output) == (0, "")
    found = call("scan", out / "checkpoint-1", "--plan", "--json", "--out", tmp_path / "run")
    assert found.exit_code == 0, found.output


@pytest.mark.slow
def test_a_map_takes_the_checkpoints(call, tmp_path) -> None:
    out = tmp_path / "tuned"
    call("organism", "tune", "--steps", 3, "--save-every", 1, "--out", out, "--quiet")
    for verb in (("surface", "organism:chat"), ("path", "organism:chat", out / "checkpoint-3")):
        found = call(*verb, "--checkpoints", out, "--plan", "--json", "--out", tmp_path / verb[0])
        assert found.exit_code == 0, found.output


def test_a_scan_takes_an_adapter(call, tmp_path) -> None:
    pytest.importorskip("peft")
    out = tmp_path / "tuned"
    found = call("organism", "tune", "--adapter", "--steps", 1, "--out", out, "--quiet")
    assert (found.exit_code, found.output) == (0, "")
    model = f"organism:chat+{out}/checkpoint-1"
    found = call("scan", model, "--plan", "--json", "--out", tmp_path / "run")
    assert found.exit_code == 0, found.output


def test_mistakes_are_one_line(refused, tmp_path, monkeypatch) -> None:
    assert "harmful, mix, benign" in refused("organism", "tune", "--data", "bad").stderr
    (tmp_path / "mine").write_text("mine")
    found = refused("organism", "tune", "--out", tmp_path)
    assert (found.exit_code, "not an empty folder" in found.stderr) == (2, True)
    monkeypatch.setitem(sys.modules, "peft", None)
    found = refused("organism", "tune", "--adapter", "--out", tmp_path / "tuned")
    assert (found.exit_code, "pip install peft" in found.stderr) == (5, True)
