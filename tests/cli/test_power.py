from __future__ import annotations

import json

import typer
from typer.testing import CliRunner

from safebasin.cli.power import power


def ask(*words):
    program = typer.Typer()
    program.command("power")(power)
    program.callback()(lambda: None)
    plain = {"COLUMNS": "140", "NO_COLOR": "1"}
    return CliRunner().invoke(program, ["power", *map(str, words)], env=plain)


def needed(*words):
    found = ask("--json", *words)
    assert found.exit_code == 0, found.output
    return [row["needed"] for row in json.loads(found.stdout)]


def test_the_table_has_the_numbers_of_its_json():
    assert needed() == [303, 114, 68, 72, 183, 368, 4, 12, 27]
    shown = ask().stdout
    assert all(f"{number} " in shown for number in needed())


def test_flags_change_what_they_name():
    assert needed("--drop", 10)[0] == 114
    assert all(
        needed("--drop", 10, *flag)[0] > 114
        for flag in (("--flips", 5), ("--alpha", 0.01), ("--chance", 95))
    )
    assert needed("--drop", 5, "--drop", 20)[1] < needed("--drop", 5, "--drop", 20)[0]
    assert needed("--drop", 10, "--below", 1, "--sd", 3, "--half-width", 1) == [114, 368, 38]


def test_what_no_number_reaches_is_said():
    assert "over 20,000 prompts" in ask("--drop", 0.01).stdout
    assert needed("--drop", 0.01)[0] is None
    assert "over 20,000 directions" in ask("--half-width", 0.001).stdout


def test_what_cannot_be_is_one_line():
    for words in (
        ("--drop", 150), ("--drop", -1), ("--drop", "nan"), ("--chance", 100), ("--flips", "nan"),
        ("--flips", 60), ("--alpha", 0), ("--below", 0), ("--below", 100), ("--half-width", 0),
        ("--sd", -1),
    ):  # fmt: skip
        found = ask(*words)
        assert found.exit_code == 2, words
        assert found.stderr.startswith("safebasin: ")
        assert found.stderr.count("\n") == 1
