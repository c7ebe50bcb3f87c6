"""The smaller verbs."""

from __future__ import annotations

import json
import shlex
import shutil

import click
import pytest
from scans import into
from typer.main import get_command

from safebasin.cli.app import app
from safebasin.cli.examples import EXAMPLES
from safebasin.cli.listing import Kind
from safebasin.studies.landscape import run
from safebasin.studies.result import Scan

VERBS = [
    *((), ("scan",), ("surface",), ("path",), ("compare",), ("show",), ("report",), ("list",)),
    *(("judge",), ("label",), ("calibrate",), ("power",)),
    *(("doctor",), ("organism",), ("organism", "build"), ("organism", "check")),
    ("organism", "tune"),
]


@pytest.fixture
def partial(planned, tmp_path):
    """A run that was stopped after a few batches."""

    class StopError(Exception):
        pass

    def stop(tick) -> None:
        if tick.done > 20:
            raise StopError

    with pytest.raises(StopError):
        run(into(planned, tmp_path / "partial"), stop)
    return tmp_path / "partial"


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_explains_itself(call, verb) -> None:
    found = call(*verb, "--help")
    assert found.exit_code == 0
    assert "Usage: " in found.stdout
    assert call(*verb, "-h").stdout == found.stdout


@pytest.mark.parametrize("verb", EXAMPLES)
def test_every_verb_has_examples_that_parse(call, verb) -> None:
    shown = call(*verb.split(), "--help").stdout
    assert len(EXAMPLES[verb]) >= 2
    for example in EXAMPLES[verb]:
        assert example in shown
        program, *words = shlex.split(example)
        assert program == "safebasin"
        context, command = click.Context(get_command(app)), get_command(app)
        while isinstance(command, click.Group):
            options = [word for word in words if word == "--debug"]
            words = [word for word in words if word not in options]
            command = command.get_command(context, words.pop(0))
        command.make_context(verb, words)


def test_what_can_be_installed_is_said_whole(call) -> None:
    shown = call("scan", "--help").stdout
    assert "safebasin[capability]" in shown
    assert "safebasin[ray]" in shown


def test_a_list_of_nothing_says_what_can_be_listed(call) -> None:
    found = call("list")
    assert found.exit_code == 0
    assert all(f"safebasin list {kind}" in found.stdout for kind in Kind)


def test_the_version(call) -> None:
    assert call("--version").stdout.startswith("safebasin 0.")


def test_an_unknown_verb_is_usage(call) -> None:
    assert call("scam").exit_code == 2


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.RUNS])
def test_there_is_something_of_each_kind(call, kind) -> None:
    found = call("list", kind.value)
    assert found.exit_code == 0
    named = {"models": "organism:chat", "prompts": "organism-harmful", "judges": "coherence",
             "engines": "transformers", "systems": "none", "jailbreaks": "story"}  # fmt: skip
    assert named[kind.value] in found.stdout


def test_doctor(call) -> None:
    found = call("doctor")
    assert found.exit_code == 0
    for word in ("python", "torch", "sqlite", "organism:base", "organism:chat", "sound"):
        assert word in found.stdout


def test_show_says_what_scan_said(call, finished: Scan) -> None:
    assert "VISAGE" in call("show", finished.folder).stdout
    found = call("show", finished.folder, "--json")
    assert found.stdout == finished.summary.to_json()
    assert call("show", finished.folder, "--markdown").stdout.count("|") > 20


def test_report_draws_pages_and_figures(call, finished: Scan, tmp_path) -> None:
    paths = [tmp_path / name for name in ("page.html", "one.svg", "two.png")]
    found = call("report", finished.folder, "--out", paths[0],
                 "--figure", paths[1], "--figure", paths[2])  # fmt: skip
    assert found.exit_code == 0
    assert all(path.stat().st_size > 1000 for path in paths)
    assert all(str(path) in found.stdout for path in paths)


def test_the_published_figure_goes_where_it_is_told_to(
    call, refused, finished: Scan, tmp_path
) -> None:
    run = shutil.copytree(finished.folder, tmp_path / "run")
    figures = ("--figure", "published", "--figure", f"published={tmp_path / 'asr.png'}")
    assert call("report", run, *figures).exit_code == 0
    assert (run / "published.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "asr.png").stat().st_size > 1000
    found = refused("report", run, "--figure", "published=asr.gif")
    assert ".svg, .pdf or .png" in found.stderr


def test_a_stopped_run_is_shown_as_far_as_it_is(call, partial) -> None:
    found = call("show", partial)
    assert found.exit_code == 0
    assert "partial" in found.stdout or "not complete" in found.stdout
    status = json.loads(call("show", partial, "--json").stdout)["status"]
    assert not status["complete"]
    assert 0 < status["points_done"] < status["points_planned"]
    assert call("report", partial).exit_code == 0
    assert "partial" in (partial / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", ["show", "report"])
def test_what_is_no_run_is_refused(refused, verb, finished: Scan, tmp_path) -> None:
    assert refused(verb, tmp_path / "missing").exit_code == 2
    assert refused(verb, tmp_path).exit_code == 2
    copy = shutil.copytree(finished.folder, tmp_path / "copy")
    (copy / "results.sqlite").write_bytes(b"damaged")
    assert refused(verb, copy).exit_code == 4
    (copy / "results.sqlite").unlink()
    found = refused(verb, copy)
    assert found.exit_code == 2
    assert "no answers yet" in found.stderr


def test_a_page_that_cannot_be_written(refused, finished: Scan, tmp_path) -> None:
    found = refused("report", finished.folder, "--out", tmp_path / "missing" / "page.html")
    assert found.exit_code == 5


def test_a_rebuilt_organism_that_is_not_there(refused, tmp_path) -> None:
    found = refused("organism", "check", tmp_path / "missing")
    assert found.exit_code == 3
    assert "missing" in found.stderr
