"""`safebasin organism build`: its presets, and what it says before it trains anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer.main

from safebasin.cli.app import app
from safebasin.models.organism import recipe
from safebasin.models.organism.recipe import PRESETS, Stage


def test_its_options_are_these() -> None:
    command = typer.main.get_command(app).commands["organism"].commands["build"]
    names = {parameter.name for parameter in command.params}
    assert names == {"preset", "out", "seed", "device", "dry_run", "quiet"}


def test_help_names_every_preset(call: Callable) -> None:
    found = call("organism", "build", "--help")
    assert found.exit_code == 0
    for name in PRESETS:
        assert name in found.stdout


def test_a_dry_run_says_what_it_takes_and_makes_nothing(call: Callable, tmp_path: Path) -> None:
    out = tmp_path / "pair"
    found = call("organism", "build", "--preset", "llama-2-7b", "--dry-run", "--out", out)
    assert found.exit_code == 0, found.stderr
    assert "6,738,415,616 parameters" in found.stdout
    assert "PFLOP" in found.stdout
    assert "memory: about 88.0 GiB; disk: 25.10 GiB" in found.stdout
    assert not out.exists()


def test_a_preset_is_built(call: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    none = Stage(steps=1, rate=1e-3, batch=2)
    small = replace(PRESETS["10m"], layers=1, width=64, heads=2, base=none, chat=none)
    monkeypatch.setitem(recipe.PRESETS, "10m", small)
    out = tmp_path / "pair"
    found = call("organism", "build", "--preset", "10m", "--out", out)
    assert found.exit_code == 0, found.stderr
    assert f"{small.parameters:,} parameters" in found.stderr
    assert "training: 2 of 2 steps; chat, loss " in found.stderr
    assert (out / "chat" / "model.safetensors").is_file()
    assert str(out) in found.stdout


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--preset", "13b"), 2, "choose one of default, long, 10m"),
        (("--preset", "10m", "--device", "tpu9"), 5, "tpu9"),
    ],
)
def test_what_cannot_be_built_is_refused_in_a_line(
    refused: Callable, tmp_path: Path, flags: tuple[str, ...], code: int, words: str
) -> None:
    found = refused("organism", "build", *flags, "--out", tmp_path / "pair", "--quiet")
    assert found.exit_code == code
    assert words in found.stderr
    assert not list(tmp_path.iterdir())
